"""Servers that give cameras their addresses: Kea and dnsmasq behind one interface.

Nothing here knows Home Assistant or cameras.
"""
