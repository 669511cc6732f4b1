"""Groups on the loopback interface: whether there are any, who is a member, and a sender."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
import socket
import time

import pytest

HOST = "127.0.0.1"
GROUP = "239.192.77.1"
GROUP_6 = "ff15::77:1"


def needs_groups() -> None:
    """Skip where the loopback interface has none. For fixtures that have sockets."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
        try:
            member = socket.inet_aton(GROUP) + socket.inet_aton(HOST)
            ours.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        except OSError as err:
            pytest.skip(f"no multicast on {HOST}: {err.strerror}")
    if not Path("/proc/net/igmp").exists():
        pytest.skip("no /proc/net/igmp: not Linux")


def needs_version_6() -> None:
    """Skip where ::1 is not there."""
    if not socket.has_ipv6:
        pytest.skip("Python without IPv6")
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as ours:
        try:
            ours.bind(("::1", 0))
        except OSError as err:
            pytest.skip(f"no ::1: {err.strerror}")


def members(group: str) -> int:
    """Return how many sockets of the loopback interface are members, as the kernel says."""
    if ":" in group:
        wanted = socket.inet_pton(socket.AF_INET6, group).hex()
        rows = [line.split() for line in Path("/proc/net/igmp6").read_text().splitlines()]
        return sum(int(row[3]) for row in rows if row[1] == "lo" and row[2] == wanted)
    wanted = socket.inet_aton(group)[::-1].hex().upper()
    name = ""
    found = 0
    for line in Path("/proc/net/igmp").read_text().splitlines()[1:]:
        words = line.split()
        if line[:1].isdigit():
            name = words[1]
        elif name == "lo" and words[0] == wanted:
            found += int(words[1])
    return found


@contextmanager
def sender(source: str = HOST) -> Iterator[socket.socket]:
    """Open a socket that sends to groups from an address of the loopback interface."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
        ours.bind((source, 0))
        ours.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(source))
        yield ours


@contextmanager
def receiver(group: str, port: int) -> Iterator[socket.socket]:
    """Open a socket that hears a group, and with which TTL."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        ours.bind((group, port))
        member = socket.inet_aton(group) + socket.inet_aton(HOST)
        ours.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        ours.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTTL, 1)
        ours.setblocking(False)
        yield ours


def heard(ours: socket.socket, *, seconds: float = 3.0) -> tuple[bytes, int]:
    """Return the next packet and its TTL. BlockingIOError when none is there in time."""
    end = time.monotonic() + seconds
    while True:
        try:
            data, notes, _, _ = ours.recvmsg(2000, 200)
        except BlockingIOError:
            if time.monotonic() > end:
                raise
            time.sleep(0.01)
            continue
        return data, int.from_bytes(notes[0][2][:4], "little")
