import asyncio
import time
from typing import override

import pytest

from custom_components.panacam.cams.device import Notice, State
from custom_components.panacam.cams.onvif import dispatch
from custom_components.panacam.cams.onvif.board import Board
from custom_components.panacam.cams.onvif.dispatch import Dispatcher
from custom_components.panacam.cams.onvif.messages import Message
from custom_components.panacam.cams.onvif.notifications import TopicDescription
from custom_components.panacam.cams.onvif.part import Part
from custom_components.panacam.cams.onvif.topics import Topics
from tests.cams.onvif.listening import Ears
from tests.cams.onvif.support import Watched

MOTION = "RuleEngine/CellMotionDetector/Motion"


def motion(on: bool, rule: str = "r", operation: str = "Changed") -> Message:
    """Return a message of motion."""
    data = {"IsMotion": "true" if on else "false"}
    return Message(topic=MOTION, operation=operation, source={"Rule": rule}, data=data)


def dispatcher_of(watched: Watched, *parts: Part) -> Dispatcher:
    """Return what hands messages to parts, and the rest to topics."""
    return Dispatcher(watched.board, parts, Topics(watched.board))


def shown(states: list[State]) -> list[list[bool | None]]:
    """Return the signals that each state had."""
    return [list(state.signals.values()) for state in states]


async def test_each_value_is_shown() -> None:
    """Values of one property are shown one by one, those of several together."""
    watched = Watched()
    handing = dispatcher_of(watched)
    flood = await handing.take(
        [motion(True, "a"), motion(True, "b"), motion(False, "a"), motion(False, "b")]
    )
    assert not flood
    assert shown(watched.states) == [[True, True], [False, False]]
    await handing.take([])
    assert len(watched.states) == 2


async def test_a_flood_is_thinned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of too many messages the last two values of each property are shown."""
    monkeypatch.setattr(dispatch, "BURST", 10.0)
    watched = Watched()
    ears = Ears(watched)
    handing = dispatcher_of(watched, ears)
    handing._allowance = 10.0
    many = [motion(number % 2 == 0, rule) for number in range(50) for rule in ("a", "b")]
    assert await handing.take(many)
    assert shown(watched.states) == [[True, True], [False, False]]
    assert len(ears.messages) == 4
    assert handing.thinned == 96
    assert handing.messages == 100
    # With time, there is room for more.
    handing._counted_at -= 1.0
    assert not await handing.take([motion(True)])


async def test_the_loop_is_not_kept() -> None:
    """A long batch leaves the loop to others between its messages."""

    class Slow(Part):
        @override
        def heard(self, message: Message) -> bool:
            time.sleep(0.004)
            return True

    watched = Watched()
    handing = Dispatcher(watched.board, (Slow.__new__(Slow),), Topics(watched.board))
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    task = asyncio.create_task(others())
    await handing.take([motion(True, str(number)) for number in range(40)])
    task.cancel()
    assert turns >= 15


async def test_one_part_that_fails_costs_nothing() -> None:
    """What goes wrong with one message is reported; the others are handed on."""

    class Broken(Part):
        @override
        def heard(self, message: Message) -> bool:
            if message.source == {"Rule": "a"}:
                raise ValueError
            return False

    watched = Watched()
    handing = Dispatcher(watched.board, (Broken.__new__(Broken),), Topics(watched.board))
    reported: list[object] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _loop, context: reported.append(context["exception"])
    )
    await handing.take([motion(True, "a"), motion(True, "b")])
    assert len(reported) == 1
    assert isinstance(reported[0], ValueError)
    assert shown(watched.states) == [[True]]


async def test_messages_without_operation() -> None:
    """Those that come right after subscribing are taken for the initial state."""
    watched = Watched()
    topics = Topics(watched.board)
    topics.describe(
        [TopicDescription(topic=MOTION, is_property=True, data={"IsMotion": "boolean"})]
    )
    handing = Dispatcher(watched.board, (), topics)
    handing.settle_in()
    await handing.take([motion(True, operation="")])
    assert watched.told == []
    handing._settled_at = 0.0
    await handing.take([motion(False, operation=""), motion(True, operation="")])
    assert len(watched.told) == 1


async def test_a_board_that_nobody_watches() -> None:
    """Nothing but the board is needed."""
    told: list[Notice] = []
    board = Board(lambda: None, told.append)
    await Dispatcher(board, (), Topics(board)).take([motion(True)])
    assert list(board.signalled.values()) == [True]
