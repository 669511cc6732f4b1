"""The device IO service (clause 5): relays, digital inputs, and what else is plugged in."""

from collections.abc import Mapping
from typing import Final, override

from .auxiliary import Auxiliary
from .board import Board
from .client import OnvifClient
from .inputs import DigitalInputs
from .messages import Message
from .node import Node
from .part import Part
from .plugs import Plugs
from .relays import Relays
from .trying import optional, together

OPERATIONS: Final[Mapping[str, str]] = {
    "deviceio.GetServiceCapabilities": "which inputs and outputs are asked for",
    "device.GetServiceCapabilities": "switches and buttons `aux_...`",
    "device.SendAuxiliaryCommand": "switches and buttons `aux_...`",
}


class IoPart(Part):
    """Inputs and outputs, of the device IO service or of the device service."""

    def __init__(
        self, client: OnvifClient, board: Board, auxiliary: Auxiliary | None = None
    ) -> None:
        """Ask by `client`, write to `board`; `auxiliary` is shared by all services."""
        super().__init__(client, board)
        self._relays = Relays(client, board)
        self._inputs = DigitalInputs(client, board)
        self._plugs = Plugs(client, board)
        self._auxiliary = auxiliary or Auxiliary(board)

    @override
    async def connect(self) -> None:
        """Learn what is plugged in."""
        answer = None
        if self.client.has("deviceio"):
            answer = await optional(self.client.call("deviceio", "GetServiceCapabilities"))
        counts = None if answer is None else answer.child("Capabilities")
        await together(
            self._relays.connect(),
            self._inputs.connect(wanted=_may_have(counts, "DigitalInputs")),
            self._plugs.connect(counts),
            self._learn_auxiliary(),
        )

    @override
    async def refresh(self) -> None:
        """Read back what others may have changed."""
        await self._relays.read()
        await self._inputs.read()
        await self._plugs.read()

    @override
    def heard(self, message: Message) -> bool:
        """Take what relays and digital inputs tell."""
        match message.topic:
            case "Device/Trigger/Relay":
                return self._relays.heard(message)
            case "Device/Trigger/DigitalInput":
                return self._inputs.heard(message)
        return False

    @override
    def deaf(self) -> None:
        """Forget what only events told."""
        self._relays.deaf()
        self._inputs.deaf()

    @override
    async def close(self) -> None:
        """Wait for no relay to fall back."""
        self._relays.close()

    async def _learn_auxiliary(self) -> None:
        answer = await optional(self.client.call("device", "GetServiceCapabilities"))
        if answer is None:
            return  # it may have them all the same
        found = answer.child("Capabilities", "Misc")
        listed = None if found is None else found.attribute("AuxiliaryCommands")
        self._auxiliary.offer("device", (listed or "").split(), self._send)

    async def _send(self, command: str) -> None:
        await self.client.call("device", "SendAuxiliaryCommand", AuxiliaryCommand=command)


def _may_have(counts: Node | None, name: str) -> bool:
    """Return whether there may be some of a kind: not when the device says that there are none."""
    return counts is None or counts.attribute(name) != "0"
