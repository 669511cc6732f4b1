"""One RTSP connection: reads requests and answers them (10.3)."""

import asyncio
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from tests.simulators.povcam.rtsp_messages import (
    Frame,
    ProtocolError,
    RtspRequest,
    TransportOffer,
    read_message,
    reply_text,
)
from tests.simulators.povcam.rtsp_session import RefusalError

from .auth import Auth
from .rtsp_sdp import BACK, BACK_CHANNEL_TAG, Medium, back_of, description, media_of
from .rtsp_session import Session

if TYPE_CHECKING:
    from .media_parts import Profile
    from .rtsp import RtspServer

_PUBLIC: Final = "OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, TEARDOWN, GET_PARAMETER, SET_PARAMETER"
_PATH: Final = re.compile(r"/onvif/profile/(\d{1,4})(?:/([a-z0-9]+))?/?")


class Connection:
    """Serves one client."""

    def __init__(
        self,
        server: RtspServer,
        reader: asyncio.StreamReader,
        transport: asyncio.WriteTransport,
        addresses: tuple[str, str],
    ) -> None:
        """Take over a connection; `addresses` are ours and the client's."""
        self.transport: Final = transport
        self.here, self.peer = addresses
        self._server = server
        self._reader = reader

    def abort(self) -> None:
        """Cut the connection."""
        self.transport.abort()

    async def run(self) -> None:
        """Serve until the client goes away."""
        try:
            while True:
                message = await read_message(self._reader)
                if isinstance(message, Frame):
                    self._frame(message)
                    continue
                self.transport.write(await self._answer(message))
        except ProtocolError, asyncio.IncompleteReadError, ConnectionError:
            return

    def _frame(self, frame: Frame) -> None:
        for session in tuple(self._server.sessions.values()):
            if session.connection is self:
                session.frame(frame.channel, frame.data)

    async def _answer(self, request: RtspRequest) -> bytes:
        self._server.note(request)
        try:
            return await self._perform(request)
        except RefusalError as error:
            return reply_text(error.status, request, error.headers)

    async def _perform(self, request: RtspRequest) -> bytes:
        planned = self._server.planned(request.method)
        if planned is not None:
            raise RefusalError(planned)
        if request.method not in _PUBLIC.split(", "):
            raise RefusalError(501)
        session = self._server.sessions.get(request.session)
        if request.session and session is None and request.method != "SETUP":
            raise RefusalError(454)
        if challenge := self._challenge(request):
            raise RefusalError(401, {"WWW-Authenticate": challenge})
        if session is not None:
            session.touch()
        if request.method == "OPTIONS":
            return reply_text(200, request, {"Public": _PUBLIC})
        profile, name = self._target(request)
        wants_back = self._check_require(request, profile)
        match request.method:
            case "DESCRIBE":
                return self._describe(request, profile, back=wants_back)
            case "SETUP":
                return await self._set_up(request, profile, name, session)
        return self._control(request, session)

    def _challenge(self, request: RtspRequest) -> str | None:
        users = self._server.camera.users
        if users.auth is Auth.NONE or request.method == "OPTIONS":
            return None
        header = request.headers.get("authorization")
        verdict = users.check_digest(header, request.method, request.uri)
        return users.challenge(stale=verdict.stale) if verdict.user is None else None

    def _target(self, request: RtspRequest) -> tuple[Profile, str | None]:
        found = _PATH.fullmatch(urlsplit(request.uri).path)
        profile = None
        if found is not None:
            profile = self._server.camera.media.by_number(int(found[1]))
        if found is None or profile is None:
            raise RefusalError(404)
        return profile, found[2]

    def _check_require(self, request: RtspRequest, profile: Profile) -> bool:
        """Tell whether the back channel is wanted; a refusal for what we do not have."""
        tags = [tag.strip() for tag in request.headers.get("require", "").split(",") if tag.strip()]
        unknown = [
            tag
            for tag in tags
            if tag != BACK_CHANNEL_TAG or not back_of(self._server.camera, profile)
        ]
        if unknown:
            raise RefusalError(551, {"Unsupported": ", ".join(unknown)})
        return bool(tags)

    def _describe(self, request: RtspRequest, profile: Profile, *, back: bool) -> bytes:
        camera = self._server.camera
        media = media_of(camera, profile)
        if back:
            media += back_of(camera, profile)
        headers = {
            "Content-Base": f"{request.uri.rstrip('/')}/",
            "Content-Type": "application/sdp",
        }
        return reply_text(200, request, headers, description(media, self.here, "RTSP Session"))

    async def _set_up(
        self, request: RtspRequest, profile: Profile, name: str | None, session: Session | None
    ) -> bytes:
        if name is None:
            raise RefusalError(459)
        medium = self._medium(request, profile, name)
        if request.session and session is None:
            raise RefusalError(454)
        offer = TransportOffer.parse(request.headers.get("transport", ""))
        if offer is None:
            raise RefusalError(461)
        fresh = session is None
        if session is None:
            session = self._server.begin(profile, self)
        elif session.profile is not profile:
            raise RefusalError(459)
        try:
            transport = await session.set_up(medium, offer, self)
        except BaseException:
            if fresh:
                self._server.end(session)
            raise
        timeout = max(1, round(session.timeout))
        headers = {"Session": f"{session.id};timeout={timeout}", "Transport": transport}
        return reply_text(200, request, headers)

    def _medium(self, request: RtspRequest, profile: Profile, name: str) -> Medium:
        camera = self._server.camera
        known = media_of(camera, profile)
        if name.startswith(BACK) and self._check_require(request, profile):
            known = back_of(camera, profile)
        for medium in known:
            if medium.name == name:
                return medium
        raise RefusalError(404)

    def _control(self, request: RtspRequest, session: Session | None) -> bytes:
        """PLAY, PAUSE, GET_PARAMETER, SET_PARAMETER and TEARDOWN."""
        if session is None:
            if request.method in ("GET_PARAMETER", "SET_PARAMETER"):
                return reply_text(200, request, {})
            raise RefusalError(454)
        headers = {"Session": session.id}
        match request.method:
            case "PLAY":
                headers |= session.play(request.uri.rstrip("/"))
            case "PAUSE":
                session.pause()
            case "TEARDOWN":
                self._server.end(session)
        return reply_text(200, request, headers)
