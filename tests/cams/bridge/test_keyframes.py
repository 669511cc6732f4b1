"""A camera is asked for a keyframe where somebody waits for one, and not otherwise."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
import time

import pytest

from custom_components.panacam.cams.bridge import keyframes, rtsp as module
from custom_components.panacam.cams.bridge.keyframes import Keyframes
from custom_components.panacam.cams.bridge.rtsp import RtspHub
from custom_components.panacam.cams.errors import ConnectError, Reason
from tests.cams.bridge.support import alone, until
from tests.cams.bridge.test_rtsp_hub import STREAM, FakeReader, start
from tests.cams.bridge.test_standin import camera


class Camera:
    """One that can be asked."""

    def __init__(self) -> None:
        """Begin without questions."""
        self.asked = 0
        self.under_way = 0
        self.error: Exception | None = None
        self.silent = False

    async def ask(self) -> None:
        """Take a question."""
        self.asked += 1
        self.under_way += 1
        try:
            if self.silent:
                await asyncio.Event().wait()
            if self.error is not None:
                raise self.error
        finally:
            self.under_way -= 1


@pytest.fixture
def asked() -> Camera:
    """Make one."""
    return Camera()


@pytest.fixture
async def hub(
    asked: Camera, monkeypatch: pytest.MonkeyPatch, brief: None
) -> AsyncGenerator[RtspHub]:
    """Run the hub of that camera, whose readers are the test's."""
    FakeReader.made = []
    monkeypatch.setattr(module, "RtspReader", FakeReader)
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    monkeypatch.setattr(keyframes, "EVERY", 0.1)
    made = RtspHub(replace(STREAM, ask_keyframe=asked.ask), ring=7)
    made.keep()
    await until(lambda: FakeReader.made)
    yield made
    await made.close()
    await alone()


async def test_a_connection_without_a_keyframe(
    hub: RtspHub, asked: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked after a moment, again while none comes, and no more once one came."""
    begun = time.monotonic()
    await until(lambda: asked.asked >= 3)
    assert time.monotonic() - begun >= 0.15
    FakeReader.made[0].send(camera(range(3), start=start(hub)))
    count = asked.asked
    await asyncio.sleep(0.25)
    assert asked.asked == count


async def test_not_for_ever(hub: RtspHub, asked: Camera, monkeypatch: pytest.MonkeyPatch) -> None:
    """A camera that sends none whatever it is asked is left alone."""
    monkeypatch.setattr(module, "MAX_ASKED", 0.2)
    await asyncio.sleep(0.5)
    assert 1 <= asked.asked <= 3


async def test_one_who_comes_to_nothing(hub: RtspHub, asked: Camera) -> None:
    """A viewer for whom there is no past asks for a beginning; one who has it does not."""
    reader = FakeReader.made[0]
    reader.send(camera(range(3), start=start(hub)))
    await asyncio.sleep(0.15)
    asked.asked = 0
    async with hub.packets():
        await asyncio.sleep(0.02)
        assert asked.asked == 0
    hub._packets.clear()  # as a group that is too large does
    async with hub.packets():
        await until(lambda: asked.asked == 1)


async def test_back_in_the_middle(hub: RtspHub, asked: Camera) -> None:
    """A camera that goes on where it was, after something stood in for it, is asked."""
    reader = FakeReader.made[0]
    packets = camera(range(40), start=start(hub))
    reader.send(packets[:5])
    await asyncio.sleep(0.12)
    async with hub.packets():
        await until(lambda: hub._standing_in)
        asked.asked = 0
        rest = [each for each in packets[5:] if not each.key][:1]
        await until(lambda: (reader.send(rest), asked.asked)[1])
        assert hub._standing_in


@pytest.mark.parametrize("error", [ConnectError(Reason.TIMEOUT), ValueError("strange")])
async def test_errors_are_passed_over(error: Exception) -> None:
    """Whatever comes of it: it is asked again later."""
    asked = Camera()
    asked.error = error
    asking = Keyframes("1", asked.ask)
    asking.want()
    await until(lambda: asked.asked == 1)
    asking._asked_at = 0.0
    asking.want()
    await until(lambda: asked.asked == 2)
    await asking.close()
    await alone()


async def test_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A camera that does not answer is asked again when that has taken too long."""
    monkeypatch.setattr(keyframes, "EVERY", 0.0)
    monkeypatch.setattr(keyframes, "TIMEOUT", 0.1)
    asked = Camera()
    asked.silent = True
    asking = Keyframes("1", asked.ask)
    for _ in range(5):
        asking.want()
        await asyncio.sleep(0.01)
    assert (asked.asked, asked.under_way) == (1, 1)
    await until(lambda: not asked.under_way)
    await until(lambda: (asking.want(), asked.asked == 2)[1])
    await asking.close()
    assert asked.under_way == 0
    asking.want()
    await asyncio.sleep(0.01)
    assert asked.asked == 2


async def test_not_more_than_once_a_second() -> None:
    """However many want one."""
    asked = Camera()
    asking = Keyframes("1", asked.ask)
    for _ in range(50):
        asking.want()
        await asyncio.sleep(0.002)
    assert asked.asked == 1
    await asking.close()


async def test_who_cannot_be_asked() -> None:
    """Is not."""
    asking = Keyframes("1", None)
    asking.want()
    await asking.close()
