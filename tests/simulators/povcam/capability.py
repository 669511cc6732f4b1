"""The capability table of section 2.3, as data."""

from typing import Final

_MODE: Final = "2m_r16_9"
_H264_SIZES: Final = "3840x2160,1920x1080,1280x720,640x360"
_JPEG_EACH: Final = {_MODE: "640x360"}
_H264: Final = {
    "resolution": _H264_SIZES,
    "stream_mode": "bitrate,framerate,best_effort",
    "quality": "fine,normal",
    "bandwidth": "1024,1536,2048,3072,4096,6144,8192,10240,12288,14336,16384,20480,24576,"
    "32768,40960,51200",
    "framerate": "5,12.5,15,25,30,50,60",
}

GROUPS: Final[dict[str, dict[str, str]]] = {
    "common": {"capability_version": "1.00", "category": "camera"},
    "video_server.basic": {"type": "fixed_dome", "fisheye": "no"},
    "video_server.basic.analogue_input": {"supported": "ntsc,pal"},
    "video_server.cam_ctrl.ptz": {
        "supported": "yes",
        "zoom": "20",
        "el_zoom": "30",
        "command": "camctrl,direct_16,direct_256d,direct_256r",
    },
    "video_server.cam_ctrl.brightness": {
        "supported": "yes",
        "command": "camctrl_bright,camctrl_IRIS",
    },
    "video_server.cam_ctrl.abf": {"supported": "no"},
    "video_server.cam_ctrl.focus": {"supported": "yes"},
    "video_server.cam_ctrl.auto_focus": {"supported": "yes"},
    "video_server.cam_ctrl.bw": {"supported": "no"},
    "video_server.cam_ctrl.auto_mode": {"supported": "no"},
    "video_server.cam_ctrl.preset": {"supported": "no"},
    "video_server.image.sensor": {"aspect_ratio": "16_9"},
    "video_server.image": {"format": "jpeg,mjpeg,h264", "mode": _MODE},
    "video_server.image.jpeg": {"resolution": "640x360", "quality": "0,1,2,3,4,5,6,7,8,9"},
    "video_server.image.jpeg.resolution_each_mode": _JPEG_EACH,
    "video_server.image.jpeg.resolution_each_mode_all": _JPEG_EACH,
    "video_server.image.jpeg.max_size": {"640x360": "60,60,60,60,60,30,30,30,30,30,"},
    "video_server.image.mjpeg": {
        "resolution": "640x360",
        "quality": "0,1,2,3,4,5,6,7,8,9",
        "framerate": "1,5,15,30",
    },
    "video_server.image.mjpeg.max_framerate": {_MODE: "30"},
    "video_server.image.mjpeg.resolution_each_mode": _JPEG_EACH,
    "video_server.image.mjpeg.resolution_each_mode_all": _JPEG_EACH,
    "video_server.image.h264": _H264,
    "video_server.image.h264.resolution_each_mode": {_MODE: _H264_SIZES},
    "video_server.image.h264.max_framerate": {_MODE: "60"},
    "video_server.image.h264-2": _H264 | {"resolution": "1280x720,640x360"},
    "video_server.image.h264-2.resolution_each_mode": {_MODE: "1280x720,640x360"},
    "video_server.image.h264-2.max_framerate": {_MODE: "30"},
    "video_server.audio": {"transmission": "input"},
    "video_server.audio.audio_input": {
        "number": "1",
        "encode_type": "aac-lc_64K,aac-lc_96K,aac-lc_128K",
    },
    "video_server.sdcard": {"supported": "yes", "media_type": "sd,sdhc,sdxc"},
    "video_server.sdcard.replay_mp4": {"supported": "no"},
    "video_server.network": {"nw_bandwidth": "1024,2048,4096,8192,16384,32768"},
    "video_server.network.ipv6": {"supported": "no"},
    "video_server.network.https": {"supported": "yes"},
    "video_server.vmd": {"supported": "no"},
}


def capability_lines() -> list[str]:
    """Give the table as `group.key=value` lines; the real grouping is not published."""
    return [
        f"{group}.{key}={value}" for group, pairs in GROUPS.items() for key, value in pairs.items()
    ]
