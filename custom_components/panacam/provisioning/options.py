"""The options of the network: the cameras that are expected, one by one; and all the other ones."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME
from homeassistant.helpers.selector import (
    SelectOptionDict,
    Selector,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
)
import voluptuous as vol

from ..backup_store import async_backups
from ..cams.registry import FAMILIES
from ..forms import PASSWORD, USERNAME
from .expected import COLUMNS, Expected, FaultError, Roll
from .options_drop import DropOptions
from .options_server import ServerOptions
from .options_table import TableOptions

_TEXT: Final = TextSelector(TextSelectorConfig(autocomplete="off"))
_FAMILY: Final = SelectSelector(
    SelectSelectorConfig(
        options=list(FAMILIES), translation_key="family", mode=SelectSelectorMode.DROPDOWN
    )
)
CONF_CAMERA: Final = "camera"
CONF_REMOVE: Final = "remove"


class NetworkOptionsFlow(ServerOptions, TableOptions, DropOptions):
    """Change what is expected on the network; it counts from the next request on."""

    _id: str
    """The camera that is being changed."""

    async def async_step_network_add(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for one more camera."""
        errors: dict[str, str] = {}
        if user_input is not None:
            cameras = self._cameras()
            try:
                one = Roll(cameras).enter(Expected.of(user_input))
                return await self._keep_cameras((*cameras, one))
            except FaultError as err:
                errors = _at_field(err)
        return await self._camera_form("network_add", {}, user_input or {}, errors)

    async def async_step_network_cameras(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask which camera to change."""
        if user_input is not None:
            self._id = user_input[CONF_CAMERA]
            return await self.async_step_network_camera()
        choices = [SelectOptionDict(value=one.id, label=one.label) for one in self._cameras()]
        select = SelectSelectorConfig(options=choices, mode=SelectSelectorMode.DROPDOWN)
        return self.async_show_form(
            step_id="network_cameras",
            data_schema=vol.Schema({vol.Required(CONF_CAMERA): SelectSelector(select)}),
        )

    async def async_step_network_camera(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change or remove a camera."""
        cameras = self._cameras()
        before = next((one for one in cameras if one.id == self._id), None)
        if before is None:  # somebody else removed it in the meantime
            return await self.async_step_network_menu()
        others = tuple(one for one in cameras if one is not before)
        errors: dict[str, str] = {}
        if user_input is not None:
            if user_input.get(CONF_REMOVE):
                return await self._keep_cameras(others)
            wanted = dict(user_input)
            if wanted.get(CONF_USERNAME) == before.username and not wanted.get(CONF_PASSWORD):
                # It never went to the browser; left empty, it stays.
                wanted[CONF_PASSWORD] = before.password
            try:
                one = Roll(others).enter(Expected.of(wanted))
                return await self._keep_cameras(
                    tuple(one if old is before else old for old in cameras)
                )
            except FaultError as err:
                errors = _at_field(err)
        stored = before.stored()
        stored.pop(CONF_PASSWORD, None)
        return await self._camera_form(
            "network_camera",
            {vol.Required(CONF_REMOVE, default=False): bool},
            stored if user_input is None else user_input,
            errors,
        )

    async def _camera_form(
        self,
        step_id: str,
        fields: dict[vol.Marker, Any],
        shown: Mapping[str, Any],
        errors: dict[str, str],
    ) -> ConfigFlowResult:
        """Show the fields of a camera, with what stands in them; no password that is stored."""
        templates = SelectSelectorConfig(
            options=(await async_backups(self.hass)).templates,
            custom_value=True,  # a list may be written before its templates are saved
            mode=SelectSelectorMode.DROPDOWN,
        )
        special: dict[str, Selector[Any]] = {
            "family": _FAMILY,
            "username": USERNAME,
            "password": PASSWORD,
            "template": SelectSelector(templates),
        }
        camera = {vol.Optional(column): special.get(column, _TEXT) for column in COLUMNS}
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(
                vol.Schema({**camera, **fields}), shown
            ),
            errors=errors,
        )


def _at_field(err: FaultError) -> dict[str, str]:
    return {err.column or "base": err.fault.value}
