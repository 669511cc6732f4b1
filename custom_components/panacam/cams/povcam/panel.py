"""All knobs of a Panasonic camera (chapters 4 and 8), as data."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from .clock import ZONES
from .knobs import Flag, Knob, Line, Number, Selector
from .menus import FIELDS
from .wire import OneOf

_LABELS: Final = MappingProxyType({1: "H.264(1)", 2: "H.264(2)"})
_SIZES: Final = MappingProxyType(
    {"640": "640x360", "1280": "1280x720", "1920": "1920x1080", "3840": "3840x2160"}
)
_COARSE_QUALITY: Final = MappingProxyType({"1": range(5), "5": range(5, 10)})
"""What 5.5 prints of ten steps: high and low."""


def _words(path: str) -> tuple[str, ...]:
    """Return what the specification lists for a field."""
    if not isinstance(parameter := FIELDS[path].parameter, OneOf):
        raise TypeError(path)
    return parameter.values


def _named(
    path: str, form: str = "{}", others: Mapping[str, str] = MappingProxyType({})
) -> Mapping[str, str]:
    """Return the words of a field with a unit, some of them under other names."""
    return {word: others.get(word, form.format(word)) for word in _words(path)}


def _rates(path: str) -> Mapping[str, str]:
    """Return frame rates, the lowest first."""
    return {word: f"{word} fps" for word in sorted(_words(path), key=float)}


def _recording() -> Iterator[Knob]:
    yield Selector(
        path="recording.mode",
        key="recording_mode",
        options=_named("recording.mode"),
        enabled=True,
    )
    yield Selector(
        path="recording.device",
        key="recording_card",
        options=_named("recording.device"),
        enabled=True,
    )
    yield Number(path="recording.recorder_num", key="recorder_id")
    yield Selector(
        path="priority.mode",
        key="priority_mode",
        options=_named("priority.mode"),
        exclusive=True,
    )


def _basic() -> Iterator[Knob]:
    yield Line(path="basic.cam_title", key="camera_title", longest=20)
    yield Flag(path="basic.plugin_download", key="plugin_installation", off="disable", on="enable")
    yield Flag(path="basic.plugin_disp", key="smooth_display")


def _clock() -> Iterator[Knob]:
    yield Flag(path="time.time_adjust", key="ntp_synchronization")
    yield Flag(path="time.ntp_addr_dhcp", key="ntp_server_by_dhcp")
    yield Line(path="time.ntp_addr", key="ntp_server", longest=255)
    yield Number(path="time.ntp_port", key="ntp_port")
    yield Number(path="time.ntp_interval", key="ntp_interval", unit="h")
    yield Flag(path="date_time.display", key="clock_display")
    yield Selector(
        path="date_time.timezone",
        key="time_zone",
        options={str(number): f"GMT{zone}" for number, zone in enumerate(ZONES, 1)},
        odd="",
    )
    yield Selector(
        path="date_time.summer_time",
        key="summer_time",
        options={"0": "off", "1": "on", "2": "auto"},
    )


def _jpeg() -> Iterator[Knob]:
    yield Flag(path="jpeg.jpeg_transmit1", key="jpeg_transmission")
    yield Number(path="jpeg.jpeg_quality", key="jpeg_quality", coarse=_COARSE_QUALITY)
    yield Selector(
        path="jpeg.jpeg_interval1",
        key="jpeg_frame_rate",
        options=_rates("jpeg.jpeg_interval1"),
        odd="{} fps",
    )
    yield Selector(path="live.stream", key="live_start_stream", options=_named("live.stream"))


def _h264(stream: int) -> Iterator[Knob]:
    menu, label = f"h264_{stream}", _LABELS[stream]

    def flag(name: str, kind: str) -> Flag:
        return Flag(path=f"{menu}.{name}", key=f"{menu}_{kind}", kind=f"h264_{kind}", label=label)

    def number(name: str, kind: str, unit: str | None = None) -> Number:
        return Number(
            path=f"{menu}.{name}",
            key=f"{menu}_{kind}",
            kind=f"h264_{kind}",
            label=label,
            unit=unit,
        )

    def choice(
        name: str, kind: str, options: Mapping[str, str] | None = None, form: str = "{}"
    ) -> Selector:
        path = f"{menu}.{name}"
        return Selector(
            path=path,
            key=f"{menu}_{kind}",
            kind=f"h264_{kind}",
            label=label,
            options=options or _named(path, form),
            odd=form,
        )

    yield flag("transmit", "transmission")
    yield flag("rtsp_mode", "internet_mode")
    sizes = {word: _SIZES[word] for word in _words(f"{menu}.resolution")}
    yield choice("resolution", "resolution", sizes)
    yield choice(
        "f_priority",
        "transmission_priority",
        {"0": "bit_rate", "1": "frame_rate", "2": "best_effort"},
    )
    rates = _rates(f"{menu}.framerate")
    yield choice("framerate", "frame_rate", rates, form="{} fps")
    yield choice("bandwidth", "bit_rate", form="{} kbit/s")
    yield number("bandwidth_min", "minimum_bit_rate", "kbit/s")
    yield choice("quality", "quality")
    yield choice("unimulti", "transmission_type")
    yield number("unicast_port", "unicast_port")
    yield number("unicast_audio_port", "unicast_audio_port")
    yield Line(
        path=f"{menu}.multicast_address",
        key=f"{menu}_multicast_address",
        kind="h264_multicast_address",
        label=label,
        longest=15,
    )
    yield number("multicast_port", "multicast_port")
    yield number("multicast_ttl", "multicast_ttl")


def _audio() -> Iterator[Knob]:
    yield Flag(path="audio.audio", key="audio", off="off", on="in")
    yield Flag(path="audio.audio_transmit", key="audio_transmission")
    yield Selector(
        path="audio.audio_sens",
        key="audio_input",
        # The print has both words for the microphone (4.4).
        options={
            "middle": "microphone",
            "lmiddle": "microphone",
            "line_middle": "line",
            "sdi": "sdi",
        },
    )
    yield Selector(
        path="audio.mic_select", key="audio_microphone", options=_named("audio.mic_select")
    )
    yield Selector(
        path="audio.audio_bitrate",
        key="audio_bit_rate",
        options=_named("audio.audio_bitrate", "{} kbit/s"),
        odd="{} kbit/s",
    )
    yield Flag(path="audio.audio_alc", key="audio_alc")
    yield Flag(path="audio.audio_lv_auto", key="audio_automatic_level")
    yield Flag(path="audio.equalizer", key="audio_low_cut", off="off", on="low_cut")
    yield Flag(path="audio.plugin_power", key="audio_plugin_power")
    yield Number(path="audio.volume_lv", key="audio_volume")


def _network() -> Iterator[Knob]:
    yield Selector(
        path="network.easy_ip_setup",
        key="easy_ip_setup_period",
        options=_named("network.easy_ip_setup", "{}_minutes", {"unlimited": "unlimited"}),
    )
    yield Selector(
        path="network.bandwidth",
        key="network_bandwidth_limit",
        options=_named("network.bandwidth", "{} kbit/s", {"0": "unlimited", "10000": "unlimited"}),
        odd="{} kbit/s",
    )
    yield Selector(
        path="network.rtp_size", key="rtp_packet_size", options=_named("network.rtp_size")
    )
    yield Flag(path="network.upnp_portmap", key="upnp_port_forwarding")


KNOBS: Final[Mapping[str, Knob]] = MappingProxyType(
    {
        knob.key: knob
        for knobs in (_recording(), _basic(), _clock(), _jpeg(), _h264(1), _h264(2))
        for knob in knobs
    }
    | {knob.key: knob for knobs in (_audio(), _network()) for knob in knobs}
)
"""By key."""
