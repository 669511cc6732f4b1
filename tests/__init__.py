"""Tests of panacam: the folders mirror custom_components/panacam."""
