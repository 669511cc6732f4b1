"""What the codecs cost: the encoder beside ffmpeg, the parser beside a bare recv_into."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
import os
from pathlib import Path
import resource
import shutil
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from typing import override

from custom_components.panacam.cams.bridge.encoder import X264, Encoder
from custom_components.panacam.cams.bridge.mpegts import TsMuxer
from custom_components.panacam.cams.mo.adpcm import AdpcmDecoder
from custom_components.panacam.cams.mo.session import DataSession
from custom_components.panacam.cams.stream import Picture
from tests.simulators.mo.dialect import SPECIFICATION
from tests.simulators.mo.scene import scene

from .bench_base import Row

RATE = 15
FRAME = 39_000
"""Bytes of a picture, as cameras send them."""
TRANSFER = 1 << 30
"""Bytes in one run of the parser."""


def _pictures(count: int) -> list[bytes]:
    """Return what a simulated camera sends."""
    drawn = scene((640, 480), SPECIFICATION.pictures)
    return [drawn.picture(number) for number in range(count)]


def _encode(pictures: list[bytes]) -> float:
    """Return the CPU seconds of our encoder and muxer."""
    before = time.process_time()
    encoder = Encoder(epoch=0.0, rate=RATE, sound_rate=None)
    muxer: TsMuxer | None = None
    for number, data in enumerate(pictures):
        packets = encoder.encode(Picture(data, 1.0 + number / RATE))
        if muxer is None and encoder.format is not None:
            muxer = TsMuxer(encoder.format)
        if muxer is not None:
            muxer.mux(packets)
    return time.process_time() - before


def _ffmpeg(program: str, pictures: list[bytes]) -> float:
    """Return the CPU seconds of the ffmpeg command line with the same settings."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "pictures.mjpeg"
        file.write_bytes(b"".join(pictures))
        arguments = ["-f", "mjpeg", "-r", str(RATE), "-i", str(file), "-an", "-c:v", "libx264"]
        for name in ("preset", "tune", "crf"):
            arguments += [f"-{name}", X264[name]]
        arguments += ["-x264-params", "scenecut=0:weightp=0", "-forced-idr", "1"]
        arguments += ["-g", str(2 * RATE), "-bf", "0", "-threads", "1", "-f", "mpegts", os.devnull]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [program, "-v", "error", "-nostdin", "-y", "-threads", "1", *arguments], check=True
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def encoder(count: int) -> list[Row]:
    """Measure encoding the same pictures; the least of five runs, since noise only adds."""
    pictures = _pictures(count)
    program = shutil.which("ffmpeg")
    ours, peers = [], []
    for _ in range(5):
        ours.append(_encode(pictures))
        if program is not None:
            peers.append(_ffmpeg(program, pictures))
    return [
        Row(
            "CPU, one picture of 640x480 to MPEG-TS",
            1000 * min(ours) / count,
            1000 * min(peers) / count if peers else None,
            "ms",
            "ffmpeg command line, same pictures and settings" if peers else "no ffmpeg here",
            "< 0.95",
        )
    ]


def _send(port: int) -> None:
    """Send frames of video until enough: in a process of its own."""
    body = struct.pack("<IIBI", 0, 0, 0, FRAME) + b"\xff\xd8" + bytes(FRAME - 4) + b"\xff\xd9"
    frame = struct.pack("<4sHB8sII", b"MO_V", 1, 0, bytes(8), len(body), 0) + body
    data = frame * 16
    with socket.create_connection(("127.0.0.1", port)) as connection:
        for _ in range(TRANSFER // len(data)):
            connection.sendall(data)


@contextmanager
def _sender() -> Iterator[socket.socket]:
    """Run a process that sends frames, and yield the connection they come from."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        process = subprocess.Popen([sys.executable, "-m", "scripts.lib.bench_codec", port])
        connection, _ = server.accept()
    with connection:
        yield connection
    process.wait()


def _bare(connection: socket.socket) -> float:
    """Return the bytes a second of recv_into and nothing else."""
    buffer = bytearray(256 * 1024)
    total, before = 0, time.perf_counter()
    while count := connection.recv_into(buffer):
        total += count
    return total / (time.perf_counter() - before)


class _Sink(asyncio.BufferedProtocol):
    """What the client does with a data connection, but for giving pictures away."""

    def __init__(self, ended: asyncio.Future[None]) -> None:
        self.ended = ended
        self.bytes = 0
        self._session = DataSession(1)

    @override
    def get_buffer(self, sizehint: int) -> memoryview:
        return self._session.get_buffer(sizehint)

    @override
    def buffer_updated(self, nbytes: int) -> None:
        self.bytes += nbytes
        self._session.buffer_updated(nbytes)
        for _ in self._session.events():
            pass

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.ended.set_result(None)


async def _parsed(connection: socket.socket) -> float:
    """Return the bytes a second of our protocol on an asyncio transport."""
    loop = asyncio.get_running_loop()
    connection.setblocking(False)
    sink = _Sink(loop.create_future())
    before = time.perf_counter()
    await loop.connect_accepted_socket(lambda: sink, connection)
    await sink.ended
    return sink.bytes / (time.perf_counter() - before)


async def parser() -> list[Row]:
    """Measure frames of 39 kB over loopback."""
    rates: dict[str, list[float]] = {"ours": [], "bare": []}
    for name in ("ours", "bare") * 3:
        with _sender() as connection:
            rate = await _parsed(connection) if name == "ours" else _bare(connection)
        rates[name].append(rate)
    return [
        Row(
            "video frames parsed",
            statistics.median(rates["ours"]) / 1e9,
            statistics.median(rates["bare"]) / 1e9,
            "GB/s",
            "recv_into and nothing else",
            "ratio > 0.5",
        )
    ]


def sound() -> list[Row]:
    """Measure one packet of ADPCM, the least of five rounds."""
    packet = bytes(range(160))
    decoder = AdpcmDecoder()
    times = []
    for _ in range(5):
        before = time.process_time()
        for _ in range(2_000):
            decoder.decode(packet)
        times.append((time.process_time() - before) / 2)
    took = min(times)
    return [Row("ADPCM packet decoded", took, None, "ms", goal="< 0.03")]


async def run(count: int) -> list[Row]:
    """Measure all codecs, the encoder with `count` pictures."""
    return encoder(count) + await parser() + sound()


if __name__ == "__main__":
    _send(int(sys.argv[1]))
