"""Values that depend on each other, vanish, or do not stay: what is said of each."""

from collections.abc import Callable, Mapping

import pytest

from custom_components.panacam.cams import keeping
from custom_components.panacam.cams.backup import Item, Report
from custom_components.panacam.cams.errors import BusyError, ConnectError, Reason, RefusedError
from custom_components.panacam.cams.keeping import ShelfKeeper


@pytest.fixture(autouse=True)
def _no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here needs time."""
    monkeypatch.setattr(keeping, "SETTLE", 0.0)


class FakeShelf:
    """Values as a test has them; `rule` may refuse a value, or change others with it."""

    def __init__(
        self, values: dict[str, Item], rule: Callable[[dict[str, Item], str, Item], None]
    ) -> None:
        """Begin with `values`."""
        self.values = values
        self.written: list[str] = []
        self.looks = 0
        self._rule = rule

    def now(self) -> Mapping[str, Item]:
        """Return them all."""
        return dict(self.values)

    async def look(self) -> None:
        """Count it."""
        self.looks += 1

    async def write(self, path: str, item: Item) -> None:
        """Note it, and do as the rule says."""
        self.written.append(path)
        self._rule(self.values, path, item)


async def restored(shelf: FakeShelf, **wanted: Item) -> Report:
    """Restore values of section `a`."""
    return await ShelfKeeper(shelf).restore({"a": wanted}, own=True)


async def test_what_depends_on_another() -> None:
    """A value that is refused before another is set is tried again, also one that appears then."""

    def rule(values: dict[str, Item], path: str, item: Item) -> None:
        if path == "a.time" and values["a.mode"] != "manual":
            raise RefusedError(Reason.OUT_OF_RANGE)
        if path == "a.mode":
            values["a.gain"] = 0
        values[path] = item

    shelf = FakeShelf({"a.time": 1, "a.mode": "auto"}, rule)
    report = await restored(shelf, time=5, mode="manual", gain=7)
    assert report.complete
    assert report.taken == ("a.time", "a.mode", "a.gain")
    assert shelf.written == ["a.time", "a.mode", "a.time", "a.gain"]


async def test_what_another_one_changes() -> None:
    """It was right before, is wrong after another was set, and is set again."""

    def rule(values: dict[str, Item], path: str, item: Item) -> None:
        values[path] = item
        if path == "a.codec":
            values["a.rate"] = 99

    report = await restored(FakeShelf({"a.rate": 30, "a.codec": "jpeg"}, rule), rate=30, codec="h")
    assert report.taken == ("a.rate", "a.codec")
    assert report.unchanged == ()


async def test_what_exclude_each_other() -> None:
    """Whichever is set last wins; the report tells what is so in the end, and it ends."""

    def rule(values: dict[str, Item], path: str, item: Item) -> None:
        values.update(dict.fromkeys(values, False))
        values[path] = item

    shelf = FakeShelf({"a.one": False, "a.two": False}, rule)
    report = await restored(shelf, one=True, two=True)
    assert len(shelf.written) <= 6
    assert not report.complete
    true = {path for path, value in shelf.values.items() if value is True}
    assert set(report.taken) == true
    assert set(report.refused) == {"a.one", "a.two"} - true
    assert set(report.refused.values()) == {Reason.NOT_TAKEN}


async def test_what_vanishes() -> None:
    """A value that is gone once another was set was not restored, whatever it was before."""

    def rule(values: dict[str, Item], path: str, item: Item) -> None:
        values[path] = item
        if path == "a.mode":
            del values["a.first"]

    shelf = FakeShelf({"a.first": 1, "a.mode": "one"}, rule)
    report = await restored(shelf, first=2, mode="two", never=3)
    assert report.refused == {"a.first": Reason.NOT_TAKEN}
    assert report.taken == ("a.mode",)
    assert report.absent == ("a.never",)


async def test_what_comes_with_another_one() -> None:
    """It was refused, or not there; and then it is so, whoever did it."""
    busy = BusyError(Reason.BUSY)

    def rule(values: dict[str, Item], path: str, item: Item) -> None:
        if path == "a.one":
            raise busy
        values.update({"a.one": 3, "a.two": 4, "a.new": 5})

    report = await restored(FakeShelf({"a.one": 1, "a.two": 2}, rule), one=3, two=4, new=5)
    assert report.taken == ("a.one", "a.two", "a.new")
    assert report.refused == {}
    assert report.complete


async def test_what_was_right_and_vanishes() -> None:
    """It is told once: it was so, and is not."""

    def rule(values: dict[str, Item], path: str, item: Item) -> None:
        values[path] = item
        values.pop("a.first", None)

    report = await restored(FakeShelf({"a.first": 1, "a.mode": 1}, rule), first=1, mode=2)
    assert report.refused == {"a.first": Reason.NOT_TAKEN}
    assert report.taken == ("a.mode",)
    assert report.unchanged == report.absent == ()


async def test_busy_for_a_moment() -> None:
    """It is tried again as long as something else is taken."""
    busy = [BusyError(Reason.BUSY)]

    def rule(values: dict[str, Item], path: str, item: Item) -> None:
        if path == "a.one" and busy:
            raise busy.pop()
        values[path] = item

    report = await restored(FakeShelf({"a.one": 1, "a.two": 2}, rule), one=3, two=4)
    assert report.taken == ("a.one", "a.two")


async def test_lost() -> None:
    """The one under way is refused, those after it were not tried."""

    def rule(values: dict[str, Item], path: str, item: Item) -> None:
        if path == "a.two":
            raise ConnectError(Reason.TIMEOUT)
        values[path] = item

    shelf = FakeShelf({"a.one": 1, "a.two": 2, "a.three": 3, "a.four": 4}, rule)
    report = await restored(shelf, one=9, two=9, three=9, four=4, five=5)
    assert report == Report(
        taken=("a.one",),
        unchanged=("a.four",),
        refused={"a.two": Reason.TIMEOUT},
        untried=("a.three", "a.five"),
        ended=Reason.TIMEOUT,
    )
