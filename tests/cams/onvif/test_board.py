import pytest

from custom_components.panacam.cams.device import Notice
from custom_components.panacam.cams.errors import RefusedError
from custom_components.panacam.cams.onvif import board as board_module
from custom_components.panacam.cams.onvif.board import Board, allowed
from custom_components.panacam.cams.roles import Press, Reading, Signal, Topic
from custom_components.panacam.cams.settings import Choice, Range, Setting, Text, Toggle, Value


class Shown:
    """Counts what a board tells."""

    def __init__(self) -> None:
        """Begin at none."""
        self.changes = 0
        self.told: list[Notice] = []
        self.board = Board(self.changed, self.told.append)

    def changed(self) -> None:
        """Count a change."""
        self.changes += 1


CHOICE = Choice(key="mode", options=("auto", "manual"))
RANGE = Range(key="gain", minimum=-1, maximum=5)


@pytest.mark.parametrize(
    ("setting", "value", "right"),
    [
        (CHOICE, "auto", True),
        (CHOICE, "other", False),
        (CHOICE, True, False),
        (RANGE, 5, True),
        (RANGE, 5.1, False),
        (RANGE, True, False),
        (RANGE, "1", False),
        (Toggle(key="on"), False, True),
        (Toggle(key="on"), "on", False),
        (Text(key="t", max_length=3), "abc", True),
        (Text(key="t", max_length=3), "abcd", False),
    ],
)
def test_allowed(setting: Setting, value: Value, right: bool) -> None:
    """A value is of the setting's kind and within its bounds."""
    assert allowed(setting, value) is right


async def test_settings() -> None:
    """A change goes to whoever offered the setting, and is shown."""
    shown = Shown()
    board = shown.board

    async def write(value: Value) -> None:
        board.values["gain"] = value

    board.setting(RANGE, write, 2)
    assert board.table == (RANGE,)
    await board.change("gain", 3)
    assert board.state().settings == {"gain": 3}
    assert shown.changes == 1
    with pytest.raises(RefusedError, match="out of range"):
        await board.change("gain", 9)
    board.withdraw("gain")
    board.withdraw("gain")
    assert not board.state().settings
    with pytest.raises(RefusedError, match="unsupported"):
        await board.change("gain", 3)


async def test_presses() -> None:
    """A press does what it was offered for."""
    shown = Shown()
    pressed: list[str] = []

    async def action() -> None:
        pressed.append("wash")

    shown.board.press(Press(key="wash"), action)
    role = shown.board.press_role
    assert role is not None
    assert [item.key for item in role.table] == ["wash"]
    await role.press("wash")
    assert pressed == ["wash"]
    with pytest.raises(RefusedError):
        await role.press("dry")
    shown.board.withdraw_press("wash")
    with pytest.raises(RefusedError):
        await role.press("wash")
    assert Shown().board.press_role is None


def test_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A device cannot fill the memory with things to show."""
    monkeypatch.setattr(board_module, "MAX_ROWS", 2)
    board = Shown().board
    for number in range(5):
        key = f"k{number}"
        assert board.signal(Signal(key=key)) is (number < 2)
        assert board.reading(Reading(key=key)) is (number < 2)
        assert board.topic(Topic(key=key)) is (number < 2)
    assert board.signal(Signal(key="k0"), value=True)
    state = board.state()
    assert state.signals == {"k0": True, "k1": None}
    assert len(state.readings) == len(state.topics) == 2


def test_withdrawing() -> None:
    """What is taken away has neither row nor value; whoever keeps values hears of it, once."""
    board = Shown().board
    board.withdraw_signal("none")  # nobody listens yet
    board.signal(Signal(key="s"), value=True)
    board.withdraw_signal("s")
    gone: list[str] = []
    board.on_withdrawn(gone.append)
    board.signal(Signal(key="s"), value=True)
    board.reading(Reading(key="r"), 1)
    board.topic(Topic(key="t"))
    for _ in range(2):
        board.withdraw_signal("s")
        board.withdraw_reading("r")
        board.withdraw_topic("t")
    state = board.state()
    assert not state.signals
    assert not state.readings
    assert not state.topics
    assert gone == ["s", "r"]
    assert board.signal(Signal(key="s"))


def test_wanting() -> None:
    """Whoever provides something learns that the first one looks, and that the last one left."""
    board = Shown().board
    heard: list[bool] = []
    first = board.want("scene")
    board.on_want("scene", heard.append)
    second = board.want("scene")
    assert heard == [True]
    assert board.wants("scene")
    first()
    first()
    assert heard == [True]
    second()
    assert heard == [True, False]
    assert not board.wants("scene")
    board.want("scene")()
    assert heard == [True, False, True, False]
    board.want("other")()
