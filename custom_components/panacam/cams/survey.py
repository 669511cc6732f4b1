"""Which families a camera speaks, and what each of them would give."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from aiohttp import ClientSession

from .device import Device
from .errors import CameraError
from .registry import FAMILIES, GRACE, Address, Finding, Wishes, asking, create, first

OFFER_TIMEOUT: Final = 20.0
"""Seconds that a camera has to show what it can do."""
OFFERS: Final = (
    "streams",
    "imager",
    "speaker",
    "recorder",
    "clips",
    "ptz",
    "mover",
    "presets",
    "tours",
    "settings",
    "presses",
    "rebooter",
    "alarms",
    "signals",
    "readings",
    "topics",
    "profiles",
    "osds",
    "masks",
    "analytics",
)
"""What a camera can have, in the order in which its owner would ask for it."""


async def survey(session: ClientSession, address: Address) -> tuple[Finding, ...]:
    """Return what each family found, in the order of the families; at least one.

    Once one has found its camera, the others have GRACE seconds. CameraError as from `probe`.
    """
    async with asking(session, address) as tasks:
        best = await first(tasks)
        if any(not task.done() for task in tasks):
            await asyncio.wait(tasks, timeout=GRACE)
        found = {best.family: best}
        for task in tasks:
            if task.done():
                with suppress(CameraError):
                    finding = task.result()
                    found[finding.family] = finding
    return tuple(found[name] for name in FAMILIES if name in found)


async def offers(session: ClientSession, address: Address, family: str) -> frozenset[str]:
    """Return the OFFERS that a camera has when it is spoken to as one of `family`.

    CameraError; ConnectError(TIMEOUT) does not cover a camera that drips: TimeoutError then.
    """
    device = create(family, session, address, Wishes())
    try:
        async with asyncio.timeout(OFFER_TIMEOUT):
            await device.connect()
            state = await device.poll()
        return frozenset(name for name in OFFERS if _has(device, name)) | (
            {"alarms"} if state.alarms else frozenset()
        )
    finally:
        await device.close()


def _has(device: Device, name: str) -> bool:
    """Return whether a device has a role, or anything in a table."""
    value = getattr(device, name, None)
    table = getattr(value, "table", value)
    return bool(table) if isinstance(table, (tuple, Mapping)) else value is not None
