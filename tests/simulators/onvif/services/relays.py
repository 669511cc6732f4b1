"""Relay outputs, which both the device and the device IO service have (5, and 8.6 of the core)."""

from collections.abc import Callable
from typing import Final
from xml.etree.ElementTree import Element

from tests.simulators.onvif.camera import Camera
from tests.simulators.onvif.service import (
    Handler,
    SoapFault,
    child,
    duration,
    escape,
    invalid,
    text,
)
from tests.simulators.onvif.state_io import BISTABLE, MONOSTABLE, Relay

DELAY_TIMES: Final = (0.1, 60.0)
"""Shortest and longest delay of a monostable relay, in seconds."""


def find_relay(camera: Camera, token: str) -> Relay:
    """Find a relay; a fault without."""
    relay = camera.io.relays.get(token)
    if relay is None:
        raise invalid("RelayToken")
    return relay


def write_duration(seconds: float) -> str:
    """Write an xs:duration: `PT1.5S`."""
    return f"PT{seconds:g}S"


def get_relay_outputs(camera: Camera, _request: Element) -> str:
    """Write all relays; in either service the elements are the device service's."""
    return "".join(
        f'<tds:RelayOutputs token="{escape(relay.token)}"><tt:Properties>'
        f"<tt:Mode>{relay.mode}</tt:Mode>"
        f"<tt:DelayTime>{write_duration(relay.delay)}</tt:DelayTime>"
        f"<tt:IdleState>{relay.idle_state}</tt:IdleState></tt:Properties></tds:RelayOutputs>"
        for relay in camera.io.relays.values()
    )


def set_relay_output_state(camera: Camera, request: Element) -> str:
    """Switch a relay; in either service the elements are the device service's."""
    relay = find_relay(camera, text(request, "tds:RelayOutputToken"))
    state = text(request, "tds:LogicalState")
    if state not in ("active", "inactive"):
        raise invalid()
    camera.io.set_relay(relay.token, state == "active")
    return ""


def settings_of(token: str, at: str) -> Callable[[Camera, Element], str]:
    """Give the handler that reads token and properties at these paths; `@` is an attribute."""

    def handle(camera: Camera, request: Element) -> str:
        properties = child(request, at)
        if properties is None:
            raise SoapFault("Sender", ("InvalidArgs",), "no Properties")
        path, _, name = token.partition("@")
        if name:
            holder = child(request, path)
            wanted = "" if holder is None else holder.get(name, "")
        else:
            wanted = text(request, token)
        _apply(find_relay(camera, wanted), properties)
        return ""

    return handle


def _apply(relay: Relay, properties: Element) -> None:
    mode = text(properties, "tt:Mode")
    idle_state = text(properties, "tt:IdleState")
    delay = duration(text(properties, "tt:DelayTime"))
    if mode not in (BISTABLE, MONOSTABLE) or idle_state not in ("open", "closed"):
        raise invalid("ModeError")
    if delay is None or (mode == MONOSTABLE and not DELAY_TIMES[0] <= delay <= DELAY_TIMES[1]):
        raise invalid("ModeError")
    if relay.fixed_mode and mode != relay.mode:
        raise invalid("ModeError")
    relay.mode, relay.idle_state = mode, idle_state
    if mode == MONOSTABLE:
        relay.delay = delay


DEVICE_RELAYS: Final[dict[str, Handler]] = {
    "GetRelayOutputs": get_relay_outputs,
    "SetRelayOutputState": set_relay_output_state,
    "SetRelayOutputSettings": settings_of("tds:RelayOutputToken", "tds:Properties"),
}
