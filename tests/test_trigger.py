"""Triggers of our own, in real automations, with a real camera."""

import asyncio
from ftplib import FTP
from io import BytesIO
from pathlib import Path
import socket
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import (
    area_registry as ar,
    config_validation as cv,
    device_registry as dr,
    entity_registry as er,
    label_registry as lr,
)
from homeassistant.helpers.trigger import async_validate_trigger_config
from homeassistant.setup import async_setup_component
import probatio
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_mock_service,
)

from custom_components.panacam.const import DOMAIN
from custom_components.panacam.drop_accounts import drop_accounts
from custom_components.panacam.trigger import TRIGGERS, async_get_triggers
from tests.conftest import add
from tests.simulators.mo import MoSimulator
from tests.simulators.povcam import Fault, PovcamSimulator
from tests.test_init import eventually, poll


@pytest.fixture
def heard(hass: HomeAssistant) -> list[ServiceCall]:
    """Give what automations have done."""
    return async_mock_service(hass, "test", "automation")


def device_id(hass: HomeAssistant, entity_id: str = "binary_sensor.stage_left_reachable") -> str:
    """Return the device that an entity of the camera belongs to."""
    found = er.async_get(hass).async_get(entity_id)
    assert found is not None
    assert found.device_id is not None
    return found.device_id


async def automate(
    hass: HomeAssistant, name: str, target: dict[str, Any], **options: object
) -> None:
    """Set an automation up that tells which entity has triggered it."""
    trigger = {"trigger": f"panacam.{name}", "target": target, "options": options}
    done = await async_setup_component(
        hass,
        "automation",
        {
            "automation": {
                "triggers": [trigger],
                "actions": [
                    {
                        "action": "test.automation",
                        "data_template": {"entity": "{{ trigger.entity_id }}"},
                    }
                ],
            }
        },
    )
    assert done
    await hass.async_block_till_done()


def entities(heard: list[ServiceCall]) -> list[str]:
    """Return what has triggered since the last look, without the camera's name."""
    found = [str(call.data["entity"]).replace("stage_left_", "") for call in heard]
    heard.clear()
    return found


def start(sim: PovcamSimulator) -> None:
    """Press the button on the camera."""
    sim.camera.recording = True


def stop(sim: PovcamSimulator) -> None:
    """Press it again."""
    sim.camera.recording = False


def fill(sim: PovcamSimulator) -> None:
    """Use the first card up."""
    sim.camera.slots["sd1"].remaining = 0.0


def nearly_fill(sim: PovcamSimulator) -> None:
    """Leave a twentieth of both cards."""
    for slot in sim.camera.slots.values():
        slot.remaining = slot.capacity / 20


def pull(sim: PovcamSimulator) -> None:
    """Take the second card out."""
    sim.camera.slots["sd2"].inserted = False


def pull_all(sim: PovcamSimulator) -> None:
    """Take both cards out of a camera that records, which ends that."""
    for slot in sim.camera.slots.values():
        slot.inserted = False
    sim.camera.recording = False


def damage(sim: PovcamSimulator) -> None:
    """Let the second card be in error."""
    sim.camera.slots["sd2"].error = True


def lose(sim: PovcamSimulator) -> None:
    """Pull the cable."""
    sim.fault("*", Fault.CLOSE)


def find(sim: PovcamSimulator) -> None:
    """Plug it in."""
    sim.clear_faults()


CASES = [
    # trigger, what comes before, what triggers it, which entity
    ("recording_started", [], start, "event.recorder"),
    ("recording_stopped", [start], stop, "event.recorder"),
    ("recording_failed", [start], pull_all, "event.recorder"),
    ("card_full", [], fill, "binary_sensor.sd1_full"),
    ("card_absent", [], pull, "binary_sensor.sd2_card"),
    ("card_error", [], damage, "binary_sensor.sd2_error"),
    ("storage_below", [], nearly_fill, "sensor.storage_remaining"),
    ("camera_lost", [], lose, "binary_sensor.reachable"),
    ("camera_back", [lose], find, "binary_sensor.reachable"),
]


@pytest.mark.parametrize(
    ("name", "before", "what", "entity"), CASES, ids=[case[0] for case in CASES]
)
async def test_triggers(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    umr20: PovcamSimulator,
    heard: list[ServiceCall],
    name: str,
    before: list[Any],
    what: Any,
    entity: str,
) -> None:
    """By the camera's device: once, when it happens, and not for anything else."""
    await automate(hass, name, {"device_id": device_id(hass)})
    await poll(hass, entry)
    for prepare in before:
        prepare(umr20)
        await poll(hass, entry)
    assert entities(heard) == []
    what(umr20)
    await poll(hass, entry)
    assert entities(heard) == [entity]
    await poll(hass, entry)
    assert entities(heard) == []


EVERYTHING = [start, stop, fill, nearly_fill, damage, start, pull_all, lose, find]


@pytest.mark.parametrize("name", [case[0] for case in CASES])
async def test_only_that(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    umr20: PovcamSimulator,
    heard: list[ServiceCall],
    name: str,
) -> None:
    """Of all that happens, a trigger hears its own."""
    [wanted] = [case[3] for case in CASES if case[0] == name]
    await automate(hass, name, {"device_id": device_id(hass)})
    for what in EVERYTHING:
        what(umr20)
        await poll(hass, entry)
    assert len(found := entities(heard)) in {1, 2}
    # Of cards, either may be it.
    assert {one.replace("sd1", "sd2") for one in found} == {wanted.replace("sd1", "sd2")}


@pytest.mark.parametrize("target", ["area_id", "label_id", "entity_id", "device_id"])
async def test_targets(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    umr20: PovcamSimulator,
    heard: list[ServiceCall],
    target: str,
) -> None:
    """Areas, labels, devices and entities, as with Home Assistant's own triggers."""
    device = device_id(hass)
    area = ar.async_get(hass).async_create("Stage")
    label = lr.async_get(hass).async_create("Cameras")
    dr.async_get(hass).async_update_device(device, area_id=area.id, labels={label.label_id})
    chosen = {
        "area_id": area.id,
        "label_id": label.label_id,
        "entity_id": "binary_sensor.stage_left_sd1_error",
        "device_id": device,
    }[target]
    await automate(hass, "card_error", {target: chosen})
    umr20.camera.slots["sd1"].error = True
    await poll(hass, entry)
    assert entities(heard) == ["binary_sensor.sd1_error"]


async def test_others_are_not_meant(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    umr20: PovcamSimulator,
    heard: list[ServiceCall],
    entity_registry: er.EntityRegistry,
) -> None:
    """Neither another integration's entity of the same name, nor another one of ours."""
    other = MockConfigEntry(domain="other")
    other.add_to_hass(hass)
    stranger = entity_registry.async_get_or_create(
        "binary_sensor", "other", "1", config_entry=other, translation_key="card_error"
    )
    unknown = "binary_sensor.of_no_registry"
    repair = "binary_sensor.stage_left_sd1_card"
    chosen = [stranger.entity_id, unknown, repair]
    await automate(hass, "card_error", {"entity_id": chosen})
    for state in ("off", "on"):
        for entity_id in (stranger.entity_id, unknown):
            hass.states.async_set(entity_id, state)
        umr20.camera.slots["sd1"].inserted = state == "on"
        await poll(hass, entry)
    assert entities(heard) == []


async def test_clip_received(
    hass: HomeAssistant, heard: list[ServiceCall], entry: MockConfigEntry, tmp_path: Path
) -> None:
    """A whole clip by FTP triggers, by the camera's device."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = int(server.getsockname()[1])
    drop = {"on": True, "port": port, "address": "127.0.0.1", "folder": str(tmp_path / "drop")}
    network = MockConfigEntry(
        domain=DOMAIN,
        title="Network",
        unique_id="network",
        data={"kind": "network", "webhook_id": "5" * 64},
        options={"drop": drop},
    )
    assert await async_setup_component(hass, "media_source", {})
    await add(hass, network)
    account = drop_accounts(hass).make(entry.entry_id)
    await hass.async_block_till_done()
    await automate(hass, "clip_received", {"device_id": device_id(hass)})

    def send() -> None:
        with FTP(timeout=10) as client:  # noqa: S321 - it is what cameras speak
            client.connect("127.0.0.1", port)
            client.login(account.username, account.password)
            client.storbinary("STOR a.jpg", BytesIO(b"\xff\xd8\xff\xd9"))

    await asyncio.to_thread(send)
    await hass.async_block_till_done()
    assert entities(heard) == ["event.clip_received"]


async def test_camera_that_was_never_there(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator, heard: list[ServiceCall]
) -> None:
    """A restart of Home Assistant, or of the entry, is no loss."""
    await automate(hass, "camera_lost", {"device_id": device_id(hass)})
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert entities(heard) == []


async def test_camera_that_pushes(
    hass: HomeAssistant, gate: MoSimulator, gate_entry: MockConfigEntry, heard: list[ServiceCall]
) -> None:
    """Of any family, and at once where the camera keeps a connection."""
    reachable = "binary_sensor.gate_reachable"
    await automate(hass, "camera_lost", {"device_id": device_id(hass, reachable)})
    await gate.stop()
    await eventually(hass, reachable, "off")
    await hass.async_block_till_done()
    assert entities(heard) == [reachable]


@pytest.mark.parametrize(
    ("percent", "expected"), [(4, []), (5.1, ["sensor.storage_remaining"]), (100, [])]
)
async def test_percent(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    umr20: PovcamSimulator,
    heard: list[ServiceCall],
    percent: float,
    expected: list[str],
) -> None:
    """It has to be crossed: below from the beginning is no event."""
    await poll(hass, entry)
    for slot in umr20.camera.slots.values():
        slot.remaining = slot.capacity / 2
    await poll(hass, entry)
    await automate(hass, "storage_below", {"device_id": device_id(hass)}, percent=percent)
    nearly_fill(umr20)
    await poll(hass, entry)
    assert entities(heard) == expected


async def test_for_some_time(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator, heard: list[ServiceCall]
) -> None:
    """A camera that is back at once was not lost."""
    options = {"for": {"seconds": 30}, "behavior": "all"}
    await automate(hass, "camera_lost", {"device_id": device_id(hass)}, **options)
    lose(umr20)
    await poll(hass, entry)
    find(umr20)
    await poll(hass, entry)
    assert entities(heard) == []


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("storage_below", {"percent": 101}),
        ("storage_below", {"percent": -1}),
        ("storage_below", {"percent": "much"}),
        ("storage_below", {"threshold": 5}),
        ("card_full", {"behavior": "any of them"}),
        ("recording_started", {"behavior": "each"}),
        ("clip_received", {"event_type": "received"}),
    ],
)
async def test_wrong_options(hass: HomeAssistant, name: str, options: dict[str, Any]) -> None:
    """Options that there are not, or out of range, are refused when the automation is read."""
    target = {"entity_id": "event.any"}
    trigger = {"trigger": f"panacam.{name}", "target": target, "options": options}
    assert await async_setup_component(hass, DOMAIN, {})
    with pytest.raises(probatio.Invalid):
        await async_validate_trigger_config(hass, cv.TRIGGER_SCHEMA(trigger))


async def test_all_of_them(hass: HomeAssistant) -> None:
    """What the platform gives Home Assistant is what is tested here."""
    tested = {case[0] for case in CASES} | {"clip_received"}
    assert set(await async_get_triggers(hass)) == set(TRIGGERS) == tested
