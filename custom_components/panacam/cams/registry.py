"""The families by name: the only module that knows them all."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from aiohttp import ClientSession

from .device import Device, Identity
from .discovery import Search
from .errors import (
    AuthError,
    BusyError,
    CameraError,
    ConnectError,
    ProtocolError,
    Reason,
    RefusedError,
)
from .memory import Memory, ShortMemory
from .mo import search as mo_search
from .mo.device import MoDevice
from .net.http import HttpClient
from .net.login import LoginRecord
from .onvif import search as onvif_search
from .onvif.client import OnvifClient
from .onvif.device import OnvifDevice
from .povcam import search as povcam_search
from .povcam.device import PovcamDevice
from .stream import Credentials, Transport

GRACE: Final = 1.5
"""Seconds that the other families still have once one of them got a telling answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """How to reach one camera."""

    host: str
    port: int | None = None
    """Where it answers; None: 80, or 443 with TLS."""
    tls: bool = False
    fingerprint: str | None = None
    """SHA-256 of the one certificate that the camera may show, in hexadecimal digits."""
    credentials: Credentials | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What its owner decided about one camera."""

    rtsp_port: int | None = None
    """None: what the camera says."""
    transport: Transport = Transport.AUTO
    expected_id: str | None = None
    """The unique id that the camera must prove."""
    motor: bool = False
    """Whether it has a motor, for cameras that cannot tell."""
    alarm_off_after: float = 0.0
    """Seconds after which an alarm ends by itself, for cameras that do not say; 0: never."""
    trust_addresses: bool = False
    """Whether to go where the camera says that its services and streams are."""
    webhook: str | None = field(default=None, repr=False)
    """The address that the camera is to send its events to; None: they are fetched."""
    press_seconds: float = 1.0
    """How long a press of a button moves a head that moves until it is stopped."""
    memory: Memory = field(default_factory=ShortMemory, compare=False, repr=False)
    """What outlasts the device object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One kind of camera: how to make a device, how to ask who is there, what can be wished for."""

    create: Callable[[ClientSession, Address, Wishes], Device]
    identify: Callable[[ClientSession, Address], Awaitable[Identity]]
    wishes: frozenset[str]
    """The fields of Wishes that mean something to it."""
    search: Search | None = None
    """How its cameras are found on the network; None: they are not."""
    tls: bool = True
    """Whether it can be asked over TLS."""
    general: bool = False
    """Whether cameras of other families may speak its language, too; theirs says more."""

    @property
    def rtsp(self) -> bool:
        """Return whether it sends video by RTSP."""
        return "rtsp_port" in self.wishes


@dataclass(frozen=True, slots=True)
class Finding:
    """A camera that answered."""

    family: str
    identity: Identity


def _povcam(session: ClientSession, address: Address, wishes: Wishes) -> PovcamDevice:
    http = HttpClient(
        session,
        address.host,
        port=address.port,
        tls=address.tls,
        fingerprint=address.fingerprint,
        credentials=address.credentials,
        record=LoginRecord(pinned=address.fingerprint is not None),
    )
    return PovcamDevice(
        http,
        host=address.host,
        credentials=address.credentials,
        rtsp_port=wishes.rtsp_port,
        transport=wishes.transport,
        expected_id=wishes.expected_id,
        memory=wishes.memory,
    )


async def _identify_povcam(session: ClientSession, address: Address) -> Identity:
    return await _povcam(session, address, Wishes()).identify()


def _mo(_session: ClientSession, address: Address, wishes: Wishes) -> MoDevice:
    return MoDevice(
        address.host,
        port=address.port or 80,
        credentials=address.credentials,
        expected_id=wishes.expected_id,
        motor=wishes.motor,
        alarm_off_after=wishes.alarm_off_after,
    )


async def _identify_mo(session: ClientSession, address: Address) -> Identity:
    """Ask who the camera is.

    Whoever hangs up on the question, or says nothing, is most likely a web server: that is no
    camera, and what the other families hear from it says more.
    """
    try:
        return await _mo(session, address, Wishes()).identify()
    except (ConnectError, ProtocolError) as err:
        if err.reason in {Reason.CUT, Reason.TIMEOUT} or (
            isinstance(err, ProtocolError) and err.reason is not Reason.UNSUPPORTED_CAMERA
        ):
            raise ProtocolError(Reason.NOT_A_CAMERA) from err
        raise


def _onvif(session: ClientSession, address: Address, wishes: Wishes) -> OnvifDevice:
    client = OnvifClient(
        session,
        address.host,
        address.port,
        tls=address.tls,
        fingerprint=address.fingerprint,
        credentials=address.credentials,
        trust=wishes.trust_addresses,
    )
    return OnvifDevice(
        client,
        rtsp_port=wishes.rtsp_port,
        transport=wishes.transport,
        expected_id=wishes.expected_id,
        webhook=wishes.webhook,
        press_seconds=wishes.press_seconds,
        memory=wishes.memory,
    )


async def _identify_onvif(session: ClientSession, address: Address) -> Identity:
    device = _onvif(session, address, Wishes())
    try:
        return await device.identify()
    finally:
        await device.close()


FAMILIES: Final[Mapping[str, Family]] = MappingProxyType(
    {
        "povcam": Family(
            create=_povcam,
            identify=_identify_povcam,
            search=povcam_search.SEARCH,
            wishes=frozenset({"rtsp_port", "transport"}),
        ),
        "mo": Family(
            create=_mo,
            identify=_identify_mo,
            search=mo_search.SEARCH,
            wishes=frozenset({"motor", "alarm_off_after"}),
            tls=False,
        ),
        "onvif": Family(
            create=_onvif,
            identify=_identify_onvif,
            search=onvif_search.SEARCH,
            wishes=frozenset(
                {"rtsp_port", "transport", "trust_addresses", "webhook", "press_seconds", "memory"}
            ),
            general=True,
        ),
    }
)


def create(family: str, session: ClientSession, address: Address, wishes: Wishes) -> Device:
    """Return a device that is not connected yet. ConnectError when the address is none."""
    return FAMILIES[family].create(session, address, wishes)


async def probe(session: ClientSession, address: Address) -> Finding:
    """Ask all families at the same time who is there; the first one to find its camera wins.

    Else raises what says most of what they met: AuthError, BusyError, RefusedError, ConnectError,
    ProtocolError(UNSUPPORTED_CAMERA); ProtocolError(NOT_A_CAMERA) when nothing says more.
    """
    async with asking(session, address) as tasks:
        return await first(tasks)


@asynccontextmanager
async def asking(
    session: ClientSession, address: Address
) -> AsyncGenerator[list[asyncio.Task[Finding]]]:
    """Ask all families at the same time, one task each; those that are not done are ended."""
    tasks = [
        asyncio.create_task(_ask(name, family, session, address), name=f"panacam probe {name}")
        for name, family in FAMILIES.items()
        if family.tls or not address.tls
    ]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _ask(name: str, family: Family, session: ClientSession, address: Address) -> Finding:
    return Finding(name, await family.identify(session, address))


async def first(tasks: list[asyncio.Task[Finding]]) -> Finding:
    """Return the first finding, else raise the error that says most.

    What only shows that a camera speaks a general language waits a while for a family's own word.
    """
    errors: dict[asyncio.Task[Finding], CameraError] = {}
    pending = set(tasks)
    limit: float | None = None
    general: Finding | None = None
    while pending:
        done, pending = await asyncio.wait(
            pending, timeout=limit, return_when=asyncio.FIRST_COMPLETED
        )
        if not done:
            break
        for task in filter(done.__contains__, tasks):
            try:
                found = task.result()
            except CameraError as err:
                if err.reason is Reason.UNKNOWN_HOST:
                    raise  # nobody else will find it either
                errors[task] = err
                if _says(err) > _LITTLE:
                    # A camera of another family would not take long to answer.
                    limit = GRACE
            else:
                if not FAMILIES[found.family].general:
                    return found
                general, limit = found, GRACE
    if general is not None:
        return general
    # Of two that say as much, the first family's.
    raise max((errors[task] for task in tasks if task in errors), key=_says)


_LITTLE: Final = 1
_ANY_WEB_SERVER: Final = frozenset({Reason.NO_CREDENTIALS, Reason.WRONG_CREDENTIALS})


def _says(error: CameraError) -> int:
    """Return how much an error tells about who answers: the more, the higher."""
    if error.reason in {Reason.NOT_A_CAMERA, Reason.NOT_HTTP}:
        return 0
    if isinstance(error, ProtocolError) and error.reason is Reason.UNSUPPORTED_CAMERA:
        return 4
    if error.reason is Reason.TOO_MANY_CONNECTIONS:
        return 4  # it speaks our language, while any web server may ask for a password
    if isinstance(error, AuthError):
        # Who names the wrong one of the two knows what a login is.
        return 3 if error.reason in _ANY_WEB_SERVER else 5
    if isinstance(error, BusyError | RefusedError):
        return 2
    return _LITTLE
