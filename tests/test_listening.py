"""One listener on the adapters that there are, and tasks that lose no wake-up."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
import pytest

from custom_components.panacam import awaiting, discovery
from custom_components.panacam.awaiting import Awaiting
from custom_components.panacam.cams.discovery import Candidate
from custom_components.panacam.cams.search import Adapter, Listener
from custom_components.panacam.discovery import Discovery
from custom_components.panacam.listening import Listening
from tests.conftest import until

FIRST = Adapter(address="192.168.4.9", broadcast="192.168.7.255", name="eth1")
SECOND = Adapter(address="10.0.0.9", broadcast="10.0.0.255", name="eth2")


class Ear(Listener):
    """A listener without sockets."""

    def __init__(self, adapters: Sequence[Adapter]) -> None:
        """Be closed."""
        self.adapters = adapters
        self.open = False
        self.go = asyncio.Event()
        self.go.set()

    async def start(self) -> None:
        """Be open, as soon as it may."""
        await self.go.wait()
        self.open = True

    async def close(self) -> None:
        """Be closed."""
        self.open = False


async def test_adapters_that_change() -> None:
    """It listens anew where there is another adapter, and only there."""
    ears: list[Ear] = []

    def make(adapters: Sequence[Adapter]) -> Ear:
        ears.append(Ear(adapters))
        return ears[-1]

    listening = Listening(make)
    await listening.on((FIRST,))
    await listening.on((FIRST,))
    assert [(ear.adapters, ear.open) for ear in ears] == [((FIRST,), True)]
    await listening.on((FIRST, SECOND))
    assert [ear.open for ear in ears] == [False, True]
    assert ears[1].adapters == (FIRST, SECOND)
    await listening.end()
    assert [ear.open for ear in ears] == [False, False]
    await listening.on((FIRST,))
    assert len(ears) == 2


async def test_end_while_it_starts() -> None:
    """No socket is left open by who stops while another one starts."""
    ear = Ear(())
    ear.go.clear()
    listening = Listening(lambda _adapters: ear)
    starting = asyncio.create_task(listening.on((FIRST,)))
    await asyncio.sleep(0)
    ending = asyncio.create_task(listening.end())
    await asyncio.sleep(0)
    ear.go.set()
    await asyncio.gather(starting, ending)
    assert not ear.open


async def test_adapters_are_looked_at_again(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each search in the background looks which adapters and addresses there are."""
    ears: list[Ear] = []

    def make(_searches: object, adapters: Sequence[Adapter], *, found: object) -> Ear:
        ears.append(Ear(adapters))
        return ears[-1]

    async def own(_hass: HomeAssistant) -> frozenset[str]:
        return frozenset({adapter.address for adapter in there})

    there = [FIRST]
    monkeypatch.setattr(discovery, "Listener", make)
    monkeypatch.setattr(discovery, "adapters_of", lambda _adapters: tuple(there))
    monkeypatch.setattr(discovery, "async_own_addresses", own)
    searching = Discovery(hass)
    await searching.async_start(hass)
    await until(lambda: not searching._tasks)
    assert [ear.adapters for ear in ears] == [(FIRST,)]
    there.append(SECOND)
    searching._tick()
    await until(lambda: not searching._tasks)
    assert [ear.adapters for ear in ears] == [(FIRST,), (FIRST, SECOND)]
    searching.hear(Candidate(host=SECOND.address))
    assert not searching._heard
    await searching.async_stop()
    assert not any(ear.open for ear in ears)


async def test_heard_before_the_address_was_ours(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was heard is looked at with the addresses of now."""
    own: set[str] = set()
    offered: list[Candidate] = []

    async def addresses(_hass: HomeAssistant) -> frozenset[str]:
        return frozenset(own)

    monkeypatch.setattr(discovery, "HEARD_DELAY", 0.01)
    monkeypatch.setattr(discovery, "async_own_addresses", addresses)
    searching = Discovery(hass)
    monkeypatch.setattr(searching, "_offer", offered.append)
    searching.hear(Candidate(host="10.0.0.9"))
    searching.hear(Candidate(host="10.0.0.8"))
    own.add("10.0.0.9")
    await until(lambda: not searching._tasks)
    assert [one.host for one in offered] == ["10.0.0.8"]


async def test_wake_up_is_not_lost(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    """What begins when the task before has returned, and was not called back yet, begins."""
    searching = Discovery(hass)
    ran: list[int] = []
    begun: Callable[..., Any] = searching._begin

    async def second() -> None:
        ran.append(2)

    async def first() -> None:
        ran.append(1)

    def create(work: Any, name: str, *, eager_start: bool) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.create_task(work, name=name)
        if work.__name__ == "first":
            # Before the callback that forgets the task.
            task.add_done_callback(lambda _: begun("work", second))
        return task

    monkeypatch.setattr(hass, "async_create_background_task", create)
    begun("work", first)
    await until(lambda: 2 in ran)
    await until(lambda: not searching._tasks)
    assert ran[:2] == [1, 2]


async def test_two_that_claim_to_be_one(hass: HomeAssistant) -> None:
    """Who says later to be the same camera does not take the first one's place."""
    searching = Discovery(hass)
    with patch.object(searching, "_begin"):
        for host in ("10.0.0.5", "10.0.0.66"):
            searching.hear(Candidate(host=host, mac="02:00:00:00:00:01"))
    assert [one.host for one in searching._heard.values()] == ["10.0.0.5", "10.0.0.66"]


async def test_the_oldest_is_waited_for_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood of hosts that never answer does not keep a camera from being waited for."""
    monkeypatch.setattr(awaiting, "MAX_AWAITED", 2)
    monkeypatch.setattr(awaiting, "AWAIT_GAP", 0.0)
    asked: list[str] = []
    answered: list[Candidate] = []

    async def sweep(targets: Any, _probe: object, *, ports: Sequence[int]) -> tuple[str, ...]:
        asked.extend(targets.hosts)
        return targets.hosts

    monkeypatch.setattr(awaiting, "sweep", sweep)
    waiting = Awaiting(answered.append)
    for host in ("10.0.0.1", "10.0.0.2", "10.0.0.3"):
        assert waiting.add(Candidate(host=host, port=80), 0.0)
    assert len(waiting) == 2
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: 1.0)
    await waiting.run()
    assert asked == ["10.0.0.2", "10.0.0.3"]
    assert [one.host for one in answered] == asked
