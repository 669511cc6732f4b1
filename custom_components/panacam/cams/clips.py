"""Clips on a camera's own memory cards, the cards, and the FTP server that it sends clips to.

A clip's name comes from the camera: it is sent back as it is, and never becomes a path of ours.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

SLOTS: Final = ("sd1", "sd2")
"""Where cards may be."""


class ClipFormat(StrEnum):
    """What a clip is written in."""

    MP4 = "mp4"
    AVCHD = "avchd"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """One recording on a card."""

    slot: str
    """One of SLOTS, as in State.slots."""
    format: ClipFormat
    name: str
    """The camera's own, bounded, without control characters; unique on its card and format."""
    began: datetime | None = None
    """By the camera's clock, so without a time zone; None: it does not say."""
    length: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What is on one card in one format, as it was at one moment: it never changes."""

    clips: tuple[Clip, ...]
    """Newest first, each name once."""
    complete: bool
    """Whether these are all that can be had; else older ones are still being read."""
    total: int
    """How many there are, as the camera says; at least as many as `clips`.

    More than these when the list is complete: they are too many (then these are the newest), or
    have names that cannot be sent back.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """A clip on its way here."""

    start: int
    """The first byte that comes."""
    size: int | None
    """Of the whole clip in bytes; None: the camera does not say."""
    pieces: AsyncIterator[bytes]
    """Iterating raises CameraError when it breaks off, short of `size` included."""


class Clips(Protocol):
    """The clips on the camera's cards. Every method raises CameraError.

    RefusedError(NO_CARD) without a card, (CARD_REMOVED) for one that was pulled meanwhile,
    (CLIP_GONE) for a clip that is no longer there, (CARD_IN_USE) while the camera records, formats,
    deletes or sends; BusyError when somebody else downloads.
    """

    @property
    def formats(self) -> tuple[ClipFormat, ...]:
        """Return the formats that it may have clips in."""

    async def listing(
        self, slot: str, kind: ClipFormat, *, within: float | None = None, renew: bool = True
    ) -> Listing:
        """Return what is on a card, newest first.

        `within` seconds it returns what it has by then, and goes on reading for the next who asks;
        None: it waits for all. Without `renew`, a listing that somebody looked at a short while ago
        is returned as it was, so that nothing moves while people page through it.
        """

    def download(self, clip: Clip, *, start: int = 0) -> AbstractAsyncContextManager[Download]:
        """Open a clip from byte `start` on; Download.start says what comes indeed: it or 0.

        A camera that cannot begin in the middle sends all.
        """

    async def delete(self, clips: Sequence[Clip]) -> tuple[Clip, ...]:
        """Delete clips, in groups if need be; return those that are gone beyond doubt."""

    async def send(self, slot: str, kind: ClipFormat, clips: Sequence[Clip] | None = None) -> None:
        """Begin to send clips (None: all of a card and format) to the FTP server that is set."""

    async def cancel_sending(self) -> None:
        """Send no more."""


class Cards(Protocol):
    """The memory cards themselves. Every method raises CameraError."""

    @property
    def slots(self) -> tuple[str, ...]:
        """Return the slots, whether or not there is a card in them."""

    async def format(self, slot: str, progress: Callable[[], None] | None = None) -> None:
        """Erase a card; returns when that is done, which may take minutes.

        RefusedError(CARD_IN_USE | NO_CARD | CARD_REMOVED | FORMAT_FAILED). `progress` is called
        whenever there may be news to poll.
        """

    async def reset_clip_number(self) -> None:
        """Have the next MP4 clip begin a new folder, with the number 0001."""

    async def set_recorder_id(self, number: int) -> None:
        """Set the number that the folders of MP4 clips are named after: 0 to 16."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FtpTarget:
    """An FTP server that a camera sends clips to."""

    host: str
    """An IPv4 address."""
    port: int = 21
    username: str = ""
    password: str | None = field(default=None, repr=False)
    """None where a camera tells its target: it never tells this."""
    passive: bool = True
    folder: str = ""


class FtpSender(Protocol):
    """Where a camera sends clips by FTP. Every method raises CameraError."""

    async def target(self) -> FtpTarget:
        """Return what is set, without the password."""

    async def aim(self, target: FtpTarget) -> None:
        """Set it, and read it back. RefusedError(OUT_OF_RANGE | NOT_TAKEN)."""
