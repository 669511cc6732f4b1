"""Actions about a camera's certificate; where HTTPS is in use, the new one is followed."""

from collections.abc import Awaitable
from typing import Any, Final

from homeassistant.const import CONF_HOST
from homeassistant.core import SupportsResponse
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from .action_base import Action, Asked, Told
from .action_place import CONFIRM, refuse_unconfirmed
from .cams.placing import CertificateStatus, CertificateStore, Reach, Subject
from .changing import alone
from .const import DOMAIN
from .following import port_of
from .moving import Journey, async_follow

CONFIRM_CERTIFICATE: Final = "confirm_certificate"
"""Key of what is said to who has not confirmed."""
NOT_PEM: Final = "not_pem"
MAX_PEM: Final = 16384
NAME: Final = vol.All(cv.string, vol.Length(min=1, max=64))
COUNTRY: Final = vol.All(cv.string, vol.Match(r"^[A-Za-z]{2}$"))
_PEM: Final = ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----")


def _status(status: CertificateStatus) -> dict[str, object]:
    return {
        "certificate": status.kind.value,
        "https": status.https,
        "port": status.port,
        "details": status.details,
        "key": status.key,
    }


async def _get(store: CertificateStore, _asked: Asked) -> Told:
    """Tell what certificate and key there are."""
    return _status(await store.read())


def _subject(asked: Asked) -> Subject:
    return Subject(
        **asked.given(
            "common_name", "country", "state", "locality", "organization", "organization_unit"
        )
    )


async def _create(store: CertificateStore, asked: Asked) -> Told:
    """Have a camera make its own certificate."""
    refuse_unconfirmed(asked, CONFIRM_CERTIFICATE)
    async with alone(asked.coordinator):
        before = await store.read()
        await _renew(asked, before, store.create_self_signed(_subject(asked)))
    return None


async def _request(store: CertificateStore, asked: Asked) -> Told:
    """Have a camera ask for a certificate; the answer is for an authority."""
    async with alone(asked.coordinator):
        return {"request": await store.create_request(_subject(asked))}


async def _install(store: CertificateStore, asked: Asked) -> Told:
    """Give a camera what an authority has signed."""
    refuse_unconfirmed(asked, CONFIRM_CERTIFICATE)
    certificate = asked.data["certificate"].strip()
    if not (certificate.startswith(_PEM[0]) and certificate.endswith(_PEM[1])):
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key=NOT_PEM)
    async with alone(asked.coordinator):
        before = await store.read()
        await _renew(asked, before, store.install(f"{certificate}\n"))
    return None


async def _delete(store: CertificateStore, asked: Asked) -> Told:
    refuse_unconfirmed(asked, CONFIRM_CERTIFICATE)
    async with alone(asked.coordinator):
        await store.delete()
    return None


async def _create_key(store: CertificateStore, asked: Asked) -> Told:
    refuse_unconfirmed(asked, CONFIRM_CERTIFICATE)
    async with alone(asked.coordinator):
        await store.create_key(previous=asked.data["previous"])
    return None


async def _renew(asked: Asked, before: CertificateStatus, work: Awaitable[None]) -> None:
    """Wait until a certificate is there, and tell the camera by it where HTTPS is in use.

    CameraError, HomeAssistantError. A camera that never agreed to make one is not followed: who
    shows another certificate then may be anybody.
    """
    await work
    if not before.https:
        return
    coordinator = asked.coordinator
    entry = coordinator.config_entry
    reach = Reach(host=entry.data[CONF_HOST], port=port_of(entry.data), tls=True)
    await async_follow(coordinator.hass, entry, Journey(reach=reach, certificate=True))


_SUBJECT: Final = {
    vol.Required("common_name"): NAME,
    vol.Optional("country"): COUNTRY,
    vol.Optional("state"): NAME,
    vol.Optional("locality"): NAME,
    vol.Optional("organization"): NAME,
    vol.Optional("organization_unit"): NAME,
}

CERTIFYING: Final[tuple[Action[Any], ...]] = (
    Action[CertificateStore](
        name="get_certificate",
        fields={},
        role_fn=lambda device: device.certificates,
        call_fn=_get,
        response=SupportsResponse.ONLY,
    ),
    Action[CertificateStore](
        name="create_certificate",
        fields={**_SUBJECT, CONFIRM: cv.boolean},
        role_fn=lambda device: device.certificates,
        call_fn=_create,
    ),
    Action[CertificateStore](
        name="create_certificate_request",
        fields=_SUBJECT,
        role_fn=lambda device: device.certificates,
        call_fn=_request,
        response=SupportsResponse.ONLY,
    ),
    Action[CertificateStore](
        name="install_certificate",
        fields={
            vol.Required("certificate"): vol.All(cv.string, vol.Length(max=MAX_PEM)),
            CONFIRM: cv.boolean,
        },
        role_fn=lambda device: device.certificates,
        call_fn=_install,
    ),
    Action[CertificateStore](
        name="delete_certificate",
        fields={CONFIRM: cv.boolean},
        role_fn=lambda device: device.certificates,
        call_fn=_delete,
    ),
    Action[CertificateStore](
        name="create_key",
        fields={vol.Optional("previous", default=False): cv.boolean, CONFIRM: cv.boolean},
        role_fn=lambda device: device.certificates,
        call_fn=_create_key,
    ),
)
