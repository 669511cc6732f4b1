"""Rules and modules as XML (tt:Config): their parameters read, put together and changed."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Final

from lxml import etree

from ..errors import Reason, RefusedError
from ..text import plain
from .definitions import SERVICES
from .node import Node, legal, namespace_of
from .notifications import MAX_NAME
from .rules import local

TT: Final = "http://www.onvif.org/ver10/schema"
MAX_PARAMETERS: Final = 64
MAX_XML: Final = 8192
"""Characters of an element that is shown."""
MAX_WRITTEN: Final = 64 * 1024
"""Characters of an element that is written."""

_NAMESPACES: Final = {
    "tt": TT,
    "tan": SERVICES["analytics"],
    "xs": "http://www.w3.org/2001/XMLSchema",
    "axt": "http://www.onvif.org/ver20/analytics",
}
"""Prefixes that people may use in an element without declaring them."""


def described_type(kind: Node) -> list[Mapping[str, object]]:
    """Return the parameters of a kind of rule or module: name, type, whether it is an element."""
    return [
        {
            "name": plain(item.attribute("Name"), MAX_NAME),
            "type": plain(item.attribute("Type"), MAX_NAME),
            "element": item.name == "ElementItemDescription",
        }
        for item in list(kind.child("Parameters") or ())[:MAX_PARAMETERS]
        if item.name in {"SimpleItemDescription", "ElementItemDescription"}
    ]


def parameters_of(kind: Node | None) -> dict[str, bool]:
    """Return whether each parameter of a kind is an element, by name."""
    if kind is None:
        return {}
    return {str(one["name"]): bool(one["element"]) for one in described_type(kind)}


def read_parameters(item: Node) -> Mapping[str, str]:
    """Return the parameters of a rule or module: elements as XML."""
    found: dict[str, str] = {}
    for one in list(item.child("Parameters") or ())[:MAX_PARAMETERS]:
        if (name := plain(one.attribute("Name"), MAX_NAME)) is None:
            continue
        if one.name == "SimpleItem":
            found[name] = plain(one.attribute("Value"), MAX_XML) or ""
        elif one.name == "ElementItem":
            found[name] = " ".join(_written(element) for element in one)[:MAX_XML]
    return found


def _written(node: Node) -> str:
    element = deepcopy(node.element)
    element.tail = None
    etree.cleanup_namespaces(element)
    return plain(etree.tostring(element, encoding="unicode"), MAX_XML) or ""


def option_of(option: Node) -> object:
    """Return what a parameter can be: a range, a list, or XML that is something else."""
    if (inside := next(iter(option), None)) is None:
        return None
    lowest, highest = inside.text("Min"), inside.text("Max")
    if lowest is not None and highest is not None and len(inside.element) == 2:
        return {"minimum": plain(lowest), "maximum": plain(highest)}
    if not len(inside.element):
        return [plain(word) for word in (inside.text() or "").split()[:MAX_PARAMETERS]]
    items = [child.text() for child in inside if child.name in {"Item", "Items"}]
    if len(items) == len(inside.element):
        return [plain(item) for item in items[:MAX_PARAMETERS]]
    return _written(inside)


def build(
    tag: str, name: str, kind: str, like: Node | None, parameters: Mapping[str, object]
) -> Node:
    """Return a new rule or module of a kind, after its description if there is one.

    Raises RefusedError(OUT_OF_RANGE) for elements that are no XML.
    """
    named = kind if like is None else str(like.attribute("Name"))
    prefix, _, bare = named.rpartition(":")
    prefix = prefix or "tt"
    namespaces = dict(_NAMESPACES)
    declared = {} if like is None else dict(like.element.nsmap)
    if prefix in declared:
        namespaces[prefix] = declared[prefix]
    elif prefix not in namespaces:
        raise RefusedError(Reason.OUT_OF_RANGE, "kind")
    root = etree.Element(etree.QName(SERVICES["analytics"], tag), nsmap=namespaces)
    root.set("Name", legal(name))
    root.set("Type", f"{prefix}:{bare}")
    etree.SubElement(root, etree.QName(TT, "Parameters"))
    return change(Node(root), parameters, parameters_of(like))


def change(item: Node, parameters: Mapping[str, object], known: Mapping[str, bool]) -> Node:
    """Return a rule or module with parameters changed; `known`: which of them are elements.

    Raises RefusedError(OUT_OF_RANGE) for elements that are no XML.
    """
    old = item.element
    # Types are qualified names in attributes, whose prefixes a mere copy would leave behind.
    # A prefix that nobody declared cannot be set.
    attributes = {key: value for key, value in old.attrib.items() if ":" not in _bare(key)}
    root = etree.Element(
        etree.QName(namespace_of(old), item.name),
        attrib=attributes,
        nsmap={**_NAMESPACES, **old.nsmap},
    )
    root.extend(deepcopy(child) for child in old)
    changed = Node(root)
    if (group := changed.child("Parameters")) is None:
        group = Node(etree.SubElement(root, etree.QName(TT, "Parameters")))
    for name, value in parameters.items():
        text = _text(value)
        found = next((one for one in group if one.attribute("Name") == name), None)
        is_element = (
            found.name == "ElementItem"
            if found is not None
            else known.get(name, text.lstrip().startswith("<"))
        )
        if found is None:
            found = _added(group, name, element=is_element)
        if is_element:
            for inside in list(found.element):
                found.element.remove(inside)
            found.element.append(_element(text, name))
        else:
            found.element.set("Value", text)
    return changed


def _added(group: Node, name: str, *, element: bool) -> Node:
    """Return a new item; simple ones stand before elements."""
    made = etree.Element(etree.QName(TT, "ElementItem" if element else "SimpleItem"), Name=name)
    simple = sum(one.name == "SimpleItem" for one in group)
    group.element.insert(len(group.element) if element else simple, made)
    return Node(made)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return legal(str(value))


def _bare(name: str) -> str:
    """Return a name without its namespace, with a prefix that nobody declared."""
    return name.rpartition("}")[2]


def _element(text: str, name: str) -> etree._Element:
    """Return the element that somebody wrote; prefixes of ONVIF's need not be declared."""
    if len(text) > MAX_WRITTEN or "<!" in text or "<?" in text:
        raise RefusedError(Reason.OUT_OF_RANGE, local(name))
    declared = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in _NAMESPACES.items())
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(f'<x xmlns="{TT}" {declared}>{text}</x>', parser)
    except etree.XMLSyntaxError as err:
        raise RefusedError(Reason.OUT_OF_RANGE, local(name)) from err
    if len(root) != 1 or (root.text or "").strip() or (root[0].tail or "").strip():
        raise RefusedError(Reason.OUT_OF_RANGE, local(name))
    return root[0]
