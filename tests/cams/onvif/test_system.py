from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.errors import (
    AuthError,
    CameraError,
    ConnectError,
    ProtocolError,
    Reason,
    RefusedError,
)
from custom_components.panacam.cams.onvif import system as system_module
from custom_components.panacam.cams.onvif.node import parse
from custom_components.panacam.cams.onvif.system import SystemPart
from custom_components.panacam.cams.roles import Problem
from tests.cams.onvif.support import Watched, client_for
from tests.simulators.onvif import Auth, Fault, OnvifSimulator, Quirk


def part_of(session: ClientSession, simulator: OnvifSimulator) -> tuple[SystemPart, Watched]:
    """Return the part that knows the device service, and its board."""
    watched = Watched()
    return SystemPart(client_for(session, simulator), watched.board), watched


async def test_identity(session: ClientSession) -> None:
    """Maker, model, serial number, firmware, MAC address and name."""
    async with OnvifSimulator() as simulator:
        simulator.become(mac="A8-13-74-00-02-01", serial="S 1")
        part, _ = part_of(session, simulator)
        identity = await part.identify()
        wanted = simulator.camera.identity
        assert identity.mac == identity.unique_id == "a8:13:74:00:02:01"
        assert (identity.manufacturer, identity.model, identity.firmware) == (
            wanted.manufacturer,
            wanted.model,
            wanted.firmware,
        )
        assert identity.serial == "S 1"
        assert set(part.client.services) >= {"device", "media", "media2", "ptz", "events"}


@pytest.mark.parametrize(
    ("quirks", "mac", "serial"),
    [
        ({Quirk.NO_MAC}, False, True),
        ({Quirk.EMPTY_SERIAL}, True, False),
        ({Quirk.SOAP_11}, True, True),
        ({Quirk.LATIN_1}, True, True),
        ({Quirk.FAULT_200}, True, True),
        ({Quirk.UNDECLARED_PREFIX}, True, True),
        ({Quirk.NO_GET_SERVICES}, True, True),
        ({Quirk.NOTHING_FREE}, True, True),
        ({Quirk.NOTHING_FREE, Quirk.NO_GET_SERVICES}, True, True),
    ],
)
async def test_odd_devices(
    session: ClientSession, quirks: set[Quirk], *, mac: bool, serial: bool
) -> None:
    """What a device leaves out is left out."""
    async with OnvifSimulator(quirks=quirks) as simulator:
        part, _ = part_of(session, simulator)
        identity = await part.identify()
        assert (identity.mac is not None) is mac
        assert (identity.serial is not None) is serial
        assert part.client.has("media")


async def test_malformed_capabilities(session: ClientSession) -> None:
    """A device without a usable list of services still has its device service."""
    async with OnvifSimulator(
        quirks={Quirk.NO_GET_SERVICES, Quirk.MALFORMED_CAPABILITIES}
    ) as simulator:
        part, _ = part_of(session, simulator)
        assert (await part.identify()).serial
        assert part.client.has("device")


@pytest.mark.parametrize("fault", [Fault.HTML, Fault.EMPTY, Fault.NOT_XML, Fault.BROKEN_XML])
async def test_no_camera(session: ClientSession, fault: Fault) -> None:
    """A web server of something else is no camera."""
    async with OnvifSimulator() as simulator:
        simulator.fault("*", fault)
        part, _ = part_of(session, simulator)
        with pytest.raises(ProtocolError) as raised:
            await part.identify()
        assert raised.value.reason is Reason.NOT_A_CAMERA


async def test_nobody(session: ClientSession) -> None:
    """Nobody there is said to be nobody."""
    async with OnvifSimulator() as simulator:
        part, _ = part_of(session, simulator)
    with pytest.raises(ConnectError):
        await part.identify()


async def test_other_password(session: ClientSession) -> None:
    """Refused credentials are told as such."""
    async with OnvifSimulator(auth=Auth.WSSE) as simulator:
        part = SystemPart(client_for(session, simulator, password="x"), Watched().board)
        with pytest.raises(AuthError):
            await part.identify()


async def test_clock(session: ClientSession) -> None:
    """A clock that is off is a problem, which setting it mends."""
    async with OnvifSimulator(clock_offset=-7200) as simulator:
        part, watched = part_of(session, simulator)
        await part.identify()
        await part.connect()
        assert watched.board.problems == {Problem.CLOCK_OFF}
        assert watched.board.read["clock_offset"] == pytest.approx(-7200, abs=2)
        assert part.fixable == {Problem.CLOCK_OFF}
        await watched.board.do("set_clock")
        assert not watched.board.problems
        assert watched.board.read["clock_offset"] == pytest.approx(0, abs=2)
        await part.refresh()
        assert not watched.board.problems


async def test_clock_of_a_time_server(session: ClientSession) -> None:
    """A device with a time server keeps it; its owner is to look at that."""
    async with OnvifSimulator(clock_offset=7200) as simulator:
        simulator.camera.clock.kind = "NTP"
        part, watched = part_of(session, simulator)
        await part.identify()
        await part.connect()
        assert watched.board.problems == {Problem.CLOCK_OFF}
        assert not part.fixable
        with pytest.raises(RefusedError) as refused:
            await watched.board.do("set_clock")
        assert refused.value.reason is Reason.CONFLICT
        assert simulator.count("SetSystemDateAndTime") == 0
        simulator.camera.clock.kind = "Manual"
        await part.refresh()
        assert part.fixable == {Problem.CLOCK_OFF}
        await watched.board.do("set_clock")
        assert not watched.board.problems


async def test_clock_that_cannot_be_set(session: ClientSession) -> None:
    """A device that only says that it did goes on having the problem."""
    async with OnvifSimulator(clock_offset=7200, quirks={Quirk.SET_TIME_IGNORED}) as simulator:
        part, watched = part_of(session, simulator)
        await part.identify()
        await part.connect()
        await part.set_clock()
        assert watched.board.problems == {Problem.CLOCK_OFF}


async def test_unknown_clock(session: ClientSession) -> None:
    """A device that tells no time has no problem that we know of."""
    async with OnvifSimulator(quirks={Quirk.NO_DATE_TIME}) as simulator:
        part, watched = part_of(session, simulator)
        await part.identify()
        await part.connect()
        assert not watched.board.problems
        assert watched.board.read["clock_offset"] is None


async def test_other_device(session: ClientSession) -> None:
    """Another device at this address is not ours."""
    async with OnvifSimulator() as simulator:
        part, _ = part_of(session, simulator)
        await part.identify()
        await part.refresh()
        simulator.become(mac="a8:13:74:00:09:09", serial="other")
        with pytest.raises(ConnectError) as raised:
            await part.refresh()
        assert raised.value.reason is Reason.OTHER_CAMERA


async def test_alive(session: ClientSession) -> None:
    """It shows that it is there, if need be by another question."""
    async with OnvifSimulator() as simulator:
        part, _ = part_of(session, simulator)
        await part.alive(2)
        simulator.fault("GetSystemDateAndTime", Fault.NOT_SUPPORTED)
        await part.alive(2)
        simulator.fault("*", Fault.HANG)
        with pytest.raises(CameraError):
            await part.alive(0.2)


async def test_reboot(session: ClientSession) -> None:
    """A restart is asked for."""
    async with OnvifSimulator() as simulator:
        part, _ = part_of(session, simulator)
        await part.reboot()
        assert simulator.count("SystemReboot") == 1


async def test_log(session: ClientSession) -> None:
    """The log is told, or fetched where it is a file."""
    async with OnvifSimulator() as simulator:
        part, _ = part_of(session, simulator)
        await part.identify()
        assert await part.read()
        simulator.fault("GetSystemLog", Fault.NOT_SUPPORTED)
        assert await part.read()
        simulator.fault("GetSystemUris", Fault.EMPTY_RESPONSE)
        with pytest.raises(CameraError):
            await part.read()


@pytest.mark.parametrize(
    "fault", [Fault.ERROR_500, Fault.EMPTY, Fault.HTML, Fault.NOT_SUPPORTED, Fault.UNAUTHORIZED]
)
async def test_addresses_not_told(session: ClientSession, fault: Fault) -> None:
    """A device that does not tell its MAC address for a moment is no other one for that."""
    async with OnvifSimulator() as simulator:
        part, _ = part_of(session, simulator)
        known = (await part.identify()).unique_id
        assert known == simulator.camera.identity.mac
        assert part.matches(known)
        simulator.fault("GetNetworkInterfaces", fault)
        assert (await part.identify()).unique_id == known
        assert part.matches(known)
        # Nor for who begins now.
        other, _ = part_of(session, simulator)
        assert (await other.identify()).mac is None
        assert other.matches(known)
        assert other.matches(simulator.camera.identity.serial)
        # But another one is another one, when it says as little.
        simulator.become(mac="a8:13:74:00:09:09", serial="other")
        await part.identify()
        assert not part.matches(known)


async def test_proven_once(session: ClientSession) -> None:
    """Whoever was proven is told from another one by the serial number, also after a restart."""
    async with OnvifSimulator() as simulator:
        part, watched = part_of(session, simulator)
        known = (await part.identify()).unique_id or ""
        assert part.matches(known)
        simulator.fault("GetNetworkInterfaces", Fault.NOT_SUPPORTED)
        restarted, later = part_of(session, simulator)
        later.board.memory.put("serial", watched.board.memory.get("serial"))
        await restarted.identify()
        assert restarted.matches(known)
        simulator.become(mac="a8:13:74:00:09:09", serial="other")
        await restarted.identify()
        assert not restarted.matches(known)


async def test_other_addresses(session: ClientSession) -> None:
    """Another MAC address is another device; the serial number will do for the same one."""
    async with OnvifSimulator() as simulator:
        serial = simulator.camera.identity.serial
        part, _ = part_of(session, simulator)
        known = (await part.identify()).unique_id or ""
        assert part.matches(serial)
        simulator.become(mac="a8:13:74:00:09:09", serial="other")
        await part.identify()
        assert not part.matches(known)
        assert not part.matches(serial)
        assert part.matches("a8:13:74:00:09:09")


def test_several_interfaces() -> None:
    """The address of any interface will do, that of one in use is shown."""

    def interface(mac: str, enabled: str) -> str:
        return (
            f"<NetworkInterfaces><Enabled>{enabled}</Enabled><Info><HwAddress>{mac}</HwAddress>"
            "</Info></NetworkInterfaces>"
        )

    rows = (
        interface("a8:13:74:00:00:01", "false")
        + interface("00:00:00:00:00:00", "true")
        + interface("A8-13-74-00-00-02", "true")
    )
    told = parse(f"<GetNetworkInterfacesResponse>{rows}</GetNetworkInterfacesResponse>".encode())
    assert system_module._macs(told) == ("a8:13:74:00:00:02", "a8:13:74:00:00:01")
