"""The aw_ptz and aw_cam commands of the camera heads (3.1 names them; facts of real models)."""

from collections.abc import Callable
import re
from typing import Final

from .camera import Camera, Move
from .cgi import Access, Cgi, Method, Params, Reply, needed
from .head import PRESETS, STOP, Axis

type _Answer = str | None
"""Text of the answer; none when the value is out of range."""
type _Command = Callable[[Camera, re.Match[str]], _Answer]

_RANGE: Final = "eR3"
_SLACK: Final = 1e-6
"""Seconds that rounding may take from a pause of exactly the interval."""


class AwPtz:
    """Command interpreter of one camera; every answer has status 200."""

    def __init__(self, camera: Camera) -> None:
        """Make the interpreter of `camera`."""
        self._camera = camera
        self._last = float("-inf")

    def ptz(self, _camera: Camera, params: Params) -> Reply:
        """Answer `aw_ptz?cmd=#...&res=1`."""
        command = needed(params, "cmd").removeprefix("#")
        needed(params, "res")
        return _line(self._run(command))

    def cam(self, _camera: Camera, params: Params) -> Reply:
        """Answer `aw_cam?cmd=...&res=1`."""
        command = needed(params, "cmd")
        needed(params, "res")
        camera = self._camera
        match command.split(":"):
            case ["QID"]:
                return _line(f"OID:{camera.model.name}")
            case ["QSV"]:
                return _line(f"OSV:{camera.model.version}")
            case ["QAF"]:
                return _line(f"OAF:{int(camera.head.auto_focus)}")
            case ["OAF", "0" | "1" as on]:
                camera.head.auto_focus = on == "1"
                return _line(command)
            case ["OAF", *_]:
                return _line(f"ER3:{command}")
        return _line(f"ER1:{command}")

    def _run(self, command: str) -> str:
        now = self._camera.options.clock()
        early = now - self._last < self._camera.options.ptz_interval - _SLACK
        self._last = now
        if early:
            return f"eR2:{command}"
        if power := re.fullmatch(r"O([01])?", command):
            return self._power(power)
        for pattern, handler, turns in _COMMANDS:
            found = pattern.fullmatch(command)
            if found and (self._camera.model.pan_tilt or not turns):
                if self._camera.standby or self._camera.power_changing:
                    return f"eR2:{command}"
                answer = handler(self._camera, found)
                if answer is None:
                    return f"{_RANGE}:{command}"
                self._camera.moves.append(Move("aw_ptz", command, answer))
                return answer
        return f"eR1:{command}"

    def _power(self, found: re.Match[str]) -> str:
        if found[1] is None:
            return "p3" if self._camera.power_changing else f"p{int(not self._camera.standby)}"
        self._camera.moves.append(Move("aw_ptz", found[0], f"p{found[1]}"))
        self._camera.power(on=found[1] == "1")
        return f"p{found[1]}"


def _line(text: str) -> Reply:
    return Reply(body=text.encode("ascii", errors="replace"))


def _speed(axis: Axis, digits: str) -> bool:
    value = int(digits)
    if not 1 <= value < PRESETS:
        return False
    axis.speed = value - STOP
    return True


def _pan_tilt(camera: Camera, found: re.Match[str]) -> _Answer:
    pan, tilt = found[1], found[2]
    if "00" in (pan, tilt):
        return None
    _speed(camera.head.pan, pan)
    _speed(camera.head.tilt, tilt)
    return f"pTS{pan}{tilt}"


def _one_motor(camera: Camera, found: re.Match[str]) -> _Answer:
    head = camera.head
    axes = {"P": (head.pan, "pS"), "T": (head.tilt, "tS"), "Z": (head.zoom, "zS")}
    axis, prefix = axes.get(found[1], (head.focus, "fS"))
    return f"{prefix}{found[2]}" if _speed(axis, found[2]) else None


def _position(camera: Camera, found: re.Match[str]) -> _Answer:
    if found[1]:
        camera.pan, camera.tilt = int(found[1], 16), int(found[2], 16)
        return f"aPC{found[1]}{found[2]}"
    return f"aPC{camera.pan:04X}{camera.tilt:04X}"


def _preset(camera: Camera, found: re.Match[str]) -> _Answer:
    number = int(found[2])
    match found[1]:
        case "R":
            camera.head.recall(number)
        case "M":
            camera.head.store(number)
        case _:
            camera.head.presets.pop(number, None)
    return f"s{found[2]}"


def _lens_position(camera: Camera, found: re.Match[str]) -> _Answer:
    value = camera.zoom if found[1] == "Z" else camera.focus
    return f"g{found[1].lower()}{value:03X}"


def _automatic(camera: Camera, found: re.Match[str]) -> _Answer:
    if found[2] not in "01":
        return None
    if found[1] == "1":
        camera.head.auto_focus = found[2] == "1"
    else:
        camera.head.auto_iris = found[2] == "1"
    return f"d{found[1]}{found[2]}"


_COMMANDS: Final[tuple[tuple[re.Pattern[str], _Command, bool], ...]] = (
    (re.compile(r"PTS(\d\d)(\d\d)"), _pan_tilt, True),
    (re.compile(r"([PT])(\d\d)"), _one_motor, True),
    (re.compile(r"APC(?:([0-9A-F]{4})([0-9A-F]{4}))?"), _position, True),
    (re.compile(r"([RMC])(\d\d)"), _preset, True),
    (re.compile(r"([ZF])(\d\d)"), _one_motor, False),
    (re.compile(r"G([ZF])"), _lens_position, False),
    (re.compile(r"D([13])(\d)"), _automatic, False),
)


def aw_cgis(camera: Camera) -> tuple[Cgi, ...]:
    """Give the rows of aw_ptz and aw_cam, for models that have them."""
    if not camera.model.aw_ptz:
        return ()
    interpreter = AwPtz(camera)
    return (
        Cgi("aw_ptz", "3.1", Method.GET, Access.LIVE, interpreter.ptz),
        Cgi("aw_cam", "3.1", Method.GET, Access.LIVE, interpreter.cam),
    )
