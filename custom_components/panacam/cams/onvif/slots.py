"""Places for things that a device lists under tokens, which may be others after a restart."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from ..errors import ProtocolError, Reason, RefusedError
from ..memory import Memory
from .node import Node, parse, unparse
from .numbering import Numbering, Thing

MAX_SLOTS: Final = 32
MAX_KEPT: Final = 8192
"""Characters of XML, of a thing that is to be put back."""


@dataclass(slots=True)
class Slot:
    """One of them."""

    token: str | None
    """None: it is in the device no longer, and kept to be put back."""
    node: Node


class Slots:
    """Keeps what people see apart from tokens: a thing stays in its place for good."""

    def __init__(
        self, memory: Memory, key: str, looks: Callable[[Node], tuple[object, ...]]
    ) -> None:
        """Have what `memory` kept under `key` to be put back.

        `looks` returns what is likely to be the same after a restart.
        """
        self._memory = memory
        self._kept_key = f"{key}_kept"
        self._numbering = Numbering(memory, key, MAX_SLOTS)
        self._looks = looks
        self.by_index: dict[int, Slot] = _kept(memory.get(self._kept_key))
        """In the order of the numbers."""

    @property
    def gone(self) -> frozenset[int]:
        """Return the numbers of what is neither there nor kept."""
        return self._numbering.gone

    def take(self, found: Iterable[Node]) -> None:
        """Take the list that the device gives now."""
        listed: dict[str, Node] = {}
        for node in found:
            if (token := node.attribute("token")) and len(listed) < MAX_SLOTS:
                listed.setdefault(token, node)
        slots = {index: slot for index, slot in self.by_index.items() if slot.token is None}
        numbers = self._numbering.take(
            [self._thing(token, node) for token, node in listed.items()], slots.keys()
        )
        for number, (token, node) in zip(numbers, listed.items(), strict=True):
            if number is not None:
                slots[number] = Slot(token, node)
        self.by_index = dict(sorted(slots.items()))

    def check(self, node: Node) -> None:
        """Raise RefusedError(TOO_LARGE) for what is too much to be kept."""
        if len(unparse(node)) > MAX_KEPT:
            raise RefusedError(Reason.TOO_LARGE)

    def keep(self, index: int, node: Node) -> None:
        """Keep a thing that was deleted, to be put back; or that will be put back like this."""
        self.by_index[index].token, self.by_index[index].node = None, node
        self._write()

    def put_back(self, index: int, token: str) -> None:
        """Have a thing in the device again, under another token."""
        slot = self.by_index[index]
        slot.token = token
        self._numbering.give(index, self._thing(token, slot.node))
        self._write()

    def label(self, index: int) -> str:
        """Return what tells one from the others; empty for the only one."""
        return str(index + 1) if len(self.by_index) > 1 or index else ""

    def _thing(self, token: str, node: Node) -> Thing:
        return Thing(token=token, looks=self._looks(node))

    def _write(self) -> None:
        kept = {
            str(index): unparse(slot.node)
            for index, slot in self.by_index.items()
            if slot.token is None
        }
        self._memory.put(self._kept_key, kept or None)


def _kept(found: object) -> dict[int, Slot]:
    """Return what is to be put back; what cannot be ours is left out."""
    slots: dict[int, Slot] = {}
    for key, text in found.items() if isinstance(found, dict) else ():
        if not str(key).isdecimal() or not isinstance(text, str) or len(text) > MAX_KEPT:
            continue
        if (index := int(key)) < MAX_SLOTS:
            try:
                slots[index] = Slot(None, parse(text.encode()))
            except ProtocolError:
                continue
    return dict(sorted(slots.items()))
