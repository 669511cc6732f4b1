import asyncio
import copy
from typing import Any

from aiohttp import ClientSession
import pytest

from custom_components.panacam.dhcp.kea import RESTORE_TRIES, KeaServer
from custom_components.panacam.dhcp.reservations import (
    DhcpServer,
    Reservation,
    ReservationError,
    ServerReason,
)
from tests.simulators.kea import Fault, KeaSimulator

CAM = "a8:13:74:00:00:01"
OTHER = "a8:13:74:00:00:02"
LAN = "192.0.2.0/24"
YARD = "198.51.100.0/24"
CONFIG: dict[str, Any] = {
    "valid-lifetime": 3600,
    "subnet4": [
        {
            "id": 1,
            "subnet": LAN,
            "pools": [{"pool": "192.0.2.100-192.0.2.199"}],
            "reservations": [
                {"hw-address": OTHER, "ip-address": "192.0.2.20"},
                {"client-id": "01:02:03", "ip-address": "192.0.2.21"},
            ],
        },
        {"id": 3, "subnet": "203.0.113.0/24"},
    ],
    "shared-networks": [{"name": "cams", "subnet4": [{"id": 2, "subnet": YARD}]}],
}
QUICK = 0.5
"""Seconds for a command that is never answered."""


def server_of(session: ClientSession, simulator: KeaSimulator, **changes: Any) -> KeaServer:
    """Return the server behind a simulated agent."""
    given = {"username": "panacam", "password": "12345", **changes}
    return KeaServer(session, simulator.url, **given)


def patience(fault: Fault | None) -> dict[str, float]:
    """Return how long to wait for a command: short only where it waits for nothing."""
    return {"timeout": QUICK} if fault is Fault.SLOW else {}


def of(address: str, mac: str = CAM, name: str | None = None) -> Reservation:
    """Return a reservation."""
    return Reservation(mac=mac, address=address, host_name=name)


def kept(simulator: KeaSimulator, mac: str = CAM) -> list[str]:
    """Return the addresses that are kept for a device, as it runs and in its file alike."""
    assert simulator.file == simulator.config
    return [
        entry["ip-address"]
        for subnet in (LAN, YARD, "203.0.113.0/24")
        for entry in simulator.reservations(subnet)
        if entry.get("hw-address") == mac
    ]


async def reason_of(server: DhcpServer, reservation: Reservation | None = None) -> ServerReason:
    """Return why a reservation fails, or a check without one."""
    with pytest.raises(ReservationError) as caught:
        await (server.check() if reservation is None else server.reserve(reservation))
    assert "secret" not in str(caught.value)
    assert "12345" not in repr(caught.value)
    return caught.value.reason


async def test_check(session: ClientSession) -> None:
    """A server that can do it all tells its version, and nothing is changed."""
    async with KeaSimulator(CONFIG) as simulator:
        assert await server_of(session, simulator).check() == "Kea 2.2.0"
        assert simulator.asked == ["list-commands", "status-get", "config-get", "version-get"]
    async with KeaSimulator(CONFIG, bare=True, password=None) as simulator:
        assert await KeaServer(session, simulator.url).check() == "Kea 2.2.0"
        assert simulator.authorizations == [None] * 4


async def test_check_of_servers_that_cannot(session: ClientSession) -> None:
    """What is missing is found before it is needed."""
    async with KeaSimulator(CONFIG) as simulator:
        simulator.commands -= {"config-write"}
        assert await reason_of(server_of(session, simulator)) is ServerReason.REFUSED
        # So answers an agent whose server is off.
        simulator.fail("list-commands", Fault.REFUSED)
        assert await reason_of(server_of(session, simulator)) is ServerReason.UNREACHABLE
        wrong = server_of(session, simulator, password="54321")
        assert await reason_of(wrong) is ServerReason.REFUSED_LOGIN
    assert await reason_of(server_of(session, simulator)) is ServerReason.UNREACHABLE


@pytest.mark.parametrize(
    "url", ["", "ftp://192.0.2.1/", "192.0.2.1", "http://", "http://[::1", "http://a b/", "//x"]
)
async def test_urls_that_are_none(session: ClientSession, url: str) -> None:
    """They are told when the server is asked, not before."""
    assert await reason_of(KeaServer(session, url)) is ServerReason.UNREACHABLE


async def test_user_in_the_url(session: ClientSession) -> None:
    """It counts, and never stands in a request's line."""
    async with KeaSimulator(CONFIG) as simulator:
        url = simulator.url.replace("//", "//panacam:12345@")
        assert await KeaServer(session, url).check() == "Kea 2.2.0"
        # A user name with a colon cannot be told by Basic: it is not told at all.
        server = server_of(session, simulator, username="pana:cam")
        assert await reason_of(server) is ServerReason.REFUSED_LOGIN
        assert simulator.authorizations[-1] is None


@pytest.mark.parametrize("hashes", [False, True])
@pytest.mark.parametrize("address", ["192.0.2.30", "192.0.2.150", "198.51.100.7"])
async def test_reserve(session: ClientSession, address: str, *, hashes: bool) -> None:
    """The address is kept in its subnet, once, and written to the file."""
    async with KeaSimulator(CONFIG, hashes=hashes) as simulator:
        before = copy.deepcopy(simulator.config)
        server = server_of(session, simulator)
        await server.reserve(of(address, name="gate"))
        assert kept(simulator) == [address]
        asked = len(simulator.asked)
        await server.reserve(of(address, name="gate"))
        await server.reserve(of(address))
        assert not {"config-set", "config-write"} & set(simulator.asked[asked:])
        entry = next(
            entry
            for subnet in (LAN, YARD)
            for entry in simulator.reservations(subnet)
            if entry.get("hw-address") == CAM
        )
        assert entry["hostname"] == "gate"
        await server.release(CAM)
        await server.release(CAM)
        assert simulator.config == simulator.file == before


async def test_another_address(session: ClientSession) -> None:
    """A device has one address: the old one goes, also in another subnet; the rest stays."""
    async with KeaSimulator(CONFIG) as simulator:
        server = server_of(session, simulator)
        await server.reserve(of("192.0.2.20", OTHER, "yard"))
        entry = simulator.reservations(LAN)[0]
        entry["client-classes"] = ["cameras"]
        await server.reserve(of("192.0.2.40", OTHER))
        assert kept(simulator, OTHER) == ["192.0.2.40"]
        assert simulator.reservations(LAN)[0]["client-classes"] == ["cameras"]
        assert simulator.reservations(LAN)[0]["hostname"] == "yard"
        await server.reserve(of("198.51.100.9", OTHER))
        assert kept(simulator, OTHER) == ["198.51.100.9"]


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("192.0.2.20", ServerReason.ADDRESS_TAKEN),
        ("192.0.2.21", ServerReason.ADDRESS_TAKEN),
        ("192.0.3.1", ServerReason.NO_SUBNET),
        ("192.0.2.0", ServerReason.NO_SUBNET),
        ("192.0.2.255", ServerReason.NO_SUBNET),
    ],
)
async def test_addresses_that_cannot_be_had(
    session: ClientSession, address: str, reason: ServerReason
) -> None:
    """Another device's, or nobody's."""
    async with KeaSimulator(CONFIG) as simulator:
        before = copy.deepcopy(simulator.config)
        assert await reason_of(server_of(session, simulator), of(address)) is reason
        assert simulator.config == simulator.file == before
        assert "config-set" not in simulator.asked


@pytest.mark.parametrize("hashes", [False, True])
async def test_changed_by_others_meanwhile(session: ClientSession, *, hashes: bool) -> None:
    """Their change is not lost: once, it is done over; always, it is given up."""
    async with KeaSimulator(CONFIG, hashes=hashes) as simulator:
        lifetime = 0

        def once() -> None:
            simulator.tested = None
            simulator.config["valid-lifetime"] = 7200

        def always() -> None:
            nonlocal lifetime
            lifetime += 1
            simulator.config["valid-lifetime"] = lifetime

        simulator.tested = once
        server = server_of(session, simulator)
        await server.reserve(of("192.0.2.30"))
        assert kept(simulator) == ["192.0.2.30"]
        assert simulator.config["valid-lifetime"] == 7200
        simulator.tested = always
        sets = simulator.asked.count("config-set")
        assert await reason_of(server, of("192.0.2.31")) is ServerReason.BUSY
        assert simulator.asked.count("config-set") == sets
        assert lifetime == 2


async def test_together(session: ClientSession) -> None:
    """Cameras that come at the same time do not lose each other's reservation."""
    async with KeaSimulator(CONFIG) as simulator:
        server = server_of(session, simulator)
        macs = [f"a8:13:74:00:01:{number:02x}" for number in range(20)]
        await asyncio.gather(
            *(server.reserve(of(f"192.0.2.{50 + i}", mac)) for i, mac in enumerate(macs))
        )
        assert [kept(simulator, mac) for mac in macs] == [[f"192.0.2.{50 + i}"] for i in range(20)]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault.REFUSED, ServerReason.REFUSED),
        (Fault.UNSUPPORTED, ServerReason.REFUSED),
        (Fault.ONE_REFUSES, ServerReason.REFUSED),
        (Fault.SLOW, ServerReason.TIMEOUT),
        (Fault.CUT, ServerReason.UNREACHABLE),
        (Fault.UNAUTHORIZED, ServerReason.REFUSED_LOGIN),
        (Fault.FORBIDDEN, ServerReason.REFUSED_LOGIN),
        *(
            (fault, ServerReason.UNEXPECTED_REPLY)
            for fault in (
                Fault.GARBAGE, Fault.HTML, Fault.EMPTY_LIST, Fault.NUMBERS, Fault.NO_RESULT,
                Fault.DEEP, Fault.LARGE, Fault.NOT_HTTP, Fault.ERROR_500, Fault.REDIRECT,
                Fault.NO_ARGUMENTS, Fault.ODD_ARGUMENTS, Fault.TWO_MINDS,
            )
        ),
    ],
)  # fmt: skip
async def test_odd_answers(session: ClientSession, fault: Fault, reason: ServerReason) -> None:
    """Whatever comes instead of the configuration has a reason, and an end."""
    async with KeaSimulator(CONFIG) as simulator:
        simulator.fail("config-get", fault)
        server = server_of(session, simulator, **patience(fault))
        assert await reason_of(server, of("192.0.2.30")) is reason
        assert kept(simulator) == []


async def test_several_servers_that_agree(session: ClientSession) -> None:
    """Two servers that say the same are as good as one."""
    async with KeaSimulator(CONFIG) as simulator:
        simulator.fail("config-get", *[Fault.TWO_SERVERS] * 3)
        await server_of(session, simulator).reserve(of("192.0.2.30"))
        assert kept(simulator) == ["192.0.2.30"]


async def test_one_fault_anywhere(session: ClientSession) -> None:
    """One fault, of any kind, at any command: done and written, or as it was before."""
    async with KeaSimulator(CONFIG) as clean:
        await server_of(session, clean).reserve(of("192.0.2.30"))
        commands = list(enumerate(clean.asked))
        done = copy.deepcopy(clean.config)
    assert [name for _, name in commands[-2:]] == ["config-set", "config-write"]
    failed = 0
    # Said to be done and not done: no fault but a lie.
    lies = {Fault.NO_ARGUMENTS, Fault.ODD_ARGUMENTS}
    senseless = {
        "config-test": {Fault.SPOILT},
        "config-set": {Fault.SPOILT, *lies},
        "config-write": lies,
    }
    for number, command in commands:
        for fault in set(Fault) - {Fault.LARGE}:  # which takes its time, and is read elsewhere
            if fault in senseless.get(command, {Fault.SPOILT}):
                continue
            async with KeaSimulator(CONFIG) as simulator:
                before = copy.deepcopy(simulator.config)
                simulator.fail(number, fault)
                reason: ServerReason | None = None
                try:
                    server = server_of(session, simulator, **patience(fault))
                    await server.reserve(of("192.0.2.30"))
                except ReservationError as err:
                    reason = err.reason
                    failed += 1
                now = before if reason else done
                assert reason is not ServerReason.NOT_RESTORED, (command, fault)
                assert simulator.config == simulator.file == now, (command, fault)
    assert failed > len(commands) * 12


async def test_file_that_cannot_be_written(session: ClientSession) -> None:
    """The usual one: Kea's user may not write there. It runs on as before, and says why."""
    async with KeaSimulator(CONFIG) as simulator:
        before = copy.deepcopy(simulator.config)
        simulator.fail("config-write", Fault.REFUSED, Fault.REFUSED)
        server = server_of(session, simulator)
        assert await reason_of(server, of("192.0.2.30")) is ServerReason.FILE
        assert simulator.config == simulator.file == before


NO_WAY_BACK: list[dict[str | int, list[Fault]]] = [
    {
        "config-write": [Fault.REFUSED],
        **{number: [Fault.CUT] for number in range(6, 6 + RESTORE_TRIES)},
    },
    {"config-write": [Fault.CUT, Fault.CUT]},
    {"config-write": [Fault.CUT_AFTER, Fault.REFUSED]},
]


@pytest.mark.parametrize("faults", NO_WAY_BACK)
async def test_no_way_back(session: ClientSession, faults: dict[str | int, list[Fault]]) -> None:
    """What cannot be put back is told as such."""
    async with KeaSimulator(CONFIG) as simulator:
        for command, queue in faults.items():
            simulator.fail(command, *queue)
        server = server_of(session, simulator)
        assert await reason_of(server, of("192.0.2.30")) is ServerReason.NOT_RESTORED


async def test_way_back_at_the_second_try(session: ClientSession) -> None:
    """A server that is away for a moment is waited for."""
    async with KeaSimulator(CONFIG) as simulator:
        before = copy.deepcopy(simulator.config)
        simulator.fail(4, Fault.CUT_AFTER)  # config-set, done
        simulator.fail(5, Fault.CUT)
        server = server_of(session, simulator)
        assert await reason_of(server, of("192.0.2.30")) is ServerReason.UNREACHABLE
        assert simulator.asked[4:] == ["config-set", "config-get", "config-get", "config-set"]
        assert simulator.config == simulator.file == before


async def test_cancelled_half_way(session: ClientSession) -> None:
    """Home Assistant stops between set and write: the write is still waited for."""
    async with KeaSimulator(CONFIG) as simulator:
        held = simulator.hold("config-write")
        server = server_of(session, simulator)
        task = asyncio.create_task(server.reserve(of("192.0.2.30")))
        await simulator.reached.wait()
        task.cancel()
        asyncio.get_running_loop().call_later(0.05, held.set)
        with pytest.raises(asyncio.CancelledError):
            await task
        assert kept(simulator) == ["192.0.2.30"]
        # Nothing is locked by it.
        await server.reserve(of("192.0.2.31"))
        assert kept(simulator) == ["192.0.2.31"]


async def test_cancelled_half_way_and_failing(session: ClientSession) -> None:
    """So is the way back, whose failure nobody hears any more."""
    async with KeaSimulator(CONFIG) as simulator:
        held = simulator.hold("config-write")
        simulator.fail("config-write", Fault.REFUSED)
        server = server_of(session, simulator)
        task = asyncio.create_task(server.reserve(of("192.0.2.30")))
        await simulator.reached.wait()
        task.cancel()
        asyncio.get_running_loop().call_later(0.05, held.set)
        with pytest.raises(asyncio.CancelledError):
            await task
        assert kept(simulator) == []


async def test_closed_session(session: ClientSession) -> None:
    """A session that ends meanwhile is a server that is not reached."""
    async with KeaSimulator(CONFIG) as simulator:
        server = server_of(session, simulator)
        await session.close()
        assert await reason_of(server) is ServerReason.UNREACHABLE


async def test_release_of_what_is_no_mac(session: ClientSession) -> None:
    """Nothing is asked for it."""
    async with KeaSimulator(CONFIG) as simulator:
        with pytest.raises(ValueError, match="no MAC"):
            await server_of(session, simulator).release("A8-13")
        assert simulator.asked == []
