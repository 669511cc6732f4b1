"""The streams of a camera that has an entry: waited for, and helped along."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_PORT, CONF_SSL
from homeassistant.core import HomeAssistant

from .. import following
from . import clock as limits
from .adding import LOGIN
from .ports import HTTP, HTTPS, knock
from .steps import EndedError, Step

RELOAD_PAUSE: Final = 5.0
"""Seconds between the first two set-ups; each more takes twice as long."""
LONGEST_PAUSE: Final = 30.0


async def async_load(
    hass: HomeAssistant,
    entry: ConfigEntry[Any],
    address: str,
    clock: limits.Clock,
    check: Callable[[], None],
) -> None:
    """Wait until an entry's camera is connected. EndedError, and what `check` raises meanwhile.

    Home Assistant would wait longer and longer between two set-ups: a camera that answers again
    need not wait for that. Its login is tried once more only, since cameras lock out who insists.
    """
    loop = asyncio.get_running_loop()
    port = entry.data.get(CONF_PORT) or (HTTPS if entry.data.get(CONF_SSL) else HTTP)
    end, due, pause, denied = loop.time() + limits.LOAD_LIMIT, loop.time(), RELOAD_PAUSE, False
    while not following.answers(entry):
        why = entry.error_reason_translation_key
        waiting = entry.state is ConfigEntryState.SETUP_RETRY
        if entry.state is ConfigEntryState.SETUP_ERROR or (denied and waiting and why in LOGIN):
            raise EndedError(Step.REFUSED if why in LOGIN else Step.NOT_ADDED, why)
        if loop.time() > end and clock.is_up():
            raise EndedError(Step.UNREACHABLE, why)
        check()
        if waiting and loop.time() >= due and await _answers(address, port, clock):
            if why in LOGIN:
                denied = True
                await asyncio.sleep(limits.LOGIN_PAUSE)
            await _reload(hass, entry, clock)
            due, pause = loop.time() + pause, min(2 * pause, LONGEST_PAUSE)
        await asyncio.sleep(limits.GAP / 4)


async def _answers(address: str, port: int, clock: limits.Clock) -> bool:
    async with clock.look():
        return bool(await knock(address, (port,)))


async def _reload(hass: HomeAssistant, entry: ConfigEntry[Any], clock: limits.Clock) -> None:
    """Set an entry up that still waits for that."""
    async with clock.turn():
        if entry.state is ConfigEntryState.SETUP_RETRY:
            # Nobody may interrupt a set-up.
            await asyncio.shield(
                hass.async_create_task(
                    hass.config_entries.async_reload(entry.entry_id), "panacam reload"
                )
            )
