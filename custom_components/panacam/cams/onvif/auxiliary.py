"""Auxiliary commands: lamps, wipers and whatever else a device lists by name (8.7)."""

from collections.abc import Awaitable, Callable, Iterable
import re
from typing import Final

from ..roles import Press
from ..settings import Choice, Toggle, Value
from ..text import plain
from .board import Board

MAX_COMMANDS: Final = 64
MAX_SLUG: Final = 40
"""Characters of a key."""

_SWITCHING: Final = re.compile(r"(.+?)[|:_ .-]?(on|off|auto)", re.IGNORECASE)
_HUMPS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_KNOWN: Final = frozenset({"ir_lamp", "wiper", "washer", "washing_procedure"})
"""ONVIF's own commands, which have translations."""


class Auxiliary:
    """Offers the commands of one service: what is switched as settings, the rest to be pressed."""

    def __init__(self, board: Board, send: Callable[[str], Awaitable[None]]) -> None:
        """Send commands by `send`, which raises CameraError."""
        self._board = board
        self._send = send
        self._own: set[str] = set()
        self._offered: set[str] = set()
        """Of those, the ones of this time."""

    def offer(self, commands: Iterable[str]) -> None:
        """Offer the commands of a device; those that another service has already are left out.

        No device tells what is on: the value is what was sent last.
        """
        self._offered = set()
        listed = list(dict.fromkeys(command for command in commands if command))[:MAX_COMMANDS]
        families: dict[str, dict[str, str]] = {}
        for command in listed:
            if (found := _SWITCHING.fullmatch(command)) is not None:
                families.setdefault(found[1], {})[found[2].casefold()] = command
        single = list(listed)
        for name, words in families.items():
            if {"on", "off"} <= words.keys():
                self._switch(name, words)
                single = [command for command in single if command not in words.values()]
        for command in single:
            self._press(command)

    def _switch(self, name: str, words: dict[str, str]) -> None:
        board = self._board
        slug = _slug(name)
        key = f"aux_{slug}"
        if not self._mine(key, board.settings):
            return
        kind, label = (key, "") if slug in _KNOWN else ("auxiliary", plain(name) or "")

        async def write(value: Value) -> None:
            word = value if isinstance(value, str) else "on" if value else "off"
            await self._send(words[word])
            board.values[key] = value

        now = board.values.get(key)
        if "auto" in words:
            options = tuple(word for word in ("auto", "on", "off") if word in words)
            row = Choice(key=key, kind=kind, label=label, config=False, options=options)
            board.setting(row, write, now)
        else:
            board.setting(
                Toggle(key=key, kind=kind, label=label, config=False, assumed=True), write, now
            )

    def _press(self, command: str) -> None:
        slug = _slug(command)
        key = f"aux_{slug}"
        if not self._mine(key, self._board.presses):
            return

        async def press() -> None:
            await self._send(command)

        label = plain(command.removeprefix("tt:").replace("|", " ")) or slug
        self._board.press(Press(key=key, kind="auxiliary", label=label), press)

    def _mine(self, key: str, taken: Iterable[str]) -> bool:
        """Return whether a key is free, or was ours before."""
        if key in self._offered or (key in taken and key not in self._own):
            return False
        self._own.add(key)
        self._offered.add(key)
        return True


def _slug(text: str) -> str:
    """Return what a key is made of: `tt:IRLamp` is `ir_lamp`."""
    words = _HUMPS.sub("_", text.removeprefix("tt:")).lower()
    return re.sub(r"[^a-z0-9]+", "_", words).strip("_")[:MAX_SLUG].strip("_") or _numbers(text)


def _numbers(text: str) -> str:
    """Return a key for a name without a letter of ours."""
    return text.encode().hex()[:MAX_SLUG]
