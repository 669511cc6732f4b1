"""Which of a camera's tours is meant: one select picks it, three buttons act on it."""

from .cams.device import Device, State
from .cams.errors import Reason, RefusedError
from .cams.roles import TourOperation, TourStatus


class TourPicker:
    """The tour that somebody picked, or the one that has begun since."""

    def __init__(self) -> None:
        """Begin with the camera's first."""
        self._picked: str | None = None
        self._touring: str | None = None

    def pick(self, token: str) -> None:
        """Mean this one from now on."""
        self._picked = token

    def of(self, state: State) -> str | None:
        """Return the token of the tour that is meant, or None where there is none."""
        touring = next(
            (token for token, tour in state.tours.items() if tour.status is TourStatus.TOURING),
            None,
        )
        if touring != self._touring:
            self._touring = touring
            # Only its beginning counts, so that another one can be picked and started meanwhile.
            self._picked = touring or self._picked
        if self._picked not in state.tours:
            self._picked = next(iter(state.tours), None)
        return self._picked


async def operate(device: Device, token: str | None, operation: TourOperation) -> None:
    """Start, pause or stop a tour. CameraError; RefusedError when there is none."""
    if device.tours is None or token is None:
        raise RefusedError(Reason.NOT_FOUND)
    await device.tours.operate(token, operation)
