"""Takes what is said about addresses, and provisions cameras: each once at a time."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback

from ..const import CONF_AUTOMATIC, LOGGER
from ..following import answers, leads_to
from .clock import Turns
from .expected import Expected
from .journal import QUIET_STRANGERS
from .run import Known, Run, Tools
from .steps import Request, Source, Step, Told
from .strangers import Strangers

MAX_RUNS: Final = 1000
"""Cameras at one time, most of which start or wait for a turn: as many as can be expected."""
OVERHEARD_GAP: Final = 10.0
"""Seconds between two packets that say the same of a camera and are followed up."""
MAX_BELIEVED: Final = 4
"""Addresses of one camera in that time: one asks for its old one first, and anybody can lie."""


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
        self._tools = tools
        self._runs: dict[str, Run] = {}
        self._turns = Turns()
        self._strangers = Strangers(hass, owner, unseen, self._asked)
        self._overheard: dict[str, list[tuple[str, float]]] = {}
        """What was believed of whom within the gap: which address, and when."""

    @callback
    def request(self, request: Request) -> None:
        """Follow up that somebody got an address; merges with what runs for the same MAC."""
        known = self._search(request)
        # Of those whom nobody expects, only the server's word is worth a line.
        overheard = request.source is Source.OVERHEARD
        if not self._is_on():
            if not overheard or known is not None:
                self._tell_off(request, known)
        elif known is None:
            self._stranger(request)
        elif not overheard or not self._too_soon(request):
            self._follow_up(request, known)

    def _is_on(self) -> bool:
        return bool(self._owner.options.get(CONF_AUTOMATIC, False))

    def _follow_up(self, request: Request, known: Known) -> None:
        journal, mac = self._tools().journal, request.mac
        if (run := self._runs.get(mac)) is not None:
            _merge(run, request)
        elif len(self._runs) >= MAX_RUNS:
            if journal.first(Step.OVERLOADED):
                self._tell(request, Step.OVERLOADED, known)
        elif not self._is_renewal(request, known) or journal.first(mac, request.address):
            self._tell(request, Step.IP_ADDRESS_ALLOCATION, known)
            self._start(request, known)

    def _tell(
        self, request: Request, step: Step, known: Known | None = None, reason: str | None = None
    ) -> None:
        name = None if known is None else known.name
        self._tools().journal.tell(Told(step=step, request=request, name=name, reason=reason))

    def _tell_off(self, request: Request, known: Known | None) -> None:
        if self._tools().journal.first(request.mac, Step.DISABLED, quiet=QUIET_STRANGERS):
            self._tell(request, Step.DISABLED, known)

    def _stranger(self, request: Request) -> None:
        """Tell of somebody whom nobody knows, rarely; it may be expected by its serial number."""
        journal, mac = self._tools().journal, request.mac
        if request.source is Source.SERVER and journal.first(mac, quiet=QUIET_STRANGERS):
            self._tell(request, Step.IP_ADDRESS_ALLOCATION)
        if not self._strangers.take(request):
            self._asked(request, None)

    def _asked(self, request: Request, wanted: Expected | None) -> None:
        """Go on with a stranger that was asked for its serial number.

        Anybody can claim a number, so a camera that has a password gets it only once its MAC is
        listed.
        """
        journal, mac = self._tools().journal, request.mac
        if wanted is None:
            about = (mac, Step.NOT_FOUND)
            if request.source is Source.SERVER and journal.first(*about, quiet=QUIET_STRANGERS):
                self._tell(request, Step.NOT_FOUND)
            return
        known = Known(expected=wanted)
        if not self._is_on():
            self._tell_off(request, known)
            return
        if journal.first(mac):
            self._tell(request, Step.IP_ADDRESS_ALLOCATION, known)
        if wanted.username is None:
            if mac not in self._runs:
                self._start(request, known)
        elif journal.first(mac, Step.UNPROVEN):
            self._tell(request, Step.UNPROVEN, known, "serial")

    def _too_soon(self, request: Request) -> bool:
        """Return whether what was overheard says nothing new, or there was too much of it."""
        begin = self._hass.loop.time() - OVERHEARD_GAP
        self._overheard = {
            mac: recent
            for mac, believed in self._overheard.items()
            if (recent := [one for one in believed if one[1] > begin])
        }
        believed = self._overheard.setdefault(request.mac, [])
        if (believed and believed[-1][0] == request.address) or len(believed) >= MAX_BELIEVED:
            return True
        believed.append((request.address, self._hass.loop.time()))
        return False

    def _is_renewal(self, request: Request, known: Known) -> bool:
        """Return whether nothing is new: the camera is where it was, and has what it needs."""
        entry, store = known.entry, self._tools().store
        template = None if known.expected is None else known.expected.template
        return (
            entry is not None
            and leads_to(entry, request.address)
            and answers(entry)
            and (not request.port or store.port_of(request.mac) == request.port)
            and (template is None or store.given_to(request.mac) == template)
        )

    def _start(self, request: Request, known: Known) -> None:
        run = self._runs[request.mac] = Run(self._tools(), request, known, self._turns)
        self._owner.async_create_background_task(
            self._hass, self._perform(run), f"panacam provisioning {request.mac}"
        )

    async def _perform(self, run: Run) -> None:
        """Let a camera have its provisioning, and another one where it has got to meanwhile."""
        mac = run.request.mac
        try:
            await run.perform()
        except Exception:  # noqa: BLE001 - one camera must not be the end of the others
            LOGGER.exception("Provisioning of %s went wrong", mac)
            self._tell(run.request, Step.NOT_ADDED)
        finally:
            del self._runs[mac]
        if (newer := run.newer) is None:
            return
        known = self._search(newer)
        if not self._is_on():
            self._tell_off(newer, known)
        elif known is None:
            self._stranger(newer)
        else:
            self._follow_up(newer, known)


def _merge(run: Run, request: Request) -> None:
    """Let a provisioning under way know what else was said; the server's word counts more.

    What it says of the same address makes that trusted, and what was only overheard changes no
    address that it told.
    """
    word = run.newer or run.request
    believed = request.source is Source.SERVER or word.source is Source.OVERHEARD
    if request.address == word.address:
        joined = _joined(word, request)
        if run.newer is None:
            run.request = joined
        else:
            run.newer = joined
    elif believed and request.address == run.request.address:
        run.newer, run.request = None, _joined(run.request, request)
    elif believed:
        run.newer = request


def _joined(before: Request, more: Request) -> Request:
    """Return what two say together of the same address."""
    return replace(
        before,
        circuit_id=more.circuit_id or before.circuit_id,
        remote_id=more.remote_id or before.remote_id,
        host_name=more.host_name or before.host_name,
        source=more.source if more.source is Source.SERVER else before.source,
    )
