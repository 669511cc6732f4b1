"""Keeps a Panasonic camera's menus: what they are set to, written value by value (4, 5)."""

import asyncio
from collections.abc import Mapping
from typing import Final, override

from ..backup import Item, Sections
from ..errors import BusyError, CameraError, ConnectError, ProtocolError, Reason, RefusedError
from ..keeping import SETTLE, ShelfKeeper
from .client import PovcamClient
from .commands import GETINFO
from .menus import FIELDS, READS, Field
from .wire import Command, Reply, parse_reply

_MODE: Final = "priority.mode"


class PovcamKeeper(ShelfKeeper):
    """The keeper role."""

    def __init__(self, client: PovcamClient) -> None:
        """Read and write by `client`."""
        self._menus = Menus(client)
        super().__init__(self._menus, lambda path: path in FIELDS and FIELDS[path].own)

    @override
    async def read(self) -> Sections:
        """Return how the camera is set; CameraError also where a menu fails that it has."""
        sections = await super().read()
        if self._menus.missed is not None:
            raise self._menus.missed
        return {
            menu: {
                key: item
                for key, item in items.items()
                if isinstance(item, str) and FIELDS[f"{menu}.{key}"].may_keep(item)
            }
            for menu, items in sections.items()
        }


class Menus:
    """The menus as a shelf."""

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
        self._mode: str | None = None
        self.missed: CameraError | None = None
        """Why a menu that was expected is not there since the last look."""

    def now(self) -> Mapping[str, Item]:
        """Return what is known."""
        return {
            path: value
            for path, field in FIELDS.items()
            if (value := self._value(field)) is not None and self._means_something(field)
        }

    async def look(self) -> None:
        """Read all menus. CameraError when the camera is away or busy."""
        self.missed = None
        for command in READS.values():
            await self._read(command)

    async def write(self, path: str, item: Item) -> None:
        """Set one value and read it back. CameraError; RefusedError(OUT_OF_RANGE)."""
        field = FIELDS[path]
        if not isinstance(item, str) or not field.parameter.allows(item):
            raise RefusedError(Reason.OUT_OF_RANGE, path)
        others = {key: FIELDS[f"{field.menu}.{key}"] for key in field.along}
        along = {
            other.parameters[0]: value
            for other in others.values()
            if (value := self._value(other)) is not None and other.parameter.allows(value)
        }
        refusal: RefusedError | None = None
        for name in field.parameters:
            try:
                await self._client.call(field.write, **along, **{name: item})
            except RefusedError as err:
                refusal = refusal or err
                continue
            await self._read(field.read)
            if self._value(field) == item:
                return
        if refusal is not None:
            raise refusal

    def _value(self, field: Field) -> str | None:
        reply = self._replies.get(field.read.path)
        return None if reply is None else field.value(reply)

    def _means_something(self, field: Field) -> bool:
        if field.when is None:
            return True
        key, value = field.when
        return self._value(FIELDS[f"{field.menu}.{key}"]) == value

    async def _read(self, command: Command) -> None:
        """Read one menu; a camera that does not know the request has not got it."""
        if command.path in self._mute:
            return
        try:
            body = await self._ask(command)
        except (RefusedError, ProtocolError) as err:
            self._replies.pop(command.path, None)
            if command.path in self._expected:
                self.missed = err
            if err.reason is Reason.UNSUPPORTED and command.path not in self._answered:
                self._mute.add(command.path)
            return
        self._replies[command.path] = reply = parse_reply(body)
        if not any(
            field.read.path == command.path and field.value(reply) is not None
            for field in FIELDS.values()
        ):
            if command.path in self._expected:
                self.missed = ProtocolError(Reason.UNEXPECTED_REPLY, command.name)
            return
        if (mode := self._value(FIELDS[_MODE])) != self._mode:
            # Another mode may have other menus.
            self._mode = mode
            self._expected.clear()
        self._answered.add(command.path)
        self._expected.add(command.path)

    async def _ask(self, command: Command) -> bytes:
        """Ask twice at most: there are models that hang up on what they do not know.

        Raises CameraError; RefusedError(UNSUPPORTED) where only this request is not answered.
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
            raise RefusedError(Reason.UNSUPPORTED, command.name) from err
