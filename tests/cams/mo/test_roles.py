"""What can be adjusted, and what moves."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from custom_components.panacam.cams.errors import ConnectError, Reason, RefusedError
from custom_components.panacam.cams.mo import motor
from custom_components.panacam.cams.mo.device import MoDevice
from custom_components.panacam.cams.mo.operation import Parameters
from custom_components.panacam.cams.mo.settings import TABLE, read_settings
from custom_components.panacam.cams.roles import Move
from custom_components.panacam.cams.settings import Choice, Range, Value
from tests.cams.mo.support import Notices, device_of, gone, until
from tests.simulators.mo import MoFault, MoSimulator


def test_table() -> None:
    """The table is what the specification's lack leaves to the facts."""
    assert {setting.key: setting for setting in TABLE} == {
        "resolution": Choice(key="resolution", options=("320x240", "640x480")),
        "brightness": Range(key="brightness", minimum=0, maximum=255),
        "contrast": Range(key="contrast", minimum=0, maximum=6),
        "mode": Choice(key="mode", options=("50hz", "60hz", "outdoor")),
        "rotation": Choice(key="rotation", options=("none", "vertical", "horizontal", "both")),
    }


@pytest.mark.parametrize(
    ("parameters", "values"),
    [
        ((32, 128, 4, 1, 0, 0, 0, 0), ("640x480", 128, 4, "60hz", "none")),
        ((8, 0, 0, 0, 9, 3, 9, 9), ("320x240", 0, 0, "50hz", "both")),
        ((8, 255, 6, 2, 0, 1, 0, 0), ("320x240", 255, 6, "outdoor", "vertical")),
        ((0, 7, 7, 3, 0, 4, 0, 0), (None, 7, None, None, None)),
    ],
)
def test_read(parameters: tuple[int, ...], values: tuple[Value | None, ...]) -> None:
    """Values that nobody knows are not told."""
    assert tuple(read_settings(Parameters(parameters)).values()) == values


@pytest.mark.parametrize(
    ("key", "value", "place"),
    [
        ("resolution", "640x480", 32),
        ("brightness", 200, 200),
        ("brightness", 199.0, 199),
        ("contrast", 6, 6),
        ("mode", "outdoor", 2),
        ("rotation", "both", 3),
    ],
)
async def test_change(
    sim: MoSimulator, device: MoDevice, key: str, value: Value, place: int
) -> None:
    """A change is in the camera, in the state, and told."""
    notices = Notices(device)
    assert device.settings is not None
    assert device.settings.table == TABLE
    await device.settings.change(key, value)
    assert sim.parameters[key] == place
    assert (await device.poll()).settings[key] == value
    assert notices.kinds == ["State"]


async def test_changed_by_another(sim: MoSimulator, device: MoDevice) -> None:
    """What another user changes is told; what is not in the table matters not."""
    notices = Notices(device)
    sim.set_parameter(1, 99)
    await until(lambda: notices.states)
    assert notices.states[0].settings["brightness"] == 99
    for text in (b"\x04\x01", b"\x63\x01", b"\x01"):
        sim.clients[0].link.send(18, text)
    sim.set_parameter(1, 98)
    await until(lambda: len(notices.states) == 2)
    assert notices.kinds == ["State", "State"]


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("brightness", 256, Reason.OUT_OF_RANGE),
        ("brightness", -1, Reason.OUT_OF_RANGE),
        ("brightness", 1.5, Reason.OUT_OF_RANGE),
        ("brightness", "128", Reason.OUT_OF_RANGE),
        ("mode", "indoor", Reason.OUT_OF_RANGE),
        ("mode", 1, Reason.OUT_OF_RANGE),
        ("zoom", 1, Reason.UNSUPPORTED),
    ],
)
async def test_impossible(
    sim: MoSimulator, device: MoDevice, key: str, value: Value, reason: Reason
) -> None:
    """What the camera cannot have is not sent."""
    assert device.settings is not None
    with pytest.raises(RefusedError) as caught:
        await device.settings.change(key, value)
    assert caught.value.reason is reason
    assert 19 not in sim.clients[0].commands


async def test_change_without_an_answer(
    sim: MoSimulator, device: MoDevice, impatient: None
) -> None:
    """A camera that does not say what became of it keeps nobody waiting; 18 is enough."""
    assert device.settings is not None
    sim.fault(MoFault.NO_PARAMETERS)
    await device.settings.change("contrast", 2)
    assert (await device.poll()).settings["contrast"] == 2


async def test_change_while_away(sim: MoSimulator, device: MoDevice) -> None:
    """A camera that is coming back is waited for; it then tells what it has."""
    assert device.settings is not None
    sim.camera.set_parameter(2, 1)
    sim.drop_operation()
    await until(lambda: device._link.error)
    await device.settings.change("mode", "50hz")
    settings = (await device.poll()).settings
    assert (settings["mode"], settings["contrast"]) == ("50hz", 1)


@pytest.fixture
async def head(sim: MoSimulator) -> AsyncIterator[MoDevice]:
    """Give a camera with a motor."""
    found = device_of(sim, motor=True)
    await found.connect()
    yield found
    await found.close()
    await gone(sim)


def told(sim: MoSimulator) -> list[int]:
    """Return the commands to the motor."""
    return [command.value for command in sim.decoder_commands]


@pytest.mark.parametrize(
    ("move", "commands"),
    [
        (Move.TILT_UP, [0, 1]),
        (Move.TILT_DOWN, [2, 3]),
        (Move.PAN_LEFT, [4, 5]),
        (Move.PAN_RIGHT, [6, 7]),
        (Move.ZOOM_IN, [16, 17]),
        (Move.ZOOM_OUT, [18, 19]),
    ],
)
async def test_move(sim: MoSimulator, head: MoDevice, move: Move, commands: list[int]) -> None:
    """Each move sets off and stops."""
    assert head.mover is not None
    assert move in head.mover.moves
    await head.mover.move(move)
    await until(lambda: told(sim) == commands)


async def test_sizes(sim: MoSimulator, head: MoDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    """A larger step lasts longer."""
    monkeypatch.setattr(motor, "NUDGE", 0.05)
    assert head.mover is not None
    await head.mover.move(Move.PAN_LEFT, 4)
    await until(lambda: len(told(sim)) == 2)
    start, stop = sim.decoder_commands
    assert stop.time - start.time >= 0.19


async def test_moves_one_by_one(sim: MoSimulator, head: MoDevice) -> None:
    """Two moves at once are one after the other."""
    assert head.mover is not None
    await asyncio.gather(head.mover.move(Move.PAN_LEFT), head.mover.move(Move.TILT_UP))
    await until(lambda: told(sim) == [4, 5, 0, 1])


async def test_cancelled_move(
    sim: MoSimulator, head: MoDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A camera never goes on turning because its owner was cut short."""
    monkeypatch.setattr(motor, "NUDGE", 60)
    assert head.mover is not None
    moving = asyncio.create_task(head.mover.move(Move.PAN_RIGHT))
    await until(lambda: told(sim) == [6])
    moving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await moving
    await until(lambda: told(sim) == [6, 7])


async def test_lost_while_moving(
    sim: MoSimulator, head: MoDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stop is sent as soon as the camera is back."""
    monkeypatch.setattr(motor, "NUDGE", 0.05)
    sim.fault(MoFault.CLOSE_ON_ACCEPT)
    assert head.mover is not None
    moving = asyncio.create_task(head.mover.move(Move.PAN_RIGHT))
    await until(lambda: told(sim) == [6])
    sim.drop_operation()
    with pytest.raises(ConnectError):
        await moving
    sim.clear()
    await until(lambda: told(sim) == [6, 7])


@pytest.mark.parametrize(("move", "size"), [(Move.HOME, 1), (Move.PAN_LEFT, 0), (Move.TILT_UP, 5)])
async def test_no_such_move(sim: MoSimulator, head: MoDevice, move: Move, size: int) -> None:
    """What it cannot do is not sent."""
    assert head.mover is not None
    with pytest.raises(RefusedError) as caught:
        await head.mover.move(move, size)
    assert caught.value.reason is Reason.UNSUPPORTED
    assert not told(sim)


async def test_no_motor(device: MoDevice) -> None:
    """Nothing moves where the owner says that nothing can."""
    assert device.mover is None
