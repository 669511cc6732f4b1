"""Actions that move a lens or a head: by steps, freely, to presets and home, and in tours."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final, assert_never

from homeassistant.core import SupportsResponse
from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from .action_base import NAME, PART, SPEED, TOKEN, Action, Asked, Mistake, Told, needs, token_of
from .cams.errors import Reason, RefusedError
from .cams.roles import (
    MOVE_SIZES,
    Home,
    Move,
    Mover,
    Place,
    Presets,
    Ptz,
    PtzFeature,
    Tour,
    TourOperation,
    Tours,
    TourStep,
    Vector,
)

DEFAULT_SPEED: Final = 0.5
"""Of a continuous movement into a direction that was named."""
DEFAULT_STEP: Final = 0.1
"""Of a relative movement into a direction that was named, as a part of the range."""
MAX_DURATION: Final = 60
"""Seconds."""
MAX_STEPS: Final = 64

DIRECTIONS: Final[Mapping[str, tuple[str, int]]] = {
    "left": ("pan", -1),
    "right": ("pan", 1),
    "up": ("tilt", 1),
    "down": ("tilt", -1),
    "zoom_in": ("zoom", 1),
    "zoom_out": ("zoom", -1),
}
"""Axis and sign."""
AXES: Final = ("pan", "tilt", "zoom")
POINT: Final = ("longitude", "latitude")
_METRES: Final = vol.All(vol.Coerce(float), vol.Range(min=0))


class Phase(StrEnum):
    """What becomes of a continuous movement."""

    START = "start"
    STOP = "stop"


def _whither(data: Mapping[str, Any]) -> Mistake | None:
    """Return what is missing to know where to."""
    match PtzFeature(data["mode"]):
        case PtzFeature.GEO:
            return None if all(key in data for key in POINT) else Mistake.NO_PLACE
        case PtzFeature.ABSOLUTE:
            told = "move" not in data and any(key in data for key in AXES)
            return None if told and data.get("zoom", 0) >= 0 else Mistake.NO_POSITION
        case PtzFeature.CONTINUOUS if data["phase"] == Phase.STOP:
            return None
        case PtzFeature.CONTINUOUS | PtzFeature.RELATIVE:
            told = any(key in data for key in ("move", *AXES))
            return None if told else Mistake.NO_DIRECTION


def _vector(asked: Asked, size: float) -> Vector:
    """Return where to; `size` is how far a direction that was named goes."""
    parts = asked.given(*AXES)
    if (move := asked.data.get("move")) is not None:
        axis, sign = DIRECTIONS[move]
        parts = {axis: sign * size, **parts}
    return Vector(**parts)


async def _step(mover: Mover, asked: Asked) -> Told:
    if (move := Move(asked.data["move"])) not in mover.moves:
        raise RefusedError(Reason.UNSUPPORTED)
    await mover.move(move, asked.data["size"])
    return None


async def _move(ptz: Ptz, asked: Asked) -> Told:
    mode, speed = PtzFeature(asked.data["mode"]), asked.data.get("speed")
    if mode is PtzFeature.CONTINUOUS and asked.data["phase"] == Phase.STOP:
        await ptz.stop()
        return None
    if mode not in ptz.features:
        raise RefusedError(Reason.UNSUPPORTED)
    match mode:
        case PtzFeature.CONTINUOUS:
            velocity = _vector(asked, DEFAULT_SPEED if speed is None else speed)
            await ptz.start(velocity, asked.data.get("duration"))
        case PtzFeature.RELATIVE:
            await ptz.step(_vector(asked, DEFAULT_STEP), speed)
        case PtzFeature.ABSOLUTE:
            await ptz.go(_vector(asked, 0), speed)
        case PtzFeature.GEO:
            place = Place(**asked.given(*POINT, "elevation", "width", "height"))
            await ptz.look_at(place, speed)
        case _:
            assert_never(mode)
    return None


async def _go_to_preset(presets: Presets, asked: Asked) -> Told:
    token = token_of(asked.data["preset"], asked.state.presets)
    await presets.recall(token, asked.data.get("speed"))
    return None


async def _save_preset(presets: Presets, asked: Asked) -> Told:
    if (preset := asked.data.get("preset")) is None:
        return {"token": await presets.save(asked.data["name"])}
    token = token_of(preset, asked.state.presets)
    name = asked.data.get("name") or asked.state.presets.get(token, preset)
    return {"token": await presets.save(name, token)}


async def _delete_preset(presets: Presets, asked: Asked) -> Told:
    await presets.remove(token_of(asked.data["preset"], asked.state.presets))
    return None


async def _go_home(home: Home, asked: Asked) -> Told:
    await home.go_home(asked.data.get("speed"))
    return None


async def _set_home(home: Home, _asked: Asked) -> Told:
    await home.set_home()
    return None


def _tour_token(asked: Asked) -> str:
    names = {token: tour.name for token, tour in asked.state.tours.items()}
    return token_of(asked.data["tour"], names)


def _steps(asked: Asked) -> tuple[TourStep, ...]:
    return tuple(
        TourStep(
            preset=token_of(step["preset"], asked.state.presets) if "preset" in step else None,
            speed=step.get("speed"),
            stay=step.get("stay"),
        )
        for step in asked.data["steps"]
    )


def _operating(operation: TourOperation) -> Action[Tours]:
    """Return the action that does so with a tour."""

    async def operate(tours: Tours, asked: Asked) -> Told:
        await tours.operate(_tour_token(asked), operation)
        return None

    return Action[Tours](
        name=f"{operation.value}_tour",
        fields={vol.Required("tour"): TOKEN},
        role_fn=lambda device: device.tours,
        call_fn=operate,
    )


async def _create_tour(tours: Tours, asked: Asked) -> Told:
    tour = Tour(name=asked.data["name"], steps=_steps(asked), auto_start=asked.data["auto_start"])
    return {"token": await tours.create(tour)}


async def _modify_tour(tours: Tours, asked: Asked) -> Told:
    token = _tour_token(asked)
    if (before := asked.state.tours.get(token)) is None:
        raise RefusedError(Reason.NOT_FOUND)
    changes: dict[str, Any] = asked.given("name", "auto_start")
    if "steps" in asked.data:
        changes["steps"] = _steps(asked)
    await tours.modify(token, replace(before, **changes))
    return None


async def _delete_tour(tours: Tours, asked: Asked) -> Told:
    await tours.remove(_tour_token(asked))
    return None


_STEPS: Final = vol.All(
    cv.ensure_list,
    vol.Length(min=1, max=MAX_STEPS),
    [
        vol.Schema(
            {
                vol.Optional("preset"): TOKEN,
                vol.Optional("speed"): SPEED,
                vol.Optional("stay"): vol.All(
                    cv.positive_time_period, vol.Range(max=timedelta(days=1))
                ),
            }
        )
    ],
)

MOVING: Final[tuple[Action[Any], ...]] = (
    Action[Mover](
        name="move",
        fields={
            vol.Required("move"): vol.In([move.value for move in Move]),
            vol.Optional("size", default=1): vol.All(vol.Coerce(int), vol.In(MOVE_SIZES)),
        },
        role_fn=lambda device: device.mover,
        call_fn=_step,
    ),
    Action[Ptz](
        name="ptz",
        fields={
            vol.Optional("mode", default=PtzFeature.CONTINUOUS.value): vol.In(
                [feature.value for feature in PtzFeature]
            ),
            vol.Optional("phase", default=Phase.START.value): vol.In(
                [phase.value for phase in Phase]
            ),
            vol.Optional("move"): vol.In(list(DIRECTIONS)),
            vol.Optional("pan"): PART,
            vol.Optional("tilt"): PART,
            vol.Optional("zoom"): PART,
            vol.Optional("speed"): SPEED,
            vol.Optional("duration"): vol.All(
                vol.Coerce(float), vol.Range(min=0.1, max=MAX_DURATION)
            ),
            vol.Optional("longitude"): cv.longitude,
            vol.Optional("latitude"): cv.latitude,
            vol.Optional("elevation"): vol.Coerce(float),
            vol.Optional("width"): _METRES,
            vol.Optional("height"): _METRES,
        },
        check=_whither,
        role_fn=lambda device: device.ptz,
        call_fn=_move,
    ),
    Action[Presets](
        name="go_to_preset",
        fields={vol.Required("preset"): TOKEN, vol.Optional("speed"): SPEED},
        role_fn=lambda device: device.presets,
        call_fn=_go_to_preset,
    ),
    Action[Presets](
        name="save_preset",
        fields={vol.Optional("name"): NAME, vol.Optional("preset"): TOKEN},
        check=needs(Mistake.NO_NAME, "name", "preset"),
        role_fn=lambda device: device.presets,
        call_fn=_save_preset,
        response=SupportsResponse.OPTIONAL,
    ),
    Action[Presets](
        name="delete_preset",
        fields={vol.Required("preset"): TOKEN},
        role_fn=lambda device: device.presets,
        call_fn=_delete_preset,
    ),
    Action[Home](
        name="go_home",
        fields={vol.Optional("speed"): SPEED},
        role_fn=lambda device: device.home,
        call_fn=_go_home,
    ),
    Action[Home](name="set_home", fields={}, role_fn=lambda device: device.home, call_fn=_set_home),
    *(_operating(operation) for operation in TourOperation),
    Action[Tours](
        name="create_tour",
        fields={
            vol.Required("name"): NAME,
            vol.Required("steps"): _STEPS,
            vol.Optional("auto_start", default=False): cv.boolean,
        },
        role_fn=lambda device: device.tours,
        call_fn=_create_tour,
        response=SupportsResponse.OPTIONAL,
    ),
    Action[Tours](
        name="modify_tour",
        fields={
            vol.Required("tour"): TOKEN,
            vol.Optional("name"): NAME,
            vol.Optional("steps"): _STEPS,
            vol.Optional("auto_start"): cv.boolean,
        },
        check=needs(Mistake.NO_CHANGE, "name", "steps", "auto_start"),
        role_fn=lambda device: device.tours,
        call_fn=_modify_tour,
    ),
    Action[Tours](
        name="delete_tour",
        fields={vol.Required("tour"): TOKEN},
        role_fn=lambda device: device.tours,
        call_fn=_delete_tour,
    ),
)
