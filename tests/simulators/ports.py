"""Ports that a simulated camera gets back when it restarts."""

import random
import socket
from typing import Final

_PORTS: Final = range(16_384, 32_768)
"""Below those that the system gives to connections that go out, of which some last for minutes."""
_TRIES: Final = 100
_CHANCE: Final = random.Random()


def lasting_port(host: str) -> int:
    """Give a port of `host` that nobody listens at; 0, for any, when that cannot be told."""
    for port in _CHANCE.sample(_PORTS, _TRIES):
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port
    return 0
