"""What can be adjusted in a MO camera: its parameters (operation codes 16 to 19, facts)."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, assert_never

from ..errors import ConnectError, Reason, RefusedError
from ..settings import Choice, Range, Setting, Value
from .link import MoLink
from .operation import Parameters, ParameterSet, ParametersRequest

PARAMETERS_WAIT: Final = 2.0
"""Seconds for a camera to tell its parameters; some do not know the question."""


@dataclass(frozen=True, slots=True)
class _Row:
    """A setting and the parameter behind it."""

    index: int
    """The parameter's place."""
    setting: Choice | Range
    codes: tuple[int, ...] = ()
    """Of the options, in their order."""


_TABLE: Final = (
    _Row(0, Choice(key="resolution", options=("320x240", "640x480")), (8, 32)),
    _Row(1, Range(key="brightness", minimum=0, maximum=255)),
    _Row(2, Range(key="contrast", minimum=0, maximum=6)),
    _Row(3, Choice(key="mode", options=("50hz", "60hz", "outdoor")), (0, 1, 2)),
    _Row(
        5, Choice(key="rotation", options=("none", "vertical", "horizontal", "both")), (0, 1, 2, 3)
    ),
)
TABLE: Final[tuple[Setting, ...]] = tuple(row.setting for row in _TABLE)


def read_settings(parameters: Parameters) -> Mapping[str, Value | None]:
    """Return the value of each setting, None for one that is not known."""
    return {row.setting.key: _value(row, parameters.values[row.index]) for row in _TABLE}


def _value(row: _Row, code: int) -> Value | None:
    match row.setting:
        case Choice(options=options):
            return options[row.codes.index(code)] if code in row.codes else None
        case Range(minimum=minimum, maximum=maximum):
            return code if minimum <= code <= maximum else None
    assert_never(row.setting)


def _code(row: _Row, value: Value) -> int:
    """Return a value as the parameter has it. RefusedError(OUT_OF_RANGE)."""
    match row.setting, value:
        case Choice(options=options), str() if value in options:
            return row.codes[options.index(value)]
        case Range(minimum=minimum, maximum=maximum), int() | float() if (
            minimum <= value <= maximum and value == int(value)
        ):
            return int(value)
    raise RefusedError(Reason.OUT_OF_RANGE, row.setting.key)


class MoSettings:
    """The settings role; it also keeps the parameters as the camera last told them."""

    def __init__(self, link: MoLink, changed: Callable[[], None]) -> None:
        """Ask by `link`; `changed` is told when the camera has told something new."""
        self._link = link
        self._changed = changed
        self._waiting: set[asyncio.Future[None]] = set()
        self.parameters: Parameters | None = None

    @property
    def table(self) -> tuple[Setting, ...]:
        """Return the settings that the camera has."""
        return TABLE

    def values(self) -> Mapping[str, Value | None]:
        """Return the values as the camera last told them."""
        return {} if self.parameters is None else read_settings(self.parameters)

    async def change(self, key: str, value: Value) -> None:
        """Set one, and see what became of it. CameraError; RefusedError(OUT_OF_RANGE)."""
        row = next((row for row in _TABLE if row.setting.key == key), None)
        if row is None:
            raise RefusedError(Reason.UNSUPPORTED)
        code = _code(row, value)
        connection = await self._link.ready()
        connection.send(ParameterSet(row.index, code))
        await self.ask()

    async def look(self) -> None:
        """Learn the values as they are now. ConnectError, also when the camera does not tell."""
        if not await self.ask():
            raise ConnectError(Reason.TIMEOUT)

    async def ask(self) -> bool:
        """Ask for the parameters, wait a while, return whether they were told. ConnectError."""
        connection = await self._link.ready()
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(answer)
        try:
            connection.send(ParametersRequest())
            with suppress(TimeoutError):
                async with asyncio.timeout(PARAMETERS_WAIT):
                    await answer
        finally:
            self._waiting.discard(answer)
        return answer.done() and not answer.cancelled()

    def told(self, parameters: Parameters) -> None:
        """Take what the camera told."""
        self.parameters = parameters
        for answer in self._waiting:
            if not answer.done():
                answer.set_result(None)
        self._changed()

    def told_one(self, index: int, value: int) -> None:
        """Take one changed parameter."""
        if self.parameters is not None and index < len(self.parameters.values):
            values = list(self.parameters.values)
            values[index] = value
            self.parameters = Parameters(tuple(values))
            self._changed()
