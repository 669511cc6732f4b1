"""Devices are made, and strangers identified, by the families' names."""

import asyncio
from collections.abc import Iterator
from dataclasses import fields
from types import MappingProxyType

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams import registry
from custom_components.panacam.cams.device import Identity
from custom_components.panacam.cams.errors import (
    AuthError,
    BusyError,
    CameraError,
    ConnectError,
    ProtocolError,
    Reason,
    RefusedError,
)
from custom_components.panacam.cams.mo import client
from custom_components.panacam.cams.registry import (
    FAMILIES,
    Address,
    Family,
    Wishes,
    create,
    probe,
)
from custom_components.panacam.cams.stream import Credentials, Transport
from tests.cams.support import LOGIN, USERS, Peer, response
from tests.conftest import until
from tests.simulators.mo import MoSimulator
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


async def test_probe_of_a_web_server(
    session: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A web server without the CGI is no camera, however long it waits for a rest of a request."""
    monkeypatch.setattr(client, "LOGIN_TIMEOUT", 0.3)
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


async def test_create_what_pushes(session: ClientSession) -> None:
    """Its wishes are its own."""
    async with MoSimulator() as sim:
        address = Address(host=sim.host, port=sim.port, credentials=Credentials("admin", "12345"))
        assert (await probe(session, address)).family == "mo"
        device = create("mo", session, address, Wishes(motor=True, rtsp_port=1))
        assert device.mover is not None
        assert create("mo", session, address, Wishes()).mover is None
        await device.connect()
        assert sim.verified == 1
        await device.close()
    port_80 = create("mo", session, Address(host="192.0.2.7"), Wishes())
    assert port_80.configuration_url == "http://192.0.2.7"


def test_wishes() -> None:
    """What a family says that one may wish for can be wished for."""
    known = {field.name for field in fields(Wishes)}
    for family in FAMILIES.values():
        assert family.wishes <= known
    assert {name for name, family in FAMILIES.items() if family.rtsp} == {"povcam", "onvif"}


class Answers:
    """Families that answer as a test says, and how they were asked."""

    def __init__(self, answers: dict[str, Identity | CameraError | None]) -> None:
        """None: no answer for good."""
        self.answers = answers
        self.asked: list[str] = []
        self.ended: list[str] = []

    def family(self, name: str) -> Family:
        """Return one of them; the second cannot be asked over TLS."""

        async def identify(_session: ClientSession, _address: Address) -> Identity:
            self.asked.append(name)
            try:
                answer = self.answers[name]
                if answer is None:
                    await asyncio.Event().wait()
                # The second is always the quicker.
                await asyncio.sleep(0.0 if name == "second" else 0.02)
                if isinstance(answer, CameraError):
                    raise answer
                assert answer is not None
                return answer
            finally:
                self.ended.append(name)

        return Family(
            create=FAMILIES["mo"].create,
            identify=identify,
            wishes=frozenset(),
            tls=name != "second",
        )


@pytest.fixture
def families(monkeypatch: pytest.MonkeyPatch) -> Iterator[Answers]:
    """Put families in the place of ours; whoever was asked has ended in the end."""
    answers = Answers({})
    names = ("first", "second")
    monkeypatch.setattr(
        registry, "FAMILIES", MappingProxyType({name: answers.family(name) for name in names})
    )
    monkeypatch.setattr(registry, "GRACE", 0.1)
    yield answers
    assert sorted(answers.ended) == sorted(answers.asked)


SOMEBODY = Identity(manufacturer="Somebody", mac="a8:13:74:00:00:01")
NOT_A_CAMERA = ProtocolError(Reason.NOT_A_CAMERA)
NO_CREDENTIALS = AuthError(Reason.NO_CREDENTIALS)
WRONG_PASSWORD = AuthError(Reason.WRONG_PASSWORD)
TIMEOUT = ConnectError(Reason.TIMEOUT)


@pytest.mark.parametrize("other", [NOT_A_CAMERA, WRONG_PASSWORD, TIMEOUT, None])
@pytest.mark.parametrize("name", ["first", "second"])
async def test_first_success_wins(
    session: ClientSession, families: Answers, name: str, other: CameraError | None
) -> None:
    """Whatever the others say or do not say; nobody waits for them."""
    families.answers.update(dict.fromkeys(("first", "second"), other))
    families.answers[name] = SOMEBODY
    found = await probe(session, Address(host="127.0.0.1"))
    assert (found.family, found.identity) == (name, SOMEBODY)


@pytest.mark.parametrize(
    ("more", "less"),
    [
        (TIMEOUT, NOT_A_CAMERA),
        (ConnectError(Reason.REDIRECTED), NOT_A_CAMERA),
        (NOT_A_CAMERA, ProtocolError(Reason.NOT_HTTP)),
        (NO_CREDENTIALS, NOT_A_CAMERA),
        (NO_CREDENTIALS, TIMEOUT),
        (NO_CREDENTIALS, RefusedError(Reason.REFUSED)),
        (WRONG_PASSWORD, NO_CREDENTIALS),
        (WRONG_PASSWORD, BusyError(Reason.TOO_MANY_CONNECTIONS)),
        (BusyError(Reason.TOO_MANY_CONNECTIONS), NO_CREDENTIALS),
        (ProtocolError(Reason.UNSUPPORTED_CAMERA), NO_CREDENTIALS),
        (BusyError(Reason.BUSY), TIMEOUT),
        (RefusedError(Reason.REFUSED), NOT_A_CAMERA),
        (NO_CREDENTIALS, None),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
async def test_most_telling_error(
    session: ClientSession,
    families: Answers,
    more: CameraError,
    less: CameraError | None,
    turned: bool,
) -> None:
    """It is what its owner needs to know, whoever said it first."""
    if turned and more is NOT_A_CAMERA:
        pytest.skip("says as little")
    pair = (less, more) if turned else (more, less)
    families.answers.update(zip(("first", "second"), pair, strict=True))
    with pytest.raises(CameraError) as caught:
        await probe(session, Address(host="127.0.0.1"))
    assert caught.value is more


async def test_not_asked_over_tls(session: ClientSession, families: Answers) -> None:
    """Who does not speak TLS is left alone."""
    families.answers.update({"first": TIMEOUT, "second": SOMEBODY})
    with pytest.raises(ConnectError):
        await probe(session, Address(host="127.0.0.1", tls=True))
    assert families.asked == ["first"]


async def test_unknown_host_is_unknown_to_all(session: ClientSession, families: Answers) -> None:
    """Nobody else looks for it for long."""
    families.answers.update({"first": ConnectError(Reason.UNKNOWN_HOST), "second": None})
    with pytest.raises(ConnectError, match="unknown host"):
        await probe(session, Address(host="nowhere"))


async def test_cancelled_probe(session: ClientSession, families: Answers) -> None:
    """Who gives up leaves nothing behind."""
    families.answers.update({"first": None, "second": None})
    probing = asyncio.create_task(probe(session, Address(host="127.0.0.1")))
    await until(lambda: len(families.asked) == 2)
    probing.cancel()
    await asyncio.gather(probing, return_exceptions=True)
    assert probing.cancelled()
