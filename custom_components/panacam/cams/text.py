"""Text that came from a camera, made fit for people and logs."""

from typing import Final

MAX_TEXT: Final = 64
"""Characters; the longest name of the specifications has 20."""


def plain(text: str | None, limit: int = MAX_TEXT) -> str | None:
    """Return printable text of at most `limit` characters, or None when nothing is left.

    Control characters go, and with them the invisible ones that turn the writing direction.
    """
    if text is None:
        return None
    return "".join(filter(str.isprintable, text)).strip()[:limit].rstrip() or None
