"""A MO camera as a device: one login kept for good, alarms pushed, roles over it."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

from ..device import Alarm, AlarmRaised, Device, Identity, Notice, State
from ..errors import CameraError
from ..keeping import SettingsShelf, ShelfKeeper
from ..roles import Unsubscribe
from ..stream import Credentials, PictureStream, bracketed
from .fields import AlarmKind
from .link import MoLink
from .motor import MoMotor, MoMover, MoPtz
from .operation import AlarmNotify, ParameterChanged, Parameters, ParametersRequest
from .pictures import MoPictures
from .session import OperationEvent, Tally
from .settings import MoSettings, read_settings
from .speaker import MoSpeaker

PORT: Final = 80
ALARM_REPEAT: Final = 1.0
"""Seconds in which an alarm that is raised again is not told again."""
MAX_STATES: Final = 20
"""States told within STATES_TIME; what comes then is told at its end, as it is by then."""
STATES_TIME: Final = 1.0
"""Seconds."""

_ALARMS: Final = {
    AlarmKind.MOTION: Alarm.MOTION,
    AlarmKind.EXTERNAL: Alarm.EXTERNAL,
    AlarmKind.SOUND: Alarm.SOUND,
}


class MoDevice(Device):
    """A camera of the MO protocol."""

    def __init__(
        self,
        host: str,
        *,
        port: int = PORT,
        credentials: Credentials | None,
        expected_id: str | None = None,
        motor: bool = False,
        alarm_off_after: float = 0.0,
    ) -> None:
        """Use the camera at `host` (bare IPv6 allowed).

        `expected_id` is the unique id that the camera must have; `motor`: whether it can move,
        which it does not say; an alarm ends `alarm_off_after` seconds after it was last raised,
        0: when the camera says so.
        """
        self._host = host
        self._port = port
        self._alarm_off_after = alarm_off_after
        self._tally = Tally()
        self._link = MoLink(
            host,
            port,
            credentials,
            expected_id,
            self._tally,
            heard=self._heard,
            changed=self._link_changed,
        )
        self._listeners: list[Callable[[Notice], None]] = []
        self._raised: dict[Alarm, asyncio.TimerHandle | None] = {}
        self._parameters = MoSettings(self._link, self._show)
        self._keeper = ShelfKeeper(
            SettingsShelf(self._parameters, self._parameters.values, self._parameters.look)
        )
        self._shown = State()
        self._raised_at: dict[Alarm, float] = {}
        """When each alarm was last told."""
        self._states = (float("-inf"), 0)
        """Since when states are counted, and how many were told."""
        self._later: asyncio.TimerHandle | None = None
        self.identity = Identity(manufacturer="")
        self._video = PictureStream(
            key="video", label="", preferred=True, source=MoPictures(self._link)
        )
        self.pictures = self._video
        self.streams = (self._video,)
        self._motor = MoMotor(self._link) if motor else None
        if self._motor is not None:
            self.mover = MoMover(self._motor)
            self.ptz = MoPtz(self._motor)
        self.speaker = MoSpeaker(self._link)

    @property
    def configuration_url(self) -> str:
        """Return the address of the camera's own pages."""
        port = "" if self._port == PORT else f":{self._port}"
        return f"http://{bracketed(self._host)}{port}"

    async def identify(self) -> Identity:
        """Log in, learn who it is, and hang up.

        Raises ConnectError, BusyError(TOO_MANY_CONNECTIONS), ProtocolError(NOT_A_CAMERA |
        UNSUPPORTED_CAMERA), AuthError(NO_CREDENTIALS | WRONG_USERNAME | WRONG_PASSWORD |
        NO_PRIVILEGE | WRONG_CREDENTIALS).
        """
        self.identity = await self._link.identify()
        return self.identity

    async def connect(self) -> None:
        """Log in for good, and learn what can be adjusted. Raises as `identify` does."""
        await self._link.connect()
        self.identity = self._link.identity
        try:
            await self._parameters.ask()
        except BaseException:
            await self.close()
            raise
        self._shown = self._state()

    async def poll(self) -> State:
        """Return the state as the camera last told it. CameraError while it is away."""
        self._link.now()
        return self._state()

    def subscribe(self, listener: Callable[[Notice], None]) -> Unsubscribe:
        """Tell `listener` of alarms, changes, and the camera's going and coming back.

        It is called from the socket's own callback: it must not wait.
        """
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    async def close(self) -> None:
        """End all that goes on and hang up."""
        self._clear_alarms()
        if self._later is not None:
            self._later.cancel()
            self._later = None
        if self._motor is not None:
            self._motor.halt()
        await self._link.close()

    def diagnostics(self) -> Mapping[str, object]:
        """Return what the camera said and what became of it; not redacted."""
        parameters = self._parameters.parameters
        error = self._link.error
        tally = self._tally
        return {
            "firmware": self.identity.firmware,
            "link": "connected" if error is None else str(error),
            "parameters": None if parameters is None else list(parameters.values),
            "answers": {
                feature.value: str(result.name) for feature, result in tally.results.items()
            },
            "unknown_commands": dict(tally.unknown),
            "malformed_commands": tally.malformed,
            "dropped_pictures": tally.dropped_pictures,
            "dropped_sounds": tally.dropped_sounds,
        }

    def _state(self) -> State:
        told = self._parameters.parameters
        settings = {} if self.settings is None or told is None else read_settings(told)
        return State(
            transmitting={self._video.key: True},
            alarms={alarm: alarm in self._raised for alarm in _ALARMS.values()},
            settings=settings,
            reported=frozenset({"alarms", "settings"} if settings else {"alarms"}),
        )

    def _tell(self, notice: Notice) -> None:
        """Tell everybody; one who fails must cost neither the others nor the connection."""
        for listener in tuple(self._listeners):
            try:
                listener(notice)
            except Exception as err:  # noqa: BLE001 - reported, and not ours
                asyncio.get_running_loop().call_exception_handler(
                    {"message": "A listener of a camera failed", "exception": err}
                )

    def _show(self) -> None:
        """Tell the state if it is another one; a flood of them must not block the loop."""
        if self._later is not None or self._link.error is not None:
            return
        if (state := self._state()) == self._shown:
            return
        loop = asyncio.get_running_loop()
        since, count = self._states
        if loop.time() - since >= STATES_TIME:
            since, count = loop.time(), 0
        if count >= MAX_STATES:
            self._later = loop.call_at(since + STATES_TIME, self._show_last)
            return
        self._states = (since, count + 1)
        self._shown = state
        self._tell(state)

    def _show_last(self) -> None:
        """Tell what became of a flood."""
        self._later = None
        self._states = (float("-inf"), 0)
        self._show()

    def _link_changed(self, error: CameraError | None) -> None:
        """Learn that the camera has gone, or is back."""
        if error is not None:
            self._clear_alarms()
            self._tell(error)
            return
        self.identity = self._link.identity
        self._shown = self._state()
        self._tell(self._shown)
        if self._motor is not None:
            self._motor.settle()
        with suppress(CameraError):
            self._link.now().send(ParametersRequest())

    def _heard(self, event: OperationEvent) -> None:
        """Take what the camera says, in the socket's own callback."""
        match event:
            case AlarmNotify(kind):
                self._alarm(kind)
            case Parameters():
                self.settings = self._parameters  # some tell them late, or only after a restart
                self.keeper = self._keeper
                self._parameters.told(event)
            case ParameterChanged(index, value):
                self._parameters.told_one(index, value)
            case _:
                pass

    def _alarm(self, kind: AlarmKind) -> None:
        if kind is AlarmKind.STOP:
            self._clear_alarms()
        elif (alarm := _ALARMS.get(kind)) is not None:
            self._end_alarm(alarm)
            self._raised[alarm] = (
                asyncio.get_running_loop().call_later(
                    self._alarm_off_after, self._alarm_over, alarm
                )
                if self._alarm_off_after > 0
                else None
            )
            now = asyncio.get_running_loop().time()
            if now - self._raised_at.get(alarm, float("-inf")) >= ALARM_REPEAT:
                self._raised_at[alarm] = now
                self._tell(AlarmRaised(alarm))
        self._show()

    def _alarm_over(self, alarm: Alarm) -> None:
        self._end_alarm(alarm)
        self._show()

    def _end_alarm(self, alarm: Alarm) -> None:
        if (timer := self._raised.pop(alarm, None)) is not None:
            timer.cancel()

    def _clear_alarms(self) -> None:
        for alarm in tuple(self._raised):
            self._end_alarm(alarm)
