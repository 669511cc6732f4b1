import asyncio
from xml.etree.ElementTree import Element

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.errors import Reason, UnreachedError
from custom_components.panacam.cams.onvif import channel, client, subscription
from tests.cams.onvif.listening import Listening, brief, listening, until
from tests.cams.onvif.moving import handle, slow
from tests.simulators.onvif import Camera, Fault, OnvifSimulator, Quirk
from tests.simulators.onvif.service import Handler, SoapFault

MOTION = "rule_engine_cell_motion_detector"
CREATE = "CreatePullPointSubscription"


def channels(found: Listening) -> set[object]:
    """Return all that the reading has been shown to be."""
    return {state.readings.get("event_channel") for state in found.watched.states}


def creation(simulator: OnvifSimulator) -> Handler:
    """Return what answers when a pull point is asked for."""
    (found,) = (one for one in simulator.camera.services if CREATE in one.operations)
    return found.operations[CREATE]


async def test_a_refused_login_is_not_repeated(
    session: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Devices lock who fails to log in too often: minutes pass, and who asks is told."""
    brief(monkeypatch)
    monkeypatch.setattr(channel, "LOGIN_WAIT", 30.0)
    monkeypatch.setattr(client, "LOGIN_PAUSE", 0.0)
    async with OnvifSimulator() as simulator, listening(session, simulator) as found:
        right = simulator.password
        assert found.part.refused is None
        simulator.set_password(simulator.username, "another")
        simulator.camera.events.power_cycle()
        await until(lambda: found.part.refused)
        assert found.channel == "none"
        before = len(simulator.requests)
        await asyncio.sleep(1.0)
        assert len(simulator.requests) == before
        simulator.set_password(simulator.username, right)
        await found.part.connect()
        assert found.part.refused is None
        assert found.channel == "pull_point"


async def test_a_device_that_fails_to_answer_pulls(
    session: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is lost once, not at every attempt, and keeps one subscription at most."""
    brief(monkeypatch, 30.0)
    most = 0
    async with (
        OnvifSimulator() as simulator,
        listening(session, simulator, connect=False) as found,
    ):
        simulator.fault("PullMessages", Fault.FAULT_500)
        await found.part.connect()
        while simulator.count(CREATE) < 4:
            await asyncio.sleep(0.005)
            most = max(most, len(simulator.camera.events.subscriptions))
        assert most == 1
        assert channels(found) == {"none"}
        assert len(found.changes) == 1
        assert found.part.diagnostics()["losses"] == 1
        simulator.clear_faults()
        await until(lambda: found.channel == "pull_point")
        assert found.changes[1:] == [None]
        assert found.signal(MOTION) is False


async def test_pulls_that_are_cut(session: ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """A subscription from before is ended as soon as the device answers again."""
    brief(monkeypatch, 30.0)
    most = 0
    async with OnvifSimulator() as simulator, listening(session, simulator) as found:
        simulator.fault("PullMessages", Fault.CLOSE)
        simulator.camera.analytics.motion()
        while simulator.count(CREATE) < 5:
            await asyncio.sleep(0.005)
            most = max(most, len(simulator.camera.events.subscriptions))
        assert most == 2
        simulator.clear_faults()
        await until(lambda: found.signal(MOTION))
        assert len(simulator.camera.events.subscriptions) == 1


async def test_a_full_device(session: ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that says "busy" when it has no room: the old subscription makes it."""
    brief(monkeypatch, 1.0)
    quirks = {Quirk.RENEW_REFUSED, Quirk.PULL_DOES_NOT_RENEW}
    full = SoapFault("Receiver", ("Action", "MaximumNumberReached"))
    async with OnvifSimulator(quirks=quirks) as simulator:
        create = creation(simulator)

        def handler(camera: Camera, request: Element) -> object:
            camera.events.purge()
            if camera.events.subscriptions:
                raise full
            return create(camera, request)

        handle(simulator, "events", CREATE, handler)  # type: ignore[arg-type]
        async with listening(session, simulator) as found:
            await until(lambda: found.part.diagnostics()["subscriptions"] == 3)
            assert found.changes == []
            assert simulator.count("Unsubscribe") >= 2


async def test_a_device_with_nothing_to_tell(session: ClientSession) -> None:
    """Its first answer does not take as long as it may: then the channel is known to work."""
    quirks = {Quirk.NO_INITIAL_STATE, Quirk.NO_SYNCHRONIZATION}
    async with OnvifSimulator(quirks=quirks) as simulator, listening(session, simulator) as found:
        await until(lambda: found.channel == "pull_point", 1.0)
        assert found.changes == []
        simulator.camera.analytics.motion()
        await until(lambda: found.signal(MOTION))
        assert simulator.count("PullMessages") <= 3


async def test_a_device_that_wants_longer_pulls(session: ClientSession) -> None:
    """Who refuses the first pull for its time is asked to wait longer."""
    async with (
        OnvifSimulator() as simulator,
        listening(session, simulator, connect=False) as found,
    ):
        simulator.fault("PullMessages", Fault.FAULT_500, 1)
        await found.part.connect()
        assert found.channel == "pull_point"
        assert found.changes == []
        (first, second) = [one for one in simulator.requests if one.operation == "PullMessages"][:2]
        told = [next(iter(one.body)).text for one in (first, second)]
        assert told == ["PT1S", f"PT{subscription.SHORT_PULL:.0f}S"]


async def test_a_quick_restart(session: ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """One subscription is left, though the device gives the new one the old one's address."""
    brief(monkeypatch, 30.0)
    async with OnvifSimulator() as simulator, listening(session, simulator) as found:
        events = simulator.camera.events
        (address,) = [one.address for one in events.subscriptions.values()]
        events._next = 0
        await simulator.reboot(0.3)
        await until(lambda: found.part.diagnostics()["subscriptions"] == 2)
        await until(lambda: found.channel == "pull_point")
        simulator.camera.analytics.motion()
        await until(lambda: found.signal(MOTION))
        assert [one.address for one in events.subscriptions.values()] == [address]
        assert simulator.count("Unsubscribe") == 0


async def test_connected_again_while_it_subscribes(session: ClientSession) -> None:
    """A subscription under way is ended, too, though nobody waits for it any more."""
    async with (
        OnvifSimulator() as simulator,
        listening(session, simulator, connect=False) as found,
    ):
        create = creation(simulator)
        slow(simulator, "events", CREATE, 0.5)
        connecting = asyncio.create_task(found.part.connect())
        await until(lambda: simulator.camera.events.subscriptions)
        connecting.cancel()
        await asyncio.gather(connecting, return_exceptions=True)
        handle(simulator, "events", CREATE, create)
        await found.part.connect()
        assert found.channel == "pull_point"
        assert len(simulator.camera.events.subscriptions) == 1


async def test_what_fails_after_the_end(
    session: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A subscription that is being made when all ends may fail, and nobody has to hear of it."""
    reported: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
    begun, gone = asyncio.Event(), asyncio.Event()

    async def fails(_channel: channel.Channel) -> subscription.Subscription:
        begun.set()
        await gone.wait()
        raise UnreachedError(Reason.UNREACHABLE)

    async with OnvifSimulator() as simulator:
        monkeypatch.setattr(channel.Channel, "_subscribe", fails)
        async with listening(session, simulator):
            await asyncio.wait_for(begun.wait(), 5)
            asyncio.get_running_loop().call_later(0.2, gone.set)
    await asyncio.sleep(0)
    assert gone.is_set()
    assert not reported
