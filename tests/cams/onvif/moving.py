"""What the tests of PTZ, imaging and inputs share: parts of a simulated device, odd answers."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from xml.etree.ElementTree import Element

from aiohttp import ClientSession

from custom_components.panacam.cams.onvif.board import Profile
from custom_components.panacam.cams.onvif.client import OnvifClient
from custom_components.panacam.cams.onvif.messages import Message
from custom_components.panacam.cams.onvif.part import Part
from custom_components.panacam.cams.onvif.ptz import PtzPart
from tests.cams.onvif.support import Watched, known_client
from tests.simulators.onvif import Camera, OnvifSimulator
from tests.simulators.onvif.service import Handler, Service

_KINDS = {"PTZ": "ptz", "VideoSource": "video_source", "VideoEncoder": "video_encoder"}


async def read_profiles(client: OnvifClient, *, media2: bool = True) -> tuple[Profile, ...]:
    """Return the device's profiles, as far as these tests need them."""
    if media2:
        answer = await client.call("media2", "GetProfiles", Type=["All"])
        return tuple(
            Profile(
                index=index,
                token=node.attribute("token") or "",
                name=node.text("Name") or "",
                media2=True,
                codec="h264",
                video_source=node.text("Configurations", "VideoSource", "SourceToken"),
                configurations={
                    kind: token
                    for name, kind in _KINDS.items()
                    if (found := node.child("Configurations", name)) is not None
                    and (token := found.attribute("token"))
                },
            )
            for index, node in enumerate(answer.children("Profiles"))
        )
    answer = await client.call("media", "GetProfiles")
    return tuple(
        Profile(
            index=index,
            token=node.attribute("token") or "",
            name=node.text("Name") or "",
            codec="h264",
            video_source=node.text("VideoSourceConfiguration", "SourceToken"),
            configurations={
                kind: token
                for name, kind in _KINDS.items()
                if (found := node.child(f"{name}Configuration")) is not None
                and (token := found.attribute("token"))
            },
        )
        for index, node in enumerate(answer.children("Profiles"))
    )


class Rig[PartT: Part]:
    """One connected part of a simulated device, and its board."""

    def __init__(self, part: PartT, watched: Watched, simulator: OnvifSimulator) -> None:
        """Keep them."""
        self.part = part
        self.watched = watched
        self.board = watched.board
        self.simulator = simulator
        self.camera = simulator.camera

    async def change(self, key: str, value: Any) -> Any:
        """Set a setting; return what the device then says."""
        await self.board.change(key, value)
        return self.board.values[key]

    def hear(
        self, topic: str, source: dict[str, str], data: dict[str, str], operation: str = "Changed"
    ) -> bool:
        """Let the part hear an event."""
        message = Message(topic=topic, operation=operation, source=source, data=data)
        return self.part.heard(message)


@asynccontextmanager
async def rig[PartT: Part](
    session: ClientSession,
    make: Callable[..., PartT],
    simulator: OnvifSimulator | None = None,
    prepare: Callable[[OnvifSimulator], None] = lambda _: None,
    *,
    media2: bool = True,
) -> AsyncIterator[Rig[PartT]]:
    """Start a device, connect one part to it, and close both."""
    async with simulator or OnvifSimulator() as running:
        prepare(running)
        client = await known_client(session, running)
        watched = Watched()
        watched.board.profiles = await read_profiles(client, media2=media2)
        part = make(client, watched.board)
        await part.connect()
        try:
            yield Rig(part, watched, running)
        finally:
            await part.close()
            client.close()


type PtzRig = Rig[PtzPart]


def handle(simulator: OnvifSimulator, service: str, operation: str, handler: Handler) -> None:
    """Let one operation be answered by `handler`."""
    camera = simulator.camera
    camera.services = tuple(
        replace(found, operations={**found.operations, operation: handler})
        if found.name == service
        and (operation in found.operations or _is_capabilities(found, operation))
        else found
        for found in camera.services
    )


def _is_capabilities(service: Service, operation: str) -> bool:
    return operation == "GetServiceCapabilities" and service.capabilities is not None


def answer(simulator: OnvifSimulator, service: str, operation: str, inside: str) -> None:
    """Let one operation answer with this XML, whatever is asked."""
    handle(simulator, service, operation, lambda *_: inside)


def slow(simulator: OnvifSimulator, service: str, operation: str, seconds: float) -> None:
    """Let one operation be answered late, though it is done at once."""
    (found,) = (
        service_.operations[operation]
        for service_ in simulator.camera.services
        if service_.name == service and operation in service_.operations
    )

    async def handler(camera: Camera, request: Element) -> str:
        inside = found(camera, request)
        await asyncio.sleep(seconds)
        return inside if isinstance(inside, str) else await inside

    handle(simulator, service, operation, handler)


async def until(condition: Callable[[], bool], seconds: float = 4.0) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
