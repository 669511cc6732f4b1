"""The rows that events fill: stable keys, labels for people, and no more of them than is useful."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from hashlib import blake2s
import re
from typing import Final

from ..roles import Reading, Signal, Topic
from ..settings import Row
from ..text import plain
from .board import Board, Profile
from .meanings import Meaning, meaning_of, slug, spaced
from .notifications import TopicDescription

MAX_UNKNOWN: Final = 64
"""Rows of one kind for topics that nobody but the maker knows."""
MAX_LABEL: Final = 60

RULE_ITEMS: Final = ("Rule", "RuleName")
"""What a source calls the rule that found something."""

_SLUG: Final = 80
_ITEM_SLUG: Final = 30
_DIGEST: Final = re.compile(r"_[0-9a-f]{8}\Z")
_SERVICES: Final = {
    "ImagingService": "imaging",
    "AnalyticsService": "analytics",
    "RecordingService": "recording",
}
"""Who found out, at the end of some topics."""
_PLAIN_ITEMS: Final = frozenset({"State", "Value", "Status", "Failed", "Critical"})
_PASSING: Final = frozenset({"objectid", "object", "timestamp", "utctime", "platenumber"})
"""Source items that are another one at each event: no row each."""
_BOOLEAN: Final = frozenset({"boolean", "bool"})


def is_boolean(kind: str) -> bool:
    """Return whether an XML type is that of yes and no."""
    return kind in _BOOLEAN


def stem(topic: str, item: str) -> str:
    """Return what is the same of the keys of a topic's rows, whatever their source."""
    return "_".join(filter(None, (slug(topic)[:_SLUG], slug(item)[:_ITEM_SLUG])))


def stem_of(key: str) -> str:
    """Return the stem of a key."""
    return _DIGEST.sub("", key)


class Sources:
    """Which of a device's pictures a message is about, whatever its tokens are today."""

    def __init__(self, board: Board) -> None:
        """Know tokens by the profiles on `board`."""
        self._board = board
        self._seen: tuple[Profile, ...] | None = None
        self._tokens: dict[str, dict[str, int]] = {}

    @property
    def channels(self) -> list[str]:
        """Return the tokens of the video sources."""
        return list(self._known()["source"])

    def _known(self) -> dict[str, dict[str, int]]:
        """Return the number of the video source, by token, by kind of token."""
        if self._board.profiles is not self._seen:
            self._seen = self._board.profiles
            sources: dict[str, int] = {}
            self._tokens = {"source": sources, "configuration": {}, "analytics": {}, "profile": {}}
            for profile in self._seen:
                source = profile.video_source or ""
                channel = sources.setdefault(source, len(sources)) if source else 0
                self._tokens["profile"].setdefault(profile.token, channel)
                for kind, name in (("configuration", "video_source"), ("analytics", "analytics")):
                    if (token := profile.configurations.get(name)) is not None:
                        self._tokens[kind].setdefault(token, channel)
        return self._tokens

    def channel(self, item: str, token: str) -> int | None:
        """Return the number of the video source that an item tells, or None for something else."""
        return self._known()[kind].get(token) if (kind := kind_of(item)) else None

    def split(self, source: Mapping[str, str]) -> tuple[str, int, str]:
        """Return rule, channel and whatever else a source tells."""
        rule, channel, rest = "", 0, []
        for item in sorted(source):
            value = source[item]
            if item in RULE_ITEMS:
                rule = value
            elif (number := self.channel(item, value)) is not None:
                channel = max(channel, number)
            elif item.casefold() not in _PASSING and value:
                rest.append(value)
        if rule and len(self.channels) < 2:
            # Whatever the tokens are, there is but one picture that the rule can be about.
            rest = []
        return rule, channel, " ".join(rest)


def kind_of(item: str) -> str:
    """Return what an item of a source has the token of; empty: something that is none of ours."""
    name = item.casefold()
    if "analytics" in name:
        return "analytics"
    if "videosource" in name or name == "source":
        return "configuration" if "configuration" in name else "source"
    return "profile" if "profile" in name else ""


def _told_apart(row: Row, topic: str, others: Mapping[str, Row]) -> str:
    """Return the label of a row, with the service that found out where two were called the same."""
    service = _SERVICES.get(topic.rpartition("/")[2])
    name = (row.kind, row.label)
    if service is None or all((other.kind, other.label) != name for other in others.values()):
        return row.label
    return " ".join(filter(None, (service, row.label)))


class Rows:
    """Makes rows of topics, for signals, readings and events."""

    def __init__(self, board: Board) -> None:
        """Offer them on `board`."""
        self.board = board
        self.sources = Sources(board)
        self.left_out = 0
        """Rows that there was no room for."""
        self._unknown: dict[str, set[str]] = {"signal": set(), "reading": set(), "topic": set()}

    def signal(self, topic: str, item: str, source: Mapping[str, str]) -> str | None:
        """Return the key of a signal, offered if it is new; None when there is no room."""
        key = self._key(topic, item, source)
        if key in self.board.signals:
            return key
        meaning = meaning_of(topic, item)
        row = Signal(
            key=key,
            kind=meaning.kind,
            label=self._label(meaning, topic, item, source),
            enabled=meaning.enabled,
            signal_class=meaning.signal_class,
            diagnostic=meaning.diagnostic,
        )
        room = self._room("signal", key, meaning, self.board.signals)
        row = replace(row, label=_told_apart(row, topic, self.board.signals))
        return key if room and self.board.signal(row) else None

    def reading(self, topic: str, source: Mapping[str, str]) -> str | None:
        """Return the key of a topic's reading, offered if it is new; None when no room is left."""
        meaning = meaning_of(topic)
        key = self._key(topic, meaning.number, source)
        if key in self.board.readings:
            return key
        row = Reading(
            key=key,
            kind=meaning.kind,
            label=self._label(meaning, topic, "", source),
            enabled=meaning.enabled,
            unit=meaning.unit,
            precision=meaning.precision,
            total=meaning.total,
            diagnostic=meaning.diagnostic,
        )
        room = self._room("reading", key, meaning, self.board.readings)
        return key if room and self.board.reading(row) else None

    def known_reading(self, topic: str, source: Mapping[str, str]) -> str | None:
        """Return the key of a topic's reading, if it was offered."""
        key = self._key(topic, meaning_of(topic).number, source)
        return key if key in self.board.readings else None

    def topic(self, topic: str, source: Mapping[str, str]) -> str | None:
        """Return the key of a topic, offered if it is new; None when there is no room.

        Each rule has one of its own; what else the source tells is in the events' data.
        """
        rule: Mapping[str, str] = {}
        if any(source.get(item) for item in RULE_ITEMS):
            rule = {name: source[name] for name in source if name in RULE_ITEMS or kind_of(name)}
        key = self._key(topic, "", rule)
        if key in self.board.topics:
            return key
        meaning = meaning_of(topic)
        row = Topic(
            key=key,
            kind=meaning.kind,
            label=self._label(meaning, topic, "", rule),
            enabled=meaning.enabled,
        )
        room = self._room("topic", key, meaning, self.board.topics)
        row = replace(row, label=_told_apart(row, topic, self.board.topics))
        return key if room and self.board.topic(row) else None

    def offer(self, description: TopicDescription, source: Mapping[str, str]) -> tuple[str, ...]:
        """Offer what will become of the messages of a topic from a source; return their keys."""
        topic = description.topic
        found: list[str | None] = []
        if description.is_property or meaning_of(topic).alarm is not None:
            found += [
                self.signal(topic, item, source)
                for item, kind in description.data.items()
                if is_boolean(kind)
            ]
            if not found and description.keys and meaning_of(topic).lasts:
                found.append(self.signal(topic, "", source))
        if not found and meaning_of(topic).number in description.data:
            found.append(self.reading(topic, source))
        if not found:
            found.append(self.topic(topic, source))
        return tuple(filter(None, found))

    def known_sources(self, types: Mapping[str, str]) -> list[Mapping[str, str]]:
        """Return every source that messages can have, as far as that is known beforehand."""
        if not types:
            return [{}]
        if any(kind_of(item) != "source" for item in types):
            return []
        return [dict.fromkeys(types, token) for token in self.sources.channels]

    def _room(self, kind: str, key: str, meaning: Meaning, there: Iterable[str]) -> bool:
        if meaning.known:
            return True
        unknown = self._unknown[kind]
        unknown.intersection_update(there)
        if len(unknown) >= MAX_UNKNOWN:
            self.left_out += 1
            return False
        unknown.add(key)
        return True

    def _key(self, topic: str, item: str, source: Mapping[str, str]) -> str:
        key = stem(topic, item)
        rule, channel, rest = self.sources.split(source)
        told = [rule, str(channel or ""), rest, topic if len(slug(topic)) > _SLUG else ""]
        if not any(told):
            return key
        digest = blake2s("\0".join(told).encode(errors="replace"), digest_size=4).hexdigest()
        return f"{key}_{digest}"

    def _label(self, meaning: Meaning, topic: str, item: str, source: Mapping[str, str]) -> str:
        """Return what tells a row from others of its kind."""
        steps = topic.split("/")
        rule, channel, rest = self.sources.split(source)
        parts: list[str] = []
        if not meaning.named:
            parts.append(
                spaced(" ".join(steps[1:][-2:] if meaning.kind == "event" else steps[-1:]))
            )
            if item and item not in {*_PLAIN_ITEMS, steps[-1]}:
                parts.append(spaced(item))
        parts += [rule, rest]
        if len(self.sources.channels) > 1:
            parts.append(str(channel + 1))
        return plain(" ".join(filter(None, parts)), MAX_LABEL) or ""
