"""ONVIF cameras (IEC 62676-2-31): web services, events, and RTSP back channel."""
