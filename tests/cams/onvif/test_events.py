import asyncio
from dataclasses import replace
import time

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.device import Alarm, AlarmRaised
from custom_components.panacam.cams.errors import ConnectError
from custom_components.panacam.cams.onvif import channel, events, subscription
from custom_components.panacam.cams.onvif.node import parse
from custom_components.panacam.cams.onvif.soap import Request, build
from custom_components.panacam.cams.roles import TopicEvent
from tests.cams.onvif.listening import brief, listening, until
from tests.simulators.onvif import Fault, OnvifSimulator, Quirk, Topic, state_events

MOTION = "rule_engine_cell_motion_detector"
REGION = "rule_engine_motion_region_detector"


async def test_initial_state_and_changes(session: ClientSession) -> None:
    """States are there once connected; a change is shown at once, an alarm raised."""
    async with OnvifSimulator() as simulator, listening(session, simulator) as found:
        assert found.channel == "pull_point"
        assert found.part.alive
        assert found.signal(MOTION) is False
        assert found.board.alarms[Alarm.MOTION] is False
        assert found.watched.told == []
        simulator.camera.analytics.trigger("MyMotion")
        await until(lambda: found.signal(MOTION))
        assert found.watched.told == [AlarmRaised(Alarm.MOTION)]
        assert time.monotonic() - found.part.last_heard < 1
        assert found.changes == []
        assert simulator.camera.events.subscriptions
    assert not simulator.camera.events.subscriptions


async def test_messages_go_to_the_parts(session: ClientSession) -> None:
    """Each part hears everything; what one takes becomes nothing else."""
    async with OnvifSimulator() as simulator, listening(session, simulator) as found:
        simulator.camera.io.set_input("input1", True)
        await until(lambda: any("DigitalInput" in one.topic for one in found.ears.messages))
        assert not any("digital" in key for key in found.board.signals)
        assert any("MotionAlarm" in one.topic for one in found.ears.messages)


async def test_pulses_are_seen(session: ClientSession) -> None:
    """On and off 0.1 s apart, and in one answer: each is shown, in order, quickly."""
    async with OnvifSimulator() as simulator, listening(session, simulator) as found:
        begin = len(found.shown(MOTION))
        late: list[float] = []
        for number in range(10):
            before = len(found.watched.states)
            began = time.perf_counter()
            simulator.camera.analytics.trigger("MyMotion", number % 2 == 0)
            while len(found.watched.states) == before:  # noqa: ASYNC110 - as often as can be
                await asyncio.sleep(0)
            late.append(time.perf_counter() - began)
            await asyncio.sleep(0.1)
        for number in range(10):  # all of them in one answer
            simulator.camera.analytics.trigger("MyMotion", number % 2 == 0)
        await until(lambda: len(found.shown(MOTION)) >= begin + 20)
        assert found.shown(MOTION)[begin:] == [True, False] * 10
        assert sum(isinstance(one, AlarmRaised) for one in found.watched.told) == 10
        assert sorted(late)[len(late) // 2] < 0.06


@pytest.mark.parametrize(
    "quirks",
    [
        {Quirk.NO_INITIAL_STATE},
        {Quirk.NO_SYNCHRONIZATION},
        {Quirk.NEW_PORT},
        {Quirk.ABSOLUTE_TIME_ONLY},
        {Quirk.PULL_AT_ONCE},
        {Quirk.PULL_LIMITED},
        {Quirk.NO_OPERATION},
        {Quirk.EVENT_WORDS},
        {Quirk.NO_EVENT_PROPERTIES},
        {Quirk.OTHER_ADDRESS},
        {Quirk.OTHER_PORT, Quirk.NEW_PORT},
        {Quirk.SOAP_11},
        {Quirk.ONE_SUBSCRIPTION},
    ],
    ids=lambda quirks: "-".join(sorted(quirks)),
)
async def test_odd_devices(session: ClientSession, quirks: set[Quirk]) -> None:
    """Initial states and changes come, whatever the device's habits."""
    async with OnvifSimulator(quirks=quirks) as simulator, listening(session, simulator) as found:
        await until(lambda: found.channel == "pull_point")
        await until(lambda: any(key.startswith(MOTION) for key in found.board.signals))
        assert found.signal(MOTION) is False
        assert found.watched.told == []
        simulator.camera.analytics.trigger("MyMotion")
        await until(lambda: found.signal(MOTION), 2)
        assert found.board.alarms[Alarm.MOTION] is True


async def test_clock_that_is_off(session: ClientSession) -> None:
    """Absolute times are by the device's clock."""
    async with (
        OnvifSimulator(quirks={Quirk.ABSOLUTE_TIME_ONLY}, clock_offset=-7200) as simulator,
        listening(session, simulator) as found,
    ):
        assert found.channel == "pull_point"
        life = next(iter(simulator.camera.events.subscriptions.values())).remaining
        assert subscription.LIFE - 10 < life <= subscription.LIFE + 1


async def test_device_that_never_waits_is_spared(session: ClientSession) -> None:
    """Answers that are empty at once slow the pulling down; an event speeds it up again."""
    async with (
        OnvifSimulator(quirks={Quirk.PULL_AT_ONCE}) as simulator,
        listening(session, simulator),
    ):
        await asyncio.sleep(0.5)
        before = simulator.count("PullMessages")
        await asyncio.sleep(1.0)
        assert simulator.count("PullMessages") - before <= 6


async def test_renewal(session: ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """A subscription is renewed before its end and stays the same."""
    brief(monkeypatch, 1.0)
    async with (
        OnvifSimulator(quirks={Quirk.PULL_DOES_NOT_RENEW}) as simulator,
        listening(session, simulator) as found,
    ):
        await until(lambda: simulator.count("Renew") >= 3)
        assert simulator.count("CreatePullPointSubscription") == 1
        assert found.part.diagnostics()["subscriptions"] == 1
        assert found.ears.deafened == 0


@pytest.mark.parametrize("quirks", [set(), {Quirk.ONE_SUBSCRIPTION}])
async def test_renewal_refused(
    session: ClientSession, monkeypatch: pytest.MonkeyPatch, quirks: set[Quirk]
) -> None:
    """A new subscription takes over before the old one ends; nothing is lost or forgotten."""
    brief(monkeypatch, 1.0)
    quirks |= {Quirk.RENEW_REFUSED, Quirk.PULL_DOES_NOT_RENEW}
    async with OnvifSimulator(quirks=quirks) as simulator, listening(session, simulator) as found:
        simulator.camera.analytics.trigger("MyMotion")
        await until(lambda: found.signal(MOTION))
        await until(lambda: simulator.count("CreatePullPointSubscription") >= 4)
        assert found.shown(MOTION)[-1] is True
        assert None not in found.shown(MOTION)[1:]
        assert found.changes == []
        assert found.ears.deafened == 0
        await until(lambda: len(simulator.camera.events.subscriptions) == 1)
        assert sum(isinstance(one, AlarmRaised) for one in found.watched.told) == 1


async def test_lost_subscription(session: ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that a device forgets is made again at once; what ended meanwhile is off."""
    brief(monkeypatch, 30.0)
    async with OnvifSimulator() as simulator, listening(session, simulator) as found:
        simulator.camera.analytics.motion()
        await until(lambda: found.signal(MOTION) and found.signal(REGION))
        await asyncio.sleep(channel.STABLE)
        events_ = simulator.camera.events
        for number in list(events_.subscriptions):
            events_.remove(number)
        simulator.camera.analytics.trigger("MyMotion", active=False)
        await until(lambda: found.signal(MOTION) is False)
        assert found.signal(REGION) is True
        assert found.changes == []
        assert None not in found.shown(REGION)[1:]


async def test_subscription_that_is_lost_again_and_again(
    session: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is made again before anybody notices; a state outlives them all."""
    brief(monkeypatch, 30.0)
    monkeypatch.setattr(state_events, "_LOST_AFTER", 0.5)
    quirks = {Quirk.SUBSCRIPTION_LOST}
    async with OnvifSimulator(quirks=quirks) as simulator, listening(session, simulator) as found:
        simulator.camera.analytics.motion()
        await until(lambda: found.signal(MOTION))
        await until(lambda: simulator.count("CreatePullPointSubscription") >= 4, 10)
        assert found.signal(MOTION) is True
        assert None not in found.shown(MOTION)[1:]
        assert found.changes == []
        simulator.camera.analytics.trigger("MyMotion", active=False)
        await until(lambda: found.signal(MOTION) is False)


async def test_what_is_not_told_again_is_forgotten(
    session: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a loss, a state that a new subscription does not tell is unknown."""
    brief(monkeypatch, 30.0)
    monkeypatch.setattr(events, "SETTLE_WAIT", 0.3)
    quirks = {Quirk.NO_INITIAL_STATE, Quirk.NO_SYNCHRONIZATION}
    async with OnvifSimulator(quirks=quirks) as simulator, listening(session, simulator) as found:
        simulator.camera.analytics.motion()
        await until(lambda: found.signal(MOTION))
        await asyncio.sleep(0.5)
        assert found.signal(MOTION) is True
        for number in list(simulator.camera.events.subscriptions):
            simulator.camera.events.remove(number)
        await until(lambda: found.signal(MOTION) is None)
        assert found.board.alarms[Alarm.MOTION] is None
        assert found.channel == "pull_point"


async def test_device_that_dies(session: ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing stays on; the channel comes back by itself, with the states."""
    brief(monkeypatch, 30.0)
    async with OnvifSimulator() as simulator, listening(session, simulator) as found:
        simulator.camera.analytics.motion()
        await until(lambda: found.signal(MOTION))
        await asyncio.sleep(channel.STABLE)
        reboot = asyncio.create_task(simulator.reboot(0.7))
        await until(lambda: found.channel == "none")
        assert set(found.board.signalled.values()) == {None}
        assert set(found.board.alarms.values()) == {None}
        assert not found.part.alive
        assert found.ears.deafened == 1
        (error,) = found.changes
        assert isinstance(error, ConnectError)
        assert "127.0.0.1" not in str(error)
        await reboot
        await until(lambda: found.channel == "pull_point")
        await until(lambda: found.signal(MOTION) is not None)
        assert found.changes[1:] == [None]
        assert found.part.diagnostics()["losses"] == 1


@pytest.mark.parametrize(
    ("quirks", "faulty"),
    [({Quirk.NO_PULL_POINT}, False), (set(), True)],
    ids=["refused", "nonsense"],
)
async def test_no_channel(
    session: ClientSession,
    monkeypatch: pytest.MonkeyPatch,
    quirks: set[Quirk],
    *,
    faulty: bool,
) -> None:
    """A device without pull points is told so once, and asked again now and then."""
    brief(monkeypatch)
    async with (
        OnvifSimulator(quirks=quirks) as simulator,
        listening(session, simulator, connect=False) as found,
    ):
        if faulty:
            simulator.fault("CreatePullPointSubscription", Fault.EMPTY_RESPONSE)
        await found.part.connect()
        await until(lambda: found.changes)
        assert found.channel == "none"
        assert not found.part.alive
        await until(lambda: simulator.count("CreatePullPointSubscription") >= 2)
        assert len(found.changes) == 1
        assert found.part.diagnostics()["error"] is not None
        simulator.clear_faults()
        simulator.camera.quirks.clear()
        await until(lambda: found.channel == "pull_point")
        assert found.changes[1] is None


async def test_no_event_service(session: ClientSession) -> None:
    """A device that has no events has a channel that says so."""
    async with (
        OnvifSimulator() as simulator,
        listening(session, simulator, connect=False) as found,
    ):
        found.part.client._services.pop("events")
        await found.part.connect()
        assert found.channel == "none"
        assert simulator.count("CreatePullPointSubscription") == 0


async def test_pull_that_never_returns(
    session: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is given up after a while; the device is there, so a new subscription is made."""
    monkeypatch.setattr(subscription, "PULL_WAIT", 0.3)
    monkeypatch.setattr(subscription, "MARGIN", 0.2)
    async with (
        OnvifSimulator(quirks={Quirk.PULL_TOO_LONG}) as simulator,
        listening(session, simulator) as found,
    ):
        simulator.camera.analytics.motion()
        await until(lambda: found.signal(MOTION))
        await until(lambda: simulator.count("CreatePullPointSubscription") >= 2)
        assert found.changes == []
        simulator.camera.analytics.motion(False)
        await until(lambda: found.signal(MOTION) is False)


async def test_silence_of_a_dead_device(
    session: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No answer to a pull, nor to anything else: the channel is lost."""
    brief(monkeypatch)
    monkeypatch.setattr(subscription, "PULL_WAIT", 0.3)
    monkeypatch.setattr(subscription, "MARGIN", 0.2)
    async with OnvifSimulator() as simulator, listening(session, simulator) as found:
        client = found.part.client
        client.http._timeout = 0.3
        simulator.fault("*", Fault.HANG)
        await until(lambda: found.channel == "none")
        assert isinstance(found.changes[0], ConnectError)


@pytest.mark.parametrize(
    "fault",
    [
        Fault.ERROR_500,
        Fault.CUT,
        Fault.RESET,
        Fault.EMPTY,
        Fault.HTML,
        Fault.NOT_XML,
        Fault.HUGE,
        Fault.DEEP,
        Fault.BILLION_LAUGHS,
        Fault.EXTERNAL_ENTITY,
        Fault.REDIRECT,
        Fault.UNAUTHORIZED,
        Fault.WRONG_RESPONSE,
        Fault.FAULT_200,
    ],
)
async def test_hostile_answers(
    session: ClientSession, monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    """Whatever a pull is answered: the channel is lost, and back when that is over."""
    brief(monkeypatch, 30.0)
    async with OnvifSimulator() as simulator, listening(session, simulator) as found:
        simulator.fault("PullMessages", fault)
        simulator.camera.analytics.motion()
        await until(lambda: found.channel == "none")
        assert found.changes[0] is not None
        assert found.board.alarms[Alarm.MOTION] is None
        simulator.clear_faults()
        await until(lambda: found.signal(MOTION) is True)
        assert found.channel == "pull_point"


async def test_mistake_of_ours(session: ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that nobody thought of is reported, and is not the end of all events."""
    brief(monkeypatch)
    reported: list[object] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _loop, context: reported.append(context["exception"])
    )
    async with OnvifSimulator() as simulator, listening(session, simulator) as found:
        take = found.part._dispatcher.take

        async def fail(_messages: object) -> bool:
            raise ZeroDivisionError

        monkeypatch.setattr(found.part._dispatcher, "take", fail)
        simulator.camera.analytics.motion()
        await until(lambda: found.channel == "none" or reported)
        monkeypatch.setattr(found.part._dispatcher, "take", take)
        await until(lambda: found.channel == "pull_point" and found.signal(MOTION))
        assert isinstance(reported[0], ZeroDivisionError)


async def test_reference_parameters(session: ClientSession) -> None:
    """They go back to the device with every request about the subscription."""
    async with OnvifSimulator() as simulator, listening(session, simulator) as found:
        parameter = parse(b'<v:Id xmlns:v="urn:v">a&amp;7</v:Id>')
        made = found.part._channel.subscription
        assert made is not None
        answer = parse(
            b"<r><SubscriptionReference><Address>/x</Address><ReferenceParameters>"
            b'<v:Id xmlns:v="urn:v">a&amp;7</v:Id></ReferenceParameters>'
            b"</SubscriptionReference></r>"
        )
        read = found.part._channel._subscriptions._read(answer, pull_point=True)
        assert [one.text() for one in read.parameters] == [parameter.text()]
        ours = replace(made, parameters=read.parameters)
        assert await found.part._channel._subscriptions.renew(ours)
        request = Request(
            service="notification",
            operation="Unsubscribe",
            values={},
            parameters=read.parameters,
        )
        header = parse(build(request, made.address, None)).child("Header")
        assert header is not None
        assert header.text("To") == made.address
        assert header.text("Id") == "a&7"
        (sent,) = header.children("Id")
        assert sent.attribute("IsReferenceParameter") == "true"


async def test_connected_again(session: ClientSession) -> None:
    """Connecting twice has one subscription, not two, and the states again."""
    async with OnvifSimulator() as simulator, listening(session, simulator) as found:
        simulator.camera.analytics.motion()
        await until(lambda: found.signal(MOTION))
        keys = set(found.board.signals)
        await found.part.connect()
        assert found.signal(MOTION) is True
        assert set(found.board.signals) == keys
        assert len(simulator.camera.events.subscriptions) == 1


async def test_closed_while_it_tries(session: ClientSession) -> None:
    """Closing ends what is under way, at once and without a trace."""
    async with OnvifSimulator() as simulator, listening(session, simulator) as found:
        simulator.fault("*", Fault.HANG)
        began = time.monotonic()
        await found.part.close()
        assert time.monotonic() - began < subscription.UNSUBSCRIBE_TIME + 1
        await found.part.close()
    left = [task for task in asyncio.all_tasks() if "panacam" in task.get_name()]
    assert not left


async def test_unknown_topics(session: ClientSession) -> None:
    """Any yes or no becomes a signal, anything else an event with its data."""
    async with OnvifSimulator() as simulator:
        camera = simulator.camera.events
        camera.declare(Topic("tnsx:Gate/Open", {"Gate": "xs:string"}, {"Open": "xs:boolean"}))
        camera.emit("tnsx:Gate/Open", {"Gate": "west"}, {"Open": True}, "Initialized")
        camera.declare(Topic("tnsx:Bell/Rung", {}, {"Times": "xs:int"}, is_property=False))
        async with listening(session, simulator) as found:
            assert found.signal("gate_open") is True
            row = found.board.signals[found.key("gate_open")]
            assert (row.enabled, row.label) == (False, "Open west")
            camera.emit("tnsx:Bell/Rung", {}, {"Times": 3})
            await until(lambda: found.watched.told)
            assert found.watched.told == [TopicEvent("bell_rung", {"Times": "3"})]
            camera.emit("tnsx:Gate/Open", {"Gate": "west"}, {"Open": True}, "Deleted")
            await until(lambda: found.signal("gate_open") is None)


async def test_many_topics(session: ClientSession) -> None:
    """Three hundred topics make a bounded number of rows."""
    async with (
        OnvifSimulator(quirks={Quirk.MANY_TOPICS}) as simulator,
        listening(session, simulator) as found,
    ):
        await until(lambda: found.part.diagnostics()["rows_left_out"])
        assert len(found.board.signals) < 100
        assert len(found.board.topics) < 100
        simulator.camera.analytics.motion()
        await until(lambda: found.board.alarms[Alarm.MOTION])


async def test_flood(session: ClientSession) -> None:
    """A thousand events a second are thinned out; the channel lives, and its signals are right."""
    async with (
        OnvifSimulator(quirks={Quirk.FLOOD}) as simulator,
        listening(session, simulator) as found,
    ):
        began = time.monotonic()
        await until(lambda: found.part._dispatcher.thinned > 500, 20)
        assert found.channel == "pull_point"
        assert len(found.watched.states) < 200 + 60 * (time.monotonic() - began)
        assert len(found.board.signals) < 20
        simulator.camera.quirks.clear()
        simulator.camera.analytics.trigger("MyMotion")
        await until(lambda: found.signal(MOTION) is not None)
