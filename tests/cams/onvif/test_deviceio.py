import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.device import Alarm, AlarmRaised
from custom_components.panacam.cams.errors import CameraError, ConnectError, RefusedError
from custom_components.panacam.cams.onvif import board as board_module
from custom_components.panacam.cams.onvif.deviceio import IoPart
from custom_components.panacam.cams.settings import Choice, Range, Text, Toggle
from tests.cams.onvif.moving import Rig, answer, rig, until
from tests.simulators.onvif import Fault, OnvifSimulator
from tests.simulators.onvif.state_io import DigitalInput, Relay

RELAY = "Device/Trigger/Relay"
INPUT = "Device/Trigger/DigitalInput"

type Plugged = Rig[IoPart]


@pytest.fixture
async def plugged(session: ClientSession) -> AsyncIterator[Plugged]:
    """Give the inputs and outputs of a device without quirks."""
    async with rig(session, IoPart) as made:
        yield made


def relay(plugged: Plugged, token: str, state: str) -> bool:
    """Let the part hear of a relay."""
    return plugged.hear(RELAY, {"RelayToken": token}, {"LogicalState": state})


def ring(plugged: Plugged, token: str, state: str, operation: str = "Changed") -> bool:
    """Let the part hear of an input."""
    return plugged.hear(INPUT, {"InputToken": token}, {"LogicalState": state}, operation)


def toggle_of(plugged: Plugged, key: str) -> Toggle:
    """Return a row."""
    row = plugged.board.settings[key]
    assert isinstance(row, Toggle)
    return row


async def test_relays(plugged: Plugged) -> None:
    """Switched, though nobody tells what became of it."""
    assert toggle_of(plugged, "relay_0").assumed
    assert not toggle_of(plugged, "relay_0").config
    assert [toggle_of(plugged, f"relay_{at}").label for at in (0, 1)] == ["1", "2"]
    assert plugged.board.values["relay_0"] is None
    assert await plugged.change("relay_0", True) is True
    assert plugged.camera.io.relays["relay1"].active
    assert await plugged.change("relay_0", False) is False
    assert not plugged.camera.io.relays["relay1"].active


async def test_a_monostable_relay_falls_back(plugged: Plugged) -> None:
    """After its delay, as the device does; switched off before, it is off."""
    await plugged.board.change("relay_1_delay", 0.2)
    assert await plugged.change("relay_1", True) is True
    await until(lambda: plugged.board.values["relay_1"] is False)
    assert plugged.watched.states[-1].settings["relay_1"] is False
    assert not plugged.camera.io.relays["relay2"].active
    await plugged.board.change("relay_1", True)
    assert await plugged.change("relay_1", False) is False
    shown = len(plugged.watched.states)
    await asyncio.sleep(0.3)
    assert len(plugged.watched.states) == shown


async def test_events_tell_of_relays(plugged: Plugged) -> None:
    """From then on the state is known, and not assumed."""
    assert relay(plugged, "relay1", "active")
    assert not toggle_of(plugged, "relay_0").assumed
    assert plugged.board.values["relay_0"] is True
    assert toggle_of(plugged, "relay_1").assumed
    # What the device does not confirm is not so.
    assert await plugged.change("relay_0", False) is True
    assert relay(plugged, "relay1", "inactive")
    assert plugged.board.values["relay_0"] is False
    await plugged.part.connect()
    assert not toggle_of(plugged, "relay_0").assumed
    plugged.part.deaf()
    assert toggle_of(plugged, "relay_0").assumed
    assert plugged.board.values["relay_0"] is None
    assert not relay(plugged, "relay9", "active")
    assert not relay(plugged, "relay1", "perhaps")


async def test_an_event_overtakes_the_assumption(plugged: Plugged) -> None:
    """A relay that begins to tell is not guessed at any longer."""
    await plugged.board.change("relay_1_delay", 0.2)
    await plugged.board.change("relay_1", True)
    relay(plugged, "relay2", "true")
    await asyncio.sleep(0.3)
    assert plugged.board.values["relay_1"] is True


async def test_relay_settings(plugged: Plugged) -> None:
    """Mode, idle state and delay, read back; disabled until somebody wants them."""
    delay = plugged.board.settings["relay_0_delay"]
    assert isinstance(delay, Range)
    assert (delay.minimum, delay.maximum, delay.unit) == (0.1, 60.0, "s")
    for name in ("mode", "idle_state", "delay"):
        row = plugged.board.settings[f"relay_0_{name}"]
        assert not row.enabled
        assert row.config
    assert await plugged.change("relay_0_mode", "monostable") == "monostable"
    assert await plugged.change("relay_0_idle_state", "closed") == "closed"
    assert await plugged.change("relay_0_delay", 2.5) == 2.5
    found = plugged.camera.io.relays["relay1"]
    assert (found.mode, found.idle_state, found.delay) == ("Monostable", "closed", 2.5)
    found.mode = "Bistable"
    await plugged.part.refresh()
    assert plugged.board.values["relay_0_mode"] == "bistable"
    used = {request.operation: request.service for request in plugged.simulator.requests}
    assert used["SetRelayOutputSettings"] == used["GetRelayOutputs"] == "deviceio"


async def test_a_mode_that_is_fixed(session: ClientSession) -> None:
    """No choice where there is none."""

    def prepare(simulator: OnvifSimulator) -> None:
        simulator.camera.io.relays["relay1"].fixed_mode = True

    async with rig(session, IoPart, prepare=prepare) as plugged:
        assert "relay_0_mode" not in plugged.board.settings
        assert "relay_0_delay" not in plugged.board.settings
        assert "relay_0_idle_state" in plugged.board.settings


async def test_relays_of_the_device_service(session: ClientSession) -> None:
    """A device without the device IO service may have relays all the same."""

    def prepare(simulator: OnvifSimulator) -> None:
        simulator.camera.io.add_relay(Relay(token="a/b"))

    async with rig(session, IoPart, OnvifSimulator(deviceio=False), prepare) as plugged:
        assert toggle_of(plugged, "relay_0").label == ""
        assert await plugged.change("relay_0", True) is True
        assert plugged.camera.io.relays["a/b"].active
        assert await plugged.change("relay_0_mode", "monostable") == "monostable"
        assert await plugged.change("relay_0_delay", 3) == 3
        assert not any(request.service == "deviceio" for request in plugged.simulator.requests)
        assert not plugged.board.readings


async def test_relays_that_only_the_device_service_lists(session: ClientSession) -> None:
    """A device IO service that refuses is passed over."""

    def prepare(simulator: OnvifSimulator) -> None:
        simulator.camera.services = tuple(
            replace(
                found,
                operations={
                    name: handler
                    for name, handler in found.operations.items()
                    if found.name != "deviceio" or name != "GetRelayOutputs"
                },
            )
            for found in simulator.camera.services
        )

    async with rig(session, IoPart, prepare=prepare) as plugged:
        assert await plugged.change("relay_0", True) is True
        assert await plugged.change("relay_0_idle_state", "closed") == "closed"
        used = {request.operation: request.service for request in plugged.simulator.requests}
        assert used["SetRelayOutputState"] == used["SetRelayOutputSettings"] == "device"


RELAYS = (
    '<tds:RelayOutputs token="1"/>'
    '<tds:RelayOutputs token="2"><tt:Properties><tt:Mode>Odd</tt:Mode><tt:DelayTime>soon'
    "</tt:DelayTime><tt:IdleState>ajar</tt:IdleState></tt:Properties></tds:RelayOutputs>"
    "<tds:RelayOutputs/>"
)


async def test_odd_relays(session: ClientSession) -> None:
    """Without settings, without tokens; a thousand of them."""
    many = "".join(f'<tds:RelayOutputs token="r{number}"/>' for number in range(1000))

    def prepare(simulator: OnvifSimulator) -> None:
        answer(simulator, "deviceio", "GetRelayOutputs", RELAYS + many)
        answer(simulator, "deviceio", "GetRelayOutputOptions", "<tmd:RelayOutputOptions/>")

    async with rig(session, IoPart, prepare=prepare) as plugged:
        relays = [key for key in plugged.board.settings if key.startswith("relay_")]
        assert len(relays) == 63
        assert not any(key.count("_") > 1 for key in relays)


async def test_delays_that_are_not_told(session: ClientSession) -> None:
    """Any delay up to an hour."""
    options = (
        '<tmd:RelayOutputOptions token="relay1"><tmd:Mode>Monostable</tmd:Mode>'
        "<tmd:Mode>Bistable</tmd:Mode><tmd:DelayTimes>some 5</tmd:DelayTimes>"
        "</tmd:RelayOutputOptions>"
    )

    def prepare(simulator: OnvifSimulator) -> None:
        answer(simulator, "deviceio", "GetRelayOutputOptions", options)

    async with rig(session, IoPart, prepare=prepare) as plugged:
        delay = plugged.board.settings["relay_0_delay"]
        assert isinstance(delay, Range)
        assert (delay.minimum, delay.maximum) == (0.0, 3600.0)


async def test_inputs(plugged: Plugged) -> None:
    """Known by events alone; together they are the alarm from outside."""
    assert set(plugged.board.signals) == {"input_0", "input_1"}
    assert plugged.board.alarms == {Alarm.EXTERNAL: None}
    assert ring(plugged, "input1", "false", "Initialized")
    assert plugged.board.alarms == {Alarm.EXTERNAL: False}
    assert ring(plugged, "input1", "true")
    assert ring(plugged, "input1", "true")
    assert ring(plugged, "input2", "1")
    assert plugged.board.signalled == {"input_0": True, "input_1": True}
    assert plugged.board.alarms == {Alarm.EXTERNAL: True}
    assert plugged.watched.told == [AlarmRaised(Alarm.EXTERNAL)] * 2
    ring(plugged, "input1", "0")
    assert plugged.board.alarms == {Alarm.EXTERNAL: True}
    ring(plugged, "input2", "inactive")
    assert plugged.watched.states[-1].alarms == {Alarm.EXTERNAL: False}
    plugged.part.deaf()
    assert plugged.board.signalled == {"input_0": None, "input_1": None}
    assert plugged.board.alarms == {Alarm.EXTERNAL: None}


async def test_what_was_on_before_rings_no_bell(plugged: Plugged) -> None:
    """A door that stood open when Home Assistant started."""
    ring(plugged, "input1", "true", "Initialized")
    assert plugged.board.signalled["input_0"] is True
    assert plugged.watched.told == []


async def test_odd_events(plugged: Plugged) -> None:
    """Without token, without state, and of a thousand inputs that nobody listed."""
    assert not ring(plugged, "", "true")
    assert not ring(plugged, "input1", "maybe")
    assert not ring(plugged, "x" * 300, "true")
    assert not plugged.hear("Other/Topic", {}, {})
    for number in range(1000):
        ring(plugged, f"other{number}", "false")
    assert len(plugged.board.signals) == 64


async def test_no_room(plugged: Plugged, monkeypatch: pytest.MonkeyPatch) -> None:
    """An input that the board has no room for is nobody's."""
    monkeypatch.setattr(board_module, "MAX_ROWS", 2)
    assert not ring(plugged, "third", "true")
    assert len(plugged.board.signals) == 2
    assert plugged.watched.told == []


async def test_inputs_that_are_not_listed(session: ClientSession) -> None:
    """The first event of an input makes it; a list is not asked for where there is none."""
    async with rig(session, IoPart, OnvifSimulator(deviceio=False)) as plugged:
        assert not plugged.board.signals
        assert not plugged.board.alarms
        assert ring(plugged, "1", "true", "Initialized")
        assert plugged.board.signals["input_0"].label == "1"
        assert plugged.board.alarms == {Alarm.EXTERNAL: True}
        await plugged.part.connect()
        assert ring(plugged, "1", "false")
        assert plugged.board.signalled == {"input_0": False}
        plugged.part.deaf()


async def test_fewer_inputs(plugged: Plugged) -> None:
    """One that is gone takes its signal along, and what it told of the alarm."""
    ring(plugged, "input1", "false")
    ring(plugged, "input2", "true")
    del plugged.camera.io.inputs["input2"]
    await plugged.part.connect()
    assert plugged.board.signalled == {"input_0": False}
    assert plugged.board.alarms == {Alarm.EXTERNAL: False}
    plugged.part.deaf()
    assert plugged.board.signalled == {"input_0": None}


async def test_idle_state(plugged: Plugged) -> None:
    """Of each input, and of no other."""
    row = plugged.board.settings["input_1_idle_state"]
    assert isinstance(row, Choice)
    assert not row.enabled
    assert plugged.board.values["input_1_idle_state"] == "closed"
    assert await plugged.change("input_1_idle_state", "open") == "open"
    assert await plugged.change("input_0_idle_state", "closed") == "closed"
    inputs = plugged.camera.io.inputs
    assert [found.idle_state for found in inputs.values()] == ["closed", "open"]
    inputs["input1"].idle_state = "open"
    await plugged.part.refresh()
    assert plugged.board.values["input_0_idle_state"] == "open"
    del inputs["input1"]
    plugged.camera.io.add_input(DigitalInput(token="new"))
    with pytest.raises(RefusedError):
        await plugged.board.change("input_0_idle_state", "closed")


async def test_idle_state_that_cannot_be_set(plugged: Plugged) -> None:
    """The row goes with the options."""
    plugged.simulator.fault("GetDigitalInputConfigurationOptions", Fault.NOT_SUPPORTED)
    await plugged.part.connect()
    assert "input_0_idle_state" not in plugged.board.settings
    assert "input_0" in plugged.board.signals
    await plugged.part.refresh()


async def test_what_else_is_plugged_in(plugged: Plugged) -> None:
    """Counted, and the monitor's picture."""
    assert plugged.board.read == {
        "video_sources": 1,
        "audio_sources": 1,
        "audio_outputs": 1,
        "video_outputs": 1,
        "video_output_0_resolution": "1920x1080",
    }
    assert not any(row.enabled for row in plugged.board.readings.values())
    assert all(row.diagnostic for row in plugged.board.readings.values())
    name = plugged.board.settings["video_output_0_name"]
    assert isinstance(name, Text)
    assert await plugged.change("video_output_0_name", "Küche & Flur") == "Küche & Flur"
    plugged.camera.io.video_outputs["video_output_1"].name = "Wand"
    await plugged.part.refresh()
    assert plugged.board.values["video_output_0_name"] == "Wand"


async def test_a_name_that_cannot_be_changed(plugged: Plugged) -> None:
    """No row without options, and none that cannot be read."""
    plugged.simulator.fault("GetVideoOutputConfigurationOptions", Fault.NOT_SUPPORTED)
    await plugged.part.connect()
    assert "video_output_0_name" not in plugged.board.settings
    plugged.simulator.clear_faults()
    await plugged.part.connect()
    plugged.simulator.fault("GetVideoOutputConfiguration", Fault.NOT_SUPPORTED)
    with pytest.raises(RefusedError):
        await plugged.board.change("video_output_0_name", "x")


async def test_lists_of_the_first_edition(session: ClientSession) -> None:
    """Three lists had the media service's elements then."""

    def prepare(simulator: OnvifSimulator) -> None:
        names = {"GetVideoSources", "GetAudioSources", "GetAudioOutputs"}
        simulator.camera.services = tuple(
            replace(
                found,
                operations={
                    name: handler
                    for name, handler in found.operations.items()
                    if name not in names or found.prefix == "trt"
                },
            )
            for found in simulator.camera.services
        )

    async with rig(session, IoPart, prepare=prepare) as plugged:
        counted = ("video_sources", "audio_sources", "audio_outputs")
        assert [plugged.board.read[key] for key in counted] == [1, 1, 1]


async def test_counts_are_believed(session: ClientSession) -> None:
    """What the device says that it has none of, is not asked for; the number stands for a list."""
    counts = '<tmd:Capabilities VideoOutputs="0" AudioSources="2" DigitalInputs="0"/>'

    def prepare(simulator: OnvifSimulator) -> None:
        answer(simulator, "deviceio", "GetServiceCapabilities", counts)
        simulator.fault("GetAudioSources", Fault.NOT_SUPPORTED)
        simulator.fault("GetVideoSources", Fault.NOT_SUPPORTED)

    async with rig(session, IoPart, prepare=prepare) as plugged:
        assert plugged.board.read["video_outputs"] == 0
        assert plugged.board.read["audio_sources"] == 2
        assert "video_sources" not in plugged.board.read
        assert plugged.simulator.count("GetVideoOutputs") == 0
        assert plugged.simulator.count("GetDigitalInputs") == 0


async def test_auxiliary_commands(plugged: Plugged) -> None:
    """Those of the device service."""
    answer(
        plugged.simulator,
        "device",
        "GetServiceCapabilities",
        '<tds:Capabilities><tds:Misc AuxiliaryCommands="tt:IRLamp|On tt:IRLamp|Off Bell"/>'
        "</tds:Capabilities>",
    )
    await plugged.part.connect()
    assert "aux_ir_lamp" in plugged.board.settings
    assert "aux_bell" in plugged.board.presses
    answer(plugged.simulator, "device", "SendAuxiliaryCommand", "")
    await plugged.board.change("aux_ir_lamp", True)
    await plugged.board.do("aux_bell")
    assert plugged.simulator.count("SendAuxiliaryCommand") == 2


async def test_connected_again(plugged: Plugged) -> None:
    """The same rows; what is gone goes."""
    before = set(plugged.board.settings)
    await plugged.part.connect()
    assert set(plugged.board.settings) == before
    plugged.camera.io.relays.clear()
    plugged.camera.io.inputs.clear()
    plugged.camera.io.video_outputs.clear()
    await plugged.part.connect()
    gone = ("relay_", "input_", "video_output_0_name")
    assert not any(key.startswith(gone) for key in plugged.board.settings)
    await plugged.part.refresh()


async def test_a_device_that_is_gone(plugged: Plugged) -> None:
    """The caller hears of it, and nothing is claimed."""
    plugged.simulator.fault("*", Fault.RESET)
    with pytest.raises(ConnectError):
        await plugged.part.refresh()
    with pytest.raises(CameraError):
        await plugged.board.change("relay_0", True)
    assert plugged.board.values["relay_0"] is None
