"""What was found on the network, each camera once, with the MAC address that the kernel knows."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from homeassistant.core import HomeAssistant

from .cams.discovery import Candidate, merged
from .following import async_mac_of
from .known import macs_of
from .network_entry import camera_entries

MAX_LOOKED_UP: Final = 256
"""Hosts of one search whose MAC addresses are looked up."""
_PARALLEL: Final = 16


async def async_completed(
    hass: HomeAssistant, candidates: Sequence[Candidate]
) -> tuple[Candidate, ...]:
    """Return each camera once; what the kernel knows of a host counts more than what it claims."""
    claims = _claims(candidates)
    hosts = sorted(claims, key=lambda host: _is_doubtful(claims, host), reverse=True)
    left = iter(hosts[:MAX_LOOKED_UP])
    proven: dict[str, str | None] = {}

    async def look() -> None:
        for host in left:
            mac = await async_mac_of(hass, host)
            if mac is not None and claims[host] - {mac, None}:
                # What the kernel knew some time ago may be of who had this address before.
                mac = await async_mac_of(hass, host, stale=False)
            proven[host] = mac
            await asyncio.sleep(0)  # a flood of them is not one step of the event loop

    await asyncio.gather(*(look() for _ in range(_PARALLEL)))
    ours = {mac for entry in camera_entries(hass) for mac in macs_of(hass, entry)}
    return await hass.async_add_executor_job(_once, candidates, proven, ours)


def _claims(candidates: Iterable[Candidate]) -> dict[str, set[str | None]]:
    """Return which MAC addresses are claimed for each host, None where one tells none."""
    claims: dict[str, set[str | None]] = defaultdict(set)
    for one in candidates:
        claims[one.host].add(one.mac)
    return dict(claims)


def _is_doubtful(claims: Mapping[str, set[str | None]], host: str) -> bool:
    """Return whether a host does not tell one MAC address."""
    return len(claims[host]) > 1 or None in claims[host]


def _once(
    candidates: Sequence[Candidate], proven: Mapping[str, str | None], ours: Collection[str]
) -> tuple[Candidate, ...]:
    """Return each camera once (no I/O).

    A MAC address that several hosts claim, none of them proven to have it, tells nobody. But for
    a camera of `ours` each claim is followed up by itself, so that a forger cannot stand in its
    place. Who is proven to be somebody else than the camera of ours that it says it is, is nobody
    to offer: its login form would be there for the password of that camera.
    """
    liars = {
        one.host
        for one in candidates
        if one.mac in ours and proven.get(one.host) not in {None, *ours}
    }
    told = [
        replace(one, mac=proven.get(one.host) or one.mac)
        for one in candidates
        if one.host not in liars
    ]
    by_mac: dict[tuple[str, bool], set[str]] = defaultdict(set)
    for one in told:
        if one.mac is not None:
            by_mac[one.mac, ":" in one.host].add(one.host)
    certain: list[Candidate] = []
    claimed: list[Candidate] = []
    for one in told:
        if one.mac is None or proven.get(one.host) or len(by_mac[one.mac, ":" in one.host]) == 1:
            certain.append(one)
        elif one.mac in ours:
            claimed.append(one)
        else:
            certain.append(replace(one, mac=None))
    by_host: dict[str, list[Candidate]] = defaultdict(list)
    for one in claimed:
        by_host[one.host].append(one)
    return merged(certain) + tuple(one for group in by_host.values() for one in merged(group))
