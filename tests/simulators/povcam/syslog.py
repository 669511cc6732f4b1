"""The system log: what happened in the camera, 300 lines of it (5.11)."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from .models import Options

if TYPE_CHECKING:
    from .camera import Camera

LENGTH: Final = 300
_SIGNS: Final = {"shift_jis": b"\x5c", "latin-1": b"\xa5", "utf-8": b"\xc2\xa5"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line."""

    number: int
    """Counted since the log was made or cleared."""
    time: datetime
    code: str
    text: str


class SystemLog:
    """Keeps the lines; what the body of the camera does is noticed when somebody looks."""

    def __init__(self, options: Options) -> None:
        """Begin empty."""
        self._options = options
        self.lines: Final[deque[Line]] = deque(maxlen=LENGTH)
        self._count = 0
        self._before: dict[str, bool] = {}

    def add(self, when: datetime, code: str, text: str) -> None:
        """Write one line."""
        self._count += 1
        self.lines.append(Line(self._count, when, code, text))

    def clear(self) -> None:
        """Forget all lines, and count from 1 again."""
        self.lines.clear()
        self._count = 0

    def notice(self, camera: Camera) -> None:
        """Write what has changed since the last look."""
        now = {"recording": camera.recording, "format": camera.sd_format}
        now |= {f"{name} inserted": slot.inserted for name, slot in camera.slots.items()}
        now |= {f"{name} error": slot.error for name, slot in camera.slots.items()}
        for what, yes in now.items():
            if yes is not self._before.get(what, yes):
                word = "start" if yes else "end"
                code = "E10" if what.endswith("error") else "R20"
                self.add(camera.menus.clock.local, code, f"{what} {word}")
        self._before = now

    def body(self, number: int, index: int) -> bytes:
        """Give `number` lines from `index`, 1 being the first as the model lists them."""
        options = self._options
        lines = list(self.lines)
        if options.log_newest_first:
            lines.reverse()
        sign = _SIGNS[options.log_encoding]
        records = []
        for place, line in enumerate(lines, 1):
            told = place if options.log_places else line.number
            parts = (str(told), f"{line.time:%m/%d/%Y %H:%M}", line.code, line.text)
            records.append(sign.join(part.encode(options.log_encoding) for part in parts) + b"$")
        return b"".join(records[index - 1 : index - 1 + number])
