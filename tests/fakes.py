"""A device without a camera behind it, for what no simulated family can show."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from custom_components.panacam.cams.device import (
    Device,
    Identity,
    Imager,
    Mover,
    Rebooter,
    Recorder,
    State,
)
from custom_components.panacam.cams.stream import RtspStream


@dataclass
class FakeDevice:
    """A camera that has what a test gives it: at first one stream and nothing else."""

    identity: Identity = field(
        default_factory=lambda: Identity(manufacturer="Nobody", mac="a8:13:74:00:00:01")
    )
    streams: tuple[RtspStream, ...] = (
        RtspStream(key="only", label="Only", host="192.0.2.1", port=554, path="/", preferred=True),
    )
    configuration_url: str = "http://192.0.2.1"
    mover: Mover | None = None
    recorder: Recorder | None = None
    rebooter: Rebooter | None = None
    imager: Imager | None = None
    state: State = field(default_factory=lambda: State(transmitting={"only": True}))
    closed: bool = False

    async def connect(self) -> None:
        """Do nothing."""

    async def poll(self) -> State:
        """Return the state that a test set."""
        return self.state

    async def close(self) -> None:
        """Remember it."""
        self.closed = True

    def diagnostics(self) -> Mapping[str, object]:
        """Return nothing."""
        return {}


# Checked by mypy: a fake that no longer is a device is an error here.
_DEVICE: Device = FakeDevice()
