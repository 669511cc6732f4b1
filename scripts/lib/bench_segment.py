"""Simulated cameras on a segment, each in a network namespace of its own: one fork a camera.

Reads a JSON list of `{namespace, host, mac, family}` from a file, and prints `ready` when all of
them listen.
"""

import asyncio
from contextlib import AbstractAsyncContextManager
import json
import os
from pathlib import Path
import signal
import sys
from typing import Any, Final

from tests.simulators.mo import MoSimulator
from tests.simulators.onvif import OnvifSimulator
from tests.simulators.povcam import Discovery, PovcamSimulator

MO_SEARCH_PORT: Final = 10000


def _camera(place: dict[str, Any], number: int) -> AbstractAsyncContextManager[Any]:
    """Return one camera that can be found."""
    host, mac, serial = place["host"], place["mac"], f"SEGMENT{number:04}"
    match place["family"]:
        case "onvif":
            camera = OnvifSimulator(host, 80, 554, discoverable=True)
            camera.become(mac=mac, serial=serial)
            return camera
        case "povcam":
            return PovcamSimulator(
                host=host,
                port=80,
                mac=mac.upper().replace(":", "-"),
                serial=serial,
                user_auth=True,
                media=False,
                discovery=Discovery(),
            )
        case _:
            return MoSimulator(
                host=host,
                port=80,
                camera_id=mac.upper().replace(":", ""),
                search_port=MO_SEARCH_PORT,
            )


async def _run(place: dict[str, Any], number: int, ready: int) -> None:
    async with _camera(place, number):
        os.write(ready, b".")
        os.close(ready)
        await asyncio.Event().wait()


def _child(place: dict[str, Any], number: int, ready: int) -> None:
    """Be one camera until killed."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with Path("/run/netns", place["namespace"]).open("rb") as namespace:
        os.setns(namespace.fileno(), os.CLONE_NEWNET)
    try:
        asyncio.run(_run(place, number, ready))
    finally:
        os._exit(1)


def main() -> None:
    """Run them all."""
    places = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    theirs, ours = os.pipe()
    children: list[int] = []
    for number, place in enumerate(places):
        if (child := os.fork()) == 0:
            os.close(theirs)
            _child(place, number, ours)
        children.append(child)
    os.close(ours)
    try:
        heard = 0
        while heard < len(places) and (dots := os.read(theirs, len(places))):
            heard += len(dots)
        print("ready" if heard == len(places) else f"only {heard} run", flush=True)
        signal.pause()
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)


if __name__ == "__main__":
    main()
