"""Positions that a PTZ unit keeps (8.5)."""

from collections.abc import Mapping
from typing import Final

from ..errors import Reason, RefusedError
from ..roles import Vector
from ..text import plain
from .board import Board
from .head import Head
from .node import Node
from .ptz_moves import OnvifPtz
from .trying import optional

MAX_PRESETS: Final = 512
MAX_TOKEN: Final = 256
"""Characters; the specification has 64. A token that is longer names nothing."""

OPERATIONS: Final[Mapping[str, str]] = {
    "ptz.GetPresets": "select `ptz_preset`",
    "ptz.GotoPreset": "select `ptz_preset`, action `panacam.go_to_preset`",
    "ptz.SetPreset": "action `panacam.save_preset`",
    "ptz.RemovePreset": "action `panacam.delete_preset`",
}
_EVENTS: Final = "PTZController/PTZPresets/"


class OnvifPresets:
    """The presets role."""

    def __init__(self, head: Head, board: Board, moves: OnvifPtz) -> None:
        """Keep `board` up; move by `moves`."""
        self._head = head
        self._board = board
        self._moves = moves
        self.there = False
        """Whether the unit keeps presets."""
        self.positions: Mapping[str, Vector] = {}
        """By token, of those whose position the unit tells."""

    @property
    def names(self) -> Mapping[str, str]:
        """Return names by token."""
        return self._board.presets

    async def read(self) -> None:
        """Read which there are; a device that does not tell still has them.

        ConnectError, AuthError.
        """
        answer = None
        if self._head.max_presets:
            answer = await optional(self._head.call("GetPresets"))
            if answer is None and self.there:
                return
        self.there = answer is not None
        self._board.presets = {} if answer is None else _presets(answer)
        self.positions = {} if answer is None else self._positions(answer)
        if self._board.preset not in self._board.presets:
            self._board.preset = None

    def _positions(self, answer: Node) -> Mapping[str, Vector]:
        """Return where the presets are that tell it."""
        found = {
            preset.attribute("token"): self._head.spaces.read(place)
            for preset in answer.children("Preset")
            if (place := preset.child("PTZPosition")) is not None
        }
        return {token: found[token] for token in self._board.presets if token in found}

    async def recall(self, token: str, speed: float | None = None) -> None:
        """Go there (the role)."""
        await self._moves.instead("GotoPreset", speed, PresetToken=token)
        self._board.preset = token
        self._board.show()

    async def save(self, name: str, token: str | None = None) -> str:
        """Keep the position of now (the role)."""
        before = set(self._board.presets)
        answer = await self._head.call(
            "SetPreset", PresetName=name or None, PresetToken=token or None
        )
        await self.read()
        self._board.show()
        # Some answer with nothing.
        made = (*(new for new in self._board.presets if new not in before), None)[0]
        if (saved := answer.text("PresetToken") or token or made) is None:
            raise RefusedError(Reason.NOT_FOUND, "SetPreset")
        return saved

    async def remove(self, token: str) -> None:
        """Forget one (the role)."""
        await self._head.call("RemovePreset", PresetToken=token)
        await self.read()
        self._board.show()

    def heard(self, topic: str, token: str) -> bool:
        """Take an event of 8.12.2; return whether it was one."""
        if not topic.startswith(_EVENTS):
            return False
        match topic.removeprefix(_EVENTS):
            case "Invoked" | "Reached":
                if token in self._board.presets:
                    self._board.preset = token
            case _:
                # Of the one before the last it says nothing that matters now.
                if self._board.preset == token:
                    self._board.preset = None
        self._board.show()
        return True


def _presets(answer: Node) -> dict[str, str]:
    """Return names by token; a preset without a name is called by its token."""
    found: dict[str, str] = {}
    for preset in answer.children("Preset"):
        token = preset.attribute("token")
        if token is None or len(token) > MAX_TOKEN:
            continue
        found[token] = plain(preset.text("Name")) or plain(token) or str(len(found) + 1)
        if len(found) == MAX_PRESETS:
            break
    return found
