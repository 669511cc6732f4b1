"""The drop in Home Assistant: options, accounts, events, an automation, what goes with time."""

import asyncio
from ftplib import FTP, all_errors
import logging
from pathlib import Path
import socket
from typing import Any

from homeassistant.components import automation, media_source
from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    async_fire_time_changed,
)

from custom_components.panacam import drop as drop_module
from custom_components.panacam.const import DOMAIN
from custom_components.panacam.diagnostics import async_get_config_entry_diagnostics
from custom_components.panacam.drop import DropConfig, running_drop
from custom_components.panacam.drop_accounts import drop_accounts
from tests.drop.conftest import EVENT, JPEG, Made, free_port, network_of, options


async def step(hass: HomeAssistant, entry: MockConfigEntry, name: str) -> ConfigFlowResult:
    """Choose something from the menu."""
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    return await hass.config_entries.options.async_configure(
        menu["flow_id"], {"next_step_id": name}
    )


async def enter(
    hass: HomeAssistant, shown: ConfigFlowResult, data: dict[str, Any]
) -> ConfigFlowResult:
    """Fill a form in."""
    result = await hass.config_entries.options.async_configure(shown["flow_id"], data)
    await hass.async_block_till_done()
    return result


def told_in(menu: ConfigFlowResult) -> str:
    """Return what the menu says of the drop."""
    return (menu["description_placeholders"] or {})["drop"]


async def test_options(
    hass: HomeAssistant, entry: MockConfigEntry, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is off until its owner turns it on; an account is shown in its form alone."""
    network = await network_of(hass)
    assert running_drop(hass) is None
    assert hass.states.get(EVENT) is None
    menu = await hass.config_entries.options.async_init(network.entry_id)
    assert "network_accounts" not in menu["menu_options"]
    assert told_in(menu) == "The FTP drop is off."
    form = await step(hass, network, "network_drop")
    port, folder = free_port(), tmp_path / "drop"
    menu = await enter(hass, form, options(port, folder))
    assert menu["type"] is FlowResultType.MENU
    assert "network_accounts" in menu["menu_options"]
    assert told_in(menu) == f"The FTP drop takes clips on port {port}; 0 cameras have an account."
    assert running_drop(hass) is not None
    made = Made(hass, network, port, folder)

    form = await step(hass, network, "network_accounts")
    form = await enter(hass, form, {"camera": entry.entry_id})
    shown = dict(form["description_placeholders"] or {})
    assert (shown["host"], shown["port"], shown["camera"]) == ("127.0.0.1", str(port), "Stage left")
    assert "Send clips to Home Assistant" in shown.pop("by_action")
    assert len(shown["password"]) == 24
    assert shown["password"].isalnum()
    await made.put(entry, "a.jpg", JPEG)
    menu = await hass.config_entries.options.async_init(network.entry_id)
    assert told_in(menu).endswith("; 1 camera has an account.")

    form = await enter(hass, form, {"renew": True, "remove": False})
    renewed = dict(form["description_placeholders"] or {})
    assert renewed["username"] == shown["username"]
    assert renewed["password"] != shown["password"]
    await made.put(entry, "b.jpg", JPEG)
    assert hass.states.get(EVENT) is not None

    told = str(await async_get_config_entry_diagnostics(hass, network)) + caplog.text
    for secret in (*shown.values(), renewed["password"], str(folder)):
        if secret not in {str(port), "Stage left", "127.0.0.1"}:
            assert secret not in told
    diagnostics = await async_get_config_entry_diagnostics(hass, network)
    assert diagnostics["drop"]["files"] == 2
    assert "127.0.0.1" not in str(diagnostics)

    menu = await enter(hass, form, {"renew": False, "remove": True})
    assert menu["type"] is FlowResultType.MENU
    assert drop_accounts(hass).all() == []
    assert hass.states.get(EVENT) is None

    form = await step(hass, network, "network_drop")
    await enter(hass, form, options(port, folder, on=False))
    assert running_drop(hass) is None
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)


async def test_names_of_cameras(hass: HomeAssistant, entry: MockConfigEntry, made: Made) -> None:
    """Accounts are shown by the names that cameras' owners gave."""
    registry = dr.async_get(hass)
    (known,) = dr.async_entries_for_config_entry(registry, entry.entry_id)
    registry.async_update_device(known.id, name_by_user="Left")
    form = await step(hass, made.network, "network_accounts")
    assert form["data_schema"] is not None
    (select,) = form["data_schema"].schema.values()
    assert select.config["options"] == [{"value": entry.entry_id, "label": "Left"}]
    form = await enter(hass, form, {"camera": entry.entry_id})
    assert (form["description_placeholders"] or {})["camera"] == "Left"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"address": "camera.local"}, {"address": "drop_address"}),
        ({"last_port": 50_000}, {"last_port": "drop_last_port"}),
        ({"last_port": 60_000}, {"last_port": "drop_last_port"}),
        ({"port": 50_150}, {"port": "drop_port"}),
        ({"folder": "relative"}, {"folder": "drop_no_folder"}),
        ({"folder": "/proc/nowhere"}, {"folder": "drop_no_folder"}),
        ({"folder": "{full}"}, {"folder": "drop_foreign_folder"}),
        ({"folder": "{www}"}, {"folder": "drop_public_folder"}),
        ({"port": "{taken}"}, {"port": "drop_port_taken"}),
    ],
)
async def test_options_refused(
    hass: HomeAssistant,
    tmp_path: Path,
    socket_enabled: None,
    change: dict[str, Any],
    error: dict[str, str],
) -> None:
    """What could not work is said at its field, and nothing is kept."""
    network = await network_of(hass)
    full = tmp_path / "full"
    full.mkdir()
    (full / "holiday.jpg").write_bytes(JPEG)
    form = await step(hass, network, "network_drop")
    with socket.create_server(("", 0)) as server:
        places = {
            "{full}": str(full),
            "{www}": hass.config.path("www", "clips"),
            "{taken}": server.getsockname()[1],
        }
        change = {key: places.get(value, value) for key, value in change.items()}
        result = await enter(hass, form, options(free_port(), tmp_path / "drop") | change)
    assert result["errors"] == error
    assert "drop" not in network.options
    assert list(full.iterdir()) == [full / "holiday.jpg"]


async def test_issues(hass: HomeAssistant, tmp_path: Path, socket_enabled: None) -> None:
    """What keeps it from starting is told to its owner, and gone once it starts."""
    registry = ir.async_get(hass)
    with socket.create_server(("", 0)) as server:
        port = server.getsockname()[1]
        network = await network_of(hass, drop=options(port, tmp_path / "drop"))
        assert network.state is ConfigEntryState.LOADED
        assert registry.async_get_issue(DOMAIN, "drop_port_taken") is not None
        assert running_drop(hass) is None
        menu = await hass.config_entries.options.async_init(network.entry_id)
        assert "does not work" in told_in(menu)
    await hass.config_entries.async_reload(network.entry_id)
    await hass.async_block_till_done()
    assert registry.async_get_issue(DOMAIN, "drop_port_taken") is None
    assert running_drop(hass) is not None
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "x").write_bytes(b"")
    for folder, issue in (("file", "drop_no_folder"), ("other", "drop_foreign_folder")):
        hass.config_entries.async_update_entry(
            network, options={"drop": options(port, tmp_path / folder)}
        )
        await hass.async_block_till_done()
        assert registry.async_get_issue(DOMAIN, issue) is not None
        assert running_drop(hass) is None


async def test_automation(hass: HomeAssistant, made: Made, entry: MockConfigEntry) -> None:
    """A clip starts an automation."""
    drop_accounts(hass).make(entry.entry_id)
    await hass.async_block_till_done()
    assert await async_setup_component(
        hass,
        automation.DOMAIN,
        {
            automation.DOMAIN: {
                "alias": "Clip",
                "triggers": {"trigger": "state", "entity_id": EVENT},
                "conditions": {
                    "condition": "template",
                    "value_template": "{{ trigger.to_state.attributes.kind == 'jpeg' }}",
                },
                "actions": {
                    "event": "clip_came",
                    "event_data": {"id": "{{ trigger.to_state.attributes.media_content_id }}"},
                },
            }
        },
    )
    came = async_capture_events(hass, "clip_came")
    await made.put(entry, "a.jpg", JPEG)
    await hass.async_block_till_done()
    [event] = came
    assert event.data["id"].startswith(f"media-source://panacam/received/{entry.entry_id}/")


async def test_reload_and_restart(hass: HomeAssistant, made: Made, entry: MockConfigEntry) -> None:
    """The event is unavailable while the drop is off, and follows the new one."""
    drop_accounts(hass).make(entry.entry_id)
    await made.put(entry, "a.jpg", JPEG)
    before = made.drop
    await hass.config_entries.async_unload(made.network.entry_id)
    await hass.async_block_till_done()
    state = hass.states.get(EVENT)
    assert state is not None
    assert state.state == STATE_UNAVAILABLE
    await hass.config_entries.async_setup(made.network.entry_id)
    await hass.async_block_till_done()
    assert made.drop is not before
    assert len(made.drop.store.clips(entry.entry_id)) == 1
    await made.put(entry, "b.jpg", JPEG)
    state = hass.states.get(EVENT)
    assert state is not None
    assert state.attributes["name"] == "b.jpg"
    assert len(before._listeners[entry.entry_id]) <= 1


async def test_camera_removed(hass: HomeAssistant, made: Made, entry: MockConfigEntry) -> None:
    """Its account goes with a camera; what it sent is no longer shown, and goes with the time."""
    account = drop_accounts(hass).make(entry.entry_id)
    await made.put(entry, "a.jpg", JPEG)
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    assert drop_accounts(hass).all() == []
    root = await media_source.async_browse_media(hass, f"media-source://{DOMAIN}")
    assert not root.children

    def log_in() -> None:
        with FTP(timeout=10) as client:  # noqa: S321 - it is what is tested
            client.connect("127.0.0.1", made.port)
            client.login(account.username, account.password)

    with pytest.raises(all_errors, match="530"):
        await asyncio.to_thread(log_in)


async def test_retention(
    hass: HomeAssistant,
    made: Made,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Old clips go by themselves, with the folders they were in; said once."""
    caplog.set_level(logging.INFO)
    drop_accounts(hass).make(entry.entry_id)
    await made.put(entry, "2026/a.jpg", JPEG)
    await made.put(entry, "2026/b.jpg", JPEG)
    store = made.drop.store
    clock, steady = store._clock, store._steady
    store._clock = lambda: clock() + 40 * 86_400 * 10**9
    store._steady = lambda: steady() + 40 * 86_400
    for _ in range(2):
        async_fire_time_changed(hass, dt_util.utcnow() + drop_module.TIDY * (1 + _))
        await hass.async_block_till_done(wait_background_tasks=True)
    assert store.clips(entry.entry_id) == []
    assert [path for path in made.folder.rglob("*") if path.is_file()] == []
    assert not (made.folder / entry.entry_id / "2026").exists()
    assert caplog.text.count("2 received files were older than 30 days") == 1


def test_defaults() -> None:
    """It is off by default."""
    assert DropConfig.of({}).on is False
