"""Constants of the integration."""

from datetime import timedelta
import logging
from typing import Final

DOMAIN: Final = "panacam"
LOGGER: Final = logging.getLogger(__package__)

CONF_FAMILY: Final = "family"
CONF_RTSP_PORT: Final = "rtsp_port"
CONF_RTSP_TRANSPORT: Final = "rtsp_transport"

DEFAULT_SCAN_INTERVAL: Final = 5
MIN_SCAN_INTERVAL: Final = 1
"""Seconds; the cameras' documents ask for at least that between two polls."""
MAX_SCAN_INTERVAL: Final = 300

EFFECT_INTERVAL: Final = timedelta(seconds=1)
"""Between polls while the effect of a command is awaited."""
EFFECT_LIMIT: Final = 10.0
"""Seconds after which a command that showed no effect is taken for one without any."""
EFFECT_SETTLE: Final = 3.0
"""Seconds after a command during which the camera may still show what was before."""
AUTH_RETRY: Final = 300.0
"""Seconds between looks at a camera that refused the credentials; rare, to lock nobody out."""
