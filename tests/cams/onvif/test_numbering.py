from collections.abc import Sequence
import json

import pytest

from custom_components.panacam.cams.errors import Reason, RefusedError
from custom_components.panacam.cams.memory import ShortMemory
from custom_components.panacam.cams.onvif.node import Node
from custom_components.panacam.cams.onvif.numbering import Numbering, Thing
from custom_components.panacam.cams.onvif.slots import MAX_KEPT, MAX_SLOTS, Slots
from tests.cams.onvif.streaming import xml

LIMIT = 4


def things(*words: str) -> list[Thing]:
    """Return things by `token`, `token:name` or `token:name:looks`."""
    parts = [(*word.split(":"), "", "")[:3] for word in words]
    return [Thing(token=token, name=name, looks=(looks,)) for token, name, looks in parts]


def numbering(memory: ShortMemory, limit: int = LIMIT) -> Numbering:
    """Return a numbering as it is after a restart."""
    return Numbering(memory, "it", limit)


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize(
    ("before", "after", "numbers"),
    [
        # One in the middle is gone, a new one is there.
        (["a:A", "b:B", "c:C"], ["a:A", "c:C", "d:D"], [0, 2, 3]),
        # All tokens are others, and the order, too.
        (["a:A", "b:B", "c:C"], ["z:C", "y:A", "x:B"], [2, 0, 1]),
        # The device closes the gap that a deleted one leaves.
        (["p1:A", "p2:B", "p3:C"], ["p1:A", "p2:C"], [0, 2]),
        # Renamed, and changed otherwise.
        (["a:A:x", "b:B:x"], ["b:B:y", "a:X:x"], [1, 0]),
        # Another token and other looks, and the same name; without a name it is another thing.
        (["a:A:x", "b::x"], ["y:A:z", "z::z"], [0, 2]),
        # Several that look the same keep their order.
        (["a", "b", "c"], ["x", "y", "z"], [0, 1, 2]),
        ([], ["a", "b"], [0, 1]),
    ],
)
def test_numbers(
    before: Sequence[str], after: Sequence[str], numbers: Sequence[int], *, restart: bool
) -> None:
    """A thing keeps its number, whatever becomes of the others and of its token."""
    memory = ShortMemory()
    first = numbering(memory)
    assert first.take(things(*before)) == list(range(len(before)))
    again = numbering(memory) if restart else first
    assert again.take(things(*after)) == numbers
    assert again.gone == set(range(len(before))) - set(numbers)


def test_gone_and_back() -> None:
    """What was away has its number again; another thing with its token has another number."""
    memory = ShortMemory()
    numbers = numbering(memory)
    numbers.take(things("a:A", "b:B"))
    numbers.take(things("b:B"))
    numbers = numbering(memory)
    assert numbers.gone == frozenset()  # the device has not told yet
    assert numbers.take(things("a:C", "b:B")) == [2, 1]
    assert numbers.gone == {0}
    assert numbers.take(things("x:A", "b:B")) == [0, 1]


def test_bounded() -> None:
    """A device that is another one each time has the numbers of what is gone the longest."""
    memory = ShortMemory()
    numbers = numbering(memory)
    assert numbers.take(things(*"abcdef")) == [0, 1, 2, 3, None, None]
    numbers = numbering(memory)
    assert numbers.take(things("c", "b:B", "e:E")) == [2, 1, 0]
    assert numbers.take(things("f:F", "x" * 5000 + ":X")) == [3, 0]
    for round_ in range(100):
        found = numbers.take(things(*(f"{round_}-{n}:{round_}-{n}" for n in range(LIMIT))))
        assert sorted(number for number in found if number is not None) == list(range(LIMIT))
        assert len(json.dumps(memory.get("it"))) < 100 * LIMIT


def test_held() -> None:
    """A number that is held is nobody else's, not even one's with the same token."""
    numbers = numbering(ShortMemory())
    numbers.take(things("a:A", "b:B"))
    assert numbers.take(things("a:A", "b:B"), held={0}) == [2, 1]
    assert numbers.gone == frozenset()
    numbers.give(0, *things("z:A"))
    assert numbers.take(things("z:X", "a:A", "b:B")) == [0, 2, 1]


@pytest.mark.parametrize(
    "kept",
    [
        "x",
        [1, None],
        [[LIMIT, "a", "b", "c", False]],
        [[-1, "a", "b", "c", False]],
        [[True, "a", "b", "c", False]],
        [[0, "a", "b", "c"]],
        [[0, 1, 2, 3, 4]],
    ],
)
def test_damaged(kept: object) -> None:
    """What is not ours in the memory is left out."""
    memory = ShortMemory()
    memory.put("it", kept)
    assert numbering(memory).take(things("a")) == [0]


def slots_of(memory: ShortMemory) -> Slots:
    """Return slots as they are after a restart, of things that look like their text."""
    return Slots(memory, "it", lambda node: (node.text(),))


def node(token: str, text: str = "") -> Node:
    """Return a thing."""
    return xml(f'<O token="{token}">{text}</O>')


def tokens(slots: Slots) -> dict[int, str | None]:
    """Return tokens by number."""
    return {index: slot.token for index, slot in slots.by_index.items()}


def test_slots() -> None:
    """After a restart with other tokens, things are where they were; there are not too many."""
    memory = ShortMemory()
    slots = slots_of(memory)
    slots.take([node(name) for name in "abc"])
    slots = slots_of(memory)
    assert not slots.by_index
    slots.take([node(name) for name in "xyz"])
    assert tokens(slots) == {0: "x", 1: "y", 2: "z"}
    slots.take([node("z"), xml("<O></O>")])
    assert tokens(slots) == {2: "z"}
    assert slots.label(2) == "3"
    assert slots.gone == {0, 1}
    slots.take([node(str(number)) for number in range(100)])
    assert len(slots.by_index) == MAX_SLOTS
    slots = slots_of(ShortMemory())
    slots.take([node("0")])
    assert slots.label(0) == ""


def test_kept() -> None:
    """What was deleted to be put back outlasts a restart, as it was or as it was changed."""
    memory = ShortMemory()
    slots = slots_of(memory)
    slots.take([node("a", "A &amp; \u00e4"), node("b", "B")])
    slots.keep(0, slots.by_index[0].node)
    slots = slots_of(memory)
    assert tokens(slots) == {0: None}
    assert slots.by_index[0].node.text() == "A & \u00e4"
    assert slots.by_index[0].node.attribute("token") == "a"
    # Another one has its token.
    slots.take([node("b", "B"), node("a", "C")])
    assert tokens(slots) == {0: None, 1: "b", 2: "a"}
    assert slots.gone == frozenset()
    slots.put_back(0, "d")
    slots = slots_of(memory)
    assert not slots.by_index
    slots.take([node("b", "B"), node("a", "C"), node("d", "changed")])
    assert tokens(slots) == {0: "d", 1: "b", 2: "a"}


def test_too_much() -> None:
    """What is too much to be kept is refused, and left out of what was kept."""
    memory = ShortMemory()
    long = node("a", "x" * MAX_KEPT)
    with pytest.raises(RefusedError) as refused:
        slots_of(memory).check(long)
    assert refused.value.reason is Reason.TOO_LARGE
    slots_of(memory).check(node("a"))
    good = '<O token="a"/>'
    memory.put(
        "it_kept",
        {"0": "x" * (MAX_KEPT + 1), "1": "<!DOCTYPE a>", "2": 5, "-1": good, "99": good, "3": good},
    )
    assert tokens(slots_of(memory)) == {3: None}
    memory.put("it_kept", [good])
    assert not slots_of(memory).by_index
