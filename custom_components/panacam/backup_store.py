"""Copies of cameras' settings in Home Assistant's storage: the last ones of each, and templates."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST
from homeassistant.core import HomeAssistant
from homeassistant.helpers.singleton import singleton
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .backup_errors import BackupError, Lack
from .cams.backup import Document, DocumentError, compare, read_document
from .const import DOMAIN

VERSION: Final = 1
MAX_COPIES: Final = 7
"""Of one camera; a new one takes the place of the oldest."""
MAX_TEMPLATES: Final = 32
MAX_REMOVED: Final = 20
"""Cameras that were removed, and whose copies are kept all the same."""
KEEP_REMOVED: Final = timedelta(days=30)

KEY: Final[HassKey[Backups]] = HassKey(f"{DOMAIN}_backups")


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A camera that there are copies of."""

    entry_id: str
    unique_id: str
    title: str
    host: str
    family: str = ""
    model: str | None = None
    called: str | None = None
    """What the camera called itself."""
    saved: datetime
    """When it was last seen to be as the newest copy."""
    removed: datetime | None = None
    away: datetime | None = None
    """Since when it has not answered, as far as anybody has looked; None: it does."""
    replaced_by: str | None = None
    """Entry of the camera that has taken its place."""


class Backups:
    """All copies and templates; one file each camera, and one for what is known of them."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Have a place for them; nothing is read yet."""
        self._hass = hass
        self._index: Store[dict[str, Any]] = Store(
            hass, VERSION, f"{DOMAIN}.backups", private=True, serialize_in_event_loop=False
        )
        self._lock = asyncio.Lock()
        self.known: Mapping[str, Known] = {}
        """By entry id."""
        self._templates: dict[str, object] = {}
        """Documents as JSON has them, by name."""

    async def async_load(self) -> None:
        """Read what is known, and forget what was kept long enough."""
        found = await self._index.async_load() or {}
        cameras = found.get("cameras", {})
        self.known = {
            entry_id: known
            for entry_id, values in cameras.items()
            if (known := _known(entry_id, values)) is not None
        }
        self._templates = dict(found.get("templates", {}))
        async with self._lock:
            await self._forget_old()

    @property
    def templates(self) -> list[str]:
        """Return the names of the templates."""
        return sorted(self._templates)

    async def async_template(self, name: str) -> Document:
        """Return a template. BackupError(NO_SUCH_TEMPLATE)."""
        found = await self._hass.async_add_executor_job(_documents, [self._templates.get(name)])
        if not found:
            raise BackupError(Lack.NO_SUCH_TEMPLATE)
        return found[0]

    async def async_save_template(self, name: str, document: Document) -> None:
        """Keep a template in the place of the one of that name. BackupError(TOO_MANY_TEMPLATES)."""
        async with self._lock:
            if name not in self._templates and len(self._templates) >= MAX_TEMPLATES:
                raise BackupError(Lack.TOO_MANY_TEMPLATES)
            self._templates[name] = replace(document, camera=None, serial=None).as_dict()
            await self._save()

    async def async_delete_template(self, name: str) -> None:
        """Keep a template no longer. BackupError(NO_SUCH_TEMPLATE)."""
        async with self._lock:
            if self._templates.pop(name, None) is None:
                raise BackupError(Lack.NO_SUCH_TEMPLATE)
            await self._save()

    async def async_copies(self, entry_id: str) -> list[Document]:
        """Return the copies of a camera, the newest first."""
        found = await self._store(entry_id).async_load() or {}
        return await self._hass.async_add_executor_job(_documents, found.get("copies", []))

    async def async_keep(
        self, entry: ConfigEntry[Any], document: Document, called: str | None = None
    ) -> bool:
        """Keep a copy, if it is another one than the last; return whether it is.

        `called` is what the camera calls itself.
        """
        async with self._lock:
            copies = await self.async_copies(entry.entry_id)
            changed = not copies or bool(compare(copies[0].sections, document.sections))
            if changed:
                kept = [document, *copies][:MAX_COPIES]
                await self._store(entry.entry_id).async_save(
                    {"copies": [copy.as_dict() for copy in kept]}
                )
            known = Known(
                entry_id=entry.entry_id,
                unique_id=entry.unique_id or "",
                title=entry.title,
                host=entry.data.get(CONF_HOST, ""),
                family=document.family,
                model=document.model,
                called=called,
                saved=document.saved,
            )
            self.known = {**self.known, entry.entry_id: known}
            await self._save()
        return changed

    async def async_replaced(self, entry_id: str, by: str) -> None:
        """Note that another camera has taken the place of one."""
        async with self._lock:
            if (known := self.known.get(entry_id)) is not None:
                self.known = {**self.known, entry_id: replace(known, replaced_by=by)}
                await self._save()

    async def async_seen(self, there: Mapping[str, bool]) -> None:
        """Note which cameras answer, by entry id, and since when the others have not."""
        async with self._lock:
            changed = {
                entry_id: replace(known, away=None if here else dt_util.utcnow())
                for entry_id, here in there.items()
                if (known := self.known.get(entry_id)) is not None and here == bool(known.away)
            }
            if changed:
                self.known = {**self.known, **changed}
                await self._save()

    async def async_removed(self, entry_id: str) -> None:
        """Note that a camera was removed; its copies are kept for a while."""
        async with self._lock:
            if (known := self.known.get(entry_id)) is not None:
                self.known = {**self.known, entry_id: replace(known, removed=dt_util.utcnow())}
                await self._forget_old()
                await self._save()

    async def _forget_old(self) -> None:
        """Forget removed cameras after a month, and the first ones when there are many."""
        before = dt_util.utcnow() - KEEP_REMOVED
        removed = sorted(
            (known.removed, entry_id)
            for entry_id, known in self.known.items()
            if known.removed is not None
        )
        old = [
            entry_id
            for place, (when, entry_id) in enumerate(removed)
            if when < before or place < len(removed) - MAX_REMOVED
        ]
        for entry_id in old:
            await self._store(entry_id).async_remove()
        if old:
            self.known = {key: known for key, known in self.known.items() if key not in old}
            await self._save()

    def _store(self, entry_id: str) -> Store[dict[str, Any]]:
        return Store(
            self._hass,
            VERSION,
            f"{DOMAIN}.backups.{entry_id}",
            private=True,
            serialize_in_event_loop=False,
        )

    async def _save(self) -> None:
        await self._index.async_save(
            {
                "cameras": {entry_id: _written(known) for entry_id, known in self.known.items()},
                "templates": dict(self._templates),
            }
        )


@singleton(KEY, async_=True)
async def async_backups(hass: HomeAssistant) -> Backups:
    """Return the copies of all cameras."""
    backups = Backups(hass)
    await backups.async_load()
    return backups


def _documents(found: object) -> list[Document]:
    """Return what can be read of what was kept; for the executor."""
    documents: list[Document] = []
    for one in found if isinstance(found, list) else ():
        try:
            documents.append(read_document(one))
        except DocumentError:
            continue
    return documents[:MAX_COPIES]


_TIMES: Final = ("saved", "removed", "away")
_TEXTS: Final = ("unique_id", "title", "host", "family", "model", "called", "replaced_by")


def _written(known: Known) -> dict[str, str | None]:
    times = {
        key: None if (time := getattr(known, key)) is None else time.isoformat() for key in _TIMES
    }
    return {**{key: getattr(known, key) for key in _TEXTS}, **times}


def _known(entry_id: str, values: Mapping[str, Any]) -> Known | None:
    """Return what was kept of a camera, None for what cannot be ours."""
    times = {key: dt_util.parse_datetime(str(values.get(key))) for key in _TIMES}
    if (saved := times["saved"]) is None:
        return None
    return Known(
        entry_id=entry_id,
        unique_id=str(values.get("unique_id")),
        title=str(values.get("title")),
        host=str(values.get("host")),
        family=str(values.get("family")),
        model=values.get("model"),
        called=values.get("called"),
        saved=saved,
        removed=times["removed"],
        away=times["away"],
        replaced_by=values.get("replaced_by"),
    )
