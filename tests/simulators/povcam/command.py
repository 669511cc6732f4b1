"""Command line of the simulated Panasonic camera."""

import argparse
import asyncio
import sys

from .easyip import PORT as EASY_IP_PORT
from .faults import Fault, RtspFault
from .models import AG_UMR20, MODELS, Auth
from .simulator import Discovery, PovcamSimulator
from .ssdp import PORT as SSDP_PORT


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this family."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8090, help="HTTP port")
    parser.add_argument("--rtsp-port", type=int, default=8554, help="RTSP port")
    parser.add_argument("--model", choices=MODELS, default=AG_UMR20.name)
    parser.add_argument("--auth", type=Auth, choices=list(Auth), default=Auth.DIGEST)
    parser.add_argument("--user-auth", action="store_true", help="Live CGIs and RTSP need a login")
    parser.add_argument("--https", action="store_true", help="self-signed certificate")
    parser.add_argument("--discoverable", action="store_true", help="speak SSDP and Easy IP Setup")
    parser.add_argument("--no-ssdp", action="store_false", dest="ssdp", help="not by SSDP")
    parser.add_argument("--no-easy-ip", action="store_false", dest="easy_ip", help="not by Easy IP")
    parser.add_argument("--location", help="what SSDP tells instead of its description")
    parser.add_argument("--title", help="what the camera is called")
    parser.add_argument("--mac", default="A8-13-74-00-00-01")
    parser.add_argument("--serial", default="SIM0000001")
    parser.add_argument("--clips", type=int, default=0, help="how many of each format on each card")
    parser.add_argument("--ranges", action="store_true", help="downloads answer 206 to a Range")
    parser.add_argument("--fps", type=int, default=15)
    parser.add_argument("--size", type=_size, default=(640, 360), metavar="WIDTHxHEIGHT")
    parser.add_argument("--drift", type=float, default=0.0, help="seconds its clock is ahead")
    parser.add_argument("--post-only", action="store_true", help="settings answer 405 to GET")
    parser.add_argument("--get-only", action="store_true", help="settings answer 405 to POST")
    parser.add_argument("--referer", action="store_true", help="Admin CGIs want a Referer")
    parser.add_argument(
        "--fault",
        type=_fault,
        action="append",
        default=[],
        metavar="CGI=FAULT",
        help=f"CGI name or *, with one of: {', '.join(Fault)}",
    )
    parser.add_argument("--rtsp-fault", type=RtspFault, choices=list(RtspFault), action="append")


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    return int(width), int(height)


def _fault(text: str) -> tuple[str, Fault]:
    name, _, fault = text.partition("=")
    return name, Fault(fault)


def _discovery(arguments: argparse.Namespace) -> Discovery:
    return Discovery(
        ssdp_port=SSDP_PORT if arguments.ssdp else None,
        easy_ip_port=EASY_IP_PORT if arguments.easy_ip else None,
        location=arguments.location,
    )


async def run(arguments: argparse.Namespace, ended: asyncio.Event) -> None:
    """Run the camera until `ended` is set."""
    sim = PovcamSimulator(
        MODELS[arguments.model],
        arguments.host,
        arguments.port,
        arguments.rtsp_port,
        https=arguments.https,
        auth=arguments.auth,
        user_auth=arguments.user_auth,
        mac=arguments.mac.upper().replace(":", "-"),
        serial=arguments.serial,
        fps=arguments.fps,
        size=arguments.size,
        post_only=arguments.post_only,
        get_only=arguments.get_only,
        referer=arguments.referer,
        ranges=arguments.ranges,
        discovery=_discovery(arguments) if arguments.discoverable else None,
    )
    if arguments.title is not None:
        sim.camera.title = arguments.title
    sim.camera.clips.spread(arguments.clips, sim.camera.menus.clock.local)
    sim.camera.menus.clock.drift = arguments.drift
    sim.camera.log.add(sim.camera.menus.clock.local, "P01", "power on")
    for name, fault in arguments.fault:
        sim.fault(name, fault)
    for fault in arguments.rtsp_fault or ():
        sim.rtsp_fault(fault)
    async with sim:
        logins = ", ".join(f"{name} / {login[0]}" for name, login in sim.users.items())
        sys.stdout.write(
            f"{sim.model.name} at {sim.url}\n"
            f"login  {logins if arguments.auth is not Auth.NONE else 'none'}\n"
            f"RTSP   {sim.rtsp_url(1)}\n"
            f"       {sim.rtsp_url(2)}\n"
            "ready\n"
        )
        sys.stdout.flush()
        await ended.wait()
