"""What outlasts a device object: which number belongs to what, and what is to be put back."""

from typing import Protocol


class Memory(Protocol):
    """Keeps values that JSON can have, by key; whoever reads them checks what they are."""

    def get(self, key: str) -> object:
        """Return what was put, or None."""

    def put(self, key: str, value: object) -> None:
        """Keep a value, which must not change afterwards; None: forget it."""


class ShortMemory:
    """Lasts as long as the object."""

    def __init__(self) -> None:
        """Know nothing."""
        self._values: dict[str, object] = {}

    def get(self, key: str) -> object:
        """Return what was put, or None."""
        return self._values.get(key)

    def put(self, key: str, value: object) -> None:
        """Keep a value."""
        self._values[key] = value
