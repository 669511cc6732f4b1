"""Whether a router lets others in to the camera (5.10), and what and how much it is set to send."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
import ipaddress
import time
from typing import Final, override

from ..device import State
from ..errors import CameraError
from ..roles import Reading, Signal
from .client import PovcamClient
from .commands import GET_NETWORK, GET_VIDEO_OVER_IP
from .commands_network import GET_STATUS
from .replies import STREAM_CHANNELS, read_transmitting
from .shelf import Menus
from .wanted import SLOW_PAUSE, ProbedWatcher, WantedWatcher
from .watching import Watcher
from .wire import Reply, parse_reply

TRAFFIC_GAP: Final = 600.0
"""Seconds between two looks."""
STREAMS_GAP: Final = 60.0
"""Seconds between two looks which streams are on."""
UNLIMITED: Final = frozenset({0, 10000})
"""Values of `bandwidth` (4.6)."""
_PORTS: Final = {"upnp_http": "http_status", "upnp_https": "https_status"}
"""Signal -> what get_status calls it."""
_ADDRESS: Final = "external_address"
_BANDWIDTH: Final = "network_bandwidth"


class UpnpWatcher(ProbedWatcher):
    """Looks what came of the UPnP port map."""

    period = TRAFFIC_GAP

    def __init__(self, client: PovcamClient) -> None:
        """Ask by `client`."""
        super().__init__(client)
        self._told: Mapping[str, bool | None] = {}
        self._address: str | None = None

    @override
    async def probe(self) -> bool | None:
        """Look whether the camera knows get_status."""
        if not self._client.has_credentials:
            return False
        reply = parse_reply(await self._client.call(GET_STATUS))
        told = [key for key, name in _PORTS.items() if name in reply]
        if not told:
            return None
        self.signals = {key: Signal(key=key, diagnostic=True, enabled=False) for key in told}
        row = Reading(key=_ADDRESS, diagnostic=True, enabled=False)
        self.readings = {row.key: row}
        self._take(reply)
        return True

    @override
    async def read(self) -> None:
        """Ask which ports are mapped."""
        body = await self.ask(GET_STATUS)
        self._take(parse_reply(body or b""))

    @override
    def add(self, state: State) -> State:
        """Return the state with what is mapped, and where to."""
        if not self.there:
            return state
        return replace(
            state,
            signals={**state.signals, **self._told},
            readings={**state.readings, _ADDRESS: self._address},
        )

    def _take(self, reply: Reply) -> None:
        self._told = {key: reply.flag(_PORTS[key]) for key in self.signals}
        try:
            self._address = str(ipaddress.ip_address(reply.get("addr", "")))
        except ValueError:
            self._address = None


class StreamsWatcher(Watcher):
    """Looks which streams are on; set-up has asked for that already."""

    def __init__(self, menus: Menus) -> None:
        """Look at `menus`."""
        self._menus = menus
        self._next = float("-inf")
        self._transmitting = read_transmitting(None)

    @override
    async def begin(self) -> None:
        self._space()

    @override
    def is_due(self, state: State, now: float) -> bool:
        return now >= self._next

    @override
    async def look(self, state: State) -> None:
        with suppress(CameraError):  # whether it is away get_state tells
            await self._menus.read(GET_VIDEO_OVER_IP)
        self._space()

    @override
    def add(self, state: State) -> State:
        """Return the state with the streams as they were told last, by whomever asked."""
        if (video := self._menus.reply(GET_VIDEO_OVER_IP)) is not None:
            self._transmitting = read_transmitting(video)
        return replace(state, transmitting=self._transmitting)

    def _space(self) -> None:
        """Note when to look again: seldom at a camera that does not say."""
        told = self._menus.reply(GET_VIDEO_OVER_IP) is not None
        self._next = time.monotonic() + (STREAMS_GAP if told else SLOW_PAUSE)


class BandwidthWatcher(WantedWatcher):
    """Adds up the bit rates of the H.264 streams that are on; JPEG and sound have none that is set.

    That is what one viewer of each makes the camera send, within the limit of its network menu.
    """

    period = TRAFFIC_GAP

    def __init__(self, client: PovcamClient) -> None:
        """Ask by `client`."""
        super().__init__(client)
        row = Reading(key=_BANDWIDTH, unit="kbit/s", precision=0, diagnostic=True, enabled=False)
        self.readings = {row.key: row}
        self._value: float | None = None

    @override
    async def read(self) -> None:
        """Ask how the streams are set, and what the limit is."""
        video = await self.ask(GET_VIDEO_OVER_IP)
        self._value = None if video is None else bandwidth(parse_reply(video))
        if self._value is None or not self._client.has_credentials:
            return
        network = await self.ask(GET_NETWORK)
        limit = None if network is None else parse_reply(network).number("bandwidth")
        if limit is not None and limit not in UNLIMITED:
            self._value = min(self._value, limit)

    @override
    def add(self, state: State) -> State:
        """Return the state with the sum, for a camera that tells of its streams."""
        if all(state.transmitting.get(key) is None for key in STREAM_CHANNELS):
            return state
        return replace(state, readings={**state.readings, _BANDWIDTH: self._value})


def bandwidth(video: Reply) -> float | None:
    """Return the kilobits a second of the streams that are on; None: that is not told of each."""
    rates: list[float | None] = []
    for channel in STREAM_CHANNELS.values():
        match video.flag(f"h264_transmit_{channel}"):
            case True:
                rates.append(video.number(f"h264_bandwidth_{channel}"))
            case False:
                rates.append(0)
    known = [rate for rate in rates if rate is not None]
    return sum(known) if known and len(known) == len(rates) else None
