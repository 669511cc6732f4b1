"""The settings of a replaced camera are given until they are there."""

from unittest.mock import AsyncMock, patch

from homeassistant.core import HomeAssistant

from custom_components.panacam.cams.backup import Report
from custom_components.panacam.cams.errors import Reason
from custom_components.panacam.provisioning import configuring
from tests.provisioning.conftest import GATE, Log, asked, network_of, provision
from tests.provisioning.test_run import report
from tests.simulators.povcam import PovcamSimulator


async def test_tried_again(hass: HomeAssistant, camera: PovcamSimulator, log: Log) -> None:
    """A camera that was lost on the way, or that nothing fitted, has not replaced another one."""
    network = await network_of(hass, GATE)
    known = AsyncMock()
    known.title, known.entry_id = "gate", "earlier"
    find = AsyncMock(return_value=known)
    reports = [report(ended=Reason.CUT), Report(absent=("a",)), report()]
    apply = AsyncMock(side_effect=reports)
    with (
        patch.object(configuring, "async_replaced_camera", find),
        patch.object(configuring, "async_apply_replacement", apply),
    ):
        for reason in ("cut", "not_taken"):
            await provision(hass, network, asked())
            assert log.of("configuration_failed")["reason"] == reason
            assert "configuration_applied" not in log.steps
        await provision(hass, network, asked())
    assert log.steps[-2:] == ["configuration_applied", "completed"]
    assert apply.await_count == 3
    assert all(call.kwargs == {"listed": True} for call in find.await_args_list)
