"""The services of the simulated camera, one file each."""

from typing import TYPE_CHECKING, Final

from . import analytics, device, deviceio, events, imaging, media, media2, ptz

if TYPE_CHECKING:
    from tests.simulators.onvif.camera import Features
    from tests.simulators.onvif.service import Service

ALL: Final[tuple[Service, ...]] = (
    device.SERVICE,
    media.SERVICE,
    media2.SERVICE,
    imaging.SERVICE,
    ptz.SERVICE,
    deviceio.SERVICE,
    deviceio.RELAYS,
    deviceio.OLD_LISTS,
    events.SERVICE,
    events.NOTIFICATION,
    analytics.SERVICE,
)


def services_of(features: Features) -> tuple[Service, ...]:
    """Give the services that a camera with `features` has."""
    return tuple(service for service in ALL if getattr(features, service.name, True))
