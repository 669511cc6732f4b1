"""What the media source is made of: branches, the identifiers of what is in them, its texts.

An identifier is the key of a branch and whatever that branch tells its things apart by, each part
percent-encoded, joined by slashes: a part with a slash or with dots in it stays one part.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final, Protocol
import unicodedata
from urllib.parse import quote, unquote

from homeassistant.components.media_player import (
    BrowseError,
    MediaClass,
    MediaType,
    SearchMediaQuery,
)
from homeassistant.components.media_source import BrowseMediaSource, PlayMedia, Unresolvable
from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_cached_translations

from .const import DOMAIN

MAX_PARTS: Final = 8
MAX_IDENTIFIER: Final = 4096
"""Characters of a whole identifier, encoded."""


class Missing(StrEnum):
    """Why something cannot be shown that no camera was asked for; keys of their sentences."""

    NO_MEDIA = "no_media"
    CAMERA_AWAY = "media_camera_away"


class Branch(Protocol):
    """One kind of media, with its own tree. `parts` are those behind the branch's key."""

    @property
    def key(self) -> str:
        """Return the first part of the identifiers of what is in it."""

    def roots(self, hass: HomeAssistant) -> list[BrowseMediaSource]:
        """Return what is shown at the top; nothing where there is nothing."""

    async def browse(self, hass: HomeAssistant, parts: tuple[str, ...]) -> BrowseMediaSource:
        """Return one node with its children. Raises BrowseError with a translated sentence."""

    async def resolve(self, hass: HomeAssistant, parts: tuple[str, ...]) -> PlayMedia:
        """Return where something can be played. Raises Unresolvable with a translated sentence."""

    async def search(
        self, hass: HomeAssistant, parts: tuple[str, ...], query: SearchMediaQuery
    ) -> list[BrowseMediaSource]:
        """Return what matches below `parts`, which are () for the whole branch. BrowseError."""


def identifier_of(*parts: str) -> str:
    """Return the identifier of what is told apart by `parts`."""
    return "/".join(quote(part, safe="", errors="surrogatepass") for part in parts)


def parts_of(identifier: str) -> tuple[str, ...]:
    """Return the parts of an identifier, () of an empty one. ValueError for none of ours."""
    if not identifier:
        return ()
    if len(identifier) > MAX_IDENTIFIER or identifier.count("/") >= MAX_PARTS:
        msg = "too long an identifier"
        raise ValueError(msg)
    parts = tuple(unquote(part, errors="surrogatepass") for part in identifier.split("/"))
    if identifier_of(*parts) != identifier or not all(map(_is_fit, parts)):
        msg = "no identifier of ours"
        raise ValueError(msg)
    return parts


def _is_fit(part: str) -> bool:
    return bool(part) and not any(unicodedata.category(letter) == "Cc" for letter in part)


def text(hass: HomeAssistant, key: str, **placeholders: str) -> str:
    """Return a text of the section `common` in Home Assistant's language."""
    texts = async_get_cached_translations(hass, hass.config.language, "common", DOMAIN)
    found = texts.get(f"component.{DOMAIN}.common.{key}", key)
    for name, value in placeholders.items():
        found = found.replace(f"{{{name}}}", value)
    return found


def folder(
    parts: Sequence[str],
    title: str,
    *,
    children: Sequence[BrowseMediaSource] | None = None,
    children_media_class: MediaClass = MediaClass.DIRECTORY,
    thumbnail: str | None = None,
    can_search: bool = True,
) -> BrowseMediaSource:
    """Return something that has more in it; `parts` begin with the branch's key."""
    return BrowseMediaSource(
        domain=DOMAIN,
        identifier=identifier_of(*parts),
        media_class=MediaClass.DIRECTORY,
        media_content_type=MediaType.VIDEO,
        title=title,
        can_play=False,
        can_expand=True,
        children=children,
        children_media_class=children_media_class,
        thumbnail=thumbnail,
        can_search=can_search,
    )


def video(parts: Sequence[str], title: str, *, thumbnail: str | None = None) -> BrowseMediaSource:
    """Return something to play; `parts` begin with the branch's key."""
    return BrowseMediaSource(
        domain=DOMAIN,
        identifier=identifier_of(*parts),
        media_class=MediaClass.VIDEO,
        media_content_type=MediaType.VIDEO,
        title=title,
        can_play=True,
        can_expand=False,
        thumbnail=thumbnail,
    )


def browse_error(key: str, **placeholders: str) -> BrowseError:
    """Return the error that says, by a sentence of `exceptions`, why something is not shown."""
    return BrowseError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders
    )


def unresolvable(key: str, **placeholders: str) -> Unresolvable:
    """Return the error that says, by a sentence of `exceptions`, why something is not played."""
    return Unresolvable(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders
    )
