"""Adding a camera that its owner expects: the list of expected cameras says who it must be."""

from typing import Any, Final

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.const import (
    CONF_HOST,
    CONF_NAME,
    CONF_PASSWORD,
    CONF_PORT,
    CONF_SSL,
    CONF_USERNAME,
    CONF_VERIFY_SSL,
)

from .cams.device import Identity, read_mac
from .cams.errors import CameraError, Reason
from .cams.net.tls import certificate_of
from .const import (
    CONF_EXPECTED_MAC,
    CONF_EXPECTED_SERIAL,
    CONF_FAMILY,
    CONF_FINGERPRINT,
    CONF_VOUCHED,
)
from .flow_base import title_of
from .flow_family import FamilyFlow
from .following import async_mac_of

_HTTPS_PORT: Final = 443
_TAKEN: Final = (
    CONF_HOST,
    CONF_PORT,
    CONF_SSL,
    CONF_VERIFY_SSL,
    CONF_FINGERPRINT,
    CONF_USERNAME,
    CONF_PASSWORD,
    CONF_FAMILY,
)


class ImportFlow(FamilyFlow):
    """The step of provisioning that makes an entry, or says in a word why not."""

    async def async_step_import(self, import_data: dict[str, Any]) -> ConfigFlowResult:
        """Add the camera at an address if it is the one that is expected there.

        Whoever asks has made sure that the password may go to this address.
        """
        self._data = {key: import_data[key] for key in _TAKEN if import_data.get(key) is not None}
        self._data.setdefault(CONF_SSL, False)
        self._data.setdefault(CONF_VERIFY_SSL, CONF_FINGERPRINT not in self._data)
        finding = await self._find()
        if finding is None and self._reason() == Reason.TLS.value and await self._pin():
            finding = await self._find()
        if finding is None:
            return self.async_abort(reason=self._reason())
        if len(self._findings) > 1:
            await self._compare()
            finding = self._richest()
        if not await self._is_expected(finding.identity, import_data):
            return self.async_abort(reason=Reason.OTHER_CAMERA.value)
        self._finding = finding
        await self._refuse_known()
        return self.async_create_entry(
            title=import_data.get(CONF_NAME) or title_of(finding.identity),
            data=self._entry_data(),
        )

    async def _pin(self) -> bool:
        """Take the certificate that a new camera made itself as the one that it has to show."""
        port = self._data.get(CONF_PORT) or _HTTPS_PORT
        try:
            certificate = await certificate_of(self._data[CONF_HOST], port)
        except CameraError:
            return False
        self._data |= {CONF_VERIFY_SSL: False, CONF_FINGERPRINT: certificate.fingerprint}
        return True

    async def _is_expected(self, identity: Identity, expected: dict[str, Any]) -> bool:
        """Return whether a camera has shown to be the one that is expected.

        Behind a router some have nothing to show; then the DHCP server's own word is enough.
        """
        proofs: list[bool] = []
        if (mac := read_mac(expected.get(CONF_EXPECTED_MAC) or "")) is not None:
            told = identity.mac or await async_mac_of(self.hass, self._data[CONF_HOST])
            if told is not None:
                proofs.append(told == mac)
        serial = expected.get(CONF_EXPECTED_SERIAL)
        if serial and identity.serial is not None:
            proofs.append(identity.serial.casefold() == serial.casefold())
        if not proofs:
            return (mac is None and not serial) or bool(expected.get(CONF_VOUCHED))
        return all(proofs)
