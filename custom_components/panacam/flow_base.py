"""What all ways of adding a camera share: look who answers, log in, show it, add it."""

from collections.abc import Sequence
from typing import Any, Final

from homeassistant.config_entries import ConfigFlow, ConfigFlowResult
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_USERNAME
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.util import dt as dt_util
import voluptuous as vol

from .cams.device import Identity
from .cams.discovery import Candidate
from .cams.errors import CameraError, Reason
from .cams.registry import FAMILIES, Finding
from .connection import find, find_all
from .const import CONF_FAMILY
from .forms import PASSWORD, USERNAME, escaped, named
from .known import is_of
from .network_entry import camera_entries
from .provisioning import held_until

CREDENTIALS_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_USERNAME): USERNAME,
        # Not required: the frontend takes no empty text for that, and there are cameras without a
        # password. The default keeps an old one from staying.
        vol.Optional(CONF_PASSWORD, default=""): PASSWORD,
    }
)
HOST_REASONS: Final = {Reason.UNKNOWN_HOST, Reason.UNREACHABLE, Reason.TIMEOUT}
JUST_PROVISIONED: Final = "just_provisioned"
_CONFIGURED: Final = "already_configured"
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
        self._findings: tuple[Finding, ...] = ()
        """What the families found last."""
        self._candidate: Candidate | None = None
        """What was chosen to be added; it has to be the camera that answers."""

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
            # Somebody may have agreed long after the question.
            self._refuse_held(identity.mac, identity.serial)
            return self.async_create_entry(title=title_of(identity), data=self._entry_data())
        self._set_confirm_only()
        return self.async_show_form(
            step_id="confirm",
            description_placeholders={
                **named(title_of(identity)),
                "model": escaped(identity.model),
                "manufacturer": escaped(identity.manufacturer),
                "serial": escaped(identity.serial),
                "mac": escaped(identity.mac),
                "firmware": escaped(identity.firmware),
                "host": escaped(self._data[CONF_HOST]),
            },
        )

    def _entry_data(self) -> dict[str, Any]:
        """Return the data of the entry to be."""
        return self._data | {CONF_FAMILY: self._finding.family}

    async def _find(self) -> Finding | None:
        """Return who answers at the address so far; else what went wrong goes to `_errors`.

        What each family found goes to `_findings`, unless the family is chosen already.
        """
        self._errors = {}
        self._findings = ()
        try:
            if CONF_FAMILY in self._data:
                self._findings = (await find(self.hass, self._data),)
            else:
                self._findings = await find_all(self.hass, self._data)
        except CameraError as err:
            field = CONF_HOST if err.reason in HOST_REASONS else "base"
            self._errors = {field: err.reason.value}
            return None
        return preferred(self._findings)

    def _wants_credentials(self) -> bool:
        """Return whether what went wrong last is mended by logging in."""
        return self._reason() in _CREDENTIAL_ERRORS

    def _reason(self) -> str:
        """Return what went wrong last, whichever field it is shown at."""
        return next(iter(self._errors.values()), "")

    def _base_errors(self) -> dict[str, str]:
        """Return what went wrong for a form that has no field for the host."""
        return {"base": self._reason()} if self._errors else {}

    async def _look(self) -> ConfigFlowResult | None:
        """Look who is at the address so far, and go on from there.

        None: nobody who can be added; `_errors` says why.
        """
        if (finding := await self._find()) is not None:
            return await self._found(finding)
        return self._ask_credentials() if self._wants_credentials() else None

    async def _found(self, finding: Finding) -> ConfigFlowResult:
        """Go on with a camera that has proved who it is, unless it is there already."""
        self._finding = finding
        identity = finding.identity
        self._refuse_held(identity.mac, identity.serial)
        if self._candidate is not None and not is_same(identity, self._candidate):
            raise AbortFlow(Reason.OTHER_CAMERA.value)
        await self._refuse_known()
        name = card_of(title_of(identity), self._data[CONF_HOST])
        self.context["title_placeholders"] = {"name": name}
        return await self._accepted()

    async def _refuse_known(self) -> None:
        """Abort for a camera that is there already or ignored, under whichever of its marks."""
        for one in self._findings:
            for mark in _marks(one.identity):
                await self.async_set_unique_id(mark, raise_on_progress=False)
                self._abort_if_unique_id_configured()
            if any(is_of(self.hass, entry, one.identity) for entry in camera_entries(self.hass)):
                raise AbortFlow(_CONFIGURED)
        await self.async_set_unique_id(self._finding.identity.unique_id, raise_on_progress=False)

    async def _accepted(self) -> ConfigFlowResult:
        """Go on with a camera that may be added."""
        return await self.async_step_confirm()

    def _refuse_held(self, mac: str | None, serial: str | None) -> None:
        """Abort for a camera that was provisioned a moment ago (provisioning.txt)."""
        until = held_until(self.hass, mac=mac, serial=serial, host=self._data.get(CONF_HOST))
        if until is not None:
            shown = dt_util.as_local(until).strftime("%H:%M:%S")
            raise AbortFlow(JUST_PROVISIONED, {"until": shown})

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


def preferred(findings: Sequence[Finding]) -> Finding:
    """Return the finding of the family that says more of its cameras than a general one."""
    return next((one for one in findings if not FAMILIES[one.family].general), findings[0])


def is_same(identity: Identity, candidate: Candidate) -> bool:
    """Return whether a camera can be the one that a candidate says it is."""
    if identity.mac is not None and candidate.mac is not None:
        return candidate.mac in {identity.mac, *identity.marks}
    if identity.serial is not None and candidate.serial is not None:
        return identity.serial == candidate.serial
    return True


def card_of(name: str, host: str) -> str:
    """Return what tells a discovered camera from another one of its name."""
    return name if name == host else f"{name} ({host})"


def _marks(identity: Identity) -> list[str]:
    """Return by what an entry may know a camera, the strongest first."""
    first = [mark for mark in (identity.mac, identity.serial) if mark is not None]
    return first + sorted(identity.marks.difference(first))


def title_of(identity: Identity) -> str:
    """Return what to call a camera until its owner decides otherwise."""
    return identity.name or identity.model or f"{identity.manufacturer} {identity.unique_id}"
