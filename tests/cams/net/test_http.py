"""Logins: given only when asked for, in the best scheme offered, to this camera only."""

import asyncio
from asyncio import StreamWriter
from collections.abc import AsyncIterator, Callable
import time

from aiohttp import ClientSession, TCPConnector
import pytest

from custom_components.panacam.cams.errors import (
    AuthError,
    CameraError,
    ConnectError,
    ProtocolError,
    Reason,
)
from custom_components.panacam.cams.net.http import HttpClient
from custom_components.panacam.cams.stream import Credentials
from tests.cams.support import LOGIN, PASSWORD, USER, USERS, Heard, Peer, http_of, idle, response
from tests.simulators.povcam import Auth, PovcamSimulator
from tests.simulators.povcam.auth import Authenticator

STATE = "/cgi-bin/get_state"
BASIC = 'Basic realm="Panasonic network device"'
DIGEST = 'Digest realm="Panasonic network device", nonce="n", qop="auth", algorithm=MD5'


class Guarded(Peer):
    """A peer that wants Digest, whatever else it offers."""

    def __init__(self, offer: Callable[[str], list[str]]) -> None:
        """Challenge with the lines that `offer` makes of the digest challenge."""
        users = dict(USERS)
        self.authenticator = Authenticator(Auth.DIGEST, users, time.monotonic, 300)
        self._offer = offer
        super().__init__(self._guard)

    async def _guard(self, heard: Heard, writer: StreamWriter) -> None:
        verdict = self.authenticator.check(
            heard.header("authorization"), heard.method, heard.target
        )
        if verdict.user:
            writer.write(response(200, "rec=on"))
            return
        lines = self._offer(self.authenticator.challenge(stale=verdict.stale))
        headers = [f"WWW-Authenticate: {line}" for line in lines]
        writer.write(response(401, b"", *headers))

    @property
    def logins(self) -> list[str | None]:
        """The schemes of the requests, in order."""
        given = [heard.header("authorization") for heard in self.heard]
        return [login and login.partition(" ")[0] for login in given]


OFFERS = {
    "digest": lambda digest: [digest],
    "basic, then digest": lambda digest: [BASIC, digest],
    "digest, then basic": lambda digest: [digest, BASIC],
    "something else first": lambda digest: ["Negotiate", 'Bearer realm="x"', digest],
    "basic and digest in one line": lambda digest: [f"{BASIC}, {digest}"],
    "digest and basic in one line": lambda digest: [f"{digest}, {BASIC}"],
    "other case": lambda digest: [BASIC.upper(), digest.replace("Digest", "DIGEST")],
}


@pytest.mark.parametrize("offer", OFFERS.values(), ids=OFFERS)
async def test_digest_is_preferred(
    session: ClientSession, offer: Callable[[str], list[str]]
) -> None:
    """Digest is found wherever it stands, and the password is never sent readably."""
    async with Guarded(offer) as peer:
        http = http_of(session, peer)
        assert (await http.request("GET", STATE)).status == 200
        assert (await http.request("POST", STATE, data={"a": "ü&=b"})).status == 200
    assert peer.logins == [None, "Digest", "Digest"]


async def test_basic_when_nothing_better(session: ClientSession) -> None:
    """Basic is given after it was asked for, then unasked."""

    async def answer(heard: Heard, writer: StreamWriter) -> None:
        known = heard.header("authorization") is not None
        reply = response() if known else response(401, b"", f"WWW-Authenticate: {BASIC}")
        writer.write(reply)

    async with Peer(answer) as peer:
        http = http_of(session, peer)
        for _ in range(2):
            assert (await http.request("GET", STATE)).status == 200
    given = [heard.header("authorization") for heard in peer.heard]
    assert given == [None, given[1], given[1]]
    assert given[1] == "Basic T3BlcmF0b3I3OkdlaTgtaGVpbQ=="


@pytest.mark.parametrize("scheme", ["basic", "digest"])
async def test_first_requests_at_once(session: ClientSession, scheme: str) -> None:
    """Requests that are challenged at the same time are all answered with a login."""
    async with PovcamSimulator(auth=Auth(scheme), user_auth=True, users=USERS, media=False) as sim:
        http = http_of(session, sim)
        answers = await asyncio.gather(
            *(http.request("GET", STATE) for _ in range(5)), return_exceptions=True
        )
    assert [getattr(answer, "status", answer) for answer in answers] == [200] * 5


async def test_basic_then_digest(session: ClientSession) -> None:
    """A camera that is changed from Basic to Digest is followed."""
    offer = [BASIC]
    async with Guarded(lambda digest: offer or [digest]) as peer:
        http = http_of(session, peer)
        with pytest.raises(AuthError):
            await http.request("GET", STATE)
        offer.clear()
        await http.request("GET", STATE)
        await http.request("GET", STATE)
    assert peer.logins == [None, "Basic", "Basic", "Digest", "Digest"]


async def test_no_basic_after_digest(session: ClientSession) -> None:
    """Who has taken a login by Digest gets no readable password when it asks for Basic later."""

    async def answer(heard: Heard, writer: asyncio.StreamWriter) -> None:
        if (heard.header("authorization") or "").startswith("Digest") and len(peer.heard) < 3:
            writer.write(response())
        else:
            offer = DIGEST if len(peer.heard) < 3 else BASIC
            writer.write(response(401, b"", f"WWW-Authenticate: {offer}"))

    async with Peer(answer) as peer:
        http = http_of(session, peer)
        assert (await http.request("GET", STATE)).status == 200
        for _ in range(2):
            with pytest.raises(AuthError):
                await http.request("GET", STATE)
    logins = [heard.header("authorization") or "" for heard in peer.heard]
    assert any(login.startswith("Digest ") for login in logins)
    assert not any(login.startswith("Basic ") for login in logins)


@pytest.mark.parametrize(
    "said",
    ["text/plain;a*", "text/plain;x*\u00b2", "", ";", "TEXT/Plain ; charset=", "\x7f"],
)
async def test_strange_content_type(session: ClientSession, said: str) -> None:
    """Whatever a camera calls its answer, it is read."""
    async with Peer.saying(response(200, b"rec=off", f"Content-Type: {said}")) as peer:
        try:
            answer = await http_of(session, peer).request("GET", STATE)
        except CameraError:
            return
        assert answer.body == b"rec=off"


async def test_realm_that_looks_like_a_challenge(session: ClientSession) -> None:
    """What stands in quotes is a name, not another scheme."""
    realm = 'Digest realm="Studio A, Basic set=1", nonce="x", qop="auth"'

    async def answer(heard: Heard, writer: asyncio.StreamWriter) -> None:
        if (heard.header("authorization") or "").startswith("Digest "):
            writer.write(response())
        else:
            writer.write(response(401, b"", f"WWW-Authenticate: {realm}"))

    async with Peer(answer) as peer:
        assert (await http_of(session, peer).request("GET", STATE)).status == 200


async def test_unasked_is_ungiven(session: ClientSession) -> None:
    """A camera that asks for no login gets none."""
    async with Peer.saying(response()) as peer:
        await http_of(session, peer).request("GET", STATE)
    assert peer.heard[0].header("authorization") is None


async def test_stale_nonce(session: ClientSession) -> None:
    """A nonce that has gone stale costs one more request."""
    async with PovcamSimulator(user_auth=True, users=USERS, media=False) as sim:
        http = http_of(session, sim)
        for requests in (2, 1, 1):
            before = len(sim.requests)
            await http.request("GET", STATE)
            assert len(sim.requests) - before == requests
        sim.rotate_nonce()
        before = len(sim.requests)
        assert (await http.request("GET", STATE)).status == 200
        assert len(sim.requests) - before == 2


@pytest.fixture(params=[Auth.BASIC, Auth.DIGEST])
async def guarded(
    request: pytest.FixtureRequest, socket_enabled: None
) -> AsyncIterator[PovcamSimulator]:
    """Run a camera that wants a login for everything, in either scheme."""
    async with PovcamSimulator(
        auth=request.param, user_auth=True, users=USERS, media=False
    ) as simulator:
        yield simulator


async def test_wrong_password(session: ClientSession, guarded: PovcamSimulator) -> None:
    """A wrong password is told each time; the right one then works."""
    guarded.set_password(USER, "another")
    http = http_of(session, guarded)
    for _ in range(2):
        with pytest.raises(AuthError) as caught:
            await http.request("GET", STATE)
        assert caught.value.reason is Reason.WRONG_CREDENTIALS
    guarded.set_password(USER, PASSWORD)
    assert (await http.request("GET", STATE)).status == 200
    assert idle(session)


async def test_no_credentials(session: ClientSession, guarded: PovcamSimulator) -> None:
    """Without credentials the error asks for some."""
    with pytest.raises(AuthError) as caught:
        await http_of(session, guarded, None).request("GET", STATE)
    assert caught.value.reason is Reason.NO_CREDENTIALS


@pytest.mark.parametrize("password", ["pässwörd", "秘密", 'qu"ot\\e', "a:b:c", "", "%41&= "])
async def test_odd_passwords(
    session: ClientSession, guarded: PovcamSimulator, password: str
) -> None:
    """Passwords in any script are sent as UTF-8."""
    guarded.set_password(USER, password)
    http = http_of(session, guarded, Credentials(USER, password))
    assert (await http.request("GET", STATE)).status == 200
    assert guarded.requests[-1].user == USER


@pytest.mark.parametrize("user", ["Jürgen", 'qu"o\\te', "with blank"])
async def test_odd_users(session: ClientSession, guarded: PovcamSimulator, user: str) -> None:
    """User names, too."""
    guarded.users[user] = (PASSWORD, "admin")
    http = http_of(session, guarded, Credentials(user, PASSWORD))
    assert (await http.request("GET", STATE)).status == 200


async def test_colon_in_user(session: ClientSession) -> None:
    """A user name that no scheme can carry is wrong before anything is sent."""
    with pytest.raises(AuthError) as caught:
        HttpClient(session, "camera", credentials=Credentials("a:b", PASSWORD))
    assert caught.value.reason is Reason.WRONG_CREDENTIALS
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize(
    "challenge",
    [
        'Digest realm="x", nonce=""',
        'Digest nonce="x"',
        'Digest realm="x", nonce="y", algorithm="ROT13"',
        'Digest realm="x", nonce="y", qop="other"',
    ],
)
async def test_hostile_challenge(session: ClientSession, challenge: str) -> None:
    """A challenge that cannot be answered is the peer's fault."""
    async with Peer.saying(response(401, b"", f"WWW-Authenticate: {challenge}")) as peer:
        with pytest.raises(ProtocolError) as caught:
            await http_of(session, peer).request("GET", STATE)
        assert caught.value.reason is Reason.UNEXPECTED_REPLY
        assert idle(session)


@pytest.mark.parametrize(
    "challenge", [[], ["WWW-Authenticate: Digest"], ["WWW-Authenticate: Digest x"]]
)
async def test_no_challenge(session: ClientSession, challenge: list[str]) -> None:
    """A refusal without a usable challenge is a wrong login."""
    async with Peer.saying(response(401, b"", *challenge)) as peer:
        with pytest.raises(AuthError):
            await http_of(session, peer).request("GET", STATE)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(session: ClientSession, status: int) -> None:
    """A redirect is an error, and the other host hears nothing."""
    async with Peer.saying(response()) as elsewhere:
        location = f"Location: http://127.0.0.1:{elsewhere.port}/"
        async with Peer.saying(response(status, b"", location)) as peer:
            with pytest.raises(ConnectError) as caught:
                await http_of(session, peer).request("GET", STATE)
    assert caught.value.reason is Reason.REDIRECTED
    assert elsewhere.heard == []


async def test_redirect_after_login(session: ClientSession) -> None:
    """Nor does it hear the login of a camera that knows us."""
    async with Guarded(lambda digest: [digest]) as peer, Peer.saying(response()) as elsewhere:
        http = http_of(session, peer)
        await http.request("GET", STATE)
        location = f"Location: http://127.0.0.1:{elsewhere.port}/"
        peer.answer = Peer.saying(response(302, b"", location)).answer
        with pytest.raises(ConnectError):
            await http.request("GET", STATE)
    assert elsewhere.heard == []


async def test_request_line(session: ClientSession) -> None:
    """Query, form and headers arrive as given, and no compression is asked for."""
    async with Peer.saying(response(200, b"x", "Content-Type: Text/PLAIN; charset=x")) as peer:
        http = http_of(session, peer)
        answer = await http.request("GET", STATE, query={"cmd": "#O"}, headers={"Referer": "r"})
        await http.request("POST", STATE, data={"a": "1", "b": "ü"})
    assert (answer.status, answer.content_type, answer.body) == (200, "text/plain", b"x")
    assert "x" not in repr(answer).replace("text", "")
    get, post = peer.heard
    assert (get.method, get.target) == ("GET", f"{STATE}?cmd=%23O")
    assert get.header("referer") == "r"
    assert get.header("accept-encoding") == "identity"
    assert (post.method, post.target, post.body) == ("POST", STATE, "a=1&b=%C3%BC")


async def test_tls(session: ClientSession) -> None:
    """A certificate of nobody's is refused unless the session was told to take it."""
    async with PovcamSimulator(https=True, users=USERS, media=False) as sim:
        with pytest.raises(ConnectError) as caught:
            await http_of(session, sim, tls=True).request("GET", STATE)
        assert caught.value.reason is Reason.TLS
        assert not sim.requests
        async with ClientSession(connector=TCPConnector(ssl=False)) as trusting:
            answer = await http_of(trusting, sim, tls=True).request("GET", STATE)
        assert answer.status == 200


async def test_tls_to_a_plain_port(session: ClientSession) -> None:
    """A camera without HTTPS is told from one with a bad certificate only by its owner."""
    async with Peer.saying(response()) as peer:
        with pytest.raises(ConnectError):
            await http_of(session, peer, LOGIN, tls=True, timeout=0.3).request("GET", STATE)
