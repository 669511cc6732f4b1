"""An ONVIF device: its parts put together, polled, heard, and lost and found."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
import math
import time
from typing import Final, override

from ..device import Device, Identity, Notice, Reconfigured, State
from ..errors import AuthError, CameraError, ConnectError, Reason, RefusedError
from ..memory import Memory
from ..roles import Problem, Unsubscribe
from ..stream import Transport
from .analytics import AnalyticsPart
from .audience import Audience
from .auxiliary import Auxiliary
from .board import Board
from .client import OnvifClient
from .deviceio import IoPart
from .events import EventsPart
from .imaging import ImagingPart
from .keeper import OnvifKeeper
from .media import MediaPart
from .part import Part
from .ptz import PtzPart
from .scene import ScenePart
from .sound import SoundPart
from .system import SystemPart
from .trying import counted, together

ALIVE_LIMIT: Final = 4.0
"""Seconds that a device may take to show that it is there; two polls must not take longer."""
FRESH: Final = 4.0
"""Seconds after an answer to something else during which it counts as there."""
AGAIN: Final = (10.0, 60.0, 300.0)
"""Seconds after which a device is asked anew that stumbled over questions, each time once."""
REFRESH: Final = 60.0
"""Seconds between two looks at what others may have changed."""


class OnvifDevice(Device):
    """A device of the ONVIF family."""

    def __init__(
        self,
        client: OnvifClient,
        *,
        rtsp_port: int | None = None,
        transport: Transport = Transport.AUTO,
        expected_id: str | None = None,
        webhook: str | None = None,
        press_seconds: float = 1.0,
        memory: Memory | None = None,
    ) -> None:
        """Use the device at `client`; `expected_id` is the unique id that it must have.

        `memory` is what outlasts this object.
        """
        self._client = client
        self._expected_id = expected_id
        self._audience = Audience()
        self._board = board = Board(self._changed, self._audience.tell, memory)
        self._system = SystemPart(client, board)
        self._media = MediaPart(client, board, transport=transport, rtsp_port=rtsp_port)
        auxiliary = Auxiliary(board)
        self._ptz = PtzPart(client, board, auxiliary, press_seconds=press_seconds)
        self._imaging = ImagingPart(client, board)
        self._io = IoPart(client, board, auxiliary)
        self._analytics = AnalyticsPart(client, board)
        self._sound = SoundPart(client, board, self._media)
        self._scene = ScenePart(client, board, self._sound.open_metadata)
        self._parts: tuple[Part, ...] = (
            self._ptz,
            self._imaging,
            self._io,
            self._analytics,
            self._sound,
            self._scene,
        )
        """Those that need the profiles that media found."""
        self._events = EventsPart(
            client, board, (self._media, *self._parts), webhook=webhook, changed=self._channel
        )
        self._connected = False
        self._refresh_at = 0.0
        self._again_at = math.inf
        self._agains = deque(AGAIN)
        self._error: CameraError | None = None
        self._probe: asyncio.Task[None] | None = None
        self.identity = Identity(manufacturer="")
        self.rebooter = self._system
        self.settings = board
        self.fixer = self
        self.system_log = self._system
        self.signals = board.signals
        self.readings = board.readings
        self.topics = board.topics
        self.receiver = self._events if webhook is not None else None

    @property
    @override
    def configuration_url(self) -> str:
        """Return the address of the device's own pages."""
        return str(self._client.http.base)

    @property
    @override
    def gone(self) -> frozenset[str]:
        """Return what profiles, OSDs, masks and configurations there are no longer."""
        return self._media.gone

    async def identify(self) -> Identity:
        """Return who it is. ConnectError, AuthError, ProtocolError(NOT_A_CAMERA)."""
        self.identity = await self._system.identify()
        return self.identity

    @override
    async def connect(self) -> None:
        """Learn who it is and what it can do, then listen to its events."""
        await self._find()
        self._take_roles()
        self.keeper = OnvifKeeper(self._board, self._read_all, self._media, self._ptz)
        self._connected = True
        self._audience.known(self._board.state())

    async def _find(self) -> None:
        await self.identify()
        if self._expected_id is not None and not self._system.matches(self._expected_id):
            raise ConnectError(Reason.OTHER_CAMERA)
        with counted() as stumbles:
            await self._media.connect()
            await together(self._system.connect(), *(part.connect() for part in self._parts))
            await self._events.connect()
        now = time.monotonic()
        self._refresh_at = now + REFRESH
        self._again_at = math.inf
        if stumbles.count and self._agains:
            self._again_at = now + self._agains.popleft()

    async def _find_again(self) -> None:
        """Learn anew what a device has that was away, or that stumbled when it was asked."""
        before = self.streams
        await self._find()
        self._take_roles()
        if self._connected and self.streams != before:
            self._audience.tell(Reconfigured())
        self._connected = True

    def _take_roles(self) -> None:
        """Offer what the parts found."""
        media, ptz = self._media, self._ptz
        self.streams = media.streams
        self._board.transmitting = {stream.key: True for stream in self.streams}
        self.imager = media.imager
        self.profiles, self.osds, self.masks = media.profiles, media.osds, media.masks
        self.multicaster = media.multicaster
        self.mover = ptz.mover_with(self._imaging.focus)
        self.ptz, self.home, self.presets, self.tours = ptz.ptz, ptz.home, ptz.presets, ptz.tours
        self.presses = self._board.press_role
        self.analytics = self._analytics.editor
        self.speaker = self._sound.speaker

    async def _read_all(self) -> None:
        """Read everything that can be set. CameraError."""
        await self._system.alive(ALIVE_LIMIT)
        for part in (self._media, self._ptz, self._imaging, self._io):
            await part.refresh()

    @override
    async def poll(self) -> State:
        """Return the state, once the device has shown that it is there.

        What it tells by events is up to date; the rest is read back once a minute.
        """
        try:
            await self._look()
        except CameraError as err:
            self._error = err
            raise
        self._error = None
        state = self._board.state()
        self._audience.known(state)
        return state

    async def _look(self) -> None:
        if not self._connected or (
            self._error is not None and not isinstance(self._error, AuthError)
        ):
            # It was away: it may have started again, with other tokens.
            await self._system.alive(ALIVE_LIMIT)
            self._agains = deque(AGAIN)
            await self._find_again()
        elif self._events.refused is not None or time.monotonic() >= self._again_at:
            # Events need the login, as does finding: that tells whether it is good again.
            await self._find_again()
        elif time.monotonic() - self._events.last_heard > FRESH:
            await self._system.alive(ALIVE_LIMIT)
        await self._ptz.poll()
        if time.monotonic() >= self._refresh_at:
            self._refresh_at = time.monotonic() + REFRESH
            await self._system.refresh()
            await self._media.refresh()
            for part in self._parts:
                await part.refresh()

    @override
    def subscribe(self, listener: Callable[[Notice], None]) -> Unsubscribe:
        """Tell `listener` of events and of the states that they make, in the loop."""
        return self._audience.subscribe(listener)

    @override
    def want(self, key: str) -> Unsubscribe:
        """Keep a signal or reading up that costs something, until called off."""
        return self._board.want(key)

    @property
    def fixable(self) -> frozenset[Problem]:
        """Return what `fix` can mend (the role)."""
        return self._system.fixable | {Problem.PTZ_NOT_ATTACHED}

    async def fix(self, problem: Problem) -> None:
        """Mend it (the role). CameraError."""
        match problem:
            case Problem.CLOCK_OFF:
                await self._system.set_clock()
            case Problem.PTZ_NOT_ATTACHED:
                await self._ptz.attach()
                self._take_roles()
        self._changed()

    @override
    async def close(self) -> None:
        """End all that goes on, events first, and hang up."""
        self._audience.close()
        if self._probe is not None:
            self._probe.cancel()
            await asyncio.gather(self._probe, return_exceptions=True)
        for part in (self._events, *self._parts, self._media, self._system):
            with suppress(CameraError):
                await part.close()
        self._client.close()

    @override
    def diagnostics(self) -> Mapping[str, object]:
        """Return what the device has and said; not redacted."""
        return {
            "services": dict(self._client.services),
            "clock_offset": self._board.read.get("clock_offset"),
            "signing": self._client.signing,
            "profiles": [
                {
                    "name": profile.name,
                    "codec": profile.codec,
                    "width": profile.width,
                    "height": profile.height,
                    "media2": profile.media2,
                    "fixed": profile.fixed,
                    "configurations": sorted(profile.configurations),
                }
                for profile in self._board.profiles
            ],
            "events": self._events.diagnostics(),
        }

    def _changed(self) -> None:
        """Tell the state if it is another one, while the device is there."""
        if self._error is None and self._connected:
            self._audience.show(self._board.state)

    def _channel(self, error: CameraError | None) -> None:
        """Learn that the event channel is lost or back; the device may be gone, too."""
        self._changed()
        if error is not None and self._connected and self._probe is None:
            self._probe = asyncio.create_task(self._probe_now(), name="panacam probe")

    async def _probe_now(self) -> None:
        """Tell at once, not at the next poll, that the device is gone."""
        try:
            await self._system.alive(ALIVE_LIMIT)
        except RefusedError:
            pass
        except CameraError as err:
            if self._error is None:
                self._error = err
                self._audience.tell(err)
        finally:
            self._probe = None
