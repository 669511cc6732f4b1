"""What is known of one account's files: by their paths and by their ids."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from .names import Kind, Parts, began_of, is_name, is_temporary, kind_of

BEFORE: Final = float("-inf")
"""When a file came that was there already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A file that came whole."""

    account: str
    parts: Parts
    size: int
    """Bytes."""
    time: int
    """When it came, in nanoseconds since 1970; it goes with the file through renames."""
    came: float = field(default=BEFORE, compare=False)
    """The same in seconds of a clock that nobody sets, as long as this run lasts."""
    is_whole: bool = field(default=True, compare=False)
    """Whether its client did not die at its end."""

    @property
    def id(self) -> str:
        """Return what tells it from the others of its account, after a restart too."""
        return str(self.time // 1000)

    @property
    def name(self) -> str:
        """Return its name: at most 255 bytes; without control characters, if it has a kind."""
        return self.parts[-1]

    @property
    def kind(self) -> Kind | None:
        """Return what it is; None: no picture and no film, or not shown (yet)."""
        if not self.is_whole or is_temporary(self.name) or not all(map(is_name, self.parts)):
            return None
        return kind_of(self.name)

    @property
    def began(self) -> datetime | None:
        """Return when it began by its name, without a time zone."""
        return began_of(self.name)


class Shelf:
    """The files of one account."""

    def __init__(self, account: str) -> None:
        """Begin with nothing."""
        self.account = account
        self.size = 0
        """Bytes of them all."""
        self._files: dict[Parts, Received] = {}
        self._ids: dict[str, Received] = {}

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._files)

    def __iter__(self) -> Iterator[Received]:
        """Yield them in no order."""
        return iter(self._files.values())

    def put(self, file: Received) -> Received:
        """Know of one more file, or of what became of one."""
        self.take(file.parts)
        self._files[file.parts] = file
        self._ids[file.id] = file
        self.size += file.size
        return file

    def take(self, parts: Parts) -> Received | None:
        """Forget a file; return it."""
        if (file := self._files.pop(parts, None)) is not None:
            self.size -= file.size
            if self._ids.get(file.id) is file:
                del self._ids[file.id]
        return file

    def free_time(self, time: int) -> int:
        """Return the first time at which no other one came: those two would have one id."""
        time = time // 1000 * 1000
        while str(time // 1000) in self._ids:
            time += 1000
        return time

    def find(self, key: str) -> Received | None:
        """Return the file with an id."""
        return self._ids.get(key)

    def at(self, parts: Parts) -> Received | None:
        """Return the file at a path."""
        return self._files.get(parts)

    def clips(self) -> list[Received]:
        """Return the pictures and films, newest first."""
        found = [file for file in self if file.kind is not None]
        return sorted(found, key=lambda file: file.time, reverse=True)

    def oldest(self, now: int) -> list[Received]:
        """Return all files, the oldest first; before them those of a clock that was wrong."""
        return sorted(self, key=lambda file: (file.time <= now, file.time))


class Shelves:
    """The files of all accounts."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.changes: list[Callable[[], None]] = []
        """Called when there is more or less."""
        self._shelves: dict[str, Shelf] = {}

    @property
    def size(self) -> int:
        """Return the bytes of all files."""
        return sum(shelf.size for shelf in self._shelves.values())

    @property
    def count(self) -> int:
        """Return how many files there are."""
        return sum(map(len, self._shelves.values()))

    def clips(self, account: str) -> list[Received]:
        """Return an account's pictures and films, newest first."""
        return shelf.clips() if (shelf := self._shelves.get(account)) is not None else []

    def has_clips(self, account: str) -> bool:
        """Return whether an account has any picture or film."""
        return any(file.kind is not None for file in self._shelves.get(account, ()))

    def find(self, account: str, key: str) -> Received | None:
        """Return the picture or film with an id."""
        shelf = self._shelves.get(account)
        file = None if shelf is None else shelf.find(key)
        return None if file is None or file.kind is None else file

    def untold(self, account: str, parts: Parts) -> Received:
        """Return a file that is none of the pictures and films. PermissionError for another."""
        if (file := self._shelf(account).at(parts)) is None or file.kind is not None:
            raise PermissionError
        return file

    def _changed(self) -> None:
        for changed in self.changes:
            changed()

    def _shelf(self, account: str) -> Shelf:
        return self._shelves.setdefault(account, Shelf(account))
