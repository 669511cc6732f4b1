"""Inputs and outputs: relays with their delays, digital inputs, sound and picture (5)."""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .topics import Topic

if TYPE_CHECKING:
    from .camera import Camera

RELAY_TOPIC: Final = "tns1:Device/Trigger/Relay"
INPUT_TOPIC: Final = "tns1:Device/Trigger/DigitalInput"
BISTABLE: Final = "Bistable"
MONOSTABLE: Final = "Monostable"


@dataclass(slots=True, kw_only=True)
class Relay:
    """One relay output."""

    token: str
    mode: str = BISTABLE
    delay: float = 1.0
    """Seconds after which a monostable one falls back."""
    idle_state: str = "open"
    active: bool = False
    back: asyncio.TimerHandle | None = None
    """What makes a monostable one fall back."""
    fixed_mode: bool = False
    """Whether its mode cannot be changed."""


@dataclass(slots=True, kw_only=True)
class DigitalInput:
    """One digital input."""

    token: str
    idle_state: str = "open"
    active: bool = False


@dataclass(slots=True, kw_only=True)
class VideoOutput:
    """A monitor's socket and its configuration."""

    token: str = "video_output_1"
    configuration: str = "video_output_config_1"
    name: str = "HDMI"
    resolution: tuple[int, int] = (1920, 1080)
    refresh_rate: float = 60.0


class InputsOutputs:
    """What can be plugged into the camera."""

    def __init__(self, camera: Camera) -> None:
        """Have two relays, two inputs and a monitor."""
        self._camera: Final = camera
        self.relays: Final[dict[str, Relay]] = {}
        self.inputs: Final[dict[str, DigitalInput]] = {}
        self.video_outputs: Final[dict[str, VideoOutput]] = {}
        self.auxiliary: Final[deque[str]] = deque(maxlen=100)
        """Auxiliary commands of the device service that came."""
        camera.events.declare(
            Topic(RELAY_TOPIC, {"RelayToken": "tt:ReferenceToken"}, _state("tt:RelayLogicalState"))
        )
        camera.events.declare(
            Topic(INPUT_TOPIC, {"InputToken": "tt:ReferenceToken"}, _state("xs:boolean"))
        )
        if camera.features.deviceio:
            self.add_relay(Relay(token="relay1"))
            self.add_relay(Relay(token="relay2", mode=MONOSTABLE, delay=1.0))
            self.add_input(DigitalInput(token="input1"))
            self.add_input(DigitalInput(token="input2", idle_state="closed"))
            output = VideoOutput()
            self.video_outputs[output.token] = output

    def add_relay(self, relay: Relay) -> None:
        """Plug a relay in."""
        self.relays[relay.token] = relay
        self._tell_relay(relay, "Initialized")

    def add_input(self, found: DigitalInput) -> None:
        """Plug an input in."""
        self.inputs[found.token] = found
        self._tell_input(found, "Initialized")

    def counts(self) -> dict[str, int]:
        """Count what there is, by the names of DeviceIOCapabilities."""
        features = self._camera.features
        return {
            "VideoSources": 1,
            "VideoOutputs": len(self.video_outputs),
            "AudioSources": int(features.audio),
            "AudioOutputs": int(features.audio_output),
            "RelayOutputs": len(self.relays),
        }

    def set_relay(self, token: str, active: bool) -> None:
        """Switch a relay; a monostable one falls back after its delay."""
        relay = self.relays[token]
        if relay.back is not None:
            relay.back.cancel()
            relay.back = None
        self._switch(relay, active)
        if active and relay.mode == MONOSTABLE:
            loop = asyncio.get_running_loop()
            relay.back = loop.call_later(relay.delay, self._switch, relay, False)

    def set_input(self, token: str, on: bool) -> None:
        """Let a doorbell ring at input `token`."""
        found = self.inputs[token]
        if found.active is not on:
            found.active = on
            self._tell_input(found, "Changed")

    def power_cycle(self) -> None:
        """Let every relay fall back."""
        self.close()
        for relay in self.relays.values():
            relay.active = False
            self._tell_relay(relay, "Initialized")

    def close(self) -> None:
        """Cancel every timer."""
        for relay in self.relays.values():
            if relay.back is not None:
                relay.back.cancel()
                relay.back = None

    def _switch(self, relay: Relay, active: bool) -> None:
        if relay.active is not active:
            relay.active = active
            self._tell_relay(relay, "Changed")

    def _tell_relay(self, relay: Relay, operation: str) -> None:
        state = "active" if relay.active else "inactive"
        self._camera.events.emit(
            RELAY_TOPIC, {"RelayToken": relay.token}, {"LogicalState": state}, operation
        )

    def _tell_input(self, found: DigitalInput, operation: str) -> None:
        self._camera.events.emit(
            INPUT_TOPIC, {"InputToken": found.token}, {"LogicalState": found.active}, operation
        )


def _state(kind: str) -> dict[str, str]:
    return {"LogicalState": kind}
