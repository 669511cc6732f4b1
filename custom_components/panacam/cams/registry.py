"""The families by name: the only module that knows them all."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from aiohttp import ClientSession

from .device import Device, Identity
from .errors import AuthError, CameraError, ProtocolError, Reason
from .net.http import HttpClient
from .povcam.device import PovcamDevice
from .stream import Credentials, Transport


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """How to reach one camera."""

    host: str
    port: int | None = None
    """Of the web server; None: 80, or 443 with TLS."""
    tls: bool = False
    credentials: Credentials | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What its owner decided about one camera."""

    rtsp_port: int | None = None
    """None: what the camera says."""
    transport: Transport = Transport.AUTO
    expected_id: str | None = None
    """The unique id that the camera must prove."""


@dataclass(frozen=True, slots=True)
class Family:
    """One kind of camera: how to make a device and how to ask who is there."""

    create: Callable[[ClientSession, Address, Wishes], Device]
    identify: Callable[[ClientSession, Address], Awaitable[Identity]]


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
        credentials=address.credentials,
    )
    return PovcamDevice(
        http,
        host=address.host,
        credentials=address.credentials,
        rtsp_port=wishes.rtsp_port,
        transport=wishes.transport,
        expected_id=wishes.expected_id,
    )


async def _identify_povcam(session: ClientSession, address: Address) -> Identity:
    return await _povcam(session, address, Wishes()).identify()


FAMILIES: Final[Mapping[str, Family]] = MappingProxyType(
    {"povcam": Family(create=_povcam, identify=_identify_povcam)}
)


def create(family: str, session: ClientSession, address: Address, wishes: Wishes) -> Device:
    """Return a device that is not connected yet. ConnectError when the address is none."""
    return FAMILIES[family].create(session, address, wishes)


async def probe(session: ClientSession, address: Address) -> Finding:
    """Ask every family in turn who is there.

    Raises AuthError as soon as one family is asked for credentials, else the error of the last
    family: ConnectError, ProtocolError(NOT_A_CAMERA), ...
    """
    error: CameraError = ProtocolError(Reason.NOT_A_CAMERA)
    for name, family in FAMILIES.items():
        try:
            return Finding(name, await family.identify(session, address))
        except AuthError:
            raise
        except CameraError as err:
            error = err
    raise error
