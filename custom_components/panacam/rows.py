"""Entities made of rows: what a camera lists for itself, whatever it is."""

from collections.abc import Callable, Iterator
from typing import Final, TypedDict, override

from homeassistant.const import (
    PERCENTAGE,
    EntityCategory,
    UnitOfDataRate,
    UnitOfLength,
    UnitOfTemperature,
    UnitOfTime,
)
from homeassistant.core import callback
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .cams.device import State
from .cams.errors import Reason, RefusedError
from .cams.settings import Adjustable, Row, Value
from .changing import alone, refuse_at_work, refuse_while_changed
from .coordinator import PanacamConfigEntry, PanacamCoordinator
from .entity import PanacamEntity, add_described

UNITS: Final = {
    "kbit/s": UnitOfDataRate.KILOBITS_PER_SECOND,
    "s": UnitOfTime.SECONDS,
    "ms": UnitOfTime.MILLISECONDS,
    # Two signs that look the same: micro, and the Greek letter that Home Assistant wants.
    "\N{MICRO SIGN}s": UnitOfTime.MICROSECONDS,
    "\N{GREEK SMALL LETTER MU}s": UnitOfTime.MICROSECONDS,
    "m": UnitOfLength.METERS,
    "°C": UnitOfTemperature.CELSIUS,
    "%": PERCENTAGE,
}
"""Home Assistant's units; any other one is shown as it is."""
ONLY_STREAM: Final = "Video"
"""The stream of a camera that has one, and so no name for it."""


class Described(TypedDict):
    """What a row says of its entity, whatever its platform."""

    key: str
    name: str
    translation_key: str
    translation_placeholders: dict[str, str]
    entity_registry_enabled_default: bool


def described(row: Row) -> Described:
    """Return how an entity is named: by its kind, and which one of several.

    Texts have `{label}` where that goes, which brings its own blank along; `{name}`, the label
    alone; or `{stream}`, which comes first so that the settings of one stream stand together.
    `name` is for kinds that have no text.
    """
    kind = row.kind or row.key
    words = kind.replace("_", " ").capitalize()
    label = _beside(words, row.label)
    return Described(
        key=row.key,
        name=f"{words}{label}",
        translation_key=kind,
        translation_placeholders={
            "label": label,
            "name": row.label or words,
            "stream": row.label or ONLY_STREAM,
        },
        entity_registry_enabled_default=row.enabled,
    )


def _beside(words: str, label: str) -> str:
    """Return a label as it follows its kind, which many cameras' names begin with already."""
    first, rest = label[: len(words)], label[len(words) :]
    if first.casefold() == words.casefold() and rest[:1] in {"", " "}:
        label = rest.strip()
    return f" {label}" if label else ""


def unit_of(unit: str | None) -> str | None:
    """Return a unit as Home Assistant writes it."""
    return None if unit is None else UNITS.get(unit, unit)


def category_of(row: Adjustable) -> EntityCategory | None:
    """Return where a setting is shown: with what people use, or with the configuration."""
    return EntityCategory.CONFIG if row.config else None


class RowEntity[RowT: Row](PanacamEntity):
    """An entity of one row; a camera may have hundreds, of which few change at a time."""

    _seen: object = None
    """What the state was written of."""

    def __init__(
        self, coordinator: PanacamCoordinator, description: EntityDescription, row: RowT
    ) -> None:
        """Show `row`."""
        super().__init__(coordinator, description)
        self._row = row

    @property
    def row(self) -> RowT:
        """Return the row as it is now."""
        return self._row

    @property
    def told(self) -> object:
        """Return what the camera said, or None."""
        return None

    @override
    @callback
    def _handle_coordinator_update(self) -> None:
        seen = (self.available, self.told, self.row)
        if seen != self._seen:
            self._seen = seen
            super()._handle_coordinator_update()


class ToldEntity[RowT: Row](RowEntity[RowT]):
    """An entity of something that the camera tells."""

    @override
    async def async_added_to_hass(self) -> None:
        """Have the camera keep it up: some costs it something."""
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.device.want(self._row.key))


class SettingEntity[RowT: Adjustable](ToldEntity[RowT]):
    """An entity of one setting, whose limits may change, and which may go and come back."""

    @property
    @override
    def row(self) -> RowT:
        """Return the setting as it is now, or as it was last."""
        row = self.coordinator.rows.get(self._row.key)
        if isinstance(row, type(self._row)):
            self._row = row
        return self._row

    @property
    @override
    def told(self) -> Value | None:
        """Return the value that the camera has."""
        return self.coordinator.data.settings.get(self._row.key)

    @property
    @override
    def available(self) -> bool:
        """Return whether the camera answers and has this setting now."""
        return (
            super().available
            and self._row.key in self.coordinator.data.settings
            and isinstance(self.coordinator.rows.get(self._row.key), type(self._row))
        )

    async def _change(self, value: Value) -> None:
        """Set it. HomeAssistantError says why not."""
        await self._act(self._set(value))

    async def _set(self, value: Value) -> None:
        if (settings := self.coordinator.device.settings) is None:
            raise RefusedError(Reason.UNSUPPORTED)
        refuse_while_changed(self.coordinator)
        if not self.row.exclusive:
            await settings.change(self._row.key, value)
            return
        async with alone(self.coordinator):
            await refuse_at_work(self.coordinator)
            await settings.change(self._row.key, value)


def add_settings[RowT: Adjustable](
    entry: PanacamConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    kind: type[RowT],
    create: Callable[[PanacamCoordinator, RowT], Entity],
) -> None:
    """Add an entity for each setting of a kind that the camera has a value for, now or later."""
    coordinator = entry.runtime_data

    def of(state: State) -> Iterator[RowT]:
        for row in coordinator.rows.values():
            if isinstance(row, kind) and row.key in state.settings:
                yield row

    add_described(entry, async_add_entities, of, create)
