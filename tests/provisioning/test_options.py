"""The options of the network: what is kept, what never goes to the browser, what is refused."""

from pathlib import Path
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import SOURCE_USER, ConfigFlowResult, FlowType
from homeassistant.core import HomeAssistant
from homeassistant.core_config import async_process_ha_core_config
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.panacam.backup_store import async_backups
from custom_components.panacam.cams.backup import Document
from custom_components.panacam.const import DOMAIN
from custom_components.panacam.provisioning.backend import Backend, ServerKind, kind_of, server_for
from custom_components.panacam.provisioning.expected import read_stored
from tests.conftest import MAC
from tests.provisioning.conftest import GATE, WEBHOOK, Log, asked, network_of, provision
from tests.simulators.kea import KeaSimulator

DOOR = {"serial": "S2", "name": "Door"}
KEA: dict[str, Any] = {"subnet4": [{"id": 1, "subnet": "192.0.2.0/24", "pools": []}]}


async def step(hass: HomeAssistant, entry: MockConfigEntry, name: str) -> ConfigFlowResult:
    """Choose something from the menu."""
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    assert menu["type"] is FlowResultType.MENU
    assert name in menu["menu_options"]
    return await enter(hass, menu, {"next_step_id": name})


async def enter(
    hass: HomeAssistant, shown: ConfigFlowResult, data: dict[str, Any]
) -> ConfigFlowResult:
    """Fill a form in."""
    return await hass.config_entries.options.async_configure(shown["flow_id"], data)


def suggested(result: ConfigFlowResult) -> dict[str, Any]:
    """Return what a form has in its fields."""
    assert result["data_schema"] is not None
    return {
        str(key): (key.description or {}).get("suggested_value")
        for key in result["data_schema"].schema
    }


def placeholders(result: ConfigFlowResult) -> dict[str, str]:
    """Return what is filled into a form's description."""
    return dict(result["description_placeholders"] or {})


async def test_menu(hass: HomeAssistant) -> None:
    """What there is to do depends on whether anybody is expected."""
    entry = await network_of(hass)
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    assert menu["menu_options"] == [
        "network_automatic",
        "network_add",
        "network_import",
        "network_drop",
        "done",
    ]
    assert placeholders(menu) == {
        "automatic": "Automatic adding is on.",
        "cameras": "0",
        "drop": "The FTP drop is off.",
    }


async def test_changes_are_kept_at_once(hass: HomeAssistant) -> None:
    """One camera after the other is added without leaving; nothing is lost by closing the form."""
    entry = await network_of(hass, automatic=False)
    shown = await step(hass, entry, "network_add")
    for number, row in enumerate((GATE, DOOR), start=1):
        menu = await enter(hass, shown, row)
        assert menu["type"] is FlowResultType.MENU
        assert placeholders(menu)["cameras"] == str(number)
        assert placeholders(menu)["automatic"].startswith("Automatic adding is off")
        assert len(entry.options["expected"]) == number
        shown = await enter(hass, menu, {"next_step_id": "network_add"})
    hass.config_entries.options.async_abort(shown["flow_id"])
    assert entry.options["expected"] == [GATE, DOOR]
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    # What was changed elsewhere in the meantime stays.
    hass.config_entries.async_update_entry(entry, options={**entry.options, "automatic": True})
    done = await enter(hass, menu, {"next_step_id": "done"})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == {"automatic": True, "expected": [GATE, DOOR]}


async def test_new_network(hass: HomeAssistant) -> None:
    """An entry that does nothing yet goes on to its options."""
    flow = hass.config_entries.flow
    menu = await flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    done = await flow.async_configure(menu["flow_id"], {"next_step_id": "network"})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    kind, flow_id = done["next_flow"]
    assert kind is FlowType.OPTIONS_FLOW
    shown = hass.config_entries.options.async_get(flow_id)
    assert (shown["handler"], shown["step_id"]) == (done["result"].entry_id, "network_menu")


async def test_automatic(hass: HomeAssistant, log: Log) -> None:
    """Automatic adding counts from the next request on, without loading anything anew."""
    entry = await network_of(hass, GATE, automatic=False)
    shown = await step(hass, entry, "network_automatic")
    assert placeholders(shown)["url"].endswith(f"/api/webhook/{WEBHOOK}")
    with patch.object(hass.config, "api", None):
        shown = await step(hass, entry, "network_automatic")
    assert placeholders(shown)["url"] == f"/api/webhook/{WEBHOOK}"
    assert "does not know its own address" in placeholders(shown)["missing"]
    await async_process_ha_core_config(hass, {"internal_url": "http://192.0.2.1:8123"})
    shown = await step(hass, entry, "network_automatic")
    assert placeholders(shown) == {
        "url": f"http://192.0.2.1:8123/api/webhook/{WEBHOOK}",
        "missing": "",
    }
    network = entry.runtime_data
    result = await enter(hass, shown, {"automatic": True, "server": "none"})
    assert result["type"] is FlowResultType.MENU
    assert entry.options == {"automatic": True, "server": "none", "expected": [GATE]}
    assert entry.runtime_data is network
    await provision(hass, entry, asked(address="203.0.113.5"))
    assert log.steps[0] == "ip_address_allocation"


async def test_kea(hass: HomeAssistant, socket_enabled: None) -> None:
    """The server is asked who it is before anything is kept; its password stays here."""
    entry = await network_of(hass)
    async with KeaSimulator(KEA) as kea:
        shown = await step(hass, entry, "network_automatic")
        shown = await enter(hass, shown, {"automatic": True, "server": "kea"})
        assert shown["step_id"] == "network_kea"
        login = {"url": kea.url, "username": "panacam"}
        shown = await enter(hass, shown, {**login, "password": "wrong"})
        assert shown["errors"] == {"base": "server_refused_login"}
        # What was just typed is not lost; what is stored never goes to the browser.
        assert suggested(shown) == {**login, "password": "wrong"}
        assert "server" not in entry.options
        await enter(hass, shown, {**login, "password": "12345"})
        assert entry.options["password"] == "12345"
        assert entry.options["server"] == "kea"
        # Left empty, it stays.
        shown = await step(hass, entry, "network_automatic")
        shown = await enter(hass, shown, {"automatic": False, "server": "kea"})
        assert suggested(shown) == {**login, "password": None}
        assert "12345" not in str(shown)
        done = await enter(hass, shown, login)
        assert done["type"] is FlowResultType.MENU
        assert entry.options["password"] == "12345"
        assert entry.options["automatic"] is False
        # Another server does not get this one's password.
        shown = await step(hass, entry, "network_automatic")
        shown = await enter(hass, shown, {"automatic": False, "server": "kea"})
        other = {"url": kea.url, "username": "other"}
        before = len(kea.authorizations)
        shown = await enter(hass, shown, other)
        assert shown["errors"] is not None
        assert "base" in shown["errors"]
        assert all("MTIzNDU" not in str(one) for one in kea.authorizations[before:])
    shown = await enter(hass, shown, login)
    assert shown["errors"] == {"base": "server_unreachable"}
    assert suggested(shown) == {**login, "password": None}
    shown = await step(hass, entry, "network_automatic")
    await enter(hass, shown, {"automatic": False, "server": "none"})
    assert entry.options == {"automatic": False, "server": "none", "expected": []}


async def test_kea_is_away(hass: HomeAssistant, socket_enabled: None) -> None:
    """What does not answer is not kept."""
    entry = await network_of(hass)
    async with KeaSimulator(KEA) as kea:
        url = kea.url
    shown = await step(hass, entry, "network_automatic")
    shown = await enter(hass, shown, {"automatic": True, "server": "kea"})
    shown = await enter(hass, shown, {"url": url})
    assert shown["errors"] == {"base": "server_unreachable"}


async def test_dnsmasq(hass: HomeAssistant, tmp_path: Path) -> None:
    """Its files are looked at."""
    entry = await network_of(hass)
    shown = await step(hass, entry, "network_automatic")
    shown = await enter(hass, shown, {"automatic": True, "server": "dnsmasq"})
    assert shown["step_id"] == "network_dnsmasq"
    shown = await enter(hass, shown, {"hosts_file": str(tmp_path / "no" / "hosts")})
    assert shown["errors"] == {"base": "server_file"}
    hosts = tmp_path / "hosts"
    hosts.write_text("")
    result = await enter(hass, shown, {"hosts_file": str(hosts)})
    assert result["type"] is FlowResultType.MENU
    assert entry.options["hosts_file"] == str(hosts)
    # What was emptied does not come back when something else is wrong.
    pid = tmp_path / "pid"
    hass.config_entries.async_update_entry(entry, options={**entry.options, "pid_file": str(pid)})
    shown = await step(hass, entry, "network_automatic")
    shown = await enter(hass, shown, {"automatic": True, "server": "dnsmasq"})
    assert suggested(shown) == {"hosts_file": str(hosts), "pid_file": str(pid)}
    shown = await enter(hass, shown, {"hosts_file": str(tmp_path / "no" / "hosts")})
    assert suggested(shown) == {"hosts_file": str(tmp_path / "no" / "hosts"), "pid_file": None}
    await enter(hass, shown, {"hosts_file": str(hosts)})
    assert "pid_file" not in entry.options


async def test_servers_of_options(hass: HomeAssistant) -> None:
    """One server for the same options, since it lets one change in at a time."""
    assert kind_of({"server": "axis"}) is ServerKind.NONE
    assert server_for(hass, {}) is None
    backend = Backend(hass)
    options = {"server": "dnsmasq", "hosts_file": "a", "pid_file": "b"}
    assert backend.of({}) is None
    first = backend.of(options)
    assert first is not None
    assert backend.of({**options, "automatic": True}) is first
    assert backend.of({**options, "hosts_file": "c"}) is not first


async def test_add(hass: HomeAssistant) -> None:
    """One more camera, checked; what is wrong is shown at its field."""
    entry = await network_of(hass, GATE)
    shown = await step(hass, entry, "network_add")
    for wrong, errors in (
        ({"name": "x"}, {"mac": "expected_no_identity"}),
        ({"mac": "x"}, {"mac": "expected_bad_mac"}),
        ({"mac": MAC.upper()}, {"mac": "expected_same_mac"}),
        ({"serial": "1", "password": "x"}, {"username": "expected_no_username"}),
        ({"serial": "x" * 70}, {"serial": "expected_too_long"}),
        (
            {"serial": "1", "username": "a", "password": "typed"},
            {"mac": "expected_serial_password"},
        ),
    ):
        shown = await enter(hass, shown, wrong)
        assert shown["errors"] == errors
        assert {key: text for key, text in suggested(shown).items() if text} == wrong
    await enter(hass, shown, DOOR)
    assert entry.options["expected"] == [GATE, DOOR]
    assert [one.name for one in entry.runtime_data.expected] == ["Gate", "Door"]


async def test_templates(hass: HomeAssistant) -> None:
    """Those that there are can be chosen, and one that is saved later can be named."""
    entry = await network_of(hass)
    document = Document(saved=dt_util.utcnow(), family="povcam", sections={})
    backups = await async_backups(hass)
    for name in ("Night", "Day"):
        await backups.async_save_template(name, document)
    shown = await step(hass, entry, "network_add")
    assert shown["data_schema"] is not None
    config = shown["data_schema"].schema["template"].config
    assert config["options"] == ["Day", "Night"]
    await enter(hass, shown, {"mac": MAC, "template": "Dawn"})
    assert entry.options["expected"] == [{"mac": MAC, "template": "Dawn"}]


async def test_full(hass: HomeAssistant) -> None:
    """The list has an end."""
    entry = await network_of(hass, *({"serial": str(number)} for number in range(1000)))
    shown = await enter(hass, await step(hass, entry, "network_add"), {"mac": MAC})
    assert shown["errors"] == {"base": "expected_too_many"}


async def test_change(hass: HomeAssistant) -> None:
    """A camera is changed in its place, and its password never goes to the browser."""
    entry = await network_of(hass, GATE, DOOR)
    gate, door = (one.id for one in read_stored([GATE, DOOR]))
    shown = await enter(hass, await step(hass, entry, "network_cameras"), {"camera": gate})
    assert "12345" not in str(shown["data_schema"])
    assert suggested(shown) == {
        **dict.fromkeys(("serial", "password", "area", "template", "remove")),
        **{key: GATE[key] for key in GATE if key != "password"},
    }
    wrong = {"serial": "S2", "mac": MAC, "username": "admin"}
    shown = await enter(hass, shown, wrong)
    assert shown["errors"] == {"serial": "expected_same_serial"}
    # The stored password stays here, one that was just typed is not lost.
    assert suggested(shown)["password"] is None
    shown = await enter(hass, shown, {**wrong, "password": "typed"})
    assert suggested(shown)["password"] == "typed"
    await enter(hass, shown, {"mac": MAC, "username": "admin", "name": "North", "area": "Yard"})
    assert entry.options["expected"] == [
        {"mac": MAC, "username": "admin", "password": "12345", "name": "North", "area": "Yard"},
        DOOR,
    ]
    shown = await enter(hass, await step(hass, entry, "network_cameras"), {"camera": gate})
    await enter(hass, shown, {"mac": MAC, "username": "other"})
    assert entry.options["expected"][0] == {"mac": MAC, "username": "other"}
    shown = await enter(hass, await step(hass, entry, "network_cameras"), {"camera": door})
    await enter(hass, shown, {"serial": "S2", "remove": True})
    assert entry.options["expected"] == [{"mac": MAC, "username": "other"}]


async def test_change_what_is_gone(hass: HomeAssistant) -> None:
    """Somebody else may have removed it in the meantime."""
    entry = await network_of(hass, GATE)
    [gate] = read_stored([GATE])
    shown = await enter(hass, await step(hass, entry, "network_cameras"), {"camera": gate.id})
    hass.config_entries.async_update_entry(entry, options={})
    result = await enter(hass, shown, {"mac": MAC, "name": "x"})
    assert result["type"] is FlowResultType.MENU
    assert entry.options == {}


async def test_import(hass: HomeAssistant) -> None:
    """A table is added, or takes the list's place; with one wrong row nothing is."""
    entry = await network_of(hass, GATE)
    shown = await step(hass, entry, "network_import")
    wrong = f"mac;serial;family\n{MAC};;\nnonsense;;\n;S3;axis\n"
    shown = await enter(hass, shown, {"table": wrong, "replace": False})
    assert shown["errors"] == {"base": "import_rows"}
    lines = placeholders(shown)["faults"].splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "- Row 2, column mac",
        "- Row 3, column mac",
        "- Row 4, column family",
    ]
    assert "Replace the list" in lines[0]
    assert lines[1].endswith("such as a8:13:74:00:00:01.")
    assert suggested(shown)["table"] == wrong
    assert entry.options["expected"] == [GATE]
    shown = await enter(hass, shown, {"table": "\n", "replace": False})
    assert shown["errors"] == {"base": "import_table"}
    assert placeholders(shown) == {
        "columns": "mac, serial, family, username, password, name, area, template",
        "faults": "- There is no camera in the table.",
    }
    shown = await enter(hass, shown, {"table": "colour\n", "replace": False})
    assert placeholders(shown)["faults"].startswith("- Row 1: The header")
    await enter(hass, shown, {"table": "serial,name\nS2,Door\n", "replace": False})
    assert entry.options["expected"] == [GATE, DOOR]
    shown = await step(hass, entry, "network_import")
    await enter(hass, shown, {"table": f"mac\n{MAC}\n", "replace": True})
    assert entry.options["expected"] == [{"mac": MAC}]


async def test_there_and_back(hass: HomeAssistant) -> None:
    """A list that is exported, edited and imported in place of itself keeps its passwords."""
    entry = await network_of(hass, GATE)
    shown = await step(hass, entry, "network_export")
    shown = await enter(hass, shown, {"passwords": False})
    table = suggested(shown)["table"].replace("Gate", "North")
    shown = await step(hass, entry, "network_import")
    await enter(hass, shown, {"table": table, "replace": True})
    assert entry.options["expected"] == [GATE | {"name": "North"}]


@pytest.mark.parametrize("passwords", [False, True])
async def test_export(hass: HomeAssistant, *, passwords: bool) -> None:
    """The table is shown, with passwords only when they are asked for."""
    entry = await network_of(hass, GATE, {"serial": "S2", "name": "=1+1"})
    shown = await step(hass, entry, "network_export")
    shown = await enter(hass, shown, {"passwords": passwords})
    table = suggested(shown)["table"]
    assert ("12345" in table) is passwords
    assert "'=1+1" in table
    result = await enter(hass, shown, {})
    assert result["type"] is FlowResultType.MENU


async def test_every_text(hass: HomeAssistant) -> None:
    """Each step, each fault and each reason of a server has its sentence."""
    from custom_components.panacam.dhcp.reservations import ServerReason  # noqa: PLC0415
    from custom_components.panacam.provisioning.expected import Fault  # noqa: PLC0415
    from custom_components.panacam.provisioning.options import NetworkOptionsFlow  # noqa: PLC0415
    from custom_components.panacam.provisioning.steps import Step  # noqa: PLC0415
    from tests.test_package import ENGLISH  # noqa: PLC0415

    options = ENGLISH["options"]
    steps = {
        name.removeprefix("async_step_")
        for name in dir(NetworkOptionsFlow)
        if name.startswith("async_step_network")
    }
    assert steps == {name for name in options["step"] if name.startswith("network_")}
    lines = {"import_row", "import_cell", "automatic_on", "automatic_off", "no_internal_url"}
    assert lines | {fault.value for fault in Fault} <= set(options["error"])
    assert {"done"} < set(options["step"]["network_menu"]["menu_options"])
    assert {f"server_{reason.value}" for reason in ServerReason} <= set(options["error"])
    told = ENGLISH["entity"]["event"]["provisioning"]["state_attributes"]
    assert set(told["event_type"]["state"]) == {one.value for one in Step}
    assert {one.value for one in Step} <= set(told["message"]["state"])
    kinds = ENGLISH["selector"]["dhcp_server"]["options"]
    assert set(kinds) == {kind.value for kind in ServerKind}
