"""Tests of panacam.cams.povcam."""
