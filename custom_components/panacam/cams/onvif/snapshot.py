"""Still pictures from where the device says that they are (6.6)."""

import asyncio
from collections.abc import Callable
from typing import Final

from ..errors import (
    AuthError,
    BusyError,
    CameraError,
    ConnectError,
    ProtocolError,
    Reason,
    RefusedError,
)
from ..net.jpeg import only_picture
from .addresses import Place
from .board import Profile
from .media_service import MediaService

MAX_PICTURE: Final = 8 * 1024 * 1024
"""Bytes."""
SNAPSHOT_TIME: Final = 10.0
"""Seconds; some take the picture only now."""
_OK: Final = 200
_BUSY: Final = frozenset({429, 503})


class OnvifImager:
    """The imager role."""

    def __init__(self, service: MediaService, choose: Callable[[], Profile | None]) -> None:
        """Take pictures of the profile that `choose` returns."""
        self._service = service
        self._choose = choose
        self._place: Place | None = None

    async def locate(self) -> None:
        """Ask where the pictures are. CameraError; RefusedError when there are none."""
        if (profile := self._choose()) is None or self._service.lacks("SnapshotUri"):
            raise RefusedError(Reason.UNSUPPORTED, "GetSnapshotUri")
        if (url := await self._service.snapshot_uri(profile.token)) is None:
            raise ProtocolError(Reason.NO_PICTURE, "GetSnapshotUri")
        self._place = self._service.client.place(url)

    def forget(self) -> None:
        """Ask again before the next picture."""
        self._place = None

    async def snapshot(self) -> bytes:
        """Return one JPEG picture (the role).

        Raises ProtocolError(NO_PICTURE) for what is none, RefusedError(NO_PRIVILEGE) when the
        pictures want another login than the services.
        """
        if (place := self._place) is not None:
            try:
                return await self._picture(place)
            except ProtocolError:
                self._place = None  # it may be elsewhere by now
            except CameraError:
                self._place = None
                raise
        await self.locate()
        if self._place is None or self._place == place:
            raise ProtocolError(Reason.NO_PICTURE)
        try:
            return await self._picture(self._place)
        except CameraError:
            self._place = None
            raise

    async def _picture(self, place: Place) -> bytes:
        client = self._service.client
        http = client.http_at(place)
        try:
            client.check_login()
            answer = await http.request(
                "GET", place.path, max_bytes=MAX_PICTURE, timeout=SNAPSHOT_TIME, reads=True
            )
        except AuthError as err:
            # The services' login is right, or nothing would have come this far.
            raise RefusedError(Reason.NO_PRIVILEGE, "snapshot") from err
        except ConnectError as err:
            if err.reason is Reason.REDIRECTED:
                raise ProtocolError(Reason.NO_PICTURE, "redirected") from err
            raise
        if answer.status in _BUSY:
            raise BusyError(Reason.BUSY, "snapshot")
        if answer.status != _OK or not answer.body:
            raise ProtocolError(Reason.NO_PICTURE, str(answer.status))
        try:
            return await asyncio.to_thread(only_picture, answer.body, max_picture=MAX_PICTURE)
        except ProtocolError as err:
            raise ProtocolError(Reason.NO_PICTURE) from err
