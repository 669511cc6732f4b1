"""One subscription to a device's events: made, pulled, renewed and ended."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
import time
from typing import Final

from ..errors import BusyError, CameraError, ConnectError, ProtocolError, Reason, RefusedError
from .client import OnvifClient
from .messages import Message
from .node import Node
from .notifications import read_notifications
from .soap import Argument

LIFE: Final = 120.0
"""Seconds that a subscription is asked to live."""
LONGEST: Final = 3600.0
"""Seconds after which a subscription is renewed whatever it says."""
PULL_WAIT: Final = 30.0
"""Seconds that a device may wait for something to tell."""
SHORT_PULL: Final = 5.0
"""As above, for those who refuse that."""
FIRST_PULL: Final = 1.0
"""As above, for the first time: an answer shows that the subscription is of use."""
MARGIN: Final = 10.0
"""Seconds beyond that until no answer is to be expected."""
MESSAGES: Final = 100
"""Messages of one answer that are asked for."""
SMALL: Final = 8
"""Messages that are read in the event loop."""
UNSUBSCRIBE_TIME: Final = 2.0
"""Seconds."""
MAX_PARAMETERS: Final = 8


class _Form(StrEnum):
    """How a device takes the time until which a subscription is to live."""

    RELATIVE = "relative"
    ABSOLUTE = "absolute"
    NONE = "none"


@dataclass(slots=True, kw_only=True)
class Subscription:
    """Where it is, and until when."""

    address: str
    parameters: tuple[Node, ...] = ()
    pull_point: bool
    made_at: float = field(default_factory=time.monotonic)
    ends_at: float = 0.0
    """By the monotonic clock."""
    answers: int = 0
    """How often it told something, or that there is nothing."""

    @property
    def place(self) -> tuple[object, ...]:
        """Return what tells it from others at the device."""
        return self.address, *(parameter.text() for parameter in self.parameters)

    @property
    def remaining(self) -> float:
        """Return how many seconds it has to live."""
        return self.ends_at - time.monotonic()

    async def near_end(self, margin: float) -> None:
        """Return when no more than `margin` seconds remain; pulling may put that off."""
        while (rest := self.remaining - margin) > 0:  # noqa: ASYNC110 - it is a time that moves
            await asyncio.sleep(rest)


class Subscriptions:
    """Makes subscriptions, in the way that this device understands."""

    def __init__(self, client: OnvifClient) -> None:
        """Ask by `client`."""
        self._client = client
        self._form = _Form.RELATIVE
        self._first_wait = FIRST_PULL
        self._wait = PULL_WAIT
        self._waited = False
        """Whether that was taken once."""

    async def create(self) -> Subscription:
        """Make a pull point. CameraError."""
        return await self._make("events", "CreatePullPointSubscription")

    async def subscribe(self, url: str) -> Subscription:
        """Have events sent to `url`. CameraError."""
        return await self._make("notification", "Subscribe", ConsumerReference={"Address": url})

    async def _make(self, service: str, operation: str, **values: Argument) -> Subscription:
        forms = list(_Form)[list(_Form).index(self._form) :]
        for form in forms:
            try:
                answer = await self._client.call(
                    service,
                    operation,
                    address=self._client.services.get("events"),
                    InitialTerminationTime=self._until(form),
                    **values,  # type: ignore[arg-type]
                )
            except (RefusedError, BusyError) as err:
                # Only what may be about the time is worth another form of it.
                if form is forms[-1] or err.reason not in {Reason.OUT_OF_RANGE, Reason.REFUSED}:
                    raise
                continue
            self._form = form
            return self._read(answer, pull_point=service == "events")
        raise AssertionError  # pragma: no cover - the last form returns or raises

    def _read(self, answer: Node, *, pull_point: bool) -> Subscription:
        address = answer.text("SubscriptionReference", "Address")
        if address is None:
            raise ProtocolError(Reason.UNEXPECTED_REPLY, "SubscriptionReference")
        self._client.place(address)  # before anything is sent there
        parameters = answer.child("SubscriptionReference", "ReferenceParameters")
        return Subscription(
            address=address,
            parameters=() if parameters is None else tuple(parameters)[:MAX_PARAMETERS],
            pull_point=pull_point,
            ends_at=time.monotonic() + (_granted(answer) or LIFE),
        )

    def _until(self, form: _Form) -> str | None:
        match form:
            case _Form.RELATIVE:
                return f"PT{LIFE:.0f}S"
            case _Form.ABSOLUTE:
                there = datetime.now(UTC) + (self._client.clock_offset or timedelta())
                return f"{there + timedelta(seconds=LIFE):%Y-%m-%dT%H:%M:%SZ}"
            case _Form.NONE:
                return None

    async def pull(self, subscription: Subscription) -> list[Message]:
        """Wait for messages. CameraError; ConnectError(TIMEOUT) for no answer at all."""
        first = not subscription.answers
        wait = self._first_wait if first else self._wait
        try:
            answer = await self._pull(subscription, wait)
        except RefusedError:
            # So long a wait is perhaps too long, or so short a one too short.
            if wait == SHORT_PULL or (self._waited and not first):
                raise
            answer = await self._pull(subscription, SHORT_PULL)
            if first:
                self._first_wait = SHORT_PULL
            else:
                self._wait = SHORT_PULL
        self._waited |= not first
        subscription.answers += 1
        if (life := _granted(answer)) is not None:
            # Pulling may keep it alive; it never shortens its life.
            subscription.ends_at = max(subscription.ends_at, time.monotonic() + life)
        if len(answer.element) > SMALL:
            found = await asyncio.to_thread(read_notifications, answer)
        else:
            found = read_notifications(answer)
        return [notification.message for notification in found]

    async def _pull(self, subscription: Subscription, wait: float) -> Node:
        return await self._client.call(
            "events",
            "PullMessages",
            address=subscription.address,
            parameters=subscription.parameters,
            timeout=wait + MARGIN,
            Timeout=f"PT{wait:.0f}S",
            MessageLimit=MESSAGES,
        )

    async def synchronize(self, subscription: Subscription) -> bool:
        """Have all states told again; return whether they will be. ConnectError, AuthError."""
        try:
            await self._client.call(
                "events",
                "SetSynchronizationPoint",
                address=subscription.address,
                parameters=subscription.parameters,
            )
        except RefusedError, BusyError, ProtocolError:
            return False
        return True

    async def renew(self, subscription: Subscription) -> bool:
        """Have it live longer; return whether it will."""
        try:
            answer = await self._client.call(
                "notification",
                "Renew",
                address=subscription.address,
                parameters=subscription.parameters,
                TerminationTime=self._until(self._form) or f"PT{LIFE:.0f}S",
            )
        except CameraError:
            return False
        subscription.ends_at = time.monotonic() + (_granted(answer) or LIFE)
        return True

    async def end(self, subscription: Subscription) -> None:
        """Unsubscribe; a device that cannot any more is none to wait for."""
        with suppress(CameraError, TimeoutError):
            async with asyncio.timeout(UNSUBSCRIBE_TIME):
                await self._client.call(
                    "notification",
                    "Unsubscribe",
                    address=subscription.address,
                    parameters=subscription.parameters,
                    timeout=UNSUBSCRIBE_TIME,
                )


def _granted(answer: Node) -> float | None:
    """Return how many seconds a subscription lives by its own account, both by one clock."""
    try:
        now = datetime.fromisoformat(answer.text("CurrentTime") or "")
        end = datetime.fromisoformat(answer.text("TerminationTime") or "")
        life = (end - now).total_seconds()
    except ValueError, TypeError:
        return None
    return min(life, LONGEST) if life > 0 else None


def timed_out(err: CameraError) -> bool:
    """Return whether nothing at all was answered."""
    return isinstance(err, ConnectError) and err.reason is Reason.TIMEOUT
