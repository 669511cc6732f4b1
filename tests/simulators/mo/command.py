"""Command line of the simulated MO camera."""

import argparse
import asyncio
import sys

from .camera import RESOLUTIONS
from .dialect import DIALECTS
from .faults import MoFault
from .search import SEARCH_PORT
from .simulator import MoSimulator


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this family."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on, and to tell")
    parser.add_argument("--port", type=int, default=8091, help="TCP port")
    parser.add_argument("--search-port", type=int, help="UDP port of the search, such as 10000")
    parser.add_argument(
        "--discoverable", action="store_true", help="answer a search on UDP port 10000"
    )
    parser.add_argument(
        "--camera-id", "--mac", type=_camera_id, default="A81374000101", help="twelve digits"
    )
    parser.add_argument("--name", default="Front door")
    parser.add_argument("--user", type=_user, action="append", default=[], metavar="NAME:PASSWORD")
    parser.add_argument("--dialect", choices=DIALECTS, default="specification")
    parser.add_argument("--fps", type=float, default=15.0)
    parser.add_argument("--size", type=_size, default=(640, 480), metavar="640x480|320x240")
    parser.add_argument("--no-audio", action="store_false", dest="audio")
    parser.add_argument("--no-talk", action="store_false", dest="talk")
    parser.add_argument("--no-motor", action="store_false", dest="motor")
    parser.add_argument("--max-connections", type=int, default=4)
    parser.add_argument(
        "--motion", type=float, metavar="SECONDS", help="see motion every so often, for half of it"
    )
    parser.add_argument(
        "--fault",
        type=_fault,
        action="append",
        default=[],
        metavar="FAULT[=TIMES]",
        help=f"one of: {', '.join(fault for fault in MoFault if fault is not MoFault.REBOOT)}",
    )


def _camera_id(text: str) -> str:
    """Read the id, which is the MAC address without what stands between its digits."""
    found = "".join(digit for digit in text if digit not in ":-").upper()
    if len(found) != 12:
        raise ValueError(text)
    return found


def _user(text: str) -> tuple[str, str]:
    name, _, password = text.partition(":")
    return name, password


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    size = int(width), int(height)
    if size not in RESOLUTIONS.values():
        raise ValueError(text)
    return size


def _fault(text: str) -> tuple[MoFault, float | None]:
    name, _, times = text.partition("=")
    fault = MoFault(name)
    if fault is MoFault.REBOOT:
        # It would be over before anybody could connect.
        raise ValueError(name)
    return fault, float(times) if times else None


async def run(arguments: argparse.Namespace, ended: asyncio.Event) -> None:
    """Run the camera until `ended` is set."""
    sim = MoSimulator(
        arguments.host,
        camera_id=arguments.camera_id,
        name=arguments.name,
        users=dict(arguments.user) or {"admin": "12345"},
        port=arguments.port,
        search_port=SEARCH_PORT if arguments.discoverable else arguments.search_port,
        size=arguments.size,
        fps=arguments.fps,
        audio=arguments.audio,
        talk=arguments.talk,
        motor=arguments.motor,
        max_connections=arguments.max_connections,
        dialect=DIALECTS[arguments.dialect],
    )
    for fault, times in arguments.fault:
        sim.fault(fault, times=times)
    async with sim:
        logins = ", ".join(f"{name} / {password}" for name, password in sim.users.items())
        sys.stdout.write(f"MO camera at {sim.host}:{sim.port}\nlogin  {logins}\n")
        if sim.search_port is not None:
            sys.stdout.write(f"search UDP {sim.search_port}\n")
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await _live(sim, arguments.motion, ended)


async def _live(sim: MoSimulator, motion: float | None, ended: asyncio.Event) -> None:
    """Let time pass, with motion in it if wanted."""
    moving = False
    while not ended.is_set():
        try:
            async with asyncio.timeout(None if motion is None else motion / 2):
                await ended.wait()
        except TimeoutError:
            moving = not moving
            await sim.motion(moving)
