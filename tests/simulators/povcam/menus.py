"""What the menus hold that have nothing to do with pictures (4.2, 4.4 to 4.7, 8.1 to 8.5)."""

from dataclasses import dataclass, field
import time

from .clock import Clock


@dataclass(slots=True)
class TimeServer:
    """Menu of the time server (4.2)."""

    adjust: str = "0"
    by_dhcp: str = "0"
    address: str = "0.0.0.0"
    port: int = 123
    interval: int = 1


@dataclass(slots=True)
class Menus:
    """All of them."""

    time_server: TimeServer = field(default_factory=TimeServer)
    clock: Clock = field(default_factory=lambda: Clock(time.monotonic))
    volume: int = 12
    screens: dict[int, tuple[str, str]] = field(
        default_factory=lambda: dict.fromkeys(range(1, 17), ("", ""))
    )
    """Address and name by place, 1 to 16 (4.5)."""
    easy_ip_setup: str = "20"
    bandwidth: str = "0"
    rtp_size: str = "1500"
    upnp: str = "0"
    record_mode: str = "avchd_ps_1080_60p_28m"
    record_target: str = "sd1"
    recorder_number: int = 0
