"""Addresses on one RTSP server: whatever a camera names is on the host that was asked (no I/O)."""

import re
from typing import Final
from urllib.parse import quote

from ..errors import ProtocolError, Reason
from ..stream import bracketed
from .address import zoneless

_ABSOLUTE: Final = re.compile(r"rtsps?://[^/?#]*", re.IGNORECASE)
_MAX_URI: Final = 2048


class Root:
    """The server."""

    def __init__(self, host: str, port: int) -> None:
        """Name it as it was configured."""
        # The zone of a link-local address is ours alone.
        self._text = f"rtsp://{bracketed(zoneless(host))}:{port}"

    def joined(self, base: str, control: str) -> str:
        """Return the address of what a description calls `control`. ProtocolError.

        Cameras mean it to be put behind the base, whatever the base ends in.
        """
        if not control or control == "*":
            return base
        if _ABSOLUTE.match(control):
            return self.moved(control)
        return self.moved(f"{base}{'' if base.endswith('/') else '/'}{control}")

    def moved(self, uri: str) -> str:
        """Return an absolute address, or a path, on this host, fit for a line. ProtocolError."""
        found = _ABSOLUTE.match(uri)
        rest = uri[found.end() :] if found is not None else uri
        if len(rest) > _MAX_URI:
            raise ProtocolError(Reason.TOO_LARGE, "URI")
        return self._text + quote(rest, safe="%/:?#[]@!$&'()*+,;=~")
