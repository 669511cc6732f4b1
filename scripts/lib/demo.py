"""A simulated camera in a real Home Assistant: to look at, or to be checked headless."""

import argparse
import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
import shutil
import sys
import tempfile
import time

import aiohttp

from tests.simulators.povcam import AG_UMR20, PovcamSimulator

from .check import CheckError, Report, ready, watch_stream, work_switch
from .client import Client, ClientError
from .dashboard import Entities, show
from .hass import PASSWORD, USERNAME, home_assistant, prepare
from .process import LOOPBACK, ROOT, ChildError, free_port, run

DOMAIN = "panacam"
CAMERA_TITLE = "Stage left"
CAMERA_USER, CAMERA_PASSWORD = "admin", "12345"
CHECK_SECONDS = 180.0


class Progress:
    """Lines on stderr, with the seconds since the start."""

    def __init__(self) -> None:
        """Start the clock."""
        self.started = time.monotonic()

    def __call__(self, text: str) -> None:
        """Say something."""
        print(f"{time.monotonic() - self.started:6.1f} s  {text}", file=sys.stderr, flush=True)


@asynccontextmanager
async def simulated_camera(
    port: int, rtsp_port: int, progress: Progress
) -> AsyncGenerator[PovcamSimulator]:
    """Run the camera: two cards, everything behind Digest."""
    port = free_port(port)
    rtsp_port = free_port(rtsp_port, port)
    simulator = PovcamSimulator(
        AG_UMR20,
        host=LOOPBACK,
        port=port,
        rtsp_port=rtsp_port,
        user_auth=True,
        users={CAMERA_USER: (CAMERA_PASSWORD, "admin")},
    )
    simulator.camera.title = CAMERA_TITLE
    simulator.camera.slots["sd1"].remaining = 18.4
    async with simulator:
        progress(f"Simulated camera {AG_UMR20.name} on {simulator.url}, RTSP port {rtsp_port}")
        yield simulator


async def add_camera(client: Client, simulator: PovcamSimulator) -> str:
    """Add the camera through the config flow and the options flow, as its owner would."""
    for entry in await client.command("config_entries/get", domain=DOMAIN):
        # The ports may be others than last time.
        await client.request("DELETE", f"/api/config/config_entries/entry/{entry['entry_id']}")
    answers = {
        "host": simulator.host,
        "port": simulator.port,
        "https": False,
        "ssl": False,
        "verify_ssl": False,
        "username": CAMERA_USER,
        "password": CAMERA_PASSWORD,
    }
    entry_id = await client.add(DOMAIN, answers)
    await client.set_options(entry_id, {"rtsp_port": simulator.rtsp_port, "scan_interval": 2})
    return entry_id


async def prepare_camera(
    client: Client, simulator: PovcamSimulator, progress: Progress
) -> tuple[Entities, str]:
    """Add the camera and the dashboard; return the entities and the dashboard's path."""
    entry_id = await add_camera(client, simulator)
    entities = await ready(client, entry_id, DOMAIN)
    progress(f"Camera added, {len(entities)} entities")
    path = await show(client, CAMERA_TITLE, entities)
    return entities, path


async def check(options: argparse.Namespace, progress: Progress) -> int:
    """Look headless at what the demo shows; 0 when all of it is there."""
    report = Report(progress.started)
    error = ""
    try:
        async with asyncio.timeout(CHECK_SECONDS), AsyncExitStack() as stack:
            # Last to go: Home Assistant writes into it until it has ended.
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="panacam-demo-"))
            camera = simulated_camera(options.camera_port, options.rtsp_port, progress)
            simulator = await stack.enter_async_context(camera)
            port = free_port(options.port)
            prepare(Path(folder), port, "panacam demo")
            running = home_assistant(Path(folder), port, progress)
            client = await stack.enter_async_context(running)
            report.add("Home Assistant running", client.url)
            entities, path = await prepare_camera(client, simulator, progress)
            report.add("entities there", f"{len(entities)}")
            report.add("dashboard there", path)
            await watch_stream(client, entities, report)
            await work_switch(client, entities, lambda: simulator.camera.recording, report)
    except TimeoutError:
        error = f"not done after {CHECK_SECONDS:.0f} s"
    except (CheckError, ClientError, ChildError, aiohttp.ClientError, OSError) as err:
        error = str(err) or type(err).__name__
    print(report)
    print(f"FAILED: {error}" if error else "The demo works.")
    return 1 if error else 0


async def demo(options: argparse.Namespace, progress: Progress) -> int:
    """Run until a signal comes."""
    config = ROOT / ".demo"
    if options.fresh:
        shutil.rmtree(config, ignore_errors=True)
    port = free_port(options.port)
    prepare(config, port, "panacam demo")
    try:
        async with (
            simulated_camera(options.camera_port, options.rtsp_port, progress) as simulator,
            home_assistant(config, port, progress) as client,
        ):
            _, path = await prepare_camera(client, simulator, progress)
            print(f"\n  {client.url}{path}\n  user {USERNAME}, password {PASSWORD}\n")
            print("  Ctrl-C ends it.", flush=True)
            await asyncio.Event().wait()
    except (CheckError, ClientError, ChildError, aiohttp.ClientError, OSError) as err:
        print(f"The demo does not run: {err}", file=sys.stderr)
        print(f"The log of Home Assistant is {config / 'console.log'}", file=sys.stderr)
        return 1
    return 0


def main() -> int:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--check", action="store_true", help="headless: exit 0 when it works")
    parser.add_argument("--fresh", action="store_true", help="forget the demo of last time")
    parser.add_argument("--port", type=int, default=8123, help="of Home Assistant")
    parser.add_argument("--camera-port", type=int, default=8080, help="of the camera's web server")
    parser.add_argument("--rtsp-port", type=int, default=8554, help="of the camera's streams")
    options = parser.parse_args()
    progress = Progress()
    code = run((check if options.check else demo)(options, progress))
    if code is None:
        print("Ended.", file=sys.stderr)
        return 1 if options.check else 0
    return code


if __name__ == "__main__":
    sys.exit(main())
