"""The config flow against simulated cameras: adding, finding, moving, logging in again."""

from typing import Any

from aiohttp import DummyCookieJar
from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigEntryState,
    ConfigFlowResult,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.panacam.cams.net import http
from custom_components.panacam.connection import session_for, split_host
from custom_components.panacam.const import DOMAIN
from tests.conftest import MAC, add, entry_for
from tests.simulators.povcam import AG_UMR20, Fault, PovcamSimulator

LOGIN = {"username": "admin", "password": "12345"}


def form(simulator: PovcamSimulator, **changes: Any) -> dict[str, Any]:
    """Return what a person fills in for a simulated camera."""
    return {
        "host": "127.0.0.1",
        "port": simulator.port,
        "ssl": False,
        "verify_ssl": True,
        **changes,
    }


async def begin(hass: HomeAssistant, data: dict[str, Any]) -> ConfigFlowResult:
    """Start the flow and fill in the first form."""
    result = await choose(hass, "address")
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "address"
    return await hass.config_entries.flow.async_configure(result["flow_id"], data)


async def choose(hass: HomeAssistant, way: str) -> ConfigFlowResult:
    """Start the flow and choose a way from its menu."""
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert result["type"] is FlowResultType.MENU
    assert way in result["menu_options"]
    return await go_on(hass, result, {"next_step_id": way})


async def go_on(
    hass: HomeAssistant, result: ConfigFlowResult, data: dict[str, Any]
) -> ConfigFlowResult:
    """Fill in the next form."""
    return await hass.config_entries.flow.async_configure(result["flow_id"], data)


async def test_camera_without_a_password(hass: HomeAssistant, open_camera: PovcamSimulator) -> None:
    """Nobody is asked for credentials that the camera does not want."""
    result = await begin(hass, form(open_camera))
    assert result["step_id"] == "confirm"
    shown = result["description_placeholders"]
    assert shown is not None
    assert shown["model"] == "AG-UMR20"
    assert shown["mac"] == MAC
    result = await go_on(hass, result, {})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == open_camera.camera.title
    assert result["data"] == form(open_camera) | {"family": "povcam"}
    assert result["result"].unique_id == MAC
    await hass.async_block_till_done()
    assert result["result"].state is ConfigEntryState.LOADED


async def test_camera_with_a_password(hass: HomeAssistant, umr20: PovcamSimulator) -> None:
    """A camera that asks gets its own form; a wrong password is said and can be corrected."""
    result = await begin(hass, form(umr20))
    assert result["step_id"] == "credentials"
    assert not result["errors"]
    result = await go_on(hass, result, LOGIN | {"password": "wrong"})
    assert result["errors"] == {"base": "wrong_credentials"}
    result = await go_on(hass, result, LOGIN)
    assert result["step_id"] == "confirm"
    result = await go_on(hass, result, {})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"] == form(umr20) | LOGIN | {"family": "povcam"}


async def test_whole_url_is_taken(hass: HomeAssistant, open_camera: PovcamSimulator) -> None:
    """An address pasted from a browser works."""
    data = form(open_camera, host=f"http://127.0.0.1:{open_camera.port}/live/index.html")
    del data["port"]
    result = await begin(hass, data)
    assert result["step_id"] == "confirm"


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("camera.local", {"host": "camera.local"}),
        (" 192.0.2.7:8080 ", {"host": "192.0.2.7", "port": 8080}),
        ("https://192.0.2.7/", {"host": "192.0.2.7", "ssl": True}),
        ("[2001:db8::1]:81", {"host": "2001:db8::1", "port": 81}),
        ("2001:db8::1", {"host": "2001:db8::1"}),
        ("http://192.0.2.7:port/", {"host": ""}),
        ("", {"host": ""}),
    ],
)
def test_split_host(typed: str, found: dict[str, Any]) -> None:
    """What people type becomes host, port and TLS."""
    assert split_host(typed) == found


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.ERROR_500, {"base": "refused"}),
        (Fault.HANG, {"host": "timeout"}),
        (Fault.DRIP, {"base": "too_large"}),
        (Fault.CUT, {"base": "cut"}),
        (Fault.RUBBISH, {"base": "not_a_camera"}),
        (Fault.HUGE, {"base": "too_large"}),
        (Fault.EMPTY, {"base": "not_a_camera"}),
        (Fault.REDIRECT, {"base": "redirected"}),
        (Fault.HTML_PAGE, {"base": "not_a_camera"}),
    ],
)
async def test_strange_answers(
    hass: HomeAssistant,
    open_camera: PovcamSimulator,
    monkeypatch: pytest.MonkeyPatch,
    fault: Fault,
    error: dict[str, str],
) -> None:
    """Each strange answer has its own sentence, and the form works once the camera does."""
    monkeypatch.setattr(http, "REQUEST_TIMEOUT", 1.0)
    open_camera.fault("getinfo", fault)
    result = await begin(hass, form(open_camera))
    assert result["step_id"] == "address"
    assert result["errors"] == error
    open_camera.clear_faults()
    result = await go_on(hass, result, form(open_camera))
    assert result["step_id"] == "confirm"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"host": "no such host"}, {"host": "unknown_host"}),
        ({"port": 1}, {"host": "unreachable"}),
        ({"ssl": True}, {"base": "tls"}),
    ],
)
async def test_wrong_address(
    hass: HomeAssistant,
    open_camera: PovcamSimulator,
    changes: dict[str, Any],
    error: dict[str, str],
) -> None:
    """A wrong host, port or HTTPS is said at the field it belongs to."""
    result = await begin(hass, form(open_camera, **changes))
    assert result["errors"] == error


async def test_https_with_own_certificate(
    hass: HomeAssistant, socket_enabled: None, quick: None
) -> None:
    """A certificate that the camera made itself is refused, until its owner says otherwise."""
    async with PovcamSimulator(model=AG_UMR20, https=True) as camera:
        result = await begin(hass, form(camera, ssl=True))
        assert result["step_id"] == "certificate"
        result = await begin(hass, form(camera, ssl=True, verify_ssl=False))
        assert result["step_id"] == "confirm"


async def test_same_camera_twice(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """A camera is known by its MAC address."""
    result = await begin(hass, form(umr20))
    result = await go_on(hass, result, LOGIN)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"


async def test_texts_of_a_camera_are_no_markdown(
    hass: HomeAssistant, open_camera: PovcamSimulator
) -> None:
    """A form shows what a camera calls itself, and no link or picture of its choosing."""
    open_camera.camera.title = "[x](http://evil/)\u202e<img>"
    result = await begin(hass, form(open_camera))
    shown = result["description_placeholders"]
    assert shown is not None
    assert shown["name"] == r"\[x\]\(http://evil/\)\<img\>"


async def test_reauthentication(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """New credentials are tried before they are kept."""
    umr20.set_password("admin", "new")
    result = await entry.start_reauth_flow(hass)
    assert result["step_id"] == "reauth_confirm"
    result = await go_on(hass, result, LOGIN)
    assert result["errors"] == {"base": "wrong_credentials"}
    result = await go_on(hass, result, LOGIN | {"password": "new"})
    assert result["reason"] == "reauth_successful"
    assert entry.data["password"] == "new"
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED


async def test_reconfigure_keeps_the_password(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """The password does not go to the browser, and stays when its field is left empty."""
    result = await entry.start_reconfigure_flow(hass)
    assert result["step_id"] == "reconfigure"
    schema = result["data_schema"]
    assert schema is not None
    suggested = {str(key): (key.description or {}).get("suggested_value") for key in schema.schema}
    assert suggested["host"] == "127.0.0.1"
    assert suggested["username"] == "admin"
    assert suggested["password"] is None
    result = await go_on(hass, result, form(umr20, username="admin"))
    assert result["reason"] == "reconfigure_successful"
    assert entry.data["password"] == "12345"


async def test_reconfigure_keeps_the_webhook(
    hass: HomeAssistant, open_camera: PovcamSimulator
) -> None:
    """The camera was told that address, and nobody is asked for it."""
    entry = await add(hass, entry_for(open_camera, webhook_id="s3cret"))
    result = await entry.start_reconfigure_flow(hass)
    result = await go_on(hass, result, form(open_camera, username="admin"))
    assert result["reason"] == "reconfigure_successful"
    assert entry.data["webhook_id"] == "s3cret"
    assert entry.data["family"] == "povcam"


async def test_reauthentication_of_an_absent_camera(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """What went wrong is shown, though the form has no field for it."""
    umr20.fault("*", Fault.RESET)
    result = await go_on(hass, await entry.start_reauth_flow(hass), LOGIN)
    assert result["errors"] in ({"base": "unreachable"}, {"base": "cut"})


async def test_wrong_administrator_of_an_open_camera(
    hass: HomeAssistant, open_camera: PovcamSimulator
) -> None:
    """A camera that lets everybody look still says whether the administrator's login is right."""
    entry = await add(hass, entry_for(open_camera, username="", password=""))
    result = await entry.start_reconfigure_flow(hass)
    result = await go_on(hass, result, form(open_camera, **LOGIN | {"password": "wrong"}))
    assert result["errors"] == {"base": "wrong_credentials"}
    result = await go_on(hass, result, form(open_camera, **LOGIN))
    assert result["reason"] == "reconfigure_successful"


async def test_no_cookies(hass: HomeAssistant) -> None:
    """What a camera sets is kept by nobody."""
    async with session_for(hass, {}) as session:
        assert isinstance(session.cookie_jar, DummyCookieJar)


async def test_reconfigure_with_another_user(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """Another user needs another password."""
    result = await entry.start_reconfigure_flow(hass)
    result = await go_on(hass, result, form(umr20, username="viewer"))
    assert result["errors"] == {"base": "wrong_credentials"}
    result = await go_on(hass, result, form(umr20, username="viewer", password="viewer"))
    assert result["reason"] == "reconfigure_successful"
    assert entry.data["username"] == "viewer"


@pytest.mark.parametrize("step", ["reauth", "reconfigure"])
async def test_another_camera_at_that_address(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator, step: str
) -> None:
    """Neither new credentials nor a new address make one camera into another."""
    umr20.become(mac="A8-13-74-00-00-99", serial="other")
    if step == "reauth":
        result = await go_on(hass, await entry.start_reauth_flow(hass), LOGIN)
    else:
        result = await entry.start_reconfigure_flow(hass)
        result = await go_on(hass, result, form(umr20, **LOGIN))
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "other_camera"
