"""Thousands of WS-Discovery answers a second: `python -m tests.simulators.flood --host 10.77.0.9`.

Each is from another device, as its text has it; from one address or from very many, which are
spoofed and need root. Each Probe that comes is answered for some seconds; `hello` sends unasked.
"""

import argparse
import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
import ipaddress
import signal
import socket
import struct
import sys
import time
from typing import Final, Self
import uuid

from tests.simulators.groups import Answer, Groups
from tests.simulators.onvif.discovery import GROUP, PORT, read_probe

_TICK: Final = 0.01
_BUFFER: Final = 1 << 22
_IP: Final = struct.Struct(">BBHHHBBH4s4s")
_UDP: Final = struct.Struct(">HHHH")
_TEXT: Final = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"'
    ' xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"'
    ' xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"'
    ' xmlns:dn="http://www.onvif.org/ver10/network/wsdl">'
    "<s:Header><a:MessageID>urn:uuid:{message}</a:MessageID>{relates}"
    "<a:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/{kind}</a:Action></s:Header>"
    "<s:Body>{before}<a:EndpointReference><a:Address>urn:uuid:{device}</a:Address>"
    "</a:EndpointReference><d:Types>dn:NetworkVideoTransmitter</d:Types>"
    "<d:Scopes>onvif://www.onvif.org/name/Flood</d:Scopes>"
    "<d:XAddrs>http://{host}/onvif/device_service</d:XAddrs>"
    "<d:MetadataVersion>1</d:MetadataVersion>{after}</s:Body></s:Envelope>"
)


def hello(host: str) -> bytes:
    """Write the Hello of a device that was never heard of."""
    return _text("Hello", host, "", "<d:Hello>", "</d:Hello>")


def match(host: str, related: str) -> bytes:
    """Write the answer of such a device to the Probe with that id."""
    return _text(
        "ProbeMatches",
        host,
        f"<a:RelatesTo>{related}</a:RelatesTo>",
        "<d:ProbeMatches><d:ProbeMatch>",
        "</d:ProbeMatch></d:ProbeMatches>",
    )


def _text(kind: str, host: str, relates: str, before: str, after: str) -> bytes:
    return _TEXT.format(
        kind=kind,
        host=host,
        relates=relates,
        before=before,
        after=after,
        message=uuid.uuid4(),
        device=uuid.uuid4(),
    ).encode()


class Flood:
    """A flood from `host`; `async with` starts and stops it."""

    def __init__(
        self,
        host: str,
        *,
        rate: int = 10_000,
        seconds: float = 4.0,
        sources: ipaddress.IPv4Network | None = None,
        port: int = PORT,
    ) -> None:
        """Send `rate` a second; from the addresses of `sources` in turn, or all from `host`."""
        self.host: Final = host
        self.sent = 0
        self._rate = rate
        self._seconds = seconds
        self._sources = sources
        self._groups: Final = Groups(host, port, GROUP, None, self._received)
        self._raw: socket.socket | None = None
        self._tasks: Final[set[asyncio.Task[None]]] = set()

    async def __aenter__(self) -> Self:
        """Listen for Probes."""
        if self._sources is not None:
            self._raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
            self._raw.setblocking(False)
            self._raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
            here = socket.inet_aton(self.host)
            self._raw.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, here)
        await self._groups.start()
        return self

    async def __aexit__(self, *_exception: object) -> None:
        """Stop."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._groups.close()
        if self._raw is not None:
            self._raw.close()

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._groups.port

    async def hellos(self) -> None:
        """Send Hellos for the time it was given."""

        def one(number: int) -> None:
            source = self._source(number)
            if source is None:
                self._groups.tell(hello(self.host))
            else:
                self._spoof(source, (GROUP, self.port), hello(source))

        await self._flow(one)

    def _received(self, data: bytes, answer: Answer) -> None:
        probe = read_probe(data)
        if probe is None or len(self._tasks) > 0:
            # One at a time is flood enough: the repetitions of a question are not told apart.
            return
        related = probe.message_id

        def one(number: int) -> None:
            source = self._source(number)
            if source is None:
                answer(match(self.host, related))
            else:
                self._spoof(source, answer.asker, match(source, related))

        task = asyncio.create_task(self._flow(one))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _flow(self, one: Callable[[int], None]) -> None:
        """Call `one` at the rate, as evenly as ticks of 10 ms are."""
        begun = time.monotonic()
        number = 0
        while (passed := time.monotonic() - begun) < self._seconds:
            while number < passed * self._rate:
                with suppress(BlockingIOError):
                    one(number)
                    self.sent += 1
                number += 1
            await asyncio.sleep(_TICK)

    def _source(self, number: int) -> str | None:
        if self._sources is None:
            return None
        return str(self._sources[1 + number % (self._sources.num_addresses - 2)])

    def _spoof(self, source: str, target: tuple[str, int], data: bytes) -> None:
        assert self._raw is not None
        # The kernel fills length and checksum; UDP by IPv4 needs none.
        addresses = socket.inet_aton(source), socket.inet_aton(target[0])
        header = _IP.pack(0x45, 0, 0, 0, 0, 4, socket.IPPROTO_UDP, 0, *addresses)
        datagram = _UDP.pack(self.port, target[1], _UDP.size + len(data), 0)
        self._raw.sendto(header + datagram + data, target)


async def main(argv: Sequence[str] | None = None) -> int:
    """Run until a signal comes."""
    parser = argparse.ArgumentParser(prog="flood", description=__doc__)
    parser.add_argument("--host", required=True, help="its own address")
    parser.add_argument("--rate", type=int, default=10_000, help="a second")
    parser.add_argument("--seconds", type=float, default=4.0, help="for each Probe")
    parser.add_argument("--sources", type=ipaddress.IPv4Network, help="such as 10.77.64.0/20")
    parser.add_argument("--hello", action="store_true", help="begin with Hellos")
    arguments = parser.parse_args(argv)
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with Flood(
        arguments.host, rate=arguments.rate, seconds=arguments.seconds, sources=arguments.sources
    ) as flood:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        if arguments.hello:
            await flood.hellos()
        await ended.wait()
        sys.stdout.write(f"sent {flood.sent}\n")
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
