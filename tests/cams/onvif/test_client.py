import asyncio
from contextlib import suppress
import socket
import struct
import time

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.errors import (
    AuthError,
    CameraError,
    ConnectError,
    ProtocolError,
    Reason,
    RefusedError,
    UnreachedError,
)
from custom_components.panacam.cams.net import http as net_http
from custom_components.panacam.cams.onvif import client as client_module, sender as sender_module
from custom_components.panacam.cams.onvif.client import OnvifClient
from custom_components.panacam.cams.onvif.hosts import MAX_PLACES
from tests.cams.onvif.support import client_for, known_client
from tests.cams.support import Heard, Peer
from tests.simulators.onvif import Auth, Fault, OnvifSimulator, Quirk


async def information(client: OnvifClient) -> str | None:
    """Ask for something that needs a login."""
    return (await client.call("device", "GetDeviceInformation")).text("SerialNumber")


@pytest.mark.parametrize("auth", Auth)
@pytest.mark.parametrize("offset", [0, -7200, 86400])
async def test_logins(session: ClientSession, auth: Auth, offset: float) -> None:
    """Whatever login a device wants, and whatever time it has, it gets."""
    async with OnvifSimulator(auth=auth, clock_offset=offset) as simulator:
        client = client_for(session, simulator)
        assert await information(client) == simulator.camera.identity.serial
        before = len(simulator.requests)
        assert await information(client)
        # What was found out is kept.
        assert len(simulator.requests) - before <= (1 if auth is not Auth.DIGEST else 2)
        assert client.clock_offset is not None
        assert abs(client.clock_offset.total_seconds() - offset) < 2


@pytest.mark.parametrize("auth", [Auth.DIGEST, Auth.WSSE, Auth.BOTH])
async def test_wrong_password(session: ClientSession, auth: Auth) -> None:
    """A wrong password is one, and none is none."""
    async with OnvifSimulator(auth=auth) as simulator:
        with pytest.raises(AuthError) as wrong:
            await information(client_for(session, simulator, password="guess"))
        assert wrong.value.reason is Reason.WRONG_CREDENTIALS
        with pytest.raises(AuthError) as none:
            await information(client_for(session, simulator, login=False))
        assert none.value.reason is Reason.NO_CREDENTIALS
        assert len(simulator.requests) < 20


async def test_header_refused(session: ClientSession) -> None:
    """A device that knows only HTTP Digest may refuse the header of WS-Security."""
    async with OnvifSimulator(auth=Auth.DIGEST, quirks={Quirk.WSSE_UNKNOWN}) as simulator:
        client = client_for(session, simulator)
        assert await information(client)
        assert not client.signing
        before = len(simulator.requests)
        assert await information(client)
        assert len(simulator.requests) - before <= 2


async def test_clock_changes(session: ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """A device whose clock was set while we knew the old time is signed for anew."""
    monkeypatch.setattr(client_module, "CLOCK_DOUBT", 0.0)
    async with OnvifSimulator(auth=Auth.WSSE) as simulator:
        client = client_for(session, simulator)
        assert await information(client)
        simulator.camera.clock.offset = 3600
        assert await information(client)
        assert client.clock_offset is not None
        assert client.clock_offset.total_seconds() > 3500


@pytest.mark.parametrize(
    "quirk", [Quirk.NO_DATE_TIME, Quirk.NO_UTC, Quirk.DATE_TIME_REFUSED, Quirk.MINUTE_61]
)
async def test_no_time(session: ClientSession, quirk: Quirk) -> None:
    """A device that tells no time is taken to have ours."""
    async with OnvifSimulator(quirks={quirk}) as simulator:
        client = client_for(session, simulator)
        assert await information(client)
        assert await information(client)
        assert simulator.count("GetSystemDateAndTime") <= 2


@pytest.mark.parametrize(
    ("fault", "error", "reason"),
    [
        (Fault.ERROR_500, ProtocolError, Reason.UNEXPECTED_REPLY),
        (Fault.CUT, ConnectError, Reason.CUT),
        (Fault.RESET, ConnectError, None),
        (Fault.CLOSE, ConnectError, Reason.CUT),
        (Fault.EMPTY, ProtocolError, Reason.UNEXPECTED_REPLY),
        (Fault.HTML, ProtocolError, Reason.UNEXPECTED_REPLY),
        (Fault.NOT_XML, ProtocolError, Reason.UNEXPECTED_REPLY),
        (Fault.HUGE, ProtocolError, Reason.TOO_LARGE),
        (Fault.BILLION_LAUGHS, ProtocolError, Reason.UNEXPECTED_REPLY),
        (Fault.EXTERNAL_ENTITY, ProtocolError, Reason.UNEXPECTED_REPLY),
        (Fault.REDIRECT, ConnectError, Reason.REDIRECTED),
        (Fault.UNAUTHORIZED, AuthError, Reason.WRONG_CREDENTIALS),
        (Fault.WRONG_RESPONSE, ProtocolError, Reason.UNEXPECTED_REPLY),
        (Fault.FAULT_200, RefusedError, None),
        (Fault.FAULT_500, RefusedError, None),
        (Fault.NOT_SUPPORTED, RefusedError, Reason.UNSUPPORTED),
        (Fault.UNDECLARED_PREFIX, RefusedError, None),
    ],
)
async def test_faults(
    session: ClientSession, fault: Fault, error: type[CameraError], reason: Reason | None
) -> None:
    """What can go wrong has a name; the next request finds the device as it is."""
    async with OnvifSimulator() as simulator:
        client = client_for(session, simulator)
        simulator.fault("GetDeviceInformation", fault)
        with pytest.raises(error) as raised:
            await information(client)
        assert reason is None or raised.value.reason is reason
        assert simulator.password not in str(raised.value)
        simulator.clear_faults()
        if error is AuthError:  # who was refused is not to try again at once
            client = client_for(session, simulator)
        assert await information(client)


@pytest.mark.parametrize("fault", [Fault.HANG, Fault.DRIP])
async def test_slow(session: ClientSession, fault: Fault) -> None:
    """Whoever does not come to an end is left."""
    async with OnvifSimulator() as simulator:
        client = client_for(session, simulator)
        simulator.fault("GetDeviceInformation", fault)
        with pytest.raises(CameraError) as raised:
            async with asyncio.timeout(2):
                await client.call("device", "GetDeviceInformation", timeout=0.3)
        assert raised.value.reason in {Reason.TIMEOUT, Reason.TOO_LARGE}


async def test_deep(session: ClientSession) -> None:
    """Elements in elements without end do no harm."""
    async with OnvifSimulator() as simulator:
        client = client_for(session, simulator)
        simulator.fault("GetDeviceInformation", Fault.DEEP)
        with suppress(ProtocolError):
            await information(client)
        simulator.clear_faults()
        assert await information(client)


async def test_empty_answer(session: ClientSession) -> None:
    """An empty answer is one: it tells nothing."""
    async with OnvifSimulator() as simulator:
        client = client_for(session, simulator)
        simulator.fault("GetDeviceInformation", Fault.EMPTY_RESPONSE)
        assert await information(client) is None


@pytest.mark.parametrize(
    "quirk", [Quirk.OTHER_ADDRESS, Quirk.OTHER_PORT, Quirk.OTHER_SCHEME, Quirk.NO_GET_SERVICES]
)
async def test_addresses(session: ClientSession, quirk: Quirk) -> None:
    """Wherever a device says that its services are, they are where it was reached."""
    async with OnvifSimulator(quirks={quirk}) as simulator:
        client = await known_client(session, simulator)
        assert client.has("ptz")
        assert await client.call("ptz", "GetNodes")


async def test_missing_service(session: ClientSession) -> None:
    """A service that is not there is refused without a request."""
    async with OnvifSimulator(ptz=False) as simulator:
        client = await known_client(session, simulator)
        before = len(simulator.requests)
        with pytest.raises(RefusedError) as raised:
            await client.call("ptz", "GetNodes")
        assert raised.value.reason is Reason.UNSUPPORTED
        assert len(simulator.requests) == before


async def test_few_at_once(session: ClientSession) -> None:
    """A device is not flooded."""
    async with OnvifSimulator() as simulator:
        client = await known_client(session, simulator)
        answers = await asyncio.gather(*(information(client) for _ in range(30)))
        assert set(answers) == {simulator.camera.identity.serial}


async def test_places(session: ClientSession) -> None:
    """Ports that a device invents are forgotten again, its own never."""
    async with OnvifSimulator() as simulator:
        client = client_for(session, simulator)
        client.learn({"device": "http://10.0.0.1:8000/onvif/device_service"})
        for port in range(10000, 10000 + 3 * MAX_PLACES):
            client.http_at(client.place(f"http://10.0.0.1:{port}/x"))
        assert await information(client)
        with pytest.raises(ProtocolError):
            client.place("gopher://x")


async def test_closed(session: ClientSession) -> None:
    """A closed client asks nothing more."""
    async with OnvifSimulator() as simulator:
        client = await known_client(session, simulator)
        client.close()
        with pytest.raises(ConnectError):
            await information(client)


class Deaf:
    """A port that connections to are neither made nor refused."""

    def __enter__(self) -> int:
        """Fill the queue of those who wait; return the port."""
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        self._sockets = [listener, *(socket.socket() for _ in range(4))]
        for filler in self._sockets[1:]:
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        return int(listener.getsockname()[1])

    def __exit__(self, *_exception: object) -> None:
        """Close all."""
        for opened in self._sockets:
            opened.close()


async def test_port_behind_a_router(
    session: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a router does not let through is asked at the port that it does, at once from then."""
    monkeypatch.setattr(net_http, "CONNECT_TIMEOUT", 0.4)
    async with OnvifSimulator() as simulator:
        client = await known_client(session, simulator)
        with Deaf() as port:
            address = f"http://10.0.0.1:{port}/onvif/device_service"
            began = time.monotonic()
            for _ in range(5):
                assert await client.call("device", "GetScopes", address=address)
            assert time.monotonic() - began < 1.5


async def test_detours_are_bounded(session: ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ports that are closed are not kept without end, nor for ever."""
    async with OnvifSimulator() as simulator:
        client = await known_client(session, simulator)
        for port in range(2, 30):
            address = f"http://10.0.0.1:{port}/onvif/device_service"
            assert await client.call("device", "GetScopes", address=address)
        assert 0 < len(client._detours) < 10
        monkeypatch.setattr(sender_module, "DETOUR", 0.0)
        assert await client.call("device", "GetScopes", address=address)


async def test_nobody_at_home(session: ClientSession) -> None:
    """Without the device there is no way round."""
    async with OnvifSimulator() as simulator:
        client = await known_client(session, simulator)
    with pytest.raises(ConnectError):  # a connection that stood until now
        await information(client)
    for address in (None, "http://10.0.0.1:2/onvif/device_service"):
        with pytest.raises(UnreachedError):
            await client.call("device", "GetScopes", address=address)


@pytest.mark.parametrize("fault", ["reset", "close", "hang"])
async def test_no_second_time(session: ClientSession, fault: str) -> None:
    """A request that a port may have taken is not sent again to another one."""

    async def answer(_heard: Heard, writer: asyncio.StreamWriter) -> None:
        match fault:
            case "reset":
                linger = struct.pack("ii", 1, 0)
                writer.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, linger
                )
                writer.transport.abort()
            case "close":
                writer.close()
            case _:
                await asyncio.sleep(5)

    async with OnvifSimulator() as simulator, Peer(answer) as peer:
        client = await known_client(session, simulator)
        before = simulator.count("GetScopes")
        address = f"http://10.0.0.1:{peer.port}/onvif/device_service"
        with pytest.raises(ConnectError) as raised:
            await client.call("device", "GetScopes", address=address, timeout=0.5)
        assert not isinstance(raised.value, UnreachedError)
        assert len(peer.heard) == 1
        assert simulator.count("GetScopes") == before
