"""What came of UPnP, and how much the camera is set to send."""

import time

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.device import State
from custom_components.panacam.cams.povcam.client import PovcamClient
from custom_components.panacam.cams.povcam.shelf import Menus
from custom_components.panacam.cams.povcam.traffic import (
    STREAMS_GAP,
    TRAFFIC_GAP,
    BandwidthWatcher,
    StreamsWatcher,
    UpnpWatcher,
    bandwidth,
)
from custom_components.panacam.cams.povcam.wanted import SLOW_PAUSE
from custom_components.panacam.cams.povcam.wire import parse_reply
from tests.cams.support import LOGIN, http_of
from tests.simulators.povcam import Fault, PovcamSimulator

TWO_STREAMS = State(transmitting={"h264_1": True, "h264_2": True, "jpeg": True})


def client_of(session: ClientSession, sim: PovcamSimulator) -> PovcamClient:
    """Return the administrator's client of a camera."""
    return PovcamClient(http_of(session, sim, LOGIN))


async def test_upnp(session: ClientSession, sim: PovcamSimulator) -> None:
    """Which ports are mapped and where the router is, as long as somebody wants to know."""
    watcher = UpnpWatcher(client_of(session, sim))
    await watcher.begin()
    state = watcher.add(State())
    assert state.signals == {"upnp_http": False, "upnp_https": False}
    assert state.readings == {"external_address": None}
    sim.camera.menus.upnp = "1"
    now = time.monotonic()
    assert not watcher.is_due(State(), now)
    assert watcher.want("external_address") is not None
    assert watcher.is_due(State(), now)
    await watcher.look(State())
    state = watcher.add(State())
    assert state.signals == {"upnp_http": True, "upnp_https": False}
    assert state.readings == {"external_address": "203.0.113.7"}
    assert not watcher.is_due(State(), now + TRAFFIC_GAP - 60)
    sim.fault("get_status", Fault.RUBBISH)
    await watcher.look(State())
    state = watcher.add(State())
    assert state.signals == {"upnp_http": None, "upnp_https": None}
    assert state.readings == {"external_address": None}


@pytest.mark.parametrize("fault", [Fault.ERROR_500, Fault.EMPTY, Fault.HTML_PAGE, Fault.CLOSE])
async def test_no_upnp(session: ClientSession, sim: PovcamSimulator, fault: Fault) -> None:
    """A camera that does not know it has nothing of it."""
    sim.fault("get_status", fault)
    watcher = UpnpWatcher(client_of(session, sim))
    await watcher.begin()
    assert (dict(watcher.signals), dict(watcher.readings)) == ({}, {})
    assert watcher.add(State()) == State()
    viewer = UpnpWatcher(PovcamClient(http_of(session, sim, None)))
    await viewer.begin()
    assert dict(viewer.signals) == {}


async def test_hangs(session: ClientSession, sim: PovcamSimulator) -> None:
    """A camera that keeps a look waiting is left alone for a while."""
    watcher = UpnpWatcher(PovcamClient(http_of(session, sim, LOGIN, timeout=0.3)))
    await watcher.begin()
    watcher.want("upnp_http")
    sim.fault("get_status", Fault.HANG)
    await watcher.look(State())
    assert not watcher.is_due(State(), time.monotonic() + TRAFFIC_GAP + 60)
    assert watcher.is_due(State(), time.monotonic() + TRAFFIC_GAP + SLOW_PAUSE)


async def test_streams(session: ClientSession, sim: PovcamSimulator) -> None:
    """Which are on is looked at each minute, and seldom where that is not told; it is kept."""
    menus = Menus(PovcamClient(http_of(session, sim, None, timeout=0.2)))
    watcher = StreamsWatcher(menus)
    await watcher.begin()
    assert watcher.add(State()).transmitting == {"h264_1": None, "jpeg": None}
    assert not watcher.is_due(State(), time.monotonic() + SLOW_PAUSE - 5)
    await watcher.look(State())
    told = watcher.add(State()).transmitting
    assert told == {"h264_1": True, "h264_2": True, "jpeg": True}
    assert not watcher.is_due(State(), time.monotonic() + STREAMS_GAP - 5)
    assert watcher.is_due(State(), time.monotonic() + STREAMS_GAP)
    for fault in (Fault.HANG, Fault.ERROR_500):
        sim.fault("get_video_over_ip", fault)
        await watcher.look(State())
        assert watcher.add(State()).transmitting == told
        assert not watcher.is_due(State(), time.monotonic() + SLOW_PAUSE - 5)
    sim.clear_faults()
    sim.camera.h264_transmit[1] = False
    await watcher.look(State())
    assert watcher.add(State()).transmitting["h264_1"] is False


async def test_bandwidth(session: ClientSession, sim: PovcamSimulator) -> None:
    """The sum of what is on, within the limit of the network."""
    watcher = BandwidthWatcher(client_of(session, sim))
    await watcher.begin()
    assert watcher.add(State()).readings == {}
    assert watcher.add(TWO_STREAMS).readings == {"network_bandwidth": None}
    sim.camera.video[1].bandwidth, sim.camera.video[2].bandwidth = 14336, 3072
    for limit, on, value in (
        ("0", True, 17408),
        ("10000", True, 17408),
        ("16384", True, 16384),
        ("32768", True, 17408),
        ("0", False, 14336),
    ):
        sim.camera.menus.bandwidth, sim.camera.h264_transmit[2] = limit, on
        await watcher.look(State())
        assert watcher.add(TWO_STREAMS).readings == {"network_bandwidth": value}
    sim.fault("get_network", Fault.ERROR_500)
    await watcher.look(State())
    assert watcher.add(TWO_STREAMS).readings == {"network_bandwidth": 14336}
    sim.fault("get_video_over_ip", Fault.ERROR_500)
    await watcher.look(State())
    assert watcher.add(TWO_STREAMS).readings == {"network_bandwidth": None}


@pytest.mark.parametrize(
    ("body", "total"),
    [
        (b"", None),
        (b"h264_transmit_ch1=0\nh264_bandwidth_ch1=1024", 0),
        (b"h264_transmit_ch1=1\nh264_bandwidth_ch1=1024", 1024),
        (b"h264_transmit_ch1=1\nh264_bandwidth_ch1=lots", None),
        (b"h264_transmit_ch1=1\nh264_bandwidth_ch1=1024\nh264_transmit_ch2=1", None),
    ],
)
def test_sum(body: bytes, total: float | None) -> None:
    """Where one does not tell, there is no sum."""
    assert bandwidth(parse_reply(body)) == total
