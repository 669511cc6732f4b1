"""What a camera says beside its state: events for whoever listens, and that it is another one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later

from .cams.roles import TopicEvent
from .const import MAX_KEPT_EVENTS, RELOAD_DELAY, RELOAD_GAP, TOPIC_KEEP

type TopicListener = Callable[[TopicEvent], None]


class TopicEvents:
    """Passes events on by topic, and keeps the last one of a topic that nobody listens to yet.

    The first event of a topic is what its entity is made for, so it comes before that is there.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        """Tell the time by `now`, in seconds."""
        self._now = now
        self._listeners: dict[str, TopicListener] = {}
        self._kept: dict[str, tuple[float, TopicEvent]] = {}

    @callback
    def listen(self, key: str, listener: TopicListener) -> CALLBACK_TYPE:
        """Tell `listener` each event of a topic, and at once what it has only just missed."""
        self._listeners[key] = listener
        since, event = self._kept.pop(key, (float("-inf"), None))
        if event is not None and self._now() - since <= TOPIC_KEEP:
            listener(event)

        @callback
        def leave() -> None:
            self._listeners.pop(key, None)

        return leave

    @callback
    def tell(self, event: TopicEvent) -> None:
        """Pass an event on, or keep it."""
        if (listener := self._listeners.get(event.key)) is not None:
            listener(event)
            return
        self._kept.pop(event.key, None)
        if len(self._kept) >= MAX_KEPT_EVENTS:
            del self._kept[next(iter(self._kept))]
        self._kept[event.key] = (self._now(), event)


class Reload:
    """Sets an entry up again, once, and not before it has been up for a while.

    Who changes a camera changes several things one after the other, and a camera that never
    comes to rest must not keep Home Assistant from it.
    """

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Reload `entry`, which is being set up now."""
        self._hass = hass
        self._entry = entry
        self._not_before = hass.loop.time() + RELOAD_GAP
        self._cancel: CALLBACK_TYPE | None = None
        self._held = 0

    @contextmanager
    def held(self) -> Iterator[None]:
        """Reload only afterwards: somebody is changing many things."""
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1

    @property
    def is_held(self) -> bool:
        """Return whether somebody is doing so now."""
        return self._held > 0

    @callback
    def ask(self) -> None:
        """Reload soon, if that is not to happen anyway."""
        if self._cancel is None:
            wait = max(RELOAD_DELAY, self._not_before - self._hass.loop.time())
            job = HassJob(self._reload, "panacam reload", cancel_on_shutdown=True)
            self._cancel = async_call_later(self._hass, wait, job)

    @callback
    def _reload(self, _now: object) -> None:
        if self._held:
            self._cancel = None
            self.ask()
            return
        # Not asked for again until then: the reload ends the coordinator that would.
        self._hass.config_entries.async_schedule_reload(self._entry.entry_id)

    @callback
    def stop(self) -> None:
        """Reload no more."""
        if self._cancel is not None:
            self._cancel()
