from datetime import UTC, datetime
from pathlib import Path

import pytest

from custom_components.panacam.cams.errors import ProtocolError
from custom_components.panacam.cams.onvif import notifications
from custom_components.panacam.cams.onvif.messages import Message
from custom_components.panacam.cams.onvif.node import parse
from custom_components.panacam.cams.onvif.notifications import (
    TopicDescription,
    clean_topic,
    read_notifications,
    read_notify,
    read_topics,
)

VECTORS = Path(__file__).parents[2] / "vectors" / "onvif" / "events"


def vector(name: str) -> bytes:
    """Return a document."""
    return (VECTORS / name).read_bytes()


def test_messages() -> None:
    """Topic, operation, source, keys, data and time, however the maker writes them."""
    motion, human = read_notify(vector("notify.xml"))
    assert motion.reference == "http://192.0.2.7/onvif/subscription/4"
    assert motion.message == Message(
        topic="RuleEngine/CellMotionDetector/Motion",
        operation="Changed",
        source={
            "VideoSourceConfigurationToken": "V_SRC_000",
            "VideoAnalyticsConfigurationToken": "VA_000",
            "Rule": "Motionrule",
        },
        keys={"ObjectId": "15"},
        data={"IsMotion": "true"},
        at=datetime(2026, 11, 21, 10, tzinfo=UTC),
    )
    assert human.reference is None
    assert human.message == Message(
        topic="UserAlarm/IVA/HumanShapeDetect", data={"State": "1", "Object": "Human Face"}
    )


@pytest.mark.parametrize(
    "body",
    [b"", b"\0", b"<", b"<!DOCTYPE x><x/>", b"random", bytes(range(256))],
)
def test_no_xml(body: bytes) -> None:
    """What is no XML is a ProtocolError and nothing else."""
    with pytest.raises(ProtocolError):
        read_notify(body)


@pytest.mark.parametrize(
    "body",
    [b"<x/>", b"<Envelope><Body/></Envelope>", b"<Notify/>", b"<Notify><Topic/>text</Notify>"],
)
def test_no_messages(body: bytes) -> None:
    """XML of something else has no messages."""
    assert read_notify(body) == []


def test_every_cut_of_a_document() -> None:
    """A document that ends anywhere is read as far as it goes, or refused."""
    whole = vector("notify.xml")
    for length in range(0, len(whole), 7):
        try:
            found = read_notify(whole[:length])
        except ProtocolError:
            continue
        assert len(found) <= 2


def test_bounds() -> None:
    """Number and length of everything end somewhere."""
    item = f'<SimpleItem Name="{"n" * 500}%d" Value="{"v" * 5000}"/>'
    items = "".join(item % number for number in range(100))
    deep = "<a>" * 60 + "word" + "</a>" * 60
    leaves = "<b>word</b>" * 1000
    elements = (
        f'<ElementItem Name="deep">{deep}</ElementItem>'
        f'<ElementItem Name="wide">{leaves}</ElementItem>'
        f'<ElementItem Name="picture"><Image>{"A" * 4000}</Image></ElementItem>'
    )
    message = (
        f"<NotificationMessage><Topic>{'step/' * 900}</Topic><Message><Message>"
        f"<Source>{items}</Source><Data>{elements}</Data></Message></Message></NotificationMessage>"
    )
    (found,) = read_notifications(parse(f"<Notify>{message}</Notify>".encode()))
    assert len(found.message.topic) <= notifications.MAX_TOPIC
    assert len(found.message.source) <= notifications.MAX_ITEMS
    for name, value in found.message.source.items():
        assert len(name) <= notifications.MAX_NAME
        assert len(value) <= notifications.MAX_VALUE
    assert found.message.data["deep"] == ""
    assert 0 < len(found.message.data["wide"]) <= notifications.MAX_VALUE
    assert found.message.data["picture"] == ""
    small = "<NotificationMessage><Topic>a</Topic><Message/></NotificationMessage>"
    many = parse(f"<Notify>{small * 900}</Notify>".encode())
    assert len(read_notifications(many)) == notifications.MAX_MESSAGES


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("tns1:Device/Trigger/DigitalInput", "Device/Trigger/DigitalInput"),
        (" tns1:Device/tnsa:Trigger//. ", "Device/Trigger"),
        ("Device", "Device"),
        ("", ""),
        (None, ""),
        ("/", ""),
        ("tns1:A\u202e/B\0", "A/B"),
    ],
)
def test_clean_topic(text: str | None, topic: str) -> None:
    """Prefixes, blanks and what cannot be seen go."""
    assert clean_topic(text) == topic


def test_topics() -> None:
    """Each topic with a description is told, above and below others."""
    assert read_topics(parse(vector("topic_set.xml"))) == [
        TopicDescription(
            topic="VideoSource/MotionAlarm",
            is_property=True,
            source={"Source": "ReferenceToken"},
            data={"State": "boolean"},
        ),
        TopicDescription(
            topic="RuleEngine/FieldDetector/ObjectsInside",
            is_property=True,
            source={"VideoSourceConfigurationToken": "ReferenceToken", "Rule": "string"},
            keys={"ObjectId": "integer"},
            data={"IsInside": "boolean", "Object": "Object"},
        ),
        TopicDescription(topic="Horn"),
        TopicDescription(topic="Horn/Blown", data={"Loudness": "float"}),
    ]


def test_topics_are_bounded() -> None:
    """A tree as deep or as wide as it likes is read to some end."""
    described = "<MessageDescription/>"
    deep = "<a>" * 150 + described + "</a>" * 150
    wide = "".join(f"<t{number}>{described}</t{number}>" for number in range(2000))
    items = "".join(f'<SimpleItemDescription Name="i{number}"/>' for number in range(100))
    many = f"<m><MessageDescription><Data>{items}</Data></MessageDescription></m>"
    found = read_topics(parse(f"<r><TopicSet>{deep}{many}{wide}</TopicSet></r>".encode()))
    assert len(found) == notifications.MAX_DESCRIBED
    assert found[0].topic == "m"
    assert len(found[0].data) == notifications.MAX_ITEMS
    assert read_topics(parse(b"<r/>")) == []
