"""What stands under "Discovered": cards that can be told apart, and cameras that are waited for."""

from homeassistant.config_entries import SOURCE_INTEGRATION_DISCOVERY
from homeassistant.core import HomeAssistant
import pytest

from custom_components.panacam import flow_discovery, flow_factory
from custom_components.panacam.cams.discovery import Candidate
from custom_components.panacam.const import DOMAIN
from tests.conftest import MAC, add, entry_for
from tests.simulators.povcam import PovcamSimulator
from tests.test_flow_discovery import announce, announcement

pytestmark = pytest.mark.usefixtures("near")


def cards(hass: HomeAssistant) -> list[str]:
    """Return what the cards say."""
    flows = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    return [flow["context"]["title_placeholders"]["name"] for flow in flows]


async def test_with_a_password(hass: HomeAssistant, umr20: PovcamSimulator) -> None:
    """Cameras of one name have different addresses."""
    await announce(hass, announcement(umr20))
    assert cards(hass) == ["Stage left (127.0.0.1)"]


async def test_without_a_password(hass: HomeAssistant, open_camera: PovcamSimulator) -> None:
    """A camera that was asked says itself what it is called."""
    open_camera.camera.title = "Cellar"
    await announce(hass, announcement(open_camera))
    assert cards(hass) == ["Cellar (127.0.0.1)"]


async def test_without_a_name(hass: HomeAssistant, umr20: PovcamSimulator) -> None:
    """An address is said once."""
    await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_INTEGRATION_DISCOVERY},
        data=Candidate(host="127.0.0.1", port=umr20.port),  # type: ignore[arg-type]
    )
    assert cards(hass) == ["127.0.0.1"]


async def test_moved(hass: HomeAssistant, umr20: PovcamSimulator) -> None:
    """A camera that may have moved is not taken for a new one."""
    await add(hass, entry_for(umr20, host="127.0.0.9", port=1))
    result = await announce(hass, announcement(umr20))
    assert result["step_id"] == "moved"
    assert cards(hass) == ["Stage left → 127.0.0.1"]


async def test_starting_at_the_factory_address(
    hass: HomeAssistant, socket_enabled: None, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A camera that announces itself before it answers is waited for there as elsewhere."""
    awaited: list[str] = []
    monkeypatch.setattr(flow_factory, "FACTORY_ADDRESS", "127.0.0.1")
    monkeypatch.setattr(
        flow_discovery, "async_await", lambda _hass, candidate: awaited.append(candidate.host)
    )
    result = await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_INTEGRATION_DISCOVERY},
        data=Candidate(host="127.0.0.1", port=1, mac=MAC),  # type: ignore[arg-type]
    )
    assert result["reason"] == "factory_unreachable"
    assert awaited == ["127.0.0.1"]
