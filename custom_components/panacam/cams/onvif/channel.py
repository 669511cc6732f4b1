"""A subscription kept for ever: listened to, renewed, replaced, and made again when it is lost."""

import asyncio
from collections.abc import Sequence
import time
from typing import Final, Protocol

from ..errors import (
    AuthError,
    BusyError,
    CameraError,
    ConnectError,
    ProtocolError,
    Reason,
    RefusedError,
)
from .client import OnvifClient
from .inbox import Inbox
from .messages import Message
from .subscription import LIFE, UNSUBSCRIBE_TIME, Subscription, Subscriptions, timed_out

FIRST_WAIT: Final = 1.0
"""Seconds between two attempts to subscribe, at first; doubled after each."""
LAST_WAIT: Final = 30.0
LOGIN_WAIT: Final = 300.0
"""Seconds until a refused login is tried again: many devices lock who fails too often."""
LASTING: Final = frozenset({Reason.UNSUPPORTED, Reason.NO_PRIVILEGE})
"""Why a device refuses that will hardly have changed a second later."""
STABLE: Final = 2.0
"""Seconds that a subscription must have lived to be made again at once."""
RENEW_AT: Final = 0.8
"""Part of its life after which a subscription is renewed."""
SHORTEST: Final = 1.0
"""Seconds between two renewals."""
HASTY: Final = 0.5
"""Seconds in which no device can have waited for something to tell."""
HASTY_WAITS: Final = (0.0, 0.02, 0.05, 0.1, 0.2)
"""Seconds between pulls of a device that returns at once with nothing, the last one for ever."""
WEBHOOK_WAIT: Final = 15.0
"""Seconds in which a device has to reach us, which it is asked to try at once."""


class Listener(Protocol):
    """Whom a channel tells."""

    def opened(self, subscription: Subscription, *, missed: bool) -> None:
        """Learn of a subscription that works, before its first messages are taken.

        `missed`: events may have been, since the last one.
        """

    async def take(self, messages: Sequence[Message]) -> None:
        """Take messages, in order; also none, which shows that the device is there."""

    def lost(self, err: CameraError) -> None:
        """Learn that no events come, which is told once for each attempt."""


class Channel:
    """Has one subscription at any time that a device allows it."""

    def __init__(
        self, client: OnvifClient, listener: Listener, inbox: Inbox, webhook: str | None
    ) -> None:
        """Tell `listener`; have messages sent to `webhook` for `inbox`, or pull them."""
        self._client = client
        self._listener = listener
        self._inbox = inbox
        self._webhook = webhook
        self._subscriptions = Subscriptions(client)
        self._hasty = 0
        self._missed = False
        """Whether events may have been that no subscription told."""
        self._making: asyncio.Task[Subscription] | None = None
        self._left: Subscription | None = None
        """One that was given up; the device may still keep it."""
        self.subscription: Subscription | None = None
        self.webhook_refused = False
        """Whether the webhook turned out to be of no use."""
        self.made = 0
        """Subscriptions."""
        self.pulls = 0

    async def run(self) -> None:
        """Keep a subscription for ever."""
        wait = 0.0
        while True:
            try:
                await self._listen(await self._open(missed=True))
            except CameraError as err:
                lost = err
            except Exception as err:  # noqa: BLE001 - reported; no events ever again is worse
                asyncio.get_running_loop().call_exception_handler(
                    {"message": "The event channel of a camera failed", "exception": err}
                )
                lost = ProtocolError(Reason.UNEXPECTED_REPLY)
            old, self.subscription = self.subscription, None
            if old is not None:
                self._left = old
                if old.answers and time.monotonic() - old.made_at >= STABLE:
                    # Perhaps only it was lost, not the device: a new one tells what was missed.
                    wait = 0.0
                    continue
            self._listener.lost(lost)
            if not isinstance(lost, (ConnectError, AuthError)):
                await self._leave()
            wait = min(max(wait * 2, FIRST_WAIT), LAST_WAIT)
            if isinstance(lost, RefusedError) and lost.reason in LASTING:
                wait = LAST_WAIT
            await asyncio.sleep(LOGIN_WAIT if isinstance(lost, AuthError) else wait)

    async def close(self) -> None:
        """Unsubscribe; to be called when `run` has been cancelled."""
        if (making := self._making) is not None:
            # The device makes it, whether we wait for the answer or not.
            await asyncio.wait({making}, timeout=UNSUBSCRIBE_TIME)
            making.cancel()
            (made,) = await asyncio.gather(making, return_exceptions=True)
            self._making = None
            if isinstance(made, Subscription):
                await self._subscriptions.end(made)
        self._inbox.open = False
        self._inbox.clear()
        subscription, self.subscription = self.subscription, None
        if subscription is not None and subscription is not self._left:
            await self._subscriptions.end(subscription)
        await self._leave()

    async def _open(self, *, missed: bool) -> Subscription:
        """Subscribe and ask for the initial states. CameraError."""
        self._missed |= missed
        try:
            subscription = await self._make()
        except RefusedError, BusyError:
            if self._left is None:
                raise
            # There is perhaps room for one only.
            self._missed = True
            await self._leave()
            subscription = await self._make()
        self.subscription = subscription
        self.made += 1
        if self._left is not None and self._left.place == subscription.place:
            self._left = None  # a device that started again counts from the beginning
        await self._subscriptions.synchronize(subscription)
        await self._leave()
        return subscription

    async def _leave(self) -> None:
        """End the subscription that is of no more use; it is asked for once."""
        left, self._left = self._left, None
        if left is not None and left.remaining > 0:
            await self._subscriptions.end(left)

    async def _make(self) -> Subscription:
        """Make a subscription; when this is cancelled, `close` waits for what comes of it."""
        making = self._making = asyncio.create_task(self._subscribe())
        # Not shielded, which reports what fails after the cancellation.
        await asyncio.wait((making,))
        subscription = making.result()
        self._making = None
        return subscription

    async def _subscribe(self) -> Subscription:
        if self._webhook is not None and not self.webhook_refused:
            self._inbox.open = True  # some send before they answer
            try:
                return await self._subscriptions.subscribe(self._webhook)
            except RefusedError, ProtocolError:
                self.webhook_refused = True
        self._inbox.open = False
        return await self._subscriptions.create()

    async def _listen(self, subscription: Subscription) -> None:
        """Take what comes until all is lost, which raises CameraError."""
        while True:
            keeper = asyncio.create_task(self._keep(subscription))
            try:
                if subscription.pull_point:
                    await self._pull(subscription, keeper)
                else:
                    await self._take(subscription, keeper)
            finally:
                keeper.cancel()
                await asyncio.gather(keeper, return_exceptions=True)
            subscription = await self._replace(subscription)

    async def _keep(self, subscription: Subscription) -> None:
        """Renew a subscription; returns when it has to be replaced."""
        while (life := subscription.remaining) > SHORTEST:
            await asyncio.sleep(max(life * RENEW_AT, SHORTEST))
            if not await self._subscriptions.renew(subscription):
                margin = life * (1 - RENEW_AT) / 2
                await subscription.near_end(margin)
                return
            if not subscription.pull_point:
                # Who sends nothing for so long has given up on us; this has it send something.
                await self._subscriptions.synchronize(subscription)

    async def _replace(self, old: Subscription) -> Subscription:
        """Make a new subscription before the old one ends, so that nothing is missed."""
        self._left = old
        return await self._open(missed=False)

    async def _tell(self, subscription: Subscription, messages: Sequence[Message]) -> None:
        """Hand messages on; the first show that the subscription is of use."""
        if subscription.answers == 1:
            missed, self._missed = self._missed, False
            self._listener.opened(subscription, missed=missed)
        await self._listener.take(messages)

    async def _pull(self, subscription: Subscription, keeper: asyncio.Task[None]) -> None:
        """Pull again and again; returns when the subscription has to be replaced."""
        while not keeper.done():
            began = time.monotonic()
            pull = asyncio.create_task(self._subscriptions.pull(subscription))
            try:
                await asyncio.wait({pull, keeper}, return_when=asyncio.FIRST_COMPLETED)
                if not pull.done():
                    return
                messages = pull.result()
            except CameraError as err:
                if not timed_out(err):
                    raise
                # It waits for ever when there is nothing; or it is gone, which this tells.
                await self._client.see_clock()
                return
            finally:
                pull.cancel()
                await asyncio.gather(pull, return_exceptions=True)
            self.pulls += 1
            await self._tell(subscription, messages)
            await self._spare(messages, time.monotonic() - began)

    async def _spare(self, messages: Sequence[Message], took: float) -> None:
        """Leave a device in peace that does not wait for something to tell."""
        if messages or took > HASTY:
            self._hasty = 0
            return
        await asyncio.sleep(HASTY_WAITS[min(self._hasty, len(HASTY_WAITS) - 1)])
        self._hasty += 1

    async def _take(self, subscription: Subscription, keeper: asyncio.Task[None]) -> None:
        """Read what is sent to the webhook; returns when the subscription has to be replaced."""
        while not keeper.done():
            arrived = asyncio.create_task(self._inbox.wait())
            try:
                await asyncio.wait(
                    {arrived, keeper},
                    timeout=LIFE + WEBHOOK_WAIT if subscription.answers else WEBHOOK_WAIT,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if not arrived.done():
                    # It is time for a new one; or nothing comes through to us.
                    self.webhook_refused |= not subscription.answers
                    return
            finally:
                arrived.cancel()
            subscription.answers += 1
            await self._tell(subscription, await self._inbox.read(subscription))
