"""What goes by RTSP beside the pictures: speech to the camera, and its description of the scene."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol, override

from ..errors import AuthError, CameraError, Reason, RefusedError
from ..roles import Speaker
from .addresses import Place
from .board import Board, Profile
from .client import OnvifClient
from .metadata import open_metadata
from .part import Part
from .speaker import OnvifSpeaker


class Locator(Protocol):
    """Knows where a profile's stream is."""

    async def stream_place(self, profile: Profile) -> Place:
        """Return where to fetch it. CameraError."""


class SoundPart(Part):
    """Back channel and metadata."""

    speaker: Speaker | None = None

    def __init__(self, client: OnvifClient, board: Board, locator: Locator) -> None:
        """Ask `locator` where the streams are."""
        super().__init__(client, board)
        self._locator = locator
        self._speaker = OnvifSpeaker(self._locate_speech, client.credentials, client.logins)

    @override
    async def connect(self) -> None:
        """Learn whether the camera listens: it says so in its RTSP, not in its services."""
        self.speaker = None
        if self._profile_with("audio_output", "audio_decoder") is None:
            return
        try:
            if await self._speaker.probe():
                self.speaker = self._speaker
        except AuthError:
            return  # its RTSP may have users of its own; its services are no worse for that
        except CameraError:
            # It may come later: who speaks is told then what is wrong.
            self.speaker = self._speaker

    @asynccontextmanager
    async def open_metadata(self) -> AsyncGenerator[AsyncIterator[bytes]]:
        """Open the stream of scene descriptions; leaving the context ends it. CameraError."""
        if (profile := self._profile_with("metadata")) is None:
            raise RefusedError(Reason.UNSUPPORTED, "metadata")
        place = await self._locator.stream_place(profile)
        self.client.check_login()
        opened: AbstractAsyncContextManager[AsyncIterator[bytes]] = open_metadata(
            place, self.client.credentials, self.client.logins
        )
        async with opened as documents:
            yield documents

    async def _locate_speech(self) -> Place:
        profile = self._profile_with("audio_output", "audio_decoder")
        if profile is None:
            raise RefusedError(Reason.UNSUPPORTED, "back channel")
        self.client.check_login()
        return await self._locator.stream_place(profile)

    def _profile_with(self, *kinds: str) -> Profile | None:
        """Return the first profile that has a configuration of one of the kinds."""
        for kind in kinds:
            for profile in self.board.profiles:
                if kind in profile.configurations:
                    return profile
        return None
