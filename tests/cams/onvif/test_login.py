"""A wrong password is tried seldom, a weak user is told from one, Digest is never given up."""

import asyncio
from base64 import b64encode

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.errors import AuthError, Reason, RefusedError
from custom_components.panacam.cams.net.login import LoginRecord
from custom_components.panacam.cams.net.rtsp_login import RtspLogin
from custom_components.panacam.cams.onvif import client as client_module
from custom_components.panacam.cams.onvif.client import OnvifClient
from custom_components.panacam.cams.onvif.device import OnvifDevice
from custom_components.panacam.cams.onvif.hosts import MAX_PLACES
from custom_components.panacam.cams.stream import Credentials
from tests.cams.net.rtsp_peer import RtspPeer, reply
from tests.cams.onvif.support import client_for, known_client
from tests.cams.support import Peer, response
from tests.simulators.onvif import Auth, Fault, OnvifSimulator, Quirk, server
from tests.simulators.povcam.auth import Verdict

BASIC = 'WWW-Authenticate: Basic realm="camera"'


def attempts(simulator: OnvifSimulator) -> int:
    """Count the requests that had a login, good or bad."""
    return sum(request.had_wsse or request.had_digest for request in simulator.requests)


@pytest.mark.parametrize("auth", [Auth.BOTH, Auth.DIGEST, Auth.WSSE, Auth.EITHER])
async def test_wrong_password_is_tried_seldom(session: ClientSession, auth: Auth) -> None:
    """Setting up with a wrong password costs few tries, trying again at once none."""
    async with OnvifSimulator(auth=auth) as simulator:
        client = client_for(session, simulator, password="guess")
        device = OnvifDevice(client)
        for _ in range(3):
            with pytest.raises(AuthError) as raised:
                await device.connect()
            assert raised.value.reason is Reason.WRONG_CREDENTIALS
            assert 1 <= attempts(simulator) <= 4
        for _ in range(3):
            with pytest.raises(AuthError):
                await client.call("device", "GetScopes")
        assert attempts(simulator) <= 4
        await device.close()
        # Who was given another password is another client.
        assert await client_for(session, simulator).call("device", "GetScopes")


@pytest.mark.parametrize("auth", [Auth.BOTH, Auth.DIGEST, Auth.WSSE, Auth.EITHER])
async def test_password_is_changed(
    session: ClientSession, auth: Auth, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All callers together try an old password a few times, then one of them now and then."""
    async with OnvifSimulator(auth=auth) as simulator:
        client = await known_client(session, simulator)
        password = simulator.password
        simulator.set_password(simulator.username, "another")
        simulator.requests.clear()
        for operation in ("GetScopes", "GetNetworkInterfaces", "GetDeviceInformation") * 3:
            with pytest.raises(AuthError):
                await client.call("device", operation)
        assert 1 <= attempts(simulator) <= 4
        monkeypatch.setattr(client_module, "LOGIN_PAUSE", 0.3)
        client._paused_until = 0.0
        simulator.requests.clear()
        found = await asyncio.gather(
            *(client.call("device", "GetScopes") for _ in range(10)), return_exceptions=True
        )
        assert all(isinstance(one, AuthError) for one in found)
        assert 1 <= attempts(simulator) <= 2
        simulator.set_password(simulator.username, password)
        await asyncio.sleep(0.3)
        assert await client.call("device", "GetScopes")
        assert client.signing


async def test_pictures_pause_too(session: ClientSession) -> None:
    """Pictures and streams, which log in by themselves, do not try a refused login either."""
    async with OnvifSimulator(auth=Auth.BOTH) as simulator:
        device = OnvifDevice(client_for(session, simulator))
        await device.connect()
        assert device.imager is not None
        assert device.speaker is not None
        await device.imager.snapshot()
        simulator.set_password(simulator.username, "another")
        with pytest.raises(AuthError):
            await device.identify()
        with pytest.raises(AuthError):
            await device._sound.open_metadata().__aenter__()
        checked = simulator.camera.users.check_digest
        tried: list[str | None] = []

        def check(header: str | None, method: str, uri: str) -> Verdict:
            tried.append(header)
            return checked(header, method, uri)

        simulator.camera.users.check_digest = check  # type: ignore[method-assign]
        for _ in range(3):
            with pytest.raises((AuthError, RefusedError)):
                await device.imager.snapshot()
        with pytest.raises(AuthError):
            await device._sound._locate_speech()
        assert not any(tried)
        await device.close()


@pytest.mark.parametrize("auth", [Auth.BOTH, Auth.DIGEST, Auth.WSSE])
async def test_one_operation_is_forbidden(session: ClientSession, auth: Auth) -> None:
    """What a good login may not is refused, and the rest goes on."""
    async with OnvifSimulator(auth=auth) as simulator:
        client = await known_client(session, simulator)
        simulator.fault("GetSystemLog", Fault.UNAUTHORIZED)
        for _ in range(2):
            with pytest.raises(RefusedError) as raised:
                await client.call("device", "GetSystemLog", LogType="System")
            assert raised.value.reason is Reason.NO_PRIVILEGE
        assert await client.call("device", "GetScopes")
        # It was looked into once.
        proofs = [r for r in simulator.requests if r.operation == "GetDeviceInformation"]
        assert sum(not (r.had_wsse or r.had_digest) for r in proofs) <= 1


@pytest.mark.parametrize("auth", [Auth.BOTH, Auth.DIGEST, Auth.WSSE])
async def test_weak_user(session: ClientSession, auth: Auth) -> None:
    """A user who may only look gets a camera to look at."""
    async with OnvifSimulator(auth=auth, quirks={Quirk.PTZ_UNATTACHED}) as simulator:
        simulator.fault("GetNodes", Fault.UNAUTHORIZED)
        simulator.fault("GetRelayOutputs", Fault.UNAUTHORIZED)
        device = OnvifDevice(client_for(session, simulator, username="viewer", password="Gast/7"))
        await device.connect()
        assert device.streams
        await device.poll()
        await device.close()


async def test_proof_is_free(session: ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """A device that tells everybody who it is does not prove a password right by that."""
    monkeypatch.setattr(server, "PRE_AUTH", server.PRE_AUTH | {"GetDeviceInformation"})
    async with OnvifSimulator() as simulator:
        client = client_for(session, simulator, password="guess")
        assert await client.call("device", "GetDeviceInformation")
        for _ in range(3):
            with pytest.raises(AuthError):
                await client.call("device", "GetScopes")
        assert attempts(simulator) <= 4


@pytest.mark.parametrize("quirks", [{Quirk.NOTHING_FREE}, {Quirk.DATE_TIME_REFUSED}, set()])
@pytest.mark.parametrize("auth", [Auth.BOTH, Auth.DIGEST, Auth.WSSE])
async def test_nothing_is_free(session: ClientSession, auth: Auth, quirks: set[Quirk]) -> None:
    """What needs no login is asked without one, and with one where the device insists."""
    async with OnvifSimulator(auth=auth, quirks=quirks) as simulator:
        client = await known_client(session, simulator)
        assert client.has("media")
        await client.call("device", "GetSystemDateAndTime", signed=False)
        if not quirks:
            free = [r for r in simulator.requests if r.operation == "GetSystemDateAndTime"]
            assert not any(r.had_wsse or r.had_digest for r in free)


async def readable(client: OnvifClient, port: int) -> None:
    """Ask a port of the device that wants the password readable."""
    place = client.place(f"http://10.0.0.1:{port}/snapshot")
    assert place.port == port
    with pytest.raises(AuthError):
        await client.http_at(place).request("GET", place.path)


async def test_no_basic_on_another_port(session: ClientSession) -> None:
    """Who took a Digest at home gets no readable password anywhere, nor later."""
    async with (
        OnvifSimulator(auth=Auth.DIGEST) as simulator,
        Peer.saying(response(401, b"", BASIC)) as peer,
    ):
        client = await known_client(session, simulator)
        await readable(client, peer.port)
        for port in range(10000, 10000 + MAX_PLACES):  # now it is forgotten
            client.http_at(client.place(f"http://10.0.0.1:{port}/x"))
        await readable(client, peer.port)
    assert len(peer.heard) == 2
    assert not any(heard.header("authorization") for heard in peer.heard)


async def test_basic_elsewhere_before_digest(session: ClientSession) -> None:
    """A port that had the readable password gets it no more once Digest is known."""
    async with (
        OnvifSimulator(auth=Auth.DIGEST) as simulator,
        Peer.saying(response(401, b"", BASIC), response(200), response(200)) as peer,
    ):
        client = client_for(session, simulator)
        client.learn({"device": simulator.url})
        place = client.place(f"http://10.0.0.1:{peer.port}/snapshot")
        await client.http_at(place).request("GET", place.path)
        assert await client.call("device", "GetDeviceInformation")
        await client.http_at(place).request("GET", place.path)
    secret = b64encode(f"{simulator.username}:{simulator.password}".encode()).decode()
    given = [heard.header("authorization") for heard in peer.heard]
    assert given == [None, f"Basic {secret}", None]


def test_record_of_rtsp() -> None:
    """A Digest that was taken on one connection rules Basic out on the next ones."""
    record = LoginRecord()
    login = Credentials("admin", "Kamera/7")
    assert RtspLogin(login, record).challenged(['Basic realm="x"'])
    first = RtspLogin(login, record)
    assert first.challenged(['Digest realm="x", nonce="1"'])
    assert not record.digest_seen
    first.accepted()
    assert record.digest_seen
    assert not RtspLogin(login, record).challenged(['Basic realm="x"'])


async def test_no_basic_by_rtsp(session: ClientSession) -> None:
    """Who took a Digest by HTTP gets no readable password by RTSP."""
    async with (
        OnvifSimulator(auth=Auth.DIGEST) as simulator,
        RtspPeer(answers={"DESCRIBE": reply(401, WWW_Authenticate='Basic realm="x"')}) as peer,
    ):
        client = client_for(session, simulator)
        device = OnvifDevice(client, rtsp_port=peer.port)
        await device.connect()
        await device.close()
        assert client.logins.digest_seen
    assert any(heard.method == "DESCRIBE" for heard in peer.heard)
    assert not any("authorization" in heard.headers for heard in peer.heard)
