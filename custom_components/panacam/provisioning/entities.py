"""What is seen of the network: each step of provisioning, and the switch ports of cameras."""

from typing import Any, Final, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.components.sensor import SensorEntity, SensorEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from ..const import DOMAIN, KIND_NETWORK
from ..coordinator import PanacamConfigEntry, PanacamCoordinator
from ..entity import PanacamEntity
from ..network_entry import network_entry
from .journal import Line
from .network import EVENT_ID, SIGNAL_PORT, Network, NetworkConfigEntry
from .steps import Step

PROVISIONING: Final = EventEntityDescription(
    key="provisioning",
    translation_key="provisioning",
    event_types=[step.value for step in Step],
)
SWITCH_PORT: Final = SensorEntityDescription(
    key="switch_port", translation_key="switch_port", entity_category=EntityCategory.DIAGNOSTIC
)


@callback
def add_network_events(
    entry: NetworkConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add what tells the steps of provisioning."""
    async_add_entities([ProvisioningEvent(entry.runtime_data)])


class ProvisioningEvent(EventEntity):
    """The steps of provisioning, one after the other."""

    _attr_has_entity_name = True
    _attr_should_poll = False
    entity_description = PROVISIONING

    def __init__(self, network: Network) -> None:
        """Tell what `network` tells."""
        self._network = network
        self._attr_unique_id = EVENT_ID
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, KIND_NETWORK)},
            entry_type=DeviceEntryType.SERVICE,
            manufacturer=DOMAIN,
            model="Network",
            name=network.entry.title,
        )

    @override
    async def async_added_to_hass(self) -> None:
        """Listen for steps."""
        await super().async_added_to_hass()
        self.async_on_remove(self._network.journal.listen(self._told))

    @callback
    def _told(self, step: str, line: Line) -> None:
        self._trigger_event(step, line)
        self.async_write_ha_state()


@callback
def add_switch_port(
    hass: HomeAssistant,
    entry: PanacamConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add where a camera is plugged in, as soon as a DHCP server has told."""
    coordinator = entry.runtime_data
    added = False

    @callback
    def look() -> None:
        nonlocal added
        if not added and any(_port_of(hass, coordinator)):
            added = True
            async_add_entities([SwitchPort(coordinator, SWITCH_PORT)])

    entry.async_on_unload(async_dispatcher_connect(hass, SIGNAL_PORT, look))
    look()


class SwitchPort(PanacamEntity, SensorEntity):
    """The port of the switch that the camera is plugged in (DHCP option 82)."""

    @override
    async def async_added_to_hass(self) -> None:
        """Listen for another port."""
        await super().async_added_to_hass()
        self.async_on_remove(
            async_dispatcher_connect(self.hass, SIGNAL_PORT, self.async_write_ha_state)
        )

    @property
    @override
    def available(self) -> bool:
        """Return whether anybody knows, the camera's own silence aside."""
        return any(_port_of(self.hass, self.coordinator))

    @property
    @override
    def native_value(self) -> str | None:
        """Return what the switch calls its port, or itself."""
        circuit_id, remote_id = _port_of(self.hass, self.coordinator)
        return circuit_id or remote_id

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Return both parts of what the switch says."""
        circuit_id, remote_id = _port_of(self.hass, self.coordinator)
        return {"circuit_id": circuit_id, "remote_id": remote_id}


def _port_of(hass: HomeAssistant, coordinator: PanacamCoordinator) -> tuple[str | None, str | None]:
    network = getattr(network_entry(hass), "runtime_data", None)
    if not isinstance(network, Network):
        return None, None
    return network.port_of_entry(coordinator.config_entry, coordinator.device.identity.mac)
