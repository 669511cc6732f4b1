"""A device without a camera behind it, for what no simulated family can show."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from custom_components.panacam.cams.device import Device, Identity, Notice, State
from custom_components.panacam.cams.roles import (
    Imager,
    Mover,
    Rebooter,
    Recorder,
    Speaker,
    Unsubscribe,
)
from custom_components.panacam.cams.settings import Settings
from custom_components.panacam.cams.stream import PictureStream, RtspStream, Stream


@dataclass
class FakeDevice(Device):
    """A camera that has what a test gives it: at first one stream and nothing else."""

    identity: Identity = field(
        default_factory=lambda: Identity(manufacturer="Nobody", mac="a8:13:74:00:00:01")
    )
    streams: tuple[Stream, ...] = (
        RtspStream(key="only", label="Only", host="192.0.2.1", port=554, path="/", preferred=True),
    )
    configuration_url: str = "http://192.0.2.1"
    mover: Mover | None = None
    recorder: Recorder | None = None
    rebooter: Rebooter | None = None
    imager: Imager | None = None
    pictures: PictureStream | None = None
    speaker: Speaker | None = None
    settings: Settings | None = None
    listeners: list[Callable[[Notice], None]] = field(default_factory=list)
    state: State = field(default_factory=lambda: State(transmitting={"only": True}))
    closed: bool = False
    wanted: list[str] = field(default_factory=list)
    """Keys that are being kept up."""

    async def connect(self) -> None:
        """Do nothing."""

    async def poll(self) -> State:
        """Return the state that a test set."""
        return self.state

    def subscribe(self, listener: Callable[[Notice], None]) -> Unsubscribe:
        """Tell `listener` what a test says."""
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def want(self, key: str) -> Unsubscribe:
        """Remember who is wanted, until called off."""
        self.wanted.append(key)
        return lambda: self.wanted.remove(key)

    def say(self, notice: Notice) -> None:
        """Say something unasked."""
        for listener in tuple(self.listeners):
            listener(notice)

    async def close(self) -> None:
        """Remember it."""
        self.closed = True

    def diagnostics(self) -> Mapping[str, object]:
        """Return nothing."""
        return {}
