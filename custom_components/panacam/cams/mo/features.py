"""What a camera sends or takes on data connections, and who wanted it."""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

from ..errors import BusyError, CameraError, ConnectError, Reason, RefusedError
from ..net.tcp import Pump
from .data import DataKeepAlive, DataMessage
from .session import DataEvent, DataSession, Feature, Granted, Tally, VideoFrame

CONNECT_TIMEOUT: Final = 10.0
"""Seconds until a connection stands."""
RESTART_GAP: Final = 0.5
"""Seconds for a camera to notice that a data connection has ended."""

_ATTEMPTS: Final = 3


class Taker(Protocol):
    """Who wanted a feature."""

    def take(self, event: DataEvent) -> None:
        """Take a picture or some sound, in the socket's own callback."""

    def lost(self, error: CameraError) -> None:
        """Learn that no more will come, and that a new start is needed."""


class DataLink:
    """One data connection."""

    def __init__(
        self,
        connection_id: int,
        tally: Tally,
        take: Callable[[DataEvent], None],
        gone: Callable[[DataLink, CameraError], None],
    ) -> None:
        """Have the granted id; `take` gets what comes, `gone` is told of the end."""
        self.connection_id = connection_id
        self._session = DataSession(connection_id, tally=tally)
        self._take = take
        self._gone = gone
        self._pump: Pump | None = None
        self._had_sound = False

    @property
    def heard_at(self) -> float:
        """Return the loop's time when bytes last came."""
        return float("-inf") if self._pump is None else self._pump.heard_at

    async def open(self, host: str, port: int) -> None:
        """Connect and say which one this is. ConnectError."""
        self._pump = await Pump.open(host, port, self, timeout=CONNECT_TIMEOUT)
        self._pump.write(self._session.bytes_to_send())

    def send(self, message: DataMessage) -> None:
        """Send, if it still stands."""
        self._session.send(message)
        if self._pump is not None:
            self._pump.write(self._session.bytes_to_send())

    def hang_up(self) -> None:
        """End it without telling `gone`."""
        if self._pump is not None:
            self._pump.hang_up()

    def sound_granted(self) -> None:
        """Expect sound that begins anew; the first may have come before the word of it."""
        if self._had_sound:
            self._session.restart_sound()

    def sound_started(self) -> None:
        """Note that sound comes here."""
        self._had_sound = True

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return where the next bytes go."""
        return self._session.get_buffer(sizehint)

    def received(self, count: int) -> None:
        """Take bytes. CameraError: hang up."""
        self._session.buffer_updated(count)
        for event in self._session.events():
            self._take(event)

    def lost(self, error: CameraError) -> None:
        """Learn that the connection has ended."""
        self._gone(self, error)


class Asker(Protocol):
    """The operation connection, as those need it who want a feature."""

    @property
    def address(self) -> str:
        """Return the numeric address of the camera: its name may mean another one by now."""

    async def ask(self, feature: Feature) -> Granted:
        """Ask for a feature. ConnectError, BusyError, RefusedError."""

    def end(self, feature: Feature) -> None:
        """Ask for no more of it, unless the connection has ended."""

    def give_up(self, error: CameraError) -> None:
        """End the login."""


class Features:
    """The features that are on at one login, and their data connections."""

    def __init__(self, port: int, tally: Tally, asker: Asker) -> None:
        """Ask by `asker`, and open connections to its camera."""
        self._port = port
        self._tally = tally
        self._asker = asker
        self._asking = asyncio.Lock()
        self._links: dict[int, DataLink] = {}
        self._uses: dict[Feature, tuple[DataLink, Taker]] = {}

    @property
    def heard_at(self) -> float:
        """Return the loop's time when bytes last came on any data connection."""
        return max((link.heard_at for link in self._links.values()), default=float("-inf"))

    async def start(self, feature: Feature, taker: Taker) -> None:
        """Ask for a feature and see that its data connection stands.

        Raises ConnectError, BusyError, RefusedError. Then `taker` has it until `stop` or its
        `lost`. One is asked for after the other: which connection an answer means depends on
        those before it.
        """
        async with self._asking:
            try:
                link = await self._granted_link(feature)
            except BusyError, RefusedError:
                raise
            except BaseException:
                self._asker.end(feature)  # it may have been granted, or will be in a moment
                raise
            self._uses[feature] = (link, taker)
            if feature is Feature.AUDIO:
                link.sound_started()

    def stop(self, feature: Feature) -> None:
        """Ask for no more of it, and end its data connection when nobody else uses that."""
        if (use := self._uses.pop(feature, None)) is None:
            return
        self._asker.end(feature)
        link = use[0]
        if all(used is not link for used, _ in self._uses.values()):
            self._links.pop(link.connection_id, None)
            link.hang_up()

    def send(self, feature: Feature, message: DataMessage) -> None:
        """Send on the data connection of a feature that is on. ConnectError."""
        if (use := self._uses.get(feature)) is None:
            raise ConnectError(Reason.CUT)
        use[0].send(message)

    def keep_alive(self) -> None:
        """Give a sign of life on each data connection: some devices want it there, too (facts)."""
        for link in self._links.values():
            link.send(DataKeepAlive())

    def sound_granted(self) -> None:
        """Expect sound that begins anew."""
        for link in self._links.values():
            link.sound_granted()

    def end(self, error: CameraError) -> None:
        """End them all; whoever wanted one is told."""
        uses, self._uses = self._uses, {}
        links, self._links = self._links, {}
        for feature in uses:
            self._asker.end(feature)
        for link in links.values():
            link.hang_up()
        for _, taker in uses.values():
            taker.lost(error)

    async def _granted_link(self, feature: Feature) -> DataLink:
        """Ask until the camera names a data connection that stands, or can be opened."""
        for _ in range(_ATTEMPTS):
            granted = await self._asker.ask(feature)
            if (connection_id := granted.connection_id) is not None:
                return self._links.get(connection_id) or await self._open_link(connection_id)
            if self._links:
                return next(reversed(self._links.values()))
            # It believes in a data connection that has ended: let it think again.
            self._asker.end(feature)
            await asyncio.sleep(RESTART_GAP)
        error = ConnectError(Reason.CUT)
        self._asker.give_up(error)  # a new login is all that is left
        raise error

    async def _open_link(self, connection_id: int) -> DataLink:
        link = DataLink(connection_id, self._tally, self._take_data, self._data_gone)
        self._links[connection_id] = link
        try:
            await link.open(self._asker.address, self._port)
        except BaseException:
            self._links.pop(connection_id, None)
            raise
        if self._links.get(connection_id) is not link:
            link.hang_up()  # the login ended meanwhile
            raise ConnectError(Reason.CUT)
        return link

    def _take_data(self, event: DataEvent) -> None:
        feature = Feature.VIDEO if isinstance(event, VideoFrame) else Feature.AUDIO
        if (use := self._uses.get(feature)) is not None:
            use[1].take(event)

    def _data_gone(self, link: DataLink, error: CameraError) -> None:
        """Let the camera forget a data connection that was lost alone: a new one can be granted."""
        if self._links.get(link.connection_id) is link:
            del self._links[link.connection_id]
        lost = {feature: taker for feature, (used, taker) in self._uses.items() if used is link}
        for feature in lost:
            del self._uses[feature]
            self._asker.end(feature)
        for taker in lost.values():
            taker.lost(error)
