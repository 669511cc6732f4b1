"""Multicast: where a configuration is sent to (6.3), and the sending itself (6.7)."""

from collections.abc import Callable, Iterable, Mapping
import ipaddress
from typing import Final

from ..errors import Reason, RefusedError
from ..settings import Text, Toggle, Value
from ..text import plain
from .board import Board, Profile, Write
from .configuration import Item, Subject, Withdrawn, whole
from .media_service import MediaService
from .node import Node
from .streams import stream_key

MAX_ADDRESS: Final = 45
"""Characters of an IPv6 address."""

OPERATIONS: Final[Mapping[str, str]] = {
    "media2.StartMulticastStreaming": (
        "switch `profile_multicast`, action `panacam.start_multicast`"
    ),
    "media2.StopMulticastStreaming": (
        "switch `profile_multicast`, action `panacam.stop_multicast`"
    ),
    "media.StartMulticastStreaming": (
        "switch `profile_multicast`, action `panacam.start_multicast`, without Media2"
    ),
    "media.StopMulticastStreaming": (
        "switch `profile_multicast`, action `panacam.stop_multicast`, without Media2"
    ),
}


def multicast_items(subject: Subject) -> Iterable[Item]:
    """Return the address, port, reach and automatic start of a configuration that has them."""
    if (multicast := subject.node.child("Multicast")) is None:
        return
    address = multicast.child("Address")
    if address is not None:
        row = Text(
            key=subject.key("multicast_address"),
            kind=subject.kind("multicast_address"),
            label=subject.label,
            enabled=False,
            max_length=MAX_ADDRESS,
        )
        now = address.text("IPv4Address") or address.text("IPv6Address")
        yield Item(row, plain(now, MAX_ADDRESS), _put_address)
    for name, element, high in (("multicast_port", "Port", 65535), ("multicast_ttl", "TTL", 255)):
        if (number := multicast.number(element)) is not None:
            yield subject.range(name, (0, high), number, _put_number(element), enabled=False)
    if (start := multicast.flag("AutoStart")) is not None:
        yield subject.toggle(
            "multicast_auto_start",
            start,
            lambda node, text: node.put("Multicast", "AutoStart", text=text),
            enabled=False,
        )


def _put_number(element: str) -> Callable[[Node, float], None]:
    def put(node: Node, number: float) -> None:
        node.put("Multicast", element, text=whole(number))

    return put


def _put_address(node: Node, value: Value) -> None:
    """Write an address of many into the XML. RefusedError(OUT_OF_RANGE) for another."""
    try:
        address = ipaddress.ip_address(str(value).strip())
    except ValueError as err:
        raise RefusedError(Reason.OUT_OF_RANGE, "address") from err
    if not address.is_multicast:
        raise RefusedError(Reason.OUT_OF_RANGE, "address")
    for name in ("IPv4Address", "IPv6Address"):
        node.drop("Multicast", "Address", name)
    node.put("Multicast", "Address", "Type", text=f"IPv{address.version}")
    node.put("Multicast", "Address", f"IPv{address.version}Address", text=str(address))


class MulticastRows:
    """Switches that start and stop sending a profile to many, and the role that does the same.

    No device tells whether it does: what was switched last is shown.
    """

    def __init__(self, service: MediaService, board: Board) -> None:
        """Offer them on `board`."""
        self._service = service
        self._board = board
        self._rows = Withdrawn(board)
        self._profiles: Mapping[str, Profile] = {}
        """By the keys of their streams."""
        self.streams: Mapping[str, str] = {}
        """The names of the streams that can be sent, by their keys (the role)."""

    def show(self, profiles: Mapping[int, Profile], labels: Mapping[int, str]) -> None:
        """Offer one for each profile with a stream."""
        media2 = self._service.media2
        if self._service.lacks("AutoStartMulticast" if media2 else "RTPMulticast"):
            profiles = {}
        self._rows.replace(_row_key(index) for index in profiles)
        self._profiles = {stream_key(index): profile for index, profile in profiles.items()}
        self.streams = {stream_key(index): labels[index] for index in profiles}
        for index in profiles:
            key = _row_key(index)
            row = Toggle(
                key=key,
                kind="profile_multicast",
                label=labels[index],
                enabled=False,
                assumed=True,
            )
            write = self._writer(stream_key(index))
            self._board.setting(row, write, self._board.values.get(key))

    async def start(self, stream: str) -> None:
        """Send a stream to its group, until it is stopped (the role)."""
        await self._send(stream, on=True)
        self._board.show()

    async def stop(self, stream: str) -> None:
        """Send it to those alone who ask for it (the role)."""
        await self._send(stream, on=False)
        self._board.show()

    def _writer(self, stream: str) -> Write:
        async def write(value: Value) -> None:
            await self._send(stream, on=bool(value))

        return write

    async def _send(self, stream: str, *, on: bool) -> None:
        if (profile := self._profiles.get(stream)) is None:
            raise RefusedError(Reason.NOT_FOUND, "stream")
        operation = "StartMulticastStreaming" if on else "StopMulticastStreaming"
        await self._service.either(operation, ProfileToken=profile.token)
        self._board.values[_row_key(profile.index)] = on


def _row_key(index: int) -> str:
    return f"profile_{index}_multicast"
