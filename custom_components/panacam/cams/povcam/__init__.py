"""Panasonic recorders and camera heads: HTTP CGI and RTSP (POVCAM Interface Specifications 1.0)."""
