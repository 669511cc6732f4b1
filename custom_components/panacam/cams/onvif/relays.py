"""Relay outputs: switched by requests, told of by events."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from ..settings import Choice, Range, Toggle, Value
from .board import Board
from .client import OnvifClient
from .messages import Message
from .node import Node, as_flag, as_number
from .soap import Argument
from .trying import optional

MAX_RELAYS: Final = 64
LONGEST_DELAY: Final = 3600.0
"""Seconds, for a device that does not tell."""

OPERATIONS: Final[Mapping[str, str]] = {
    "device.GetRelayOutputs": "switches `relay_0` and so on",
    "device.SetRelayOutputState": "switches `relay_0` and so on",
    "device.SetRelayOutputSettings": "`relay_0_mode`, `relay_0_idle_state`, `relay_0_delay`",
    "deviceio.GetRelayOutputs": "switches `relay_0` and so on",
    "deviceio.SetRelayOutputState": "switches `relay_0` and so on",
    "deviceio.SetRelayOutputSettings": "`relay_0_mode`, `relay_0_idle_state`, `relay_0_delay`",
    "deviceio.GetRelayOutputOptions": "ranges of `relay_0_mode`, `relay_0_delay`",
}
_MODES: Final = {"bistable": "Bistable", "monostable": "Monostable"}
_IDLE: Final = ("open", "closed")


@dataclass(slots=True)
class _Relay:
    """One relay output."""

    index: int
    node: Node
    """As the device sent it."""
    told: bool = False
    """Whether events tell its state."""
    back: asyncio.TimerHandle | None = None
    """Falls back, as the device does, when nobody tells."""

    @property
    def key(self) -> str:
        return f"relay_{self.index}"

    @property
    def mode(self) -> str | None:
        word = (self.node.text("Properties", "Mode") or "").lower()
        return word if word in _MODES else None

    @property
    def delay(self) -> float | None:
        found = self.node.duration("Properties", "DelayTime")
        return None if found is None else found.total_seconds()

    @property
    def idle_state(self) -> str | None:
        word = (self.node.text("Properties", "IdleState") or "").lower()
        return word if word in _IDLE else None


class Relays:
    """All relay outputs."""

    def __init__(self, client: OnvifClient, board: Board) -> None:
        """Ask by `client`, write to `board`."""
        self._client = client
        self._board = board
        self._relays: dict[str, _Relay] = {}
        """By token."""
        self._address: str | None = None
        """Of the service that has them; None: the device service."""
        self._rows: set[str] = set()

    async def connect(self) -> None:
        """Learn which there are."""
        before, self._rows = self._rows, set()
        told = {relay.index: relay.told for relay in self._relays.values()}
        self.close()
        self._address = self._client.services.get("deviceio")
        nodes = await self._list()
        if not nodes and self._address is not None:
            self._address = None
            nodes = await self._list()
        self._relays = {
            token: _Relay(index, node, told.get(index, False))
            for index, (token, node) in enumerate(nodes.items())
        }
        for token, relay in self._relays.items():
            self._offer(token, relay)
        if self._relays:
            await self._offer_options()
        for key in before - self._rows:
            self._board.withdraw(key)

    async def read(self) -> None:
        """Read how they are set. ConnectError, AuthError."""
        if not self._relays:
            return
        for token, node in (await self._list()).items():
            if (relay := self._relays.get(token)) is not None:
                relay.node = node
                self._show(relay)

    def heard(self, message: Message) -> bool:
        """Take what a relay tells; return whether it is one that is known."""
        relay = self._relays.get(message.source.get("RelayToken", ""))
        state = as_flag(message.data.get("LogicalState"))
        if relay is None or state is None:
            return False
        if not relay.told:
            relay.told = True
            self._forget(relay)
            self._offer(message.source["RelayToken"], relay)
        self._board.values[relay.key] = state
        self._board.show()
        return True

    def deaf(self) -> None:
        """Know their state no longer."""
        for token, relay in self._relays.items():
            if relay.told:
                relay.told = False
                self._board.values[relay.key] = None
                self._offer(token, relay)

    def close(self) -> None:
        """Wait for none to fall back."""
        for relay in self._relays.values():
            self._forget(relay)

    def _label(self, relay: _Relay) -> str:
        return str(relay.index + 1) if len(self._relays) > 1 else ""

    def _offer(self, token: str, relay: _Relay) -> None:
        key = relay.key

        async def write(value: Value) -> None:
            await self._switch(token, relay, on=bool(value))

        self._rows.add(key)
        row = Toggle(
            key=key,
            kind="relay",
            label=self._label(relay),
            config=False,
            assumed=not relay.told,
        )
        self._board.setting(row, write, self._board.values.get(key))

    async def _switch(self, token: str, relay: _Relay, *, on: bool) -> None:
        self._forget(relay)
        await self._client.call(
            "device",
            "SetRelayOutputState",
            address=self._address,
            RelayOutputToken=token,
            LogicalState="active" if on else "inactive",
        )
        if relay.told:
            return  # the event says what became of it
        self._board.values[relay.key] = on
        if on and relay.mode == "monostable" and relay.delay is not None:
            loop = asyncio.get_running_loop()
            relay.back = loop.call_later(relay.delay, self._fall_back, relay)

    def _fall_back(self, relay: _Relay) -> None:
        relay.back = None
        self._board.values[relay.key] = False
        self._board.show()

    def _forget(self, relay: _Relay) -> None:
        if relay.back is not None:
            relay.back.cancel()
            relay.back = None

    async def _offer_options(self) -> None:
        answer = None
        if self._client.has("deviceio"):
            answer = await optional(self._client.call("deviceio", "GetRelayOutputOptions"))
        listed = [] if answer is None else answer.children("RelayOutputOptions")
        options = {found.attribute("token"): found for found in listed}
        for token, relay in self._relays.items():
            self._offer_settings(token, relay, options.get(token))
            self._show(relay)

    def _offer_settings(self, token: str, relay: _Relay, options: Node | None) -> None:
        label = self._label(relay)
        listed = [] if options is None else options.children("Mode")
        modes = tuple(word for mode in listed if (word := (mode.text() or "").lower()) in _MODES)
        modes = modes or tuple(_MODES)
        rows: list[Choice | Range] = []
        if relay.mode is not None and len(modes) > 1:
            rows.append(
                Choice(
                    key=f"{relay.key}_mode",
                    kind="relay_mode",
                    label=label,
                    enabled=False,
                    options=modes,
                )
            )
        if relay.idle_state is not None:
            rows.append(
                Choice(
                    key=f"{relay.key}_idle_state",
                    kind="relay_idle_state",
                    label=label,
                    enabled=False,
                    options=_IDLE,
                )
            )
        if relay.delay is not None and "monostable" in modes:
            low, high = _delays(options)
            rows.append(
                Range(
                    key=f"{relay.key}_delay",
                    kind="relay_delay",
                    label=label,
                    enabled=False,
                    minimum=low,
                    maximum=high,
                    step=0.1,
                    unit="s",
                )
            )
        for row in rows:
            self._rows.add(row.key)
            name = row.key.removeprefix(f"{relay.key}_")
            self._board.setting(row, partial(self._configure, token, relay, name))

    async def _configure(self, token: str, relay: _Relay, name: str, value: Value) -> None:
        """Change one setting of a relay, as the device has it now."""
        await self.read()
        changed = relay.node.copy()
        match name:
            case "mode":
                changed.put("Properties", "Mode", text=_MODES[str(value)])
            case "idle_state":
                changed.put("Properties", "IdleState", text=str(value))
            case _:
                changed.put("Properties", "DelayTime", text=f"PT{float(value):g}S")
        if self._address is None:
            properties: Argument = changed.child("Properties")
            await self._client.call(
                "device",
                "SetRelayOutputSettings",
                RelayOutputToken=token,
                Properties=properties,
            )
        else:
            await self._client.call("deviceio", "SetRelayOutputSettings", RelayOutput=changed)
        await self.read()

    def _show(self, relay: _Relay) -> None:
        values = self._board.values
        for name, value in (
            ("mode", relay.mode),
            ("idle_state", relay.idle_state),
            ("delay", relay.delay),
        ):
            if (key := f"{relay.key}_{name}") in self._rows:
                values[key] = value

    async def _list(self) -> Mapping[str, Node]:
        """Return the relays by token; the operation is the device service's in either."""
        answer = await optional(
            self._client.call("device", "GetRelayOutputs", address=self._address)
        )
        listed = [] if answer is None else answer.children("RelayOutputs")[:MAX_RELAYS]
        return {token: node for node in listed if (token := node.attribute("token"))}


def _delays(options: Node | None) -> tuple[float, float]:
    """Return the shortest and the longest delay in seconds."""
    words = ((options and options.text("DelayTimes")) or "").split()
    times = [time for word in words if (time := as_number(word)) is not None and time >= 0]
    if not times or min(times) == max(times):
        return 0.0, LONGEST_DELAY
    return min(times), max(times)
