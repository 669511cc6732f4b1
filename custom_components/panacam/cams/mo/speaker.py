"""Plays sound at a MO camera [Talk_Start_Req, Talk_Data, Talk_End]."""

import asyncio
from collections.abc import AsyncIterator
import time
from typing import Final

from ..errors import BusyError, CameraError, Reason
from .adpcm import SAMPLE_RATE, AdpcmEncoder
from .client import MoConnection
from .data import PACKET, TalkData
from .link import MoLink
from .session import DataEvent, Feature
from .wire import wrapped

BUFFER: Final = 1.0
"""Seconds that the camera keeps before it plays: its end is heard that much later."""
AHEAD: Final = 2
"""Packets that may be on their way before their time."""

_SAMPLES: Final = 2 * PACKET
_BYTES: Final = 2 * _SAMPLES
_INTERVAL: Final = _SAMPLES / SAMPLE_RATE
"""Seconds that one packet lasts: 25 packets a second."""


class MoSpeaker:
    """The speaker role."""

    rate = SAMPLE_RATE

    def __init__(self, link: MoLink) -> None:
        """Speak by `link`."""
        self._link = link
        self._speaking = False

    async def speak(self, sound: AsyncIterator[bytes]) -> None:
        """Play signed 16-bit little-endian samples, 8000 a second, and wait until they are heard.

        Raises BusyError(SPEAKER_BUSY), RefusedError(UNSUPPORTED), ConnectError.
        """
        if self._speaking:
            raise BusyError(Reason.SPEAKER_BUSY)
        self._speaking = True
        try:
            connection = await self._link.ready()
            async with asyncio.timeout(None) as scope:
                talk = _Talk(connection, scope)
                try:
                    await connection.start(Feature.TALK, talk)
                    await talk.play(sound)
                finally:
                    connection.stop(Feature.TALK)
        except TimeoutError:
            if talk.error is None:
                raise
            raise talk.error from None
        finally:
            self._speaking = False


class _Talk:
    """One speech: its packets and their time."""

    def __init__(self, connection: MoConnection, scope: asyncio.Timeout) -> None:
        """Send by `connection`; `scope` is left when that ends."""
        self._connection = connection
        self._scope = scope
        self._encoder = AdpcmEncoder()
        self._sequence = 0
        self._due = 0.0
        """The monotonic clock when the next packet should sound, but for the camera's buffer."""
        self.error: CameraError | None = None

    def take(self, event: DataEvent) -> None:
        """Expect nothing: pictures and sound are somebody else's."""

    def lost(self, error: CameraError) -> None:
        """Leave the scope, even if the sound's source is being waited for."""
        self.error = error
        self._scope.reschedule(asyncio.get_running_loop().time())

    async def play(self, sound: AsyncIterator[bytes]) -> None:
        """Send all of it in time, and wait for its end."""
        rest = bytearray()
        async for chunk in sound:
            rest += chunk
            while len(rest) >= _BYTES:
                await self._send(rest[:_BYTES])
                del rest[:_BYTES]
        if rest:
            await self._send(rest.ljust(_BYTES, b"\0"))
        if self._sequence:
            await asyncio.sleep(self._due + BUFFER - time.monotonic())

    async def _send(self, samples: bytearray) -> None:
        """Send a packet, not much before its time.

        Times are counted from the first one, so that nothing adds up; where the source was late,
        they begin anew.
        """
        now = time.monotonic()
        self._due = max(self._due, now)
        if (early := self._due - now - AHEAD * _INTERVAL) > 0:
            await asyncio.sleep(early)
        self._connection.send_data(
            Feature.TALK,
            TalkData(
                self._encoder.encode(samples),
                timestamp=wrapped(int(self._due * 1000)),
                sequence=wrapped(self._sequence),
                time=wrapped(int(time.time())),
            ),
        )
        self._sequence += 1
        self._due += _INTERVAL
