"""Auxiliary commands: lamps, wipers and whatever else a device lists by name (8.7)."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
import re
from typing import Final

from ..roles import Press
from ..settings import Choice, Toggle, Value
from ..text import plain
from .board import Board

SERVICES: Final = ("ptz", "device")
"""Those that have auxiliary commands."""
MAX_COMMANDS: Final = 64
"""Of one service."""
MAX_SLUG: Final = 40
"""Characters of a key."""

_SWITCHING: Final = re.compile(r"(.+?)[|:_ .-]?(on|off|auto)", re.IGNORECASE)
_HUMPS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_KNOWN: Final = frozenset({"ir_lamp", "wiper", "washer", "washing_procedure"})
"""ONVIF's own commands, which have translations."""


type Send = Callable[[str], Awaitable[None]]
"""Sends a command. CameraError."""


@dataclass(slots=True)
class _List:
    """The commands of one service, and what of them goes together."""

    send: Send
    switches: dict[str, tuple[str, dict[str, str]]]
    """Name, and command by `on`, `off`, `auto`, by slug."""
    single: list[str]
    """The rest."""


class Auxiliary:
    """Offers the commands of all services: what is switched as settings, the rest to be pressed.

    Which service told first does not matter: the services are asked at the same time.
    """

    def __init__(self, board: Board) -> None:
        """Know of no commands yet."""
        self._board = board
        self._lists: dict[str, _List] = {}
        """By service."""
        self._switches: set[str] = set()
        self._presses: set[str] = set()

    def offer(self, service: str, commands: Iterable[str], send: Send) -> None:
        """Offer the commands of a service (of SERVICES); none takes its commands back.

        What several services have is offered once: by that with more to choose from, else by the
        first of SERVICES. No device tells what is on: the value is what was sent last.
        """
        self._lists[service] = _sorted(commands, send)
        lists = [self._lists[name] for name in SERVICES if name in self._lists]
        best: dict[str, _List] = {}
        for one in lists:
            for slug, (_, words) in one.switches.items():
                if slug not in best or len(words) > len(best[slug].switches[slug][1]):
                    best[slug] = one
        before, self._switches = self._switches, set()
        for slug, one in best.items():
            self._switch(slug, one)
        for key in before - self._switches:
            self._board.withdraw(key)
        covered = {
            _slug(command)
            for slug, one in best.items()
            for command in one.switches[slug][1].values()
        }
        pressed, self._presses = self._presses, set()
        for one in lists:
            for command in one.single:
                if _slug(command) not in covered:
                    self._press(command, one.send)
        for key in pressed - self._presses:
            self._board.withdraw_press(key)

    def _switch(self, slug: str, one: _List) -> None:
        board = self._board
        key = f"aux_{slug}"
        name, words = one.switches[slug]
        kind, label = (key, "") if slug in _KNOWN else ("auxiliary", _label(name))

        async def write(value: Value) -> None:
            word = value if isinstance(value, str) else "on" if value else "off"
            await one.send(words[word])
            board.values[key] = value

        now = board.values.get(key)
        options = tuple(word for word in ("auto", "on", "off") if word in words)
        row: Choice | Toggle
        if "auto" in words:
            row = Choice(key=key, kind=kind, label=label, config=False, options=options)
            now = now if now in options else None
        else:
            row = Toggle(key=key, kind=kind, label=label, config=False, assumed=True)
            now = now if isinstance(now, bool) else None
        self._switches.add(key)
        board.setting(row, write, now)

    def _press(self, command: str, send: Send) -> None:
        key = f"aux_{_slug(command)}"
        if key in self._presses:
            return

        async def press() -> None:
            await send(command)

        label = _label(command.removeprefix("tt:").replace("|", " ")) or _slug(command)
        self._presses.add(key)
        self._board.press(Press(key=key, kind="auxiliary", label=label), press)


def _sorted(commands: Iterable[str], send: Send) -> _List:
    """Return what can be switched, and what is left."""
    listed = list(dict.fromkeys(command for command in commands if command))[:MAX_COMMANDS]
    families: dict[str, dict[str, str]] = {}
    for command in listed:
        if (found := _SWITCHING.fullmatch(command)) is not None:
            families.setdefault(found[1], {})[found[2].casefold()] = command
    switches: dict[str, tuple[str, dict[str, str]]] = {}
    single = list(listed)
    for name, words in families.items():
        if {"on", "off"} <= words.keys():
            switches.setdefault(_slug(name), (name, words))
            single = [command for command in single if command not in words.values()]
    return _List(send, switches, single)


def _label(name: str) -> str:
    """Return a name as names of entities are written: only the first word has a capital."""
    first, *rest = (plain(name) or "").split(" ")
    return " ".join([first, *(word.lower() if word.istitle() else word for word in rest)])


def _slug(text: str) -> str:
    """Return what a key is made of: `tt:IRLamp` is `ir_lamp`."""
    words = _HUMPS.sub("_", text.removeprefix("tt:")).lower()
    return re.sub(r"[^a-z0-9]+", "_", words).strip("_")[:MAX_SLUG].strip("_") or _numbers(text)


def _numbers(text: str) -> str:
    """Return a key for a name without a letter of ours."""
    return text.encode().hex()[:MAX_SLUG]
