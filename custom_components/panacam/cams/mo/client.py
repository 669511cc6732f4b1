"""One login at a MO camera: the operation connection and the data connections that it grants.

Whatever comes is told by plain calls from the socket's own callback; only opening, asking and
closing wait.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from ..device import Identity
from ..errors import CameraError, ConnectError, Reason
from ..net.tcp import Pump
from ..stream import Credentials
from .data import DataMessage
from .features import CONNECT_TIMEOUT, Features, Taker
from .operation import KeepAlive, OperationMessage, Parameters, ParametersRequest
from .session import (
    END,
    START,
    Denied,
    Feature,
    Granted,
    OperationEvent,
    OperationSession,
    Ready,
    Refused,
    Tally,
)

LOGIN_TIMEOUT: Final = 10.0
"""Seconds for login and verification."""
ANSWER_TIMEOUT: Final = 10.0
"""Seconds for the answer to a request."""
KEEP_ALIVE: Final = 60.0
"""Seconds between two signs of life of ours [Keep_Alive]."""
SILENCE: Final = 120.0
"""Seconds without a byte after which a camera is gone [Keep_Alive]; it is asked after half."""


class MoConnection:
    """One login: open it once, close it once; when it ends by itself, `gone` is told once."""

    def __init__(
        self,
        host: str,
        port: int,
        credentials: Credentials | None,
        *,
        expected_id: str | None = None,
        tally: Tally | None = None,
        heard: Callable[[OperationEvent], None] = lambda _event: None,
        gone: Callable[[CameraError], None] = lambda _error: None,
    ) -> None:
        """Aim at a camera; `heard` gets what it says once we are in, from the socket's callback."""
        self._loop = asyncio.get_running_loop()
        self._host = host
        self._port = port
        self._tally = tally or Tally()
        self._session = OperationSession(credentials, expected_id=expected_id, tally=self._tally)
        self._heard = heard
        self._gone = gone
        self._pump: Pump | None = None
        self._ready: asyncio.Future[Identity] = self._loop.create_future()
        self._features = Features(port, self._tally, self)
        self._answer: tuple[Feature, asyncio.Future[Granted]] | None = None
        self._beat: asyncio.TimerHandle | None = None
        self._watcher: asyncio.TimerHandle | None = None
        self._speaks = False
        """Whether the camera has sent a sign of life by itself, or answered one of ours."""
        self._probed_at = float("-inf")
        """The loop's time when it was last asked for a sign of life."""

    async def open(self) -> Identity:
        """Connect, log in and verify. ConnectError, AuthError, BusyError, RefusedError.

        ProtocolError(NOT_A_CAMERA | UNSUPPORTED_CAMERA) when something else answers. Nothing is
        left open after an error.
        """
        try:
            pump = await Pump.open(self._host, self._port, self, timeout=CONNECT_TIMEOUT)
            self._pump = pump
            self._flush()
            try:
                async with asyncio.timeout(LOGIN_TIMEOUT):
                    identity = await self._ready
            except TimeoutError as err:
                raise ConnectError(Reason.TIMEOUT) from err
        except BaseException:
            await self.close()
            raise
        if pump.is_open:
            self._beat = self._loop.call_later(KEEP_ALIVE, self._keep_alive)
            self._watch(pump)
        return identity

    @property
    def is_open(self) -> bool:
        """Return whether commands can still be sent."""
        return self._pump is not None and self._pump.is_open

    def send(self, message: OperationMessage) -> None:
        """Send a command. ConnectError when the connection has ended."""
        if not self.is_open:
            raise ConnectError(Reason.CUT)
        self._session.send(message)
        self._flush()

    async def start(self, feature: Feature, taker: Taker) -> None:
        """Have a feature until `stop`, or until `taker` loses it; see Features.start."""
        await self._features.start(feature, taker)

    def stop(self, feature: Feature) -> None:
        """Have it no more; nothing happens when it has ended already."""
        self._features.stop(feature)

    def send_data(self, feature: Feature, message: DataMessage) -> None:
        """Send on the data connection of a feature that is on. ConnectError."""
        self._features.send(feature, message)

    # What a feature asks for.

    @property
    def address(self) -> str:
        """Return the numeric address of the camera."""
        return self._host if self._pump is None else self._pump.address

    async def ask(self, feature: Feature) -> Granted:
        """Ask for a feature. ConnectError, BusyError, RefusedError."""
        answer: asyncio.Future[Granted] = self._loop.create_future()
        self._answer = (feature, answer)
        try:
            self.send(START[feature])
            async with asyncio.timeout(ANSWER_TIMEOUT):
                return await answer
        except TimeoutError as err:
            raise ConnectError(Reason.TIMEOUT) from err
        finally:
            self._answer = None

    def end(self, feature: Feature) -> None:
        """Ask for no more of it, unless the connection has ended."""
        if self.is_open:
            self.send(END[feature])

    def give_up(self, error: CameraError) -> None:
        """End the login; `gone` is told."""
        if self._pump is not None:
            self._pump.abort(error)

    async def close(self) -> None:
        """End all connections and see them closed; `gone` is not told."""
        self._release(ConnectError(Reason.CUT))
        if self._pump is not None:
            await self._pump.close()

    # What the operation connection tells.

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return where the next bytes go."""
        return self._session.get_buffer(sizehint)

    def received(self, count: int) -> None:
        """Take bytes of the operation connection. CameraError: hang up."""
        self._session.buffer_updated(count)
        for event in self._session.events():
            match event:
                case Ready(identity):
                    if not self._ready.done():
                        self._ready.set_result(identity)
                case Denied(error):
                    raise error
                case Granted(feature) | Refused(feature):
                    self._take_answer(feature, event)
                case _:
                    self._speaks = self._speaks or isinstance(event, KeepAlive | Parameters)
                    self._heard(event)
        self._flush()

    def lost(self, error: CameraError) -> None:
        """Learn that the operation connection has ended: all the others end with it."""
        self._release(error)
        self._gone(error)

    def _flush(self) -> None:
        if self._pump is not None:
            self._pump.write(self._session.bytes_to_send())

    def _release(self, error: CameraError) -> None:
        """Let go of timers and features; whoever waits for an answer gets `error`."""
        for timer in (self._beat, self._watcher):
            if timer is not None:
                timer.cancel()
        _fail(self._ready, error)
        if self._answer is not None:
            _fail(self._answer[1], error)
        self._features.end(error)

    def _take_answer(self, feature: Feature, event: Granted | Refused) -> None:
        """Give an answer to the one who waits; one that comes too late means nothing."""
        if self._answer is None or self._answer[0] is not feature or self._answer[1].done():
            return
        match event:
            case Granted():
                if feature is Feature.AUDIO:
                    self._features.sound_granted()
                self._answer[1].set_result(event)
            case Refused(error=error):
                _fail(self._answer[1], error)

    # Signs of life.

    def _keep_alive(self) -> None:
        self._session.send(KeepAlive())
        self._flush()
        self._features.keep_alive()
        self._beat = self._loop.call_later(KEEP_ALIVE, self._keep_alive)

    def _watch(self, pump: Pump) -> None:
        """Cut when the camera has been silent for too long; ask it before.

        One that has spoken here or answered is to go on so, or its alarms would not come either. Of
        one that never did pictures are a sign of life, too: some send no Keep_Alive (facts).
        """
        now = self._loop.time()
        heard = pump.heard_at
        if not self._speaks:
            heard = max(heard, self._features.heard_at)
        end = heard + SILENCE
        if now >= end:
            pump.abort(ConnectError(Reason.TIMEOUT))
            return
        again = end
        if self._probed_at < pump.heard_at:
            if now < (due := pump.heard_at + SILENCE / 2):
                again = due
            elif self.is_open:  # else it is about to be told as lost
                self._probed_at = now
                self.send(ParametersRequest())
        self._watcher = self._loop.call_at(again, self._watch, pump)


def _fail[T](future: asyncio.Future[T], error: CameraError) -> None:
    """Give an error to whoever waits, if anybody does."""
    if not future.done():
        future.set_exception(error)
        future.exception()
