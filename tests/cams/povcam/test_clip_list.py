"""The list of clips as cameras may send it."""

from datetime import datetime, timedelta
import random
import time

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.panacam.cams.povcam.clip_list import MAX_INDEX, MAX_NAME, parse_clip_list
from custom_components.panacam.cams.povcam.commands_cards import MAX_PAGE
from tests.cams.support import vector

PRINTED = (
    b"no,filename,mm/dd/yyyy hh:mm:ss,duration\r\n"
    b"1,S1AA001000000160,06/26/2017 20:12:02,00:00:12\r\n"
    b"2,S1AA001000000260,06/26/2017 20:13:10,00:00:02\r\n"
    b"ClipfileNum=2\r\nClipfileALLNum=2\r\nlist_id=5777"
)
"""Section 10.1 of the specification."""


def page_of(*rows: bytes) -> bytes:
    """Return a page with these lines."""
    return b"\r\n".join((*rows, b"ClipfileNum=1", b"ClipfileALLNum=40", b"list_id=7", b""))


@pytest.mark.parametrize(
    "body",
    [
        PRINTED,
        PRINTED.partition(b"\r\n")[2],
        PRINTED + b"\r\n",
        PRINTED.replace(b"\r\n", b"\n"),
        b"\xef\xbb\xbf" + PRINTED,
        PRINTED.replace(b"=", b" = ").replace(b",", b" , "),
        b"\r\n<HTML>\r\n" + PRINTED + b"\r\n</HTML>\r\n",
        PRINTED.replace(b"ClipfileALLNum", b"clipfileallnum"),
        PRINTED + b"\r\nwhat is this\r\n\x00\xff",
    ],
    ids=["printed", "bare", "ended", "newlines", "mark", "spaced", "html", "case", "trailing"],
)
def test_printed(body: bytes) -> None:
    """The specification's example, and what other models make of it."""
    page = parse_clip_list(body)
    assert [(row.number, row.name) for row in page.rows] == [
        (1, "S1AA001000000160"),
        (2, "S1AA001000000260"),
    ]
    assert page.rows[0].began == datetime(2017, 6, 26, 20, 12, 2)  # noqa: DTZ001
    assert page.rows[0].length == timedelta(seconds=12)
    assert (page.total, page.list_id) == (2, 5777)


def test_every_truncation() -> None:
    """What is whole is taken, and nothing is made up."""
    whole = parse_clip_list(PRINTED)
    for end in range(len(PRINTED)):
        page = parse_clip_list(PRINTED[:end])
        names = {row.name for row in page.rows}
        assert names <= {row.name for row in whole.rows}
        assert page.total in {None, 2}
        assert page.list_id is None or b"5777".startswith(str(page.list_id).encode())


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        (b"../../etc/passwd", "../../etc/passwd"),
        (b"a,b,c", "a,b,c"),
        ("\u821e\u53f0".encode(), "\u821e\u53f0"),
        (b"N" * MAX_NAME, "N" * MAX_NAME),
        (b"N" * 300, None),
        (b"", None),
        (b"  ", None),
        (b"A\x00B", None),
        (b"A\x1b[31mB", None),
        ("A\u202eB".encode(), None),
        ("A\u0085B".encode(), None),
        ("\u821e\u53f0".encode("cp932"), None),
        (b"\xff\xfe", None),
    ],
)
def test_names(name: bytes, kept: str | None) -> None:
    """A name is text that can be sent back byte by byte, or none."""
    page = parse_clip_list(page_of(b"1," + name + b",06/26/2017 20:12:02,00:00:12"))
    assert [row.name for row in page.rows] == ([] if kept is None else [kept])
    if kept is not None:
        assert page.rows[0].name.encode() == name


@pytest.mark.parametrize(
    "date",
    [
        b"02/30/2017 20:12:02",
        b"13/01/2017 20:12:02",
        b"00/00/0000 00:00:00",
        b"06/26/2017 24:00:00",
        b"2017/06/26 20:12:02",
        b"--/--/---- --:--:--",
        b"",
    ],
)
def test_dates_that_are_none(date: bytes) -> None:
    """The clip stays, without a date."""
    (row,) = parse_clip_list(page_of(b"3,A," + date + b",00:61:00")).rows
    assert (row.number, row.name, row.began, row.length) == (3, "A", None, None)


@pytest.mark.parametrize(
    ("rows", "numbers"),
    [
        ([b"1,A,,", b"1,B,,"], [1]),
        ([b"1,A,,", b"2,A,,"], [1]),
        ([b"0,A,,", b"65536,B,,", b"65535,C,,"], [65535]),
        ([b"1,A", b"x,A,,", b",,,", b"-1,A,,"], []),
        ([b"%d,N%d,," % (n, n) for n in range(1, 21)], [*range(1, 16)]),
        ([b"1," + b"A" * 5000 + b",,"], []),
        ([b"1,list_id=9,,"], [1]),
    ],
    ids=["number", "name", "range", "shape", "many", "long", "field"],
)
def test_odd_rows(rows: list[bytes], numbers: list[int]) -> None:
    """Twice the same, too many, out of range: left out."""
    page = parse_clip_list(page_of(*rows))
    assert [row.number for row in page.rows] == numbers
    assert (page.total, page.list_id) == (40, 7)


def test_no_more_than_asked() -> None:
    """A page has at most as many clips as were wanted."""
    page = parse_clip_list(page_of(b"1,A,,", b"2,B,,"), 1)
    assert [row.name for row in page.rows] == ["A"]


@pytest.mark.parametrize(
    ("fields", "total", "list_id"),
    [
        (b"", None, None),
        (b"ClipfileALLNum=999999999\r\nlist_id=2147483647", MAX_INDEX, 2147483647),
        (b"ClipfileALLNum=-1\r\nlist_id=2147483648", None, None),
        (b"ClipfileALLNum=0\r\nlist_id=0", 0, 0),
        (b"ClipfileALLNum=1e3\r\nlist_id=0x10", None, None),
        (b"ClipfileALLNum=" + b"9" * 5000 + b"\r\nlist_id=1", None, 1),
    ],
)
def test_totals(fields: bytes, total: int | None, list_id: int | None) -> None:
    """Numbers in range, or none."""
    page = parse_clip_list(fields)
    assert (page.total, page.list_id) == (total, list_id)


def test_vector() -> None:
    """A page of a recorder with a header line and names of both formats."""
    page = parse_clip_list(vector("get_clip_list_strange.txt"))
    assert [row.number for row in page.rows] == [1, 3, 6]
    assert [row.began is None for row in page.rows] == [False, True, False]
    assert (page.total, page.list_id) == (6, 100)


@pytest.mark.parametrize(
    "line",
    [b"\n", b" \n", b"1,a,b,c\n", b"1," + b"," * 4000 + b"\n", b"1" * 6 + b" " * 4000 + b"\n"],
)
def test_nothing_holds_the_loop(line: bytes) -> None:
    """The worst page that is read at all."""
    body = (line * MAX_PAGE)[:MAX_PAGE]
    began = time.perf_counter()
    for _ in range(10):
        parse_clip_list(body)
    assert (time.perf_counter() - began) / 10 < 0.02


@given(st.binary(max_size=600))
@settings(max_examples=300, deadline=None)
def test_rubbish(body: bytes) -> None:
    """Whatever it is, it is a page."""
    page = parse_clip_list(body)
    assert len(page.rows) <= 15


def test_mangled() -> None:
    """One byte changed makes no page that could not be."""
    chance = random.Random(6)  # noqa: S311 - to do the same each time
    for _ in range(2000):
        body = bytearray(PRINTED)
        body[chance.randrange(len(body))] = chance.randrange(256)
        page = parse_clip_list(bytes(body))
        assert len({row.name for row in page.rows}) == len(page.rows) <= 2
