"""Actions that list, make, change and delete things in a camera."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from homeassistant.core import SupportsResponse
from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from .action_base import NAME, PART, TOKEN, Action, Asked, Mistake, Told, needs
from .cams.editors import AnalyticsEditor, MaskEditor, OsdEditor, ProfileEditor
from .cams.errors import Reason, RefusedError

MAX_POINTS: Final = 64
MAX_PARAMETERS: Final = 64


class OsdType(StrEnum):
    """What a text over the picture shows."""

    PLAIN = "plain"
    DATE = "date"
    TIME = "time"
    DATE_AND_TIME = "date_and_time"


class Corner(StrEnum):
    """Where it is."""

    UPPER_LEFT = "upper_left"
    UPPER_RIGHT = "upper_right"
    LOWER_LEFT = "lower_left"
    LOWER_RIGHT = "lower_right"


class MaskType(StrEnum):
    """How a mask hides."""

    COLOR = "color"
    PIXELATED = "pixelated"
    BLURRED = "blurred"


class AnalyticsPart(StrEnum):
    """What video analytics are made of."""

    RULES = "rules"
    MODULES = "modules"


async def _get_profiles(editor: ProfileEditor, _asked: Asked) -> Told:
    return {
        "profiles": await editor.profiles(),
        "configurations": await editor.configurations(),
    }


async def _create_profile(editor: ProfileEditor, asked: Asked) -> Told:
    token = await editor.create_profile(asked.data["name"], asked.data["configurations"])
    return {"token": token}


async def _add_configuration(editor: ProfileEditor, asked: Asked) -> Told:
    data = asked.data
    await editor.add_configuration(data["profile"], data["kind"], data.get("configuration"))
    return None


async def _remove_configuration(editor: ProfileEditor, asked: Asked) -> Told:
    data = asked.data
    await editor.remove_configuration(data["profile"], data["kind"], data.get("configuration"))
    return None


async def _delete_profile(editor: ProfileEditor, asked: Asked) -> Told:
    await editor.delete_profile(asked.data["profile"])
    return None


async def _get_osds(editor: OsdEditor, _asked: Asked) -> Told:
    return {"osds": await editor.osds()}


async def _create_osd(editor: OsdEditor, asked: Asked) -> Told:
    return {"token": await editor.create_osd(asked.given(*_OSD_FIELDS))}


async def _delete_osd(editor: OsdEditor, asked: Asked) -> Told:
    await editor.delete_osd(asked.data["osd"])
    return None


async def _get_masks(editor: MaskEditor, _asked: Asked) -> Told:
    return {"masks": await editor.masks()}


async def _create_mask(editor: MaskEditor, asked: Asked) -> Told:
    return {"token": await editor.create_mask(asked.given(*_MASK_FIELDS))}


async def _modify_mask(editor: MaskEditor, asked: Asked) -> Told:
    await editor.modify_mask(asked.data["mask"], asked.given(*_MASK_FIELDS))
    return None


async def _delete_mask(editor: MaskEditor, asked: Asked) -> Told:
    await editor.delete_mask(asked.data["mask"])
    return None


async def _get_analytics(editor: AnalyticsEditor, asked: Asked) -> Told:
    """Tell of rules and modules; a camera that has only one of them tells of that."""
    configuration = asked.data.get("configuration")
    told: dict[str, Mapping[str, object]] = {}
    for part in AnalyticsPart:
        try:
            told[part.value] = {
                "supported": await editor.supported(part.value, configuration),
                "items": await editor.items(part.value, configuration),
            }
        except RefusedError as err:
            if err.reason is not Reason.UNSUPPORTED:
                raise
    if not told:
        raise RefusedError(Reason.UNSUPPORTED)
    return told


async def _create_analytics(editor: AnalyticsEditor, asked: Asked) -> Told:
    data = asked.data
    await editor.create(
        data["part"], data.get("configuration"), data["name"], data["kind"], data["parameters"]
    )
    return None


async def _modify_analytics(editor: AnalyticsEditor, asked: Asked) -> Told:
    data = asked.data
    await editor.modify(data["part"], data.get("configuration"), data["name"], data["parameters"])
    return None


async def _delete_analytics(editor: AnalyticsEditor, asked: Asked) -> Told:
    data = asked.data
    await editor.delete(data["part"], data.get("configuration"), data["name"])
    return None


def _point(value: Any) -> list[float]:
    """Return x and y. vol.Invalid."""
    x, y = vol.All([PART], vol.Length(min=2, max=2))(value)
    return [x, y]


_CONFIGURATIONS: Final = vol.All(
    {TOKEN: TOKEN}, vol.Length(max=MAX_PARAMETERS), msg="tokens by kind"
)
_PARAMETERS: Final = vol.All(
    {NAME: vol.Any(bool, int, float, str)}, vol.Length(max=MAX_PARAMETERS), msg="values by name"
)
_OSD_FIELDS: Final = {
    "text": vol.All(cv.string, vol.Length(max=255)),
    "type": vol.In([kind.value for kind in OsdType]),
    "date_format": NAME,
    "time_format": NAME,
    "position": vol.In([corner.value for corner in Corner]),
    "x": PART,
    "y": PART,
    "font_size": vol.All(vol.Coerce(int), vol.Range(min=1, max=500)),
    "source": TOKEN,
}
_MASK_FIELDS: Final = {
    "points": vol.All(cv.ensure_list, [_point], vol.Length(min=3, max=MAX_POINTS)),
    "type": vol.In([kind.value for kind in MaskType]),
    "color": vol.All([vol.Coerce(float)], vol.Length(min=3, max=3)),
    "enabled": cv.boolean,
    "source": TOKEN,
}
_OF_PART: Final = {
    vol.Required("part"): vol.In([part.value for part in AnalyticsPart]),
    vol.Optional("configuration"): TOKEN,
    vol.Required("name"): NAME,
}


def _one_text(data: Mapping[str, Any]) -> Mistake | None:
    """Return what is wrong with a text in one place."""
    if "text" not in data and "type" not in data:
        return Mistake.NO_TEXT
    if "text" in data and data.get("type", OsdType.PLAIN) != OsdType.PLAIN:
        return Mistake.TEXT_AND_TYPE
    if ("x" in data) is not ("y" in data) or ("x" in data and "position" in data):
        return Mistake.TWO_PLACES
    return None


_PROFILES: Final = (
    Action[ProfileEditor](
        name="get_profiles",
        fields={},
        role_fn=lambda device: device.profiles,
        call_fn=_get_profiles,
        response=SupportsResponse.ONLY,
    ),
    Action[ProfileEditor](
        name="create_profile",
        fields={
            vol.Required("name"): NAME,
            vol.Optional("configurations", default=dict): _CONFIGURATIONS,
        },
        role_fn=lambda device: device.profiles,
        call_fn=_create_profile,
        response=SupportsResponse.OPTIONAL,
        adds_streams=True,
    ),
    *(
        Action[ProfileEditor](
            name=name,
            fields={
                vol.Required("profile"): TOKEN,
                vol.Required("kind"): TOKEN,
                vol.Optional("configuration"): TOKEN,
            },
            role_fn=lambda device: device.profiles,
            call_fn=call_fn,
            adds_streams=adds_streams,
        )
        for name, call_fn, adds_streams in (
            # A profile without pictures becomes a stream by the configuration that it gets.
            ("add_configuration", _add_configuration, True),
            ("remove_configuration", _remove_configuration, False),
        )
    ),
    Action[ProfileEditor](
        name="delete_profile",
        fields={vol.Required("profile"): TOKEN},
        role_fn=lambda device: device.profiles,
        call_fn=_delete_profile,
    ),
)

_OSDS: Final = (
    Action[OsdEditor](
        name="get_osds",
        fields={},
        role_fn=lambda device: device.osds,
        call_fn=_get_osds,
        response=SupportsResponse.ONLY,
    ),
    Action[OsdEditor](
        name="create_osd",
        fields={vol.Optional(key): field for key, field in _OSD_FIELDS.items()},
        check=_one_text,
        role_fn=lambda device: device.osds,
        call_fn=_create_osd,
        response=SupportsResponse.OPTIONAL,
    ),
    Action[OsdEditor](
        name="delete_osd",
        fields={vol.Required("osd"): TOKEN},
        role_fn=lambda device: device.osds,
        call_fn=_delete_osd,
    ),
)

_MASKS: Final = (
    Action[MaskEditor](
        name="get_masks",
        fields={},
        role_fn=lambda device: device.masks,
        call_fn=_get_masks,
        response=SupportsResponse.ONLY,
    ),
    Action[MaskEditor](
        name="create_mask",
        fields={
            vol.Required("points"): _MASK_FIELDS["points"],
            vol.Optional("type"): _MASK_FIELDS["type"],
            vol.Optional("color"): _MASK_FIELDS["color"],
            vol.Optional("enabled", default=True): _MASK_FIELDS["enabled"],
            vol.Optional("source"): _MASK_FIELDS["source"],
        },
        role_fn=lambda device: device.masks,
        call_fn=_create_mask,
        response=SupportsResponse.OPTIONAL,
    ),
    Action[MaskEditor](
        name="modify_mask",
        fields={
            vol.Required("mask"): TOKEN,
            **{vol.Optional(key): field for key, field in _MASK_FIELDS.items() if key != "source"},
        },
        check=needs(Mistake.NO_CHANGE, "points", "type", "color", "enabled"),
        role_fn=lambda device: device.masks,
        call_fn=_modify_mask,
    ),
    Action[MaskEditor](
        name="delete_mask",
        fields={vol.Required("mask"): TOKEN},
        role_fn=lambda device: device.masks,
        call_fn=_delete_mask,
    ),
)

_ANALYTICS: Final = (
    Action[AnalyticsEditor](
        name="get_analytics",
        fields={vol.Optional("configuration"): TOKEN},
        role_fn=lambda device: device.analytics,
        call_fn=_get_analytics,
        response=SupportsResponse.ONLY,
    ),
    Action[AnalyticsEditor](
        name="create_analytics",
        fields={
            **_OF_PART,
            vol.Required("kind"): NAME,
            vol.Optional("parameters", default=dict): _PARAMETERS,
        },
        role_fn=lambda device: device.analytics,
        call_fn=_create_analytics,
    ),
    Action[AnalyticsEditor](
        name="modify_analytics",
        fields={**_OF_PART, vol.Required("parameters"): _PARAMETERS},
        role_fn=lambda device: device.analytics,
        call_fn=_modify_analytics,
    ),
    Action[AnalyticsEditor](
        name="delete_analytics",
        fields=_OF_PART,
        role_fn=lambda device: device.analytics,
        call_fn=_delete_analytics,
    ),
)

EDITING: Final[tuple[Action[Any], ...]] = (*_PROFILES, *_OSDS, *_MASKS, *_ANALYTICS)
