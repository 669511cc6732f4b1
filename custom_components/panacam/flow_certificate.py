"""Cameras that made their certificate themselves: it is shown, and after consent no other taken."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Final, override

from homeassistant.config_entries import SOURCE_IMPORT, ConfigFlowResult
from homeassistant.const import CONF_HOST, CONF_PORT, CONF_SSL, CONF_VERIFY_SSL
import voluptuous as vol

from .cams.errors import CameraError, Reason
from .cams.net.tls import Certificate, certificate_of, grouped
from .const import CONF_FINGERPRINT
from .flow_base import CameraFlow
from .forms import escaped

type GoOn = Callable[[], Awaitable[ConfigFlowResult | None]]
"""What a flow does once a certificate is agreed to; None: `_errors` says why it cannot."""

_HTTPS_PORT: Final = 443
_OF_CERTIFICATES: Final = {Reason.TLS.value, Reason.OTHER_CERTIFICATE.value}


class CertificateFlow(CameraFlow):
    """The step between an unknown certificate and a camera that is told by it."""

    _certificate: Certificate
    """The one that the form shows: the only one that is agreed to by it."""
    _before: str | None
    """Fingerprint of the one that was agreed to until then."""
    _go_on: GoOn
    _consent: tuple[str, int, str] | None = None
    """Host, port and fingerprint that were agreed to last, which nobody is asked about again."""

    async def async_step_certificate(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether a certificate that nobody vouches for is the camera's."""
        return await self._agree("certificate", user_input)

    async def async_step_certificate_changed(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether a camera that is told by its certificate has got another one."""
        return await self._agree("certificate_changed", user_input)

    @override
    async def _look(self) -> ConfigFlowResult | None:
        """Look who is at the address so far, and ask about its certificate where need be."""
        if (result := await super()._look()) is not None:
            return result
        return await self._ask_certificate(self._look)

    async def _ask_certificate(self, go_on: GoOn) -> ConfigFlowResult | None:
        """Ask about the certificate if it is what went wrong last; `go_on` comes after consent.

        None: that would not help.
        """
        checked = self._data.get(CONF_VERIFY_SSL, True) or CONF_FINGERPRINT in self._data
        if self._reason() not in _OF_CERTIFICATES or not checked or self.source == SOURCE_IMPORT:
            return None
        if (certificate := await self._shown()) is None:
            return None
        return await self._ask_about(certificate, go_on)

    async def _ask_other_certificate(self, go_on: GoOn) -> ConfigFlowResult | None:
        """Ask about the certificate if it is another one than was agreed to.

        None: it is not, or none was agreed to.
        """
        if CONF_FINGERPRINT not in self._data or (certificate := await self._shown()) is None:
            return None
        if certificate.fingerprint == self._data[CONF_FINGERPRINT]:
            return None
        return await self._ask_about(certificate, go_on)

    async def _shown(self) -> Certificate | None:
        """Return the certificate that is shown at the address so far, to which nothing is sent."""
        if not self._data.get(CONF_SSL, False):
            return None
        try:
            return await certificate_of(*self._endpoint())
        except CameraError:
            return None

    async def _ask_about(self, certificate: Certificate, go_on: GoOn) -> ConfigFlowResult:
        self._certificate, self._go_on = certificate, go_on
        self._before = self._data.get(CONF_FINGERPRINT)
        if CONF_FINGERPRINT in self._data:
            return await self.async_step_certificate_changed()
        return await self.async_step_certificate()

    def _ask_again(self) -> ConfigFlowResult | None:
        """Return the form that the address was typed into, with what went wrong; None: no form."""
        return None

    def _agreed(self) -> dict[str, Any]:
        """Return how the camera is told if its certificate was agreed to in this flow."""
        if self._consent is None or self._consent[:2] != self._endpoint():
            return {}
        return pin_of({CONF_FINGERPRINT: self._consent[2]})

    def _endpoint(self) -> tuple[str, int]:
        """Return where the certificate is that is agreed to."""
        return self._data[CONF_HOST], self._data.get(CONF_PORT) or _HTTPS_PORT

    async def _agree(self, step_id: str, user_input: dict[str, Any] | None) -> ConfigFlowResult:
        """Show a certificate; take it and go on once somebody agrees.

        If that leads nowhere, the form comes that the address or the login was typed into.
        """
        certificate = self._certificate
        if user_input is not None:
            self._data |= {CONF_VERIFY_SSL: False, CONF_FINGERPRINT: certificate.fingerprint}
            self._consent = (*self._endpoint(), certificate.fingerprint)
            if (result := await self._go_on()) is not None:
                return result
            if (result := self._ask_again()) is not None:
                return result
        return self.async_show_form(
            step_id=step_id,
            data_schema=vol.Schema({}),
            description_placeholders={
                "host": escaped(self._data[CONF_HOST]),
                "subject": escaped(certificate.subject),
                "since": _day(certificate.not_before),
                "until": _day(certificate.not_after),
                "fingerprint": grouped(certificate.fingerprint),
                "old_fingerprint": grouped(self._before or ""),
            },
            errors={} if user_input is None else self._base_errors(),
        )


def pin_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return how an entry judges its camera's certificate if it was agreed to; else nothing."""
    if (fingerprint := data.get(CONF_FINGERPRINT)) is None:
        return {}
    return {CONF_VERIFY_SSL: False, CONF_FINGERPRINT: fingerprint}


def _day(moment: datetime | None) -> str:
    return "?" if moment is None else moment.date().isoformat()
