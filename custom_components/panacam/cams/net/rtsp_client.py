"""One RTSP connection to a camera, for what players do not do: send sound, read metadata.

It goes to the host that was configured and to no other: addresses that the camera names are moved
there, redirects are refused. Every wait has an end. As long as it plays, signs of life are sent
before the session times out.
"""

import asyncio
from collections.abc import Callable, Mapping
import secrets
from typing import Final, Self

from ..errors import AuthError, CameraError, ConnectError, ProtocolError, Reason
from ..stream import Credentials
from .login import LoginRecord
from .rtp import receiver_report
from .rtsp import (
    Asked,
    Decoder,
    Frame,
    NoWayError,
    Reply,
    Request,
    Session,
    read_session,
    read_transport,
    status_error,
    transport_words,
)
from .rtsp_address import Root
from .rtsp_login import RtspLogin
from .rtsp_multicast import Member, agreed
from .rtsp_tracks import Datagrams, Interleaved, Take, Track
from .sdp import Description, Media, parse
from .tcp import Pump

CONNECT_TIMEOUT: Final = 5.0
REQUEST_TIMEOUT: Final = 5.0
"""Seconds for an answer; some cameras start their encoder before they give it."""
FAREWELL_TIMEOUT: Final = 1.0
"""Seconds for the answer to TEARDOWN."""
LONGEST_SILENCE: Final = 20.0
"""Seconds between two signs of life; less where the session is short."""
_LOGIN_TRIES: Final = 3
"""Without a login, with one, and with a new nonce."""
_BUFFER: Final = 16 * 1024
"""Bytes that are looked at in one go: nothing but empty frames takes some milliseconds."""
_UNAUTHORIZED: Final = 401
_WRONG_TRANSPORT: Final = 461
_GONE: Final = 454


class RtspClient:
    """One connection: `describe`, `set_up` of each medium wanted, `play`."""

    def __init__(
        self,
        host: str,
        port: int,
        path: str,
        credentials: Credentials | None,
        *,
        record: LoginRecord | None = None,
        require: str = "",
        on_lost: Callable[[CameraError], None] | None = None,
    ) -> None:
        """Aim at `path`; `require` names what the camera has to understand in every request.

        `record` is shared with the camera's other connections. `on_lost` is told, in the loop,
        when the connection ends without being asked to.
        """
        self._host, self._port = host, port
        self._root = Root(host, port)
        self._url = self._base = self._control = self._root.moved(path)
        self._login = None if credentials is None else RtspLogin(credentials, record)
        self._require = require
        self._on_lost = on_lost
        self._decoder = Decoder()
        self._buffer = memoryview(bytearray(_BUFFER))
        self._pump: Pump | None = None
        self._turn = asyncio.Lock()
        self._cseq = 0
        self._waiting: tuple[int, asyncio.Future[Reply]] | None = None
        self._session: Session | None = None
        self._takers: dict[int, Take] = {}
        self._tracks: list[Track] = []
        self._pulse: asyncio.Task[None] | None = None
        self._source = secrets.randbits(32)

    async def __aenter__(self) -> Self:
        """Connect. ConnectError."""
        self._pump = await Pump.open(self._host, self._port, self, timeout=CONNECT_TIMEOUT)
        return self

    async def __aexit__(self, *_exception: object) -> None:
        """End the session and hang up; what is on its way comes to nobody."""
        self._on_lost = None
        self._takers.clear()
        try:
            if (pulse := self._pulse) is not None:
                pulse.cancel()
                await asyncio.wait((pulse,))
            if self._session is not None and self._pump is not None and self._pump.is_open:
                await self._farewell()
        finally:
            for track in self._tracks:
                track.close()
            if self._pump is not None:
                await self._pump.close()

    async def describe(self) -> Description:
        """Return what the camera streams here.

        Raises CameraError; RefusedError(UNSUPPORTED) also when it does not know `require`.
        """
        reply = await self._asked("DESCRIBE", self._url, {"Accept": "application/sdp"})
        base = reply.header("content-base") or reply.header("content-location")
        self._base = self._root.joined(self._url, base)
        description = parse(reply.body)
        self._control = self._root.joined(self._base, description.control)
        return description

    async def set_up(
        self, media: Media, take: Take | None = None, reports: Take | None = None
    ) -> Track:
        """Have a medium sent or taken, by TCP, or by UDP where the camera wants that; CameraError.

        `take` gets its packets of RTP, `reports` those of RTCP that come by TCP. NoWayError where
        the camera sends to a group only.
        """
        if self._pump is None:
            raise ConnectError(Reason.CUT)
        uri = self._root.joined(self._base, media.control)
        channels = (2 * len(self._tracks), 2 * len(self._tracks) + 1)
        wish = f"RTP/AVP/TCP;unicast;interleaved={channels[0]}-{channels[1]}"
        reply = await self._ask("SETUP", uri, {"Transport": wish})
        if reply.status == _WRONG_TRANSPORT:
            return await self._set_up_udp(self._pump, uri, take)
        self._begun(_checked(reply, "SETUP"))
        told = _unicast(reply)
        channels = told.get("interleaved", channels)
        if "server_port" in told or max(channels) > 255:
            raise ProtocolError(Reason.UNEXPECTED_REPLY, "Transport")
        takers = zip(channels, (take, reports), strict=True)
        self._takers |= {channel: taker for channel, taker in takers if taker is not None}
        track = Interleaved(self._pump, channels)
        self._tracks.append(track)
        return track

    async def join(self, media: Media, take: Take, reports: Take | None = None) -> Track:
        """Have a medium sent to a group, and be a member of it until the end; CameraError.

        `take` gets its packets of RTP, `reports` those of RTCP; nobody else's than the camera's.
        """
        if self._pump is None:
            raise ConnectError(Reason.CUT)
        uri = self._root.joined(self._base, media.control)
        reply = await self._asked("SETUP", uri, {"Transport": "RTP/AVP;multicast"})
        self._begun(reply)
        group = agreed(reply.header("transport"), media)
        track = await Member.joined(self._pump, group, take, reports)
        self._tracks.append(track)
        return track

    async def play(self) -> None:
        """Begin, and keep the session alive from now on. CameraError."""
        await self._asked("PLAY", self._control)
        self._pulse = asyncio.get_running_loop().create_task(
            self._keep_alive(), name="panacam RTSP signs of life"
        )

    # -- What the connection calls

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return where to put the next bytes."""
        return self._buffer

    def received(self, count: int) -> None:
        """Take the bytes that were put there. ProtocolError: hang up."""
        self._decoder.feed(self._buffer[:count])
        while (item := self._decoder.next()) is not None:
            match item:
                case Frame(channel, data):
                    if (take := self._takers.get(channel)) is not None:
                        take(data)
                case Reply():
                    self._answered(item)
                case Asked():
                    if self._pump is not None:
                        self._pump.write(item.answer())

    def lost(self, error: CameraError) -> None:
        """Learn that the connection has ended."""
        if self._waiting is not None and not self._waiting[1].done():
            self._waiting[1].set_exception(error)
        if self._on_lost is not None:
            self._on_lost(error)

    # -- Requests

    async def _asked(self, method: str, uri: str, headers: Mapping[str, str] = {}) -> Reply:
        return _checked(await self._ask(method, uri, headers), method)

    async def _ask(self, method: str, uri: str, headers: Mapping[str, str] = {}) -> Reply:
        """Send a request and return its reply, logged in where the camera wants that."""
        async with self._turn:
            for _ in range(_LOGIN_TRIES):
                reply = await self._exchange(method, uri, headers)
                if reply.status != _UNAUTHORIZED:
                    if self._login is not None:
                        self._login.accepted()
                    return reply
                if self._login is None:
                    raise AuthError(Reason.NO_CREDENTIALS)
                if not self._login.challenged(reply.values("www-authenticate")):
                    break
            raise AuthError(Reason.WRONG_CREDENTIALS)

    async def _exchange(self, method: str, uri: str, headers: Mapping[str, str]) -> Reply:
        if (pump := self._pump) is None or not pump.is_open:
            raise ConnectError(Reason.CUT)
        self._cseq += 1
        fields = {"CSeq": str(self._cseq), "User-Agent": "panacam", **headers}
        if self._session is not None:
            fields["Session"] = self._session.id
        if self._require:
            fields["Require"] = self._require
        if self._login is not None and (login := self._login.header(method, uri)) is not None:
            fields["Authorization"] = login
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting = (self._cseq, future)
        try:
            pump.write(Request(method, uri, fields).encode())
            async with asyncio.timeout(REQUEST_TIMEOUT):
                return await future
        except ValueError as err:  # a realm or session that breaks a line
            raise ProtocolError(Reason.UNEXPECTED_REPLY, method) from err
        except TimeoutError:
            error = ConnectError(Reason.TIMEOUT, method)
            pump.abort(error)
            raise error from None
        finally:
            self._waiting = None

    def _answered(self, reply: Reply) -> None:
        """Give a reply to the one who waits; what answers something else does not count."""
        if self._waiting is None or reply.status < 200:
            return
        cseq, future = self._waiting
        if reply.cseq in {None, cseq} and not future.done():
            future.set_result(reply)

    async def _set_up_udp(self, pump: Pump, uri: str, take: Take | None) -> Track:
        track = Datagrams.bound(pump.address)
        self._tracks.append(track)
        ours = track.ports
        wish = f"RTP/AVP;unicast;client_port={ours[0]}-{ours[1]}"
        reply = await self._asked("SETUP", uri, {"Transport": wish})
        self._begun(reply)
        theirs = _unicast(reply).get("server_port")
        if theirs is None or not all(0 < port < 65536 for port in theirs):
            raise ProtocolError(Reason.UNEXPECTED_REPLY, "Transport")
        await track.connect(pump.address, theirs, take)
        return track

    def _begun(self, reply: Reply) -> None:
        """Take the session of a medium that was set up. ProtocolError when there is none."""
        session = read_session(reply.header("session"))
        if session is None and self._session is None:
            raise ProtocolError(Reason.UNEXPECTED_REPLY, "Session")
        self._session = session or self._session

    async def _keep_alive(self) -> None:
        """Send signs of life until the end; one without an answer ends the connection."""
        if self._session is None or self._pump is None:
            return
        method = "OPTIONS"
        try:
            while True:
                await asyncio.sleep(min(LONGEST_SILENCE, self._session.timeout / 3))
                for track in self._tracks:
                    track.report(receiver_report(self._source))
                reply = await self._ask(method, self._control)
                if reply.status == _GONE:
                    raise status_error(reply.status, method)
                # Any request will do (10.3.2), but some cameras count GET_PARAMETER only.
                known = "GET_PARAMETER" in reply.header("public")
                method = "GET_PARAMETER" if known or method != "OPTIONS" else "OPTIONS"
                if reply.status != 200:
                    method = "OPTIONS"
        except CameraError as err:
            self._pump.abort(err)

    async def _farewell(self) -> None:
        try:
            async with asyncio.timeout(FAREWELL_TIMEOUT):
                await self._ask("TEARDOWN", self._control)
        except CameraError, TimeoutError:
            return  # it ends all the same


def _checked(reply: Reply, method: str) -> Reply:
    """Return a reply that says yes. CameraError."""
    if reply.status != 200:
        raise status_error(reply.status, method)
    return reply


def _unicast(reply: Reply) -> Mapping[str, tuple[int, int]]:
    """Return the numbers of a Transport header. NoWayError when it names a group."""
    if "multicast" in transport_words(reply.header("transport")):
        raise NoWayError(Reason.UNSUPPORTED, "SETUP")
    return read_transport(reply.header("transport"))
