"""The event service: pull points, posted notifications and the topics."""

from collections.abc import Callable
from datetime import datetime
from typing import Final
from xml.etree.ElementTree import Element

from tests.simulators.onvif.camera import Camera
from tests.simulators.onvif.quirks import Quirk
from tests.simulators.onvif.service import (
    NAMESPACES,
    Handler,
    Service,
    SoapFault,
    duration,
    escape,
    number,
    text,
)
from tests.simulators.onvif.state_events import DEFAULT_LIFE, MAX_LIFE
from tests.simulators.onvif.subscription import Subscription, unknown_resource
from tests.simulators.onvif.topics import CONCRETE_SET, topic_set

PATH: Final = "/onvif/events_service"
SUBSCRIPTION_PATH: Final = "/onvif/subscription/"
MAX_PULL_TIMEOUT: Final = 60.0
MAX_LIMITED_TIMEOUT: Final = 10.0
MAX_MESSAGES: Final = 100
_MARGIN: Final = 1.0
"""Seconds by which a subscription outlives the pull that waits on it."""
_CONCRETE: Final = "http://docs.oasis-open.org/wsn/t-1/TopicExpression/Concrete"
_ITEM_FILTER: Final = "http://www.onvif.org/ver10/tev/messageContentFilter/ItemFilter"


def _capabilities(camera: Camera) -> str:
    pull_points = camera.events.max_subscriptions
    return (
        '<tev:Capabilities WSSubscriptionPolicySupport="false"'
        ' WSPausableSubscriptionManagerInterfaceSupport="false"'
        f' MaxNotificationProducers="{pull_points}" MaxPullPoints="{pull_points}"'
        ' PersistentNotificationStorage="false"/>'
    )


def _get_event_properties(camera: Camera, _request: Element) -> str:
    if camera.has(Quirk.NO_EVENT_PROPERTIES):
        raise SoapFault("Receiver", ("ActionNotSupported",))
    return (
        "<tev:TopicNamespaceLocation>http://www.onvif.org/onvif/ver10/topics/topicns.xml"
        "</tev:TopicNamespaceLocation>"
        "<wsnt:FixedTopicSet>false</wsnt:FixedTopicSet>"
        f"<wstop:TopicSet>{topic_set(camera.events.topics)}</wstop:TopicSet>"
        f"<wsnt:TopicExpressionDialect>{_CONCRETE}</wsnt:TopicExpressionDialect>"
        f"<wsnt:TopicExpressionDialect>{CONCRETE_SET}</wsnt:TopicExpressionDialect>"
        f"<tev:MessageContentFilterDialect>{_ITEM_FILTER}</tev:MessageContentFilterDialect>"
        "<tev:MessageContentSchemaLocation>http://www.onvif.org/onvif/ver10/schema/onvif.xsd"
        "</tev:MessageContentSchemaLocation>"
    )


def _create_pull_point(camera: Camera, request: Element) -> str:
    if camera.has(Quirk.NO_PULL_POINT):
        raise SoapFault("Receiver", ("ActionNotSupported",))
    life = _life(camera, text(request, "tev:InitialTerminationTime", ""))
    subscription = camera.events.subscribe(life)
    return (
        "<tev:SubscriptionReference>"
        f"<wsa:Address>{escape(subscription.address)}</wsa:Address>"
        f"</tev:SubscriptionReference>{_times(camera, subscription)}"
    )


def _subscribe(camera: Camera, request: Element) -> str:
    if camera.has(Quirk.NO_NOTIFY):
        raise SoapFault("Receiver", ("ActionNotSupported",))
    consumer = text(request, "wsnt:ConsumerReference/wsa:Address")
    life = _life(camera, text(request, "wsnt:InitialTerminationTime", ""))
    subscription = camera.events.subscribe(life, consumer)
    return (
        "<wsnt:SubscriptionReference>"
        f"<wsa:Address>{escape(subscription.address)}</wsa:Address>"
        f"</wsnt:SubscriptionReference>{_times(camera, subscription)}"
    )


def subscription_services(camera: Camera, path: str) -> tuple[Service, ...]:
    """Give what the subscription at `path` answers to; a fault if there is none."""
    digits = path.removeprefix(SUBSCRIPTION_PATH)
    subscription = camera.events.find(int(digits)) if digits.isdecimal() else None
    if subscription is None:
        raise unknown_resource()

    async def pull(camera: Camera, request: Element) -> str:
        return await _pull(camera, subscription, request)

    def bind(run: Callable[[Camera, Subscription, Element], str]) -> Handler:
        return lambda camera, request: run(camera, subscription, request)

    points: dict[str, Handler] = {
        "PullMessages": pull,
        "Seek": bind(_seek),
        "SetSynchronizationPoint": bind(_synchronize),
    }
    if subscription.consumer is not None:
        del points["PullMessages"]
    manager: dict[str, Handler] = {"Renew": bind(_renew), "Unsubscribe": bind(_unsubscribe)}
    return (
        Service("subscription", NAMESPACES["tev"], path, points),
        Service("subscription", NAMESPACES["wsnt"], path, manager),
    )


async def _pull(camera: Camera, subscription: Subscription, request: Element) -> str:
    timeout = duration(text(request, "tev:Timeout"))
    limit = int(number(request, "tev:MessageLimit"))
    if timeout is None or limit < 1:
        raise SoapFault("Sender", ("InvalidArgs",), "Timeout or MessageLimit")
    longest = MAX_LIMITED_TIMEOUT if camera.has(Quirk.PULL_LIMITED) else MAX_PULL_TIMEOUT
    if timeout > longest:
        detail = (
            f"<tev:PullMessagesFaultResponse><tev:MaxTimeout>PT{longest:.0f}S</tev:MaxTimeout>"
            f"<tev:MaxMessageLimit>{MAX_MESSAGES}</tev:MaxMessageLimit>"
            "</tev:PullMessagesFaultResponse>"
        )
        raise SoapFault("Sender", ("InvalidArgVal",), "Timeout too long", detail)
    renews = not camera.has(Quirk.PULL_DOES_NOT_RENEW)
    if renews:
        subscription.extend(timeout + _MARGIN)
    messages = await subscription.pull(timeout, min(limit, MAX_MESSAGES))
    if renews:
        subscription.extend(timeout)
    now = camera.clock.now()
    return (
        f"<tev:CurrentTime>{camera.clock.write(now)}</tev:CurrentTime>"
        f"<tev:TerminationTime>{camera.clock.after(subscription.remaining)}</tev:TerminationTime>"
        f"{subscription.write(messages)}"
    )


def _seek(_camera: Camera, _subscription: Subscription, request: Element) -> str:
    text(request, "tev:UtcTime")
    # Only cameras that store events have it (PersistentNotificationStorage).
    raise SoapFault("Receiver", ("ActionNotSupported",))


def _synchronize(camera: Camera, subscription: Subscription, _request: Element) -> str:
    if camera.has(Quirk.NO_SYNCHRONIZATION):
        raise SoapFault("Receiver", ("ActionNotSupported",))
    camera.events.synchronize(subscription)
    return ""


def _renew(camera: Camera, subscription: Subscription, request: Element) -> str:
    if camera.has(Quirk.RENEW_REFUSED):
        raise SoapFault("Receiver", ("ActionNotSupported",), "Renew is not supported")
    life = _life(camera, text(request, "wsnt:TerminationTime", ""))
    subscription.extend(life, shorten=True)
    now = camera.clock.now()
    return (
        f"<wsnt:TerminationTime>{camera.clock.after(subscription.remaining)}"
        f"</wsnt:TerminationTime><wsnt:CurrentTime>{camera.clock.write(now)}</wsnt:CurrentTime>"
    )


def _unsubscribe(camera: Camera, subscription: Subscription, _request: Element) -> str:
    camera.events.remove(subscription.number)
    return ""


def _times(camera: Camera, subscription: Subscription) -> str:
    clock = camera.clock
    return (
        f"<wsnt:CurrentTime>{clock.write(clock.now())}</wsnt:CurrentTime>"
        f"<wsnt:TerminationTime>{clock.after(subscription.remaining)}</wsnt:TerminationTime>"
    )


def _life(camera: Camera, wanted: str) -> float:
    """Seconds until the moment that is wanted, absolute or relative."""
    if not wanted:
        return DEFAULT_LIFE
    seconds = duration(wanted)
    if seconds is not None and camera.has(Quirk.ABSOLUTE_TIME_ONLY):
        raise _unacceptable()
    if seconds is None:
        try:
            moment = datetime.fromisoformat(wanted)
            seconds = (moment - camera.clock.now()).total_seconds()
        except ValueError, TypeError:
            raise _unacceptable() from None
    if not 0 < seconds <= MAX_LIFE:
        raise _unacceptable()
    return seconds


def _unacceptable() -> SoapFault:
    detail = "<wsnt:UnacceptableInitialTerminationTimeFault/>"
    return SoapFault("Sender", ("InvalidArgVal",), "termination time", detail)


SERVICE: Final = Service(
    "events",
    NAMESPACES["tev"],
    PATH,
    {
        "GetEventProperties": _get_event_properties,
        "CreatePullPointSubscription": _create_pull_point,
    },
    _capabilities,
)
NOTIFICATION: Final = Service("events", NAMESPACES["wsnt"], PATH, {"Subscribe": _subscribe})
"""The producer's side of WS-BaseNotification, under the same path."""
