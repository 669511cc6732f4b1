"""CGI requests as data: a table row each, and the helpers that their handlers share."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from http import HTTPStatus

from .camera import Camera


class Access(Enum):
    """Access level of a CGI (1)."""

    LIVE = "live"
    ADMIN = "admin"


class Method(StrEnum):
    """Method column of the specification's tables."""

    GET = "GET"
    POST = "POST"
    BOTH = "POST/GET"


class RefusedError(Exception):
    """The camera cannot do this now, or not with this value."""


class MissingError(Exception):
    """A parameter that must be there is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Answer of a CGI."""

    status: int = HTTPStatus.OK
    body: bytes = b""
    content_type: str = "text/plain"


type Params = Mapping[str, str]
type Handler = Callable[[Camera, Params], Reply]

DONE = Reply(status=HTTPStatus.NO_CONTENT)


@dataclass(frozen=True, slots=True)
class Cgi:
    """One row: /cgi-bin/`name`."""

    name: str
    section: str
    method: Method
    access: Access
    run: Handler


def text_reply(camera: Camera, pairs: Iterable[tuple[str, object]]) -> Reply:
    """Give the `key=value` body in the style of the model."""
    return body_reply(camera, [f"{key}={value}" for key, value in pairs])


def body_reply(camera: Camera, lines: list[str]) -> Reply:
    """Lines as the model ends, blanks, wraps and encodes them."""
    style = camera.model.body_style
    if style == "spaced":
        lines = [line.replace("=", " = ", 1) for line in lines]
    elif style == "html":
        lines = ["", "<HTML>", *lines, "</HTML>"]
    text = "".join(f"{line}\r\n" for line in lines)
    mark = b"\xef\xbb\xbf" if style == "html" else b""
    body = mark + text.encode(camera.model.title_encoding, errors="replace")
    return Reply(body=body)


def set_reply(camera: Camera) -> Reply:
    """Answer to a setting that was taken."""
    if camera.options.set_status == HTTPStatus.NO_CONTENT:
        return DONE
    return Reply(status=camera.options.set_status, body=b"OK\r\n")


def needed(params: Params, name: str) -> str:
    """Give the value of `name`, which must be there."""
    if name not in params:
        raise MissingError(name)
    return params[name]


def needed_choice(params: Params, name: str, *allowed: str) -> str:
    """Give the value of `name`, which must be there and be one of `allowed`."""
    value = needed(params, name)
    if value not in allowed:
        raise RefusedError(name, value)
    return value


def choice(params: Params, name: str, present: str, *allowed: str) -> str:
    """Give the new value of setting `name`, or the `present` one when it is not asked for."""
    return needed_choice(params, name, *allowed) if name in params else present


def number(params: Params, name: str, present: int, low: int, high: int) -> int:
    """Give the new value of numeric setting `name` within `low` to `high`."""
    if name not in params:
        return present
    try:
        value = int(params[name])
    except ValueError:
        raise RefusedError(name, params[name]) from None
    if not low <= value <= high:
        raise RefusedError(name, value)
    return value
