"""Hosts as people and cameras write them: names, IPv4, and IPv6 with or without a zone.

The zone of a link-local address ("fe80::1%eth0") says through which interface of ours it is
reached. It means nothing to anybody else, so it is never sent.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address

MAX_HOST = 300
"""Characters; a name has 253 at most."""


def literal(host: str) -> IPv4Address | IPv6Address | None:
    """Return the IP address that `host` is, brackets allowed, or None for a name."""
    if len(host) > MAX_HOST:
        return None
    try:
        return ip_address(unescaped(host))
    except ValueError:
        return None


def unescaped(host: str) -> str:
    """Return a host out of a URL without its brackets, the zone as the system writes it."""
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    address, mark, zone = host.partition("%")
    if mark and zone.startswith("25") and len(zone) > 2:
        zone = zone[2:]
    return f"{address}{mark}{zone}"


def zoneless(host: str) -> str:
    """Return a host as the peer may see it."""
    return host.partition("%")[0] if ":" in host else host


def is_zoned(host: str) -> bool:
    """Return whether a host can be reached only through the interface that it names."""
    return ":" in host and "%" in host


def same_host(one: str, other: str) -> bool:
    """Return whether two hosts are one in different spellings; who names no zone means ours."""
    first, second = literal(zoneless(unescaped(one))), literal(zoneless(unescaped(other)))
    if first is None or second is None:
        return one.rstrip(".").lower() == other.rstrip(".").lower()
    zones = {text.partition("%")[2] for text in (unescaped(one), unescaped(other))} - {""}
    return first == second and len(zones) < 2
