"""Where a recorder is: read leniently, changed with all that belongs together."""

from ipaddress import IPv4Address

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.errors import CameraError, ConnectError, Reason, RefusedError
from custom_components.panacam.cams.placing import Placing, Reach
from custom_components.panacam.cams.povcam.device import PovcamDevice
from custom_components.panacam.cams.povcam.placing import PovcamPlacer, read_https
from custom_components.panacam.cams.povcam.wire import parse_reply
from tests.cams.support import camera, device_of
from tests.simulators.povcam import AG_MDR25, AW_HE40, Fault, PovcamSimulator


@pytest.fixture
def placer(device: PovcamDevice) -> PovcamPlacer:
    """Give the recorder's role."""
    assert isinstance(device.placer, PovcamPlacer)
    return device.placer


async def test_read(placer: PovcamPlacer, sim: PovcamSimulator) -> None:
    """All that the camera tells, from four requests."""
    sim.camera.rtsp_port = 8554
    assert await placer.read() == Placing(
        dhcp=False,
        address=IPv4Address("127.0.0.1"),
        netmask=IPv4Address("255.255.255.0"),
        gateway=IPv4Address("0.0.0.0"),
        dns=(),
        port=sim.port,
        rtsp_port=8554,
        packet_size=1500,
        segment_size=1460,
        easy_ip_setup="20",
        bandwidth=0,
        https=False,
        https_port=443,
        mode="ip",
    )
    assert placer.modes == ("ip", "rec_pb", "ip_4k", "rec_pb_4k")


async def test_read_what_another_model_tells(session: ClientSession, quick: None) -> None:
    """Blanks around the equals sign, and no HTTPS."""
    for model in (AG_MDR25, AW_HE40):
        async with camera(model) as sim:
            device = device_of(session, sim)
            await device.connect()
            assert device.placer is not None
            placing = await device.placer.read()
            assert placing.address == IPv4Address("127.0.0.1")
            assert placing.https is (None if model is AW_HE40 else False)
            assert (device.certificates is None) is (model is AW_HE40)
            await device.close()


@pytest.mark.parametrize("fault", [Fault.RUBBISH, Fault.EMPTY, Fault.NO_CONTENT, Fault.HTML_PAGE])
async def test_read_rubbish(placer: PovcamPlacer, sim: PovcamSimulator, fault: Fault) -> None:
    """Nothing is made up."""
    sim.fault("get_network", fault)
    sim.fault("setdata", fault)
    sim.fault("get_https", fault)
    sim.fault("get_priority_mode", Fault.ERROR_500)
    assert await placer.read() == Placing()


async def test_read_without_an_answer(placer: PovcamPlacer, sim: PovcamSimulator) -> None:
    """A camera that is away is told of."""
    sim.fault("get_https", Fault.CLOSE)
    with pytest.raises(ConnectError):
        await placer.read()
    sim.fault("get_network", Fault.ERROR_500)
    with pytest.raises(CameraError):
        await placer.read()


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"live=https\r\nhttps_port=443", True),
        (b"live = HTTP", False),
        (b"https=on", True),
        (b"https_status=disable", False),
        (b"HTTPS=1", True),
        (b"live=maybe", None),
        (b"", None),
        (b"\xff\xfe<html>no</html>", None),
    ],
)
def test_whether_https_is_on(body: bytes, told: bool | None) -> None:
    """In the words of the request, or as a flag."""
    assert read_https(parse_reply(body)) is told


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        (b"ip4_addr=192. 168.0.10", "address", IPv4Address("192.168.0.10")),
        (b"ip4_addr=192.168.0", "address", None),
        (b"ip4_addr=192.168.0.256", "address", None),
        (b"port=0", "port", None),
        (b"port=70000", "port", None),
        (b"port=80.5", "port", None),
        (b"bandwidth=10000", "bandwidth", 0),
        (b"dns=perhaps", "dns", None),
        (
            b"dns=manual\r\nip4_pri_server=10.0.0.1\r\nip4_sec_server=0.0.0.0",
            "dns",
            (IPv4Address("10.0.0.1"),),
        ),
        (b"time=Unlimited", "easy_ip_setup", "unlimited"),
        (b"ip4_dhcp=1", "dhcp", True),
        (b"ip4_dhcp=2", "dhcp", None),
    ],
)
async def test_values(
    placer: PovcamPlacer,
    monkeypatch: pytest.MonkeyPatch,
    line: bytes,
    field: str,
    value: object,
) -> None:
    """As they are printed, and as they should not be."""

    async def call(command: object, **_values: object) -> bytes:
        return line

    monkeypatch.setattr(placer._client, "call", call)
    assert getattr(await placer.read(), field) == value


async def test_move(placer: PovcamPlacer, sim: PovcamSimulator) -> None:
    """Octet by octet, and the answer says where to look."""
    port = sim.port
    sim.fault("network", Fault.NO_CONTENT)
    reach = await placer.move(
        Placing(
            dhcp=False,
            address=IPv4Address("192.168.0.20"),
            netmask=IPv4Address("255.255.0.0"),
            gateway=IPv4Address("192.168.0.1"),
            dns=(IPv4Address("9.9.9.9"),),
            port=8080,
        )
    )
    assert reach == Reach(host="192.168.0.20", port=8080, tls=False)
    (sent,) = [one for one in sim.requests if one.path.endswith("/network")]
    assert sent.method == "POST"
    assert sent.params == {
        "dhcp": "0",
        **{f"IP_addr{n}": v for n, v in zip("1234", ("192", "168", "0", "20"), strict=True)},
        **{f"netmask{n}": v for n, v in zip("1234", ("255", "255", "0", "0"), strict=True)},
        **{f"gateway{n}": v for n, v in zip("1234", ("192", "168", "0", "1"), strict=True)},
        "dns": "manual",
        **{f"pri_server{n}": "9" for n in "1234"},
        **{f"sec_server{n}": "0" for n in "1234"},
        "port": "8080",
    }
    assert await placer.move(Placing(dhcp=True)) == Reach(host=None, port=port, tls=False)
    assert await placer.move(Placing(bandwidth=1024)) == Reach(
        host="127.0.0.1", port=port, tls=False
    )


async def test_move_out_of_range(placer: PovcamPlacer, sim: PovcamSimulator) -> None:
    """What the specification does not have is not sent."""
    for changes in (Placing(port=0), Placing(bandwidth=5), Placing(segment_size=1)):
        with pytest.raises(RefusedError) as caught:
            await placer.move(changes)
        assert caught.value.reason is Reason.OUT_OF_RANGE
    assert not [one for one in sim.requests if one.path.endswith("/network")]


async def test_lost_answers(placer: PovcamPlacer, sim: PovcamSimulator) -> None:
    """A camera that hangs up may have gone already; one that was never reached has not."""
    port = sim.port
    sim.fault("network", Fault.CLOSE)
    sim.fault("set_https", Fault.CLOSE)
    sim.fault("set_priority_mode", Fault.CUT)
    assert (await placer.move(Placing(port=8080))).port == 8080
    assert await placer.use_https(True, 8443) == Reach(host="127.0.0.1", port=8443, tls=True)
    assert await placer.use_https(True) == Reach(host="127.0.0.1", port=443, tls=True)
    assert await placer.use_https(False) == Reach(host="127.0.0.1", port=port, tls=False)
    assert (await placer.set_mode("rec_pb")).port == port
    await sim.stop()
    with pytest.raises(ConnectError):
        await placer.move(Placing(port=8080))


async def test_no_https(session: ClientSession, quick: None) -> None:
    """A model without it says so before anything is sent."""
    async with camera(AW_HE40) as sim:
        device = device_of(session, sim)
        await device.connect()
        assert device.placer is not None
        with pytest.raises(RefusedError) as caught:
            await device.placer.use_https(True)
        assert caught.value.reason is Reason.UNSUPPORTED
        await device.close()
