"""How fast the FTP drop takes a file, beside aioftp as it comes: the same machine, disk and client.

Whatever the drop does more (a file is hidden until it is whole, and on the disk by then) is in it.
"""

import asyncio
from ftplib import FTP
from io import BytesIO
from pathlib import Path
import statistics
import sys
import tempfile
import time
from typing import Final

import aioftp

from custom_components.panacam.ftp import (
    Account,
    FtpServer,
    Limits,
    Options,
    Received,
    Store,
    Tree,
)

from .bench_base import ROOT, Row, Stalls, fail, stalled

SIZE: Final = 100_000_000
_USER: Final = Account(key="gate", username="gate", password="measured")  # noqa: S106 - for 100 MB


async def run(*, quick: bool) -> list[Row]:
    """Take turns: a file for each server, several times."""
    runs = 3 if quick else 9
    ours: list[float] = []
    theirs: list[float] = []
    stalls, peer_stalls = Stalls(), Stalls()
    for number in range(runs + 1):
        found, peer = await _ours(stalls), await _theirs(peer_stalls)
        if number:  # the first one warms the disk up
            ours.append(SIZE / 1e6 / found)
            theirs.append(SIZE / 1e6 / peer)
    longest, peer_longest = stalled(stalls, peer_stalls)
    return [
        Row("FTP drop, a file of 100 MB", _median(ours), _median(theirs), "MB/s", "aioftp alone"),
        Row("  longest step of the event loop", longest, peer_longest, "ms", "aioftp alone", "20"),
    ]


def _median(values: list[float]) -> float:
    return statistics.median(values)


async def _ours(stalls: Stalls) -> float:
    received: list[Received] = []
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Tree(Path(folder) / "drop"), Limits(free_bytes=0), received.append)
        await store.open()
        server = FtpServer(store, Options(host="127.0.0.1", port=0))
        server.put_accounts([_USER])
        await server.open()
        took = await _sent(server.address[1], stalls)
        await server.close()
        await store.close()
    if [file.size for file in received] != [SIZE]:
        fail("the drop has not received the file")
    return took


async def _theirs(stalls: Stalls) -> float:
    with tempfile.TemporaryDirectory() as folder:
        user = aioftp.User(_USER.username, _USER.password, base_path=folder)
        server = aioftp.Server([user])
        await server.start("127.0.0.1", 0)
        took = await _sent(server.address[1], stalls)
        size = (Path(folder) / "clip.mp4").stat().st_size
        await server.close()
    if size != SIZE:
        fail("aioftp has not received the file")
    return took


async def _sent(port: int, stalls: Stalls) -> float:
    """Return the seconds that a client in a process of its own needs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "scripts.lib.bench_ftp",
        str(port),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    # Watched from here on: to start a process takes a long step of its own.
    async with stalls.watch():
        told, _ = await process.communicate()
    if process.returncode:
        fail("the FTP client failed")
    return float(told)


def _send(port: int) -> None:
    """Send a file and print how long it took."""
    data = BytesIO(bytes(SIZE))
    with FTP(timeout=60) as client:  # noqa: S321 - it is what is measured
        client.connect("127.0.0.1", port)
        client.login(_USER.username, _USER.password)
        before = time.perf_counter()
        client.storbinary("STOR clip.mp4", data, blocksize=1 << 18)
        print(time.perf_counter() - before)


if __name__ == "__main__":
    _send(int(sys.argv[1]))
