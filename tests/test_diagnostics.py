"""Diagnostics say much, and nothing that identifies a person, a home or a camera."""

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

from custom_components.panacam.diagnostics import (
    _redacted,
    async_get_config_entry_diagnostics,
)
from tests.conftest import add, entry_for, gate_entry_for
from tests.simulators.mo import MoSimulator
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
