"""Every setting of a Panasonic camera, changed and read back: what the camera has is looked at."""

from collections.abc import Callable
from typing import Any

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.povcam.panel import KNOBS
from custom_components.panacam.cams.settings import Value
from tests.cams.support import camera, device_of
from tests.simulators.povcam.camera import Camera

type Look = Callable[[Camera], object]
type Row = tuple[str, tuple[Value, object], tuple[Value, object], Look]


def row(key: str, one: Value, there: object, other: Value, then: object, look: Look) -> Row:
    """Return a setting: two values, each with what the camera has then."""
    return key, (one, there), (other, then), look


def switch(key: str, look: Look, on: object = "1", off: object = "0") -> Row:
    """Return one that is on or off."""
    return row(key, True, on, False, off, look)


def of_stream(number: int) -> list[Row]:
    """Return the menu of one H.264 stream."""
    menu = f"h264_{number}"

    def has(name: str) -> Look:
        return lambda one: getattr(one.video[number], name)

    return [
        switch(f"{menu}_transmission", lambda one: one.h264_transmit[number], True, False),
        switch(f"{menu}_internet_mode", has("rtsp_mode")),
        row(f"{menu}_resolution", "640x360", "640", "1280x720", "1280", has("resolution")),
        row(f"{menu}_transmission_priority", "bit_rate", "0", "frame_rate", "1", has("priority")),
        row(f"{menu}_frame_rate", "5 fps", "5", "30 fps", "30", has("framerate")),
        row(f"{menu}_bit_rate", "1024 kbit/s", 1024, "24576 kbit/s", 24576, has("bandwidth")),
        row(f"{menu}_minimum_bit_rate", 1025, 1025, 2000.0, 2000, has("bandwidth_min")),
        row(f"{menu}_quality", "low", "low", "fine", "fine", has("quality")),
        row(
            f"{menu}_transmission_type",
            "multi",
            "multi",
            "uni_manual",
            "uni_manual",
            has("delivery"),
        ),
        row(f"{menu}_unicast_port", 1024, 1024, 50000, 50000, has("unicast_port")),
        row(f"{menu}_unicast_audio_port", 1024, 1024, 50000, 50000, has("unicast_audio_port")),
        row(
            f"{menu}_multicast_address",
            *("239.1.2.3", "239.1.2.3", " 224.0.0.255 ", "224.0.0.255"),
            has("multicast_address"),
        ),
        row(f"{menu}_multicast_port", 1024, 1024, 50000, 50000, has("multicast_port")),
        row(f"{menu}_multicast_ttl", 1, 1, 254, 254, has("multicast_ttl")),
    ]


ROWS = [
    row(
        "recording_mode",
        *("avchd_ph_1080_24p_21m", "avchd_ph_1080_24p_21m"),
        *("avchd_ps_1080_60p_28m", "avchd_ps_1080_60p_28m"),
        lambda one: one.menus.record_mode,
    ),
    row("recording_card", "sd2", "sd2", "sd1", "sd1", lambda one: one.menus.record_target),
    row("recorder_id", 16, 16, 0, 0, lambda one: one.menus.recorder_number),
    row("priority_mode", "ip_4k", "ip_4k", "ip", "ip", lambda one: one.mode),
    row("camera_title", "Stage \u7384\u95a2", "Stage \u7384\u95a2", "", "", lambda one: one.title),
    switch("plugin_installation", lambda one: one.plugin_download, "enable", "disable"),
    switch("smooth_display", lambda one: one.plugin_disp),
    switch("ntp_synchronization", lambda one: one.menus.time_server.adjust),
    switch("ntp_server_by_dhcp", lambda one: one.menus.time_server.by_dhcp),
    row(
        "ntp_server",
        *("192.0.2.1", "192.0.2.1", "0.0.0.0", "0.0.0.0"),
        lambda one: one.menus.time_server.address,
    ),
    row("ntp_port", 1, 1, 65535, 65535, lambda one: one.menus.time_server.port),
    row("ntp_interval", 24, 24, 1, 1, lambda one: one.menus.time_server.interval),
    switch("clock_display", lambda one: one.menus.clock.display),
    row("time_zone", "GMT-11:00", 1, "GMT+12:45", 33, lambda one: one.menus.clock.timezone),
    row("summer_time", "auto", "2", "on", "1", lambda one: one.menus.clock.summer_time),
    switch("jpeg_transmission", lambda one: one.jpeg_transmit, True, False),
    row("jpeg_quality", 9, 9, 0, 0, lambda one: one.jpeg_quality),
    row("jpeg_frame_rate", "30 fps", "30", "5 fps", "5", lambda one: one.jpeg_interval),
    row("live_start_stream", "jpeg", "jpeg", "h264_2", "h264_2", lambda one: one.live_start),
    *of_stream(1),
    *of_stream(2),
    switch("audio", lambda one: one.audio, True, False),
    switch("audio_transmission", lambda one: one.audio_settings.transmit),
    row(
        "audio_input",
        *("microphone", "middle", "sdi", "sdi"),
        lambda one: one.audio_settings.sensitivity,
    ),
    row(
        "audio_microphone",
        *("internal", "internal", "external", "external"),
        lambda one: one.audio_settings.mic,
    ),
    row(
        "audio_bit_rate",
        "64 kbit/s",
        "64",
        "96 kbit/s",
        "96",
        lambda one: one.audio_settings.bitrate,
    ),
    switch("audio_alc", lambda one: one.audio_settings.level_control),
    switch("audio_automatic_level", lambda one: one.audio_settings.automatic_level),
    switch("audio_low_cut", lambda one: one.audio_settings.equalizer, "low_cut", "off"),
    switch("audio_plugin_power", lambda one: one.audio_settings.plugin_power),
    row("audio_volume", 23, 23, 0, 0, lambda one: one.menus.volume),
    row(
        "easy_ip_setup_period",
        *("unlimited", "unlimited", "20_minutes", "20"),
        lambda one: one.menus.easy_ip_setup,
    ),
    row(
        "network_bandwidth_limit",
        *("4096 kbit/s", "4096", "unlimited", "0"),
        lambda one: one.menus.bandwidth,
    ),
    row("rtp_packet_size", "1280", "1280", "1500", "1500", lambda one: one.menus.rtp_size),
    switch("upnp_port_forwarding", lambda one: one.menus.upnp),
]


def test_all_of_them() -> None:
    """Nothing that can be turned is left out here."""
    assert [item[0] for item in ROWS] == list(KNOBS)


@pytest.mark.parametrize("style", [{}, {"set_status": 200, "get_only": True}], ids=["post", "get"])
@pytest.mark.parametrize(("key", "one", "other", "look"), ROWS, ids=[item[0] for item in ROWS])
async def test_change(
    session: ClientSession,
    quick: None,
    key: str,
    one: tuple[Value, object],
    other: tuple[Value, object],
    look: Look,
    style: dict[str, Any],
) -> None:
    """The camera has it then, and nothing else is other than before."""
    async with camera(tells_volume=True, **style) as sim:
        for video in sim.camera.video.values():
            video.priority = "2"
        device = device_of(session, sim)
        await device.connect()
        assert device.settings is not None
        for value, there in (one, other):
            before = await device.poll()
            await device.settings.change(key, value)
            assert look(sim.camera) == there
            after = await device.poll()
            shown = value.strip() if isinstance(value, str) else value
            assert after.settings[key] == shown
            others = {name for name in before.settings if name != key}
            if key == "priority_mode" or key.endswith("transmission_priority"):
                others &= after.settings.keys()
            assert {name: after.settings[name] for name in others} == {
                name: before.settings[name] for name in others
            }
        await device.close()
