"""The options of the network: automatic adding, the DHCP server, the cameras that are expected."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow
from homeassistant.const import CONF_PASSWORD, CONF_URL, CONF_USERNAME
from homeassistant.core import callback
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
from homeassistant.helpers.translation import async_get_translations
import voluptuous as vol

from ..cams.registry import FAMILIES
from ..const import CONF_AUTOMATIC, CONF_EXPECTED, CONF_SERVER, DOMAIN
from ..dhcp.reservations import ReservationError
from ..forms import PASSWORD, USERNAME
from .backend import CONF_HOSTS_FILE, CONF_PID_FILE, FIELDS, ServerKind, kind_of, server_for
from .expected import COLUMNS, Expected, FaultError, Roll, read_stored
from .table import RowFault, TableError, read_table, write_table
from .webhook import async_webhook_url

_TEXT: Final = TextSelector(TextSelectorConfig(autocomplete="off"))
_TABLE: Final = TextSelector(TextSelectorConfig(multiline=True))
_SHOWN: Final = TextSelector(TextSelectorConfig(multiline=True, read_only=True))
_FAMILY: Final = SelectSelector(
    SelectSelectorConfig(
        options=list(FAMILIES), translation_key="family", mode=SelectSelectorMode.DROPDOWN
    )
)
_KIND: Final = SelectSelector(
    SelectSelectorConfig(
        options=[kind.value for kind in ServerKind],
        translation_key="dhcp_server",
        mode=SelectSelectorMode.DROPDOWN,
    )
)
_CAMERA: Final = {
    vol.Optional(column): {"family": _FAMILY, "username": USERNAME, "password": PASSWORD}.get(
        column, _TEXT
    )
    for column in COLUMNS
}
_SCHEMAS: Final = {
    ServerKind.KEA: vol.Schema(
        {
            vol.Required(CONF_URL): TextSelector(TextSelectorConfig(type=TextSelectorType.URL)),
            vol.Optional(CONF_USERNAME): USERNAME,
            vol.Optional(CONF_PASSWORD): PASSWORD,
        }
    ),
    ServerKind.DNSMASQ: vol.Schema(
        {vol.Required(CONF_HOSTS_FILE): _TEXT, vol.Optional(CONF_PID_FILE): _TEXT}
    ),
}
CONF_CAMERA: Final = "camera"
CONF_REMOVE: Final = "remove"
CONF_TABLE: Final = "table"
CONF_REPLACE: Final = "replace"
CONF_PASSWORDS: Final = "passwords"


class ServerOptions(OptionsFlow):
    """Automatic adding, and the server that reserves addresses."""

    _chosen: dict[str, Any]
    """What was answered before the question for the server's own options."""

    async def async_step_network_automatic(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Turn automatic adding on or off, and choose the DHCP server."""
        options = self.config_entry.options
        if user_input is not None:
            self._chosen = user_input
            match ServerKind(user_input[CONF_SERVER]):
                case ServerKind.KEA:
                    return await self.async_step_network_kea()
                case ServerKind.DNSMASQ:
                    return await self.async_step_network_dnsmasq()
                case ServerKind.NONE:
                    return self._save_server({})
        return self.async_show_form(
            step_id="network_automatic",
            data_schema=vol.Schema(
                {
                    vol.Required(CONF_AUTOMATIC, default=options.get(CONF_AUTOMATIC, False)): bool,
                    vol.Required(CONF_SERVER, default=kind_of(options).value): _KIND,
                }
            ),
            # Whoever knows it can tell of addresses: it stands here and nowhere else.
            description_placeholders={"url": async_webhook_url(self.hass, self.config_entry)},
        )

    async def async_step_network_kea(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask where Kea's control agent is."""
        return await self._server(ServerKind.KEA, user_input)

    async def async_step_network_dnsmasq(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for dnsmasq's files."""
        return await self._server(ServerKind.DNSMASQ, user_input)

    async def _server(
        self, kind: ServerKind, user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        """Ask for a server's options; they are kept once the server answered."""
        before = self.config_entry.options
        errors: dict[str, str] = {}
        if user_input is not None:
            wanted = {key: text for key, text in user_input.items() if text}
            if _same(wanted, before, CONF_URL, CONF_USERNAME) and CONF_PASSWORD in before:
                # The old password never went to the browser; left empty, it stays.
                wanted.setdefault(CONF_PASSWORD, before[CONF_PASSWORD])
            server = server_for(self.hass, {**wanted, CONF_SERVER: kind.value})
            try:
                if server is not None:
                    await server.check()
            except ReservationError as err:
                errors["base"] = f"server_{err.reason.value}"
            else:
                return self._save_server(wanted)
        shown = {key: before[key] for key in FIELDS[kind] if key in before} | (user_input or {})
        shown.pop(CONF_PASSWORD, None)
        return self.async_show_form(
            step_id=f"network_{kind.value}",
            data_schema=self.add_suggested_values_to_schema(_SCHEMAS[kind], shown),
            errors=errors,
        )

    @callback
    def _save_server(self, server: Mapping[str, Any]) -> ConfigFlowResult:
        fields = {field for fields in FIELDS.values() for field in fields}
        kept = {key: old for key, old in self.config_entry.options.items() if key not in fields}
        return self.async_create_entry(data={**kept, **self._chosen, **server})


class NetworkOptionsFlow(ServerOptions):
    """Change what is expected on the network; it counts from the next request on."""

    _id: str
    """The camera that is being changed."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Begin with the menu."""
        return await self.async_step_network_menu()

    async def async_step_network_menu(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show what can be done."""
        steps = ["network_automatic", "network_add", "network_import"]
        if self._cameras():
            steps[2:2] = ["network_cameras"]
            steps.append("network_export")
        return self.async_show_menu(step_id="network_menu", menu_options=steps)

    async def async_step_network_add(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for one more camera."""
        errors: dict[str, str] = {}
        if user_input is not None:
            cameras = self._cameras()
            try:
                return self._save((*cameras, Roll(cameras).enter(Expected.of(user_input))))
            except FaultError as err:
                errors = _at_field(err)
        return self._camera_form("network_add", {}, user_input or {}, errors)

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
        others = [one for one in cameras if one is not before]
        errors: dict[str, str] = {}
        if user_input is not None:
            if user_input.pop(CONF_REMOVE, False):
                return self._save(others)
            if user_input.get("username") == before.username and before.password is not None:
                # It never went to the browser; left empty, it stays.
                user_input.setdefault("password", before.password)
            try:
                one = Roll(others).enter(Expected.of(user_input))
                return self._save([one if old is before else old for old in cameras])
            except FaultError as err:
                errors = _at_field(err)
        return self._camera_form(
            "network_camera",
            {vol.Required(CONF_REMOVE, default=False): bool},
            before.stored() if user_input is None else user_input,
            errors,
        )

    async def async_step_network_import(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for a table."""
        errors: dict[str, str] = {}
        faults = ""
        if user_input is not None:
            kept = () if user_input[CONF_REPLACE] else self._cameras()
            try:
                cameras = await self.hass.async_add_executor_job(
                    read_table, user_input[CONF_TABLE], kept
                )
                return self._save((*kept, *cameras))
            except TableError as err:
                errors["base"] = "import_faults"
                faults = await self._sentences(err.faults)
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

    @callback
    def _camera_form(
        self,
        step_id: str,
        fields: dict[vol.Marker, Any],
        shown: Mapping[str, Any],
        errors: dict[str, str],
    ) -> ConfigFlowResult:
        seen = {key: value for key, value in shown.items() if key != CONF_PASSWORD}
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(
                vol.Schema({**_CAMERA, **fields}), seen
            ),
            errors=errors,
        )

    @callback
    def _cameras(self) -> tuple[Expected, ...]:
        return read_stored(self.config_entry.options.get(CONF_EXPECTED))

    @callback
    def _save(self, cameras: tuple[Expected, ...] | list[Expected]) -> ConfigFlowResult:
        rows = [one.stored() for one in cameras]
        return self.async_create_entry(data={**self.config_entry.options, CONF_EXPECTED: rows})

    async def _sentences(self, faults: tuple[RowFault, ...]) -> str:
        """Return what is wrong with each row, as a list."""
        texts = await async_get_translations(
            self.hass, self.hass.config.language, "options", {DOMAIN}
        )

        def text(key: str) -> str:
            return texts.get(f"component.{DOMAIN}.options.error.{key}", key)

        lines = []
        for one in faults:
            where = f"{one.row} ({one.column})" if one.column else str(one.row)
            line = f"{where}: {text(one.fault.value)}" if one.row else text(one.fault.value)
            lines.append(f"- {line}")
        return "\n".join(lines)


def _same(wanted: Mapping[str, Any], before: Mapping[str, Any], *keys: str) -> bool:
    return all(wanted.get(key) == before.get(key) for key in keys)


def _at_field(err: FaultError) -> dict[str, str]:
    return {err.column or "base": err.fault.value}
