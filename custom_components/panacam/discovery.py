"""Searches the networks of Home Assistant for cameras, and offers what is found as flows."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from homeassistant.components import network
from homeassistant.config_entries import (
    DISCOVERY_SOURCES,
    SOURCE_IGNORE,
    SOURCE_INTEGRATION_DISCOVERY,
    ConfigEntry,
    signal_discovered_config_entry_removed,
)
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers import discovery_flow
from homeassistant.helpers.discovery_flow import DiscoveryKey
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.helpers.start import async_at_started
from homeassistant.util.hass_dict import HassKey

from .awaiting import Awaiting
from .cams.discovery import Candidate, followable
from .cams.registry import FAMILIES
from .cams.search import Adapter, Listener, search
from .completing import async_completed
from .const import DOMAIN, LOGGER
from .following import answers, async_own_addresses, leads_to
from .known import known_entry
from .listening import Listening, adapters_of
from .network_entry import camera_entries
from .sights import Sights

INTERVAL: Final = timedelta(minutes=15)
MAX_FLOWS: Final = 64
"""Cameras that wait at one time to be added; a flood opens no more."""
MAX_HEARD: Final = 256
"""Unasked announcements that wait at one time to be looked at."""
HEARD_DELAY: Final = 0.5
"""Seconds during which announcements are gathered: one camera makes several."""
LOOK_GAP: Final = 25.0
"""Seconds between two searches for one lost camera."""
SEARCHES: Final = tuple(family.search for family in FAMILIES.values() if family.search is not None)

_DISCOVERY: HassKey[Discovery] = HassKey("panacam_discovery")


class Discovery:
    """The one search of this Home Assistant."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Search nothing yet."""
        self._hass = hass
        self._turn = asyncio.Lock()
        """Cameras of one kind answer to a fixed port, which only one search can have."""
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._cancel: list[CALLBACK_TYPE] = []
        self._listening = Listening(lambda adapters: Listener(SEARCHES, adapters, found=self.hear))
        self._awaiting = Awaiting(self._offer)
        self._sights = Sights()
        self._own: frozenset[str] = frozenset()
        self._heard: dict[tuple[str, str], Candidate] = {}
        self._looked: dict[str, float] = {}

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
        await self._listening.on(await self._adapters())

    async def async_stop(self, _event: Event | None = None) -> None:
        """End whatever is under way."""
        while self._cancel:
            self._cancel.pop()()
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._listening.end()

    async def async_search(self) -> tuple[Candidate, ...]:
        """Ask all networks who is there, and return each camera once."""
        async with self._turn:
            adapters = await self._adapters()
            found: list[Candidate] = []

            def take(candidate: Candidate) -> None:
                if followable(candidate.host, self._own):
                    found.append(candidate)

            await search(SEARCHES, adapters, found=take)
        return await async_completed(self._hass, found)

    @callback
    def look_for(self, entry: ConfigEntry[Any]) -> None:
        """Look where a lost camera announced itself last, and search for it, now and then."""
        now = self._hass.loop.time()
        known = {one.entry_id for one in camera_entries(self._hass)}
        self._looked = {key: at for key, at in self._looked.items() if key in known}
        if now < self._looked.get(entry.entry_id, -LOOK_GAP) + LOOK_GAP:
            return
        self._looked[entry.entry_id] = now
        for candidate in self._sights.take(entry.entry_id, now):
            self._offer(candidate)
        self._begin("search", self._search)

    @callback
    def sight(self, entry: ConfigEntry[Any], candidate: Candidate) -> None:
        """Remember where a camera announced itself, for when it answers no longer where it is."""
        known = {one.entry_id for one in camera_entries(self._hass)}
        self._sights.add(entry.entry_id, candidate, self._hass.loop.time(), known)

    @callback
    def wait_for(self, candidate: Candidate) -> None:
        """Look again as soon as a camera answers that has just got its address."""
        if self._awaiting.add(candidate, self._hass.loop.time()):
            self._begin("wait", self._awaiting.run)

    @callback
    def hear(self, candidate: Candidate) -> None:
        """Take what announced itself unasked."""
        # Of two hosts that claim to be one camera, the second does not take the first one's place.
        key = candidate.host, candidate.key
        if key not in self._heard and len(self._heard) >= MAX_HEARD:
            return
        if followable(candidate.host, self._own):
            self._heard[key] = candidate
            self._begin("hear", self._gather)

    @callback
    def _tick(self, _why: datetime | ConfigEntry[Any] | None = None) -> None:
        self._begin("search", self._search)

    def _begin(self, name: str, work: Callable[[], Any]) -> None:
        """Start one of the tasks, unless it is under way."""
        task = self._tasks.get(name)
        # One that has returned and is still to be called back does nothing any more.
        if self._hass.is_stopping or (task is not None and not task.done()):
            return
        task = self._hass.async_create_background_task(
            work(), f"panacam discovery {name}", eager_start=False
        )
        self._tasks[name] = task
        task.add_done_callback(partial(self._done, name))

    def _done(self, name: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(name) is task:
            del self._tasks[name]

    async def _search(self) -> None:
        if self._cancel:
            # Adapters come and go.
            await self._listening.on(await self._adapters())
        await self._offer_all(await self.async_search())

    async def _gather(self) -> None:
        while self._heard:
            await asyncio.sleep(HEARD_DELAY)
            heard, self._heard = list(self._heard.values()), {}
            self._own = await async_own_addresses(self._hass)
            heard = [one for one in heard if followable(one.host, self._own)]
            await self._offer_all(await async_completed(self._hass, heard))

    async def _adapters(self) -> tuple[Adapter, ...]:
        """Return the adapters that Home Assistant may use."""
        self._own = await async_own_addresses(self._hass)
        return adapters_of(await network.async_get_adapters(self._hass))

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
                if not leads_to(entry, candidate.host):
                    self.sight(entry, candidate)
                return
        elif any(
            leads_to(entry, candidate.host) and answers(entry)
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


@callback
def open_flows(hass: HomeAssistant) -> int:
    """Return how many cameras wait to be added that nobody asked for."""
    flows = hass.config_entries.flow.async_progress_by_handler(DOMAIN, include_uninitialized=True)
    return sum(flow["context"]["source"] in DISCOVERY_SOURCES for flow in flows)


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
