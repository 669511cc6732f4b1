import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
import time

from aiohttp import ClientSession, web
import pytest

from custom_components.panacam.cams.device import Alarm
from custom_components.panacam.cams.onvif import channel, inbox
from custom_components.panacam.cams.onvif.inbox import Inbox
from custom_components.panacam.cams.onvif.subscription import Subscription
from tests.cams.onvif.listening import brief, listening, until
from tests.simulators.onvif import OnvifSimulator, Quirk

VECTORS = Path(__file__).parents[2] / "vectors" / "onvif" / "events"
MOTION = "rule_engine_cell_motion_detector"
NOTIFY = (VECTORS / "notify.xml").read_bytes()


class Door:
    """A web server to which messages are sent, as Home Assistant's webhooks are."""

    def __init__(self) -> None:
        """Hand to nobody yet."""
        self.url = ""
        self.open = True
        self.receive: Callable[[bytes], object] = len

    async def take(self, request: web.Request) -> web.Response:
        """Hand on what was sent."""
        body = await request.read()
        if self.open:
            self.receive(body)
        return web.Response(status=200 if self.open else 500)


@pytest.fixture
async def door(socket_enabled: None) -> AsyncIterator[Door]:
    """Run the web server."""
    found = Door()
    app = web.Application()
    app.router.add_post("/api/webhook/secret", found.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    found.url = f"http://127.0.0.1:{port}/api/webhook/secret"
    yield found
    await runner.cleanup()


async def test_events_are_sent(session: ClientSession, door: Door) -> None:
    """Initial states and changes come by themselves; nothing is pulled."""
    async with (
        OnvifSimulator() as simulator,
        listening(session, simulator, door.url, connect=False) as found,
    ):
        door.receive = found.part.receive
        await found.part.connect()
        assert found.channel == "webhook"
        assert found.signal(MOTION) is False
        for number in range(6):
            simulator.camera.analytics.trigger("MyMotion", number % 2 == 0)
        await until(lambda: found.shown(MOTION)[-6:] == [True, False] * 3)
        assert simulator.count("PullMessages") == 0
        assert simulator.count("Subscribe") == 1
        diagnostics = found.part.diagnostics()
        assert diagnostics["dropped"] == 0
        assert "secret" not in str(diagnostics)
    assert not simulator.camera.events.subscriptions


@pytest.mark.parametrize("quirks", [{Quirk.NO_NOTIFY}, set()], ids=["refused", "unreachable"])
async def test_webhook_of_no_use(
    session: ClientSession, door: Door, monkeypatch: pytest.MonkeyPatch, quirks: set[Quirk]
) -> None:
    """A device that refuses, or that does not reach us, is pulled."""
    monkeypatch.setattr(channel, "WEBHOOK_WAIT", 0.3)
    door.open = False
    async with (
        OnvifSimulator(quirks=quirks) as simulator,
        listening(session, simulator, door.url) as found,
    ):
        await until(lambda: found.channel == "pull_point")
        simulator.camera.analytics.motion()
        await until(lambda: found.board.alarms.get(Alarm.MOTION))
        assert found.part.diagnostics()["webhook_refused"]
        assert len(simulator.camera.events.subscriptions) == 1
        found.part.receive(NOTIFY)
        assert found.part.diagnostics()["dropped"] == 1


async def test_webhook_that_is_of_use_again(
    session: ClientSession, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With each connecting the device is asked once more to send."""
    monkeypatch.setattr(channel, "WEBHOOK_WAIT", 0.3)
    door.open = False
    async with (
        OnvifSimulator() as simulator,
        listening(session, simulator, door.url) as found,
    ):
        await until(lambda: found.channel == "pull_point")
        assert found.part.diagnostics()["webhook_refused"]
        door.open = True
        door.receive = found.part.receive
        await found.part.connect()
        assert found.channel == "webhook"
        assert found.part.diagnostics()["webhook_refused"] is False


async def test_renewed_and_asked(
    session: ClientSession, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With each renewal the device is to send something; one that gave up is pulled."""
    brief(monkeypatch, 0.6)
    monkeypatch.setattr(channel, "WEBHOOK_WAIT", 0.4)
    async with (
        OnvifSimulator() as simulator,
        listening(session, simulator, door.url, connect=False) as found,
    ):
        door.receive = found.part.receive
        await found.part.connect()
        await until(lambda: simulator.count("Renew") >= 2)
        assert simulator.count("Subscribe") == 1
        assert found.channel == "webhook"
        door.open = False
        await until(lambda: found.channel == "pull_point")
        assert found.changes == []


async def test_bodies() -> None:
    """Only what is for the subscription is read; the rest is dropped and counted."""
    ours = Subscription(address="http://10.0.0.9:8080/onvif/subscription/4", pull_point=False)
    other = Subscription(address="http://10.0.0.9/onvif/subscription/5", pull_point=False)
    box = Inbox("http://192.0.2.1/hook")
    box.put(NOTIFY)
    assert box.dropped == 1
    box.open = True
    box.put(NOTIFY)
    await box.wait()
    assert [one.topic for one in await box.read(ours)] == [
        "RuleEngine/CellMotionDetector/Motion",
        "UserAlarm/IVA/HumanShapeDetect",
    ]
    assert box.dropped == 1
    box.put(NOTIFY)
    assert [one.topic for one in await box.read(other)] == ["UserAlarm/IVA/HumanShapeDetect"]
    assert box.dropped == 2
    box.put(NOTIFY.replace(b"/onvif/subscription/4", b"/hook"))
    assert len(await box.read(other)) == 2
    for body in (b"", b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>", bytes(range(256))):
        box.put(body)
    assert await box.read(ours) == []
    assert box.dropped == 5
    box.put(b"x" * (inbox.MAX_BODY + 1))
    assert box.dropped == 6
    box.put(NOTIFY + b" " * inbox.LARGE)
    assert len(await box.read(ours)) == 2
    for _ in range(inbox.MAX_WAITING + 9):
        box.put(NOTIFY)
    assert box.dropped == 15
    assert len(await box.read(ours)) == 2 * inbox.MAX_WAITING


async def test_many_bodies_at_once() -> None:
    """However small each of them is, the loop goes on while they are read."""
    ours = Subscription(address="http://10.0.0.9:8080/onvif/subscription/4", pull_point=False)
    box = Inbox(None)
    box.open = True
    for _ in range(inbox.MAX_WAITING):
        box.put(NOTIFY)
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(turn())
    await asyncio.sleep(0)
    before = turns
    assert len(await box.read(ours)) == 2 * inbox.MAX_WAITING
    assert turns - before > 1
    counting.cancel()


async def test_flood_of_bodies(session: ClientSession, door: Door) -> None:
    """A flood through the webhook stays bounded, and others get their turn."""
    async with (
        OnvifSimulator(quirks={Quirk.FLOOD}) as simulator,
        listening(session, simulator, door.url, connect=False) as found,
    ):
        door.receive = found.part.receive
        await found.part.connect()
        began = time.monotonic()
        await until(lambda: found.part.diagnostics()["thinned"] != 0, 20)
        await asyncio.sleep(1.0)
        assert found.channel == "webhook"
        assert len(found.watched.states) < 200 + 60 * (time.monotonic() - began)
