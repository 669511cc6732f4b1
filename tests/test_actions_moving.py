"""Actions that move a head: what reaches the role, what is refused, and once per camera."""

from datetime import timedelta
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest
import voluptuous as vol

from custom_components.panacam.actions import ACTIONS
from custom_components.panacam.cams.device import State
from custom_components.panacam.cams.errors import (
    AuthError,
    BusyError,
    CameraError,
    Reason,
    RefusedError,
)
from custom_components.panacam.cams.roles import (
    Move,
    Place,
    PtzFeature,
    Tour,
    TourStep,
    Vector,
)
from custom_components.panacam.cams.stream import RtspStream
from custom_components.panacam.const import DOMAIN
from tests.conftest import add, entry_for, gate_entry_for, until
from tests.fake_roles import FakeMover, FakePlaces, FakePtz, FakeTours, full_device, set_up
from tests.fakes import FakeDevice
from tests.simulators.mo import MoSimulator
from tests.simulators.povcam import AW_HE40, Auth, PovcamSimulator

CAMERA = "camera.bare_only"
STEPS = (TourStep(preset="7"), TourStep(preset=None, speed=0.5))


@pytest.fixture
def device() -> FakeDevice:
    """Return a camera with presets and tours."""
    found = full_device()
    found.state = State(
        transmitting={"only": True},
        presets={"1": "Gate", "2": "Front door", "7": "1"},
        tours={"T1": Tour(name="Night", steps=STEPS, auto_start=True)},
    )
    return found


async def call(
    hass: HomeAssistant, action: str, entity: str | list[str] = CAMERA, **data: Any
) -> Any:
    """Perform an action and return its answer, if it gives one."""
    answers = hass.services.supports_response(DOMAIN, action) != "none"
    return await hass.services.async_call(
        DOMAIN,
        action,
        {"entity_id": entity, **data},
        blocking=True,
        return_response=answers,
    )


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"move": "left"}, ("start", Vector(pan=-0.5), None)),
        ({"move": "up", "speed": 1}, ("start", Vector(tilt=1.0), None)),
        ({"move": "zoom_out", "duration": 3}, ("start", Vector(zoom=-0.5), 3.0)),
        (
            {"pan": 0.3, "tilt": -1, "zoom": 0},
            ("start", Vector(pan=0.3, tilt=-1.0, zoom=0.0), None),
        ),
        ({"move": "right", "tilt": 0.2}, ("start", Vector(pan=0.5, tilt=0.2), None)),
        ({"phase": "stop"}, ("stop",)),
        ({"phase": "stop", "move": "left"}, ("stop",)),
        ({"mode": "relative", "move": "down"}, ("step", Vector(tilt=-0.1), None)),
        ({"mode": "relative", "zoom": 0.5, "speed": 0.2}, ("step", Vector(zoom=0.5), 0.2)),
        ({"mode": "absolute", "pan": -1, "zoom": 1}, ("go", Vector(pan=-1.0, zoom=1.0), None)),
        (
            {"mode": "geo", "longitude": 13.4, "latitude": 52.5, "elevation": 34, "speed": 1},
            ("look_at", Place(longitude=13.4, latitude=52.5, elevation=34.0), 1.0),
        ),
    ],
)
async def test_ptz(
    hass: HomeAssistant, device: FakeDevice, data: dict[str, Any], expected: tuple[object, ...]
) -> None:
    """Each mode is one method of the role."""
    await set_up(hass, device)
    await call(hass, "ptz", **data)
    assert isinstance(device.ptz, FakePtz)
    assert device.ptz.calls == [expected]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({}, "Say where to"),
        ({"mode": "relative"}, "Say where to"),
        ({"mode": "absolute"}, "numbers for pan, tilt or zoom"),
        ({"mode": "absolute", "move": "left"}, "A direction is no position"),
        ({"mode": "absolute", "zoom": -0.5}, "from 0 to 1"),
        ({"mode": "geo", "longitude": 3}, "longitude and latitude"),
    ],
)
async def test_ptz_without_sense(
    hass: HomeAssistant, device: FakeDevice, data: dict[str, Any], sentence: str
) -> None:
    """What is missing is said in a sentence, and nothing moves."""
    await set_up(hass, device)
    with pytest.raises(ServiceValidationError, match=sentence):
        await call(hass, "ptz", **data)
    assert isinstance(device.ptz, FakePtz)
    assert device.ptz.calls == []


@pytest.mark.parametrize(
    "data",
    [
        {"move": "sideways"},
        {"pan": 1.1},
        {"mode": "circular"},
        {"phase": "begin"},
        {"pan": 1, "speed": 2},
        {"pan": 1, "duration": 0},
        {"pan": 1, "duration": 61},
        {"mode": "geo", "longitude": 181, "latitude": 0},
    ],
)
async def test_ptz_with_nonsense(
    hass: HomeAssistant, device: FakeDevice, data: dict[str, Any]
) -> None:
    """Nonsense is refused before anything is sent."""
    await set_up(hass, device)
    with pytest.raises(vol.Invalid):
        await call(hass, "ptz", **data)


@pytest.mark.parametrize("mode", ["continuous", "relative", "absolute"])
async def test_mode_that_the_camera_lacks(
    hass: HomeAssistant, device: FakeDevice, mode: str
) -> None:
    """A camera without that mode says so; it can be stopped all the same."""
    device.ptz = FakePtz(features=frozenset({PtzFeature.GEO}))
    await set_up(hass, device)
    with pytest.raises(ServiceValidationError, match="cannot do that"):
        await call(hass, "ptz", mode=mode, pan=0)
    await call(hass, "ptz", phase="stop")
    assert device.ptz.calls == [("stop",)]


# Whoever has no FTP of its own is told what to type into it (tests/drop).
ROLES = tuple(action for action in ACTIONS if action.name != "send_clips_here")


@pytest.mark.parametrize("action", ROLES, ids=lambda action: str(action.name))
async def test_role_that_the_camera_lacks(hass: HomeAssistant, action: Any) -> None:
    """Every action is there for every camera, and says what it cannot do."""
    examples: dict[str, Any] = {
        "move": "home" if action.name == "move" else "left",
        "preset": "1",
        "tour": "1",
        "name": "x",
        "steps": [{}],
        "auto_start": True,
        "profile": "1",
        "kind": "ptz",
        "osd": "1",
        "text": "x",
        "mask": "1",
        "points": [[0, 0], [1, 0], [1, 1]],
        "part": "rules",
        "parameters": {},
        "slot": "sd1",
        "format": "mp4",
        "names": ["x"],
        "folder": "/media",
        "recorder_id": 1,
        "host": "192.0.2.9",
        "username": "x",
        "password": "x",
        "port": 81,
        "enabled": True,
        "common_name": "x",
        "certificate": "x",
        "confirm": True,
    }
    if action.name == "set_priority_mode":
        examples["mode"] = "ip"
    await set_up(hass, FakeDevice())
    fields = {str(key) for key in action.fields}
    with pytest.raises(ServiceValidationError, match="cannot do that"):
        await call(
            hass, action.name, **{key: item for key, item in examples.items() if key in fields}
        )


@pytest.mark.parametrize(
    ("error", "kind", "sentence"),
    [
        (RefusedError(Reason.NOT_FOUND), ServiceValidationError, "nothing of this name"),
        (RefusedError(Reason.FIXED), ServiceValidationError, "belongs to the camera itself"),
        (RefusedError(Reason.OUT_OF_RANGE), ServiceValidationError, "does not know this value"),
        (RefusedError(Reason.FULL), HomeAssistantError, "no room"),
        (RefusedError(Reason.CONFLICT), HomeAssistantError, "as it is set now"),
        (BusyError(Reason.BUSY), HomeAssistantError, "busy"),
        (AuthError(Reason.NO_PRIVILEGE), HomeAssistantError, "does not let it do this"),
    ],
)
async def test_refusals(
    hass: HomeAssistant,
    device: FakeDevice,
    error: CameraError,
    kind: type[HomeAssistantError],
    sentence: str,
) -> None:
    """What is wrong with the question is told apart from what is wrong with the camera."""
    await set_up(hass, device)
    assert isinstance(device.presets, FakePlaces)
    device.presets.error = error
    with pytest.raises(HomeAssistantError, match=sentence) as caught:
        await call(hass, "go_to_preset", preset="1")
    assert type(caught.value) is kind


@pytest.mark.parametrize(
    ("preset", "token"),
    [
        ("Gate", "1"),
        ("2", "2"),
        ("front DOOR", "2"),
        ("1", "7"),
        ("7", "7"),
        ("brand new", "brand new"),
    ],
)
async def test_preset_by_name_or_token(
    hass: HomeAssistant, device: FakeDevice, preset: str, token: str
) -> None:
    """Names come first, then tokens; what is not known here may be known to the camera."""
    await set_up(hass, device)
    await call(hass, "go_to_preset", preset=preset, speed=0.5)
    await call(hass, "delete_preset", preset=preset)
    assert isinstance(device.presets, FakePlaces)
    assert device.presets.calls == [("recall", token, 0.5), ("remove", token)]


async def test_save_preset(hass: HomeAssistant, device: FakeDevice) -> None:
    """A new one, one replaced under its name, and one replaced under another."""
    await set_up(hass, device)
    assert await call(hass, "save_preset", name="Pond") == {CAMERA: {"token": "new"}}
    assert await call(hass, "save_preset", preset="Gate") == {CAMERA: {"token": "1"}}
    await call(hass, "save_preset", preset="Gate", name="Fence")
    assert isinstance(device.presets, FakePlaces)
    assert device.presets.calls == [
        ("save", "Pond", None),
        ("save", "Gate", "1"),
        ("save", "Fence", "1"),
    ]
    with pytest.raises(ServiceValidationError, match="Give a name"):
        await call(hass, "save_preset")


async def test_home(hass: HomeAssistant, device: FakeDevice) -> None:
    """To it, and to make it."""
    await set_up(hass, device)
    await call(hass, "go_home", speed=0.1)
    await call(hass, "go_home")
    await call(hass, "set_home")
    assert isinstance(device.home, FakePlaces)
    assert device.home.calls == [("go_home", 0.1), ("go_home", None), ("set_home",)]


async def test_tours(hass: HomeAssistant, device: FakeDevice) -> None:
    """Made, changed, run and deleted; presets in them by name, too."""
    await set_up(hass, device)
    answer = await call(
        hass,
        "create_tour",
        name="Day",
        steps=[{"preset": "gate", "stay": 10}, {"speed": 1}, {"preset": "2", "stay": "00:01:00"}],
    )
    assert answer == {CAMERA: {"token": "new"}}
    await call(hass, "modify_tour", tour="night", name="Late")
    await call(hass, "modify_tour", tour="T1", steps=[{}], auto_start=False)
    for action in ("start", "pause", "stop", "delete"):
        await call(hass, f"{action}_tour", tour="Night")
    assert isinstance(device.tours, FakeTours)
    made = Tour(
        name="Day",
        steps=(
            TourStep(preset="1", stay=timedelta(seconds=10)),
            TourStep(preset=None, speed=1.0),
            TourStep(preset="2", stay=timedelta(minutes=1)),
        ),
    )
    assert device.tours.calls == [
        ("create", made),
        ("modify", "T1", Tour(name="Late", steps=STEPS, auto_start=True)),
        ("modify", "T1", Tour(name="Night", steps=(TourStep(preset=None),))),
        ("start", "T1"),
        ("pause", "T1"),
        ("stop", "T1"),
        ("remove", "T1"),
    ]
    with pytest.raises(ServiceValidationError, match="nothing of this name"):
        await call(hass, "modify_tour", tour="Dawn", name="x")
    with pytest.raises(ServiceValidationError, match="what is to change"):
        await call(hass, "modify_tour", tour="Night")


def with_two_streams(device: FakeDevice) -> FakeDevice:
    """Give a camera two entities."""
    device.streams = tuple(
        RtspStream(key=key, label=key, host="192.0.2.1", port=554, path="/", preferred=True)
        for key in ("one", "two")
    )
    device.state = State(transmitting={"one": True, "two": True})
    return device


async def test_one_step_for_each_camera(hass: HomeAssistant, device: FakeDevice) -> None:
    """A camera with two streams has one lens."""
    await set_up(hass, with_two_streams(device))
    entities = ["camera.bare_one", "camera.bare_two"]
    await call(hass, "move", entities, move="zoom_in", size=3)
    await call(hass, "move", entities, move="stop")
    assert isinstance(device.mover, FakeMover)
    assert device.mover.calls == [(Move.ZOOM_IN, 3), (Move.STOP, 1)]


async def test_step_that_the_camera_lacks(hass: HomeAssistant, device: FakeDevice) -> None:
    """A camera moves in some ways only."""
    device.mover = FakeMover(moves=frozenset({Move.ZOOM_IN}))
    await set_up(hass, device)
    with pytest.raises(ServiceValidationError, match="cannot do that"):
        await call(hass, "move", move="pan_left")
    assert device.mover.calls == []


async def test_once_for_each_camera(hass: HomeAssistant, device: FakeDevice) -> None:
    """Whoever means all entities of two cameras means two cameras; one of them may fail."""
    other = full_device()
    assert isinstance(other.presets, FakePlaces)
    other.presets.error = BusyError(Reason.BUSY)
    await set_up(hass, other, title="Other", unique_id="a8:13:74:00:00:02")
    await set_up(hass, with_two_streams(device))
    entities = ["camera.other_only", "camera.bare_one", "camera.bare_two"]
    answer = await call(hass, "save_preset", entities[1:], name="x")
    assert answer == {key: {"token": "new"} for key in entities[1:]}
    with pytest.raises(HomeAssistantError, match="busy"):
        await call(hass, "save_preset", entities, name="y")
    assert isinstance(device.presets, FakePlaces)
    assert device.presets.calls == [("save", "x", None), ("save", "y", None)]


async def test_a_head(hass: HomeAssistant, socket_enabled: None, quick: None) -> None:
    """A camera head moves until it is told to stop."""
    async with PovcamSimulator(model=AW_HE40, auth=Auth.NONE, ptz_interval=0.0) as sim:
        await add(hass, entry_for(sim))
        camera = "camera.stage_left_h_264_1"
        await call(hass, "ptz", camera, move="left", speed=1)
        assert sim.camera.head.pan.speed == -49
        await call(hass, "ptz", camera, phase="stop")
        assert sim.camera.head.pan.speed == 0
        with pytest.raises(ServiceValidationError, match="cannot do that"):
            await call(hass, "ptz", camera, mode="absolute", pan=0)


async def test_a_motor(hass: HomeAssistant, gate: MoSimulator) -> None:
    """A camera with a motor moves, and stops when its entry is unloaded."""
    entry = await add(hass, gate_entry_for(gate, options={"motor": True}))
    await call(hass, "ptz", "camera.gate", move="right")
    await until(lambda: [command.value for command in gate.decoder_commands] == [6])
    assert await hass.config_entries.async_unload(entry.entry_id)
    await until(lambda: [command.value for command in gate.decoder_commands] == [6, 7])
