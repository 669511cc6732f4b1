"""Constants of the integration."""

from datetime import timedelta
from enum import StrEnum
import logging
from typing import Final

DOMAIN: Final = "panacam"
LOGGER: Final = logging.getLogger(__package__)

CONF_FAMILY: Final = "family"
CONF_FINGERPRINT: Final = "fingerprint"
"""SHA-256 of the one certificate that a camera may show, in hexadecimal digits."""
CONF_KIND: Final = "kind"
KIND_NETWORK: Final = "network"
"""Of the one entry that is no camera: it keeps what is expected on the network."""
CONF_AUTOMATIC: Final = "automatic"
CONF_DROP: Final = "drop"
"""How the FTP drop is to be, if it is."""
CONF_EXPECTED: Final = "expected"
CONF_EXPECTED_MAC: Final = "expected_mac"
CONF_EXPECTED_SERIAL: Final = "expected_serial"
CONF_VOUCHED: Final = "vouched"
CONF_SERVER: Final = "server"
"""The kind of DHCP server that reserves addresses."""
CONF_ALARM_OFF_AFTER: Final = "alarm_off_after"
CONF_MOTOR: Final = "motor"
CONF_PRESS_SECONDS: Final = "press_seconds"
CONF_PUBLISH_URL: Final = "publish_url"
CONF_RING: Final = "ring"
CONF_RTSP_PORT: Final = "rtsp_port"
CONF_RTSP_TRANSPORT: Final = "rtsp_transport"
CONF_STREAM_MODE: Final = "stream_mode"
CONF_TRUST_ADDRESSES: Final = "trust_addresses"
CONF_WEBHOOK: Final = "webhook"


class StreamMode(StrEnum):
    """How players get RTSP."""

    SHARED = "shared"
    """Through the bridge: one connection to the camera for all."""
    DIRECT = "direct"
    """Each from the camera itself."""


DEFAULT_SCAN_INTERVAL: Final = 5
MIN_SCAN_INTERVAL: Final = 1
"""Seconds; the cameras' documents ask for at least that between two polls."""
MAX_SCAN_INTERVAL: Final = 300

DEFAULT_RING: Final = 7
MAX_RING: Final = 30
"""Seconds of the past."""
MAX_ALARM_OFF_AFTER: Final = 3600
DEFAULT_PRESS_SECONDS: Final = 1.0
MIN_PRESS_SECONDS: Final = 0.2
MAX_PRESS_SECONDS: Final = 10.0

EFFECT_INTERVAL: Final = timedelta(seconds=1)
"""Between polls while the effect of a command is awaited."""
EFFECT_LIMIT: Final = 10.0
"""Seconds after which a command that showed no effect is taken for one without any."""
EFFECT_SETTLE: Final = 3.0
"""Seconds after a command during which the camera may still show what was before."""
AUTH_RETRY: Final = 300.0
"""Seconds between looks at a camera that refused the credentials; rare, to lock nobody out."""

TOPIC_KEEP: Final = 5.0
"""Seconds for which an event waits for the entity that shows it."""
MAX_KEPT_EVENTS: Final = 400
"""Topics whose last event is kept at one time."""
RELOAD_DELAY: Final = 2.0
"""Seconds between the news that a camera was reconfigured and its being set up again."""
RELOAD_GAP: Final = 30.0
"""Seconds that must have passed since it was set up."""
