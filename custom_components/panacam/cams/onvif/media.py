"""Media profiles: streams, still pictures, and all that is set by them (6)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Final, override

from ..backup import Item
from ..device import Reconfigured
from ..editors import MaskEditor, OsdEditor, ProfileEditor
from ..errors import BusyError, CameraError, ProtocolError, Reason, RefusedError
from ..roles import Imager, Multicaster, Reading
from ..stream import RtspStream, Stream, Transport
from .addresses import Place
from .audio import AudioRows
from .board import Board, Profile
from .client import OnvifClient
from .configurations import Configurations
from .masks import OnvifMasks
from .media_service import MediaService
from .messages import Message
from .multicast import MulticastRows
from .numbering import Numbering
from .osd import OsdRows
from .osd_editor import OnvifOsds
from .part import Part
from .profile_editor import OnvifProfiles
from .profiles import MAX_PROFILES, Found, labels, numbered
from .snapshot import OnvifImager
from .streams import StreamFinder, best_of, stream_key
from .trying import together
from .video_source import ModeRows, show_instances

SETTLE_TIME: Final = 1.0
"""Seconds from an event to the reading of what changed: changes seldom come alone."""

_CHANGED: Final = frozenset({"Media/ProfileChanged", "Media/ConfigurationChanged"})
_CONNECTIONS: Final = "Monitoring/Profile/ActiveConnections"
_WORDS_EACH: Final = 2
"""Numbers that the event has for each connection: bit rate and frame rate."""


class MediaPart(Part):
    """Learns the profiles before the other parts connect, and keeps up what is made of them."""

    def __init__(
        self,
        client: OnvifClient,
        board: Board,
        *,
        transport: Transport = Transport.AUTO,
        rtsp_port: int | None = None,
    ) -> None:
        """Have streams travel by `transport`; `rtsp_port` takes the place of the device's own."""
        super().__init__(client, board)
        self.streams: tuple[Stream, ...] = ()
        self.imager: Imager | None = None
        self.profiles: ProfileEditor | None = None
        self.osds: OsdEditor | None = None
        self.masks: MaskEditor | None = None
        self._service = service = MediaService(client)
        self._finder = StreamFinder(service, transport, rtsp_port)
        self._imager = OnvifImager(service, self.preferred)
        self._editor = OnvifProfiles(service, self._reread)
        self._configurations = Configurations(service, board, self._reread)
        self._audio = AudioRows(service, board, self._reread)
        self._multicast = MulticastRows(service, board)
        self._modes = ModeRows(service, board, self._remake)
        self._osd_rows = OsdRows(service, board)
        self._osd_editor = OnvifOsds(service, self._osd_rows, board.show)
        self._masks = OnvifMasks(service, board)
        self._numbering = Numbering(board.memory, "profile", MAX_PROFILES)
        self._found: list[Found] = []
        self._labels: Mapping[int, str] = {}
        self._later: asyncio.Task[None] | None = None
        self._again = False

    @override
    async def connect(self) -> None:
        """Find profiles, streams and settings; without profiles nothing is offered.

        Raises ConnectError, AuthError, ProtocolError when a device that had profiles tells none.
        """
        async with self._service.lock:
            found = await self._service.choose()
            if found is None and self._found:
                raise ProtocolError(Reason.UNEXPECTED_REPLY, "GetProfiles")
            self._take(found or [])
            self._configurations.forget()
            self._imager.forget()
            sources = self.sources()
            await together(
                self._find_streams(),
                self._find_imager(),
                self._configurations.learn(self._found),
                self._audio.learn(self.board.profiles),
                self._modes.learn(self._video_sources()),
                self._osd_rows.learn(sources),
                self._masks.learn(sources),
            )
            await self._show()
            await show_instances(
                self._service,
                self.board,
                self._configurations.numbers("video_source"),
                self._source_names(),
            )
        self.profiles = self._editor if self.board.profiles else None
        self.osds = self._osd_editor if self._osd_rows.there and sources else None
        self.masks = self._masks if self._masks.there and sources else None

    @override
    async def refresh(self) -> None:
        """Read profiles, configurations, OSDs and masks again."""
        async with self._service.lock:
            await self._reread()
            await together(self._osd_rows.read(), self._masks.read(), self._modes.read())

    @override
    def heard(self, message: Message) -> bool:
        """Read again what an event says has changed; show who watches."""
        if message.topic in _CHANGED:
            self._read_later()
            return True
        if message.topic == _CONNECTIONS:
            self._count(message)
            return True
        return False

    @override
    def deaf(self) -> None:
        """Forget who watches."""
        for profile in self.board.profiles:
            if (key := _connections_key(profile.index)) in self.board.read:
                self.board.read[key] = None

    @override
    async def close(self) -> None:
        """End the reading that an event asked for."""
        if (later := self._later) is not None:
            self._later = None
            later.cancel()
            await asyncio.gather(later, return_exceptions=True)

    @property
    def gone(self) -> frozenset[str]:
        """Return the keys, or their beginnings, of what the device has no longer."""
        gone = self._osd_rows.gone | self._masks.gone
        if self._service.complete:
            gone |= self._configurations.gone
            for number in self._numbering.gone:
                gone |= {stream_key(number), f"profile_{number}"}
        return gone

    def things(self) -> dict[str, Item]:
        """Return what a document says of profiles and configurations, by their keys' beginnings."""
        return {**self._numbering.things("profile"), **self._configurations.things}

    def preferred(self) -> Profile | None:
        """Return the profile whose stream most people want; None without video."""
        return best_of(self._streaming().values())

    async def ask_keyframe(self, profile: Profile) -> None:
        """Have the streams of a profile go on with a key picture. CameraError."""
        await self._service.synchronize(profile.token)

    async def stream_place(self, profile: Profile) -> Place:
        """Return where a profile's stream is to be fetched by RTSP. CameraError."""
        return await self._finder.place(profile, Transport.TCP)

    def _take(self, found: Sequence[Found]) -> None:
        self._found = numbered(found, self._numbering)
        self.board.profiles = tuple(one.profile for one in self._found)
        self._labels = labels(self.board.profiles)
        for index in self._numbering.gone:
            self.board.withdraw_reading(_connections_key(index))

    def _streaming(self) -> dict[int, Profile]:
        """Return the profiles with video, by index."""
        return {
            profile.index: profile
            for profile in self.board.profiles
            if "video_encoder" in profile.configurations
        }

    def sources(self) -> list[str]:
        """Return the tokens of the video source configurations."""
        return list(self._source_names())

    def _source_names(self) -> dict[str, str]:
        """Return labels of the video source configurations by token; empty for the only one."""
        found = (profile.configurations.get("video_source") for profile in self.board.profiles)
        tokens = dict.fromkeys(token for token in found if token is not None)
        many = len(tokens) > 1
        return {token: str(number) if many else "" for number, token in enumerate(tokens, 1)}

    @property
    def multicaster(self) -> Multicaster | None:
        """Return the role of sending streams to groups."""
        return self._multicast if self._multicast.streams else None

    def _video_sources(self) -> list[str]:
        """Return the tokens of the video sources."""
        found = dict.fromkeys(profile.video_source for profile in self.board.profiles)
        return [token for token in found if token is not None]

    async def _find_streams(self) -> None:
        self.streams = await self._finder.find(
            self.board.profiles, self._labels, self._keyframe_asker
        )
        self.board.transmitting = {stream.key: True for stream in self.streams}

    async def _find_imager(self) -> None:
        there = self.preferred() is not None
        if there:
            try:
                await self._imager.locate()
            except RefusedError:
                there = False
            except BusyError, ProtocolError:
                pass  # it may tell later
        self.imager = self._imager if there else None

    def _keyframe_asker(self, index: int) -> Callable[[], Awaitable[None]]:
        return partial(self._ask_keyframe_of, index)

    async def _ask_keyframe_of(self, index: int) -> None:
        """Ask by number: the token may be another one by then. CameraError."""
        if (profile := self._streaming().get(index)) is not None:
            await self.ask_keyframe(profile)

    async def _show(self) -> None:
        streaming = self._streaming()
        self._audio.show(streaming, self._labels, self.preferred())
        self._multicast.show(streaming, self._labels)
        await self._configurations.show(self._found, self._labels, self.preferred())

    async def _reread(self) -> None:
        """Read the profiles again, with the lock held; tell when there are other streams.

        Raises ConnectError, AuthError.
        """
        if (found := await self._service.profiles()) is None:
            return  # it answers nonsense at the moment
        before, streams = _shape(self.board.profiles), self.streams
        self._take(found)
        if _shape(self.board.profiles) != before:
            await self._find_streams()
            self._imager.forget()
        await self._show()
        self.board.show()
        if _addresses(self.streams) != _addresses(streams):
            self.board.tell(Reconfigured())

    async def _remake(self) -> None:
        """Read the profiles again after what can be set has changed, with the lock held."""
        self._configurations.forget()
        await self._reread()

    def _read_later(self) -> None:
        """Read again soon, once for all events until then."""
        self._again = True
        if self._later is None or self._later.done():
            self._later = asyncio.create_task(self._read_now(), name="panacam media")

    async def _read_now(self) -> None:
        while self._again:
            await asyncio.sleep(SETTLE_TIME)
            self._again = False
            async with self._service.lock:
                with suppress(CameraError):  # the next poll finds out what is wrong
                    await self._reread()

    def _count(self, message: Message) -> None:
        """Show how many connections a profile has."""
        tokens = set(message.source.values())
        profile = next((one for one in self.board.profiles if one.token in tokens), None)
        if profile is None:
            return
        told = " ".join(message.data.values()).split()
        row = Reading(
            key=_connections_key(profile.index),
            kind="active_connections",
            label=self._labels[profile.index],
            enabled=False,
            diagnostic=True,
        )
        gone = message.operation == "Deleted"
        self.board.reading(row, 0.0 if gone else float(len(told) // _WORDS_EACH))
        self.board.show()


def _connections_key(index: int) -> str:
    return f"profile_{index}_active_connections"


def _shape(profiles: Sequence[Profile]) -> list[tuple[object, ...]]:
    """Return what the streams of profiles depend on."""
    return [
        (profile.token, profile.name, profile.codec, "video_encoder" in profile.configurations)
        for profile in profiles
    ]


def _addresses(streams: Sequence[Stream]) -> set[tuple[object, ...]]:
    """Return what makes a stream another one."""
    return {
        (stream.key, stream.host, stream.port, stream.path, stream.codec)
        for stream in streams
        if isinstance(stream, RtspStream)
    }
