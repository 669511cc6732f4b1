"""Tests of panacam.cams."""
