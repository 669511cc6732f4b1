"""Settings that a camera tells in odd words: nothing is lost by that, and nothing made up."""

from dataclasses import replace

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.errors import Reason, RefusedError
from custom_components.panacam.cams.povcam import adjusting, client
from custom_components.panacam.cams.povcam.device import PovcamDevice
from custom_components.panacam.cams.povcam.wire import Command
from custom_components.panacam.cams.settings import Choice, Value
from tests.cams.povcam.test_adjusting import answering, change, connected, options, rows_of
from tests.cams.support import camera
from tests.simulators.povcam import AG_MDC20, AG_UMR20, PovcamSimulator

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture(autouse=True)
def _no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cameras here show at once what they were told."""
    monkeypatch.setattr(adjusting, "SETTLE", 0.01)


@pytest.mark.parametrize(
    ("menu", "told", "key", "shown"),
    [
        ("get_date_time", b"timezone=40", "time_zone", None),
        ("get_date_time", b"timezone=", "time_zone", None),
        ("get_date_time", b"display=perhaps", "clock_display", None),
        ("get_video_over_ip", b"h264_bandwidth_ch1=500", "h264_1_bit_rate", "500 kbit/s"),
        ("get_video_over_ip", b"h264_bandwidth_ch1=<b>", "h264_1_bit_rate", None),
        ("get_video_over_ip", b"h264_framerate_ch1=15(12.5)", "h264_1_frame_rate", "15 fps"),
        ("get_video_over_ip", b"h264_framerate_ch1=24", "h264_1_frame_rate", "24 fps"),
        ("get_video_over_ip", b"h264_resolution_ch1=2560", "h264_1_resolution", "2560"),
        ("get_video_over_ip", b"h264_quality_ch1=5", "h264_1_quality", "low"),
        ("get_video_over_ip", b"jpeg_quality=best", "jpeg_quality", None),
        ("get_video_over_ip", b"jpeg_quality=99", "jpeg_quality", 99),
        ("get_audio", b"audio=1", "audio", True),
        ("get_audio", b"audio_sens=lmiddle", "audio_input", "microphone"),
        ("get_network", b"bandwidth=512", "network_bandwidth_limit", "512 kbit/s"),
        ("get_network", b"bandwidth=10000", "network_bandwidth_limit", "unlimited"),
        ("get_time", b"ntp_addr=admin:12345@192.0.2.1", "ntp_server", None),
        ("get_sdrec_mode", b"mode=mp4_1080_60p_50m", "recording_mode", "mp4_1080_60p_50m"),
        ("get_sdrec_mode", b"mode=" + b"x" * 900, "recording_mode", None),
    ],
)
async def test_odd_values(
    session: ClientSession,
    sim: PovcamSimulator,
    monkeypatch: pytest.MonkeyPatch,
    menu: str,
    told: bytes,
    key: str,
    shown: Value | None,
) -> None:
    """What the camera has is among what it can have; what means nothing is unknown."""
    name = told.partition(b"=")[0]

    def odd(body: bytes) -> bytes:
        lines = [told if line.startswith(name + b"=") else line for line in body.split(b"\r\n")]
        assert told in lines
        return b"\r\n".join(lines)

    answering(monkeypatch, menu, odd)
    device = await connected(session, sim)
    state = await device.poll()
    assert state.settings[key] == shown
    row = rows_of(device)[key]
    if isinstance(row, Choice) and shown is not None:
        assert shown in row.options
        assert len(set(row.options)) == len(row.options)


async def test_what_only_the_camera_chose(session: ClientSession, sim: PovcamSimulator) -> None:
    """It is shown, but cannot be chosen again."""
    sim.camera.video[1].bandwidth = 500
    device = await connected(session, sim)
    with pytest.raises(RefusedError) as caught:
        await change(device, "h264_1_bit_rate", "500 kbit/s")
    assert caught.value.reason is Reason.OUT_OF_RANGE
    await change(device, "h264_1_bit_rate", "1024 kbit/s")
    assert "500 kbit/s" not in options(device, "h264_1_bit_rate")


async def test_a_quality_of_two_steps(
    device: PovcamDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some tell but whether it is high or low (5.5)."""
    answering(
        monkeypatch,
        "get_video_over_ip",
        lambda body: body.replace(b"jpeg_quality=8", b"jpeg_quality=5"),
    )
    await change(device, "jpeg_quality", 8)
    assert (await device.poll()).settings["jpeg_quality"] == 5


async def test_the_other_word(device: PovcamDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    """The microphone has two words in print; a camera that refuses one takes the other."""
    call, sent = client.PovcamClient.call, []

    async def strict(self: client.PovcamClient, command: Command, **values: str | int) -> bytes:
        if command.name == "set_audio":
            sent.append(values.get("audio_sens"))
            if sent[-1] == "middle":
                raise RefusedError(Reason.REFUSED)
            values["audio_sens"] = "middle"
        body = await call(self, command, **values)
        return body.replace(b"audio_sens=middle", b"audio_sens=lmiddle")

    monkeypatch.setattr(client.PovcamClient, "call", strict)
    await change(device, "audio_input", "microphone")
    assert sent == ["middle", "lmiddle"]
    assert (await device.poll()).settings["audio_input"] == "microphone"


TITLE = "\u7384\u95a2 1"


@pytest.mark.parametrize("title", [TITLE, "a=b <i>", ""])
@pytest.mark.parametrize("encoding", ["utf-8", "shift_jis"])
async def test_titles(session: ClientSession, title: str, encoding: str) -> None:
    """A camera that tells its title in Shift-JIS takes it in UTF-8, or in that, too."""
    async with camera(model=AG_MDC20, form_encoding=encoding) as sim:
        sim.camera.title = "\u88cf\u53e3"
        device = await connected(session, sim)
        assert (await device.poll()).settings["camera_title"] == "\u88cf\u53e3"
        await change(device, "camera_title", title)
        assert sim.camera.title == title
        assert (await device.poll()).settings["camera_title"] == title


async def test_a_title_that_it_cannot_have(session: ClientSession) -> None:
    """What comes back as something else was not taken."""
    async with camera(model=AG_MDC20) as sim:
        device = await connected(session, sim)
        with pytest.raises(RefusedError) as caught:
            await change(device, "camera_title", "Caf\u00e9 \u30b9")
        assert caught.value.reason is Reason.NOT_TAKEN


@pytest.mark.parametrize(
    ("encoding", "before", "title"),
    [("latin-1", "B\u00fchne", "Caf\u00e9"), ("cp932", "\u88cf\u53e3", TITLE)],
)
async def test_titles_of_another_encoding(
    session: ClientSession, encoding: str, before: str, title: str
) -> None:
    """A camera is sent titles in what it tells them in."""
    model = replace(AG_UMR20, title_encoding=encoding)
    async with camera(model=model, form_encoding=encoding) as sim:
        sim.camera.title = before
        device = await connected(session, sim)
        await change(device, "camera_title", title)
        assert sim.camera.title == title
        assert (await device.poll()).settings["camera_title"] == title
