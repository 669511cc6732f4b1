"""A known camera at another address: proof first, then its password; or a human agrees."""

from datetime import timedelta
from unittest.mock import patch

from homeassistant.config_entries import (
    SOURCE_DHCP,
    SOURCE_IGNORE,
    SOURCE_INTEGRATION_DISCOVERY,
    ConfigEntryDisabler,
    ConfigEntryState,
    ConfigFlowResult,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.service_info.dhcp import DhcpServiceInfo
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.panacam import discovery, following
from custom_components.panacam.cams.discovery import Candidate, Source
from custom_components.panacam.cams.errors import ConnectError, Reason
from custom_components.panacam.const import CONF_FINGERPRINT, DOMAIN
from custom_components.panacam.discovery import async_look_for
from tests.conftest import MAC, add, entry_for, until
from tests.simulators.povcam import AG_UMR20, Auth, Fault, PovcamSimulator
from tests.test_config_flow import go_on
from tests.test_flow_discovery import announce, announcement

pytestmark = pytest.mark.usefixtures("near")

OTHER_MAC = "a8:13:74:00:00:99"


def neighbour(monkeypatch: pytest.MonkeyPatch, mac: str | None) -> list[str]:
    """Let the kernel know a MAC address for every address; return which ones it was asked for."""
    asked: list[str] = []

    async def mac_of(host: str, *, stale: bool = False) -> str | None:
        asked.append(host)
        return mac

    monkeypatch.setattr(following, "mac_of", mac_of)
    return asked


async def tell(hass: HomeAssistant, candidate: Candidate) -> ConfigFlowResult:
    """Start the flow as a search of ours does."""
    return await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_INTEGRATION_DISCOVERY}, data=candidate
    )


async def lease(hass: HomeAssistant, mac: str, ip: str = "127.0.0.1") -> ConfigFlowResult:
    """Start the flow as DHCP does."""
    info = DhcpServiceInfo(ip=ip, hostname="", macaddress=mac.replace(":", ""))
    return await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_DHCP}, data=info
    )


async def test_the_right_neighbour_is_followed(
    hass: HomeAssistant, umr20: PovcamSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel says that the camera is there: its password may go there, and nobody is asked."""
    neighbour(monkeypatch, MAC)
    entry = await add(hass, entry_for(umr20, port=1))
    result = await announce(hass, announcement(umr20))
    assert result["reason"] == "already_configured"
    assert entry.data["port"] == umr20.port
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED


async def test_another_neighbour_gets_nothing(
    hass: HomeAssistant, umr20: PovcamSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who forges a MAC address at an address that is not the camera's is not even asked."""
    neighbour(monkeypatch, OTHER_MAC)
    entry = await add(hass, entry_for(umr20, port=1))
    before = dict(entry.data)
    result = await announce(hass, announcement(umr20))
    assert result["reason"] == "already_configured"
    assert not umr20.requests
    assert dict(entry.data) == before
    assert not hass.config_entries.flow.async_progress()


async def test_the_right_neighbour_is_another_camera_after_all(
    hass: HomeAssistant, umr20: PovcamSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever proves the place, the camera has to answer with its own identity."""
    neighbour(monkeypatch, MAC)
    umr20.become(mac="A8-13-74-00-00-99", serial="other")
    entry = await add(hass, entry_for(umr20, port=1))
    assert (await announce(hass, announcement(umr20)))["reason"] == "already_configured"
    assert entry.data["port"] == 1


@pytest.mark.parametrize("pinned", [True, False])
async def test_a_certificate_is_proof(
    hass: HomeAssistant, umr20: PovcamSimulator, monkeypatch: pytest.MonkeyPatch, pinned: bool
) -> None:
    """A pinned or checked certificate needs neither the kernel nor a human."""
    asked = neighbour(monkeypatch, None)
    changes = {CONF_FINGERPRINT: "ab" * 32, "verify_ssl": False} if pinned else {}
    await add(hass, entry_for(umr20, port=1, ssl=True, **changes))
    with patch(
        "custom_components.panacam.flow_moved.find", side_effect=ConnectError(Reason.TLS)
    ) as found:
        result = await announce(hass, announcement(umr20, host="127.0.0.2"))
    assert result["reason"] == "already_configured"
    assert found.await_args is not None
    assert found.await_args.args[1]["host"] == "127.0.0.2"
    assert found.await_args.args[1]["ssl"] is True
    assert found.await_args.args[1].get(CONF_FINGERPRINT) == changes.get(CONF_FINGERPRINT)
    assert not asked


async def test_an_unchecked_certificate_is_none(
    hass: HomeAssistant, umr20: PovcamSimulator
) -> None:
    """HTTPS alone proves nothing."""
    await add(hass, entry_for(umr20, port=1, ssl=True, verify_ssl=False))
    result = await announce(hass, announcement(umr20, host="127.0.0.3"))
    assert result["step_id"] == "moved"


async def test_another_camera_when_somebody_agrees(
    hass: HomeAssistant, umr20: PovcamSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the time that a human agrees the kernel may know that it is wrong."""
    entry = await add(hass, entry_for(umr20, port=1))
    result = await announce(hass, announcement(umr20))
    assert result["step_id"] == "moved"
    neighbour(monkeypatch, OTHER_MAC)
    result = await go_on(hass, result, {})
    assert result["errors"] == {"base": "other_camera"}
    assert not umr20.requests
    assert entry.data["port"] == 1


async def test_open_question_takes_a_newer_address(
    hass: HomeAssistant, umr20: PovcamSimulator
) -> None:
    """The form asks about the last address, and nobody agrees to one that he did not see."""
    entry = await add(hass, entry_for(umr20, port=1))
    result = await announce(hass, announcement(umr20, host="127.0.0.3"))
    assert (result["description_placeholders"] or {})["host"] == "127.0.0.3"
    newer = await announce(hass, announcement(umr20))
    assert newer["reason"] == "already_in_progress"
    again = await announce(hass, announcement(umr20))
    assert again["reason"] == "already_in_progress"
    result = await go_on(hass, result, {})
    assert result["step_id"] == "moved"
    assert (result["description_placeholders"] or {})["host"] == "127.0.0.1"
    assert not umr20.requests
    result = await go_on(hass, result, {})
    assert result["reason"] == "reconfigure_successful"
    assert entry.data["port"] == umr20.port
    await hass.async_block_till_done()


async def test_open_question_ends_when_there_is_proof(
    hass: HomeAssistant, umr20: PovcamSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the kernel proves later needs no answer any more."""
    entry = await add(hass, entry_for(umr20, port=1))
    assert (await announce(hass, announcement(umr20)))["step_id"] == "moved"
    neighbour(monkeypatch, MAC)
    assert (await announce(hass, announcement(umr20)))["reason"] == "already_configured"
    assert entry.data["port"] == umr20.port
    assert not hass.config_entries.flow.async_progress()
    await hass.async_block_till_done()


async def test_question_about_a_camera_that_was_removed(
    hass: HomeAssistant, umr20: PovcamSimulator
) -> None:
    """Its form says so."""
    entry = await add(hass, entry_for(umr20, port=1))
    result = await announce(hass, announcement(umr20))
    await hass.config_entries.async_remove(entry.entry_id)
    assert (await go_on(hass, result, {}))["reason"] == "camera_removed"


async def test_question_about_a_camera_that_is_back(
    hass: HomeAssistant, umr20: PovcamSimulator
) -> None:
    """A camera that answers where it was stays there, whatever somebody agrees to."""
    entry = await add(hass, entry_for(umr20, port=1))
    result = await announce(hass, announcement(umr20))
    hass.config_entries.async_update_entry(entry, data={**entry.data, "port": umr20.port})
    await hass.config_entries.async_reload(entry.entry_id)
    place = dict(entry.data)
    result = await go_on(hass, result, {})
    assert result["reason"] == "reconfigure_successful"
    assert dict(entry.data) == place


@pytest.mark.parametrize("host", ["127.0.0.1", "8.8.8.8", "10.10.10.10", "0.0.0.0", "camera.lan"])
@pytest.mark.parametrize("known", [True, False])
async def test_strangers_are_not_followed_home(
    hass: HomeAssistant,
    umr20: PovcamSimulator,
    monkeypatch: pytest.MonkeyPatch,
    host: str,
    known: bool,
) -> None:
    """An announcement of loopback, of ourselves or of the internet leads to no request."""
    monkeypatch.undo()
    if known:
        await add(hass, entry_for(umr20, port=1))
    with (
        patch("custom_components.panacam.connection.session_for") as session,
        patch.object(following, "mac_of") as asked,
    ):
        result = await announce(hass, announcement(umr20, host=host))
    assert result["reason"] == "foreign_address"
    session.assert_not_called()
    asked.assert_not_called()
    assert not umr20.requests


async def test_location_of_somebody_else(hass: HomeAssistant, umr20: PovcamSimulator) -> None:
    """Who sends an announcement with the address of another host is not believed."""
    info = announcement(umr20)
    info.ssdp_headers = {"_host": "127.0.0.9"}
    assert (await announce(hass, info))["reason"] == "not_a_camera"
    info.ssdp_headers = {"_host": "fe80::1%2"}
    assert (await announce(hass, info))["step_id"] == "credentials"


async def test_lease_of_a_known_camera(
    hass: HomeAssistant, yard_like: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A camera of any maker is followed by what it asked the DHCP server for."""
    neighbour(monkeypatch, "02:00:00:00:00:07")
    with patch(
        "custom_components.panacam.flow_moved.find", side_effect=ConnectError(Reason.TIMEOUT)
    ) as found:
        result = await lease(hass, "02:00:00:00:00:07", ip="192.168.1.77")
    assert result["reason"] == "already_configured"
    assert found.await_args is not None
    # DHCP knows no ports.
    assert found.await_args.args[1] == dict(yard_like.data) | {"host": "192.168.1.77"}


@pytest.fixture
async def yard_like(hass: HomeAssistant) -> MockConfigEntry:
    """Return a lost ONVIF camera of an unknown maker."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        unique_id="02:00:00:00:00:07",
        data={"family": "onvif", "host": "192.168.1.7", "port": 8000, "ssl": False}
        | {"verify_ssl": True, "username": "admin", "password": "12345"},
    )
    entry.add_to_hass(hass)
    return entry


async def test_lease_of_somebody(hass: HomeAssistant) -> None:
    """What is no camera by its name or MAC address is left alone."""
    assert (await lease(hass, "02:00:00:00:00:08"))["reason"] == "not_a_camera"
    assert (await lease(hass, "nothing"))["reason"] == "not_a_camera"


async def test_port_of_another_language(
    hass: HomeAssistant, yard_like: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The port of a camera's own pages is not the port of ONVIF."""
    neighbour(monkeypatch, yard_like.unique_id)
    candidate = Candidate(host="192.168.1.8", port=80, mac=yard_like.unique_id)
    with patch(
        "custom_components.panacam.flow_moved.find", side_effect=ConnectError(Reason.CUT)
    ) as found:
        await tell(hass, candidate)
        assert found.await_args is not None
        assert found.await_args.args[1]["port"] == 8000
        await tell(
            hass, Candidate(host="192.168.1.8", port=81, mac=yard_like.unique_id, family="onvif")
        )
        assert found.await_args.args[1]["port"] == 81


@pytest.mark.parametrize("disabled", [True, False])
async def test_nobody_follows_what_is_turned_off(
    hass: HomeAssistant, umr20: PovcamSimulator, disabled: bool
) -> None:
    """A disabled or ignored camera is left where it is, whatever path finds it."""
    if disabled:
        entry = entry_for(umr20, port=1)
        entry.disabled_by = ConfigEntryDisabler.USER
    else:
        entry = MockConfigEntry(domain=DOMAIN, unique_id=MAC, source=SOURCE_IGNORE)
    entry.add_to_hass(hass)
    candidate = Candidate(host="127.0.0.1", port=umr20.port, mac=MAC, source=Source.WS_DISCOVERY)
    for result in (
        await announce(hass, announcement(umr20)),
        await lease(hass, MAC),
        await tell(hass, candidate),
    ):
        assert result["reason"] == "already_configured"
    assert not umr20.requests


async def test_ignored_by_its_neighbour(
    hass: HomeAssistant, umr20: PovcamSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An ignored camera that does not say its MAC address is known by the kernel's word."""
    MockConfigEntry(domain=DOMAIN, unique_id=MAC, source=SOURCE_IGNORE).add_to_hass(hass)
    neighbour(monkeypatch, MAC)
    candidate = Candidate(host="127.0.0.1", port=umr20.port, source=Source.WS_DISCOVERY)
    assert (await tell(hass, candidate))["reason"] == "already_configured"
    assert not umr20.requests


async def test_seen_elsewhere_before_it_was_lost(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    umr20: PovcamSimulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A DHCP packet comes before the poll fails: the camera is followed as soon as it does."""
    neighbour(monkeypatch, MAC)
    async with PovcamSimulator(model=AG_UMR20, auth=Auth.DIGEST, user_auth=True) as moved:
        assert moved.port != umr20.port
        before = len(moved.requests)
        result = await announce(hass, announcement(moved))
        assert result["reason"] == "already_configured"
        assert len(moved.requests) == before
        assert entry.data["port"] == umr20.port
        umr20.fault("*", Fault.CLOSE)
        async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=6))
        await until(lambda: not entry.runtime_data.last_update_success)
        async_look_for(hass, entry)
        await until(lambda: entry.data["port"] == moved.port)
        await hass.async_block_till_done(wait_background_tasks=True)
        assert entry.state is ConfigEntryState.LOADED
        assert entry.runtime_data.last_update_success
        await hass.config_entries.async_unload(entry.entry_id)


async def test_lease_of_a_camera_that_still_answers(
    hass: HomeAssistant, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is asked before it is lost; then it is asked where its lease is, at its own port."""
    neighbour(monkeypatch, MAC)
    with patch(
        "custom_components.panacam.flow_moved.find", side_effect=ConnectError(Reason.REFUSED)
    ) as found:
        assert (await lease(hass, MAC, ip="192.168.1.77"))["reason"] == "already_configured"
        assert not found.await_count
        entry.runtime_data.last_update_success = False
        async_look_for(hass, entry)
        await hass.async_block_till_done(wait_background_tasks=True)
    assert found.await_args is not None
    assert found.await_args.args[1] == dict(entry.data) | {"host": "192.168.1.77"}


async def test_a_lost_camera_is_searched_now_and_then(
    hass: HomeAssistant, umr20: PovcamSimulator
) -> None:
    """Many lost cameras make one search, and one camera makes one in half a minute."""
    entry, other = entry_for(umr20, port=1), entry_for(umr20, port=1, unique_id=OTHER_MAC)
    entry.add_to_hass(hass)
    other.add_to_hass(hass)
    with patch.object(discovery, "search") as search:
        for lost in (entry, other, entry):
            async_look_for(hass, lost)
        await hass.async_block_till_done(wait_background_tasks=True)
        assert search.await_count == 1
        async_look_for(hass, entry)
        await hass.async_block_till_done(wait_background_tasks=True)
        assert search.await_count == 1
