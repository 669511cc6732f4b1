"""Adding a camera: find out what answers, ask for credentials only when needed, show it first."""

from collections.abc import Mapping
import re
from typing import Any, Final, override

from homeassistant.config_entries import (
    SOURCE_IGNORE,
    ConfigEntryState,
    ConfigFlow,
    ConfigFlowResult,
    OptionsFlow,
)
from homeassistant.const import (
    CONF_HOST,
    CONF_PASSWORD,
    CONF_PORT,
    CONF_SSL,
    CONF_USERNAME,
    CONF_VERIFY_SSL,
)
from homeassistant.core import callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.selector import (
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
from homeassistant.helpers.service_info.ssdp import SsdpServiceInfo
import voluptuous as vol

from .cams.device import Identity
from .cams.discovery import Candidate, panasonic_candidate
from .cams.errors import CameraError, Reason
from .cams.registry import Finding
from .connection import find, split_host
from .const import CONF_FAMILY, DOMAIN
from .coordinator import PanacamConfigEntry
from .options_flow import PanacamOptionsFlow

_HOST_REASONS: Final = {Reason.UNKNOWN_HOST, Reason.UNREACHABLE, Reason.TIMEOUT}

_ADDRESS_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_HOST): TextSelector(TextSelectorConfig(autocomplete="off")),
        vol.Optional(CONF_PORT): cv.port,
        vol.Required(CONF_SSL, default=False): bool,
        vol.Required(CONF_VERIFY_SSL, default=True): bool,
    }
)
_USERNAME: Final = TextSelector(TextSelectorConfig(autocomplete="username"))
_PASSWORD: Final = TextSelector(
    TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="current-password")
)
_CREDENTIALS_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_USERNAME): _USERNAME,
        vol.Required(CONF_PASSWORD): _PASSWORD,
    }
)
_RECONFIGURE_SCHEMA: Final = _ADDRESS_SCHEMA.extend(
    {
        vol.Optional(CONF_USERNAME): _USERNAME,
        vol.Optional(CONF_PASSWORD): _PASSWORD,
    }
)


class PanacamConfigFlow(ConfigFlow, domain=DOMAIN):
    """Add, repair and move cameras."""

    VERSION = 1
    MINOR_VERSION = 1

    _finding: Finding
    """The camera that is about to be added."""
    _entry: PanacamConfigEntry
    """The camera that is about to be followed to a new address."""

    def __init__(self) -> None:
        """Begin with nothing known."""
        self._data: dict[str, Any] = {}
        self._errors: dict[str, str] = {}

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: PanacamConfigEntry) -> OptionsFlow:
        """Return the form for poll interval and RTSP."""
        return PanacamOptionsFlow()

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for an address and look who is there."""
        if user_input is not None:
            self._data = {**user_input, **split_host(user_input[CONF_HOST])}
            if (finding := await self._find()) is not None:
                return await self._found(finding)
            if self._reason() in _CREDENTIAL_ERRORS:
                return self._ask_credentials()
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(_ADDRESS_SCHEMA, user_input or {}),
            errors=self._errors,
        )

    async def async_step_credentials(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Look again with the user name and the password that were asked for."""
        if user_input is None:  # somebody opens the form again
            return self._ask_credentials()
        self._data |= user_input
        if (finding := await self._find()) is not None:
            return await self._found(finding)
        return self._ask_credentials(user_input[CONF_USERNAME])

    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show what was found, then add it."""
        identity = self._finding.identity
        if user_input is not None:
            return self.async_create_entry(
                title=_title(identity), data=self._data | {CONF_FAMILY: self._finding.family}
            )
        self._set_confirm_only()
        return self.async_show_form(
            step_id="confirm",
            description_placeholders={
                **_named(_title(identity)),
                "model": _escaped(identity.model),
                "manufacturer": _escaped(identity.manufacturer),
                "serial": _escaped(identity.serial),
                "mac": _escaped(identity.mac),
                "firmware": _escaped(identity.firmware),
                "host": _escaped(self._data[CONF_HOST]),
            },
        )

    @override
    async def async_step_ssdp(self, discovery_info: SsdpServiceInfo) -> ConfigFlowResult:
        """Look at something that announced itself like a camera."""
        candidate = panasonic_candidate(discovery_info.upnp, discovery_info.ssdp_location or "")
        if candidate is None:
            return self.async_abort(reason=Reason.NOT_A_CAMERA.value)
        return await self._discovered(candidate)

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Start over with the credentials of a camera that refuses them."""
        self._data = dict(entry_data)
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for new credentials and try them on the same camera."""
        entry = self._get_reauth_entry()
        if user_input is not None:
            self._data |= user_input
            if (finding := await self._find()) is not None:
                await self._same_camera(finding)
                return self.async_update_reload_and_abort(entry, data_updates=user_input)
        return self.async_show_form(
            step_id="reauth_confirm",
            data_schema=self.add_suggested_values_to_schema(
                _CREDENTIALS_SCHEMA, {CONF_USERNAME: self._data.get(CONF_USERNAME)}
            ),
            description_placeholders={
                **_named(entry.title),
                "host": _escaped(entry.data[CONF_HOST]),
            },
            errors=self._base_errors(),
        )

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for another address or other credentials of the same camera."""
        entry = self._get_reconfigure_entry()
        if user_input is not None:
            self._data = {
                **user_input,
                **split_host(user_input[CONF_HOST]),
                CONF_FAMILY: entry.data[CONF_FAMILY],
            }
            if (
                self._data.get(CONF_USERNAME) == entry.data.get(CONF_USERNAME)
                and CONF_PASSWORD in entry.data
            ):
                # The old password never went to the browser; left empty, it stays.
                self._data.setdefault(CONF_PASSWORD, entry.data[CONF_PASSWORD])
            if (finding := await self._find()) is not None:
                await self._same_camera(finding)
                return self.async_update_reload_and_abort(entry, data=self._data)
        shown = dict(user_input or entry.data)
        shown.pop(CONF_PASSWORD, None)
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=self.add_suggested_values_to_schema(_RECONFIGURE_SCHEMA, shown),
            description_placeholders=_named(entry.title),
            errors=self._errors,
        )

    async def _find(self) -> Finding | None:
        """Return who answers at the address so far; else what went wrong goes to `_errors`."""
        self._errors = {}
        try:
            return await find(self.hass, self._data)
        except CameraError as err:
            field = CONF_HOST if err.reason in _HOST_REASONS else "base"
            self._errors = {field: err.reason.value}
            return None

    def _reason(self) -> str:
        """Return what went wrong last, whichever field it is shown at."""
        return next(iter(self._errors.values()), "")

    def _base_errors(self) -> dict[str, str]:
        """Return what went wrong for a form that has no field for the host."""
        return {"base": self._reason()} if self._errors else {}

    async def _found(self, finding: Finding) -> ConfigFlowResult:
        """Go on with a camera that has proved who it is, unless it is there already."""
        self._finding = finding
        await self.async_set_unique_id(finding.identity.unique_id, raise_on_progress=False)
        self._abort_if_unique_id_configured()
        self.context["title_placeholders"] = {"name": _title(finding.identity)}
        return await self.async_step_confirm()

    async def _same_camera(self, finding: Finding) -> None:
        """Abort when it is another camera than the entry's."""
        await self.async_set_unique_id(finding.identity.unique_id)
        self._abort_if_unique_id_mismatch(reason=Reason.OTHER_CAMERA.value)

    def _ask_credentials(self, username: str | None = None) -> ConfigFlowResult:
        return self.async_show_form(
            step_id="credentials",
            data_schema=self.add_suggested_values_to_schema(
                _CREDENTIALS_SCHEMA, {CONF_USERNAME: username}
            ),
            description_placeholders={"host": _escaped(self._data[CONF_HOST])},
            # Whatever went wrong before the question is no mistake of this form.
            errors={} if username is None else self._base_errors(),
        )

    async def _discovered(self, candidate: Candidate) -> ConfigFlowResult:
        """Follow up an announcement: a known camera's new address, or a new camera."""
        name = candidate.name or candidate.model or candidate.host
        self.context["title_placeholders"] = {"name": name}
        if provisional := candidate.mac or candidate.udn:
            known = await self.async_set_unique_id(provisional)
            if known is not None:
                return await self._moved(known, candidate)
        self._async_abort_entries_match({CONF_HOST: candidate.host})
        self._data = {
            CONF_HOST: candidate.host,
            CONF_SSL: candidate.tls,
            # Cameras make their certificates themselves; "reconfigure" turns the check on.
            CONF_VERIFY_SSL: not candidate.tls,
        }
        if candidate.port is not None:
            self._data[CONF_PORT] = candidate.port
        if (finding := await self._find()) is not None:
            return await self._found(finding)
        if self._reason() in _CREDENTIAL_ERRORS:
            return self._ask_credentials()
        return self.async_abort(reason=self._reason())

    async def _moved(self, entry: PanacamConfigEntry, candidate: Candidate) -> ConfigFlowResult:
        """Follow a known camera to its new address.

        Anybody can announce a known MAC address, and answer to it. So nothing is tried while the
        camera answers where it was, HTTPS never becomes HTTP, and where a password could fall into
        the wrong hands a human has to agree.
        """
        answers = entry.state is ConfigEntryState.LOADED and entry.runtime_data.last_update_success
        self._data = {**entry.data, CONF_HOST: candidate.host}
        if candidate.port is not None and candidate.tls == entry.data.get(CONF_SSL, False):
            self._data[CONF_PORT] = candidate.port
        if answers or entry.source == SOURCE_IGNORE or self._data == dict(entry.data):
            return self.async_abort(reason="already_configured")
        self._entry = entry
        proven = self._data.get(CONF_SSL) and self._data.get(CONF_VERIFY_SSL, True)
        if self._data.get(CONF_USERNAME) and not proven:
            self.context["title_placeholders"] = {"name": entry.title}
            return await self.async_step_moved()
        await self._follow()
        return self.async_abort(reason="already_configured")

    async def async_step_moved(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask whether a camera is to be followed to the address that it announces."""
        if user_input is not None and await self._follow():
            return self.async_abort(reason="reconfigure_successful")
        self._set_confirm_only()
        return self.async_show_form(
            step_id="moved",
            description_placeholders={
                **_named(self._entry.title),
                "old_host": _escaped(self._entry.data[CONF_HOST]),
                "host": _escaped(self._data[CONF_HOST]),
            },
            errors=self._base_errors(),
        )

    async def _follow(self) -> bool:
        """Take the new address if the same camera answers there."""
        if (finding := await self._find()) is None:
            return False
        if finding.identity.unique_id != self._entry.unique_id:
            self._errors = {"base": Reason.OTHER_CAMERA.value}
            return False
        self.hass.config_entries.async_update_entry(self._entry, data=self._data)
        self.hass.config_entries.async_schedule_reload(self._entry.entry_id)
        return True


_CREDENTIAL_ERRORS: Final = {Reason.NO_CREDENTIALS.value, Reason.WRONG_CREDENTIALS.value}


def _title(identity: Identity) -> str:
    """Return what to call a camera until its owner decides otherwise."""
    return identity.name or identity.model or f"{identity.manufacturer} {identity.unique_id}"


def _named(title: str) -> dict[str, str]:
    """Return a camera's name for the title of a form, which is plain text, and for the rest."""
    return {"title": title, "name": _escaped(title)}


def _escaped(text: str | None) -> str:
    """Return text that a camera chose as a form may show it: forms are Markdown."""
    return re.sub(r"([\\`*_\[\]()<>#|!~])", r"\\\1", text or "?")
