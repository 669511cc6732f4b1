"""Pictures and sound, and what becomes of them when something breaks."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from custom_components.panacam.cams.device import Alarm
from custom_components.panacam.cams.errors import (
    BusyError,
    CameraError,
    ConnectError,
    ProtocolError,
    Reason,
)
from custom_components.panacam.cams.mo.device import MoDevice
from custom_components.panacam.cams.mo.pictures import MAX_PICTURES, MAX_SOUNDS, _Shelf
from custom_components.panacam.cams.mo.session import AudioPacket, VideoFrame
from custom_components.panacam.cams.stream import Picture, Sound
from tests.cams.mo.support import Notices, device_of, gone, pictures_of, until
from tests.simulators.mo import DIALECTS, Channel, MoFault, MoSimulator, drift, purity
from tests.simulators.mo.scene import scene


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_pictures_and_sound(socket_enabled: None, brief: None, dialect: str) -> None:
    """Every dialect sends whole pictures and a clean tone, and stops when nobody looks."""
    async with MoSimulator(fps=25, size=(320, 240), dialect=DIALECTS[dialect]) as sim:
        device = device_of(sim)
        await device.connect()
        first = sim.camera.number
        found: list[Picture] = []
        sound = b""
        async with device.pictures.source.open() as pieces, asyncio.timeout(5):
            assert device.pictures.source.sound_rate == 8000
            async for piece in pieces:
                match piece:
                    case Picture():
                        found.append(piece)
                    case Sound(samples):
                        sound += samples
                if len(sound) >= 8 * 640 and len(found) > 4:
                    break
            assert sim.connections == 2
        drawn = scene(sim.camera.size, sim.camera.dialect.pictures)
        sent = {drawn.picture(count) for count in range(first, sim.camera.number + 1)}
        assert {bytes(picture.data) for picture in found} <= sent
        assert [picture.at for picture in found] == sorted(picture.at for picture in found)
        heard = [
            int.from_bytes(sound[at : at + 2], "little", signed=True)
            for at in range(0, len(sound), 2)
        ]
        assert purity(heard, 440) > 0.99
        assert drift(heard) < 300
        await until(lambda: sim.connections == 1 and not sim.streaming_video)
        await device.close()
        await gone(sim)


async def test_again_and_again(sim: MoSimulator, device: MoDevice) -> None:
    """Viewers come and go at once; there is one login all the time."""
    for _ in range(3):
        async with device.pictures.source.open() as pieces:
            assert len(await pictures_of(pieces, 2)) == 2
            assert sim.connections == 2
    assert len(sim.clients) == 1
    assert sim.clients[0].commands.count(0) == 1


async def test_second_viewer(sim: MoSimulator, device: MoDevice, impatient: None) -> None:
    """There is one stream: a second viewer waits for its turn, but not for ever."""
    source = device.pictures.source
    async with AsyncExitStack() as first:
        await pictures_of(await first.enter_async_context(source.open()))
        with pytest.raises(BusyError) as caught:
            async with source.open():
                pass
        assert caught.value.reason is Reason.BUSY
        stack = AsyncExitStack()
        second = asyncio.create_task(stack.enter_async_context(source.open()))
        await asyncio.sleep(0.02)
        assert not second.done()
        await first.aclose()
        assert await pictures_of(await second)
        await stack.aclose()


@pytest.mark.parametrize("fault", [MoFault.AUDIO_UNSUPPORTED, MoFault.AUDIO_REFUSED])
async def test_no_sound(sim: MoSimulator, device: MoDevice, fault: MoFault) -> None:
    """Pictures come alone; a camera without sound is not asked twice."""
    sim.fault(fault)
    for _ in range(2):
        async with device.pictures.source.open() as pieces:
            assert device.pictures.source.sound_rate is None
            assert await pictures_of(pieces)
    asked = list(sim.clients[0].commands).count(8)
    assert asked == (1 if fault is MoFault.AUDIO_UNSUPPORTED else 2)
    assert device.diagnostics()["answers"] == {
        "video": "OK",
        "audio": "UNSUPPORTED" if asked == 1 else "TOO_MANY",
    }


async def test_no_answer_about_sound(
    sim: MoSimulator, device: MoDevice, impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pictures do not wait long for a camera that does not say whether it has sound."""
    monkeypatch.setitem(sim.clients[0]._handlers, 8, lambda _text: None)
    async with device.pictures.source.open() as pieces:
        assert device.pictures.source.sound_rate is None
        assert await pictures_of(pieces)


async def test_video_refused(sim: MoSimulator, device: MoDevice) -> None:
    """A camera that is full says so, and may have a place later."""
    sim.fault(MoFault.VIDEO_REFUSED)
    with pytest.raises(BusyError) as caught:
        async with device.pictures.source.open():
            pass
    assert caught.value.reason is Reason.TOO_MANY_CONNECTIONS
    sim.clear()
    async with device.pictures.source.open() as pieces:
        assert await pictures_of(pieces)


@pytest.mark.parametrize(
    "fault",
    [
        MoFault.UNKNOWN_OPCODES,
        MoFault.GLUED,
        MoFault.BYTE_BY_BYTE,
        MoFault.EMPTY_JPEG,
        MoFault.LENGTH_MISMATCH,
        MoFault.CORRUPT_JPEG,
        MoFault.SIZE_CHANGE,
    ],
)
async def test_goes_on(sim: MoSimulator, device: MoDevice, fault: MoFault) -> None:
    """Odd frames and bad pictures do not end the stream."""
    async with device.pictures.source.open() as pieces:
        await pictures_of(pieces)
        sim.fault(fault, on=Channel.DATA)
        if fault is MoFault.BYTE_BY_BYTE:
            sim.set_fps(5)  # as many as pass one byte at a time
        count = 3 if fault is MoFault.BYTE_BY_BYTE else 4
        assert len(await pictures_of(pieces, count)) == count
        assert sim.connections == 2
    dropped = fault in {MoFault.EMPTY_JPEG, MoFault.LENGTH_MISMATCH}
    assert device.diagnostics()["dropped_pictures"] == int(dropped)


@pytest.mark.parametrize(
    ("fault", "kind", "reason"),
    [
        (MoFault.WRONG_MAGIC, ProtocolError, Reason.NOT_A_CAMERA),
        (MoFault.HUGE_LENGTH, ProtocolError, Reason.TOO_LARGE),
        (MoFault.TRUNCATED, ConnectError, Reason.CUT),
        (None, ConnectError, Reason.CUT),
    ],
)
async def test_data_lost_alone(
    sim: MoSimulator,
    device: MoDevice,
    fault: MoFault | None,
    kind: type[CameraError],
    reason: Reason,
) -> None:
    """The stream ends with the reason; the next one needs no new login, alarms never stop."""
    notices = Notices(device)
    async with device.pictures.source.open() as pieces:
        await pictures_of(pieces)
        if fault is None:
            sim.drop_data()
        else:
            sim.fault(fault, on=Channel.DATA)
        with pytest.raises(CameraError) as caught:
            await pictures_of(pieces, 1000)
        assert (type(caught.value), caught.value.reason) == (kind, reason)
    sim.clear()
    async with device.pictures.source.open() as pieces:
        assert await pictures_of(pieces)
    assert sim.clients[0].commands.count(0) == 1
    await sim.motion()
    await until(lambda: notices.states)
    assert notices.kinds == ["AlarmRaised", "State"]


@pytest.mark.parametrize("fault", [MoFault.STALLED_FRAME, MoFault.FREEZE])
async def test_stalled(sim: MoSimulator, device: MoDevice, impatient: None, fault: MoFault) -> None:
    """A stream that stands still ends after a while, and the next one needs no new login."""
    async with device.pictures.source.open() as pieces:
        await pictures_of(pieces)
        sim.fault(fault, on=Channel.DATA)
        with pytest.raises(ConnectError) as caught:
            await pictures_of(pieces, 1000)
        assert caught.value.reason is Reason.TIMEOUT
    sim.clear()
    async with device.pictures.source.open() as pieces:
        assert await pictures_of(pieces)
    assert sim.clients[0].commands.count(0) == 1


async def test_login_lost(sim: MoSimulator, device: MoDevice) -> None:
    """The stream ends when the camera goes, and can be had again as soon as it is back."""
    async with device.pictures.source.open() as pieces:
        await pictures_of(pieces)
        sim.drop_operation()
        with pytest.raises(ConnectError) as caught:
            await pictures_of(pieces, 1000)
        assert caught.value.reason is Reason.CUT
    async with device.pictures.source.open() as pieces:
        assert await pictures_of(pieces)
    assert (await device.poll()).alarms[Alarm.MOTION] is False


async def test_camera_away(sim: MoSimulator, device: MoDevice, impatient: None) -> None:
    """A camera that does not come back in time is an error."""
    sim.fault(MoFault.CLOSE_ON_ACCEPT)
    sim.drop_operation()
    await until(lambda: device._link.error)
    with pytest.raises(ConnectError):
        async with device.pictures.source.open():
            pass


async def test_only_sound(sim: MoSimulator, device: MoDevice, impatient: None) -> None:
    """Sound without pictures is no stream."""
    async with device.pictures.source.open() as pieces:
        await pictures_of(pieces)
        sim.set_fps(0.01)
        with pytest.raises(ConnectError) as caught:
            await pictures_of(pieces, 1000)
    assert caught.value.reason is Reason.TIMEOUT


async def test_cancelled(sim: MoSimulator, device: MoDevice) -> None:
    """A viewer that is cancelled leaves the camera in peace."""

    async def look() -> None:
        async with device.pictures.source.open() as pieces:
            await pictures_of(pieces, 10000)

    looking = asyncio.create_task(look())
    await until(lambda: sim.pictures_sent > 1)
    looking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await looking
    await until(lambda: sim.connections == 1 and not sim.streaming_video)


async def test_closed_while_looking(sim: MoSimulator) -> None:
    """Closing the device ends the stream of whoever looks."""
    device = device_of(sim)
    await device.connect()
    async with device.pictures.source.open() as pieces:
        await pictures_of(pieces)
        await device.close()
        with pytest.raises(ConnectError) as caught:
            await pictures_of(pieces, 1000)
    assert caught.value.reason is Reason.CUT
    await gone(sim)


async def test_shelf() -> None:
    """A slow viewer gets the newest, in order, and memory has a bound."""
    shelf = _Shelf()
    for number in range(200):
        shelf.take(VideoFrame(memoryview(bytes([number])), 0))
        shelf.take(AudioPacket(bytes([number]), number))
    pieces = shelf.pieces()
    waiting = MAX_PICTURES + MAX_SOUNDS
    found = [await anext(pieces) for _ in range(waiting)]
    assert [piece.at for piece in found] == sorted(piece.at for piece in found)
    seen = [bytes(piece.data)[0] for piece in found if isinstance(piece, Picture)]
    heard = [piece.samples[0] for piece in found if isinstance(piece, Sound)]
    assert seen == list(range(200 - MAX_PICTURES, 200))
    assert heard == list(range(200 - MAX_SOUNDS, 200))
    shelf.lost(ConnectError(Reason.CUT))
    with pytest.raises(ConnectError):
        await anext(pieces)


async def test_sound_refused_for_now(sim: MoSimulator, device: MoDevice) -> None:
    """Other refusals than "no sound" may pass."""
    source = device.pictures.source
    sim.fault(MoFault.AUDIO_REFUSED, times=1)
    async with source.open():
        assert source.sound_rate is None
    async with source.open():
        assert source.sound_rate == 8000
