"""The options of the network: the list of expected cameras as a table."""

from typing import Any, Final

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import callback
from homeassistant.helpers.selector import TextSelector, TextSelectorConfig
import voluptuous as vol

from .expected import COLUMNS, with_passwords
from .options_base import ListedOptions
from .table import RowFault, TableError, read_table, write_table

_TABLE: Final = TextSelector(TextSelectorConfig(multiline=True))
_SHOWN: Final = TextSelector(TextSelectorConfig(multiline=True, read_only=True))
CONF_TABLE: Final = "table"
CONF_REPLACE: Final = "replace"
CONF_PASSWORDS: Final = "passwords"


class TableOptions(ListedOptions):
    """Tables that come in, and go out."""

    async def async_step_network_import(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for a table."""
        errors: dict[str, str] = {}
        faults = ""
        if user_input is not None:
            listed = self._cameras()
            kept = () if user_input[CONF_REPLACE] else listed
            try:
                cameras = await self.hass.async_add_executor_job(
                    read_table, user_input[CONF_TABLE], kept
                )
                return await self._keep_cameras((*kept, *with_passwords(cameras, listed)))
            except TableError as err:
                in_rows = all(one.row for one in err.faults)
                errors["base"] = "import_rows" if in_rows else "import_table"
                faults = await self._lines(err.faults)
        schema = vol.Schema(
            {
                vol.Required(CONF_TABLE): _TABLE,
                vol.Required(CONF_REPLACE, default=False): bool,
            }
        )
        return self.async_show_form(
            step_id="network_import",
            data_schema=self.add_suggested_values_to_schema(schema, user_input or {}),
            errors=errors,
            description_placeholders={"columns": ", ".join(COLUMNS), "faults": faults},
        )

    async def async_step_network_export(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether passwords are to be in the table."""
        if user_input is not None:
            return self._table_form(passwords=user_input[CONF_PASSWORDS])
        return self.async_show_form(
            step_id="network_export",
            data_schema=vol.Schema({vol.Required(CONF_PASSWORDS, default=False): bool}),
        )

    async def async_step_network_table(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Go back from the table."""
        return await self.async_step_network_menu()

    @callback
    def _table_form(self, *, passwords: bool) -> ConfigFlowResult:
        table = write_table(self._cameras(), passwords=passwords)
        schema = vol.Schema({vol.Optional(CONF_TABLE): _SHOWN})
        return self.async_show_form(
            step_id="network_table",
            data_schema=self.add_suggested_values_to_schema(schema, {CONF_TABLE: table}),
            last_step=False,
        )

    async def _lines(self, faults: tuple[RowFault, ...]) -> str:
        """Return what is wrong with each row, as a list."""
        text = await self._sentences()
        lines = []
        for one in faults:
            line = text(one.fault.value)
            if one.row:
                where = text("import_cell" if one.column else "import_row")
                line = where.format(row=one.row, column=one.column, fault=line)
            lines.append(f"- {line}")
        return "\n".join(lines)
