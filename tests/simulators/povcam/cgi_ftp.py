"""CGIs of the transfer of clips to an FTP server (11)."""

from dataclasses import replace
import ipaddress
from typing import Final

from .camera import Camera, Move
from .cgi import (
    DONE,
    Access,
    Cgi,
    Method,
    MissingError,
    Params,
    RefusedError,
    Reply,
    choice,
    needed,
    needed_choice,
    number,
    set_reply,
    text_reply,
)
from .cgi_clips import given_list
from .clips import chosen

SENT_AT_ONCE: Final = 50
_NAME_LENGTH: Final = 32
_FOLDER_LENGTH: Final = 256
_MODES: Final = {"active": False, "passive": True}
_NOT_IN_FOLDER: Final = '"&:'


def set_ftp(camera: Camera, params: Params) -> Reply:
    """Change where clips are sent to (11.2)."""
    if not params:
        raise MissingError
    present = camera.ftp.server
    address = params.get("server_addr", present.address)
    try:
        ipaddress.IPv4Address(address)
    except ValueError:
        raise RefusedError(address) from None
    names = {
        name: params.get(name, value)
        for name, value in (("username", present.username), ("password", present.password))
    }
    for value in names.values():
        if len(value) > _NAME_LENGTH or not (value.isascii() and (value.isalnum() or not value)):
            raise RefusedError
    mode = choice(params, "mode", "passive" if present.passive else "active", *_MODES)
    dirname = params.get("dirname", present.dirname)
    if len(dirname) > _FOLDER_LENGTH or any(sign in _NOT_IN_FOLDER for sign in dirname):
        raise RefusedError(dirname)
    port = number(params, "port_num", present.port, 1, 65535)
    camera.ftp.set(
        replace(present, address=address, port=port, passive=_MODES[mode], dirname=dirname, **names)
    )
    told = {key: value for key, value in params.items() if key != "password"}
    camera.moves.extend(Move("set_ftp", key, value) for key, value in told.items())
    return set_reply(camera)


def get_ftp(camera: Camera, _params: Params) -> Reply:
    """Tell where clips are sent to, but not the password (11.3)."""
    server = camera.ftp.server
    return text_reply(
        camera,
        [
            ("server_addr", server.address),
            ("dirname", server.dirname),
            ("username", server.username),
            ("port_num", server.port),
            ("mode", "passive" if server.passive else "active"),
        ],
    )


def send_ftpserver(camera: Camera, params: Params) -> Reply:
    """Begin to send clips; `all` wants no numbers (11.4)."""
    kind = needed_choice(params, "select_type", "fileno", "all")
    given = given_list(camera, params)
    numbers = "" if kind == "all" else needed(params, "fileno")
    if kind == "all" and "fileno" in params:
        raise RefusedError(kind)
    clips = given.clips if kind == "all" else chosen(given, numbers, SENT_AT_ONCE)
    if not clips or camera.card_used:
        raise RefusedError(numbers)
    camera.ftp.start(given.slot, clips)
    camera.moves.append(Move("send_ftpserver", kind, numbers))
    return DONE


def cancel_send_ftpserver(camera: Camera, _params: Params) -> Reply:
    """Send no more (11.4)."""
    if not camera.ftp.cancel():
        raise RefusedError
    camera.moves.append(Move("cancel_send_ftpserver", "", ""))
    return DONE


FTP_CGIS: Final = (
    Cgi("set_ftp", "11.2", Method.POST, Access.ADMIN, set_ftp),
    Cgi("get_ftp", "11.3", Method.GET, Access.ADMIN, get_ftp),
    Cgi("send_ftpserver", "11.4", Method.BOTH, Access.ADMIN, send_ftpserver),
    Cgi("cancel_send_ftpserver", "11.4", Method.BOTH, Access.ADMIN, cancel_send_ftpserver),
)
