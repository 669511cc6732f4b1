"""The simulated recorder as an FTP client (11)."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path, PurePosixPath
import socket

import aioftp
import aiohttp
import pytest

from tests.simulators.ftp_server import FtpStandIn, ftp_stand_in
from tests.simulators.povcam import Auth, PovcamSimulator
from tests.simulators.povcam.cards import Progress
from tests.simulators.povcam.films import ClipFormat
from tests.simulators.povcam_client import get, status

VECTORS = Path(__file__).parents[1] / "vectors" / "povcam"
USER, PASSWORD = "camera1", "secret12345"


@asynccontextmanager
async def ftp_server(home: Path) -> AsyncGenerator[int]:
    """Run a real FTP server for one user; give its port."""
    user = aioftp.User(USER, PASSWORD, base_path=home, home_path=PurePosixPath("/"))
    server = aioftp.Server([user])
    await server.start("127.0.0.1", 0)
    try:
        yield server.server_port
    finally:
        await server.close()


@pytest.fixture
async def recorder(socket_enabled: None) -> AsyncIterator[PovcamSimulator]:
    """Give a recorder with two clips of each format."""
    async with PovcamSimulator(auth=Auth.NONE, ftp_timeout=1.0) as sim:
        for kind in ClipFormat:
            sim.camera.clips.fill("sd1", kind, 2, length=1)
        yield sim


async def aim(
    client: aiohttp.ClientSession, sim: PovcamSimulator, port: int, **other: str | int
) -> None:
    """Have the camera send there."""
    values: dict[str, str | int] = {
        "server_addr": "127.0.0.1",
        "username": USER,
        "password": PASSWORD,
        "port_num": port,
        "mode": "passive",
        "dirname": "stage left/clips",
    }
    assert await status(client, sim, "set_ftp", **values | other) == 204


async def send(
    client: aiohttp.ClientSession,
    sim: PovcamSimulator,
    kind: ClipFormat = ClipFormat.MP4,
    **params: str,
) -> int:
    """Have the camera begin to send; all, unless numbers are given."""
    list_id, _ = sim.camera.clips.listing("sd1", kind)
    chosen = {"select_type": "fileno" if "fileno" in params else "all"} | params
    return await status(client, sim, "send_ftpserver", list_id=list_id, **chosen)


async def ended(client: aiohttp.ClientSession, sim: PovcamSimulator) -> dict[str, str]:
    """Wait until nothing is sent any more; give the progress then."""
    async with asyncio.timeout(10):
        while (await get(client, sim, "get_state"))[1]["ftp_send"] == "on":  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return (await get(client, sim, "get_progress", type="send_ftp"))[1]


def contents(sim: PovcamSimulator, kind: ClipFormat) -> list[bytes]:
    """Give the bytes of the clips."""
    return [clip.film.content().head for clip in sim.camera.clips.of("sd1", kind)]


def tree(folder: Path) -> list[str]:
    """Give the files below a folder."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


async def test_settings(client: aiohttp.ClientSession, recorder: PovcamSimulator) -> None:
    """What is set is told, but the password; what is not named stays (11.2, 11.3)."""
    values: dict[str, str | int] = {
        "server_addr": "192.168.0.121",
        "username": "user1",
        "password": "password",
        "port_num": 21,
        "mode": "active",
        "dirname": "user1_dir",
    }
    assert await status(client, recorder, "set_ftp", **values) == 204
    async with client.get(f"{recorder.url}/cgi-bin/get_ftp") as response:
        assert await response.read() == (VECTORS / "get_ftp_umr20.txt").read_bytes()
    assert await status(client, recorder, "set_ftp", mode="passive") == 204
    told = (await get(client, recorder, "get_ftp"))[1]
    assert told == {
        "server_addr": "192.168.0.121",
        "dirname": "user1_dir",
        "username": "user1",
        "port_num": "21",
        "mode": "passive",
    }
    assert recorder.camera.ftp.server.password == "password"
    assert "password" not in {move.command for move in recorder.camera.moves}


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, 403),
        ({"server_addr": "camera.example"}, 500),
        ({"server_addr": "1.2.3.256"}, 500),
        ({"username": "u" * 33}, 500),
        ({"username": "user 1"}, 500),
        ({"password": "p" * 33}, 500),
        ({"password": "pass-word"}, 500),
        ({"port_num": 0}, 500),
        ({"port_num": 65536}, 500),
        ({"mode": "extended"}, 500),
        ({"dirname": "d" * 257}, 500),
        ({"dirname": 'a"b'}, 500),
        ({"username": "u" * 32, "password": "", "dirname": "録画" * 128}, 204),
    ],
)
async def test_settings_in_their_ranges(
    client: aiohttp.ClientSession,
    recorder: PovcamSimulator,
    params: dict[str, str | int],
    expected: int,
) -> None:
    """Nothing is set of what is not allowed (11.2)."""
    before = recorder.camera.ftp.server
    assert await status(client, recorder, "set_ftp", **params) == expected
    assert (recorder.camera.ftp.server == before) is (expected != 204)


async def test_image_of_the_card(
    client: aiohttp.ClientSession, recorder: PovcamSimulator, tmp_path: Path
) -> None:
    """Each transfer makes the next AW folder, with DCIM or AVCHD in it (11.7)."""
    async with ftp_server(tmp_path) as port:
        await aim(client, recorder, port)
        assert await send(client, recorder) == 204
        assert (await get(client, recorder, "get_state"))[1]["ftp_send"] == "on"
        assert await ended(client, recorder) == {"progress": "finish", "rate": "100"}
        assert await send(client, recorder, ClipFormat.AVCHD, fileno="2") == 204
        assert await ended(client, recorder) == {"progress": "finish", "rate": "100"}
    home = tmp_path / "stage left" / "clips"
    assert tree(home) == [
        "AW000001/DCIM/100RID00/R00A0001.MP4",
        "AW000001/DCIM/100RID00/R00A0002.MP4",
        "AW000002/AVCHD/BDMV/CLIPINF/00001.CPI",
        "AW000002/AVCHD/BDMV/STREAM/00001.MTS",
    ]
    mp4, avchd = (contents(recorder, kind) for kind in ClipFormat)
    assert [path.read_bytes() for path in sorted(home.rglob("*.MP4"))] == mp4
    assert (home / "AW000002/AVCHD/BDMV/STREAM/00001.MTS").read_bytes() == avchd[1]


async def test_next_folder(
    client: aiohttp.ClientSession, recorder: PovcamSimulator, tmp_path: Path
) -> None:
    """The highest number counts, other names do not; after AW999999 there is none (11.7)."""
    for name in ("AW000007", "AW000041", "AW99999", "XAW000099", "aw000050"):
        (tmp_path / name).mkdir()
    async with ftp_server(tmp_path) as port:
        await aim(client, recorder, port, dirname="")
        assert await send(client, recorder, fileno="1") == 204
        assert (await ended(client, recorder))["progress"] == "finish"
        assert tree(tmp_path) == ["AW000042/DCIM/100RID00/R00A0001.MP4"]
        (tmp_path / "AW999999").mkdir()
        assert await send(client, recorder, fileno="1") == 204
        assert await ended(client, recorder) == {"progress": "error", "rate": "0"}


async def test_as_cards_are(client: aiohttp.ClientSession, tmp_path: Path) -> None:
    """With the option AVCHD is in PRIVATE."""
    async with PovcamSimulator(auth=Auth.NONE, ftp_private=True) as sim, ftp_server(tmp_path) as at:
        sim.camera.clips.add("sd1", ClipFormat.AVCHD, length=1)
        await aim(client, sim, at, dirname="")
        assert await send(client, sim, ClipFormat.AVCHD) == 204
        await ended(client, sim)
    assert tree(tmp_path)[1] == "AW000001/PRIVATE/AVCHD/BDMV/STREAM/00000.MTS"


async def test_active_mode(client: aiohttp.ClientSession, recorder: PovcamSimulator) -> None:
    """The server connects to the camera; the requests are as they should be."""
    async with ftp_stand_in() as server:
        server.names += ["AW000003", "./AW000012", "notes.txt"]
        await aim(client, recorder, server.port, mode="active", dirname="a/b")
        assert await send(client, recorder, fileno="2") == 204
        assert (await ended(client, recorder))["progress"] == "finish"
    verbs = [line for line in server.heard if not line.startswith("PORT")]
    assert verbs[:8] == [
        f"USER {USER}",
        f"PASS {PASSWORD}",
        "TYPE I",
        "CWD a",
        "CWD b",
        "TYPE A",
        "NLST",
        "MKD AW000013",
    ]
    assert verbs[-1] == "QUIT"
    assert list(server.files) == ["/a/b/AW000013/DCIM/100RID00/R00A0002.MP4"]
    assert list(server.files.values()) == contents(recorder, ClipFormat.MP4)[1:]


async def test_server_without_nlst(
    client: aiohttp.ClientSession, recorder: PovcamSimulator
) -> None:
    """The camera asks by LIST then; a folder that has nothing may be told by 550."""
    async with ftp_stand_in() as server:
        server.answers["NLST"] = "502 unknown"
        server.names.append("drwxr-xr-x 2 user group 0 Jan  1 00:00 AW000005")
        await aim(client, recorder, server.port, mode="active")
        await send(client, recorder, fileno="1")
        await ended(client, recorder)
        assert "MKD AW000006" in server.heard
        server.answers["NLST"] = "550 no files"
        await send(client, recorder, fileno="1")
        await ended(client, recorder)
        assert "MKD AW000001" in server.heard


@pytest.mark.parametrize(
    ("verb", "answer"),
    [
        ("USER", "421 too many"),
        ("PASS", "530 wrong"),
        ("MKD", "550 no"),
        ("NLST", "421 closing"),
        ("STOR", "552 quota"),
        ("STOR", ""),
        ("CWD", "rubbish"),
    ],
)
async def test_server_refuses(
    client: aiohttp.ClientSession, recorder: PovcamSimulator, verb: str, answer: str
) -> None:
    """Every refusal, and silence, ends the transfer with an error; the next may go well."""
    async with ftp_stand_in() as server:
        server.answers[verb] = answer
        await aim(client, recorder, server.port, mode="active")
        assert await send(client, recorder) == 204
        assert (await ended(client, recorder))["progress"] == "error"
        assert not server.files
        server.answers.clear()
        assert await send(client, recorder) == 204
        assert (await ended(client, recorder))["progress"] == "finish"


async def test_wrong_password(
    client: aiohttp.ClientSession, recorder: PovcamSimulator, tmp_path: Path
) -> None:
    """A real server turns the camera away."""
    async with ftp_server(tmp_path) as port:
        await aim(client, recorder, port, password="other")
        assert await send(client, recorder) == 204
        assert await ended(client, recorder) == {"progress": "error", "rate": "0"}
    assert not tree(tmp_path)


async def test_nobody_there(client: aiohttp.ClientSession, recorder: PovcamSimulator) -> None:
    """A server that is away is an error."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        await aim(client, recorder, held.getsockname()[1])
        assert await send(client, recorder) == 204
        assert (await ended(client, recorder))["progress"] == "error"


async def test_refused(client: aiohttp.ClientSession, recorder: PovcamSimulator) -> None:
    """Numbers and kind must fit, the list be fresh, the card there and not in use (11.4)."""
    list_id, _ = recorder.camera.clips.listing("sd1", ClipFormat.MP4)
    for params, expected in (
        ({"select_type": "all"}, 403),
        ({"list_id": list_id}, 403),
        ({"select_type": "fileno", "list_id": list_id}, 403),
        ({"select_type": "some", "list_id": list_id}, 500),
        ({"select_type": "all", "fileno": "1", "list_id": list_id}, 500),
        ({"select_type": "all", "list_id": list_id + 1}, 500),
    ):
        assert await status(client, recorder, "send_ftpserver", **params) == expected
    for fileno in ("0", "3", "1;2", ",".join(["1"] * 51)):
        assert await send(client, recorder, fileno=fileno) == 500
    assert await status(client, recorder, "cancel_send_ftpserver") == 500
    recorder.camera.recording = True
    assert await send(client, recorder) == 500
    recorder.camera.recording = False
    recorder.camera.pull_card("sd1")
    assert await send(client, recorder) == 500


@asynccontextmanager
async def slow_transfer(
    client: aiohttp.ClientSession,
) -> AsyncGenerator[tuple[PovcamSimulator, FtpStandIn]]:
    """Have a camera send for a minute."""
    async with (
        PovcamSimulator(auth=Auth.NONE, ftp_throughput=1_000_000) as sim,
        ftp_stand_in() as server,
    ):
        sim.camera.clips.add("sd1", ClipFormat.MP4, length=1, size=60_000_000)
        await aim(client, sim, server.port, mode="active")
        assert await send(client, sim) == 204
        async with asyncio.timeout(5):
            while sim.camera.ftp.rate < 1:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.02)
        yield sim, server


async def test_busy_while_sending(client: aiohttp.ClientSession) -> None:
    """Meanwhile the card is in use: no other transfer, no format, no deletion, no download."""
    async with slow_transfer(client) as (sim, _):
        told = (await get(client, sim, "get_progress", type="send_ftp"))[1]
        assert told["progress"] == "exec"
        assert 1 <= int(told["rate"]) < 100
        assert await send(client, sim) == 500
        assert (await get(client, sim, "sdcard", cmd="format"))[1] == {"ErrorNo": "3"}
        list_id, given = sim.camera.clips.listing("sd1", ClipFormat.MP4)
        assert await status(client, sim, "del_clip_file", fileno=1, list_id=list_id) == 500
        asked = {"filename": given.clips[0].name, "list_id": str(list_id)}
        assert await status(client, sim, "get_clip_file", **asked) == 500


async def test_cancel(client: aiohttp.ClientSession) -> None:
    """The camera says so to the server before it breaks off."""
    async with slow_transfer(client) as (sim, server):
        assert await status(client, sim, "cancel_send_ftpserver") == 204
        assert sim.camera.ftp.progress in (Progress.CANCEL, Progress.FINISH)
        told = await ended(client, sim)
        assert told["progress"] == "finish"
        assert int(told["rate"]) < 100
        async with asyncio.timeout(5):
            while "ABOR" not in server.heard:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.02)


async def test_card_pulled(client: aiohttp.ClientSession) -> None:
    """A transfer whose card is pulled is an error."""
    async with slow_transfer(client) as (sim, _):
        sim.camera.pull_card("sd1")
        assert (await ended(client, sim))["progress"] == "error"


async def test_reboot(client: aiohttp.ClientSession) -> None:
    """A restart ends the transfer without a word."""
    async with slow_transfer(client) as (sim, server):
        await sim.reboot(0)
        assert (await ended(client, sim))["progress"] == "finish"
        assert "ABOR" not in server.heard


async def test_stop_does_not_wait(client: aiohttp.ClientSession) -> None:
    """A camera that is switched off leaves no thread behind."""
    async with slow_transfer(client) as (sim, _):
        loop = asyncio.get_running_loop()
        began = loop.time()
        await sim.stop()
        assert not sim.camera.ftp.sending
        assert loop.time() - began < 2
