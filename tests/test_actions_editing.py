"""Actions that list, make, change and delete things in a camera."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol

from custom_components.panacam.action_base import fit_for_json
from custom_components.panacam.cams.errors import Reason, RefusedError
from custom_components.panacam.cams.roles import TourStatus
from tests.fake_roles import FakeAnalytics, FakeOverlays, FakeProfiles, full_device, set_up
from tests.fakes import FakeDevice
from tests.test_actions_moving import CAMERA, call

TRIANGLE = [[-1, -1], [1, -1], [0, 1]]


@pytest.fixture
def device() -> FakeDevice:
    """Return a camera that can all of it."""
    return full_device()


@pytest.fixture(autouse=True)
async def entry(hass: HomeAssistant, device: FakeDevice) -> MockConfigEntry:
    """Set it up."""
    return await set_up(hass, device)


async def test_get_profiles(hass: HomeAssistant) -> None:
    """Profiles, and what they can be made of."""
    assert await call(hass, "get_profiles") == {
        CAMERA: {
            "profiles": [
                {"token": "P1", "name": "Main", "fixed": True, "configurations": {"ptz": "Z"}}
            ],
            "configurations": [{"kind": "video_encoder", "token": "E2", "name": "Sub"}],
        }
    }


async def test_edit_profiles(hass: HomeAssistant, device: FakeDevice) -> None:
    """Made, changed and deleted."""
    parts = {"video_encoder": "E2"}
    answer = await call(hass, "create_profile", name="New", configurations=parts)
    assert answer == {CAMERA: {"token": "P9"}}
    await call(hass, "create_profile", name="Bare")
    await call(hass, "add_configuration", profile="P9", kind="ptz", configuration="Z")
    await call(hass, "add_configuration", profile="P9", kind="metadata")
    await call(hass, "remove_configuration", profile="P9", kind="ptz")
    await call(hass, "delete_profile", profile="P9")
    assert isinstance(device.profiles, FakeProfiles)
    assert device.profiles.calls == [
        ("create_profile", "New", parts),
        ("create_profile", "Bare", {}),
        ("add_configuration", "P9", "ptz", "Z"),
        ("add_configuration", "P9", "metadata", None),
        ("remove_configuration", "P9", "ptz", None),
        ("delete_profile", "P9"),
    ]


async def test_osds(hass: HomeAssistant, device: FakeDevice) -> None:
    """Listed, made in a corner or at a point, and deleted."""
    listed = [{"token": "O1", "text": "Garden", "position": [0.5, -0.5]}]
    assert await call(hass, "get_osds") == {CAMERA: {"osds": listed}}
    answer = await call(hass, "create_osd", text="Pond", position="upper_left", font_size=20)
    assert answer == {CAMERA: {"token": "O9"}}
    await call(hass, "create_osd", type="date_and_time", x=-0.5, y=1, source="V1")
    await call(hass, "create_osd", type="plain", text="x")
    await call(hass, "delete_osd", osd="O9")
    assert isinstance(device.osds, FakeOverlays)
    assert device.osds.calls == [
        ("create_osd", {"text": "Pond", "position": "upper_left", "font_size": 20}),
        ("create_osd", {"type": "date_and_time", "x": -0.5, "y": 1.0, "source": "V1"}),
        ("create_osd", {"text": "x", "type": "plain"}),
        ("delete_osd", "O9"),
    ]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"position": "upper_left"}, "what to write"),
        ({"text": "x", "type": "date"}, "goes with the type Text"),
        ({"text": "x", "x": 0}, "in one way"),
        ({"text": "x", "x": 0, "y": 0, "position": "upper_left"}, "in one way"),
    ],
)
async def test_osd_without_sense(
    hass: HomeAssistant, device: FakeDevice, data: dict[str, Any], sentence: str
) -> None:
    """What makes no sense together is said in a sentence."""
    with pytest.raises(ServiceValidationError, match=sentence):
        await call(hass, "create_osd", **data)
    assert isinstance(device.osds, FakeOverlays)
    assert device.osds.calls == []


async def test_masks(hass: HomeAssistant, device: FakeDevice) -> None:
    """Listed, made, changed in part, and deleted."""
    listed = [{"token": "M1", "points": [[0, 0], [1, 0], [1, 1]], "enabled": True}]
    assert await call(hass, "get_masks") == {CAMERA: {"masks": listed}}
    assert await call(hass, "create_mask", points=TRIANGLE) == {CAMERA: {"token": "M9"}}
    await call(hass, "modify_mask", mask="M9", enabled=False)
    await call(hass, "modify_mask", mask="M9", type="blurred", color=[0, 128, 128])
    await call(hass, "delete_mask", mask="M9")
    assert isinstance(device.masks, FakeOverlays)
    assert device.masks.calls == [
        ("create_mask", {"points": TRIANGLE, "enabled": True}),
        ("modify_mask", "M9", {"enabled": False}),
        ("modify_mask", "M9", {"type": "blurred", "color": [0.0, 128.0, 128.0]}),
        ("delete_mask", "M9"),
    ]
    with pytest.raises(ServiceValidationError, match="what is to change"):
        await call(hass, "modify_mask", mask="M9")


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("create_mask", {"points": TRIANGLE[:2]}),
        ("create_mask", {"points": [[0, 0, 0], [1, 1, 1], [2, 2, 2]]}),
        ("create_mask", {"points": [[0, 0], [2, 0], [1, 1]]}),
        ("create_mask", {"points": [[0, 0]] * 65}),
        ("create_mask", {"points": TRIANGLE, "color": [1, 2]}),
        ("create_mask", {"points": TRIANGLE, "type": "mist"}),
        ("create_osd", {"text": "x" * 256}),
        ("create_osd", {"text": "x", "position": "middle"}),
        ("create_profile", {"name": ""}),
        ("create_profile", {"name": "x", "configurations": ["E2"]}),
        ("create_analytics", {"part": "guesses", "name": "x", "kind": "y"}),
        ("modify_analytics", {"part": "rules", "name": "x", "parameters": {"a": {"b": 1}}}),
        (
            "modify_analytics",
            {"part": "rules", "name": "x", "parameters": dict.fromkeys("ab" * 40)},
        ),
    ],
)
async def test_nonsense(hass: HomeAssistant, action: str, data: dict[str, Any]) -> None:
    """Nonsense is refused before anything is sent."""
    with pytest.raises(vol.Invalid):
        await call(hass, action, **data)


async def test_analytics(hass: HomeAssistant, device: FakeDevice) -> None:
    """Listed, made, changed and deleted."""
    assert await call(hass, "get_analytics", configuration="A1") == {
        CAMERA: {
            "rules": {"supported": [{"kind": "tt:rules"}], "items": []},
            "modules": {"supported": [{"kind": "tt:modules"}], "items": []},
        }
    }
    rule = {"part": "rules", "name": "Fence"}
    await call(
        hass,
        "create_analytics",
        **rule,
        kind="tt:LineDetector",
        configuration="A1",
        parameters={"Direction": "Any", "Armed": True, "Size": 0.5},
    )
    await call(hass, "modify_analytics", **rule, parameters={"Size": 2})
    await call(hass, "delete_analytics", **rule)
    assert isinstance(device.analytics, FakeAnalytics)
    assert device.analytics.calls[2:] == [
        (
            "create",
            "rules",
            "A1",
            "Fence",
            "tt:LineDetector",
            {"Direction": "Any", "Armed": True, "Size": 0.5},
        ),
        ("modify", "rules", None, "Fence", {"Size": 2}),
        ("delete", "rules", None, "Fence"),
    ]


async def test_analytics_of_one_part(hass: HomeAssistant, device: FakeDevice) -> None:
    """A camera without modules tells its rules; one without either says so."""
    assert isinstance(device.analytics, FakeAnalytics)
    device.analytics.parts = frozenset({"rules"})
    assert list((await call(hass, "get_analytics"))[CAMERA]) == ["rules"]
    device.analytics.parts = frozenset()
    with pytest.raises(ServiceValidationError, match="cannot do that"):
        await call(hass, "get_analytics")
    device.analytics.error = RefusedError(Reason.NOT_FOUND)
    with pytest.raises(ServiceValidationError, match="nothing of this name"):
        await call(hass, "get_analytics", configuration="none")


def test_answers_fit_for_json() -> None:
    """Whatever a role tells can be an answer."""
    assert fit_for_json({1: (1.5, None, {True}), "s": TourStatus.IDLE, "o": 1j}) == {
        "1": [1.5, None, [True]],
        "s": "idle",
        "o": "1j",
    }
