"""Who is who among what was found: the kernel's word beats what is claimed."""

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.panacam import following
from custom_components.panacam.cams.discovery import Candidate, Source
from custom_components.panacam.completing import async_completed
from custom_components.panacam.const import DOMAIN
from tests.conftest import MAC

OTHER_MAC = "02:00:00:00:00:66"


def kernel(
    monkeypatch: pytest.MonkeyPatch,
    stale: dict[str, str],
    fresh: dict[str, str] | None = None,
) -> list[tuple[str, bool]]:
    """Let the kernel know these hosts; return what it was asked."""
    asked: list[tuple[str, bool]] = []

    async def mac_of(host: str, *, stale: bool = False) -> str | None:
        asked.append((host, stale))
        return (old if stale else new).get(host)

    old, new = stale, stale if fresh is None else fresh
    monkeypatch.setattr(following, "mac_of", mac_of)
    return asked


def hello(host: str, **told: str) -> Candidate:
    """Return what a camera tells of itself by WS-Discovery."""
    return Candidate(host=host, port=80, source=Source.WS_DISCOVERY, **told)


@pytest.mark.parametrize("claimed", [None, MAC])
@pytest.mark.parametrize("near", [True, False])
async def test_one_uuid_for_all(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, claimed: str | None, near: bool
) -> None:
    """Fifty cameras with one UUID, which may look like a MAC address, are fifty."""
    four = [f"192.168.1.{number}" for number in range(1, 51)]
    six = [f"fe80::{number:x}%eth0" for number in range(1, 51)]
    macs = {
        host: f"02:00:00:00:01:{number:02x}"
        for hosts in (four, six)
        for number, host in enumerate(hosts)
    }
    kernel(monkeypatch, macs if near else {})
    told: dict[str, str] = {"udn": "same"} | ({} if claimed is None else {"mac": claimed})
    hosts = [*four, *six] if near else four
    found = await async_completed(hass, [hello(host, **told) for host in hosts])
    assert sorted(one.host for one in found) == sorted(four)
    if near:
        assert {one.mac for one in found} == set(macs.values())


async def test_both_versions(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    """A camera with two addresses is one, whether the kernel knows both of them or none."""
    pair = [hello("192.168.1.7", udn="one"), hello("fe80::7%eth0", udn="one")]
    for known in ({}, {"192.168.1.7": MAC}, {"192.168.1.7": MAC, "fe80::7%eth0": MAC}):
        kernel(monkeypatch, known)
        (found,) = await async_completed(hass, pair)
        assert (found.host, found.mac) == ("192.168.1.7", known.get("192.168.1.7"))


async def test_claim_against_the_kernel(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A forger is told by its own MAC address, and the camera's claim is not lost by it."""
    kernel(monkeypatch, {"192.168.1.66": OTHER_MAC})
    found = await async_completed(
        hass, [hello("192.168.1.66", mac=MAC), hello("192.168.1.20", mac=MAC)]
    )
    assert {(one.host, one.mac) for one in found} == {
        ("192.168.1.66", OTHER_MAC),
        ("192.168.1.20", MAC),
    }


async def test_says_it_is_ours(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is proven not to be the camera of ours that it says it is, is not offered at all."""
    kernel(monkeypatch, {"192.168.1.66": OTHER_MAC, "192.168.1.20": MAC})
    MockConfigEntry(domain=DOMAIN, unique_id=MAC, data={"host": "192.168.1.9"}).add_to_hass(hass)
    told = [hello("192.168.1.66", mac=MAC), hello("192.168.1.20", mac=MAC)]
    (found,) = await async_completed(hass, [*told, hello("192.168.1.66", udn="x")])
    assert (found.host, found.mac) == ("192.168.1.20", MAC)


async def test_old_neighbour(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the kernel knew of an address before another camera got it does not count."""
    asked = kernel(monkeypatch, {"192.168.1.5": OTHER_MAC}, {"192.168.1.5": MAC})
    (found,) = await async_completed(hass, [hello("192.168.1.5", mac=MAC)])
    assert found.mac == MAC
    assert asked == [("192.168.1.5", True), ("192.168.1.5", False)]


async def test_claims_from_afar(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the kernel knows nobody, each claim to be a camera of ours is followed up by itself."""
    kernel(monkeypatch, {})
    both = [hello("10.0.0.5", mac=MAC), hello("10.0.0.6", mac=MAC), hello("10.0.0.6", udn="x")]
    found = await async_completed(hass, both)
    assert {(one.host, one.mac) for one in found} == {("10.0.0.5", None), ("10.0.0.6", None)}
    MockConfigEntry(domain=DOMAIN, unique_id=MAC, data={"host": "10.0.0.4"}).add_to_hass(hass)
    found = await async_completed(hass, both)
    assert {(one.host, one.mac) for one in found if one.mac} == {
        ("10.0.0.5", MAC),
        ("10.0.0.6", MAC),
    }
