"""Command line of the simulated ONVIF camera."""

import argparse
import asyncio
import sys

from .auth import Auth
from .camera import Identity
from .faults import Fault
from .quirks import Quirk
from .simulator import OnvifSimulator


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this family."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on, and to tell")
    parser.add_argument("--port", type=int, default=8092, help="HTTP port")
    parser.add_argument("--rtsp-port", type=int, default=8554)
    parser.add_argument("--discoverable", action="store_true", help="speak WS-Discovery")
    parser.add_argument("--xaddrs", help="what it tells there instead of its address")
    parser.add_argument("--mac", default=Identity.mac)
    parser.add_argument("--serial", default=Identity.serial)
    parser.add_argument("--name", default=Identity.name)
    parser.add_argument("--username", default="admin")
    parser.add_argument("--password", default="Kamera/7")
    parser.add_argument("--auth", type=Auth, choices=list(Auth), default=Auth.BOTH)
    parser.add_argument("--clock-offset", type=float, default=0.0, metavar="SECONDS")
    for feature in ("media", "media2", "imaging", "ptz", "analytics", "deviceio", "audio-output"):
        parser.add_argument(f"--no-{feature}", action="store_false", dest=feature.replace("-", "_"))
    parser.add_argument(
        "--quirk", type=Quirk, action="append", default=[], help=f"one of: {', '.join(Quirk)}"
    )
    parser.add_argument(
        "--fault",
        type=_fault,
        action="append",
        default=[],
        metavar="OPERATION=FAULT",
        help=f"one of: {', '.join(Fault)}; `*` is every operation",
    )
    parser.add_argument(
        "--motion", type=float, metavar="SECONDS", help="see motion every so often, for half of it"
    )


def _fault(text: str) -> tuple[str, Fault]:
    operation, _, fault = text.partition("=")
    return operation, Fault(fault)


async def run(arguments: argparse.Namespace, ended: asyncio.Event) -> None:
    """Run the camera until `ended` is set."""
    sim = OnvifSimulator(
        arguments.host,
        arguments.port,
        arguments.rtsp_port,
        username=arguments.username,
        password=arguments.password,
        auth=arguments.auth,
        quirks=set(arguments.quirk),
        clock_offset=arguments.clock_offset,
        media=arguments.media,
        media2=arguments.media2,
        imaging=arguments.imaging,
        ptz=arguments.ptz,
        analytics=arguments.analytics,
        deviceio=arguments.deviceio,
        audio_output=arguments.audio_output,
        discoverable=arguments.discoverable,
        xaddrs=arguments.xaddrs,
    )
    for operation, fault in arguments.fault:
        sim.fault(operation, fault)
    sim.become(mac=arguments.mac, serial=arguments.serial)
    sim.camera.identity.name = arguments.name
    async with sim:
        sys.stdout.write(
            f"ONVIF camera at {sim.url}\nlogin  {sim.username} / {sim.password}\nready\n"
        )
        sys.stdout.flush()
        await _live(sim, arguments.motion, ended)


async def _live(sim: OnvifSimulator, motion: float | None, ended: asyncio.Event) -> None:
    """Let time pass, with motion in it if wanted."""
    moving = False
    while not ended.is_set():
        try:
            async with asyncio.timeout(None if motion is None else motion / 2):
                await ended.wait()
        except TimeoutError:
            moving = not moving
            sim.camera.motion(moving)
