"""Clips are read by libav in processes of their own: a clip is a stranger's, and libav is large.

Whatever is in a clip can neither take Home Assistant's memory nor stop it, and sees none of its
secrets. A process lasts for one picture, or for one viewer.
"""

import asyncio
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
import os
from pathlib import Path
import sys
from typing import Final

import av

from ..clips import ClipFormat

PICTURE_TIME: Final = 10.0
"""Seconds for one picture."""
MAX_PICTURE: Final = 256 * 1024
"""Bytes of a small picture."""
PIECE: Final = 256 * 1024
"""Bytes that are read at once, and that may wait."""
_START: Final = """
import sys, types
here, libraries, *arguments = sys.argv[1:]
sys.path.append(libraries)
sys.modules["playback"] = package = types.ModuleType("playback")
package.__path__ = [here]
from playback.decoding import main
main(arguments)
"""
"""Home Assistant and the rest of the integration would take seconds to import."""


async def picture_of(kind: ClipFormat, size: int, stretches: Mapping[int, bytes]) -> bytes | None:
    """Return the first picture of a clip, as picture.py makes it; None: there is none."""
    places = [f"{start}:{len(data)}" for start, data in stretches.items()]
    with suppress(TimeoutError):
        async with (
            asyncio.timeout(PICTURE_TIME),
            decoder("picture", kind.value, str(size), *places) as process,
        ):
            await feed(process, b"".join(stretches.values()))
            process_input(process).close()
            # All of it, or as much as is too much.
            picture = bytearray()
            while len(picture) <= MAX_PICTURE and (piece := await taken(process)):
                picture += piece
            return bytes(picture) if 0 < len(picture) <= MAX_PICTURE else None
    return None


@asynccontextmanager
async def decoder(task: str, *arguments: str) -> AsyncGenerator[Process]:
    """Have a process do something of decoding.py; it is gone in the end, done or not."""
    here, libraries = Path(__file__).parent, Path(av.__file__).parent.parent
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-c",
        _START,
        str(here),
        str(libraries),
        task,
        *arguments,
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        limit=PIECE // 2,
        # No more: in Home Assistant's there are secrets.
        env={key: os.environ[key] for key in ("LD_LIBRARY_PATH",) if key in os.environ},
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        process_input(process).close()
        while await taken(process):
            pass  # else its end of the pipe stays open
        await process.wait()


async def feed(process: Process, data: bytes) -> bool:
    """Give a process bytes; return whether it still takes any."""
    writer = process_input(process)
    try:
        writer.write(data)
        await writer.drain()
    except BrokenPipeError, ConnectionResetError:
        return False
    return True


async def taken(process: Process) -> bytes:
    """Return what a process made once there is something; b"" at its end."""
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    return await process.stdout.read(PIECE)


def process_input(process: Process) -> asyncio.StreamWriter:
    """Return where a process takes bytes."""
    assert process.stdin is not None  # noqa: S101 - it is a pipe
    return process.stdin
