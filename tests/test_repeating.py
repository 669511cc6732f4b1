"""Work that is done again and again, whatever becomes of it, until its entry goes."""

import asyncio
from datetime import timedelta
import logging

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.panacam.const import DOMAIN
from custom_components.panacam.repeating import Repeating

MINUTE = timedelta(minutes=1)


async def pass_time(hass: HomeAssistant, minutes: float) -> None:
    """Let time pass for those who wait."""
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(minutes=minutes, seconds=1))
    await hass.async_block_till_done(wait_background_tasks=True)


async def test_again_and_again(hass: HomeAssistant, caplog: pytest.LogCaptureFixture) -> None:
    """What fails is done again after its own time, and is told once with all that is known."""
    done: list[bool] = []

    async def work() -> timedelta:
        done.append(len(done) >= 2)
        if not done[-1]:
            raise ValueError("mistake")  # noqa: EM101 - it is looked for in the log
        return 10 * MINUTE

    entry = MockConfigEntry(domain=DOMAIN, title="Gate")
    repeating = Repeating(hass, entry, "round", work, 2 * MINUTE)
    repeating.start(MINUTE)
    await pass_time(hass, 0.5)
    assert not done
    await pass_time(hass, 1)
    await pass_time(hass, 2)
    assert done == [False, False]
    await pass_time(hass, 2)
    assert done == [False, False, True]
    await pass_time(hass, 9)
    assert len(done) == 3
    await pass_time(hass, 10)
    assert len(done) == 4
    errors = [one for one in caplog.records if one.levelno == logging.ERROR]
    assert [one.getMessage() for one in errors] == ["The round of Gate failed"]
    assert errors[0].exc_info is not None
    repeating.stop()
    await pass_time(hass, 100)
    assert len(done) == 4


async def test_stopped_in_the_middle(hass: HomeAssistant) -> None:
    """Work that is under way ends with the rest, and is not begun again."""
    begun, ended = asyncio.Event(), asyncio.Event()

    async def work() -> timedelta:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return MINUTE

    repeating = Repeating(hass, MockConfigEntry(domain=DOMAIN), "round", work, MINUTE)
    repeating.start(MINUTE)
    async_fire_time_changed(hass, dt_util.utcnow() + 2 * MINUTE)
    await asyncio.wait_for(begun.wait(), 5)
    repeating.stop()
    await asyncio.wait_for(ended.wait(), 5)
    begun.clear()
    await pass_time(hass, 100)
    assert not begun.is_set()
