"""Documents of settings: written, read from strangers, compared; reports of what took."""

from datetime import UTC, datetime
import json
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.panacam.cams.backup import (
    MAX_BYTES,
    MAX_ITEMS,
    MAX_KEY,
    MAX_PARTS,
    MAX_SECTIONS,
    MAX_TEXT,
    Difference,
    Document,
    DocumentError,
    Fault,
    Report,
    compare,
    fit_sections,
    parse_document,
    read_document,
    same,
)
from custom_components.panacam.cams.errors import Reason

# By hand, as another program would write it.
WRITTEN: dict[str, Any] = {
    "format": "panacam settings",
    "version": 1,
    "family": "onvif",
    "camera": "a8:13:74:00:02:01",
    "model": "Dome 5",
    "serial": "7",
    "saved": "2026-11-21T19:00:00+00:00",
    "sections": {
        "settings": {"encoder_0_bit_rate": 4096, "imaging_0_focus": "auto", "input": True},
        "presets": {"Gate \u00e4": {"pan": -0.5, "tilt": 0.25, "zoom": 0}},
        "masks": {"1": {"points": [[0, 0], [1, 0], [1, 1]], "enabled": True}},
    },
}


def changed(**changes: Any) -> dict[str, Any]:
    """Return the document with something else in it; None takes a key out."""
    found = {**WRITTEN, **changes}
    return {key: value for key, value in found.items() if value is not None}


def test_read_and_written() -> None:
    """What was read is what is written, byte by byte the same a second time."""
    document = parse_document(json.dumps(WRITTEN))
    assert document.family == "onvif"
    assert document.serial == "7"
    assert document.saved == datetime(2026, 11, 21, 19, tzinfo=UTC)
    assert document.name is None
    assert document.count == 5
    assert document.as_dict() == WRITTEN
    again = parse_document(document.text().encode())
    assert again == document
    assert again.text() == document.text()
    assert "Gate \u00e4" in document.text()


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"format": "something else"}, Fault.NOT_OURS),
        ({"format": None}, Fault.NOT_OURS),
        ({"version": 2}, Fault.NEWER),
        ({"version": 0}, Fault.MALFORMED),
        ({"version": True}, Fault.MALFORMED),
        ({"version": "1"}, Fault.MALFORMED),
        ({"version": None}, Fault.MALFORMED),
        ({"family": None}, Fault.MALFORMED),
        ({"family": 1}, Fault.MALFORMED),
        ({"family": "x" * (MAX_TEXT + 1)}, Fault.TOO_LARGE),
        ({"saved": "yesterday"}, Fault.MALFORMED),
        ({"saved": "2026-11-21T19:00:00"}, Fault.MALFORMED),
        ({"saved": None}, Fault.MALFORMED),
        ({"camera": ["a"]}, Fault.MALFORMED),
        ({"sections": None}, Fault.MALFORMED),
        ({"sections": []}, Fault.MALFORMED),
        ({"sections": {"a": []}}, Fault.MALFORMED),
        ({"sections": {"a": {"b": None}}}, Fault.MALFORMED),
        ({"sections": {"a": {"": 1}}}, Fault.MALFORMED),
        ({"sections": {"a": {"b\n": 1}}}, Fault.MALFORMED),
        ({"sections": {"a": {"b": 1 << 53}}}, Fault.MALFORMED),
        ({"sections": {"a": {"b" * (MAX_KEY + 1): 1}}}, Fault.TOO_LARGE),
        ({"sections": {"a": {"b": "x" * (MAX_TEXT + 1)}}}, Fault.TOO_LARGE),
        ({"sections": {"a": {"b": [0] * (MAX_PARTS + 1)}}}, Fault.TOO_LARGE),
        ({"sections": {"a": {"b": [[[[[1]]]]]}}}, Fault.TOO_LARGE),
        ({"sections": {"a": {"b": {"c": {"d": {"e": {"f": {"g": 1}}}}}}}}, Fault.TOO_LARGE),
        ({"sections": {str(n): {} for n in range(MAX_SECTIONS + 1)}}, Fault.TOO_LARGE),
        ({"sections": {"a": {str(n): 1 for n in range(MAX_ITEMS + 1)}}}, Fault.TOO_LARGE),
    ],
)
def test_strange_documents(changes: dict[str, Any], fault: Fault) -> None:
    """Each is refused for its own reason."""
    with pytest.raises(DocumentError) as caught:
        parse_document(json.dumps(changed(**changes)))
    assert caught.value.fault is fault
    assert str(caught.value) == fault.value


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", Fault.NOT_JSON),
        (b"\xff\xfe\xfd", Fault.NOT_JSON),
        (b"{", Fault.NOT_JSON),
        (b"[" * 200_000, Fault.NOT_JSON),
        (b"1" * 5000, Fault.NOT_JSON),
        (b"[]", Fault.NOT_OURS),
        (b'"panacam settings"', Fault.NOT_OURS),
        (b" " * (MAX_BYTES + 1), Fault.TOO_LARGE),
        (
            json.dumps(WRITTEN).replace("4096", "NaN").encode(),
            Fault.NOT_JSON,
        ),
    ],
)
def test_strange_files(data: bytes, fault: Fault) -> None:
    """What is no document at all is told from a damaged one."""
    with pytest.raises(DocumentError) as caught:
        parse_document(data)
    assert caught.value.fault is fault


def test_every_truncation() -> None:
    """A file that ends early is never half a document."""
    data = json.dumps(WRITTEN).encode()
    for end in range(len(data)):
        with pytest.raises(DocumentError):
            parse_document(data[:end])
    with pytest.raises(DocumentError):
        parse_document(data + b"}")
    assert parse_document(data + b"\n \n").family == "onvif"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=10), inner, max_size=5)
    ),
    max_leaves=30,
)


@settings(max_examples=300, deadline=None)
@given(JSON)
def test_rubbish(found: Any) -> None:
    """Whatever JSON holds, it is a document or an error of ours."""
    for candidate in (found, changed(sections=found), changed(sections={"a": {"b": found}})):
        try:
            document = read_document(candidate)
        except DocumentError:
            continue
        assert read_document(json.loads(document.text())) == document


def test_same() -> None:
    """Numbers are compared as numbers, yes and no as such."""
    assert same(30, 30.0)
    assert same(0.1 + 0.2, 0.3)
    assert not same(True, 1)
    assert not same(0, False)
    assert same(True, True)
    assert not same("30", 30)
    assert same([[0, 1.0]], [[0.0, 1]])
    assert not same([0], [0, 0])
    assert same({"a": 1}, {"a": 1.0})
    assert not same({"a": 1}, {"b": 1})
    assert not same({"a": 1}, [1])
    assert not same("ab", ["a", "b"])


def test_compare() -> None:
    """What is other, what is gone and what is new, in that order."""
    before = {"a": {"x": 1, "y": "on", "z": 3}, "b": {"w": True}}
    after = {"a": {"x": 1.0, "y": "off", "n": 2}, "c": {"v": False}}
    assert compare(before, before) == ()
    assert compare(before, after) == (
        Difference(section="a", key="y", before="on", after="off"),
        Difference(section="a", key="z", before=3, after=None),
        Difference(section="a", key="n", before=None, after=2),
        Difference(section="b", key="w", before=True, after=None),
        Difference(section="c", key="v", before=None, after=False),
    )


def test_odd_items_of_a_camera() -> None:
    """They are left out, and the others are kept; there are never too many."""
    found: Any = {
        "a": {"x": 1, "y": float("inf"), "z": "x" * (MAX_TEXT + 1), "\n": 2, "v": [[0.5]]},
        "b": {str(n): n for n in range(MAX_ITEMS + 9)},
        "c": {"late": 1},
    }
    sections = fit_sections(found)
    assert sections["a"] == {"x": 1, "v": [[0.5]]}
    assert len(sections["b"]) == MAX_ITEMS - 2
    assert sections["c"] == {}
    document = Document(family="mo", saved=datetime(2026, 1, 1, tzinfo=UTC), sections=sections)
    assert parse_document(document.text()) == document
    many = {str(n): {"a": 1} for n in range(MAX_SECTIONS + 1)}
    assert len(fit_sections(many)) == MAX_SECTIONS


def test_never_too_long_to_be_read() -> None:
    """However much a camera tells, in whatever signs, its document can be restored."""
    deep: Any = [[[{"k": "\U0001f4f7" * MAX_TEXT}] * 20] * 5]
    found: Any = {
        "a": {"half": "\ud800", "one": 1},
        "b": {f"{n:0128}": "\x01" * MAX_TEXT for n in range(MAX_ITEMS // 2)},
        "c": {"deep": deep, "small": 2},
    }
    sections = fit_sections(found)
    assert sections["a"] == {"one": 1}
    assert 10 < len(sections["b"]) < MAX_ITEMS // 2
    assert sections["c"] == {"small": 2}
    texts: Any = dict.fromkeys(("camera", "model", "serial", "name"), "📷" * 9999)
    saved = datetime(2026, 1, 1, tzinfo=UTC)
    document = Document(family="onvif", saved=saved, sections=sections, **texts)
    data = document.text().encode()
    assert len(data) <= MAX_BYTES
    assert parse_document(data).sections == sections


def test_document_without_a_camera() -> None:
    """What is not known is not written."""
    document = Document(family="mo", saved=datetime(2026, 1, 1, tzinfo=UTC), sections={})
    assert set(document.as_dict()) == {"format", "version", "family", "saved", "sections"}
    assert document.count == 0


def test_report() -> None:
    """It is complete when nothing is missing; what was spared is nobody's loss."""
    assert Report(taken=("a.b",), spared=("a.c",)).complete
    for odd in (
        Report(refused={"a.b": Reason.REFUSED}),
        Report(absent=("a.b",)),
        Report(untried=("a.b",)),
        Report(ended=Reason.CUT),
    ):
        assert not odd.complete
    assert Report(refused={"a.b": Reason.FULL}, ended=Reason.CUT, absent=("c.d",)).as_dict() == {
        "complete": False,
        "ended": "cut",
        "taken": [],
        "unchanged": [],
        "refused": {"a.b": "full"},
        "absent": ["c.d"],
        "spared": [],
        "untried": [],
    }
