"""Problems of a camera: issues that come and go with them, and flows that mend."""

from dataclasses import replace
from http import HTTPStatus
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.panacam.cams.errors import BusyError, Reason
from custom_components.panacam.cams.roles import Problem
from custom_components.panacam.const import DOMAIN
from custom_components.panacam.repairs import async_create_fix_flow, issue_id
from tests.conftest import ONVIF_MAC, add, yard_entry_for
from tests.fake_roles import FakeFixer, full_device, set_up
from tests.fakes import FakeDevice
from tests.simulators.onvif import OnvifSimulator, Quirk
from tests.test_init import poll
from tests.test_package import ENGLISH


@pytest.fixture
def device() -> FakeDevice:
    """Return a camera whose problems can be mended."""
    return full_device()


@pytest.fixture
async def entry(hass: HomeAssistant, device: FakeDevice) -> MockConfigEntry:
    """Set it up beside what shows issues."""
    assert await async_setup_component(hass, "repairs", {})
    return await set_up(hass, device)


def issues(hass: HomeAssistant) -> dict[str, ir.IssueEntry]:
    """Return the issues of ours by what they are about."""
    return {
        str(issue.translation_key): issue
        for issue in ir.async_get(hass).issues.values()
        if issue.domain == DOMAIN and issue.active
    }


async def trouble(
    hass: HomeAssistant, entry: MockConfigEntry, device: FakeDevice, *problems: Problem
) -> None:
    """Let the camera tell of its problems."""
    device.state = replace(device.state, problems=frozenset(problems))
    await poll(hass, entry)


async def test_come_and_go(hass: HomeAssistant, entry: MockConfigEntry, device: FakeDevice) -> None:
    """An issue is there as long as its problem."""
    assert issues(hass) == {}
    await trouble(hass, entry, device, Problem.CLOCK_OFF)
    found = issues(hass)
    assert list(found) == ["clock_off"]
    assert found["clock_off"].is_fixable
    assert found["clock_off"].translation_placeholders == {"name": "Bare", "title": "Bare"}
    await trouble(hass, entry, device, *Problem)
    assert set(issues(hass)) == {"clock_off", "ptz_not_attached"}
    await trouble(hass, entry, device)
    assert issues(hass) == {}


async def test_there_from_the_start(hass: HomeAssistant, device: FakeDevice) -> None:
    """What is wrong at once is told at once, and no longer once the camera is unloaded."""
    device.state = replace(device.state, problems=frozenset({Problem.CLOCK_OFF}))
    entry = await set_up(hass, device)
    assert list(issues(hass)) == ["clock_off"]
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert issues(hass) == {}


async def test_ignored(hass: HomeAssistant, entry: MockConfigEntry, device: FakeDevice) -> None:
    """Whoever ignores an issue is not told again."""
    await trouble(hass, entry, device, Problem.CLOCK_OFF)
    key = issue_id(entry, Problem.CLOCK_OFF)
    ir.async_ignore_issue(hass, DOMAIN, key, ignore=True)
    before = issues(hass)["clock_off"].dismissed_version
    assert before is not None
    await trouble(hass, entry, device, *Problem)
    assert issues(hass)["clock_off"].dismissed_version == before


async def test_ignored_for_good(
    hass: HomeAssistant, entry: MockConfigEntry, device: FakeDevice
) -> None:
    """Nor when the camera is loaded anew; but once it is mended, or removed, that is forgotten."""
    await trouble(hass, entry, device, *Problem)
    for problem in Problem:
        ir.async_ignore_issue(hass, DOMAIN, issue_id(entry, problem), ignore=True)
    device.state = replace(device.state, problems=frozenset({Problem.CLOCK_OFF}))
    with patch("custom_components.panacam.device_for", return_value=device):
        assert await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done()
    found = issues(hass)
    assert list(found) == ["clock_off"]
    assert found["clock_off"].dismissed_version is not None
    await hass.config_entries.async_remove(entry.entry_id)
    assert issues(hass) == {}


async def test_a_title_is_no_markup(hass: HomeAssistant, device: FakeDevice) -> None:
    """A camera's name is shown as it is, and can be no link."""
    device.state = replace(device.state, problems=frozenset({Problem.CLOCK_OFF}))
    entry = await set_up(hass, device, title="[door](//x)")
    named = {"title": "[door](//x)", "name": r"\[door\]\(//x\)"}
    assert issues(hass)["clock_off"].translation_placeholders == named
    flow = await async_create_fix_flow(
        hass, "x", {"entry_id": entry.entry_id, "problem": Problem.CLOCK_OFF.value}
    )
    flow.hass, flow.handler, flow.flow_id = hass, DOMAIN, "1"
    assert (await flow.async_step_init())["description_placeholders"] == {**named, "error": ""}
    for issue in ENGLISH["issues"].values():
        assert "{name}" not in issue["title"]
        for step in issue.get("fix_flow", {}).get("step", {}).values():
            assert "{name}" not in step["title"]


@pytest.mark.parametrize("fixer", [None, FakeFixer(fixable=frozenset())])
async def test_to_be_mended_by_hand(
    hass: HomeAssistant, entry: MockConfigEntry, device: FakeDevice, fixer: FakeFixer | None
) -> None:
    """What cannot be mended from here is said without a button."""
    device.fixer = fixer
    await trouble(hass, entry, device, *Problem)
    found = issues(hass)
    assert set(found) == {"clock_off_manual", "ptz_not_attached_manual"}
    assert not any(issue.is_fixable for issue in found.values())


class Flow:
    """A fix flow as the frontend sees it."""

    def __init__(self, client: Any) -> None:
        """Speak by `client`."""
        self._client = client
        self._id = ""

    async def begin(self, key: str) -> dict[str, Any]:
        """Open it."""
        return await self._post("", {"handler": DOMAIN, "issue_id": key})

    async def confirm(self) -> dict[str, Any]:
        """Say yes."""
        return await self._post(f"/{self._id}", {})

    async def _post(self, path: str, data: dict[str, Any]) -> dict[str, Any]:
        response = await self._client.post(f"/api/repairs/issues/fix{path}", json=data)
        assert response.status == HTTPStatus.OK
        found: dict[str, Any] = await response.json()
        self._id = found["flow_id"]
        return found


@pytest.mark.parametrize("problem", Problem)
async def test_mended(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    entry: MockConfigEntry,
    device: FakeDevice,
    problem: Problem,
) -> None:
    """After a yes the camera is mended, and the issue is gone."""
    await trouble(hass, entry, device, problem)
    flow = Flow(await hass_client())
    shown = await flow.begin(issue_id(entry, problem))
    assert (shown["step_id"], shown["errors"]) == ("confirm", {})
    assert shown["description_placeholders"]["name"] == "Bare"
    device.state = replace(device.state, problems=frozenset())
    with patch("custom_components.panacam.device_for", return_value=device):
        assert (await flow.confirm())["type"] == "create_entry"
        await hass.async_block_till_done()
    # What turns from now on needs entities.
    assert device.closed is (problem is Problem.PTZ_NOT_ATTACHED)
    assert entry.state is ConfigEntryState.LOADED
    assert isinstance(device.fixer, FakeFixer)
    assert device.fixer.calls == [("fix", problem)]
    assert issues(hass) == {}


async def test_not_mended(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    entry: MockConfigEntry,
    device: FakeDevice,
) -> None:
    """A refusal is said, as is a promise that was not kept; it can be tried again."""
    await trouble(hass, entry, device, Problem.CLOCK_OFF)
    fixer = device.fixer
    assert isinstance(fixer, FakeFixer)
    fixer.error = BusyError(Reason.BUSY)
    flow = Flow(await hass_client())
    await flow.begin(issue_id(entry, Problem.CLOCK_OFF))
    shown = await flow.confirm()
    assert shown["errors"] == {"base": "not_mended"}
    assert "busy" in shown["description_placeholders"]["error"]
    fixer.error = None
    shown = await flow.confirm()
    assert shown["errors"] == {"base": "still_there"}
    assert list(issues(hass)) == ["clock_off"]
    device.fixer = None
    assert (await flow.confirm())["errors"] == {"base": "not_mended"}


async def test_unloaded_meanwhile(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    entry: MockConfigEntry,
    device: FakeDevice,
) -> None:
    """A camera that is not loaded any more cannot be mended."""
    await trouble(hass, entry, device, Problem.CLOCK_OFF)
    flow = Flow(await hass_client())
    await flow.begin(issue_id(entry, Problem.CLOCK_OFF))
    assert await hass.config_entries.async_unload(entry.entry_id)
    shown = await flow.confirm()
    assert (shown["type"], shown["reason"]) == ("abort", "not_loaded")


async def test_removed_meanwhile(hass: HomeAssistant) -> None:
    """Nor can one that is gone altogether."""
    flow = await async_create_fix_flow(
        hass, "x", {"entry_id": "nobody's", "problem": Problem.CLOCK_OFF.value}
    )
    flow.hass, flow.handler, flow.flow_id = hass, DOMAIN, "1"
    flow.context = {"issue_id": "x"}
    assert (await flow.async_step_init())["reason"] == "not_loaded"


async def test_a_wrong_clock(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, socket_enabled: None
) -> None:
    """A camera's clock is set, and stays set."""
    assert await async_setup_component(hass, "repairs", {})
    async with OnvifSimulator(clock_offset=7200) as camera:
        camera.become(mac=ONVIF_MAC, serial="SIM0000003")
        entry = await add(hass, yard_entry_for(camera))
        assert list(issues(hass)) == ["clock_off"]
        flow = Flow(await hass_client())
        await flow.begin(issue_id(entry, Problem.CLOCK_OFF))
        assert (await flow.confirm())["type"] == "create_entry"
        assert camera.count("SetSystemDateAndTime") == 1
        await poll(hass, entry)
        assert issues(hass) == {}
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_a_head_that_is_not_attached(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, socket_enabled: None
) -> None:
    """A head without a profile is told of; once it can be attached, there is what turns it."""
    assert await async_setup_component(hass, "repairs", {})
    quirks = {Quirk.PTZ_UNATTACHED, Quirk.PTZ_ATTACH_REFUSED}
    async with OnvifSimulator(quirks=quirks) as camera:
        camera.become(mac=ONVIF_MAC, serial="SIM0000003")
        entry = await add(hass, yard_entry_for(camera))
        assert list(issues(hass)) == ["ptz_not_attached"]
        assert hass.states.get("button.yard_pan_left") is None
        flow = Flow(await hass_client())
        await flow.begin(issue_id(entry, Problem.PTZ_NOT_ATTACHED))
        assert (await flow.confirm())["errors"] == {"base": "not_mended"}
        camera.camera.quirks -= {Quirk.PTZ_ATTACH_REFUSED}
        assert (await flow.confirm())["type"] == "create_entry"
        await hass.async_block_till_done()
        assert issues(hass) == {}
        assert hass.states.get("button.yard_pan_left") is not None
        assert await hass.config_entries.async_unload(entry.entry_id)
