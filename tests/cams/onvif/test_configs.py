from lxml import etree
import pytest

from custom_components.panacam.cams.errors import Reason, RefusedError
from custom_components.panacam.cams.onvif import configs
from custom_components.panacam.cams.onvif.configs import (
    build,
    change,
    described_type,
    option_of,
    parameters_of,
    read_parameters,
)
from custom_components.panacam.cams.onvif.node import Node, parse

KIND = parse(
    b'<tt:RuleDescription xmlns:tt="http://www.onvif.org/ver10/schema" xmlns:v="urn:v"'
    b' Name="v:Barrier"><tt:Parameters>'
    b'<tt:SimpleItemDescription Name="Direction" Type="tt:Direction"/>'
    b'<tt:ElementItemDescription Name="Segments" Type="tt:Polyline"/>'
    b"<tt:Extension/></tt:Parameters></tt:RuleDescription>"
)
RULE = parse(
    b'<e xmlns:q="http://www.onvif.org/ver10/schema" xmlns:v="urn:v"'
    b' xmlns:a="http://www.onvif.org/ver20/analytics/wsdl">'
    b'<a:Rule Name="Door" Type="v:Barrier" v:own="kept"><q:Parameters>'
    b'<q:SimpleItem Name="Direction" Value="Any"/>'
    b'<q:ElementItem Name="Segments"><q:Polyline><q:Point x="0" y="0"/></q:Polyline>'
    b"</q:ElementItem>"
    b"</q:Parameters></a:Rule></e>"
).child("Rule")
LINE = '<Polyline><Point x="0.5" y="-1"/></Polyline>'


def sent(node: Node) -> Node:
    """Return an element as it is after it was sent: nothing around it any more."""
    return parse(etree.tostring(node.element))


def test_read() -> None:
    """Parameters are texts, elements are XML of their own."""
    assert RULE is not None
    found = read_parameters(RULE)
    assert found["Direction"] == "Any"
    assert parse(found["Segments"].encode()).child("Point") is not None
    assert described_type(KIND) == [
        {"name": "Direction", "type": "tt:Direction", "element": False},
        {"name": "Segments", "type": "tt:Polyline", "element": True},
    ]
    assert parameters_of(None) == {}


def test_build() -> None:
    """A new rule has the kind as the device writes it, its prefix declared."""
    made = build("Rule", "Gate", "Barrier", KIND, {"Direction": "Left", "Segments": LINE})
    node = sent(made)
    assert node.element.nsmap["v"] == "urn:v"
    assert (node.attribute("Name"), node.attribute("Type")) == ("Gate", "v:Barrier")
    first, second = list(node.child("Parameters") or ())
    assert (first.name, first.attribute("Value")) == ("SimpleItem", "Left")
    assert second.name == "ElementItem"
    point = second.child("Polyline", "Point")
    assert point is not None
    assert point.element.tag == f"{{{configs.TT}}}Point"
    assert (point.attribute("x"), point.attribute("y")) == ("0.5", "-1")


def test_build_without_description() -> None:
    """A kind that nobody described is ONVIF's own; another prefix means nothing."""
    made = sent(
        build("Rule", "Gate", "LineDetector", None, {"Segments": f" {LINE}", "Armed": True})
    )
    assert made.attribute("Type") == "tt:LineDetector"
    assert [item.name for item in made.child("Parameters") or ()] == ["SimpleItem", "ElementItem"]
    with pytest.raises(RefusedError) as caught:
        build("Rule", "Gate", "w:Barrier", None, {})
    assert caught.value.reason is Reason.OUT_OF_RANGE


def test_change() -> None:
    """What is not named stays as the device wrote it; its prefixes go along."""
    assert RULE is not None
    made = change(RULE, {"Direction": 3.0, "Segments": LINE, "Speed": 0.5}, {})
    node = sent(made)
    assert node.attribute("Type") == "v:Barrier"
    assert node.attribute("own") == "kept"
    assert node.element.nsmap["v"] == "urn:v"
    assert node.items("Parameters") == {"Direction": "3", "Speed": "0.5"}
    names = [item.name for item in node.child("Parameters") or ()]
    assert names == ["SimpleItem", "SimpleItem", "ElementItem"]
    (element,) = node.children("Parameters", "ElementItem")
    assert [child.name for child in element] == ["Polyline"]
    assert RULE.items("Parameters") == {"Direction": "Any"}
    bare = change(parse(b'<Rule Name="x"/>'), {"On": False}, {"On": False})
    assert bare.items("Parameters") == {"On": "false"}


@pytest.mark.parametrize(
    "text",
    [
        "<Polyline>",
        "no element",
        "",
        "<a/><b/>",
        "<a/>text",
        "text<a/>",
        "</x><y>",
        '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]><a>&b;</a>',
        "<?xml version='1.0'?><a/>",
        "<unknown:a/>",
        "<a>" + "x" * configs.MAX_WRITTEN + "</a>",
    ],
)
def test_what_is_no_element(text: str) -> None:
    """What people write wrongly is refused, and not repaired."""
    with pytest.raises(RefusedError) as caught:
        build("Rule", "Gate", "tt:LineDetector", KIND, {"Segments": text})
    assert caught.value.reason is Reason.OUT_OF_RANGE


@pytest.mark.parametrize(
    ("inside", "option"),
    [
        ("<IntRange><Min>1</Min><Max>9</Max></IntRange>", {"minimum": "1", "maximum": "9"}),
        ("<StringList>Left Right</StringList>", ["Left", "Right"]),
        ("<StringItems><Item>a b</Item><Item>c</Item></StringItems>", ["a b", "c"]),
        ("<IntList><Items>1</Items></IntList>", ["1"]),
        ("<Other><Min>1</Min><More/></Other>", "<Other><Min>1</Min><More/></Other>"),
        ("<Empty/>", []),
        ("", None),
    ],
)
def test_options(inside: str, option: object) -> None:
    """Ranges and lists are told as such, the rest as it is."""
    assert option_of(parse(f"<Options>{inside}</Options>".encode())) == option


def test_change_of_undeclared_prefixes() -> None:
    """A rule that came with prefixes that nobody declared can be changed all the same."""
    rule = parse(
        b"<tan:Rule Name='r' Type='tt:Line' x:odd='1'><tt:Parameters>"
        b"<tt:SimpleItem Name='a' Value='1'/></tt:Parameters></tan:Rule>"
    )
    changed = configs.change(rule, {"a": "2\x01", "b": 3}, {})
    assert changed.items("Parameters") == {"a": "2", "b": "3"}
    assert changed.attribute("Type") == "tt:Line"
    assert parse(etree.tostring(changed.element)).name == "Rule"
