"""The metadata stream: what is seen, where the camera points, and events (9.2, 10.2)."""

import asyncio
import math
import time
from typing import TYPE_CHECKING, Final

from .media_parts import Kind, Metadata, Profile
from .ptz_xml import written_position
from .service import NAMESPACES, element

if TYPE_CHECKING:
    from .camera import Camera
    from .topics import Message

_DECLARED: Final = " ".join(
    f'xmlns:{prefix}="{NAMESPACES[prefix]}"' for prefix in ("tt", "wsnt", "wsa", "tns1")
)
_LAP: Final = 10.0
"""Seconds an object takes across the picture."""
_CLASSES: Final = ("Human", "Vehicle", "Animal")


class MetadataWriter:
    """Writes one document after another for one profile."""

    def __init__(self, camera: Camera, profile: Profile) -> None:
        """Begin with every state of an event."""
        self._camera = camera
        self._profile = profile
        self._told: dict[tuple[object, ...], Message] = {}

    def anew(self) -> None:
        """Have every state of an event in the next document."""
        self._told.clear()

    def document(self) -> bytes | None:
        """Give what is to be told now; None without a configuration, or with nothing in it."""
        camera = self._camera
        settings = camera.media.part(self._profile, Kind.METADATA, Metadata)
        if settings is None:
            return None
        inside = ""
        if settings.analytics:
            inside += f"<tt:VideoAnalytics>{self._frame()}</tt:VideoAnalytics>"
        if settings.ptz_position and Kind.PTZ in self._profile.parts:
            inside += f"<tt:PTZ>{self._position()}</tt:PTZ>"
        if settings.events:
            events = self._events()
            inside += f"<tt:Event>{events}</tt:Event>" if events else ""
        if not inside:
            return None
        return f"<tt:MetadataStream {_DECLARED}>{inside}</tt:MetadataStream>".encode()

    def _frame(self) -> str:
        objects = ""
        for number in range(1, self._camera.media.scene.objects + 1):
            x = 2 * math.modf(time.time() / _LAP + number * 0.37)[0] - 1
            y = 0.5 - (number % 4) / 4
            objects += (
                f'<tt:Object ObjectId="{number}"><tt:Appearance><tt:Shape>'
                f'<tt:BoundingBox left="{x - 0.1:.3f}" top="{y + 0.2:.3f}" '
                f'right="{x + 0.1:.3f}" bottom="{y - 0.2:.3f}"/>'
                f'<tt:CenterOfGravity x="{x:.3f}" y="{y:.3f}"/></tt:Shape>'
                f'<tt:Class><tt:Type Likelihood="0.9">{_CLASSES[number % 3]}</tt:Type></tt:Class>'
                "</tt:Appearance></tt:Object>"
            )
        return f'<tt:Frame UtcTime="{self._now()}" Source="camera">{objects}</tt:Frame>'

    def _position(self) -> str:
        ptz = self._camera.ptz
        states = ["MOVING" if moving else "IDLE" for moving in (ptz.turning, ptz.zoom.moving)]
        return (
            f"<tt:PTZStatus><tt:Position>{written_position(ptz.position)}</tt:Position>"
            f"<tt:MoveStatus>{element('tt:PanTilt', states[0])}{element('tt:Zoom', states[1])}"
            f"</tt:MoveStatus>{element('tt:UtcTime', self._now())}</tt:PTZStatus>"
        )

    def _events(self) -> str:
        """Write the properties that have changed since they were told."""
        written = ""
        properties = self._camera.events.properties
        for key, message in properties.items():
            if self._told.get(key) is not message:
                written += message.write(self._now(), "")
        self._told = dict(properties)
        return written

    def _now(self) -> str:
        moment = self._camera.clock.now()
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


async def every(seconds: float, act: asyncio.Event) -> None:
    """Wait for `seconds`, or until `act` is set, which is then cleared."""
    try:
        async with asyncio.timeout(seconds):
            await act.wait()
    except TimeoutError:
        pass
    act.clear()
