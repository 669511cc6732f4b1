"""A Panasonic camera's settings: shown as data, read now and then, read back after each change.

Who cannot change them is not shown them: every request of chapter 4 is the administrator's.
"""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import product
import time
from typing import Final, override

from ..device import Reconfigured, State
from ..errors import (
    BusyError,
    CameraError,
    ConnectError,
    ProtocolError,
    Reason,
    RefusedError,
    UnreachedError,
)
from ..roles import Unsubscribe
from ..settings import Setting, Value
from .client import PovcamClient
from .knobs import Knob, situation_of
from .menus import FIELDS
from .panel import KNOBS
from .shelf import MODE, Menus
from .wanted import Wants
from .watching import Tell, Watcher
from .wire import Access, Command

EVERY: Final = 60.0
"""Seconds between two looks at a menu that somebody looks at."""
SELDOM: Final = 600.0
"""Seconds until a menu is asked again that did not answer, or that nobody has asked for."""
AT_ONCE: Final = 3
"""How many menus are asked at a time at set-up."""
SETTLE = 1.0
"""Seconds between two looks whether a camera has taken what it was told."""
CHECKS: Final = 3
"""How often it is looked again."""
SHOW_LIMIT = 6.0
"""Seconds that the looks may take altogether."""
AWAY_LIMIT = 30.0
"""The same after a change of the priority mode, for which the camera goes away."""

_ASKED: Final = {knob.field.read.path: knob.field.read for knob in KNOBS.values()}
"""The requests that tell all that is shown, by path."""


class PovcamSettings(Watcher):
    """The settings role, and the watcher that keeps it up to date."""

    def __init__(self, client: PovcamClient, menus: Menus, tell: Tell) -> None:
        """Read and write `menus`, which are those of the camera behind `client`."""
        self._client = client
        self._menus = menus
        self._tell = tell
        self._wants = Wants()
        self._due: dict[str, float] = {}
        """When each menu is to be looked at, by path of the request."""
        self._unread = set(_ASKED)
        """Paths of those that were not answered yet."""
        self._awake = True
        self._administrator: bool | None = None
        self._mode: str | None = None
        """The priority mode for which the camera was set up."""
        self._changing = asyncio.Lock()
        self._version = -1
        self._rows: dict[str, Setting] = {}
        self._values: dict[str, Value | None] = {}

    @property
    def table(self) -> tuple[Setting, ...]:
        """Return what can be set now (the role)."""
        self._refresh()
        return tuple(self._rows.values())

    @property
    @override
    def settings(self) -> tuple[Setting, ...]:
        return self.table

    async def change(self, key: str, value: Value) -> None:
        """Set one and wait until the camera shows it (the role). CameraError."""
        async with self._changing:
            self._refresh()
            if (row := self._rows.get(key)) is None:
                raise RefusedError(Reason.UNSUPPORTED, key)
            knob = KNOBS[key]
            words = knob.words(value, row)
            try:
                await self._set(knob, words, value)
            finally:
                self._after(knob)

    @override
    async def begin(self) -> None:
        if not self._client.has_credentials:
            return
        gate = asyncio.Semaphore(AT_ONCE)

        async def read(command: Command) -> None:
            async with gate:
                with suppress(CameraError):
                    await self._visit(command)

        left = [command for path, command in _ASKED.items() if path in self._unread]
        await asyncio.gather(*map(read, left))
        self._mode = self._menus.value(MODE)

    @override
    def is_due(self, state: State, now: float) -> bool:
        awake = state.recording is not None
        if awake and not self._awake:
            # What was refused in standby may be there now.
            self._due.update(dict.fromkeys(self._unread, now))
        self._awake = awake
        return self._next(now) is not None or self._has_other_mode()

    @override
    async def look(self, state: State) -> None:
        if (path := self._next(time.monotonic())) is not None:
            with suppress(CameraError):  # whether it is away get_state tells
                await self._visit(_ASKED[path])
        if self._has_other_mode():
            self._reconfigure()

    @override
    def add(self, state: State) -> State:
        self._refresh()
        return replace(state, settings={**state.settings, **self._values})

    @override
    def want(self, key: str) -> Unsubscribe | None:
        if key not in KNOBS:
            return None
        return self._wants.add(key)

    def heard(self, command: Command, body: bytes) -> None:
        """Take an answer that set-up needs, too, so that it is not asked for twice."""
        if command.path in _ASKED and self._menus.take(command, body) is None:
            self._note(command, None)

    async def _visit(self, command: Command) -> None:
        """Read one menu, and note when to do so again. CameraError when the camera is away."""
        # Until it has answered, and that is noted.
        self._due[command.path] = time.monotonic() + EVERY
        self._note(command, await self._menus.read(command))

    def _note(self, command: Command, error: CameraError | None) -> None:
        """Note what came of a question, and when to ask again."""
        path = command.path
        if error is None or not self._menus.knows(command):
            self._unread.discard(path)
        late = error is not None and error.reason is Reason.TIMEOUT
        seldom = path in self._unread or late
        self._due[path] = time.monotonic() + (SELDOM if seldom else EVERY)
        self._judge(command, error)

    def _judge(self, command: Command, error: CameraError | None) -> None:
        """Learn from what only the administrator is told whether we are one."""
        if command.access is not Access.ADMIN:
            return
        before = self._administrator
        if error is None:
            self._administrator = True
        elif error.reason is Reason.NEEDS_ADMINISTRATOR:
            self._administrator = False
        if self._administrator != before:
            self._version = -1

    def _next(self, now: float) -> str | None:
        """Return the path of the menu to look at, if any: the one that has waited longest."""
        if not self._client.has_credentials:
            return None
        paths = {path for path in (*self._unread, *self._looked_at()) if self._due_at(path) <= now}
        return min(paths, key=self._due_at, default=None)

    def _looked_at(self) -> Iterator[str]:
        """Yield the paths of menus that somebody looks at; what there is depends on the mode."""
        for key in self._wants.keys:
            yield KNOBS[key].field.read.path
            yield FIELDS[MODE].read.path

    def _due_at(self, path: str) -> float:
        return self._due.get(path, 0.0)

    def _has_other_mode(self) -> bool:
        mode = self._menus.value(MODE)
        if self._mode is None:
            self._mode = mode
        return mode is not None and mode != self._mode

    def _reconfigure(self) -> None:
        """Have a camera set up again that has other streams and menus now."""
        self._mode = self._menus.value(MODE)
        self._due.clear()
        self._tell(Reconfigured())

    def _refresh(self) -> None:
        """Make rows and values of what is known now."""
        if self._version == self._menus.version:
            return
        self._version = self._menus.version
        self._rows, self._values = {}, {}
        if not self._client.has_credentials or self._administrator is False:
            return
        known = {knob.path: self._menus.value(knob.path) for knob in KNOBS.values()}
        told = {path: value for path, value in known.items() if value is not None}
        situation = situation_of(told)
        for key, knob in KNOBS.items():
            if knob.path in told and knob.fits(situation):
                self._rows[key] = knob.row(told[knob.path], situation)
                self._values[key] = knob.value(told[knob.path])

    async def _set(self, knob: Knob, words: tuple[str, ...], value: Value) -> None:
        """Send a value in one way after the other, until the camera shows it. CameraError."""
        refusal: RefusedError | None = None
        told = self._menus.encoding(knob.field.read)
        ways = [(word, encoding) for word in words for encoding in knob.encodings(word, told)]
        for name, (word, encoding) in product(knob.field.parameters, ways):
            try:
                await self._menus.send(knob.field, name, word, encoding)
            except RefusedError as err:
                refusal = refusal or err
                continue
            except ConnectError as err:
                # The camera may go to another mode before it has said so.
                if knob.path != MODE or isinstance(err, UnreachedError):
                    raise
            if await self._shows(knob, value):
                return
        raise refusal or RefusedError(Reason.NOT_TAKEN, knob.path)

    async def _shows(self, knob: Knob, value: Value) -> bool:
        """Return whether the camera comes to show a value, which may take it a while.

        CameraError when it does not answer any more.
        """
        error: CameraError | None = None
        answered = 0
        try:
            async with asyncio.timeout(AWAY_LIMIT if knob.path == MODE else SHOW_LIMIT):
                while answered <= CHECKS:
                    try:
                        error = await self._menus.read(knob.field.read)
                    except (ConnectError, BusyError) as err:
                        error = err  # it may restart what it has just changed
                    else:
                        answered += 1
                        told = self._menus.value(knob.path)
                        if told is not None and knob.shows(told, value):
                            return True
                    if answered <= CHECKS:
                        await asyncio.sleep(SETTLE)
        except TimeoutError:
            raise error or ConnectError(Reason.TIMEOUT) from None
        if isinstance(error, ProtocolError):
            raise error
        return False

    def _after(self, knob: Knob) -> None:
        """Look at what a change may have touched."""
        self._due[knob.field.read.path] = time.monotonic() + EVERY
        if self._has_other_mode():
            self._reconfigure()
