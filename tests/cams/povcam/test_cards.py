"""Memory cards of a recorder: formatted, with everything that may happen to them meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.clips import Cards, ClipFormat
from custom_components.panacam.cams.errors import CameraError, ConnectError, Reason, RefusedError
from custom_components.panacam.cams.povcam import cards as cards_module
from custom_components.panacam.cams.povcam.device import PovcamDevice
from custom_components.panacam.cams.stream import Credentials
from tests.cams.support import Heard, Peer, camera, device_of, http_of, response
from tests.simulators.povcam import AW_HE40, Fault, PovcamSimulator
from tests.simulators.povcam.films import ClipFormat as Film


@pytest.fixture(autouse=True)
def _no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look often."""
    monkeypatch.setattr(cards_module, "PROGRESS_GAP", 0.03)


@pytest.fixture
async def sim(session: ClientSession, quick: None) -> AsyncIterator[PovcamSimulator]:
    """Run a recorder whose cards are formatted in a moment."""
    async with camera(format_time=0.3) as simulator:
        yield simulator


def cards_of(device: PovcamDevice) -> Cards:
    """Return the role."""
    assert device.cards is not None
    return device.cards


def commands(sim: PovcamSimulator) -> list[str]:
    """Return what was asked of the cards."""
    return [r.params["cmd"] for r in sim.requests if r.path.endswith("/sdcard")]


@pytest.mark.parametrize(("slot", "command"), [("sd1", "format"), ("sd2", "format2")])
async def test_format(sim: PovcamSimulator, device: PovcamDevice, slot: str, command: str) -> None:
    """It returns when the card is empty, and the list that was kept is none any more."""
    sim.camera.clips.fill(slot, Film.MP4, 20, every=timedelta(minutes=1))
    assert device.clips is not None
    assert (await device.clips.listing(slot, ClipFormat.MP4)).total == 20
    news: list[bool] = []
    await cards_of(device).format(slot, lambda: news.append(sim.camera.sd_format))
    assert commands(sim) == [command]
    assert not sim.camera.sd_format
    assert news[0] is True
    assert news[-1] is False
    assert (await device.clips.listing(slot, ClipFormat.MP4, renew=False)).total == 0


async def test_slots(session: ClientSession, sim: PovcamSimulator, device: PovcamDevice) -> None:
    """Both, until the camera tells of one only; no other is formatted."""
    assert cards_of(device).slots == ("sd1", "sd2")
    with pytest.raises(RefusedError) as caught:
        await cards_of(device).format("sd3")
    assert caught.value.reason is Reason.OUT_OF_RANGE
    assert commands(sim) == []
    async with camera(AW_HE40) as other:
        found = device_of(session, other)
        await found.connect()
        await found.poll()
        assert cards_of(found).slots == ("sd1",)
        await found.close()


def recording(sim: PovcamSimulator) -> None:
    """Record."""
    sim.camera.recording = True


def busy(sim: PovcamSimulator) -> None:
    """Format already."""
    sim.camera.recorder.start_format("sd2")


def empty(sim: PovcamSimulator) -> None:
    """Take the card out."""
    sim.camera.pull_card("sd1")


@pytest.mark.parametrize(
    ("prepare", "reason"),
    [
        (recording, Reason.CARD_IN_USE),
        (busy, Reason.CARD_IN_USE),
        (empty, Reason.NO_CARD),
    ],
)
async def test_not_even_asked(
    sim: PovcamSimulator,
    device: PovcamDevice,
    prepare: Callable[[PovcamSimulator], None],
    reason: Reason,
) -> None:
    """What the state tells beforehand keeps the request back."""
    prepare(sim)
    with pytest.raises(RefusedError) as caught:
        await cards_of(device).format("sd1")
    assert caught.value.reason is reason
    assert commands(sim) == []


async def test_recording_began_meanwhile(sim: PovcamSimulator, device: PovcamDevice) -> None:
    """ErrorNo=3 with status 200, from a camera that told of no recording (9.2)."""
    sim.fault("get_state", Fault.ERROR_500)
    sim.camera.recording = True
    with pytest.raises(RefusedError) as caught:
        await cards_of(device).format("sd1")
    assert commands(sim) == ["format"]
    assert caught.value.reason is Reason.CARD_IN_USE


async def test_pulled(sim: PovcamSimulator, device: PovcamDevice) -> None:
    """A card that is taken out while it is formatted."""
    asyncio.get_running_loop().call_later(0.1, sim.camera.pull_card, "sd1")
    with pytest.raises(RefusedError) as caught:
        await cards_of(device).format("sd1")
    assert caught.value.reason is Reason.CARD_REMOVED


async def test_reboot(sim: PovcamSimulator, device: PovcamDevice) -> None:
    """A camera that restarts meanwhile has perhaps not formatted: nobody says that it has."""
    formatting = asyncio.create_task(cards_of(device).format("sd1"))
    await asyncio.sleep(0.1)
    await sim.reboot(0.3)
    with pytest.raises(ConnectError):
        await formatting


@pytest.mark.parametrize("fault", [Fault.CUT, Fault.CLOSE, Fault.ERROR_500, Fault.RUBBISH])
async def test_lost_answers(sim: PovcamSimulator, device: PovcamDevice, fault: Fault) -> None:
    """An answer or two about the progress may get lost."""
    sim.fault("get_progress", fault, 2)
    await cards_of(device).format("sd1")
    assert not sim.camera.sd_format


async def test_silent(
    sim: PovcamSimulator, device: PovcamDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not for ever."""
    sim.fault("get_progress", Fault.CLOSE)
    with pytest.raises(ConnectError):
        await cards_of(device).format("sd1")
    monkeypatch.setattr(cards_module, "FORMAT_LIMIT", 0.1)
    sim.clear_faults()
    await asyncio.sleep(0.4)
    with pytest.raises(ConnectError) as caught:
        await cards_of(device).format("sd1")
    assert caught.value.reason is Reason.TIMEOUT


def idle_state(*, formatting: bool = False, inserted: bool = True) -> bytes:
    """Return what get_state says."""
    said = {True: "on", False: "off"}
    return response(
        200, f"rec=off\r\nsd_format={said[formatting]}\r\nsd_insert={said[inserted]}\r\n"
    )


def said(begin: bytes, progress: list[str | bytes], states: list[bytes], *, clips: int = 0) -> Peer:
    """Return a camera that says this in turn, the last for ever."""

    async def answer(heard: Heard, writer: asyncio.StreamWriter) -> None:
        if "/get_progress" in heard.target:
            one = progress.pop(0) if len(progress) > 1 else progress[0]
            writer.write(one if isinstance(one, bytes) else response(200, f"progress={one}\r\n"))
        elif "/get_clip_list" in heard.target:
            total = clips if "format=avchd" in heard.target else 0
            writer.write(response(200, f"ClipfileNum=0\r\nClipfileALLNum={total}\r\nlist_id=1"))
        elif "/get_state" in heard.target:
            writer.write(states.pop(0) if len(states) > 1 else states[0])
        elif begin:
            writer.write(begin)
        else:
            writer.close()

    return Peer(answer)


OK = response(204)
IDLE = idle_state()


@pytest.mark.parametrize(
    ("begin", "progress", "states", "reason"),
    [
        (OK, ["finish", "prepare", "exec", "finish"], [IDLE], None),
        (OK, ["error", "error", "error", "exec", "finish"], [IDLE], None),
        (OK, ["finish", "finish", "exec", "error"], [IDLE], Reason.FORMAT_FAILED),
        (OK, ["cancel", "cancel", "exec", "finish"], [IDLE], None),
        (OK, ["error"], [IDLE], Reason.FORMAT_FAILED),
        (OK, ["finish"], [IDLE], Reason.FORMAT_FAILED),
        (OK, ["cancel"], [IDLE], Reason.FORMAT_FAILED),
        (OK, ["finish", "error"], [IDLE], Reason.FORMAT_FAILED),
        (OK, ["error", "finish"], [IDLE], None),
        (OK, ["finish", *[response(503)] * 6, "exec", "finish"], [IDLE], None),
        (OK, ["finish", "exec", "finish"], [IDLE, *[response(503)] * 6, IDLE], None),
        (OK, ["finish", "exec", "finish"], [IDLE, *[response(401)] * 3, IDLE], None),
        (OK, ["finish", "exec"], [IDLE, response(401)], Reason.WRONG_CREDENTIALS),
        (OK, [response(503), "finish"], [IDLE], Reason.FORMAT_FAILED),
        (OK, [response(500)], [IDLE, idle_state(formatting=True), IDLE], None),
        (OK, [response(500)], [IDLE], Reason.FORMAT_FAILED),
        (OK, ["finish"], [IDLE, idle_state(formatting=True), IDLE], None),
        (OK, ["EXEC", "FINISH"], [response(500)], None),
        (OK, ["exec", "error"], [IDLE], Reason.FORMAT_FAILED),
        (
            OK,
            ["finish", "exec", "error"],
            [IDLE, IDLE, idle_state(inserted=False)],
            Reason.CARD_REMOVED,
        ),
        (OK, ["exec", "cancel", "finish"], [IDLE], Reason.FORMAT_FAILED),
        (response(200, "ErrorNo=3\r\n"), ["finish"], [IDLE], Reason.CARD_IN_USE),
        (response(200, "ErrorNo = 7\r\n"), ["finish"], [IDLE], Reason.REFUSED),
        (response(200, "ErrorNo=0\r\n"), ["finish", "exec", "finish"], [IDLE], None),
        (response(500), ["finish"], [IDLE], Reason.REFUSED),
        (response(500), ["finish"], [IDLE, idle_state(formatting=True)], Reason.CARD_IN_USE),
        (b"", ["finish", "exec", "finish"], [IDLE], None),
        (b"", ["finish"], [IDLE], Reason.CUT),
    ],
)
async def test_what_cameras_say(
    session: ClientSession,
    begin: bytes,
    progress: list[str | bytes],
    states: list[bytes],
    reason: Reason | None,
) -> None:
    """Each progress of 9.3, and the answers of 9.2, late and lost ones included."""
    async with said(begin, list(progress), list(states), clips=1) as peer:
        cards = cards_module.PovcamCards(
            cards_module.PovcamClient(http_of(session, peer)), print, print
        )
        if reason is None:
            await cards.format("sd1")
            return
        with pytest.raises(CameraError) as caught:
            await cards.format("sd1")
        assert caught.value.reason is reason


async def test_too_quick_to_be_seen(session: ClientSession) -> None:
    """The same word as before and nothing else is believed where the card is empty."""
    async with said(OK, ["finish"], [IDLE]) as peer:
        await cards_module.PovcamCards(
            cards_module.PovcamClient(http_of(session, peer)), print, print
        ).format("sd1")
        looks = sum("/get_progress" in heard.target for heard in peer.heard)
        assert looks == 1 + cards_module.IDLE_LOOKS
        assert sum("/get_clip_list" in heard.target for heard in peer.heard) == 2


async def test_numbers(sim: PovcamSimulator, device: PovcamDevice) -> None:
    """Clip number and recorder id (8.5)."""
    sim.camera.clips.fill("sd1", Film.MP4, 3)
    await cards_of(device).reset_clip_number()
    assert sim.camera.clips.add("sd1", Film.MP4).name.startswith("S0M4002")
    await cards_of(device).set_recorder_id(16)
    assert sim.camera.menus.recorder_number == 16
    with pytest.raises(RefusedError) as caught:
        await cards_of(device).set_recorder_id(17)
    assert caught.value.reason is Reason.OUT_OF_RANGE


async def test_numbers_refused(sim: PovcamSimulator, device: PovcamDevice) -> None:
    """A camera that agrees and does nothing, and one that records."""
    sim.fault("set_recorder_num", Fault.NO_CONTENT)
    with pytest.raises(RefusedError) as caught:
        await cards_of(device).set_recorder_id(7)
    assert caught.value.reason is Reason.NOT_TAKEN
    sim.camera.recording = True
    sim.fault("contentnum_reset", Fault.ERROR_500)
    sim.fault("set_recorder_num", Fault.ERROR_500)
    for asked in (cards_of(device).reset_clip_number(), cards_of(device).set_recorder_id(7)):
        with pytest.raises(RefusedError) as caught:
            await asked
        assert caught.value.reason is Reason.CARD_IN_USE


async def test_who_may(session: ClientSession, sim: PovcamSimulator) -> None:
    """Without a login there are clips, but no cards to format; a user who may look is refused."""
    device = device_of(session, sim, None)
    await device.connect()
    assert device.clips is not None
    assert device.cards is None
    assert device.ftp is None
    await device.close()
    device = device_of(session, sim, Credentials("viewer", "viewer"))
    await device.connect()
    with pytest.raises(RefusedError) as caught:
        await cards_of(device).format("sd1")
    assert caught.value.reason is Reason.NEEDS_ADMINISTRATOR
    await device.close()
