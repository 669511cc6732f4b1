"""The drop: where cameras of any brand send clips by FTP, for as long as its owner has it on."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
import socket
from typing import Any, Final

from homeassistant.components import network
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST, EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.dispatcher import async_dispatcher_connect, async_dispatcher_send
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util.hass_dict import HassKey

from .const import CONF_DROP, DOMAIN, LOGGER
from .drop_accounts import SIGNAL_ACCOUNTS, drop_accounts
from .ftp import ForeignFolderError, FtpServer, Limits, Options, Received, Store, Tree

DEFAULT_PORT: Final = 2121
DEFAULT_PASSIVE: Final = (50_100, 50_199)
FOLDER: Final = "panacam_received"
"""In Home Assistant's configuration, where no web page and no media folder shows it."""
TIDY: Final = timedelta(hours=1)
_GIGABYTE: Final = 1024**3
PORT_TAKEN: Final = "drop_port_taken"
FOREIGN_FOLDER: Final = "drop_foreign_folder"
NO_FOLDER: Final = "drop_no_folder"
PUBLIC_FOLDER: Final = "drop_public_folder"
ISSUES: Final = (PORT_TAKEN, FOREIGN_FOLDER, NO_FOLDER)


@dataclass(frozen=True, slots=True, kw_only=True)
class DropConfig:
    """What its owner wants."""

    on: bool = False
    port: int = DEFAULT_PORT
    first_port: int = DEFAULT_PASSIVE[0]
    last_port: int = DEFAULT_PASSIVE[1]
    address: str | None = None
    """What cameras are told to connect to; None: the address on their own network."""
    folder: str | None = None
    """None: the usual one."""
    # The usual folder is in every backup of Home Assistant.
    camera_gigabytes: float = 5
    all_gigabytes: float = 10
    days: float = 30

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> DropConfig:
        """Read the options of the network's entry."""
        return cls(**options.get(CONF_DROP, {}))

    def root(self, hass: HomeAssistant) -> Path:
        """Return where files are kept."""
        return Path(self.folder or hass.config.path(FOLDER))

    @property
    def limits(self) -> Limits:
        """Return what may be kept."""
        return Limits(
            account_bytes=int(self.camera_gigabytes * _GIGABYTE),
            all_bytes=int(self.all_gigabytes * _GIGABYTE),
            days=self.days,
        )


class Drop:
    """A drop that takes files."""

    def __init__(self, hass: HomeAssistant, config: DropConfig) -> None:
        """Have everything ready; nothing is read or listened to yet."""
        self.config = config
        self.store = Store(Tree(config.root(hass)), config.limits, self._received)
        self._hass = hass
        self._listeners: dict[str, list[Callable[[Received], None]]] = {}
        self._server = FtpServer(
            self.store,
            Options(
                port=config.port,
                passive_ports=range(config.first_port, config.last_port + 1),
                told_address=config.address,
            ),
        )
        self._ends: list[CALLBACK_TYPE] = []

    async def async_open(self) -> None:
        """Learn what is there, and listen. ForeignFolderError; OSError by folder or port."""
        await self.store.open()
        await self._server.open()
        self._put_accounts()
        self._ends = [
            async_dispatcher_connect(self._hass, SIGNAL_ACCOUNTS, self._put_accounts),
            async_track_time_interval(self._hass, self._tidy, TIDY, cancel_on_shutdown=True),
        ]

    async def async_close(self) -> None:
        """Hang up, once what is being written is whole."""
        while self._ends:
            self._ends.pop()()
        await self._server.close()
        await self.store.close()

    @callback
    def listen(self, entry_id: str, listener: Callable[[Received], None]) -> CALLBACK_TYPE:
        """Tell of each clip of a camera; return what ends that."""
        listeners = self._listeners.setdefault(entry_id, [])
        listeners.append(listener)
        return lambda: listeners.remove(listener)

    async def _tidy(self, _now: datetime) -> None:
        try:
            await self.store.tidy()
        except OSError:
            LOGGER.exception("Old received files could not be removed")

    @callback
    def _received(self, file: Received) -> None:
        for listener in self._listeners.get(file.account, ()):
            listener(file)

    @callback
    def _put_accounts(self) -> None:
        self._server.put_accounts(drop_accounts(self._hass).all())


_DROP: Final[HassKey[Drop]] = HassKey(f"{DOMAIN}_drop")


@callback
def running_drop(hass: HomeAssistant) -> Drop | None:
    """Return the drop as long as it takes files."""
    return hass.data.get(_DROP)


async def async_keep_drop(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Have the drop as the network's options want it, for as long as its entry is loaded."""
    config = DropConfig()
    turn = asyncio.Lock()
    is_over = False

    async def follow(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
        nonlocal config
        async with turn:
            # What was wanted before somebody else's turn ended may be wanted no more.
            wanted = DropConfig() if is_over else DropConfig.of(entry.options)
            if wanted != config:
                config = wanted
                await _async_stop(hass)
                await _async_start(hass, config)

    async def stop(_event: Event | None = None) -> None:
        nonlocal is_over
        is_over = True
        await follow(hass, entry)

    entry.async_on_unload(stop)
    entry.async_on_unload(hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, stop))
    entry.async_on_unload(entry.add_update_listener(follow))
    await follow(hass, entry)


async def _async_start(hass: HomeAssistant, config: DropConfig) -> None:
    """Begin, or say why that is not possible."""
    for issue in ISSUES:
        ir.async_delete_issue(hass, DOMAIN, issue)
    if not config.on:
        return
    drop = Drop(hass, config)
    try:
        await drop.async_open()
    except (ForeignFolderError, OSError) as err:
        await drop.async_close()
        _complain(hass, config, err)
        return
    except BaseException:
        # Cancelled: nobody would know of it.
        await drop.async_close()
        raise
    hass.data[_DROP] = drop
    async_dispatcher_send(hass, SIGNAL_ACCOUNTS)


def _complain(hass: HomeAssistant, config: DropConfig, err: Exception) -> None:
    if isinstance(err, ForeignFolderError):
        issue = FOREIGN_FOLDER
    else:
        issue = NO_FOLDER if _is_of_folder(err) else PORT_TAKEN
    LOGGER.warning("The FTP drop did not start: %s", issue)
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue,
        is_fixable=False,
        severity=ir.IssueSeverity.ERROR,
        translation_key=issue,
        translation_placeholders={
            "port": str(config.port),
            "folder": str(config.root(hass)),
        },
    )


def _is_of_folder(err: Exception) -> bool:
    return isinstance(err, OSError) and err.filename is not None


async def _async_stop(hass: HomeAssistant) -> None:
    if (drop := hass.data.pop(_DROP, None)) is not None:
        await drop.async_close()
        async_dispatcher_send(hass, SIGNAL_ACCOUNTS)


async def async_fault_of(hass: HomeAssistant, config: DropConfig) -> str | None:
    """Return why a drop could not be as wanted, as the key of a sentence; None: it could."""
    if not config.on:
        return None
    root = config.root(hass)

    def look() -> str | None:
        if root.resolve().is_relative_to(Path(hass.config.path("www")).resolve()):
            return PUBLIC_FOLDER
        try:
            Tree(root).check()
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
        except ForeignFolderError:
            return FOREIGN_FOLDER
        except OSError:
            return NO_FOLDER
        return None

    if not root.is_absolute():
        return NO_FOLDER
    if (fault := await hass.async_add_executor_job(look)) is not None:
        return fault
    drop = running_drop(hass)
    if drop is not None and drop.config.port == config.port:
        return None
    try:
        # As asyncio does, or a port that somebody only just left would seem taken.
        with socket.create_server(("", config.port)):
            return None
    except OSError:
        return PORT_TAKEN


async def async_address_for(hass: HomeAssistant, entry: ConfigEntry[Any]) -> str:
    """Return the IPv4 address that a camera is to send clips to. HomeAssistantError."""
    drop = running_drop(hass)
    if drop is not None and drop.config.address is not None:
        return drop.config.address
    target = network.PUBLIC_TARGET_IP
    with suppress(ValueError):
        host = ip_address(str(entry.data[CONF_HOST]).partition("%")[0])
        target = str(host) if host.version == 4 else target
    address = await network.async_get_source_ip(hass, target)
    if ip_address(address).version != 4:
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key="drop_no_address")
    return address
