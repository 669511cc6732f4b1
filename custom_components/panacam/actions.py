"""All actions: those of the camera entities, where cameras that lack a role say so, and one."""

from typing import Any, Final

from homeassistant.components.camera import DOMAIN as CAMERA_DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.helpers.service import async_register_batched_platform_entity_service

from .action_backup import KEEPING, async_register_delete_template
from .action_base import Action
from .action_certificate import CERTIFYING
from .action_clips import CLIPPING
from .action_drop import DROPPING
from .action_edit import EDITING
from .action_place import PLACING
from .action_ptz import MOVING
from .action_stream import STREAMING
from .const import DOMAIN

ACTIONS: Final[tuple[Action[Any], ...]] = (
    *MOVING,
    *EDITING,
    *STREAMING,
    *DROPPING,
    *KEEPING,
    *PLACING,
    *CERTIFYING,
    *CLIPPING,
)


def async_register_actions(hass: HomeAssistant) -> None:
    """Register them all."""
    for action in ACTIONS:
        # Batched: a step or a new profile for each stream of one camera would be one too many.
        async_register_batched_platform_entity_service(
            hass,
            DOMAIN,
            action.name,
            entity_domain=CAMERA_DOMAIN,
            schema=action.fields,
            func=action.perform,
            supports_response=action.response,
        )
    async_register_delete_template(hass)
