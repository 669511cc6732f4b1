"""CGIs that tell what the camera is and how it is set (2.1, 2.2, 5, 9.1)."""

from typing import Final

from .camera import Camera
from .capability import capability_lines
from .cards import Slot
from .cgi import (
    DONE,
    Access,
    Cgi,
    Method,
    Params,
    RefusedError,
    Reply,
    body_reply,
    needed_choice,
    text_reply,
)

type Pairs = list[tuple[str, object]]

_CODEC_STREAM: Final = {"h264": 1, "h264_2": 2}
_STREAMS: Final = tuple(_CODEC_STREAM.items())


def on_off(on: bool) -> str:
    """`on` or `off`."""
    return "on" if on else "off"


def get_state(camera: Camera, _params: Params) -> Reply:
    """Give recording and card state; only in imaging mode (9.1)."""
    if camera.standby or camera.playback:
        raise RefusedError
    hours, rest = divmod(camera.recorder.counter, 3600)
    pairs: Pairs = [("rec", on_off(camera.recording))]
    if camera.model.pre_rec:
        pairs.append(("pre_rec", on_off(camera.pre_rec)))
    pairs += [
        ("rec_counter", f"{hours:02}:{rest // 60:02}:{rest % 60:02}"),
        ("ftp_send", on_off(camera.ftp_send)),
        ("play", "off"),
        ("del_file", on_off(camera.del_file)),
        ("download", on_off(camera.download)),
        ("sd_format", on_off(camera.sd_format)),
    ]
    for name, slot in camera.slots.items():
        pairs += _slot_pairs(camera, "sd" if name == "sd1" else name, slot)
    return text_reply(camera, pairs)


def _slot_pairs(camera: Camera, prefix: str, slot: Slot) -> Pairs:
    def size(gigabytes: float) -> str:
        return camera.model.size_format.format(gigabytes) if slot.inserted else "-----"

    return [
        (f"{prefix}_insert", on_off(slot.inserted)),
        (f"{prefix}_repair", on_off(slot.repairing)),
        (f"{prefix}_error", on_off(slot.error)),
        (f"{prefix}_rem", size(slot.remaining)),
        (f"{prefix}_org", size(slot.capacity)),
    ]


def getuid(camera: Camera, params: Params) -> Reply:
    """Transmission user number and the settings of that transmission (2.1)."""
    needed_choice(params, "FILE", "2")
    codec = needed_choice(params, "vcodec", "jpeg", "h264", "h264_2")
    stream = _CODEC_STREAM.get(codec)
    usable = camera.jpeg_transmit if stream is None else camera.can_stream(stream)
    if not usable:
        return DONE
    video = camera.video[stream or 1]
    octets = video.multicast_address.split(".")
    pairs: Pairs = [
        ("UID", camera.new_uid(codec)),
        ("ImageFormat", codec),
        ("ImageCaptureMode", "2m"),
        ("ratio", "16_9"),
        ("Maxfps", camera.model.max_fps),
        ("StreamMode", 1),
        ("iBitrate", video.bandwidth),
        ("iResolution", video.resolution),
        ("iQuality", video.quality),
        ("sDelivery", video.delivery),
        ("iUniPort", video.unicast_port),
        *((f"iMultiAdd{place}", octet) for place, octet in enumerate(octets, 1)),
        ("iMultiAdd", video.multicast_address),
        ("iMultiPort", video.multicast_port),
        *_audio_pairs(camera),
        ("aInPort", video.unicast_audio_port),
        *_fixed_pairs(camera),
        ("iHttpPort", camera.http_port),
        *((f"iMultiAuto_{name}", 0) for name in _CODEC_STREAM),
        *((f"sRtspMode_{name}", 0) for name in _CODEC_STREAM),
    ]
    return text_reply(camera, pairs)


def getinfo(camera: Camera, params: Params) -> Reply:
    """Identity and transmission settings (2.2)."""
    needed_choice(params, "FILE", "1")
    pairs: Pairs = [
        ("MAC", camera.identity.mac),
        ("SERIAL", camera.identity.serial),
        ("VERSION", camera.model.version),
        ("NAME", camera.model.name),
        *_fixed_pairs(camera),
        *_audio_pairs(camera),
        *((f"aInPort_{name}", camera.video[n].unicast_audio_port) for name, n in _STREAMS),
        *((f"sRtspMode_{name}", 0) for name in _CODEC_STREAM),
        ("ImageCaptureMode", "2m"),
        ("ratio", "16_9"),
        ("Maxfps", camera.model.max_fps),
        ("StreamMode", 1),
    ]
    for name, stream in _STREAMS:
        video = camera.video[stream]
        pairs += [
            (f"iTransmit_{name}", int(camera.h264_transmit[stream])),
            (f"sDelivery_{name}", video.delivery),
            (f"iBitrate_{name}", video.bandwidth),
            (f"iResolution_{name}", video.resolution),
            (f"iQuality_{name}", video.quality),
            (f"iMultiAuto_{name}", 0),
        ]
    return text_reply(camera, pairs)


def _audio_pairs(camera: Camera) -> Pairs:
    return [
        ("aEnable", "in" if camera.audio else "off"),
        ("aEnc", 2),
        ("aBitrate", camera.audio_settings.bitrate),
        ("aBitrate2", 64),
        ("aInInterval", 20),
        ("aOutInterval", 640),
        ("aOutPort", 34004),
        ("aOutStatus", "off"),
        ("aOutUID", 0),
    ]


def _fixed_pairs(camera: Camera) -> Pairs:
    flags = {"SDrec": "disable", "SDrec2": "disable", "sAlarm": "off", "sAUX": "off"}
    case = str.upper if camera.model.flags_upper else str
    return [*((name, case(value)) for name, value in flags.items()), ("ePort", 31004)]


def get_capability(camera: Camera, _params: Params) -> Reply:
    """Give the capability groups (2.3)."""
    return body_reply(camera, capability_lines())


def get_priority_mode(camera: Camera, _params: Params) -> Reply:
    """Priority mode (5.1)."""
    return text_reply(camera, [("priority_mode", camera.mode)])


def get_basic(camera: Camera, _params: Params) -> Reply:
    """Title and plug-in settings (5.2)."""
    pairs: Pairs = [
        ("cam_title", camera.title),
        ("plugin_download", camera.plugin_download),
        ("plugin_disp", camera.plugin_disp),
    ]
    return text_reply(camera, pairs)


def get_video_over_ip(camera: Camera, _params: Params) -> Reply:
    """Give settings of the picture transmissions (5.5)."""
    pairs: Pairs = [
        ("livestart_stream", camera.live_start),
        ("jpeg_quality", camera.jpeg_quality),
        ("resol_stream1", 640),
        ("jpeg_transmit1", int(camera.jpeg_transmit)),
        ("jpeg_interval1", camera.jpeg_interval),
    ]
    for stream, video in camera.video.items():
        if stream == 2 and camera.mode.startswith("rec_pb"):
            # No answer for a channel that the priority mode takes away.
            continue
        values: Pairs = [
            ("transmit", int(camera.h264_transmit[stream])),
            ("rtsp_mode", video.rtsp_mode),
            ("resolution", video.resolution),
            ("f_priority", video.priority),
            ("framerate", video.framerate),
            ("bandwidth", video.bandwidth),
            ("bandwidth_min", video.bandwidth_min),
            ("quality", video.quality),
            ("unimulti", video.delivery),
            ("unicast_port", video.unicast_port),
            ("unicast_audio_port", video.unicast_audio_port),
            ("multicast_addr", video.multicast_address),
            ("multicast_port", video.multicast_port),
            ("multicast_ttl", video.multicast_ttl),
        ]
        pairs += [(f"h264_{key}_ch{stream}", value) for key, value in values]
    return text_reply(camera, pairs)


def get_audio(camera: Camera, _params: Params) -> Reply:
    """Sound settings, named as set_audio names them (5.6)."""
    sound = camera.audio_settings
    pairs: Pairs = [
        ("audio", "in" if camera.audio else "off"),
        ("audio_encoder", "aac"),
        ("audio_sens", sound.sensitivity),
        ("audio_bitrate", sound.bitrate),
        ("audio_alc", sound.level_control),
        ("plugin_power", sound.plugin_power),
        ("audio_transmit", sound.transmit),
        ("equalizer", sound.equalizer),
        ("audio_lv_auto", sound.automatic_level),
        ("mic_select", sound.mic),
    ]
    if camera.options.tells_volume:
        pairs.append(("volume_lv", camera.menus.volume))
    return text_reply(camera, pairs)


INFO_CGIS: Final = (
    Cgi("getuid", "2.1", Method.GET, Access.LIVE, getuid),
    Cgi("getinfo", "2.2", Method.GET, Access.LIVE, getinfo),
    Cgi("get_capability", "2.3", Method.BOTH, Access.LIVE, get_capability),
    Cgi("get_priority_mode", "5.1", Method.GET, Access.LIVE, get_priority_mode),
    Cgi("get_basic", "5.2", Method.GET, Access.LIVE, get_basic),
    Cgi("get_video_over_ip", "5.5", Method.GET, Access.LIVE, get_video_over_ip),
    Cgi("get_audio", "5.6", Method.GET, Access.LIVE, get_audio),
    Cgi("get_state", "9.1", Method.GET, Access.LIVE, get_state),
)
