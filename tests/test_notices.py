"""Events of topics, none of them lost; and cameras that become other ones while they are used."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNKNOWN
from homeassistant.core import HomeAssistant, State as HassState
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    mock_restore_cache_with_extra_data,
)

from custom_components.panacam import const, notices
from custom_components.panacam.cams.device import Reconfigured
from custom_components.panacam.cams.roles import Topic, TopicEvent
from custom_components.panacam.event import attributes_of
from custom_components.panacam.notices import TopicEvents
from tests.fake_roles import set_up
from tests.fake_rows import listing_device
from tests.fakes import FakeDevice
from tests.test_init import state

EVENT = "event.bare_line_crossed_fence"


@pytest.fixture
def fake() -> FakeDevice:
    """Return a camera with one topic."""
    return listing_device()


@pytest.fixture
async def entry(hass: HomeAssistant, socket_enabled: None, fake: FakeDevice) -> MockConfigEntry:
    """Set it up, polled by nobody but the test."""
    return await set_up(hass, fake, scan_interval=300)


def told(hass: HomeAssistant, entity: str = EVENT) -> dict[str, Any]:
    """Return the data of the last event."""
    found = hass.states.get(entity)
    assert found is not None
    ours = {"event_types", "friendly_name"}
    return {name: value for name, value in found.attributes.items() if name not in ours}


async def test_event(hass: HomeAssistant, entry: MockConfigEntry, fake: FakeDevice) -> None:
    """Each is a change of state with the data that came along."""
    assert state(hass, EVENT) == STATE_UNKNOWN
    fake.say(TopicEvent("line_1", {"ObjectId": "12"}))
    first = state(hass, EVENT)
    assert told(hass) == {"event_type": "happened", "ObjectId": "12"}
    fake.say(TopicEvent("line_1"))
    assert state(hass, EVENT) > first
    assert told(hass) == {"event_type": "happened"}


async def test_event_that_brings_its_entity(
    hass: HomeAssistant, entry: MockConfigEntry, fake: FakeDevice
) -> None:
    """A topic that nobody knew: the event comes before its entity, and is shown all the same."""
    fake.topics = {**fake.topics, "odd": Topic(key="odd", kind="event", label="Odd Thing")}
    fake.say(TopicEvent("odd", {"Value": "1"}))
    fake.say(TopicEvent("odd", {"Value": "2"}))
    assert hass.states.get("event.bare_odd_thing") is None
    fake.say(replace(fake.state, topics=fake.state.topics | {"odd", "unheard_of"}))
    await hass.async_block_till_done()
    assert told(hass, "event.bare_odd_thing") == {"event_type": "happened", "Value": "2"}


async def test_event_during_set_up(hass: HomeAssistant, socket_enabled: None) -> None:
    """So is one that comes while the camera is polled for the first time."""
    fake = listing_device()
    polled = fake.poll

    async def talkative() -> Any:
        fake.say(TopicEvent("line_1", {"ObjectId": "3"}))
        return await polled()

    fake.poll = talkative  # type: ignore[method-assign]
    await set_up(hass, fake)
    assert told(hass)["ObjectId"] == "3"


async def test_event_is_remembered(hass: HomeAssistant, socket_enabled: None) -> None:
    """A restart does not make an old event a new one."""
    before = "2026-01-01T00:00:00.000+00:00"
    data = {"last_event_type": "happened", "last_event_attributes": {"ObjectId": "1"}}
    mock_restore_cache_with_extra_data(hass, [(HassState(EVENT, before), data)])
    await set_up(hass, listing_device())
    assert state(hass, EVENT) == before
    assert told(hass)["ObjectId"] == "1"


def test_no_camera_names_an_attribute_of_home_assistant() -> None:
    """Its position on the map and its name are its owner's."""
    assert attributes_of({"friendly_name": "x", "latitude": "1", "Plate": "K1"}) == {
        "friendly_name_": "x",
        "latitude_": "1",
        "Plate": "K1",
    }


class Clock:
    """Seconds that a test counts."""

    now = 0.0

    def __call__(self) -> float:
        """Return what it is."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands."""
    return Clock()


def test_kept_for_a_while(clock: Clock) -> None:
    """The last one of each topic; what is old is no news."""
    events = TopicEvents(clock)
    heard: list[TopicEvent] = []
    for key in ("a", "b", "a"):
        events.tell(TopicEvent(key, {"at": str(clock.now)}))
        clock.now += 1
    events.listen("a", heard.append)
    assert heard == [TopicEvent("a", {"at": "2.0"})]
    clock.now += const.TOPIC_KEEP
    events.listen("b", heard.append)
    assert len(heard) == 1


def test_listened_to_until_the_end(clock: Clock) -> None:
    """Nobody is told after leaving; told once, an event is not kept."""
    events = TopicEvents(clock)
    heard: list[TopicEvent] = []
    leave = events.listen("a", heard.append)
    events.tell(TopicEvent("a"))
    leave()
    events.tell(TopicEvent("a", {"after": "all"}))
    assert heard == [TopicEvent("a")]


def test_what_is_kept_is_bounded(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A camera with endless topics loses its oldest ones."""
    monkeypatch.setattr(notices, "MAX_KEPT_EVENTS", 3)
    events = TopicEvents(clock)
    heard: list[str] = []
    for key in "abcd":
        events.tell(TopicEvent(key))
    for key in "abcd":
        events.listen(key, lambda event: heard.append(event.key))
    assert heard == ["b", "c", "d"]


async def wait(hass: HomeAssistant, freezer: FrozenDateTimeFactory, seconds: float) -> None:
    """Let time pass, as timers see it."""
    freezer.tick(timedelta(seconds=seconds))
    async_fire_time_changed(hass)
    await hass.async_block_till_done(wait_background_tasks=True)


async def test_reconfigured(
    hass: HomeAssistant, socket_enabled: None, freezer: FrozenDateTimeFactory
) -> None:
    """A camera with other streams is set up again: once, soon, and with what it has then."""
    fake = listing_device()
    entry = await set_up(hass, fake)
    first = entry.runtime_data
    other = listing_device()
    with (
        patch("custom_components.panacam.device_for", return_value=other),
        patch.object(first.reload, "_not_before", 0.0),
    ):
        for _ in range(3):
            fake.say(Reconfigured())
        await wait(hass, freezer, const.RELOAD_DELAY / 2)
        assert entry.runtime_data is first
        await wait(hass, freezer, const.RELOAD_DELAY)
        assert fake.closed
        assert entry.state is ConfigEntryState.LOADED
        assert entry.runtime_data.device is other
        second = entry.runtime_data
        await wait(hass, freezer, const.RELOAD_DELAY * 2)
        assert entry.runtime_data is second
        # One that never comes to rest is not set up without end.
        other.say(Reconfigured())
        await wait(hass, freezer, const.RELOAD_DELAY * 2)
        assert entry.runtime_data is second
        await wait(hass, freezer, const.RELOAD_GAP)
        assert entry.runtime_data is not second


async def test_no_reload_after_unloading(
    hass: HomeAssistant, entry: MockConfigEntry, fake: FakeDevice, freezer: FrozenDateTimeFactory
) -> None:
    """Who disables a camera does not get it back."""
    fake.say(Reconfigured())
    assert await hass.config_entries.async_unload(entry.entry_id)
    await wait(hass, freezer, const.RELOAD_GAP * 2)
    assert entry.state is ConfigEntryState.NOT_LOADED


async def test_topic_that_is_listed_no_more(
    hass: HomeAssistant, entry: MockConfigEntry, fake: FakeDevice
) -> None:
    """A topic that is listed no more keeps its entity, which waits for it."""
    fake.say(replace(fake.state, topics=frozenset()))
    await hass.async_block_till_done()
    fake.say(TopicEvent("line_1", {"ObjectId": "9"}))
    assert told(hass)["ObjectId"] == "9"
