"""A Panasonic camera's menus as they are known: read one by one, written value by value (4, 5)."""

import asyncio
from collections.abc import Mapping
from typing import Final

from ..backup import Item
from ..errors import BusyError, CameraError, ConnectError, ProtocolError, Reason, RefusedError
from ..keeping import SETTLE
from .client import PovcamClient
from .commands import GETINFO
from .menus import FIELDS, READS, Field
from .wire import Command, Reply, encoding_of, parse_reply

MODE: Final = "priority.mode"
"""Path of what decides which other menus there are."""
UTF_8: Final = "utf-8"


class Menus:
    """The menus as a shelf; whoever reads or writes one tells all others that look here."""

    def __init__(self, client: PovcamClient) -> None:
        """Know nothing yet."""
        self._client = client
        self._replies: dict[str, Reply] = {}
        """By the path of the request."""
        self._mute: set[str] = set()
        """Paths of requests that this camera does not know."""
        self._answered: set[str] = set()
        """Those that it knows for sure."""
        self._expected: set[str] = set()
        """Those that it answers in the mode that it is in."""
        self._encodings: dict[str, str] = {}
        """What an answer was encoded in last, by the path of the request."""
        self._mode: str | None = None
        self._turn = 0
        self._latest: dict[str, int] = {}
        """Which turn it was that told what is known, by the path of the request."""
        self.missed: CameraError | None = None
        """Why a menu that was expected is not there since the last look."""
        self.version = 0
        """Another one whenever something else is known."""

    def now(self) -> Mapping[str, Item]:
        """Return what is known."""
        return {path: value for path in FIELDS if (value := self.value(path)) is not None}

    def value(self, path: str) -> str | None:
        """Return what is known of one value, or None for what means nothing now."""
        field = FIELDS[path]
        return self._value(field) if self._means_something(field) else None

    def reply(self, command: Command) -> Reply | None:
        """Return what one request was answered last."""
        return self._replies.get(command.path)

    def encoding(self, command: Command) -> str:
        """Return what one request is answered in, as far as that can be known."""
        return self._encodings.get(command.path, UTF_8)

    def knows(self, command: Command) -> bool:
        """Return whether the camera may know a request."""
        return command.path not in self._mute

    async def look(self) -> None:
        """Read all menus. CameraError when the camera is away or busy."""
        self.missed = None
        for command in READS.values():
            error = await self.read(command)
            if error is not None and command.path in self._expected:
                self.missed = error

    async def write(self, path: str, item: Item) -> None:
        """Set one value and read it back. CameraError; RefusedError(OUT_OF_RANGE)."""
        field = FIELDS[path]
        if not isinstance(item, str):
            raise RefusedError(Reason.OUT_OF_RANGE, path)
        refusal: RefusedError | None = None
        for name in field.parameters:
            try:
                await self.send(field, name, item)
            except RefusedError as err:
                refusal = refusal or err
                continue
            await self.read(field.read)
            if self._value(field) == item:
                return
        if refusal is not None:
            raise refusal

    async def send(self, field: Field, name: str, item: str, encoding: str = UTF_8) -> None:
        """Send a value under a name, and what goes along; it is not read back. CameraError."""
        if not field.parameter.allows(item):
            raise RefusedError(Reason.OUT_OF_RANGE, field.path)
        others = [FIELDS[f"{field.menu}.{key}"] for key in field.along]
        along = {
            other.parameters[0]: value
            for other in others
            if (value := self._value(other)) is not None and other.parameter.allows(value)
        }
        if encoding == UTF_8:
            await self._client.call(field.write, **along, **{name: item})
        else:
            await self._client.post(field.write, encoding, **along, **{name: item})

    async def read(self, command: Command) -> CameraError | None:
        """Read one menu; return why it is not there, if so.

        Raises CameraError when it is the camera that is away or busy.
        """
        if command.path in self._mute:
            return RefusedError(Reason.UNSUPPORTED, command.name)
        self._turn += 1
        turn = self._turn
        try:
            body = await self._ask(command)
        except (RefusedError, ProtocolError) as err:
            self._put(command, turn, None)
            if err.reason is Reason.UNSUPPORTED and command.path not in self._answered:
                self._mute.add(command.path)
            return err
        return self._take(command, turn, body)

    def take(self, command: Command, body: bytes) -> CameraError | None:
        """Take an answer that somebody else has got; return what `read` would."""
        self._turn += 1
        return self._take(command, self._turn, body)

    def _take(self, command: Command, turn: int, body: bytes) -> CameraError | None:
        reply = parse_reply(body)
        if not body.isascii():
            self._encodings[command.path] = encoding_of(body).removesuffix("-sig")
        if not any(
            field.read.path == command.path and field.value(reply) is not None
            for field in FIELDS.values()
        ):
            self._put(command, turn, reply)
            return ProtocolError(Reason.UNEXPECTED_REPLY, command.name)
        self._put(command, turn, reply)
        self._answered.add(command.path)
        self._expected.add(command.path)
        return None

    def _put(self, command: Command, turn: int, reply: Reply | None) -> None:
        """Keep an answer, unless a later question was answered sooner."""
        if turn < self._latest.get(command.path, 0):
            return
        self._latest[command.path] = turn
        if reply != self._replies.get(command.path):
            self.version += 1
        if reply is None:
            self._replies.pop(command.path, None)
        else:
            self._replies[command.path] = reply
        mode = self._value(FIELDS[MODE])
        if mode is not None and mode != self._mode:
            if self._mode is not None:
                # Another mode may have other menus.
                self._expected.clear()
            self._mode = mode

    def _value(self, field: Field) -> str | None:
        reply = self._replies.get(field.read.path)
        return None if reply is None else field.value(reply)

    def _means_something(self, field: Field) -> bool:
        if field.when is None:
            return True
        key, value = field.when
        return self._value(FIELDS[f"{field.menu}.{key}"]) == value

    async def _ask(self, command: Command) -> bytes:
        """Ask twice at most: there are models that hang up on what they do not know.

        Raises CameraError; where only this request is not answered RefusedError(UNSUPPORTED), or
        RefusedError(TIMEOUT) by a camera that may yet come to know it.
        """
        try:
            return await self._client.call(command)
        except BusyError:
            await asyncio.sleep(SETTLE)
            return await self._client.call(command)
        except ConnectError as err:
            if err.reason not in {Reason.CUT, Reason.TIMEOUT}:
                raise
        await self._client.call(GETINFO, FILE=1)  # raises when it is the camera that is away
        try:
            return await self._client.call(command)
        except ConnectError as err:
            await self._client.call(GETINFO, FILE=1)
            late = err.reason is Reason.TIMEOUT
            raise RefusedError(
                Reason.TIMEOUT if late else Reason.UNSUPPORTED, command.name
            ) from err
