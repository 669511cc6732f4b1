"""Sounds to play, and a web server that has them, or what only looks like them."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
import io
import math
import struct
from typing import Final
import wave

from aiohttp import web
import av
from av.audio.stream import AudioStream
import numpy as np

TONE: Final = 440


def tone(seconds: float, *, rate: int = 44_100, channels: int = 2) -> bytes:
    """Return a tone as a WAV file."""
    wave_form = [
        int(12_000 * math.sin(2 * math.pi * TONE * at / rate)) for at in range(int(seconds * rate))
    ]
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(channels)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(b"".join(struct.pack("<h", sample) * channels for sample in wave_form))
    return file.getvalue()


def encoded(seconds: float, form: str, codec: str, rate: int = 24_000) -> bytes:
    """Return a tone as a file of another format."""
    file = io.BytesIO()
    times = np.arange(int(seconds * rate)) / rate
    samples = (12_000 * np.sin(2 * np.pi * TONE * times)).astype(np.int16)
    with av.open(file, "w", format=form) as container:
        stream = container.add_stream(codec, rate=rate, layout="mono")
        assert isinstance(stream, AudioStream)
        frame = av.AudioFrame.from_ndarray(samples[np.newaxis], format="s16", layout="mono")
        frame.sample_rate = rate
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    return file.getvalue()


@asynccontextmanager
async def served(files: dict[str, bytes | str]) -> AsyncGenerator[str]:
    """Serve files by name and give the address; a text is where the server sends one to.

    `stall.wav` begins well and then says nothing; `endless.wav` never ends.
    """
    ended = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if name in {"stall.wav", "endless.wav"}:
            return await _go_on(request, ended, stall=name == "stall.wav")
        found = files.get(name)
        if found is None:
            raise web.HTTPNotFound
        if isinstance(found, str):
            raise web.HTTPFound(found)
        return web.Response(body=found, content_type="application/octet-stream")

    app = web.Application()
    app.router.add_get("/{name}", answer)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        ended.set()
        await runner.cleanup()


async def _go_on(request: web.Request, ended: asyncio.Event, *, stall: bool) -> web.StreamResponse:
    """Send a file that says it is long, and then nothing or more and more."""
    response = web.StreamResponse(headers={"Content-Type": "audio/wav"})
    await response.prepare(request)
    sound = bytearray(tone(1.0))
    # As streams do it: the sizes are those of a sound without end.
    sound[4:8] = sound[40:44] = b"\xff" * 4
    try:
        await response.write(sound)
        while not ended.is_set():
            if stall:
                await ended.wait()
            else:
                await response.write(sound[44:])
    except ConnectionResetError:
        pass
    return response
