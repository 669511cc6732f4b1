"""Kea's control channel: one JSON command per HTTP request, every wait and every body with an end.

The control agent (to Kea 3.1) and the DHCPv4 server itself (from Kea 2.7.2) speak the same way.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
import json
from typing import Any, Final

from aiohttp import (
    ClientConnectionError,
    ClientError,
    ClientResponse,
    ClientResponseError,
    ClientSession,
    ClientTimeout,
    InvalidURL,
    encode_basic_auth,
)
from yarl import URL

from .reservations import ReservationError, ServerReason

REQUEST_TIMEOUT: Final = 10.0
"""Seconds for a whole command, drip by drip included."""
MAX_ANSWER: Final = 4 * 1024 * 1024
"""Bytes; a configuration with ten thousand reservations takes three million."""
_MAX_TEXT: Final = 256

_SUCCESS = 0
_EMPTY = 3
_OK = 200
_LOGIN_REFUSED = (401, 403)


class CommandRefusedError(ReservationError):
    """Kea understood a command and did not do it: nothing has changed by it."""


class Channel:
    """The commands of one DHCPv4 server."""

    def __init__(
        self,
        session: ClientSession,
        url: str,
        username: str | None,
        password: str | None,
        *,
        timeout: float,
    ) -> None:
        """Aim at `url`; a user in it is taken out, and counts when there is no other."""
        self._session = session
        self._timeout = timeout
        self._url: URL | None = None
        self._headers = {
            "Content-Type": "application/json",
            "Accept-Encoding": "identity",
        }
        try:
            given = URL(url)
            if given.scheme in {"http", "https"} and given.host:
                self._url = given.with_user(None)
        except ValueError:
            return
        username, password = username or given.user, password or given.password
        if username and ":" not in username:
            self._headers["Authorization"] = encode_basic_auth(username, password or "")

    async def ask(self, command: str, arguments: object = None) -> Any:
        """Return what a command's answer holds as arguments, None when nothing.

        Raises CommandRefusedError, and ReservationError when there is no such answer.
        """
        return (await self._answer(command, arguments)).get("arguments")

    async def ask_text(self, command: str) -> str:
        """Return the text of a command's answer, which is the server's own, cut."""
        text = (await self._answer(command, None)).get("text")
        return text[:_MAX_TEXT] if isinstance(text, str) else ""

    async def _answer(self, command: str, arguments: object) -> dict[str, Any]:
        """Send a command; return its answer once it says that it was done."""
        question: dict[str, object] = {"command": command, "service": ["dhcp4"]}
        if arguments is not None:
            question["arguments"] = arguments
        body = await aside(lambda: json.dumps(question).encode())
        reply = await self._post(body)
        found = await aside(lambda: _answers(reply))
        if found is None:
            raise ReservationError(ServerReason.UNEXPECTED_REPLY, command)
        refused = [answer["result"] not in {_SUCCESS, _EMPTY} for answer in found]
        if all(refused):
            raise CommandRefusedError(ServerReason.REFUSED, command)
        if any(refused):
            # Several servers behind one address, of which some have done it.
            raise ReservationError(ServerReason.REFUSED, command)
        if any(answer != found[0] for answer in found):
            # What one of them says does not hold for the other.
            raise ReservationError(ServerReason.UNEXPECTED_REPLY, command)
        return found[0]

    async def _post(self, body: bytes) -> bytes:
        """Send one request and read the whole answer."""
        if self._url is None:
            raise ReservationError(ServerReason.UNREACHABLE)
        with _translated():
            async with (
                asyncio.timeout(self._timeout),
                self._session.post(
                    self._url,
                    data=body,
                    headers=self._headers,
                    allow_redirects=False,
                    timeout=ClientTimeout(total=self._timeout),
                ) as response,
            ):
                return await _body(response)


async def aside[T](work: Callable[[], T]) -> T:
    """Do in a thread what takes long for a large configuration."""
    return await asyncio.get_running_loop().run_in_executor(None, work)


async def _body(response: ClientResponse) -> bytes:
    """Return the body of an answer that is one, at most MAX_ANSWER bytes."""
    if response.status in _LOGIN_REFUSED:
        raise ReservationError(ServerReason.REFUSED_LOGIN)
    if response.status != _OK:
        raise ReservationError(ServerReason.UNEXPECTED_REPLY, f"status {response.status}")
    data = bytearray()
    async for piece in response.content.iter_any():
        data += piece
        if len(data) > MAX_ANSWER:
            raise ReservationError(ServerReason.UNEXPECTED_REPLY, "too large")
    return bytes(data)


def _answers(data: bytes) -> list[dict[str, Any]] | None:
    """Return the answers in a body, of one server or a list of them; None when there are none."""
    try:
        found = json.loads(data)
    except ValueError, RecursionError:
        return None
    answers = found if isinstance(found, list) else [found]
    usable = all(
        isinstance(answer, dict) and type(answer.get("result")) is int for answer in answers
    )
    return answers if answers and usable else None


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what aiohttp raises into our errors, leaving its texts behind."""
    try:
        yield
    except TimeoutError as err:
        raise ReservationError(ServerReason.TIMEOUT) from err
    except InvalidURL as err:
        raise ReservationError(ServerReason.UNREACHABLE) from err
    except ClientResponseError as err:
        raise ReservationError(ServerReason.UNEXPECTED_REPLY, "not HTTP") from err
    except (ClientConnectionError, ClientError, OSError, RuntimeError) as err:
        # RuntimeError: the session was closed meanwhile.
        raise ReservationError(ServerReason.UNREACHABLE) from err
    except ValueError as err:
        raise ReservationError(ServerReason.UNEXPECTED_REPLY, "not HTTP") from err
