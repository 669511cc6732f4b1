"""What the tests of events share: a channel to a simulated device, and its messages."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import override

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.errors import CameraError
from custom_components.panacam.cams.onvif import channel, subscription
from custom_components.panacam.cams.onvif.board import Profile
from custom_components.panacam.cams.onvif.events import EventsPart
from custom_components.panacam.cams.onvif.messages import Message
from custom_components.panacam.cams.onvif.part import Part
from tests.cams.onvif.support import Watched, known_client
from tests.simulators.onvif import OnvifSimulator

PROFILE = Profile(
    index=0,
    token="profile_1",
    name="Main",
    video_source="video_source_1",
    configurations={
        "video_source": "video_source_config_1",
        "analytics": "analytics_1",
        "metadata": "metadata_1",
    },
)


async def until(condition: Callable[[], object], seconds: float = 5.0) -> None:
    """Wait until something is so. TimeoutError."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - it is anything
            await asyncio.sleep(0.005)


def brief(monkeypatch: pytest.MonkeyPatch, life: float = 2.0) -> None:
    """Have subscriptions live for a moment only, and lost ones made again soon."""
    monkeypatch.setattr(subscription, "LIFE", life)
    monkeypatch.setattr(channel, "LIFE", life)
    monkeypatch.setattr(channel, "SHORTEST", 0.2)
    monkeypatch.setattr(channel, "STABLE", 0.2)
    monkeypatch.setattr(channel, "FIRST_WAIT", 0.1)
    monkeypatch.setattr(channel, "LAST_WAIT", 0.4)
    monkeypatch.setattr(channel, "LOGIN_WAIT", 0.4)


class Ears(Part):
    """A part that takes the topics of digital inputs, and keeps everything."""

    def __init__(self, watched: Watched) -> None:
        """Begin with nothing heard."""
        self.board = watched.board
        self.messages: list[Message] = []
        self.deafened = 0

    @override
    def heard(self, message: Message) -> bool:
        """Keep an event."""
        self.messages.append(message)
        return message.topic.startswith("Device/Trigger/")

    @override
    def deaf(self) -> None:
        """Count."""
        self.deafened += 1


class Listening:
    """An event channel, what it made of the events, and what it said of itself."""

    def __init__(self, watched: Watched, ears: Ears) -> None:
        """Begin with nothing."""
        self.watched = watched
        self.board = watched.board
        self.ears = ears
        self.changes: list[CameraError | None] = []
        self.part: EventsPart

    @property
    def channel(self) -> object:
        """Return what the reading says."""
        return self.board.read.get("event_channel")

    def key(self, start: str) -> str:
        """Return the key of the signal whose key starts so, empty when there is none."""
        return next((key for key in self.board.signals if key.startswith(start)), "")

    def signal(self, start: str) -> bool | None:
        """Return the value of the signal whose key starts so."""
        return self.board.signalled.get(self.key(start))

    def shown(self, start: str) -> list[bool | None]:
        """Return the values that a signal was shown to have, one after the other."""
        found: list[bool | None] = []
        for state in self.watched.states:
            value = state.signals.get(self.key(start))
            if not found or found[-1] is not value:
                found.append(value)
        return found


@asynccontextmanager
async def listening(
    session: ClientSession,
    simulator: OnvifSimulator,
    webhook: str | None = None,
    *,
    connect: bool = True,
) -> AsyncIterator[Listening]:
    """Listen to a simulated device; afterwards it has no subscription left."""
    client = await known_client(session, simulator)
    watched = Watched()
    watched.board.profiles = (PROFILE,)
    found = Listening(watched, Ears(watched))
    found.part = EventsPart(
        client, watched.board, (found.ears,), webhook, changed=found.changes.append
    )
    if connect:
        await found.part.connect()
    try:
        yield found
    finally:
        await found.part.close()
