"""What else a device can be connected to (5.2 to 5.6): counted, and video outputs looked at."""

from collections.abc import Mapping
from functools import partial
from typing import Final

from ..errors import Reason, RefusedError
from ..roles import Reading
from ..settings import Text, Value
from ..text import plain
from .board import Board
from .client import OnvifClient
from .node import Node, as_number
from .trying import optional, together

MAX_OUTPUTS: Final = 16

OPERATIONS: Final[Mapping[str, str]] = {
    "deviceio.GetVideoOutputs": "sensors `video_outputs`, `video_output_0_resolution`",
    "deviceio.GetVideoOutputConfiguration": "text `video_output_0_name`",
    "deviceio.SetVideoOutputConfiguration": "text `video_output_0_name`",
    "deviceio.GetVideoOutputConfigurationOptions": "whether `video_output_0_name` can be changed",
    "deviceio.GetVideoSources": "sensor `video_sources`",
    "deviceio.GetAudioSources": "sensor `audio_sources`",
    "deviceio.GetAudioOutputs": "sensor `audio_outputs`",
}
_COUNTED: Final = {
    "GetVideoSources": ("video_sources", "VideoSources"),
    "GetAudioSources": ("audio_sources", "AudioSources"),
    "GetAudioOutputs": ("audio_outputs", "AudioOutputs"),
    "GetVideoOutputs": ("video_outputs", "VideoOutputs"),
}
"""Reading and capability of each list."""


class Plugs:
    """Sources and outputs of picture and sound."""

    def __init__(self, client: OnvifClient, board: Board) -> None:
        """Ask by `client`, write to `board`."""
        self._client = client
        self._board = board
        self._counts: Node | None = None
        self._outputs: list[str] = []
        """Tokens of the video outputs."""
        self._rows: set[str] = set()

    async def connect(self, counts: Node | None) -> None:
        """Learn what there is; `counts` is what the service says of itself."""
        if not self._client.has("deviceio"):
            return
        self._counts = counts
        before, self._rows = self._rows, set()
        await self.read()
        await together(*(self._offer_name(token, at) for at, token in enumerate(self._outputs)))
        for key in before - self._rows:
            self._board.withdraw(key)

    async def read(self) -> None:
        """Read what is plugged in. ConnectError, AuthError."""
        if not self._client.has("deviceio"):
            return
        answers = await together(*map(self._count, _COUNTED))
        self._show_outputs(answers[-1])
        await together(
            *(
                self._read_name(token, at)
                for at, token in enumerate(self._outputs)
                if f"video_output_{at}_name" in self._rows
            )
        )

    async def _count(self, operation: str) -> Node | None:
        """Count what is in a list, which older devices describe instead of naming tokens."""
        key, capability = _COUNTED[operation]
        said = None if self._counts is None else self._counts.attribute(capability)
        answer = None
        if said != "0":
            answer = await optional(self._client.call("deviceio", operation))
            if answer is None and operation != "GetVideoOutputs":
                # The first edition of the service had the media service's elements here.
                address = self._client.services["deviceio"]
                answer = await optional(self._client.call("media", operation, address=address))
        count = as_number(said) if answer is None else float(len(list(answer)))
        if count is not None:
            row = Reading(key=key, enabled=False, diagnostic=True)
            self._board.reading(row, int(count))
        return answer

    def _show_outputs(self, answer: Node | None) -> None:
        nodes = [] if answer is None else answer.children("VideoOutputs")[:MAX_OUTPUTS]
        self._outputs = [token for node in nodes if (token := node.attribute("token"))]
        for at, node in enumerate(node for node in nodes if node.attribute("token")):
            width, height = (node.number("Resolution", name) for name in ("Width", "Height"))
            if width is not None and height is not None:
                key = f"video_output_{at}_resolution"
                row = Reading(
                    key=key,
                    kind="video_output_resolution",
                    label=self._label(at),
                    enabled=False,
                    diagnostic=True,
                )
                self._board.reading(row, f"{int(width)}x{int(height)}")

    def _label(self, at: int) -> str:
        return str(at + 1) if len(self._outputs) > 1 else ""

    async def _offer_name(self, token: str, at: int) -> None:
        """Offer the name, which is all that a configuration has, where it can be changed."""
        configuration, options = await together(
            self._configuration(token),
            optional(
                self._client.call(
                    "deviceio", "GetVideoOutputConfigurationOptions", VideoOutputToken=token
                )
            ),
        )
        if configuration is None or options is None:
            return
        row = Text(
            key=f"video_output_{at}_name",
            kind="video_output_name",
            label=self._label(at),
            enabled=False,
            max_length=64,
        )
        self._rows.add(row.key)
        self._board.setting(
            row, partial(self._rename, token, at), plain(configuration.text("Name"))
        )

    async def _rename(self, token: str, at: int, value: Value) -> None:
        configuration = await self._configuration(token)
        if configuration is None:
            raise RefusedError(Reason.NOT_FOUND, "VideoOutputConfiguration")
        changed = configuration.copy()
        changed.put("Name", text=str(value))
        await self._client.call(
            "deviceio",
            "SetVideoOutputConfiguration",
            Configuration=changed,
            ForcePersistence=True,
        )
        await self._read_name(token, at)

    async def _read_name(self, token: str, at: int) -> None:
        configuration = await self._configuration(token)
        name = None if configuration is None else plain(configuration.text("Name"))
        self._board.values[f"video_output_{at}_name"] = name

    async def _configuration(self, token: str) -> Node | None:
        answer = await optional(
            self._client.call("deviceio", "GetVideoOutputConfiguration", VideoOutputToken=token)
        )
        return None if answer is None else answer.child("VideoOutputConfiguration")
