"""The settings of every configuration that profiles are made of."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from ..backup import Item
from ..text import plain
from .audio import (
    describe_audio_decoder,
    describe_audio_encoder,
    describe_audio_output,
    describe_audio_source,
    show_decoder,
)
from .board import Board, Profile
from .configuration import ConfigurationRows, Describe
from .encoder import describe_encoder
from .media_service import MediaService, Reread
from .metadata_rows import describe_metadata
from .node import Node
from .numbering import Numbering, Thing
from .profiles import Found, codec_of
from .trying import optional, together
from .video_source import describe_video_source

MAX_SHOWN: Final = 16
"""Configurations of one kind with settings."""

_DESCRIBED: Final[Mapping[str, tuple[str, Describe]]] = {
    "video_encoder": ("encoder", describe_encoder),
    "video_source": ("video_source", describe_video_source),
    "audio_source": ("audio_source", describe_audio_source),
    "audio_encoder": ("audio_encoder", describe_audio_encoder),
    "audio_output": ("audio_output", describe_audio_output),
    "audio_decoder": ("audio_decoder", describe_audio_decoder),
    "metadata": ("metadata", describe_metadata),
}
"""Prefix of the keys by kind of configuration, and what is to be adjusted."""
_WITHOUT_PROFILE: Final = ("audio_output", "audio_decoder")
"""Kinds that work whether a profile has them or not."""


class Configurations:
    """Keeps the settings of configurations up."""

    def __init__(self, service: MediaService, board: Board, reread: Reread) -> None:
        """Offer them on `board`; `reread` reads profiles back."""
        self._service = service
        self._board = board
        self._reread = reread
        self._rows: dict[tuple[str, int], ConfigurationRows] = {}
        self._options: dict[tuple[str, str], tuple[Node, ...]] = {}
        """By kind and token."""
        self._loose: dict[str, list[Node]] = {}
        """By kind: configurations that no profile has."""
        self._untold: set[str] = set()
        """Kinds of which the device did not tell those that no profile has."""
        self._numberings = {
            kind: Numbering(board.memory, prefix, MAX_SHOWN)
            for kind, (prefix, _) in _DESCRIBED.items()
        }
        self._numbers: dict[str, dict[str, int]] = {}
        """By kind and token, of what is shown."""

    @property
    def gone(self) -> frozenset[str]:
        """Return the beginnings of the keys of configurations that are no longer in use."""
        return frozenset(
            f"{_DESCRIBED[kind][0]}_{number}"
            for kind, numbering in self._numberings.items()
            if kind not in self._untold
            for number in numbering.gone
        )

    @property
    def things(self) -> dict[str, Item]:
        """Return what a document says of the configurations, by the beginnings of their keys."""
        return {
            key: item
            for kind, numbering in self._numberings.items()
            for key, item in numbering.things(_DESCRIBED[kind][0]).items()
        }

    def numbers(self, kind: str) -> Mapping[str, int]:
        """Return the numbers of the configurations of a kind, by token."""
        return self._numbers.get(kind, {})

    def forget(self) -> None:
        """Ask for options anew: the device may have changed, or its mode."""
        self._options.clear()

    async def learn(self, found: Sequence[Found]) -> None:
        """Find what no profile has. ConnectError, AuthError."""
        self._loose = {}
        self._untold = set()
        for kind in _WITHOUT_PROFILE:
            if not any(kind in one.parts for one in found):
                loose = await optional(self._service.configurations(kind))
                self._loose[kind] = loose or []
                if loose is None:
                    self._untold.add(kind)

    async def show(
        self, found: Sequence[Found], labels: Mapping[int, str], preferred: Profile | None
    ) -> None:
        """Offer the settings of what profiles have now. ConnectError, AuthError.

        `preferred` is the profile whose settings most people want.
        """
        wanted = [
            (kind, index, token, node, label)
            for kind in _DESCRIBED
            for index, token, node, label in self._of(kind, found, labels)
        ]
        missing = [
            (kind, token) for kind, _, token, _, _ in wanted if (kind, token) not in self._options
        ]
        answers = await together(*(self._service.options(kind, token) for kind, token in missing))
        self._options |= dict(zip(missing, answers, strict=True))
        shown: set[tuple[str, int]] = set()
        first: dict[str, int] = {}
        for kind, index, token, node, label in wanted:
            await asyncio.sleep(0)  # a hundred of them take longer than the loop may be kept
            options = self._options[kind, token]
            if kind in _WITHOUT_PROFILE:
                wants = index == first.setdefault(kind, index)
            else:
                wants = preferred is None or preferred.configurations.get(kind) == token
            self._row(kind, index).show(node, options, label, preferred=wants)
            shown.add((kind, index))
            if kind == "audio_decoder":
                show_decoder(self._board, f"{kind}_{index}", label, options)
        for place in self._rows.keys() - shown:
            self._rows.pop(place).withdraw()
        known = {(kind, token) for kind, _, token, _, _ in wanted}
        self._options = {place: self._options[place] for place in known}

    def _row(self, kind: str, index: int) -> ConfigurationRows:
        if (kind, index) not in self._rows:
            prefix, describe = _DESCRIBED[kind]
            self._rows[kind, index] = ConfigurationRows(
                self._service,
                self._board,
                describe,
                (kind, f"{prefix}_{index}"),
                self._reread,
            )
        return self._rows[kind, index]

    def _of(
        self, kind: str, found: Sequence[Found], labels: Mapping[int, str]
    ) -> list[tuple[int, str, Node, str]]:
        """Return number, token, XML and label of each configuration of a kind, by number."""
        nodes: dict[str, tuple[Node, str]] = {}
        for one in found:
            if (node := one.parts.get(kind)) is not None:
                name = labels[one.profile.index] if kind == "video_encoder" else ""
                nodes.setdefault(node.attribute("token") or "", (node, name))
        for node in self._loose.get(kind, ()):
            nodes.setdefault(node.attribute("token") or "", (node, ""))
        listed = list(nodes.items())[:MAX_SHOWN]
        numbers: list[int | None] = []
        if found or listed:  # else the device has only just started
            things = [_thing(token, node) for token, (node, _) in listed]
            numbers = self._numberings[kind].take(things)
        shown = {
            number: one for number, one in zip(numbers, listed, strict=True) if number is not None
        }
        self._numbers[kind] = {token: number for number, (token, _) in shown.items()}
        named: list[tuple[int, str, Node, str]] = []
        taken: set[str] = set()
        for index, (token, (node, name)) in sorted(shown.items()):
            label = name or plain(node.text("Name")) or str(index + 1)
            if label in taken:
                label = f"{label} {index + 1}"
            taken.add(label)
            named.append((index, token, node, label if len(shown) > 1 else ""))
        return named


def _thing(token: str, node: Node) -> Thing:
    return Thing(
        token=token,
        name=plain(node.text("Name")) or "",
        looks=(
            codec_of(node.text("Encoding")),
            node.number("Resolution", "Width"),
            node.number("Resolution", "Height"),
        ),
    )
