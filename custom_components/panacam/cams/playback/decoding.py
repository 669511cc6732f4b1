"""What a process of its own does with a clip (decoder.py): it knows nothing but this folder.

It has its standard input and output, little memory and so much time, and writes no file: what libav
does with the bytes of a clip ends with it.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
import io
import os
import resource
import sys
from typing import Final

from .picture import first_picture
from .remux import UnplayableError, remux

MEMORY: Final = 512 * 1024 * 1024
"""Bytes of addresses, a third of them for the libraries."""
TIMES: Final = {"picture": 8, "remux": 3600}
"""Seconds of a processor. Half a second plays a minute of AVCHD."""


def main(arguments: Sequence[str], given: int = 0, made: int = 1) -> None:
    """Do one task, from one open file to another; leave with 1 when nothing can be made of it."""
    task, *rest = arguments
    _limit(TIMES[task])
    source, sink = io.FileIO(given, closefd=False), _Sink(made)
    if task == "remux":
        try:
            remux(source, sink, timedelta(seconds=float(rest[0])) if rest else None)
        except UnplayableError:
            sys.exit(1)
        return
    kind, size, *places = rest
    stretches: dict[int, bytes] = {}
    data = source.readall()
    for place in places:
        start, length = map(int, place.split(":"))
        stretches[start], data = data[:length], data[length:]
    sink.write(first_picture(kind, int(size), stretches) or b"")


class _Sink:
    """An open file that takes everything at once."""

    def __init__(self, file: int) -> None:
        self._file = file

    def write(self, data: bytes) -> int:
        view = memoryview(data)
        while view:
            view = view[os.write(self._file, view) :]
        return len(data)


def _limit(seconds: int) -> None:
    """Take no more than this from now on."""
    for what, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        with suppress(ValueError):  # it is lower already
            resource.setrlimit(what, (most, most))
