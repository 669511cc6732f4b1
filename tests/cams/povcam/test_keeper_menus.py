"""Menus that tell odd values, or fail for a while: nothing is lost by that, and nothing made up."""

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams import keeping
from custom_components.panacam.cams.backup import Sections, flat
from custom_components.panacam.cams.errors import CameraError, Reason
from custom_components.panacam.cams.povcam import client
from custom_components.panacam.cams.povcam.wire import Command
from tests.cams.povcam.test_keeper import keeper_of
from tests.simulators.povcam import Fault, PovcamSimulator
from tests.simulators.povcam.camera import Delivery


@pytest.fixture(autouse=True)
def _no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cameras here show at once what they were told."""
    monkeypatch.setattr(keeping, "SETTLE", 0.0)


def tell(monkeypatch: pytest.MonkeyPatch, name: str, *words: tuple[bytes, bytes]) -> None:
    """Have a camera tell a menu in other words, until it is written."""
    call, written = client.PovcamClient.call, False

    async def other(self: client.PovcamClient, command: Command, **values: str | int) -> bytes:
        nonlocal written
        body = await call(self, command, **values)
        if command.name == name and not written:
            for old, new in words:
                assert old in body
                body = body.replace(old, new)
        written = written or "set_" in command.name or command.name == "date_time"
        return body

    monkeypatch.setattr(client.PovcamClient, "call", other)


async def test_what_cannot_be_written(session: ClientSession, sim: PovcamSimulator) -> None:
    """A value that the specification has not is kept, and refused; it can be overwritten."""
    keeper = await keeper_of(session, sim)
    before = await keeper.read()
    sim.camera.menus.clock.timezone = 40
    sim.camera.video[1].bandwidth = 500
    odd = await keeper.read()
    assert odd["date_time"]["timezone"] == "40"
    assert odd["h264_1"]["bandwidth"] == "500"
    report = await keeper.restore(odd, own=True)
    assert report.complete
    assert "date_time.timezone" in report.unchanged
    report = await keeper.restore(before, own=True)
    assert report.taken == ("date_time.timezone", "h264_1.bandwidth")
    assert report.complete
    assert sim.camera.menus.clock.timezone == int(str(before["date_time"]["timezone"]))
    report = await keeper.restore(odd, own=True)
    assert report.refused == {
        "date_time.timezone": Reason.OUT_OF_RANGE,
        "h264_1.bandwidth": Reason.OUT_OF_RANGE,
    }
    assert report.absent == ()


async def test_rates_and_the_microphone(
    session: ClientSession, sim: PovcamSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rate that is told as in the print is one of two; `lmiddle` is the print's word, too."""
    keeper = await keeper_of(session, sim)
    sim.camera.video[1].framerate = "15"
    tell(
        monkeypatch, "get_video_over_ip", (b"h264_framerate_ch1=15", b"h264_framerate_ch1=15(12.5)")
    )
    assert (await keeper.read())["h264_1"]["framerate"] == "15"
    monkeypatch.undo()
    monkeypatch.setattr(keeping, "SETTLE", 0.0)
    tell(monkeypatch, "get_audio", (b"audio_sens=line_middle", b"audio_sens=lmiddle"))
    sections = await keeper.read()
    assert sections["audio"]["audio_sens"] == "lmiddle"
    assert (await keeper.restore(sections, own=True)).complete


async def test_a_login_in_a_menu(session: ClientSession, sim: PovcamSimulator) -> None:
    """It is in no document, and can be overwritten all the same."""
    keeper = await keeper_of(session, sim)
    sim.camera.menus.screens[1] = ("admin:12345@192.168.0.9", "Gate")
    sections = await keeper.read()
    assert "12345" not in str(sections)
    assert sections["multi_screen"]["multi_name1"] == "Gate"
    wanted: Sections = {"multi_screen": {"multi_addr1": "192.168.0.9"}}
    report = await keeper.restore(wanted, own=True)
    assert report.taken == ("multi_screen.multi_addr1",)


@pytest.mark.parametrize(
    "fault", [Fault.CLOSE, Fault.ERROR_500, Fault.EMPTY, Fault.HTML_PAGE, Fault.RUBBISH]
)
async def test_a_menu_that_fails(
    session: ClientSession, sim: PovcamSimulator, fault: Fault
) -> None:
    """What was there before makes no poor copy, and is asked again the next time."""
    keeper = await keeper_of(session, sim)
    rich = await keeper.read()
    sim.fault("get_upnp", fault)
    for _ in range(2):
        with pytest.raises(CameraError):
            await keeper.read()
    report = await keeper.restore({"jpeg": {"jpeg_quality": "7"}}, own=True)
    assert report.complete  # whoever writes elsewhere needs it not
    sim.clear_faults()
    after = await keeper.read()
    assert dict(flat(after)).keys() == dict(flat(rich)).keys()


async def test_another_mode(session: ClientSession, sim: PovcamSimulator) -> None:
    """In another mode a menu may not be there; that is no failure."""
    keeper = await keeper_of(session, sim)
    assert "recording" in await keeper.read()
    sim.camera.mode = "rec_pb_4k"
    for name in ("get_sdrec_mode", "get_sdrec_target", "get_recorder_num"):
        sim.fault(name, Fault.ERROR_500)
    assert "recording" not in await keeper.read()
    sim.camera.mode = "ip"
    sim.clear_faults()
    assert "recording" in await keeper.read()
    sim.fault("get_sdrec_mode", Fault.ERROR_500)
    with pytest.raises(CameraError):
        await keeper.read()


async def test_multicast_is_one_cameras_own(session: ClientSession, sim: PovcamSimulator) -> None:
    """Whoever keeps its own group is not told to begin to send to it."""
    keeper = await keeper_of(session, sim)
    wanted: Sections = {"h264_1": {"unimulti": "multi", "multicast_address": "239.1.2.3"}}
    report = await keeper.restore(wanted, own=False)
    assert set(report.spared) == {"h264_1.unimulti", "h264_1.multicast_address"}
    assert sim.camera.video[1].delivery is not Delivery.MULTICAST
    assert (await keeper.restore(wanted, own=True)).complete
    assert sim.camera.video[1].delivery is Delivery.MULTICAST
