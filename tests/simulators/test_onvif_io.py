"""Inputs and outputs of the simulated ONVIF camera."""

import asyncio
from typing import Any

import aiohttp
import pytest

from tests.simulators.onvif import OnvifSimulator
from tests.simulators.onvif.state_io import MONOSTABLE, Relay
from tests.simulators.onvif_client import Client, until

RELAY = "tns1:Device/Trigger/Relay"
INPUT = "tns1:Device/Trigger/DigitalInput"


def active(sim: OnvifSimulator, token: str) -> bool:
    """Tell whether a relay is on."""
    return sim.camera.io.relays[token].active


async def test_bistable_relay(client: aiohttp.ClientSession) -> None:
    """A bistable relay stays as it is put, by either service, and tells of changes only."""
    async with OnvifSimulator(analytics=False) as sim:
        camera = Client(sim, client)
        url = await camera.subscribe()
        await camera.pull(url)
        name = "tds_SetRelayOutputState"
        for state in ("active", "active"):
            assert (await camera.send(name, token="relay1", state=state)).status == 200
        assert active(sim, "relay1")
        service = sim.url.replace("device_service", "deviceio_service")
        await camera.send(name, url=service, token="relay1", state="inactive")
        assert not active(sim, "relay1")
        source = {"RelayToken": "relay1"}
        assert (await camera.pull(url)).items() == [
            (RELAY, "Changed", source | {"LogicalState": "active"}),
            (RELAY, "Changed", source | {"LogicalState": "inactive"}),
        ]
        refused = await camera.send(name, token="relay9", state="active")
        assert refused.fault == ["Sender", "InvalidArgVal", "RelayToken"]
        assert (await camera.send(name, token="relay1", state="on")).status == 400


async def test_monostable_relay(client: aiohttp.ClientSession) -> None:
    """A monostable relay falls back after its delay, which a second press begins anew."""
    async with OnvifSimulator(analytics=False) as sim:
        camera = Client(sim, client)
        values: dict[str, Any] = {"token": "relay2", "mode": "Monostable", "delay": "PT1S"}
        assert (await camera.send("tmd_SetRelayOutputSettings", **values)).status == 200
        url = await camera.subscribe()
        await camera.pull(url)
        await camera.send("tds_SetRelayOutputState", token="relay2", state="active")
        await asyncio.sleep(0.6)
        await camera.send("tds_SetRelayOutputState", token="relay2", state="active")
        await asyncio.sleep(0.6)
        assert active(sim, "relay2")
        await until(lambda: not active(sim, "relay2"))
        states = [items["LogicalState"] for _, _, items in (await camera.pull(url)).items()]
        assert states == ["active", "inactive"]


async def test_relay_settings(client: aiohttp.ClientSession) -> None:
    """Settings are taken over and read back; what cannot be is refused and changes nothing."""
    async with OnvifSimulator() as sim:
        sim.camera.io.add_relay(Relay(token="relay3", mode=MONOSTABLE, fixed_mode=True))
        camera = Client(sim, client)
        values: dict[str, Any] = {"token": "relay1", "mode": "Monostable", "delay": "PT2.5S"}
        assert (await camera.send("tds_SetRelayOutputSettings", **values)).status == 200
        reply = await camera.send("tds_GetRelayOutputs")
        assert reply.texts("DelayTime")[0] == "PT2.5S"
        assert reply.texts("IdleState")[0] == "closed"
        for wrong in (
            {"mode": "Unstable"},
            {"delay": "PT61S"},
            {"delay": "soon"},
            {"token": "relay3", "mode": "Bistable"},
        ):
            reply = await camera.send("tmd_SetRelayOutputSettings", **(values | wrong))
            assert reply.fault == ["Sender", "InvalidArgVal", "ModeError"], wrong
        assert sim.camera.io.relays["relay1"].delay == 2.5
        options = await camera.send("tmd_GetRelayOutputOptions", token="relay3")
        assert options.texts("Mode") == ["Monostable"]
        assert options.text("DelayTimes") == "0.1 60"
        everything = await camera.send("tmd_GetRelayOutputOptions", token="")
        assert len(everything.all("RelayOutputOptions")) == 3


async def test_inputs(client: aiohttp.ClientSession) -> None:
    """An input tells what happens to it, and its idle state can be set, all or none."""
    async with OnvifSimulator(analytics=False) as sim:
        camera = Client(sim, client)
        url = await camera.subscribe()
        await camera.pull(url)
        sim.camera.io.set_input("input1", True)
        sim.camera.io.set_input("input1", True)
        expected = {"InputToken": "input1", "LogicalState": "true"}
        assert (await camera.pull(url)).items() == [(INPUT, "Changed", expected)]
        name = "tmd_SetDigitalInputConfigurations"
        assert (await camera.send(name, first="closed", second="ajar")).status == 400
        reply = await camera.send("tmd_GetDigitalInputs")
        states = [found.get("IdleState") for found in reply.all("DigitalInputs")]
        assert states == ["open", "closed"]
        assert (await camera.send(name, first="closed", second="open")).status == 200
        reply = await camera.send("tmd_GetDigitalInputs")
        states = [found.get("IdleState") for found in reply.all("DigitalInputs")]
        assert states == ["closed", "open"]
        name = "tmd_GetDigitalInputConfigurationOptions"
        assert (await camera.send(name, token="input2")).texts("IdleState") == ["closed", "open"]
        assert (await camera.send(name, token="input9")).fault[-1] == "NoConfig"


async def test_video_output(client: aiohttp.ClientSession) -> None:
    """The monitor's configuration is read, set, and bound to its one output."""
    async with OnvifSimulator() as sim:
        camera = Client(sim, client)
        (output,) = (await camera.send("tmd_GetVideoOutputs")).all("VideoOutputs")
        token = output.get("token")
        reply = await camera.send("tmd_GetVideoOutputConfiguration", token=token)
        (found,) = reply.all("VideoOutputConfiguration")
        assert reply.text("Name") == "HDMI"
        values: dict[str, Any] = {"token": found.get("token"), "name": "Monitor"}
        name = "tmd_SetVideoOutputConfiguration"
        assert (await camera.send(name, output="nowhere", **values)).fault[-1] == "NoVideoOutput"
        assert (await camera.send(name, output=token, **values)).status == 200
        reply = await camera.send("tmd_GetVideoOutputConfiguration", token=token)
        assert reply.text("Name") == "Monitor"
        options = await camera.send("tmd_GetVideoOutputConfigurationOptions", token=token)
        assert options.status == 200
        refused = await camera.send("tmd_GetVideoOutputConfigurationOptions", token="x")
        assert refused.fault[-1] == "NoVideoOutput"


async def test_sources_and_outputs(client: aiohttp.ClientSession) -> None:
    """Sources and outputs are listed, and missing where the camera has none."""
    async with OnvifSimulator() as sim:
        camera = Client(sim, client)
        assert (await camera.send("tmd_GetVideoSources")).texts("Token") == ["video_source_1"]
        assert (await camera.send("tmd_GetAudioSources")).texts("Token") == ["audio_source_1"]
        assert (await camera.send("tmd_GetAudioOutputs")).texts("Token") == ["audio_output_1"]
        (found,) = (await camera.send("tmd_GetServiceCapabilities")).all("Capabilities")
        assert found.attrib["RelayOutputs"] == found.attrib["DigitalInputs"] == "2"
    async with OnvifSimulator(audio=False, audio_output=False) as sim:
        camera = Client(sim, client)
        assert not (await camera.send("tmd_GetAudioSources")).texts("Token")
        assert not (await camera.send("tmd_GetAudioOutputs")).texts("Token")
        name = "tmd_GetAudioOutputConfiguration"
        assert (await camera.send(name, token="audio_output_1")).fault[-1] == "NoAudioOutput"


@pytest.mark.parametrize(
    ("kind", "token", "configuration", "values"),
    [
        ("VideoSource", "video_source_1", "video_source_config_1", {"x": 640}),
        ("AudioSource", "audio_source_1", "audio_source_config_1", {}),
        ("AudioOutput", "audio_output_1", "audio_output_config_1", {"level": 80}),
    ],
)
async def test_configurations(
    client: aiohttp.ClientSession,
    kind: str,
    token: str,
    configuration: str,
    values: dict[str, Any],
) -> None:
    """A configuration is read, has options, is set, and read back."""
    async with OnvifSimulator() as sim:
        camera = Client(sim, client)
        get, put = f"tmd_Get{kind}Configuration", f"tmd_Set{kind}Configuration"
        (found,) = (await camera.send(get, token=token)).all(f"{kind}Configuration")
        assert found.get("token") == configuration
        options = await camera.send(f"{get}Options", token=token)
        assert token in [item.text for item in options.body.iter()]
        reply = await camera.send(put, token=configuration, name="New", **values)
        assert reply.status == 200
        reply = await camera.send(get, token=token)
        assert reply.text("Name") == "New"
        for name, value in values.items():
            written = [*reply.texts("OutputLevel"), *(item.get(name) for item in reply.body.iter())]
            assert str(value) in written
        wrong: dict[str, Any] = dict.fromkeys(values, 9999)
        if wrong:
            reply = await camera.send(put, token=configuration, name="Newer", **wrong)
            assert reply.fault[-1] == "ConfigModify"
            assert (await camera.send(get, token=token)).text("Name") == "New"
        assert (await camera.send(put, token="x", name="x", **values)).fault[-1] == "NoConfig"
        assert (await camera.send(get, token="x")).fault[-1] == f"No{kind}"
        assert (await camera.send(f"{get}Options", token="x")).fault[-1] == f"No{kind}"
