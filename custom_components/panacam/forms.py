"""What all forms share: fields for a login, and texts of cameras made harmless."""

import re
from typing import Final

from homeassistant.helpers.selector import (
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)

USERNAME: Final = TextSelector(TextSelectorConfig(autocomplete="username"))
PASSWORD: Final = TextSelector(
    TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="current-password")
)


def named(title: str) -> dict[str, str]:
    """Return a camera's name for the title of a form, which is plain text, and for the rest."""
    return {"title": title, "name": escaped(title)}


def escaped(text: str | None) -> str:
    """Return text that a camera chose as a form may show it: forms are Markdown."""
    return re.sub(r"([\\`*_\[\]()<>#|!~])", r"\\\1", text or "?")
