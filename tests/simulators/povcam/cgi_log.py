"""CGIs of the system log and of UPnP's results (5.10, 5.11)."""

from typing import Final

from .camera import Camera
from .cgi import Access, Cgi, Method, Params, Reply, needed_choice, number, text_reply
from .syslog import LENGTH

EXTERNAL: Final = "203.0.113.7"
"""Where the router is, seen from outside."""


def get_systemlog(camera: Camera, params: Params) -> Reply:
    """Give some of the log, or all (5.11)."""
    needed_choice(params, "type", "eventlog")
    lines = number(params, "num", LENGTH, 1, LENGTH)
    index = number(params, "index", 1, 1, LENGTH)
    camera.log.notice(camera)
    return Reply(body=camera.log.body(lines, index))


def get_status(camera: Camera, _params: Params) -> Reply:
    """Tell which ports the router has mapped (5.10)."""
    on = camera.menus.upnp == "1"
    return text_reply(
        camera,
        [
            ("http_port", camera.http_port),
            ("http_status", "enable" if on else "disable"),
            ("https_port", 443),
            ("https_status", "disable"),
            ("addr", EXTERNAL if on else ""),
        ],
    )


LOG_CGIS: Final = (
    Cgi("get_status", "5.10", Method.GET, Access.ADMIN, get_status),
    Cgi("get_systemlog", "5.11", Method.GET, Access.ADMIN, get_systemlog),
)
