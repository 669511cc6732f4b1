"""Pictures and sound, each on its beat, to all who asked for them."""

import asyncio
from collections.abc import Sequence
from typing import Final

from .adpcm import PACKETS_PER_SECOND, tone
from .camera import RESOLUTIONS, Camera
from .faults import Channel, Faults, MoFault
from .link import Link
from .operation import Operation
from .scene import scene
from .wire import SOUND, SOUND_STATE, VIDEO, DataOp

_SOUND_KEPT: Final = 0.5
"""Seconds of sound that are sent late rather than never."""
_RUBBISH: Final = b"\xff\xc8\x00\xff\xd8\xff\xfe\xa5" * 40


class Media:
    """The two beats of one camera."""

    def __init__(self, camera: Camera, faults: Faults, clients: Sequence[Operation]) -> None:
        """Serve `clients`, which others keep up to date."""
        self._camera = camera
        self._faults = faults
        self._clients = clients
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin both beats."""
        self._tasks = [asyncio.create_task(self._pictures()), asyncio.create_task(self._sound())]

    async def stop(self) -> None:
        """End both beats."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    async def _pictures(self) -> None:
        camera = self._camera
        beat = _Beat(0)
        while True:
            await beat.wait(1 / camera.fps)
            camera.number += 1
            viewers = [one.data.link for one in self._clients if one.video and one.data]
            if viewers and not camera.stalled:
                self._send_picture(viewers)

    async def _sound(self) -> None:
        beat = _Beat(_SOUND_KEPT)
        while True:
            await beat.wait(1 / PACKETS_PER_SECOND)
            if not self._camera.sound or self._camera.stalled:
                continue
            for client in self._clients:
                if client.audio and client.data:
                    self._send_sound(client, client.data.link)

    def _send_picture(self, viewers: Sequence[Link]) -> None:
        camera = self._camera
        picture = scene(camera.size, camera.dialect.pictures).picture(camera.number)
        for link in viewers:
            if link.mute or link.closed:
                continue
            if link.congested:
                camera.pictures_dropped += 1
                continue
            data, length = self._spoil(picture)
            head = VIDEO.pack(
                camera.timestamp(),
                camera.seconds(camera.number),
                camera.dialect.picture_reserved,
                length,
            )
            camera.note_sent(camera.number)
            link.send(DataOp.VIDEO_DATA, head, data)

    def _spoil(self, picture: bytes) -> tuple[bytes, int]:
        """Give a picture, and what is said of its length, after faults."""
        if self._faults.take(MoFault.SIZE_CHANGE, Channel.DATA):
            camera = self._camera
            other = next(size for size in RESOLUTIONS.values() if size != camera.size)
            picture = scene(other, camera.dialect.pictures).picture(camera.number)
        if self._faults.take(MoFault.CORRUPT_JPEG, Channel.DATA):
            half = len(picture) // 2
            picture = picture[:half] + _RUBBISH + picture[half + len(_RUBBISH) :]
        if self._faults.take(MoFault.TRUNCATED_JPEG, Channel.DATA):
            picture = picture[: len(picture) // 2]
        if self._faults.take(MoFault.EMPTY_JPEG, Channel.DATA):
            picture = b""
        wrong = self._faults.take(MoFault.LENGTH_MISMATCH, Channel.DATA)
        return picture, len(picture) + (1000 if wrong else 0)

    def _send_sound(self, client: Operation, link: Link) -> None:
        camera = self._camera
        number = client.audio_packets
        # A lost packet is missed by the client, not by the encoder.
        client.audio_packets += 1
        if link.congested:
            return
        data, *state = tone(camera.model.tone).packet(number)
        head = SOUND.pack(
            camera.timestamp(),
            (camera.dialect.audio_sequence + number) & 0xFFFFFFFF,
            camera.seconds(number),
            0,
            len(data),
        )
        more = SOUND_STATE.pack(*state) if camera.dialect.audio_state else b""
        link.send(DataOp.AUDIO_DATA, head, data, more)


class _Beat:
    """Regular moments that do not drift."""

    def __init__(self, kept: float) -> None:
        self._kept = kept
        self._due = asyncio.get_running_loop().time()

    async def wait(self, seconds: float) -> None:
        """Wait for the moment `seconds` after the one before; one long gone is left out."""
        now = asyncio.get_running_loop().time()
        self._due += seconds
        if self._due < now - self._kept:
            self._due = now
        await asyncio.sleep(max(self._due - now, 0))
