"""The requests about the network, HTTPS and the system log (4.6, 5.10, 5.11, 7), one row each.

Whoever sends one that moves the camera has to look for it afterwards.
"""

from dataclasses import replace
from types import MappingProxyType
from typing import Final

from .wire import Access, Command, OneOf, Parameter, Pattern, Span

_FLAG: Final = OneOf(("0", "1"))
_PORT: Final = Span(1, 65535)
_OCTET: Final = Span(0, 255)
_SUBJECT: Final = Pattern(r"[A-Za-z0-9 '()+,\-./:=?*@_]{0,128}", "text of up to 128 characters")
"""What a name in a certificate may have; the section has no limits."""
BANDWIDTHS: Final = ("0", "1024", "2048", "4096", "8192", "16384", "32768", "10000")
"""Kilobits a second for all that the camera sends; 0 and 10000: no limit (4.6)."""


def _row(cgi: str, section: str, **parameters: Parameter) -> Command:
    return Command(
        path=f"/cgi-bin/{cgi}",
        section=section,
        access=Access.ADMIN,
        parameters=MappingProxyType(parameters),
    )


def _posted(cgi: str, section: str, **parameters: Parameter) -> Command:
    return replace(_row(cgi, section, **parameters), methods=("POST", "GET"))


def _address(name: str) -> dict[str, Parameter]:
    return {f"{name}{octet}": _OCTET for octet in range(1, 5)}


NETWORK: Final = _posted(
    "network",
    "4.6",
    dhcp=_FLAG,
    **_address("IP_addr"),
    **_address("netmask"),
    **_address("gateway"),
    port=_PORT,
    dns=OneOf(("manual", "auto")),
    **_address("pri_server"),
    **_address("sec_server"),
    rtp_packet_max=OneOf(("1500", "1280")),
    mss=OneOf(("1460", "1280", "1024")),
    time=OneOf(("20", "unlimited")),
    bandwidth=OneOf(BANDWIDTHS),
    rtsp_port=_PORT,
)
GET_STATUS: Final = _row("get_status", "5.10")
GET_SYSTEMLOG: Final = _row(
    "get_systemlog",
    "5.11",
    type=OneOf(("eventlog",)),
    num=Span(1, 300),
    index=Span(1, 300),
)
# The table of 7.1 says GET for all, and most of its paths have lost their folder in the print.
HTTPS_SELF_SIGNED: Final = _row("https_self_signed", "7.1", mode=OneOf(("get_info", "delete")))
HTTPS_SIGNED: Final = _row("https_signed", "7.1", mode=OneOf(("get_info", "delete")))
HTTPS_CRT_KEY: Final = _row("https_crt_key", "7.1", mode=OneOf(("refresh",)))
SET_HTTPS: Final = _row("set_https", "7.1", live=OneOf(("http", "https")), https_port=_PORT)


def _subject() -> dict[str, Parameter]:
    return {
        "common_name": _SUBJECT,
        "country": _SUBJECT,
        "state": _SUBJECT,
        "locality": _SUBJECT,
        "organization": _SUBJECT,
        "organization_unit": _SUBJECT,
    }


HTTPS_CREAT_SELF_SIGNED: Final = _row("https_creat_self_signed", "7.1", **_subject())
HTTPS_CREAT_SIGNED: Final = _row("https_creat_signed", "7.1", **_subject())
HTTPS_DOWNLOAD_CSR: Final = _row("https_download_csr", "7.1")
HTTPS_INSTALL_SIGNED: Final = _posted("https_install_signed", "7.1")
HTTPS_CHANGE_CRT_KEY: Final = _row("https_change_crt_key", "7.1", rsa_length=OneOf(("2048",)))
RENEWAL: Final = _row(
    "renewal",
    "7.1",
    cgi_name=OneOf(("self_create", "csr_create", "ca_install", "key_create")),
)
GET_HTTPS: Final = Command(path="/cgi-bin/get_https", section="7.2")
GET_CRT_KEY: Final = Command(path="/cgi-bin/get_crt_key", section="7.2")
