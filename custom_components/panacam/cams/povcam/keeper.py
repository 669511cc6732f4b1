"""Keeps a Panasonic camera's menus: what they are set to, written value by value (4, 5)."""

from typing import override

from ..backup import Sections
from ..keeping import ShelfKeeper
from .menus import FIELDS
from .shelf import Menus


class PovcamKeeper(ShelfKeeper):
    """The keeper role."""

    def __init__(self, menus: Menus) -> None:
        """Read and write `menus`."""
        self._menus = menus
        super().__init__(menus, lambda path: path in FIELDS and FIELDS[path].own)

    @override
    async def read(self) -> Sections:
        """Return how the camera is set; CameraError also where a menu fails that it has."""
        sections = await super().read()
        if self._menus.missed is not None:
            raise self._menus.missed
        return {
            menu: {
                key: item
                for key, item in items.items()
                if isinstance(item, str) and FIELDS[f"{menu}.{key}"].may_keep(item)
            }
            for menu, items in sections.items()
        }
