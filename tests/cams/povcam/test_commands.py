"""Every request as the specification prints it: path, method, access, values and their limits."""

from collections.abc import Callable

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.errors import Reason, RefusedError
from custom_components.panacam.cams.povcam import commands
from custom_components.panacam.cams.povcam.client import PovcamClient
from custom_components.panacam.cams.povcam.wire import Command
from tests.cams.support import Peer, http_of, response

ROWS = [
    # row, path, section, methods, access
    ("GETUID", "/cgi-bin/getuid", "2.1", ("GET",), "live"),
    ("GETINFO", "/cgi-bin/getinfo", "2.2", ("GET",), "live"),
    ("GET_CAPABILITY", "/cgi-bin/get_capability", "2.3", ("GET", "POST"), "live"),
    ("MJPEG", "/cgi-bin/mjpeg", "2.4", ("GET",), "live"),
    ("VIEW", "/cgi-bin/view.cgi", "2.4", ("GET",), "live"),
    ("CAMERA", "/cgi-bin/camera", "2.4", ("GET",), "live"),
    ("JPEG", "/cgi-bin/jpeg", "2.4", ("GET",), "live"),
    ("H264", "/cgi-bin/h264", "2.7", ("GET",), "live"),
    ("AUDIO", "/cgi-bin/audio", "2.7", ("GET",), "live"),
    ("KEEP_ALIVE", "/cgi-bin/keep_alive", "2.7", ("GET",), "live"),
    ("CAMCTRL", "/cgi-bin/camctrl", "3.1", ("GET",), "live"),
    ("DIRECTCTRL", "/cgi-bin/directctrl", "3.1", ("GET",), "live"),
    ("AW_PTZ", "/cgi-bin/aw_ptz", "3.1, facts", ("GET",), "live"),
    ("INITIAL", "/cgi-bin/initial", "4.8", ("POST", "GET"), "admin"),
    ("GET_BASIC", "/cgi-bin/get_basic", "5.2", ("GET",), "live"),
    ("GET_VIDEO_OVER_IP", "/cgi-bin/get_video_over_ip", "5.5", ("GET",), "live"),
    ("GET_NETWORK", "/cgi-bin/get_network", "5.8", ("GET",), "admin"),
    ("GET_AUDIO", "/cgi-bin/get_audio", "5.6", ("GET",), "live"),
    ("GETDATA", "/cgi-bin/getdata", "5.12", ("GET",), "admin"),
    ("SETTINGS", "/cgi-bin/setdata", "6", ("GET",), "live"),
    ("SDCTRL", "/cgi-bin/sdctrl", "8.7", ("GET",), "live"),
    ("GET_STATE", "/cgi-bin/get_state", "9.1", ("GET",), "live"),
]


@pytest.mark.parametrize(("name", "path", "section", "methods", "access"), ROWS)
def test_rows(name: str, path: str, section: str, methods: tuple[str, ...], access: str) -> None:
    """Path, section, methods and access level are those of the specification."""
    row = getattr(commands, name)
    assert (row.path, row.section, row.methods, row.access) == (path, section, methods, access)


def test_all_rows_are_tested() -> None:
    """No command is added without its row above."""
    named = {name for name, value in vars(commands).items() if isinstance(value, Command)}
    assert named == {row[0] for row in ROWS}


# Chapter 2.4 gives 15 as "15(12.5)" and 30 as "30(25)".
RATES = ("1", "5", "12.5", "15", "25", "30")
ZOOM = ("1", "up", "down", "0")
BRIGHT = ("1", "up", "down", "-2", "0", "2")
FOCUS = ("-3", "3", "on")
DIRECT = tuple(str(step) for step in range(-4, 5))
NUMBERS = ("0", "1", "263", "2147483647")
PORTS = ("1", "40000", "65535")
NO_PORTS = ("0", "65536", "-1", "")
NO_NUMBERS = ("", "-1", "2147483648", "x", "1.5", "99999999999")

PARAMETERS = [
    ("GETUID", "FILE", ("2",), ("1", "")),
    ("GETUID", "vcodec", ("jpeg", "h264", "h264_2"), ("h265", "JPEG", "")),
    ("GETUID", "reply", ("browser", "info"), ("text",)),
    ("GETINFO", "FILE", ("1",), ("2", "")),
    ("MJPEG", "resolution", ("640",), ("1280", "")),
    ("MJPEG", "framerate", RATES, ("0", "10", "60", "")),
    ("MJPEG", "action", ("snapshot", "start", "stop"), ("pause",)),
    ("VIEW", "action", ("start", "snapshot", "stop"), ("end", "")),
    ("VIEW", "n", NUMBERS, NO_NUMBERS),
    ("CAMERA", "resolution", ("640",), ("320", "")),
    ("CAMERA", "page", NUMBERS, NO_NUMBERS),
    ("JPEG", "connect", ("start", "stop"), ("snapshot",)),
    ("JPEG", "framerate", RATES, ("2",)),
    ("JPEG", "resolution", ("640",), ("1920",)),
    ("JPEG", "UID", NUMBERS, NO_NUMBERS),
    ("H264", "my_port", PORTS, NO_PORTS),
    ("H264", "connect", ("start", "stop"), ("pause",)),
    ("H264", "protocol", ("rtp",), ("http", "")),
    ("H264", "UID", NUMBERS, NO_NUMBERS),
    ("H264", "stream", ("1", "2"), ("0", "3")),
    ("AUDIO", "connect", ("start", "stop"), ("on", "")),
    ("AUDIO", "protocol", ("rtp", "http"), ("rtsp", "")),
    ("AUDIO", "my_port", PORTS, NO_PORTS),
    ("AUDIO", "UID", NUMBERS, NO_NUMBERS),
    ("AUDIO", "mode", ("in",), ("out", "")),
    ("KEEP_ALIVE", "mode", ("h.264", "h.264_2", "jpeg", "audio"), ("h264", "")),
    ("KEEP_ALIVE", "protocol", ("rtp", "http"), ("udp", "")),
    ("KEEP_ALIVE", "UID", NUMBERS, NO_NUMBERS),
    ("KEEP_ALIVE", "stream", ("1", "2"), ("0", "3")),
    ("CAMCTRL", "times", ZOOM, ("2", "-1", "")),
    ("CAMCTRL", "zoom", ZOOM, ("2", "-1", "UP")),
    ("CAMCTRL", "bright", BRIGHT, ("3", "-1", "")),
    ("CAMCTRL", "iris", BRIGHT, ("3", "-1", "")),
    ("CAMCTRL", "focus", FOCUS, ("0", "1", "-4", "off")),
    ("CAMCTRL", "af", FOCUS, ("0", "off")),
    ("DIRECTCTRL", "zoom", DIRECT, ("-5", "5", "up", "")),
    ("DIRECTCTRL", "focus", DIRECT, ("-5", "5", "on", "")),
    (
        "AW_PTZ",
        "cmd",
        ("#O", "#PTS0199", "#APC80008000"),
        ("O", "#", "#o", "#PTS 50", "#" + "A" * 17, "#O\n", "#O&x=1"),
    ),
    ("AW_PTZ", "res", ("1",), ("0", "")),
    ("INITIAL", "cmd", ("reset",), ("erase", "")),
    ("INITIAL", "Randomnum", ("0123456789abcdef",), ("12345", "g" * 16, "0" * 17, "")),
    (
        "GETDATA",
        "req",
        ("rtspport", "audio_level", "h264", "h264_2", "h264bwcmin_2", "h264bwcmmin_2"),
        ("RTSPPORT", "cam_title", "h264_3", ""),
    ),
    ("SDCTRL", "save", ("start", "end"), ("stop", "")),
]


@pytest.mark.parametrize(("row", "name", "allowed", "refused"), PARAMETERS)
def test_values(row: str, name: str, allowed: tuple[str, ...], refused: tuple[str, ...]) -> None:
    """Values within the tables are sent as they are, all others are refused by name."""
    command: Command = getattr(commands, row)
    for value in allowed:
        assert command.arguments({name: value}) == {name: value}
    for value in refused:
        with pytest.raises(RefusedError) as caught:
            command.arguments({name: value})
        assert caught.value.reason is Reason.OUT_OF_RANGE
        assert str(caught.value) == f"out of range ({command.name} {name})"


def test_all_parameters_are_tested() -> None:
    """No parameter is added without its line above."""
    named = {
        (name, parameter)
        for name, value in vars(commands).items()
        if isinstance(value, Command)
        for parameter in value.parameters
    }
    assert named == {(row, name) for row, name, _, _ in PARAMETERS}


def test_numbers_become_text() -> None:
    """Whole numbers are given as such."""
    assert commands.DIRECTCTRL.arguments({"zoom": -4}) == {"zoom": "-4"}


@pytest.mark.parametrize(
    "send",
    [
        lambda client: client.call(commands.DIRECTCTRL, zoom=5),
        lambda client: client.call(commands.SDCTRL, save="stop"),
        lambda client: client.aw("PTS5050"),
        lambda client: client.pictures("60").__aenter__(),
    ],
)
async def test_nothing_is_sent(
    session: ClientSession, quick: None, send: Callable[[PovcamClient], object]
) -> None:
    """A value out of range never leaves."""
    async with Peer.saying(response()) as peer:
        with pytest.raises(RefusedError, match="out of range"):
            await send(PovcamClient(http_of(session, peer)))  # type: ignore[misc]
    assert peer.heard == []
