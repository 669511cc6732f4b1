"""The simulated MO camera: one TCP port for operation and data, and a search by UDP.

async with MoSimulator() as sim:
...                               # sim.host, sim.port; user admin, password 12345
await sim.motion()
sim.fault(MoFault.TRUNCATED, on=Channel.DATA)
latency = time.monotonic() - sim.sent_at(read_counter(luma, 640, 480))
"""

from .camera import AlarmKind, DecoderCommand
from .counter import read_counter
from .data import DataConnection
from .dialect import CAPTURED, DIALECTS, ODD, SPECIFICATION, Dialect
from .faults import FOREVER, Channel, MoFault
from .jpeg import Layout, Sampling
from .operation import Operation
from .simulator import MoSimulator
from .talk import TalkPacket, TalkRecording, drift, purity

__all__ = [
    "CAPTURED",
    "DIALECTS",
    "FOREVER",
    "ODD",
    "SPECIFICATION",
    "AlarmKind",
    "Channel",
    "DataConnection",
    "DecoderCommand",
    "Dialect",
    "Layout",
    "MoFault",
    "MoSimulator",
    "Operation",
    "Sampling",
    "TalkPacket",
    "TalkRecording",
    "drift",
    "purity",
    "read_counter",
]
