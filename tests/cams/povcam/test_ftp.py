"""A recorder that sends its clips by FTP: where to, which, and no more."""

import asyncio

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.clips import Clip, ClipFormat, FtpSender, FtpTarget
from custom_components.panacam.cams.errors import (
    BusyError,
    CameraError,
    ConnectError,
    ProtocolError,
    Reason,
    RefusedError,
)
from custom_components.panacam.cams.povcam import clip_sender
from custom_components.panacam.cams.povcam.client import PovcamClient
from custom_components.panacam.cams.povcam.device import PovcamDevice
from custom_components.panacam.cams.povcam.ftp import PovcamFtp
from tests.cams.povcam.test_clips import clips_of
from tests.cams.support import Peer, http_of, response
from tests.conftest import until
from tests.simulators.povcam import Fault, PovcamSimulator
from tests.simulators.povcam.films import ClipFormat as Film
from tests.simulators.povcam.ftp_client import FtpServer

TARGET = FtpTarget(
    host="192.0.2.121",
    port=2121,
    username="user1",
    password="s3cret",
    passive=False,
    folder="\u821e\u53f0/left 1",
)


@pytest.fixture(autouse=True)
def _no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look often."""
    monkeypatch.setattr(clip_sender, "FOLLOW_GAP", 0.02)
    monkeypatch.setattr(clip_sender, "START_GAP", 0.02)


@pytest.fixture(autouse=True)
def _server(sim: PovcamSimulator) -> None:
    """Have a server set at which nobody listens."""
    sim.camera.ftp.set(FtpServer(address="127.0.0.1", port=9))


def ftp_of(device: PovcamDevice) -> FtpSender:
    """Return the role."""
    assert device.ftp is not None
    return device.ftp


async def test_aim(sim: PovcamSimulator, device: PovcamDevice) -> None:
    """What is set is what the camera has; its password is never told."""
    await ftp_of(device).aim(TARGET)
    server = sim.camera.ftp.server
    assert (server.address, server.port, server.username, server.password) == (
        "192.0.2.121",
        2121,
        "user1",
        "s3cret",
    )
    assert (server.passive, server.dirname) == (False, TARGET.folder)
    told = await ftp_of(device).target()
    assert told == FtpTarget(
        host="192.0.2.121", port=2121, username="user1", passive=False, folder=TARGET.folder
    )
    assert "s3cret" not in repr(TARGET)
    await ftp_of(device).aim(told)
    assert sim.camera.ftp.server.password == "s3cret"


@pytest.mark.parametrize(
    "changes",
    [
        {"host": "ftp.example"},
        {"host": "192.0.2.256"},
        {"port": 0},
        {"port": 65536},
        {"username": "user 1"},
        {"username": "u" * 33},
        {"password": "p-w"},
        {"folder": 'a"b'},
        {"folder": "a&b"},
        {"folder": "a:b"},
        {"folder": "a" * 257},
        {"folder": "a\r\nb"},
    ],
)
async def test_aim_out_of_range(
    sim: PovcamSimulator, device: PovcamDevice, changes: dict[str, str | int]
) -> None:
    """What the document does not allow is not even sent (11.2), nor told."""
    values = {"host": "192.0.2.1", "port": 21, "username": "u", "password": "p", "folder": ""}
    before = len(sim.requests)
    with pytest.raises(RefusedError) as caught:
        await ftp_of(device).aim(FtpTarget(**(values | changes)))  # type: ignore[arg-type]
    assert caught.value.reason is Reason.OUT_OF_RANGE
    assert len(sim.requests) == before
    assert "p-w" not in str(caught.value)


async def test_aim_without_effect(sim: PovcamSimulator, device: PovcamDevice) -> None:
    """A camera that agrees and does nothing; one that says no while it sends."""
    sim.fault("set_ftp", Fault.NO_CONTENT)
    with pytest.raises(RefusedError) as caught:
        await ftp_of(device).aim(TARGET)
    assert caught.value.reason is Reason.NOT_TAKEN
    sim.fault("set_ftp", Fault.ERROR_500)
    with pytest.raises(RefusedError) as caught:
        await ftp_of(device).aim(TARGET)
    assert caught.value.reason is Reason.REFUSED


@pytest.mark.parametrize("status", [404, 405, 501])
async def test_password_in_no_address(session: ClientSession, status: int) -> None:
    """Nor where a camera knows no POST: that it is refused is better."""
    async with Peer.saying(response(status)) as peer:
        with pytest.raises(RefusedError) as caught:
            await PovcamFtp(PovcamClient(http_of(session, peer))).aim(TARGET)
        assert caught.value.reason is Reason.UNSUPPORTED
        (heard,) = (one for one in peer.heard if "/set_ftp" in one.target)
        assert heard.method == "POST"
        assert "password=s3cret" in heard.body
        assert not [one.target for one in peer.heard if "s3cret" in one.target]


@pytest.mark.parametrize(
    ("body", "target"),
    [
        ("", None),
        ("server_addr=\r\nport_num=21\r\n", FtpTarget(host="")),
        (
            "server_addr = 10.0.0.1\r\nport_num = x\r\nmode = ACTIVE\r\n",
            FtpTarget(host="10.0.0.1", passive=False),
        ),
        ("server_addr=10.0.0.1\r\nport_num=0\r\npassword=told\r\n", FtpTarget(host="10.0.0.1")),
        ("server_addr=../..\r\n", None),
    ],
)
async def test_strange_targets(session: ClientSession, body: str, target: FtpTarget | None) -> None:
    """What other models may answer."""
    async with Peer.saying(response(200, body)) as peer:
        ftp = PovcamFtp(PovcamClient(http_of(session, peer)))
        if target is not None:
            assert await ftp.target() == target
            return
        with pytest.raises(ProtocolError):
            await ftp.target()


def orders(sim: PovcamSimulator) -> list[dict[str, str]]:
    """Return what was ordered to be sent."""
    return [r.params for r in sim.requests if r.path.endswith("/send_ftpserver")]


async def listed(device: PovcamDevice) -> tuple[Clip, ...]:
    """Return what is on the card."""
    return (await clips_of(device).listing("sd1", ClipFormat.MP4)).clips


def under_way() -> list[str]:
    """Return what goes on by itself."""
    names = [task.get_name() for task in asyncio.all_tasks()]
    return [name for name in names if name.startswith("panacam clips")]


def answer_only(sim: PovcamSimulator) -> None:
    """Have the camera agree and send nothing."""
    sim.fault("send_ftpserver", Fault.NO_CONTENT)


async def test_send_all(sim: PovcamSimulator, device: PovcamDevice) -> None:
    """Without numbers, under the number of the list (11.4)."""
    sim.camera.clips.fill("sd1", Film.MP4, 3)
    answer_only(sim)
    await clips_of(device).send("sd1", ClipFormat.MP4)
    (order,) = orders(sim)
    assert order["select_type"] == "all"
    assert "fileno" not in order
    assert order["list_id"].isdecimal()


async def test_send_some(sim: PovcamSimulator, device: PovcamDevice) -> None:
    """Those that were meant, where they are now."""
    made = sim.camera.clips.fill("sd1", Film.MP4, 40)
    clips = await listed(device)
    sim.camera.clips.remove("sd1", made[0])
    answer_only(sim)
    await clips_of(device).send("sd1", ClipFormat.MP4, [clips[0], clips[20]])
    (order,) = orders(sim)
    assert (order["fileno"], order["select_type"]) == ("19,39", "fileno")
    await clips_of(device).send("sd1", ClipFormat.MP4, [clips[1]])
    assert orders(sim)[1]["fileno"] == "38"


async def test_send_many(
    sim: PovcamSimulator, device: PovcamDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than fit into one order follow, each group when the one before is through."""
    sim.camera.clips.fill("sd1", Film.MP4, 120)
    clips = await listed(device)
    answer_only(sim)
    monkeypatch.setattr(type(sim.camera), "ftp_send", True)
    await clips_of(device).send("sd1", ClipFormat.MP4, clips)
    with pytest.raises(BusyError):
        await clips_of(device).send("sd1", ClipFormat.MP4, clips)
    await asyncio.sleep(0.1)
    assert [len(order["fileno"].split(",")) for order in orders(sim)] == [50]
    assert (await device.poll()).readings["ftp_left"] == 70
    monkeypatch.setattr(type(sim.camera), "ftp_send", False)
    await until(lambda: len(orders(sim)) == 3)
    numbers = [int(n) for order in orders(sim) for n in order["fileno"].split(",")]
    assert sorted(numbers) == list(range(1, 121))
    await until(lambda: not under_way())
    assert (await device.poll()).readings["ftp_left"] == 0


async def test_cancel(sim: PovcamSimulator, device: PovcamDevice) -> None:
    """What was to follow follows no more."""
    sim.camera.clips.fill("sd1", Film.MP4, 120)
    clips = await listed(device)
    answer_only(sim)
    await clips_of(device).send("sd1", ClipFormat.MP4, clips)
    await clips_of(device).cancel_sending()
    asked = len(orders(sim))
    await asyncio.sleep(0.1)
    assert len(orders(sim)) == asked
    assert any(r.path.endswith("/cancel_send_ftpserver") for r in sim.requests)


async def test_close_ends_the_order(sim: PovcamSimulator, device: PovcamDevice) -> None:
    """Nothing goes on after the device was closed."""
    sim.camera.clips.fill("sd1", Film.MP4, 120)
    answer_only(sim)
    await clips_of(device).send("sd1", ClipFormat.MP4, await listed(device))
    await device.close()
    assert not under_way()


@pytest.mark.parametrize("fault", [Fault.CLOSE, Fault.ERROR_500])
async def test_follow_gives_up(
    sim: PovcamSimulator,
    device: PovcamDevice,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    fault: Fault,
) -> None:
    """A camera that is away, or that refuses the next group, is not asked for ever; it is told."""
    monkeypatch.setattr(clip_sender, "MAX_MISSES", 3)
    sim.camera.clips.fill("sd1", Film.MP4, 60)
    clips = await listed(device)
    answer_only(sim)
    await clips_of(device).send("sd1", ClipFormat.MP4, clips)
    sim.fault("*", fault)
    await until(lambda: not under_way())
    assert len(orders(sim)) <= 2
    sim.clear_faults()
    assert (await device.poll()).readings["ftp_left"] == 10
    assert "the last 10 clips" in caplog.text
    await clips_of(device).cancel_sending()
    assert (await device.poll()).readings["ftp_left"] == 0


async def test_follow_waits(
    sim: PovcamSimulator, device: PovcamDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next group waits while the camera prepares, records, or has no time."""
    words = ["finish", "exec", "error", "prepare", "exec", "exec"]
    monkeypatch.setattr(
        clip_sender.ClipSender,
        "_progress",
        lambda _sender: told(words.pop(0) if words else "finish"),
    )

    async def told(word: str) -> str:
        return word

    sim.camera.clips.fill("sd1", Film.MP4, 60)
    answer_only(sim)
    await clips_of(device).send("sd1", ClipFormat.MP4, await listed(device))
    await until(lambda: len(words) == 1)
    assert len(orders(sim)) == 1
    sim.camera.recording = True
    sim.fault("send_ftpserver", Fault.ERROR_500)
    await until(lambda: len(orders(sim)) > 3)
    sim.fault("send_ftpserver", Fault.BUSY)
    asked = len(orders(sim))
    await until(lambda: len(orders(sim)) > asked + 2)
    assert under_way()
    sim.camera.recording = False
    answer_only(sim)
    await until(lambda: not under_way())
    assert orders(sim)[-1]["fileno"] == ",".join(map(str, range(1, 11)))


@pytest.mark.parametrize("word", ["error", "cancel"])
async def test_follow_after_a_failure(
    sim: PovcamSimulator, device: PovcamDevice, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    """Where the group before failed, or was called off at the camera, nothing follows."""
    words = ["finish", "exec"]

    async def told(_sender: clip_sender.ClipSender) -> str:
        return words.pop(0) if words else word

    monkeypatch.setattr(clip_sender.ClipSender, "_progress", told)
    sim.camera.clips.fill("sd1", Film.MP4, 60)
    answer_only(sim)
    await clips_of(device).send("sd1", ClipFormat.MP4, await listed(device))
    await until(lambda: not under_way())
    assert len(orders(sim)) == 1


async def test_two_at_once(sim: PovcamSimulator, device: PovcamDevice) -> None:
    """The second is told that there is one; a cancel ends what is being begun."""
    sim.camera.clips.fill("sd1", Film.MP4, 200)
    clips, role = await listed(device), clips_of(device)
    answer_only(sim)
    halves = (clips[:100], clips[100:])
    ends = await asyncio.gather(
        *(role.send("sd1", ClipFormat.MP4, half) for half in halves), return_exceptions=True
    )
    assert ends[0] is None
    assert isinstance(ends[1], BusyError)
    await role.cancel_sending()
    assert not under_way()
    sim.fault("get_clip_list", Fault.HANG)
    asked = len(orders(sim))
    sending = asyncio.create_task(role.send("sd1", ClipFormat.MP4, clips))
    await until(lambda: bool(under_way()))
    await role.cancel_sending()
    with pytest.raises(BusyError):
        await sending
    sending = asyncio.create_task(role.send("sd1", ClipFormat.MP4, clips))
    await until(lambda: bool(under_way()))
    sending.cancel()
    await until(lambda: not under_way())
    assert len(orders(sim)) == asked
    await device.close()
    with pytest.raises(ConnectError):
        await role.send("sd1", ClipFormat.MP4, clips)


async def test_send_refused(sim: PovcamSimulator, device: PovcamDevice) -> None:
    """Nothing there, gone meanwhile, too many, no card, recording."""
    role = clips_of(device)

    async def reason_of(*wanted: Clip) -> Reason:
        with pytest.raises(CameraError) as caught:
            await role.send("sd1", ClipFormat.MP4, wanted or None)
        return caught.value.reason

    assert await reason_of() is Reason.CLIP_GONE
    gone = Clip(slot="sd1", format=ClipFormat.MP4, name="S0M4")
    assert await reason_of(gone) is Reason.CLIP_GONE
    many = [Clip(slot="sd1", format=ClipFormat.MP4, name=f"{n}") for n in range(2001)]
    assert await reason_of(*many) is Reason.OUT_OF_RANGE
    sim.camera.clips.fill("sd1", Film.MP4, 2)
    sim.fault("send_ftpserver", Fault.ERROR_500)
    sim.camera.recording = True
    assert await reason_of() is Reason.CARD_IN_USE
    sim.camera.recording = False
    assert await reason_of() is Reason.REFUSED
    sim.camera.pull_card("sd1")
    assert await reason_of() is Reason.NO_CARD


async def test_cancel_refused(
    sim: PovcamSimulator, device: PovcamDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing to end is no error; to go on sending is one, and so is a camera that is away."""
    await clips_of(device).cancel_sending()
    sim.fault("cancel_send_ftpserver", Fault.ERROR_500)
    monkeypatch.setattr(type(sim.camera), "ftp_send", True)
    with pytest.raises(RefusedError):
        await clips_of(device).cancel_sending()
    sim.clear_faults()
    sim.fault("*", Fault.CLOSE)
    with pytest.raises(ConnectError):
        await clips_of(device).cancel_sending()
