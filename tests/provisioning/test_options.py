"""The options of the network: what is kept, what never goes to the browser, what is refused."""

from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

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


async def test_menu(hass: HomeAssistant) -> None:
    """What there is to do depends on whether anybody is expected."""
    entry = await network_of(hass)
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    assert menu["menu_options"] == ["network_automatic", "network_add", "network_import"]


async def test_automatic(hass: HomeAssistant, log: Log) -> None:
    """Automatic adding counts from the next request on, without loading anything anew."""
    entry = await network_of(hass, GATE, automatic=False)
    shown = await step(hass, entry, "network_automatic")
    assert shown["description_placeholders"] is not None
    assert shown["description_placeholders"]["url"].endswith(f"/api/webhook/{WEBHOOK}")
    network = entry.runtime_data
    result = await enter(hass, shown, {"automatic": True, "server": "none"})
    assert result["type"] is FlowResultType.CREATE_ENTRY
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
        assert suggested(shown) == {**login, "password": None}
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
        assert done["type"] is FlowResultType.CREATE_ENTRY
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
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options["hosts_file"] == str(hosts)
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
    ):
        shown = await enter(hass, shown, wrong)
        assert shown["errors"] == errors
        assert suggested(shown)["password"] is None
    result = await enter(hass, shown, DOOR)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options["expected"] == [GATE, DOOR]
    assert [one.name for one in entry.runtime_data.expected] == ["Gate", "Door"]


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
    shown = await enter(hass, shown, {"serial": "S2", "mac": MAC})
    assert shown["errors"] == {"serial": "expected_same_serial"}
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
    assert shown["errors"] == {"base": "import_faults"}
    assert shown["description_placeholders"] is not None
    lines = shown["description_placeholders"]["faults"].splitlines()
    assert [line.partition(":")[0] for line in lines] == ["- 2 (mac)", "- 3 (mac)", "- 4 (family)"]
    assert lines[1].endswith("such as a8:13:74:00:00:01.")
    assert suggested(shown)["table"] == wrong
    assert entry.options["expected"] == [GATE]
    shown = await enter(hass, shown, {"table": "\n", "replace": False})
    assert shown["description_placeholders"] == {
        "columns": "mac, serial, family, username, password, name, area, template",
        "faults": "- There is no camera in the table.",
    }
    await enter(hass, shown, {"table": "serial,name\nS2,Door\n", "replace": False})
    assert entry.options["expected"] == [GATE, DOOR]
    shown = await step(hass, entry, "network_import")
    await enter(hass, shown, {"table": f"mac\n{MAC}\n", "replace": True})
    assert entry.options["expected"] == [{"mac": MAC}]


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
    assert {fault.value for fault in Fault} <= set(options["error"])
    assert {f"server_{reason.value}" for reason in ServerReason} <= set(options["error"])
    told = ENGLISH["entity"]["event"]["provisioning"]["state_attributes"]
    assert set(told["event_type"]["state"]) == {one.value for one in Step}
    assert {one.value for one in Step} <= set(told["message"]["state"])
    kinds = ENGLISH["selector"]["dhcp_server"]["options"]
    assert set(kinds) == {kind.value for kind in ServerKind}
