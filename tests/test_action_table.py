"""The actions as Home Assistant knows them: a change of these changes people's automations."""

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from syrupy.assertion import SnapshotAssertion
import voluptuous as vol

from custom_components.panacam.actions import ACTIONS
from custom_components.panacam.const import DOMAIN


async def test_actions(hass: HomeAssistant, snapshot: SnapshotAssertion) -> None:
    """All are there before any camera is, with their fields and answers."""
    assert await async_setup_component(hass, DOMAIN, {})
    registered = hass.services.async_services_for_domain(DOMAIN)
    fields = {
        action.name: {
            str(key): "required" if isinstance(key, vol.Required) else "optional"
            for key in action.fields
        }
        for action in ACTIONS
    }
    assert {
        name: {"answers": service.supports_response.value, "fields": fields.get(name)}
        for name, service in sorted(registered.items())
    } == snapshot
