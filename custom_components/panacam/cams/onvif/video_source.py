"""Video sources: modes, rotation, the part that is shown, and how many encoders (6.3.2, 6.9)."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from ..errors import Reason, RefusedError
from ..roles import Reading
from ..settings import Choice, Value
from ..text import plain
from .board import Board, Write
from .configuration import (
    MAX_OPTIONS,
    Item,
    Subject,
    Withdrawn,
    insert,
    limits,
    put_attribute,
    whole,
    words,
)
from .media_service import MediaService, Reread
from .node import Node, as_flag, as_number
from .trying import optional

MAX_SOURCES: Final = 16

OPERATIONS: Final[Mapping[str, str]] = {
    "media2.GetVideoSourceConfigurationOptions": "options of `video_source_...`",
    "media2.SetVideoSourceConfiguration": "select `video_source_rotation`,"
    " `video_source_degrees`, switch `video_source_mirror`, number `video_source_x`, `..._y`,"
    " `..._width`, `..._height`",
    "media.GetVideoSourceConfigurations": "action `panacam.get_profiles`, without Media2",
    "media.GetVideoSourceConfiguration": "settings `video_source_...` read back, without Media2",
    "media.GetVideoSourceConfigurationOptions": "options of `video_source_...`, without Media2",
    "media.SetVideoSourceConfiguration": "settings `video_source_...`, without Media2",
    "media2.GetVideoEncoderInstances": "sensor `encoder_instances`",
    "media.GetGuaranteedNumberOfVideoEncoderInstances": "sensor `encoder_instances`, without"
    " Media2",
    "media2.GetVideoSourceModes": "select `video_mode`",
    "media2.SetVideoSourceMode": "select `video_mode`",
    "media.GetVideoSourceModes": "select `video_mode`, without Media2",
    "media.SetVideoSourceMode": "select `video_mode`, without Media2",
}

_BOUNDS: Final = (
    ("x", "XRange"),
    ("y", "YRange"),
    ("width", "WidthRange"),
    ("height", "HeightRange"),
)


def describe_video_source(subject: Subject) -> Iterator[Item]:
    """Return rotation and mirroring where offered, and the part of the picture that is shown."""
    option = subject.options[0] if subject.options else None
    if option is None:
        return
    rotate = option.child("Extension", "Rotate")
    if rotate is not None:
        yield from _rotation(subject, rotate)
    bounds = subject.node.child("Bounds")
    for name, element in _BOUNDS:
        found = limits(option, "BoundsRange", element)
        if bounds is None or found is None or found[0] >= found[1]:
            continue
        now = as_number(bounds.attribute(name))
        yield subject.range(name, found, now, _put_bound(name), unit="px", enabled=False)


def _rotation(subject: Subject, rotate: Node) -> Iterator[Item]:
    now = subject.node.child("Extension", "Rotate")
    modes = words(mode.text() for mode in rotate.children("Mode"))
    if len(modes) > 1:
        mode = None if now is None else now.text("Mode")
        yield subject.choice("rotation", modes, mode, _put_rotation("Mode"))
    degrees = words(item.text() for item in rotate.children("DegreeList", "Items"))
    if len(degrees) > 1:
        degree = None if now is None else now.text("Degree")
        yield subject.choice("degrees", degrees, degree, _put_rotation("Degree"))
    if as_flag(rotate.attribute("Mirror")):
        mirrored = now is not None and as_flag(now.attribute("Mirror")) is True
        yield subject.toggle("mirror", mirrored, _put_mirror)


def _rotate(node: Node) -> Node:
    """Return the Rotate element, made with rotation off where it is missing."""
    rotate = insert(insert(node, "Extension", ()), "Rotate", ("Extension",))
    if rotate.child("Mode") is None:
        insert(rotate, "Mode", ("Degree", "Extension")).put(text="OFF")
    return rotate


def _put_rotation(name: str) -> Callable[[Node, str], None]:
    def put(node: Node, value: str) -> None:
        insert(_rotate(node), name, ("Extension",)).put(text=value)

    return put


def _put_mirror(node: Node, value: str) -> None:
    put_attribute(_rotate(node), "Mirror", value)


def _put_bound(name: str) -> Callable[[Node, float], None]:
    def put(node: Node, value: float) -> None:
        if (bounds := node.child("Bounds")) is not None:
            put_attribute(bounds, name, whole(value))

    return put


async def show_instances(
    service: MediaService, board: Board, numbers: Mapping[str, int], names: Mapping[str, str]
) -> None:
    """Show how many pictures each video source configuration can have encoded at once.

    `numbers` and `names` are theirs by token. Raises ConnectError, AuthError.
    """
    for token, index in numbers.items():
        operation = (
            "GetVideoEncoderInstances"
            if service.media2
            else "GetGuaranteedNumberOfVideoEncoderInstances"
        )
        answer = await optional(service.call(operation, ConfigurationToken=token))
        if answer is None:
            continue
        total = answer.number("Info", "Total") if service.media2 else answer.number("TotalNumber")
        row = Reading(
            key=f"video_source_{index}_encoder_instances",
            kind="encoder_instances",
            label=names.get(token, ""),
            enabled=False,
            diagnostic=True,
        )
        if total is not None:
            board.reading(row, total)


class ModeRows:
    """A choice for each video source with several modes."""

    def __init__(self, service: MediaService, board: Board, reread: Reread) -> None:
        """Offer them on `board`; `reread` learns anew what a mode can, with the lock held."""
        self._service = service
        self._board = board
        self._reread = reread
        self._rows = Withdrawn(board)
        self._sources: dict[int, str] = {}
        """Tokens by number, of those with a choice."""
        self._many = False

    async def learn(self, sources: Iterable[str]) -> None:
        """Find out which sources have modes, by their tokens. ConnectError, AuthError."""
        found = [] if self._service.lacks("VideoSourceMode") else list(sources)[:MAX_SOURCES]
        self._many = len(found) > 1
        self._sources = dict(enumerate(found))
        shown = await self.read()
        self._sources = {number: self._sources[number] for number in shown}

    async def read(self) -> list[int]:
        """Read the modes; return the numbers of the sources with a choice.

        Raises ConnectError, AuthError.
        """
        shown: list[int] = []
        for number, source in self._sources.items():
            modes = await self._modes(source)
            if len(modes) < 2:
                continue
            row = Choice(
                key=f"video_mode_{number}",
                kind="video_mode",
                label=str(number + 1) if self._many else "",
                enabled=False,
                options=tuple(modes),
            )
            shown.append(number)
            now = next((name for name, mode in modes.items() if _on(mode)), None)
            self._board.setting(row, self._writer(row.key, source), now)
        self._rows.replace(f"video_mode_{number}" for number in shown)
        return shown

    async def _modes(self, source: str) -> dict[str, Node]:
        answer = await optional(
            self._service.either("GetVideoSourceModes", VideoSourceToken=source)
        )
        found: dict[str, Node] = {}
        for mode in () if answer is None else answer.children("VideoSourceModes")[:MAX_OPTIONS]:
            token = mode.attribute("token")
            name = plain(mode.text("Description")) or plain(token)
            if name in found:
                name = plain(token)
            if token is not None and name is not None:
                found.setdefault(name, mode)
        return found

    def _writer(self, key: str, source: str) -> Write:
        async def write(value: Value) -> None:
            async with self._service.lock:
                mode = (await self._modes(source)).get(str(value))
                if mode is None:
                    raise RefusedError(Reason.NOT_FOUND)
                answer = await self._service.either(
                    "SetVideoSourceMode",
                    VideoSourceToken=source,
                    VideoSourceModeToken=mode.attribute("token"),
                )
                if answer.flag("Reboot"):
                    # It restarts now, and says when it is back what became of it.
                    self._board.values[key] = None
                    return
                await self.read()
                await self._reread()

        return write


def _on(mode: Node) -> bool:
    return as_flag(mode.attribute("Enabled")) is True
