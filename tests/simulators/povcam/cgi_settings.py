"""CGIs that change menus (4.1, 4.3, 4.4)."""

from typing import Final

from .camera import Camera, Delivery, Move
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
    needed_choice,
    number,
    set_reply,
)
from .rates import rates, record_modes, resolutions

_TITLE_LENGTH: Final = 20
_PORTS: Final = (1024, 50000)
_RATES: Final = ("5", "15", "30")
_BANDWIDTHS: Final = tuple(
    map(
        str,
        (
            1024,
            1536,
            2048,
            3072,
            4096,
            6144,
            8192,
            10240,
            12288,
            14336,
            16384,
            20480,
            24576,
            32768,
            40960,
            51200,
        ),
    )
)


_BEST_EFFORT: Final = "2"
_OCTETS: Final = 4


def set_priority_mode(camera: Camera, params: Params) -> Reply:
    """Change the priority mode, not while recording (4.1)."""
    mode = needed_choice(params, "mode", "ip", "rec_pb", "ip_4k", "rec_pb_4k")
    if camera.recording:
        raise RefusedError(mode)
    camera.mode = mode
    if camera.options.mode_restart:
        camera.site.restart(camera.options.mode_restart)
    # What the new mode has not, falls back.
    if camera.video[1].resolution not in (sizes := resolutions(camera.options, mode)):
        camera.video[1].resolution = sizes[-1]
    if camera.menus.record_mode not in (modes := record_modes(camera.options, mode)):
        camera.menus.record_mode = modes[0]
    return set_reply(camera)


def set_basic(camera: Camera, params: Params) -> Reply:
    """Change title and plug-in settings (4.1)."""
    _some(params, "cam_title", "plugin_download", "plugin_disp")
    title = params.get("cam_title", camera.title)
    if len(title) > _TITLE_LENGTH:
        raise RefusedError(title)
    download = choice(params, "plugin_download", camera.plugin_download, "enable", "disable")
    camera.plugin_disp = choice(params, "plugin_disp", camera.plugin_disp, "0", "1")
    camera.title, camera.plugin_download = title, download
    return set_reply(camera)


def set_jpeg(camera: Camera, params: Params) -> Reply:
    """Change the JPEG menu (4.3)."""
    _some(params, "jpeg_quality", "resol_stream1", "jpeg_transmit1", "jpeg_interval1")
    choice(params, "resol_stream1", "640", "640")
    transmit = choice(params, "jpeg_transmit1", str(int(camera.jpeg_transmit)), "0", "1")
    interval = choice(
        params, "jpeg_interval1", camera.jpeg_interval, *rates(camera.options, *_RATES)
    )
    camera.jpeg_quality = number(params, "jpeg_quality", camera.jpeg_quality, 0, 9)
    camera.jpeg_transmit, camera.jpeg_interval = transmit == "1", interval
    return set_reply(camera)


def _least(params: Params, present: int, priority: str, highest: int) -> int:
    """Give the lowest bit rate, which can be set for best effort only."""
    if "h264_bandwidth_min" in params and priority != _BEST_EFFORT:
        raise RefusedError(priority)
    return number(params, "h264_bandwidth_min", present, 1024, highest)


def _group(params: Params, present: str) -> str:
    """Give the multicast address, which comes whole or octet by octet."""
    octets = params.get("multicast_address_r", present).split(".")
    octets = [params.get(f"multicast_address_r{at}", octet) for at, octet in enumerate(octets, 1)]
    if len(octets) != _OCTETS or not all(octet.isdecimal() for octet in octets):
        raise RefusedError(octets)
    first, *others = map(int, octets)
    if not 224 <= first <= 239 or max(others) > 255:
        raise RefusedError(octets)
    return ".".join(octets)


def _set_h264(stream: int, nominal: tuple[str, ...]) -> Handler:
    bandwidths = _BANDWIDTHS if stream == 1 else _BANDWIDTHS[:-3]

    def run(camera: Camera, params: Params) -> Reply:
        """Change the menu of one H.264 stream (4.3)."""
        video = camera.video[stream]
        if stream == 2 and camera.mode.startswith("rec_pb"):
            raise RefusedError(camera.mode)
        if not params:
            raise MissingError
        present = str(int(camera.h264_transmit[stream]))
        transmit = choice(params, "h264_transmit", present, "0", "1")
        # The print has a blank before the number, so both spellings are taken.
        transmit = choice(params, f"h264_transmit{stream}", transmit, "0", "1")
        sizes = resolutions(camera.options, camera.mode) if stream == 1 else ("640", "1280")
        resolution = choice(params, "h264_resolution", video.resolution, *sizes)
        rate = choice(params, "framerate", video.framerate, *rates(camera.options, *nominal))
        bandwidth = choice(params, "h264_bandwidth", str(video.bandwidth), *bandwidths)
        quality = choice(params, "h264_quality", video.quality, "fine", "low")
        priority = choice(params, "f_priority", video.priority, "0", "1", "2")
        internet = choice(params, "h264_rtsp_mode", video.rtsp_mode, "0", "1")
        least = _least(params, video.bandwidth_min, priority, int(bandwidths[-1]))
        address = _group(params, video.multicast_address)
        ttl = number(params, "multicast_ttl", video.multicast_ttl, 1, 254)
        delivery = choice(params, "h264_unimulti", video.delivery, *Delivery)
        port = number(params, "unicast_port", video.unicast_port, *_PORTS)
        sound = number(params, "unicast_audio_port", video.unicast_audio_port, *_PORTS)
        video.multicast_port = number(params, "multicast_port", video.multicast_port, *_PORTS)
        camera.h264_transmit[stream] = transmit == "1"
        video.resolution, video.framerate, video.bandwidth = resolution, rate, int(bandwidth)
        video.quality, video.priority, video.delivery = quality, priority, Delivery(delivery)
        video.unicast_port, video.unicast_audio_port = port, sound
        video.rtsp_mode, video.bandwidth_min = internet, least
        video.multicast_address, video.multicast_ttl = address, ttl
        return set_reply(camera)

    return run


def set_livestart(camera: Camera, params: Params) -> Reply:
    """Change the stream a live page starts with (4.3)."""
    camera.live_start = needed_choice(params, "stream", "h264", "h264_2", "jpeg")
    return set_reply(camera)


def set_audio(camera: Camera, params: Params) -> Reply:
    """Change the sound menu; switching it on needs audio_sens as well (4.4)."""
    if not params:
        raise MissingError
    audio = choice(params, "audio", "in" if camera.audio else "off", "off", "in", "0", "1")
    if params.get("audio") in ("in", "1") and "audio_sens" not in params:
        raise RefusedError(audio)
    sound = camera.audio_settings
    sources = ("middle", "line_middle", "sdi")
    sensitivity = choice(params, "audio_sens", sound.sensitivity, *sources)
    bitrate = choice(params, "audio_bitrate", sound.bitrate, "64", "96", "128")
    mic = choice(params, "mic_select", sound.mic, "external", "internal")
    control = choice(params, "audio_alc", sound.level_control, "0", "1")
    transmit = choice(params, "audio_transmit", sound.transmit, "0", "1")
    equalizer = choice(params, "equalizer", sound.equalizer, "off", "low_cut")
    automatic = choice(params, "audio_lv_auto", sound.automatic_level, "0", "1")
    sound.plugin_power = choice(params, "plugin_power", sound.plugin_power, "0", "1")
    sound.level_control, sound.transmit = control, transmit
    sound.equalizer, sound.automatic_level = equalizer, automatic
    sound.sensitivity, sound.bitrate, sound.mic = sensitivity, bitrate, mic
    camera.audio = audio in ("in", "1")
    return set_reply(camera)


def _some(params: Params, *names: str) -> None:
    if not any(name in params for name in names):
        raise MissingError(*names)


def _logged(name: str, handler: Handler) -> Handler:
    def run(camera: Camera, params: Params) -> Reply:
        reply = handler(camera, params)
        camera.log.add(camera.menus.clock.local, "S01", f"{name} changed")
        camera.moves.extend(Move(name, key, value) for key, value in params.items())
        return reply

    return run


_HANDLERS: Final[tuple[tuple[str, str, Method, Handler], ...]] = (
    ("set_priority_mode", "4.1", Method.POST, set_priority_mode),
    ("set_basic", "4.1", Method.POST, set_basic),
    ("set_jpeg", "4.3", Method.POST, set_jpeg),
    ("set_h264", "4.3", Method.POST, _set_h264(1, (*_RATES, "60"))),
    ("set_h264_2", "4.3", Method.POST, _set_h264(2, _RATES)),
    ("set_livestart", "4.3", Method.POST, set_livestart),
    ("set_audio", "4.4", Method.BOTH, set_audio),
)

SETTINGS_CGIS: Final = tuple(
    Cgi(name, section, method, Access.ADMIN, _logged(name, handler))
    for name, section, method, handler in _HANDLERS
)
