"""Rounds that a PTZ unit makes over its presets (8.9)."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Final

from ..errors import CameraError, ProtocolError, Reason, RefusedError
from ..roles import Tour, TourOperation, TourStatus, TourStep
from ..text import plain
from .board import Board
from .head import Head
from .node import Node
from .presets import MAX_TOKEN
from .ptz_moves import OnvifPtz
from .soap import Argument
from .spaces import Kind
from .trying import optional

MAX_TOURS: Final = 64
MAX_STEPS: Final = 128
PAUSE: Final = 0.5
"""Seconds between two readings of tours that tell of themselves all the time."""
TOPIC: Final = "PTZController/PTZPresetTours/Configuration"

OPERATIONS: Final[Mapping[str, str]] = {
    "ptz.GetPresetTours": "select `ptz_tour`",
    "ptz.GetPresetTour": "select `ptz_tour`, after an event",
    "ptz.GetPresetTourOptions": "actions `panacam.create_tour`, `panacam.modify_tour`",
    "ptz.CreatePresetTour": "action `panacam.create_tour`",
    "ptz.ModifyPresetTour": "actions `panacam.create_tour`, `panacam.modify_tour`",
    "ptz.OperatePresetTour": "buttons `tour_start`, `tour_pause`, `tour_stop`, and actions",
    "ptz.RemovePresetTour": "action `panacam.delete_tour`",
}
_STATUS: Final = {
    "idle": TourStatus.IDLE,
    "touring": TourStatus.TOURING,
    "paused": TourStatus.PAUSED,
}


class OnvifTours:
    """The tours role."""

    def __init__(self, head: Head, board: Board, moves: OnvifPtz) -> None:
        """Keep `board` up; move by `moves`."""
        self._head = head
        self._board = board
        self._moves = moves
        self.there = False
        """Whether the unit knows tours."""
        self._stale: set[str] = set()
        """Tokens of what changed."""
        self._reading: asyncio.Task[None] | None = None

    async def read(self) -> None:
        """Read which there are; a device that does not tell still has them.

        ConnectError, AuthError.
        """
        answer = None
        if self._head.max_tours:
            answer = await optional(self._head.call("GetPresetTours"))
            if answer is None and self.there:
                return
        self.there = answer is not None
        found: dict[str, Tour] = {}
        for node in [] if answer is None else answer.children("PresetTour")[:MAX_TOURS]:
            token = node.attribute("token")
            if token is not None and len(token) <= MAX_TOKEN:
                found[token] = self._tour(node, len(found))
        self._board.tours = found

    async def operate(self, token: str, operation: TourOperation) -> None:
        """Start, stop or pause one (the role)."""
        wanted: Mapping[str, Argument] = {
            "PresetTourToken": token,
            "Operation": operation.capitalize(),
        }
        if operation is TourOperation.START:
            await self._moves.instead("OperatePresetTour", None, **wanted)
        else:
            await self._head.move("OperatePresetTour", **wanted)
        await self._read_one(token)
        self._board.show()

    async def create(self, tour: Tour) -> str:
        """Make one (the role)."""
        await self._check(tour, None)
        answer = await self._head.call("CreatePresetTour")
        if (token := answer.text("PresetTourToken")) is None:
            raise ProtocolError(Reason.UNEXPECTED_REPLY, "CreatePresetTour")
        try:
            await self._write(token, tour, None)
        except BaseException:
            # An empty one is of no use to anybody.
            with suppress(CameraError):
                await asyncio.shield(self._head.call("RemovePresetTour", PresetTourToken=token))
            raise
        await self.read()
        self._board.show()
        return token

    async def modify(self, token: str, tour: Tour) -> None:
        """Replace one (the role); when and in which order it goes round stays as it is."""
        await self._check(tour, token)
        now = await self._head.call("GetPresetTour", PresetTourToken=token)
        await self._write(token, tour, now.child("PresetTour"))
        await self.read()
        self._board.show()

    async def remove(self, token: str) -> None:
        """Forget one (the role)."""
        await self._head.call("RemovePresetTour", PresetTourToken=token)
        await self.read()
        self._board.show()

    def heard(self, topic: str, token: str) -> bool:
        """Take an event of 8.12.3; return whether it was one."""
        if topic != TOPIC:
            return False
        if self.there and token and len(self._stale) < MAX_TOURS:
            self._stale.add(token)
            if self._reading is None:
                self._reading = asyncio.create_task(self._catch_up(), name="panacam tours")
        return True

    async def close(self) -> None:
        """Read no more."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
            self._reading = None

    async def _catch_up(self) -> None:
        """Read what changed; what changes meanwhile is read once more."""
        try:
            while self._stale:
                stale, self._stale = self._stale, set()
                for token in stale:
                    with suppress(CameraError):
                        await self._read_one(token)
                self._board.show()
                await asyncio.sleep(PAUSE)
        finally:
            self._reading = None

    async def _read_one(self, token: str) -> None:
        """Read one again; one that is gone goes. CameraError."""
        tours = dict(self._board.tours)
        try:
            answer = await self._head.call("GetPresetTour", PresetTourToken=token)
        except RefusedError:
            tours.pop(token, None)
        else:
            if (node := answer.child("PresetTour")) is None:
                return
            if token in tours or len(tours) < MAX_TOURS:
                tours[token] = self._tour(node, len(tours))
        self._board.tours = tours

    def _tour(self, node: Node, index: int) -> Tour:
        state = (node.text("Status", "State") or "").casefold()
        steps = (self._step(spot) for spot in node.children("TourSpot")[:MAX_STEPS])
        return Tour(
            name=plain(node.text("Name")) or plain(node.attribute("token")) or str(index + 1),
            status=_STATUS.get(state, TourStatus.UNKNOWN),
            steps=tuple(steps),
            auto_start=node.flag("AutoStart") or False,
        )

    def _step(self, spot: Node) -> TourStep:
        speed = None
        vector = spot.child("Speed", "PanTilt") or spot.child("Speed", "Zoom")
        spaces = self._head.spaces
        space = spaces.pan_tilt.get(Kind.SPEED) or spaces.zoom.get(Kind.SPEED)
        if vector is not None and space is not None:
            try:
                speed = space.x.part(float(vector.attribute("x") or ""))
            except ValueError:
                speed = None
        return TourStep(
            preset=spot.text("PresetDetail", "PresetToken"),
            speed=speed,
            stay=spot.duration("StayTime"),
        )

    async def _check(self, tour: Tour, token: str | None) -> None:
        """Raise RefusedError(OUT_OF_RANGE) for what the unit's options rule out."""
        if len(tour.steps) > MAX_STEPS:
            raise RefusedError(Reason.OUT_OF_RANGE, "steps")
        answer = await optional(self._head.call("GetPresetTourOptions", PresetTourToken=token))
        options = None if answer is None else answer.child("Options")
        if options is None:
            return
        if tour.auto_start and options.flag("AutoStart") is False:
            raise RefusedError(Reason.OUT_OF_RANGE, "auto_start")
        home = options.flag("TourSpot", "PresetDetail", "Home")
        low = options.duration("TourSpot", "StayTime", "Min") or timedelta()
        high = options.duration("TourSpot", "StayTime", "Max") or timedelta.max
        for step in tour.steps:
            if step.preset is None and home is False:
                raise RefusedError(Reason.OUT_OF_RANGE, "preset")
            if step.stay is not None and not low <= step.stay <= high:
                raise RefusedError(Reason.OUT_OF_RANGE, "stay")

    async def _write(self, token: str, tour: Tour, now: Node | None) -> None:
        await self._head.call(
            "ModifyPresetTour",
            PresetTour={
                "token": token,
                "Name": tour.name or None,
                "Status": {"State": "Idle"},  # the schema wants it, the unit does not look at it
                "AutoStart": tour.auto_start,
                "StartingCondition": _condition(now),
                "TourSpot": [self._spot(step) for step in tour.steps],
            },
        )

    def _spot(self, step: TourStep) -> Mapping[str, Argument]:
        detail: Mapping[str, Argument] = (
            {"Home": True} if step.preset is None else {"PresetToken": step.preset}
        )
        return {
            "PresetDetail": detail,
            "StayTime": step.stay,
            **self._head.speed(step.speed),
        }


def _condition(now: Node | None) -> Mapping[str, Argument]:
    """Return what a tour's StartingCondition says, to be sent back."""
    found = None if now is None else now.child("StartingCondition")
    if found is None:
        return {}
    rounds = found.number("RecurringTime")
    condition: dict[str, Argument] = {
        "RecurringTime": None if rounds is None else int(rounds),
        "RecurringDuration": found.duration("RecurringDuration"),
        "Direction": found.text("Direction"),
    }
    if (random := found.attribute("RandomPresetOrder")) is not None:
        # Younger than the schema, which lets any attribute be there.
        condition["_attr_1"] = {"RandomPresetOrder": random}
    return condition
