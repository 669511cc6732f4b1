"""Devices are made, and strangers identified, by the families' names."""

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.errors import (
    AuthError,
    CameraError,
    ConnectError,
    ProtocolError,
    Reason,
)
from custom_components.panacam.cams.registry import FAMILIES, Address, Wishes, create, probe
from custom_components.panacam.cams.stream import Credentials, Transport
from tests.cams.support import LOGIN, USERS, Peer, response
from tests.simulators.povcam import AG_MDC20, Auth, Fault, PovcamSimulator


async def test_probe(session: ClientSession) -> None:
    """A camera is found with its family, its name and its address."""
    async with PovcamSimulator(AG_MDC20, auth=Auth.NONE, media=False) as sim:
        sim.camera.title = "玄関"
        found = await probe(session, Address(host="127.0.0.1", port=sim.port))
    assert found.family == "povcam"
    assert (found.identity.model, found.identity.name) == ("AG-MDC20", "玄関")
    assert found.identity.unique_id == "a8:13:74:00:00:01"


@pytest.mark.parametrize(
    ("fault", "kind", "reason"),
    [
        (Fault.HTML_PAGE, ProtocolError, Reason.NOT_A_CAMERA),
        (Fault.RUBBISH, ProtocolError, Reason.NOT_A_CAMERA),
        (Fault.EMPTY, ProtocolError, Reason.NOT_A_CAMERA),
        (Fault.NO_CONTENT, ProtocolError, Reason.NOT_A_CAMERA),
        (Fault.UNAUTHORIZED, AuthError, Reason.NO_CREDENTIALS),
        (Fault.CLOSE, ConnectError, Reason.CUT),
        (Fault.REDIRECT, ConnectError, Reason.REDIRECTED),
    ],
)
async def test_probe_fails(
    session: ClientSession, fault: Fault, kind: type[CameraError], reason: Reason
) -> None:
    """What is no camera is told from what is away and from what wants a login."""
    async with PovcamSimulator(auth=Auth.DIGEST, media=False) as sim:
        sim.fault("*", fault)
        with pytest.raises(kind) as caught:
            await probe(session, Address(host="127.0.0.1", port=sim.port))
    assert caught.value.reason is reason


async def test_probe_of_a_web_server(session: ClientSession) -> None:
    """A web server without the CGI is no camera."""
    async with Peer.saying(response(404, "<html>Not Found</html>")) as peer:
        with pytest.raises(ProtocolError, match="not a camera"):
            await probe(session, Address(host="127.0.0.1", port=peer.port))


async def test_probe_of_no_host(session: ClientSession) -> None:
    """An address that is none is an unknown host."""
    with pytest.raises(ConnectError, match="unknown host"):
        await probe(session, Address(host="a b"))


@pytest.mark.parametrize("path", ["getinfo", "get_network"])
async def test_wrong_login_is_noticed(session: ClientSession, path: str) -> None:
    """Also where everybody may look: then the administrator's login is tried on its own."""
    async with PovcamSimulator(user_auth=path == "getinfo", users=USERS, media=False) as sim:
        login = Credentials("admin", "wrong")
        with pytest.raises(AuthError) as caught:
            await probe(session, Address(host="127.0.0.1", port=sim.port, credentials=login))
        assert caught.value.reason is Reason.WRONG_CREDENTIALS
        found = await probe(session, Address(host="127.0.0.1", port=sim.port, credentials=LOGIN))
        assert found.identity.mac is not None


async def test_create(session: ClientSession) -> None:
    """A device has its owner's wishes, and nothing is sent before it is told to connect."""
    assert set(FAMILIES) == {"povcam"}
    async with PovcamSimulator(user_auth=True, users=USERS, media=False) as sim:
        address = Address(host="127.0.0.1", port=sim.port, credentials=LOGIN)
        wishes = Wishes(rtsp_port=10554, transport=Transport.TCP)
        device = create("povcam", session, address, wishes)
        assert not sim.requests
        assert device.configuration_url == f"http://127.0.0.1:{sim.port}"
        await device.connect()
        stream = device.streams[0]
        assert (stream.port, stream.transport) == (10554, Transport.TCP)
        assert stream.credentials == LOGIN
        await device.close()
