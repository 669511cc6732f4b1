"""The settings of every configuration that profiles are made of."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from ..text import plain
from .audio import (
    describe_audio_decoder,
    describe_audio_encoder,
    describe_audio_output,
    describe_audio_source,
    show_decoder,
)
from .board import Board
from .configuration import ConfigurationRows, Describe
from .encoder import describe_encoder
from .media_service import MediaService, Reread
from .metadata_rows import describe_metadata
from .node import Node
from .profiles import Found
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

    def forget(self) -> None:
        """Ask for options anew: the device may have changed, or its mode."""
        self._options.clear()

    async def learn(self, found: Sequence[Found]) -> None:
        """Find what no profile has. ConnectError, AuthError."""
        self._loose = {}
        for kind in _WITHOUT_PROFILE:
            if not any(kind in one.parts for one in found):
                self._loose[kind] = await optional(self._service.configurations(kind)) or []

    async def show(self, found: Sequence[Found], labels: Mapping[int, str]) -> None:
        """Offer the settings of what profiles have now. ConnectError, AuthError."""
        wanted = [
            (kind, index, token, node, label)
            for kind in _DESCRIBED
            for index, (token, node, label) in enumerate(self._of(kind, found, labels))
        ]
        missing = [
            (kind, token) for kind, _, token, _, _ in wanted if (kind, token) not in self._options
        ]
        answers = await together(*(self._service.options(kind, token) for kind, token in missing))
        self._options |= dict(zip(missing, answers, strict=True))
        shown: set[tuple[str, int]] = set()
        for kind, index, token, node, label in wanted:
            await asyncio.sleep(0)  # a hundred of them take longer than the loop may be kept
            options = self._options[kind, token]
            self._row(kind, index).show(node, options, label)
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
        self, kind: str, found: Iterable[Found], labels: Mapping[int, str]
    ) -> list[tuple[str, Node, str]]:
        """Return token, XML and label of each configuration of a kind, as profiles have them."""
        nodes: dict[str, tuple[Node, str]] = {}
        for one in found:
            if (node := one.parts.get(kind)) is not None:
                name = labels[one.profile.index] if kind == "video_encoder" else ""
                nodes.setdefault(node.attribute("token") or "", (node, name))
        for node in self._loose.get(kind, ()):
            nodes.setdefault(node.attribute("token") or "", (node, ""))
        shown = list(nodes.items())[:MAX_SHOWN]
        named: list[tuple[str, Node, str]] = []
        taken: set[str] = set()
        for index, (token, (node, name)) in enumerate(shown):
            label = name or plain(node.text("Name")) or str(index + 1)
            if label in taken:
                label = f"{label} {index + 1}"
            taken.add(label)
            named.append((token, node, label if len(shown) > 1 else ""))
        return named
