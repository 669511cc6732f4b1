"""The configuration of a PTZ unit, and in which direction it turns (8.3, 8.10)."""

from collections.abc import Mapping
from typing import Final

from ..errors import Reason, RefusedError
from ..settings import Choice, Value
from ..text import plain
from .board import Board
from .client import OnvifClient
from .node import Node
from .trying import optional, together

OPERATIONS: Final[Mapping[str, str]] = {
    "ptz.SetConfiguration": "selects `ptz_eflip`, `ptz_reverse`",
}
MAX_MODES: Final = 8
_PATH: Final = ("Extension", "PTControlDirection")
_USUAL: Final = {"EFlip": ("OFF", "ON"), "Reverse": ("OFF", "ON", "AUTO")}
"""Modes that the specification knows, for a unit that does not list its own."""
_KEYS: Final = {"EFlip": "ptz_eflip", "Reverse": "ptz_reverse"}


class Directions:
    """Two choices of a PTZ configuration; its limits and times are left alone."""

    options: Node | None = None
    """PTZConfigurationOptions, where the unit has them."""

    def __init__(self, client: OnvifClient, board: Board) -> None:
        """Ask by `client`, write to `board`."""
        self._client = client
        self._board = board
        self._token = ""
        self._modes: dict[str, dict[str, str]] = {}
        """By name, the unit's words by ours."""

    async def learn(self, token: str) -> Node | None:
        """Read a configuration and what it can be; return it. ConnectError, AuthError."""
        self._token = token
        configuration, answer = await together(
            self._configuration(),
            optional(self._client.call("ptz", "GetConfigurationOptions", ConfigurationToken=token)),
        )
        self.options = None if answer is None else answer.child("PTZConfigurationOptions")
        for name, usual in _USUAL.items():
            self._offer(name, usual, configuration)
        return configuration

    async def read(self) -> None:
        """Read which direction is set. ConnectError, AuthError."""
        if self._modes:
            self._show(await self._configuration())

    def _offer(self, name: str, usual: tuple[str, ...], configuration: Node | None) -> None:
        """Offer one choice, when the unit has it: its options or its configuration say so."""
        key = _KEYS[name]
        words: tuple[str, ...] = ()
        if self.options is not None:
            listed = self.options.children("PTControlDirection", name, "Mode")[:MAX_MODES]
            words = tuple(word for mode in listed if (word := mode.text()))
        now = None if configuration is None else configuration.text(*_PATH, name, "Mode")
        if now is not None:
            words = words or usual
        self._modes.pop(name, None)
        if configuration is None or len(words) < 2:
            self._board.withdraw(key)
            return
        modes = {_word(word): word for word in words}
        self._modes[name] = modes

        async def write(value: Value) -> None:
            await self._write(name, modes[str(value)])

        row = Choice(key=key, options=tuple(modes), enabled=False)
        self._board.setting(row, write, None if now is None else _word(now))

    async def _write(self, name: str, word: str) -> None:
        configuration = await self._configuration()
        if configuration is None:
            raise RefusedError(Reason.NOT_FOUND, "PTZConfiguration")
        changed = configuration.copy()
        reverse = None
        if name == "EFlip" and changed.child(*_PATH, "EFlip") is None:
            # The schema has EFlip before Reverse.
            reverse = changed.text(*_PATH, "Reverse", "Mode")
            changed.drop(*_PATH, "Reverse")
        changed.put(*_PATH, name, "Mode", text=word)
        if reverse is not None:
            changed.put(*_PATH, "Reverse", "Mode", text=reverse)
        await self._client.call(
            "ptz", "SetConfiguration", PTZConfiguration=changed, ForcePersistence=True
        )
        self._show(await self._configuration())

    async def _configuration(self) -> Node | None:
        """Return the configuration, from the list where it is not told by itself."""
        answer = await optional(
            self._client.call("ptz", "GetConfiguration", PTZConfigurationToken=self._token)
        )
        found = None if answer is None else answer.child("PTZConfiguration")
        if found is not None:
            return found
        answer = await optional(self._client.call("ptz", "GetConfigurations"))
        listed = [] if answer is None else answer.children("PTZConfiguration")
        return next((node for node in listed if node.attribute("token") == self._token), None)

    def _show(self, configuration: Node | None) -> None:
        for name in self._modes:
            now = None if configuration is None else configuration.text(*_PATH, name, "Mode")
            self._board.values[_KEYS[name]] = None if now is None else _word(now)


def _word(word: str) -> str:
    """Return a mode of the specification in lower case, a vendor's as it is."""
    return word.lower() if word in {"OFF", "ON", "AUTO"} else plain(word) or word
