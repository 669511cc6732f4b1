"""The steps of provisioning (provisioning.txt), and what is told at each of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Step(StrEnum):
    """What happened; types of the event entity and keys of their sentences."""

    DISABLED = "disabled"
    """Somebody got an address, and automatic adding is off: the end."""
    IP_ADDRESS_ALLOCATION = "ip_address_allocation"
    NOT_FOUND = "not_found"
    """Neither expected nor set up: the end."""
    ALREADY_KNOWN = "already_known"
    """The camera is set up at that address."""
    RESERVATION_CREATED = "reservation_created"
    RESERVATION_SKIPPED = "reservation_skipped"
    """There is no DHCP server to reserve in."""
    FAILED_TO_CREATE_DHCP_RESERVATION = "failed_to_create_dhcp_reservation"
    """The end."""
    NETWORK_DEVICE_ADDED = "network_device_added"
    NETWORK_DEVICE_MOVED = "network_device_moved"
    """A camera that was set up is followed to its new address."""
    OPTION_82_ADDED = "option_82_added"
    STREAMS_SET_UP = "streams_set_up"
    CONFIGURATION_APPLIED = "configuration_applied"
    CONFIGURATION_FAILED = "configuration_failed"
    UNREACHABLE = "unreachable"
    """Nobody answers there: the end."""
    REFUSED = "refused"
    """The camera does not accept the credentials: the end."""
    OTHER_CAMERA = "other_camera"
    """Somebody else has the address, or another serial number: the end."""
    UNPROVEN = "unproven"
    """Nothing proves that it is the camera, so it gets no password: the end."""
    NOT_ADDED = "not_added"
    """Something else is in the way: the end."""
    OVERLOADED = "overloaded"
    """Too many at one time: the end."""
    SUPERSEDED = "superseded"
    """The camera has got another address meanwhile: the end, and it begins again there."""
    COMPLETED = "completed"


class Source(StrEnum):
    """Who says that a camera has an address."""

    SERVER = "server"
    """The DHCP server itself, by a webhook that nobody else knows."""
    OVERHEARD = "overheard"
    """Home Assistant saw a packet, which anybody may have sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """An address that somebody got."""

    mac: str
    """Lower case, colon separated."""
    address: str
    circuit_id: str | None = None
    """Of option 82, made readable: the switch's port."""
    remote_id: str | None = None
    """Of option 82, made readable: the switch."""
    host_name: str | None = None
    source: Source

    @property
    def port(self) -> Mapping[str, str]:
        """Return what option 82 says of the switch port; empty when nothing."""
        told = {"circuit_id": self.circuit_id, "remote_id": self.remote_id}
        return {key: value for key, value in told.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One line of the log."""

    step: Step
    request: Request
    name: str | None = None
    """What the camera is called."""
    reason: str | None = None
    """Why it ended, as a key."""
    details: Mapping[str, int | str] | None = None
    """How many of what, or which certificate."""


class EndedError(Exception):
    """A provisioning that goes no further."""

    def __init__(self, step: Step, reason: str | None = None) -> None:
        """Keep the last step, and why."""
        super().__init__(step.value)
        self.step = step
        self.reason = reason
