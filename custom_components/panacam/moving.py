"""A camera that its owner sends to another place: followed there, once it is proven to be it.

Meanwhile its entry is unloaded: nobody polls, searches or asks about a camera that is away because
somebody wanted it so.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from homeassistant.config_entries import SOURCE_INTEGRATION_DISCOVERY, ConfigEntryState
from homeassistant.const import (
    CONF_HOST,
    CONF_PASSWORD,
    CONF_PORT,
    CONF_SSL,
    CONF_USERNAME,
    CONF_VERIFY_SSL,
)
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import discovery_flow
from homeassistant.helpers.discovery_flow import DiscoveryKey

from .cams.discovery import Candidate
from .cams.errors import AuthError, CameraError, Reason
from .cams.net.address import literal, same_host
from .cams.net.dial import DIALER
from .cams.net.tls import certificate_of
from .cams.placing import Placing, Reach
from .connection import find
from .const import CONF_FAMILY, CONF_FINGERPRINT, CONF_RTSP_PORT, DOMAIN
from .coordinator import PanacamConfigEntry
from .discovery import async_look_for
from .following import async_is_at, async_mac_of, has_name, is_same_place
from .forms import named
from .known import Verdict, async_judge, is_of, macs_of

FOLLOW_TIME: Final = 90.0
"""Seconds that a camera has to restart and to answer."""
FOLLOW_GAP: Final = 2.0
SETTLE: Final = 6.0
"""Seconds for which a camera has to keep answering where it was: it may be about to restart."""
SETTLE_DHCP: Final = 20.0
"""The same where it asks for another address first."""
READ_TRIES: Final = 5
NOT_THERE: Final = "not_there"
NOT_THERE_DHCP: Final = "not_there_dhcp"
STRANGER_THERE: Final = "stranger_there"
UNPROVEN: Final = "unproven"
UNPROVEN_CERTIFICATE: Final = "unproven_certificate"
SENTENCES: Final = (NOT_THERE, NOT_THERE_DHCP, STRANGER_THERE, UNPROVEN, UNPROVEN_CERTIFICATE)
"""Keys of what is said of a camera that was not followed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """What somebody wants of a camera's place."""

    reach: Reach
    changes: Placing = field(default_factory=Placing)
    """What it should tell afterwards."""
    certificate: bool = False
    """Whether it may show another certificate from now on."""


async def async_follow(hass: HomeAssistant, entry: PanacamConfigEntry, journey: Journey) -> None:
    """Wait for the entry's camera where it was sent to, and set it up there.

    Raises HomeAssistantError: it is not there, it did not go, or nobody can tell that it is it.
    Then the entry is set up with what it had.
    """
    follower = _Follower(hass, entry, journey)
    try:
        await hass.config_entries.async_unload(entry.entry_id)
        await follower.wait()
    finally:
        # Also when somebody ends the script that wanted it. Whoever found the camera before us
        # has set it up already; but not where we have found it since.
        if (
            hass.is_running
            and hass.config_entries.async_get_entry(entry.entry_id) is entry
            and entry.disabled_by is None
            and (follower.taken or entry.state is not ConfigEntryState.LOADED)
        ):
            await hass.config_entries.async_reload(entry.entry_id)
    follower.complain()
    if not await _has_taken(entry, journey.changes):
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key=Reason.NOT_TAKEN.value)


async def _has_taken(entry: PanacamConfigEntry, changes: Placing) -> bool:
    """Return whether the camera does not tell otherwise than what was changed."""
    for _ in range(READ_TRIES):
        if changes.is_empty or entry.state is not ConfigEntryState.LOADED:
            return True
        if (placer := entry.runtime_data.device.placer) is None:
            return True
        try:
            if changes.is_in(await placer.read()):
                return True
        except CameraError:
            pass  # the next look shows more
        await asyncio.sleep(FOLLOW_GAP)
    return False


class _Follower:
    """Looks for one camera."""

    def __init__(self, hass: HomeAssistant, entry: PanacamConfigEntry, journey: Journey) -> None:
        """Remember where it was."""
        self._hass = hass
        self._entry = entry
        self._journey = journey
        self._before = dict(entry.data)
        self.taken = False
        """Whether what it was found by has become the entry's."""
        self._stays_since: float | None = None
        self._said: str | None = None
        """Key of what went wrong."""

    async def wait(self) -> None:
        """Look until it is found or the time is up; what it is found by becomes the entry's."""
        loop = self._hass.loop
        until = loop.time() + FOLLOW_TIME
        while loop.time() < until and not self._is_settled():
            place = await self._place()
            if await self._answers_at(place):
                if not self._moves(place) and not self._stays(loop.time()):
                    await asyncio.sleep(FOLLOW_GAP)
                    continue
                self._take(place)
                return
            self._stays_since = None
            if self._said == UNPROVEN:
                self._ask(place)
                return
            if self._said == UNPROVEN_CERTIFICATE:
                return  # the card of another certificate appears once the entry is set up
            if self._journey.reach.host is None:
                async_look_for(self._hass, self._entry)
            await asyncio.sleep(FOLLOW_GAP)
        if self._is_settled():
            self._said = None
            return
        said = self._said
        if self._moves(await self._place()) and await self._answers_at(dict(self._entry.data)):
            self._said = Reason.NOT_TAKEN.value
            return
        self._said = said or (NOT_THERE_DHCP if self._journey.reach.host is None else NOT_THERE)
        async_look_for(self._hass, self._entry)

    def complain(self) -> None:
        """Raise HomeAssistantError with what went wrong, if anything did."""
        if self._said is None:
            return
        reach = self._journey.reach
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key=self._said,
            translation_placeholders=None
            if self._said == Reason.NOT_TAKEN.value
            else {
                **named(self._entry.title),
                "host": reach.host or self._before[CONF_HOST],
                "port": str(reach.port),
            },
        )

    def _is_settled(self) -> bool:
        """Return whether nobody has to be followed: gone, turned off, or found by a search."""
        entry = self._hass.config_entries.async_get_entry(self._entry.entry_id)
        if entry is None or entry.disabled_by is not None:
            return True
        return not is_same_place(entry.data, self._before)

    async def _place(self) -> dict[str, Any]:
        """Return where the camera should be, as entry data; the login is the entry's of now."""
        reach, now = self._journey.reach, self._entry.data
        host = now[CONF_HOST]
        # A name stays once it leads there, too.
        if (
            reach.host is not None
            and not same_host(reach.host, host)
            and not (has_name(self._entry) and await async_is_at(self._entry, reach.host))
        ):
            host = reach.host
        place = {**now, CONF_HOST: host, CONF_PORT: reach.port, CONF_SSL: reach.tls}
        if not reach.tls or not now.get(CONF_SSL):
            place.pop(CONF_FINGERPRINT, None)
            place[CONF_VERIFY_SSL] = True
        return place

    def _moves(self, place: Mapping[str, Any]) -> bool:
        """Return whether a place is another one than before."""
        return not is_same_place(place, self._before) or bool(place[CONF_SSL]) != bool(
            self._before.get(CONF_SSL)
        )

    def _stays(self, now: float) -> bool:
        """Return whether the camera has answered where it was for long enough."""
        if self._stays_since is None:
            self._stays_since = now
        return now >= self._stays_since + (
            SETTLE_DHCP if self._journey.reach.host is None else SETTLE
        )

    async def _answers_at(self, place: dict[str, Any]) -> bool:
        """Return whether the camera proves to be at a place, whose certificate is noted in it.

        It is asked without its login first, which shows most strangers.
        """
        if not await self._see_certificate(place):
            return False
        bare = {key: item for key, item in place.items() if key not in _LOGIN}
        try:
            with suppress(AuthError):  # it wants to see the login
                if not await self._is_camera(bare):
                    self._said = STRANGER_THERE
                    return False
            if (verdict := await self._judge(place)) is not Verdict.FOLLOW:
                self._said = self._doubt(place) if verdict is Verdict.ASK else STRANGER_THERE
                return False
            answers = await self._is_camera(place)
        except CameraError:
            return False  # a camera that starts refuses everybody
        self._said = None if answers else STRANGER_THERE
        return answers

    async def _is_camera(self, data: Mapping[str, Any]) -> bool:
        """Return whether who answers shows the right identity. CameraError."""
        finding = await find(self._hass, data, alone=True)
        return is_of(self._hass, self._entry, finding.identity)

    async def _judge(self, place: Mapping[str, Any]) -> Verdict:
        """Return whether the password may go to a place.

        It has always gone to the host that the camera had, on whichever port; but only by the
        certificate that proved the camera, if one did. Without that the kernel's word does, about
        the address by which a name has just been reached.
        """
        host = place[CONF_HOST]
        if self._is_elsewhere(place):
            return await async_judge(self._hass, self._entry, host)
        before, now = _proof_of(self._entry.data), _proof_of(place)
        if now in {before, TRUSTED}:
            return Verdict.FOLLOW
        address = host if literal(host) else DIALER.last(host)
        if address is not None and (known := macs_of(self._hass, self._entry)):
            there = await async_mac_of(self._hass, address, stale=False)
            if there is not None:
                return Verdict.FOLLOW if there in known else Verdict.REFUSE
        return Verdict.FOLLOW if before is None else Verdict.ASK

    def _is_elsewhere(self, place: Mapping[str, Any]) -> bool:
        return not same_host(place[CONF_HOST], self._before[CONF_HOST])

    def _doubt(self, place: Mapping[str, Any]) -> str:
        """Return what is said where nothing proves the camera."""
        return UNPROVEN if self._is_elsewhere(place) else UNPROVEN_CERTIFICATE

    async def _see_certificate(self, place: dict[str, Any]) -> bool:
        """Note by which certificate the camera is told from now on; False: nothing is shown.

        A certificate that Home Assistant trusts needs no note. Nothing is sent to who shows another
        one than was agreed to, unless the camera has just got a new one.
        """
        renewed = self._journey.certificate or not self._before.get(CONF_SSL)
        if not place[CONF_SSL] or not renewed:
            return True
        if place.get(CONF_VERIFY_SSL, True):
            bare = {key: item for key, item in place.items() if key not in _LOGIN}
            try:
                await find(self._hass, bare, alone=True)
            except CameraError as err:
                if err.reason is not Reason.TLS:
                    return True  # whoever shows it is trusted, or nobody is there
            else:
                return True
        elif CONF_FINGERPRINT not in place:
            return True  # its owner wants none checked
        try:
            shown = await certificate_of(place[CONF_HOST], place[CONF_PORT])
        except CameraError:
            return False
        place |= {CONF_VERIFY_SSL: False, CONF_FINGERPRINT: shown.fingerprint}
        return True

    def _take(self, place: Mapping[str, Any]) -> None:
        """Make a place the entry's, which may have got another login meanwhile."""
        options = dict(self._entry.options)
        port = self._journey.changes.rtsp_port
        if port is not None and CONF_RTSP_PORT in options:
            options[CONF_RTSP_PORT] = port
        data = {key: item for key, item in self._entry.data.items() if key not in _PLACE}
        data |= {key: item for key, item in place.items() if key in _PLACE}
        self._hass.config_entries.async_update_entry(self._entry, data=data, options=options)
        self.taken, self._said = True, None
        flows = self._hass.config_entries.flow
        for flow in flows.async_progress_by_handler(
            DOMAIN, match_context={"unique_id": self._entry.unique_id}
        ):
            if flow["step_id"] == "moved":  # who saw it on its way asks no more
                flows.async_abort(flow["flow_id"])

    def _ask(self, place: Mapping[str, Any]) -> None:
        """Have a human asked, as about every camera that nobody can prove."""
        macs = macs_of(self._hass, self._entry)
        candidate = Candidate(
            host=place[CONF_HOST],
            port=place[CONF_PORT],
            tls=place[CONF_SSL],
            mac=min(macs, default=None),
            serial=None if macs else self._entry.unique_id,
            family=place[CONF_FAMILY],
        )
        discovery_flow.async_create_flow(
            self._hass,
            DOMAIN,
            {"source": SOURCE_INTEGRATION_DISCOVERY},
            candidate,
            discovery_key=DiscoveryKey(domain=DOMAIN, key=candidate.key, version=1),
        )


def _proof_of(data: Mapping[str, Any]) -> str | None:
    """Return what proves who is at a place: a fingerprint or TRUSTED; None: no certificate."""
    if not data.get(CONF_SSL):
        return None
    pin: str | None = data.get(CONF_FINGERPRINT)
    return pin or (TRUSTED if data.get(CONF_VERIFY_SSL, True) else None)


TRUSTED: Final = "trusted"
"""Any certificate that Home Assistant trusts."""
_LOGIN: Final = {CONF_USERNAME, CONF_PASSWORD}
_PLACE: Final = {CONF_HOST, CONF_PORT, CONF_SSL, CONF_VERIFY_SSL, CONF_FINGERPRINT}
