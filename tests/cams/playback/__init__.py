"""Tests of panacam.cams.playback."""
