"""Clips on their way from a camera's cards to whoever watches; knows no Home Assistant."""
