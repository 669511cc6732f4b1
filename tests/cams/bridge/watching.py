"""Those who look: one who takes packets, and the player that Home Assistant has."""

import asyncio
from collections.abc import AsyncGenerator
import contextlib
from contextlib import asynccontextmanager
from dataclasses import replace
import threading
from typing import Self

import av

from custom_components.panacam.cams.bridge.frames import JpegReader
from custom_components.panacam.cams.bridge.packets import TICKS, Format, Kind, Packet
from custom_components.panacam.cams.bridge.viewers import Ended, PacketViewer
from custom_components.panacam.cams.stream import Picture
from tests.cams.bridge.support import LONG, Shown, frames_of, read


class Gathering:
    """Takes what comes for a viewer, as a server does, until it ends."""

    def __init__(self, viewer: PacketViewer) -> None:
        """Begin with nothing."""
        self.packets: list[Packet] = []
        self.format: Format | None = None
        self.ended = False
        self._viewer = viewer
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin to take."""
        self._task = asyncio.get_running_loop().create_task(self._take())
        return self

    async def __aexit__(self, *_exception: object) -> None:
        """Take no more."""
        assert self._task is not None
        self._task.cancel()
        await asyncio.wait((self._task,))

    async def _take(self) -> None:
        try:
            while True:
                self.format, packets = await self._viewer.take()
                self.packets += packets
        except Ended:
            self.ended = True

    @property
    def span(self) -> float:
        """Return the seconds of pictures so far."""
        stamps = [each.dts for each in self.packets if each.kind is Kind.VIDEO]
        return (stamps[-1] - stamps[0]) / TICKS if stamps else 0.0

    def shown(self) -> list[Shown]:
        """Return what a player shows so far, without times and keyframes."""
        return [replace(read(frame), key=False) for frame in frames_of(self.packets)]


async def ended(viewer: PacketViewer) -> None:
    """Take until the viewer is sent away."""
    with contextlib.suppress(Ended):
        while True:
            await viewer.take()


def shown_in(picture: Picture) -> Shown:
    """Return what a JPEG shows."""
    frame = JpegReader().read(picture)
    assert frame is not None
    return read(frame)


class Player:
    """PyAV, which Home Assistant plays with, in a thread of its own."""

    def __init__(self, url: str) -> None:
        """Play a URL."""
        self.shown: list[Shown] = []
        self.kinds: list[str] = []
        self.error: Exception | None = None
        self._url = url
        self._ended = threading.Event()
        self.thread = threading.Thread(target=self._run, name="player", daemon=True)

    def stop(self) -> None:
        """End after the next frame."""
        self._ended.set()

    def _run(self) -> None:
        try:
            with av.open(self._url, timeout=(LONG, LONG)) as container:
                self.kinds = [stream.type for stream in container.streams]
                for frame in container.decode(video=0):
                    at = float((frame.pts or 0) * (frame.time_base or 0))
                    self.shown.append(read(frame, at))
                    if self._ended.is_set():
                        return
        except Exception as err:  # noqa: BLE001 - the test looks at it
            self.error = err


@asynccontextmanager
async def player(url: str) -> AsyncGenerator[Player]:
    """Play a URL while the context is open; the stream has to go on until then."""
    playing_ = Player(url)
    playing_.thread.start()
    try:
        yield playing_
    finally:
        playing_.stop()
        await asyncio.get_running_loop().run_in_executor(None, playing_.thread.join)
