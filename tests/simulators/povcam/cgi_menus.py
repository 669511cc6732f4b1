"""CGIs of the menus that have nothing to do with pictures (4.2, 4.4 to 4.7, 8.1 to 8.6)."""

from datetime import datetime
import ipaddress
from typing import Final

from .camera import Camera, Move
from .cgi import (
    Access,
    Cgi,
    Handler,
    Method,
    MissingError,
    Params,
    RefusedError,
    Reply,
    choice,
    needed,
    needed_choice,
    number,
    set_reply,
    text_reply,
)
from .rates import record_modes

_SCREENS: Final = range(1, 17)
_NAME_LENGTH: Final = 20
_PORTS: Final = range(1, 65536)
_LONGEST_NAME: Final = 253


def set_time(camera: Camera, params: Params) -> Reply:
    """Change the time server (4.2)."""
    if not params:
        raise MissingError
    menu = camera.menus.time_server
    adjust = choice(params, "time_adjust", menu.adjust, "0", "1")
    by_dhcp = choice(params, "ntp_addr_dhcp", menu.by_dhcp, "0", "1")
    address = params.get("ntp_addr", menu.address)
    try:
        ipaddress.IPv4Address(address)
    except ValueError:
        raise RefusedError(address) from None
    port = number(params, "ntp_port", menu.port, 1, 65535)
    menu.interval = number(params, "ntp_interval", menu.interval, 1, 24)
    menu.adjust, menu.by_dhcp, menu.address, menu.port = adjust, by_dhcp, address, port
    camera.menus.clock.by_network = adjust == "1"
    return set_reply(camera)


def get_time(camera: Camera, _params: Params) -> Reply:
    """Time server (5.3)."""
    menu = camera.menus.time_server
    return text_reply(
        camera,
        [
            ("time_adjust", menu.adjust),
            ("ntp_addr_dhcp", menu.by_dhcp),
            ("ntp_addr", menu.address),
            ("ntp_port", menu.port),
            ("ntp_interval", menu.interval),
        ],
    )


def set_date_time(camera: Camera, params: Params) -> Reply:
    """Change the clock, its zone and its summer time (4.2)."""
    if not params:
        raise MissingError
    clock = camera.menus.clock
    limits = {"month": (1, 12), "week": (1, 5), "dotw": (0, 6), "hour": (0, 23)}
    edges = {
        edge: {
            part: number(params, f"{edge}_{part}", present[part], *limits[part]) for part in present
        }
        for edge, present in (("start", clock.start), ("end", clock.end))
    }
    display = choice(params, "display", clock.display, "0", "1")
    summer = choice(params, "summer_time", clock.summer_time, "0", "1", "2")
    zone = number(params, "timezone", clock.timezone, 1, 33)
    local = clock.local
    year = number(params, "date_year", local.year, 2013, 2035)
    month = number(params, "date_month", local.month, 1, 12)
    day = number(params, "date_day", local.day, 1, 31)
    hour = number(params, "date_hour", local.hour, 0, 23)
    minute = number(params, "date_min", local.minute, 0, 59)
    second = number(params, "date_sec", local.second, 0, 59)
    try:
        local = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - as it is shown
    except ValueError:
        raise RefusedError(day) from None
    clock.display, clock.summer_time, clock.timezone = display, summer, zone
    clock.start, clock.end = edges["start"], edges["end"]
    if any(name.startswith("date_") for name in params):
        clock.local = local
    return set_reply(camera)


def get_date_time(camera: Camera, _params: Params) -> Reply:
    """Clock (5.4)."""
    clock = camera.menus.clock
    local = clock.local
    return text_reply(
        camera,
        [
            ("display", clock.display),
            ("date_year", local.year),
            ("date_month", local.month),
            ("date_day", local.day),
            ("date_hour", local.hour),
            ("date_min", local.minute),
            ("date_sec", local.second),
            ("timezone", clock.timezone),
            ("summer_time", clock.summer_time),
            *((f"start_{part}", value) for part, value in clock.start.items()),
            *((f"end_{part}", value) for part, value in clock.end.items()),
            ("is_summer_time", int(clock.is_summer())),
        ],
    )


def set_rtsp(camera: Camera, params: Params) -> Reply:
    """Change the RTSP port, which is in use until the restart, and the Internet modes (4.3)."""
    if not params:
        raise MissingError
    modes = {
        stream: choice(params, name, camera.video[stream].rtsp_mode, "0", "1")
        for stream, name in ((1, "h264_rtsp_mode"), (2, "h264_rtsp_mode2"))
    }
    camera.rtsp_port = number(params, "rtsp_port", camera.rtsp_port, 1, 65535)
    for stream, mode in modes.items():
        camera.video[stream].rtsp_mode = mode
    return set_reply(camera)


def set_volume_lv(camera: Camera, params: Params) -> Reply:
    """Change the volume (4.4)."""
    needed(params, "volume_lv")
    camera.menus.volume = number(params, "volume_lv", camera.menus.volume, 0, 23)
    return set_reply(camera)


def multi_screen(camera: Camera, params: Params) -> Reply:
    """Change which cameras are shown beside each other (4.5)."""
    wanted = dict(camera.menus.screens)
    for place in _SCREENS:
        address, name = wanted[place]
        address = _screen_address(params.get(f"multi_addr{place}", address))
        name = params.get(f"multi_name{place}", name)
        if len(name) > _NAME_LENGTH:
            raise RefusedError(name)
        wanted[place] = (address, name)
    if not any(key.startswith(("multi_addr", "multi_name")) for key in params):
        raise MissingError
    camera.menus.screens = wanted
    return set_reply(camera)


def _screen_address(text: str) -> str:
    host, _, port = text.partition(":")
    if len(host) > _LONGEST_NAME or (port and (not port.isdecimal() or int(port) not in _PORTS)):
        raise RefusedError(text)
    return text


def get_multi_screen(camera: Camera, _params: Params) -> Reply:
    """Cameras beside each other (5.7)."""
    screens = camera.menus.screens
    return text_reply(
        camera,
        [
            pair
            for place in _SCREENS
            for pair in (
                (f"multi_addr{place}", screens[place][0]),
                (f"multi_name{place}", screens[place][1]),
            )
        ],
    )


def easyipset(camera: Camera, params: Params) -> Reply:
    """Change how long Easy IP Setup is answered (4.6)."""
    camera.menus.easy_ip_setup = needed_choice(params, "time", "unlimited", "20")
    return set_reply(camera)


def set_bandwidth(camera: Camera, params: Params) -> Reply:
    """Change what the camera sends at most; 10000 is taken for unlimited (4.6)."""
    allowed = ("0", "1024", "2048", "4096", "8192", "16384", "32768", "10000")
    wanted = needed_choice(params, "bandwidth", *allowed)
    camera.menus.bandwidth = "0" if wanted == "10000" else wanted
    return set_reply(camera)


def set_rtp(camera: Camera, params: Params) -> Reply:
    """Change the longest packet (4.6)."""
    camera.menus.rtp_size = needed_choice(params, "rtp_size", "1280", "1500")
    return set_reply(camera)


def upnp(camera: Camera, params: Params) -> Reply:
    """Change the port forwarding (4.7)."""
    camera.menus.upnp = needed_choice(params, "upnp_portmap", "0", "1")
    return set_reply(camera)


def get_upnp(camera: Camera, _params: Params) -> Reply:
    """Port forwarding (5.9)."""
    return text_reply(camera, [("upnp_portmap", camera.menus.upnp)])


def set_sdrec_mode(camera: Camera, params: Params) -> Reply:
    """Change what is recorded, not while it is (8.1)."""
    mode = needed_choice(params, "mode", *record_modes(camera.options, camera.mode))
    if camera.recording:
        raise RefusedError(mode)
    camera.menus.record_mode = mode
    return set_reply(camera)


def get_sdrec_mode(camera: Camera, _params: Params) -> Reply:
    """Tell what is recorded (8.2)."""
    return text_reply(camera, [("mode", camera.menus.record_mode)])


def set_sdrec_target(camera: Camera, params: Params) -> Reply:
    """Change which card is recorded to (8.3)."""
    device = needed_choice(params, "device", "sd1", "sd2")
    if device not in camera.slots:
        raise RefusedError(device)
    camera.menus.record_target = device
    return set_reply(camera)


def get_sdrec_target(camera: Camera, _params: Params) -> Reply:
    """Which card is recorded to (8.4)."""
    return text_reply(camera, [("device", camera.menus.record_target)])


def set_recorder_num(camera: Camera, params: Params) -> Reply:
    """Change the recorder's number, part of folder names (8.5)."""
    needed(params, "recorder_num")
    present = camera.menus.recorder_number
    camera.menus.recorder_number = number(params, "recorder_num", present, 0, 16)
    return set_reply(camera)


def get_recorder_num(camera: Camera, _params: Params) -> Reply:
    """Tell the recorder's number (8.6)."""
    return text_reply(camera, [("recorder_num", camera.menus.recorder_number)])


def _logged(name: str, handler: Handler) -> Handler:
    def run(camera: Camera, params: Params) -> Reply:
        reply = handler(camera, params)
        camera.log.add(camera.menus.clock.local, "S01", f"{name} changed")
        camera.moves.extend(Move(name, key, value) for key, value in params.items())
        return reply

    return run


def _sets(name: str, section: str, handler: Handler) -> Cgi:
    return Cgi(name, section, Method.POST, Access.ADMIN, _logged(name, handler))


MENU_CGIS: Final = (
    _sets("time", "4.2", set_time),
    _sets("date_time", "4.2", set_date_time),
    _sets("set_rtsp", "4.3", set_rtsp),
    _sets("set_volume_lv", "4.4", set_volume_lv),
    _sets("multi_screen", "4.5", multi_screen),
    _sets("easyipset", "4.6", easyipset),
    _sets("set_bandwidth", "4.6", set_bandwidth),
    _sets("set_rtp", "4.6", set_rtp),
    _sets("upnp", "4.7", upnp),
    Cgi("get_time", "5.3", Method.GET, Access.ADMIN, get_time),
    Cgi("get_date_time", "5.4", Method.GET, Access.LIVE, get_date_time),
    Cgi("get_multi_screen", "5.7", Method.GET, Access.LIVE, get_multi_screen),
    Cgi("get_upnp", "5.9", Method.GET, Access.ADMIN, get_upnp),
)
RECORDER_CGIS: Final = (
    _sets("set_sdrec_mode", "8.1", set_sdrec_mode),
    Cgi("get_sdrec_mode", "8.2", Method.GET, Access.LIVE, get_sdrec_mode),
    _sets("set_sdrec_target", "8.3", set_sdrec_target),
    Cgi("get_sdrec_target", "8.4", Method.GET, Access.ADMIN, get_sdrec_target),
    _sets("set_recorder_num", "8.5", set_recorder_num),
    Cgi("get_recorder_num", "8.6", Method.GET, Access.ADMIN, get_recorder_num),
)
"""Of those that are recorders."""
