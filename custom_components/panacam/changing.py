"""Changing a camera alone: who would change it meanwhile is told to come later."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from .cams.errors import BusyError, Reason, RefusedError
from .coordinator import PanacamCoordinator


@asynccontextmanager
async def alone(coordinator: PanacamCoordinator) -> AsyncGenerator[None]:
    """Let nobody else change the camera meanwhile. BusyError when somebody does already."""
    if coordinator.restoring.locked():
        raise BusyError(Reason.BUSY)
    async with coordinator.restoring:
        with coordinator.undisturbed():
            yield


def refuse_while_changed(coordinator: PanacamCoordinator) -> None:
    """Raise BusyError while somebody changes the camera alone, or restores its settings.

    Who copies them only reads.
    """
    if coordinator.reload.is_held:
        raise BusyError(Reason.BUSY)


async def refuse_at_work(coordinator: PanacamCoordinator) -> None:
    """Raise RefusedError(CARD_IN_USE) while the camera says that a clip would be cut off."""
    state = await coordinator.device.poll()
    if state.recording or any(state.activities.values()):
        raise RefusedError(Reason.CARD_IN_USE)
