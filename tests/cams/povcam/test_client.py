"""How requests are sent, by which method, and what the answers' statuses mean."""

import asyncio
from collections.abc import AsyncIterator
import time
from typing import Any

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.errors import (
    AuthError,
    BusyError,
    CameraError,
    ConnectError,
    ProtocolError,
    Reason,
    RefusedError,
)
from custom_components.panacam.cams.net.jpeg import only_picture
from custom_components.panacam.cams.povcam import (
    commands,
    commands_cards,
    commands_network,
    commands_settings,
)
from custom_components.panacam.cams.povcam.client import PovcamClient
from custom_components.panacam.cams.povcam.commands import (
    CAMCTRL,
    GET_CAPABILITY,
    GET_STATE,
    INITIAL,
    SDCTRL,
)
from custom_components.panacam.cams.povcam.commands_cards import DEL_CLIP_FILE
from custom_components.panacam.cams.povcam.wire import Access, Command, OneOf
from custom_components.panacam.cams.stream import Credentials
from tests.cams.net.test_jpeg import OTHER, REAL, part
from tests.cams.support import USERS, Heard, Peer, http_of, response, vector
from tests.simulators.povcam import AW_HE40, Auth, Fault, PovcamSimulator

MODES = {"mode": OneOf(("ip", "rec_pb"))}
SET_MODE = Command(
    path="/cgi-bin/set_priority_mode",
    section="4.1",
    methods=("POST", "GET"),
    access=Access.ADMIN,
    parameters=MODES,
)
GET_FIRST = Command(
    path="/cgi-bin/set_priority_mode",
    section="4.1",
    methods=("GET", "POST"),
    access=Access.ADMIN,
    parameters=MODES,
)


@pytest.fixture
async def sim(session: ClientSession, quick: None) -> AsyncIterator[PovcamSimulator]:
    """Run a camera whose Admin CGIs want a login."""
    async with PovcamSimulator(
        auth=Auth.BASIC, users=USERS, media=False, ptz_interval=0.0
    ) as simulator:
        yield simulator


@pytest.fixture
def client(session: ClientSession, sim: PovcamSimulator) -> PovcamClient:
    """Give a client of that camera."""
    return PovcamClient(http_of(session, sim))


@pytest.mark.parametrize(
    ("command", "options", "methods"),
    [
        (SET_MODE, {"post_only": True}, ["POST"]),
        (SET_MODE, {"get_only": True}, ["POST", "GET"]),
        (GET_FIRST, {"get_only": True}, ["GET"]),
        (GET_FIRST, {"post_only": True}, ["GET", "POST"]),
    ],
)
async def test_other_method(
    session: ClientSession, command: Command, options: Any, methods: list[str]
) -> None:
    """Where the camera knows the other method only, that is tried once and remembered."""
    async with PovcamSimulator(auth=Auth.NONE, media=False, **options) as sim:
        client = PovcamClient(http_of(session, sim))
        assert await client.call(command, mode="rec_pb") == b""
        assert [request.method for request in sim.requests] == methods
        assert sim.camera.mode == "rec_pb"
        await client.call(command, mode="ip")
        assert [request.method for request in sim.requests][len(methods) :] == methods[-1:]
        assert sim.camera.mode == "ip"


@pytest.mark.parametrize("status", [404, 405, 501])
async def test_both_methods_fail(session: ClientSession, status: int) -> None:
    """A camera that knows neither method is asked by both again the next time."""
    async with Peer.saying(response(status)) as peer:
        client = PovcamClient(http_of(session, peer))
        for _ in range(2):
            with pytest.raises(RefusedError):
                await client.call(GET_CAPABILITY)
    assert [heard.method for heard in peer.heard] == ["GET", "POST"] * 2


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        (400, RefusedError, Reason.REFUSED),
        (403, RefusedError, Reason.REFUSED),
        (405, RefusedError, Reason.UNSUPPORTED),
        (404, RefusedError, Reason.UNSUPPORTED),
        (410, RefusedError, Reason.UNSUPPORTED),
        (501, RefusedError, Reason.UNSUPPORTED),
        (500, RefusedError, Reason.REFUSED),
        (503, BusyError, Reason.BUSY),
        (401, AuthError, Reason.WRONG_CREDENTIALS),
        (302, ConnectError, Reason.REDIRECTED),
    ],
)
async def test_statuses(
    session: ClientSession, status: int, kind: type[CameraError], reason: Reason
) -> None:
    """Each status says whether to try again, to ask or to tell."""
    async with Peer.saying(response(status, b"<b>secret words</b>")) as peer:
        with pytest.raises(kind) as caught:
            await PovcamClient(http_of(session, peer)).call(GET_STATE)
    assert caught.value.reason is reason
    assert "secret" not in str(caught.value)
    assert len(peer.heard) == 1


def rows() -> list[Command]:
    """Return all requests that there are."""
    modules = (commands, commands_cards, commands_network, commands_settings)
    return [row for module in modules for row in vars(module).values() if isinstance(row, Command)]


def test_what_reads_only() -> None:
    """Among those that are sent by GET."""
    by_get = [row for row in rows() if row.methods[0] == "GET"]
    assert {row.name for row in by_get if not row.reads} == {
        *("aw_ptz", "camctrl", "directctrl", "del_clip_file", "sdctrl", "renewal"),
        *("h264", "audio", "jpeg", "keep_alive"),
        *(row.name for row in by_get if row.name.startswith(("https_", "set"))),
    }
    assert not any(row.reads for row in rows() if row.methods[0] == "POST")


@pytest.mark.parametrize(
    ("command", "values", "times"),
    [
        (DEL_CLIP_FILE, {"fileno": "1", "list_id": 7}, 1),
        (SDCTRL, {"save": "start"}, 1),
        (SET_MODE, {"mode": "ip"}, 1),
        (GET_STATE, {}, 2),
    ],
)
async def test_changes_are_sent_once(
    session: ClientSession, command: Command, values: dict[str, str | int], times: int
) -> None:
    """Also settings that the camera takes by GET only; nobody knows whether it has heard them."""

    async def answer(heard: Heard, writer: asyncio.StreamWriter) -> None:
        if heard.method == "POST":
            writer.write(response(405))
        else:
            writer.close()

    async with Peer(answer) as peer:
        with pytest.raises(ConnectError):
            await PovcamClient(http_of(session, peer)).call(command, **values)
    assert [heard.method for heard in peer.heard].count("GET") == times


async def test_answers(sim: PovcamSimulator, client: PovcamClient) -> None:
    """200 has a body, 204 is done, 500 is a refusal, a CGI that is not there is unsupported."""
    assert (await client.call(GET_STATE)).startswith(b"rec=off\r\n")
    sim.fault("get_state", Fault.NO_CONTENT, times=1)
    assert await client.call(GET_STATE) == b""
    sim.fault("sdctrl", Fault.ERROR_500, times=1)
    with pytest.raises(RefusedError, match=r"^refused \(sdctrl 500\)$"):
        await client.call(SDCTRL, save="start")
    with pytest.raises(RefusedError, match="unsupported"):
        await client.call(Command(path="/cgi-bin/nothing", section=""))


async def test_query_and_form(session: ClientSession) -> None:
    """GET has its parameters in the address, POST in a form (facts)."""
    async with Peer.saying(response(204)) as peer:
        client = PovcamClient(http_of(session, peer))
        await client.call(CAMCTRL, zoom="up")
        await client.call(INITIAL, cmd="reset", Randomnum="0123456789abcdef")
    get, post = peer.heard
    assert (get.method, get.target, get.body) == ("GET", "/cgi-bin/camctrl?zoom=up", "")
    assert (post.method, post.target) == ("POST", "/cgi-bin/initial")
    assert post.body == "cmd=reset&Randomnum=0123456789abcdef"
    assert post.header("content-type") == "application/x-www-form-urlencoded"


async def test_referer(session: ClientSession) -> None:
    """Admin CGIs are asked as by the camera's own pages, the others are not."""
    async with PovcamSimulator(auth=Auth.NONE, media=False, referer=True) as sim:
        await PovcamClient(http_of(session, sim)).call(SET_MODE, mode="rec_pb")
        assert sim.camera.mode == "rec_pb"
    async with Peer.saying(response()) as peer:
        await PovcamClient(http_of(session, peer)).call(GET_STATE)
    assert peer.heard[0].header("referer") is None


@pytest.mark.parametrize("credentials", [None, Credentials("viewer", "viewer")])
async def test_needs_administrator(
    session: ClientSession, sim: PovcamSimulator, credentials: Credentials | None
) -> None:
    """A user who may look but not change is told so, and not asked for another login."""
    client = PovcamClient(http_of(session, sim, credentials))
    with pytest.raises(RefusedError) as caught:
        await client.call(SET_MODE, mode="rec_pb")
    assert caught.value.reason is Reason.NEEDS_ADMINISTRATOR
    await client.call(GET_STATE)


def table(name: str) -> list[tuple[str, str]]:
    """Return the commands and answers of a vector."""
    lines = vector(name).decode().splitlines()
    return [(command, answer) for command, _, answer in (line.partition("\t") for line in lines)]


async def aw_answer(session: ClientSession, command: str, answer: str) -> str:
    """Send an aw_ptz command to a camera that gives this answer."""
    async with Peer.saying(response(200, answer + "\r\n")) as peer:
        got = await PovcamClient(http_of(session, peer)).aw(command)
        assert peer.heard[0].target == f"/cgi-bin/aw_ptz?cmd=%23{command[1:]}&res=1"
        return got


ERRORS = {
    "1": (RefusedError, Reason.UNSUPPORTED),
    "2": (BusyError, Reason.BUSY),
    "3": (RefusedError, Reason.OUT_OF_RANGE),
}


@pytest.mark.parametrize(("command", "answer"), table("aw_ptz_answers.tsv"))
async def test_aw_answers(session: ClientSession, quick: None, command: str, answer: str) -> None:
    """Every recorded answer comes back as it is, error answers as errors."""
    if not answer.startswith("eR"):
        assert await aw_answer(session, command, answer) == answer
        return
    kind, reason = ERRORS[answer[2]]
    with pytest.raises(kind) as caught:
        await aw_answer(session, command, answer)
    assert caught.value.reason is reason


@pytest.mark.parametrize(("command", "answer"), table("aw_cam_answers.tsv"))
async def test_aw_cam_answers(
    session: ClientSession, quick: None, command: str, answer: str
) -> None:
    """Some heads word their errors as aw_cam does; everything else is no error."""
    if answer.startswith("ER"):
        with pytest.raises(ERRORS[answer[2]][0]):
            await aw_answer(session, "#O", answer)
    else:
        assert await aw_answer(session, "#O", answer) == answer


async def test_aw_rubbish(session: ClientSession, quick: None) -> None:
    """An answer of other bytes is cut and harmless."""
    async with Peer.saying(response(200, b"\xff" * 1000)) as peer:
        assert len(await PovcamClient(http_of(session, peer)).aw("#O")) == 64


async def test_aw_pace(session: ClientSession) -> None:
    """Commands at once are spaced so that no camera answers "busy" (facts: 130 ms)."""
    async with PovcamSimulator(AW_HE40, auth=Auth.NONE, media=False) as sim:
        client = PovcamClient(http_of(session, sim))
        began = time.monotonic()
        answers = await asyncio.gather(*(client.aw("#APC") for _ in range(3)))
        assert time.monotonic() - began >= 2 * 0.13
    assert answers == ["aPC80008000"] * 3


async def test_aw_pace_after_failure(session: ClientSession, quick: None) -> None:
    """A failed command leaves the way free for the next."""
    async with Peer.saying(response(500), response(200, "p1")) as peer:
        client = PovcamClient(http_of(session, peer))
        with pytest.raises(RefusedError):
            await client.aw("#O")
        assert await client.aw("#O") == "p1"


def asked(sim: PovcamSimulator) -> list[str]:
    """Return what was asked since the last call: CGI and action."""
    found = [
        f"{request.path.rpartition('/')[2]} {request.params.get('action', '')}".strip()
        for request in sim.requests
    ]
    sim.requests.clear()
    return found


@pytest.mark.parametrize("fault", [Fault.ERROR_500, Fault.HTML_PAGE, Fault.EMPTY, Fault.HUGE])
async def test_snapshot_fallback(sim: PovcamSimulator, client: PovcamClient, fault: Fault) -> None:
    """The other of the two CGIs is used while one fails, and remembered both ways."""
    await client.snapshot()
    assert asked(sim) == ["camera"]
    sim.fault("camera", fault)
    only_picture(await client.snapshot())
    assert asked(sim) == ["camera", "view.cgi start", "view.cgi snapshot"]
    only_picture(await client.snapshot())
    assert asked(sim) == ["view.cgi start", "view.cgi snapshot"]
    sim.clear_faults()
    sim.fault("view.cgi", fault)
    only_picture(await client.snapshot())
    assert asked(sim)[-1] == "camera"
    only_picture(await client.snapshot())
    assert asked(sim) == ["camera"]


async def test_snapshots_at_once(sim: PovcamSimulator, client: PovcamClient) -> None:
    """Two who ask at once both get a picture when one CGI fails."""
    sim.fault("camera", Fault.ERROR_500)
    pictures = await asyncio.gather(client.snapshot(), client.snapshot(), return_exceptions=True)
    assert [type(picture) for picture in pictures] == [bytes, bytes]


async def test_no_snapshot(sim: PovcamSimulator, client: PovcamClient) -> None:
    """When both fail the error is told and the first stays the first."""
    sim.fault("*", Fault.ERROR_500)
    with pytest.raises(RefusedError):
        await client.snapshot()
    sim.clear_faults()
    asked(sim)
    await client.snapshot()
    assert asked(sim) == ["camera"]


async def test_snapshot_of_an_absent_camera(sim: PovcamSimulator, client: PovcamClient) -> None:
    """No other CGI is tried when the camera is away."""
    sim.fault("*", Fault.CLOSE)
    with pytest.raises(ConnectError):
        await client.snapshot()
    assert set(asked(sim)) == {"camera"}


async def test_snapshots_differ(sim: PovcamSimulator, client: PovcamClient) -> None:
    """The number against caches grows (2.4)."""
    for _ in range(3):
        await client.snapshot()
    assert [request.params for request in sim.requests] == [
        {"resolution": "640", "page": str(page)} for page in (1, 2, 3)
    ]


@pytest.mark.parametrize("dashes", [False, True])
async def test_pictures(session: ClientSession, dashes: bool) -> None:
    """The MJPEG stream gives whole pictures."""
    async with PovcamSimulator(auth=Auth.NONE, media=False, boundary_dashes=dashes) as sim:
        async with PovcamClient(http_of(session, sim)).pictures("30") as pictures:
            for _ in range(2):
                picture = await anext(pictures)
                assert only_picture(picture) == picture
        assert sim.requests[-1].params == {"resolution": "640", "framerate": "30"}


async def test_pictures_end(session: ClientSession) -> None:
    """Pictures of one piece all come; then the camera ends the stream."""
    body = part(REAL, 1) + part(OTHER, 2)
    async with (
        Peer.saying(response(200, body)) as peer,
        PovcamClient(http_of(session, peer)).pictures("1") as pictures,
    ):
        assert [picture async for picture in pictures] == [REAL, OTHER]


async def look(client: PovcamClient) -> None:
    """Look at the motion picture to its end."""
    async with client.pictures("1") as pictures:
        async for _ in pictures:
            pass


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (response(503), BusyError),
        (response(404), RefusedError),
        (response(200, b"\0" * 100_000), ProtocolError),
    ],
)
async def test_no_pictures(session: ClientSession, reply: bytes, kind: type[CameraError]) -> None:
    """A refusal is told when opening, an endless something else when reading."""
    async with Peer.saying(reply) as peer:
        with pytest.raises(kind):
            await look(PovcamClient(http_of(session, peer)))


async def test_long_texts(session: ClientSession) -> None:
    """A picture may be longer than a text."""
    large = REAL[:-2] + b"\x55" * 300_000 + REAL[-2:]
    async with Peer.saying(response(200, large)) as peer:
        client = PovcamClient(http_of(session, peer))
        assert await client.snapshot() == large
        with pytest.raises(ProtocolError, match="too large"):
            await client.call(GET_STATE)
