"""The actions with a camera that has all of it: what they make is there, and can be used."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.conftest import until
from tests.simulators.onvif import OnvifSimulator
from tests.test_actions_moving import call
from tests.test_init import poll

TRIANGLE = [[-0.5, -0.5], [0.5, -0.5], [0.0, 0.5]]


@pytest.fixture(autouse=True)
def _set_up(yard_entry: MockConfigEntry) -> None:
    """Set the camera up."""


@pytest.fixture
def camera(hass: HomeAssistant) -> str:
    """Return the camera's enabled entity."""
    (found,) = hass.states.async_entity_ids("camera")
    return found


async def test_ptz(hass: HomeAssistant, camera: str, yard: OnvifSimulator) -> None:
    """It goes on until it is stopped, and to a position."""
    ptz = yard.camera.ptz
    await call(hass, "ptz", camera, move="left", speed=1)
    await until(lambda: ptz.moving)
    await call(hass, "ptz", camera, phase="stop")
    await until(lambda: not ptz.moving)
    yard.requests.clear()
    await call(hass, "ptz", camera, mode="absolute", pan=0.1, tilt=0.1, zoom=0.2)
    await call(hass, "ptz", camera, mode="relative", pan=-0.05)
    assert [name for name in yard.operations if name.endswith("Move")] == [
        "AbsoluteMove",
        "RelativeMove",
    ]


async def test_presets_and_tours(
    hass: HomeAssistant, camera: str, yard: OnvifSimulator, yard_entry: MockConfigEntry
) -> None:
    """What was saved by name can be gone to by name, alone and in a tour."""
    token = (await call(hass, "save_preset", camera, name="Pond"))[camera]["token"]
    await poll(hass, yard_entry)
    assert yard_entry.runtime_data.data.presets[token] == "Pond"
    await call(hass, "go_to_preset", camera, preset="pond")
    await call(hass, "set_home", camera)
    await call(hass, "go_home", camera)
    steps = [{"preset": "Pond", "stay": 5}, {}]
    tour = (await call(hass, "create_tour", camera, name="Round", steps=steps))[camera]["token"]
    await poll(hass, yard_entry)
    tours = yard_entry.runtime_data.data.tours
    assert [step.preset for step in tours[tour].steps] == [token, None]
    await call(hass, "modify_tour", camera, tour=tour, steps=[{"preset": "Pond"}])
    await call(hass, "start_tour", camera, tour=tour)
    await call(hass, "stop_tour", camera, tour=tour)
    await call(hass, "delete_tour", camera, tour=tour)
    await call(hass, "delete_preset", camera, preset="Pond")
    await poll(hass, yard_entry)
    assert token not in yard_entry.runtime_data.data.presets
    with pytest.raises(ServiceValidationError):
        await call(hass, "go_to_preset", camera, preset="Pond")


async def test_profiles(hass: HomeAssistant, camera: str) -> None:
    """A profile is made of what is there, and deleted again."""

    async def told() -> dict[str, Any]:
        found: dict[str, Any] = (await call(hass, "get_profiles", camera))[camera]
        return found

    before = await told()
    tokens = {item["kind"]: item["token"] for item in before["configurations"]}
    parts = {kind: tokens[kind] for kind in ("video_source", "video_encoder")}
    answer = await call(hass, "create_profile", camera, name="Third", configurations=parts)
    token = answer[camera]["token"]
    await call(
        hass,
        "add_configuration",
        camera,
        profile=token,
        kind="metadata",
        configuration=tokens["metadata"],
    )
    (made,) = [profile for profile in (await told())["profiles"] if profile["token"] == token]
    assert made["name"] == "Third"
    await call(hass, "remove_configuration", camera, profile=token, kind="metadata")
    await call(hass, "delete_profile", camera, profile=token)
    assert {item["token"] for item in (await told())["profiles"]} == {
        item["token"] for item in before["profiles"]
    }


async def test_osds_and_masks(hass: HomeAssistant, camera: str) -> None:
    """Texts and masks come and go."""
    osd = (await call(hass, "create_osd", camera, text="Pond", position="lower_left"))[camera]
    found = (await call(hass, "get_osds", camera))[camera]["osds"]
    assert osd["token"] in {item["token"] for item in found}
    await call(hass, "delete_osd", camera, osd=osd["token"])
    mask = (await call(hass, "create_mask", camera, points=TRIANGLE))[camera]["token"]
    await call(hass, "modify_mask", camera, mask=mask, enabled=False)
    found = (await call(hass, "get_masks", camera))[camera]["masks"]
    (made,) = [item for item in found if item["token"] == mask]
    assert (made["enabled"], made["points"]) == (False, TRIANGLE)
    await call(hass, "delete_mask", camera, mask=mask)
    with pytest.raises(ServiceValidationError):
        await call(hass, "delete_mask", camera, mask=mask)


async def test_analytics(hass: HomeAssistant, camera: str) -> None:
    """A rule is deleted, and made again under another name as it was."""

    async def rules() -> dict[str, dict[str, Any]]:
        found = (await call(hass, "get_analytics", camera))[camera]["rules"]["items"]
        return {item["name"]: item for item in found}

    told = (await call(hass, "get_analytics", camera))[camera]
    assert told["modules"]["supported"]
    (name, old), *_ = (await rules()).items()
    assert old["kind"] in {item["kind"] for item in told["rules"]["supported"]}
    await call(hass, "delete_analytics", camera, part="rules", name=name)
    parts = {"kind": old["kind"], "parameters": old["parameters"]}
    await call(hass, "create_analytics", camera, part="rules", name="Mine", **parts)
    made = (await rules())["Mine"]
    assert made == {**old, "name": "Mine"}
    changed = {"part": "rules", "name": "Mine", "parameters": old["parameters"]}
    await call(hass, "modify_analytics", camera, **changed)
    assert (await rules())["Mine"] == made
    assert name not in await rules()
