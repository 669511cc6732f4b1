import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.errors import CameraError, ProtocolError, Reason, RefusedError
from custom_components.panacam.cams.onvif import tours as tours_module
from custom_components.panacam.cams.onvif.ptz import PtzPart
from custom_components.panacam.cams.roles import Tour, TourOperation, Tours, TourStatus, TourStep
from tests.cams.onvif.moving import PtzRig, answer, rig, until
from tests.simulators.onvif import Fault, OnvifSimulator
from tests.simulators.onvif.ptz_parts import TourState

TOUR = Tour(
    name="Nachts",
    steps=(
        TourStep(preset="1", speed=0.5, stay=timedelta(seconds=5)),
        TourStep(preset=None, stay=timedelta(seconds=1.5)),
    ),
)


@pytest.fixture
async def head(session: ClientSession) -> AsyncIterator[PtzRig]:
    """Give the PTZ part of a device without quirks."""
    async with rig(session, PtzPart) as made:
        yield made


def tours_of(head: PtzRig) -> Tours:
    """Return the role."""
    assert head.part.tours is not None
    return head.part.tours


def tell(head: PtzRig, token: str) -> bool:
    """Let the part hear that a tour changed."""
    return head.hear(
        "PTZController/PTZPresetTours/Configuration",
        {"ProfileToken": "profile_1", "PresetTourToken": token},
        {"StateChange": "true"},
    )


async def test_what_there_is(head: PtzRig) -> None:
    """Name, status and steps."""
    assert head.board.tours == {
        "tour_1": Tour(
            name="Night round",
            status=TourStatus.IDLE,
            steps=(
                TourStep(preset="1", stay=timedelta(seconds=1)),
                TourStep(preset="2", stay=timedelta(seconds=1)),
            ),
        )
    }


async def test_create_modify_remove(head: PtzRig) -> None:
    """Each read back."""
    tours = tours_of(head)
    token = await tours.create(TOUR)
    found = head.board.tours[token]
    assert (found.name, found.status) == (TOUR.name, TourStatus.IDLE)
    assert found.steps == TOUR.steps
    camera = head.camera.ptz.tours.all[token]
    camera.rounds, camera.backward, camera.random, camera.seconds = 3, True, True, 60.0
    await tours.modify(token, Tour(name="Tags", steps=TOUR.steps[1:], auto_start=True))
    found = head.board.tours[token]
    assert (found.name, len(found.steps), found.auto_start) == ("Tags", 1, True)
    camera = head.camera.ptz.tours.all[token]
    assert (camera.rounds, camera.backward, camera.random, camera.seconds) == (3, True, True, 60.0)
    await tours.remove(token)
    assert token not in head.board.tours
    with pytest.raises(RefusedError) as raised:
        await tours.modify(token, TOUR)
    assert raised.value.reason is Reason.NOT_FOUND


async def test_operate(head: PtzRig) -> None:
    """Started, paused, stopped; the status is what the device says."""
    tours = tours_of(head)
    for operation, status in (
        (TourOperation.START, TourStatus.TOURING),
        (TourOperation.PAUSE, TourStatus.PAUSED),
        (TourOperation.START, TourStatus.TOURING),
        (TourOperation.STOP, TourStatus.IDLE),
    ):
        await tours.operate("tour_1", operation)
        assert head.board.tours["tour_1"].status is status
        assert head.watched.states[-1].tours["tour_1"].status is status
    with pytest.raises(RefusedError):
        await tours.operate("tour_1", TourOperation.PAUSE)


async def test_a_tour_that_cannot_be_written_is_not_left_behind(head: PtzRig) -> None:
    """An empty tour is of no use."""
    before = set(head.camera.ptz.tours.all)
    with pytest.raises(CameraError):
        await tours_of(head).create(Tour(name="x", steps=(TourStep(preset="99"),)))
    assert set(head.camera.ptz.tours.all) == before
    answer(head.simulator, "ptz", "CreatePresetTour", "")
    with pytest.raises(ProtocolError):
        await tours_of(head).create(TOUR)


OPTIONS = (
    "<tptz:Options><tt:AutoStart>false</tt:AutoStart><tt:TourSpot><tt:PresetDetail>"
    "<tt:Home>false</tt:Home></tt:PresetDetail><tt:StayTime><tt:Min>PT2S</tt:Min>"
    "<tt:Max>PT10S</tt:Max></tt:StayTime></tt:TourSpot></tptz:Options>"
)


@pytest.mark.parametrize(
    "tour",
    [
        Tour(name="", auto_start=True),
        Tour(name="", steps=(TourStep(preset=None),)),
        Tour(name="", steps=(TourStep(preset="1", stay=timedelta(seconds=1)),)),
        Tour(name="", steps=(TourStep(preset="1", stay=timedelta(seconds=11)),)),
        Tour(name="", steps=(TourStep(preset="1"),) * 200),
    ],
)
async def test_what_the_options_rule_out(head: PtzRig, tour: Tour) -> None:
    """It is refused before anything is made."""
    answer(head.simulator, "ptz", "GetPresetTourOptions", OPTIONS)
    with pytest.raises(RefusedError) as raised:
        await tours_of(head).create(tour)
    assert raised.value.reason is Reason.OUT_OF_RANGE
    assert head.simulator.count("CreatePresetTour") == 0


async def test_without_options(head: PtzRig) -> None:
    """A device that has none decides by itself."""
    head.simulator.fault("GetPresetTourOptions", Fault.NOT_SUPPORTED)
    assert await tours_of(head).create(TOUR) in head.board.tours


async def test_odd_tours(session: ClientSession) -> None:
    """Without names, states, tokens or bounds."""
    odd = (
        '<tptz:PresetTour token="a"><tt:Status><tt:State>Extended</tt:State></tt:Status>'
        "<tt:AutoStart>perhaps</tt:AutoStart><tt:TourSpot><tt:PresetDetail><tt:PTZPosition/>"
        '</tt:PresetDetail><tt:Speed><tt:PanTilt x="fast" y="1"/></tt:Speed>'
        "<tt:StayTime>soon</tt:StayTime></tt:TourSpot></tptz:PresetTour>"
        "<tptz:PresetTour><tt:Name>no token</tt:Name></tptz:PresetTour>"
    )
    many = "".join(f'<tptz:PresetTour token="t{number}"/>' for number in range(100))

    def prepare(simulator: OnvifSimulator) -> None:
        answer(simulator, "ptz", "GetPresetTours", odd + many)

    async with rig(session, PtzPart, prepare=prepare) as head:
        assert head.board.tours["a"] == Tour(name="a", steps=(TourStep(preset=None),))
        assert len(head.board.tours) <= tours_module.MAX_TOURS
        assert head.board.tours["t1"].name == "t1"


async def test_events(head: PtzRig, monkeypatch: pytest.MonkeyPatch) -> None:
    """What changed is read again, once for many events; what is gone goes."""
    monkeypatch.setattr(tours_module, "PAUSE", 0.05)
    head.camera.ptz.tours.all["tour_1"].state = TourState.TOURING
    for _ in range(50):
        assert tell(head, "tour_1")
    await until(lambda: head.board.tours["tour_1"].status is TourStatus.TOURING)
    assert head.simulator.count("GetPresetTour") == 1
    assert head.watched.states[-1].tours["tour_1"].status is TourStatus.TOURING
    made = head.camera.ptz.tours.create()
    tell(head, made)
    await until(lambda: made in head.board.tours)
    head.camera.ptz.tours.remove(made)
    tell(head, made)
    await until(lambda: made not in head.board.tours)
    assert tell(head, "")


async def test_events_of_a_device_that_is_gone(head: PtzRig) -> None:
    """Reading fails; nothing else does. Closing ends what reads."""
    head.simulator.fault("GetPresetTour", Fault.RESET, 1)
    tell(head, "tour_1")
    await until(lambda: head.simulator.count("GetPresetTour") == 1)
    assert "tour_1" in head.board.tours
    head.simulator.fault("GetPresetTour", Fault.EMPTY_RESPONSE)
    tell(head, "tour_1")
    await until(lambda: head.simulator.count("GetPresetTour") > 1)
    await asyncio.sleep(0.05)
    assert "tour_1" in head.board.tours
    head.simulator.fault("GetPresetTour", Fault.HANG)
    tell(head, "tour_1")
    await head.part.close()
