import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from xml.etree.ElementTree import Element

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.errors import ConnectError, Reason, RefusedError
from custom_components.panacam.cams.onvif.imaging import ImagingPart
from custom_components.panacam.cams.settings import Choice, Range
from tests.cams.onvif.moving import Rig, answer, handle, rig
from tests.simulators.onvif import Camera, Fault, OnvifSimulator, Quirk
from tests.simulators.onvif.service import child, children, invalid, text

DEEP = "Extension/Extension/Extension"
PATHS = {
    "brightness": "Brightness",
    "contrast": "Contrast",
    "saturation": "ColorSaturation",
    "sharpness": "Sharpness",
    "exposure": "Exposure/Mode",
    "exposure_priority": "Exposure/Priority",
    "exposure_time": "Exposure/ExposureTime",
    "exposure_time_minimum": "Exposure/MinExposureTime",
    "exposure_time_maximum": "Exposure/MaxExposureTime",
    "gain": "Exposure/Gain",
    "gain_minimum": "Exposure/MinGain",
    "gain_maximum": "Exposure/MaxGain",
    "iris": "Exposure/Iris",
    "iris_minimum": "Exposure/MinIris",
    "iris_maximum": "Exposure/MaxIris",
    "white_balance": "WhiteBalance/Mode",
    "white_balance_red": "WhiteBalance/CrGain",
    "white_balance_blue": "WhiteBalance/CbGain",
    "wide_dynamic_range": "WideDynamicRange/Mode",
    "wide_dynamic_range_level": "WideDynamicRange/Level",
    "backlight": "BacklightCompensation/Mode",
    "backlight_level": "BacklightCompensation/Level",
    "ir_cut_filter": "IrCutFilter",
    "focus": "Focus/AutoFocusMode",
    "focus_speed": "Focus/DefaultSpeed",
    "focus_near_limit": "Focus/NearLimit",
    "stabilization": "Extension/ImageStabilization/Mode",
    "stabilization_level": "Extension/ImageStabilization/Level",
    "tone_compensation": f"{DEEP}/ToneCompensation/Mode",
    "tone_compensation_level": f"{DEEP}/ToneCompensation/Level",
    "defogging": f"{DEEP}/Defogging/Mode",
    "defogging_level": f"{DEEP}/Defogging/Level",
    "noise_reduction": f"{DEEP}/NoiseReduction/Level",
}
"""Where the simulated device keeps what each row is about."""

type Picture = Rig[ImagingPart]


@pytest.fixture
async def picture(session: ClientSession) -> AsyncIterator[Picture]:
    """Give the imaging part of a device without quirks."""
    async with rig(session, ImagingPart) as made:
        yield made


def row_of(picture: Picture, name: str) -> Choice | Range:
    """Return a row."""
    row = picture.board.settings[f"imaging_0_{name}"]
    assert isinstance(row, Choice | Range)
    return row


def test_all_rows_are_known(picture: Picture) -> None:
    """Every value that the device can adjust, and no other."""
    wanted = {f"imaging_0_{name}" for name in (*PATHS, "preset", "focus_position")}
    assert set(picture.board.settings) == wanted
    assert {row.kind for row in picture.board.settings.values()} == {
        key.replace("_0", "", 1) for key in wanted
    }


@pytest.mark.parametrize("name", PATHS)
async def test_each_is_set_and_read_back(picture: Picture, name: str) -> None:
    """The one value that was asked for, and nothing else."""
    row = row_of(picture, name)
    now = picture.board.values[row.key]
    value: str | float
    if isinstance(row, Choice):
        value = next(option for option in row.options if option != now)
    else:
        value = round(row.minimum + (row.maximum - row.minimum) * 0.7, 2)
    before = dict(picture.camera.imaging.values)
    assert await picture.change(row.key, value) == value
    after = picture.camera.imaging.values
    changed = {path for path in after if after[path] != before[path]}
    assert changed == {PATHS[name]}


def test_ranges(picture: Picture) -> None:
    """The device's own, with steps that fit and units."""
    row = row_of(picture, "exposure_time")
    assert isinstance(row, Range)
    assert (row.minimum, row.maximum, row.step, row.unit) == (10, 40000, 1, "µs")
    row = row_of(picture, "focus_near_limit")
    assert isinstance(row, Range)
    assert (row.minimum, row.maximum, row.step, row.unit) == (0.1, 3.0, 0.1, "m")
    row = row_of(picture, "noise_reduction")
    assert isinstance(row, Range)
    assert (row.minimum, row.maximum, row.step) == (0, 1, 0.01)
    row = row_of(picture, "exposure_priority")
    assert isinstance(row, Choice)
    assert row.options == ("low_noise", "frame_rate")
    assert not row.enabled


async def test_what_cannot_be_set(picture: Picture) -> None:
    """Out of range, and what is not an option."""
    for key, value in (("brightness", 101), ("exposure", "sometimes"), ("contrast", True)):
        with pytest.raises(RefusedError) as raised:
            await picture.board.change(f"imaging_0_{key}", value)
        assert raised.value.reason is Reason.OUT_OF_RANGE


async def test_a_device_that_ignores(session: ClientSession) -> None:
    """What it says is shown, not what was asked for."""
    async with rig(session, ImagingPart, OnvifSimulator(quirks={Quirk.IMAGING_IGNORED})) as made:
        assert await made.change("imaging_0_brightness", 80) == 50


async def test_what_others_change(picture: Picture) -> None:
    """It is seen at the next look."""
    picture.camera.imaging.values["Brightness"] = "33"
    picture.camera.imaging.values["IrCutFilter"] = "OFF"
    await picture.part.refresh()
    assert picture.board.values["imaging_0_brightness"] == 33
    assert picture.board.values["imaging_0_ir_cut_filter"] == "off"


async def test_two_at_once(picture: Picture) -> None:
    """Neither undoes the other, though each sends everything."""
    await asyncio.gather(
        picture.board.change("imaging_0_brightness", 10),
        picture.board.change("imaging_0_contrast", 90),
    )
    values = picture.camera.imaging.values
    assert (values["Brightness"], values["Contrast"]) == ("10", "90")


async def test_presets(picture: Picture) -> None:
    """By name; the settings that a preset brings are read back, and what ends it."""
    row = row_of(picture, "preset")
    assert isinstance(row, Choice)
    assert row.options == ("Clear day", "Snow", "Fog")
    assert picture.board.values["imaging_0_preset"] is None
    assert await picture.change("imaging_0_preset", "Snow") == "Snow"
    assert picture.camera.imaging.current == "snow"
    assert picture.board.values["imaging_0_wide_dynamic_range"] == "on"
    await picture.board.change("imaging_0_brightness", 60)
    assert picture.board.values["imaging_0_preset"] is None


async def test_odd_presets(session: ClientSession) -> None:
    """Two of one name, one without, one without a token; no capabilities at all."""
    inside = (
        '<timg:Preset token="a"><timg:Name>Day</timg:Name></timg:Preset>'
        '<timg:Preset token="b"><timg:Name>Day</timg:Name></timg:Preset>'
        '<timg:Preset token="c"/><timg:Preset><timg:Name>x</timg:Name></timg:Preset>'
    )

    def prepare(simulator: OnvifSimulator) -> None:
        simulator.fault("GetServiceCapabilities", Fault.NOT_SUPPORTED)
        answer(simulator, "imaging", "GetPresets", inside)
        answer(simulator, "imaging", "GetCurrentPreset", '<timg:CurrentPreset token="b" type="x"/>')

    async with rig(session, ImagingPart, prepare=prepare) as picture:
        row = row_of(picture, "preset")
        assert isinstance(row, Choice)
        assert row.options == ("Day", "Day'", "c")
        assert picture.board.values["imaging_0_preset"] == "Day'"


async def test_without_presets(session: ClientSession) -> None:
    """A device that says that it has none is not asked for them."""

    def prepare(simulator: OnvifSimulator) -> None:
        answer(simulator, "imaging", "GetServiceCapabilities", "<timg:Capabilities/>")

    async with rig(session, ImagingPart, prepare=prepare) as picture:
        assert "imaging_0_preset" not in picture.board.settings
        assert picture.simulator.count("GetPresets") == 0


async def test_without_imaging(session: ClientSession) -> None:
    """No service, or one that refuses everything."""
    for simulator in (
        OnvifSimulator(imaging=False),
        OnvifSimulator(quirks={Quirk.IMAGING_REFUSED}),
    ):
        async with rig(session, ImagingPart, simulator) as picture:
            assert not picture.board.settings
            assert not picture.part.focus.moves
            await picture.part.refresh()


async def test_without_options(session: ClientSession) -> None:
    """The ranges and modes that are likely, for what the device has."""
    async with rig(session, ImagingPart, OnvifSimulator(quirks={Quirk.NO_OPTIONS})) as picture:
        row = row_of(picture, "brightness")
        assert isinstance(row, Range)
        assert (row.minimum, row.maximum) == (0, 100)
        assert "imaging_0_exposure_time" not in picture.board.settings
        row = row_of(picture, "exposure_priority")
        assert isinstance(row, Choice)
        assert row.options == ("low_noise", "frame_rate")
        assert await picture.change(row.key, "low_noise") == "low_noise"
        assert picture.camera.imaging.values["Exposure/Priority"] == "LowNoise"
        assert await picture.change("imaging_0_noise_reduction", 0.25) == 0.25


SETTINGS = "<timg:ImagingSettings>{}</timg:ImagingSettings>"
OPTIONS = "<timg:ImagingOptions>{}</timg:ImagingOptions>"
RANGE = "<tt:Min>{}</tt:Min><tt:Max>{}</tt:Max>"


async def test_values_that_a_mode_rules_out(session: ClientSession) -> None:
    """They are put in where the schema wants them, in the middle of what the device sent."""
    seen: list[str] = []

    def taken(_: Camera, request: Element) -> str:
        exposure = child(request, "timg:ImagingSettings/tt:Exposure")
        assert exposure is not None
        seen.extend(found.tag.rpartition("}")[2] for found in exposure)
        seen.append(text(request, "timg:ForcePersistence"))
        return ""

    def prepare(simulator: OnvifSimulator) -> None:
        answer(
            simulator,
            "imaging",
            "GetImagingSettings",
            SETTINGS.format(
                "<tt:Exposure><tt:Mode>AUTO</tt:Mode><tt:MinGain>0</tt:MinGain>"
                "<tt:Iris>3</tt:Iris></tt:Exposure>"
                "<tt:WideDynamicRange><tt:Mode>OFF</tt:Mode></tt:WideDynamicRange>"
            ),
        )
        answer(
            simulator,
            "imaging",
            "GetOptions",
            OPTIONS.format(
                f"<tt:Exposure><tt:Gain>{RANGE.format(0, 9)}</tt:Gain>"
                f"<tt:Iris>{RANGE.format(0, 9)}</tt:Iris></tt:Exposure>"
                f"<tt:WideDynamicRange><tt:Level>{RANGE.format(0, 9)}</tt:Level>"
                f"</tt:WideDynamicRange><tt:Brightness>{RANGE.format(0, 9)}</tt:Brightness>"
            ),
        )
        handle(simulator, "imaging", "SetImagingSettings", taken)

    async with rig(session, ImagingPart, prepare=prepare) as picture:
        shown = {key for key in picture.board.settings if "focus" not in key}
        names = ("gain", "iris", "wide_dynamic_range_level", "preset")
        assert shown == {f"imaging_0_{name}" for name in names}
        assert picture.board.values["imaging_0_gain"] is None
        await picture.board.change("imaging_0_gain", 5)
        assert seen == ["Mode", "MinGain", "Gain", "Iris", "true"]
        seen.clear()
        await picture.board.change("imaging_0_wide_dynamic_range_level", 5)


async def test_a_device_that_refuses_its_own_settings(session: ClientSession) -> None:
    """Then only the part that changes is sent."""

    def strict(camera: Camera, request: Element) -> str:
        wanted = child(request, "timg:ImagingSettings")
        if wanted is None or len(wanted) > 1:
            raise refusal
        camera.imaging.values["Contrast"] = text(request, "timg:ImagingSettings/tt:Contrast")
        return ""

    refusal = invalid("SettingsInvalid")

    def prepare(simulator: OnvifSimulator) -> None:
        handle(simulator, "imaging", "SetImagingSettings", strict)

    async with rig(session, ImagingPart, prepare=prepare) as picture:
        assert await picture.change("imaging_0_contrast", 12) == 12
        picture.simulator.fault("SetImagingSettings", Fault.NOT_SUPPORTED)
        with pytest.raises(RefusedError) as raised:
            await picture.board.change("imaging_0_contrast", 13)
        assert raised.value.reason is Reason.UNSUPPORTED


@pytest.mark.parametrize(
    "settings",
    [
        "<tt:Brightness>NaN</tt:Brightness><tt:Exposure/><tt:IrCutFilter>x</tt:IrCutFilter>",
        "<tt:Brightness/>",
        "",
    ],
)
@pytest.mark.parametrize(
    "options",
    [
        f"<tt:Brightness>{RANGE.format('INF', 'x')}</tt:Brightness><tt:IrCutFilterModes/>",
        f"<tt:Sharpness>{RANGE.format(9, 1)}</tt:Sharpness>",
        "<tt:IrCutFilterModes>ON</tt:IrCutFilterModes>",
        "",
    ],
)
async def test_nonsense(session: ClientSession, settings: str, options: str) -> None:
    """What cannot be adjusted is not offered."""

    def prepare(simulator: OnvifSimulator) -> None:
        answer(simulator, "imaging", "GetImagingSettings", SETTINGS.format(settings))
        answer(simulator, "imaging", "GetOptions", OPTIONS.format(options))
        answer(simulator, "imaging", "GetPresets", "")
        answer(simulator, "imaging", "GetMoveOptions", "")

    async with rig(session, ImagingPart, prepare=prepare) as picture:
        assert not picture.board.settings


async def test_modes_of_a_vendor(session: ClientSession) -> None:
    """They come as they are, and are sent as they came."""
    modes = "".join(
        f"<tt:IrCutFilterModes>{mode}</tt:IrCutFilterModes>"
        for mode in ("On", "OFF", "Dusk \u202e")
    )

    def prepare(simulator: OnvifSimulator) -> None:
        answer(
            simulator,
            "imaging",
            "GetImagingSettings",
            SETTINGS.format("<tt:IrCutFilter>Dusk \u202e</tt:IrCutFilter>"),
        )
        answer(simulator, "imaging", "GetOptions", OPTIONS.format(modes))
        handle(simulator, "imaging", "SetImagingSettings", taken)

    seen: list[str] = []

    def taken(_: Camera, request: Element) -> str:
        seen.extend(found.text or "" for found in children(request, "timg:ImagingSettings/*"))
        return ""

    async with rig(session, ImagingPart, prepare=prepare) as picture:
        row = row_of(picture, "ir_cut_filter")
        assert isinstance(row, Choice)
        assert row.options == ("on", "off", "Dusk")
        assert picture.board.values[row.key] == "Dusk"
        await picture.board.change(row.key, "on")
        await picture.board.change(row.key, "Dusk")
        assert seen == ["On", "Dusk \u202e"]


async def test_several_sources(session: ClientSession) -> None:
    """Each has its rows and its number; the ones that are gone go."""
    async with rig(session, ImagingPart) as picture:
        first = picture.board.profiles[0]
        other = replace(first, video_source="other")
        picture.board.profiles = (first, first, other, replace(first, video_source=None))
        await picture.part.connect()
        assert picture.board.settings["imaging_0_brightness"].label == "1"
        # The simulated device has one source and refuses the other.
        assert not any(key.startswith("imaging_1") for key in picture.board.settings)
        picture.board.profiles = (other,)
        await picture.part.connect()
        assert not any("brightness" in key for key in picture.board.settings)


async def test_connected_again(picture: Picture) -> None:
    """The same rows, none twice, and settings that the device has lost are gone."""
    before = set(picture.board.settings)
    await picture.part.connect()
    assert set(picture.board.settings) == before
    answer(picture.simulator, "imaging", "GetPresets", "")
    await picture.part.connect()
    assert set(picture.board.settings) == before - {"imaging_0_preset"}


async def test_a_device_that_is_gone(picture: Picture) -> None:
    """The caller hears of it; a device that stops answering has no value."""
    picture.simulator.fault("GetImagingSettings", Fault.RESET)
    with pytest.raises(ConnectError):
        await picture.part.refresh()
    picture.simulator.fault("GetImagingSettings", Fault.NOT_SUPPORTED)
    await picture.part.refresh()
    assert picture.board.values["imaging_0_brightness"] is None
    with pytest.raises(RefusedError):
        await picture.board.change("imaging_0_brightness", 1)
