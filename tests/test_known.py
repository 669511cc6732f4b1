"""Which entry a camera belongs to: by whatever it was ever known by, and by its place at worst."""

from typing import Any

from homeassistant.config_entries import SOURCE_INTEGRATION_DISCOVERY, ConfigEntryDisabler
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.panacam import following, known
from custom_components.panacam.cams.device import Identity
from custom_components.panacam.cams.discovery import Candidate, Source
from custom_components.panacam.cams.errors import Reason
from custom_components.panacam.config_flow import PanacamConfigFlow
from custom_components.panacam.const import DOMAIN
from custom_components.panacam.flow_base import is_same
from custom_components.panacam.known import (
    Verdict,
    async_judge,
    is_of,
    known_entry,
    macs_of,
    serial_of,
)
from tests.conftest import MAC, ONVIF_MAC, add, entry_for
from tests.simulators.onvif import OnvifSimulator
from tests.simulators.povcam import AG_UMR20, Auth, PovcamSimulator
from tests.test_config_flow import LOGIN, go_on

OTHER_MAC = "02:00:00:00:00:99"
SERIAL = "SIM0000003"


def by_serial(hass: HomeAssistant, **data: Any) -> MockConfigEntry:
    """Return a lost camera that is known by its serial number, as a device with a MAC address."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        unique_id=SERIAL,
        data={"family": "onvif", "host": "192.168.1.7", "ssl": False, "verify_ssl": True}
        | {"username": "admin", "password": "12345"}
        | data,
    )
    entry.add_to_hass(hass)
    return entry


def has_device(hass: HomeAssistant, entry: MockConfigEntry, **told: Any) -> None:
    """Give an entry a device."""
    dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={(DOMAIN, str(entry.unique_id))}, **told
    )


def neighbour(monkeypatch: pytest.MonkeyPatch, mac: str | None) -> None:
    """Let the kernel know a MAC address for every host."""

    async def mac_of(_host: str, *, stale: bool = False) -> str | None:
        return mac

    monkeypatch.setattr(following, "mac_of", mac_of)


async def test_by_the_address_of_its_device(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A camera known by its serial number is known by its device's MAC address, too."""
    entry = by_serial(hass)
    away = Candidate(host="192.168.1.8", mac=ONVIF_MAC, source=Source.DHCP)
    assert known_entry(hass, away) is None
    has_device(hass, entry, connections={(dr.CONNECTION_NETWORK_MAC, ONVIF_MAC)})
    assert known_entry(hass, away) is entry
    assert macs_of(hass, entry) == {ONVIF_MAC}
    for there, verdict in (
        (ONVIF_MAC, Verdict.FOLLOW),
        (OTHER_MAC, Verdict.REFUSE),
        (None, Verdict.ASK),
    ):
        neighbour(monkeypatch, there)
        assert await async_judge(hass, entry, "192.168.1.8") is verdict


async def test_by_what_led_provisioning_to_it(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The DHCP server's word for a camera that does not tell its own MAC address."""
    entry = by_serial(hass)
    monkeypatch.setattr(
        known,
        "mac_of_entry",
        lambda _hass, entry_id: OTHER_MAC if entry_id == entry.entry_id else None,
    )
    assert known_entry(hass, Candidate(host="192.168.1.8", mac=OTHER_MAC)) is entry
    neighbour(monkeypatch, OTHER_MAC)
    assert await async_judge(hass, entry, "192.168.1.8") is Verdict.FOLLOW


@pytest.mark.parametrize(
    ("told", "same"),
    [
        ({"udn": "abc", "family": "onvif"}, True),
        ({"udn": "abc", "mac": OTHER_MAC}, True),
        ({"port": 8080}, True),
        ({"port": 8080, "family": "onvif"}, False),
        ({"serial": "another"}, False),
        ({"host": "192.168.1.8", "udn": "abc"}, False),
    ],
)
async def test_where_a_lost_camera_was(
    hass: HomeAssistant, told: dict[str, Any], same: bool
) -> None:
    """Who tells nothing against it is the camera that was there, and is not offered as new."""
    entry = by_serial(hass)
    candidate = Candidate(**{"host": "192.168.1.7"} | told)
    assert known_entry(hass, candidate) is (entry if same else None)


async def test_another_camera_where_a_lost_one_was(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By another MAC address than its device's, or once it has shown who it is, it is new."""
    entry = by_serial(hass)
    there = Candidate(host="192.168.1.7", udn="abc")
    assert known_entry(hass, there) is entry
    object.__setattr__(entry, "error_reason_translation_key", "other_camera")
    assert known_entry(hass, there) is None
    object.__setattr__(entry, "error_reason_translation_key", None)
    has_device(hass, entry, connections={(dr.CONNECTION_NETWORK_MAC, ONVIF_MAC)})
    assert known_entry(hass, there) is entry
    assert known_entry(hass, Candidate(host="192.168.1.7", mac=OTHER_MAC)) is None
    await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
    assert known_entry(hass, there) is None


@pytest.mark.usefixtures("near")
async def test_reboot_of_a_camera_known_by_its_number(
    hass: HomeAssistant, yard: OnvifSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its Hello is no new camera, whatever MAC address the kernel has for it."""
    neighbour(monkeypatch, ONVIF_MAC)
    by_serial(hass, host="127.0.0.1", port=yard.port)
    result = await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_INTEGRATION_DISCOVERY},
        data=Candidate(
            host="127.0.0.1",
            port=yard.port,
            mac=ONVIF_MAC,
            udn="abc",
            family="onvif",
            source=Source.WS_DISCOVERY,
        ),
    )
    assert result["reason"] == "already_configured"
    assert not yard.requests


@pytest.mark.usefixtures("near")
@pytest.mark.parametrize(("ssl", "port"), [(False, 80), (True, 443)])
async def test_port_that_goes_without_saying(
    hass: HomeAssistant, ssl: bool, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is asked whether a camera has moved from an address to the same one."""
    neighbour(monkeypatch, ONVIF_MAC)
    entry = by_serial(hass, host="127.0.0.1", ssl=ssl, verify_ssl=False)
    before = dict(entry.data)
    result = await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_INTEGRATION_DISCOVERY},
        data=Candidate(host="127.0.0.1", port=port, tls=ssl, serial=SERIAL, family="onvif"),
    )
    assert result["type"] == "abort"
    assert result["reason"] == "already_configured"
    assert dict(entry.data) == before


@pytest.mark.parametrize(
    ("identity", "serial", "same"),
    [
        (Identity(manufacturer="x", mac=MAC), None, True),
        (Identity(manufacturer="x", mac=OTHER_MAC), "S", False),
        (Identity(manufacturer="x", mac=OTHER_MAC, marks=frozenset({MAC, OTHER_MAC})), None, True),
        (Identity(manufacturer="x", serial="S", silent=True), "S", True),
        (Identity(manufacturer="x", serial="S", silent=True), "T", False),
        (Identity(manufacturer="x", serial="S", silent=True), None, False),
        (Identity(manufacturer="x", serial="S"), "S", False),
        (Identity(manufacturer="x", silent=True), None, False),
    ],
)
async def test_identity(
    hass: HomeAssistant, identity: Identity, serial: str | None, same: bool
) -> None:
    """Any of its MAC addresses will do, and its number while it tells none."""
    entry = MockConfigEntry(domain=DOMAIN, unique_id=MAC, data={"host": "192.168.1.7"})
    entry.add_to_hass(hass)
    has_device(hass, entry, serial_number=serial)
    assert serial_of(hass, entry) == serial
    assert is_of(hass, entry, identity) is same
    assert not identity.is_same(None)


def test_candidate_by_another_of_its_addresses() -> None:
    """The kernel may see the wireless interface of a camera that tells of its cable first."""
    identity = Identity(manufacturer="x", mac=MAC, marks=frozenset({MAC, OTHER_MAC}))
    assert is_same(identity, Candidate(host="192.168.1.7", mac=OTHER_MAC))
    assert not is_same(identity, Candidate(host="192.168.1.7", mac=ONVIF_MAC))


async def test_onvif_tells_all_its_marks(hass: HomeAssistant, yard_entry: MockConfigEntry) -> None:
    """What a camera could be known by tomorrow is told today."""
    identity = yard_entry.runtime_data.device.identity
    assert {identity.mac, identity.serial} <= identity.marks
    assert not identity.silent
    assert is_of(hass, yard_entry, identity)


@pytest.mark.parametrize("moved", [True, False])
async def test_password_goes_where_the_camera_is_now(
    hass: HomeAssistant, umr20: PovcamSimulator, moved: bool
) -> None:
    """The entry has followed its camera while the form for its password was open."""
    async with PovcamSimulator(
        model=AG_UMR20,
        auth=Auth.BASIC,
        user_auth=True,
        mac="A8-13-74-00-00-99",
        serial="other",
    ) as stranger:
        entry = entry_for(umr20, port=stranger.port)
        entry.add_to_hass(hass)
        result = await entry.start_reauth_flow(hass)
        if moved:
            hass.config_entries.async_update_entry(entry, data={**entry.data, "port": umr20.port})
        before = len(stranger.requests)
        result = await go_on(hass, result, LOGIN)
        assert result["reason"] == ("reauth_successful" if moved else "other_camera")
        assert (len(stranger.requests) == before) is moved
    await hass.async_block_till_done()


async def test_agreed_certificate_of_a_place_that_was_left(
    hass: HomeAssistant, umr20: PovcamSimulator
) -> None:
    """What was agreed to about one place says nothing about the next one."""
    entry = await add(hass, entry_for(umr20))
    result = await entry.start_reauth_flow(hass)
    flow = hass.config_entries.flow._progress[result["flow_id"]]
    assert isinstance(flow, PanacamConfigFlow)
    flow._data |= {"fingerprint": "ab" * 32, "verify_ssl": False, "username": "typed"}
    flow._take_place(entry)
    assert flow._data["fingerprint"] == "ab" * 32
    hass.config_entries.async_update_entry(entry, data={**entry.data, "host": "127.0.0.2"})
    flow._take_place(entry)
    assert "fingerprint" not in flow._data
    assert (flow._data["host"], flow._data["verify_ssl"]) == ("127.0.0.2", True)
    assert flow._data["username"] == "typed"


async def test_nobody_there_is_no_other_camera(hass: HomeAssistant) -> None:
    """A camera that only fails to answer has not shown to be another one."""
    entry = by_serial(hass)
    object.__setattr__(entry, "error_reason_translation_key", Reason.UNREACHABLE.value)
    assert known_entry(hass, Candidate(host="192.168.1.7", udn="abc")) is entry
