"""Takes what is said about addresses, and provisions one camera after the other, some at a time."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback

from ..cams.errors import CameraError
from ..connection import find
from ..const import LOGGER
from ..following import answers, async_followable
from .expected import Expected
from .run import PORTS, Known, Run, Tools, knock
from .steps import Request, Source, Step, Told

MAX_RUNS: Final = 16
"""Cameras at one time."""
MAX_WAITING: Final = 1000
"""Cameras that wait for their turn: as many as can be expected."""
MAX_ASKED: Final = 50
"""Strangers whose serial numbers are asked for, at one time."""
OVERHEARD_GAP: Final = 10.0
"""Seconds between two packets about the same camera that are believed: anybody can send them."""


class Provisioner:
    """Runs one provisioning for each MAC address at a time."""

    def __init__(
        self,
        hass: HomeAssistant,
        owner: ConfigEntry[Any],
        search: Callable[[Request], Known | None],
        unseen: Callable[[], tuple[Expected, ...]],
        tools: Callable[[], Tools],
    ) -> None:
        """Work for `owner`, with which everything ends that is under way.

        `search` looks for somebody among the known ones; `unseen` gives those who are expected by
        their serial number alone.
        """
        self._hass = hass
        self._owner = owner
        self._search = search
        self._unseen = unseen
        self._tools = tools
        self._runs: dict[str, Run] = {}
        self._asked: set[str] = set()
        self._turns = asyncio.Semaphore(MAX_RUNS)
        self._overheard: dict[str, float] = {}

    @callback
    def request(self, request: Request, *, automatic: bool) -> None:
        """Follow up that somebody got an address; merges with what runs for the same MAC."""
        journal, mac = self._tools().journal, request.mac
        known = self._search(request)
        if not automatic:
            if journal.first(mac, Step.DISABLED):
                self._tell(request, Step.DISABLED, known)
            return
        if known is None:
            self._stranger(request)
            return
        if request.source is Source.OVERHEARD and self._too_soon(mac):
            return
        if (run := self._runs.get(mac)) is not None:
            _merge(run, request)
        elif len(self._runs) >= MAX_WAITING:
            if journal.first(Step.OVERLOADED):
                self._tell(request, Step.OVERLOADED, known)
        elif not self._is_renewal(request, known) or journal.first(mac, request.address):
            self._tell(request, Step.IP_ADDRESS_ALLOCATION, known)
            self._start(request, known)

    def _tell(self, request: Request, step: Step, known: Known | None = None) -> None:
        name = None if known is None else known.name
        self._tools().journal.tell(Told(step=step, request=request, name=name))

    def _stranger(self, request: Request) -> None:
        """Tell of somebody whom nobody knows, rarely; it may be expected by its serial number."""
        if not self._tools().journal.first(request.mac):
            return
        self._tell(request, Step.IP_ADDRESS_ALLOCATION)
        if not self._unseen() or len(self._asked) >= MAX_ASKED:
            self._tell(request, Step.NOT_FOUND)
            return
        self._asked.add(request.mac)
        self._owner.async_create_background_task(
            self._hass, self._ask(request), "panacam serial number"
        )

    async def _ask(self, request: Request) -> None:
        """Ask a stranger for its serial number, without a password.

        Anybody can claim a number, so a camera that has one gets it only once its MAC is listed.
        """
        try:
            async with self._turns:
                wanted = await self._by_serial(request)
        finally:
            self._asked.discard(request.mac)
        if wanted is None:
            self._tell(request, Step.NOT_FOUND)
        elif wanted.username is not None:
            journal, told = self._tools().journal, Known(expected=wanted).name
            journal.tell(Told(step=Step.UNPROVEN, request=request, name=told, reason="serial"))
        elif request.mac not in self._runs:
            self._start(request, Known(expected=wanted))

    async def _by_serial(self, request: Request) -> Expected | None:
        if not await async_followable(self._hass, request.address):
            return None
        by_serial = {one.serial: one for one in self._unseen()}
        for port in await knock(request.address, PORTS):
            try:
                found = await find(self._hass, {"host": request.address, "port": port})
            except CameraError:
                continue
            if (wanted := by_serial.get(found.identity.serial)) is not None:
                return wanted
        return None

    def _too_soon(self, mac: str) -> bool:
        now = self._hass.loop.time()
        for key in [key for key, at in self._overheard.items() if now >= at + OVERHEARD_GAP]:
            del self._overheard[key]
        return self._overheard.setdefault(mac, now) < now

    def _is_renewal(self, request: Request, known: Known) -> bool:
        """Return whether nothing is new: the camera is where it was, and has what it needs."""
        entry, store = known.entry, self._tools().store
        template = None if known.expected is None else known.expected.template
        return (
            entry is not None
            and entry.data.get("host") == request.address
            and answers(entry)
            and (not request.port or store.port_of(request.mac) == request.port)
            and (template is None or store.given_to(request.mac) == template)
        )

    def _start(self, request: Request, known: Known) -> None:
        run = self._runs[request.mac] = Run(self._tools(), request, known)
        self._owner.async_create_background_task(
            self._hass, self._perform(run), f"panacam provisioning {request.mac}"
        )

    async def _perform(self, run: Run) -> None:
        """Let a camera have its turn."""
        mac = run.request.mac
        try:
            async with self._turns:
                await run.perform()
        except Exception:  # noqa: BLE001 - one camera must not be the end of the others
            LOGGER.exception("Provisioning of %s went wrong", mac)
            self._tell(run.request, Step.NOT_ADDED)
        finally:
            del self._runs[mac]
        if run.newer is not None:
            self.request(run.newer, automatic=True)


def _merge(run: Run, request: Request) -> None:
    """Let a provisioning under way know what else was said.

    What the server says of the same address makes it trusted; what was only overheard changes no
    address that the server told.
    """
    before = run.request
    if request.address != before.address:
        if request.source is Source.SERVER or before.source is Source.OVERHEARD:
            run.newer = request
        return
    run.newer = None
    run.request = replace(
        before,
        circuit_id=request.circuit_id or before.circuit_id,
        remote_id=request.remote_id or before.remote_id,
        host_name=request.host_name or before.host_name,
        source=request.source if request.source is Source.SERVER else before.source,
    )
