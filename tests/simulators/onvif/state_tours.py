"""Preset tours: rounds that run by themselves (8.9)."""

import asyncio
from dataclasses import replace
import random
from typing import TYPE_CHECKING, Final

from .ptz_parts import Spot, Tour, TourState

if TYPE_CHECKING:
    from .state_ptz import Ptz

_TICK: Final = 0.02
_STAY_AT_LEAST: Final = 0.05
"""A spot without stay must not make the round a busy loop."""


class Tours:
    """The tours of one unit; at most one of them runs."""

    def __init__(self, ptz: Ptz) -> None:
        """Have one tour of the first presets."""
        self._ptz = ptz
        self.all: Final[dict[str, Tour]] = {}
        self._task: asyncio.Task[None] | None = None
        self._running: Tour | None = None
        first = tuple(Spot(preset=token, stay=1.0) for token in tuple(ptz.presets)[:2])
        self.all["tour_1"] = Tour(token="tour_1", name="Night round", spots=first)

    def create(self) -> str:
        """Make an empty tour and give its token."""
        token = next(f"tour_{at}" for at in range(1, 10_000) if f"tour_{at}" not in self.all)
        self.all[token] = Tour(token=token)
        self._ptz.tour_changed(self.all[token])
        return token

    def modify(self, tour: Tour) -> None:
        """Take `tour` over; what the old one was doing goes on."""
        old = self.all[tour.token]
        new = replace(tour, state=old.state, current=old.current)
        if new.auto_start:
            for other in self.all.values():
                other.auto_start = False
        self.all[tour.token] = new
        if old is self._running:
            self._running = new
        self._ptz.tour_changed(new)

    def remove(self, token: str) -> None:
        """End and forget a tour."""
        tour = self.all[token]
        if tour is self._running:
            self._end()
        del self.all[token]
        self._ptz.tour_changed(tour)

    def start(self, token: str) -> bool:
        """Start or resume; False while another tour runs or is paused, or without spots."""
        tour = self.all[token]
        if not tour.spots or (self._running is not None and self._running is not tour):
            return False
        if tour.state is TourState.PAUSED:
            self._set(tour, TourState.TOURING)
            return True
        self._end()
        tour.auto_start = False
        self._running = tour
        self._set(tour, TourState.TOURING)
        self._task = asyncio.create_task(self._run(tour.token))
        return True

    def pause(self, token: str) -> bool:
        """Stay where the round is; False when it does not run."""
        tour = self.all[token]
        if tour.state is not TourState.TOURING:
            return False
        self._set(tour, TourState.PAUSED)
        return True

    def stop(self, token: str) -> None:
        """End the round."""
        tour = self.all[token]
        tour.auto_start = False
        if tour is self._running:
            self._end()

    def power_cycle(self) -> None:
        """Start the tour that starts by itself."""
        for tour in self.all.values():
            if tour.auto_start and self.start(tour.token):
                tour.auto_start = True
                return

    def close(self) -> None:
        """End whatever runs, without a word."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        if self._running is not None:
            self._running.state, self._running.current = TourState.IDLE, None
            self._running = None

    def _end(self) -> None:
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()
        self._task = None
        tour, self._running = self._running, None
        if tour is not None:
            tour.current = None
            self._set(tour, TourState.IDLE)

    def _set(self, tour: Tour, state: TourState) -> None:
        if tour.state is not state:
            tour.state = state
            self._ptz.tour_changed(tour)

    async def _run(self, token: str) -> None:
        loop = asyncio.get_running_loop()
        began, rounds = loop.time(), 0
        while True:
            order = list(range(len(self.all[token].spots)))
            if self.all[token].random:
                random.shuffle(order)
            elif self.all[token].backward:
                order.reverse()
            for at in order:
                tour = self.all[token]
                if at >= len(tour.spots):
                    continue
                await self._visit(tour, at)
                if tour.seconds is not None and loop.time() - began >= tour.seconds:
                    self._end()
                    return
            rounds += 1
            limit = self.all[token].rounds
            if limit is not None and rounds >= limit:
                self._end()
                return

    async def _visit(self, tour: Tour, at: int) -> None:
        tour.current = at
        spot, ptz = tour.spots[at], self._ptz
        speed = None if spot.speed is None else (spot.speed, spot.speed, spot.speed)
        place = spot.position
        if spot.home:
            place = ptz.home
        elif spot.preset is not None:
            preset = ptz.presets.get(spot.preset)
            place = None
            if preset is not None:
                ptz.go_to(preset, speed)
        if place is not None:
            ptz.go((place.pan, place.tilt), place.zoom, speed)
        while ptz.moving:  # noqa: ASYNC110 - the motors tell nobody
            await asyncio.sleep(_TICK)
        await asyncio.sleep(max(spot.stay, _STAY_AT_LEAST))
        while self.all[tour.token].state is TourState.PAUSED:  # noqa: ASYNC110 - as above
            await asyncio.sleep(_TICK)
