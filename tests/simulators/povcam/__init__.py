"""The simulated Panasonic camera of the POVCAM interface specification."""

from .auth import REALM
from .camera import Camera, Delivery, Move
from .cards import Progress, Slot
from .faults import Fault, RtspFault
from .http import Request
from .models import AG_MDC20, AG_MDR25, AG_UCK20, AG_UMR20, AW_HE40, MODELS, Auth, Model, Options
from .simulator import Discovery, PovcamSimulator

__all__ = [
    "AG_MDC20",
    "AG_MDR25",
    "AG_UCK20",
    "AG_UMR20",
    "AW_HE40",
    "MODELS",
    "REALM",
    "Auth",
    "Camera",
    "Delivery",
    "Discovery",
    "Fault",
    "Model",
    "Move",
    "Options",
    "PovcamSimulator",
    "Progress",
    "Request",
    "RtspFault",
    "Slot",
]
