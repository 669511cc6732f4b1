"""Events: the topics of the camera, their last values, and who listens."""

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from .quirks import Quirk
from .service import SoapFault
from .subscription import Subscription
from .topics import Items, Message, Topic, Value

if TYPE_CHECKING:
    from .camera import Camera

DEFAULT_LIFE: Final = 60.0
MAX_LIFE: Final = 86_400.0
FLOOD_TOPIC: Final = "tns1:RuleEngine/CellMotionDetector/Motion"
FLOOD_RATE: Final = 1000
_FLOOD_STEP: Final = 0.02
_LOST_AFTER: Final = 5.0
_MANY: Final = 300


class Events:
    """Takes what happens in the camera to everybody who subscribed."""

    def __init__(self, camera: Camera) -> None:
        """Begin with no topics and nobody listening."""
        self._camera: Final = camera
        self.max_subscriptions = 1 if camera.has(Quirk.ONE_SUBSCRIPTION) else 10
        self.topics: Final[dict[str, Topic]] = {}
        self.properties: Final[dict[tuple[object, ...], Message]] = {}
        """Last message of each property."""
        self.subscriptions: Final[dict[int, Subscription]] = {}
        self.emitted = 0
        self._next = 0
        self._flood: asyncio.Task[None] | None = None
        if camera.has(Quirk.MANY_TOPICS):
            self._many_topics()

    def declare(self, topic: Topic) -> None:
        """Have `topic` in GetEventProperties."""
        self.topics[topic.path] = topic

    def withdraw(self, path: str) -> None:
        """Have topic `path` no more, nor its states."""
        self.topics.pop(path, None)
        for key in [key for key in self.properties if key[0] == path]:
            del self.properties[key]

    def emit(
        self,
        topic: str,
        source: Items | None = None,
        data: Items | None = None,
        operation: str | None = "Changed",
        *,
        key: Items | None = None,
        elements: dict[str, str] | None = None,
    ) -> None:
        """Tell everybody; with an `operation` it is a property, whose last value is kept.

        A topic that was declared as no property has no operation, whatever is said here.
        """
        declared = self.topics.get(topic)
        if declared is not None and not declared.is_property:
            operation = None
        message = Message(
            topic,
            self._camera.clock.now(),
            operation,
            self._written(source),
            self._written(data),
            self._written(key),
            tuple((elements or {}).items()),
        )
        if operation == "Deleted":
            self.properties.pop(message.property_key, None)
        elif operation is not None:
            self.properties[message.property_key] = message
        self.emitted += 1
        self.purge()
        for subscription in self.subscriptions.values():
            subscription.put(message)

    def subscribe(self, life: float, consumer: str | None = None) -> Subscription:
        """Add a pull point, or a consumer that messages are posted to; a fault if it is full."""
        self.purge()
        if len(self.subscriptions) >= self.max_subscriptions:
            raise SoapFault("Receiver", ("Action", "MaxSubscriptions"), "too many subscriptions")
        self._next += 1
        if self._camera.has(Quirk.SUBSCRIPTION_LOST):
            life = min(life, _LOST_AFTER)
        subscription = Subscription(self._camera, self._next, life, consumer)
        self.subscriptions[self._next] = subscription
        if not self._camera.has(Quirk.NO_INITIAL_STATE):
            self.synchronize(subscription)
        if self._camera.has(Quirk.FLOOD):
            self.flood()
        return subscription

    def synchronize(self, subscription: Subscription) -> None:
        """Repeat the state of every property."""
        for message in self.properties.values():
            subscription.put(
                Message(
                    message.topic,
                    message.time,
                    "Initialized",
                    message.source,
                    message.data,
                    message.key,
                    message.elements,
                )
            )

    def find(self, number: int) -> Subscription | None:
        """Give the living subscription `number`."""
        self.purge()
        return self.subscriptions.get(number)

    def remove(self, number: int) -> None:
        """End subscription `number`."""
        subscription = self.subscriptions.pop(number, None)
        if subscription is not None:
            subscription.end()

    def purge(self) -> None:
        """End what is past its time."""
        for number in [key for key, value in self.subscriptions.items() if value.remaining <= 0]:
            self.remove(number)

    def flood(self, rate: float = FLOOD_RATE, seconds: float | None = None) -> None:
        """Emit `rate` events a second, for `seconds` or until nobody listens."""
        if self._flood is None or self._flood.done():
            self._flood = asyncio.get_running_loop().create_task(self._flooding(rate, seconds))

    async def _flooding(self, rate: float, seconds: float | None) -> None:
        loop = asyncio.get_running_loop()
        begin, sent = loop.time(), 0
        while seconds is None or loop.time() - begin < seconds:
            await asyncio.sleep(_FLOOD_STEP)
            while sent < (loop.time() - begin) * rate:
                sent += 1
                source = {"VideoSourceConfigurationToken": "flood", "Rule": f"rule{sent % 7}"}
                self.emit(FLOOD_TOPIC, source, {"IsMotion": sent % 2 == 1})
            if seconds is None and not self.subscriptions:
                return

    def power_cycle(self) -> None:
        """Forget every subscription without a word."""
        if self._flood is not None:
            self._flood.cancel()
        for number in list(self.subscriptions):
            self.remove(number)

    async def close(self) -> None:
        """End everything that runs."""
        tasks = [value.delivery for value in self.subscriptions.values() if value.delivery]
        if self._flood is not None:
            tasks.append(self._flood)
        self.power_cycle()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _written(self, items: Items | None) -> tuple[tuple[str, str], ...]:
        return tuple((name, self._value(value)) for name, value in (items or {}).items())

    def _value(self, value: Value) -> str:
        if isinstance(value, bool):
            words = ("0", "1") if self._camera.has(Quirk.EVENT_WORDS) else ("false", "true")
            return words[value]
        return str(value)

    def _many_topics(self) -> None:
        kinds = ("xs:boolean", "xs:int", "xs:string")
        values: tuple[Value, ...] = (False, 0, "idle")
        moment = self._camera.clock.now() - timedelta(hours=1)
        for number in range(_MANY):
            path = f"tnsx:Vendor/Group{number // 20}/Topic{number}"
            self.declare(Topic(path, {"Token": "xs:string"}, {"State": kinds[number % 3]}))
            data = (("State", self._value(values[number % 3])),)
            message = Message(path, moment, "Initialized", (("Token", f"t{number}"),), data)
            self.properties[message.property_key] = message
