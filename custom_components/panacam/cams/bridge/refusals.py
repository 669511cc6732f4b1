"""Asks a camera again why it does not show a stream: of its refusals FFmpeg names few (10.5)."""

import asyncio
from typing import Final

from ..errors import AuthError, CameraError, ConnectError, Reason
from ..stream import RtspStream, Transport
from .relay import client_of

TIMEOUT: Final = 5.0
"""Seconds that the answer may take."""
_UNNAMED: Final = frozenset({Reason.REFUSED, Reason.BUSY, Reason.UNEXPECTED_REPLY})
"""What FFmpeg's errors are taken for when they are not more special."""


async def named(error: CameraError, stream: RtspStream) -> CameraError:
    """Return what the camera says it is, or `error` where it says nothing better."""
    # Of a relay it is we that ask, so that the error has its name already.
    asked = stream.transport in {Transport.HTTP, Transport.MULTICAST} or stream.sealed
    if asked or error.reason not in _UNNAMED:
        return error
    try:
        async with asyncio.timeout(TIMEOUT):
            async with client_of(stream) as client:
                description = await client.describe()
                for media in description.media:
                    if media.kind == "video":
                        await client.set_up(media)
                        await client.play()
                        break
    except TimeoutError, ConnectError, AuthError:
        # FFmpeg got farther than that.
        return error
    except CameraError as err:
        return err
    return error
