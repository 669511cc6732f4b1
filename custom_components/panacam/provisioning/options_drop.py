"""The options of the network: the drop that cameras send clips to, and their accounts."""

from collections.abc import Callable
from dataclasses import asdict, replace
from ipaddress import AddressValueError, IPv4Address
from typing import Any, Final, override

from homeassistant.config_entries import ConfigEntry, ConfigFlowResult
from homeassistant.core import callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
)
import voluptuous as vol

from ..const import CONF_DROP, DOMAIN
from ..drop import ISSUES, DropConfig, async_address_for, async_fault_of, running_drop
from ..drop_accounts import drop_accounts
from ..following import answers
from ..network_entry import camera_entries, camera_name
from .options_base import ListedOptions

_TEXT: Final = TextSelector(TextSelectorConfig(autocomplete="off"))
CONF_CAMERA: Final = "camera"
CONF_RENEW: Final = "renew"
CONF_REMOVE: Final = "remove"


def _number(least: float, most: float, unit: str | None = None) -> NumberSelector:
    config = NumberSelectorConfig(
        min=least, max=most, step=1, mode=NumberSelectorMode.BOX, translation_key="drop_room"
    )
    if unit is not None:
        config["unit_of_measurement"] = unit
    return NumberSelector(config)


_PORT: Final = vol.All(_number(1, 65535), vol.Coerce(int))
_SCHEMA: Final = vol.Schema(
    {
        vol.Required("on"): bool,
        vol.Required("port"): _PORT,
        vol.Required("first_port"): _PORT,
        vol.Required("last_port"): _PORT,
        vol.Optional("address"): _TEXT,
        vol.Optional("folder"): _TEXT,
        vol.Required("camera_gigabytes"): _number(1, 10_000, "GB"),
        vol.Required("all_gigabytes"): _number(1, 100_000, "GB"),
        vol.Required("days"): _number(1, 3650, "days"),
    }
)


class DropOptions(ListedOptions):
    """The drop, and who may put clips into it."""

    _entry_id: str
    """The camera whose account is shown."""

    async def async_step_network_drop(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Turn the drop on or off, and say how it is to be."""
        options = self.config_entry.options
        before, errors = DropConfig.of(options), dict[str, str]()
        if user_input is not None:
            wanted = replace(DropConfig(), **user_input)
            if (fault := _fault_of(wanted)) is not None:
                errors[fault] = f"drop_{fault}"
            elif (key := await async_fault_of(self.hass, wanted)) is not None:
                errors["port" if "port" in key else "folder"] = key
            else:
                kept = {key: value for key, value in asdict(wanted).items() if value is not None}
                return await self._keep({**options, CONF_DROP: kept})
        return self.async_show_form(
            step_id="network_drop",
            data_schema=self.add_suggested_values_to_schema(
                _SCHEMA, asdict(before) if user_input is None else user_input
            ),
            description_placeholders={"folder": str(DropConfig().root(self.hass))},
            errors=errors,
        )

    async def async_step_network_accounts(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask which camera's account is to be shown; it is made if there is none."""
        if user_input is not None:
            self._entry_id = user_input[CONF_CAMERA]
            drop_accounts(self.hass).make(self._entry_id)
            return await self.async_step_network_account()
        choices = [
            SelectOptionDict(value=entry.entry_id, label=camera_name(self.hass, entry))
            for entry in camera_entries(self.hass)
        ]
        select = SelectSelectorConfig(options=choices, mode=SelectSelectorMode.DROPDOWN)
        return self.async_show_form(
            step_id="network_accounts",
            data_schema=vol.Schema({vol.Required(CONF_CAMERA): SelectSelector(select)}),
        )

    async def async_step_network_account(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show what is to be typed into a camera; the one place where its password stands."""
        accounts, drop = drop_accounts(self.hass), running_drop(self.hass)
        entry = self.hass.config_entries.async_get_entry(self._entry_id)
        account = accounts.of(self._entry_id)
        if entry is None or account is None or drop is None:
            return await self.async_step_network_menu()
        if user_input is not None:
            if user_input[CONF_REMOVE]:
                accounts.forget(self._entry_id)
            elif user_input[CONF_RENEW]:
                accounts.renew(self._entry_id)
                return await self.async_step_network_account()
            return await self.async_step_network_menu()
        return self.async_show_form(
            step_id="network_account",
            data_schema=vol.Schema(
                {
                    vol.Required(CONF_RENEW, default=False): bool,
                    vol.Required(CONF_REMOVE, default=False): bool,
                }
            ),
            description_placeholders={
                "camera": camera_name(self.hass, entry),
                "host": await async_address_for(self.hass, entry),
                "port": str(drop.config.port),
                "username": account.username,
                "password": account.password,
                "by_action": (await self._sentences())("drop_by_action") if _aims(entry) else "",
            },
        )

    @callback
    @override
    def _drop_told(self, text: Callable[[str], str]) -> str:
        config = DropConfig.of(self.config_entry.options)
        if not config.on:
            return text("drop_is_off")
        registry = ir.async_get(self.hass)
        if any(registry.async_get_issue(DOMAIN, issue) for issue in ISSUES):
            return text("drop_is_not_open")
        count = len(drop_accounts(self.hass).all())
        told = text("drop_is_on_one" if count == 1 else "drop_is_on")
        return told.replace("{port}", str(config.port)).replace("{count}", str(count))

    @callback
    @override
    def _steps_of_drop(self) -> list[str]:
        has_accounts = DropConfig.of(self.config_entry.options).on and camera_entries(self.hass)
        return ["network_drop", "network_accounts"] if has_accounts else ["network_drop"]


def _aims(entry: ConfigEntry[Any]) -> bool:
    """Return whether an action can tell the camera where to send its clips."""
    return answers(entry) and entry.runtime_data.device.ftp is not None


def _fault_of(wanted: DropConfig) -> str | None:
    """Return the field that makes no sense."""
    if not wanted.first_port <= wanted.last_port <= wanted.first_port + 999:
        return "last_port"
    if wanted.first_port <= wanted.port <= wanted.last_port:
        return "port"
    try:
        if wanted.address is not None:
            IPv4Address(wanted.address)
    except AddressValueError:
        return "address"
    return None
