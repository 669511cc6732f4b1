"""Plays sound at an ONVIF camera by its back channel (IEC 62676-2-31, 10.4)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
import time
from typing import Final

from ..errors import BusyError, CameraError, Reason, RefusedError
from ..net.login import LoginRecord
from ..net.rtp import RtpSender
from ..net.rtsp_client import RtspClient
from ..net.rtsp_tracks import Track
from ..stream import Credentials
from .addresses import Place
from .speech import Piece, SpeechEncoder, Voice, voice_of

BACK_CHANNEL: Final = "www.onvif.org/ver20/backchannel"
BUFFER: Final = 0.5
"""Seconds that a camera may keep before it plays: hung up on, it would forget them."""
AHEAD: Final = 0.1
"""Seconds that packets may be on their way before their time."""
DEFAULT_RATE: Final = 8000
"""Samples a second of G.711."""


class OnvifSpeaker:
    """The speaker role."""

    def __init__(
        self,
        locate: Callable[[], Awaitable[Place]],
        credentials: Credentials | None,
        record: LoginRecord | None = None,
    ) -> None:
        """Speak where `locate` says that the stream is; it is asked each time. CameraError.

        `record` is what is known of the camera's logins.
        """
        self._locate = locate
        self._credentials = credentials
        self._record = record
        self._speaking = False
        self.rate = DEFAULT_RATE

    async def probe(self) -> bool:
        """Return whether the camera listens, and learn at which rate. ConnectError, AuthError."""
        try:
            place = await self._locate()
            async with self._client(place) as client:
                voice = voice_of(await client.describe())
        except RefusedError:
            return False
        if voice is None:
            return False
        self.rate = voice.rate
        return True

    async def speak(self, sound: AsyncIterator[bytes]) -> None:
        """Play signed 16-bit little-endian samples, `rate` a second, and wait until they are heard.

        Raises BusyError(SPEAKER_BUSY), RefusedError(UNSUPPORTED), ConnectError.
        """
        if self._speaking:
            raise BusyError(Reason.SPEAKER_BUSY)
        self._speaking = True
        error: CameraError | None = None
        rate = self.rate

        def lost(why: CameraError) -> None:
            """Leave the scope, even if the sound's source is being waited for."""
            nonlocal error
            error = why
            scope.reschedule(asyncio.get_running_loop().time())

        try:
            place = await self._locate()
            async with (
                asyncio.timeout(None) as scope,
                self._client(place, lost) as client,
            ):
                if (voice := voice_of(await client.describe())) is None:
                    raise RefusedError(Reason.UNSUPPORTED, "no back channel")
                track = await client.set_up(voice.media)
                await client.play()
                loop = asyncio.get_running_loop()
                encoder = await loop.run_in_executor(None, SpeechEncoder, voice, rate)
                await _Talk(voice, track).play(encoder, sound)
        except BusyError as err:
            raise BusyError(Reason.SPEAKER_BUSY) from err
        except TimeoutError:
            if error is None:
                raise
            raise error from None
        finally:
            self._speaking = False

    def _client(
        self, place: Place, lost: Callable[[CameraError], None] | None = None
    ) -> RtspClient:
        if place.tls:
            raise RefusedError(Reason.UNSUPPORTED, "RTSP over TLS")
        return RtspClient(
            place.host,
            place.port,
            place.path,
            self._credentials,
            record=self._record,
            require=BACK_CHANNEL,
            on_lost=lost,
        )


class _Talk:
    """One speech: its packets and their time."""

    def __init__(self, voice: Voice, track: Track) -> None:
        self._voice = voice
        self._track = track
        self._rtp = RtpSender(voice.payload_type)
        self._ticks = 0
        self._due = 0.0
        """The monotonic clock when the next packet should sound, but for the camera's buffer."""
        self._begins = True
        """Whether the next packet comes after a silence (RFC 3551, 4.1)."""

    async def play(self, encoder: SpeechEncoder, sound: AsyncIterator[bytes]) -> None:
        """Send all of it in time, and wait for its end."""
        loop = asyncio.get_running_loop()
        heard = False
        async for samples in sound:
            heard = heard or bool(samples)
            await self._send(await loop.run_in_executor(None, encoder.add, samples))
        if not heard:
            return
        await self._send(await loop.run_in_executor(None, encoder.end))
        await asyncio.sleep(self._due + BUFFER - time.monotonic())

    async def _send(self, pieces: list[Piece]) -> None:
        """Send packets, not much before their time.

        Times are counted from the first one, so that nothing adds up; where the source was late,
        they begin anew.
        """
        for piece in pieces:
            now = time.monotonic()
            if self._due < now:
                self._ticks += round((now - self._due) * self._voice.rate) if self._due else 0
                self._due = now
                self._begins = True
            if (early := self._due - now - AHEAD) > 0:
                await asyncio.sleep(early)
            marker = self._begins or not self._voice.bits
            self._track.send(self._rtp.packet(piece.payload, self._ticks, marker=marker))
            self._begins = False
            self._ticks += piece.ticks
            self._due += piece.ticks / self._voice.rate
