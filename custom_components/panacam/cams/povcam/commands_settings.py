"""The requests that read and write a Panasonic camera's menus (chapters 4, 5 and 8), one row each.

Not here: the network's own settings (4.6 `network`), HTTPS (7) and the FTP server (11.2). The first
two cut the connection that they come by, the last one has a password.
"""

from types import MappingProxyType
from typing import Final

from .wire import Access, Command, OneOf, Parameter, Pattern, Span

_FLAG: Final = OneOf(("0", "1"))
_PORT: Final = Span(1024, 50000)
_OCTET: Final = Span(0, 255)
_GROUP: Final = Pattern(
    r"2(?:2[4-9]|3\d)(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}", "multicast address"
)
_TITLE: Final = Pattern(r"[^\x00-\x1f\x7f-\x9f]{0,20}", "text of up to 20 characters")
_HOST: Final = Pattern(r"[A-Za-z0-9.:\[\]_-]{0,255}", "address or name")
"""An address or a name, with or without a port; nothing that could hold a login."""
_SCREEN: Final = Pattern(
    r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])?"
    r"(?::(?:[1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5]))?",
    "address or name, with or without `:port`",
)
"""The same, with a port from 1 to 65535."""
# The specification gives 15 as "15(12.5)": the second one where the system frequency is 50 Hz.
_RATES: Final = ("5", "15", "12.5", "30", "25")
_BIT_RATES: Final = (
    *("1024", "1536", "2048", "3072", "4096", "6144", "8192", "10240", "12288", "14336"),
    *("16384", "20480", "24576"),
)
_HIGH_BIT_RATES: Final = ("32768", "40960", "51200")


def _reads(cgi: str, section: str, access: Access = Access.LIVE) -> Command:
    return Command(path=f"/cgi-bin/{cgi}", section=section, access=access)


def _writes(cgi: str, section: str, **parameters: Parameter) -> Command:
    return Command(
        path=f"/cgi-bin/{cgi}",
        section=section,
        methods=("POST", "GET"),
        access=Access.ADMIN,
        parameters=MappingProxyType(parameters),
    )


def _delivery() -> dict[str, Parameter]:
    """Return what both H.264 streams have of the way they travel."""
    return {
        "h264_unimulti": OneOf(("uni", "multi", "uni_manual")),
        "unicast_port": _PORT,
        "unicast_audio_port": _PORT,
        "multicast_address_r1": Span(224, 239),
        "multicast_address_r2": _OCTET,
        "multicast_address_r3": _OCTET,
        "multicast_address_r4": _OCTET,
        "multicast_address_r": _GROUP,
        "multicast_port": _PORT,
        "multicast_ttl": Span(1, 254),
    }


GET_PRIORITY_MODE: Final = _reads("get_priority_mode", "5.1")
GET_TIME: Final = _reads("get_time", "5.3", Access.ADMIN)
GET_DATE_TIME: Final = _reads("get_date_time", "5.4")
GET_MULTI_SCREEN: Final = _reads("get_multi_screen", "5.7")
GET_UPNP: Final = _reads("get_upnp", "5.9", Access.ADMIN)
GET_SDREC_MODE: Final = _reads("get_sdrec_mode", "8.2")
GET_SDREC_TARGET: Final = _reads("get_sdrec_target", "8.4", Access.ADMIN)
GET_RECORDER_NUM: Final = _reads("get_recorder_num", "8.6", Access.ADMIN)

SET_PRIORITY_MODE: Final = _writes(
    "set_priority_mode", "4.1", mode=OneOf(("ip", "rec_pb", "ip_4k", "rec_pb_4k"))
)
SET_BASIC: Final = _writes(
    "set_basic",
    "4.1",
    cam_title=_TITLE,
    plugin_download=OneOf(("enable", "disable")),
    plugin_disp=_FLAG,
)
TIME: Final = _writes(
    "time",
    "4.2",
    time_adjust=_FLAG,
    ntp_addr_dhcp=_FLAG,
    ntp_addr=_HOST,
    ntp_port=Span(1, 65535),
    ntp_interval=Span(1, 24),
)
DATE_TIME: Final = _writes(
    "date_time",
    "4.2",
    display=_FLAG,
    date_year=Span(2013, 2035),
    date_month=Span(1, 12),
    date_day=Span(1, 31),
    date_hour=Span(0, 23),
    date_min=Span(0, 59),
    date_sec=Span(0, 59),
    timezone=Span(1, 33),
    summer_time=OneOf(("0", "1", "2")),
    start_month=Span(1, 12),
    start_week=Span(1, 5),
    start_dotw=Span(0, 6),
    start_hour=Span(0, 23),
    end_month=Span(1, 12),
    end_week=Span(1, 5),
    end_dotw=Span(0, 6),
    end_hour=Span(0, 23),
)
SET_JPEG: Final = _writes(
    "set_jpeg",
    "4.3",
    jpeg_quality=Span(0, 9),
    resol_stream1=OneOf(("640",)),
    jpeg_transmit1=_FLAG,
    jpeg_interval1=OneOf(_RATES),
)
SET_DATA: Final = _writes("setdata", "4.3", LIVESIZE=OneOf(("640",)), LIVEQUAL=Span(0, 9))
# The print breaks `h264_transmit1` before its number, and has no number in the second table.
SET_H264: Final = _writes(
    "set_h264",
    "4.3",
    h264_transmit1=_FLAG,
    h264_transmit=_FLAG,
    h264_rtsp_mode=_FLAG,
    h264_resolution=OneOf(("640", "1280", "1920", "3840")),
    f_priority=OneOf(("0", "1", "2")),
    framerate=OneOf((*_RATES, "60", "50")),
    h264_bandwidth=OneOf((*_BIT_RATES, *_HIGH_BIT_RATES)),
    h264_bandwidth_min=Span(1024, 51200),
    h264_quality=OneOf(("fine", "low")),
    **_delivery(),
)
SET_H264_2: Final = _writes(
    "set_h264_2",
    "4.3",
    h264_transmit=_FLAG,
    h264_transmit2=_FLAG,
    h264_rtsp_mode=_FLAG,
    h264_resolution=OneOf(("640", "1280")),
    f_priority=OneOf(("0", "1", "2")),
    framerate=OneOf(_RATES),
    h264_bandwidth=OneOf(_BIT_RATES),
    h264_bandwidth_min=Span(1024, 24576),
    h264_quality=OneOf(("fine", "low")),
    **_delivery(),
)
SET_RTSP: Final = _writes(
    "set_rtsp", "4.3", rtsp_port=Span(1, 65535), h264_rtsp_mode=_FLAG, h264_rtsp_mode2=_FLAG
)
SET_LIVESTART: Final = _writes("set_livestart", "4.3", stream=OneOf(("h264", "h264_2", "jpeg")))
SET_AUDIO: Final = _writes(
    "set_audio",
    "4.4",
    audio=OneOf(("off", "in", "0", "1")),
    audio_encoder=OneOf(("aac",)),
    # The print has `lmiddle` here, and `middle` everywhere else.
    audio_sens=OneOf(("middle", "lmiddle", "line_middle", "sdi")),
    audio_bitrate=OneOf(("64", "96", "128")),
    audio_alc=_FLAG,
    plugin_power=_FLAG,
    audio_transmit=_FLAG,
    equalizer=OneOf(("off", "low_cut")),
    audio_lv_auto=_FLAG,
    mic_select=OneOf(("external", "internal")),
)
SET_VOLUME_LV: Final = _writes("set_volume_lv", "4.4", volume_lv=Span(0, 23))
MULTI_SCREEN: Final = _writes(
    "multi_screen",
    "4.5",
    **{f"multi_addr{place}": _SCREEN for place in range(1, 17)},
    **{f"multi_name{place}": _TITLE for place in range(1, 17)},
)
EASYIPSET: Final = _writes("easyipset", "4.6", time=OneOf(("unlimited", "20")))
SET_BANDWIDTH: Final = _writes(
    "set_bandwidth",
    "4.6",
    bandwidth=OneOf(("0", "1024", "2048", "4096", "8192", "16384", "32768", "10000")),
)
SET_RTP: Final = _writes("set_rtp", "4.6", rtp_size=OneOf(("1280", "1500")))
UPNP: Final = _writes("upnp", "4.7", upnp_portmap=_FLAG)
SET_SDREC_MODE: Final = _writes(
    "set_sdrec_mode",
    "8.1",
    mode=OneOf(
        (
            *("mp4_2160_30p_50m", "mp4_2160_24p_50m", "mp4_2160_25p_50m"),
            *("avchd_ps_1080_60p_28m", "avchd_ph_1080_60i_21m", "avchd_ph_1080_24p_21m"),
            *("avchd_ha_1080_60i_17m", "avchd_he_1080_60i_6m", "avchd_ph_720_60p_21m"),
            *("avchd_pm_720_60i_8m", "avchd_ps_1080_50p_28m", "avchd_ph_1080_50i_21m"),
            *("avchd_ha_1080_50i_17m", "avchd_he_1080_50i_6m", "avchd_ph_720_50p_21m"),
            "avchd_pm_720_50i_8m",
            *("avchd_ph_1080_60i_21m_from_720", "avchd_ha_1080_60i_17m_from_720"),
            *("avchd_he_1080_60i_6m_from_720", "avchd_ph_1080_50i_21m_from_720"),
            *("avchd_ha_1080_50i_17m_from_720", "avchd_he_1080_50i_6m_from_720"),
        )
    ),
)
SET_SDREC_TARGET: Final = _writes("set_sdrec_target", "8.3", device=OneOf(("sd1", "sd2")))
SET_RECORDER_NUM: Final = _writes("set_recorder_num", "8.5", recorder_num=Span(0, 16))
