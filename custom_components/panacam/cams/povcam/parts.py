"""The small roles of a Panasonic camera: recording, restarting, pictures."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
import secrets
import time
from typing import Final

from ..device import State
from ..errors import CameraError, ConnectError, Reason, RefusedError
from ..stream import Picture
from .client import PovcamClient
from .commands import GETDATA, INITIAL, SDCTRL
from .wire import Reply, parse_reply

FRAME_RATE: Final = "15"
FRAME_RATE_50_HZ: Final = "12.5"


class PovcamRecorder:
    """The recorder role (8.7)."""

    def __init__(self, client: PovcamClient, look: Callable[[], Awaitable[State]]) -> None:
        """Record by `client`; `look` tells the state after a refusal."""
        self._client = client
        self._look = look

    async def record(self, on: bool) -> None:
        """Start or stop recording. RefusedError: no card, already or not recording."""
        try:
            await self._client.call(SDCTRL, save="start" if on else "end")
        except RefusedError as err:
            reason = err.reason
            with suppress(CameraError):  # then the refusal is all there is to tell
                reason = _why_refused(await self._look(), on) or reason
            raise RefusedError(reason) from err


def _why_refused(state: State, on: bool) -> Reason | None:
    """Return what the camera, which answers just "500", must have meant (8.7)."""
    if state.recording is on:
        return Reason.ALREADY_RECORDING if on else Reason.NOT_RECORDING
    if on and state.slots and all(slot.inserted is False for slot in state.slots.values()):
        return Reason.NO_CARD
    return None


class PovcamRebooter:
    """The rebooter role (4.8)."""

    def __init__(self, client: PovcamClient) -> None:
        """Restart by `client`."""
        self._client = client

    async def reboot(self) -> None:
        """Ask for a restart. RefusedError(NEEDS_ADMINISTRATOR) for other users."""
        try:
            await self._client.call(INITIAL, cmd="reset", Randomnum=secrets.token_hex(8))
        except ConnectError as err:
            # A camera that goes down may hang up before it has answered.
            if err.reason is not Reason.CUT:
                raise


async def rtsp_port(client: PovcamClient, settings: Reply | None) -> int | None:
    """Return the RTSP port: from the list of settings (6), else by its own name (5.12).

    None for a camera that tells neither, or nonsense.
    """
    if (port := _port(settings)) is None:
        with suppress(CameraError):  # nobody but the administrator may ask
            port = _port(parse_reply(await client.call(GETDATA, req="rtspport")))
    return port


def _port(reply: Reply | None) -> int | None:
    port = None if reply is None else reply.number("rtspport")
    return int(port) if port is not None and 1 <= port <= 65535 else None


class PovcamImager:
    """The imager role (2.4): JPEG of 640x360."""

    def __init__(self, client: PovcamClient) -> None:
        """Fetch pictures by `client`."""
        self._client = client

    async def snapshot(self) -> bytes:
        """Return one picture; black while JPEG transmission is off."""
        return await self._client.snapshot()


class PovcamPictures:
    """The JPEG stream as a source (2.4): one connection, no sound."""

    sound_rate: None = None

    def __init__(self, client: PovcamClient) -> None:
        """Fetch pictures by `client`."""
        self._client = client

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[AsyncIterator[Picture]]:
        """Open the stream at the frame rate most viewers can show. CameraError."""
        async with AsyncExitStack() as stack:
            try:
                pictures = await stack.enter_async_context(self._client.pictures(FRAME_RATE))
            except RefusedError:
                pictures = await stack.enter_async_context(self._client.pictures(FRAME_RATE_50_HZ))
            yield (Picture(picture, time.monotonic()) async for picture in pictures)
