"""Those whom nobody knows by their MAC address: one may be expected by its serial number."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST, CONF_PORT, CONF_SSL, CONF_VERIFY_SSL
from homeassistant.core import HomeAssistant, callback

from ..cams.errors import CameraError
from ..connection import find
from ..following import async_followable
from . import clock, ports as places
from .expected import Expected
from .ports import knock
from .steps import Request, Source

MAX_ASKED: Final = 200
"""Strangers who are waited for at one time: as many devices as a large house has."""
MAX_ASKING: Final = 16
"""Of those, who are knocked at."""
MAX_ANSWERED: Final = 500
"""Who is remembered for what it said; telephones change their addresses as they like."""
QUIET: Final = 3600.0
"""Seconds in which somebody who has answered is not asked again."""
LONGEST_PAUSE: Final = 8.0
"""Seconds between two looks at somebody who does not answer."""


class Strangers:
    """Asks each of them for its serial number, without a password, as long as it may be starting.

    Who never answers is asked again when it next gets an address.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        owner: ConfigEntry[Any],
        unseen: Callable[[], tuple[Expected, ...]],
        told: Callable[[Request, Expected | None], None],
    ) -> None:
        """Work for `owner`.

        `unseen` gives those who are expected by their serial number alone; `told` takes who a
        stranger is, None for nobody whom we look for.
        """
        self._hass = hass
        self._owner = owner
        self._unseen = unseen
        self._told = told
        self._asked: dict[str, Request] = {}
        self._answered: dict[str, float] = {}
        self._wanted: tuple[Expected, ...] = ()
        self._turns = asyncio.Semaphore(MAX_ASKING)

    @callback
    def take(self, request: Request) -> bool:
        """Begin to ask somebody, or go on at its newest address; return whether `told` will."""
        mac = request.mac
        if (before := self._asked.get(mac)) is not None:
            if request.source is Source.SERVER or before.source is Source.OVERHEARD:
                self._asked[mac] = request
            return True
        if (wanted := self._unseen()) != self._wanted:
            self._wanted = wanted
            self._answered.clear()
        if not wanted or len(self._asked) >= MAX_ASKED or self._has_answered(mac):
            return False
        self._asked[mac] = request
        self._owner.async_create_background_task(
            self._hass, self._ask(mac), "panacam serial number"
        )
        return True

    def _has_answered(self, mac: str) -> bool:
        at = self._answered.get(mac)
        return at is not None and self._hass.loop.time() < at + QUIET

    async def _ask(self, mac: str) -> None:
        """Look again and again until somebody tells its serial number, or had the time to."""
        loop, pause = self._hass.loop, clock.GAP
        end = loop.time() + clock.BOOT_LIMIT
        try:
            while True:
                async with self._turns:
                    is_told, wanted = await self._look(self._asked[mac])
                if is_told or loop.time() + pause > end:
                    break
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
        finally:
            request = self._asked.pop(mac)
        self._told(request, wanted)

    async def _look(self, request: Request) -> tuple[bool, Expected | None]:
        """Return whether there is nothing more to learn, and who of the expected it is."""
        if not await async_followable(self._hass, request.address):
            return True, None
        is_told = False
        for port in await knock(request.address, places.PORTS):
            self._remember(request.mac)
            try:
                found = await find(self._hass, _place(request.address, port))
            except CameraError:
                continue
            if (serial := found.identity.serial) is None:
                continue
            is_told = True
            for one in self._unseen():
                if one.serial is not None and one.serial.casefold() == serial.casefold():
                    return True, one
        return is_told, None

    def _remember(self, mac: str) -> None:
        self._answered.pop(mac, None)
        self._answered[mac] = self._hass.loop.time()
        while len(self._answered) > MAX_ANSWERED:
            del self._answered[next(iter(self._answered))]


def _place(address: str, port: int) -> dict[str, Any]:
    """Return where to ask, as entry data; nothing secret is sent, so any certificate will do."""
    return {
        CONF_HOST: address,
        CONF_PORT: port,
        CONF_SSL: port == places.HTTPS,
        CONF_VERIFY_SSL: False,
    }
