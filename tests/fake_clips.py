"""A role of clips that tells and sends what a test says, for what no simulated camera shows."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from custom_components.panacam.cams.clips import Clip, ClipFormat, Clips, Download, Listing
from custom_components.panacam.cams.device import Slot, State
from custom_components.panacam.cams.errors import CameraError, ConnectError, Reason
from tests.fakes import FakeDevice
from tests.simulators.povcam.films import ClipFormat as FilmFormat, Film

BEGAN = datetime(2026, 11, 20, 20, 12, 2)  # noqa: DTZ001 - by the camera's clock


@cache
def film(kind: ClipFormat, *, front: bool = False, seconds: int = 4) -> bytes:
    """Return a real clip as bytes."""
    content = Film(format=FilmFormat(kind.value), front=front, seconds=seconds).content()
    return content.read(0, content.size)


def decoders() -> list[str]:
    """Return the processes that read clips, ours and not yet gone."""
    return [
        child
        for task in Path("/proc/self/task").iterdir()
        for child in (task / "children").read_text().split()
        # It has no command yet, or is the right one.
        if (line := Path(f"/proc/{child}/cmdline").read_bytes()) == b"" or b"decoding" in line
    ]


def clip(
    name: str = "CLIP1",
    kind: ClipFormat = ClipFormat.MP4,
    *,
    slot: str = "sd1",
    began: datetime | None = BEGAN,
    length: timedelta | None = timedelta(seconds=4),
) -> Clip:
    """Return a clip to be listed."""
    return Clip(slot=slot, format=kind, name=name, began=began, length=length)


@dataclass
class FakeClips:
    """Clips of a test."""

    contents: dict[Clip, bytes] = field(default_factory=dict)
    """Newest first."""
    formats: tuple[ClipFormat, ...] = tuple(ClipFormat)
    ranged: bool = True
    """Whether downloads can begin in the middle."""
    measured: bool = True
    """Whether sizes are told."""
    sizes: dict[Clip, int] = field(default_factory=dict)
    """What is told instead of the real size."""
    piece: int = 64 * 1024
    breaks: list[int | CameraError] = field(default_factory=list)
    """For each download to come, after how many bytes it breaks off, or why it does not begin."""
    gap: float = 0.0
    """Seconds between two pieces."""
    hold: asyncio.Event | None = None
    """Sends nothing behind the first piece until this is set."""
    error: CameraError | None = None
    """Why nothing is listed."""
    complete: bool = True
    total: int | None = None
    slow: float = 0.0
    """Seconds that listing takes."""
    starts: list[int] = field(default_factory=list)
    """Where downloads began."""
    looks: list[tuple[str, ClipFormat, float | None, bool]] = field(default_factory=list)
    open: int = 0
    """Downloads now."""
    most_open: int = 0
    sent: int = 0

    async def listing(
        self, slot: str, kind: ClipFormat, *, within: float | None = None, renew: bool = True
    ) -> Listing:
        """Tell what is there."""
        self.looks.append((slot, kind, within, renew))
        await asyncio.sleep(self.slow)
        if self.error is not None:
            raise self.error
        clips = tuple(one for one in self.contents if (one.slot, one.format) == (slot, kind))
        return Listing(clips=clips, complete=self.complete, total=self.total or len(clips))

    @asynccontextmanager
    async def download(self, clip: Clip, *, start: int = 0) -> AsyncGenerator[Download]:
        """Send it as the test says."""
        limit = self.breaks.pop(0) if self.breaks else None
        if isinstance(limit, CameraError):
            raise limit
        self.starts.append(start)
        data = self.contents[clip]
        begin = start if self.ranged else 0
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        size = self.sizes.get(clip, len(data)) if self.measured else None
        try:
            yield Download(start=begin, size=size, pieces=self._pieces(data, begin, limit))
        finally:
            self.open -= 1

    async def _pieces(self, data: bytes, at: int, limit: int | None) -> AsyncGenerator[bytes]:
        begun = at
        while at < len(data):
            if limit is not None and at - begun >= limit:
                raise ConnectError(Reason.CUT)
            if self.hold is not None and at > begun:
                await self.hold.wait()
            end = at + self.piece if limit is None else min(at + self.piece, begun + limit)
            await asyncio.sleep(self.gap)
            self.sent += len(data[at:end])
            yield data[at:end]
            at = end

    async def delete(self, clips: Sequence[Clip]) -> tuple[Clip, ...]:
        """Delete nothing."""
        return ()

    async def send(self, slot: str, kind: ClipFormat, clips: Sequence[Clip] | None = None) -> None:
        """Send nothing."""

    async def cancel_sending(self) -> None:
        """Do nothing."""


def recorder(
    contents: Mapping[Clip, bytes] | None = None,
    slots: Mapping[str, Slot] | None = None,
    make: Callable[[dict[Clip, bytes]], FakeClips] = FakeClips,
) -> tuple[FakeDevice, FakeClips]:
    """Return a camera that has clips, and the role."""
    clips = make(dict(contents or {}))
    role: Clips = clips
    cards = {"sd1": Slot(inserted=True, remaining=12.3, capacity=64.0), "sd2": Slot(inserted=False)}
    device = FakeDevice(state=State(transmitting={"only": True}, slots=slots or cards))
    device.clips = role
    return device, clips
