"""Imaging of the simulated ONVIF camera (7)."""

import asyncio
from typing import Any

import aiohttp
import pytest

from tests.simulators.onvif import OnvifSimulator, Quirk
from tests.simulators.onvif.state_imaging import SETTINGS
from tests.simulators.onvif_client import Client, Reply

SOURCE = "video_source_1"


async def put(camera: Client, **values: object) -> Reply:
    """Send SetImagingSettings with changes to good values."""
    good: dict[str, Any] = {"source": SOURCE, "brightness": 70, "exposure": 100, "filter": "OFF"}
    return await camera.send("timg_SetImagingSettings", **(good | values))


async def test_settings(client: aiohttp.ClientSession) -> None:
    """Settings are in their places, and change by what a request names."""
    async with OnvifSimulator(analytics=False) as sim:
        camera = Client(sim, client)
        reply = await camera.ask("timg", "GetImagingSettings", VideoSourceToken=SOURCE)
        assert reply.text("Brightness") == "50"
        before = dict(sim.camera.imaging.values)
        assert (await put(camera)).status == 200
        changed = {
            path: value
            for path, value in sim.camera.imaging.values.items()
            if before[path] != value
        }
        assert changed == {
            "BacklightCompensation/Mode": "ON",
            "Brightness": "70",
            "Exposure/Mode": "MANUAL",
            "Exposure/ExposureTime": "100",
            "IrCutFilter": "OFF",
            "Extension/Extension/Extension/Defogging/Mode": "AUTO",
        }
        reply = await camera.ask("timg", "GetImagingSettings", VideoSourceToken=SOURCE)
        assert reply.text("ExposureTime") == "100"
        assert [found.text for found in reply.all("Defogging")[0]] == ["AUTO", "0.5"]


@pytest.mark.parametrize(
    "values", [{"brightness": 101}, {"brightness": "much"}, {"exposure": 9}, {"filter": "MAYBE"}]
)
async def test_settings_out_of_range(
    client: aiohttp.ClientSession, values: dict[str, object]
) -> None:
    """One value out of its range refuses them all."""
    async with OnvifSimulator(analytics=False) as sim:
        before = dict(sim.camera.imaging.values)
        refused = await put(Client(sim, client), **values)
        assert refused.fault == ["Sender", "InvalidArgVal", "SettingsInvalid"]
        assert sim.camera.imaging.values == before


async def test_options(client: aiohttp.ClientSession) -> None:
    """Options have a range or modes for all that they describe."""
    async with OnvifSimulator(analytics=False) as sim:
        camera = Client(sim, client)
        reply = await camera.ask("timg", "GetOptions", VideoSourceToken=SOURCE)
        assert [found.text for found in reply.all("Brightness")[0]] == ["0", "100"]
        assert reply.texts("IrCutFilterModes") == ["ON", "OFF", "AUTO"]
        assert [found.text for found in reply.all("YrGain")[0]] == ["0", "20"]
        for setting in SETTINGS:
            name = setting.options_path.rpartition("/")[2]
            assert reply.all(name)


async def test_focus(client: aiohttp.ClientSession) -> None:
    """The lens moves in time, by each of three ways, and leaves the automatic focus."""
    async with OnvifSimulator(analytics=False) as sim:
        camera, imaging = Client(sim, client), sim.camera.imaging
        reply = await camera.ask("timg", "GetMoveOptions", VideoSourceToken=SOURCE)
        assert [found.tag.rpartition("}")[2] for found in reply.all("MoveOptions")[0]] == [
            "Absolute",
            "Relative",
            "Continuous",
        ]

        async def move(inside: str) -> Reply:
            return await camera.ask("timg", "Move", VideoSourceToken=SOURCE, Focus=inside)

        far = "<tt:Absolute><tt:Position>1</tt:Position><tt:Speed>1</tt:Speed></tt:Absolute>"
        assert (await move(far)).status == 200
        reply = await camera.ask("timg", "GetStatus", VideoSourceToken=SOURCE)
        assert reply.text("MoveStatus") == "MOVING"
        assert 0 < float(reply.text("Position")) < 1
        assert imaging.values["Focus/AutoFocusMode"] == "MANUAL"
        assert (await camera.ask("timg", "Stop", VideoSourceToken=SOURCE)).status == 200
        place = imaging.focus.place
        assert not imaging.focus.moving
        near = "<tt:Relative><tt:Distance>-0.01</tt:Distance><tt:Speed>1</tt:Speed></tt:Relative>"
        await move(near)
        await asyncio.sleep(0.05)
        assert imaging.focus.place == pytest.approx(max(0, place - 0.01))
        await move("<tt:Continuous><tt:Speed>1</tt:Speed></tt:Continuous>")
        await asyncio.sleep(0.05)
        assert imaging.focus.place > place
        refused = await move("<tt:Continuous><tt:Speed>2</tt:Speed></tt:Continuous>")
        assert refused.fault[-1] == "SettingsInvalid"


async def test_presets(client: aiohttp.ClientSession) -> None:
    """A preset brings its values, and is current until something else is set."""
    async with OnvifSimulator(analytics=False) as sim:
        camera = Client(sim, client)
        reply = await camera.ask("timg", "GetPresets", VideoSourceToken=SOURCE)
        assert reply.texts("Name") == ["Clear day", "Snow", "Fog"]
        reply = await camera.ask("timg", "GetCurrentPreset", VideoSourceToken=SOURCE)
        assert reply.all("Preset") == []
        name = "SetCurrentPreset"
        reply = await camera.ask("timg", name, VideoSourceToken=SOURCE, PresetToken="snow")
        assert reply.status == 200
        assert sim.camera.imaging.values["Brightness"] == "35"
        reply = await camera.ask("timg", "GetCurrentPreset", VideoSourceToken=SOURCE)
        assert reply.all("Preset")[0].get("token") == "snow"
        await put(camera)
        reply = await camera.ask("timg", "GetCurrentPreset", VideoSourceToken=SOURCE)
        assert reply.all("Preset") == []
        refused = await camera.ask("timg", name, VideoSourceToken=SOURCE, PresetToken="none")
        assert refused.status == 400


async def test_quirks(client: aiohttp.ClientSession) -> None:
    """Imaging may be refused, be without options, and take settings without obeying."""
    async with OnvifSimulator(analytics=False, quirks={Quirk.IMAGING_REFUSED}) as sim:
        refused = await Client(sim, client).ask("timg", "GetOptions", VideoSourceToken=SOURCE)
        assert refused.fault == ["Receiver", "ActionNotSupported", "NoImagingForSource"]
    quirks = {Quirk.IMAGING_IGNORED, Quirk.NO_OPTIONS}
    async with OnvifSimulator(analytics=False, quirks=quirks) as sim:
        camera = Client(sim, client)
        assert (await put(camera)).status == 200
        assert sim.camera.imaging.values["Brightness"] == "50"
        refused = await camera.ask("timg", "GetOptions", VideoSourceToken=SOURCE)
        assert refused.fault[:2] == ["Receiver", "ActionNotSupported"]
        refused = await camera.ask("timg", "GetStatus", VideoSourceToken="other")
        assert refused.fault == ["Sender", "InvalidArgVal", "NoSource"]
