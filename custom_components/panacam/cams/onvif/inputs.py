"""Digital inputs: told of by events alone."""

from collections.abc import Mapping
from functools import partial
from typing import Final

from ..device import Alarm, AlarmRaised
from ..errors import Reason, RefusedError
from ..roles import Signal
from ..settings import Choice, Value
from .board import Board
from .client import OnvifClient
from .messages import Message
from .node import Node, as_flag
from .trying import optional

MAX_INPUTS: Final = 64
MAX_TOKEN: Final = 256

OPERATIONS: Final[Mapping[str, str]] = {
    "deviceio.GetDigitalInputs": "binary sensors `input_0` and so on, selects `input_0_idle_state`",
    "deviceio.GetDigitalInputConfigurationOptions": "options of `input_0_idle_state`",
    "deviceio.SetDigitalInputConfigurations": "selects `input_0_idle_state`",
}
_IDLE: Final = ("open", "closed")


class DigitalInputs:
    """All digital inputs: signals, and together the alarm from outside."""

    def __init__(self, client: OnvifClient, board: Board) -> None:
        """Ask by `client`, write to `board`."""
        self._client = client
        self._board = board
        self._inputs: dict[str, int] = {}
        """Index by token."""
        self._nodes: dict[str, Node] = {}
        """As the device sent them, by token."""
        self._rows: set[str] = set()

    async def connect(self, *, wanted: bool) -> None:
        """Learn which there are, if there may be any."""
        before, self._rows = self._rows, set()
        self._nodes = dict(await self._list()) if wanted else {}
        if self._nodes:
            known = {self._key(token) for token in self._inputs}
            self._inputs = {}
            for token in self._nodes:
                self._add(token)
            for key in known - {self._key(token) for token in self._inputs}:
                self._board.withdraw_signal(key)
            self._alarm()
            await self._offer_settings()
        for key in before - self._rows:
            self._board.withdraw(key)

    async def read(self) -> None:
        """Read how they are set. ConnectError, AuthError."""
        if self._rows:
            self._nodes |= await self._list()
            self._show()

    def heard(self, message: Message) -> bool:
        """Take what an input tells. One that was not listed is taken at its word."""
        token = message.source.get("InputToken", "")
        state = as_flag(message.data.get("LogicalState"))
        if not token or len(token) > MAX_TOKEN or state is None:
            return False
        if token not in self._inputs and not self._add(token):
            return False
        board, key = self._board, self._key(token)
        before = board.signalled.get(key)
        board.signalled[key] = state
        self._alarm()
        board.show()
        # What was on before anybody listened rings no bell.
        if state and before is not True and message.operation != "Initialized":
            board.tell(AlarmRaised(Alarm.EXTERNAL))
        return True

    def deaf(self) -> None:
        """Know their state no longer."""
        for token in self._inputs:
            self._board.signalled[self._key(token)] = None
        if self._inputs:
            self._alarm()

    def _key(self, token: str) -> str:
        return f"input_{self._inputs[token]}"

    def _add(self, token: str) -> bool:
        """Offer the signal of an input; return whether there was room."""
        if len(self._inputs) >= MAX_INPUTS:
            return False
        index = self._inputs[token] = len(self._inputs)
        key = f"input_{index}"
        # Whether there will be others is not known: each has its number.
        row = Signal(key=key, kind="input", label=str(index + 1))
        if not self._board.signal(row, self._board.signalled.get(key)):
            del self._inputs[token]
            return False
        self._alarm()
        return True

    def _alarm(self) -> None:
        """Make one alarm of all inputs."""
        states = [self._board.signalled.get(self._key(token)) for token in self._inputs]
        known = [state for state in states if state is not None]
        self._board.alarms[Alarm.EXTERNAL] = any(known) if known else None

    async def _offer_settings(self) -> None:
        answer = await optional(
            self._client.call("deviceio", "GetDigitalInputConfigurationOptions")
        )
        options = None if answer is None else answer.child("DigitalInputOptions")
        listed = [] if options is None else options.children("IdleState")
        words = tuple(word for found in listed if (word := (found.text() or "").lower()) in _IDLE)
        if len(set(words)) < 2:
            return
        for token, index in self._inputs.items():
            key = f"input_{index}_idle_state"
            row = Choice(
                key=key,
                kind="input_idle_state",
                label=str(index + 1),
                enabled=False,
                options=_IDLE,
            )
            self._rows.add(key)
            self._board.setting(row, partial(self._configure, token))
        self._show()

    async def _configure(self, token: str, value: Value) -> None:
        self._nodes |= await self._list()
        if (node := self._nodes.get(token)) is None:
            raise RefusedError(Reason.NOT_FOUND, "DigitalInputs")
        changed = node.copy()
        changed.element.set("IdleState", str(value))
        await self._client.call(
            "deviceio", "SetDigitalInputConfigurations", DigitalInputs=[changed]
        )
        self._nodes |= await self._list()
        self._show()

    def _show(self) -> None:
        for token, node in self._nodes.items():
            if (index := self._inputs.get(token)) is None:
                continue
            word = (node.attribute("IdleState") or "").lower()
            if (key := f"input_{index}_idle_state") in self._rows:
                self._board.values[key] = word if word in _IDLE else None

    async def _list(self) -> Mapping[str, Node]:
        answer = await optional(self._client.call("deviceio", "GetDigitalInputs"))
        listed = [] if answer is None else answer.children("DigitalInputs")[:MAX_INPUTS]
        return {
            token: node
            for node in listed
            if (token := node.attribute("token")) and len(token) <= MAX_TOKEN
        }
