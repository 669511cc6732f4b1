"""Kea's DHCPv4 server: addresses kept by its hosts database, or by its configuration.

A configuration is read, changed, tested, set and written to the server's file; whatever fails on
the way, the running configuration and the file are as before.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
import re
from typing import Final

from aiohttp import ClientSession

from .kea_channel import REQUEST_TIMEOUT, Channel, CommandRefusedError, aside
from .kea_config import Map, has_database, mentions, released, reserved, subnet_ids, subnet_of
from .kea_hosts import Hosts
from .reservations import Reservation, ReservationError, ServerReason, check_mac, to_its_end

RESTORE_TRIES: Final = 3
RESTORE_PAUSE: Final = 1.0
"""Seconds between two tries to put a configuration back."""
_CHANGE_TRIES: Final = 2
_NEEDED: Final = frozenset({"config-get", "config-test", "config-set", "config-write"})
_VERSION: Final = re.compile(r"\d{1,3}(\.\d{1,3}){1,3}")


@dataclass(frozen=True, slots=True)
class _Configuration:
    """What config-get answered."""

    dhcp4: Map
    digest: object
    """Kea's own hash of it (Kea 2.4 and later), else None."""


class KeaServer:
    """One DHCPv4 server of Kea behind its control agent, or by itself."""

    def __init__(
        self,
        session: ClientSession,
        url: str,
        username: str | None = None,
        password: str | None = None,
        *,
        timeout: float = REQUEST_TIMEOUT,
    ) -> None:
        """Aim at `url`; `timeout` in seconds, for each of the commands that a change takes."""
        self._channel = Channel(session, url, username, password, timeout=timeout)
        self._lock = asyncio.Lock()

    async def check(self) -> str:
        """Return the server's name and version; REFUSED when it lacks a command that we need."""
        if missing := _NEEDED - await self._commands():
            raise ReservationError(ServerReason.REFUSED, min(missing))
        await self._channel.ask("status-get")
        await self._configuration()
        version = _VERSION.search(await self._channel.ask_text("version-get"))
        return f"Kea {version[0]}" if version else "Kea"

    async def reserve(self, reservation: Reservation) -> None:
        """Keep the address for the device, instead of any other; raises ReservationError."""
        async with self._lock:
            commands = await self._commands()
            if "reservation-add" in commands:
                config = (await self._configuration()).dhcp4
                # Raises as it would for the configuration, whose reservations hold as well.
                subnet = await aside(partial(_home_in_database, config, reservation))
                if subnet is not None:
                    hosts = self._hosts(commands)
                    await to_its_end(hosts.reserve(reservation, subnet))
                    return
            await self._change(lambda config: reserved(config, reservation), commands)

    async def release(self, mac: str) -> None:
        """Keep no address for the device any more; raises ReservationError."""
        check_mac(mac)
        async with self._lock:
            commands = await self._commands()
            if "reservation-del" in commands:
                config = (await self._configuration()).dhcp4
                if has_database(config):
                    hosts = self._hosts(commands)
                    await to_its_end(hosts.release(mac, subnet_ids(config)))
            await self._change(lambda config: released(config, mac), commands)

    def _hosts(self, commands: frozenset[str]) -> Hosts:
        """Return the hosts database."""
        return Hosts(self._channel, by_id="reservation-get-by-id" in commands)

    async def _commands(self) -> frozenset[str]:
        """Return the commands that the server knows; UNREACHABLE when only its agent answers."""
        try:
            names = await self._channel.ask("list-commands")
        except CommandRefusedError as err:
            # No server refuses this: its agent did, which cannot reach it.
            raise ReservationError(ServerReason.UNREACHABLE, "list-commands") from err
        if not isinstance(names, list):
            raise ReservationError(ServerReason.UNEXPECTED_REPLY, "list-commands")
        return frozenset(name for name in names if isinstance(name, str))

    async def _configuration(self) -> _Configuration:
        """Return the configuration that the server runs with."""
        answer = await self._channel.ask("config-get")
        if not isinstance(answer, dict) or not isinstance(answer.get("Dhcp4"), dict):
            raise ReservationError(ServerReason.UNEXPECTED_REPLY, "config-get")
        return _Configuration(answer["Dhcp4"], answer.get("hash"))

    async def _is_still(self, before: _Configuration, commands: frozenset[str]) -> bool:
        """Return whether nobody has changed the configuration since."""
        if before.digest is not None and "config-hash-get" in commands:
            answer = await self._channel.ask("config-hash-get")
            return isinstance(answer, dict) and answer.get("hash") == before.digest
        now = await self._configuration()
        return await aside(partial(_same, now.dhcp4, before.dhcp4))

    async def _change(self, edit: Callable[[Map], Map], commands: frozenset[str]) -> None:
        """Run with an edited configuration and write it down; BUSY when others do so, too."""
        for _ in range(_CHANGE_TRIES):
            before = await self._configuration()
            after = await aside(partial(_edited, edit, before.dhcp4))
            if after is None:
                return
            await self._channel.ask("config-test", {"Dhcp4": after})
            if await self._is_still(before, commands):
                await to_its_end(self._set(before.dhcp4, after))
                return
        raise ReservationError(ServerReason.BUSY)

    async def _set(self, before: Map, after: Map) -> None:
        """Run with `after` and write it down, or go on with `before`."""
        try:
            await self._channel.ask("config-set", {"Dhcp4": after})
        except ReservationError:
            await self._put_back(before)
            raise
        try:
            await self._channel.ask("config-write", {})
        except CommandRefusedError as err:
            await self._put_back(before)
            # Half a file may stand there (a full disk); where nothing may be written, it is whole.
            await self._write_again()
            raise ReservationError(ServerReason.FILE, "config-write") from err
        except ReservationError:
            await self._put_back(before)
            if not await self._write_again():
                raise ReservationError(ServerReason.NOT_RESTORED, "config-write") from None
            raise

    async def _put_back(self, before: Map) -> None:
        """Make the server run as it did; NOT_RESTORED when that cannot be had."""
        for tried in range(RESTORE_TRIES):
            if tried:
                await asyncio.sleep(RESTORE_PAUSE)
            try:
                now = (await self._configuration()).dhcp4
                if not await aside(partial(_same, now, before)):
                    await self._channel.ask("config-set", {"Dhcp4": before})
            except ReservationError:
                continue
            return
        raise ReservationError(ServerReason.NOT_RESTORED, "config-set")

    async def _write_again(self) -> bool:
        """Write what the server runs with to its file; return whether it was written."""
        try:
            await self._channel.ask("config-write", {})
        except ReservationError:
            return False
        return True


def _same(one: Map, other: Map) -> bool:
    """Compare two configurations, which takes long for large ones."""
    return one == other


def _edited(edit: Callable[[Map], Map], config: Map) -> Map | None:
    """Return the edited configuration, None when it is as it should be."""
    after = edit(config)
    return None if after == config else after


def _home_in_database(config: Map, reservation: Reservation) -> int | None:
    """Return the id of the address' subnet, None when the configuration is the place for it.

    It is without a database, and for a device that it keeps already. Raises ReservationError when
    it speaks against this.
    """
    if not has_database(config):
        return None
    reserved(config, reservation)
    subnet_id = subnet_of(config, reservation.address).get("id")
    usable = isinstance(subnet_id, int) and not mentions(config, reservation.mac)
    return subnet_id if usable else None
