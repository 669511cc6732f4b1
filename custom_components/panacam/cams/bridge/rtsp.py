"""The hub of an RTSP stream: one connection to the camera, its packets for everybody."""

import asyncio
from contextlib import suppress
import logging
import time
from typing import Final, override

from av.error import FFmpegError

from ..errors import CameraError, ConnectError, Reason
from ..stream import RtspStream
from .hub import GIVE_UP, Hub, Status, Waits
from .keyframes import Keyframes
from .packets import STALE, TICKS, Format, Kind, Packet
from .reader import RtspReader
from .refusals import named
from .relay import Ways
from .ring import PacketRing
from .silence import Silence
from .standin import StandIn, newest_jpeg
from .timeline import Timeline
from .viewers import PacketViewer

FIRST_PICTURE: Final = 12.0
"""Seconds that one who looks waits for the first keyframe."""
REPEAT_AFTER: Final = 1.5
"""Seconds without a packet after which the last picture is shown again."""
TICK: Final = 0.25
SOUND_LATE: Final = TICKS
"""How far the sound may be behind the pictures before silence is put in its place."""
MAX_SILENCE: Final = 10 * TICKS
"""The most of it at a time."""
PATIENCE: Final = 0.5
"""Seconds of a connection without a picture after which the camera is asked for a keyframe."""
MAX_ASKED: Final = 5.0
"""Seconds after which it is asked no more: it does not answer, or does not listen."""

_LOGGER = logging.getLogger(__name__)


class RtspHub(Hub):
    """Packets of one stream, for everybody."""

    def __init__(self, stream: RtspStream, *, ring: float) -> None:
        """Read the stream while anybody looks."""
        super().__init__(stream.key, ring=ring, first_picture=FIRST_PICTURE)
        self._stream = stream
        self._packets = PacketRing(ring)
        self._format: Format | None = None
        self._timeline = Timeline()
        self._epoch = time.monotonic()
        self._reader: RtspReader | None = None
        self._ways = Ways()
        self._newest: dict[Kind, int] = {}
        """The dts of the last packet of each kind, ours included."""
        self._silence: tuple[Format, Silence | None] | None = None
        """What stands for the sound of a format, once it was needed."""
        self._standing_in = False
        self._still: tuple[int, bytes | None] | None = None
        """The dts of a packet and the picture of it, for all who want one."""
        self._decoding = asyncio.Lock()
        self._newcomer = False
        """Whether somebody has come since the last picture of the stand-in."""
        self._keyframes = Keyframes(stream.key, stream.ask_keyframe)
        self._connecting_at = 0.0

    @override
    async def still(self) -> bytes:
        with self._looking():
            await self._wait_for_picture()
            wanted = self._newest.get(Kind.VIDEO, 0)
            async with self._decoding:
                # What was decoded while one waited is new enough.
                if self._still is None or self._still[0] < wanted:
                    self._still = (self._newest.get(Kind.VIDEO, 0), await self._decoded())
                jpeg = self._still[1]
        if jpeg is None:
            raise ConnectError(Reason.NO_PICTURE)
        return jpeg

    @override
    async def close(self) -> None:
        await self._keyframes.close()
        await super().close()

    async def _decoded(self) -> bytes | None:
        """Return the newest picture, or None when it cannot be decoded. CameraError for none."""
        group = self._packets.last_group()
        if self._format is None or not group:
            raise ConnectError(Reason.NO_PICTURE)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(None, newest_jpeg, self._format.video, group)

    @override
    def _begin(self, viewer: PacketViewer, *, past: bool) -> None:
        viewer.past(self._format, self._packets.packets() if past else self._packets.last_group())
        self._newcomer = True
        if viewer.empty:
            self._keyframes.want()

    @override
    def _last_viewer_left(self) -> None:
        """Do nothing: packets are not made, they come."""

    @override
    def _forget(self) -> None:
        self._packets.clear()
        self._format = None
        self._still = None

    @override
    async def _run(self) -> None:
        waits = Waits()
        guard = asyncio.get_running_loop().create_task(self._guard())
        try:
            while True:
                self._connecting_at = time.monotonic()
                try:
                    self._reader = RtspReader(
                        self._stream,
                        timeline=self._timeline,
                        epoch=self._epoch,
                        deliver=self._take,
                        ways=self._ways,
                    )
                    await self._reader.run()
                except CameraError as err:
                    self._lost(await named(err, self._stream))
                except Exception:  # noqa: BLE001 - it is logged
                    # Whatever it is, it must not end the stream for good.
                    self._complain("Reading it failed")
                    self._lost(None)
                self._reader = None
                await self._pause(waits)
        finally:
            guard.cancel()

    def _take(self, format_: Format, packet: Packet, at: float) -> None:
        """Pass one packet on to everybody."""
        if self._standing_in:
            if not packet.key:
                self._keyframes.want()
                return  # it refers to pictures before those of the stand-in
            self._standing_in = False
        if self._format != format_:
            self._format = format_
            self._packets.clear()
        self._newest[packet.kind] = packet.dts
        self._packets.extend((packet,))
        for viewer in self._packet_viewers:
            viewer.offer(format_, (packet,))
        if packet.kind is Kind.VIDEO:
            self._arrived(at)

    async def _guard(self) -> None:
        """Stand in for a camera that stops sending, then send everybody away."""
        while True:
            await asyncio.sleep(TICK)
            try:
                await self._look()
            except Exception:  # noqa: BLE001 - it is logged
                # Whatever it is, viewers must not be left with a camera that has gone.
                self._complain("Looking after it failed")

    async def _look(self) -> None:
        silent = self._silent()
        self._hurry()
        await self._fill_sound()
        if silent > REPEAT_AFTER and self._packet_viewers and self._format is not None:
            await self._stand_in(self._format)

    def _hurry(self) -> None:
        """Have a keyframe sent where a connection has not begun with one."""
        waited = time.monotonic() - self._connecting_at
        if (
            self._reader is not None
            and self._last_at < self._connecting_at
            and PATIENCE < waited < MAX_ASKED
        ):
            self._keyframes.want()

    def _silent(self) -> float:
        """Return the seconds without a picture; too many of them end the connection."""
        silent = time.monotonic() - self._last_at
        if silent > STALE and self.status is Status.LIVE:
            self._lost(ConnectError(Reason.TIMEOUT))
            if self._reader is not None:
                self._reader.give_up()
        return silent

    async def _stand_in(self, format_: Format) -> None:
        """Show the last picture until the camera is back or everybody is sent away.

        Only H.264 has parameter sets that ours can stand beside; viewers of another codec are sent
        away when its last picture is no longer to be taken for live.
        """
        loop = asyncio.get_running_loop()
        picture: StandIn | None = None
        if format_.video == "h264":
            try:
                picture = await loop.run_in_executor(
                    None, StandIn, format_.video, self._packets.last_group()
                )
            except FFmpegError, ValueError:
                _LOGGER.debug("Nothing stands in for %s", self.key, exc_info=True)
            except Exception:
                _LOGGER.exception("Nothing stands in for %s", self.key)
        while (silent := self._silent()) > REPEAT_AFTER and self._packet_viewers:
            if silent > (GIVE_UP if picture is not None else STALE):
                self._send_away()
                return
            if picture is not None:
                with suppress(FFmpegError):
                    await self._show(picture, format_, mark=silent > STALE)
                await self._fill_sound()
            await asyncio.sleep(TICK)

    async def _fill_sound(self) -> None:
        """Put silence where sound is missing: players hold pictures back to wait for it."""
        format_, shown = self._format, self._newest.get(Kind.VIDEO)
        if format_ is None or format_.sound_rate is None or shown is None:
            return
        heard = self._newest.get(Kind.SOUND, shown - 2 * SOUND_LATE)
        if shown - heard < SOUND_LATE or (silence := await self._silence_of(format_)) is None:
            return
        # Sound may have come while the silence was made.
        heard = max(heard, self._newest.get(Kind.SOUND, heard))
        begin = max(heard + silence.duration, shown - MAX_SILENCE)
        packets = list(silence.between(begin, shown - SOUND_LATE // 2))
        if not packets or self._format != format_:
            return
        self._newest[Kind.SOUND] = self._timeline.after(Kind.SOUND, packets[-1].dts)
        self._packets.extend(packets)
        for viewer in self._packet_viewers:
            viewer.offer(format_, packets)

    async def _silence_of(self, format_: Format) -> Silence | None:
        """Return silence in a format, None where there is none."""
        if self._silence is None or self._silence[0] != format_:
            silence: Silence | None = None
            loop = asyncio.get_running_loop()
            try:
                silence = await loop.run_in_executor(
                    None, Silence, format_.sound_rate or 0, format_.channels
                )
            except FFmpegError, ValueError:
                _LOGGER.debug("No silence for %s", self.key, exc_info=True)
            except Exception:
                _LOGGER.exception("No silence for %s", self.key)
            self._silence = (format_, silence)
        return self._silence[1]

    async def _show(self, picture: StandIn, format_: Format, *, mark: bool) -> None:
        now = int((time.monotonic() - self._epoch) * TICKS)
        ticks = self._newest[Kind.VIDEO] = self._timeline.after(Kind.VIDEO, now)
        loop = asyncio.get_running_loop()
        # Those who come meanwhile have nothing to go on from.
        viewers = tuple(self._packet_viewers)
        key, self._newcomer = self._newcomer, False
        packets = await loop.run_in_executor(
            None, lambda: picture.encode(ticks, mark=mark, key=key)
        )
        if time.monotonic() - self._last_at < REPEAT_AFTER:
            return  # the camera is back
        self._standing_in = True
        for viewer in viewers:
            viewer.offer(format_, packets)
