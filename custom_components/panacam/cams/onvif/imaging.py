"""The imaging service (clause 7): the picture of each video source, its presets and its focus."""

import asyncio
from collections.abc import Mapping
from typing import Final, override

from ..errors import Reason, RefusedError
from ..settings import Choice, Value
from ..text import plain
from .board import Board
from .client import OnvifClient
from .focus import OnvifFocus
from .imaging_rows import ROWS, ImagingRow, only, put, setting_of, text_of, value_of
from .node import Node
from .part import Part
from .trying import optional, together

MAX_SOURCES: Final = 8
MAX_PRESETS: Final = 64

OPERATIONS: Final[Mapping[str, str]] = {
    "imaging.GetServiceCapabilities": "whether there are imaging presets",
    "imaging.GetImagingSettings": "numbers and selects `imaging_0_...`",
    "imaging.SetImagingSettings": "numbers and selects `imaging_0_...`",
    "imaging.GetOptions": "ranges and options of `imaging_0_...`",
    "imaging.GetPresets": "select `imaging_0_preset`",
    "imaging.GetCurrentPreset": "select `imaging_0_preset`",
    "imaging.SetCurrentPreset": "select `imaging_0_preset`",
}


class ImagingPart(Part):
    """The picture of all video sources, and the focus of the first."""

    def __init__(self, client: OnvifClient, board: Board) -> None:
        """Ask by `client`, write to `board`."""
        super().__init__(client, board)
        self.focus: Final = OnvifFocus(client, board, self._refocused)
        """The lens; it may have nothing that moves."""
        self._sources: list[Source] = []

    @override
    async def connect(self) -> None:
        """Learn what each source can do."""
        has = self.client.has("imaging")
        tokens = dict.fromkeys(
            profile.video_source for profile in self.board.profiles if profile.video_source
        )
        several = len(tokens) > 1
        before = {key for source in self._sources for key in source.keys}
        self._sources = [
            Source(self.client, self.board, token, index, str(index + 1) if several else "")
            for index, token in enumerate(list(tokens)[:MAX_SOURCES] if has else [])
        ]
        presets = bool(self._sources) and await self._has_presets()
        first = self._sources[0] if self._sources else None
        await together(
            *(source.learn(presets=presets) for source in self._sources),
            self.focus.learn(
                None if first is None else first.token, 0, "" if first is None else first.label
            ),
        )
        for key in before.difference(*(source.keys for source in self._sources)):
            self.board.withdraw(key)

    @override
    async def refresh(self) -> None:
        """Read back what others may have changed."""
        for source in self._sources:
            await source.read()
        await self.focus.read()

    @override
    async def close(self) -> None:
        """Leave no lens moving."""
        await self.focus.close()

    async def _has_presets(self) -> bool:
        answer = await optional(self.client.call("imaging", "GetServiceCapabilities"))
        found = None if answer is None else answer.child("Capabilities")
        if found is None:
            return True
        # The specification has one name for it, its schema another.
        said = (found.attribute("ImagingPresets"), found.attribute("Presets"))
        return any((word or "").casefold() in {"true", "1"} for word in said)

    async def _refocused(self) -> None:
        """Read the settings again: a move of the lens ends the automatic focus."""
        if self._sources:
            await self._sources[0].read()


class Source:
    """The picture of one video source."""

    def __init__(
        self, client: OnvifClient, board: Board, token: str, index: int, label: str
    ) -> None:
        """Ask about `token`; rows are called `imaging_<index>_...`."""
        self.token: Final = token
        self.label: Final = label
        self._client = client
        self._board = board
        self._prefix = f"imaging_{index}"
        self._options: Node | None = None
        self._rows: dict[str, ImagingRow] = {}
        """By the keys of their settings."""
        self._presets: dict[str, str] = {}
        """Tokens by name."""
        self._writing = asyncio.Lock()

    async def learn(self, *, presets: bool) -> None:
        """Read what can be adjusted, and how it is. ConnectError, AuthError."""
        settings, options, _ = await together(
            self._settings(),
            self._ask("GetOptions", "ImagingOptions"),
            self._learn_presets(wanted=presets),
        )
        self._options = options
        for row in [] if settings is None else ROWS:
            self._offer(row, settings)

    async def read(self) -> None:
        """Read how everything is. ConnectError, AuthError."""
        if self._rows:
            self._show(await self._settings())
        if self._presets:
            await self._read_preset()

    @property
    def keys(self) -> frozenset[str]:
        """Return the keys of its settings."""
        return frozenset({*self._rows, *([self._preset_key] if self._presets else [])})

    @property
    def _preset_key(self) -> str:
        return f"{self._prefix}_preset"

    def _offer(self, row: ImagingRow, settings: Node | None) -> None:
        if settings is None:
            return
        setting = setting_of(row, self._prefix, self.label, settings, self._options)
        if setting is None:
            return
        self._rows[setting.key] = row

        async def write(value: Value) -> None:
            await self._write(row, value)

        self._board.setting(setting, write, value_of(row, settings))

    async def _write(self, row: ImagingRow, value: Value) -> None:
        """Change one value of the settings as they are now."""
        async with self._writing:
            settings = await self._settings()
            if settings is None:
                raise RefusedError(Reason.NOT_FOUND, "ImagingSettings")
            changed = settings.copy()
            put(changed, row, text_of(row, value, self._options))
            try:
                await self._set(changed)
            except RefusedError as err:
                if err.reason not in {Reason.OUT_OF_RANGE, Reason.REFUSED}:
                    raise
                # Some refuse their own settings, but not the part that was changed.
                await self._set(only(changed, row))
            self._show(await self._settings())
        if self._presets:
            await self._read_preset()

    async def _set(self, settings: Node) -> None:
        await self._client.call(
            "imaging",
            "SetImagingSettings",
            VideoSourceToken=self.token,
            ImagingSettings=settings,
            ForcePersistence=True,
        )

    def _show(self, settings: Node | None) -> None:
        for key, row in self._rows.items():
            self._board.values[key] = None if settings is None else value_of(row, settings)

    async def _learn_presets(self, *, wanted: bool) -> None:
        if not wanted:
            return
        answer = await optional(
            self._client.call("imaging", "GetPresets", VideoSourceToken=self.token)
        )
        listed = [] if answer is None else answer.children("Preset")[:MAX_PRESETS]
        for node in listed:
            token = node.attribute("token")
            name = plain(node.text("Name")) or plain(token)
            if token is not None and name is not None:
                while name in self._presets:
                    name += "'"
                self._presets[name] = token
        if self._presets:
            row = Choice(
                key=self._preset_key,
                kind="imaging_preset",
                label=self.label,
                config=False,
                options=tuple(self._presets),
            )
            self._board.setting(row, self._set_preset)
            await self._read_preset()

    async def _read_preset(self) -> None:
        answer = await optional(
            self._client.call("imaging", "GetCurrentPreset", VideoSourceToken=self.token)
        )
        # The specification calls it CurrentPreset, its schema Preset.
        node = next(iter(answer), None) if answer is not None else None
        token = None if node is None else node.attribute("token")
        names = (name for name, known in self._presets.items() if known == token)
        self._board.values[self._preset_key] = next(names, None)

    async def _set_preset(self, value: Value) -> None:
        await self._client.call(
            "imaging",
            "SetCurrentPreset",
            VideoSourceToken=self.token,
            PresetToken=self._presets[str(value)],
        )
        await self.read()

    async def _settings(self) -> Node | None:
        return await self._ask("GetImagingSettings", "ImagingSettings")

    async def _ask(self, operation: str, name: str) -> Node | None:
        answer = await optional(
            self._client.call("imaging", operation, VideoSourceToken=self.token)
        )
        return None if answer is None else answer.child(name)
