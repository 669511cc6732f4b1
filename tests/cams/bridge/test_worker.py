"""The thread that encodes: the past first and at once, then no more than it can do."""

import asyncio
from itertools import pairwise
import logging
from threading import Event
import time
from typing import Any, override

import pytest

from custom_components.panacam.cams.bridge import worker as module
from custom_components.panacam.cams.bridge.encoder import Encoder, Job, Repeat
from custom_components.panacam.cams.bridge.packets import TICKS, Format, Kind, Packet
from custom_components.panacam.cams.bridge.worker import PAD_GAP, PAST, SECOND_GAP, Worker
from custom_components.panacam.cams.stream import Picture, Piece, Sound
from tests.cams.bridge.support import H264, frames_of, jpeg, read, threads, tone, until

EPOCH = 0.0
NOW = 1000.0


class Gathered:
    """What a worker delivers."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.packets: list[Packet] = []
        self.formats: set[Format] = set()
        self.failed = 0

    def worker(self, past: list[Piece], encoder: Encoder | None = None) -> Worker:
        """Start a worker that delivers here."""
        made = encoder or Encoder(epoch=EPOCH, rate=15, sound_rate=None)
        return Worker(made, past, now=NOW, deliver=self.deliver, failed=self.fail)

    def deliver(self, format_: Format, packets: list[Packet]) -> None:
        """Keep packets."""
        self.formats.add(format_)
        self.packets += packets

    def fail(self) -> None:
        """Count."""
        self.failed += 1

    @property
    def seconds(self) -> list[float]:
        """When the pictures are, on the clock of the pieces."""
        return [each.pts / TICKS for each in self.packets if each.kind is Kind.VIDEO]


class FakeEncoder(Encoder):
    """Encodes to nothing, as slowly as a test wants."""

    def __init__(self, gate: Event | None = None, *, crash: bool = False) -> None:
        """Wait for `gate` before each picture."""
        super().__init__(epoch=EPOCH, rate=15, sound_rate=None)
        self.jobs: list[Job] = []
        self._gate = gate
        self._crash = crash

    @property
    @override
    def format(self) -> Format:
        return H264

    @override
    def look(self, picture: Picture) -> bool:
        return True

    @override
    def encode(self, job: Job) -> list[Packet]:
        if self._gate is not None:
            assert self._gate.wait(10)
        if self._crash:
            msg = "made up"
            raise RuntimeError(msg)
        self.jobs.append(job)
        ticks = int(job.at * TICKS)
        return [Packet(kind=Kind.VIDEO, data=b"x", pts=ticks, dts=ticks, key=True)]


def pictures(seconds: float, *, rate: float = 15.0, end: float = NOW) -> list[Piece]:
    """Return pictures whose last one is at `end`."""
    count = round(seconds * rate)
    return [Picture(jpeg(at), end - (count - 1 - at) / rate) for at in range(count)]


def waiting(worker: Worker) -> int:
    """Return how many pieces wait."""
    return len(worker._jobs)


async def test_the_past_at_once() -> None:
    """Seven seconds of pictures are encoded in much less, with their times, then what comes."""
    got = Gathered()
    begun = time.monotonic()
    worker = got.worker(pictures(7.2))
    await until(lambda: len(got.seconds) == 108)
    assert time.monotonic() - begun < 5
    worker.put(Picture(jpeg(108), NOW + 0.1))
    await until(lambda: len(got.seconds) == 109)
    assert got.seconds[0] == pytest.approx(NOW - 107 / 15, abs=0.001)
    assert got.seconds[-1] == pytest.approx(NOW + 0.1, abs=0.001)
    assert [read(frame).number for frame in frames_of(got.packets)] == list(range(109))
    assert got.packets[0].key
    assert len(got.formats) == 1
    await worker.close()
    assert threads() == []


@pytest.mark.parametrize("seconds", [0.07, 3.0, 6.0])
async def test_a_short_past_is_padded(seconds: float) -> None:
    """The oldest picture, marked, stands for what nobody saw: players want seven seconds."""
    got, past = Gathered(), pictures(seconds)
    worker = got.worker(past)
    await until(lambda: got.seconds and got.seconds[-1] > NOW - 0.01)
    await worker.close()
    shown = [read(frame) for frame in frames_of(got.packets)]
    marks = [each.marked for each in shown]
    assert marks == sorted(marks, reverse=True)
    assert [each.number for each in shown if not each.marked] == list(range(len(past)))
    assert {each.number for each in shown if each.marked} == {0}
    assert got.seconds[0] == pytest.approx(NOW - PAST - SECOND_GAP, abs=0.001)
    assert got.seconds[1] == pytest.approx(NOW - PAST, abs=0.001)
    assert max(other - one for one, other in pairwise(got.seconds)) <= 2 * PAD_GAP + 0.001


async def test_no_past_at_all() -> None:
    """The first picture to come stands for it."""
    got = Gathered()
    worker = got.worker([])
    worker.put(Repeat(NOW, marked=False))
    worker.put(Sound(tone(0, 0.1), NOW))
    worker.put(Picture(b"", NOW))
    worker.put(Picture(jpeg(9), NOW + 0.2))
    await until(lambda: got.seconds and got.seconds[-1] > NOW + 0.19)
    assert got.seconds[0] == pytest.approx(NOW - PAST + 0.2 - SECOND_GAP, abs=0.001)
    assert {read(frame).number for frame in frames_of(got.packets)} == {9}
    await worker.close()


async def test_a_first_picture_that_comes_late() -> None:
    """Nobody needs more than seven seconds of a past that nobody saw."""
    got = Gathered()
    worker = got.worker([])
    worker.put(Picture(jpeg(9), NOW + 3600))
    await until(lambda: got.seconds and got.seconds[-1] > NOW + 3599.9)
    await worker.close()
    assert got.seconds[0] == pytest.approx(NOW + 3600 - PAST - SECOND_GAP, abs=0.001)
    assert len(got.seconds) == 29


async def test_too_slow_for_what_comes() -> None:
    """Once the past is done, what is half a second behind is dropped, sound is not."""
    gate, got = Event(), Gathered()
    gate.set()
    encoder = FakeEncoder(gate)
    worker = got.worker(pictures(7.2), encoder)
    await until(lambda: len(encoder.jobs) == 108 and not worker._catching_up)
    gate.clear()
    worker.put(Picture(b"x", NOW + 1))
    await until(lambda: waiting(worker) == 0)
    for at in range(100):
        worker.put(Picture(b"x", NOW + 1 + at / 10))
        worker.put(Sound(b"xx", NOW + 1 + at / 10))
    gate.set()
    await until(lambda: encoder.jobs[-1].at == NOW + 1 + 99 / 10)
    await until(lambda: waiting(worker) == 0)
    late = encoder.jobs[109:]
    assert len([job for job in late if isinstance(job, Sound)]) == 100
    assert [job.at for job in late if isinstance(job, Picture)] == [
        NOW + 1 + at / 10 for at in range(100 - len(late) + 100, 100)
    ]
    assert worker.dropped > 90
    await worker.close()


async def test_nothing_of_the_past_is_dropped() -> None:
    """What comes while the past is encoded waits: it is seconds newer."""
    gate, got = Event(), Gathered()
    encoder = FakeEncoder(gate)
    worker = got.worker(past := pictures(7.2), encoder)
    for at in range(30):
        worker.put(Picture(b"x", NOW + 1 + at / 15))
    gate.set()
    await until(lambda: len(encoder.jobs) == len(past) + 30)
    assert worker.dropped == 0
    await worker.close()


async def test_too_slow_for_the_past(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that never catches up gives it up, and shows what is new."""
    monkeypatch.setattr(module, "CATCH_UP", 0.05)
    gate, got = Event(), Gathered()
    encoder = FakeEncoder(gate)
    worker = got.worker(pictures(7.2), encoder)
    worker.put(Picture(b"newest", NOW + 1))
    await asyncio.sleep(0.1)
    gate.set()
    await until(lambda: encoder.jobs and encoder.jobs[-1].at == NOW + 1)
    assert worker.dropped > 90
    await worker.close()


@pytest.mark.parametrize("past", [0, 900])
@pytest.mark.usefixtures("bare")
async def test_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch, past: int) -> None:
    """A thread that hangs costs no memory, and the past it was given stays whole."""
    monkeypatch.setattr(module, "MAX_JOBS", 50)
    gate, got = Event(), Gathered()
    worker = got.worker([Picture(b"x", NOW)] * past, FakeEncoder(gate))
    for _ in range(30):
        worker.put(Picture(b"x", NOW))
    assert worker.dropped == 0
    for _ in range(100):
        worker.put(Picture(b"x", NOW))
    assert waiting(worker) == past + 50
    monkeypatch.setattr(module, "MAX_BYTES", 1000)
    for _ in range(100):
        worker.put(Picture(bytes(200), NOW))
    assert waiting(worker) == 5
    assert worker._bytes == 1000
    gate.set()
    await worker.close()


async def test_close_in_the_middle_of_the_past() -> None:
    """It ends after the picture under way, nothing is delivered any more, the thread is gone."""
    gate, got = Event(), Gathered()
    encoder = FakeEncoder(gate)
    worker = got.worker(pictures(0.1), encoder)
    closing = asyncio.ensure_future(worker.close())
    await until(lambda: worker._ended)
    gate.set()
    await closing
    assert len(encoder.jobs) <= 2
    assert got.packets == []
    assert threads() == []


async def test_close_while_it_waits() -> None:
    """Close wakes it, and may be called again."""
    got = Gathered()
    worker = got.worker([])
    assert threads() == ["panacam encoder"]
    await worker.close()
    await worker.close()
    assert threads() == []


async def test_a_crash_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged, whoever started it learns of it, and the thread ends."""
    got = Gathered()
    worker = got.worker(pictures(0.2), FakeEncoder(crash=True))
    await until(lambda: got.failed)
    assert got.failed == 1
    (record,) = [each for each in caplog.records if each.levelno >= logging.ERROR]
    assert "The encoder failed" in record.getMessage()
    worker.put(Picture(jpeg(1), NOW))
    await worker.close()
    assert threads() == []


async def test_a_crash_after_the_end(caplog: pytest.LogCaptureFixture) -> None:
    """Nobody is told of what happens to one that was closed: another may be at work."""
    gate, got = Event(), Gathered()
    worker = got.worker(pictures(0.1), FakeEncoder(gate, crash=True))
    closing = asyncio.ensure_future(worker.close())
    await until(lambda: worker._ended)
    gate.set()
    await closing
    await asyncio.sleep(0)
    assert got.failed == 0


def test_the_loop_ends_first() -> None:
    """A thread that outlives its loop ends quietly."""
    gate, got = Event(), Gathered()
    kept: list[Any] = []

    async def start() -> None:
        kept.append(got.worker(pictures(0.1), FakeEncoder(gate)))

    asyncio.run(start())
    gate.set()
    worker = kept[0]
    with worker._condition:
        worker._ended = True
        worker._condition.notify()
    worker._thread.join(10)
    assert not worker._thread.is_alive()
