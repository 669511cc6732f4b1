"""What cameras recorded, in Home Assistant's media browser."""

from typing import Final, override

from homeassistant.components.media_player import (
    BrowseError,
    MediaClass,
    MediaType,
    SearchMedia,
    SearchMediaQuery,
)
from homeassistant.components.media_source import (
    BrowseMediaSource,
    MediaSource,
    MediaSourceItem,
    PlayMedia,
)
from homeassistant.core import HomeAssistant

from .const import DOMAIN
from .media_branch import Branch, Missing, browse_error, parts_of, unresolvable
from .media_cards import CardsBranch
from .media_drop import ReceivedBranch

BRANCHES: Final[tuple[Branch, ...]] = (CardsBranch(), ReceivedBranch())
MAX_FOUND: Final = 200


async def async_get_media_source(hass: HomeAssistant) -> MediaSource:
    """Return the media source."""
    return PanacamMediaSource(hass)


class PanacamMediaSource(MediaSource):
    """Everything that the branches have; an identifier begins with its branch's key."""

    name = DOMAIN

    def __init__(self, hass: HomeAssistant) -> None:
        """Show what there is when somebody looks."""
        super().__init__(DOMAIN)
        self._hass = hass

    @override
    async def async_browse_media(self, item: MediaSourceItem) -> BrowseMediaSource:
        """Return one node with its children. BrowseError."""
        if not item.identifier:
            return self._root()
        if (found := _find(item.identifier)) is None:
            raise browse_error(Missing.NO_MEDIA)
        branch, parts = found
        return await branch.browse(self._hass, parts)

    @override
    async def async_resolve_media(self, item: MediaSourceItem) -> PlayMedia:
        """Return where something can be played. Unresolvable."""
        if (found := _find(item.identifier)) is None:
            raise unresolvable(Missing.NO_MEDIA)
        branch, parts = found
        return await branch.resolve(self._hass, parts)

    @override
    async def async_search_media(
        self, item: MediaSourceItem, query: SearchMediaQuery
    ) -> SearchMedia:
        """Return what matches, everywhere or below one node. BrowseError."""
        classes = query.media_filter_classes
        if classes and MediaClass.VIDEO not in classes:
            return SearchMedia(result=[])
        if not item.identifier:
            return SearchMedia(result=await self._search_all(query))
        if (found := _find(item.identifier)) is None:
            raise browse_error(Missing.NO_MEDIA)
        branch, parts = found
        return SearchMedia(result=await branch.search(self._hass, parts, query))

    async def _search_all(self, query: SearchMediaQuery) -> list[BrowseMediaSource]:
        """Return what any branch finds; BrowseError only where none finds anything."""
        found: list[BrowseMediaSource] = []
        error: BrowseError | None = None
        for branch in BRANCHES:
            try:
                found += await branch.search(self._hass, (), query)
            except BrowseError as err:
                error = err
        if error is not None and not found:
            raise error
        return found[:MAX_FOUND]

    def _root(self) -> BrowseMediaSource:
        return BrowseMediaSource(
            domain=DOMAIN,
            identifier=None,
            media_class=MediaClass.APP,
            media_content_type=MediaType.APP,
            title=DOMAIN,
            can_play=False,
            can_expand=True,
            can_search=True,
            children=[node for branch in BRANCHES for node in branch.roots(self._hass)],
            children_media_class=MediaClass.DIRECTORY,
        )


def _find(identifier: str) -> tuple[Branch, tuple[str, ...]] | None:
    """Return the branch that an identifier belongs to, and what is behind its key."""
    try:
        key, *parts = parts_of(identifier)
    except ValueError:
        return None
    return next(((branch, tuple(parts)) for branch in BRANCHES if branch.key == key), None)
