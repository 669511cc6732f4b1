"""CGIs that tell all settings, one by one or in a list, and set two of them (4.3, 5.12, 6)."""

from typing import Final

from .camera import Camera
from .cgi import (
    Access,
    Cgi,
    Method,
    MissingError,
    Params,
    RefusedError,
    Reply,
    choice,
    number,
    set_reply,
    text_reply,
)

type Values = dict[str, object]

_STREAMS: Final = ((1, ""), (2, "_2"))
_OTHER_SPELLINGS: Final = {"h.264uniport_2": "h264uniport_2", "h264bwcmmin_2": "h264bwcmin_2"}
"""Printed in the table of 5.12; whether a camera takes them, no paper says."""
_UNLISTED: Final = frozenset(
    {"audio_level", "liveframerate", "h264codind", "h264codind_2"},
)
"""Names of 5.12 that chapter 6 does not have."""
_LISTED_AS: Final = {
    "img_mode": "IMAGESELECT",
    "imgratio": "IMAGERATIO",
    "img_fps": "IMAGEFPS",
    "audio_sens": "AUDIOSENS",
    "nrlivequal": "",
    "plugin_half_tone_jpeg": "PLUGIN_HALFTONE_JPEG",
    "plugin_half_tone_h264": "PLUGIN_HALFTONE_H264",
}
"""What chapter 6 calls them, if not the same in capitals; empty: not at all."""


def _stream_values(camera: Camera, stream: int, end: str) -> Values:
    video = camera.video[stream]
    octets = video.multicast_address.split(".")
    return {
        f"h264{end}": int(camera.h264_transmit[stream]),
        f"h264rtspmode{end}": video.rtsp_mode,
        f"h264bwc{end}": video.bandwidth,
        f"h264bwcmin{end}": video.bandwidth_min,
        f"nrh264bwc{end}": video.bandwidth_min,
        f"h264size{end}": video.resolution,
        f"nrh264size{end}": video.resolution,
        f"h264fpriority{end}": video.priority,
        f"h264nrframerate{end}": video.framerate,
        f"h264qual{end}": video.quality,
        f"nrh264qual{end}": "normal",
        f"h264rint{end}": 1,
        f"h264mtd{end}": video.delivery,
        **{f"h264mladd{place}{end}": octet for place, octet in enumerate(octets, 1)},
        f"h264mlport{end}": video.multicast_port,
        f"h264mlttl{end}": video.multicast_ttl,
        f"h264uniport{end}": video.unicast_port,
        f"h264uniport2{end}": video.unicast_audio_port,
        f"h264profile{end}": 0,
        f"h264codind{end}": 0,
        f"h264mlauto{end}": 0,
    }


def _values(camera: Camera) -> Values:
    """Give every setting under its name of 5.12."""
    values: Values = {
        "img_mode": "2m",
        "imgratio": "16_9",
        "img_fps": 30,
        "livestream": camera.live_start,
        "liveint": camera.jpeg_interval,
        "liveframerate": camera.jpeg_interval,
        "livequalbase": 1,
        "livesize": 640,
        "livequal": camera.jpeg_quality,
        "nrlivequal": camera.jpeg_quality,
        "rtspport": camera.rtsp_port,
        "audio_level": 1,
        "audio_sens": camera.audio_settings.sensitivity,
        "plugin_half_tone_jpeg": 0,
        "plugin_half_tone_h264": 0,
    }
    for stream, end in _STREAMS:
        values |= _stream_values(camera, stream, end)
    return values


def _list(camera: Camera) -> Reply:
    """Give the list of chapter 6."""
    sound = camera.audio_settings
    pairs: Values = {"CAMTITLE": camera.title}
    for name, value in _values(camera).items():
        told = _LISTED_AS.get(name, name.upper())
        if told and name not in _UNLISTED:
            pairs[told] = value
    pairs |= {
        "STREAMMODE": 1,
        "H264MLADD": camera.video[1].multicast_address,
        "H264MLADD_2": camera.video[2].multicast_address,
        "AUDIO": "in" if camera.audio else "off",
        "PLUGIN_POWER": sound.plugin_power,
        "AUDIOMIC": sound.mic,
        "AUDIOBITRATE": sound.bitrate,
        "AUDIOENC": 2,
    }
    return text_reply(camera, pairs.items())


def getdata(camera: Camera, params: Params) -> Reply:
    """One setting by its name, or the list of them all (5.12)."""
    if "req" not in params:
        return _list(camera)
    values = _values(camera)
    name = params["req"]
    known = _OTHER_SPELLINGS.get(name, name)
    if known not in values:
        raise RefusedError(name)
    return text_reply(camera, [(name, values[known])])


def list_data(camera: Camera, _params: Params) -> Reply:
    """Tell the list of settings (6)."""
    return _list(camera)


def set_data(camera: Camera, params: Params) -> Reply:
    """Set the JPEG stream (4.3)."""
    if not params.keys() & {"LIVESIZE", "LIVEQUAL"}:
        raise MissingError
    choice(params, "LIVESIZE", "640", "640")
    camera.jpeg_quality = number(params, "LIVEQUAL", camera.jpeg_quality, 0, 9)
    return set_reply(camera)


DATA_CGIS: Final = (
    Cgi("getdata", "5.12", Method.GET, Access.ADMIN, getdata),
    Cgi("setdata", "6", Method.GET, Access.LIVE, list_data),
    # The same path with parameters, which is a request of its own.
    Cgi("setdata?", "4.3", Method.POST, Access.ADMIN, set_data),
)
