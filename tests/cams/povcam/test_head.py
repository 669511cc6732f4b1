"""Free movement of a head: speeds by aw_ptz, steps by time, and an end in every case."""

import asyncio
from collections.abc import AsyncIterator
import re
import time

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.errors import CameraError, Reason, RefusedError
from custom_components.panacam.cams.povcam import head as head_module
from custom_components.panacam.cams.povcam.client import PovcamClient
from custom_components.panacam.cams.povcam.device import PovcamDevice
from custom_components.panacam.cams.povcam.head import PovcamPtz
from custom_components.panacam.cams.povcam.lens import AW_ZOOM, HEAD_MOVES, PovcamMover
from custom_components.panacam.cams.roles import Move, Place, PtzFeature, Vector
from tests.cams.support import Heard, Peer, camera, device_of, http_of, response
from tests.simulators.povcam import AW_HE40, PovcamSimulator

STOP, STILL = "#PTS5050", "#Z50"


class Head(Peer):
    """A head that says what a test wants and keeps what it was told, and when."""

    def __init__(self, *answers: str) -> None:
        """Give the answers in turn, then `done`."""
        self.left = list(answers)
        self.times: list[float] = []
        super().__init__(self._say)

    async def _say(self, _heard: Heard, writer: asyncio.StreamWriter) -> None:
        self.times.append(time.monotonic())
        answer = self.left.pop(0) if self.left else "done"
        writer.write(response(500) if answer == "500" else response(200, answer))

    @property
    def told(self) -> list[str]:
        """The commands in order, `#...` for aw_ptz."""
        targets = [heard.target.removeprefix("/cgi-bin/") for heard in self.heard]
        return [re.sub(r"aw_ptz\?cmd=%23(\w+)&res=1", r"#\1", target) for target in targets]


@pytest.fixture
async def head(session: ClientSession, quick: None) -> AsyncIterator[Head]:
    """Run a head that takes everything."""
    async with Head() as head:
        yield head


def ptz_of(
    session: ClientSession, head: Head, moves: frozenset[Move] = HEAD_MOVES | AW_ZOOM
) -> PovcamPtz:
    """Return the role for a head that can do all, or only some by aw_ptz."""
    client = PovcamClient(http_of(session, head))
    mover = PovcamMover(client, moves | AW_ZOOM, direct=True, aw=moves)
    return PovcamPtz(client, mover, pan_tilt=moves >= HEAD_MOVES, zoom=moves >= AW_ZOOM)


@pytest.fixture
async def ptz(session: ClientSession, head: Head) -> AsyncIterator[PovcamPtz]:
    """Give the role of a head that can do all."""
    found = ptz_of(session, head)
    yield found
    await found.close()


@pytest.mark.parametrize(
    ("velocity", "commands"),
    [
        (Vector(pan=1), ["#PTS9950"]),
        (Vector(pan=-1), ["#PTS0150"]),
        (Vector(tilt=0.5), ["#PTS5074"]),
        (Vector(pan=0.001, tilt=-0.001), ["#PTS5149"]),
        (Vector(zoom=1), ["#Z99"]),
        (Vector(pan=0.2, tilt=-0.2, zoom=-1), ["#PTS6040", "#Z01"]),
    ],
)
async def test_start_and_stop(
    head: Head, ptz: PovcamPtz, velocity: Vector, commands: list[str]
) -> None:
    """A movement goes on until it is stopped; the stop is for all axes."""
    await ptz.start(velocity)
    assert head.told == commands
    await ptz.stop()
    assert head.told == [*commands, STOP, STILL]


async def test_axes_left_alone(head: Head, ptz: PovcamPtz) -> None:
    """An axis that nothing is said of goes on as it did."""
    await ptz.start(Vector(pan=1))
    await ptz.start(Vector(tilt=1))
    await ptz.start(Vector(zoom=1))
    await ptz.start(Vector(pan=0))
    assert head.told == ["#PTS9950", "#PTS9999", "#Z99", "#PTS5099"]


async def test_dead_man(head: Head, ptz: PovcamPtz, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody need come back to end a movement."""
    monkeypatch.setattr(head_module, "DEAD_MAN", 0.1)
    await ptz.start(Vector(pan=1))
    while len(head.told) < 3:  # noqa: ASYNC110 - it tells nobody
        await asyncio.sleep(0.01)
    assert head.told == ["#PTS9950", STOP, STILL]
    assert head.times[1] - head.times[0] >= 0.08


async def test_limit_begins_anew(head: Head, ptz: PovcamPtz) -> None:
    """The limit of an earlier movement does not end a later one."""
    await ptz.start(Vector(pan=1), limit=0.15)
    await ptz.start(Vector(pan=-1), limit=60)
    await asyncio.sleep(0.3)
    assert head.told == ["#PTS9950", "#PTS0150"]
    await ptz.start(Vector(pan=0))
    assert head.told[2:] == [STOP]
    assert ptz._dead_man is None


async def test_close_ends_it(session: ClientSession, head: Head) -> None:
    """Whoever is closed leaves nothing turning, and no task behind."""
    ptz = ptz_of(session, head)
    await ptz.start(Vector(pan=1, zoom=1))
    await ptz.close()
    assert head.told[2:] == [STOP, STILL]
    await ptz.close()
    assert len(head.told) == 4


@pytest.mark.parametrize(
    ("by", "speed", "start", "seconds"),
    [
        (Vector(pan=1), None, "#PTS9950", 0.2),
        (Vector(pan=-0.5), 0.5, "#PTS2650", 0.2),
        (Vector(pan=1, tilt=-0.5), None, "#PTS9926", 0.2),
        (Vector(zoom=0.25), None, "#Z99", 0.05),
    ],
)
async def test_step(
    head: Head,
    ptz: PovcamPtz,
    monkeypatch: pytest.MonkeyPatch,
    by: Vector,
    speed: float | None,
    start: str,
    seconds: float,
) -> None:
    """A step lasts as long as its part of the range does at that speed."""
    monkeypatch.setattr(head_module, "SWEEP", 0.2)
    monkeypatch.setattr(head_module, "SHORTEST", 0.05)
    await ptz.step(by, speed)
    assert head.told == [start, STOP, STILL]
    assert seconds - 0.01 <= head.times[1] - head.times[0] <= seconds + 0.5


async def test_short_step(head: Head, ptz: PovcamPtz, monkeypatch: pytest.MonkeyPatch) -> None:
    """A short way is gone slowly rather than for a moment."""
    monkeypatch.setattr(head_module, "SWEEP", 0.4)
    monkeypatch.setattr(head_module, "SHORTEST", 0.1)
    await ptz.step(Vector(pan=0.1))
    assert head.told[0] == "#PTS7050"
    assert head.times[1] - head.times[0] >= 0.09


async def test_step_of_nothing(head: Head, ptz: PovcamPtz) -> None:
    """A step that goes nowhere says nothing."""
    await ptz.step(Vector())
    assert head.told == []


async def test_stop_ends_a_step(head: Head, ptz: PovcamPtz) -> None:
    """A stop does not wait for a step."""
    stepping = asyncio.create_task(ptz.step(Vector(pan=1)))
    while not head.told:  # noqa: ASYNC110 - it tells nobody
        await asyncio.sleep(0.01)
    async with asyncio.timeout(1):
        await ptz.stop()
        await stepping
    assert head.told[:3] == ["#PTS9950", STOP, STILL]


async def test_stop_ends_what_waits(head: Head, ptz: PovcamPtz) -> None:
    """What waits for its turn when all is to end is not begun."""
    waiting = [asyncio.create_task(ptz.step(Vector(pan=1))) for _ in range(2)]
    waiting.append(asyncio.create_task(ptz.start(Vector(tilt=1))))
    while not head.told:  # noqa: ASYNC110 - it tells nobody
        await asyncio.sleep(0.01)
    async with asyncio.timeout(1):
        await ptz.stop()
        await asyncio.gather(*waiting)
    assert {told for told in head.told if told not in {STOP, STILL}} == {"#PTS9950"}
    assert head.told[-2:] == [STOP, STILL]


async def test_start_after_the_limit(head: Head, ptz: PovcamPtz) -> None:
    """A movement begun while an old one is just being stopped is not stopped with it."""
    await ptz.start(Vector(pan=1), limit=60)
    ptz._stop_later()
    await ptz.start(Vector(tilt=1))
    assert head.told == ["#PTS9950", STOP, STILL, "#PTS5099"]


async def test_cancelled_step(head: Head, ptz: PovcamPtz) -> None:
    """Whoever is cancelled does not leave the head turning."""
    stepping = asyncio.create_task(ptz.step(Vector(pan=1)))
    while not head.told:  # noqa: ASYNC110 - it tells nobody
        await asyncio.sleep(0.01)
    stepping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stepping
    await ptz.close()
    assert head.told == ["#PTS9950", STOP, STILL]


@pytest.mark.parametrize("answer", ["eR1:PTS", "eR2:PTS", "500"])
async def test_stop_after_a_failed_start(head: Head, ptz: PovcamPtz, answer: str) -> None:
    """The stop is sent even when the start seems to have failed."""
    head.left = [answer]
    with pytest.raises(CameraError):
        await ptz.start(Vector(pan=1))
    assert head.told[1:] == [STOP, STILL]
    assert ptz._dead_man is None


async def test_stop_is_retried(head: Head, ptz: PovcamPtz) -> None:
    """A stop that is refused is sent again; one never taken is told about."""
    await ptz.start(Vector(pan=1))
    head.left = ["eR2:PTS"]
    await ptz.stop()
    assert head.told[1:] == [STOP, STOP, STILL]
    head.left = ["eR2:PTS"] * 3
    with pytest.raises(CameraError):
        await ptz.stop()
    head.left = ["eR2:PTS"] * 3
    with pytest.raises(CameraError):
        await ptz.step(Vector(pan=0.01))


async def test_only_a_lens(session: ClientSession, head: Head) -> None:
    """Where the lens knows steps only, so does the role."""
    ptz = ptz_of(session, head, frozenset())
    assert ptz.features == {PtzFeature.RELATIVE}
    await ptz.step(Vector(zoom=1))
    await ptz.step(Vector(zoom=-0.1))
    assert head.told == ["directctrl?zoom=4", "camctrl?zoom=down"]
    for doing in (ptz.start(Vector(zoom=1)), ptz.start(Vector(pan=1)), ptz.step(Vector(tilt=1))):
        with pytest.raises(RefusedError) as caught:
            await doing
        assert caught.value.reason is Reason.UNSUPPORTED
    await ptz.stop()
    await ptz.close()
    assert len(head.told) == 2


async def test_head_before_a_lens(session: ClientSession, head: Head) -> None:
    """A head with aw_ptz before a lens without it: both move in one step."""
    ptz = ptz_of(session, head, HEAD_MOVES)
    assert ptz.features == {PtzFeature.CONTINUOUS, PtzFeature.RELATIVE}
    await ptz.step(Vector(pan=0.001, zoom=0.5))
    assert head.told == ["#PTS5150", STOP, "directctrl?zoom=2"]


def test_nothing_to_move(session: ClientSession) -> None:
    """Without head and zoom there is no way to move."""
    client = PovcamClient(http_of(session, Head()))
    mover = PovcamMover(client, frozenset({Move.FOCUS_AUTO}), direct=False)
    assert not PovcamPtz(client, mover, pan_tilt=False, zoom=False).features


@pytest.mark.parametrize("vector", [Vector(pan=1.1), Vector(tilt=-2), Vector(zoom=float("nan"))])
async def test_out_of_range(head: Head, ptz: PovcamPtz, vector: Vector) -> None:
    """Nonsense is not sent."""
    for doing in (ptz.start(vector), ptz.step(vector)):
        with pytest.raises(RefusedError) as caught:
            await doing
        assert caught.value.reason is Reason.OUT_OF_RANGE
    assert head.told == []


async def test_what_it_cannot(head: Head, ptz: PovcamPtz) -> None:
    """Positions and places are refused."""
    for doing in (ptz.go(Vector(pan=0)), ptz.look_at(Place(longitude=0, latitude=0))):
        with pytest.raises(RefusedError) as caught:
            await doing
        assert caught.value.reason is Reason.UNSUPPORTED
    assert head.told == []


async def test_home(session: ClientSession, quick: None) -> None:
    """Home is the middle, and cannot be another place."""
    async with camera(AW_HE40) as sim:
        device = device_of(session, sim)
        await device.connect()
        assert device.home is not None
        sim.camera.pan = 0x9000
        await device.home.go_home(0.5)
        assert sim.camera.pan == 0x8000
        with pytest.raises(RefusedError) as caught:
            await device.home.set_home()
        assert caught.value.reason is Reason.FIXED
        await device.close()


async def test_a_camera_head(session: ClientSession, quick: None) -> None:
    """A simulated head turns at that speed, and rests once its device is closed."""
    async with camera(AW_HE40) as sim:
        device = device_of(session, sim)
        await device.connect()
        assert device.ptz is not None
        assert device.ptz.features == {PtzFeature.CONTINUOUS, PtzFeature.RELATIVE}
        await device.ptz.start(Vector(pan=0.5, tilt=-0.5, zoom=1))
        axes = sim.camera.head
        assert (axes.pan.speed, axes.tilt.speed, axes.zoom.speed) == (24, -24, 49)
        await device.close()
        assert (axes.pan.speed, axes.tilt.speed, axes.zoom.speed) == (0, 0, 0)


async def test_a_recorder(device: PovcamDevice, sim: PovcamSimulator) -> None:
    """A recorder's lens has steps."""
    assert device.ptz is not None
    assert device.home is None
    assert device.ptz.features == {PtzFeature.RELATIVE}
    before = sim.camera.zoom
    await device.ptz.step(Vector(zoom=1))
    assert sim.camera.zoom != before
