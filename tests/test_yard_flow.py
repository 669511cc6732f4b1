"""The config flow with ONVIF cameras: recognised by asking, whatever they want as a login."""

from datetime import UTC, datetime
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.panacam.cams.mo import client
from custom_components.panacam.const import DOMAIN
from tests.conftest import ONVIF_MAC
from tests.simulators.onvif import Auth, Fault, OnvifSimulator, Quirk
from tests.simulators.povcam import PovcamSimulator
from tests.sounds import served
from tests.test_config_flow import begin, go_on
from tests.test_init import state
from tests.test_options_flow import entered, fields, opened

LOGIN = {"username": "admin", "password": "Kamera/7"}
HOURS = -7 * 3600.0
UUID = "1419d68a-1dd2-11b2-a105-a81374000201"


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait less for who does not speak the language of one family."""
    monkeypatch.setattr(client, "LOGIN_TIMEOUT", 0.5)


def form(port: int, **changes: Any) -> dict[str, Any]:
    """Return what a person fills in for a simulated camera."""
    return {"host": "127.0.0.1", "port": port, "ssl": False, "verify_ssl": True, **changes}


async def test_add(hass: HomeAssistant, yard: OnvifSimulator) -> None:
    """Nobody says which kind of camera it is; it is asked for a login, shown, and added."""
    result = await begin(hass, form(yard.port))
    assert result["step_id"] == "credentials"
    assert not result["errors"]
    result = await go_on(hass, result, LOGIN)
    assert result["step_id"] == "confirm"
    shown = result["description_placeholders"]
    assert shown is not None
    assert (shown["name"], shown["manufacturer"]) == ("Front door", "Panacam")
    assert (shown["mac"], shown["firmware"]) == (ONVIF_MAC, "1.2.3")
    result = await go_on(hass, result, {})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"] == form(yard.port) | LOGIN | {"family": "onvif"}
    assert result["result"].unique_id == ONVIF_MAC
    await hass.async_block_till_done()
    assert result["result"].state is ConfigEntryState.LOADED
    assert not yard.count("SetSystemDateAndTime")


async def test_wrong_login(hass: HomeAssistant, yard: OnvifSimulator) -> None:
    """What is wrong is said at the form, and can be tried again."""
    result = await begin(hass, form(yard.port))
    for login in (LOGIN | {"username": "nobody"}, LOGIN | {"password": "wrong"}):
        yard.requests.clear()
        result = await go_on(hass, result, login)
        assert result["step_id"] == "credentials"
        assert result["errors"] == {"base": "wrong_credentials"}
        # One request, in all ways to log in: some lock out who tries often.
        tried = [asked.operation for asked in yard.requests if asked.had_wsse or asked.had_digest]
        assert set(tried) == {"GetDeviceInformation"}
        assert len(tried) <= 4
    result = await go_on(hass, result, LOGIN)
    assert result["step_id"] == "confirm"


@pytest.mark.parametrize("auth", Auth)
async def test_logins(hass: HomeAssistant, socket_enabled: None, quick: None, auth: Auth) -> None:
    """Each way to log in does, though the camera's clock be off by hours."""
    async with OnvifSimulator(auth=auth, clock_offset=HOURS) as camera:
        result = await begin(hass, form(camera.port))
        if auth is not Auth.NONE:
            assert result["step_id"] == "credentials"
            result = await go_on(hass, result, LOGIN)
        assert result["step_id"] == "confirm"
        result = await go_on(hass, result, {})
        await hass.async_block_till_done()
        assert result["result"].state is ConfigEntryState.LOADED
        assert state(hass, "binary_sensor.front_door_motion") == "off"
        assert state(hass, "sensor.front_door_event_channel") == "pull_point"
        assert camera.camera.clock.now().timestamp() == pytest.approx(
            datetime.now(UTC).timestamp() + HOURS, abs=5
        )
        assert await hass.config_entries.async_unload(result["result"].entry_id)


@pytest.mark.parametrize(
    ("quirks", "unique_id"),
    [
        ({Quirk.NO_MAC}, "SIM0000003"),
        ({Quirk.EMPTY_SERIAL}, ONVIF_MAC),
        ({Quirk.SOAP_11}, ONVIF_MAC),
        ({Quirk.NO_MAC, Quirk.EMPTY_SERIAL}, UUID),
    ],
)
async def test_what_it_is_known_by(
    hass: HomeAssistant, yard: OnvifSimulator, quirks: set[Quirk], unique_id: str
) -> None:
    """The MAC address, else the serial number, else what it calls itself for discovery."""
    yard.camera.quirks |= quirks
    result = await go_on(hass, await begin(hass, form(yard.port)), LOGIN)
    assert result["step_id"] == "confirm"
    assert hass.config_entries.flow.async_progress()[0]["context"]["unique_id"] == unique_id


async def test_family_of_the_maker(hass: HomeAssistant, open_camera: PovcamSimulator) -> None:
    """A camera whose own language is known is added by that."""
    result = await go_on(hass, await begin(hass, form(open_camera.port)), {})
    assert result["data"]["family"] == "povcam"


async def test_web_server(hass: HomeAssistant, socket_enabled: None) -> None:
    """A web server that is no camera is said to be none."""
    async with served({}) as url:
        result = await begin(hass, {"host": url, "ssl": False, "verify_ssl": True})
    assert result["step_id"] == "address"
    assert result["errors"] == {"base": "not_a_camera"}


@pytest.mark.parametrize(
    "fault", [Fault.HTML, Fault.NOT_XML, Fault.EMPTY, Fault.DEEP, Fault.BILLION_LAUGHS]
)
async def test_neither_of_them(hass: HomeAssistant, yard: OnvifSimulator, fault: Fault) -> None:
    """What answers no family as it should is no camera."""
    yard.fault("*", fault)
    result = await begin(hass, form(yard.port))
    assert result["step_id"] == "address"
    assert result["errors"] == {"base": "not_a_camera"}


async def test_same_camera_twice(
    hass: HomeAssistant, yard: OnvifSimulator, yard_entry: MockConfigEntry
) -> None:
    """A camera is known by its MAC address."""
    result = await go_on(hass, await begin(hass, form(yard.port)), LOGIN)
    assert result["reason"] == "already_configured"


async def test_reauthentication(
    hass: HomeAssistant, yard: OnvifSimulator, yard_entry: MockConfigEntry
) -> None:
    """New credentials are tried before they are kept."""
    yard.set_password("admin", "new")
    result = await yard_entry.start_reauth_flow(hass)
    result = await go_on(hass, result, LOGIN)
    assert result["errors"] == {"base": "wrong_credentials"}
    result = await go_on(hass, result, LOGIN | {"password": "new"})
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done()
    assert yard_entry.state is ConfigEntryState.LOADED
    assert yard_entry.data["password"] == "new"


async def test_reconfigure(
    hass: HomeAssistant, yard: OnvifSimulator, yard_entry: MockConfigEntry
) -> None:
    """The same camera may get another user; another camera is none for this entry."""
    other = form(yard.port, username="viewer", password="Gast/7")
    result = await go_on(hass, await yard_entry.start_reconfigure_flow(hass), other)
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert yard_entry.state is ConfigEntryState.LOADED
    yard.become(mac="a8:13:74:00:02:99", serial="another")
    result = await go_on(hass, await yard_entry.start_reconfigure_flow(hass), other)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "other_camera"


async def test_options(hass: HomeAssistant, yard_entry: MockConfigEntry) -> None:
    """What matters to such a camera can be chosen, and is used at once."""
    shown = await opened(hass, yard_entry)
    advanced = {
        "stream_mode": "direct",
        "rtsp_transport": "tcp",
        "rtsp_port": 8554,
        "press_seconds": 0.5,
        "webhook": False,
        "trust_addresses": True,
    }
    assert set(fields(shown)) == {"scan_interval", "ring", "publish_url", *advanced}
    result = await entered(hass, shown, {"scan_interval": 9, "ring": 0, "advanced": advanced})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert yard_entry.options == {"scan_interval": 9, "ring": 0, **advanced}
    device = yard_entry.runtime_data.device
    assert {(stream.port, stream.transport.value) for stream in device.streams} == {(8554, "tcp")}
    assert yard_entry.runtime_data.update_interval.total_seconds() == 9
    assert yard_entry.domain == DOMAIN
