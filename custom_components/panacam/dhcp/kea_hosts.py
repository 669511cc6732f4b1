"""Reservations in Kea's hosts database, by the commands of its host_cmds library."""

from typing import Any

from .kea_channel import Channel, CommandRefusedError
from .kea_config import Map, address_of, changed, is_of
from .reservations import Reservation, ReservationError, ServerReason


class Hosts:
    """The hosts database of one server; its changes are written by Kea at once."""

    def __init__(self, channel: Channel, *, by_id: bool) -> None:
        """Take the server's channel; `by_id`: it has reservation-get-by-id, for all subnets."""
        self._channel = channel
        self._by_id = by_id

    async def reserve(self, reservation: Reservation, subnet_id: int) -> None:
        """Keep the address for the device, instead of any other; on failure nothing changed.

        Raises ReservationError(ADDRESS_TAKEN | REFUSED | ...).
        """
        place = {"subnet-id": subnet_id, "ip-address": reservation.address}
        holder = await self._channel.ask("reservation-get", place)
        if isinstance(holder, dict) and holder and not is_of(holder, reservation.mac):
            raise ReservationError(ServerReason.ADDRESS_TAKEN)
        old = await self.of(reservation.mac, subnet_id)
        here = next((host for host in old if host["subnet-id"] == subnet_id), None)
        new = changed(here or {"hw-address": reservation.mac, "subnet-id": subnet_id}, reservation)
        if old != [new]:
            await self._replace(old, new)

    async def release(self, mac: str, subnet_ids: list[int]) -> None:
        """Keep no address for the device any more."""
        for subnet_id in subnet_ids[:1] if self._by_id else subnet_ids:
            if old := await self.of(mac, subnet_id):
                await self._replace(old, None)

    async def of(self, mac: str, subnet_id: int) -> list[Map]:
        """Return what is kept for a device: everywhere when Kea can tell, else in one subnet."""
        identifier = {"identifier-type": "hw-address", "identifier": mac}
        if self._by_id:
            answer = await self._channel.ask("reservation-get-by-id", identifier)
            hosts: Any = answer.get("hosts") if isinstance(answer, dict) else []
        else:
            place = {"subnet-id": subnet_id, **identifier}
            host = await self._channel.ask("reservation-get", place)
            hosts = [{**host, "subnet-id": subnet_id}] if isinstance(host, dict) and host else []
        if not isinstance(hosts, list):
            raise ReservationError(ServerReason.UNEXPECTED_REPLY, "reservation-get-by-id")
        return [
            host
            for host in hosts
            if isinstance(host, dict)
            and is_of(host, mac)
            and address_of(host)
            and isinstance(host.get("subnet-id"), int)
        ]

    async def _replace(self, old: list[Map], new: Map | None) -> None:
        """Delete what is old and add what is new, or leave everything as it was."""
        touched: list[Map] = []
        try:
            for host in old:
                touched.append(host)
                await self._delete(host)
            if new:
                await self._channel.ask("reservation-add", {"reservation": new})
        except ReservationError as err:
            await self._put_back(touched, new, err)
            raise

    async def _put_back(self, old: list[Map], new: Map | None, cause: ReservationError) -> None:
        """Make it as it was before; what was refused has changed nothing."""
        unsure = not isinstance(cause, CommandRefusedError)
        try:
            if new and unsure:
                await self._delete(new)
        except CommandRefusedError:
            pass  # it had not been added
        except ReservationError as err:
            raise ReservationError(ServerReason.NOT_RESTORED, "reservation-del") from err
        for host in old:
            try:
                await self._channel.ask("reservation-add", {"reservation": host})
            except CommandRefusedError:
                # Refused because it is still there: the question is whether it is.
                if not await self._is_there(host):
                    raise ReservationError(ServerReason.NOT_RESTORED, "reservation-add") from cause
            except ReservationError as err:
                raise ReservationError(ServerReason.NOT_RESTORED, "reservation-add") from err

    async def _is_there(self, host: Map) -> bool:
        """Return whether a reservation stands as it did."""
        place = {"subnet-id": host["subnet-id"], "ip-address": host["ip-address"]}
        try:
            found = await self._channel.ask("reservation-get", place)
        except ReservationError:
            return False
        return isinstance(found, dict) and found.get("hw-address") == host.get("hw-address")

    async def _delete(self, host: Map) -> None:
        """Delete one reservation."""
        place = {"subnet-id": host["subnet-id"], "ip-address": host["ip-address"]}
        await self._channel.ask("reservation-del", place)
