"""Tests of the ONVIF family."""
