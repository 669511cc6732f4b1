"""The simulated ONVIF camera: one HTTP port for SOAP and snapshots, and RTSP.

async with OnvifSimulator(quirks={Quirk.NEW_PORT}) as sim:
...                               # sim.url; user admin, password Kamera/7
sim.camera.io.set_input("input1", True)
sim.fault("GetProfiles", Fault.HANG)
"""

from .auth import Auth
from .camera import Camera, Features
from .faults import Fault
from .quirks import Quirk
from .server import Request
from .simulator import OnvifSimulator
from .topics import Message, Topic

__all__ = [
    "Auth",
    "Camera",
    "Fault",
    "Features",
    "Message",
    "OnvifSimulator",
    "Quirk",
    "Request",
    "Topic",
]
