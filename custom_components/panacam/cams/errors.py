"""What can go wrong with a camera, named by what the caller does next."""

from enum import StrEnum


class Reason(StrEnum):
    """Why something failed: stable, free of the camera's own words, fit for a translation key."""

    UNKNOWN_HOST = "unknown_host"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    TLS = "tls"
    OTHER_CERTIFICATE = "other_certificate"
    REDIRECTED = "redirected"
    CUT = "cut"
    OTHER_CAMERA = "other_camera"
    NO_CREDENTIALS = "no_credentials"
    WRONG_CREDENTIALS = "wrong_credentials"
    WRONG_USERNAME = "wrong_username"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - the name of a reason
    NO_PRIVILEGE = "no_privilege"
    BUSY = "busy"
    TOO_MANY_CONNECTIONS = "too_many_connections"
    SPEAKER_BUSY = "speaker_busy"
    NO_CARD = "no_card"
    CARD_IN_USE = "card_in_use"
    CARD_REMOVED = "card_removed"
    FORMAT_FAILED = "format_failed"
    NO_FTP_SERVER = "no_ftp_server"
    FTP_FAILED = "ftp_failed"
    CLIP_GONE = "clip_gone"
    NO_CERTIFICATE = "no_certificate"
    NOTHING_TO_DELETE = "nothing_to_delete"
    HTTPS_IN_USE = "https_in_use"
    OTHER_KEY = "other_key"
    ALREADY_RECORDING = "already_recording"
    NOT_RECORDING = "not_recording"
    NEEDS_ADMINISTRATOR = "needs_administrator"
    UNSUPPORTED = "unsupported"
    OUT_OF_RANGE = "out_of_range"
    NOT_FOUND = "not_found"
    FULL = "full"
    CONFLICT = "conflict"
    FIXED = "fixed"
    REFUSED = "refused"
    NOT_HTTP = "not_http"
    TOO_LARGE = "too_large"
    UNEXPECTED_REPLY = "unexpected_reply"
    NOT_A_CAMERA = "not_a_camera"
    UNSUPPORTED_CAMERA = "unsupported_camera"
    NO_PICTURE = "no_picture"
    UNPLAYABLE = "unplayable"
    NOT_TAKEN = "not_taken"
    POSITION_UNKNOWN = "position_unknown"
    TIME_ZONE_UNKNOWN = "time_zone_unknown"
    CLOCK_OFF = "clock_off"


class CameraError(Exception):
    """Base of all camera errors; never holds a secret or a text that came from the camera."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        """Keep the reason; `detail` is ours (a command's name, a size), never the peer's."""
        super().__init__(f"{reason.value.replace('_', ' ')}{f' ({detail})' if detail else ''}")
        self.reason = reason


class ConnectError(CameraError):
    """Nobody usable answers at the moment: try again later."""


class UnreachedError(ConnectError):
    """Not even a connection stood, so nothing was sent: another address may be tried."""


class AuthError(CameraError):
    """The camera wants other credentials: ask for them."""


class BusyError(CameraError):
    """The camera is occupied: the same request may work in a moment."""


class RefusedError(CameraError):
    """The camera understood and said no: tell whoever asked."""


class ProtocolError(CameraError):
    """The peer does not speak the protocol: hang up."""
