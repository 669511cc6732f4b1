"""What all ways of adding a camera share: look who answers, log in, show it, add it."""

import re
from typing import Any, Final

from homeassistant.config_entries import ConfigFlow, ConfigFlowResult
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_USERNAME
from homeassistant.helpers.selector import (
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import voluptuous as vol

from .cams.device import Identity
from .cams.errors import CameraError, Reason
from .cams.registry import Finding
from .connection import find
from .const import CONF_FAMILY

USERNAME: Final = TextSelector(TextSelectorConfig(autocomplete="username"))
PASSWORD: Final = TextSelector(
    TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="current-password")
)
CREDENTIALS_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_USERNAME): USERNAME,
        # Not required: the frontend takes no empty text for that, and there are cameras without a
        # password. The default keeps an old one from staying.
        vol.Optional(CONF_PASSWORD, default=""): PASSWORD,
    }
)
_HOST_REASONS: Final = {Reason.UNKNOWN_HOST, Reason.UNREACHABLE, Reason.TIMEOUT}
_CREDENTIAL_ERRORS: Final = {
    Reason.NO_CREDENTIALS.value,
    Reason.WRONG_CREDENTIALS.value,
    Reason.WRONG_USERNAME.value,
    Reason.WRONG_PASSWORD.value,
    Reason.NO_PRIVILEGE.value,
}


class CameraFlow(ConfigFlow):
    """The steps from an address to an entry."""

    _finding: Finding
    """The camera that is about to be added."""

    def __init__(self) -> None:
        """Begin with nothing known."""
        self._data: dict[str, Any] = {}
        self._errors: dict[str, str] = {}

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
                **named(_title(identity)),
                "model": escaped(identity.model),
                "manufacturer": escaped(identity.manufacturer),
                "serial": escaped(identity.serial),
                "mac": escaped(identity.mac),
                "firmware": escaped(identity.firmware),
                "host": escaped(self._data[CONF_HOST]),
            },
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

    def _wants_credentials(self) -> bool:
        """Return whether what went wrong last is mended by logging in."""
        return self._reason() in _CREDENTIAL_ERRORS

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

    def _ask_credentials(self, username: str | None = None) -> ConfigFlowResult:
        return self.async_show_form(
            step_id="credentials",
            data_schema=self.add_suggested_values_to_schema(
                CREDENTIALS_SCHEMA, {CONF_USERNAME: username}
            ),
            description_placeholders={"host": escaped(self._data[CONF_HOST])},
            # Whatever went wrong before the question is no mistake of this form.
            errors={} if username is None else self._base_errors(),
        )


def _title(identity: Identity) -> str:
    """Return what to call a camera until its owner decides otherwise."""
    return identity.name or identity.model or f"{identity.manufacturer} {identity.unique_id}"


def named(title: str) -> dict[str, str]:
    """Return a camera's name for the title of a form, which is plain text, and for the rest."""
    return {"title": title, "name": escaped(title)}


def escaped(text: str | None) -> str:
    """Return text that a camera chose as a form may show it: forms are Markdown."""
    return re.sub(r"([\\`*_\[\]()<>#|!~])", r"\\\1", text or "?")
