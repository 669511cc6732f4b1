"""The requests about memory cards, clips and FTP (chapters 8 to 11), one row each."""

from dataclasses import replace
from types import MappingProxyType
from typing import Final

from ..clips import SLOTS
from ..net.http import MAX_TEXT
from .wire import Access, Command, OneOf, Parameter, Pattern, Span

MAX_FILES: Final = 50
"""File numbers that one request may have (10.2, 11.4)."""
MAX_MATCHES: Final = 15
"""Clips that one page of the list may have (10.1)."""

MAX_PAGE: Final = 16 * 1024
"""Bytes of such a page: 15 lines with the longest names that are taken, and as much again."""

_INDEX: Final = Span(1, 65535)
_LIST_ID: Final = Span(0, 2_147_483_647)
_FILES: Final = Pattern(
    rf"[1-9]\d{{0,4}}(?:,[1-9]\d{{0,4}}){{0,{MAX_FILES - 1}}}", "up to 50 file numbers"
)
_NAME: Final = Pattern(r"[^\x00-\x1f\x7f-\x9f]{1,128}", "name of a clip")
_WORD: Final = Pattern(r"[A-Za-z0-9]{0,32}", "up to 32 letters and digits")
_IPV4: Final = Pattern(r"(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}", "IPv4 address")
_FOLDER: Final = Pattern(r'[^\x00-\x1f\x7f-\x9f"&:]{0,256}', 'up to 256 characters, none of `"&:`')
"""The specification's list of characters is of those that are not allowed (11.2)."""


def _row(
    cgi: str,
    section: str,
    access: Access = Access.LIVE,
    *,
    post: bool = False,
    max_bytes: int = MAX_TEXT,
    **parameters: Parameter,
) -> Command:
    return Command(
        path=f"/cgi-bin/{cgi}",
        section=section,
        methods=("POST", "GET") if post else ("GET",),
        access=access,
        max_bytes=max_bytes,
        parameters=MappingProxyType(parameters),
    )


CONTENTNUM_RESET: Final = _row("contentnum_reset", "8.5", Access.ADMIN, post=True)
SDCARD: Final = _row("sdcard", "9.2", Access.ADMIN, post=True, cmd=OneOf(("format", "format2")))
GET_PROGRESS: Final = _row(
    "get_progress", "9.3, 11.5", Access.ADMIN, type=OneOf(("format", "send_ftp"))
)
GET_CLIP_LIST: Final = _row(
    "get_clip_list",
    "10.1",
    max_bytes=MAX_PAGE,
    maxmatches=Span(1, MAX_MATCHES),
    index=_INDEX,
    device=OneOf(SLOTS),
    format=OneOf(("mp4", "avchd")),
)
DEL_CLIP_FILE: Final = _row("del_clip_file", "10.2", fileno=_FILES, list_id=_LIST_ID)
GET_CLIP_FILE: Final = _row("get_clip_file", "10.3", filename=_NAME, list_id=_LIST_ID)
SET_FTP: Final = replace(
    _row(
        "set_ftp",
        "11.2",
        Access.ADMIN,
        server_addr=_IPV4,
        username=_WORD,
        password=_WORD,
        port_num=Span(1, 65535),
        mode=OneOf(("active", "passive")),
        dirname=_FOLDER,
    ),
    # A password stays out of addresses, which others may log on the way.
    methods=("POST",),
)
GET_FTP: Final = _row("get_ftp", "11.3", Access.ADMIN)
SEND_FTPSERVER: Final = _row(
    "send_ftpserver",
    "11.4",
    Access.ADMIN,
    post=True,
    fileno=_FILES,
    select_type=OneOf(("fileno", "all")),
    list_id=_LIST_ID,
)
CANCEL_SEND_FTPSERVER: Final = _row("cancel_send_ftpserver", "11.4", Access.ADMIN, post=True)
