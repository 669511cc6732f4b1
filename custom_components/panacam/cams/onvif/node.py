"""XML from a stranger: parsed without entities and without network, read without surprises.

Names are compared without their namespaces, order and unknown elements do not matter: what
devices send is seldom what the schemas say.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from datetime import timedelta
import math
import re
import sys
from typing import Final

from lxml import etree

from ..errors import ProtocolError, Reason

MAX_TEXT: Final = 4096
"""Characters of a value; more is cut."""
MAX_CHILDREN: Final = 2000
"""Elements of one name that are looked at; more are left out."""

SCHEMA: Final = "http://www.onvif.org/ver10/schema"
"""The namespace of nearly all that devices send."""

_DURATION: Final = re.compile(
    r"-?P(?:\d+Y)?(?:\d+M)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?"
)
_TRUE: Final = frozenset({"true", "1", "on", "yes", "active"})
_FALSE: Final = frozenset({"false", "0", "off", "no", "inactive"})
_ILLEGAL: Final = re.compile(r"[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML cannot have."""
_REFERENCE: Final = re.compile(rb"&#(?:[xX]0*([0-9a-fA-F]{1,6})|0*([0-9]{1,7}));")


def parse(body: bytes) -> Node:
    """Return the root of a document. ProtocolError(UNEXPECTED_REPLY) when it is none.

    A document type is refused unread: entities are declared there.
    """
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise ProtocolError(Reason.UNEXPECTED_REPLY)
    # The parser lets references through to what XML cannot have, half a character included.
    body = _REFERENCE.sub(_legal_reference, body)
    parser = etree.XMLParser(
        recover=True,  # undeclared prefixes
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as err:
        raise ProtocolError(Reason.UNEXPECTED_REPLY) from err
    # UTF-16 hides a document type from the search above.
    if root is None or root.getroottree().docinfo.doctype:
        raise ProtocolError(Reason.UNEXPECTED_REPLY)
    return Node(root)


def unparse(node: Node) -> str:
    """Return a document that `parse` makes the same element of."""
    return str(etree.tostring(node.element, encoding="unicode", with_tail=False))


class Node:
    """One element. Paths are local names from child to child."""

    __slots__ = ("element",)

    def __init__(self, element: etree._Element) -> None:
        """Read `element`."""
        self.element = element

    @property
    def name(self) -> str:
        """Return the local name; an undeclared prefix is none of it."""
        return _local(self.element.tag)

    def children(self, *path: str) -> list[Node]:
        """Return all elements at a path: of each name but the last, the first one."""
        *way, last = path
        node = self.child(*way) if way else self
        if node is None:
            return []
        found: list[Node] = []
        for element in node.element.iterchildren(tag=etree.Element):
            if _local(element.tag) == last:
                found.append(Node(element))
                if len(found) == MAX_CHILDREN:
                    break
        return found

    def child(self, *path: str) -> Node | None:
        """Return the first element at a path, or None."""
        element = self.element
        for name in path:
            for candidate in element.iterchildren(tag=etree.Element):
                if _local(candidate.tag) == name:
                    element = candidate
                    break
            else:
                return None
        return Node(element)

    def __iter__(self) -> Iterator[Node]:
        """Iterate over the elements in it."""
        return (Node(element) for element in self.element.iterchildren(tag=etree.Element))

    def text(self, *path: str) -> str | None:
        """Return the text at a path, without blanks around it; None when empty or not there."""
        if (node := self.child(*path)) is None:
            return None
        return _content(node.element).strip()[:MAX_TEXT] or None

    def whole_text(self, *path: str) -> str | None:
        """Return the text at a path however long it is; the answer's own bound holds."""
        if (node := self.child(*path)) is None:
            return None
        return _content(node.element).strip() or None

    def attribute(self, name: str) -> str | None:
        """Return an attribute by its local name; None when empty or not there."""
        for key in self.element.attrib:
            if _local(str(key)) == name:
                return _attribute(self.element, key).strip()[:MAX_TEXT] or None
        return None

    def number(self, *path: str) -> float | None:
        """Return the number at a path; None for what is none, infinity and NaN included."""
        return as_number(self.text(*path))

    def flag(self, *path: str) -> bool | None:
        """Return whether the text at a path says yes; None for neither yes nor no."""
        return as_flag(self.text(*path))

    def duration(self, *path: str) -> timedelta | None:
        """Return the xs:duration at a path; years and months, whose length varies, do not count."""
        return as_duration(self.text(*path))

    def copy(self) -> Node:
        """Return a copy that can be changed and sent back with whatever the camera put there."""
        return Node(deepcopy(self.element))

    def put(self, *path: str, text: str) -> None:
        """Set the text at a path; elements that are missing are made, in their parent's namespace.

        The schemas want an order: only the last of a sequence may be missing.
        """
        element = self.element
        for name in path:
            found = Node(element).child(name)
            if found is None:
                name_in = etree.QName(namespace_of(element), name)
                found = Node(etree.SubElement(element, name_in))
            element = found.element
        element.text = legal(text)

    def drop(self, *path: str) -> None:
        """Remove the first element at a path, if it is there."""
        if (node := self.child(*path)) is not None and (
            parent := node.element.getparent()
        ) is not None:
            parent.remove(node.element)

    def items(self, *path: str) -> Mapping[str, str]:
        """Return the SimpleItems at a path, by name: of a message, a rule's parameters."""
        found: dict[str, str] = {}
        for item in self.children(*path, "SimpleItem"):
            if (name := item.attribute("Name")) is not None:
                found[name] = item.attribute("Value") or ""
        return found


def namespace_of(element: etree._Element) -> str | None:
    """Return the namespace for what is put into an element: its own.

    That of the schemas for a prefix that nobody declared; None for an element that is in none.
    """
    tag = str(element.tag)
    if tag.startswith("{"):
        return tag[1:].partition("}")[0]
    return SCHEMA if ":" in tag else None


def declare(element: etree._Element) -> None:
    """Declare the prefixes of the elements in it that nobody declared."""
    for inside in element.iter(etree.Element):
        tag = str(inside.tag)
        if not tag.startswith("{") and ":" in tag:
            inside.tag = etree.QName(SCHEMA, _local(tag))


def legal(text: str) -> str:
    """Return a text without the characters that XML cannot have."""
    return _ILLEGAL.sub("", text)


def _legal_reference(found: re.Match[bytes]) -> bytes:
    number = int(found[1], 16) if found[1] else int(found[2])
    return found[0] if number <= sys.maxunicode and not _ILLEGAL.match(chr(number)) else b""


def _content(element: etree._Element) -> str:
    """Return the text in front of the first child; of UTF-16, only what can be decoded."""
    try:
        return legal(element.text or "")
    except UnicodeDecodeError:
        return ""


def _attribute(element: etree._Element, key: str) -> str:
    try:
        return legal(element.get(key) or "")
    except UnicodeDecodeError:
        return ""


def as_number(text: str | None) -> float | None:
    """Return a finite number, or None."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def as_flag(text: str | None) -> bool | None:
    """Return whether a text says yes or no, or None."""
    word = (text or "").casefold()
    return True if word in _TRUE else False if word in _FALSE else None


def as_duration(text: str | None) -> timedelta | None:
    """Return an xs:duration, or None; at most a thousand days."""
    if text is None or (found := _DURATION.fullmatch(text)) is None:
        return None
    days, hours, minutes, seconds = (float(part or 0) for part in found.groups())
    total = min(days * 86400 + hours * 3600 + minutes * 60 + seconds, 1000 * 86400)
    return timedelta(seconds=-total if text.startswith("-") else total)


def _local(tag: object) -> str:
    """Return a name without namespace, and without a prefix that nobody declared."""
    return str(tag).rpartition("}")[2].rpartition(":")[2]
