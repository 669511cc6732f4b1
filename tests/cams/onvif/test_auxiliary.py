import pytest

from custom_components.panacam.cams.errors import RefusedError
from custom_components.panacam.cams.onvif.auxiliary import Auxiliary
from custom_components.panacam.cams.settings import Choice, Toggle
from tests.cams.onvif.support import Watched


class Sent:
    """Auxiliary commands offered on a board, and what was sent."""

    def __init__(self, *commands: str) -> None:
        """Offer commands of the PTZ service."""
        self.watched = Watched()
        self.board = self.watched.board
        self.sent: list[str] = []
        self.others: list[str] = []
        """What was sent to the device service."""
        self.auxiliary = Auxiliary(self.board)
        self.offer("ptz", *commands)

    def offer(self, service: str, *commands: str) -> None:
        """Offer the commands of a service."""
        self.auxiliary.offer(service, commands, self._send if service == "ptz" else self._other)

    async def _send(self, command: str) -> None:
        self.sent.append(command)

    async def _other(self, command: str) -> None:
        self.others.append(command)


@pytest.mark.parametrize(
    ("commands", "key", "kind", "label"),
    [
        (("tt:Wiper|On", "tt:Wiper|Off"), "aux_wiper", "aux_wiper", ""),
        (("irlampon", "irlampoff"), "aux_irlamp", "auxiliary", "irlamp"),
        (("Fan_ON", "Fan_OFF"), "aux_fan", "auxiliary", "Fan"),
        (("Heizung An: on", "Heizung An: off"), "aux_heizung_an", "auxiliary", "Heizung an:"),
    ],
)
async def test_switches(commands: tuple[str, ...], key: str, kind: str, label: str) -> None:
    """On and off of one name, however they are written."""
    sent = Sent(*commands)
    row = sent.board.settings[key]
    assert isinstance(row, Toggle)
    assert (row.kind, row.label) == (kind, label)
    assert not sent.board.presses
    await sent.board.change(key, True)
    await sent.board.change(key, False)
    assert sent.sent == list(commands)


async def test_auto_makes_a_choice() -> None:
    """A lamp that can switch itself."""
    sent = Sent("tt:IRLamp|Auto", "tt:IRLamp|On", "tt:IRLamp|Off")
    row = sent.board.settings["aux_ir_lamp"]
    assert isinstance(row, Choice)
    await sent.board.change("aux_ir_lamp", "auto")
    assert sent.sent == ["tt:IRLamp|Auto"]
    assert sent.board.values["aux_ir_lamp"] == "auto"


async def test_the_rest_is_pressed() -> None:
    """What has no opposite, whatever it is called."""
    sent = Sent("tt:Washer|On", "Station", "\u6d17\u6d44", "", "a\u202eb", "Station")
    keys = ["aux_washer_on", "aux_station", "aux_e6b497e6b584", "aux_a_b"]
    assert list(sent.board.presses) == keys
    labels = [press.label for press in sent.board.presses.values()]
    assert labels == ["Washer on", "Station", "\u6d17\u6d44", "ab"]
    for key in keys:
        await sent.board.do(key)
    assert sent.sent == ["tt:Washer|On", "Station", "\u6d17\u6d44", "a\u202eb"]


async def test_names_that_make_one_key() -> None:
    """The first has it."""
    sent = Sent("A b", "a-b", "C|On", "C|Off", "c|on", "c|off")
    await sent.board.do("aux_a_b")
    await sent.board.change("aux_c", True)
    assert sent.sent == ["A b", "C|On"]


async def test_the_same_command_of_two_services() -> None:
    """The device service's is left out where the PTZ service has it, also the next time."""
    sent = Sent()
    for _ in range(2):
        sent.offer("device", "tt:Wiper|On", "tt:Wiper|Off", "Wash", "Heat")
        sent.offer("ptz", "tt:Wiper|On", "tt:Wiper|Off", "Wash")
    await sent.board.change("aux_wiper", True)
    await sent.board.do("aux_wash")
    await sent.board.do("aux_heat")
    assert (sent.sent, sent.others) == (["tt:Wiper|On", "Wash"], ["Heat"])


LAMP = ("tt:IRLamp|On", "tt:IRLamp|Off")
AUTO = (*LAMP, "tt:IRLamp|Auto")


@pytest.mark.parametrize("first", ["ptz", "device"])
@pytest.mark.parametrize(("ptz", "device"), [(AUTO, LAMP), (LAMP, AUTO), (("tt:IRLamp|On",), AUTO)])
async def test_whoever_tells_first(
    first: str, ptz: tuple[str, ...], device: tuple[str, ...]
) -> None:
    """A lamp is the same row in either order: that of the service that can do more with it."""
    sent = Sent()
    lists = {"ptz": ptz, "device": device}
    for service in sorted(lists, key=lambda name: name != first):
        sent.offer(service, *lists[service])
    row = sent.board.settings["aux_ir_lamp"]
    assert isinstance(row, Choice)
    assert row.options == ("auto", "on", "off")
    assert not sent.board.presses
    await sent.board.change("aux_ir_lamp", "auto")
    assert [sent.sent, sent.others] == (
        [["tt:IRLamp|Auto"], []] if ptz is AUTO else [[], ["tt:IRLamp|Auto"]]
    )


async def test_commands_that_are_gone() -> None:
    """A row goes with its last command; what was sent is forgotten where it can be no more."""
    sent = Sent(*AUTO, "Station")
    await sent.board.change("aux_ir_lamp", "auto")
    sent.offer("ptz", *LAMP)
    assert isinstance(sent.board.settings["aux_ir_lamp"], Toggle)
    assert sent.board.values == {"aux_ir_lamp": None}
    assert not sent.board.presses
    await sent.board.change("aux_ir_lamp", False)
    sent.offer("ptz", *LAMP)
    assert sent.board.values == {"aux_ir_lamp": False}
    sent.offer("ptz")
    assert not sent.board.settings
    with pytest.raises(RefusedError):
        await sent.board.do("aux_station")


async def test_a_thousand_commands() -> None:
    """Only the first few are offered, under keys that are no longer than keys are."""
    sent = Sent(*(f"command {number} {'x' * 200}" for number in range(1000)))
    assert len(sent.board.presses) == 64
    assert all(len(key) <= 44 for key in sent.board.presses)
    assert all(len(press.label) <= 64 for press in sent.board.presses.values())
