import asyncio
import copy
from typing import Any

from aiohttp import ClientSession
import pytest

from custom_components.panacam.dhcp.reservations import Reservation, ReservationError, ServerReason
from tests.dhcp.test_kea import (
    CAM,
    CONFIG,
    LAN,
    OTHER,
    YARD,
    kept,
    of,
    patience,
    reason_of,
    server_of,
)
from tests.simulators.kea import Fault, KeaSimulator

DATABASE: dict[str, Any] = {**CONFIG, "hosts-databases": [{"type": "mysql"}]}


def simulated(**changes: Any) -> KeaSimulator:
    """Return a server with a hosts database and the commands for it."""
    return KeaSimulator(DATABASE, host_commands=True, **changes)


def stored(simulator: KeaSimulator) -> list[tuple[str, int, str, str]]:
    """Return what the database keeps."""
    return sorted(
        (host["hw-address"], host["subnet-id"], host["ip-address"], host["hostname"])
        for host in simulator.hosts
    )


@pytest.mark.parametrize("by_id", [False, True])
async def test_reserve_and_release(session: ClientSession, *, by_id: bool) -> None:
    """The database has it, the configuration is not touched."""
    async with simulated(by_id=by_id) as simulator:
        before = copy.deepcopy(simulator.config)
        server = server_of(session, simulator)
        await server.reserve(of("192.0.2.30", name="gate"))
        await server.reserve(of("192.0.2.30", name="gate"))
        assert stored(simulator) == [(CAM, 1, "192.0.2.30", "gate")]
        assert simulator.asked.count("reservation-add") == 1
        simulator.hosts[0]["client-classes"] = ["cameras"]
        await server.reserve(of("192.0.2.31"))
        assert stored(simulator) == [(CAM, 1, "192.0.2.31", "gate")]
        assert simulator.hosts[0]["client-classes"] == ["cameras"]
        assert simulator.config == simulator.file == before
        assert not {"config-set", "config-write"} & set(simulator.asked)
        await server.release(CAM)
        await server.release(CAM)
        assert simulator.hosts == []
        assert simulator.config == simulator.file == before


async def test_another_subnet(session: ClientSession) -> None:
    """A device has one address, wherever the old one was."""
    async with simulated() as simulator:
        server = server_of(session, simulator)
        await server.reserve(of("192.0.2.30"))
        await server.reserve(of("198.51.100.30"))
        assert stored(simulator) == [(CAM, 2, "198.51.100.30", "")]


async def test_release_from_every_subnet(session: ClientSession) -> None:
    """Also where Kea cannot search all subnets at once."""
    async with simulated(by_id=False) as simulator:
        server = server_of(session, simulator)
        await server.reserve(of("192.0.2.30"))
        await server.reserve(of("198.51.100.30"))
        assert len(simulator.hosts) == 2
        await server.release(CAM)
        assert simulator.hosts == []


async def test_addresses_of_others(session: ClientSession) -> None:
    """Kept for others by the database, or by the configuration."""
    async with simulated() as simulator:
        server = server_of(session, simulator)
        await server.reserve(of("192.0.2.30", "a8:13:74:00:00:09"))
        assert await reason_of(server, of("192.0.2.30")) is ServerReason.ADDRESS_TAKEN
        assert await reason_of(server, of("192.0.2.20")) is ServerReason.ADDRESS_TAKEN
        assert await reason_of(server, of("192.0.9.20")) is ServerReason.NO_SUBNET
        assert len(simulator.hosts) == 1


async def test_device_of_the_configuration(session: ClientSession) -> None:
    """Where its address stands already, it is changed."""
    async with simulated() as simulator:
        await server_of(session, simulator).reserve(of("192.0.2.33", OTHER))
        assert simulator.hosts == []
        assert kept(simulator, OTHER) == ["192.0.2.33"]


@pytest.mark.parametrize("config", [CONFIG, {**CONFIG, "hosts-databases": []}])
async def test_library_without_a_database(session: ClientSession, config: dict[str, Any]) -> None:
    """reservation-add would only fail, or be forgotten."""
    async with KeaSimulator(config, host_commands=True) as simulator:
        server = server_of(session, simulator)
        await server.reserve(of("192.0.2.30"))
        assert kept(simulator) == ["192.0.2.30"]
        await server.release(CAM)
        assert kept(simulator) == []
        assert not any(command.startswith("reservation") for command in simulator.asked)


async def test_subnet_without_an_id(session: ClientSession) -> None:
    """The database could not tell where it belongs."""
    config = {**DATABASE, "subnet4": [{"subnet": LAN}], "shared-networks": []}
    async with KeaSimulator(config, host_commands=True) as simulator:
        await server_of(session, simulator).reserve(of("192.0.2.30"))
        assert simulator.reservations(LAN)[0]["hw-address"] == CAM
        assert YARD not in str(simulator.config)


@pytest.mark.parametrize("by_id", [False, True])
@pytest.mark.parametrize("had", [None, "192.0.2.40"])
async def test_one_fault_anywhere(session: ClientSession, had: str | None, *, by_id: bool) -> None:
    """One fault, of any kind, at any command: done, or as it was before."""

    async def run(number: int | None, fault: Fault) -> tuple[list[str], str, str]:
        async with simulated(by_id=by_id) as simulator:
            server = server_of(session, simulator, **patience(fault))
            if had:
                await server.reserve(Reservation(mac=CAM, address=had))
            first = len(simulator.asked)
            if number is not None:
                simulator.fail(first + number, fault)
            outcome = "done"
            try:
                await server.reserve(of("192.0.2.30"))
            except ReservationError as err:
                outcome = err.reason
            addresses = ",".join(host["ip-address"] for host in simulator.hosts)
            return simulator.asked[first:], outcome, addresses

    commands, outcome, addresses = await run(None, Fault.CUT)
    assert (outcome, addresses) == ("done", "192.0.2.30")
    # Said to be done and not done is no fault but a lie; ten million bytes are read elsewhere.
    lies = {Fault.NO_ARGUMENTS, Fault.ODD_ARGUMENTS}
    faults = set(Fault) - {Fault.SPOILT, Fault.LARGE}
    for number, command in enumerate(commands):
        for fault in faults - (lies if command.startswith("reservation") else set()):
            _, outcome, addresses = await run(number, fault)
            wanted = "192.0.2.30" if outcome == "done" else had or ""
            assert outcome != ServerReason.NOT_RESTORED, (command, fault)
            assert addresses == wanted, (command, fault)


@pytest.mark.parametrize(
    "faults",
    [
        {"reservation-add": [Fault.REFUSED, Fault.CUT]},
        {"reservation-add": [Fault.REFUSED, Fault.REFUSED]},
        {"reservation-add": [Fault.REFUSED, Fault.REFUSED], 7: [Fault.CUT]},
        {"reservation-add": [Fault.CUT], 6: [Fault.CUT]},
    ],
)
async def test_no_way_back(session: ClientSession, faults: dict[str | int, list[Fault]]) -> None:
    """What was deleted and cannot be added again is told as such."""
    async with simulated() as simulator:
        server = server_of(session, simulator)
        await server.reserve(of("192.0.2.40"))
        first = len(simulator.asked)
        for command, queue in faults.items():
            simulator.fail(command + first if isinstance(command, int) else command, *queue)
        assert await reason_of(server, of("192.0.2.30")) is ServerReason.NOT_RESTORED


async def test_odd_hosts(session: ClientSession) -> None:
    """A list that is none is no answer."""
    async with simulated() as simulator:
        simulator.fail("reservation-get-by-id", Fault.ODD_ARGUMENTS)
        server = server_of(session, simulator)
        assert await reason_of(server, of("192.0.2.30")) is ServerReason.UNEXPECTED_REPLY
        assert simulator.hosts == []


async def test_cancelled_half_way(session: ClientSession) -> None:
    """Between delete and add nobody stops."""
    async with simulated() as simulator:
        server = server_of(session, simulator)
        await server.reserve(of("192.0.2.40"))
        held = simulator.hold("reservation-add")
        task = asyncio.create_task(server.reserve(of("192.0.2.30")))
        await simulator.reached.wait()
        assert simulator.hosts == []
        task.cancel()
        asyncio.get_running_loop().call_later(0.05, held.set)
        with pytest.raises(asyncio.CancelledError):
            await task
        assert stored(simulator) == [(CAM, 1, "192.0.2.30", "")]
