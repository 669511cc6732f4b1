"""Every request of the menus as the specification prints it, and where each value is read."""

import pytest

from custom_components.panacam.cams.errors import Reason, RefusedError
from custom_components.panacam.cams.povcam import commands, commands_settings
from custom_components.panacam.cams.povcam.menus import FIELDS, READS
from custom_components.panacam.cams.povcam.wire import Access, Command, Reply

READ = {
    # name: section, access
    "get_priority_mode": ("5.1", "live"),
    "get_time": ("5.3", "admin"),
    "get_date_time": ("5.4", "live"),
    "get_multi_screen": ("5.7", "live"),
    "get_upnp": ("5.9", "admin"),
    "get_sdrec_mode": ("8.2", "live"),
    "get_sdrec_target": ("8.4", "admin"),
    "get_recorder_num": ("8.6", "admin"),
}
WRITTEN = {
    "set_priority_mode": "4.1",
    "set_basic": "4.1",
    "time": "4.2",
    "date_time": "4.2",
    "set_jpeg": "4.3",
    "setdata": "4.3",
    "set_h264": "4.3",
    "set_h264_2": "4.3",
    "set_rtsp": "4.3",
    "set_livestart": "4.3",
    "set_audio": "4.4",
    "set_volume_lv": "4.4",
    "multi_screen": "4.5",
    "easyipset": "4.6",
    "set_bandwidth": "4.6",
    "set_rtp": "4.6",
    "upnp": "4.7",
    "set_sdrec_mode": "8.1",
    "set_sdrec_target": "8.3",
    "set_recorder_num": "8.5",
}
FLAG = ("0 1", "2 on -1")
PORT = ("1024 50000", "1023 50001 x")
OCTET = ("0 255", "-1 256")
RATES = "5 15 12.5 30 25"
BIT_RATES = "1024 1536 2048 3072 4096 6144 8192 10240 12288 14336 16384 20480 24576"
DELIVERY = {
    "h264_rtsp_mode": FLAG,
    "f_priority": ("0 1 2", "3"),
    "h264_quality": ("fine low", "normal"),
    "h264_unimulti": ("uni multi uni_manual", "broadcast"),
    "unicast_port": PORT,
    "unicast_audio_port": PORT,
    "multicast_address_r1": ("224 239", "223 240"),
    "multicast_address_r2": OCTET,
    "multicast_address_r3": OCTET,
    "multicast_address_r4": OCTET,
    "multicast_address_r": (
        "224.0.0.0 239.255.255.255 239.192.0.20",
        "192.168.0.1 223.0.0.1 240.0.0.1 239.256.0.1 239.1.1 239.1.1.1.1",
    ),
    "multicast_port": PORT,
    "multicast_ttl": ("1 254", "0 255"),
}
TITLE = ("UCK20 a=b&c;d \u7384\u95a2\u30ab\u30e1\u30e9", "x" * 21)
EDGE = {
    "month": ("1 12", "0 13"),
    "week": ("1 5", "0 6"),
    "dotw": ("0 6", "7"),
    "hour": ("0 23", "24"),
}
RECORDED = """
    mp4_2160_30p_50m mp4_2160_24p_50m mp4_2160_25p_50m avchd_ps_1080_60p_28m
    avchd_ph_1080_60i_21m avchd_ph_1080_24p_21m avchd_ha_1080_60i_17m avchd_he_1080_60i_6m
    avchd_ph_720_60p_21m avchd_pm_720_60i_8m avchd_ps_1080_50p_28m avchd_ph_1080_50i_21m
    avchd_ha_1080_50i_17m avchd_he_1080_50i_6m avchd_ph_720_50p_21m avchd_pm_720_50i_8m
    avchd_ph_1080_60i_21m_from_720 avchd_ha_1080_60i_17m_from_720 avchd_he_1080_60i_6m_from_720
    avchd_ph_1080_50i_21m_from_720 avchd_ha_1080_50i_17m_from_720 avchd_he_1080_50i_6m_from_720
"""
# What each parameter may be and what not, by hand from the tables of chapters 4 and 8.
VALUES = {
    "set_priority_mode": {"mode": ("ip rec_pb ip_4k rec_pb_4k", "pb")},
    "set_basic": {
        "cam_title": TITLE,
        "plugin_download": ("enable disable", "1"),
        "plugin_disp": FLAG,
    },
    "time": {
        "time_adjust": FLAG,
        "ntp_addr_dhcp": FLAG,
        "ntp_addr": ("192.168.0.1 pool.ntp.org", "user:word@host http://host"),
        "ntp_port": ("1 65535", "0 65536"),
        "ntp_interval": ("1 24", "0 25"),
    },
    "date_time": {
        "display": FLAG,
        "date_year": ("2013 2035", "2012 2036"),
        "date_month": ("1 12", "0 13"),
        "date_day": ("1 31", "0 32"),
        "date_hour": ("0 23", "24"),
        "date_min": ("0 59", "60"),
        "date_sec": ("0 59", "60"),
        "timezone": ("1 14 33", "0 34 74"),
        "summer_time": ("0 1 2", "3"),
        **{f"start_{part}": values for part, values in EDGE.items()},
        **{f"end_{part}": values for part, values in EDGE.items()},
    },
    "set_jpeg": {
        "jpeg_quality": ("0 9", "10"),
        "resol_stream1": ("640", "1280"),
        "jpeg_transmit1": FLAG,
        "jpeg_interval1": (RATES, "1 60"),
    },
    "setdata": {"LIVESIZE": ("640", "320"), "LIVEQUAL": ("0 9", "10")},
    "set_h264": {
        **DELIVERY,
        "h264_transmit": FLAG,
        "h264_transmit1": FLAG,
        "h264_resolution": ("640 1280 1920 3840", "720"),
        "framerate": (f"{RATES} 60 50", "1"),
        "h264_bandwidth": (f"{BIT_RATES} 32768 40960 51200", "512 1000"),
        "h264_bandwidth_min": ("1024 51200", "1023 51201"),
    },
    "set_h264_2": {
        **DELIVERY,
        "h264_transmit": FLAG,
        "h264_transmit2": FLAG,
        "h264_resolution": ("640 1280", "1920"),
        "framerate": (RATES, "60"),
        "h264_bandwidth": (BIT_RATES, "32768"),
        "h264_bandwidth_min": ("1024 24576", "24577"),
    },
    "set_rtsp": {
        "rtsp_port": ("1 65535", "0 65536"),
        "h264_rtsp_mode": FLAG,
        "h264_rtsp_mode2": FLAG,
    },
    "set_livestart": {"stream": ("h264 h264_2 jpeg", "h265")},
    "set_audio": {
        "audio": ("off in 0 1", "on"),
        "audio_encoder": ("aac", "mp3"),
        "audio_sens": ("middle lmiddle line_middle sdi", "line"),
        "audio_bitrate": ("64 96 128", "32"),
        "audio_alc": FLAG,
        "plugin_power": FLAG,
        "audio_transmit": FLAG,
        "equalizer": ("off low_cut", "on"),
        "audio_lv_auto": FLAG,
        "mic_select": ("external internal", "line"),
    },
    "set_volume_lv": {"volume_lv": ("0 23", "24")},
    "multi_screen": {
        **{
            f"multi_addr{at}": ("192.168.0.100:8080 camera-1.local", "http://a a@b")
            for at in range(1, 17)
        },
        **{f"multi_name{at}": TITLE for at in range(1, 17)},
    },
    "easyipset": {"time": ("unlimited 20", "10")},
    "set_bandwidth": {
        "bandwidth": ("0 1024 2048 4096 8192 16384 32768 10000", "512"),
    },
    "set_rtp": {"rtp_size": ("1280 1500", "1024")},
    "upnp": {"upnp_portmap": FLAG},
    "set_sdrec_mode": {"mode": (RECORDED, "mp4_1080")},
    "set_sdrec_target": {"device": ("sd1 sd2", "sd3")},
    "set_recorder_num": {"recorder_num": ("0 16", "17")},
}
COMMANDS = [item for item in vars(commands_settings).values() if isinstance(item, Command)]


def test_rows() -> None:
    """Section, method and access level are those of the specification; none is without its row."""
    found = {command.name: command for command in COMMANDS}
    assert len(found) == len(COMMANDS)
    assert set(found) == set(READ) | set(WRITTEN)
    for name, (section, access) in READ.items():
        row = found[name]
        assert (row.path, row.section, row.access) == (f"/cgi-bin/{name}", section, access)
        assert row.methods == ("GET",)
        assert not row.parameters
    for name, section in WRITTEN.items():
        row = found[name]
        assert (row.path, row.section) == (f"/cgi-bin/{name}", section)
        assert (row.methods, row.access) == (("POST", "GET"), Access.ADMIN)


@pytest.mark.parametrize("name", WRITTEN)
def test_values(name: str) -> None:
    """Each parameter is there, takes what its table has, and refuses what it has not."""
    command = next(row for row in COMMANDS if row.name == name)
    assert set(command.parameters) == set(VALUES[name])
    for parameter, (allowed, refused) in VALUES[name].items():
        values = allowed.split() if VALUES[name][parameter] is not TITLE else [TITLE[0]]
        for value in values:
            assert command.arguments({parameter: value}) == {parameter: value}
        for value in [*refused.split(), "a\r\nb"]:
            with pytest.raises(RefusedError) as caught:
                command.arguments({parameter: value})
            assert caught.value.reason is Reason.OUT_OF_RANGE


LEFT_OUT = {
    # The clock itself, the RTSP port, what is fixed, and a second name for the same value.
    "date_time": {f"date_{part}" for part in ("year", "month", "day", "hour", "min", "sec")},
    "set_jpeg": {"resol_stream1"},
    "setdata": {"LIVESIZE", "LIVEQUAL"},
    "set_rtsp": {"rtsp_port", "h264_rtsp_mode", "h264_rtsp_mode2"},
    "set_h264": {f"multicast_address_r{octet}" for octet in range(1, 5)},
    "set_h264_2": {f"multicast_address_r{octet}" for octet in range(1, 5)},
    "set_audio": {"audio_encoder"},
}


def test_every_parameter_is_kept() -> None:
    """Each value of chapter 4 that can be set is kept, but for what is left out on purpose."""
    written = {
        (field.write.name, parameter) for field in FIELDS.values() for parameter in field.parameters
    }
    every = {(name, parameter) for name, table in VALUES.items() for parameter in table}
    assert every - written == {
        (name, parameter) for name, left in LEFT_OUT.items() for parameter in left
    }


def test_fields() -> None:
    """Names within a menu are its own, and companions and conditions are fields themselves."""
    assert next(iter(FIELDS)) == "priority.mode"
    for path, field in FIELDS.items():
        assert path == f"{field.menu}.{field.key}"
        assert all(name in field.write.parameters for name in field.parameters)
        assert all(f"{field.menu}.{key}" in FIELDS for key in field.along)
        assert field.when is None or f"{field.menu}.{field.when[0]}" in FIELDS
        assert READS[field.read.path] is field.read
    cutting = {"network", "initial", "set_https", "set_ftp", "set_rtsp"}
    assert not cutting & {field.write.name for field in FIELDS.values()}
    assert {path for path, field in FIELDS.items() if field.own} == {
        "basic.cam_title",
        "h264_1.unimulti",
        "h264_1.multicast_address",
        "h264_1.multicast_port",
        "h264_2.unimulti",
        "h264_2.multicast_address",
        "h264_2.multicast_port",
        "network.upnp_portmap",
    }


# As chapter 5 prints it: what is told, and what is to be written for it.
TOLD = [
    ("priority.mode", "priority_mode", "rec_pb_4k", "rec_pb_4k"),
    ("basic.cam_title", "cam_title", "Stage = left", "Stage = left"),
    ("basic.plugin_download", "plugin_download", "ENABLE", "enable"),
    ("jpeg.jpeg_quality", "jpeg_quality", "5", "5"),
    ("live.stream", "livestart_stream", "h264_2", "h264_2"),
    ("h264_1.transmit", "h264_transmit_ch1", "1", "1"),
    ("h264_2.transmit", "h264_transmit_ch2", "0", "0"),
    ("h264_1.quality", "h264_quality_ch1", "low", "low"),
    ("h264_1.quality", "h264_quality_ch1", "1", "fine"),
    ("h264_2.quality", "h264_quality_ch2", "5", "low"),
    ("h264_1.framerate", "h264_framerate_ch1", "12.5", "12.5"),
    ("h264_1.framerate", "h264_framerate_ch1", "15(12.5)", "15"),
    ("basic.cam_title", "cam_title", "15(12.5)", "15(12.5)"),
    ("h264_1.bandwidth", "h264_bandwidth_ch1", "51200", "51200"),
    ("h264_2.bandwidth", "h264_bandwidth_ch2", "51200", "51200"),
    ("h264_1.multicast_address", "h264_multicast_addr_ch1", "239.192.0.20", "239.192.0.20"),
    ("h264_1.multicast_address", "h264_multicast_addr_ch1", "0.0.0.0", "0.0.0.0"),
    ("h264_2.multicast_ttl", "h264_multicast_ttl_ch2", "16", "16"),
    ("audio.audio", "audio", "1", "in"),
    ("audio.audio", "audio", "off", "off"),
    ("audio.audio_sens", "audio_sens", "line_middle", "line_middle"),
    ("audio.audio_sens", "audio_sens", "lmiddle", "lmiddle"),
    ("date_time.timezone", "timezone", "74", "74"),
    ("network.rtp_size", "rtp_packet_max", "1280", "1280"),
    ("network.bandwidth", "bandwidth", "64", "64"),
    ("network.easy_ip_setup", "time", "unlimited", "unlimited"),
    ("multi_screen.multi_addr16", "multi_addr16", "192.168.0.9:8080", "192.168.0.9:8080"),
    ("recording.mode", "mode", "avchd_pm_720_60i_8m", "avchd_pm_720_60i_8m"),
    ("time.ntp_addr", "ntp_addr", "", ""),
]


@pytest.mark.parametrize(("path", "name", "told", "value"), TOLD)
def test_told_and_written(path: str, name: str, told: str, value: str) -> None:
    """What is told is known as it is written, and as it was told where it could not be written."""
    assert FIELDS[path].value(Reply({name: told})) == value
    assert FIELDS[path].value(Reply({"other": told})) is None


def test_never_kept() -> None:
    """A login is in no document; a title is free to look like one."""
    assert not FIELDS["multi_screen.multi_addr1"].may_keep("admin:12345@192.168.0.9")
    assert FIELDS["multi_screen.multi_addr1"].may_keep("192.168.0.9:8080")
    assert FIELDS["basic.cam_title"].may_keep("me@home")


def test_reads() -> None:
    """The menus are told by these requests."""
    assert {command.name for command in READS.values()} == {
        *READ,
        *(
            row.name
            for row in (
                commands.GET_AUDIO,
                commands.GET_BASIC,
                commands.GET_NETWORK,
                commands.GET_VIDEO_OVER_IP,
            )
        ),
    }
