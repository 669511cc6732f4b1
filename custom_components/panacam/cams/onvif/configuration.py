"""Settings of one media configuration: rows made of its XML and its options (6.4)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
import re
from typing import Final

from lxml import etree

from ..errors import Reason, RefusedError
from ..settings import Choice, Range, Setting, Toggle, Value
from ..text import plain
from .board import Board, Write
from .media_service import MediaService, Reread
from .node import Node, as_number, namespace_of

MAX_OPTIONS: Final = 64
"""Words that a choice has."""
MAX_WORD: Final = 48

_HUMPS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z][a-z])")


@dataclass(frozen=True, slots=True)
class Item:
    """An adjustable value: its row, what it is now, and how it is put into the XML."""

    setting: Setting
    value: Value | None
    put: Callable[[Node, Value], None]


@dataclass(frozen=True, slots=True)
class Subject:
    """What a description of a configuration is made of."""

    node: Node
    options: tuple[Node, ...]
    prefix: str
    """Of the rows' keys: `encoder_0`."""
    label: str
    preferred: bool = True
    """Whether the stream that most people want has it."""

    def key(self, name: str) -> str:
        """Return the key of a row."""
        return f"{self.prefix}_{name}"

    def kind(self, name: str) -> str:
        """Return the kind of a row: its key without the number."""
        return f"{self.prefix.rpartition('_')[0]}_{name}"

    def choice(
        self,
        name: str,
        words: Mapping[str, str],
        now: str | None,
        put: Callable[[Node, str], None],
        *,
        enabled: bool = True,
    ) -> Item:
        """Return a choice of `words` (the device's, by ours); what is now can be chosen, too."""
        known = dict(words)
        ours = None
        if now is not None:
            ours = next((our for our, word in known.items() if word == now), slug(now))
            known.setdefault(ours, now)
        row = Choice(
            key=self.key(name),
            kind=self.kind(name),
            label=self.label,
            enabled=enabled,
            options=tuple(known),
        )
        return Item(row, ours, lambda node, value: put(node, known[str(value)]))

    def range(
        self,
        name: str,
        limits: tuple[float, float],
        now: float | None,
        put: Callable[[Node, float], None],
        *,
        step: float = 1,
        unit: str | None = None,
        enabled: bool = True,
    ) -> Item:
        """Return a number within `limits`, stretched to hold what is now."""
        low, high = limits
        if now is not None:
            low, high = min(low, now), max(high, now)
        row = Range(
            key=self.key(name),
            kind=self.kind(name),
            label=self.label,
            enabled=enabled,
            minimum=low,
            maximum=high,
            step=step,
            unit=unit,
        )
        return Item(row, now, lambda node, value: put(node, float(value)))

    def toggle(
        self,
        name: str,
        now: bool | None,
        put: Callable[[Node, str], None],
        *,
        enabled: bool = True,
    ) -> Item:
        """Return something that is on or off; `put` gets `true` or `false`."""
        row = Toggle(key=self.key(name), kind=self.kind(name), label=self.label, enabled=enabled)
        return Item(row, now, lambda node, value: put(node, "true" if value else "false"))


type Describe = Callable[[Subject], Iterable[Item]]


class Withdrawn:
    """Knows which rows of the board are whose, to take back those that are no more."""

    def __init__(self, board: Board) -> None:
        """Have none on `board`."""
        self._board = board
        self._own: set[str] = set()

    def replace(self, keys: Iterable[str]) -> None:
        """Have these from now on."""
        kept = set(keys)
        for key in self._own - kept:
            self._board.withdraw(key)
        self._own = kept


class ConfigurationRows:
    """The rows of one configuration on the board."""

    def __init__(
        self,
        service: MediaService,
        board: Board,
        describe: Describe,
        place: tuple[str, str],
        reread: Reread,
    ) -> None:
        """Offer what `describe` finds in a configuration.

        `place` is its kind and the prefix of the keys; `reread` reads all profiles back, with the
        service's lock held.
        """
        self._service = service
        self._board = board
        self._describe = describe
        self._kind, self._prefix = place
        self._rows = Withdrawn(board)
        self._node: Node | None = None
        self._options: tuple[Node, ...] = ()
        self._label = ""
        self._preferred = True
        self._reread = reread

    def show(
        self, node: Node, options: tuple[Node, ...], label: str, *, preferred: bool = True
    ) -> None:
        """Offer the rows of a configuration as it is now.

        `preferred` says whether it is of the stream that most people want.
        """
        self._node, self._options = node, options
        self._label, self._preferred = label, preferred
        items = self._items(node)
        self._rows.replace(items)
        for key, item in items.items():
            self._board.setting(item.setting, self._writer(key), item.value)

    def withdraw(self) -> None:
        """Take the rows away."""
        self._node = None
        self._rows.replace(())

    def _items(self, node: Node) -> dict[str, Item]:
        subject = Subject(node, self._options, self._prefix, self._label, self._preferred)
        return {item.setting.key: item for item in self._describe(subject)}

    def _writer(self, key: str) -> Write:
        async def write(value: Value) -> None:
            async with self._service.lock:
                await self._set(key, value)

        return write

    async def _set(self, key: str, value: Value) -> None:
        """Change one thing in the configuration of now, and show what became of it."""
        if self._node is None:
            raise RefusedError(Reason.UNSUPPORTED)
        token = self._node.attribute("token") or ""
        now = await self._service.configuration(self._kind, token) or self._node
        # Others may have changed it so that this row is no more.
        if (item := self._items(now).get(key)) is None:
            raise RefusedError(Reason.UNSUPPORTED)
        wanted = now.copy()
        item.put(wanted, value)
        await self._service.set(self._kind, wanted)
        if (after := await self._service.configuration(self._kind, token)) is not None:
            self.show(after, self._options, self._label, preferred=self._preferred)
        # An encoder's codec makes another stream.
        if after is None or self._kind == "video_encoder":
            await self._reread()


def slug(word: str) -> str:
    """Return a device's word as ours: `UpperLeft` is `upper_left`."""
    clean = plain(word, MAX_WORD) or "unknown"
    return re.sub(r"[^a-z0-9]+", "_", _HUMPS.sub("_", clean).lower()).strip("_") or clean


def words(found: Iterable[str | None]) -> dict[str, str]:
    """Return words of a device by ours, each once, in its order."""
    known: dict[str, str] = {}
    for word in found:
        if word and len(known) < MAX_OPTIONS:
            known.setdefault(slug(word), word)
    return known


def numbers(text: str | None) -> list[float]:
    """Return the numbers of a list in a text, in order; what is none is left out."""
    found = (as_number(word) for word in (text or "").split()[:MAX_OPTIONS])
    return [number for number in found if number is not None]


def limits(node: Node | None, *path: str) -> tuple[float, float] | None:
    """Return `Min` and `Max` of a range, the lower one first; None when it tells none."""
    if node is None or (found := node.child(*path)) is None:
        return None
    low, high = found.number("Min"), found.number("Max")
    return None if low is None or high is None else (min(low, high), max(low, high))


def whole(value: float) -> str:
    """Return a whole number as XML has it."""
    return str(round(value))


def put_attribute(node: Node, name: str, value: str) -> None:
    """Set an attribute, by its local name."""
    for key in node.element.attrib:
        if str(key).rpartition("}")[2] == name:
            node.element.set(key, value)
            return
    node.element.set(name, value)


def drop_attribute(node: Node, name: str) -> None:
    """Take an attribute out, by its local name."""
    for key in list(node.element.attrib):
        if str(key).rpartition("}")[2] == name:
            del node.element.attrib[key]


def insert(node: Node, name: str, before: Sequence[str]) -> Node:
    """Return the child `name`, made in front of the first of `before` when it is missing.

    In the namespace of the others: that of the schema, whatever the request's.
    """
    if (found := node.child(name)) is not None:
        return found
    follower = next((child for child in node if child.name in before), None)
    sibling = follower or next(iter(node), None)
    namespace = namespace_of((sibling or node).element)
    made = etree.Element(etree.QName(namespace, name))
    if follower is not None:
        follower.element.addprevious(made)
    else:
        node.element.append(made)
    return Node(made)
