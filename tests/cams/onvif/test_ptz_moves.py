import asyncio
from collections.abc import AsyncIterator
from xml.etree.ElementTree import Element

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.errors import CameraError, ConnectError, Reason, RefusedError
from custom_components.panacam.cams.onvif import deadman, ptz_moves
from custom_components.panacam.cams.onvif.focus import OnvifFocus
from custom_components.panacam.cams.onvif.ptz import PtzPart
from custom_components.panacam.cams.roles import Home, Move, Mover, Place, Ptz, PtzFeature, Vector
from tests.cams.onvif.moving import PtzRig, answer, handle, rig, slow, until
from tests.simulators.onvif import Camera, Fault, OnvifSimulator, Quirk
from tests.simulators.onvif.service import child, invalid

PRESS = 0.3
MIDDLE = Vector(pan=0.0, tilt=0.0, zoom=0.0)


def make(*args: object) -> PtzPart:
    """Return a part whose presses are short."""
    return PtzPart(*args, press_seconds=PRESS)  # type: ignore[arg-type]


@pytest.fixture
async def head(session: ClientSession) -> AsyncIterator[PtzRig]:
    """Give the PTZ part of a device without quirks."""
    async with rig(session, make) as made:
        yield made


def ptz_of(head: PtzRig) -> Ptz:
    """Return the role."""
    assert head.part.ptz is not None
    return head.part.ptz


def home_of(head: PtzRig) -> Home:
    """Return the role."""
    assert head.part.home is not None
    return head.part.home


def mover_of(head: PtzRig, focus: OnvifFocus | None = None) -> Mover:
    """Return the role."""
    mover = head.part.mover_with(focus)
    assert mover is not None
    return mover


def stands(head: PtzRig) -> bool:
    """Return whether the simulated unit stands still."""
    return not head.camera.ptz.moving


async def test_what_is_offered(head: PtzRig) -> None:
    """All ways to move, and all presses but the lens's."""
    assert ptz_of(head).features == frozenset(PtzFeature)
    assert mover_of(head).moves == {
        *(Move.PAN_LEFT, Move.PAN_RIGHT, Move.TILT_UP, Move.TILT_DOWN),
        *(Move.ZOOM_IN, Move.ZOOM_OUT, Move.STOP, Move.HOME),
    }


@pytest.mark.parametrize(
    ("move", "axis", "sign"),
    [
        (Move.PAN_LEFT, "pan", -1),
        (Move.PAN_RIGHT, "pan", 1),
        (Move.TILT_UP, "tilt", 1),
        (Move.TILT_DOWN, "tilt", -1),
        (Move.ZOOM_IN, "zoom", 1),
        (Move.ZOOM_OUT, "zoom", -1),
    ],
)
async def test_press(head: PtzRig, move: Move, axis: str, sign: int) -> None:
    """It moves one axis the right way, and ends by itself."""
    head.camera.ptz.zoom.put(0.5)
    before = head.camera.ptz.position
    await mover_of(head).move(move, 4)
    assert not stands(head)
    await until(lambda: stands(head))
    after = head.camera.ptz.position
    for name in ("pan", "tilt", "zoom"):
        way = getattr(after, name) - getattr(before, name)
        assert (way * sign >= PRESS * 0.8) if name == axis else way == 0
    # The unit's own Timeout is a second: it was we who stopped it.
    assert head.simulator.count("Stop") == 1


async def test_size_is_speed(head: PtzRig) -> None:
    """The smallest press is a quarter as fast as the largest."""
    await mover_of(head).move(Move.PAN_RIGHT, 1)
    await until(lambda: stands(head))
    assert 0.2 * PRESS <= head.camera.ptz.position.pan <= 0.25 * (PRESS + 0.5)


async def test_pressed_again_goes_on(head: PtzRig) -> None:
    """A press within the time of the last one extends it, without a stop in between."""
    mover = mover_of(head)
    for _ in range(4):
        await mover.move(Move.PAN_RIGHT, 1)
        await asyncio.sleep(PRESS / 2)
    assert head.simulator.count("Stop") == 0
    await until(lambda: stands(head))
    await asyncio.sleep(PRESS)
    assert head.simulator.count("Stop") == 1


async def test_pressed_otherwise_goes_both_ways(head: PtzRig) -> None:
    """A press of another axis takes nothing from the first."""
    mover = mover_of(head)
    await mover.move(Move.PAN_RIGHT, 2)
    await mover.move(Move.TILT_UP, 2)
    await until(lambda: stands(head))
    assert min(head.camera.ptz.position[:2]) > PRESS * 0.4


async def test_stop_button(head: PtzRig) -> None:
    """It ends all at once, and no second stop follows."""
    mover = mover_of(head)
    await mover.move(Move.PAN_LEFT, 1)
    await mover.move(Move.ZOOM_IN, 1)
    await mover.move(Move.STOP)
    assert stands(head)
    await asyncio.sleep(PRESS * 1.5)
    assert head.simulator.count("Stop") == 1


@pytest.mark.parametrize(("move", "size"), [(Move.IRIS_UP, 1), (Move.PAN_LEFT, 9)])
async def test_no_such_press(head: PtzRig, move: Move, size: int) -> None:
    """What it has not is refused without a word to the device."""
    before = len(head.simulator.requests)
    with pytest.raises(RefusedError) as raised:
        await mover_of(head).move(move, size)
    assert raised.value.reason is Reason.UNSUPPORTED
    assert len(head.simulator.requests) == before


async def test_dead_man(head: PtzRig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A move that nobody ends, ends; by us, though the unit may go on for ever."""
    monkeypatch.setattr(ptz_moves, "DEAD_MAN", 0.3)
    head.camera.quirks.add(Quirk.TIMEOUT_IGNORED)
    head.camera.ptz.full_speed = 0.1
    await ptz_of(head).start(Vector(pan=1.0))
    await asyncio.sleep(0.1)
    assert not stands(head)
    await until(lambda: stands(head), 2)


async def test_the_unit_knows_the_time_too(head: PtzRig) -> None:
    """It stops by itself when we cannot tell it any more."""
    head.camera.ptz.full_speed = 0.1
    await ptz_of(head).start(Vector(pan=1.0), limit=0.5)
    head.simulator.fault("Stop", Fault.RESET)
    head.simulator.fault("ContinuousMove", Fault.RESET)
    await until(lambda: stands(head), 3)
    assert 0.09 < head.camera.ptz.position.pan < 0.12


async def test_longer_than_the_unit_can_be_told(session: ClientSession) -> None:
    """A long move is repeated before the unit's own time is over."""
    options = (
        "<tptz:PTZConfigurationOptions><tt:PTZTimeout><tt:Min>PT0.1S</tt:Min>"
        "<tt:Max>PT1S</tt:Max></tt:PTZTimeout></tptz:PTZConfigurationOptions>"
    )

    def prepare(simulator: OnvifSimulator) -> None:
        simulator.camera.ptz.full_speed = 0.1
        answer(simulator, "ptz", "GetConfigurationOptions", options)

    async with rig(session, make, prepare=prepare) as head:
        await ptz_of(head).start(Vector(pan=1.0), limit=2.0)
        await asyncio.sleep(1.7)
        assert not stands(head)
        await until(lambda: stands(head), 2)
        assert head.simulator.count("ContinuousMove") >= 3
        assert 0.18 < head.camera.ptz.position.pan < 0.25


@pytest.mark.parametrize("quirk", [Quirk.STOP_IGNORED, Quirk.STOP_SEPARATELY])
@pytest.mark.parametrize("status", [True, False])
async def test_stop_stops_everything(session: ClientSession, quirk: Quirk, *, status: bool) -> None:
    """Pan, tilt and zoom, whatever the unit makes of Stop, with a status or without."""
    quirks = {quirk} | (set() if status else {Quirk.NO_PTZ_STATUS})
    async with rig(session, make, OnvifSimulator(quirks=quirks)) as head:
        head.camera.ptz.full_speed = 0.1
        await ptz_of(head).start(Vector(pan=1.0, tilt=-1.0, zoom=1.0))
        await ptz_of(head).stop()
        assert stands(head)


async def test_stop_without_a_status_costs_one_more_request(session: ClientSession) -> None:
    """Who does not tell gets no velocity in any case; who tells that it stands, none."""
    for quirks, more in ((set[Quirk](), 0), ({Quirk.NO_PTZ_STATUS}, 1)):
        async with rig(session, make, OnvifSimulator(quirks=quirks)) as head:
            await ptz_of(head).stop()
            assert head.simulator.count("ContinuousMove") == more


async def test_stop_refused(head: PtzRig) -> None:
    """A unit without Stop is given no velocity; when that fails too, the caller hears of it."""
    head.camera.ptz.full_speed = 0.1
    head.simulator.fault("Stop", Fault.NOT_SUPPORTED)
    await ptz_of(head).start(Vector(pan=1.0))
    await ptz_of(head).stop()
    assert stands(head)
    head.simulator.fault("ContinuousMove", Fault.NOT_SUPPORTED)
    with pytest.raises(RefusedError):
        await ptz_of(head).stop()


async def test_separate_stops_where_nothing_else_works(session: ClientSession) -> None:
    """Stop for pan and tilt, then for zoom, when no velocity is refused."""
    async with rig(session, make, OnvifSimulator(quirks={Quirk.STOP_SEPARATELY})) as head:
        head.camera.ptz.full_speed = 0.1
        await ptz_of(head).start(Vector(pan=1.0, zoom=1.0))
        head.simulator.fault("ContinuousMove", Fault.NOT_SUPPORTED)
        await ptz_of(head).stop()
        assert stands(head)


async def test_stop_is_tried_again(head: PtzRig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that breaks must not leave the head turning."""
    monkeypatch.setattr(deadman, "PAUSE", 0.01)
    head.camera.ptz.full_speed = 0.1
    await ptz_of(head).start(Vector(pan=1.0))
    head.simulator.fault("Stop", Fault.CUT, 1)
    await ptz_of(head).stop()
    assert stands(head)
    head.simulator.fault("Stop", Fault.CUT)
    with pytest.raises(CameraError):
        await ptz_of(head).stop()


async def test_cancelled_callers_leave_nothing_moving(head: PtzRig) -> None:
    """Neither in the middle of setting off, nor in an emulated step, nor while stopping."""
    head.camera.ptz.full_speed = 0.1
    ptz = ptz_of(head)
    slow(head.simulator, "ptz", "ContinuousMove", 0.2)
    slow(head.simulator, "ptz", "Stop", 0.2)
    task = asyncio.create_task(ptz.start(Vector(pan=1.0)))
    await until(lambda: not stands(head))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: stands(head))
    await ptz.start(Vector(pan=-1.0))
    before = head.simulator.count("Stop")
    task = asyncio.create_task(ptz.stop())
    await until(lambda: head.simulator.count("Stop") > before)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: stands(head))


async def test_an_emulated_step_that_is_cancelled(session: ClientSession) -> None:
    """The stop is sent whatever happens in between."""
    async with rig(session, make, OnvifSimulator(quirks={Quirk.NO_RELATIVE_MOVE})) as head:
        task = asyncio.create_task(ptz_of(head).step(Vector(pan=0.5), 0.2))
        await until(lambda: not stands(head))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: stands(head))
        assert head.camera.ptz.position.pan < 0.3


async def test_closing_stops_what_moves(head: PtzRig) -> None:
    """Home Assistant ends; the head stands."""
    head.camera.ptz.full_speed = 0.1
    await ptz_of(head).start(Vector(pan=1.0))
    await head.part.close()
    assert stands(head)


async def test_closing_waits_for_no_dead_device(
    head: PtzRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A device that hangs must not keep Home Assistant from ending."""
    monkeypatch.setattr(deadman, "CLOSING", 0.2)
    await ptz_of(head).start(Vector(pan=0.1))
    head.simulator.fault("Stop", Fault.HANG)
    async with asyncio.timeout(2):
        await head.part.close()


async def test_a_device_that_hangs_may_have_set_off(
    head: PtzRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lost answer is followed by a stop."""
    head.simulator.fault("ContinuousMove", Fault.CUT, 1)
    head.camera.ptz.full_speed = 0.1
    with pytest.raises(ConnectError):
        await ptz_of(head).start(Vector(pan=1.0))
    await until(lambda: head.simulator.count("Stop") == 1 and stands(head))


async def test_a_refused_move_is_not_stopped(head: PtzRig) -> None:
    """Nothing moves: nothing is to be stopped."""
    head.simulator.fault("ContinuousMove", Fault.FAULT_500)
    with pytest.raises(CameraError):
        await ptz_of(head).start(Vector(pan=1.0), limit=0.1)
    await asyncio.sleep(0.2)
    assert head.simulator.count("Stop") == 0


async def test_a_unit_that_takes_no_timeout(head: PtzRig) -> None:
    """It is asked once more without, and from then on without at once."""
    refusal = invalid("TimeoutNotSupported")

    def handler(_: Camera, request: Element) -> str:
        if child(request, "tptz:Timeout") is not None:
            raise refusal
        return ""

    handle(head.simulator, "ptz", "ContinuousMove", handler)
    await ptz_of(head).start(Vector(pan=1.0), limit=0.1)
    assert head.simulator.count("ContinuousMove") == 2
    await ptz_of(head).start(Vector(pan=1.0), limit=0.1)
    assert head.simulator.count("ContinuousMove") == 3


async def test_absolute(head: PtzRig) -> None:
    """To a position; what is left out stays as it is."""
    await ptz_of(head).go(Vector(pan=0.5, tilt=-0.5, zoom=0.25), 1.0)
    await until(lambda: stands(head))
    await ptz_of(head).go(Vector(tilt=0.25), 1.0)
    await until(lambda: stands(head))
    assert head.camera.ptz.position == pytest.approx((0.5, 0.25, 0.25), abs=0.01)
    await ptz_of(head).go(Vector(zoom=1.0), 1.0)
    await until(lambda: stands(head))
    assert head.camera.ptz.position == pytest.approx((0.5, 0.25, 1.0), abs=0.01)


async def test_without_absolute_moves(session: ClientSession) -> None:
    """A unit that goes to no position says so; it turns and steps all the same."""
    async with rig(session, make, OnvifSimulator(quirks={Quirk.NO_ABSOLUTE_MOVE})) as head:
        assert PtzFeature.ABSOLUTE not in ptz_of(head).features
        assert {PtzFeature.CONTINUOUS, PtzFeature.RELATIVE} <= ptz_of(head).features
        with pytest.raises(RefusedError) as raised:
            await ptz_of(head).go(Vector(pan=0.5, tilt=0.0))
        assert raised.value.reason is Reason.UNSUPPORTED
        assert head.simulator.count("AbsoluteMove") == 0


async def test_half_a_position_needs_a_status(session: ClientSession) -> None:
    """Pan alone cannot be sent by a unit that does not tell its tilt."""
    async with rig(session, make, OnvifSimulator(quirks={Quirk.NO_PTZ_STATUS})) as head:
        with pytest.raises(RefusedError) as raised:
            await ptz_of(head).go(Vector(pan=0.5))
        assert raised.value.reason is Reason.UNSUPPORTED


async def test_relative(head: PtzRig) -> None:
    """By a part of the range."""
    await ptz_of(head).step(Vector(pan=0.25, zoom=0.5), 1.0)
    await until(lambda: stands(head))
    assert head.camera.ptz.position == pytest.approx((0.25, 0.0, 0.5), abs=0.01)
    assert head.simulator.count("RelativeMove") == 1


async def test_relative_is_emulated(session: ClientSession) -> None:
    """A unit without is moved for a time, the same way."""
    async with rig(session, make, OnvifSimulator(quirks={Quirk.NO_RELATIVE_MOVE})) as head:
        assert PtzFeature.RELATIVE in ptz_of(head).features
        await ptz_of(head).step(Vector(pan=-0.2, tilt=0.1), 1.0)
        assert stands(head)
        pan, tilt, zoom = head.camera.ptz.position
        assert pan < -0.2
        assert tilt == pytest.approx(-pan / 2, abs=0.02)
        assert zoom == 0
        await ptz_of(head).step(Vector(pan=0.0))
        assert head.simulator.count("RelativeMove") == 0


async def test_relative_that_is_only_said_to_be_there(head: PtzRig) -> None:
    """A node lists the space, the operation is not there."""
    head.simulator.fault("RelativeMove", Fault.NOT_SUPPORTED)
    await ptz_of(head).step(Vector(pan=0.1), 1.0)
    assert head.camera.ptz.position.pan > 0.1
    head.simulator.fault("RelativeMove", Fault.FAULT_500)
    with pytest.raises(CameraError):
        await ptz_of(head).step(Vector(pan=0.1), 1.0)


async def test_speed_is_sent_whole(session: ClientSession) -> None:
    """A unit that refuses half a speed takes ours, though only pan and tilt move."""
    async with rig(session, make, OnvifSimulator(quirks={Quirk.PARTIAL_SPEED_REFUSED})) as head:
        await ptz_of(head).go(Vector(pan=0.5, tilt=0.0), 0.5)
        await ptz_of(head).step(Vector(pan=0.1), 0.5)
        await home_of(head).go_home(0.5)


async def test_geo(head: PtzRig) -> None:
    """It turns to a place on Earth; where that is unknown to it, it says so."""
    place = Place(longitude=8.1, latitude=50.0, elevation=100.0, width=500.0, height=300.0)
    await ptz_of(head).look_at(place, 1.0)
    await until(lambda: stands(head))
    assert head.camera.ptz.position.pan == pytest.approx(0.5, abs=0.01)
    await ptz_of(head).look_at(Place(longitude=7.9, latitude=50.0))
    await until(lambda: stands(head))
    assert head.camera.ptz.position.pan == pytest.approx(-0.5, abs=0.01)
    head.camera.ptz.geo = None
    with pytest.raises(RefusedError):
        await ptz_of(head).look_at(place)


async def test_home(head: PtzRig) -> None:
    """Set and returned to, by the role and by its button."""
    head.camera.ptz.position = head.camera.ptz.position._replace(pan=0.4)
    await home_of(head).set_home()
    head.camera.ptz.position = head.camera.ptz.position._replace(pan=0.0)
    await mover_of(head).move(Move.HOME)
    await until(lambda: stands(head))
    assert head.camera.ptz.position.pan == pytest.approx(0.4, abs=0.01)


async def test_without_home(session: ClientSession) -> None:
    """Neither role nor button."""
    async with rig(session, make, OnvifSimulator(quirks={Quirk.NO_HOME})) as head:
        assert head.part.home is None
        assert Move.HOME not in mover_of(head).moves


NODE = (
    '<tptz:PTZNode token="ptz_node_1"><tt:SupportedPTZSpaces>{}</tt:SupportedPTZSpaces>'
    "<tt:HomeSupported>{}</tt:HomeSupported></tptz:PTZNode>"
)
TRANSLATION = (
    "<tt:RelativePanTiltTranslationSpace><tt:URI>"
    "http://www.onvif.org/ver10/tptz/PanTiltSpaces/TranslationGenericSpace</tt:URI>"
    "<tt:XRange><tt:Min>-1</tt:Min><tt:Max>1</tt:Max></tt:XRange>"
    "<tt:YRange><tt:Min>-1</tt:Min><tt:Max>1</tt:Max></tt:YRange>"
    "</tt:RelativePanTiltTranslationSpace>"
)


async def test_a_unit_of_steps_only(session: ClientSession) -> None:
    """A press is a small step where there is no continuous move."""

    def prepare(simulator: OnvifSimulator) -> None:
        answer(simulator, "ptz", "GetNodes", NODE.format(TRANSLATION, "maybe"))

    async with rig(session, make, prepare=prepare) as head:
        assert ptz_of(head).features == {PtzFeature.RELATIVE}
        assert Move.ZOOM_IN not in mover_of(head).moves
        await mover_of(head).move(Move.PAN_LEFT, 2)
        await until(lambda: stands(head))
        assert head.camera.ptz.position.pan == pytest.approx(-0.1, abs=0.01)
        ptz = ptz_of(head)
        for action in (
            ptz.start(Vector(pan=1.0)),
            ptz.go(MIDDLE),
            ptz.step(Vector(zoom=1.0)),
            ptz.look_at(Place(longitude=0.0, latitude=0.0)),
        ):
            with pytest.raises(RefusedError) as raised:
                await action
            assert raised.value.reason is Reason.UNSUPPORTED
        await ptz.stop()
        head.simulator.fault("Stop", Fault.NOT_SUPPORTED)
        with pytest.raises(RefusedError):
            await ptz.stop()


async def test_stop_overtakes(head: PtzRig) -> None:
    """Stop does not wait for the answer to the move that it ends."""
    ptz = ptz_of(head)
    head.simulator.fault("ContinuousMove", Fault.HANG, times=1)
    moving = asyncio.create_task(ptz.start(Vector(pan=1.0)))
    await until(lambda: head.simulator.count("ContinuousMove"))
    stopping = asyncio.create_task(ptz.stop())
    try:
        async with asyncio.timeout(1):
            await until(lambda: head.simulator.count("Stop"))
        assert not moving.done()
    finally:
        moving.cancel()
        await asyncio.gather(moving, stopping, return_exceptions=True)
    assert stands(head)
