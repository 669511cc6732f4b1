"""Each move is the command of the specification, and a head that turns is always stopped."""

import asyncio
from collections.abc import AsyncIterator
import re

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.errors import BusyError, CameraError, Reason, RefusedError
from custom_components.panacam.cams.povcam import lens
from custom_components.panacam.cams.povcam.client import PovcamClient
from custom_components.panacam.cams.povcam.lens import PovcamMover
from custom_components.panacam.cams.roles import Move
from tests.cams.support import Heard, Peer, http_of, response
from tests.simulators.povcam import AW_HE40, Auth, PovcamSimulator

ALL = frozenset(Move)
STOP = "#PTS5050"

# Chapter 3.1, by hand.
STEPS = {
    Move.ZOOM_IN: "zoom=up",
    Move.ZOOM_OUT: "zoom=down",
    Move.ZOOM_RESET: "zoom=1",
    Move.FOCUS_NEAR: "focus=-3",
    Move.FOCUS_FAR: "focus=3",
    Move.FOCUS_AUTO: "focus=on",
    Move.BRIGHTNESS_UP: "bright=up",
    Move.BRIGHTNESS_DOWN: "bright=down",
    Move.BRIGHTNESS_RESET: "bright=0",
    Move.IRIS_UP: "iris=up",
    Move.IRIS_DOWN: "iris=down",
    Move.IRIS_RESET: "iris=0",
}
DOUBLE = {
    Move.BRIGHTNESS_UP: "bright=2",
    Move.BRIGHTNESS_DOWN: "bright=-2",
    Move.IRIS_UP: "iris=2",
    Move.IRIS_DOWN: "iris=-2",
}
DIRECT = {
    Move.ZOOM_IN: ("zoom", 1),
    Move.ZOOM_OUT: ("zoom", -1),
    Move.FOCUS_FAR: ("focus", 1),
    Move.FOCUS_NEAR: ("focus", -1),
}
ONCE = {Move.ZOOM_RESET, Move.FOCUS_AUTO, Move.BRIGHTNESS_RESET, Move.IRIS_RESET}
TURNS = [Move.PAN_LEFT, Move.PAN_RIGHT, Move.TILT_UP, Move.TILT_DOWN]


class Head(Peer):
    """A head that says what a test wants and keeps what it was told."""

    def __init__(self, *answers: str) -> None:
        """Give the answers in turn, then `done`."""
        self.left = list(answers)
        super().__init__(self._say)

    async def _say(self, _heard: Heard, writer: asyncio.StreamWriter) -> None:
        answer = self.left.pop(0) if self.left else "done"
        writer.write(response(500) if answer == "500" else response(200, answer))

    @property
    def told(self) -> list[str]:
        """The commands in order, `#...` for aw_ptz."""
        targets = [heard.target.removeprefix("/cgi-bin/") for heard in self.heard]
        return [re.sub(r"aw_ptz\?cmd=%23(\w+)&res=1", r"#\1", target) for target in targets]


@pytest.fixture
async def head(session: ClientSession, quick: None) -> AsyncIterator[Head]:
    """Run a head that takes everything."""
    async with Head() as head:
        yield head


def mover(session: ClientSession, head: Head, *, direct: bool = False) -> PovcamMover:
    """Return the mover of that head."""
    return PovcamMover(PovcamClient(http_of(session, head)), ALL, direct=direct)


@pytest.mark.parametrize("direct", [False, True])
@pytest.mark.parametrize("move", STEPS)
async def test_smallest_step(session: ClientSession, head: Head, move: Move, direct: bool) -> None:
    """A step of size 1 is one camctrl, whatever else the camera offers."""
    await mover(session, head, direct=direct).move(move)
    assert head.told == [f"camctrl?{STEPS[move]}"]


@pytest.mark.parametrize("size", [2, 3, 4])
@pytest.mark.parametrize("move", STEPS)
async def test_larger_steps(session: ClientSession, head: Head, move: Move, size: int) -> None:
    """Larger steps are several, double ones where there are some; a reset is one."""
    await mover(session, head).move(move, size)
    single = f"camctrl?{STEPS[move]}"
    if move in ONCE:
        expected = [single]
    elif move in DOUBLE:
        expected = [f"camctrl?{DOUBLE[move]}"] * (size // 2) + [single] * (size % 2)
    else:
        expected = [single] * size
    assert head.told == expected


@pytest.mark.parametrize("size", [2, 3, 4])
@pytest.mark.parametrize("move", STEPS)
async def test_direct_steps(session: ClientSession, head: Head, move: Move, size: int) -> None:
    """Where directctrl is there, zoom and focus go by -4 to 4 at once."""
    await mover(session, head, direct=True).move(move, size)
    if move in DIRECT:
        name, sign = DIRECT[move]
        assert head.told == [f"directctrl?{name}={sign * size}"]
    else:
        assert all(told.startswith("camctrl?") for told in head.told)


@pytest.mark.parametrize("move", TURNS)
@pytest.mark.parametrize("size", [1, 2, 3, 4])
async def test_turns(session: ClientSession, head: Head, move: Move, size: int) -> None:
    """The head turns within 01 to 99 the right way, and stops (facts)."""
    await mover(session, head).move(move, size)
    start, stop = head.told
    assert stop == STOP
    found = re.fullmatch(r"#PTS(\d\d)(\d\d)", start)
    assert found
    pan, tilt = (int(value) - 50 for value in found.groups())
    assert -49 <= pan <= 49
    assert -49 <= tilt <= 49
    assert {
        Move.PAN_LEFT: pan < 0 == tilt,
        Move.PAN_RIGHT: pan > 0 == tilt,
        Move.TILT_UP: tilt > 0 == pan,
        Move.TILT_DOWN: tilt < 0 == pan,
    }[move]


@pytest.mark.parametrize("move", TURNS)
async def test_turns_grow(session: ClientSession, head: Head, move: Move) -> None:
    """A larger size is a faster turn."""
    speeds = []
    for size in (1, 2, 3, 4):
        await mover(session, head).move(move, size)
        values = re.findall(r"\d\d", head.told[-2])
        speeds.append(max(abs(int(value) - 50) for value in values))
    assert speeds == sorted(set(speeds))


# aw_ptz of the heads, by hand from the facts: 50 is rest, 01 and 99 are the ends.
AW_LENS = {
    Move.ZOOM_IN: ("Z", 1),
    Move.ZOOM_OUT: ("Z", -1),
    Move.FOCUS_FAR: ("F", 1),
    Move.FOCUS_NEAR: ("F", -1),
}


@pytest.mark.parametrize("move", AW_LENS)
@pytest.mark.parametrize("size", [1, 2, 3, 4])
async def test_lens_by_aw_ptz(session: ClientSession, head: Head, move: Move, size: int) -> None:
    """A sister's lens runs within 01 to 99 the right way, and stops."""
    moving = PovcamMover(PovcamClient(http_of(session, head)), ALL, direct=False, aw=ALL)
    await moving.move(move, size)
    letter, sign = AW_LENS[move]
    start, stop = head.told
    assert stop == f"#{letter}50"
    assert re.fullmatch(rf"#{letter}\d\d", start)
    assert 1 <= sign * (int(start[2:]) - 50) <= 49


async def test_auto_focus_by_aw_ptz(session: ClientSession, head: Head) -> None:
    """Automatic focus is switched on once, with nothing to stop."""
    moving = PovcamMover(PovcamClient(http_of(session, head)), ALL, direct=False, aw=ALL)
    await moving.move(Move.FOCUS_AUTO, 2)
    assert head.told == ["#D11"]


async def test_home(session: ClientSession, head: Head) -> None:
    """Home is the middle of pan and tilt, and nothing turns on."""
    await mover(session, head).move(Move.HOME, 3)
    assert head.told == ["#APC80008000"]


async def test_what_it_cannot(session: ClientSession, head: Head) -> None:
    """A move or a size that is not offered is refused without a word to the camera."""
    some = PovcamMover(PovcamClient(http_of(session, head)), frozenset({Move.ZOOM_IN}), direct=True)
    assert some.moves == {Move.ZOOM_IN}
    for move, size in ((Move.ZOOM_OUT, 1), (Move.ZOOM_IN, 0), (Move.ZOOM_IN, 5)):
        with pytest.raises(RefusedError) as caught:
            await some.move(move, size)
        assert caught.value.reason is Reason.UNSUPPORTED
    assert head.told == []


@pytest.mark.parametrize("answer", ["eR1:PTS", "eR2:PTS", "eR3:PTS", "500"])
async def test_stop_after_a_failed_start(session: ClientSession, head: Head, answer: str) -> None:
    """The stop is sent even when the start seems to have failed."""
    head.left = [answer]
    with pytest.raises(CameraError):
        await mover(session, head).move(Move.PAN_LEFT)
    assert head.told[1:] == [STOP]


@pytest.mark.parametrize(
    "answers", [["eR2:PTS"], ["eR2:PTS", "eR2:PTS"], ["500"], ["500", "eR2:PTS"]]
)
async def test_stop_is_retried(session: ClientSession, head: Head, answers: list[str]) -> None:
    """A stop that is refused is sent again."""
    head.left = ["pTS", *answers]
    await mover(session, head).move(Move.TILT_UP)
    assert head.told[1:] == [STOP] * (len(answers) + 1)


@pytest.mark.parametrize(("answer", "kind"), [("eR2:PTS", BusyError), ("500", RefusedError)])
async def test_stop_never_taken(
    session: ClientSession, head: Head, answer: str, kind: type[CameraError]
) -> None:
    """A head that takes no stop is told about."""
    head.left = ["pTS", *[answer] * 5]
    with pytest.raises(kind):
        await mover(session, head).move(Move.TILT_DOWN)
    assert head.told[1:] == [STOP] * 3


async def test_stop_after_cancelling(
    session: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is cancelled while the head turns does not leave it turning."""
    async with PovcamSimulator(AW_HE40, auth=Auth.NONE, media=False, ptz_interval=0.0) as sim:
        monkeypatch.setattr(lens, "NUDGE", 30)
        moving = PovcamMover(PovcamClient(http_of(session, sim)), ALL, direct=False)
        turning = asyncio.create_task(moving.move(Move.PAN_RIGHT))
        while not sim.camera.head.pan.speed:  # noqa: ASYNC110 - a simulator tells nobody
            await asyncio.sleep(0.01)
        turning.cancel()
        await asyncio.sleep(0)
        turning.cancel()
        with pytest.raises(asyncio.CancelledError):
            await turning
        await moving.close()
        assert sim.camera.head.pan.speed == 0
        assert [move.command for move in sim.camera.moves][-1] == "PTS5050"


async def test_turns_do_not_overlap(session: ClientSession, head: Head) -> None:
    """Two turns at once are one after the other, each with its stop."""
    moving = mover(session, head)
    await asyncio.gather(moving.move(Move.PAN_LEFT), moving.move(Move.TILT_UP))
    assert head.told == ["#PTS3850", STOP, "#PTS5062", STOP]
