"""One simulated camera as tests see it."""

import asyncio
from collections.abc import Collection, Mapping
from typing import Final, Self

from .camera import RESOLUTIONS, AlarmKind, Camera, Model
from .dialect import SPECIFICATION, Dialect
from .faults import Channel, Faults, MoFault
from .scene import scene
from .search import SearchResponder
from .server import Server
from .watch import Watched
from .wire import ALARM, Op

_USERS: Final = {"admin": "12345"}
_ALL_ALARMS: Final = (AlarmKind.MOTION, AlarmKind.EXTERNAL, AlarmKind.SOUND)
_ALARM_EXTRAS: Final = {AlarmKind.SOUND: (0, 0, 0x64, 0x64)}


class MoSimulator(Watched):
    """A camera on the loopback address or another; `async with` starts and stops it."""

    def __init__(
        self,
        host: str = "127.0.0.1",
        *,
        camera_id: str = "A81374000101",
        name: str = "Front door",
        users: Mapping[str, str] = _USERS,
        unprivileged: Collection[str] = (),
        port: int = 0,
        search_port: int | None = None,
        size: tuple[int, int] = (640, 480),
        fps: float = 15.0,
        audio: bool = True,
        talk: bool = True,
        motor: bool = True,
        parameters: bool = True,
        max_connections: int = 4,
        firmware: tuple[int, int, int, int] = (11, 37, 2, 56),
        alarm_types: Collection[AlarmKind] = _ALL_ALARMS,
        dialect: Dialect = SPECIFICATION,
        keep_alive: float = 60.0,
        silence: float = 120.0,
        tone: int = 440,
        send_buffer: int = 1 << 17,
    ) -> None:
        """Describe the camera; ports of 0 are chosen by the system, no search port means none.

        The password of an `unprivileged` user may be right, and is answered by 6 all the same.
        """
        self.host: Final = host
        self.port = port
        self.search_port = search_port
        model = Model(
            camera_id=camera_id,
            name=name,
            firmware=firmware,
            audio=audio,
            talk=talk,
            motor=motor,
            parameters=parameters,
            max_connections=max_connections,
            alarm_types=frozenset(alarm_types),
            tone=tone,
        )
        scene(size, dialect.pictures)  # ValueError for a size that cannot be drawn
        camera = Camera(model, dialect, users, unprivileged, size, fps)
        self.faults: Final = Faults()
        super().__init__(camera, Server(camera, self.faults, keep_alive, silence, send_buffer))
        self._search: SearchResponder | None = None
        self._rebooting: asyncio.Task[None] | None = None
        self._wanted = False

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(self, *_exception: object) -> None:
        """Stop."""
        await self.stop()

    async def start(self) -> None:
        """Listen."""
        self._wanted = True
        await self._open()

    async def stop(self) -> None:
        """Close everything; nothing of the camera is left running."""
        self._wanted = False
        if self._rebooting is not None:
            self._rebooting.cancel()
            await asyncio.gather(self._rebooting, return_exceptions=True)
            self._rebooting = None
        await self._close()

    async def alarm(self, kind: AlarmKind | int) -> int:
        """Notify every verified client of an alarm or its end, and give how many there are."""
        kind = AlarmKind(kind)
        if kind not in {AlarmKind.STOP, *self.camera.model.alarm_types}:
            raise ValueError(kind.name)
        extras = _ALARM_EXTRAS.get(kind, (0, 0, 0, 0))
        count = self._server.broadcast(Op.ALARM_NOTIFY, ALARM.pack(kind, *extras))
        await asyncio.sleep(0)
        return count

    async def motion(self, on: bool = True) -> int:
        """See something move, or see it end."""
        return await self.alarm(AlarmKind.MOTION if on else AlarmKind.STOP)

    def fault(
        self,
        fault: MoFault | str,
        *,
        times: float | None = None,
        on: Channel | None = None,
        seconds: float = 1.0,
    ) -> None:
        """Inflict `fault`, `times` times (`FOREVER`: until cleared) or as often as fits it.

        `on` limits faults of frames to one connection; `seconds` belong to DATA_LOST and REBOOT.
        """
        fault = MoFault(fault)
        if fault is not MoFault.REBOOT:
            self.faults.set(fault, times, on, seconds)
        elif self._rebooting is None or self._rebooting.done():
            self._rebooting = asyncio.create_task(self.reboot(seconds))

    def clear(self, fault: MoFault | str | None = None) -> None:
        """Lift one fault, or all."""
        self.faults.clear(None if fault is None else MoFault(fault))

    async def reboot(self, seconds: float = 2.0) -> None:
        """Drop everyone and refuse for `seconds`; returns when the camera is back on its port."""
        await self._close()
        await asyncio.sleep(seconds)
        if self._wanted:
            await self._open()

    def drop_data(self) -> None:
        """Lose all data connections; the operation connections stay."""
        for connection in self.data_connections:
            connection.link.abort()

    def drop_operation(self) -> None:
        """Lose all operation connections, and with them the data connections."""
        for client in self.clients:
            client.link.abort()

    def set_parameter(self, place: int, value: int) -> None:
        """Change a parameter as another user would: everyone is told."""
        self._server.set_parameter(place, value)

    def set_size(self, size: tuple[int, int]) -> None:
        """Change the size of pictures as another user would: everyone is told."""
        code = next(code for code, one in RESOLUTIONS.items() if one == size)
        self._server.set_parameter(0, code)

    def set_fps(self, fps: float) -> None:
        """Change the rate of pictures."""
        self.camera.fps = fps

    def set_password(self, user: str, password: str) -> None:
        """Change, or add, the password of `user`; who is in stays in."""
        self.users[user] = password

    def jump_time(self, seconds: float) -> None:
        """Set the camera's clock forward or back."""
        self.camera.jump_time(seconds)

    def stop_audio(self) -> None:
        """Send no sound for a while; the requests stay granted."""
        self.camera.sound = False

    def resume_audio(self) -> None:
        """Send sound again."""
        self.camera.sound = True

    def stall(self) -> None:
        """Send neither pictures nor sound; the operation connections go on."""
        self.camera.stalled = True

    def resume(self) -> None:
        """Send pictures and sound again."""
        self.camera.stalled = False

    async def _open(self) -> None:
        self.port = await self._server.start(self.host, self.port)
        if self.search_port is not None:
            self._search = SearchResponder(self.camera, self.host, self.port)
            try:
                self.search_port = await self._search.start(self.search_port)
            except OSError:
                await self._close()
                raise

    async def _close(self) -> None:
        if self._search is not None:
            self._search.close()
            self._search = None
        await self._server.close()
