"""A Panasonic camera's menus as data: where each value is read, and where it is written.

The camera tells its values by the `get_...` requests of chapter 5 and takes them by the `set_...`
requests of chapter 4, not always under the same name. Left out on purpose: the clock itself, the
RTSP port and the network's own settings, which would cut the connection, and what is fixed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
import re
from types import MappingProxyType
from typing import Final

from .commands import GET_AUDIO, GET_BASIC, GET_NETWORK, GET_VIDEO_OVER_IP
from .commands_settings import (
    DATE_TIME,
    EASYIPSET,
    GET_DATE_TIME,
    GET_MULTI_SCREEN,
    GET_PRIORITY_MODE,
    GET_RECORDER_NUM,
    GET_SDREC_MODE,
    GET_SDREC_TARGET,
    GET_TIME,
    GET_UPNP,
    MULTI_SCREEN,
    SET_AUDIO,
    SET_BANDWIDTH,
    SET_BASIC,
    SET_H264,
    SET_H264_2,
    SET_JPEG,
    SET_LIVESTART,
    SET_PRIORITY_MODE,
    SET_RECORDER_NUM,
    SET_RTP,
    SET_SDREC_MODE,
    SET_SDREC_TARGET,
    SET_VOLUME_LV,
    TIME,
    UPNP,
)
from .wire import Command, OneOf, Parameter, Reply

_NONE: Final[Mapping[str, str]] = MappingProxyType({})
_QUALITY: Final = MappingProxyType({"1": "fine", "5": "low"})
"""Some firmware tells the quality as a number (5.5)."""
_RATE: Final = re.compile(r"(\d{1,3})\([\d.]{1,6}\)")
"""The print gives rates as `15(12.5)`, and there is firmware that does so, too."""
_AUDIO: Final = MappingProxyType({"0": "off", "1": "in"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One value of a menu."""

    menu: str
    key: str
    """Unique within its menu."""
    read: Command
    name: str
    """What `read` calls it."""
    write: Command
    parameters: tuple[str, ...]
    """What `write` calls it; of several, one after the other is tried."""
    words: Mapping[str, str] = field(default=_NONE)
    """How a value is written that is told in another word."""
    along: tuple[str, ...] = ()
    """Keys of the same menu that must be written with it."""
    when: tuple[str, str] | None = None
    """Key of the same menu and its value, without which this one means nothing."""
    own: bool = False
    """Whether only one camera of a network should have it so."""

    @property
    def path(self) -> str:
        """Return what is unique among all menus: `menu.key`."""
        return f"{self.menu}.{self.key}"

    @property
    def parameter(self) -> Parameter:
        """Return what it may be."""
        return self.write.parameters[self.parameters[0]]

    def may_keep(self, value: str) -> bool:
        """Return whether a value may be in a document: an address with a login in it may not."""
        return "@" not in value or self.parameter.allows(value)

    def value(self, reply: Reply) -> str | None:
        """Return what a reply tells, as it is written; None for what it does not tell.

        What could not be written is returned as it was told: it can still be overwritten.
        """
        if (told := reply.get(self.name)) is None:
            return None
        told = self.words.get(told.casefold(), told)
        if isinstance(self.parameter, OneOf):
            if (rate := _RATE.fullmatch(told)) is not None:
                told = rate[1]
            told = next(
                (word for word in self.parameter.values if word.casefold() == told.casefold()),
                told,
            )
        return told


def _same(menu: str, read: Command, write: Command, *names: str) -> Iterator[Field]:
    """Yield the fields that have one name everywhere."""
    for name in names:
        yield Field(menu=menu, key=name, read=read, name=name, write=write, parameters=(name,))


def _h264(stream: int, write: Command) -> Iterator[Field]:
    menu = f"h264_{stream}"

    def one(
        key: str,
        *parameters: str,
        told: str = "",
        words: Mapping[str, str] = _NONE,
        when: tuple[str, str] | None = None,
        own: bool = False,
    ) -> Field:
        return Field(
            menu=menu,
            key=key,
            read=GET_VIDEO_OVER_IP,
            name=f"h264_{told or key}_ch{stream}",
            write=write,
            parameters=parameters or (f"h264_{key}",),
            words=words,
            when=when,
            own=own,
        )

    transmit = ("h264_transmit", f"h264_transmit{stream}")
    yield one("transmit", *(reversed(transmit) if stream == 1 else transmit))
    yield one("rtsp_mode")
    yield one("resolution")
    yield one("f_priority", "f_priority")
    yield one("framerate", "framerate")
    yield one("bandwidth")
    yield one("bandwidth_min", when=("f_priority", "2"))
    yield one("quality", words=_QUALITY)
    yield one("unimulti", own=True)  # who keeps its own group must not begin to send to it
    yield one("unicast_port", "unicast_port")
    yield one("unicast_audio_port", "unicast_audio_port")
    yield one("multicast_address", "multicast_address_r", told="multicast_addr", own=True)
    yield one("multicast_port", "multicast_port", own=True)
    yield one("multicast_ttl", "multicast_ttl")


def _renamed(
    menu: str,
    key: str,
    told: tuple[Command, str],
    written: tuple[Command, str],
    *,
    own: bool = False,
) -> Field:
    return Field(
        menu=menu,
        key=key,
        read=told[0],
        name=told[1],
        write=written[0],
        parameters=(written[1],),
        own=own,
    )


def _audio() -> Iterator[Field]:
    for key, other in (("audio", "audio_sens"), ("audio_sens", "audio")):
        yield Field(
            menu="audio",
            key=key,
            read=GET_AUDIO,
            name=key,
            write=SET_AUDIO,
            parameters=(key,),
            words=_AUDIO if key == "audio" else _NONE,
            along=(other,),
        )
    yield from _same(
        "audio",
        GET_AUDIO,
        SET_AUDIO,
        *("audio_bitrate", "audio_alc", "plugin_power", "audio_transmit", "equalizer"),
        *("audio_lv_auto", "mic_select"),
    )
    # No request of chapter 5 is said to tell it; kept where get_audio does.
    yield from _same("audio", GET_AUDIO, SET_VOLUME_LV, "volume_lv")


def _fields() -> Iterator[Field]:
    yield _renamed(
        "priority",
        "mode",
        (GET_PRIORITY_MODE, "priority_mode"),
        (SET_PRIORITY_MODE, "mode"),
    )
    yield _renamed(
        "basic", "cam_title", (GET_BASIC, "cam_title"), (SET_BASIC, "cam_title"), own=True
    )
    yield from _same("basic", GET_BASIC, SET_BASIC, "plugin_download", "plugin_disp")
    yield from _same(
        "time",
        GET_TIME,
        TIME,
        *("time_adjust", "ntp_addr_dhcp", "ntp_addr", "ntp_port", "ntp_interval"),
    )
    yield from _same(
        "date_time",
        GET_DATE_TIME,
        DATE_TIME,
        *("display", "timezone", "summer_time", "start_month", "start_week", "start_dotw"),
        *("start_hour", "end_month", "end_week", "end_dotw", "end_hour"),
    )
    yield from _same(
        "jpeg",
        GET_VIDEO_OVER_IP,
        SET_JPEG,
        *("jpeg_quality", "jpeg_transmit1", "jpeg_interval1"),
    )
    yield from _h264(1, SET_H264)
    yield from _h264(2, SET_H264_2)
    yield _renamed(
        "live", "stream", (GET_VIDEO_OVER_IP, "livestart_stream"), (SET_LIVESTART, "stream")
    )
    yield from _audio()
    yield from _same(
        "multi_screen", GET_MULTI_SCREEN, MULTI_SCREEN, *sorted(MULTI_SCREEN.parameters, key=_place)
    )
    yield _renamed("network", "easy_ip_setup", (GET_NETWORK, "time"), (EASYIPSET, "time"))
    yield _renamed("network", "bandwidth", (GET_NETWORK, "bandwidth"), (SET_BANDWIDTH, "bandwidth"))
    yield _renamed("network", "rtp_size", (GET_NETWORK, "rtp_packet_max"), (SET_RTP, "rtp_size"))
    yield _renamed(
        "network", "upnp_portmap", (GET_UPNP, "upnp_portmap"), (UPNP, "upnp_portmap"), own=True
    )
    yield _renamed("recording", "mode", (GET_SDREC_MODE, "mode"), (SET_SDREC_MODE, "mode"))
    yield _renamed(
        "recording", "device", (GET_SDREC_TARGET, "device"), (SET_SDREC_TARGET, "device")
    )
    yield from _same("recording", GET_RECORDER_NUM, SET_RECORDER_NUM, "recorder_num")


def _place(name: str) -> tuple[int, str]:
    """Return where a value of the multi-screen menu stands: address and name of each camera."""
    return int(name.lstrip("abcdefghijklmnopqrstuvwxyz_")), name


FIELDS: Final[Mapping[str, Field]] = MappingProxyType({one.path: one for one in _fields()})
"""By path, in the order in which they are best written: what decides what others may be first."""
READS: Final[Mapping[str, Command]] = MappingProxyType(
    {one.read.path: one.read for one in FIELDS.values()}
)
"""The requests that tell them all, by path."""
