"""A camera that has no address but its link-local one, over a real cable."""

import asyncio
from pathlib import Path
import sys
from typing import Final

import pytest

from .lab import Lab
from .netns import Namespace

_READY: Final = 15.0
_ASK: Final = """
import asyncio, sys
import aiohttp, av
from custom_components.panacam.cams.net.http import HttpClient
from custom_components.panacam.cams.net.rtsp_client import RtspClient
from custom_components.panacam.cams.stream import RtspStream, rtsp_url

PATH = "/cgi-bin/getinfo?FILE=1"

async def main(host):
    async with aiohttp.ClientSession() as session:
        answer = await HttpClient(session, host, port=8080).request("GET", PATH)
        print("http", answer.status)
    path = "/mediainput/h264/stream_1"
    async with RtspClient(host, 5554, path, None) as client:
        print("rtsp", len((await client.describe()).media))

host = sys.argv[1]
asyncio.run(main(host))
stream = RtspStream(key="a", label="a", host=host, port=5554, path="/mediainput/h264/stream_1")
with av.open(rtsp_url(stream), options={"rtsp_transport": "tcp"}, timeout=10) as container:
    print("ffmpeg", next(container.demux(video=0)).size > 0)
"""


async def _link_local(host: Namespace) -> str:
    """Return the address that a host made itself, once nobody else has claimed it."""
    while True:
        told = await host.ip("-6", "-o", "address", "show", "dev", "eth0", "scope", "link")
        words = told.split()
        if "inet6" in words and "tentative" not in words:
            return words[words.index("inet6") + 1].partition("/")[0]
        await asyncio.sleep(0.2)


@pytest.mark.timeout(60)
async def test_link_local_camera(lab: Lab, tmp_path: Path) -> None:
    """HTTP, RTSP and FFmpeg reach it by its zone, which is the name of our own cable."""
    ours = await lab.host("ours", "10.77.0.2/24")
    theirs = await lab.host("theirs", "10.77.0.3/24")
    async with asyncio.timeout(_READY):
        address = await _link_local(theirs)
        await _link_local(ours)
    child = await theirs.module(
        "tests.simulators",
        "povcam",
        "--host",
        "::",
        "--port",
        "8080",
        "--rtsp-port",
        "5554",
        log=tmp_path / "camera.log",
    )
    try:
        async with asyncio.timeout(_READY):
            while "ready" not in (tmp_path / "camera.log").read_text():  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        told = await ours.output(sys.executable, "-c", _ASK, f"{address}%eth0")
    finally:
        await child.end()
    assert "http 200" in told
    assert "rtsp 1" in told or "rtsp 2" in told
    assert "ffmpeg True" in told
