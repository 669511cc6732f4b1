"""The events of a device: its topics, the channel they come by, and who takes them."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
import time
from typing import Final, override

from ..errors import AuthError, CameraError
from ..roles import Reading
from .board import Board
from .channel import Channel
from .client import OnvifClient
from .dispatch import Dispatcher
from .inbox import Inbox
from .messages import Message
from .node import Node
from .notifications import read_topics
from .part import Part
from .subscription import Subscription
from .topics import Topics
from .trying import optional, together

CHANNEL: Final = "event_channel"
PULL_POINT: Final = "pull_point"
WEBHOOK: Final = "webhook"
NO_CHANNEL: Final = "none"

INITIAL_WAIT: Final = 1.0
"""Seconds that connecting waits for the initial states."""
SETTLE_WAIT: Final = 5.0
"""Seconds after which values that a new subscription did not tell are forgotten."""
FLOOD_WAIT: Final = 0.05
"""Seconds for which messages are let gather when they are too many."""

OPERATIONS: Final[Mapping[str, str]] = {
    "events.GetEventProperties": "binary sensors, sensors and events before their first event",
    "events.GetServiceCapabilities": "diagnostics",
    "events.CreatePullPointSubscription": "events; sensor `event_channel`",
    "events.PullMessages": "events",
    "events.SetSynchronizationPoint": "initial states of binary sensors and sensors",
    "notification.Subscribe": "events sent to the webhook, when that is chosen",
    "notification.Renew": "events",
    "notification.Unsubscribe": "events",
}


class EventsPart(Part):
    """Hears a device's events and hands them to the other parts."""

    def __init__(
        self,
        client: OnvifClient,
        board: Board,
        parts: Sequence[Part],
        webhook: str | None = None,
        changed: Callable[[CameraError | None], None] | None = None,
    ) -> None:
        """Hand to `parts`; have events sent to the URL `webhook`, or pull them.

        `changed` is called with an error when the channel is lost, with None when it is back.
        """
        super().__init__(client, board)
        self._parts = parts
        self._changed = changed
        self._topics = Topics(board)
        self._dispatcher = Dispatcher(board, parts, self._topics)
        self._inbox = Inbox(webhook)
        self._channel = Channel(client, self, self._inbox, webhook)
        self._task: asyncio.Task[None] | None = None
        self._told = asyncio.Event()
        """Set once a subscription has told its initial states, or none can be made."""
        self._settling: asyncio.TimerHandle | None = None
        self._error: CameraError | None = None
        self._losses = 0
        self._capabilities: Mapping[str, str] = {}
        self.last_heard = float("-inf")
        """When the device said something here, by the monotonic clock."""

    @property
    def alive(self) -> bool:
        """Return whether events come."""
        return self._channel.subscription is not None

    @property
    def refused(self) -> AuthError | None:
        """Return why no events come, while that is the login."""
        return self._error if isinstance(self._error, AuthError) else None

    @override
    async def connect(self) -> None:
        """Learn the topics and subscribe; waits for the initial states, but not long."""
        await self._stop()
        self.board.reading(
            Reading(key=CHANNEL, options=(PULL_POINT, WEBHOOK, NO_CHANNEL), diagnostic=True),
            NO_CHANNEL,
        )
        if not self.client.has("events"):
            return
        capabilities, properties = await together(
            optional(self.client.call("events", "GetServiceCapabilities")),
            optional(self.client.call("events", "GetEventProperties")),
        )
        self._capabilities = _attributes(capabilities)
        if properties is not None:
            self._topics.describe(await asyncio.to_thread(read_topics, properties))
        self._told.clear()
        self._channel.webhook_refused = False  # it may have found the way to us since
        self._task = asyncio.create_task(self._channel.run(), name="panacam events")
        with suppress(TimeoutError):
            async with asyncio.timeout(INITIAL_WAIT):
                await self._told.wait()

    def opened(self, subscription: Subscription, *, missed: bool) -> None:
        """Show the channel (as its listener)."""
        self.last_heard = time.monotonic()
        self._dispatcher.settle_in()
        if missed:
            self._topics.doubt()
            self._unsettle()
            self._settling = asyncio.get_running_loop().call_later(SETTLE_WAIT, self._settle)
        was, self._error = self._error, None
        self.board.read[CHANNEL] = PULL_POINT if subscription.pull_point else WEBHOOK
        self.board.show()
        if was is not None and self._changed is not None:
            self._changed(None)

    def _settle(self) -> None:
        """Forget what a new subscription has not told."""
        self._settling = None
        self._topics.settle()
        self.board.show()

    def _unsettle(self) -> None:
        if self._settling is not None:
            self._settling.cancel()
            self._settling = None

    async def take(self, messages: Sequence[Message]) -> None:
        """Hand messages on (as the channel's listener)."""
        self.last_heard = time.monotonic()
        flood = await self._dispatcher.take(messages)
        self._told.set()
        if flood:
            await asyncio.sleep(FLOOD_WAIT)

    def lost(self, err: CameraError) -> None:
        """Forget what only events tell, and say so (as the channel's listener)."""
        self._told.set()
        was, self._error = self._error, err
        if was is not None:
            return
        self._losses += 1
        self._forget()
        self.board.show()
        if self._changed is not None:
            self._changed(err)

    def _forget(self) -> None:
        self._unsettle()
        for part in self._parts:
            part.deaf()
        self._topics.deaf()
        self.board.read[CHANNEL] = NO_CHANNEL

    def receive(self, body: bytes) -> None:
        """Take what was sent to the webhook (the role)."""
        self._inbox.put(body)

    def diagnostics(self) -> Mapping[str, object]:
        """Return how the channel does."""
        return {
            "channel": self.board.read.get(CHANNEL),
            "error": None if self._error is None else self._error.reason.value,
            "losses": self._losses,
            "subscriptions": self._channel.made,
            "pulls": self._channel.pulls,
            "webhook_refused": self._channel.webhook_refused,
            "messages": self._dispatcher.messages,
            "thinned": self._dispatcher.thinned,
            "dropped": self._inbox.dropped,
            "rows_left_out": self._topics.left_out,
            "capabilities": dict(self._capabilities),
        }

    async def _stop(self) -> None:
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._task = None
        self._forget()
        self._error = None
        await self._channel.close()

    @override
    async def close(self) -> None:
        """Unsubscribe."""
        await self._stop()


def _attributes(answer: Node | None) -> Mapping[str, str]:
    """Return what the service says it can, a few words."""
    told = None if answer is None else answer.child("Capabilities")
    if told is None:
        return {}
    return {
        str(name).rpartition("}")[2][:64]: str(value)[:64]
        for name, value in list(told.element.attrib.items())[:16]
    }
