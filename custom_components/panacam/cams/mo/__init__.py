"""Cameras of the MO protocol: operation and data connections over TCP, alarms pushed."""
