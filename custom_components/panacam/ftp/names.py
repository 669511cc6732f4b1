"""Names: which paths a client may use, and what a file is by its name."""

from datetime import datetime
from enum import StrEnum
import re
from typing import Final

type Parts = tuple[str, ...]
"""Folders and a name below the folder of an account; () is that folder."""

MAX_PATH: Final = 1024
"""Characters of what a client says."""
MAX_NAME: Final = 200
"""Bytes of one name: file systems take 255, and a file that is replaced gets a longer one."""
MAX_DEPTH: Final = 8

_ENCODINGS: Final = ("utf-8", "cp932")
"""What clients write names in, in the order of trying; cp932 is Shift-JIS as cameras have it."""
_SPACES: Final = dict.fromkeys(
    map(ord, "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"), " "
) | dict.fromkeys(map(ord, "\u202f\u205f\u3000"), " ")
"""Spaces beside the usual one: Japanese names have them."""
_TEMPORARY: Final = (".tmp", ".temp", ".part", ".partial", ".filepart", ".uploading", ".upload")
_TIME: Final = re.compile(
    r"(?<!\d)(20\d\d)[-_.]?(\d\d)[-_.]?(\d\d)[-_.T ]?(\d\d)[-_.h]?(\d\d)[-_.m]?(\d\d)(?!\d{4})",
    re.ASCII,
)


class BadNameError(ValueError):
    """A path that nobody may use."""


class Kind(StrEnum):
    """What a clip is."""

    MP4 = "mp4"
    AVCHD = "avchd"
    JPEG = "jpeg"
    OTHER = "other"
    """Pictures and films that browsers do not show."""


_KINDS: Final = {
    ".mp4": Kind.MP4,
    ".m4v": Kind.MP4,
    ".mts": Kind.AVCHD,
    ".m2ts": Kind.AVCHD,
    ".jpg": Kind.JPEG,
    ".jpeg": Kind.JPEG,
    **dict.fromkeys(
        (".3gp", ".asf", ".avi", ".bmp", ".dav", ".flv", ".h264", ".h265", ".264", ".265", ".mkv"),
        Kind.OTHER,
    ),
    **dict.fromkeys(
        (".mjpeg", ".mov", ".mpeg", ".mpg", ".png", ".ts", ".webm", ".wmv"), Kind.OTHER
    ),
}


def decoded(line: bytes) -> tuple[str, str]:
    """Return a line as text, and the encoding that it was in."""
    for encoding in _ENCODINGS:
        try:
            return line.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    return line.decode("latin-1"), "latin-1"


def resolved(current: Parts, path: str) -> Parts:
    """Return where a path leads from a folder: never above the account's own.

    A Windows client's backslashes part names as slashes do. Raises BadNameError.
    """
    if len(path) > MAX_PATH:
        msg = "too long a path"
        raise BadNameError(msg)
    path = path.replace("\\", "/")
    parts: list[str] = [] if path.startswith("/") else list(current)
    for name in path.split("/"):
        if name == "..":
            del parts[-1:]
        elif name not in {"", "."}:
            parts.append(_checked(name))
    if len(parts) > MAX_DEPTH:
        msg = "too deep a path"
        raise BadNameError(msg)
    return tuple(parts)


def _checked(name: str) -> str:
    """Return a name that a file may have."""
    if len(name.encode(errors="replace")) > MAX_NAME or not is_name(name):
        msg = "no name for a file"
        raise BadNameError(msg)
    return name


def is_name(name: str) -> bool:
    """Return whether a name may be shown: control characters, and those that hide, are in none."""
    plain = name.translate(_SPACES)
    return plain.isprintable() and bool(plain.strip(". "))


def kind_of(name: str) -> Kind | None:
    """Return what a file is by its name, or None for what is no picture and no film."""
    stem, dot, suffix = name.rpartition(".")
    return _KINDS.get(f".{suffix.lower()}") if dot and stem else None


def is_temporary(name: str) -> bool:
    """Return whether a client will rename a file once it has sent it."""
    return name.lower().endswith(_TEMPORARY)


def began_of(name: str) -> datetime | None:
    """Return when a clip began by its name: by the camera's clock, so without a time zone."""
    if (found := _TIME.search(name)) is None:
        return None
    try:
        return datetime.fromisoformat("{}-{}-{}T{}:{}:{}".format(*found.groups()))
    except ValueError:
        return None


def aside(name: str, mark: str) -> str:
    """Return the name that a file gets when another one takes its place."""
    stem, dot, suffix = name.rpartition(".")
    if not dot or not stem or len(suffix) > 8:
        stem, suffix = name, ""
    return f"{stem}~{mark}{'.' + suffix if suffix else ''}"
