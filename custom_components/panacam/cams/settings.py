"""What can be adjusted in a camera, as data: one row a setting, whatever its family."""

from dataclasses import dataclass
from typing import Protocol

type Value = str | float | bool
"""Of a setting: a choice's name or a text, a number, on or off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What every entity made of a row needs to know."""

    key: str
    """Unique and stable within the camera: part of unique ids, so never renamed."""
    kind: str = ""
    """What it is, for translations; empty: its key says it."""
    label: str = ""
    """Which one of several of its kind: a profile's or an input's name."""
    enabled: bool = True
    """Whether most people want it; else its entity starts disabled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustable(Row):
    """What every setting has."""

    config: bool = True
    """Whether it is configuration, not something that people use: a lamp, a relay."""
    exclusive: bool = False
    """Whether the camera may go away for it, so that nothing else is to be under way meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(Adjustable):
    """A setting with a few named values."""

    options: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Range(Adjustable):
    """A setting with a number."""

    minimum: float
    maximum: float
    step: float = 1
    unit: str | None = None
    """Home Assistant's own unit: `kbit/s`, `fps`, `µs`, `dB`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Toggle(Adjustable):
    """A setting that is on or off."""

    assumed: bool = False
    """Whether the camera never tells which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text(Adjustable):
    """A setting that people write."""

    max_length: int = 255


type Setting = Choice | Range | Toggle | Text


class Settings(Protocol):
    """What can be adjusted in the camera; State.settings has the values."""

    @property
    def table(self) -> tuple[Setting, ...]:
        """Return the settings that this camera has; it may grow and shrink."""

    async def change(self, key: str, value: Value) -> None:
        """Set one. CameraError; RefusedError(OUT_OF_RANGE) for a value that it cannot have."""
