"""What get_state tells of the cards, asked when a card's request was refused or is under way."""

import asyncio
from contextlib import suppress
import time
from typing import Final

from ..device import Activity, State
from ..errors import AuthError, BusyError, CameraError, ProtocolError, Reason, RefusedError
from .client import PovcamClient
from .commands import GET_STATE
from .replies import read_state
from .wire import parse_reply

LOOK_GAP: Final = 1.0
"""Seconds between two looks (9.1)."""

MAX_MISSES: Final = 4
"""Looks without an answer one after the other until the camera counts as gone."""

_OCCUPYING: Final = (Activity.FORMATTING, Activity.DELETING, Activity.FTP_SENDING)


async def card_state(client: PovcamClient) -> State | None:
    """Return what is on now; None in playback and standby, where it is not told (9.1).

    Raises ConnectError, AuthError, BusyError.
    """
    try:
        return read_state(parse_reply(await client.call(GET_STATE)))
    except RefusedError, ProtocolError:
        return None


def is_missing(state: State | None, slot: str) -> bool:
    """Return whether there is certainly no card in a slot."""
    return state is not None and slot in state.slots and state.slots[slot].inserted is False


def obstacle(state: State | None, slot: str | None, *, had_card: bool) -> CameraError | None:
    """Return what keeps the camera from a card; None when its state shows nothing."""
    if state is None:
        return None
    if slot is not None and is_missing(state, slot):
        return RefusedError(Reason.CARD_REMOVED if had_card else Reason.NO_CARD)
    if state.recording or any(state.activities.get(key) for key in _OCCUPYING):
        return RefusedError(Reason.CARD_IN_USE)
    if state.activities.get(Activity.DOWNLOADING):
        return BusyError(Reason.BUSY, "download")
    return None


async def explained(
    client: PovcamClient, error: CameraError, slot: str | None, *, had_card: bool
) -> CameraError:
    """Return why a request was refused, or broke off: the camera answers just "500"."""
    told = isinstance(error, RefusedError) and error.reason is not Reason.REFUSED
    if told or isinstance(error, (AuthError, BusyError)):
        return error
    with suppress(CameraError):  # then the error is all there is to tell
        found = obstacle(await card_state(client), slot, had_card=had_card)
        if isinstance(error, RefusedError) or (
            # What occupies a card ends no connection.
            found is not None and found.reason in {Reason.CARD_REMOVED, Reason.NO_CARD}
        ):
            return found or error
    return error


class Misses:
    """Looks one after the other that went wrong while the camera works: a few mean nothing."""

    def __init__(self) -> None:
        """Have had none."""
        self._count = 0

    def add(self, error: CameraError) -> None:
        """Take one; raises `error` when the camera counts as gone."""
        if isinstance(error, BusyError):
            return  # who says so is there
        self._count += 1
        # Nobody listens where a camera was that answers late: it restarts.
        if error.reason is Reason.UNREACHABLE or self._count >= MAX_MISSES:
            raise error

    def clear(self) -> None:
        """Take a look that went well."""
        self._count = 0


async def ended(client: PovcamClient, activity: Activity, slot: str, limit: float) -> bool:
    """Wait until the camera does something no longer; return whether it ended within `limit` s.

    What was just begun may show by the second look only. A camera that does not tell is not waited
    for. Raises RefusedError(CARD_REMOVED), and as card_state when that goes wrong several times.
    """
    until, misses, looked = time.monotonic() + limit, Misses(), False
    while True:
        try:
            state = await card_state(client)
        except CameraError as err:
            misses.add(err)
        else:
            misses.clear()
            if is_missing(state, slot):
                raise RefusedError(Reason.CARD_REMOVED)
            if state is None or (looked and not state.activities.get(activity)):
                return True
            looked = True
        if time.monotonic() >= until:
            return False
        await asyncio.sleep(LOOK_GAP)
