"""Tests of panacam.cams.net."""
