from datetime import timedelta

from lxml import etree
import pytest

from custom_components.panacam.cams.errors import ProtocolError, Reason
from custom_components.panacam.cams.onvif import node
from custom_components.panacam.cams.onvif.configuration import insert
from custom_components.panacam.cams.onvif.node import (
    MAX_CHILDREN,
    MAX_TEXT,
    SCHEMA,
    Node,
    declare,
    namespace_of,
    parse,
)

PRESETS = b"""<?xml version="1.0" encoding="utf-8"?>
<tptz:GetPresetsResponse xmlns:tptz="http://www.onvif.org/ver20/ptz/wsdl"
 xmlns:tt="http://www.onvif.org/ver10/schema">
 <!-- two of them --><tptz:Preset token="1"><tt:Name> Gate </tt:Name>
  <tt:PTZPosition><tt:PanTilt x="0.5" y="-1"/></tt:PTZPosition></tptz:Preset>
 <tptz:Preset token="2"><tt:Name/></tptz:Preset>
</tptz:GetPresetsResponse>"""


def test_reading() -> None:
    """Names count without their namespaces."""
    root = parse(PRESETS)
    first, second = root.children("Preset")
    assert root.name == "GetPresetsResponse"
    assert [child.name for child in root] == ["Preset", "Preset"]
    assert first.attribute("token") == "1"
    assert first.text("Name") == "Gate"
    assert second.text("Name") is None
    assert first.text("Nothing") is None
    assert first.text("PTZPosition", "PanTilt") is None
    assert (position := first.child("PTZPosition", "PanTilt")) is not None
    assert position.attribute("x") == "0.5"
    assert position.attribute("z") is None
    assert root.child("Preset", "Name", "Deeper") is None
    assert root.children("Nothing", "Preset") == []
    assert len(root.children("Preset", "PTZPosition")) == 1


def test_undeclared_prefix() -> None:
    """What a device forgot to declare is read as if it had."""
    root = parse(b"<a:Envelope><a:Body><tds:Thing t:token='7'>x</tds:Thing></a:Body></a:Envelope>")
    assert root.name == "Envelope"
    assert root.text("Body", "Thing") == "x"
    thing = root.child("Body", "Thing")
    assert thing is not None
    assert thing.attribute("token") == "7"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"not XML at all",
        b"\x00\xff\xfe",
        b'<!DOCTYPE html><html lang="en"></html>',
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b'<?xml version="1.0"?><!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'.encode(
            "utf-16"
        ),
        b'<!doctype x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>',
    ],
)
def test_rubbish(body: bytes) -> None:
    """Neither rubbish nor a document type comes through."""
    with pytest.raises(ProtocolError) as error:
        parse(body)
    assert error.value.reason is Reason.UNEXPECTED_REPLY


def test_every_cut() -> None:
    """A document that ends anywhere is an error or is read as far as it goes."""
    for end in range(len(PRESETS)):
        try:
            root = parse(PRESETS[:end])
        except ProtocolError:
            continue
        for preset in root.children("Preset"):
            assert preset.text("Name") in {None, "G", "Ga", "Gat", "Gate"}


def test_bounds() -> None:
    """Neither a long text nor many elements are passed on."""
    many = b"<r>" + b"<c/>" * (MAX_CHILDREN + 5) + b"</r>"
    assert len(parse(many).children("c")) == MAX_CHILDREN
    long = b"<r a='" + b"x" * 9000 + b"'>" + b"y" * 9000 + b"</r>"
    root = parse(long)
    assert len(root.text() or "") == MAX_TEXT
    assert len(root.attribute("a") or "") == MAX_TEXT
    assert len(root.whole_text() or "") == 9000
    assert root.whole_text("no") is None


@pytest.mark.parametrize(
    ("text", "value"),
    [("1.5", 1.5), (" -2 ", -2.0), ("1e3", 1000.0), ("INF", None), ("nan", None), ("", None)],
)
def test_numbers(text: str, value: float | None) -> None:
    """A number is a finite one."""
    assert parse(f"<r><n>{text}</n></r>".encode()).number("n") == value


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("1", True), ("ON", True), ("false", False), ("off", False), ("maybe", None)],
)
def test_flags(text: str, value: bool | None) -> None:
    """Devices say yes in several ways."""
    assert parse(f"<r><n>{text}</n></r>".encode()).flag("n") is value


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("PT10S", 10),
        ("PT1M0.5S", 60.5),
        ("P1DT2H", 93600),
        ("-PT1S", -1),
        ("P99999999D", 1000 * 86400),
        ("P1Y2M", 0),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    """Days and less are told."""
    assert parse(f"<r><n>{text}</n></r>".encode()).duration("n") == timedelta(seconds=seconds)
    assert node.as_duration("10 s") is None
    assert node.as_duration(None) is None


def test_changing() -> None:
    """A copy is changed and the original is not; what is unknown stays in it."""
    root = parse(b"<s xmlns='urn:x'><Brightness>5</Brightness><v:Own xmlns:v='urn:v'>1</v:Own></s>")
    changed = root.copy()
    changed.put("Brightness", text="7")
    changed.put("Focus", "Mode", text="AUTO")
    changed.drop("Nothing")
    assert root.text("Brightness") == "5"
    assert changed.number("Brightness") == 7
    assert changed.text("Focus", "Mode") == "AUTO"
    assert changed.text("Own") == "1"
    assert (focus := changed.child("Focus")) is not None
    assert focus.element.tag == "{urn:x}Focus"
    changed.drop("Focus")
    assert changed.child("Focus") is None
    changed.drop()
    assert changed.text("Brightness") == "7"


def test_items() -> None:
    """SimpleItems are a mapping; one without a name is none."""
    root = parse(
        b"<M><Data><SimpleItem Name='State' Value='true'/><SimpleItem Value='x'/>"
        b"<SimpleItem Name='Empty'/></Data></M>"
    )
    assert root.items("Data") == {"State": "true", "Empty": ""}
    assert root.items("Key") == {}
    assert isinstance(root, Node)


@pytest.mark.parametrize(
    "bad", ["&#1;", "&#x1f;", "&#xFFFF;", "&#xD800;", "&#57343;", "&#x110000;", "&#0;"]
)
def test_illegal_characters(bad: str) -> None:
    """What XML cannot have is left out of what is read, or nobody could write it again."""
    root = parse(f"<a b='x{bad}y'>x{bad}y</a>".encode())
    assert root.text() == root.whole_text() == root.attribute("b") == "xy"
    root.put("c", text="1\x022")
    assert parse(bytes(etree.tostring(root.element))).text("c") == "12"


@pytest.mark.parametrize("bad", ["\x01", "&#xD800;", "&#1;"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_illegal_characters_as_they_are(bad: str, encoding: str) -> None:
    """However they are written, what is read can be written again."""
    root = parse(f"<a b='x{bad}y'>x{bad}y</a>".encode(encoding))
    for text in (root.text(), root.whole_text(), root.attribute("b")):
        root.put("c", text=text or "")
        root.element.set("d", text or "")


def test_legal_characters() -> None:
    """Everything else is left alone."""
    assert (
        parse("<a>ü\t\n\u2028\U0001f600\ue000</a>".encode()).text() == "ü\t\n\u2028\U0001f600\ue000"
    )


def test_change_with_undeclared_prefix() -> None:
    """What is put beside elements whose prefix nobody declared is in the schemas' namespace."""
    root = parse(
        b"<tt:Encoder><tt:RateControl><tt:Limit>1</tt:Limit></tt:RateControl></tt:Encoder>"
    )
    root.put("RateControl", "EncodingInterval", text="2")
    insert(root, "H264", ("RateControl",)).put("GovLength", text="3")
    declare(root.element)
    wanted = [
        f"{{{SCHEMA}}}{name}"
        for name in ("Encoder", "H264", "GovLength", "RateControl", "Limit", "EncodingInterval")
    ]
    assert [element.tag for element in root.element.iter()] == wanted


def test_namespaces() -> None:
    """An element is put into that of its parent."""
    root = parse(b"<a xmlns='urn:x' xmlns:y='urn:y'><y:b/><c/></a>")
    assert [namespace_of(element) for element in root.element.iter()] == ["urn:x", "urn:y", "urn:x"]
    assert namespace_of(parse(b"<a/>").element) is None
