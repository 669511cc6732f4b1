"""Cameras that announce themselves: offered, followed, left alone, and not believed."""

import re
from unittest.mock import patch

from homeassistant.config_entries import (
    SOURCE_IGNORE,
    SOURCE_SSDP,
    ConfigEntryState,
    ConfigFlowResult,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.service_info.ssdp import SsdpServiceInfo
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.panacam.cams.errors import ConnectError, Reason
from custom_components.panacam.const import DOMAIN
from tests.conftest import MAC, add, entry_for
from tests.simulators.povcam import Fault, PovcamSimulator
from tests.test_config_flow import LOGIN, begin, form, go_on
from tests.test_package import ENGLISH

pytestmark = pytest.mark.usefixtures("near")


def announcement(
    simulator: PovcamSimulator, *, host: str = "127.0.0.1", mac: str = MAC, **changes: str
) -> SsdpServiceInfo:
    """Return what SSDP tells of a simulated camera."""
    return SsdpServiceInfo(
        ssdp_usn="usn",
        ssdp_st="urn:panasonic-com:service:p01NetCamService:1",
        ssdp_location=f"http://{host}:60000/description.xml",
        upnp={
            "deviceType": "urn:schemas-upnp-org:device:Basic:1",
            "manufacturer": "Panasonic",
            "modelDescription": "Panasonic Network Camera",
            "modelName": "Network Camera",
            "modelNumber": "AG-UMR20",
            "friendlyName": "Stage left",
            "UDN": f"uuid:4D454930-0000-1000-8000-{mac.replace(':', '').upper()}",
            "presentationURL": f"http://{host}:{simulator.port}/",
            **changes,
        },
    )


async def announce(hass: HomeAssistant, info: SsdpServiceInfo) -> ConfigFlowResult:
    """Start the flow as SSDP does."""
    return await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_SSDP}, data=info
    )


async def test_announced_camera(hass: HomeAssistant, umr20: PovcamSimulator) -> None:
    """A camera that announces itself is offered, and added after its login."""
    result = await announce(hass, announcement(umr20))
    assert result["step_id"] == "credentials"
    again = await announce(hass, announcement(umr20))
    assert again["reason"] == "already_in_progress"
    result = await go_on(hass, result, LOGIN)
    result = await go_on(hass, result, {})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"]["host"] == "127.0.0.1"
    assert result["data"]["port"] == umr20.port


async def test_announced_open_camera(hass: HomeAssistant, open_camera: PovcamSimulator) -> None:
    """A camera without a password only wants to be confirmed."""
    result = await announce(hass, announcement(open_camera, UDN="uuid:none"))
    assert result["step_id"] == "confirm"


@pytest.mark.parametrize(
    "changes",
    [
        {
            "deviceType": "urn:schemas-upnp-org:device:MediaRenderer:1",
            "modelDescription": "VIErA",
            "modelNumber": "TX-55",
        },
        {"manufacturer": "Somebody"},
        {"modelDescription": "Recorder", "modelNumber": "DMR-1"},
    ],
)
async def test_announced_television(
    hass: HomeAssistant, open_camera: PovcamSimulator, changes: dict[str, str]
) -> None:
    """What is no camera is not even asked."""
    result = await announce(hass, announcement(open_camera, **changes))
    assert result["reason"] == "not_a_camera"
    assert not open_camera.requests


async def test_announced_and_gone(hass: HomeAssistant, open_camera: PovcamSimulator) -> None:
    """A camera that announces itself and does not answer is forgotten."""
    open_camera.fault("*", Fault.CLOSE)
    result = await announce(hass, announcement(open_camera))
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] in {"cut", "unreachable"}


async def test_announcement_without_details(
    hass: HomeAssistant, open_camera: PovcamSimulator
) -> None:
    """Who tells neither a name nor where its pages are is looked for at the usual place."""
    bare = announcement(open_camera, UDN="", presentationURL="")
    with patch(
        "custom_components.panacam.flow_base.find_all", side_effect=ConnectError(Reason.UNREACHABLE)
    ) as asked:
        result = await announce(hass, bare)
    assert result["reason"] == "unreachable"
    assert asked.await_args is not None
    assert asked.await_args.args[1] == {"host": "127.0.0.1", "ssl": False, "verify_ssl": True}


async def test_known_camera_announced_where_it_is(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """A camera that works is left alone, whoever announces it from elsewhere."""
    before = len(umr20.requests)
    for host in ("127.0.0.1", "127.0.0.2"):
        result = await announce(hass, announcement(umr20, host=host))
        assert result["reason"] == "already_configured"
    assert len(umr20.requests) == before
    assert entry.data["host"] == "127.0.0.1"


async def test_known_camera_moved(hass: HomeAssistant, umr20: PovcamSimulator) -> None:
    """A lost camera with a password is followed once a human agrees; until then it is not asked."""
    entry = await add(hass, entry_for(umr20, port=1))
    assert entry.state is ConfigEntryState.SETUP_RETRY
    result = await announce(hass, announcement(umr20))
    assert result["step_id"] == "moved"
    assert not umr20.requests
    umr20.fault("*", Fault.CLOSE)
    result = await go_on(hass, result, {})
    assert result["errors"] == {"base": "cut"}
    umr20.clear_faults()
    result = await go_on(hass, result, {})
    assert result["reason"] == "reconfigure_successful"
    assert entry.data["port"] == umr20.port
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED


async def test_agreed_days_later(hass: HomeAssistant, umr20: PovcamSimulator) -> None:
    """Only the address is taken over: the password may have been changed since the question."""
    entry = await add(hass, entry_for(umr20, port=1, password="old"))
    result = await announce(hass, announcement(umr20))
    hass.config_entries.async_update_entry(entry, data={**entry.data, "password": "12345"})
    result = await go_on(hass, result, {})
    assert result["reason"] == "reconfigure_successful"
    assert entry.data["password"] == "12345"
    await hass.async_block_till_done()


async def test_another_camera_where_one_was_lost(
    hass: HomeAssistant, umr20: PovcamSimulator
) -> None:
    """A new camera that got the address of a lost one is offered."""
    await add(hass, entry_for(umr20, port=1, unique_id="a8:13:74:00:00:42"))
    assert (await announce(hass, announcement(umr20)))["step_id"] == "credentials"


async def test_announced_under_another_name(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """A camera that works and announces a MAC address that is not its own is not offered again."""
    result = await announce(hass, announcement(umr20, mac="a8:13:74:00:00:42"))
    assert result["reason"] == "already_configured"


async def test_known_open_camera_moved(hass: HomeAssistant, open_camera: PovcamSimulator) -> None:
    """A lost camera without a password is followed at once: there is nothing to lose."""
    entry = await add(hass, entry_for(open_camera, port=1, username="", password=""))
    result = await announce(hass, announcement(open_camera))
    assert result["reason"] == "already_configured"
    assert entry.data["port"] == open_camera.port
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED


async def test_impostor(hass: HomeAssistant, umr20: PovcamSimulator) -> None:
    """Another camera that announces a known MAC address is not taken for it."""
    umr20.become(mac="A8-13-74-00-00-99", serial="other")
    entry = await add(hass, entry_for(umr20, port=1))
    result = await go_on(hass, await announce(hass, announcement(umr20)), {})
    assert result["errors"] == {"base": "other_camera"}
    assert entry.data["port"] == 1


async def test_open_impostor(hass: HomeAssistant, open_camera: PovcamSimulator) -> None:
    """Also where nobody has to agree."""
    open_camera.become(mac="A8-13-74-00-00-99", serial="other")
    entry = await add(hass, entry_for(open_camera, port=1, username="", password=""))
    result = await announce(hass, announcement(open_camera))
    assert result["reason"] == "already_configured"
    assert entry.data["port"] == 1


async def test_https_stays_https(hass: HomeAssistant, umr20: PovcamSimulator) -> None:
    """An announcement cannot turn encryption off; a checked certificate needs no human."""
    entry = await add(hass, entry_for(umr20, port=1, ssl=True))
    with patch(
        "custom_components.panacam.flow_moved.find", side_effect=ConnectError(Reason.TLS)
    ) as asked:
        result = await announce(hass, announcement(umr20, host="127.0.0.2"))
    assert result["reason"] == "already_configured"
    assert asked.await_args is not None
    assert asked.await_args.args[1] == dict(entry.data) | {"host": "127.0.0.2"}
    assert entry.data["host"] == "127.0.0.1"


async def test_one_card_for_one_camera(hass: HomeAssistant, umr20: PovcamSimulator) -> None:
    """A camera whose announcement holds no MAC address is offered once, too."""
    nameless = announcement(umr20, UDN="uuid:4D454930-0000-1000-8000")
    assert (await announce(hass, nameless))["step_id"] == "credentials"
    assert (await announce(hass, nameless))["reason"] == "already_in_progress"


async def test_form_opened_again(hass: HomeAssistant, umr20: PovcamSimulator) -> None:
    """Looking at a form again asks nobody anything."""
    result = await announce(hass, announcement(umr20))
    before = len(umr20.requests)
    result = await hass.config_entries.flow.async_configure(result["flow_id"])
    assert result["step_id"] == "credentials"
    assert not result["errors"]
    assert len(umr20.requests) == before


async def test_ignored_camera_stays_ignored(hass: HomeAssistant, umr20: PovcamSimulator) -> None:
    """What somebody ignored is not offered again."""
    MockConfigEntry(domain=DOMAIN, unique_id=MAC, source=SOURCE_IGNORE).add_to_hass(hass)
    result = await announce(hass, announcement(umr20))
    assert result["reason"] == "already_configured"


@pytest.mark.parametrize("source", ["user", "reauth", "reconfigure", "moved"])
async def test_placeholders(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator, source: str
) -> None:
    """Whatever a form's texts name is there."""
    if source == "user":
        umr20.become(mac="A8-13-74-00-00-99", serial="other")
        result = await go_on(hass, await begin(hass, form(umr20)), LOGIN)
    elif source == "moved":
        umr20.fault("*", Fault.CLOSE)
        await entry.runtime_data.async_refresh()
        result = await announce(hass, announcement(umr20, host="127.0.0.2"))
    else:
        result = await getattr(entry, f"start_{source}_flow")(hass)
    step = ENGLISH["config"]["step"][result["step_id"]]
    wanted = set(re.findall(r"{(\w+)}", step["title"] + step["description"]))
    assert wanted <= set(result["description_placeholders"] or {})
