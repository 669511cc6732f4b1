"""Pan, tilt and zoom of the simulated ONVIF camera (8)."""

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from tests.simulators.onvif import OnvifSimulator, Quirk
from tests.simulators.onvif.ptz_parts import Position
from tests.simulators.onvif_client import Client, Reply

PROFILE = "profile_1"
PRESETS = "tns1:PTZController/PTZPresets"
TOURS = "tns1:PTZController/PTZPresetTours/Configuration"


async def until(condition: Callable[[], bool]) -> None:
    """Wait for `condition`, three seconds at most."""
    async with asyncio.timeout(3):
        while not condition():  # noqa: ASYNC110 - nothing to be told by
            await asyncio.sleep(0.01)


async def ask(camera: Client, operation: str, **values: object) -> Reply:
    """Ask the PTZ service about the first profile."""
    return await camera.ask("tptz", operation, ProfileToken=PROFILE, **values)


async def drive(
    camera: Client, pan: float, tilt: float, zoom: float, timeout: str = "PT5S"
) -> Reply:
    """Send ContinuousMove."""
    return await camera.send(
        "tptz_ContinuousMove", profile=PROFILE, pan=pan, tilt=tilt, zoom=zoom, timeout=timeout
    )


def vector(pan: float, tilt: float, zoom: float | None = None) -> str:
    """Write the inside of a vector."""
    near = "" if zoom is None else f'<tt:Zoom x="{zoom}"/>'
    return f'<tt:PanTilt x="{pan}" y="{tilt}"/>{near}'


async def test_node_and_configuration(client: aiohttp.ClientSession) -> None:
    """The node says what it can do; settings are kept, within their ranges."""
    async with OnvifSimulator(analytics=False) as sim:
        camera = Client(sim, client)
        node = await camera.ask("tptz", "GetNode", NodeToken="ptz_node_1")
        assert node.all("PTZNode")[0].get("GeoMove") == "true"
        assert "tt:Wiper|On" in node.texts("AuxiliaryCommands")
        assert len(node.all("AbsolutePanTiltPositionSpace")) == 1
        assert (await camera.ask("tptz", "GetNode", NodeToken="x")).fault[-1] == "NoEntity"
        found = await camera.ask("tptz", "GetConfiguration", PTZConfigurationToken="ptz_1")
        assert found.text("DefaultPTZTimeout") == "PT10S"
        options = await camera.ask("tptz", "GetConfigurationOptions", ConfigurationToken="ptz_1")
        assert [limit.text for limit in options.all("PTZTimeout")[0]] == ["PT0.1S", "PT60S"]
        wanted = (
            "<tptz:PTZConfiguration token='ptz_1'><tt:Name>Dome</tt:Name>"
            "<tt:UseCount>1</tt:UseCount><tt:NodeToken>ptz_node_1</tt:NodeToken>"
            "<tt:DefaultPTZTimeout>{}</tt:DefaultPTZTimeout></tptz:PTZConfiguration>"
        )
        for time, status in (("PT3S", 200), ("PT2H", 400)):
            reply = await camera.send(
                "tptz_any", operation="SetConfiguration", inside=wanted.format(time)
            )
            assert reply.status == status
        assert sim.camera.ptz.configuration.name == "Dome"
        assert sim.camera.ptz.configuration.default_timeout == 3


async def test_continuous_move(client: aiohttp.ClientSession) -> None:
    """A move goes on in real time, and ends by Timeout, by zero and by Stop."""
    async with OnvifSimulator(analytics=False) as sim:
        camera, ptz = Client(sim, client), sim.camera.ptz
        assert (await drive(camera, 0.5, -0.25, 0.25, "PT0.8S")).status == 200
        assert (await ask(camera, "GetStatus")).texts("PanTilt")[-1] == "MOVING"
        await until(lambda: not ptz.moving)
        assert ptz.position == pytest.approx((0.4, -0.2, 0.2))
        status = await ask(camera, "GetStatus")
        assert status.all("PanTilt")[0].get("x") == "0.4"
        assert status.all("PanTilt")[1].text == "IDLE"
        await drive(camera, 0.5, 0, 0)
        assert ptz.pan.moving
        assert not ptz.zoom.moving
        await drive(camera, 0, 0, 0)
        assert not ptz.moving
        await drive(camera, -1, 0, 1)
        await ask(camera, "Stop", PanTilt="true", Zoom="false")
        assert (ptz.turning, ptz.zoom.moving) == (False, True)
        await ask(camera, "Stop")
        assert not ptz.moving
        for problem, values in {
            "InvalidVelocity": (2, 0, 0, "PT1S"),
            "TimeoutNotSupported": (1, 0, 0, "PT2H"),
        }.items():
            assert (await drive(camera, *values)).fault[-1] == problem


async def test_borders(client: aiohttp.ClientSession) -> None:
    """A move ends at the end of the range."""
    async with OnvifSimulator(analytics=False) as sim:
        sim.camera.ptz.position = Position(0.9, 0, 0)
        await drive(Client(sim, client), 1, 0, 0)
        await asyncio.sleep(0.2)
        assert sim.camera.ptz.position.pan == pytest.approx(1)
        assert not sim.camera.ptz.moving


async def test_absolute_relative_and_home(client: aiohttp.ClientSession) -> None:
    """Places are reached at the speed asked for; home can be moved."""
    async with OnvifSimulator(analytics=False) as sim:
        camera, ptz = Client(sim, client), sim.camera.ptz
        fast = {"Speed": vector(1, 1, 1)}
        await ask(camera, "AbsoluteMove", Position=vector(0.1, -0.1, 0.05), **fast)
        assert ptz.moving
        await until(lambda: not ptz.moving)
        assert ptz.position == pytest.approx((0.1, -0.1, 0.05))
        await ask(camera, "RelativeMove", Translation=vector(0.05, 0), **fast)
        await until(lambda: not ptz.moving)
        assert ptz.position == pytest.approx((0.15, -0.1, 0.05))
        await ask(camera, "SetHomePosition")
        ptz.position = Position(0.2, 0, 0)
        await ask(camera, "GotoHomePosition", **fast)
        await until(lambda: not ptz.moving)
        assert ptz.position == pytest.approx((0.15, -0.1, 0.05))
        refused = await ask(camera, "AbsoluteMove", Position=vector(0, 0, -0.1))
        assert refused.fault[-1] == "InvalidPosition"
        refused = await ask(camera, "AbsoluteMove", Position=vector(0, 0), Speed=vector(2, 0))
        assert refused.fault[-1] == "InvalidSpeed"
        refused = await ask(
            camera, "AbsoluteMove", Position='<tt:PanTilt x="0" y="0" space="urn:none"/>'
        )
        assert refused.fault[-1] == "SpaceNotSupported"
        refused = await camera.ask("tptz", "GetStatus", ProfileToken="none")
        assert refused.fault == ["Sender", "InvalidArgVal", "NoProfile"]


async def test_geo_move(client: aiohttp.ClientSession) -> None:
    """The head turns to a place on earth, and zooms to the width that is asked for."""
    async with OnvifSimulator(analytics=False) as sim:
        camera, ptz = Client(sim, client), sim.camera.ptz
        ptz.full_speed = 100.0
        profile = f"<tptz:ProfileToken>{PROFILE}</tptz:ProfileToken>"
        inside = (
            profile + '<tptz:Target lon="8.001" lat="50.0"/><tptz:AreaWidth>20</tptz:AreaWidth>'
        )
        reply = await camera.send("tptz_any", operation="GeoMove", inside=inside)
        assert reply.status == 200
        await until(lambda: not ptz.moving)
        # East is a quarter of the circle; 20 m at 71.6 m are 15.9 of 60 degrees.
        assert ptz.position == pytest.approx((0.5, 0, 0.735), abs=0.002)
        ptz.geo = None
        reply = await camera.send("tptz_any", operation="GeoMove", inside=inside)
        assert reply.fault[-1] == "GeoLocationUnknown"


async def test_presets(client: aiohttp.ClientSession) -> None:
    """Presets are taught, renamed, overwritten and forgotten."""
    async with OnvifSimulator(analytics=False) as sim:
        camera, ptz = Client(sim, client), sim.camera.ptz
        reply = await ask(camera, "GetPresets")
        assert reply.texts("Name") == ["Entrance", "Car park", "Gate & fence"]
        ptz.position = Position(0.3, 0.2, 0.1)
        token = (await ask(camera, "SetPreset", PresetName="Well")).text("PresetToken")
        assert ptz.presets[token].position == Position(0.3, 0.2, 0.1)
        ptz.position = Position(0, 0, 0)
        await ask(camera, "SetPreset", PresetToken=token)
        assert ptz.presets[token].name == "Well"
        assert ptz.presets[token].position == Position(0, 0, 0)
        assert (await ask(camera, "SetPreset", PresetName="Well")).fault[-1] == "PresetExist"
        assert (await ask(camera, "RemovePreset", PresetToken=token)).status == 200
        assert (await ask(camera, "GotoPreset", PresetToken=token)).fault[-1] == "NoToken"
        await drive(camera, 0.1, 0, 0)
        assert (await ask(camera, "SetPreset")).fault == ["Receiver", "Action", "MovingPTZ"]
        await ask(camera, "Stop")
        ptz.max_presets = 3
        assert (await ask(camera, "SetPreset")).fault[-1] == "TooManyPresets"


async def test_preset_events(client: aiohttp.ClientSession) -> None:
    """Invoked, then reached and left, or aborted (8.12.2)."""
    async with OnvifSimulator(analytics=False) as sim:
        camera = Client(sim, client)
        sim.camera.ptz.full_speed = 10.0
        url = await camera.subscribe()
        await ask(camera, "GotoPreset", PresetToken="1")
        await asyncio.sleep(0.3)
        await ask(camera, "GotoPreset", PresetToken="2")
        await ask(camera, "Stop")
        reply = await camera.pull(url)
        found = [
            (topic.rpartition("/")[2], items["PresetName"], operation)
            for topic, operation, items in reply.items()
            if topic.startswith(PRESETS)
        ]
        assert found == [
            ("Invoked", "Entrance", None),
            ("Reached", "Entrance", None),
            ("Left", "Entrance", None),
            ("Invoked", "Car park", None),
            ("Aborted", "Car park", None),
        ]


async def test_tours(client: aiohttp.ClientSession) -> None:
    """A tour is made, changed, run for its rounds, paused and forgotten (8.9)."""
    async with OnvifSimulator(analytics=False) as sim:
        camera, ptz = Client(sim, client), sim.camera.ptz
        ptz.full_speed = 20.0
        options = await ask(camera, "GetPresetTourOptions")
        assert options.texts("PresetToken") == ["1", "2", "3"]
        token = (await ask(camera, "CreatePresetTour")).text("PresetTourToken")
        start = {"PresetTourToken": token, "Operation": "Start"}
        assert (await ask(camera, "OperatePresetTour", **start)).fault[-1] == "ActivationFailed"
        modify: dict[str, Any] = {"profile": PROFILE, "tour": token, "rounds": 1, "preset": "1"}
        assert (await camera.send("tptz_ModifyPresetTour", **modify)).status == 200
        tour = ptz.tours.all[token]
        assert (tour.name, tour.backward, tour.rounds, tour.state) == ("Morning", True, 1, "Idle")
        refused = await camera.send("tptz_ModifyPresetTour", **(modify | {"preset": "none"}))
        assert refused.fault[-1] == "InvalidPresetTour"
        url = await camera.subscribe()
        await camera.pull(url)
        assert (await ask(camera, "OperatePresetTour", **start)).status == 200
        await until(lambda: tour.current == 2)
        other = {"PresetTourToken": "tour_1", "Operation": "Start"}
        assert (await ask(camera, "OperatePresetTour", **other)).fault[-1] == "ActivationFailed"
        await ask(camera, "OperatePresetTour", PresetTourToken=token, Operation="Pause")
        reply = await ask(camera, "GetPresetTour", PresetTourToken=token)
        assert reply.text("State") == "Paused"
        await ask(camera, "OperatePresetTour", **start)
        await until(lambda: tour.state == "Idle")
        assert ptz.position == pytest.approx((-0.5, 0, 0))
        states = [found.text for found in (await camera.pull(url)).all("State")]
        assert states[::4] == ["Touring", "Paused", "Touring", "Idle"]
        assert (await ask(camera, "RemovePresetTour", PresetTourToken=token)).status == 200
        assert (await ask(camera, "GetPresetTour", PresetTourToken=token)).fault[-1] == "NoToken"


async def test_auxiliary(client: aiohttp.ClientSession) -> None:
    """Auxiliary commands of the node's list are carried out, others refused."""
    async with OnvifSimulator(analytics=False) as sim:
        camera = Client(sim, client)
        reply = await ask(camera, "SendAuxiliaryCommand", AuxiliaryData="tt:Wiper|On")
        assert reply.text("AuxiliaryResponse") == "tt:Wiper|On"
        assert sim.camera.ptz.switches.state["tt:Wiper"] == "On"
        assert (await ask(camera, "SendAuxiliaryCommand", AuxiliaryData="x")).status == 400


async def test_quirks_of_stop(client: aiohttp.ClientSession) -> None:
    """Stop is ignored while zero velocity is not; or it needs one request for each."""
    async with OnvifSimulator(analytics=False, quirks={Quirk.STOP_IGNORED}) as sim:
        camera, ptz = Client(sim, client), sim.camera.ptz
        await drive(camera, 0.1, 0, 0.1)
        assert (await ask(camera, "Stop")).status == 200
        assert ptz.turning
        await drive(camera, 0, 0, 0)
        assert not ptz.moving
    async with OnvifSimulator(analytics=False, quirks={Quirk.STOP_SEPARATELY}) as sim:
        camera, ptz = Client(sim, client), sim.camera.ptz
        await drive(camera, 0.1, 0, 0.1)
        await ask(camera, "Stop", PanTilt="true", Zoom="true")
        assert (ptz.turning, ptz.zoom.moving) == (False, True)
        await ask(camera, "Stop", PanTilt="false", Zoom="true")
        assert not ptz.moving


async def test_quirks_of_moves(client: aiohttp.ClientSession) -> None:
    """What is not supported is refused and not in the spaces; Timeout may be ignored."""
    quirks = {
        Quirk.NO_RELATIVE_MOVE,
        Quirk.PARTIAL_SPEED_REFUSED,
        Quirk.NO_PTZ_STATUS,
        Quirk.NO_HOME,
        Quirk.TIMEOUT_IGNORED,
    }
    async with OnvifSimulator(analytics=False, quirks=quirks) as sim:
        camera = Client(sim, client)
        node = await camera.ask("tptz", "GetNodes")
        assert node.all("RelativePanTiltTranslationSpace") == []
        assert node.text("HomeSupported") == "false"
        refused = await ask(camera, "RelativeMove", Translation=vector(0.1, 0))
        assert refused.fault[1] == "ActionNotSupported"
        place = {"Position": vector(0, 0, 0)}
        refused = await ask(camera, "AbsoluteMove", **place, Speed=vector(1, 1))
        assert refused.fault[-1] == "InvalidSpeed"
        assert (await ask(camera, "AbsoluteMove", **place, Speed=vector(1, 1, 1))).status == 200
        assert (await ask(camera, "GetStatus")).fault[-1] == "NoStatus"
        assert (await ask(camera, "GotoHomePosition")).fault[-1] == "NoHomePosition"
        await drive(camera, 0.5, 0, 0, "PT0.1S")
        await asyncio.sleep(0.2)
        assert sim.camera.ptz.moving


async def test_many_presets(client: aiohttp.ClientSession) -> None:
    """Three hundred factory presets, none of them with a place."""
    async with OnvifSimulator(analytics=False, quirks={Quirk.PRESETS_300}) as sim:
        reply = await ask(Client(sim, client), "GetPresets")
        assert len(reply.all("Preset")) == 300
        assert reply.all("PTZPosition") == []


async def test_unattached(client: aiohttp.ClientSession) -> None:
    """No profile has the unit, until it is put into one; which may be refused, too."""
    configuration = "<tr2:Type>PTZ</tr2:Type><tr2:Token>ptz_1</tr2:Token>"
    async with OnvifSimulator(analytics=False, quirks={Quirk.PTZ_UNATTACHED}) as sim:
        camera = Client(sim, client)
        assert (await ask(camera, "GetStatus")).fault[-1] == "NoPTZProfile"
        token = (await camera.ask("tptz", "GetConfigurations")).all("PTZConfiguration")[0]
        reply = await camera.ask(
            "trt",
            "AddPTZConfiguration",
            ProfileToken=PROFILE,
            ConfigurationToken=token.get("token"),
        )
        assert reply.status == 200
        assert (await ask(camera, "GetStatus")).status == 200
        other = {"ProfileToken": "profile_2", "Configuration": configuration}
        assert (await camera.ask("tr2", "AddConfiguration", **other)).status == 200
    quirks = {Quirk.PTZ_UNATTACHED, Quirk.PTZ_ATTACH_REFUSED}
    async with OnvifSimulator(analytics=False, quirks=quirks) as sim:
        refused = await Client(sim, client).ask("tr2", "AddConfiguration", **other)
        assert refused.fault[-1] == "ConfigurationConflict"
