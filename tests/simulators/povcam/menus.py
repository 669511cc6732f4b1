"""What the menus hold that have nothing to do with pictures (4.2, 4.4 to 4.7, 8.1 to 8.5)."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class TimeServer:
    """Menu of the time server (4.2)."""

    adjust: str = "0"
    by_dhcp: str = "0"
    address: str = "0.0.0.0"
    port: int = 123
    interval: int = 1


@dataclass(slots=True)
class Clock:
    """Menu of the clock (4.2); it stands still, as nothing here needs it to run."""

    display: str = "0"
    year: int = 2017
    month: int = 9
    day: int = 11
    hour: int = 12
    minute: int = 0
    second: int = 0
    timezone: int = 14
    summer_time: str = "0"
    start: dict[str, int] = field(
        default_factory=lambda: {"month": 3, "week": 5, "dotw": 0, "hour": 1}
    )
    end: dict[str, int] = field(
        default_factory=lambda: {"month": 10, "week": 5, "dotw": 0, "hour": 1}
    )


@dataclass(slots=True)
class Menus:
    """All of them."""

    time_server: TimeServer = field(default_factory=TimeServer)
    clock: Clock = field(default_factory=Clock)
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
