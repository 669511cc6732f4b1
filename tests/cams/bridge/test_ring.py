"""The past is bounded in seconds and in bytes, and can be decoded from its first packet on."""

from itertools import pairwise

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.panacam.cams.bridge.packets import TICKS, Kind, Packet
from custom_components.panacam.cams.bridge.ring import MAX_GAP, PacketRing, PieceRing, size_of
from custom_components.panacam.cams.stream import Picture, Sound
from tests.cams.bridge.support import packet

pytestmark = pytest.mark.usefixtures("bare")
FREE = settings(derandomize=True, database=None, deadline=None, max_examples=60)


def group(start: float, count: int = 10, *, gap: float = 0.1, size: int = 100) -> list[Packet]:
    """Return a keyframe and what follows it."""
    return [packet(start + at * gap, key=at == 0, size=size) for at in range(count)]


# -- Pieces


def test_pieces_of_the_last_seconds() -> None:
    """What came earlier than that is gone, whether something new comes or somebody asks."""
    ring = PieceRing(7)
    for at in range(20):
        ring.append(Picture(b"x", float(at)))
    assert [piece.at for piece in ring.since(19.0)] == [12.0, *map(float, range(13, 20))]
    assert ring.held == 8
    assert [piece.at for piece in ring.since(24.0)] == [17.0, 18.0, 19.0]
    assert ring.since(100.0) == []
    assert ring.held == 0


def test_no_ring_keeps_nothing() -> None:
    """0 seconds: not even one picture."""
    ring = PieceRing(0)
    ring.append(Picture(b"x", 1.0))
    assert (ring.since(1.0), ring.held) == ([], 0)


def test_pieces_are_the_same_objects() -> None:
    """Nothing is copied on its way through the ring."""
    buffer = memoryview(bytearray(b"picture"))
    ring = PieceRing(7)
    ring.append(piece := Picture(buffer, 1.0))
    assert ring.since(1.0)[0] is piece
    assert size_of(piece) == 7
    assert size_of(Sound(b"1234", 1.0)) == 4


def test_a_picture_larger_than_the_bound() -> None:
    """One picture alone may be too much, and what was before goes with it."""
    ring = PieceRing(7, max_bytes=100)
    ring.append(Picture(bytes(60), 1.0))
    ring.append(Picture(bytes(101), 2.0))
    assert (ring.since(2.0), ring.held) == ([], 0)
    ring.append(Picture(bytes(100), 3.0))
    assert ring.held == 100
    ring.clear()
    assert (ring.since(3.0), ring.held) == ([], 0)


@FREE
@given(st.lists(st.tuples(st.floats(0, 3), st.integers(0, 60), st.booleans()), max_size=80))
def test_pieces_are_bounded(steps: list[tuple[float, int, bool]]) -> None:
    """Whatever comes, both bounds hold after every piece, and order is kept."""
    ring, now = PieceRing(5, max_bytes=200), 0.0
    for wait, size, picture in steps:
        now += wait
        ring.append(Picture(bytes(size), now) if picture else Sound(bytes(size), now))
        held = ring.since(now)
        assert ring.held == sum(size_of(piece) for piece in held) <= 200
        assert all(now - 5 <= piece.at <= now for piece in held)
        assert all(one.at <= other.at for one, other in pairwise(held))


# -- Packets


def test_begins_with_a_keyframe() -> None:
    """What comes before the first keyframe is of no use to anybody."""
    ring = PacketRing(7)
    ring.extend([packet(0.0), packet(0.1, kind=Kind.SOUND)])
    assert ring.packets() == []
    assert ring.last_group() == []
    ring.extend(wanted := group(0.2))
    assert ring.packets() == wanted


def test_whole_groups_go() -> None:
    """At least the seconds are kept, back to the keyframe before, and not a group more."""
    ring = PacketRing(3)
    for start in range(10):
        ring.extend(group(float(start)))
    held = ring.packets()
    assert held[0].key
    assert held[0].dts == 6 * TICKS
    assert len(held) == 40
    assert ring.held == 4000
    assert ring.last_group() == held[-10:]


def test_zero_keeps_the_last_keyframe_on() -> None:
    """Without a past there is still something to begin with."""
    ring = PacketRing(0)
    ring.extend(group(0.0))
    ring.extend(newest := group(1.0))
    assert ring.packets() == newest == ring.last_group()


def test_too_many_bytes() -> None:
    """A fat stream has a shorter past, in whole groups."""
    ring = PacketRing(60, max_bytes=2500)
    for start in range(5):
        ring.extend(group(float(start)))
    assert ring.held <= 2500
    assert ring.packets()[0].dts == 3 * TICKS


def test_one_group_too_large() -> None:
    """A group beyond the bound is no past at all; the next keyframe begins a new one."""
    ring = PacketRing(7, max_bytes=500)
    ring.extend(group(0.0))
    assert (ring.packets(), ring.held) == ([], 0)
    ring.extend(fresh := group(1.0, 5))
    assert ring.packets() == fresh


def test_sound_alone_is_bounded() -> None:
    """A camera whose pictures stop while its sound goes on fills nothing up."""
    ring = PacketRing(7, max_bytes=5000)
    ring.extend(group(0.0))
    for at in range(500):
        ring.extend([packet(1 + at / 47, kind=Kind.SOUND)])
        assert ring.held <= 5000
        assert len(ring.packets()) <= 50


def test_last_group_has_its_sound() -> None:
    """The newest keyframe and all that came after it, of both kinds."""
    ring = PacketRing(7)
    ring.extend(group(0.0))
    sound = packet(1.05, kind=Kind.SOUND)
    ring.extend([packet(1.0, key=True), sound, packet(1.1)])
    assert [each.dts for each in ring.last_group()] == [TICKS, sound.dts, packet(1.1).dts]


def test_what_was_before_an_outage_is_no_past() -> None:
    """A gap ends players, so that the ring of a camera that returns holds only what is new."""
    ring = PacketRing(7)
    ring.extend(group(0.0))
    ring.extend(newest := group(MAX_GAP / TICKS + 1.1))
    assert ring.packets() == newest


def test_a_short_gap_stays() -> None:
    """A camera that was away for seconds has its past still."""
    ring = PacketRing(7)
    ring.extend(group(0.0))
    ring.extend(group(6.0))
    assert len(ring.packets()) == 20
    ring.clear()
    assert (ring.packets(), ring.last_group(), ring.held) == ([], [], 0)


@FREE
@given(
    st.lists(st.tuples(st.integers(1, 200), st.integers(0, 400), st.integers(0, 9)), max_size=120)
)
def test_packets_are_bounded(steps: list[tuple[int, int, int]]) -> None:
    """Whatever comes: empty or keyframe first, bytes counted, both bounds held, all of it new."""
    ring, ticks = PacketRing(2, max_bytes=1500), 0
    for wait, size, dice in steps:
        ticks += wait * TICKS // 100
        kind = Kind.SOUND if dice > 6 else Kind.VIDEO
        ring.extend([Packet(kind=kind, data=bytes(size), pts=ticks, dts=ticks, key=dice < 2)])
        held = ring.packets()
        assert ring.held == sum(len(each.data) for each in held) <= 1500
        keys = [each.dts for each in held if each.key]
        if held:
            assert held[0].key
            assert len(keys) < 2 or keys[1] > ticks - 2 * TICKS
            assert ring.last_group()[0].dts == keys[-1]
        else:
            assert ring.last_group() == []
