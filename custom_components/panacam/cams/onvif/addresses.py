"""Addresses that a camera hands out, moved to the host where it was reached."""

from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import SplitResult, urlsplit

from ..net.address import same_host, unescaped

_PORTS: Final = {"http": 80, "https": 443, "rtsp": 554, "rtsps": 322}


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is; `path` begins with a slash and has its query."""

    host: str
    port: int
    tls: bool
    path: str


def split(url: str | None) -> Place | None:
    """Return the parts of a URL of HTTP or RTSP without its credentials, or None."""
    try:
        parts = urlsplit((url or "").strip())
        port = parts.port
    except ValueError:
        return None
    scheme = parts.scheme.lower()
    if scheme not in _PORTS or not parts.hostname:
        return None
    host = unescaped(parts.hostname)
    return Place(host, port or _PORTS[scheme], scheme in {"https", "rtsps"}, _path(parts))


def _path(parts: SplitResult) -> str:
    path = parts.path if parts.path.startswith("/") else f"/{parts.path}"
    return f"{path}?{parts.query}" if parts.query else path


class Addresses:
    """Moves a camera's addresses: it seldom knows by which one it is reached."""

    def __init__(self, host: str, port: int, *, tls: bool, trust: bool = False) -> None:
        """Reach it at `host`; with `trust`, go wherever it says."""
        self.home: Final = Place(host, port, tls, "/")
        self._trust = trust
        self._own: tuple[int, bool] | None = None
        """The port and TLS at which it believes that its device service is."""

    def learn(self, device_service: str | None) -> None:
        """Take what the camera says is the address of its device service."""
        if (place := split(device_service)) is not None:
            self._own = (place.port, place.tls)

    def web(self, url: str | None) -> Place | None:
        """Return where to send a request for an address of a web service, or None.

        On the port where the camera was reached if that is what it means; a subscription on a
        port of its own stays there. TLS is never given up, whoever is trusted.
        """
        if (place := split(url)) is None:
            return None
        home = self.home
        if self._trust and (place.tls or not home.tls):
            return replace(place, host=self._host(place))
        same = (
            (place.port, place.tls) == self._own
            or (place.port, place.tls) == (home.port, home.tls)
            or self._own is None
            or (home.tls and not place.tls)
            or place.port in {80, 443}
        )
        return Place(
            home.host,
            home.port if same else place.port,
            home.tls if same else place.tls,
            place.path,
        )

    def rtsp(self, url: str | None, port: int | None = None) -> Place | None:
        """Return where a stream is; `port` takes the place of the camera's own."""
        if (place := split(url)) is None:
            return None
        return Place(self._host(place), port or place.port, place.tls, place.path)

    def _host(self, place: Place) -> str:
        """Return where to go for a place: home, also when that is spelt in another way."""
        home = self.home.host
        return place.host if self._trust and not same_host(place.host, home) else home
