"""Keeps one camera logged in for good: when the connection ends, it comes back by itself."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
import secrets
from typing import Final

from ..device import Identity
from ..errors import AuthError, CameraError, ConnectError, Reason
from ..stream import Credentials
from .client import MoConnection
from .session import OperationEvent, Tally

FIRST_WAIT: Final = 1.0
"""Seconds before the first attempt to come back; each further wait is twice as long."""
LAST_WAIT: Final = 60.0
"""Seconds of the longest wait; also between attempts while the camera refuses our login."""
EAGER: Final = 30.0
"""Seconds after a loss in which attempts follow each other closely: viewers wait that long."""
EAGER_WAIT: Final = 1.6
"""Seconds of the longest wait meanwhile; 2 with jitter."""
STEADY: Final = 60.0
"""Seconds after which a connection was a good one, and the waits begin anew."""
LINK_WAIT: Final = 10.0
"""Seconds that whoever wants something waits for a camera that is coming back."""


class MoLink:
    """The connection to a camera, whichever it is at the moment."""

    def __init__(
        self,
        host: str,
        port: int,
        credentials: Credentials | None,
        expected_id: str | None,
        tally: Tally,
        *,
        heard: Callable[[OperationEvent], None],
        changed: Callable[[CameraError | None], None],
    ) -> None:
        """Aim at a camera. `changed` is told the error when it goes, and None when it is back."""
        self._host = host
        self._port = port
        self._credentials = credentials
        self._expected_id = expected_id
        self._tally = tally
        self._heard = heard
        self._changed = changed
        self._connection: MoConnection | None = None
        self.identity = Identity(manufacturer="")
        """As the camera last said."""
        self._error: CameraError = ConnectError(Reason.UNREACHABLE)
        self._up = asyncio.Event()
        self._down = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None

    async def identify(self) -> Identity:
        """Log in, learn who it is, and hang up. Raises as MoConnection.open does."""
        connection = MoConnection(
            self._host,
            self._port,
            self._credentials,
            expected_id=self._expected_id,
            tally=self._tally,
        )
        identity = await connection.open()
        await connection.close()
        return identity

    async def connect(self) -> None:
        """Log in, then stay so until `close`. Raises as MoConnection.open does."""
        await self._log_in()
        self._keeper = asyncio.create_task(self._keep())

    @property
    def error(self) -> CameraError | None:
        """Return why there is no connection, None while there is one."""
        return None if self._connection is not None else self._error

    def now(self) -> MoConnection:
        """Return the connection that stands, else raise the error that ended it."""
        if self._connection is None:
            raise self._error.with_traceback(None)  # or it would grow with each poll
        return self._connection

    async def ready(self) -> MoConnection:
        """Return the connection, waiting a while for one that comes back. CameraError."""
        if self._keeper is not None and self._connection is None:
            with suppress(TimeoutError):
                async with asyncio.timeout(LINK_WAIT):
                    await self._up.wait()
        return self.now()

    async def close(self) -> None:
        """Hang up, and stop coming back."""
        if (keeper := self._keeper) is not None:
            self._keeper = None
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)
        connection, self._connection = self._connection, None
        self._error = ConnectError(Reason.UNREACHABLE)
        self._up.set()  # nobody need wait any more
        if connection is not None:
            await connection.close()

    async def _log_in(self) -> None:
        def gone(error: CameraError) -> None:
            if self._connection is connection:
                self._connection, self._error = None, error
                self._up.clear()
                self._down.set()
                self._changed(error)

        connection = MoConnection(
            self._host,
            self._port,
            self._credentials,
            expected_id=self._expected_id,
            tally=self._tally,
            heard=self._heard,
            gone=gone,
        )
        identity = await connection.open()
        if not connection.is_open:
            raise ConnectError(Reason.CUT)
        self._connection = connection
        self.identity = identity
        self._down.clear()
        self._up.set()

    async def _keep(self) -> None:
        """Come back after each loss, sooner or later depending on how long it had lasted."""
        loop = asyncio.get_running_loop()
        wait = FIRST_WAIT
        lost: float | None = None
        while True:
            since = loop.time()
            await self._down.wait()
            # One that comes only to go again is not asked more and more eagerly.
            if lost is None or loop.time() - since >= STEADY:
                lost, wait = loop.time(), FIRST_WAIT
            while self._connection is None:
                eager = loop.time() - lost < EAGER
                longest = min(EAGER_WAIT, LAST_WAIT) if eager else LAST_WAIT
                pause = LAST_WAIT if isinstance(self._error, AuthError) else min(wait, longest)
                await asyncio.sleep(_jittered(pause))
                wait = min(2 * wait, longest)
                try:
                    await self._log_in()
                except CameraError as err:
                    self._error = err
                else:
                    self._changed(None)


def _jittered(seconds: float) -> float:
    """Return between 75 and 125 %, so that cameras of one house do not come back all at once."""
    return seconds * (0.75 + secrets.randbelow(501) / 1000)
