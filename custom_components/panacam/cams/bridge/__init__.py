"""One hub for each stream: it holds the camera's one connection and serves everybody who looks.

Sources are JPEG pictures with sound (`PictureStream`) and RTSP (`RtspStream`). Consumers are
stills, motion JPEG, MPEG-TS over HTTP on 127.0.0.1, and whoever takes packets: publishing, WebRTC.

Threads do the work that would hold up the event loop: one encodes for all viewers of a picture
stream, one reads an RTSP stream. What they make is handed over in the loop, where everything else
lives, so that nothing here needs a lock.
"""

from .bridge import Bridge, BridgeOptions
from .hub import Hub, Status
from .packets import Format, Kind, Packet
from .pictures import PictureHub
from .viewers import Ended, PacketViewer

__all__ = [
    "Bridge",
    "BridgeOptions",
    "Ended",
    "Format",
    "Hub",
    "Kind",
    "Packet",
    "PacketViewer",
    "PictureHub",
    "Status",
]
