"""What must not end a hub, wear a camera out or fill the memory."""

import asyncio
from itertools import pairwise
from typing import Any

import pytest

from custom_components.panacam.cams.bridge import (
    Bridge,
    BridgeOptions,
    hub as hub_module,
    publish,
    rtsp as module,
)
from custom_components.panacam.cams.bridge.hub import Complaints, Waits
from custom_components.panacam.cams.bridge.packets import TICKS, Kind
from custom_components.panacam.cams.bridge.reader import RtspReader, _Came
from custom_components.panacam.cams.bridge.relay import Ways
from custom_components.panacam.cams.bridge.ring import OVERHEAD, PacketRing, PieceRing
from custom_components.panacam.cams.bridge.rtsp import RtspHub
from custom_components.panacam.cams.bridge.timeline import Timeline
from custom_components.panacam.cams.errors import ConnectError, Reason
from custom_components.panacam.cams.stream import Picture
from tests.cams.bridge.support import (
    H264,
    FakeSource,
    kept,
    packet,
    playing,
    running,
    stream_of,
    until,
)
from tests.cams.bridge.test_rtsp_hub import STREAM, FakeReader, hub, start  # noqa: F401 - a fixture
from tests.cams.bridge.test_standin import camera


async def test_a_reader_that_cannot_start(
    hub: RtspHub,  # noqa: F811 - the fixture
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is logged, and tried again."""
    FakeReader.made[0].done.set_exception(RuntimeError("can't start new thread"))
    await until(lambda: len(FakeReader.made) > 1)
    assert "failed" in caplog.text


async def test_a_look_that_fails(
    hub: RtspHub,  # noqa: F811 - the fixture
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The next one is taken all the same."""
    looks: list[None] = []

    async def look() -> None:
        looks.append(None)
        raise MemoryError

    monkeypatch.setattr(hub, "_look", look)
    await until(lambda: len(looks) > 2)


async def test_a_mark_that_fails(brief: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Viewers of pictures are sent away in time still."""

    def broken(_: Picture) -> bytes:
        raise MemoryError

    monkeypatch.setattr("custom_components.panacam.cams.bridge.pictures.marked_jpeg", broken)
    async with running() as (made, source), kept(made, source):
        source.show()
        async with made.pictures() as shown:
            source.fail(ConnectError(Reason.CUT))
            assert len([each async for each in shown]) == 1


async def test_listeners(brief: None) -> None:
    """One that raises costs the others nothing, and none is told what it knows."""
    told: list[tuple[str, int]] = []
    caught: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: caught.append(context))

    def broken() -> None:
        raise ValueError

    async with running() as (made, source):
        made.subscribe(broken)
        made.subscribe(lambda: told.append((made.status, made.viewers)))
        async with kept(made, source), playing(source), made.pictures():
            await made.still()
    assert len(told) == len(caught) > 3
    assert all(one != other for one, other in pairwise(told))


async def test_schedule(monkeypatch: pytest.MonkeyPatch) -> None:
    """Often while viewers are held, then ever less; one picture alone resets nothing."""
    slept: list[float] = []
    now = 1000.0

    async def sleep(seconds: float) -> None:
        nonlocal now
        slept.append(seconds)
        now += seconds

    made = RtspHub(STREAM, ring=0)
    with monkeypatch.context() as patch:
        patch.setattr(hub_module.time, "monotonic", lambda: now)
        patch.setattr(hub_module.asyncio, "sleep", sleep)
        patch.setattr(hub_module.random, "uniform", lambda *_: 1.0)
        waits = Waits()
        made._arrived(now)
        while now < 1120:
            await made._pause(waits)
        held = [each for at, each in enumerate(slept) if sum(slept[:at]) < hub_module.GIVE_UP]
        assert max(held) == hub_module.SOON
        assert slept[len(held) :] == [30.0] * (len(slept) - len(held))
        made._arrived(now)
        await made._pause(waits)
        assert slept[-1] == hub_module.SOON
        made._arrived(now)
        made._arrived(now := now + 11)
        await made._pause(waits)
        assert slept[-1] == hub_module.FIRST_WAIT


async def test_sound_that_comes_too_late() -> None:
    """What was replaced by silence is not squeezed in behind it."""
    got: list[Any] = []
    line = Timeline()
    reader = RtspReader(
        STREAM,
        timeline=line,
        epoch=0.0,
        deliver=lambda _, each, __: got.append(each),
        ways=Ways(),
    )

    def come(kind: Kind, ticks: int) -> None:
        key = kind is Kind.VIDEO
        reader._give(H264, _Came(kind=kind, data=b"x", pts=ticks, dts=ticks, key=key, at=10.0))

    come(Kind.VIDEO, 0)
    line.after(Kind.SOUND, 11 * TICKS)
    for tenths in range(1, 8):
        come(Kind.SOUND, tenths * TICKS // 10)
    assert len(got) == 1
    come(Kind.SOUND, 2 * TICKS)
    assert [each.dts for each in got] == [10 * TICKS, 12 * TICKS]


async def test_a_bridge_that_was_closed() -> None:
    """It makes no hub that nobody would end."""
    bridge = Bridge(BridgeOptions())
    await bridge.close()
    for make in (bridge.hub, bridge.picture_hub):
        with pytest.raises(ConnectError):
            make(stream_of(FakeSource()))
    assert publish.CONNECT_TIMEOUT + publish.TIMEOUT < 9


def test_tiny_pieces() -> None:
    """They are counted with what they cost."""
    pieces, packets = PieceRing(7, max_bytes=10 * OVERHEAD), PacketRing(7, max_bytes=10 * OVERHEAD)
    for at in range(100):
        pieces.append(Picture(b"xx", at / 100))
        packets.extend([packet(at / 100, key=True, size=2)])
    assert len(pieces.since(1.0)) == len(packets.packets()) == 9


async def test_stills_for_many(
    hub: RtspHub,  # noqa: F811 - the fixture
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same picture is decoded once."""
    decoded: list[None] = []
    real = module.newest_jpeg

    def count(*what: Any) -> bytes | None:
        decoded.append(None)
        return real(*what)

    monkeypatch.setattr(module, "newest_jpeg", count)
    FakeReader.made[0].send(camera(range(5), start=start(hub)))
    stills = await asyncio.gather(*(hub.still() for _ in range(10)))
    assert len(set(stills)) == len(decoded) == 1


def test_one_complaint(caplog: pytest.LogCaptureFixture) -> None:
    """What fails at every turn fills no log; after a change it is told again."""
    complain = Complaints("main")
    for turn in range(6):
        if turn == 3:
            complain.forget()
        try:
            int("rubbish")
        except ValueError:
            complain("Looking after it failed")
    errors = [each for each in caplog.records if each.levelname == "ERROR"]
    assert len(errors) == 2
    assert all(each.exc_info for each in errors)
