"""A Panasonic camera as a device: roles over the client, state by polling get_state."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
import time
from typing import Final

from ..device import Device, Identity, Notice, Slot, State
from ..errors import (
    AuthError,
    CameraError,
    ConnectError,
    ProtocolError,
    Reason,
    RefusedError,
)
from ..memory import Memory, ShortMemory
from ..net.http import HttpClient
from ..roles import Move, Unsubscribe
from ..stream import Credentials, PictureStream, RtspStream, Transport
from ..text import plain
from .calling import calls_of
from .client import PovcamClient
from .commands import (
    GET_AUDIO,
    GET_BASIC,
    GET_CAPABILITY,
    GET_NETWORK,
    GET_STATE,
    GET_VIDEO_OVER_IP,
    GETINFO,
    SETTINGS,
)
from .head import PovcamHome, PovcamPtz
from .lens import AW_ZOOM, HEAD_MOVES, PovcamMover, aw_moves
from .looks import Looks
from .parts import PovcamImager, PovcamPictures, PovcamRebooter, PovcamRecorder, rtsp_port
from .replies import (
    STREAM_CHANNELS,
    has_direct_control,
    read_identity,
    read_moves,
    read_state,
)
from .wire import Capability, Command, Reply, parse_capability, parse_reply

RTSP_PORT: Final = 554
"""The factory setting (12.1)."""
POLL_GAP: Final = 1.0
"""Seconds between two get_state, as 9.1 asks."""
RECHECK: Final = 60.0
"""Seconds between two looks who the camera is."""

_STREAMS: Final = {
    "h264_1": ("H.264(1)", "/mediainput/h264/stream_1"),
    "h264_2": ("H.264(2)", "/mediainput/h264/stream_2"),
}
"""Key -> the name in the camera's own menu and the path (12.1)."""


class PovcamDevice(Device):
    """Panasonic recorder or camera head."""

    def __init__(
        self,
        http: HttpClient,
        *,
        host: str,
        credentials: Credentials | None = None,
        rtsp_port: int | None = None,
        transport: Transport = Transport.AUTO,
        expected_id: str | None = None,
        memory: Memory | None = None,
    ) -> None:
        """Use the camera at `http`; `rtsp_port` None asks the camera, then takes 554.

        `expected_id` is the unique id that the camera must have; another one is no camera of ours.
        `memory` outlasts this object.
        """
        self._http = http
        self._client = PovcamClient(http)
        self._host = host
        self._credentials = credentials
        self._rtsp_port = rtsp_port
        self._transport = transport
        self._expected_id = expected_id
        self._recheck_at = 0.0
        self._poll_at = 0.0
        self._last_state = State()
        self._replies: dict[str, Mapping[str, object]] = {}
        self._mover: PovcamMover | None = None
        self._ptz: PovcamPtz | None = None
        self._listeners: list[Callable[[Notice], None]] = []
        self._looks = Looks(self._client, self._tell, memory or ShortMemory())
        self.identity = Identity(manufacturer="")

    @property
    def configuration_url(self) -> str:
        """Return the address of the camera's own pages."""
        return str(self._http.base)

    async def identify(self) -> Identity:
        """Ask who the camera is (2.2, 5.2), and make it look at the credentials we have.

        Raises ConnectError, AuthError, BusyError, RefusedError, ProtocolError(NOT_A_CAMERA).
        """
        self.identity = await self._who_answers()
        self._name_after(await self._optional(GET_BASIC))
        if self._credentials is not None and not self._http.challenged:
            # User auth. is off: only the administrator's login means anything, and only there.
            try:
                await self._client.call(GET_NETWORK)
            except RefusedError as err:
                if err.reason is Reason.NEEDS_ADMINISTRATOR:
                    raise AuthError(Reason.WRONG_CREDENTIALS) from err
        return self.identity

    async def connect(self) -> None:
        """Learn identity, abilities and streams."""
        await self._check_identity()
        basic, capability, settings, _, _ = await asyncio.gather(
            self._optional(GET_BASIC),
            self._capability(),
            self._optional(SETTINGS),
            self._optional(GET_VIDEO_OVER_IP),
            self._optional(GET_AUDIO),
        )
        self._name_after(basic)
        self._recheck_at = time.monotonic() + RECHECK
        lens = read_moves(capability, self.identity.model)
        port, aw = await asyncio.gather(
            self._port(settings), aw_moves(self._client, sister=not lens)
        )
        self.pictures = PictureStream(key="jpeg", label="JPEG", source=PovcamPictures(self._client))
        rtsp = tuple(
            RtspStream(
                key=key,
                host=self._host,
                port=port,
                label=_STREAMS[key][0],
                path=_STREAMS[key][1],
                transport=self._transport,
                preferred=key == "h264_1",
                credentials=self._credentials,
                logins=self._http.logins,
                calls=calls_of(self._client, self._host, 1 if key == "h264_1" else 2),
            )
            for key in STREAM_CHANNELS
        )
        self.streams = (*rtsp, self.pictures)
        if lens | aw:
            direct = has_direct_control(capability)
            self.mover = self._mover = PovcamMover(self._client, lens | aw, direct=direct, aw=aw)
            self._ptz = PovcamPtz(
                self._client, self._mover, pan_tilt=aw >= HEAD_MOVES, zoom=aw >= AW_ZOOM
            )
            self.ptz = self._ptz if self._ptz.features else None
            self.home = PovcamHome(self._mover) if Move.HOME in aw else None
        if capability is None or capability.supports("video_server.sdcard") is not False:
            self.recorder = PovcamRecorder(self._client, self.poll)
        if self._credentials is not None:
            self.rebooter = PovcamRebooter(self._client)
        self.imager = PovcamImager(self._client)
        await self._looks.begin()
        self._looks.give(self)

    async def poll(self) -> State:
        """Return the state of cards and recorder, at most once a second (9.1).

        In playback and standby the camera does not tell: then everything is None. After a failure,
        and once a minute, the camera also proves that it is still the same one.
        """
        now = time.monotonic()
        wait, self._poll_at = self._poll_at - now, max(now, self._poll_at) + POLL_GAP
        if wait > 0:
            await asyncio.sleep(wait)
        try:
            state = await self._get_state()
            if time.monotonic() >= self._recheck_at:
                await self._check_identity()
                self._recheck_at = time.monotonic() + RECHECK
            await self._looks.look(state, time.monotonic())
        except CameraError:
            self._recheck_at = 0.0
            raise
        self._looks.give(self)
        self._last_state = self._looks.add(state)
        return self._last_state

    async def _get_state(self) -> State:
        """Return what get_state tells; in playback and standby it is refused or empty (9.1)."""
        try:
            if body := await self._client.call(GET_STATE):
                return read_state(parse_reply(body))
        except RefusedError:
            pass
        # What is reported is kept, so that entities stay and become unknown.
        return _forgotten(self._last_state)

    def subscribe(self, listener: Callable[[Notice], None]) -> Unsubscribe:
        """Tell `listener` of what a poll found: these cameras say nothing unasked."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def want(self, key: str) -> Unsubscribe:
        """Keep something up that costs the camera a request now and then."""
        return self._looks.want(key)

    def _tell(self, notice: Notice) -> None:
        for listener in tuple(self._listeners):
            listener(notice)

    async def close(self) -> None:
        """End picture streams and lists; wait for a head that is being stopped."""
        if self._ptz is not None:
            await self._ptz.close()
        if self._mover is not None:
            await self._mover.close()
        await self._looks.close()
        self._http.close()

    def diagnostics(self) -> Mapping[str, object]:
        """Return the replies to the requests of set-up, as understood; not redacted."""
        return dict(self._replies)

    async def _who_answers(self) -> Identity:
        try:
            info = parse_reply(await self._client.call(GETINFO, FILE=1))
        except RefusedError as err:
            if err.reason is Reason.UNSUPPORTED:
                raise ProtocolError(Reason.NOT_A_CAMERA) from err
            raise
        self._replies[GETINFO.name] = {**info, "rubbish": info.rubbish}
        return replace(read_identity(info), name=self.identity.name)

    def _name_after(self, basic: Reply | None) -> None:
        if basic is not None:
            self.identity = replace(self.identity, name=plain(basic.text("cam_title")))

    async def _check_identity(self) -> None:
        identity = await self._who_answers()
        if self._expected_id is not None and identity.unique_id != self._expected_id:
            raise ConnectError(Reason.OTHER_CAMERA)
        self.identity = identity

    async def _ask(self, command: Command) -> bytes | None:
        """Return what a camera that has this command answers, else None.

        The camera has just said who it is, so whatever goes wrong here twice is about the command:
        there are models that hang up on what they do not know. One that hangs is not waited for
        again.
        """
        try:
            try:
                return await self._client.call(command)
            except ConnectError as err:
                if err.reason is Reason.TIMEOUT:
                    return None
                return await self._client.call(command)
        except CameraError:
            return None

    async def _optional(self, command: Command) -> Reply | None:
        if (body := await self._ask(command)) is None:
            return None
        reply = parse_reply(body)
        self._replies[command.name] = {**reply, "rubbish": reply.rubbish}
        self._looks.heard(command, body)
        return reply

    async def _port(self, settings: Reply | None) -> int:
        return self._rtsp_port or await rtsp_port(self._client, settings) or RTSP_PORT

    async def _capability(self) -> Capability | None:
        if (body := await self._ask(GET_CAPABILITY)) is None:
            return None
        capability = parse_capability(body)
        self._replies[GET_CAPABILITY.name] = {**capability.groups, "rubbish": capability.rubbish}
        return capability


def _forgotten(state: State) -> State:
    """Return a state that reports the same fields and knows none of them."""
    return State(
        slots={key: Slot() for key in state.slots},
        activities=dict.fromkeys(state.activities),
        reported=state.reported,
    )
