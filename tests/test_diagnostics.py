"""Diagnostics say much, and nothing that identifies a person, a home or a camera."""

import asyncio
import json

from homeassistant.core import HomeAssistant
from homeassistant.helpers.update_coordinator import UpdateFailed
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from syrupy.assertion import SnapshotAssertion

from custom_components.panacam import diagnostics
from custom_components.panacam.cams.device import State
from custom_components.panacam.cams.errors import CameraError, ConnectError, Reason, RefusedError
from custom_components.panacam.cams.roles import (
    Problem,
    Reading,
    Signal,
    SignalClass,
    Topic,
    Tour,
    TourStep,
)
from custom_components.panacam.cams.settings import Range, Text, Toggle, Value
from custom_components.panacam.diagnostics import (
    _redacted,
    async_get_config_entry_diagnostics,
)
from tests.conftest import ONVIF_MAC, add, entry_for, gate_entry_for
from tests.fake_roles import FakeLog, full_device, set_up
from tests.simulators.mo import MoSimulator
from tests.simulators.onvif import OnvifSimulator
from tests.simulators.povcam import Fault, PovcamSimulator
from tests.test_init import poll


async def test_diagnostics(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    entry: MockConfigEntry,
    umr20: PovcamSimulator,
    snapshot: SnapshotAssertion,
) -> None:
    """Everything a bug report needs, all secrets redacted."""
    assert await async_setup_component(hass, "diagnostics", {})
    found = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    text = json.dumps(found).lower()
    for secret in ("127.0.0.1", "a8:13:74", "a8-13-74", "12345", "sim0000001", "239.192", "stage"):
        assert secret not in text
    # Ports differ from run to run.
    found["entry"]["data"].pop("port")
    found["replies"]["setdata"].pop("RTSPPORT")
    for stream in found["roles"]["streams"]:
        assert stream.pop("port", umr20.rtsp_port) == umr20.rtsp_port
    assert found == snapshot


async def test_diagnostics_of_a_camera_that_pushes(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    gate: MoSimulator,
    snapshot: SnapshotAssertion,
) -> None:
    """Alarms, settings and hubs are told; where its pictures go, and what was said, are not."""
    assert await async_setup_component(hass, "diagnostics", {})
    url = "rtsp://publisher:s3cr%40t@media.example:8554/front-gate"
    entry = await add(hass, gate_entry_for(gate, options={"publish_url": url}))
    coordinator = entry.runtime_data
    source = await coordinator.bridge.stream_url(coordinator.device.streams[0])
    token = source.rpartition("=")[2]
    coordinator.last_exception = UpdateFailed("lost rtsp publisher s3cr@t at media.example")
    found = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    text = json.dumps(found).lower()
    for secret in ("s3cr", "media.example", "publisher", token, "127.0.0.1", "a81374", "12345"):
        assert secret not in text
    assert found["state"]["alarms"] == {"motion": False, "external": False, "sound": False}
    assert found["bridge"]["hubs"] == [
        {"key": "video", "status": "idle", "frame_rate": 0, "viewers": 0, "error": ""}
    ]
    found["entry"]["data"].pop("port")
    assert found == snapshot


async def test_diagnostics_of_a_direct_stream(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, umr20: PovcamSimulator
) -> None:
    """What does not come through us has no hub."""
    assert await async_setup_component(hass, "diagnostics", {})
    entry = await add(hass, entry_for(umr20, options={"stream_mode": "direct"}))
    found = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    assert [hub and hub["key"] for hub in found["bridge"]["hubs"]] == [None, None, "jpeg"]
    assert found["bridge"]["shared"] is False


async def test_diagnostics_of_a_lost_camera(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    entry: MockConfigEntry,
    umr20: PovcamSimulator,
) -> None:
    """The last error is told, too."""
    assert await async_setup_component(hass, "diagnostics", {})
    umr20.camera.title = "Nursery"
    await hass.config_entries.async_reload(entry.entry_id)
    umr20.fault("*", Fault.CLOSE)
    await poll(hass, entry)
    found = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    assert not found["last_update_success"]
    assert found["last_error"]
    assert "Nursery" not in json.dumps(found)


async def test_diagnostics_of_a_camera_never_reached(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, umr20: PovcamSimulator
) -> None:
    """What is known is told: the entry and why it does not load."""
    assert await async_setup_component(hass, "diagnostics", {})
    entry = await add(hass, entry_for(umr20, port=1))
    found = await async_get_config_entry_diagnostics(hass, entry)
    assert found["entry"]["state"] == "setup_retry"
    assert "does not answer" in found["entry"]["reason"]
    assert "12345" not in json.dumps(found)


class Written:
    """Settings that hold what people wrote."""

    table = (
        Text(key="osd_1", kind="osd_text", label="Text"),
        Toggle(key="lamp"),
        Range(key="gain", minimum=0, maximum=9),
    )

    async def change(self, key: str, value: Value) -> None:
        """Do nothing."""


async def test_diagnostics_of_all_roles(
    hass: HomeAssistant, hass_client: ClientSessionGenerator
) -> None:
    """What a camera can do and tells is there; the names that people gave are not."""
    assert await async_setup_component(hass, "diagnostics", {})
    device = full_device()
    device.settings = Written()
    device.signals = {"tamper": Signal(key="tamper", signal_class=SignalClass.TAMPER)}
    device.readings = {"channel": Reading(key="channel", options=("up", "down"))}
    device.topics = {"line": Topic(key="line")}
    device.state = State(
        transmitting={"only": True},
        settings={"osd_1": "Villa Sorgenfrei", "lamp": True, "gain": 4},
        signals={"tamper": None},
        readings={"channel": "up"},
        topics=frozenset({"line"}),
        presets={"1": "Bedroom window", "2": "Pool"},
        tours={"T": Tour(name="Night watch", steps=(TourStep(preset="1"),))},
        problems=frozenset({Problem.CLOCK_OFF}),
    )
    entry = await set_up(hass, device)
    found = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    text = json.dumps(found)
    for name in ("Sorgenfrei", "Bedroom", "Pool", "Night watch"):
        assert name not in text
    assert [(row["key"], row["value"]) for row in found["settings"]] == [
        ("osd_1", "**REDACTED**"),
        ("lamp", True),
        ("gain", 4),
    ]
    assert [(row["key"], row["value"]) for row in found["signals"]] == [("tamper", None)]
    assert [(row["key"], row["value"]) for row in found["readings"]] == [("channel", "up")]
    assert [row["key"] for row in found["topics"]] == ["line"]
    assert found["state"]["presets"] == 2
    assert found["state"]["tours"] == [{"status": "unknown", "steps": 1, "auto_start": False}]
    assert found["state"]["problems"] == ["clock_off"]
    roles = found["roles"]
    assert roles["ptz"] == ["absolute", "continuous", "geo", "relative"]
    assert roles["fixable"] == ["clock_off", "ptz_not_attached"]
    assert all(roles[role] for role in ("home", "presets", "tours", "profiles", "osds", "masks"))
    assert roles["analytics"]
    assert roles["receiver"]
    assert found["system_log"] == []


LOG = """\
2026-11-21 login: user bob from 192.0.2.77
Failed password for carol, nonce="4711"
token=abc123 session_id:99 Authorization: Basic Ym9iOnB3
GET http://dave:letmein@nas/clip
viewer-42 opened bare-camera
temperature 41
"""


async def test_system_log(hass: HomeAssistant) -> None:
    """The camera's log is told without who did what, and with what."""
    device = full_device()
    device.system_log = FakeLog(text=LOG)
    entry = await set_up(hass, device)
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, "username": "viewer-42", "host": "bare-camera"}
    )
    lines = (await async_get_config_entry_diagnostics(hass, entry))["system_log"]
    assert len(lines) == 6
    assert lines[-1] == "temperature 41"
    assert lines[-2] == "**REDACTED** opened **REDACTED**"
    for secret in ("bob", "192.0.2.77", "carol", "4711", "abc123", "99", "Ym9i", "dave", "letmein"):
        assert secret not in "\n".join(lines)


async def test_long_system_log(hass: HomeAssistant) -> None:
    """Of a long log there is the end, and long lines are cut."""
    device = full_device()
    device.system_log = FakeLog(text="\n".join([*["x" * 10_000] * 5000, "a:" * 50_000, "last"]))
    entry = await set_up(hass, device)
    lines = (await async_get_config_entry_diagnostics(hass, entry))["system_log"]
    assert lines[-1] == "last"
    assert len(lines) <= diagnostics.MAX_LINES
    assert max(map(len, lines)) <= diagnostics.MAX_LINE
    device.system_log = FakeLog(text="\n".join(map(str, range(9999))))
    lines = (await async_get_config_entry_diagnostics(hass, entry))["system_log"]
    assert lines == [str(number) for number in range(9999 - diagnostics.MAX_LINES, 9999)]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (RefusedError(Reason.NEEDS_ADMINISTRATOR), "needs administrator"),
        (ConnectError(Reason.TIMEOUT), "timeout"),
    ],
)
async def test_no_system_log(hass: HomeAssistant, error: CameraError, told: str) -> None:
    """Why there is no log is told in its place."""
    device = full_device()
    device.system_log = FakeLog(error=error)
    entry = await set_up(hass, device)
    assert (await async_get_config_entry_diagnostics(hass, entry))["system_log"] == told
    device.system_log = None
    assert (await async_get_config_entry_diagnostics(hass, entry))["system_log"] is None


async def test_slow_system_log(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    """A camera that looks for its log for ever keeps nobody waiting."""

    class Slow:
        """Never finds it."""

        async def read(self) -> str:
            """Wait."""
            await asyncio.sleep(60)
            return ""

    monkeypatch.setattr(diagnostics, "LOG_TIME", 0.05)
    device = full_device()
    device.system_log = Slow()
    entry = await set_up(hass, device)
    assert (await async_get_config_entry_diagnostics(hass, entry))["system_log"] == "timeout"


@pytest.mark.parametrize(
    ("value", "redacted"),
    [
        ("at 192.0.2.7:80", "at **REDACTED**:80"),
        ("fe80::1ff:fe23:4567:890a is local", "**REDACTED** is local"),
        ({"MAC": "A8-13-74-00-00-01"}, {"MAC": "**REDACTED**"}),
        ({"iMultiAdd1": "239"}, {"iMultiAdd1": "**REDACTED**"}),
        ({"h264_multicast_addr_ch1": "239.1.2.3"}, {"h264_multicast_addr_ch1": "**REDACTED**"}),
        ({"password": "x"}, {"password": "**REDACTED**"}),
        ("the Secret word", "the **REDACTED** word"),
        ("secretive", "**REDACTED**"),
        ({"MAC ": "A81374BF40FD"}, {"MAC ": "**REDACTED**"}),
        ("a813.74bf.40fd", "**REDACTED**"),
        ("fe80::1", "**REDACTED**"),
        ({"CAMTITLE": "Nursery"}, {"CAMTITLE": "**REDACTED**"}),
        ({"webhook_id": "0123"}, {"webhook_id": "**REDACTED**"}),
        ({"cam_title": ""}, {"cam_title": ""}),
        ({"IP_addr1": "192"}, {"IP_addr1": "**REDACTED**"}),
        ("VERSION 1.10", "VERSION 1.10"),
        ("00:12:34", "00:12:34"),
        ((1, None, True), [1, None, True]),
    ],
)
def test_redaction(value: object, redacted: object) -> None:
    """By key, by known secret, and by what looks like an address."""
    assert _redacted(value, ["secretive", "secret"]) == redacted


async def test_diagnostics_of_a_camera_with_everything(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    yard: OnvifSimulator,
    yard_entry: MockConfigEntry,
) -> None:
    """Its log is there, and whatever it told is redacted as well as what others tell."""
    assert await async_setup_component(hass, "diagnostics", {})
    found = await get_diagnostics_for_config_entry(hass, hass_client, yard_entry)
    text = json.dumps(found).lower()
    presets = yard_entry.runtime_data.data.presets
    assert presets
    secrets = (yard.host, yard.password, yard.username, ONVIF_MAC, "sim0000003", *presets.values())
    for secret in secrets:
        assert secret.lower() not in text
    assert found["system_log"]
    assert found["roles"]["presets"]
    assert found["state"]["presets"] == len(presets)
    assert found["readings"]
