"""How transfers by FTP, and formats, end that no poll has seen: told all the same."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path, PurePosixPath

import aioftp
from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.clips import ClipFormat
from custom_components.panacam.cams.errors import Reason, RefusedError
from custom_components.panacam.cams.povcam import cards, clip_sender
from custom_components.panacam.cams.povcam.device import PovcamDevice
from tests.cams.povcam.test_clips import clips_of
from tests.cams.support import camera
from tests.conftest import until
from tests.simulators.povcam import Fault, PovcamSimulator
from tests.simulators.povcam.films import ClipFormat as Film
from tests.simulators.povcam.ftp_client import FtpServer

USER, PASSWORD = "camera1", "secret12345"
NOBODY = FtpServer(address="127.0.0.1", port=9)


@pytest.fixture(autouse=True)
def _no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look often."""
    monkeypatch.setattr(clip_sender, "START_GAP", 0.1)
    monkeypatch.setattr(cards, "PROGRESS_GAP", 0.03)


@pytest.fixture
async def sim(session: ClientSession, quick: None) -> AsyncIterator[PovcamSimulator]:
    """Run a recorder with three clips that does all in a moment."""
    async with camera(format_time=0.1) as simulator:
        simulator.camera.clips.fill("sd1", Film.MP4, 3, length=1)
        yield simulator


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[FtpServer]:
    """Give a real FTP server as the camera knows it."""
    user = aioftp.User(USER, PASSWORD, base_path=tmp_path, home_path=PurePosixPath("/"))
    real = aioftp.Server([user])
    await real.start("127.0.0.1", 0)
    yield FtpServer(address="127.0.0.1", port=real.server_port, username=USER, password=PASSWORD)
    await real.close()


def files_in(folder: Path) -> int:
    """Return how many files are below a folder."""
    return sum(path.is_file() for path in folder.rglob("*"))


def orders(sim: PovcamSimulator) -> int:
    """Return how often the camera was told to send."""
    return sum(r.path.endswith("/send_ftpserver") for r in sim.requests)


async def failure(device: PovcamDevice) -> Reason | None:
    """Send all; return why that failed, if it did."""
    try:
        await clips_of(device).send("sd1", ClipFormat.MP4)
    except RefusedError as err:
        return err.reason
    return None


async def test_between_two_polls(
    sim: PovcamSimulator, device: PovcamDevice, server: FtpServer, tmp_path: Path
) -> None:
    """A transfer that no get_state has told of ends as finished, all of it sent."""
    for key in ("ftp_progress", "ftp_rate", "format_progress"):
        device.want(key)
    told = (await device.poll()).readings
    assert (told["ftp_progress"], told["ftp_rate"]) == ("idle", None)
    sim.camera.ftp.set(server)
    assert await failure(device) is None
    await until(lambda: not sim.camera.ftp.sending)
    told = (await device.poll()).readings
    assert (told["ftp_progress"], told["ftp_rate"]) == ("finish", 100)
    assert told["format_progress"] == "idle"
    assert await asyncio.to_thread(files_in, tmp_path) == 3


async def test_cannot_send(sim: PovcamSimulator, device: PovcamDevice, server: FtpServer) -> None:
    """Nobody listens, twice; or the login is wrong: it is said, and shown."""
    device.want("ftp_progress")
    sim.camera.ftp.set(NOBODY)
    assert await failure(device) is Reason.FTP_FAILED
    assert (await device.poll()).readings["ftp_progress"] == "error"
    assert await failure(device) is Reason.FTP_FAILED
    sim.camera.ftp.set(FtpServer(address="127.0.0.1", port=server.port, username="other"))
    assert await failure(device) is Reason.FTP_FAILED
    sim.camera.ftp.set(server)
    assert await failure(device) is None


@pytest.mark.parametrize("address", ["0.0.0.0", ""])
async def test_no_server(sim: PovcamSimulator, device: PovcamDevice, address: str) -> None:
    """Without one the camera is not even told."""
    sim.camera.ftp.set(FtpServer(address=address))
    assert await failure(device) is Reason.NO_FTP_SERVER
    assert orders(sim) == 0


@pytest.mark.parametrize("fault", [Fault.ERROR_500, Fault.EMPTY, Fault.RUBBISH])
async def test_server_not_told(
    sim: PovcamSimulator, device: PovcamDevice, server: FtpServer, fault: Fault
) -> None:
    """A camera that does not say whether it has one is told to send."""
    sim.camera.ftp.set(server)
    sim.fault("get_ftp", fault)
    assert await failure(device) is None
    assert orders(sim) == 1


@pytest.mark.parametrize(
    ("words", "sending", "reason"),
    [
        (["error", "error", "prepare", "exec", "error"], False, None),
        (["error", "error"], True, None),
        (["error", "finish", "error"], False, None),
        (["finish"], False, None),
        (["error", "cancel"], False, None),
        ([None], False, None),
        (["error"], False, Reason.FTP_FAILED),
        ([None, "error"], False, Reason.FTP_FAILED),
        (["finish", "error"], False, Reason.FTP_FAILED),
        (["finish", "finish", "prepare", "error"], False, Reason.FTP_FAILED),
        (["error", "prepare", "error"], False, Reason.FTP_FAILED),
    ],
)
async def test_what_cameras_say(
    sim: PovcamSimulator,
    device: PovcamDevice,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str | None],
    sending: bool,
    reason: Reason | None,
) -> None:
    """The first word is of the order before; the last one stands."""
    left = list(words)

    async def told(_sender: clip_sender.ClipSender) -> str | None:
        return left.pop(0) if len(left) > 1 else left[0]

    sim.camera.ftp.set(NOBODY)
    sim.fault("send_ftpserver", Fault.NO_CONTENT)
    monkeypatch.setattr(clip_sender, "START_GAP", 0.0)
    monkeypatch.setattr(clip_sender.ClipSender, "_progress", told)
    monkeypatch.setattr(type(sim.camera), "ftp_send", sending)
    assert await failure(device) is reason
    assert orders(sim) == 1


async def test_no_progress(sim: PovcamSimulator, device: PovcamDevice) -> None:
    """A camera that is away while it is looked at has taken the order."""
    sim.camera.ftp.set(NOBODY)
    sim.fault("get_progress", Fault.CLOSE)
    assert await failure(device) is None


async def test_format_between_two_polls(sim: PovcamSimulator, device: PovcamDevice) -> None:
    """A card that is formatted at once."""
    device.want("format_progress")
    assert (await device.poll()).readings["format_progress"] == "idle"
    assert device.cards is not None
    await device.cards.format("sd1")
    assert (await device.poll()).readings["format_progress"] == "finish"
