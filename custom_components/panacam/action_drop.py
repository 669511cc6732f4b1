"""The action that has a camera send its clips to the drop."""

from contextlib import suppress
from typing import Any, Final

from homeassistant.exceptions import ServiceValidationError
import voluptuous as vol

from .action_base import NAME, Action, Asked, Told
from .cams.clips import FtpTarget
from .cams.device import Device
from .const import DOMAIN
from .drop import async_address_for, running_drop
from .drop_accounts import drop_accounts
from .ftp.room import FullError

FOLDER: Final = "clips"


async def _send_here(device: Device, asked: Asked) -> Told:
    """Make an account if there is none, and tell the camera. ServiceValidationError, CameraError.

    Recorders may fail where their folder is not there beforehand (povcam.txt, 11.7).
    """
    coordinator = asked.coordinator
    hass, entry = coordinator.hass, coordinator.config_entry
    if (drop := running_drop(hass)) is None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="drop_off")
    if device.ftp is None:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="drop_not_by_itself"
        )
    address = await async_address_for(hass, entry)
    account = drop_accounts(hass).make(entry.entry_id)
    folder = asked.data["folder"]
    with suppress(OSError, FullError):
        await drop.store.make(account.key, (folder,))
    await device.ftp.aim(
        FtpTarget(
            host=address,
            port=drop.config.port,
            username=account.username,
            password=account.password,
            folder=folder,
        )
    )
    return None


_PLAIN: Final = vol.All(NAME, vol.Match(r"^[A-Za-z0-9_-]{1,64}$"))

DROPPING: Final[tuple[Action[Any], ...]] = (
    Action[Device](
        name="send_clips_here",
        fields={vol.Optional("folder", default=FOLDER): _PLAIN},
        role_fn=lambda device: device,
        call_fn=_send_here,
    ),
)
