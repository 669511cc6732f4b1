import asyncio
from collections.abc import AsyncIterator

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.errors import BusyError, CameraError, Reason, RefusedError
from custom_components.panacam.cams.onvif.ptz import PtzPart
from custom_components.panacam.cams.roles import Presets, Vector
from tests.cams.onvif.moving import PtzRig, answer, rig, until
from tests.simulators.onvif import Fault, OnvifSimulator, Quirk

TOPIC = "PTZController/PTZPresets/"
NAMES = {"1": "Entrance", "2": "Car park", "3": "Gate & fence"}


@pytest.fixture
async def head(session: ClientSession) -> AsyncIterator[PtzRig]:
    """Give the PTZ part of a device without quirks."""
    async with rig(session, PtzPart) as made:
        yield made


def presets_of(head: PtzRig) -> Presets:
    """Return the role."""
    assert head.part.presets is not None
    return head.part.presets


def tell(head: PtzRig, what: str, token: str, configuration: str = "ptz_1") -> bool:
    """Let the part hear of a preset."""
    return head.hear(
        TOPIC + what, {"PTZConfigurationToken": configuration}, {"PresetToken": token}, ""
    )


async def test_names(head: PtzRig) -> None:
    """By token, in the device's order."""
    assert head.board.presets == NAMES
    assert list(head.board.presets) == ["1", "2", "3"]
    assert head.board.preset is None


async def test_recall(head: PtzRig) -> None:
    """It goes there; a move makes it another place."""
    await presets_of(head).recall("2", 1.0)
    assert head.board.preset == "2"
    assert head.watched.states[-1].preset == "2"
    await until(lambda: not head.camera.ptz.moving)
    assert head.camera.ptz.position == pytest.approx((0.5, -0.25, 0.5), abs=0.01)
    assert head.part.ptz is not None
    await head.part.ptz.start(Vector(pan=0.1), limit=0.1)
    assert head.board.preset is None


async def test_recall_ends_a_continuous_move_for_good(head: PtzRig) -> None:
    """The stop that was due would stop it on its way."""
    assert head.part.ptz is not None
    await head.part.ptz.start(Vector(pan=-0.1), limit=0.2)
    await presets_of(head).recall("2", 0.5)
    await asyncio.sleep(0.4)
    assert head.simulator.count("Stop") == 0
    assert head.camera.ptz.moving


async def test_a_recall_that_is_refused_leaves_no_move_behind(head: PtzRig) -> None:
    """The move that it was to take the place of still ends."""
    head.camera.quirks.add(Quirk.TIMEOUT_IGNORED)
    head.camera.ptz.full_speed = 0.1
    assert head.part.ptz is not None
    await head.part.ptz.start(Vector(pan=-1.0))
    with pytest.raises(RefusedError):
        await presets_of(head).recall("99")
    await until(lambda: not head.camera.ptz.moving)


async def test_recall_of_nothing(head: PtzRig) -> None:
    """A token that the device does not know."""
    await presets_of(head).recall("1")
    with pytest.raises(RefusedError) as raised:
        await presets_of(head).recall("99")
    assert raised.value.reason is Reason.NOT_FOUND
    assert head.board.preset is None


@pytest.mark.parametrize("fault", [Fault.FAULT_500, Fault.EMPTY])
async def test_a_stumble(head: PtzRig, fault: Fault) -> None:
    """A device that once does not tell its presets and tours has them all the same."""
    tours = dict(head.board.tours)
    assert tours
    head.simulator.fault("GetPresets", fault)
    head.simulator.fault("GetPresetTours", fault)
    await head.part.refresh()
    assert head.board.presets == NAMES
    assert head.board.tours == tours
    assert head.part.tours is not None
    assert await presets_of(head).save("Entrance", "1") == "1"
    assert head.board.presets == NAMES


async def test_save_and_remove(head: PtzRig) -> None:
    """A new one, another name for it, and away with it; each read back."""
    token = await presets_of(head).save("Tür & Tor")
    assert head.board.presets == {**NAMES, token: "Tür & Tor"}
    assert await presets_of(head).save("Tor", token) == token
    assert head.board.presets[token] == "Tor"
    await presets_of(head).recall(token)
    await presets_of(head).remove(token)
    assert head.board.presets == NAMES
    assert head.board.preset is None
    with pytest.raises(RefusedError):
        await presets_of(head).remove(token)


async def test_save_says_why_not(head: PtzRig) -> None:
    """A name that is taken, no room, a head that moves."""
    presets = presets_of(head)
    with pytest.raises(RefusedError) as raised:
        await presets.save("Entrance")
    assert raised.value.reason is Reason.CONFLICT
    head.camera.ptz.max_presets = 3
    with pytest.raises(RefusedError) as raised:
        await presets.save("Other")
    assert raised.value.reason is Reason.FULL
    head.camera.ptz.pan.drive(0.1)
    with pytest.raises(BusyError):
        await presets.save("Other", "1")


async def test_save_without_an_answer(head: PtzRig) -> None:
    """A device that does not tell the token of what it saved."""
    presets = presets_of(head)
    answer(head.simulator, "ptz", "SetPreset", "")
    assert await presets.save("Entrance", "1") == "1"
    with pytest.raises(RefusedError) as raised:
        await presets.save("Other")
    assert raised.value.reason is Reason.NOT_FOUND
    head.camera.ptz.save("7", "Other")
    assert await presets.save("Other") == "7"


async def test_three_hundred_presets(session: ClientSession) -> None:
    """All of them are there."""
    async with rig(session, PtzPart, OnvifSimulator(quirks={Quirk.PRESETS_300})) as head:
        assert len(head.board.presets) == 300
        assert head.board.presets["300"] == "Preset 300"


async def test_odd_presets(session: ClientSession) -> None:
    """Without names, tokens or bounds; names that turn the writing direction."""
    odd = (
        '<tptz:Preset token="a/b ?&amp;&lt;"><tt:Name/></tptz:Preset>'
        "<tptz:Preset><tt:Name>nameless</tt:Name></tptz:Preset>"
        '<tptz:Preset token="x"><tt:Name>a\u202eb</tt:Name></tptz:Preset>'
        f'<tptz:Preset token="{"t" * 300}"/>'
        '<tptz:Preset token="\u202e"/>'
        f'<tptz:Preset token="long"><tt:Name>{"n" * 500}</tt:Name></tptz:Preset>'
    )
    many = "".join(f'<tptz:Preset token="{number}"/>' for number in range(900))

    def prepare(simulator: OnvifSimulator) -> None:
        answer(simulator, "ptz", "GetPresets", odd + many)

    async with rig(session, PtzPart, prepare=prepare) as head:
        found = list(head.board.presets.items())
        assert found[:4] == [
            ("a/b ?&<", "a/b ?&<"),
            ("x", "ab"),
            ("\u202e", "3"),
            ("long", "n" * 64),
        ]
        assert len(found) == 512


@pytest.mark.parametrize("fault", [Fault.NOT_SUPPORTED, Fault.HTML, Fault.WRONG_RESPONSE])
async def test_without_presets(session: ClientSession, fault: Fault) -> None:
    """A device that refuses or answers nonsense has none."""
    simulator = OnvifSimulator()
    simulator.fault("GetPresets", fault)
    async with rig(session, PtzPart, simulator) as head:
        assert head.part.presets is None
        assert head.part.ptz is not None


async def test_a_unit_that_keeps_none(session: ClientSession) -> None:
    """It is not asked."""
    node = (
        '<tptz:PTZNode token="ptz_node_1"><tt:MaximumNumberOfPresets>0'
        "</tt:MaximumNumberOfPresets></tptz:PTZNode>"
    )

    def prepare(simulator: OnvifSimulator) -> None:
        answer(simulator, "ptz", "GetNodes", node)

    async with rig(session, PtzPart, prepare=prepare) as head:
        assert head.part.presets is None
        assert head.part.tours is None
        assert head.simulator.count("GetPresets") == 0


async def test_events(head: PtzRig) -> None:
    """What others do with the unit."""
    assert tell(head, "Invoked", "1")
    assert head.board.preset == "1"
    assert tell(head, "Reached", "1")
    assert head.board.preset == "1"
    assert head.watched.states[-1].preset == "1"
    assert tell(head, "Left", "3")
    assert head.board.preset == "1"
    assert tell(head, "Left", "1")
    assert head.board.preset is None
    assert tell(head, "Reached", "unknown")
    assert head.board.preset is None
    tell(head, "Invoked", "2")
    assert tell(head, "Aborted", "2")
    assert head.board.preset is None


async def test_events_of_others(head: PtzRig) -> None:
    """Another unit's presets are not ours; other topics are for other parts."""
    assert tell(head, "Reached", "1", "ptz_2")
    assert head.board.preset is None
    assert not head.hear("Device/Trigger/Relay", {}, {})
    assert not head.hear("PTZController/Other", {}, {})


async def test_a_connection_that_breaks(head: PtzRig) -> None:
    """The caller hears of it, and nothing is claimed."""
    head.simulator.fault("GotoPreset", Fault.RESET)
    with pytest.raises(CameraError):
        await presets_of(head).recall("1")
    assert head.board.preset is None
