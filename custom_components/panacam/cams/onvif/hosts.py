"""The web servers of one device: where its services, subscriptions and files really are."""

from typing import Final

from aiohttp import ClientSession

from ..errors import ProtocolError, Reason
from ..net.http import HttpClient
from ..net.login import LoginRecord
from ..stream import Credentials
from .addresses import Addresses, Place

MAX_PLACES: Final = 4
"""Ports on which a device may have services and subscriptions."""


class WebServers:
    """One client for each port of a device, over one session."""

    def __init__(
        self,
        session: ClientSession,
        addresses: Addresses,
        credentials: Credentials | None,
        fingerprint: str | None = None,
    ) -> None:
        """Reach the device at `addresses.home`.

        Raises ConnectError when that is no host, AuthError when no camera can have such a user.
        """
        self.addresses: Final = addresses
        self.credentials: Final = credentials
        self.logins: Final = LoginRecord(pinned=fingerprint is not None)
        """Of all its ports and connections, those of RTSP included."""
        self._session = session
        self._fingerprint = fingerprint
        home = addresses.home
        self._places = {(home.host, home.port, home.tls): self._http(home)}

    @property
    def http(self) -> HttpClient:
        """Return the web server of the address that was configured."""
        home = self.addresses.home
        return self._places[home.host, home.port, home.tls]

    def place(self, url: str) -> Place:
        """Return where an address of the device really is. ProtocolError for what is none."""
        home = self.addresses.home
        if url.startswith("/"):
            return Place(home.host, home.port, home.tls, url)
        if (place := self.addresses.web(url)) is None:
            raise ProtocolError(Reason.UNEXPECTED_REPLY, "address")
        return place

    def http_at(self, place: Place) -> HttpClient:
        """Return the web server of a place, made when it is a new one."""
        key = (place.host, place.port, place.tls)
        if (http := self._places.get(key)) is None:
            home = self.addresses.home
            while len(self._places) >= MAX_PLACES:
                oldest = next(
                    other for other in self._places if other != (home.host, home.port, home.tls)
                )
                self._places.pop(oldest).close()
            http = self._places[key] = self._http(place)
        return http

    def _http(self, place: Place) -> HttpClient:
        return HttpClient(
            self._session,
            place.host,
            port=place.port,
            tls=place.tls,
            fingerprint=self._fingerprint,
            credentials=self.credentials,
            record=self.logins,
        )

    def close(self) -> None:
        """End every request that is under way; further ones are refused."""
        for http in self._places.values():
            http.close()
