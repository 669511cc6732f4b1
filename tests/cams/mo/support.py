"""What the tests of the MO family share."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from custom_components.panacam.cams.device import Notice, State
from custom_components.panacam.cams.errors import CameraError
from custom_components.panacam.cams.mo.device import MoDevice
from custom_components.panacam.cams.stream import Credentials, Picture, Piece
from tests.simulators.mo import MoSimulator

LOGIN = Credentials("admin", "12345")
ID = "a8:13:74:00:01:01"


def device_of(sim: MoSimulator, credentials: Credentials | None = LOGIN, **more: Any) -> MoDevice:
    """Return the device of that camera."""
    return MoDevice(sim.host, port=sim.port, credentials=credentials, **more)


async def until(condition: Callable[[], object]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - of things that tell nobody
            await asyncio.sleep(0.005)


async def gone(sim: MoSimulator) -> None:
    """Wait until the camera has no connection any more, and see that no task of ours is left."""
    await until(lambda: sim.connections == 0)
    left = [
        name
        for task in asyncio.all_tasks()
        if "/cams/" in (name := str(task.get_coro())) and "/tests/" not in name
    ]
    assert not left


async def pictures_of(pieces: AsyncIterator[Piece], count: int = 1) -> list[Picture]:
    """Return the next pictures."""
    found: list[Picture] = []
    async with asyncio.timeout(5):
        async for piece in pieces:
            if isinstance(piece, Picture):
                found.append(piece)
                if len(found) == count:
                    break
    return found


class Notices:
    """What a device says unasked."""

    def __init__(self, device: MoDevice) -> None:
        """Listen."""
        self.all: list[Notice] = []
        self.stop = device.subscribe(self.all.append)

    @property
    def errors(self) -> list[CameraError]:
        """How often, and why, it went away."""
        return [notice for notice in self.all if isinstance(notice, CameraError)]

    @property
    def states(self) -> list[State]:
        """The states it told."""
        return [notice for notice in self.all if isinstance(notice, State)]

    @property
    def kinds(self) -> list[str]:
        """What it told, by kind."""
        return [
            "Error" if isinstance(notice, CameraError) else type(notice).__name__
            for notice in self.all
        ]


type Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]


@asynccontextmanager
async def peer(answer: Answer) -> AsyncIterator[int]:
    """Run something that is no camera of ours, and give its port."""
    tasks: set[asyncio.Task[None]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await answer(reader, writer)
        except OSError, asyncio.IncompleteReadError, asyncio.CancelledError:
            pass
        finally:
            writer.transport.abort()
            tasks.discard(task)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
