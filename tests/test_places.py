"""Presets and tours; and the unique ids by which dashboards find what moves a camera."""

import asyncio
from dataclasses import replace
import re
from typing import override

from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.panacam.cams.errors import Reason, RefusedError
from custom_components.panacam.cams.roles import Move, Tour, TourStatus
from custom_components.panacam.cams.stream import RtspStream
from custom_components.panacam.select import options_of
from tests.conftest import MAC, until
from tests.fake_roles import FakePlaces, FakeTours, set_up
from tests.fake_rows import listing_device
from tests.fakes import FakeDevice
from tests.test_actions import call
from tests.test_init import poll, state

PRESET = "select.bare_preset"
TOUR = "select.bare_tour"


class Moving:
    """Moves in every way."""

    moves = frozenset(Move)

    def __init__(self) -> None:
        """Begin at rest."""
        self.made: list[Move] = []

    async def move(self, move: Move, size: int = 1) -> None:
        """Note it."""
        self.made.append(move)


class Hanging(Moving):
    """Gets no answer to anything but a stop."""

    def __init__(self) -> None:
        """Begin at rest."""
        super().__init__()
        self.stopped = asyncio.Event()

    @override
    async def move(self, move: Move, size: int = 1) -> None:
        """Note it, then wait for what ends it."""
        await super().move(move, size)
        if move is Move.STOP:
            self.stopped.set()
        await self.stopped.wait()


class Restarting:
    """Restarts."""

    restarted = 0

    async def reboot(self) -> None:
        """Count it."""
        self.restarted += 1


@pytest.fixture
def fake() -> FakeDevice:
    """Return a camera with presets and tours."""
    return listing_device()


@pytest.fixture
async def entry(hass: HomeAssistant, socket_enabled: None, fake: FakeDevice) -> MockConfigEntry:
    """Set it up, polled by nobody but the test."""
    return await set_up(hass, fake, scan_interval=300)


@pytest.mark.parametrize(
    ("names", "options"),
    [
        ({"1": "A", "2": "B"}, {"A": "1", "B": "2"}),
        ({"1": "A", "2": "A", "3": "A"}, {"A": "1", "A (2)": "2", "A (3)": "3"}),
        ({"1": "A (2)", "2": "A", "3": "A"}, {"A (2)": "1", "A": "2", "A (3)": "3"}),
        ({"1": "A", "2": "A", "3": "A (2)"}, {"A": "1", "A (2)": "2", "A (2) (2)": "3"}),
        ({"7": ""}, {"7": "7"}),
        ({}, {}),
    ],
)
def test_options(names: dict[str, str], options: dict[str, str]) -> None:
    """Every token can be chosen, under a name of its own."""
    assert options_of(names) == options


async def test_presets(hass: HomeAssistant, entry: MockConfigEntry, fake: FakeDevice) -> None:
    """Names to choose from, where the camera is, and where it is sent."""
    found = hass.states.get(PRESET)
    assert found is not None
    assert found.attributes["options"] == ["Door", "Gate", "Door (2)", "4"]
    assert found.state == "Door (2)"
    await call(hass, "select", "select_option", PRESET, option="Gate")
    assert isinstance(fake.presets, FakePlaces)
    assert fake.presets.calls == [("recall", "2", None)]
    fake.say(replace(fake.state, preset=None))
    assert state(hass, PRESET) == STATE_UNKNOWN
    fake.say(replace(fake.state, presets={"9": "Roof"}, preset="9"))
    assert state(hass, PRESET) == "Roof"
    with pytest.raises(ServiceValidationError):
        await call(hass, "select", "select_option", PRESET, option="Gate")


async def test_preset_that_the_camera_refuses(
    hass: HomeAssistant, entry: MockConfigEntry, fake: FakeDevice
) -> None:
    """It says why, and the select does not claim to be there."""
    assert isinstance(fake.presets, FakePlaces)
    fake.presets.error = RefusedError(Reason.REFUSED)
    with pytest.raises(HomeAssistantError, match="refused"):
        await call(hass, "select", "select_option", PRESET, option="Gate")
    assert state(hass, PRESET) == "Door (2)"


async def test_presets_turn_out_later(hass: HomeAssistant, socket_enabled: None) -> None:
    """A head that is attached while Home Assistant runs gets its entities then."""
    fake = FakeDevice()
    entry = await set_up(hass, fake)
    assert hass.states.get(PRESET) is None
    fake.presets, fake.mover = FakePlaces(), Moving()
    await poll(hass, entry)
    assert state(hass, PRESET) == STATE_UNKNOWN
    await call(hass, "button", "press", "button.bare_pan_left")
    assert fake.mover.made == [Move.PAN_LEFT]
    fake.mover = fake.presets = None
    with pytest.raises(HomeAssistantError, match="cannot do that"):
        await call(hass, "button", "press", "button.bare_pan_left")


async def test_roles_that_went(hass: HomeAssistant, socket_enabled: None, fake: FakeDevice) -> None:
    """What a camera can do no longer is said when somebody wants it."""
    fake.rebooter = Restarting()
    await set_up(hass, fake, scan_interval=300)
    await call(hass, "button", "press", "button.bare_restart")
    assert fake.rebooter.restarted == 1
    fake.rebooter = fake.presets = None
    with pytest.raises(HomeAssistantError, match="cannot do that"):
        await call(hass, "button", "press", "button.bare_restart")
    with pytest.raises(HomeAssistantError, match="cannot do that"):
        await call(hass, "select", "select_option", PRESET, option="Gate")


async def test_preset_that_goes_while_it_is_chosen(
    hass: HomeAssistant, entry: MockConfigEntry, fake: FakeDevice
) -> None:
    """Between the choice and its turn the camera may forget it."""
    component = hass.data["select"]
    entity = component.get_entity(PRESET)
    assert entity is not None
    with pytest.raises(ServiceValidationError) as caught:
        await entity.async_select_option("Roof")
    assert caught.value.translation_key == "not_found"


def touring(fake: FakeDevice, token: str | None, status: TourStatus = TourStatus.TOURING) -> None:
    """Let a tour be under way, or none."""
    tours = {
        key: replace(tour, status=status if key == token else TourStatus.IDLE)
        for key, tour in fake.state.tours.items()
    }
    fake.state = replace(fake.state, tours=tours)
    fake.say(fake.state)


async def test_tours(hass: HomeAssistant, entry: MockConfigEntry, fake: FakeDevice) -> None:
    """The select picks one for the buttons; nothing moves before one is pressed."""
    assert isinstance(fake.tours, FakeTours)
    assert state(hass, TOUR) == "Night"
    await call(hass, "select", "select_option", TOUR, option="Day")
    assert state(hass, TOUR) == "Day"
    assert fake.tours.calls == []
    for button in ("start", "pause", "stop"):
        await call(hass, "button", "press", f"button.bare_{button}_tour")
    assert fake.tours.calls == [("start", "b"), ("pause", "b"), ("stop", "b")]


async def test_tour_that_begins(
    hass: HomeAssistant, entry: MockConfigEntry, fake: FakeDevice
) -> None:
    """Whoever started it, it is shown; and another one can be picked while it goes on."""
    touring(fake, "b")
    assert state(hass, TOUR) == "Day"
    await call(hass, "select", "select_option", TOUR, option="Night")
    fake.say(replace(fake.state, preset=None))
    assert state(hass, TOUR) == "Night"
    touring(fake, None)
    assert state(hass, TOUR) == "Night"
    touring(fake, "b")
    assert state(hass, TOUR) == "Day"
    touring(fake, "b", TourStatus.PAUSED)
    assert state(hass, TOUR) == "Day"


async def test_tours_that_come_and_go(
    hass: HomeAssistant, entry: MockConfigEntry, fake: FakeDevice
) -> None:
    """The picked one may be deleted; without any there is nothing to start."""
    await call(hass, "select", "select_option", TOUR, option="Day")
    fake.say(replace(fake.state, tours={"c": Tour(name="Dawn")}))
    assert state(hass, TOUR) == "Dawn"
    fake.say(replace(fake.state, tours={}))
    assert state(hass, TOUR) == STATE_UNKNOWN
    with pytest.raises(HomeAssistantError, match="not"):
        await call(hass, "button", "press", "button.bare_start_tour")


async def test_no_tours(hass: HomeAssistant, socket_enabled: None) -> None:
    """A camera that has none yet has nothing to pick; the first one brings the entities."""
    fake = FakeDevice(state=replace(listing_device().state, tours={}, topics=frozenset()))
    fake.tours = FakeTours()
    await set_up(hass, fake)
    assert hass.states.get(TOUR) is None
    fake.say(replace(fake.state, tours={"a": Tour(name="Night")}))
    await hass.async_block_till_done()
    assert state(hass, TOUR) == "Night"
    assert state(hass, "button.bare_stop_tour") != STATE_UNAVAILABLE


@pytest.mark.parametrize(("camera_id", "host"), [(MAC, MAC), ("SN_00_7", "SN-00-7")])
@pytest.mark.usefixtures("all_enabled")
async def test_cards_find_what_moves_the_camera(
    hass: HomeAssistant,
    socket_enabled: None,
    entity_registry: er.EntityRegistry,
    camera_id: str,
    host: str,
) -> None:
    """As the Advanced Camera Card looks for it, for the engine `reolink`, and nothing else."""
    fake = listing_device()
    fake.mover = Moving()
    fake.streams = (
        RtspStream(key="only", label="One", host="192.0.2.1", port=554, path="/"),
        RtspStream(key="0_profile_1", label="Two", host="192.0.2.1", port=554, path="/2"),
    )
    fake.state = replace(fake.state, transmitting={"only": True, "0_profile_1": True})
    entry = await set_up(hass, fake, unique_id=camera_id)
    found = er.async_entries_for_config_entry(entity_registry, entry.entry_id)
    ids = {
        domain: [item.unique_id for item in found if item.domain == domain]
        for domain in ("button", "camera", "select")
    }
    assert set(ids["camera"]) == {f"{host}_0_only", f"{host}_0_profile_1"}
    for camera in ids["camera"]:
        match = re.match(r"^([^_]+)_([^_]+)_", camera)
        assert match is not None
        start = f"{match[1]}_{match[2]}_"
        buttons = [name for name in ids["button"] if name.startswith(start)]
        assert len(buttons) == 7
        for ending in ("left", "right", "up", "down", "zoom_in", "zoom_out", "stop"):
            assert len([name for name in buttons if name.endswith(f"_{ending}")]) == 1
        assert f"{start}ptz_preset" in ids["select"]
        assert sum(name.startswith(start) for name in ids["select"]) == 1


async def test_streams_that_are_replaced(
    hass: HomeAssistant, entry: MockConfigEntry, fake: FakeDevice
) -> None:
    """A stream that the camera has only now gets its entity, at the address of now."""
    new = RtspStream(
        key="late", label="Late", host="192.0.2.1", port=554, path="/late", preferred=True
    )
    fake.streams = (*fake.streams, new)
    fake.say(replace(fake.state, transmitting={"only": True, "late": True}))
    await hass.async_block_till_done()
    assert state(hass, "camera.bare_late") == "idle"


async def test_stop_overtakes(hass: HomeAssistant, fake: FakeDevice) -> None:
    """A stop reaches the camera though it has not answered to the move."""
    fake.mover = mover = Hanging()
    await set_up(hass, fake, scan_interval=300)
    moving = hass.async_create_task(call(hass, "button", "press", "button.bare_pan_left"))
    await until(lambda: mover.made == [Move.PAN_LEFT])
    async with asyncio.timeout(2):
        await call(hass, "button", "press", "button.bare_stop_movement")
        await moving
    assert mover.made == [Move.PAN_LEFT, Move.STOP]
