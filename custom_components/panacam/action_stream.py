"""Actions about how a camera sends its streams."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import voluptuous as vol

from .action_base import TOKEN, Action, Asked, Told, token_of
from .cams.errors import Reason, RefusedError
from .cams.roles import Multicaster


def _streams(multicaster: Multicaster, asked: Asked) -> tuple[str, ...]:
    """Return the keys of the streams that are meant. RefusedError for one that is not there."""
    named = asked.data.get("stream")
    streams = asked.streams if named is None else (token_of(named, multicaster.streams),)
    if not streams or not all(stream in multicaster.streams for stream in streams):
        raise RefusedError(Reason.NOT_FOUND, "stream")
    return streams


def _switching(
    name: str, switch: Callable[[Multicaster, str], Awaitable[None]]
) -> Action[Multicaster]:
    """Return the action that does so with streams."""

    async def call(multicaster: Multicaster, asked: Asked) -> Told:
        for stream in _streams(multicaster, asked):
            await switch(multicaster, stream)
        return None

    return Action[Multicaster](
        name=name,
        fields={vol.Optional("stream"): TOKEN},
        role_fn=lambda device: device.multicaster,
        call_fn=call,
    )


STREAMING: Final[tuple[Action[Any], ...]] = (
    _switching("start_multicast", lambda multicaster, stream: multicaster.start(stream)),
    _switching("stop_multicast", lambda multicaster, stream: multicaster.stop(stream)),
)
