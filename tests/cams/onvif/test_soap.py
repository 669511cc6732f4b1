import base64
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
import hashlib
from xml.etree import ElementTree as ET

import pytest

from custom_components.panacam.cams.errors import (
    AuthError,
    BusyError,
    CameraError,
    ProtocolError,
    Reason,
    RefusedError,
)
from custom_components.panacam.cams.onvif.node import parse
from custom_components.panacam.cams.onvif.soap import (
    MAX_ELEMENTS,
    Argument,
    Request,
    Signature,
    build,
    fault_error,
    read,
)
from custom_components.panacam.cams.stream import Credentials

S = "{http://www.w3.org/2003/05/soap-envelope}"
PTZ = "{http://www.onvif.org/ver20/ptz/wsdl}"
TT = "{http://www.onvif.org/ver10/schema}"
WSSE = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd}"
WSU = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd}"
WSA = "{http://www.w3.org/2005/08/addressing}"


def body_of(service: str, operation: str, **values: Argument) -> ET.Element:
    """Return the first element of a request's body, as another reader sees it."""
    request = Request(service=service, operation=operation, values=values)
    found = ET.fromstring(build(request, "http://cam/x", None)).find(f"{S}Body")
    assert found is not None
    assert len(found) == 1
    return found[0]


def test_order_and_namespaces() -> None:
    """Arguments are written in the schema's order, whatever order they came in."""
    move = body_of(
        "ptz",
        "ContinuousMove",
        Timeout=timedelta(seconds=2.5),
        Velocity={"Zoom": {"x": 1}, "PanTilt": {"x": 0.5, "y": -1}},
        ProfileToken="p 1",
    )
    assert move.tag == f"{PTZ}ContinuousMove"
    assert [child.tag for child in move] == [
        f"{PTZ}ProfileToken",
        f"{PTZ}Velocity",
        f"{PTZ}Timeout",
    ]
    assert [child.tag for child in move[1]] == [f"{TT}PanTilt", f"{TT}Zoom"]
    assert move[1][0].attrib == {"x": "0.5", "y": "-1"}
    assert move[0].text == "p 1"
    assert move[2].text == "PT2.5S"


def test_lists_and_options() -> None:
    """What may be there several times is; what is not given is not."""
    profiles = body_of("media2", "GetProfiles", Type=["All", "PTZ"])
    assert [child.text for child in profiles] == ["All", "PTZ"]
    assert len(body_of("media2", "GetProfiles")) == 0
    assert [child.text for child in body_of("media2", "GetProfiles", Type="All")] == ["All"]


def test_own_definitions() -> None:
    """What onvif-zeep-async does not define is there, too."""
    assert body_of("ptz", "GeoMove", ProfileToken="p", Target={"lon": 1.5, "lat": 2})[1].attrib == {
        "lon": "1.5",
        "lat": "2",
    }
    assert body_of("imaging", "SetCurrentPreset", VideoSourceToken="v", PresetToken="p")
    points: list[Argument] = [{"x": x, "y": 0.5} for x in (-1, 0, 1)]
    mask = body_of(
        "media2",
        "CreateMask",
        Mask={
            "ConfigurationToken": "c",
            "Polygon": {"Point": points},
            "Type": "Color",
            "Enabled": True,
        },
    )
    assert mask[0][3].text == "true"


def test_whole_configurations() -> None:
    """What a camera sent goes back as it came, under the request's name."""
    sent = parse(
        b"<a:ImagingSettings xmlns:a='urn:a' xmlns:v='urn:v' v:x='1'>"
        b"<v:Own>2</v:Own></a:ImagingSettings>"
    )
    request = body_of(
        "imaging",
        "SetImagingSettings",
        VideoSourceToken="s",
        ImagingSettings=sent,
        ForcePersistence=True,
    )
    assert [child.tag.rpartition("}")[2] for child in request] == [
        "VideoSourceToken",
        "ImagingSettings",
        "ForcePersistence",
    ]
    assert request[1].tag.startswith("{http://www.onvif.org/ver20/imaging/wsdl}")
    assert request[1][0].tag == "{urn:v}Own"
    assert request[1].attrib == {"{urn:v}x": "1"}


def test_wrong_values() -> None:
    """What the schema does not allow is the caller's mistake; an unknown name is ours."""
    with pytest.raises(RefusedError) as error:
        body_of("media2", "CreateMask", Mask={"Polygon": {"Point": []}})
    assert error.value.reason is Reason.OUT_OF_RANGE
    with pytest.raises(KeyError):
        body_of("ptz", "ContinuousMove", Profile="p")
    with pytest.raises(KeyError):
        body_of("ptz", "Fly")


def test_signature() -> None:
    """The digest is of nonce, time and password (WS-Security UsernameToken Profile)."""
    at = datetime(2026, 1, 2, 3, 4, 5, 678, UTC)
    request = Request(service="device", operation="GetScopes", values={})
    envelope = ET.fromstring(
        build(request, "http://cam/x", Signature(Credentials("admin", "Käse/7"), at))
    )
    security = envelope.find(f"{S}Header/{WSSE}Security")
    assert security is not None
    assert security.attrib == {f"{S}mustUnderstand": "true"}
    token = security[0]
    created = token.findtext(f"{WSU}Created")
    assert token.findtext(f"{WSSE}Username") == "admin"
    assert created == "2026-01-02T03:04:05Z"
    nonce = base64.b64decode(token.findtext(f"{WSSE}Nonce") or "")
    wanted = hashlib.sha1(nonce + created.encode() + "Käse/7".encode()).digest()  # noqa: S324
    assert base64.b64decode(token.findtext(f"{WSSE}Password") or "") == wanted
    assert len(nonce) >= 16


@pytest.mark.parametrize(
    ("service", "operation", "action"),
    [
        (
            "events",
            "PullMessages",
            "http://www.onvif.org/ver10/events/wsdl/PullPointSubscription/PullMessagesRequest",
        ),
        (
            "events",
            "GetServiceCapabilities",
            "http://www.onvif.org/ver10/events/wsdl/EventPortType/GetServiceCapabilitiesRequest",
        ),
        (
            "notification",
            "Renew",
            "http://docs.oasis-open.org/wsn/bw-2/SubscriptionManager/RenewRequest",
        ),
        ("ptz", "Stop", "http://www.onvif.org/ver20/ptz/wsdl/Stop"),
    ],
)
def test_actions(service: str, operation: str, action: str) -> None:
    """SOAP's name of an operation is made of port and message for events only."""
    assert Request(service=service, operation=operation, values={}).action == action


def test_addressing() -> None:
    """Events are addressed by WS-Addressing, to the address that the camera gave."""
    values: Mapping[str, Argument] = {"Timeout": timedelta(seconds=30), "MessageLimit": 10}
    request = Request(service="events", operation="PullMessages", values=values)
    header = ET.fromstring(build(request, "http://10.0.0.1/sub?id=1&x", None)).find(f"{S}Header")
    assert header is not None
    assert header.findtext(f"{WSA}To") == "http://10.0.0.1/sub?id=1&x"
    assert header.findtext(f"{WSA}Action") == request.action
    assert (header.findtext(f"{WSA}MessageID") or "").startswith("urn:uuid:")


def envelope(content: str) -> bytes:
    """Return hand-made SOAP."""
    return (
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"'
        ' xmlns:ter="http://www.onvif.org/ver10/error">'
        f"<s:Body>{content}</s:Body></s:Envelope>"
    ).encode()


def fault(*codes: str, text: str = "") -> str:
    """Return a fault of SOAP 1.2 with codes from general to special."""
    code = ""
    for number, word in enumerate(reversed(codes)):
        name = "Code" if number == len(codes) - 1 else "Subcode"
        code = f"<s:{name}><s:Value>{word}</s:Value>{code}</s:{name}>"
    reason = f'<s:Reason><s:Text xml:lang="en">{text}</s:Text></s:Reason>'
    return f"<s:Fault>{code}{reason}</s:Fault>"


def test_answers() -> None:
    """An answer is the one to what was asked; an empty one is an answer."""
    assert read(envelope("<GetScopesResponse/>"), "GetScopes").name == "GetScopesResponse"
    for content in ("", "<GetHostnameResponse/>", "<GetScopes/>"):
        with pytest.raises(ProtocolError):
            read(envelope(content), "GetScopes")
    for body in (b"<html/>", b"<Envelope/>", b"{}", b"<Body><GetScopesResponse/></Body>"):
        with pytest.raises(ProtocolError):
            read(body, "GetScopes")


@pytest.mark.parametrize(
    ("codes", "text", "error", "reason"),
    [
        (("s:Sender", "ter:NotAuthorized"), "", AuthError, Reason.WRONG_CREDENTIALS),
        (("s:Sender", "wsse:FailedAuthentication"), "", AuthError, Reason.WRONG_CREDENTIALS),
        (("s:Sender",), "Sender not Authorized", AuthError, Reason.WRONG_CREDENTIALS),
        (("s:Receiver", "ter:ActionNotSupported"), "", RefusedError, Reason.UNSUPPORTED),
        (("s:MustUnderstand",), "", RefusedError, Reason.UNSUPPORTED),
        (("s:Receiver",), "Optional Action Not Implemented", RefusedError, Reason.UNSUPPORTED),
        (("s:Sender", "ter:InvalidArgVal"), "", RefusedError, Reason.OUT_OF_RANGE),
        (
            ("s:Sender", "ter:InvalidArgVal", "ter:NoProfile"),
            "",
            RefusedError,
            Reason.NOT_FOUND,
        ),
        (
            ("s:Sender", "ter:InvalidArgVal", "ter:SettingsInvalid"),
            "",
            RefusedError,
            Reason.OUT_OF_RANGE,
        ),
        (
            ("s:Receiver", "ter:Action", "ter:MaxNVTProfiles"),
            "",
            RefusedError,
            Reason.FULL,
        ),
        (
            ("s:Sender", "ter:Action", "ter:DeletionOfFixedProfile"),
            "",
            RefusedError,
            Reason.FIXED,
        ),
        (
            ("s:Receiver", "ter:Action", "ter:ConfigurationConflict"),
            "",
            RefusedError,
            Reason.CONFLICT,
        ),
        (("s:Receiver", "ter:OutofMemory"), "", BusyError, Reason.BUSY),
        (("s:Receiver", "ter:Action"), "anything", RefusedError, Reason.REFUSED),
        ((), "", RefusedError, Reason.REFUSED),
    ],
)
def test_faults(
    codes: tuple[str, ...], text: str, error: type[CameraError], reason: Reason
) -> None:
    """The most special code decides; without one the words do."""
    with pytest.raises(CameraError) as raised:
        read(envelope(fault(*codes, text=text)), "Thing")
    assert type(raised.value) is error
    assert raised.value.reason is reason
    assert text not in str(raised.value) or not text


def test_old_faults() -> None:
    """SOAP 1.1 has one code."""
    found = parse(
        b"<Fault><faultcode>ter:NotAuthorized</faultcode><faultstring>no</faultstring></Fault>"
    )
    assert isinstance(fault_error(found, "Thing"), AuthError)
    found = parse(b"<Fault><faultstring>Not supported here</faultstring></Fault>")
    assert fault_error(found, "Thing").reason is Reason.UNSUPPORTED


def test_too_many_elements() -> None:
    """An answer of more elements than anything needs is none, however few bytes they are."""
    some = "<x/>" * (MAX_ELEMENTS - 10)
    assert read(envelope(f"<GetPresetsResponse>{some}</GetPresetsResponse>"), "GetPresets")
    many = "<x/>" * MAX_ELEMENTS
    with pytest.raises(ProtocolError) as raised:
        read(envelope(f"<GetPresetsResponse>{many}</GetPresetsResponse>"), "GetPresets")
    assert raised.value.reason is Reason.TOO_LARGE


def test_sent_back_with_undeclared_prefix() -> None:
    """A configuration whose prefixes a device forgot to declare goes back with them declared."""
    node = parse(
        b"<tt:Thing token='1'><tt:Name>x</tt:Name><tt:Encoding>H264</tt:Encoding></tt:Thing>"
    )
    body = body_of("media2", "SetVideoEncoderConfiguration", Configuration=node)
    assert body.find(f".//{TT}Encoding") is not None
