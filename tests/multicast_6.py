"""One side of a network with groups of IPv6: `python -m tests.multicast_6 member|camera`.

It runs in a network namespace of its own, with the address fd77::1 or fd77::2 and fd77::3.
"""

import asyncio
from ipaddress import IPv6Address
import socket
import sys
from types import SimpleNamespace
from typing import Any, Final

GROUP: Final = "ff15::77:1"
PORT: Final = 41_986
MEMBER: Final = "fd77::1"
CAMERA: Final = "fd77::2"
STRANGER: Final = "fd77::3"
INTERFACE: Final = "cable"
LONG: Final = 15.0


async def member() -> None:
    """Join, say so, hear one packet, report, and leave."""
    from custom_components.panacam.cams.net.rtsp_multicast import Group, Member  # noqa: PLC0415

    heard: asyncio.Queue[bytes] = asyncio.Queue()
    pump: Any = SimpleNamespace(address=CAMERA, local_address=MEMBER)
    group = Group(address=IPv6Address(GROUP), ports=(PORT, PORT + 1), ttl=9)
    joined = await Member.joined(pump, group, heard.put_nowait)
    _say("joined")
    async with asyncio.timeout(LONG):
        while (packet := await heard.get()) != b"last":
            _say(packet.decode())
    joined.report(b"report")
    joined.close()
    await asyncio.sleep(0.1)
    _say("left")
    await asyncio.sleep(LONG)


def camera() -> None:
    """Send as a stranger and as the camera, and say which report comes."""
    index = socket.if_nametoindex(INTERFACE)
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as control:
        control.bind((GROUP, PORT + 1))
        membership = IPv6Address(GROUP).packed + index.to_bytes(4, sys.byteorder)
        control.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, membership)
        control.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVHOPLIMIT, 1)
        control.settimeout(LONG)
        for source, packet in ((STRANGER, b"forged"), (CAMERA, b"media"), (CAMERA, b"last")):
            with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as ours:
                ours.bind((source, 0))
                ours.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
                ours.sendto(packet, (GROUP, PORT))
        data, notes, _, sender = control.recvmsg(100, 100)
        hops = int.from_bytes(notes[0][2], sys.byteorder)
        _say(f"{data.decode()} from {sender[0]} with {hops}")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    if sys.argv[1] == "camera":
        camera()
    else:
        asyncio.run(member())
