"""What kinds of camera the simulator can be, and the switches of their behaviour."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
import time
from typing import Literal, TypedDict


class Auth(StrEnum):
    """Authentication scheme the camera offers."""

    NONE = "none"
    BASIC = "basic"
    DIGEST = "digest"


type BodyStyle = Literal["plain", "spaced", "html"]
"""`a=b` lines, `a = b` lines, or lines wrapped in <HTML> after a byte-order mark."""


type LogEncoding = Literal["shift_jis", "latin-1", "utf-8"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One product: what it has and how it words its answers."""

    name: str
    slots: int = 2
    """Number of SD card slots."""
    version: str = "1.10"
    max_fps: str = "60"
    """As printed after `Maxfps=`; some sisters print nothing."""
    capability: bool = True
    """Answers get_capability."""
    pre_rec: bool = True
    """get_state has the pre_rec line."""
    recorder: bool = True
    """Has the menus of a recorder (8.1 to 8.6)."""
    aw_ptz: bool = True
    """Answers aw_ptz and aw_cam."""
    https: bool = True
    """Has HTTPS; some models have not (7.2)."""
    pan_tilt: bool = False
    """The head turns: aw_ptz takes pan, tilt and preset commands."""
    body_style: BodyStyle = "plain"
    size_format: str = "{:.1f}"
    """How gigabytes are printed in get_state."""
    title_encoding: str = "utf-8"
    flags_upper: bool = False
    """`sAlarm=OFF` rather than `sAlarm=off` in getinfo."""


AG_UCK20 = Model(name="AG-UCK20")
AG_UMR20 = Model(name="AG-UMR20")
AG_MDC20 = Model(name="AG-MDC20", size_format="{:05.1f}", title_encoding="shift_jis")
AG_MDR25 = Model(name="AG-MDR25", body_style="spaced", size_format="{:.0f}")
AW_HE40 = Model(
    name="AW-HE40",
    slots=1,
    version="02.14",
    max_fps="",
    capability=False,
    pre_rec=False,
    recorder=False,
    https=False,
    pan_tilt=True,
    body_style="html",
    flags_upper=True,
)

MODELS = {model.name: model for model in (AG_UCK20, AG_UMR20, AG_MDC20, AG_MDR25, AW_HE40)}


class OptionValues(TypedDict, total=False):
    """Keyword form of `Options`."""

    post_only: bool
    get_only: bool
    referer: bool
    missing_status: int
    set_status: int
    record_delay: float
    record_rate: float
    format_time: float
    make_time: float
    move_time: float
    mode_restart: float
    delete_time: float
    delete_waits: bool
    list_header: bool
    newest_first: bool
    one_list: bool
    list_delay: float
    ranges: bool
    throughput: float
    second_download: int
    ftp_private: bool
    ftp_timeout: float
    ftp_throughput: float
    ptz_interval: float
    power_delay: float
    nonce_life: float
    system_frequency: Literal[50, 60]
    head: bool
    tells_volume: bool
    form_encoding: str
    session_timeout: float
    call_timeout: float
    rtsp_off: bool
    rtcp_keeps_alive: bool
    rtp_extension: bool
    boundary_dashes: bool
    video_bitrate: int
    log_newest_first: bool
    log_places: bool
    log_encoding: LogEncoding
    clock: Callable[[], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Switches of behaviour that differ from one camera, or firmware, to another."""

    post_only: bool = False
    """Settings CGIs answer 405 to GET."""
    get_only: bool = False
    """Settings CGIs answer 405 to POST."""
    referer: bool = False
    """Admin CGIs want `Referer: http://HOST/admin/index.html`, else 403."""
    missing_status: int = 403
    """Status when a parameter is missing: 403, or 204 on some models."""
    set_status: int = 204
    """Status of a setting that was taken: 204, or 200 with a line of text."""
    record_delay: float = 2.0
    """Seconds from sdctrl to the change showing in get_state (8.7)."""
    record_rate: float = 0.00625
    """Gigabytes written in a second of recording (50 Mbit/s)."""
    format_time: float = 3.0
    """Seconds a card format takes, the first third of them `prepare` (9.2)."""
    make_time: float = 3.0
    """Seconds that a key or a certificate takes (7.1)."""
    move_time: float = 0.2
    """Seconds between two places (4.6)."""
    mode_restart: float = 0.0
    """Seconds that the camera is away after a change of the priority mode; 0: it stays (4.1)."""
    delete_time: float = 0.2
    """Seconds that the deletion of one clip takes (10.2)."""
    delete_waits: bool = False
    """del_clip_file answers when all is deleted; else at once, with del_file=on meanwhile."""
    list_header: bool = True
    """get_clip_list begins with the names of its columns, as it is printed (10.1)."""
    newest_first: bool = False
    """Lists begin with the clip recorded last."""
    one_list: bool = False
    """A new list makes those of the other card and format stale."""
    list_delay: float = 0.0
    """Seconds that get_clip_list takes."""
    ranges: bool = False
    """get_clip_file answers 206 to a Range, which no paper says (10.3)."""
    throughput: float = 0.0
    """Bytes a second of a download; 0: as many as there are."""
    second_download: int = 503
    """Status of a download while there is one."""
    ftp_private: bool = False
    """The card's image has AVCHD in PRIVATE, as cards do and 11.7 does not."""
    ftp_timeout: float = 10.0
    """Seconds that the FTP server may keep the camera waiting."""
    ftp_throughput: float = 0.0
    """Bytes a second of a transfer to an FTP server; 0: as many as there are."""
    system_frequency: Literal[50, 60] = 60
    """Hertz; decides the frame rates and what can be recorded (4.3, 8.1)."""
    head: bool = True
    """A camera head is connected: 4K needs one (8.1)."""
    tells_volume: bool = False
    """get_audio has volume_lv, too, which no paper says (5.6)."""
    form_encoding: str = "utf-8"
    """What the camera takes forms for, whatever they say."""
    ptz_interval: float = 0.13
    """Seconds between two aw_ptz commands, else eR2."""
    power_delay: float = 1.0
    """Seconds an aw_ptz power change takes (`p3` meanwhile)."""
    nonce_life: float = 300.0
    """Seconds until a digest nonce is stale."""
    session_timeout: float = 120.0
    """Seconds an RTSP session lives without a request (13)."""
    call_timeout: float = 60.0
    """Seconds a stream that was asked for by CGI is sent without keep_alive (2.7)."""
    rtsp_off: bool = False
    """Nobody listens at the RTSP port."""
    rtcp_keeps_alive: bool = False
    """Receiver reports of the client count as keep-alive too."""
    rtp_extension: bool = True
    """RTP packets of pictures carry a header extension (15.1, X=1)."""
    boundary_dashes: bool = False
    """The MJPEG header names the boundary with its two dashes, as some models do."""
    video_bitrate: int = 0
    """Bits a second of the pictures, kept whatever they show; 0: as many as they need."""
    log_newest_first: bool = False
    """The system log begins with its newest line (5.11)."""
    log_places: bool = False
    """Its numbers are places in the list, not counted for ever."""
    log_encoding: LogEncoding = "shift_jis"
    """Decides what a yen sign is."""
    # A default argument is out of reach of tests that freeze the time module.
    clock: Callable[[], float] = time.monotonic
    """Seconds, of a clock that never goes back."""
