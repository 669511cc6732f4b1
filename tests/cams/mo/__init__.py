"""Tests of panacam.cams.mo."""
