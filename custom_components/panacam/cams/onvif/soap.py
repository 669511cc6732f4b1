"""SOAP 1.2 without a network: requests to bytes, bytes to answers or errors.

Requests are made by zeep after the schemas, which want an order and namespaces; answers are read
by Node, since devices keep to no schema.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
import re
from typing import Any, Final
import uuid

from lxml import etree

from ..errors import AuthError, BusyError, CameraError, ProtocolError, Reason, RefusedError
from ..stream import Credentials
from .definitions import SERVICES, definitions
from .node import Node, declare, parse

type Argument = (
    str | float | bool | timedelta | Node | Mapping[str, Argument] | Sequence[Argument] | None
)
"""Of a request: a value, an object by its children's names, a list of them, or XML as it is."""

MAX_ELEMENTS: Final = 25_000
"""Of an answer; 64 profiles with all they can have, or 300 presets, are some thousands."""

SOAP12: Final = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING: Final = "http://www.w3.org/2005/08/addressing"
_WSSE: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
_ACTIONS: Final = {
    "CreatePullPointSubscription": "EventPortType/CreatePullPointSubscriptionRequest",
    "GetEventProperties": "EventPortType/GetEventPropertiesRequest",
    "PullMessages": "PullPointSubscription/PullMessagesRequest",
    "SetSynchronizationPoint": "PullPointSubscription/SetSynchronizationPointRequest",
    "Seek": "PullPointSubscription/SeekRequest",
}
"""Of the event service, behind its namespace."""
_NOTIFICATION: Final = {
    "Subscribe": "NotificationProducer/SubscribeRequest",
    "Renew": "SubscriptionManager/RenewRequest",
    "Unsubscribe": "SubscriptionManager/UnsubscribeRequest",
}
_NOTIFICATION_ACTION: Final = "http://docs.oasis-open.org/wsn/bw-2/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One operation of one service, with its arguments by name."""

    service: str
    """A key of SERVICES."""
    operation: str
    values: Mapping[str, Argument]
    parameters: Sequence[Node] = ()
    """Reference parameters of a subscription: the camera's own, sent back to it (WS-Addressing)."""

    @property
    def action(self) -> str:
        """Return what SOAP calls it."""
        if self.service == "notification":
            return _NOTIFICATION_ACTION + _NOTIFICATION[self.operation]
        path = self.operation
        if self.service == "events":
            path = _ACTIONS.get(self.operation, f"EventPortType/{path}Request")
        return f"{SERVICES[self.service]}/{path}"


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signs a request, and when by the camera's clock."""

    credentials: Credentials
    at: datetime


def build(request: Request, to: str, signature: Signature | None) -> bytes:
    """Return the envelope of a request. Not in the event loop: it may load the definitions.

    `to` is the address that the camera gave, which events are addressed with. Raises
    RefusedError(OUT_OF_RANGE) for arguments that the schema does not allow.
    """
    envelope = etree.Element(etree.QName(SOAP12, "Envelope"), nsmap={"s": SOAP12})
    header = etree.SubElement(envelope, etree.QName(SOAP12, "Header"))
    if request.service in {"events", "notification"}:
        _address(header, request.action, to)
        for parameter in request.parameters:
            element = deepcopy(parameter.element)
            element.tail = None
            element.set(etree.QName(ADDRESSING, "IsReferenceParameter"), "true")
            header.append(element)
    body = etree.SubElement(envelope, etree.QName(SOAP12, "Body"))
    _fill(body, request)
    if signature is not None:
        _sign(envelope, signature)
    return bytes(etree.tostring(envelope, xml_declaration=True, encoding="utf-8"))


def read(body: bytes, operation: str) -> Node:
    """Return the answer to an operation: its `...Response` element, perhaps empty.

    Raises what a fault means: AuthError, BusyError, RefusedError; ProtocolError for what is no
    SOAP or the answer to something else, TOO_LARGE for more elements than anything needs.
    """
    root = parse(body)
    if sum(1 for _ in islice(root.element.iter(), MAX_ELEMENTS + 1)) > MAX_ELEMENTS:
        raise ProtocolError(Reason.TOO_LARGE, operation)
    content = root.child("Body")
    if root.name != "Envelope" or content is None:
        raise ProtocolError(Reason.UNEXPECTED_REPLY, operation)
    if (fault := content.child("Fault")) is not None:
        raise fault_error(fault, operation)
    answer = next(iter(content), None)
    if answer is None or answer.name != f"{operation}Response":
        raise ProtocolError(Reason.UNEXPECTED_REPLY, operation)
    return answer


def _address(header: Any, action: str, to: str) -> None:
    for name, text in (
        ("Action", action),
        ("MessageID", f"urn:uuid:{uuid.uuid4()}"),
        ("To", to),
    ):
        etree.SubElement(
            header, etree.QName(ADDRESSING, name), nsmap={"wsa": ADDRESSING}
        ).text = text


def _fill(body: Any, request: Request) -> None:
    """Put the operation into the body, in the order of its schema."""
    from zeep.exceptions import Error  # noqa: PLC0415 - as in definitions

    element = definitions().request(request.service, request.operation)
    root = etree.SubElement(body, etree.QName(element.qname.namespace, element.qname.localname))
    known = dict(element.type.elements)
    if unknown := request.values.keys() - known:
        raise KeyError(*sorted(unknown))  # a mistake of ours
    for name, child in known.items():
        value = request.values.get(name)
        if value is None and child.is_optional:
            continue
        items = value if child.accepts_multiple and isinstance(value, list | tuple) else [value]
        for item in items:
            if isinstance(item, Node):
                _insert(root, child.qname, item)
                continue
            try:
                # One at a time; zeep's own elements want lists of those that may be several.
                child.render(root, [item] if child.accepts_multiple else item)
            except (Error, ValueError, TypeError, AttributeError) as err:
                raise RefusedError(Reason.OUT_OF_RANGE, request.operation) from err


def _insert(root: Any, qname: Any, node: Node) -> None:
    """Send back what the camera sent, under the name that the request has for it."""
    element = deepcopy(node.element)
    element.tag = etree.QName(qname.namespace, qname.localname)
    element.tail = None
    declare(element)
    root.append(element)


def _sign(envelope: Any, signature: Signature) -> None:
    from zeep.wsse.username import UsernameToken  # noqa: PLC0415 - as in definitions

    at = signature.at.astimezone(UTC).replace(microsecond=0)
    UsernameToken(
        signature.credentials.username,
        signature.credentials.password,
        use_digest=True,
        created=at.replace(tzinfo=None),
        zulu_timestamp=True,
    ).apply(envelope, {})
    security = envelope.find(f".//{{{_WSSE}}}Security")
    security.set(etree.QName(SOAP12, "mustUnderstand"), "true")


type _Meaning = tuple[type[CameraError], Reason]

_MEANINGS: Final[Mapping[_Meaning, str]] = {
    (AuthError, Reason.WRONG_CREDENTIALS): (
        "NotAuthorized FailedAuthentication InvalidSecurity InvalidSecurityToken"
    ),
    (RefusedError, Reason.FIXED): (
        "DeletionOfFixedProfile CannotOverwriteHome FixedModules FixedRules Fixed"
        " TypeChangeProhibited"
    ),
    (RefusedError, Reason.FULL): (
        "MaxNVTProfiles MaxProfiles MaxMasks MaxOSDs TooManyPresets TooManyPresetTours"
        " TooManyRules TooManyModules TooManySubscriptions"
    ),
    (RefusedError, Reason.CONFLICT): (
        "ConfigurationConflict ProfileExists PresetExist RuleAlreadyExistent"
        " RuleNameAlreadyExistent NameAlreadyExistent"
    ),
    (BusyError, Reason.BUSY): (
        "OutofMemory MaximumNumberReached MovingPTZ PTZMovePermission ConcurrentAccess"
    ),
    (RefusedError, Reason.UNSUPPORTED): (
        "ActionNotSupported OptionalActionNotImplemented NotImplemented NotSupported"
        " MustUnderstand NoSuchService UnknownAction NoPTZProfile NoHomePosition NoStatus"
        " NoImagingForSource NoVideoSourceMode RuleNotSupported AudioNotSupported"
        " GeoMoveNotSupported PresetsNotSupported SpaceNotSupported"
    ),
    (RefusedError, Reason.NOT_FOUND): (
        "InvalidMask RuleNotExistent NameNotExistent InvalidPosition RelayToken"
    ),
}
"""What the subcodes of faults mean (the clauses' fault tables, and ONVIF Core)."""
_BY_WORD: Final = {word: meaning for meaning, words in _MEANINGS.items() for word in words.split()}
_NO_SUCH: Final = re.compile(r"No[A-Z]\w*")
_INVALID: Final = re.compile(r"(Invalid|Settings|Config)\w*")
_IN_WORDS: Final[Mapping[str, _Meaning]] = {
    "not authorized": (AuthError, Reason.WRONG_CREDENTIALS),
    "unauthorized": (AuthError, Reason.WRONG_CREDENTIALS),
    "not implemented": (RefusedError, Reason.UNSUPPORTED),
    "not supported": (RefusedError, Reason.UNSUPPORTED),
}


def fault_error(fault: Node, operation: str) -> CameraError:
    """Return what a SOAP fault means, of version 1.2 or 1.1; the most special code decides."""
    error, reason = _meaning(fault)
    return error(reason, operation)


def _meaning(fault: Node) -> _Meaning:
    for code in reversed(_codes(fault)):
        # Prefixes are not always declared.
        word = code.rpartition(":")[2].strip()
        if word in _BY_WORD:
            return _BY_WORD[word]
        if _NO_SUCH.fullmatch(word):
            return RefusedError, Reason.NOT_FOUND
        if _INVALID.fullmatch(word):
            return RefusedError, Reason.OUT_OF_RANGE
    said = (fault.text("Reason", "Text") or fault.text("faultstring") or "").casefold()
    return next(
        (meaning for words, meaning in _IN_WORDS.items() if words in said),
        (RefusedError, Reason.REFUSED),
    )


def _codes(fault: Node) -> list[str]:
    """Return the codes of a fault, from general to special, at most a few."""
    found: list[str] = []
    code = fault.child("Code")
    while code is not None and len(found) < 6:
        found += filter(None, [code.text("Value")])
        code = code.child("Subcode")
    return found or list(filter(None, [fault.text("faultcode")]))
