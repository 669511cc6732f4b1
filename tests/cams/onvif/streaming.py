"""What the tests of profiles and of what is set by them share."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import ClientSession

from custom_components.panacam.cams.onvif.media import MediaPart
from custom_components.panacam.cams.onvif.node import Node, parse
from custom_components.panacam.cams.settings import Choice, Range, Value
from tests.cams.onvif.support import Watched, known_client
from tests.simulators.onvif import OnvifSimulator

TT = "http://www.onvif.org/ver10/schema"


@asynccontextmanager
async def media_of(
    session: ClientSession, simulator: OnvifSimulator, **options: Any
) -> AsyncIterator[tuple[MediaPart, Watched]]:
    """Connect the media part to a simulated device, and close it."""
    client = await known_client(session, simulator)
    watched = Watched()
    part = MediaPart(client, watched.board, **options)
    try:
        await part.connect()
        yield part, watched
    finally:
        await part.close()
        client.close()


def options_of(watched: Watched, key: str) -> tuple[str, ...]:
    """Return what a choice can be."""
    row = watched.board.settings[key]
    assert isinstance(row, Choice)
    return row.options


def limits_of(watched: Watched, key: str) -> tuple[float, float]:
    """Return what a number can be."""
    row = watched.board.settings[key]
    assert isinstance(row, Range)
    return row.minimum, row.maximum


async def change(watched: Watched, key: str, value: Value) -> Value | None:
    """Set something, and return what it is then."""
    await watched.board.change(key, value)
    return watched.board.values[key]


def xml(body: str) -> Node:
    """Return an element whose children are the schema's own."""
    return parse(body.replace(">", f' xmlns="{TT}">', 1).encode())
