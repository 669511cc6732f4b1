"""Cameras that are added without a hand on them: only the one that is expected."""

from datetime import timedelta
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import (
    SOURCE_IGNORE,
    SOURCE_IMPORT,
    SOURCE_INTEGRATION_DISCOVERY,
    SOURCE_SSDP,
    ConfigFlowResult,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.panacam.cams.discovery import Candidate
from custom_components.panacam.const import CONF_FINGERPRINT, DOMAIN
from custom_components.panacam.known import known_entry
from tests.conftest import MAC
from tests.simulators.povcam import AG_UMR20, Auth, Fault, PovcamSimulator
from tests.test_config_flow import LOGIN, begin, choose, form, go_on
from tests.test_flow_discovery import announcement
from tests.test_flow_following import neighbour

OTHER_MAC = "a8:13:74:00:00:99"


async def expect(hass: HomeAssistant, camera: PovcamSimulator, **data: Any) -> ConfigFlowResult:
    """Add a camera as provisioning does."""
    return await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_IMPORT},
        data={"host": "127.0.0.1", "port": camera.port, **LOGIN, **data},
    )


async def test_expected_camera(hass: HomeAssistant, umr20: PovcamSimulator) -> None:
    """It gets the name of the list, and its entry without a question."""
    result = await expect(
        hass, umr20, name="Porch", expected_mac="A8-13-74-00-00-01", expected_serial=None
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Porch"
    assert result["data"] == form(umr20) | LOGIN | {"family": "povcam"}
    assert result["result"].unique_id == MAC
    await hass.async_block_till_done()
    again = await expect(hass, umr20, expected_mac=MAC)
    assert again["reason"] == "already_configured"


async def test_family_of_the_list(hass: HomeAssistant, umr20: PovcamSimulator) -> None:
    """The family that the list names is taken, and a camera without a name keeps its own."""
    result = await expect(hass, umr20, family="povcam", name=None)
    assert result["title"] == umr20.camera.title
    assert result["data"]["family"] == "povcam"
    await hass.async_block_till_done()


@pytest.mark.parametrize(
    ("expected", "there", "reason"),
    [
        ({"expected_mac": OTHER_MAC}, None, "other_camera"),
        ({"expected_mac": OTHER_MAC}, OTHER_MAC, "other_camera"),
        ({"expected_serial": "SOMETHING"}, None, "other_camera"),
        ({"expected_mac": MAC, "expected_serial": "SOMETHING"}, None, "other_camera"),
    ],
)
async def test_another_camera_is_not_added(
    hass: HomeAssistant,
    umr20: PovcamSimulator,
    monkeypatch: pytest.MonkeyPatch,
    expected: dict[str, str],
    there: str | None,
    reason: str,
) -> None:
    """What a camera says of itself has to be what the list says, word for word."""
    umr20.become(mac="A8-13-74-00-00-01", serial="S1")
    neighbour(monkeypatch, there)
    assert (await expect(hass, umr20, **expected))["reason"] == reason
    assert not hass.config_entries.async_entries(DOMAIN)


@pytest.mark.parametrize(
    ("expected", "there", "added"),
    [
        ({"expected_mac": MAC}, MAC, True),
        ({"expected_mac": MAC}, OTHER_MAC, False),
        ({"expected_mac": MAC}, None, False),
        ({"expected_mac": MAC, "vouched": True}, None, True),
        ({"expected_mac": MAC, "vouched": True}, OTHER_MAC, False),
        ({"expected_mac": MAC, "expected_serial": "s2", "vouched": True}, None, False),
        ({"expected_mac": MAC, "expected_serial": "s1"}, None, True),
        ({"expected_serial": "s1"}, None, True),
        ({}, None, True),
    ],
)
async def test_camera_that_tells_no_mac_address(
    hass: HomeAssistant,
    umr20: PovcamSimulator,
    monkeypatch: pytest.MonkeyPatch,
    expected: dict[str, str],
    there: str | None,
    added: bool,
) -> None:
    """The kernel's word stands in for it, the serial number, or else that of the DHCP server."""
    umr20.become(mac="", serial="S1")
    neighbour(monkeypatch, there)
    result = await expect(hass, umr20, **expected)
    assert (result["type"] is FlowResultType.CREATE_ENTRY) is added
    if not added:
        assert result["reason"] == "other_camera"
    await hass.async_block_till_done()


@pytest.mark.parametrize(
    ("fault", "reason"), [(Fault.CLOSE, "cut"), (Fault.HTML_PAGE, "not_a_camera")]
)
async def test_expected_camera_does_not_answer(
    hass: HomeAssistant, umr20: PovcamSimulator, fault: Fault, reason: str
) -> None:
    """Why goes back to who asked, in a word that has a sentence."""
    umr20.fault("*", fault)
    assert (await expect(hass, umr20))["reason"] == reason


async def test_wrong_password_of_the_list(hass: HomeAssistant, umr20: PovcamSimulator) -> None:
    """Nobody is asked for another one."""
    result = await expect(hass, umr20, password="wrong")
    assert result["reason"] == "wrong_credentials"


async def test_certificate_of_an_expected_camera(
    hass: HomeAssistant, socket_enabled: None, quick: None
) -> None:
    """The one that it shows at first is the one that it has to show from then on."""
    async with PovcamSimulator(model=AG_UMR20, auth=Auth.DIGEST, https=True) as camera:
        result = await expect(hass, camera, ssl=True, expected_mac=MAC)
        assert result["type"] is FlowResultType.CREATE_ENTRY
        assert result["data"]["verify_ssl"] is False
        assert len(result["data"][CONF_FINGERPRINT]) == 64
        await hass.async_block_till_done()
        await hass.config_entries.async_unload(result["result"].entry_id)


async def test_certificate_that_cannot_be_had(hass: HomeAssistant, umr20: PovcamSimulator) -> None:
    """A camera without HTTPS shows none."""
    assert (await expect(hass, umr20, ssl=True))["reason"] == "tls"


async def test_expected_and_ignored(hass: HomeAssistant, umr20: PovcamSimulator) -> None:
    """Ignored stays ignored."""
    MockConfigEntry(domain=DOMAIN, unique_id=MAC, source=SOURCE_IGNORE).add_to_hass(hass)
    assert (await expect(hass, umr20))["reason"] == "already_configured"


async def test_just_provisioned(hass: HomeAssistant, umr20: PovcamSimulator, near: None) -> None:
    """For five minutes nobody adds the streams of such a camera by hand, on no path."""
    until = dt_util.utcnow() + timedelta(minutes=5)
    told = {"until": dt_util.as_local(until).strftime("%H:%M:%S")}
    asked: list[dict[str, Any]] = []

    def held(_hass: HomeAssistant, **marks: Any) -> Any:
        asked.append(marks)
        return until if marks["mac"] == MAC else None

    with patch("custom_components.panacam.flow_base.held_until", held):
        result = await go_on(hass, await begin(hass, form(umr20)), LOGIN)
        assert (result["reason"], result["description_placeholders"]) == ("just_provisioned", told)
        assert asked[-1].keys() == {"mac", "serial", "host"}
        assert asked[-1]["host"] == "127.0.0.1"
        before = len(umr20.requests)
        for source, data in (
            (SOURCE_SSDP, announcement(umr20)),
            (SOURCE_INTEGRATION_DISCOVERY, Candidate(host="127.0.0.1", mac=MAC)),
        ):
            result = await hass.config_entries.flow.async_init(
                DOMAIN, context={"source": source}, data=data
            )
            assert result["reason"] == "just_provisioned"
        assert len(umr20.requests) == before
        # Provisioning itself is not held up by itself.
        result = await expect(hass, umr20)
        assert result["type"] is FlowResultType.CREATE_ENTRY
        await hass.async_block_till_done()


async def test_provisioned_between_question_and_answer(
    hass: HomeAssistant, open_camera: PovcamSimulator
) -> None:
    """Who has the last form open is held up as well."""
    result = await begin(hass, form(open_camera))
    assert result["step_id"] == "confirm"
    with patch(
        "custom_components.panacam.flow_base.held_until",
        return_value=dt_util.utcnow() + timedelta(minutes=5),
    ):
        assert (await go_on(hass, result, {}))["reason"] == "just_provisioned"


async def test_network_entry(hass: HomeAssistant) -> None:
    """It is made once, has a webhook of its own, and nothing to reconfigure."""
    result = await choose(hass, "network")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Network"
    entry = result["result"]
    assert entry.unique_id == "network"
    assert entry.data["kind"] == "network"
    assert len(entry.data["webhook_id"]) == 64
    await hass.async_block_till_done()
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": "user"})
    assert result["menu_options"] == ["search", "address", "range"]
    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": "reconfigure", "entry_id": entry.entry_id}
    )
    assert result["reason"] == "network_has_options"
    assert known_entry(hass, Candidate(host="10.0.0.9", udn="network")) is None
