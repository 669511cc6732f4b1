"""The camera's state: what its menus and its body would show."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from .cards import Recorder, Slot
from .clip_faults import ClipFaults
from .clips import Clips
from .clock import Clock
from .ftp_client import FtpSender
from .head import Head
from .menus import Menus
from .models import Model, Options
from .rates import rate, record_modes
from .site import Site
from .syslog import SystemLog


class Delivery(StrEnum):
    """Transmission type of an H.264 stream (13)."""

    UNICAST = "uni"
    MULTICAST = "multi"
    UNICAST_MANUAL = "uni_manual"


@dataclass(slots=True)
class VideoSettings:
    """Menu of one H.264 stream (4.3)."""

    resolution: str = "640"
    framerate: str = "15"
    bandwidth: int = 14336
    quality: str = "fine"
    priority: str = "1"
    delivery: Delivery = Delivery.UNICAST
    unicast_port: int = 32004
    unicast_audio_port: int = 33004
    multicast_address: str = "239.192.0.20"
    multicast_port: int = 37004
    multicast_ttl: int = 16
    rtsp_mode: str = "0"
    """Internet mode."""
    bandwidth_min: int = 1024


@dataclass(slots=True)
class Identity:
    """What tells this camera from another of its model."""

    mac: str
    serial: str


@dataclass(frozen=True, slots=True)
class Move:
    """One accepted control command, kept for assertions."""

    cgi: str
    command: str
    value: str


@dataclass(slots=True)
class AudioSettings:
    """Menu of the sound (4.4)."""

    sensitivity: str = "line_middle"
    bitrate: str = "128"
    mic: str = "external"
    plugin_power: str = "0"
    level_control: str = "0"
    transmit: str = "1"
    equalizer: str = "off"
    automatic_level: str = "1"


class Camera:
    """State machine of one simulated camera; a test reads and sets its fields."""

    def __init__(
        self, model: Model, options: Options, identity: Identity, size: tuple[int, int], fps: int
    ) -> None:
        """Make a camera in its factory state."""
        self.model: Final = model
        self.options: Final = options
        self.identity: Identity = identity
        self.size: Final = size
        self.menus: Final = Menus(
            record_mode=record_modes(options, "ip")[0], clock=Clock(options.clock)
        )
        self.log: Final = SystemLog(options)
        self.site: Final = Site(options)
        self.recorder: Final = Recorder(model.slots, self.menus, options, self.menus.clock.at)
        self.clip_faults: Final = ClipFaults()
        self.ftp: Final = FtpSender(self.recorder, options)
        self.moves: Final[deque[Move]] = deque(maxlen=200)
        self.head: Final = Head(options)
        self.pre_rec = False
        self.download = False
        self.mode = "ip"
        self.playback = False
        self._standby = False
        self._power_change: tuple[float, bool] | None = None
        self.title = model.name
        self.plugin_download = "enable"
        self.plugin_disp = "0"
        self.audio = True
        self.audio_settings = AudioSettings()
        self.jpeg_transmit = True
        self.jpeg_quality = 4
        self.jpeg_interval = "5"
        self.live_start = "h264"
        self.h264_transmit = {1: True, 2: True}
        self.video = {
            1: VideoSettings(str(size[0]), rate(options, str(fps))),
            2: VideoSettings(
                "640",
                rate(options, str(min(fps, 30))),
                bandwidth=3072,
                multicast_address="239.192.0.21",
                unicast_port=32014,
                unicast_audio_port=33014,
            ),
        }
        self.address = "127.0.0.1"
        self.http_port = 80
        self.rtsp_port = 554
        self.uids: Final[deque[tuple[int, str]]] = deque(maxlen=32)
        self.view_started = False
        self._next_uid = 263

    @property
    def recording(self) -> bool:
        """Whether the camera records; setting it acts like the button on the body."""
        return self.recorder.recording

    @recording.setter
    def recording(self, on: bool) -> None:
        self.recorder.recording = on

    @property
    def slots(self) -> Mapping[str, Slot]:
        """The card slots by name, `sd1` and `sd2`."""
        return self.recorder.slots

    @property
    def clips(self) -> Clips:
        """The clips on the cards."""
        return self.recorder.clips

    def pull_card(self, name: str) -> None:
        """Take the card out of slot `name`, whatever the camera does with it."""
        self.recorder.pull(name)

    def insert_card(self, name: str, *, blank: bool = False) -> None:
        """Put the card back in, or an empty one."""
        self.recorder.insert(name, blank=blank)

    @property
    def del_file(self) -> bool:
        """Whether clips are being deleted."""
        return self.recorder.deleting

    @property
    def ftp_send(self) -> bool:
        """Whether clips are being sent to the FTP server."""
        return self.ftp.sending

    @property
    def card_used(self) -> bool:
        """Whether a card is in use, so that it cannot be formatted (9.2)."""
        busy = self.recording or self.sd_format or self.del_file
        return busy or self.download or self.ftp_send

    @property
    def sd_format(self) -> bool:
        """Whether a card is being formatted."""
        return self.recorder.formatting

    @property
    def zoom(self) -> int:
        """Zoom position, 0x555 wide to 0xFFF tele."""
        return round(self.head.zoom.position)

    @zoom.setter
    def zoom(self, position: int) -> None:
        self.head.zoom.position = position

    @property
    def focus(self) -> int:
        """Focus position, 0x555 near to 0xFFF far."""
        return round(self.head.focus.position)

    @focus.setter
    def focus(self, position: int) -> None:
        self.head.focus.position = position

    @property
    def pan(self) -> int:
        """Pan position, 0x8000 in the middle."""
        return round(self.head.pan.position)

    @pan.setter
    def pan(self, position: int) -> None:
        self.head.pan.position = position

    @property
    def tilt(self) -> int:
        """Tilt position, 0x8000 level."""
        return round(self.head.tilt.position)

    @tilt.setter
    def tilt(self, position: int) -> None:
        self.head.tilt.position = position

    @property
    def brightness(self) -> int:
        """Brightness in steps from the standard value."""
        return self.head.brightness

    @brightness.setter
    def brightness(self, steps: int) -> None:
        self.head.brightness = steps

    @property
    def iris(self) -> int:
        """Iris in steps from the standard value."""
        return self.head.iris

    @iris.setter
    def iris(self, steps: int) -> None:
        self.head.iris = steps

    @property
    def standby(self) -> bool:
        """Whether the camera is in standby; setting it takes effect at once."""
        self._settle_power()
        return self._standby

    @standby.setter
    def standby(self, standby: bool) -> None:
        self._power_change = None
        self._standby = standby

    @property
    def power_changing(self) -> bool:
        """Whether the power is on its way up or down."""
        self._settle_power()
        return self._power_change is not None

    def power(self, *, on: bool) -> None:
        """Begin to wake up or to go to standby."""
        if on == self.standby:
            self._power_change = (self.options.clock() + self.options.power_delay, on)

    def can_stream(self, stream: int) -> bool:
        """Whether H.264 `stream` is transmitted: stream 2 is not in REC/PB priority (1)."""
        if stream not in self.h264_transmit or not self.h264_transmit[stream]:
            return False
        return stream == 1 or not self.mode.startswith("rec_pb")

    def new_uid(self, codec: str) -> int:
        """Give out a user number for `codec` (2.1)."""
        self._next_uid += 1
        self.uids.append((self._next_uid, codec))
        return self._next_uid

    def power_cycle(self) -> None:
        """Forget what a restart forgets; menus and log stay."""
        self.log.add(self.menus.clock.local, "P01", "power on")
        self.recorder.power_cut()
        self.head.stop()
        self.uids.clear()
        self.view_started = self.standby = self.playback = False
        self.download = False
        self.ftp.abort()

    def _settle_power(self) -> None:
        if self._power_change and self.options.clock() >= self._power_change[0]:
            self._standby = not self._power_change[1]
            self._power_change = None
