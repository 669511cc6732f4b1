"""Lies about clips, each as a camera might tell them."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

HOSTILE_NAMES: Final = (
    "../../configuration",
    "..",
    "/etc/passwd",
    "..\\..\\boot.ini",
    "C:secret",
    "S1AA\x00\x1b[2J0001",
    "S1AA&list_id=1#",
    "%2e%2e%2fsecret",
    "<script>alert(1)",
    "L" * 300,
    "録画001",
    "",
)
"""Names of clips that no card has; a test adds clips that are called like this."""


class ListFault(StrEnum):
    """What can be wrong with a list of clips."""

    MORE = "more"
    """Its total is seven too many."""
    LESS = "less"
    """Its total is half of what there is."""
    MISCOUNT = "miscount"
    """It says that it has another number of lines than it has."""
    REPEAT = "repeat"
    """Each page begins with the last line of the page before."""
    SAME_PAGE = "same_page"
    """The first page, wherever it shall begin."""
    CHANGING = "changing"
    """After each page the oldest clip goes and another comes: numbers and list_id change."""
    RUBBISH = "rubbish"
    """Lines among the others that are none."""
    ENDLESS = "endless"
    """There is always a full page more, of 65535 clips."""


class DownloadFault(StrEnum):
    """What can be wrong with the bytes of a clip."""

    LARGER = "larger"
    """Content-Length is a thousand more than is sent."""
    SMALLER = "smaller"
    """Content-Length is half of what is sent."""
    CHUNKED = "chunked"
    """No Content-Length, but chunks."""
    NO_LENGTH = "no_length"
    """No Content-Length; the connection closes at the end."""
    CUT = "cut"
    """The connection closes in the middle."""
    STALL = "stall"
    """Nothing more comes after the middle."""
    BAD_NAME = "bad_name"
    """Content-Disposition has a name with path parts."""
    EMPTY = "empty"
    """200, without a byte."""


@dataclass(slots=True)
class _Planned[T]:
    fault: T | None = None
    times: int | None = None

    def due(self) -> T | None:
        """Give the fault that this request meets."""
        if self.times is not None:
            if self.times <= 0:
                return None
            self.times -= 1
        return self.fault


class ClipFaults:
    """The faults that requests for clips meet, so many times or until they are cleared."""

    def __init__(self) -> None:
        """Begin without any."""
        self._list: _Planned[ListFault] = _Planned()
        self._download: _Planned[DownloadFault] = _Planned()

    def lists(self, fault: ListFault, times: int | None = None) -> None:
        """Inflict `fault` on get_clip_list."""
        self._list = _Planned(fault, times)

    def downloads(self, fault: DownloadFault, times: int | None = None) -> None:
        """Inflict `fault` on get_clip_file."""
        self._download = _Planned(fault, times)

    def clear(self) -> None:
        """Behave again."""
        self._list, self._download = _Planned(), _Planned()

    def due_list(self) -> ListFault | None:
        """Give the fault of a list that is asked for now."""
        return self._list.due()

    def due_download(self) -> DownloadFault | None:
        """Give the fault of a download that is asked for now."""
        return self._download.due()
