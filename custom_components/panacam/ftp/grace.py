"""The moment after a file, in which its client may turn out to have died."""

import asyncio
import socket
from typing import Final

from .shelf import Received
from .store import Store

GRACE: Final = 1.5
"""Seconds after which a file is whole though its client says nothing more.

A camera that dies has both connections hung up, and its half file ends as a whole one does.
"""


class Grace:
    """Holds back the last file of a conversation until its client is known to live on.

    A client that goes on talking does, and so does one that hangs up once it has read the answer.
    Whoever hangs up without having read it resets the connection: that one died.
    """

    def __init__(
        self, store: Store, reader: asyncio.StreamReader, sock: socket.socket | None
    ) -> None:
        """Have no file; the client sends to `reader` from the other end of `sock`."""
        self._store = store
        self._reader = reader
        self._sock = sock
        self._file: Received | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._is_over = False
        self._has_left = False

    def begin(self, file: Received) -> None:
        """Hold a file back that has just come."""
        self.believe()
        if self._is_over or self._has_left:
            # It was not answered: whole only if it was we who hung up.
            self._store.settle(file, is_whole=not self._has_left)
        else:
            self._file = file
            self._timer = asyncio.get_running_loop().call_later(GRACE, self.believe)

    def believe(self) -> None:
        """Let the file be whole: the client goes on."""
        self._settle(is_whole=True)

    async def leave(self) -> None:
        """Decide by how the client hung up, once that must be known."""
        self._has_left = True
        if self._timer is not None:
            left = self._timer.when() - asyncio.get_running_loop().time()
            self._timer.cancel()
            await asyncio.sleep(left)
            self._settle(is_whole=not self._was_reset())

    def close(self) -> None:
        """End with the conversation; the client was still there, unless it has left."""
        self._is_over = True
        self._settle(is_whole=self._reader.exception() is None)

    def _settle(self, *, is_whole: bool) -> None:
        file, self._file = self._file, None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if file is not None:
            self._store.settle(file, is_whole=is_whole)

    def _was_reset(self) -> bool:
        if self._reader.exception() is not None or self._sock is None:
            return True
        try:
            return self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0
        except OSError:
            return True
