"""The search in the background: what it opens flows for, what it leaves alone, how it ends."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
import socket
import time
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import SOURCE_IGNORE, SOURCE_INTEGRATION_DISCOVERY
from homeassistant.const import EVENT_HOMEASSISTANT_STARTED, EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers.discovery_flow import DiscoveryKey
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.panacam import awaiting, discovery, flow_discovery, following, sights
from custom_components.panacam.awaiting import MAX_AWAITED
from custom_components.panacam.cams import search as engine
from custom_components.panacam.cams.discovery import Candidate, Search, Source
from custom_components.panacam.cams.search import Adapter
from custom_components.panacam.const import DOMAIN
from custom_components.panacam.discovery import (
    INTERVAL,
    MAX_HEARD,
    Discovery,
    async_search_now,
    async_start_discovery,
    open_flows,
)
from custom_components.panacam.known import known_entry
from custom_components.panacam.listening import adapters_of
from tests.conftest import MAC, add, entry_for, until
from tests.simulators.povcam import Fault, PovcamSimulator

OWN = "10.10.10.10"
"""The address of this machine in tests."""


class Ear:
    """A listener that a test speaks to."""

    def __init__(self, *_: object, found: Callable[[Candidate], None]) -> None:
        """Take who wants to hear."""
        self.found = found
        self.open = False
        ears.append(self)

    async def start(self) -> None:
        """Listen."""
        self.open = True

    async def close(self) -> None:
        """Listen no more."""
        self.open = False


ears: list[Ear] = []


@pytest.fixture
def ear(monkeypatch: pytest.MonkeyPatch) -> list[Ear]:
    """Keep the listeners that are made."""
    ears.clear()
    monkeypatch.setattr(discovery, "Listener", Ear)
    return ears


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Candidate, DiscoveryKey]]:
    """Keep what flows would be opened for."""
    flows: list[tuple[Candidate, DiscoveryKey]] = []

    def create(
        _hass: HomeAssistant,
        domain: str,
        context: dict[str, Any],
        data: Candidate,
        *,
        discovery_key: DiscoveryKey,
    ) -> None:
        assert domain == DOMAIN
        assert context == {"source": SOURCE_INTEGRATION_DISCOVERY}
        flows.append((data, discovery_key))

    monkeypatch.setattr(discovery.discovery_flow, "async_create_flow", create)
    return flows


def finds(monkeypatch: pytest.MonkeyPatch, *candidates: Candidate) -> list[tuple[Any, ...]]:
    """Let each search find candidates; return the arguments of each."""
    searches: list[tuple[Any, ...]] = []

    async def search(*args: Any, found: Callable[[Candidate], None]) -> None:
        searches.append(args)
        for candidate in candidates:
            found(candidate)
            await asyncio.sleep(0)

    monkeypatch.setattr(discovery, "search", search)
    return searches


async def settled(hass: HomeAssistant) -> None:
    """Wait for all that is under way."""
    await hass.async_block_till_done(wait_background_tasks=True)


async def test_from_start_to_stop(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, ear: list[Ear], opened: list[Any]
) -> None:
    """It begins when Home Assistant has started, goes on by the clock, and ends with it."""
    searches = finds(monkeypatch)
    hass.set_state(CoreState.starting)
    await async_start_discovery(hass)
    await settled(hass)
    assert not searches
    assert not ear
    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await settled(hass)
    assert len(searches) == 1
    assert ear[0].open
    what, where = searches[0]
    assert {one.name for one in what} == {Source.WS_DISCOVERY, Source.EASY_IP, Source.MO_SEARCH}
    assert where == (Adapter(address=OWN, broadcast="10.10.10.255", name="eth0"),)
    async_fire_time_changed(hass, dt_util.utcnow() + INTERVAL + timedelta(seconds=1))
    await settled(hass)
    assert len(searches) == 2
    # What is ignored no longer is looked for at once.
    entry = MockConfigEntry(
        domain=DOMAIN,
        unique_id=MAC,
        source=SOURCE_IGNORE,
        discovery_keys={DOMAIN: (DiscoveryKey(domain=DOMAIN, key=MAC, version=1),)},
    )
    entry.add_to_hass(hass)
    await hass.config_entries.async_remove(entry.entry_id)
    await settled(hass)
    assert len(searches) == 3
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await settled(hass)
    assert not ear[0].open
    async_fire_time_changed(hass, dt_util.utcnow() + 3 * INTERVAL)
    await settled(hass)
    assert len(searches) == 3


async def test_stop_during_a_search(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, ear: list[Ear]
) -> None:
    """Nothing goes on after it."""
    ended = asyncio.Event()

    async def search(*_: object, **__: object) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    monkeypatch.setattr(discovery, "search", search)
    searching = Discovery(hass)
    await searching.async_start(hass)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await searching.async_stop()
    assert ended.is_set()
    assert not ear[0].open
    # Before it was started, there is nothing to stop.
    await Discovery(hass).async_stop()


async def test_each_camera_once(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, opened: list[Any]
) -> None:
    """One camera found by several ways is one flow, with what all of them know of it."""
    known = {"192.168.1.20": MAC, "192.168.1.30": None}

    async def mac_of(host: str, *, stale: bool = False) -> str | None:
        assert stale
        return known[host]

    monkeypatch.setattr(following, "mac_of", mac_of)
    finds(
        monkeypatch,
        Candidate(host="192.168.1.20", udn="urn:uuid:1", model="X", source=Source.WS_DISCOVERY),
        Candidate(host="192.168.1.20", mac=MAC, name="Gate", source=Source.EASY_IP),
        Candidate(host="192.168.1.30", udn="urn:uuid:2", source=Source.WS_DISCOVERY),
        Candidate(host="8.8.8.8", mac="02:00:00:00:00:01"),
        Candidate(host="127.0.0.1", mac="02:00:00:00:00:02"),
        Candidate(host=OWN, mac="02:00:00:00:00:03"),
    )
    found = await async_search_now(hass)
    assert {one.host for one in found} == {"192.168.1.20", "192.168.1.30"}
    gate = next(one for one in found if one.mac == MAC)
    assert (gate.name, gate.model, gate.udn) == ("Gate", "X", "urn:uuid:1")
    entry = MockConfigEntry(domain=DOMAIN, unique_id="other", data={"host": "192.168.9.9"})
    entry.add_to_hass(hass)
    discovery.async_look_for(hass, entry)
    await settled(hass)
    assert sorted(key.key for _, key in opened) == [MAC, "urn:uuid:2"]
    assert {key.domain for _, key in opened} == {DOMAIN}


async def test_claimed_by_several(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, opened: list[Any]
) -> None:
    """Who answers with another camera's MAC address does not stand in its place."""
    known = {"192.168.1.10": "02:00:00:00:00:66", "192.168.1.20": MAC, "fe80::2%2": None}

    async def mac_of(host: str, *, stale: bool = False) -> str | None:
        return known[host]

    monkeypatch.setattr(following, "mac_of", mac_of)
    finds(
        monkeypatch,
        *(Candidate(host=host, port=80, mac=MAC, source=Source.EASY_IP) for host in known),
    )
    forger, found = await async_search_now(hass)
    assert (found.host, found.mac) == ("192.168.1.20", MAC)
    assert (forger.host, forger.mac) == ("192.168.1.10", "02:00:00:00:00:66")


async def test_what_is_there_opens_nothing(
    hass: HomeAssistant,
    umr20: PovcamSimulator,
    near: None,
    monkeypatch: pytest.MonkeyPatch,
    opened: list[Any],
) -> None:
    """A camera that works, one that is ignored or turned off, and one behind a known address."""
    await add(hass, entry_for(umr20))
    ignored = MockConfigEntry(domain=DOMAIN, unique_id="02:00:00:00:00:01", source=SOURCE_IGNORE)
    ignored.add_to_hass(hass)
    candidates = (
        Candidate(host="127.0.0.1", mac=MAC),
        Candidate(host="192.168.1.5", mac=MAC),
        Candidate(host="127.0.0.1", udn="somebody"),
        Candidate(host="192.168.1.6", mac="02:00:00:00:00:01"),
    )
    finds(monkeypatch, *candidates)
    searching = Discovery(hass)
    for candidate in candidates:
        searching.hear(candidate)
    await until(lambda: not searching._tasks)
    assert not opened
    # The one that was seen elsewhere is looked for there, once it is lost.
    entry = hass.config_entries.async_entries(DOMAIN)[0]
    assert searching._sights.of(entry.entry_id) == ("192.168.1.5",)


async def test_known_by_its_serial_number(
    hass: HomeAssistant, umr20: PovcamSimulator, near: None, opened: list[Any]
) -> None:
    """A camera on another segment tells no MAC address; its device has the serial number."""
    umr20.become(mac="A8-13-74-00-00-01", serial="S77")
    entry = await add(hass, entry_for(umr20))
    found = known_entry(hass, Candidate(host="192.168.1.5", serial="S77"))
    assert found is entry
    # Makers give numbers twice: a MAC address says more.
    other = Candidate(host="192.168.1.5", serial="S77", mac="02:00:00:00:00:09")
    assert known_entry(hass, other) is None
    assert known_entry(hass, Candidate(host="1.1.1.1", serial="other")) is None
    named = Candidate(host="192.168.1.5", camera_id=MAC.replace(":", ""))
    assert known_entry(hass, named) is entry


async def test_unasked_announcements(
    hass: HomeAssistant, ear: list[Ear], opened: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Hello is followed up at once, several of one camera together."""
    monkeypatch.setattr(discovery, "HEARD_DELAY", 0.01)
    searching = Discovery(hass)
    await searching.async_start(hass)
    for _ in range(5):
        ear[0].found(Candidate(host="192.168.1.20", mac=MAC, source=Source.WS_DISCOVERY))
    ear[0].found(Candidate(host="8.8.8.8", mac="02:00:00:00:00:01"))
    ear[0].found(Candidate(host=OWN, mac="02:00:00:00:00:02"))
    await settled(hass)
    assert [candidate.host for candidate, _ in opened] == ["192.168.1.20"]
    await searching.async_stop()


async def test_flood(hass: HomeAssistant, ear: list[Ear], monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten thousand answers open no more flows than the limit, and never block the loop."""
    monkeypatch.setattr(discovery, "HEARD_DELAY", 0.01)
    monkeypatch.setattr(discovery, "MAX_FLOWS", 8)
    monkeypatch.setattr(flow_discovery, "MAX_FLOWS", 8)
    asked: list[str] = []

    async def find_all(_hass: HomeAssistant, data: dict[str, Any]) -> tuple[Any, ...]:
        asked.append(data["host"])
        await asyncio.Event().wait()
        return ()

    monkeypatch.setattr("custom_components.panacam.flow_base.find_all", find_all)
    flood = [
        Candidate(
            host=f"10.{number >> 8}.{number & 255}.7",
            mac=f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}",
        )
        for number in range(10_000)
    ]
    searches = finds(monkeypatch, *flood[:1000])
    searching = Discovery(hass)
    await searching.async_start(hass)
    late = 0

    async def watch() -> None:
        """Measure turns of the loop by the processor's time: this machine may be busy."""
        nonlocal late
        while True:
            before = time.thread_time()
            await asyncio.sleep(0)
            late += time.thread_time() - before >= 0.02

    watching = asyncio.create_task(watch())
    for candidate in flood:
        ear[0].found(candidate)
        await asyncio.sleep(0)
    await until(lambda: bool(searches) and not searching._tasks)
    await asyncio.sleep(0.05)
    watching.cancel()
    assert open_flows(hass) == len(asked) == 8
    assert len(searching._heard) == 0
    assert late <= 2  # steps, which the machine itself may be to blame for; there are thousands
    await searching.async_stop()
    for flow in hass.config_entries.flow.async_progress(include_uninitialized=True):
        hass.config_entries.flow.async_abort(flow["flow_id"])


async def test_bounds(
    hass: HomeAssistant, opened: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing grows without an end: announcements, sights, searches, hosts that are waited for."""
    monkeypatch.setattr(discovery, "HEARD_DELAY", 3600.0)
    searching = Discovery(hass)
    entry = MockConfigEntry(domain=DOMAIN, unique_id=MAC, data={"host": "192.168.9.9"})
    entry.add_to_hass(hass)
    gone = MockConfigEntry(domain=DOMAIN, unique_id="gone", data={"host": "192.168.9.8"})
    searching.sight(gone, Candidate(host="192.168.1.1"))
    searching.sight(entry, Candidate(host="192.168.1.1"))
    assert searching._sights.of(gone.entry_id) == ()
    for number in range(1, 10):
        searching.sight(entry, Candidate(host=f"192.168.1.{number}"))
    assert searching._sights.of(entry.entry_id) == tuple(f"192.168.1.{n}" for n in range(6, 10))
    searching.look_for(gone)
    searching.look_for(entry)
    searching._looked["somebody"] = 0.0
    searching.look_for(entry)
    assert "somebody" not in searching._looked
    for number in range(1000):
        host = f"10.1.{number >> 8}.{number & 255}"
        searching.hear(Candidate(host=host))
        searching.wait_for(Candidate(host=host))
    assert len(searching._heard) == MAX_HEARD
    assert len(searching._awaiting) == MAX_AWAITED
    # Who is known already may still say something newer.
    searching.hear(Candidate(host="10.1.0.0", name="newer"))
    assert searching._heard["10.1.0.0", "10.1.0.0"].name == "newer"
    await searching.async_stop()


async def test_old_sight(hass: HomeAssistant, opened: list[Any]) -> None:
    """Where a camera was seen long ago says nothing."""
    searching = Discovery(hass)
    entry = MockConfigEntry(domain=DOMAIN, unique_id=MAC, data={"host": "192.168.9.9"})
    entry.add_to_hass(hass)
    searching.sight(entry, Candidate(host="192.168.1.1", mac=MAC))
    with patch.object(hass.loop, "time", return_value=hass.loop.time() + sights.SIGHT_AGE + 1):
        searching.look_for(entry)
    assert not opened
    await searching.async_stop()


async def test_camera_that_is_still_starting(
    hass: HomeAssistant,
    near: None,
    open_camera: PovcamSimulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It has asked for an address and does not answer yet: it is offered as soon as it does."""
    monkeypatch.setattr(awaiting, "AWAIT_GAP", 0.05)
    port = open_camera.port
    await open_camera.stop()
    candidate = Candidate(host="127.0.0.1", port=port, source=Source.DHCP)
    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_INTEGRATION_DISCOVERY}, data=candidate
    )
    assert result["reason"] == "unreachable"
    await asyncio.sleep(0.2)
    assert not hass.config_entries.flow.async_progress()
    # Its web server is there before its camera is: a first look tells nothing yet.
    open_camera.fault("*", Fault.CLOSE)
    await open_camera.start()
    await until(lambda: bool(open_camera.requests))
    open_camera.clear_faults()
    await until(lambda: bool(hass.config_entries.flow.async_progress()))
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["unique_id"] == MAC
    assert flow["step_id"] == "confirm"
    await discovery._discovery(hass).async_stop()


async def test_camera_that_never_starts(
    hass: HomeAssistant, socket_enabled: None, opened: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a while nobody knocks any more, and not again at each announcement."""
    monkeypatch.setattr(awaiting, "AWAIT_GAP", 0.01)
    monkeypatch.setattr(awaiting, "AWAIT_TIME", 0.1)
    searching = Discovery(hass)
    searching.wait_for(Candidate(host="127.0.0.1", port=1))
    await until(lambda: not searching._tasks)
    searching.wait_for(Candidate(host="127.0.0.1", port=1))
    assert not searching._tasks
    assert not opened
    # In a quarter of an hour it is another day.
    monkeypatch.setattr(awaiting, "AWAIT_AGAIN", 0.0)
    searching.wait_for(Candidate(host="127.0.0.1", port=2))
    assert searching._tasks
    await until(lambda: not searching._tasks)
    assert not opened
    await searching.async_stop()


def test_adapters() -> None:
    """Only those that are turned on: IPv4 with its broadcast, IPv6 where it is link-local."""
    adapter = {
        "name": "eth1",
        "index": 3,
        "enabled": True,
        "auto": True,
        "default": False,
        "ipv4": [
            {"address": "192.168.4.9", "network_prefix": 22},
            {"address": "127.0.0.1", "network_prefix": 8},
        ],
        "ipv6": [
            {"address": "fe80::7", "flowinfo": 0, "scope_id": 3, "network_prefix": 64},
            {"address": "2001:db8::7", "flowinfo": 0, "scope_id": 0, "network_prefix": 64},
        ],
    }
    off = adapter | {"enabled": False}
    assert adapters_of([adapter, off]) == (
        Adapter(address="192.168.4.9", broadcast="192.168.7.255", index=3, name="eth1"),
        Adapter(address="fe80::7%3", index=3, name="eth1"),
    )


async def test_real_sockets(
    hass: HomeAssistant, socket_enabled: None, near: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine itself, on loopback: a question goes out, an answer becomes a camera."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    class Camera(asyncio.DatagramProtocol):
        def connection_made(self, transport: Any) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: Any) -> None:
            assert data == b"who?"
            self.transport.sendto(b"me", addr)

    transport, _ = await hass.loop.create_datagram_endpoint(Camera, local_addr=("127.0.0.1", port))
    question = Search(
        name=Source.MO_SEARCH,
        port=port,
        questions=lambda _address: (b"who?",),
        read=lambda datagram, host: (Candidate(host=host, mac=MAC),) if datagram == b"me" else (),
    )

    async def quickly(*args: Any, **options: Any) -> None:
        await engine.search(*args, seconds=0.5, repeats=1, **options)

    monkeypatch.setattr(discovery, "SEARCHES", (question,))
    monkeypatch.setattr(discovery, "search", quickly)
    here = Adapter(address="127.0.0.1", broadcast="127.0.0.1", name="lo")
    monkeypatch.setattr(discovery, "adapters_of", lambda _adapters: (here,))
    try:
        found = await async_search_now(hass)
    finally:
        transport.close()
    assert [(one.host, one.mac) for one in found] == [("127.0.0.1", MAC)]
