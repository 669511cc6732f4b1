"""What every part of a device is: one service, or one concern over several."""

from .board import Board
from .client import OnvifClient
from .messages import Message


class Part:
    """Learns what a device has and keeps it up; overrides what it needs."""

    def __init__(self, client: OnvifClient, board: Board) -> None:
        """Ask by `client`, write to `board`."""
        self.client = client
        self.board = board

    async def connect(self) -> None:
        """Learn what there is; called again after the device was away.

        What the device refuses or has not is left out. CameraError only for what makes the whole
        device useless now: ConnectError, AuthError.
        """

    async def refresh(self) -> None:
        """Read back what others may have changed; once a minute. Raises as `connect` does."""

    def heard(self, message: Message) -> bool:
        """Take an event; return whether it was for this part. Must not wait."""
        return False

    def deaf(self) -> None:
        """Forget what only events told: the event channel is lost."""

    async def close(self) -> None:
        """End what goes on in the background."""
