"""The parameters of a MO camera: read, and restored to it and to another one."""

import pytest

from custom_components.panacam.cams import keeping
from custom_components.panacam.cams.backup import Sections
from custom_components.panacam.cams.errors import ConnectError, Reason
from custom_components.panacam.cams.mo import settings
from custom_components.panacam.cams.mo.device import MoDevice
from tests.cams.mo.support import device_of
from tests.simulators.mo import MoFault, MoSimulator

UNLIKE: Sections = {
    "settings": {
        "resolution": "640x480",
        "brightness": 30,
        "contrast": 1,
        "mode": "outdoor",
        "rotation": "both",
    }
}


@pytest.fixture(autouse=True)
def _no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cameras here show at once what they were told."""
    monkeypatch.setattr(keeping, "SETTLE", 0.0)


async def test_restored_to_another(sim: MoSimulator, device: MoDevice) -> None:
    """What one camera was set to is what the other one is set to."""
    assert device.keeper is not None
    assert await device.keeper.read() == {
        "settings": {
            "resolution": "320x240",
            "brightness": 128,
            "contrast": 4,
            "mode": "60hz",
            "rotation": "none",
        }
    }
    report = await device.keeper.restore(UNLIKE, own=False)
    assert report.complete
    assert report.taken == tuple(f"settings.{key}" for key in UNLIKE["settings"])
    assert sim.parameters == {
        "resolution": 32,
        "brightness": 30,
        "contrast": 1,
        "mode": 2,
        "rotation": 3,
    }
    assert await device.keeper.read() == UNLIKE
    assert (await device.keeper.restore(UNLIKE, own=True)).taken == ()


async def test_what_it_has_not(sim: MoSimulator, device: MoDevice) -> None:
    """Settings of another family and values of another model are told one by one."""
    assert device.keeper is not None
    sections: Sections = {
        "settings": {"brightness": 300, "contrast": [1], "zoom": 1, "mode": "50hz"},
        "presets": {"Gate": {"pan": 0.5}},
    }
    report = await device.keeper.restore(sections, own=True)
    assert report.refused == {
        "settings.brightness": Reason.OUT_OF_RANGE,
        "settings.contrast": Reason.OUT_OF_RANGE,
    }
    assert report.absent == ("settings.zoom", "presets.Gate")
    assert report.taken == ("settings.mode",)
    assert sim.parameters["mode"] == 0


async def test_dies_midway(
    sim: MoSimulator, device: MoDevice, impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read back before is taken, nothing else is."""
    assert device.keeper is not None
    change = settings.MoSettings.change

    async def dying(self: settings.MoSettings, key: str, value: settings.Value) -> None:
        if key == "mode":
            await sim.stop()
        await change(self, key, value)

    monkeypatch.setattr(settings.MoSettings, "change", dying)
    report = await device.keeper.restore(UNLIKE, own=True)
    assert report.ended is not None
    assert report.taken == ("settings.resolution", "settings.brightness", "settings.contrast")
    assert "settings.rotation" not in report.taken
    assert not report.complete
    with pytest.raises(ConnectError):
        await device.keeper.read()


async def test_camera_that_tells_no_parameters(socket_enabled: None, impatient: None) -> None:
    """There is nothing to keep, and nobody says that there is."""
    async with MoSimulator(parameters=False) as sim:
        device = device_of(sim)
        await device.connect()
        assert device.keeper is None
        await device.close()


async def test_silence(sim: MoSimulator, device: MoDevice, impatient: None) -> None:
    """A camera that stops telling has not said that all is as it was."""
    assert device.keeper is not None
    sections = await device.keeper.read()
    sim.fault(MoFault.NO_PARAMETERS)
    with pytest.raises(ConnectError) as caught:
        await device.keeper.read()
    assert caught.value.reason is Reason.TIMEOUT
    sim.fault(MoFault.NO_PARAMETERS)
    report = await device.keeper.restore(sections, own=True)
    assert report.ended is Reason.TIMEOUT
    assert report.unchanged == ()
