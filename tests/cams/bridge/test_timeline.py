"""Time stamps always grow, whatever the camera's clock does."""

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.panacam.cams.bridge.packets import TICKS, Kind
from custom_components.panacam.cams.bridge.timeline import MAX_DRIFT, Timeline

FRAME = TICKS // 15
NOW = 100 * TICKS
VIDEO, SOUND = Kind.VIDEO, Kind.SOUND


def test_distances_are_kept() -> None:
    """The first packet is placed where it arrived; the others follow the camera's clock."""
    line = Timeline()
    assert line.place(VIDEO, 5000, 5000, NOW) == (NOW, NOW)
    for at, late in enumerate((0, 700, 9000, -1000), 1):
        placed = line.place(VIDEO, 5000 + at * FRAME, 5000 + at * FRAME, NOW + at * FRAME + late)
        assert placed == (NOW + at * FRAME, NOW + at * FRAME)


def test_sound_and_pictures_stay_together() -> None:
    """Both are moved by the same."""
    line = Timeline()
    line.place(VIDEO, 0, 0, NOW)
    assert line.place(SOUND, 300, 300, NOW + 5000) == (NOW + 300, NOW + 300)


def test_pictures_out_of_order() -> None:
    """With B frames the pts is after the dts, and stays so."""
    line = Timeline()
    line.place(VIDEO, 2 * FRAME, 0, NOW)
    assert line.place(VIDEO, 4 * FRAME, FRAME, NOW) == (NOW + 4 * FRAME, NOW + FRAME)


@pytest.mark.parametrize("jump", [MAX_DRIFT + 2 * FRAME, 10**9, -MAX_DRIFT - FRAME, -(10**9)])
def test_a_jump_begins_anew(jump: int) -> None:
    """A clock that was set leaves no gap: what comes is placed where it arrived."""
    line = Timeline()
    line.place(VIDEO, 10**6, 10**6, NOW)
    stamp = 10**6 + jump
    assert line.place(VIDEO, stamp, stamp, NOW + FRAME) == (NOW + FRAME, NOW + FRAME)
    stamp += FRAME
    assert line.place(VIDEO, stamp, stamp, NOW + 2 * FRAME)[1] == NOW + 2 * FRAME


def test_a_step_back_does_not_go_back() -> None:
    """A clock a little earlier than before gives the next tick."""
    line = Timeline()
    line.place(VIDEO, 10 * FRAME, 10 * FRAME, NOW)
    assert line.place(VIDEO, 8 * FRAME, 8 * FRAME, NOW + FRAME) == (NOW + 1, NOW + 1)


def test_another_connection() -> None:
    """Time stamps that begin anew are placed where they arrive, after what was before."""
    line = Timeline()
    line.place(VIDEO, 7000, 7000, NOW)
    line.restart()
    assert line.place(VIDEO, 7000, 7000, NOW + 9000)[1] == NOW + 9000
    line.restart()
    assert line.place(VIDEO, 0, 0, NOW)[1] == NOW + 9001


def test_none_before_the_first_report() -> None:
    """Packets without time stamps are placed where they arrive, then one after the other."""
    line = Timeline()
    assert line.place(VIDEO, None, None, NOW) == (NOW, NOW)
    assert line.place(VIDEO, None, None, NOW + FRAME) == (NOW + FRAME, NOW + FRAME)
    assert line.place(VIDEO, 0, 0, NOW + 2 * FRAME)[1] == NOW + 2 * FRAME
    # FFmpeg has lost count, shortly after the beginning and much later.
    assert line.place(VIDEO, None, None, NOW + 3 * FRAME)[1] == NOW + 2 * FRAME + 1
    late = NOW + MAX_DRIFT + 4 * FRAME
    assert line.place(VIDEO, None, None, late) == (late, late)


@pytest.mark.parametrize(("pts", "dts"), [(900, None), (None, 900)])
def test_one_of_two(pts: int | None, dts: int | None) -> None:
    """The one that is there stands for the other."""
    assert Timeline().place(VIDEO, pts, dts, NOW) == (NOW, NOW)


def test_what_we_make_ourselves() -> None:
    """A stand-in is placed on the same line, and so is what follows it."""
    line = Timeline()
    line.place(VIDEO, 0, 0, NOW)
    assert line.after(VIDEO, NOW) == NOW + 1
    assert line.after(VIDEO, NOW + 500) == NOW + 500
    assert line.place(VIDEO, 400, 400, NOW + 500)[1] == NOW + 501
    assert line.after(SOUND, NOW) == NOW


@settings(derandomize=True, database=None, deadline=None, max_examples=100)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(Kind),
            st.none() | st.integers(-(2**40), 2**40) | st.integers(0, 50_000),
            st.none() | st.integers(-(2**40), 2**40) | st.integers(0, 50_000),
            st.integers(0, 5 * TICKS),
            st.booleans(),
        ),
        max_size=60,
    )
)
def test_always_grows(
    packets: list[tuple[Kind, int | None, int | None, int, bool]],
) -> None:
    """Any time stamps at all: the dts of a kind grows, no pts is before its dts, none runs away."""
    line, now = Timeline(), NOW
    last: dict[Kind, int] = {}
    for count, (kind, pts, dts, wait, again) in enumerate(packets, 1):
        now += wait
        if again:
            line.restart()
        shown, placed = line.place(kind, pts, dts, now)
        assert shown >= placed > last.get(kind, -1)
        assert placed <= now + MAX_DRIFT + count
        last[kind] = placed
