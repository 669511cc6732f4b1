"""HTTPS of a Panasonic camera: its certificate, its key, and what it tells of them (7).

The specification lists the requests and shows no answer, and not how a certificate is installed.
Taken for granted here: answers are `key=value` like all others; a certificate is there when its
information has a value under any name; `renewal` says with one word that something is under way,
finished or failed, and who says neither is asked for the thing itself; a certificate is installed
by a form with a file, as the camera's own page has it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, replace
import re
from types import MappingProxyType
from typing import Final, override

from ..device import State
from ..errors import CameraError, ConnectError, ProtocolError, Reason, RefusedError
from ..placing import CertificateKind, CertificateStatus, Subject
from ..roles import Reading
from ..text import plain
from .client import PovcamClient
from .commands_network import (
    GET_CRT_KEY,
    GET_HTTPS,
    HTTPS_CHANGE_CRT_KEY,
    HTTPS_CREAT_SELF_SIGNED,
    HTTPS_CREAT_SIGNED,
    HTTPS_CRT_KEY,
    HTTPS_DOWNLOAD_CSR,
    HTTPS_INSTALL_SIGNED,
    HTTPS_SELF_SIGNED,
    HTTPS_SIGNED,
    RENEWAL,
)
from .placing import read_https
from .wanted import ProbedWatcher
from .wire import Command, Reply, decode_text, parse_reply

MAKING_TIME: Final = 120.0
"""Seconds for a key of 2048 bits and what is signed by it."""
MAKING_GAP: Final = 2.0
LOOK_GAP: Final = 300.0
"""Seconds between two looks at the state."""
MAX_DETAILS: Final = 32
MAX_DETAIL: Final = 200
MAX_PEM: Final = 16384
UPLOAD_NAME: Final = "certificate"

HTTPS_STATE: Final = Reading(
    key="https_state",
    options=("off", "on", "self_signed", "ca_signed"),
    diagnostic=True,
    enabled=False,
)

_REQUEST: Final = re.compile(
    r"-----BEGIN (NEW )?CERTIFICATE REQUEST-----[A-Za-z0-9+/=\s]+-----END (NEW )?"
    r"CERTIFICATE REQUEST-----"
)
_DONE: Final = frozenset({"finish", "finished", "done", "complete", "completed", "success", "ok"})
_AT_WORK: Final = frozenset(
    {"progress", "processing", "creating", "generating", "installing", "busy", "wait", "prepare"}
)
_RENEWED: Final = frozenset({Reason.OTHER_CERTIFICATE, Reason.TLS})
"""How a new certificate looks that took effect at once."""
_FAILED: Final = frozenset({"error", "fail", "failed", "failure", "ng"})
_NOTHING: Final = frozenset({"none", "no", "off", "0", "-", "disable", "invalid", "not", "null"})
_INFO: Final = {
    CertificateKind.SELF_SIGNED: HTTPS_SELF_SIGNED,
    CertificateKind.CA_SIGNED: HTTPS_SIGNED,
}


class PovcamCertificates:
    """The certificates role."""

    def __init__(self, client: PovcamClient) -> None:
        """Speak by `client`."""
        self._client = client

    async def read(self) -> CertificateStatus:
        """Return what there is; of two certificates the signed one is in use."""
        https = parse_reply(await self._client.call(GET_HTTPS))
        key = await self._told(GET_CRT_KEY)
        kind, details = await self._certificate()
        port = https.number("https_port")
        return CertificateStatus(
            kind=kind,
            https=read_https(https),
            port=None if port is None else int(port),
            details=details,
            key=_details(key),
        )

    async def create_self_signed(self, subject: Subject) -> None:
        """Have it made, and wait (7.1)."""
        await self._make(
            HTTPS_CREAT_SELF_SIGNED,
            "self_create",
            lambda: self._has(CertificateKind.SELF_SIGNED),
            **_subject(subject),
        )

    async def create_request(self, subject: Subject) -> str:
        """Have it made, wait and fetch it. ProtocolError(UNEXPECTED_REPLY) when it is none."""
        await self._make(HTTPS_CREAT_SIGNED, "csr_create", self._has_request, **_subject(subject))
        if (request := await self._request()) is None:
            raise ProtocolError(Reason.UNEXPECTED_REPLY, HTTPS_DOWNLOAD_CSR.name)
        return request

    async def install(self, certificate: str) -> None:
        """Send it as a file and wait. RefusedError(OTHER_KEY) when the camera refuses it."""
        try:
            await self._client.upload(
                HTTPS_INSTALL_SIGNED, UPLOAD_NAME, certificate.encode("ascii", "replace")
            )
        except RefusedError as err:
            if err.reason is Reason.REFUSED:
                raise RefusedError(Reason.OTHER_KEY, HTTPS_INSTALL_SIGNED.name) from err
            raise
        try:
            await self._wait("ca_install", lambda: self._has(CertificateKind.CA_SIGNED))
        except RefusedError as err:
            if err.reason is Reason.REFUSED:
                raise RefusedError(Reason.OTHER_KEY, HTTPS_INSTALL_SIGNED.name) from err
            raise

    async def delete(self) -> None:
        """Delete the certificate in use, and say so when there is none or HTTPS needs it."""
        await self._refuse_in_use()
        kind, _ = await self._certificate()
        if kind is CertificateKind.NONE:
            raise RefusedError(Reason.NOTHING_TO_DELETE)
        await self._client.call(_INFO[kind], mode="delete")

    async def create_key(self, *, previous: bool = False) -> None:
        """Have a key made and wait; or take the one before, which is there already."""
        await self._refuse_in_use()
        if previous:
            await self._client.call(HTTPS_CRT_KEY, mode="refresh")
            return
        before = await self._told(GET_CRT_KEY)

        async def is_there() -> bool:
            return dict(await self._told(GET_CRT_KEY)) != dict(before)

        await self._make(HTTPS_CHANGE_CRT_KEY, "key_create", is_there, rsa_length="2048")

    async def _refuse_in_use(self) -> None:
        if read_https(parse_reply(await self._client.call(GET_HTTPS))) is True:
            raise RefusedError(Reason.HTTPS_IN_USE)

    async def _make(
        self,
        command: Command,
        what: str,
        is_there: Callable[[], Awaitable[bool]],
        **values: str | int,
    ) -> None:
        """Begin something and wait for its end. CameraError."""
        agreed = True
        try:
            await self._client.call(command, **values)
        except ConnectError as err:
            # One request may last as long as the work does.
            if err.reason is not Reason.TIMEOUT:
                raise
            agreed = False
        await self._wait(what, is_there, agreed=agreed)

    async def _wait(
        self, what: str, is_there: Callable[[], Awaitable[bool]], *, agreed: bool = True
    ) -> None:
        """Ask for the progress until the end.

        ConnectError(TIMEOUT) after MAKING_TIME; RefusedError(REFUSED) when the camera says that it
        failed. Another certificate is the end, too; but one that the camera never agreed to make
        is a ConnectError.
        """
        try:
            async with asyncio.timeout(MAKING_TIME):
                while not await self._is_done(what, is_there):  # noqa: ASYNC110 - it tells nobody
                    await asyncio.sleep(MAKING_GAP)
        except TimeoutError as err:
            raise ConnectError(Reason.TIMEOUT, what) from err
        except ConnectError as err:
            if not agreed or err.reason not in _RENEWED:
                raise

    async def _is_done(self, what: str, is_there: Callable[[], Awaitable[bool]]) -> bool:
        try:
            words = await self._progress(what)
            if words & _FAILED:
                raise RefusedError(Reason.REFUSED, what)
            return not words & _AT_WORK and (bool(words & _DONE) or await is_there())
        except ConnectError as err:
            if err.reason in _RENEWED:
                raise
            return False  # a camera at work may have no time for that

    async def _progress(self, what: str) -> frozenset[str]:
        try:
            return _words(await self._client.call(RENEWAL, cgi_name=what))
        except RefusedError:
            return frozenset()  # not all models may have it

    async def _certificate(self) -> tuple[CertificateKind, Mapping[str, str]]:
        for kind in (CertificateKind.CA_SIGNED, CertificateKind.SELF_SIGNED):
            if details := _details(await self._told(_INFO[kind], mode="get_info")):
                return kind, details
        return CertificateKind.NONE, {}

    async def kind(self) -> CertificateKind:
        """Return whose certificate there is. CameraError."""
        return (await self._certificate())[0]

    async def _has(self, kind: CertificateKind) -> bool:
        return bool(_details(await self._told(_INFO[kind], mode="get_info")))

    async def _has_request(self) -> bool:
        return await self._request() is not None

    async def _request(self) -> str | None:
        try:
            body = await self._client.call(HTTPS_DOWNLOAD_CSR)
        except RefusedError:
            return None
        found = _REQUEST.search(decode_text(body[:MAX_PEM]))
        return None if found is None else f"{found[0]}\n"

    async def _told(self, command: Command, **values: str | int) -> Reply:
        """Return what a camera tells that may refuse to tell it; ConnectError, AuthError."""
        try:
            return parse_reply(await self._client.call(command, **values))
        except RefusedError as err:
            if err.reason is Reason.NEEDS_ADMINISTRATOR:
                raise
            return Reply({})


class HttpsWatcher(ProbedWatcher):
    """Looks now and then whether HTTPS is in use, and by whose certificate."""

    period = LOOK_GAP

    def __init__(self, client: PovcamClient) -> None:
        """Ask by `client`."""
        super().__init__(client)
        self._store = PovcamCertificates(client)
        self._state: str | None = None

    @property
    def store(self) -> PovcamCertificates | None:
        """Return the certificates role, where the camera has HTTPS."""
        return self._store if self.there else None

    @override
    async def probe(self) -> bool | None:
        """Learn whether the camera has HTTPS at all: some models have not (7.2)."""
        if read_https(parse_reply(await self._client.call(GET_HTTPS))) is None:
            return None
        self.readings = MappingProxyType({HTTPS_STATE.key: HTTPS_STATE})
        return True

    @override
    async def read(self) -> None:
        """Ask whether it is in use."""
        self._state = None
        if (body := await self.ask(GET_HTTPS)) is None:
            return
        match read_https(parse_reply(body)):
            case True:
                self._state = await self._kind()
            case False:
                self._state = "off"

    async def _kind(self) -> str | None:
        """Return by whose certificate it is in use, as far as we may see that."""
        try:
            kind = await self._store.kind()
        except RefusedError:
            return "on"
        except CameraError as err:
            self.missed(err)
            return None
        return "on" if kind is CertificateKind.NONE else kind.value

    @override
    def add(self, state: State) -> State:
        if not self.there:
            return state
        return replace(state, readings={**state.readings, HTTPS_STATE.key: self._state})


def _subject(subject: Subject) -> dict[str, str | int]:
    return {key: value for key, value in asdict(subject).items() if value}


def _words(body: bytes) -> frozenset[str]:
    """Return the words of an answer, of values and of lines that are no `key=value`."""
    reply = parse_reply(body)
    return frozenset(
        word
        for text in (*reply.values(), *reply.rubbish)
        for word in re.findall(r"[a-z]+", text.casefold())
    )


def _details(reply: Reply) -> dict[str, str]:
    """Return what is told of a certificate or key, printable and bounded; none: it is not there."""
    found: dict[str, str] = {}
    if (text := plain(" ".join(reply.rubbish), MAX_DETAIL)) is not None:
        found["text"] = text
    for key in list(reply)[:MAX_DETAILS]:
        value = plain(reply.text(key), MAX_DETAIL)
        if value is not None and value.casefold() not in _NOTHING:
            found[key.casefold()] = value
    return found
