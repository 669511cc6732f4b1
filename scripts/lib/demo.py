"""Simulated cameras in a real Home Assistant: to look at, or to be checked headless."""

import argparse
import asyncio
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
import shutil
import sys
import tempfile
import time

import aiohttp

from .check import CheckError, Report
from .check_demo import look
from .client import Client, ClientError
from .demo_cameras import Cameras, Ports, add_cameras, media_folder, simulated_cameras
from .demo_network import show
from .hass import PASSWORD, USERNAME, home_assistant, prepare
from .process import ROOT, ChildError, free_port, run

CHECK_SECONDS = 300.0
# Where films go, whatever this machine is taken for; and a file for the automation editor.
MOTION_EVERY, MOTION_SECONDS = 50.0, 10.0
EXTRA = """homeassistant:
  media_dirs: {{local: "{media}"}}
automation: !include automations.yaml
"""


class Progress:
    """Lines on stderr, with the seconds since the start."""

    def __init__(self) -> None:
        """Start the clock."""
        self.started = time.monotonic()

    def __call__(self, text: str) -> None:
        """Say something."""
        print(f"{time.monotonic() - self.started:6.1f} s  {text}", file=sys.stderr, flush=True)


async def check(options: argparse.Namespace, progress: Progress) -> int:
    """Look headless at what the demo shows; 0 when all of it is there."""
    report = Report(progress.started)
    error = ""
    try:
        async with asyncio.timeout(CHECK_SECONDS), AsyncExitStack() as stack:
            # Last to go: Home Assistant writes into it until it has ended.
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="panacam-demo-"))
            cameras = await stack.enter_async_context(_cameras(options, progress))
            config = Path(folder)
            running = _home_assistant(config, options, progress)
            client = await stack.enter_async_context(running)
            report.add("Home Assistant running", client.url)
            added = await add_cameras(client, cameras, config, progress)
            report.add("entities there", f"{len(added.stage)} and {len(added.door)}")
            report.add("dashboard there", added.path)
            await look(client, cameras, added, media_folder(config), report)
    except TimeoutError:
        error = f"not done after {CHECK_SECONDS:.0f} s"
    except (CheckError, ClientError, ChildError, aiohttp.ClientError, OSError) as err:
        error = str(err) or type(err).__name__
    print(report)
    print(f"FAILED: {error}" if error else "The demo works.")
    return 1 if error else 0


async def _keep_moving(cameras: Cameras) -> None:
    """Let something move at the front door again and again."""
    while True:
        await asyncio.sleep(MOTION_EVERY)
        await cameras.door.motion()
        await asyncio.sleep(MOTION_SECONDS)
        await cameras.door.motion(on=False)


def _cameras(
    options: argparse.Namespace, progress: Progress
) -> AbstractAsyncContextManager[Cameras]:
    ports = Ports(
        stage=options.camera_port,
        stage_rtsp=options.rtsp_port,
        door=options.mo_port,
        yard=options.onvif_port,
        yard_rtsp=options.onvif_rtsp_port,
    )
    return simulated_cameras(ports, progress)


def _home_assistant(
    config: Path, options: argparse.Namespace, progress: Progress
) -> AbstractAsyncContextManager[Client]:
    """Run Home Assistant in a folder that is prepared for it."""
    port = free_port(options.port)
    extra = EXTRA.format(media=media_folder(config))
    prepare(config, port, "panacam demo", extra, searching=False)
    automations = config / "automations.yaml"
    if not automations.exists():
        automations.write_text("[]\n", encoding="utf-8")
    return home_assistant(config, port, progress)


async def demo(options: argparse.Namespace, progress: Progress) -> int:
    """Run until a signal comes."""
    config = ROOT / ".demo"
    if options.fresh:
        shutil.rmtree(config, ignore_errors=True)
    try:
        async with (
            _cameras(options, progress) as cameras,
            _home_assistant(config, options, progress) as client,
        ):
            added = await add_cameras(client, cameras, config, progress)
            print(f"\n  {client.url}{added.path}\n  user {USERNAME}, password {PASSWORD}\n")
            print("  Something moves at the front door once a minute. Ctrl-C ends it.", flush=True)
            await _keep_moving(cameras)
    except (CheckError, ClientError, ChildError, aiohttp.ClientError, OSError) as err:
        print(f"The demo does not run: {err}", file=sys.stderr)
        print(f"The log of Home Assistant is {config / 'console.log'}", file=sys.stderr)
        return 1
    return 0


def main() -> int:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--check", action="store_true", help="headless: exit 0 when it works")
    parser.add_argument(
        "--network", action="store_true", help="cameras that add themselves, in a network"
    )
    parser.add_argument("--fresh", action="store_true", help="forget the demo of last time")
    parser.add_argument("--port", type=int, default=8123, help="of Home Assistant")
    parser.add_argument("--camera-port", type=int, default=8080, help="of the camera's web server")
    parser.add_argument("--rtsp-port", type=int, default=8554, help="of the camera's streams")
    parser.add_argument("--mo-port", type=int, default=8081, help="of the MO camera")
    parser.add_argument("--onvif-port", type=int, default=8082, help="of the ONVIF camera")
    parser.add_argument("--onvif-rtsp-port", type=int, default=8555, help="of its streams")
    options = parser.parse_args()
    progress = Progress()
    if options.network:
        code = run(show(progress, progress.started, check=options.check))
    else:
        code = run((check if options.check else demo)(options, progress))
    if code is None:
        print("Ended.", file=sys.stderr)
        return 1 if options.check else 0
    return code


if __name__ == "__main__":
    sys.exit(main())
