"""Files of settings in a folder of Home Assistant's configuration; for the executor."""

from datetime import datetime
import os
from pathlib import Path
import re
from typing import Final

from homeassistant.util import slugify
from homeassistant.util.file import write_utf8_file_atomic

from .backup_errors import BackupError, Lack
from .cams.backup import MAX_BYTES

FOLDER: Final = "panacam"
MAX_FILES: Final = 500
"""In the folder; automations that save for ever must not fill a disk."""
MAX_STEM: Final = 60

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}\.json")


def write_file(folder: Path, name: str, when: datetime, text: str) -> Path:
    """Write a new file called after a camera and a time; return its path.

    Raises BackupError(TOO_MANY_FILES) when there are too many, OSError.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    if sum(1 for _ in folder.iterdir()) >= MAX_FILES:
        raise BackupError(Lack.TOO_MANY_FILES)
    stem = f"{slugify(name)[:MAX_STEM].strip('_') or 'camera'}-{when:%Y-%m-%d-%H%M%S}"
    path = folder / f"{stem}.json"
    count = 1
    while path.exists():
        count += 1
        path = folder / f"{stem}-{count}.json"
    write_utf8_file_atomic(str(path), text, private=True)
    return path


def read_file(folder: Path, name: str) -> bytes:
    """Return a file of the folder, one byte more than it may have at most.

    Raises BackupError(NO_SUCH_FILE) for what is none, a way out of the folder included.
    """
    if not _NAME.fullmatch(name):
        raise BackupError(Lack.NO_SUCH_FILE)
    try:
        descriptor = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as err:
        raise BackupError(Lack.NO_SUCH_FILE) from err
