"""The HTTP connections of one entry: whose they are, how many, and where they go."""

import asyncio
import socket
from typing import Any, override

from aiohttp import ClientSession, ClientTimeout, TCPConnector, web
from aiohttp.abc import AbstractResolver, ResolveResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_CLOSE, EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import DATA_RESOLVER, SERVER_SOFTWARE
import pytest

from custom_components.panacam import connector
from custom_components.panacam.cams.errors import ConnectError
from custom_components.panacam.cams.net import dial
from custom_components.panacam.cams.net.dial import Dialer
from custom_components.panacam.connection import find, split_host
from custom_components.panacam.connector import MAX_PER_PORT, session_for
from tests.conftest import add, entry_for
from tests.simulators.povcam import PovcamSimulator

NAME = "camera.example"


class Names(AbstractResolver):
    """Names of our choosing."""

    def __init__(self) -> None:
        """Know none yet."""
        self.known: dict[str, list[str]] = {}
        self.asked: list[str] = []
        self.closed = False

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        self.asked.append(host)
        if host not in self.known:
            raise OSError(None, "no such host")
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=0,
            )
            for address in self.known[host]
        ]

    @override
    async def close(self) -> None:
        self.closed = True


@pytest.fixture
def names(hass: HomeAssistant, ipv6_enabled: None, monkeypatch: pytest.MonkeyPatch) -> Names:
    """Give Home Assistant names of our choosing, and us no memory."""
    resolver = Names()
    hass.data[DATA_RESOLVER] = resolver  # type: ignore[assignment]
    monkeypatch.setattr(connector, "DIALER", Dialer())
    return resolver


class Site:
    """A web server that tells by which of our addresses it was reached."""

    def __init__(self) -> None:
        """Answer everybody at once."""
        self.gate = asyncio.Event()
        self.gate.set()
        self.waiting = 0
        self.agents: set[str] = set()
        self.port = 0
        self._runner: web.AppRunner | None = None

    async def start(self, *hosts: str) -> None:
        """Listen at these addresses on one port."""
        app = web.Application()
        app.router.add_get("/", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.01)
        await self._runner.setup()
        for host in hosts:
            await web.TCPSite(self._runner, host, self.port).start()
            self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Drop everybody."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        self.waiting += 1
        self.agents.add(request.headers.get("User-Agent", ""))
        await self.gate.wait()
        assert request.transport is not None
        return web.Response(text=request.transport.get_extra_info("sockname")[0])


async def answered(session: ClientSession, port: int, host: str = NAME) -> str:
    """Return by which address a name was reached, over a connection of its own."""
    async with session.get(f"http://{host}:{port}/", headers={"Connection": "close"}) as response:
        return await response.text()


@pytest.mark.parametrize("alive", ["127.0.0.1", "::1"])
async def test_either_protocol(hass: HomeAssistant, names: Names, alive: str) -> None:
    """A camera that answers by one protocol only is reached, and by that one first afterwards."""
    site = Site()
    await site.start(alive)
    try:
        names.known[NAME] = ["::1" if alive == "127.0.0.1" else "127.0.0.1", alive]
        async with session_for(hass, {}) as session:
            assert await answered(session, site.port) == alive
            ordered = connector.DIALER.ordered(NAME, names.known[NAME], str)
            assert ordered[0] == alive
        assert site.agents == {SERVER_SOFTWARE}
    finally:
        await site.stop()
    assert not names.closed


async def test_looked_up_each_time(hass: HomeAssistant, names: Names) -> None:
    """A name may have moved (DDNS): every new connection asks, a kept one does not."""
    site = Site()
    await site.start("127.0.0.1", "::1")
    try:
        async with session_for(hass, {}) as session:
            for address in ("127.0.0.1", "::1"):
                names.known[NAME] = [address]
                assert await answered(session, site.port) == address
            assert len(names.asked) == 2
            for _ in range(3):
                async with session.get(f"http://{NAME}:{site.port}/") as response:
                    assert await response.text() == "::1"
            assert len(names.asked) == 3
    finally:
        await site.stop()


async def test_connections_are_bounded(hass: HomeAssistant, names: Names) -> None:
    """However much is asked at once, a camera has few connections, busy or idle."""
    site = Site()
    await site.start("127.0.0.1")
    site.gate.clear()
    try:
        async with session_for(hass, {}) as session:
            asking = [
                asyncio.create_task(session.get(f"http://127.0.0.1:{site.port}/"))
                for _ in range(MAX_PER_PORT * 3)
            ]
            await asyncio.sleep(0.3)
            assert site.waiting == MAX_PER_PORT
            site.gate.set()
            for response in await asyncio.gather(*asking):
                await response.read()
            pool = session.connector
            assert isinstance(pool, TCPConnector)
            assert sum(len(idle) for idle in pool._conns.values()) <= MAX_PER_PORT
            assert not pool.use_dns_cache
    finally:
        await site.stop()


async def test_slow_names_stop_nobody(hass: HomeAssistant, names: Names) -> None:
    """A look-up that takes for ever ends with the request's own limit."""

    async def hang(*_arguments: Any, **_options: Any) -> list[ResolveResult]:
        await asyncio.sleep(60)
        return []

    names.resolve = hang  # type: ignore[method-assign]
    async with session_for(hass, {}) as session:
        with pytest.raises(TimeoutError):
            await session.get(f"http://{NAME}/", timeout=ClientTimeout(total=0.05))


async def test_resolver_of_home_assistant(hass: HomeAssistant, socket_enabled: None) -> None:
    """Names go the way that Home Assistant's own do, mDNS included, which outlives a session."""
    hass.data.pop(DATA_RESOLVER, None)
    async with session_for(hass, {}):
        resolver = hass.data[DATA_RESOLVER]
    async with session_for(hass, {}):
        assert hass.data[DATA_RESOLVER] is resolver


@pytest.fixture
def sessions(monkeypatch: pytest.MonkeyPatch) -> list[ClientSession]:
    """Collect the sessions that are made."""
    made: list[ClientSession] = []

    def make(*arguments: Any, **options: Any) -> ClientSession:
        made.append(session := session_for(*arguments, **options))
        return session

    monkeypatch.setattr("custom_components.panacam.session_for", make)
    monkeypatch.setattr("custom_components.panacam.connection.session_for", make)
    return made


async def test_session_ends_with_its_entry(
    hass: HomeAssistant, umr20: PovcamSimulator, sessions: list[ClientSession]
) -> None:
    """Unloading closes every connection; reloading makes another session."""
    entry = await add(hass, entry_for(umr20))
    (session,) = sessions
    pool = session.connector
    assert pool is not None
    assert not session.closed
    await hass.config_entries.async_reload(entry.entry_id)
    assert session.closed
    assert pool.closed
    assert len(sessions) == 2
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await hass.async_block_till_done()
    assert sessions[1].closed


async def test_session_of_a_set_up_that_fails(
    hass: HomeAssistant, umr20: PovcamSimulator, sessions: list[ClientSession]
) -> None:
    """A camera that is away, or an address that is none, leaves nothing open."""
    await umr20.stop()
    entry = await add(hass, entry_for(umr20))
    assert entry.state is ConfigEntryState.SETUP_RETRY
    await hass.config_entries.async_unload(entry.entry_id)
    hass.config_entries.async_update_entry(entry, data={**entry.data, "host": "no such\0host"})
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert len(sessions) == 2
    assert all(session.closed for session in sessions)


async def test_session_of_a_question(
    hass: HomeAssistant, umr20: PovcamSimulator, sessions: list[ClientSession]
) -> None:
    """The flow's questions leave nothing open, whatever becomes of them."""
    data = {
        "host": "127.0.0.1",
        "port": umr20.port,
        "family": "povcam",
        "username": "admin",
        "password": "12345",
    }
    await find(hass, data)
    await umr20.stop()
    with pytest.raises(ConnectError):
        await find(hass, data)
    assert len(sessions) == 2
    assert all(session.closed for session in sessions)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("2001:DB8:0::1", {"host": "2001:db8::1"}),
        ("[2001:db8::1]", {"host": "2001:db8::1"}),
        ("[2001:db8::1]:81", {"host": "2001:db8::1", "port": 81}),
        ("fe80::1%eth0", {"host": "fe80::1%eth0"}),
        ("[fe80::1%eth0]", {"host": "fe80::1%eth0"}),
        ("[fe80::1%25eth0]:8080", {"host": "fe80::1%eth0", "port": 8080}),
        ("fe80::1%25eth0", {"host": "fe80::1%eth0"}),
        ("https://[FE80::1%25Eth0]/live", {"host": "fe80::1%Eth0", "ssl": True}),
        ("http://[2001:db8::1]:81/x?y", {"host": "2001:db8::1", "port": 81}),
        ("2001:db8::1::2", {"host": "2001:db8::1::2"}),
        ("[2001:db8::1", {"host": ""}),
        ("[camera]", {"host": ""}),
        ("Camera.Local:81", {"host": "camera.local", "port": 81}),
    ],
)
def test_ipv6_as_people_write_it(typed: str, found: dict[str, Any]) -> None:
    """Brackets, zone and port come in every combination."""
    assert split_host(typed) == found


async def test_outage_of_names(
    hass: HomeAssistant, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A camera that was reached is reached by its address while nobody knows its name."""
    monkeypatch.setattr(dial, "LOOK_UP_TIMEOUT", 0.05)
    site = Site()
    await site.start("127.0.0.1")
    try:
        names.known[NAME] = ["127.0.0.1"]
        async with session_for(hass, {}) as session:
            assert await answered(session, site.port) == "127.0.0.1"
            del names.known[NAME]
            assert await answered(session, site.port) == "127.0.0.1"

            async def hang(*_arguments: Any, **_options: Any) -> list[ResolveResult]:
                names.asked.append(NAME)
                await asyncio.sleep(60)
                return []

            names.asked.clear()
            names.resolve = hang  # type: ignore[method-assign]
            asking = [answered(session, site.port) for _ in range(5)]
            assert await asyncio.gather(*asking) == ["127.0.0.1"] * 5
            assert names.asked == [NAME]
    finally:
        await site.stop()


async def test_one_look_up_for_all(hass: HomeAssistant, names: Names) -> None:
    """What does not go by HTTP asks Home Assistant, too, until that ends."""
    names.known["camera.local"] = ["192.0.2.7", "2001:db8::7"]
    async with session_for(hass, {}):
        pass
    dialer = connector.DIALER
    assert list(await dialer.addresses("camera.local")) == ["192.0.2.7", "2001:db8::7"]
    hass.bus.async_fire(EVENT_HOMEASSISTANT_CLOSE)
    await hass.async_block_till_done()
    names.asked.clear()
    assert await dialer.addresses("localhost")
    assert not names.asked


def test_memory_is_shared() -> None:
    """What HTTP found out, RTSP tries first."""
    assert connector.DIALER is dial.DIALER
