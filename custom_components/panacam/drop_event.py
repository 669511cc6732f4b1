"""The event of a camera: a clip came."""

from typing import Any, Final, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.components.media_source import generate_media_source_id
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import DOMAIN
from .drop import Drop, running_drop
from .drop_accounts import SIGNAL_ACCOUNTS, drop_accounts
from .entity import PanacamEntity
from .ftp import Received
from .media_branch import identifier_of

RECEIVED: Final = "received"
"""The type of the event, and the branch of the media source that has the clips."""
CLIP_RECEIVED: Final = EventEntityDescription(
    key="clip_received", translation_key="clip_received", event_types=[RECEIVED]
)


@callback
def add_clip_received(
    hass: HomeAssistant,
    entry: ConfigEntry[Any],
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the event as soon as the camera may send clips; remove it when it no longer may."""
    entity: ClipReceived | None = None

    @callback
    def look() -> None:
        nonlocal entity
        has_account = drop_accounts(hass).of(entry.entry_id) is not None
        if has_account and entity is None:
            entity = ClipReceived(entry.runtime_data, CLIP_RECEIVED)
            async_add_entities([entity])
        elif not has_account and entity is not None:
            registry = er.async_get(hass)
            entity_id = registry.async_get_entity_id(Platform.EVENT, DOMAIN, str(entity.unique_id))
            if entity_id is not None:
                registry.async_remove(entity_id)
            entity = None

    entry.async_on_unload(async_dispatcher_connect(hass, SIGNAL_ACCOUNTS, look))
    look()


class ClipReceived(PanacamEntity, EventEntity):
    """A clip came, whole."""

    _drop: Drop | None = None

    @override
    async def async_added_to_hass(self) -> None:
        """Listen to the drop, and for another one."""
        await super().async_added_to_hass()
        self.async_on_remove(async_dispatcher_connect(self.hass, SIGNAL_ACCOUNTS, self._follow))
        self._follow()

    @property
    @override
    def available(self) -> bool:
        """Return whether clips are taken, the camera's own silence aside."""
        return self._drop is not None

    @callback
    def _follow(self) -> None:
        drop = running_drop(self.hass)
        if drop is not self._drop and drop is not None:
            entry_id = self.coordinator.config_entry.entry_id
            self.async_on_remove(drop.listen(entry_id, self._told))
        self._drop = drop
        self.async_write_ha_state()

    @callback
    def _told(self, file: Received) -> None:
        identifier = identifier_of(RECEIVED, file.account, file.id)
        self._trigger_event(
            RECEIVED,
            {
                "media_content_id": generate_media_source_id(DOMAIN, identifier),
                "kind": str(file.kind),
                "name": file.name,
                "size": file.size,
                "began": None if file.began is None else file.began.isoformat(),
            },
        )
        self.async_write_ha_state()
