"""Which thing of one camera is which of another's: never the one that only has its number."""

from typing import Any

from homeassistant.util import dt as dt_util
import pytest

from custom_components.panacam.cams.backup import (
    THINGS,
    Document,
    Item,
    compare,
    flat,
    parse_document,
)
from custom_components.panacam.cams.things import Renaming, Thing, pairs, renamed


def thing(name: str = "", size: int = 0, place: int = 0, token: str = "", looks: str = "") -> Item:
    """Return a thing as a document has it."""
    return Thing(name=name, size=size, place=place, token=token, looks=looks).as_item()


MAIN, SUB = thing("Main", 900, 0), thing("Sub", 100, 1)


@pytest.mark.parametrize(
    ("theirs", "ours", "expected"),
    [
        # The first one was deleted once.
        ({"e_1": MAIN, "e_2": SUB}, {"e_0": MAIN, "e_1": SUB}, {"e_1": "e_0", "e_2": "e_1"}),
        # Listed in another order, other sizes.
        (
            {"e_0": MAIN, "e_1": SUB},
            {"e_0": thing("Sub", 950, 0), "e_1": thing("Main", 100, 1)},
            {"e_0": "e_1", "e_1": "e_0"},
        ),
        # Names that say nothing: the large one is the main one.
        (
            {"e_0": thing("A", 900, 0), "e_1": thing("B", 500, 1)},
            {"e_0": thing("x", 100, 0), "e_1": thing("y", 500, 1)},
            {"e_0": "e_1", "e_1": "e_0"},
        ),
        # Nor do names that all have.
        (
            {"e_4": thing("A", 0, 1), "e_5": thing("A", 0, 0)},
            {"e_0": thing("A", 0, 0), "e_1": thing("A", 0, 1)},
            {"e_5": "e_0", "e_4": "e_1"},
        ),
        # The same camera, added again.
        (
            {"e_4": thing("A", 5, 1, "t", "l"), "e_5": thing("A", 5, 0, "u", "l")},
            {"e_0": thing("A", 5, 0, "t", "l"), "e_1": thing("A", 5, 1, "u", "l")},
            {"e_4": "e_0", "e_5": "e_1"},
        ),
        # Tokens given anew, the other way round.
        (
            {"e_0": thing("A", token="1"), "e_1": thing("B", token="2")},
            {"e_0": thing("B", token="1"), "e_1": thing("A", token="2")},
            {"e_0": "e_1", "e_1": "e_0"},
        ),
        # One too many on either side, and another kind.
        ({"e_0": MAIN, "e_1": SUB}, {"e_0": SUB}, {"e_1": "e_0"}),
        ({"e_0": SUB}, {"e_0": MAIN, "e_1": SUB}, {"e_0": "e_1"}),
        ({"e_0": MAIN}, {"f_0": MAIN}, {}),
        ({}, {"e_0": MAIN}, {}),
    ],
)
def test_pairs(theirs: dict[str, Item], ours: dict[str, Item], expected: dict[str, str]) -> None:
    """By what it is called, then by how large it is, then by its place in the list."""
    assert pairs(theirs, ours) == expected


@pytest.mark.parametrize(
    "odd", [7, "a", [], {"name": 5, "size": True, "place": "x", "token": None}, {"size": 1.5}]
)
def test_odd_things(odd: Any) -> None:
    """What a stranger wrote into a file counts as not told."""
    assert Thing.read(odd) == Thing()
    assert pairs({"": odd, "e_": odd, "7": odd}, {"e_0": MAIN}) == {"e_": "e_0"}


def test_keys() -> None:
    """Only what has a number of a thing is called otherwise; what the document lacks is nothing."""
    renaming = Renaming({"e_1": MAIN, "a_e_3": SUB}, {"e_0": MAIN, "e_2": SUB, "a_e_0": SUB})
    assert renaming.key("e_0_size") == "e_1_size"
    assert renaming.key("e_0") == "e_1"
    assert renaming.key("e_2_size") is None
    assert renaming.key("e_1_size") is None
    assert renaming.key("a_e_0_rate_2") == "a_e_3_rate_2"
    assert renaming.key("b_0_size") == "b_0_size"
    assert renaming.path("settings.e_0_x") == "settings.e_1_x"
    assert renaming.path("osds.e_0_x") == "osds.e_0_x"


def test_compared() -> None:
    """What has another number in another camera is the same all the same."""
    before = {"settings": {"e_1_x": 1, "e_2_x": 2}, THINGS: {"e_1": MAIN, "e_2": SUB}}
    after = {"settings": {"e_0_x": 1, "e_1_x": 2}, THINGS: {"e_0": MAIN, "e_1": SUB}}
    assert compare(before, after)
    assert not compare(before, renamed(after, before))
    assert [path for path, _ in flat(before)] == ["settings.e_1_x", "settings.e_2_x"]
    document = Document(family="onvif", saved=dt_util.utcnow(), sections=before)
    assert document.count == 2
    assert parse_document(document.text()).sections == before
