"""The PTZ service (clause 8): finds the unit, keeps its state up, offers its roles."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Final, override

from ..errors import CameraError, RefusedError
from ..roles import Home, Mover, Presets, Problem, Ptz, Reading, Signal, SignalClass, Tours
from .auxiliary import Auxiliary
from .board import Board, Profile
from .client import OnvifClient
from .directions import Directions
from .focus import OnvifFocus
from .head import Head
from .messages import Message
from .mover import OnvifMover
from .node import Node
from .part import Part
from .preset_keeper import PresetKeeper
from .presets import OnvifPresets
from .ptz_attach import attach, candidates
from .ptz_moves import OnvifPtz, moves
from .spaces import read_spaces
from .tours import OnvifTours
from .trying import optional, together

FOLLOW_PAUSE: Final = 1.0
"""Seconds between two looks at a unit that moves, while somebody looks on."""
FOLLOW_TIME: Final = 60.0
"""Seconds after which a unit that never arrives is no longer followed."""

OPERATIONS: Final[Mapping[str, str]] = {
    "ptz.GetNodes": "what the unit can do: buttons, selects and actions that it has",
    "ptz.GetNode": "what the unit can do, where GetNodes does not list it",
    "ptz.GetConfigurations": "which unit there is, and a configuration to attach",
    "ptz.GetConfiguration": "selects `ptz_eflip`, `ptz_reverse`; default spaces",
    "ptz.GetConfigurationOptions": "options of `ptz_eflip`, `ptz_reverse`; times of moves",
    "ptz.GetStatus": "sensors `ptz_pan`, `ptz_tilt`, `ptz_zoom`, binary sensor `ptz_moving`",
    "ptz.SendAuxiliaryCommand": "switches, selects and buttons `aux_...`",
}
_MOVING: Final = "ptz_moving"
_AXES: Final = ("ptz_pan", "ptz_tilt", "ptz_zoom")


class PtzPart(Part):
    """One PTZ unit: that of the first profile that has one."""

    def __init__(
        self,
        client: OnvifClient,
        board: Board,
        auxiliary: Auxiliary | None = None,
        *,
        press_seconds: float = 1.0,
    ) -> None:
        """Ask by `client`, write to `board`; a press moves for `press_seconds`.

        `auxiliary` is shared by all services.
        """
        super().__init__(client, board)
        self._press = press_seconds
        self._head = head = Head(client)
        self._moves = OnvifPtz(head, self._status, self._moved)
        self._presets = OnvifPresets(head, board, self._moves)
        self._tours = OnvifTours(head, board, self._moves)
        self._keeper = PresetKeeper(head, self._presets, self._moves, self._status)
        self._auxiliary = auxiliary or Auxiliary(board)
        self._directions = Directions(client, board)
        self._mover: OnvifMover | None = None
        self._tells = False
        """Whether the unit has a status."""
        self._moving = False
        self._following: asyncio.Task[None] | None = None

    @property
    def ptz(self) -> Ptz | None:
        """Return the role of free moves."""
        return self._moves if self._moves.features and self._there else None

    @property
    def home(self) -> Home | None:
        """Return the role of the home position."""
        return self._moves if self._head.homes and self._there else None

    @property
    def presets(self) -> Presets | None:
        """Return the role of the presets."""
        return self._presets if self._presets.there and self._there else None

    @property
    def preset_keeper(self) -> PresetKeeper | None:
        """Return what keeps the presets."""
        return self._keeper if self._presets.there and self._there else None

    @property
    def tours(self) -> Tours | None:
        """Return the role of the tours."""
        return self._tours if self._tours.there and self._there else None

    def mover_with(self, focus: OnvifFocus | None) -> Mover | None:
        """Return the mover role over this unit and the lens, if anything moves."""
        if self._mover is None:
            self._mover = OnvifMover(self._head, self._moves, lambda: self.home, focus, self._press)
        return self._mover if self._mover.moves else None

    @property
    def _there(self) -> bool:
        return self._head.profile is not None

    @override
    async def connect(self) -> None:
        """Find the unit; attach it to a profile when none has it."""
        self.board.problems.discard(Problem.PTZ_NOT_ATTACHED)
        # Until it is known, the one of before: something may have to be stopped.
        if not await self._find():
            self._head.profile = None
            self._withdraw()

    async def _find(self) -> bool:
        """Look which profile has the unit; return whether one has. ConnectError, AuthError."""
        if not self.client.has("ptz"):
            return False
        profile = _with_ptz(self.board)
        if profile is None:
            if not await candidates(self.client, self.board, await self._nodes()):
                return False
            with suppress(RefusedError):
                profile = await attach(self.client, self.board)
            if profile is None:
                self.board.problems.add(Problem.PTZ_NOT_ATTACHED)
                return False
        await self._learn(profile)
        return True

    async def attach(self) -> None:
        """Attach the unit to a profile, for its owner. CameraError says why it cannot be."""
        profile = _with_ptz(self.board) or await attach(self.client, self.board)
        self.board.problems.discard(Problem.PTZ_NOT_ATTACHED)
        await self._learn(profile)
        self.board.show()

    @override
    async def refresh(self) -> None:
        """Read back what others may have changed."""
        if self._there:
            await self._presets.read()
            await self._tours.read()
            await self._directions.read()
            await self._status()

    async def poll(self) -> None:
        """Look where the unit is, if somebody wants to know or it moves.

        ConnectError, AuthError.
        """
        self._moves.end_left()
        if self._there and (self._moving or self._moves.running or self._wanted):
            await self._status()

    @override
    def heard(self, message: Message) -> bool:
        """Take the events of 8.12."""
        ours = self._head.configuration
        if message.topic.startswith("PTZController/"):
            if message.source.get("PTZConfigurationToken", ours) != ours:
                return True  # of another unit
            if self._presets.heard(message.topic, message.data.get("PresetToken", "")):
                return True
            return self._tours.heard(message.topic, message.source.get("PresetTourToken", ""))
        return False

    @override
    async def close(self) -> None:
        """Leave nothing moving."""
        await self._moves.close()
        await self._tours.close()
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)

    async def _learn(self, profile: Profile) -> None:
        """Read what the unit can do, and how it is."""
        head = self._head
        token = profile.configurations["ptz"]
        configuration, nodes = await together(self._directions.learn(token), self._nodes())
        wanted = (configuration and configuration.text("NodeToken")) or profile.ptz_node
        node = await self._node(wanted, nodes)
        options = self._directions.options
        head.read_node(node)
        head.read_options(options)
        supported = None if node is None else node.child("SupportedPTZSpaces")
        if (supported is None or not list(supported)) and options is not None:
            supported = options.child("Spaces")
        head.spaces = read_spaces(supported, configuration)
        head.configuration = token
        head.profile = profile.token
        self._moves.end_left()
        self._auxiliary.offer("ptz", head.auxiliary, self._send)
        self._tells = True
        _, _, status = await together(self._presets.read(), self._tours.read(), self._status())
        self._offer(status)

    async def _nodes(self) -> Node | None:
        return await optional(self.client.call("ptz", "GetNodes"))

    async def _node(self, token: str | None, nodes: Node | None) -> Node | None:
        """Return the unit's node; the only one when there is one."""
        listed = [] if nodes is None else nodes.children("PTZNode")
        found = next((node for node in listed if node.attribute("token") == token), None)
        if found is None and token is not None:
            answer = await optional(self.client.call("ptz", "GetNode", NodeToken=token))
            found = None if answer is None else answer.child("PTZNode")
        return found if found is not None or len(listed) != 1 else listed[0]

    def _offer(self, status: Node | None) -> None:
        """Offer the readings that the unit has shown to have."""
        self._tells = status is not None
        if status is None:
            return
        if (moving := moves(status)) is not None:
            # Nobody tells of it: whoever wants it has the unit asked at every poll.
            row = Signal(key=_MOVING, signal_class=SignalClass.MOVING, enabled=False)
            self.board.signal(row, moving)
        for key, value in self._places(status).items():
            if value is not None:
                self.board.reading(Reading(key=key, precision=3, enabled=False), value)

    def _withdraw(self) -> None:
        """Take back what a unit had that is no more."""
        self._auxiliary.offer("ptz", (), self._send)
        self.board.withdraw_signal(_MOVING)
        for key in _AXES:
            self.board.withdraw_reading(key)

    async def _status(self) -> Node | None:
        """Ask where the unit is; None when it does not say. ConnectError, AuthError."""
        if not self._tells:
            return None
        answer = await optional(self._head.move("GetStatus"))
        status = None if answer is None else answer.child("PTZStatus")
        moving = None if status is None else moves(status)
        self._moving = bool(moving)
        board = self.board
        if _MOVING in board.signals:
            board.signalled[_MOVING] = moving
        for key, value in self._places(status).items():
            if key in board.readings:
                board.read[key] = value
        return status

    def _places(self, status: Node | None) -> Mapping[str, float | None]:
        position = self._head.spaces.read(None if status is None else status.child("Position"))
        return dict(zip(_AXES, (position.pan, position.tilt, position.zoom), strict=True))

    @property
    def _wanted(self) -> bool:
        return any(self.board.wants(key) for key in (_MOVING, *_AXES))

    def _moved(self) -> None:
        """Know that the unit leaves the place where it is."""
        self.board.preset = None
        self._moving = True
        if self._tells and self._wanted and self._following is None:
            self._following = asyncio.create_task(self._follow(), name="panacam ptz")
        self.board.show()

    async def _follow(self) -> None:
        """Show how it moves until it stands."""
        loop = asyncio.get_running_loop()
        until = loop.time() + FOLLOW_TIME
        try:
            with suppress(CameraError):
                while loop.time() < until and (self._moving or self._moves.running):
                    await asyncio.sleep(FOLLOW_PAUSE)
                    await self._status()
                    self.board.show()
        finally:
            self._following = None

    async def _send(self, command: str) -> None:
        await self._head.call("SendAuxiliaryCommand", AuxiliaryData=command)


def _with_ptz(board: Board) -> Profile | None:
    return next((profile for profile in board.profiles if "ptz" in profile.configurations), None)
