"""The config flow with cameras that push: recognised by asking, on the same port as the others."""

from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.panacam.cams.mo import client
from tests.conftest import MO_MAC, add, gate_entry_for, until
from tests.simulators.mo import MoFault, MoSimulator
from tests.sounds import served
from tests.test_config_flow import LOGIN, begin, go_on


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait less for an answer that does not come."""
    monkeypatch.setattr(client, "LOGIN_TIMEOUT", 0.5)


def form(simulator: MoSimulator, **changes: Any) -> dict[str, Any]:
    """Return what a person fills in for a simulated camera."""
    return {
        "host": "127.0.0.1",
        "port": simulator.port,
        "ssl": False,
        "verify_ssl": True,
        **changes,
    }


async def test_add(hass: HomeAssistant, gate: MoSimulator) -> None:
    """Nobody says which kind of camera it is; it is asked for a login, and added."""
    result = await begin(hass, form(gate))
    assert result["step_id"] == "credentials"
    assert not result["errors"]
    result = await go_on(hass, result, LOGIN)
    assert result["step_id"] == "confirm"
    shown = result["description_placeholders"]
    assert shown is not None
    assert (shown["mac"], shown["firmware"]) == (MO_MAC, "11.37.2.56")
    result = await go_on(hass, result, {})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"] == form(gate) | LOGIN | {"family": "mo"}
    assert result["result"].unique_id == MO_MAC
    await hass.async_block_till_done()
    assert result["result"].state is ConfigEntryState.LOADED


@pytest.mark.parametrize(
    ("login", "error"),
    [
        (LOGIN | {"username": "nobody"}, "wrong_username"),
        (LOGIN | {"password": "wrong"}, "wrong_password"),
    ],
)
async def test_wrong_login(
    hass: HomeAssistant, gate: MoSimulator, login: dict[str, str], error: str
) -> None:
    """The camera tells which of the two is wrong, and so does the form."""
    result = await begin(hass, form(gate))
    result = await go_on(hass, result, login)
    assert result["step_id"] == "credentials"
    assert result["errors"] == {"base": error}
    result = await go_on(hass, result, LOGIN)
    assert result["step_id"] == "confirm"


async def test_no_password(hass: HomeAssistant, gate: MoSimulator) -> None:
    """There are cameras without one: the frontend then leaves the field out."""
    gate.set_password("admin", "")
    result = await begin(hass, form(gate))
    result = await go_on(hass, result, {"username": "admin"})
    assert result["step_id"] == "confirm"
    result = await go_on(hass, result, {})
    assert result["data"]["password"] == ""
    await hass.async_block_till_done()
    assert result["result"].state is ConfigEntryState.LOADED


async def test_no_privilege(hass: HomeAssistant, gate: MoSimulator) -> None:
    """A user who may not watch is said to be one."""
    gate.fault(MoFault.NO_PRIVILEGE)
    result = await go_on(hass, await begin(hass, form(gate)), LOGIN)
    assert result["step_id"] == "credentials"
    assert result["errors"] == {"base": "no_privilege"}


async def test_too_many_connections(hass: HomeAssistant, gate: MoSimulator) -> None:
    """So is a camera that has no room, and the form works once it has."""
    gate.fault(MoFault.LOGIN_REFUSED)
    result = await begin(hass, form(gate))
    assert result["step_id"] == "address"
    assert result["errors"] == {"base": "too_many_connections"}
    gate.clear()
    result = await go_on(hass, result, form(gate))
    assert result["step_id"] == "credentials"


@pytest.mark.parametrize("fault", [MoFault.ROVER_59, MoFault.ROVER_62])
async def test_another_login(hass: HomeAssistant, gate: MoSimulator, fault: MoFault) -> None:
    """A camera of the same looks with another login is not supported, and that is said."""
    gate.fault(fault)
    result = await begin(hass, form(gate))
    assert result["errors"] == {"base": "unsupported_camera"}


@pytest.mark.usefixtures("patience")
@pytest.mark.parametrize("fault", [MoFault.WRONG_MAGIC, MoFault.HUGE_LENGTH, MoFault.TRUNCATED])
async def test_neither_of_them(hass: HomeAssistant, gate: MoSimulator, fault: MoFault) -> None:
    """What answers no family as it should is no camera."""
    gate.fault(fault)
    result = await begin(hass, form(gate))
    assert result["step_id"] == "address"
    assert result["errors"] == {"base": "not_a_camera"}


@pytest.mark.usefixtures("patience")
async def test_web_server(hass: HomeAssistant, socket_enabled: None) -> None:
    """A web server that is no camera is said to be none."""
    async with served({}) as url:
        result = await begin(
            hass,
            {"host": url, "ssl": False, "verify_ssl": True},
        )
    assert result["errors"] == {"base": "not_a_camera"}


async def test_same_camera_twice(
    hass: HomeAssistant, gate: MoSimulator, gate_entry: MockConfigEntry
) -> None:
    """A camera is known by the id that it tells."""
    result = await go_on(hass, await begin(hass, form(gate)), LOGIN)
    assert result["reason"] == "already_configured"


async def test_reauthentication(
    hass: HomeAssistant, gate: MoSimulator, gate_entry: MockConfigEntry
) -> None:
    """New credentials are tried before they are kept."""
    gate.set_password("admin", "new")
    result = await gate_entry.start_reauth_flow(hass)
    result = await go_on(hass, result, LOGIN)
    assert result["errors"] == {"base": "wrong_password"}
    result = await go_on(hass, result, LOGIN | {"password": "new"})
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done()
    assert gate_entry.state is ConfigEntryState.LOADED
    assert gate_entry.data["password"] == "new"


async def test_asked_by_itself(hass: HomeAssistant, gate: MoSimulator) -> None:
    """An entry whose camera wants other credentials asks for them."""
    await add(hass, gate_entry_for(gate, password="old"))
    flows = hass.config_entries.flow.async_progress()
    assert [flow["step_id"] for flow in flows] == ["reauth_confirm"]


async def test_reconfigure(
    hass: HomeAssistant, gate: MoSimulator, gate_entry: MockConfigEntry
) -> None:
    """The same camera may get another user."""
    gate.set_password("second", "secret")
    result = await gate_entry.start_reconfigure_flow(hass)
    result = await go_on(hass, result, form(gate, username="second", password="secret"))
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert gate_entry.state is ConfigEntryState.LOADED
    assert [client.user for client in gate.clients] == ["second"]


@pytest.mark.parametrize("password", ["12345", "wrong"])
async def test_reconfigure_a_camera_with_one_connection(
    hass: HomeAssistant, socket_enabled: None, quick: None, password: str
) -> None:
    """Ours is let go of for the question, and is back after it, whatever the answer."""
    async with MoSimulator(max_connections=1) as gate:
        entry = await add(hass, gate_entry_for(gate))
        assert gate.verified == 1
        result = await entry.start_reconfigure_flow(hass)
        result = await go_on(hass, result, form(gate, username="admin", password=password))
        if password == "wrong":
            assert result["errors"] == {"base": "wrong_password"}
        else:
            assert result["reason"] == "reconfigure_successful"
        await hass.async_block_till_done()
        await until(lambda: entry.state is ConfigEntryState.LOADED)
        assert gate.verified == 1


async def test_occupied_by_somebody_else(
    hass: HomeAssistant, gate: MoSimulator, gate_entry: MockConfigEntry
) -> None:
    """Letting go of ours does not help then: it is said, and ours is taken up again."""
    gate.fault(MoFault.LOGIN_REFUSED, times=2)
    result = await gate_entry.start_reconfigure_flow(hass)
    result = await go_on(hass, result, form(gate, **LOGIN))
    assert result["errors"] == {"base": "too_many_connections"}
    await hass.async_block_till_done()
    assert gate_entry.state is ConfigEntryState.LOADED


async def test_options(hass: HomeAssistant, gate_entry: MockConfigEntry) -> None:
    """What the camera cannot tell is asked for, and nothing of RTSP."""
    result = await hass.config_entries.options.async_init(gate_entry.entry_id)
    result = await hass.config_entries.options.async_configure(
        result["flow_id"],
        {"scan_interval": 5, "ring": 0, "alarm_off_after": 20, "motor": True, "advanced": {}},
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert gate_entry.options == {
        "scan_interval": 5,
        "ring": 0,
        "alarm_off_after": 20,
        "motor": True,
    }
    device = gate_entry.runtime_data.device
    assert device.mover is not None
    assert device._alarm_off_after == 20
