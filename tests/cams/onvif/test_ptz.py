import asyncio
from collections.abc import AsyncIterator

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.errors import CameraError, ConnectError, Reason, RefusedError
from custom_components.panacam.cams.onvif import ptz as ptz_module
from custom_components.panacam.cams.onvif.ptz import PtzPart
from custom_components.panacam.cams.roles import Problem, PtzFeature, SignalClass, Vector
from custom_components.panacam.cams.settings import Choice, Toggle
from tests.cams.onvif.moving import PtzRig, answer, read_profiles, rig, until
from tests.simulators.onvif import Fault, OnvifSimulator, Quirk
from tests.simulators.onvif.ptz_parts import Position

POSITIONS = ("ptz_pan", "ptz_tilt", "ptz_zoom")


@pytest.fixture
async def head(session: ClientSession) -> AsyncIterator[PtzRig]:
    """Give the PTZ part of a device without quirks."""
    async with rig(session, PtzPart) as made:
        yield made


async def test_a_device_without_ptz(session: ClientSession) -> None:
    """No role, no row, no question."""
    async with rig(session, PtzPart, OnvifSimulator(ptz=False)) as head:
        part = head.part
        assert (part.ptz, part.home, part.presets, part.tours) == (None,) * 4
        assert part.mover_with(None) is None
        assert not head.board.settings
        assert not head.board.problems
        await part.poll()
        await part.refresh()
        assert not any(request.service == "ptz" for request in head.simulator.requests)


async def test_position_and_movement(head: PtzRig) -> None:
    """As the unit tells them at once."""
    assert [head.board.read[key] for key in POSITIONS] == [0.0, 0.0, 0.0]
    assert head.board.signals["ptz_moving"].signal_class is SignalClass.MOVING
    assert head.board.signalled["ptz_moving"] is False
    head.camera.ptz.position = Position(0.5, -0.25, 0.75)
    await head.part.refresh()
    assert [head.board.read[key] for key in POSITIONS] == pytest.approx([0.5, -0.25, 0.75])


async def test_polled_only_for_somebody(head: PtzRig) -> None:
    """Or while something moves."""
    before = head.simulator.count("GetStatus")
    await head.part.poll()
    assert head.simulator.count("GetStatus") == before
    call_off = head.board.want("ptz_pan")
    await head.part.poll()
    assert head.simulator.count("GetStatus") == before + 1
    call_off()
    assert head.part.ptz is not None
    await head.part.ptz.start(Vector(pan=0.1), limit=0.2)
    await head.part.poll()
    assert head.simulator.count("GetStatus") == before + 2
    assert head.board.signalled["ptz_moving"] is True
    await until(lambda: not head.camera.ptz.moving)
    await head.part.poll()
    assert head.board.signalled["ptz_moving"] is False
    counted = head.simulator.count("GetStatus")
    await head.part.poll()
    assert head.simulator.count("GetStatus") == counted


async def test_followed_while_somebody_looks(head: PtzRig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is, step by step, and that it has arrived."""
    monkeypatch.setattr(ptz_module, "FOLLOW_PAUSE", 0.05)
    head.board.want("ptz_moving")
    assert head.part.ptz is not None
    await head.part.ptz.go(Vector(pan=0.4, tilt=0.0), 1.0)
    await until(lambda: head.board.signalled["ptz_moving"] is True)
    await until(lambda: head.board.signalled["ptz_moving"] is False)
    seen = {state.readings["ptz_pan"] for state in head.watched.states}
    assert len(seen) > 3
    assert head.board.read["ptz_pan"] == pytest.approx(0.4, abs=0.01)


async def test_a_unit_that_is_gone_is_not_followed(
    head: PtzRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The task ends; the next poll says what is wrong."""
    monkeypatch.setattr(ptz_module, "FOLLOW_PAUSE", 0.01)
    head.board.want("ptz_moving")
    assert head.part.ptz is not None
    head.simulator.fault("GetStatus", Fault.RESET)
    await head.part.ptz.go(Vector(pan=0.4, tilt=0.0))
    await until(lambda: head.part._following is None)
    with pytest.raises(ConnectError):
        await head.part.poll()


async def test_closing_follows_nobody(head: PtzRig) -> None:
    """What looks on in the background ends with the part."""
    head.board.want("ptz_moving")
    assert head.part.ptz is not None
    await head.part.ptz.go(Vector(pan=0.4, tilt=0.0))
    assert head.part._following is not None
    await head.part.close()
    assert head.part._following is None


async def test_no_status(session: ClientSession) -> None:
    """Neither readings nor signal, and no question after the first."""
    async with rig(session, PtzPart, OnvifSimulator(quirks={Quirk.NO_PTZ_STATUS})) as head:
        assert not head.board.readings
        assert not head.board.signals
        before = head.simulator.count("GetStatus")
        await head.part.refresh()
        assert head.simulator.count("GetStatus") == before


@pytest.mark.parametrize(
    ("status", "moving", "pan"),
    [
        ("<tt:MoveStatus><tt:PanTilt>moving</tt:PanTilt></tt:MoveStatus>", True, None),
        ("<tt:MoveStatus><tt:PanTilt>UNKNOWN</tt:PanTilt></tt:MoveStatus>", None, None),
        ("<tt:MoveStatus/>", None, None),
        ('<tt:Position><tt:PanTilt x="1" y="2"/></tt:Position>', None, 1.0),
        ('<tt:Position><tt:PanTilt x="far" y="INF"/></tt:Position>', None, None),
        ("<tt:Error>oops</tt:Error>", None, None),
    ],
)
async def test_odd_statuses(
    session: ClientSession, status: str, moving: bool | None, pan: float | None
) -> None:
    """What a unit does not tell is not there."""

    def prepare(simulator: OnvifSimulator) -> None:
        answer(simulator, "ptz", "GetStatus", f"<tptz:PTZStatus>{status}</tptz:PTZStatus>")

    async with rig(session, PtzPart, prepare=prepare) as head:
        assert head.board.signalled.get("ptz_moving") is moving
        assert head.board.read.get("ptz_pan") == pan
        assert ("ptz_pan" in head.board.readings) is (pan is not None)


@pytest.mark.parametrize("media2", [True, False])
async def test_attached_when_it_is_not(session: ClientSession, *, media2: bool) -> None:
    """By Media2 and by the first media service."""
    simulator = OnvifSimulator(quirks={Quirk.PTZ_UNATTACHED}, media2=media2)
    async with rig(session, PtzPart, simulator, media2=media2) as head:
        assert head.part.ptz is not None
        assert not head.board.problems
        assert head.board.profiles[0].configurations["ptz"] == "ptz_1"
        assert head.board.profiles[0].ptz_node == "ptz_node_1"
        profiles = await read_profiles(head.part.client, media2=media2)
        assert profiles[0].configurations["ptz"] == "ptz_1"
        await head.part.ptz.go(Vector(pan=0.5, tilt=0.0))
        wanted = "AddConfiguration" if media2 else "AddPTZConfiguration"
        assert head.simulator.count(wanted) == 1
        assert head.simulator.count("GetCompatibleConfigurations") == 1


async def test_not_attached(session: ClientSession) -> None:
    """A device that refuses: a problem, until its owner has it mended."""
    quirks = {Quirk.PTZ_UNATTACHED, Quirk.PTZ_ATTACH_REFUSED}
    async with rig(session, PtzPart, OnvifSimulator(quirks=quirks)) as head:
        assert head.board.problems == {Problem.PTZ_NOT_ATTACHED}
        assert head.part.ptz is None
        assert head.part.mover_with(None) is None
        with pytest.raises(RefusedError):
            await head.part.attach()
        assert head.board.problems == {Problem.PTZ_NOT_ATTACHED}
        head.camera.quirks.remove(Quirk.PTZ_ATTACH_REFUSED)
        await head.part.attach()
        assert not head.board.problems
        assert head.part.ptz is not None
        await head.part.attach()
        assert head.simulator.count("AddConfiguration") == 3


async def test_ptz_service_without_a_unit(session: ClientSession) -> None:
    """Some fixed cameras have the service: nothing is wrong."""

    def prepare(simulator: OnvifSimulator) -> None:
        answer(simulator, "ptz", "GetNodes", "")
        answer(simulator, "ptz", "GetConfigurations", "")
        answer(simulator, "ptz", "GetCompatibleConfigurations", "")

    simulator = OnvifSimulator(quirks={Quirk.PTZ_UNATTACHED})
    async with rig(session, PtzPart, simulator, prepare) as head:
        assert head.part.ptz is None
        assert not head.board.problems
        with pytest.raises(RefusedError) as raised:
            await head.part.attach()
        assert raised.value.reason is Reason.NOT_FOUND


async def test_nothing_to_attach_to(session: ClientSession) -> None:
    """A device without profiles."""
    async with rig(session, PtzPart, OnvifSimulator(quirks={Quirk.PTZ_UNATTACHED})) as head:
        head.board.profiles = ()
        await head.part.connect()
        assert head.part.ptz is None
        with pytest.raises(RefusedError):
            await head.part.attach()


async def test_connected_again(session: ClientSession) -> None:
    """After a restart with other tokens: the same roles, the same rows, the new tokens."""
    simulator = OnvifSimulator(quirks={Quirk.PROFILE_TOKENS_CHANGE})
    async with rig(session, PtzPart, simulator) as head:
        ptz, rows = head.part.ptz, set(head.board.settings)
        await simulator.reboot(0.05)
        head.board.profiles = await read_profiles(head.part.client)
        await head.part.connect()
        assert head.part.ptz is ptz
        assert ptz is not None
        assert set(head.board.settings) == rows
        await ptz.go(Vector(pan=0.5, tilt=0.5))


async def test_a_unit_that_is_gone(head: PtzRig) -> None:
    """After a restart no profile has it: roles that somebody still holds refuse."""
    ptz, presets = head.part.ptz, head.part.presets
    assert ptz is not None
    assert presets is not None
    head.board.profiles = ()
    await head.part.connect()
    assert head.part.ptz is None
    for action in (ptz.go(Vector(pan=0.0, tilt=0.0)), presets.save("x"), ptz.stop()):
        with pytest.raises(RefusedError) as raised:
            await action
        assert raised.value.reason is Reason.UNSUPPORTED


NODE = '<tptz:PTZNode token="{}"><tt:HomeSupported>true</tt:HomeSupported></tptz:PTZNode>'


@pytest.mark.parametrize(
    ("listed", "single", "features"),
    [
        ("", NODE.format("ptz_node_1"), {PtzFeature.CONTINUOUS, PtzFeature.RELATIVE}),
        (NODE.format("other"), "", set(PtzFeature) - {PtzFeature.GEO}),
        (NODE.format("a") + NODE.format("b"), "", set(PtzFeature) - {PtzFeature.GEO}),
    ],
)
async def test_odd_nodes(
    session: ClientSession, listed: str, single: str, features: set[PtzFeature]
) -> None:
    """A node that is not listed, one that is called otherwise, two of which neither fits."""

    def prepare(simulator: OnvifSimulator) -> None:
        answer(simulator, "ptz", "GetNodes", listed)
        answer(simulator, "ptz", "GetNode", single)
        if single:
            answer(simulator, "ptz", "GetConfigurationOptions", "")

    async with rig(session, PtzPart, prepare=prepare) as head:
        assert head.part.ptz is not None
        # What the node does not list of its spaces, the options do.
        assert head.part.ptz.features == features
        assert head.part.home is not None


async def test_direction(head: PtzRig) -> None:
    """E-flip and reversal, as choices that are read back."""
    row = head.board.settings["ptz_reverse"]
    assert isinstance(row, Choice)
    assert row.options == ("off", "on", "auto")
    assert not row.enabled
    assert await head.change("ptz_eflip", "on") == "on"
    assert await head.change("ptz_reverse", "auto") == "auto"
    configuration = head.camera.ptz.configuration
    assert (configuration.eflip, configuration.reverse) == ("ON", "AUTO")
    head.simulator.camera.ptz.configure(type(configuration)(eflip="OFF"))
    await head.part.refresh()
    assert head.board.values["ptz_eflip"] == "off"


async def test_direction_without_options(session: ClientSession) -> None:
    """A device that refuses options, but has the modes in its configuration."""
    async with rig(session, PtzPart, OnvifSimulator(quirks={Quirk.NO_OPTIONS})) as head:
        assert await head.change("ptz_eflip", "on") == "on"


CONFIGURATION = (
    '<tptz:PTZConfiguration token="ptz_1"><tt:Name>Head</tt:Name><tt:UseCount>1</tt:UseCount>'
    "<tt:NodeToken>ptz_node_1</tt:NodeToken>{}</tptz:PTZConfiguration>"
)


async def test_direction_that_the_configuration_lacks(session: ClientSession) -> None:
    """What is missing is put in where the schema wants it."""
    reverse = (
        "<tt:Extension><tt:PTControlDirection><tt:Reverse><tt:Mode>AUTO</tt:Mode></tt:Reverse>"
        "</tt:PTControlDirection></tt:Extension>"
    )

    def prepare(simulator: OnvifSimulator) -> None:
        answer(simulator, "ptz", "GetConfiguration", CONFIGURATION.format(reverse))

    async with rig(session, PtzPart, prepare=prepare) as head:
        assert head.board.values["ptz_eflip"] is None
        await head.board.change("ptz_eflip", "on")
        configuration = head.camera.ptz.configuration
        assert (configuration.eflip, configuration.reverse) == ("ON", "AUTO")


async def test_configuration_that_is_only_listed(session: ClientSession) -> None:
    """GetConfiguration is refused; the list has it."""
    async with rig(session, PtzPart) as head:
        head.simulator.fault("GetConfiguration", Fault.NOT_SUPPORTED)
        await head.part.connect()
        assert await head.change("ptz_eflip", "on") == "on"
        head.simulator.fault("GetConfigurations", Fault.NOT_SUPPORTED)
        with pytest.raises(RefusedError):
            await head.board.change("ptz_eflip", "off")
        await head.part.connect()
        assert "ptz_eflip" not in head.board.settings


async def test_auxiliary_commands(head: PtzRig) -> None:
    """Lamps and wipers: switches, selects, and buttons for what has no opposite."""
    wiper, lamp = head.board.settings["aux_wiper"], head.board.settings["aux_ir_lamp"]
    assert isinstance(wiper, Toggle)
    assert wiper.assumed
    assert not wiper.config
    assert isinstance(lamp, Choice)
    assert lamp.options == ("auto", "on", "off")
    assert await head.change("aux_wiper", True) is True
    assert await head.change("aux_ir_lamp", "off") == "off"
    await head.board.do("aux_washer_on")
    assert list(head.camera.ptz.switches.heard) == [
        "tt:Wiper|On",
        "tt:IRLamp|Off",
        "tt:Washer|On",
    ]
    await head.part.connect()
    assert head.board.values["aux_wiper"] is True
    head.simulator.fault("SendAuxiliaryCommand", Fault.FAULT_500)
    with pytest.raises(CameraError):
        await head.board.change("aux_wiper", False)
    assert head.board.values["aux_wiper"] is True


async def test_the_longest_follow_ends(head: PtzRig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A unit that says for ever that it moves is not asked for ever."""
    monkeypatch.setattr(ptz_module, "FOLLOW_PAUSE", 0.01)
    monkeypatch.setattr(ptz_module, "FOLLOW_TIME", 0.1)
    moving = "<tt:MoveStatus><tt:PanTilt>MOVING</tt:PanTilt></tt:MoveStatus>"
    answer(head.simulator, "ptz", "GetStatus", f"<tptz:PTZStatus>{moving}</tptz:PTZStatus>")
    head.board.want("ptz_moving")
    assert head.part.ptz is not None
    await head.part.ptz.go(Vector(pan=0.1, tilt=0.0))
    assert head.part._following is not None
    await until(lambda: head.part._following is None)
    await asyncio.sleep(0)
