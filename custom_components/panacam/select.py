"""What can be chosen: in the camera's settings, of its presets, and of its tours."""

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from typing import override

from homeassistant.components.select import SelectEntity, SelectEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .cams.device import State
from .cams.errors import Reason, RefusedError
from .cams.settings import Choice
from .const import DOMAIN
from .coordinator import PanacamConfigEntry, PanacamCoordinator
from .entity import PanacamEntity, add_described, of_channel
from .rows import SettingEntity, add_settings, category_of, described

# None: the devices have their own locks, and a preset must not wait behind one that hangs.
PARALLEL_UPDATES = 0

PRESET = SelectEntityDescription(key=of_channel("ptz_preset"), translation_key="ptz_preset")
TOUR = SelectEntityDescription(key="ptz_tour", translation_key="ptz_tour")


async def async_setup_entry(
    hass: HomeAssistant,
    entry: PanacamConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the selects of one camera."""
    coordinator = entry.runtime_data
    add_settings(entry, async_add_entities, Choice, PanacamSelect)

    def presets(_state: State) -> Iterable[SelectEntityDescription]:
        return [PRESET] if coordinator.device.presets is not None else []

    def tours(state: State) -> Iterable[SelectEntityDescription]:
        return [TOUR] if coordinator.device.tours is not None and state.tours else []

    add_described(entry, async_add_entities, presets, PanacamPresetSelect)
    add_described(entry, async_add_entities, tours, PanacamTourSelect)


class PanacamSelect(SettingEntity[Choice], SelectEntity):
    """A setting with a few values."""

    def __init__(self, coordinator: PanacamCoordinator, row: Choice) -> None:
        """Show `row`; its options may change."""
        description = SelectEntityDescription(**described(row), entity_category=category_of(row))
        super().__init__(coordinator, description, row)

    @property
    @override
    def options(self) -> list[str]:
        """Return what the camera takes now."""
        return list(self.row.options)

    @property
    @override
    def current_option(self) -> str | None:
        """Return what the camera has, or None for what has no name."""
        value = self.told
        return value if isinstance(value, str) and value in self.row.options else None

    @override
    async def async_select_option(self, option: str) -> None:
        """Choose it. HomeAssistantError says why not."""
        await self._change(option)


def options_of(names: Mapping[str, str]) -> dict[str, str]:
    """Return tokens by what people choose among; of several with one name, the later are counted.

    `names` is by token.
    """
    options: dict[str, str] = {}
    counts: dict[str, int] = {}
    for token, given in names.items():
        option = name = given or token
        while option in options:
            counts[name] = counts.get(name, 1) + 1
            option = f"{name} ({counts[name]})"
        options[option] = token
    return options


class _Named(PanacamEntity, SelectEntity):
    """A choice among things that have a token and a name."""

    _names: Mapping[str, str] | None = None
    _options: Mapping[str, str]

    def _found(self, names: Mapping[str, str]) -> Mapping[str, str]:
        """Return tokens by option; there may be hundreds, and they seldom change."""
        if names != self._names:
            self._names = names
            self._options = options_of(names)
        return self._options

    @property
    @abstractmethod
    def _tokens(self) -> Mapping[str, str]:
        """Return tokens by option."""

    @property
    @override
    def options(self) -> list[str]:
        """Return the names."""
        return list(self._tokens)

    def _option(self, token: str | None) -> str | None:
        return next((option for option, found in self._tokens.items() if found == token), None)

    def _token(self, option: str) -> str:
        """Return what an option stands for. ServiceValidationError: it has gone meanwhile."""
        if (token := self._tokens.get(option)) is None:
            raise ServiceValidationError(
                translation_domain=DOMAIN, translation_key=Reason.NOT_FOUND.value
            )
        return token


class PanacamPresetSelect(_Named):
    """Where the head was sent to, and where it can be sent."""

    @property
    @override
    def _tokens(self) -> Mapping[str, str]:
        return self._found(self.coordinator.data.presets)

    @property
    @override
    def current_option(self) -> str | None:
        """Return where the camera was sent, until it moves away."""
        return self._option(self.coordinator.data.preset)

    @override
    async def async_select_option(self, option: str) -> None:
        """Go there. HomeAssistantError says why not."""
        await self._act(self._recall(self._token(option)))

    async def _recall(self, token: str) -> None:
        if (presets := self.coordinator.device.presets) is None:
            raise RefusedError(Reason.UNSUPPORTED)
        await presets.recall(token)


class PanacamTourSelect(_Named):
    """The tour that start, pause and stop are for."""

    @property
    @override
    def _tokens(self) -> Mapping[str, str]:
        tours = self.coordinator.data.tours
        return self._found({token: tour.name for token, tour in tours.items()})

    @property
    @override
    def current_option(self) -> str | None:
        """Return the one that was picked, or that has begun since."""
        return self._option(self.coordinator.tour.of(self.coordinator.data))

    @override
    async def async_select_option(self, option: str) -> None:
        """Pick it; the camera goes on with what it does."""
        self.coordinator.tour.pick(self._token(option))
        self.coordinator.async_update_listeners()
