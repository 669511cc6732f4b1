"""What a recorder can be told: record, restart, show pictures."""

from collections.abc import Callable

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.errors import ConnectError, Reason, RefusedError
from custom_components.panacam.cams.net.jpeg import only_picture
from custom_components.panacam.cams.povcam.device import PovcamDevice
from custom_components.panacam.cams.stream import Credentials, PictureStream, Piece
from tests.cams.support import device_of
from tests.simulators.povcam import Auth, PovcamSimulator


async def test_record(sim: PovcamSimulator, device: PovcamDevice) -> None:
    """Recording starts and stops."""
    assert device.recorder is not None
    await device.recorder.record(True)
    assert (await device.poll()).recording is True
    await device.recorder.record(False)
    assert (await device.poll()).recording is False


def idle(_sim: PovcamSimulator) -> None:
    """Leave the camera as it is."""


def no_card(sim: PovcamSimulator) -> None:
    """Take the cards out."""
    for slot in sim.camera.slots.values():
        slot.inserted = False


def full(sim: PovcamSimulator) -> None:
    """Fill the cards."""
    for slot in sim.camera.slots.values():
        slot.remaining = 0.0


def recording(sim: PovcamSimulator) -> None:
    """Press the button on the body."""
    sim.camera.recording = True


def standby(sim: PovcamSimulator) -> None:
    """Switch to standby."""
    sim.camera.standby = True


@pytest.mark.parametrize(
    ("prepare", "on", "reason"),
    [
        (no_card, True, Reason.NO_CARD),
        (recording, True, Reason.ALREADY_RECORDING),
        (idle, False, Reason.NOT_RECORDING),
        (no_card, False, Reason.NOT_RECORDING),
        (full, True, Reason.REFUSED),
        (standby, True, Reason.REFUSED),
    ],
)
async def test_record_refused(
    sim: PovcamSimulator,
    device: PovcamDevice,
    prepare: Callable[[PovcamSimulator], None],
    on: bool,
    reason: Reason,
) -> None:
    """The camera just answers 500; its state tells why (8.7)."""
    prepare(sim)
    assert device.recorder is not None
    with pytest.raises(RefusedError) as caught:
        await device.recorder.record(on)
    assert caught.value.reason is reason


async def test_reboot(sim: PovcamSimulator, device: PovcamDevice) -> None:
    """A restart is asked for with a number of 16 hexadecimal digits (4.8)."""
    assert device.rebooter is not None
    await device.rebooter.reboot()
    request = sim.requests[-1]
    assert (request.method, request.path, request.params["cmd"]) == (
        "POST",
        "/cgi-bin/initial",
        "reset",
    )
    assert len(bytes.fromhex(request.params["Randomnum"])) == 8


async def test_reboot_refused(session: ClientSession, sim: PovcamSimulator) -> None:
    """Who is no administrator cannot restart a camera."""
    device = device_of(session, sim, Credentials("viewer", "viewer"))
    await device.connect()
    assert device.rebooter is not None
    with pytest.raises(RefusedError) as caught:
        await device.rebooter.reboot()
    assert caught.value.reason is Reason.NEEDS_ADMINISTRATOR


async def test_pictures_end_on_close(session: ClientSession, sim: PovcamSimulator) -> None:
    """Closing the device ends a motion picture that somebody looks at."""
    device = device_of(session, sim)
    await device.connect()
    assert device.imager is not None
    assert device.pictures is not None
    only_picture(await device.imager.snapshot())
    assert device.pictures.source.sound_rate is None
    seen: list[Piece] = []

    async def look(stream: PictureStream) -> None:
        async with stream.source.open() as pictures:
            async for picture in pictures:
                seen.append(picture)
                await device.close()

    with pytest.raises(ConnectError):
        await look(device.pictures)
    assert len(seen) == 1
    assert sim.requests[-1].params["framerate"] == "15"


async def test_pictures_at_50_hertz(session: ClientSession) -> None:
    """A camera that runs at 50 Hz has 12.5 pictures a second instead of 15."""
    async with PovcamSimulator(auth=Auth.NONE, media=False, system_frequency=50) as sim:
        device = device_of(session, sim)
        await device.connect()
        assert device.pictures is not None
        async with device.pictures.source.open() as pictures:
            assert await anext(pictures)
        await device.close()
        assert [
            request.params["framerate"]
            for request in sim.requests
            if request.path == "/cgi-bin/mjpeg"
        ] == ["15", "12.5"]
