import asyncio
from collections.abc import AsyncIterator

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.errors import CameraError, ConnectError, RefusedError
from custom_components.panacam.cams.onvif import focus as focus_module
from custom_components.panacam.cams.onvif.imaging import ImagingPart
from custom_components.panacam.cams.onvif.ptz import PtzPart
from custom_components.panacam.cams.roles import Move, Mover
from tests.cams.onvif.moving import Rig, answer, rig, slow, until
from tests.simulators.onvif import Fault, OnvifSimulator

PRESS = 0.3
KEY = "imaging_0_focus_position"

type Lens = Rig[ImagingPart]


@pytest.fixture
async def lens(session: ClientSession) -> AsyncIterator[Lens]:
    """Give the imaging part of a device without quirks, its lens in the middle."""
    async with rig(session, ImagingPart) as made:
        made.camera.imaging.focus.put(0.5)
        yield made


def mover_of(lens: Lens) -> Mover:
    """Return the mover role of a device whose head does not move."""
    mover = PtzPart(lens.part.client, lens.board, press_seconds=PRESS).mover_with(lens.part.focus)
    assert mover is not None
    return mover


def stands(lens: Lens) -> bool:
    """Return whether the simulated lens stands still."""
    return not lens.camera.imaging.focus.moving


async def test_only_the_lens(lens: Lens) -> None:
    """A fixed camera with a motor behind its lens."""
    assert mover_of(lens).moves == {Move.FOCUS_NEAR, Move.FOCUS_FAR, Move.FOCUS_STOP}


@pytest.mark.parametrize(("move", "sign"), [(Move.FOCUS_NEAR, -1), (Move.FOCUS_FAR, 1)])
async def test_press(lens: Lens, move: Move, sign: int) -> None:
    """It sets off, ends by itself, and the automatic focus is seen to have ended."""
    assert lens.board.values["imaging_0_focus"] == "auto"
    mover = mover_of(lens)
    await mover.move(move, 2)
    assert not stands(lens)
    await until(lambda: stands(lens))
    way = (lens.camera.imaging.focus.place - 0.5) * sign
    assert PRESS * 0.4 < way < PRESS
    await until(lambda: lens.board.values["imaging_0_focus"] == "manual")
    assert lens.board.values[KEY] == pytest.approx(lens.camera.imaging.focus.place, abs=0.01)
    assert lens.simulator.count("Stop") == 1


async def test_pressed_again_and_stopped(lens: Lens) -> None:
    """Presses extend each other; the stop button ends them."""
    mover = mover_of(lens)
    for _ in range(3):
        await mover.move(Move.FOCUS_FAR)
        await asyncio.sleep(PRESS / 2)
    assert lens.simulator.count("Stop") == 0
    await mover.move(Move.FOCUS_STOP)
    assert stands(lens)
    await asyncio.sleep(PRESS * 1.5)
    assert lens.simulator.count("Stop") == 1


async def test_position(lens: Lens) -> None:
    """Set, waited for, and read back."""
    assert await lens.change(KEY, 0.25) == pytest.approx(0.25, abs=0.01)
    assert stands(lens)
    lens.camera.imaging.focus.put(0.75)
    await lens.part.refresh()
    assert lens.board.values[KEY] == pytest.approx(0.75)


async def test_a_lens_that_never_arrives(lens: Lens, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for ever."""
    monkeypatch.setattr(focus_module, "ARRIVAL", 0.2)
    monkeypatch.setattr(focus_module, "ARRIVAL_PAUSE", 0.05)
    status = "<tt:Position>0.5</tt:Position><tt:MoveStatus>MOVING</tt:MoveStatus>"
    inside = f"<timg:Status><tt:FocusStatus20>{status}</tt:FocusStatus20></timg:Status>"
    answer(lens.simulator, "imaging", "GetStatus", inside)
    assert await lens.change(KEY, 0.9) == 0.5


async def test_without_a_status(lens: Lens) -> None:
    """A position that is not told is not known."""
    lens.simulator.fault("GetStatus", Fault.NOT_SUPPORTED)
    assert await lens.change(KEY, 0.9) is None


MOVE_OPTIONS = "<timg:MoveOptions>{}</timg:MoveOptions>"
RELATIVE = (
    "<tt:Relative><tt:Distance><tt:Min>-1</tt:Min><tt:Max>1</tt:Max></tt:Distance></tt:Relative>"
)


async def test_steps_where_nothing_goes_on(lens: Lens) -> None:
    """A press is a small step of a lens that only makes steps."""
    answer(lens.simulator, "imaging", "GetMoveOptions", MOVE_OPTIONS.format(RELATIVE))
    await lens.part.connect()
    assert KEY not in lens.board.settings
    await mover_of(lens).move(Move.FOCUS_NEAR, 2)
    assert lens.camera.imaging.focus.place == pytest.approx(0.4, abs=0.01)
    assert lens.board.values["imaging_0_focus"] == "manual"
    await lens.part.refresh()


@pytest.mark.parametrize(
    "inside",
    [
        "",
        MOVE_OPTIONS.format(""),
        MOVE_OPTIONS.format("<tt:Continuous><tt:Speed/></tt:Continuous>"),
        MOVE_OPTIONS.format(RELATIVE.replace("-1", "1")),
        MOVE_OPTIONS.format(RELATIVE.replace("-1", "INF")),
    ],
)
async def test_a_fixed_lens(session: ClientSession, inside: str) -> None:
    """Nothing moves; whoever tries is refused."""

    def prepare(simulator: OnvifSimulator) -> None:
        answer(simulator, "imaging", "GetMoveOptions", inside)

    async with rig(session, ImagingPart, prepare=prepare) as lens:
        assert not lens.part.focus.moves
        assert KEY not in lens.board.settings
        with pytest.raises(RefusedError):
            await lens.part.focus.press(1.0, 0.1)


async def test_without_a_source(lens: Lens) -> None:
    """What is left of a lens when its source is gone."""
    focus = lens.part.focus
    await focus.press(0.1, 5.0)
    lens.board.profiles = ()
    await lens.part.connect()
    assert not focus.moves
    assert not lens.board.settings
    for action in (focus.stop(), focus._go(0.5)):
        with pytest.raises(RefusedError):
            await action


async def test_cancelled(lens: Lens) -> None:
    """A caller that goes away while the lens sets off leaves it standing."""
    slow(lens.simulator, "imaging", "Move", 0.2)
    task = asyncio.create_task(mover_of(lens).move(Move.FOCUS_FAR, 1))
    await until(lambda: not stands(lens))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: stands(lens))


async def test_closing_stops_it(lens: Lens) -> None:
    """Home Assistant ends; the lens stands."""
    await mover_of(lens).move(Move.FOCUS_FAR, 1)
    await lens.part.close()
    assert stands(lens)


async def test_a_device_that_is_gone(lens: Lens) -> None:
    """The caller hears of it."""
    lens.simulator.fault("Move", Fault.CUT)
    with pytest.raises(ConnectError):
        await mover_of(lens).move(Move.FOCUS_FAR)
    with pytest.raises(CameraError):
        await lens.board.change(KEY, 0.1)
