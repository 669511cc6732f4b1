"""Places for things that a device lists under tokens, which may be others after a restart."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from .node import Node

MAX_SLOTS: Final = 32


@dataclass(slots=True)
class Slot:
    """One of them."""

    token: str | None
    """None: it is in the device no longer, and kept to be put back."""
    node: Node


class Slots:
    """Keeps what people see apart from tokens: a thing stays in its place while it is there."""

    def __init__(self) -> None:
        """Have none."""
        self.by_index: dict[int, Slot] = {}
        """In the order of the numbers."""

    def take(self, found: Iterable[Node]) -> None:
        """Take the list that the device gives now.

        Unknown tokens first go to the places of tokens that are gone: after a restart, those are
        the same things.
        """
        listed = {token: node for node in found if (token := node.attribute("token"))}
        for slot in self.by_index.values():
            if slot.token in listed:
                slot.node = listed.pop(slot.token)
            elif slot.token is not None:
                slot.token = ""
        fresh = list(listed.items())
        for index, slot in sorted(self.by_index.items()):
            if slot.token != "":
                continue
            if fresh:
                slot.token, slot.node = fresh.pop(0)
            else:
                del self.by_index[index]
        for token, node in fresh:
            index = next(number for number in range(MAX_SLOTS + 1) if number not in self.by_index)
            if index < MAX_SLOTS:
                self.by_index[index] = Slot(token, node)
        self.by_index = dict(sorted(self.by_index.items()))

    def label(self, index: int) -> str:
        """Return what tells one from the others; empty for the only one."""
        return str(index + 1) if len(self.by_index) > 1 or index else ""
