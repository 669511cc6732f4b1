"""SOAP envelopes: reading what came, writing what goes."""

from collections.abc import Iterator
from dataclasses import dataclass
import re
from typing import Any, Final
from xml.etree.ElementTree import Element, ParseError, XMLPullParser

from .auth import WSSE
from .quirks import Quirk
from .service import NAMESPACES, PREFIXES, SoapFault, child, escape

CONTENT_TYPE: Final = "application/soap+xml; charset=utf-8"
_SOAP_11: Final = "http://schemas.xmlsoap.org/soap/envelope/"
_NAMES: Final = {"Type", "RuleType"}
"""Attributes and elements that are names of types."""
_NAME: Final = re.compile(r"([\w.-]+):([\w.-]+)")
_DECLARED: Final = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())


@dataclass(frozen=True, slots=True)
class Call:
    """One request, taken apart."""

    namespace: str
    operation: str
    body: Element
    """The operation's element."""
    security: Element | None
    must_understand: bool
    """Of the Security header."""
    message_id: str | None


def read(data: bytes) -> Call:
    """Take an envelope apart; a fault for what is none."""
    try:
        envelope = _parse(data)
    except ParseError:
        raise SoapFault("Sender", ("WellFormed",), "not well-formed") from None
    body = child(envelope, "s:Body")
    if body is None or len(body) != 1:
        raise SoapFault("Sender", ("InvalidArgs",), "no body")
    namespace, _, operation = body[0].tag.rpartition("}")
    security = envelope.find(f"{{{NAMESPACES['s']}}}Header/{{{WSSE}}}Security")
    must = None if security is None else security.get(f"{{{NAMESPACES['s']}}}mustUnderstand")
    message = child(envelope, "s:Header/wsa:MessageID")
    return Call(
        namespace.removeprefix("{"),
        operation,
        body[0],
        security,
        must in ("1", "true"),
        None if message is None else message.text,
    )


def _parse(data: bytes) -> Element:
    """Parse, and give the names that stand in values (`Type="ns0:Rule"`) our own prefixes."""
    parser: XMLPullParser[Element] = XMLPullParser(("start", "end", "start-ns", "end-ns"))
    parser.feed(data)
    parser.close()
    scopes: list[tuple[str, str]] = []
    root: Element | None = None
    events: Iterator[tuple[str, Any]] = parser.read_events()  # type: ignore[assignment]
    for event, found in events:
        if event == "start-ns":
            scopes.append(found)
        elif event == "end-ns":
            scopes.pop()
        else:
            root = found if root is None else root
            _rename(found, dict(scopes), ended=event == "end")
    assert root is not None
    return root


def _rename(found: Element, scope: dict[str, str], *, ended: bool) -> None:
    if not ended:
        for name in _NAMES & found.attrib.keys():
            found.set(name, _renamed(found.attrib[name], scope))
    elif found.tag.rpartition("}")[2] in _NAMES and found.text:
        found.text = _renamed(found.text, scope)


def _renamed(value: str, scope: dict[str, str]) -> str:
    match = _NAME.fullmatch(value.strip())
    if match is None:
        return value
    return f"{PREFIXES.get(scope.get(match[1], ''), 'unknown')}:{match[2]}"


def envelope(body: str, message_id: str | None = None, action: str = "") -> str:
    """Write an envelope around `body`; with WS-Addressing when the request had it."""
    header = ""
    if message_id is not None:
        header = (
            f"<s:Header><wsa:RelatesTo>{escape(message_id)}</wsa:RelatesTo>"
            f"<wsa:Action>{escape(action)}</wsa:Action></s:Header>"
        )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<s:Envelope {_DECLARED}>'
        f"{header}<s:Body>{body}</s:Body></s:Envelope>"
    )


def response(prefix: str, operation: str, inside: str) -> str:
    """Write the element that answers `operation`."""
    return f"<{prefix}:{operation}Response>{inside}</{prefix}:{operation}Response>"


def fault(problem: SoapFault, *, prefix: str = "ter") -> str:
    """Write a fault; a `prefix` of one's own is declared nowhere."""
    subcode = ""
    for name in reversed(problem.subcodes):
        subcode = f"<s:Subcode><s:Value>{prefix}:{name}</s:Value>{subcode}</s:Subcode>"
    detail = f"<s:Detail>{problem.detail}</s:Detail>" if problem.detail else ""
    return (
        f"<s:Fault><s:Code><s:Value>s:{problem.code}</s:Value>{subcode}</s:Code>"
        f'<s:Reason><s:Text xml:lang="en">{escape(problem.reason)}</s:Text></s:Reason>'
        f"{detail}</s:Fault>"
    )


def encode(document: str, quirks: set[Quirk]) -> bytes:
    """Give the bytes of an envelope in this camera's way."""
    if Quirk.SOAP_11 in quirks:
        document = document.replace(NAMESPACES["s"], _SOAP_11)
    return document.encode("latin-1" if Quirk.LATIN_1 in quirks else "utf-8", "replace")
