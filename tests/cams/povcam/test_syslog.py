"""The system log: lines in any spelling, cut anywhere, and which of them are new."""

import random
import time

import pytest

from custom_components.panacam.cams.povcam.syslog import (
    MAX_CODE,
    MAX_LINES,
    MAX_TEXT,
    Line,
    first_new,
    grows_at_front,
    parse_log,
    rises,
)

# Spelled by hand after 5.11, with each of the signs that a yen sign can be.
SIGNS = [b"\x5c", b"\xa5", b"\xc2\xa5", b"\xef\xbf\xa5"]
TWO = b"1%s09/11/2018 12:05%sP01%spower on$2%s09/11/2018 12:06%sR20%srecording start$"


def spelled(body: bytes, sign: bytes) -> bytes:
    """Return a log with one sign between parameters."""
    return body.replace(b"%s", sign)


def told(body: bytes) -> list[tuple[int, str, str, str]]:
    """Return what is understood."""
    return [
        (
            line.number,
            "" if line.time is None else f"{line.time:%Y-%m-%d %H:%M}",
            line.code,
            line.text,
        )
        for line in parse_log(body)
    ]


@pytest.mark.parametrize("sign", SIGNS)
def test_lines(sign: bytes) -> None:
    """A line has a number, a time, a code and a description."""
    assert told(spelled(TWO, sign)) == [
        (1, "2018-09-11 12:05", "P01", "power on"),
        (2, "2018-09-11 12:06", "R20", "recording start"),
    ]


@pytest.mark.parametrize("sign", SIGNS)
def test_cut(sign: bytes) -> None:
    """Cut anywhere, whole lines stay what they are, and a cut one is what is left of it."""
    body = spelled(TWO, sign)
    whole = told(body)
    first = body.index(b"$")
    for end in range(len(body)):
        found = told(body[:end])
        assert len(found) <= 2
        if end >= first:
            assert found[:1] == whole[:1]
        for cut, line in zip(found, whole, strict=False):
            assert cut[:3] == line[:3]
            assert line[3].startswith(cut[3])
    for trailer in (b"\r\n", b"$$", b"</HTML>", b"\x00\xff"):
        assert told(body + trailer) == whole


@pytest.mark.parametrize(
    ("record", "line"),
    [
        # A second yen sign, an equals sign, line ends: all of it is description.
        (rb"7\1/2/2018 3:04\E1\a\b=c", (7, "2018-01-02 03:04", "E1", r"a\b=c")),
        (
            b"7\\01/02/2018 03:04\\E1\\two\r\nlines\x1b[0m",
            (7, "2018-01-02 03:04", "E1", "twolines[0m"),
        ),
        (rb"7\01/02/2018 03:04:59\\", (7, "2018-01-02 03:04", "", "")),
        (b"\xef\xbb\xbf<HTML>\r\n7\\01/02/2018 03:04\\E1\\x", (7, "2018-01-02 03:04", "E1", "x")),
        # Shift-JIS: the second half of this letter is a backslash, of the other one a yen sign.
        (b"7\\01/02/2018 03:04\\E1\\\x83\x5c\x83\xa5", (7, "2018-01-02 03:04", "E1", "ソ･")),
        (b"7\xa501/02/2018 03:04\xa5E1\xa5caf\xe9", (7, "2018-01-02 03:04", "E1", "café")),
        (rb"7\00/00/0000 00:00\E1\no clock", (7, "", "E1", "no clock")),
        (rb"7\02/30/2018 25:61\E1\no such day", (7, "", "E1", "no such day")),
        (rb"000\01/02/2018 03:04\E1\x", (0, "2018-01-02 03:04", "E1", "x")),
    ],
)
def test_spellings(record: bytes, line: tuple[int, str, str, str]) -> None:
    """What cameras may make of it."""
    if line[3] == "ソ･":
        line = (*line[:3], b"\x83\x5c\x83\xa5".decode("cp932"))
    assert told(record + b"$") == [line]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"$",
        b"\r\n",
        b"$$$$",
        b"<html><body>Login</body></html>",
        rb"1\09/11/2018\P01\no time$",
        rb"x\09/11/2018 12:05\P01\no number$",
        rb"1234567890\09/11/2018 12:05\P01\too large a number$",
        rb"1\09/11/2018 12:05\P01$",
        b"1 09/11/2018 12:05 P01 blanks$",
        b"1\\09/11/2018 12:05\\" + b"P" * 65 + b"\\long code$",
    ],
)
def test_no_line(body: bytes) -> None:
    """What is no line makes none."""
    assert parse_log(body) == ()


def test_bounds() -> None:
    """Neither many lines nor long ones take more than they should."""
    long = rb"1\09/11/2018 12:05\%s\%s$" % (b"C" * 64, b"x" * 100_000)
    (line,) = parse_log(long)
    assert (len(line.code), len(line.text)) == (MAX_CODE, MAX_TEXT)
    assert len(parse_log(rb"1\09/11/2018 12:05\P\x$" * 20_000)) <= 2 * MAX_LINES


def test_rubbish() -> None:
    """Random bytes, and a log with random bytes in it, are never an error."""
    rng = random.Random(5)  # noqa: S311 - no secret
    body = spelled(TWO, b"\\") * 20
    for _ in range(300):
        parse_log(rng.randbytes(rng.randrange(600)))
        spoilt = bytearray(body)
        for _ in range(rng.randrange(1, 60)):
            spoilt[rng.randrange(len(spoilt))] = rng.randrange(256)
        for line in parse_log(bytes(spoilt)):
            assert "$" not in line.text
            assert str(line).isprintable()


def test_marks() -> None:
    """The same line has the same mark under another number; any other line another one."""
    body = rb"1\09/11/2018 12:05\P01\on$9\09/11/2018 12:05\P01\on$1\09/11/2018 12:05\P0\1on$"
    body += rb"1\09/11/2018 12:06\P01\on$1\09/11/2018 12:05\P01\off$"
    marks = [line.mark for line in parse_log(body)]
    assert marks[0] == marks[1]
    assert len(set(marks)) == 4


def lines_at(*minutes: int | None) -> list[Line]:
    """Return lines of these minutes."""
    text = (f"1\\01/01/{'0000' if at is None else 2020} 00:{at or 0:02}\\c\\x$" for at in minutes)
    return list(parse_log("".join(text).encode()))


@pytest.mark.parametrize(
    ("minutes", "steps"),
    [
        ([], 0),
        ([1], 0),
        ([1, 1, 1], 0),
        ([1, 1, 2], 1),
        ([2, 1, 1], -1),
        ([1, 2, 3, 0, 1], 2),
        ([None, 3, None, 1], -1),
    ],
)
def test_rises(minutes: list[int | None], steps: int) -> None:
    """Most steps tell the order, also of a log whose clock was set back."""
    assert rises(lines_at(*minutes)) == steps


@pytest.mark.parametrize(
    ("seen", "log", "front"),
    [
        ("ab", "abc", False),
        ("ab", "cab", True),
        ("ab", "ab", None),
        ("", "ab", None),
        ("a", "aa", None),
        ("ab", "cd", None),
        ("abc", "c", None),
    ],
)
def test_grows_at_front(seen: str, log: str, *, front: bool | None) -> None:
    """Where no time tells the order, what was seen does."""
    assert grows_at_front(list(seen), list(log)) is front


@pytest.mark.parametrize(
    ("seen", "log", "new"),
    [
        ("", "abc", "abc"),
        ("abc", "abc", ""),
        ("abc", "abcd", "d"),
        ("abc", "", ""),
        # Equal lines: one more is one that is new.
        ("ax", "axx", "x"),
        ("xx", "xxx", "x"),
        ("xyz", "yzx", "x"),
        # It is full, and loses its beginning.
        ("abcdef", "cdefgh", "gh"),
        ("abcdef", "fghijk", "ghijk"),
        # It was cleared, or more has happened than it can hold.
        ("abcdef", "g", "g"),
        ("abcdef", "ghijkl", "ghijkl"),
        ("abcdefg", "gh", "h"),
        # It sends less than it did, or begins before what was seen.
        ("abcdef", "abc", ""),
        ("abcdef", "bcd", ""),
        ("def", "abcdefg", "g"),
        # One line was told cut, and is whole now.
        ("abC", "abcd", "cd"),
        # A clock without a battery begins every day with the same minute.
        ("pqrapqr", "pqrapqrpqr", "pqr"),
        ("pqrapqr", "apqrpqr", "pqr"),
    ],
)
def test_new(seen: str, log: str, new: str) -> None:
    """What was not seen is new, once."""
    assert log[first_new(list(seen), list(log)) :] == new


@pytest.mark.parametrize("size", [1, 2, 40])
def test_new_over_a_long_time(size: int) -> None:
    """Whatever happens between two looks, nothing is told twice and nothing is left out."""
    rng = random.Random(size)  # noqa: S311 - no secret
    log: list[str] = []
    seen: list[str] = []
    count = 0
    for minute in range(400):
        fresh = []
        for _ in range(rng.randrange(5)):
            count += 1
            # Several equal lines in a minute, as a minute is all that a time tells.
            fresh.append(f"{minute} {rng.randrange(size)}")
        log = [*log, *fresh][-30:]
        first = first_new(seen, log)
        assert log[first:] == fresh
        seen = [*seen, *log[first:]][-30:]
    assert count > 600


def test_new_is_quick() -> None:
    """A log that was made to be compared badly does not hold anybody up."""
    rng = random.Random(6)  # noqa: S311 - no secret
    for letters in ("ab", "abc", "abcdefgh"):
        seen = rng.choices(letters, k=MAX_LINES)
        log = rng.choices(letters, k=MAX_LINES)
        began = time.perf_counter()
        first_new(seen, log)
        assert time.perf_counter() - began < 0.1
