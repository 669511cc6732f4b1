"""A camera that is known by a host name: an address takes its place only when the name is lost."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import (
    SOURCE_INTEGRATION_DISCOVERY,
    ConfigEntryDisabler,
    ConfigFlowResult,
)
from homeassistant.core import HomeAssistant
import pytest

from custom_components.panacam import flow_moved, following
from custom_components.panacam.cams.discovery import Candidate, Source
from custom_components.panacam.cams.errors import ConnectError, Reason
from custom_components.panacam.cams.net.dial import Dialer
from custom_components.panacam.cams.registry import Finding
from custom_components.panacam.flow_moved import NAME_FORGOTTEN, NAME_TIME
from custom_components.panacam.following import async_is_at, leads_to
from tests.conftest import MAC, add, entry_for
from tests.simulators.povcam import PovcamSimulator
from tests.test_config_flow import go_on

pytestmark = pytest.mark.usefixtures("near")

NAME = "porch.test"
"""What leads to the simulated camera."""


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, Sequence[str] | OSError]:
    """Return what names lead to in discovery, for a test to change; the kernel knows the camera."""
    told: dict[str, Sequence[str] | OSError] = {}
    dialer = Dialer()

    async def look_up(host: str) -> Sequence[str]:
        match told.get(host, OSError()):
            case OSError() as error:
                raise error
            case found:
                return found

    async def mac_of(_host: str, *, stale: bool = False) -> str | None:
        return MAC

    async def find(hass: HomeAssistant, data: Mapping[str, Any], *, alone: bool) -> Finding:
        if data["host"] == "camera.test":
            raise ConnectError(Reason.UNKNOWN_HOST)
        host = "127.0.0.1" if data["host"] == NAME else data["host"]
        return await real(hass, {**data, "host": host}, alone=alone)

    real = flow_moved.find
    monkeypatch.setattr(flow_moved, "find", find)
    dialer.look_up_by(look_up)
    monkeypatch.setattr(following, "DIALER", dialer)
    monkeypatch.setattr(following, "mac_of", mac_of)
    return told


async def tell(hass: HomeAssistant, port: int | None, host: str = "127.0.0.1") -> ConfigFlowResult:
    """Let the camera announce itself."""
    return await hass.config_entries.flow.async_init(
        "panacam",
        context={"source": SOURCE_INTEGRATION_DISCOVERY},
        data=Candidate(host=host, port=port, mac=MAC, source=Source.DHCP),
    )


async def test_name_that_leads_there_stays(
    hass: HomeAssistant, umr20: PovcamSimulator, names: dict[str, Sequence[str] | OSError]
) -> None:
    """A Hello from where the name leads says nothing new, but for another port."""
    names[NAME] = ["127.0.0.1"]
    entry = entry_for(umr20, host=NAME, port=1)
    entry.add_to_hass(hass)
    assert (await tell(hass, None))["reason"] == "already_configured"
    assert not umr20.requests
    assert (await tell(hass, umr20.port))["reason"] == "already_configured"
    assert (entry.data["host"], entry.data["port"]) == (NAME, umr20.port)
    await hass.async_block_till_done()


async def test_name_that_may_still_follow(
    hass: HomeAssistant,
    umr20: PovcamSimulator,
    names: dict[str, Sequence[str] | OSError],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Resolvers remember: for a while the name is waited for, then the address takes its place."""
    names["camera.test"] = ["127.0.0.9"]
    entry = entry_for(umr20, host="camera.test", port=1)
    entry.add_to_hass(hass)
    real = hass.loop.time
    for later, followed in ((0, False), (NAME_TIME - 5, False), (NAME_TIME + 5, True)):
        monkeypatch.setattr(hass.loop, "time", lambda later=later: real() + later)
        assert (await tell(hass, umr20.port))["reason"] == "already_configured"
        assert (entry.data["host"] == "127.0.0.1") is followed
        if not followed:
            assert not umr20.requests
    monkeypatch.setattr(hass.loop, "time", real)
    await hass.async_block_till_done()


async def test_lost_long_ago_and_lost_again(
    hass: HomeAssistant,
    umr20: PovcamSimulator,
    names: dict[str, Sequence[str] | OSError],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The time for a name to follow begins anew."""
    entry = entry_for(umr20, host="camera.test", port=1)
    entry.add_to_hass(hass)
    now = hass.loop.time()
    assert flow_moved._may_still_come(hass, entry)
    monkeypatch.setattr(hass.loop, "time", lambda: now + NAME_FORGOTTEN + 5)
    assert flow_moved._may_still_come(hass, entry)
    await hass.config_entries.async_remove(entry.entry_id)
    other = entry_for(umr20, host="camera.test")
    other.add_to_hass(hass)
    assert flow_moved._may_still_come(hass, other)
    assert list(hass.data[flow_moved._NAMES]) == [other.entry_id]


async def test_camera_is_where_its_name_leads_after_all(
    hass: HomeAssistant,
    umr20: PovcamSimulator,
    names: dict[str, Sequence[str] | OSError],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While the camera proves to be behind its name, no address takes that name's place."""
    monkeypatch.setattr(flow_moved, "NAME_TIME", 0.0)
    names[NAME] = ["127.0.0.9"]
    entry = entry_for(umr20, host=NAME)
    entry.add_to_hass(hass)
    with patch.object(hass.config_entries, "async_schedule_reload") as reload:
        assert (await tell(hass, umr20.port))["reason"] == "already_configured"
    assert entry.data["host"] == NAME
    reload.assert_called_once_with(entry.entry_id)


async def test_where_names_lead(
    hass: HomeAssistant, umr20: PovcamSimulator, names: dict[str, Sequence[str] | OSError]
) -> None:
    """A name by what it leads to, now or at the last connection; an address however it is spelt."""
    names["camera.test"] = ["192.168.1.5", "fd00::5"]
    named = entry_for(umr20, host="camera.test")
    assert await async_is_at(named, "192.168.1.5")
    assert await async_is_at(named, "fd00:0::5")
    assert not await async_is_at(named, "192.168.1.6")
    names["camera.test"] = OSError()
    assert not await async_is_at(named, "192.168.1.5")
    assert not leads_to(named, "192.168.1.5")
    following.DIALER.reached("camera.test", "192.168.1.5")
    assert leads_to(named, "192.168.1.5")
    assert await async_is_at(entry_for(umr20, host="fd00:0::5"), "fd00::5")
    assert not await async_is_at(entry_for(umr20, host=""), "192.168.1.5")


type Happening = Callable[[HomeAssistant, str], Awaitable[object]]


async def removed(hass: HomeAssistant, entry_id: str) -> object:
    """Let its owner remove the entry."""
    return await hass.config_entries.async_remove(entry_id)


async def disabled(hass: HomeAssistant, entry_id: str) -> object:
    """Let its owner turn the entry off."""
    return await hass.config_entries.async_set_disabled_by(entry_id, ConfigEntryDisabler.USER)


@pytest.mark.parametrize("happening", [removed, disabled])
@pytest.mark.parametrize("before", [True, False])
async def test_turned_off_while_it_is_followed(
    hass: HomeAssistant,
    umr20: PovcamSimulator,
    names: dict[str, Sequence[str] | OSError],
    happening: Happening,
    before: bool,
) -> None:
    """A camera that its owner removes or turns off is asked nothing any more, and not rewritten."""
    entry = await add(hass, entry_for(umr20, port=1))
    real_find, real_judge = flow_moved.find, flow_moved.async_judge

    async def find(*args: Any, **options: Any) -> Any:
        found = await real_find(*args, **options)
        await happening(hass, entry.entry_id)
        return found

    async def judge(*args: Any) -> Any:
        verdict = await real_judge(*args)
        await happening(hass, entry.entry_id)
        return verdict

    change = ("async_judge", judge) if before else ("find", find)
    with patch.object(flow_moved, *change):
        assert (await tell(hass, umr20.port))["reason"] == "already_configured"
    assert bool(umr20.requests) is not before
    assert entry.data["port"] == 1
    await hass.async_block_till_done()


async def test_question_about_a_camera_that_was_turned_off(
    hass: HomeAssistant, umr20: PovcamSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its form says so, and nothing is asked of anybody."""
    entry = await add(hass, entry_for(umr20, port=1))
    result = await tell(hass, umr20.port)
    assert result["step_id"] == "moved"
    await disabled(hass, entry.entry_id)
    assert (await go_on(hass, result, {}))["reason"] == "camera_removed"
    assert not umr20.requests
