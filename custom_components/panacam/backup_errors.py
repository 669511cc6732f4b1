"""What is wrong with the copies, files and templates that Home Assistant keeps of settings."""

from enum import StrEnum

from homeassistant.exceptions import ServiceValidationError

from .const import DOMAIN


class Lack(StrEnum):
    """What is not there, or has no room; keys of their sentences."""

    NO_SUCH_CAMERA = "no_such_camera"
    NO_SUCH_COPY = "no_such_copy"
    NO_SUCH_FILE = "no_such_file"
    NO_SUCH_TEMPLATE = "no_such_template"
    TOO_MANY_FILES = "too_many_files"
    TOO_MANY_TEMPLATES = "too_many_templates"


class BackupError(ServiceValidationError):
    """Home Assistant has not, or cannot keep, what was asked for; no camera is at fault."""

    def __init__(self, reason: Lack) -> None:
        """Keep the reason."""
        super().__init__(translation_domain=DOMAIN, translation_key=reason.value)
        self.reason = reason
