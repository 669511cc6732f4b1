"""Polls one camera, takes what it says unasked, and tells Home Assistant what became of it."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self, assert_never, override

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntry
from homeassistant.const import CONF_SCAN_INTERVAL
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed, HomeAssistantError
from homeassistant.helpers.debounce import Debouncer
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

from .cams.bridge import Bridge, Hub
from .cams.device import Alarm, AlarmRaised, Device, Notice, Reconfigured, State
from .cams.errors import AuthError, CameraError, Reason
from .cams.roles import Move, Press, TopicEvent, Unsubscribe
from .cams.settings import Setting
from .cams.stream import Stream
from .const import (
    AUTH_RETRY,
    DEFAULT_SCAN_INTERVAL,
    DOMAIN,
    EFFECT_INTERVAL,
    EFFECT_LIMIT,
    EFFECT_SETTLE,
    LOGGER,
    MIN_SCAN_INTERVAL,
)
from .notices import Reload, TopicEvents
from .recordings import Recordings
from .tours import TourPicker

_STRANGERS: Final = frozenset({Reason.OTHER_CAMERA, Reason.OTHER_CERTIFICATE})
"""Why somebody else is at a camera's address: no password and no connection for him."""

type PanacamConfigEntry = ConfigEntry[PanacamCoordinator]


@dataclass(frozen=True, slots=True)
class _Effect:
    """What a command was meant to change, until the camera shows it."""

    apply: Callable[[State], State]
    since: float
    """The loop's time at which the command was given."""
    until: float
    """The loop's time at which the camera is believed again."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What a camera can be told to do: not a part of its state, and yet it may change."""

    settings: tuple[Setting, ...] = ()
    moves: frozenset[Move] = frozenset()
    presses: tuple[Press, ...] = ()
    presets: bool = False
    tours: bool = False

    @classmethod
    def of(cls, device: Device) -> Self:
        """Return what a camera offers now."""
        return cls(
            () if device.settings is None else device.settings.table,
            frozenset() if device.mover is None else device.mover.moves,
            () if device.presses is None else device.presses.table,
            device.presets is not None,
            device.tours is not None,
        )


class PanacamCoordinator(DataUpdateCoordinator[State]):
    """The state of one camera."""

    config_entry: PanacamConfigEntry

    def __init__(
        self, hass: HomeAssistant, entry: PanacamConfigEntry, device: Device, bridge: Bridge
    ) -> None:
        """Poll `device` as often as the entry's options say; `bridge` shares its pictures."""
        seconds = max(
            entry.options.get(CONF_SCAN_INTERVAL, DEFAULT_SCAN_INTERVAL), MIN_SCAN_INTERVAL
        )
        self._interval = timedelta(seconds=seconds)
        super().__init__(
            hass,
            LOGGER,
            config_entry=entry,
            name=entry.title,
            update_interval=self._interval,
            request_refresh_debouncer=Debouncer(
                hass, LOGGER, cooldown=EFFECT_INTERVAL.total_seconds(), immediate=False
            ),
            always_update=False,
        )
        self.device = device
        self.bridge = bridge
        self.rows: dict[str, Setting] = {}
        """What can be adjusted now, by key."""
        self.topics = TopicEvents(hass.loop.time)
        self.recordings = Recordings(hass.loop.time)
        self.tour = TourPicker()
        self.offer = Offer()
        self.restoring = asyncio.Lock()
        """Held while settings are copied or restored, or the camera is sent elsewhere."""
        self.reload = Reload(hass, entry)
        self._alarm_listeners: list[Callable[[Alarm], None]] = []
        self._unsubscribe: Unsubscribe | None = None
        self._overtaken = False
        """Whether something was pushed since the poll under way began."""
        self._effect: _Effect | None = None
        self._denied = 0
        self._denial: CameraError | None = None
        """The last refusal that was counted."""
        self._reached = False
        self._cancel_auth_retry: CALLBACK_TYPE | None = None

    @override
    async def _async_setup(self) -> None:
        """Connect, inside the same translation as the poll."""
        with self._translated():
            await self.device.connect()
        self._unsubscribe = self.device.subscribe(self._noticed)

    @override
    async def _async_update_data(self) -> State:
        """Poll, keeping what a command has just changed until the camera shows it."""
        self._overtaken = False
        try:
            with self._translated():
                state = await self.device.poll()
        except HomeAssistantError:
            self._give_up_effect()
            raise
        self._accepted()
        return self._believed(state)

    @override
    @callback
    def _async_refresh_finished(self) -> None:
        """Tell everybody after a push: a poll is compared with what was known when it began."""
        if self._look_over() or self._overtaken:
            self.async_update_listeners()

    def _look_over(self) -> bool:
        """Look what the camera offers; return whether that has changed, limits included."""
        offer = Offer.of(self.device)
        if offer == self.offer:
            return False
        self.offer = offer
        self.rows = {row.key: row for row in offer.settings}
        return True

    def _believed(self, state: State) -> State:
        """Return a state as it is shown: with what a command has changed, until that is seen."""
        self.recordings.seen(state)
        if (effect := self._effect) is not None:
            wanted, now = effect.apply(state), self.hass.loop.time()
            # Right after a command the camera still shows what was before, which may look right.
            if now >= effect.until or (wanted == state and now >= effect.since + EFFECT_SETTLE):
                self._effect = None
            else:
                state = wanted
        self.update_interval = self._interval if self._effect is None else EFFECT_INTERVAL
        return state

    def _give_up_effect(self) -> None:
        """Nobody knows what became of a command when the camera was lost after it."""
        self._effect = None
        self.update_interval = self._interval

    async def async_expect(self, apply: Callable[[State], State]) -> None:
        """Show what a command changes at once, and poll sooner until the camera shows it too.

        `apply` returns the state as it will be.
        """
        now = self.hass.loop.time()
        self._effect = _Effect(apply, now, now + EFFECT_LIMIT)
        self.data = apply(self.data)
        self.async_update_listeners()
        await self.async_request_refresh()

    @override
    async def async_shutdown(self) -> None:
        """Stop polling and listening, the rare look at a camera that refused us included."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        self.reload.stop()
        await super().async_shutdown()
        self._stop_auth_retry()

    def undisturbed(self) -> AbstractContextManager[None]:
        """Keep the camera from being set up again while many things are changed."""
        return self.reload.held()

    @property
    def strange(self) -> bool:
        """Return whether another camera answers at the address of this one."""
        error = self.last_exception
        return (
            not self.last_update_success
            and isinstance(error, HomeAssistantError)
            and error.translation_key == Reason.OTHER_CAMERA.value
        )

    def hub_of(self, stream: Stream) -> Hub | None:
        """Return what shares a stream, or None where players get the camera's own URL."""
        return self.bridge.hub(stream) if self.bridge.shares(stream) else None

    @callback
    def async_add_alarm_listener(self, listener: Callable[[Alarm], None]) -> CALLBACK_TYPE:
        """Tell `listener` each time that the camera raises an alarm, on already or not."""
        self._alarm_listeners.append(listener)
        return lambda: self._alarm_listeners.remove(listener)

    @callback
    def _noticed(self, notice: Notice) -> None:
        """Take what the camera says unasked, at once: an alarm is worth milliseconds."""
        match notice:
            case TopicEvent():
                self.topics.tell(notice)
            case Reconfigured():
                self.reload.ask()
            case _ if not self._reached:
                pass  # the first poll, which is about to come, tells
            case AlarmRaised():
                for listener in tuple(self._alarm_listeners):
                    listener(notice.alarm)
            case State():
                self._overtaken = True
                self._pushed(notice)
            case CameraError():
                self._overtaken = True
                self._lost(notice)
            case _:
                assert_never(notice)

    def _pushed(self, state: State) -> None:
        """Show a state that came by itself; the clock stays with the poll."""
        self._accepted()
        others = self._look_over()
        state, before = self._believed(state), self.data
        self.data = state
        if not self.last_update_success:
            self.last_update_success = True
            self.logger.info("Fetching %s data recovered", self.name)
            # Who refused our credentials is polled no longer, until now.
            self._schedule_refresh()
        elif state == before and not others:
            return
        self.async_update_listeners()

    def _lost(self, error: CameraError) -> None:
        """Show at once that the camera is gone."""
        self._give_up_effect()
        try:
            with self._translated():
                raise error
        except HomeAssistantError as err:
            self.async_set_update_error(err)
            if isinstance(err, ConfigEntryAuthFailed):
                self.config_entry.async_start_reauth_if_available(self.hass)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn camera errors into Home Assistant's: the one place for set-up and poll."""
        try:
            yield
        except CameraError as err:
            if err.reason in _STRANGERS:
                self.bridge.suspend(err.reason)
            if isinstance(err, AuthError) or err.reason is Reason.OTHER_CERTIFICATE:
                self._refused(err)
            raise UpdateFailed(translation_domain=DOMAIN, translation_key=err.reason.value) from err

    def _refused(self, error: CameraError) -> None:
        """Ask a human about a camera that refuses us, or that shows another certificate.

        ConfigEntryAuthFailed when there is nothing to be done without one.
        """
        # A camera that keeps its connection tells the same refusal at each poll.
        if error is not self._denial:
            self._denial = error
            self._denied += 1
        if self._reached and self._denied > 1:
            self._start_auth_retry()
            raise ConfigEntryAuthFailed(
                translation_domain=DOMAIN, translation_key=error.reason.value
            ) from error
        # A camera that starts up refuses everybody for a moment: try again. Who is just being
        # set up is asked all the same, since this may not pass.
        if not self._reached:
            self.config_entry.async_start_reauth(self.hass)

    def _start_auth_retry(self) -> None:
        """Look again in a while: Home Assistant stops polling once credentials are refused."""
        self._stop_auth_retry()
        if not self._shutdown_requested:
            self._cancel_auth_retry = async_call_later(self.hass, AUTH_RETRY, self._retry)

    @callback
    def _stop_auth_retry(self) -> None:
        if self._cancel_auth_retry is not None:
            self._cancel_auth_retry()
            self._cancel_auth_retry = None

    async def _retry(self, _now: datetime) -> None:
        self._cancel_auth_retry = None
        await self.async_refresh()

    def _accepted(self) -> None:
        """Take back what was done about a refusal, or about somebody else at the address."""
        self.bridge.resume()
        if not self._reached or self._denied > 1:
            self._stop_auth_retry()
            for flow in self.config_entry.async_get_active_flows(self.hass, {SOURCE_REAUTH}):
                self.hass.config_entries.flow.async_abort(flow["flow_id"])
        self._denied = 0
        self._reached = True
