"""What becomes of a recording: the rules, and the event entity of a real camera."""

from dataclasses import dataclass, field

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.panacam.cams.device import Slot, State
from custom_components.panacam.cams.errors import (
    CameraError,
    ConnectError,
    Reason,
    RefusedError,
)
from custom_components.panacam.const import EFFECT_LIMIT
from custom_components.panacam.recordings import Failure, Outcome, Recordings, is_full, trouble
from tests.simulators.povcam import Fault, PovcamSimulator
from tests.test_actions import call
from tests.test_init import poll

GOOD = Slot(inserted=True, error=False, remaining=5.0, capacity=16.0)
FULL = Slot(inserted=True, error=False, remaining=0.0, capacity=16.0)
BROKEN = Slot(inserted=True, error=True, remaining=5.0, capacity=16.0)
EMPTY = Slot(inserted=False, error=False)
UNKNOWN = Slot()

EVENT = "event.stage_left_recorder"
SWITCH = "switch.stage_left_recording"


@dataclass
class Bench:
    """Recordings with a clock in the test's hand, and what they tell."""

    now: float = 100.0
    heard: list[tuple[Outcome, Failure | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Listen."""
        self.recordings = Recordings(lambda: self.now)
        self.end = self.recordings.listen(lambda *told: self.heard.append(told))

    def see(self, *, on: bool | None, **slots: Slot) -> None:
        """Let the camera show whether it records, and its cards."""
        self.recordings.seen(State(recording=on, slots=slots))


@pytest.fixture
def bench() -> Bench:
    """Give one whose camera does not record."""
    made = Bench()
    made.see(on=False, sd1=GOOD)
    return made


@pytest.mark.parametrize(
    ("slot", "full"), [(GOOD, False), (FULL, True), (EMPTY, False), (UNKNOWN, None)]
)
def test_full(slot: Slot, full: bool | None) -> None:
    """A card is full when the camera tells no room; none is never full."""
    assert is_full(slot) is full


@pytest.mark.parametrize(
    ("before", "now", "found"),
    [
        ([GOOD], [GOOD], None),
        ([GOOD], [FULL], Failure.CARD_FULL),
        ([GOOD, GOOD], [FULL, GOOD], None),
        ([GOOD, GOOD], [FULL, FULL], Failure.CARD_FULL),
        ([GOOD, EMPTY], [FULL, EMPTY], Failure.CARD_FULL),
        ([GOOD], [BROKEN], Failure.CARD_ERROR),
        ([BROKEN, GOOD], [BROKEN, GOOD], None),
        ([GOOD], [EMPTY], Failure.CARD_ABSENT),
        ([GOOD, GOOD], [EMPTY, GOOD], Failure.CARD_ABSENT),
        ([EMPTY, GOOD], [EMPTY, GOOD], None),
        ([UNKNOWN], [UNKNOWN], None),
        ([UNKNOWN], [EMPTY], None),
        ([], [], None),
    ],
)
def test_trouble(before: list[Slot], now: list[Slot], found: Failure | None) -> None:
    """Only what came up meanwhile is the reason, and full means all of them."""
    assert trouble(dict(enumerate(before)), dict(enumerate(now))) is found  # type: ignore[arg-type]


def test_first_look() -> None:
    """Nothing has happened before the first look, recording or not."""
    for on in (True, False):
        bench = Bench()
        bench.see(on=None)
        bench.see(on=on)
        assert bench.heard == []


def test_start_and_stop(bench: Bench) -> None:
    """A recording that somebody starts and stops at the camera; standby says nothing."""
    bench.see(on=True, sd1=GOOD)
    bench.see(on=True, sd1=GOOD)
    bench.see(on=None)
    bench.see(on=False, sd1=GOOD)
    assert bench.heard == [(Outcome.STARTED, None), (Outcome.STOPPED, None)]
    bench.end()
    bench.see(on=True)
    assert len(bench.heard) == 2


@pytest.mark.parametrize(
    ("slot", "failure"),
    [
        (FULL, Failure.CARD_FULL),
        (BROKEN, Failure.CARD_ERROR),
        (EMPTY, Failure.CARD_ABSENT),
    ],
)
def test_ended_by_the_card(bench: Bench, slot: Slot, failure: Failure) -> None:
    """A recording that a card ended has failed, unless somebody had ended it from here."""
    bench.see(on=True, sd1=GOOD)
    bench.see(on=False, sd1=slot)
    assert bench.heard[1:] == [(Outcome.FAILED, failure)]
    bench.see(on=True, sd1=GOOD)
    bench.recordings.told(on=False)
    bench.see(on=False, sd1=slot)
    assert bench.heard[3:] == [(Outcome.STOPPED, None)]


def test_error_comes_first(bench: Bench) -> None:
    """A card that goes bad some time before the recording ends is the reason all the same."""
    bench.see(on=True, sd1=GOOD)
    bench.see(on=True, sd1=BROKEN)
    bench.see(on=False, sd1=BROKEN)
    assert bench.heard[1:] == [(Outcome.FAILED, Failure.CARD_ERROR)]


def test_does_not_start(bench: Bench) -> None:
    """Told to record, it has so long to show it; it is told once."""
    bench.recordings.told(on=True)
    bench.now += EFFECT_LIMIT - 0.1
    bench.see(on=False)
    assert bench.heard == []
    bench.now += 0.1
    bench.see(on=False)
    bench.see(on=False)
    assert bench.heard == [(Outcome.FAILED, Failure.NOT_STARTED)]


def test_starts_in_time(bench: Bench) -> None:
    """Once it records, the command is done with."""
    bench.recordings.told(on=True)
    bench.see(on=True)
    bench.see(on=False)
    bench.now += EFFECT_LIMIT
    bench.see(on=False)
    assert bench.heard == [(Outcome.STARTED, None), (Outcome.STOPPED, None)]


def test_told_otherwise(bench: Bench) -> None:
    """Who changes their mind has no failure."""
    bench.recordings.told(on=True)
    bench.recordings.told(on=False)
    bench.now += EFFECT_LIMIT
    bench.see(on=False)
    assert bench.heard == []


@pytest.mark.parametrize(
    ("error", "heard"),
    [
        (RefusedError(Reason.NO_CARD), [(Outcome.FAILED, Failure.CARD_ABSENT)]),
        (RefusedError(Reason.REFUSED), [(Outcome.FAILED, Failure.REFUSED)]),
        (RefusedError(Reason.ALREADY_RECORDING), []),
    ],
)
def test_refused(
    bench: Bench, error: CameraError, heard: list[tuple[Outcome, Failure | None]]
) -> None:
    """A camera that says no has failed, but for one that records already."""
    bench.recordings.told(on=True)
    bench.recordings.refused(error)
    assert bench.heard == heard
    bench.now += EFFECT_LIMIT
    bench.see(on=False)
    assert bench.heard == heard


def test_refused_to_stop(bench: Bench) -> None:
    """Nothing has failed that goes on recording."""
    bench.see(on=True, sd1=GOOD)
    bench.recordings.told(on=False)
    bench.recordings.refused(ConnectError(Reason.CUT))
    bench.see(on=False, sd1=FULL)
    assert bench.heard[1:] == [(Outcome.FAILED, Failure.CARD_FULL)]


@pytest.mark.parametrize("on", [True, False])
def test_no_answer(bench: Bench, on: bool) -> None:
    """A command without an answer may have been heard: what the camera shows decides."""
    bench.recordings.told(on=True)
    bench.recordings.refused(ConnectError(Reason.TIMEOUT))
    bench.now += EFFECT_LIMIT
    bench.see(on=on)
    expected = (Outcome.STARTED, None) if on else (Outcome.FAILED, Failure.NOT_STARTED)
    assert bench.heard == [expected]


def shown(hass: HomeAssistant) -> tuple[str | None, str | None]:
    """Return the last event's type and reason."""
    found = hass.states.get(EVENT)
    assert found is not None
    return found.attributes.get("event_type"), found.attributes.get("reason")


async def test_event_entity(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """From here and at the camera; not before the camera itself shows it."""
    assert shown(hass) == (None, None)
    await call(hass, "switch", "turn_on", SWITCH)
    assert shown(hass) == (None, None)
    await poll(hass, entry)
    assert shown(hass) == ("started", None)
    umr20.camera.recording = False
    await poll(hass, entry)
    assert shown(hass) == ("stopped", None)
    umr20.camera.recording = True
    await poll(hass, entry)
    assert shown(hass) == ("started", None)
    for slot in umr20.camera.slots.values():
        slot.inserted = False
    umr20.camera.recording = False
    await poll(hass, entry)
    assert shown(hass) == ("failed", "card_absent")


async def test_event_of_a_refusal(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """Without a card, the camera refuses at once."""
    for slot in umr20.camera.slots.values():
        slot.inserted = False
    with pytest.raises(HomeAssistantError):
        await call(hass, "switch", "turn_on", SWITCH)
    assert shown(hass) == ("failed", "card_absent")


async def test_event_of_a_camera_that_does_not(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    umr20: PovcamSimulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It says yes and does nothing."""
    umr20.fault("sdctrl", Fault.NO_CONTENT)
    await call(hass, "switch", "turn_on", SWITCH)
    await poll(hass, entry)
    assert shown(hass) == (None, None)
    monkeypatch.setattr("custom_components.panacam.recordings.EFFECT_LIMIT", 0.0)
    await poll(hass, entry)
    assert shown(hass) == ("failed", "not_started")
