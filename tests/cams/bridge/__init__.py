"""Tests of panacam.cams.bridge."""
