"""Simulated cameras in a process of their own, so that their work is not measured as ours.

Arguments: kind, number, options as JSON. Each line on standard input is a command, each answer a
line of JSON on standard output. Times are the monotonic clock's, which all processes share.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
import json
import sys
import time
from typing import Any, Protocol

from tests.simulators.mo import MoSimulator
from tests.simulators.onvif import OnvifSimulator
from tests.simulators.povcam import AG_UMR20, Auth, PovcamSimulator
from tests.simulators.povcam.films import ClipFormat

NEW_YEAR = datetime(2026, 1, 1, 12)  # noqa: DTZ001 - cameras know no zones


class Fleet(Protocol):
    """Cameras of one kind."""

    async def start(self) -> list[dict[str, Any]]:
        """Start them and return where they are."""

    async def stop(self) -> None:
        """Stop them."""

    async def answer(self, words: list[str]) -> object:
        """Carry out a command."""


class PovcamFleet:
    """Panasonic recorders."""

    def __init__(self, count: int, options: dict[str, Any]) -> None:
        """Make `count` of them; `options` are the simulator's."""
        size = tuple(options.pop("size", (640, 360)))
        self._cameras = [
            PovcamSimulator(
                model=AG_UMR20,
                auth=Auth.DIGEST,
                user_auth=True,
                mac=f"A8-13-74-00-{number // 256:02X}-{number % 256:02X}",
                serial=f"BENCH{number:05}",
                size=(size[0], size[1]),
                **options,
            )
            for number in range(count)
        ]

    async def start(self) -> list[dict[str, Any]]:
        """Start them and return where they are."""
        for camera in self._cameras:
            await camera.start()
        return [
            {
                "family": "povcam",
                "id": f"a8:13:74:00:{number // 256:02x}:{number % 256:02x}",
                "port": camera.port,
                "rtsp": camera.rtsp_url(1, user="admin"),
            }
            for number, camera in enumerate(self._cameras)
        ]

    async def stop(self) -> None:
        """Stop them."""
        for camera in self._cameras:
            await camera.stop()

    async def answer(self, words: list[str]) -> object:
        """Count the requests since the last time, or give clips to the first camera.

        `fill SLOT FORMAT COUNT`; `film SLOT FORMAT SIZE` tells what its download is asked with.
        """
        clips = self._cameras[0].camera.clips
        match words:
            case ["fill", slot, kind, number]:
                return len(clips.fill(slot, ClipFormat(kind), int(number)))
            case ["film", slot, kind, size]:
                clip = clips.add(slot, ClipFormat(kind), began=NEW_YEAR, size=int(size))
                clip.film.content()  # made now, not while it is measured
                return f"filename={clip.name}&list_id={clips.listing(slot, ClipFormat(kind))[0]}"
        count = sum(len(camera.requests) for camera in self._cameras)
        for camera in self._cameras:
            camera.requests.clear()
        return count


class MoFleet:
    """MO cameras."""

    def __init__(self, count: int, options: dict[str, Any]) -> None:
        """Make `count` of them; `options` are the simulator's."""
        self._cameras = [
            MoSimulator(camera_id=f"A8137400{number + 0x100:04X}", **options)
            for number in range(count)
        ]

    async def start(self) -> list[dict[str, Any]]:
        """Start them and return where they are."""
        for camera in self._cameras:
            await camera.start()
        return [
            {
                "family": "mo",
                "id": f"a8:13:74:00:{(number + 0x100) // 256:02x}:{number % 256:02x}",
                "port": camera.port,
            }
            for number, camera in enumerate(self._cameras)
        ]

    async def stop(self) -> None:
        """Stop them."""
        for camera in self._cameras:
            await camera.stop()

    async def answer(self, words: list[str]) -> object:
        """`alarm CAMERA on|off`: when it was sent. `sent CAMERA COUNTER...`: when these were."""
        match words:
            case ["alarm", number, state]:
                at = time.monotonic()
                await self._cameras[int(number)].motion(on=state == "on")
                return at
            case ["sent", number, *counters]:
                camera = self._cameras[int(number)]
                return [camera.sent_at(int(counter)) for counter in counters]
            case _:
                return None


_PASSWORD = "12345"  # noqa: S105 - of no real camera


class OnvifFleet:
    """ONVIF cameras."""

    def __init__(self, count: int, options: dict[str, Any]) -> None:
        """Make `count` of them; `options` are the simulator's."""
        self._cameras = [OnvifSimulator(password=_PASSWORD, **options) for _ in range(count)]
        for number, camera in enumerate(self._cameras):
            camera.become(mac=f"A8-13-74-02-00-{number:02X}", serial=f"BENCH{number:05}")

    async def start(self) -> list[dict[str, Any]]:
        """Start them and return where they are."""
        for camera in self._cameras:
            await camera.start()
        return [
            {"family": "onvif", "id": f"a8:13:74:02:00:{number:02x}", "port": camera.port}
            for number, camera in enumerate(self._cameras)
        ]

    async def stop(self) -> None:
        """Stop them."""
        for camera in self._cameras:
            await camera.stop()

    async def answer(self, words: list[str]) -> object:
        """Carry out `motion CAMERA on|off`: when it was sent; else count the requests."""
        match words:
            case ["motion", number, state]:
                at = time.monotonic()
                self._cameras[int(number)].camera.motion(state == "on")
                return at
            case _:
                count = sum(len(camera.requests) for camera in self._cameras)
                for camera in self._cameras:
                    camera.requests.clear()
                return count


_FLEETS: dict[str, Callable[[int, dict[str, Any]], Fleet]] = {
    "povcam": PovcamFleet,
    "mo": MoFleet,
    "onvif": OnvifFleet,
}


async def main(kind: str, count: int, options: dict[str, Any]) -> None:
    """Run cameras until standard input ends."""
    fleet = _FLEETS[kind](count, options)
    print(json.dumps(await fleet.start()), flush=True)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps(await fleet.answer(line.split())), flush=True)
    await fleet.stop()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])))
