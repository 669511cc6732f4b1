"""Free movement of a camera with one speed: it goes as long as wanted, and always ends."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from custom_components.panacam.cams.errors import CameraError, ConnectError, Reason, RefusedError
from custom_components.panacam.cams.mo import link, motor
from custom_components.panacam.cams.mo.device import MoDevice
from custom_components.panacam.cams.mo.motor import MoPtz
from custom_components.panacam.cams.roles import Move, Place, PtzFeature, Vector
from tests.cams.mo.support import device_of, gone, until
from tests.simulators.mo import MoFault, MoSimulator

STOPS = [1, 5, 17]


@pytest.fixture
async def head(sim: MoSimulator) -> AsyncIterator[MoDevice]:
    """Give a camera with a motor."""
    found = device_of(sim, motor=True)
    await found.connect()
    yield found
    await found.close()
    await gone(sim)


@pytest.fixture
def ptz(head: MoDevice) -> MoPtz:
    """Give its role."""
    assert isinstance(head.ptz, MoPtz)
    return head.ptz


def told(sim: MoSimulator) -> list[int]:
    """Return the commands to the motor."""
    return [command.value for command in sim.decoder_commands]


def test_features() -> None:
    """It goes on and makes steps; positions it has none."""
    assert MoPtz.features == {PtzFeature.CONTINUOUS, PtzFeature.RELATIVE}


async def test_without_a_motor(device: MoDevice) -> None:
    """Where nothing moves there is no role."""
    assert device.ptz is None


@pytest.mark.parametrize(
    ("velocity", "start"),
    [
        (Vector(pan=0.2), 6),
        (Vector(pan=-1.0), 4),
        (Vector(tilt=0.5), 0),
        (Vector(tilt=-0.5), 2),
        (Vector(zoom=1.0), 16),
        (Vector(pan=0.0, zoom=-0.1), 18),
    ],
)
async def test_start_and_stop(sim: MoSimulator, ptz: MoPtz, velocity: Vector, start: int) -> None:
    """A movement goes on until it is stopped; the stop is for all axes."""
    await ptz.start(velocity)
    await until(lambda: told(sim) == [start])
    await asyncio.sleep(0.1)
    assert told(sim) == [start]
    await ptz.stop()
    await until(lambda: start + 1 in told(sim))
    await until(lambda: sorted({*told(sim)} - {start}) == sorted({start + 1, *STOPS}))


async def test_diagonal(sim: MoSimulator, ptz: MoPtz) -> None:
    """Two directions go at once, each with its own stop."""
    await ptz.start(Vector(pan=1, tilt=-1), limit=0.05)
    await until(lambda: told(sim) == [6, 2, 7, 3])


async def test_another_way(sim: MoSimulator, ptz: MoPtz) -> None:
    """A new movement takes the place of the old one."""
    await ptz.start(Vector(pan=1))
    await ptz.start(Vector(tilt=1))
    await until(lambda: told(sim) == [6, 7, 0])


async def test_nowhere(sim: MoSimulator, ptz: MoPtz) -> None:
    """No velocity at all is a stop."""
    await ptz.start(Vector(pan=1))
    await ptz.start(Vector(pan=0, tilt=0))
    await until(lambda: told(sim) == [6, 7, *STOPS])


async def test_stop_without_a_start(sim: MoSimulator, ptz: MoPtz) -> None:
    """Whoever began it, a stop ends it."""
    await ptz.stop()
    await until(lambda: told(sim) == STOPS)


async def test_dead_man(sim: MoSimulator, ptz: MoPtz, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody need come back to end a movement."""
    monkeypatch.setattr(motor, "DEAD_MAN", 0.1)
    await ptz.start(Vector(pan=1))
    await until(lambda: told(sim) == [6, 7])
    start, stop = sim.decoder_commands
    assert 0.08 <= stop.time - start.time <= 1.0


async def test_limit_begins_anew(sim: MoSimulator, ptz: MoPtz) -> None:
    """The limit of an earlier movement does not end a later one."""
    await ptz.start(Vector(pan=1), limit=0.1)
    await ptz.start(Vector(pan=-1), limit=0.4)
    await until(lambda: told(sim) == [6, 7, 4, 5])
    *_, start, stop = sim.decoder_commands
    assert stop.time - start.time >= 0.35


async def test_close_ends_it(sim: MoSimulator) -> None:
    """A device that is closed leaves no camera turning."""
    device = device_of(sim, motor=True)
    await device.connect()
    assert device.ptz is not None
    await device.ptz.start(Vector(pan=1))
    await device.close()
    await until(lambda: told(sim) == [6, 7])
    await gone(sim)


@pytest.mark.parametrize(
    ("by", "commands"),
    [
        (Vector(pan=0.5), [6, 7]),
        (Vector(pan=-0.5, tilt=0.5), [4, 5, 0, 1]),
        (Vector(zoom=-1.0), [18, 19]),
        (Vector(), []),
    ],
)
async def test_step(
    sim: MoSimulator, ptz: MoPtz, monkeypatch: pytest.MonkeyPatch, by: Vector, commands: list[int]
) -> None:
    """A step lasts as long as its part of the range, one axis after the other."""
    monkeypatch.setattr(motor, "SWEEP", 0.2)
    await ptz.step(by)
    await until(lambda: told(sim) == commands)
    for start, stop in zip(*[iter(sim.decoder_commands)] * 2, strict=True):
        part = max(abs(by.pan or 0), abs(by.zoom or 0))
        assert 0.2 * part - 0.02 <= stop.time - start.time


async def test_stop_ends_a_step(sim: MoSimulator, ptz: MoPtz) -> None:
    """A stop does not wait for a step, nor does the step go on with its next axis."""
    stepping = asyncio.create_task(ptz.step(Vector(pan=1, tilt=1)))
    await until(lambda: told(sim) == [6])
    await ptz.stop()
    await stepping
    await until(lambda: told(sim) == [6, 7, *STOPS])


async def test_stop_ends_what_waits(sim: MoSimulator, ptz: MoPtz) -> None:
    """What waits for its turn when all is to end is not begun."""
    waiting = [asyncio.create_task(ptz.step(Vector(pan=1))) for _ in range(3)]
    await until(lambda: told(sim) == [6])
    await ptz.stop()
    await asyncio.gather(*waiting)
    await until(lambda: told(sim) == [6, 7, *STOPS])


async def test_start_ends_a_step(sim: MoSimulator, head: MoDevice, ptz: MoPtz) -> None:
    """Who holds a button does not wait for a step to end."""
    assert head.mover is not None
    stepping = asyncio.create_task(ptz.step(Vector(pan=1)))
    await until(lambda: told(sim) == [6])
    await ptz.start(Vector(tilt=1))
    await stepping
    await until(lambda: told(sim) == [6, 7, 0])
    await head.mover.move(Move.ZOOM_IN)
    await until(lambda: told(sim) == [6, 7, 0, 1, 16, 17])


async def test_lost_meanwhile(sim: MoSimulator, head: MoDevice, ptz: MoPtz) -> None:
    """A camera that was lost while it moved is stopped when it is back."""
    await ptz.start(Vector(pan=1), limit=0.1)
    await until(lambda: told(sim) == [6])
    sim.fault(MoFault.CLOSE_ON_ACCEPT)
    sim.drop_operation()
    await until(lambda: head._link.error)
    await asyncio.sleep(0.2)
    assert told(sim) == [6]
    sim.clear()
    await until(lambda: told(sim) == [6, 7])


async def test_stopped_before_it_began(
    sim: MoSimulator, head: MoDevice, ptz: MoPtz, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A movement that waits for a camera is not begun once it was stopped."""
    monkeypatch.setattr(link, "LINK_WAIT", 5.0)
    sim.fault(MoFault.CLOSE_ON_ACCEPT)
    sim.drop_operation()
    await until(lambda: head._link.error)
    starting = asyncio.create_task(ptz.start(Vector(pan=1)))
    await asyncio.sleep(0.05)
    stopping = asyncio.create_task(ptz.stop())
    await asyncio.sleep(0.05)
    sim.clear()
    await asyncio.gather(starting, stopping)
    await until(lambda: told(sim) == STOPS)


async def test_no_camera(
    sim: MoSimulator, head: MoDevice, ptz: MoPtz, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A camera that does not come back is an error."""
    monkeypatch.setattr(link, "LINK_WAIT", 0.05)
    sim.fault(MoFault.CLOSE_ON_ACCEPT)
    sim.drop_operation()
    await until(lambda: head._link.error)
    for doing in (ptz.start(Vector(pan=1)), ptz.step(Vector(pan=1)), ptz.stop()):
        with pytest.raises(ConnectError):
            await doing
    assert told(sim) == []


@pytest.mark.parametrize("vector", [Vector(pan=1.1), Vector(tilt=-2), Vector(zoom=float("nan"))])
async def test_out_of_range(sim: MoSimulator, ptz: MoPtz, vector: Vector) -> None:
    """Nonsense is not sent."""
    for doing in (ptz.start(vector), ptz.step(vector)):
        with pytest.raises(RefusedError) as caught:
            await doing
        assert caught.value.reason is Reason.OUT_OF_RANGE
    assert told(sim) == []


async def test_what_it_cannot(sim: MoSimulator, ptz: MoPtz) -> None:
    """Positions and places are refused."""
    for doing in (ptz.go(Vector(pan=0)), ptz.look_at(Place(longitude=0, latitude=0))):
        with pytest.raises(CameraError) as caught:
            await doing
        assert caught.value.reason is Reason.UNSUPPORTED
    assert told(sim) == []
