"""Searches the networks of Home Assistant for cameras, and offers what is found as flows."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_interface
from itertools import chain
from typing import Any, Final

from homeassistant.components import network
from homeassistant.config_entries import (
    DISCOVERY_SOURCES,
    SOURCE_IGNORE,
    SOURCE_INTEGRATION_DISCOVERY,
    ConfigEntry,
    signal_discovered_config_entry_removed,
)
from homeassistant.const import CONF_HOST, EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers import discovery_flow
from homeassistant.helpers.discovery_flow import DiscoveryKey
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.helpers.start import async_at_started
from homeassistant.util.hass_dict import HassKey

from .cams.discovery import Candidate, followable, merged
from .cams.registry import FAMILIES
from .cams.search import Adapter, Listener, search
from .cams.sweep import PORTS, Targets, sweep
from .const import DOMAIN, LOGGER
from .following import answers, async_mac_of, async_own_addresses, known_entry
from .network_entry import camera_entries

INTERVAL: Final = timedelta(minutes=15)
MAX_FLOWS: Final = 64
"""Cameras that wait at one time to be added; a flood opens no more."""
MAX_HEARD: Final = 256
"""Unasked announcements that wait at one time to be looked at."""
HEARD_DELAY: Final = 0.5
"""Seconds during which announcements are gathered: one camera makes several."""
LOOK_GAP: Final = 30.0
"""Seconds between two searches for one lost camera."""
SIGHT_AGE: Final = 900.0
"""Seconds for which it is remembered where a camera announced itself that still answered."""
MAX_AWAITED: Final = 64
"""Hosts that are waited for at one time."""
AWAIT_TIME: Final = 60.0
"""Seconds that a camera has to start after its first word."""
AWAIT_GAP: Final = 2.0
AWAIT_AGAIN: Final = 900.0
"""Seconds after which a host that never answered is waited for once more."""

SEARCHES: Final = tuple(family.search for family in FAMILIES.values() if family.search is not None)

_DISCOVERY: HassKey[Discovery] = HassKey("panacam_discovery")


@dataclass(slots=True)
class _Awaited:
    """A camera that announced itself and does not answer yet."""

    candidate: Candidate
    until: float
    waiting: bool = True
    """Whether no flow is looking at it now."""


class Discovery:
    """The one search of this Home Assistant."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Search nothing yet."""
        self._hass = hass
        self._turn = asyncio.Lock()
        """Cameras of one kind answer to a fixed port, which only one search can have."""
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._cancel: list[CALLBACK_TYPE] = []
        self._listener: Listener | None = None
        self._own: frozenset[str] = frozenset()
        self._heard: dict[str, Candidate] = {}
        self._sights: dict[str, tuple[Candidate, float]] = {}
        """Where cameras announced themselves that still answered elsewhere, by entry id."""
        self._looked: dict[str, float] = {}
        self._awaited: dict[str, _Awaited] = {}

    async def async_start(self, _hass: HomeAssistant) -> None:
        """Listen, and search now and then."""
        self._cancel = [
            async_track_time_interval(
                self._hass, self._tick, INTERVAL, name="panacam search", cancel_on_shutdown=True
            ),
            # What is removed, or ignored no longer, is offered again.
            async_dispatcher_connect(
                self._hass, signal_discovered_config_entry_removed(DOMAIN), self._tick
            ),
        ]
        self._hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, self.async_stop)
        self._tick()
        adapters = await self._adapters()
        self._listener = Listener(SEARCHES, adapters, found=self.hear)
        await self._listener.start()

    async def async_stop(self, _event: Event | None = None) -> None:
        """End whatever is under way."""
        while self._cancel:
            self._cancel.pop()()
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._listener is not None:
            await self._listener.close()
            self._listener = None

    async def async_search(self) -> tuple[Candidate, ...]:
        """Ask all networks who is there, and return each camera once."""
        async with self._turn:
            adapters = await self._adapters()
            found: list[Candidate] = []

            def take(candidate: Candidate) -> None:
                if followable(candidate.host, self._own):
                    found.append(candidate)

            await search(SEARCHES, adapters, found=take)
        return await self._completed(found)

    @callback
    def look_for(self, entry: ConfigEntry[Any]) -> None:
        """Look where a lost camera announced itself last, and search for it, now and then."""
        now = self._hass.loop.time()
        known = {one.entry_id for one in camera_entries(self._hass)}
        self._looked = {key: at for key, at in self._looked.items() if key in known}
        if now < self._looked.get(entry.entry_id, -LOOK_GAP) + LOOK_GAP:
            return
        self._looked[entry.entry_id] = now
        candidate, at = self._sights.pop(entry.entry_id, (None, 0.0))
        if candidate is not None and now < at + SIGHT_AGE:
            self._offer(candidate)
        self._begin("search", self._search)

    @callback
    def sight(self, entry: ConfigEntry[Any], candidate: Candidate) -> None:
        """Remember where a camera announced itself, for when it answers no longer where it is."""
        known = {one.entry_id for one in camera_entries(self._hass)}
        self._sights = {key: sight for key, sight in self._sights.items() if key in known}
        self._sights[entry.entry_id] = (candidate, self._hass.loop.time())

    @callback
    def wait_for(self, candidate: Candidate) -> None:
        """Look again as soon as a camera answers that has just got its address."""
        now = self._hass.loop.time()
        self._awaited = {
            host: one for host, one in self._awaited.items() if now < one.until + AWAIT_AGAIN
        }
        awaited = self._awaited.get(candidate.host)
        if awaited is None:
            if len(self._awaited) >= MAX_AWAITED:
                return
            awaited = _Awaited(candidate, now + AWAIT_TIME)
            self._awaited[candidate.host] = awaited
        awaited.candidate, awaited.waiting = candidate, True
        if now < awaited.until:
            self._begin("wait", self._wait)

    @callback
    def hear(self, candidate: Candidate) -> None:
        """Take what announced itself unasked."""
        if candidate.key not in self._heard and len(self._heard) >= MAX_HEARD:
            return
        if followable(candidate.host, self._own):
            self._heard[candidate.key] = candidate
            self._begin("hear", self._gather)

    @callback
    def _tick(self, _why: datetime | ConfigEntry[Any] | None = None) -> None:
        self._begin("search", self._search)

    def _begin(self, name: str, work: Callable[[], Any]) -> None:
        """Start one of the tasks, unless it is under way."""
        if name in self._tasks or self._hass.is_stopping:
            return
        task: asyncio.Task[None] = self._hass.async_create_background_task(
            work(), f"panacam discovery {name}", eager_start=False
        )
        self._tasks[name] = task
        task.add_done_callback(lambda _: self._tasks.pop(name, None))

    async def _search(self) -> None:
        await self._offer_all(await self.async_search())

    async def _gather(self) -> None:
        while self._heard:
            await asyncio.sleep(HEARD_DELAY)
            heard, self._heard = list(self._heard.values()), {}
            await self._offer_all(await self._completed(heard))

    async def _wait(self) -> None:
        """Knock at the doors of cameras that are starting."""
        while True:
            now = self._hass.loop.time()
            doors = [one for one in self._awaited.values() if one.waiting and now < one.until]
            if not doors:
                return
            await asyncio.gather(*map(self._knock, doors))
            await asyncio.sleep(AWAIT_GAP)

    async def _knock(self, awaited: _Awaited) -> None:
        candidate = awaited.candidate
        ports = PORTS if candidate.port is None else (candidate.port,)
        if await sweep(Targets((candidate.host,)), _listens, ports=ports):
            awaited.waiting = False
            self._offer(candidate)

    async def _adapters(self) -> tuple[Adapter, ...]:
        """Return the adapters that Home Assistant may use."""
        self._own = await async_own_addresses(self._hass)
        return adapters_of(await network.async_get_adapters(self._hass))

    async def _completed(self, candidates: list[Candidate]) -> tuple[Candidate, ...]:
        """Return each camera once, with the MAC address that the kernel knows for it."""

        async def complete(candidate: Candidate) -> Candidate:
            return replace(candidate, mac=await async_mac_of(self._hass, candidate.host))

        async def is_right(candidate: Candidate) -> bool:
            return await async_mac_of(self._hass, candidate.host) in {None, candidate.mac}

        contested = _contested(candidates)
        if doubtful := [one for one in candidates if one.mac in contested][:MAX_HEARD]:
            # Who only claims to be the camera must not stand in its place when they become one.
            right = await asyncio.gather(*map(is_right, doubtful))
            candidates = [
                *(one for one in candidates if one.mac not in contested),
                *(one for one, is_so in zip(doubtful, right, strict=True) if is_so),
            ]
        once = await self._hass.async_add_executor_job(merged, candidates)
        nameless = [candidate for candidate in once if candidate.mac is None][:MAX_HEARD]
        if not nameless:
            return once
        named = [candidate for candidate in once if candidate.mac is not None]
        named += await asyncio.gather(*map(complete, nameless))
        return await self._hass.async_add_executor_job(merged, named)

    async def _offer_all(self, candidates: Iterable[Candidate]) -> None:
        for candidate in candidates:
            self._offer(candidate)
            await asyncio.sleep(0)  # a flood of them is not one step of the event loop

    @callback
    def _offer(self, candidate: Candidate) -> None:
        """Open a flow for a new camera, or for a lost one that is somewhere else."""
        entry = known_entry(self._hass, candidate)
        if entry is not None:
            if entry.source == SOURCE_IGNORE or entry.disabled_by is not None:
                return
            if answers(entry):
                if entry.data.get(CONF_HOST) != candidate.host:
                    self.sight(entry, candidate)
                return
        elif any(
            entry.data.get(CONF_HOST) == candidate.host and answers(entry)
            for entry in camera_entries(self._hass)
        ):
            return
        elif open_flows(self._hass) >= MAX_FLOWS:
            LOGGER.debug("Enough cameras wait to be added: another one is left out")
            return
        discovery_flow.async_create_flow(
            self._hass,
            DOMAIN,
            {"source": SOURCE_INTEGRATION_DISCOVERY},
            candidate,
            discovery_key=DiscoveryKey(domain=DOMAIN, key=candidate.key, version=1),
        )


def _contested(candidates: Iterable[Candidate]) -> set[str | None]:
    """Return the MAC addresses that several hosts claim."""
    hosts: dict[str | None, set[str]] = {}
    for candidate in candidates:
        hosts.setdefault(candidate.mac, set()).add(candidate.host)
    return {mac for mac, claimed in hosts.items() if mac is not None and len(claimed) > 1}


async def _listens(_host: str, _port: int) -> bool:
    """Say that it is enough that somebody takes connections."""
    return True


@callback
def open_flows(hass: HomeAssistant) -> int:
    """Return how many cameras wait to be added that nobody asked for."""
    flows = hass.config_entries.flow.async_progress_by_handler(DOMAIN, include_uninitialized=True)
    return sum(flow["context"]["source"] in DISCOVERY_SOURCES for flow in flows)


def adapters_of(adapters: Iterable[network.Adapter]) -> tuple[Adapter, ...]:
    """Return the addresses that questions are sent from: IPv4, and link-local IPv6."""
    return tuple(chain.from_iterable(_addresses_of(one) for one in adapters if one["enabled"]))


def _addresses_of(adapter: network.Adapter) -> Iterator[Adapter]:
    for ipv4 in adapter["ipv4"]:
        here = ip_interface(f"{ipv4['address']}/{ipv4['network_prefix']}")
        if not here.is_loopback:
            yield Adapter(
                address=ipv4["address"],
                broadcast=str(here.network.broadcast_address),
                index=adapter["index"] or 0,
                name=adapter["name"],
            )
    for ipv6 in adapter["ipv6"]:
        if ip_address(ipv6["address"]).is_link_local:
            yield Adapter(
                address=f"{ipv6['address']}%{ipv6['scope_id']}",
                index=ipv6["scope_id"],
                name=adapter["name"],
            )


@callback
def _discovery(hass: HomeAssistant) -> Discovery:
    """Return the one search; a flow may want it before anything is set up."""
    if _DISCOVERY not in hass.data:
        hass.data[_DISCOVERY] = Discovery(hass)
    return hass.data[_DISCOVERY]


async def async_start_discovery(hass: HomeAssistant) -> None:
    """Search for cameras as soon as Home Assistant has started, and from then on."""
    async_at_started(hass, _discovery(hass).async_start)


async def async_search_now(hass: HomeAssistant) -> tuple[Candidate, ...]:
    """Return who answers on the networks now, each camera once."""
    return await _discovery(hass).async_search()


@callback
def async_look_for(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Search for a lost camera, at most once in LOOK_GAP seconds."""
    _discovery(hass).look_for(entry)


@callback
def async_sight(hass: HomeAssistant, entry: ConfigEntry[Any], candidate: Candidate) -> None:
    """Remember where a camera announced itself that still answers elsewhere."""
    _discovery(hass).sight(entry, candidate)


@callback
def async_await(hass: HomeAssistant, candidate: Candidate) -> None:
    """Look at a camera again as soon as it answers."""
    _discovery(hass).wait_for(candidate)
