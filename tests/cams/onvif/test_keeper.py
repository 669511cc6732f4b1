"""The settings of an ONVIF device: read, and restored to it and to another one."""

from dataclasses import replace

from aiohttp import ClientSession
from homeassistant.util import dt as dt_util
import pytest

from custom_components.panacam.cams import keeping
from custom_components.panacam.cams.backup import (
    Document,
    Item,
    Report,
    Sections,
    compare,
    parse_document,
)
from custom_components.panacam.cams.errors import ConnectError, Reason
from custom_components.panacam.cams.onvif import preset_keeper
from custom_components.panacam.cams.onvif.device import OnvifDevice
from custom_components.panacam.cams.roles import Keeper
from tests.cams.onvif.test_device import connected, until
from tests.simulators.onvif import Fault, OnvifSimulator, Quirk
from tests.simulators.onvif.media_parts import MAX_OSDS, Kind, Mask, Osd
from tests.simulators.onvif.ptz_parts import Position, Preset

VIEW = "video_source_config_1"


@pytest.fixture(autouse=True)
def _no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Devices here show at once what they were told."""
    monkeypatch.setattr(keeping, "SETTLE", 0.0)
    monkeypatch.setattr(preset_keeper, "ARRIVAL_PAUSE", 0.02)


def keeper_of(device: OnvifDevice) -> Keeper:
    """Return the role."""
    assert device.keeper is not None
    return device.keeper


def adjust(simulator: OnvifSimulator) -> None:
    """Make a device unlike one just unpacked."""
    camera = simulator.camera
    media = camera.media
    encoder = next(
        one for one in media.configurations[Kind.VIDEO_ENCODER].values() if one.encoding == "H264"
    )
    encoder.size, encoder.rate, encoder.bit_rate, encoder.gov = (640, 360), 10, 777, 50
    encoder.multicast.address, encoder.multicast.port = "239.9.8.7", 5004
    camera.imaging.values |= {
        "Brightness": "77",
        "Exposure/Mode": "MANUAL",
        "IrCutFilter": "OFF",
    }
    media.osds.clear()
    media.osds["a"] = Osd(token="a", source=VIEW, text="Back yard", position="UpperRight")
    media.osds["b"] = Osd(token="b", source=VIEW, text="Mine", position="Custom", place=(0.5, -0.5))
    media.masks.clear()
    media.masks["m"] = Mask(
        token="m", source=VIEW, points=((0.0, 0.0), (0.5, 0.0), (0.5, 0.5)), enabled=False
    )
    camera.ptz.presets = {
        "7": Preset("7", "Door", Position(0.25, 0.5, 0.5)),
        "8": Preset("8", "Entrance", Position(-0.25, -0.5, 0.0)),
    }


async def sections_of(session: ClientSession, simulator: OnvifSimulator) -> Sections:
    """Return how a device is set, as a file has it."""
    async with connected(session, simulator) as device:
        sections = await keeper_of(device).read()
    document = Document(family="onvif", saved=dt_util.utcnow(), sections=sections)
    return parse_document(document.text()).sections


async def test_read(session: ClientSession) -> None:
    """Encoders, picture, texts, masks and presets, each in its section."""
    async with OnvifSimulator() as simulator:
        adjust(simulator)
        sections = await sections_of(session, simulator)
    assert set(sections) == {"settings", "osds", "masks", "presets", "things"}
    settings = sections["settings"]
    assert settings["imaging_0_brightness"] == 77
    assert settings["imaging_0_exposure"] == "manual"
    assert "239.9.8.7" in settings.values()
    # Where the lens is, relays, lamps and what is in a section of its own.
    out = ("osd", "mask", "aux", "video_mode", "imaging_0_focus_position", "imaging_0_preset")
    assert not [key for key in settings if key.startswith(out)]
    assert "relay_0" not in settings
    assert sections["osds"] == {
        "1": {"type": "plain", "text": "Back yard", "position": "upper_right", "source": 1},
        "2": {
            "type": "plain",
            "text": "Mine",
            "position": "custom",
            "x": 0.5,
            "y": -0.5,
            "source": 1,
        },
    }
    assert sections["masks"]["1"]["points"] == [[0, 0], [0.5, 0], [0.5, 0.5]]  # type: ignore[call-overload,index]
    assert sections["presets"] == {
        "Door": {"pan": 0.25, "tilt": 0.5, "zoom": 0.5},
        "Entrance": {"pan": -0.25, "tilt": -0.5, "zoom": 0.0},
    }


@pytest.mark.parametrize("media2", [True, False])
async def test_restored_to_another(session: ClientSession, *, media2: bool) -> None:
    """The device that takes its place encodes, shows, hides and turns as the old one did."""
    async with OnvifSimulator(media2=media2) as old, OnvifSimulator(media2=media2) as new:
        adjust(old)
        sections = await sections_of(session, old)
        new.camera.ptz.position = Position(0.1, 0.1, 0.0)
        new.camera.ptz.full_speed = 20.0
        async with connected(session, new) as device:
            report = await keeper_of(device).restore(sections, own=True)
            assert report.refused == {}
            assert report.complete
            left = compare(sections, await keeper_of(device).read())
            # Texts and masks that nobody asked about stay, unless they are in the way.
            assert {one.section for one in left} <= {"osds", "masks", "presets"}
            await until(lambda: not new.camera.ptz.moving)
        assert new.camera.ptz.position == pytest.approx((0.1, 0.1, 0.0), abs=0.02)
        assert new.camera.imaging.values["Brightness"] == "77"
        assert new.camera.imaging.values["Exposure/Mode"] == "MANUAL"
        encoders = new.camera.media.configurations[Kind.VIDEO_ENCODER].values()
        assert [(640, 360), 777, "239.9.8.7"] in [
            [one.size, one.bit_rate, one.multicast.address] for one in encoders
        ]
        texts = {osd.text: osd for osd in new.camera.media.osds.values()}
        assert set(texts) == {"Front door", None, "Back yard", "Mine"}
        assert texts["Back yard"].position == "UpperRight"
        presets = {preset.name: preset for preset in new.camera.ptz.presets.values()}
        assert set(presets) == {"Entrance", "Car park", "Gate & fence", "Door"}
        assert presets["Entrance"].token == "1"
        assert presets["Entrance"].position == pytest.approx((-0.25, -0.5, 0.0), abs=0.02)
        assert presets["Door"].position == pytest.approx((0.25, 0.5, 0.5), abs=0.02)
        if media2:
            assert any(not mask.enabled for mask in new.camera.media.masks.values())
        async with connected(session, new) as device:
            again = await keeper_of(device).restore(sections, own=True)
        assert again.taken == ()
        assert again.complete


async def test_beside_the_other(session: ClientSession) -> None:
    """Two cameras that send to one group would disturb each other."""
    async with OnvifSimulator() as old, OnvifSimulator() as new:
        adjust(old)
        told = await sections_of(session, old)
        sections = {name: told[name] for name in ("settings", "things")}
        async with connected(session, new) as device:
            report = await keeper_of(device).restore(sections, own=False)
        encoders = new.camera.media.configurations[Kind.VIDEO_ENCODER].values()
        assert "239.9.8.7" not in {one.multicast.address for one in encoders}
        assert 777 in {one.bit_rate for one in encoders}
    assert report.complete
    assert len(report.spared) >= 3
    assert all("_multicast_" in path for path in report.spared)


async def test_a_poorer_model(session: ClientSession) -> None:
    """What it has not is told; the rest takes."""
    async with OnvifSimulator() as old:
        adjust(old)
        sections = await sections_of(session, old)
    async with (
        OnvifSimulator(ptz=False, analytics=False, media2=False, deviceio=False) as new,
        connected(session, new) as device,
    ):
        report = await keeper_of(device).restore(sections, own=True)
        assert new.camera.imaging.values["Brightness"] == "77"
    assert {"presets.Door", "presets.Entrance", "masks.1"} <= set(report.absent)
    assert "settings.imaging_0_brightness" in report.taken
    assert "osds.1" in report.taken
    assert not report.complete


async def test_a_yes_that_means_nothing(session: ClientSession) -> None:
    """What is not so when it is read back is not claimed."""
    quirks = {Quirk.IMAGING_IGNORED}
    async with OnvifSimulator(quirks=quirks) as simulator, connected(session, simulator) as device:
        sections: Sections = {"settings": {"imaging_0_brightness": 12}, "other": {"a": 1}}
        report = await keeper_of(device).restore(sections, own=True)
    assert report.refused == {"settings.imaging_0_brightness": Reason.NOT_TAKEN}
    assert report.absent == ("other.a",)


async def test_dies_midway(session: ClientSession) -> None:
    """What was read back before is taken; the one under way and those after it are not."""
    async with OnvifSimulator() as simulator, connected(session, simulator) as device:
        sections: Sections = {
            "settings": {"imaging_0_brightness": 12, "imaging_0_contrast": 13},
            "osds": {"1": {"type": "plain", "text": "Late", "position": "lower_left"}},
        }
        keeper = keeper_of(device)
        await keeper.read()
        simulator.fault("SetImagingSettings", Fault.CLOSE)
        report = await keeper.restore(sections, own=True)
        assert report.ended is Reason.CUT
        assert report.taken == ()
        assert list(report.refused.values()) == [Reason.CUT]
        assert "osds.1" in report.untried
        assert len(report.untried) == 2
        simulator.clear_faults()
        simulator.fault("CreateOSD", Fault.CLOSE)
        report = await keeper.restore(sections, own=True)
        assert report.taken == ("settings.imaging_0_brightness", "settings.imaging_0_contrast")
        assert report.refused == {"osds.1": Reason.CUT}
        assert report.ended is Reason.CUT
        await simulator.stop()
        with pytest.raises(ConnectError):
            await keeper.read()


async def restored(
    session: ClientSession, simulator: OnvifSimulator, **sections: dict[str, Item]
) -> Report:
    """Restore sections; return the report."""
    async with connected(session, simulator) as device:
        return await keeper_of(device).restore(sections, own=True)


async def test_texts_in_each_others_way(session: ClientSession) -> None:
    """A text in the same place gives way; where there is no room for both, first it, then the new.

    One that the device refuses leaves the old one where it was.
    """
    wanted: Item = {"type": "plain", "text": "New", "position": "upper_left", "source": 1}
    async with OnvifSimulator() as simulator:
        osds = simulator.camera.media.osds
        report = await restored(session, simulator, osds={"1": wanted})
        assert report.taken == ("osds.1",)
        assert sorted(osd.text or "" for osd in osds.values()) == ["", "New"]
        while len(osds) < MAX_OSDS:
            osds[f"x{len(osds)}"] = Osd(token=f"x{len(osds)}", source=VIEW, text=f"x{len(osds)}")
        other = {**wanted, "text": "Newer"}
        report = await restored(session, simulator, osds={"1": other})
        assert report.taken == ("osds.1",)
        assert len(osds) == MAX_OSDS
        full = {**wanted, "position": "lower_left"}
        report = await restored(session, simulator, osds={"1": full})
        assert report.refused == {"osds.1": Reason.FULL}
        before = set(osds.values())
        simulator.fault("CreateOSD", Fault.FAULT_500, 2)
        report = await restored(session, simulator, osds={"1": {**wanted, "text": "Third"}})
        assert list(report.refused) == ["osds.1"]
        assert {replace(osd, token="") for osd in osds.values()} == {
            replace(osd, token="") for osd in before
        }


@pytest.mark.parametrize(
    ("section", "item", "reason"),
    [
        ("osds", 7, Reason.OUT_OF_RANGE),
        ("osds", {"type": "plain", "text": "a", "source": 9}, Reason.NOT_FOUND),
        ("osds", {"type": "plain", "text": "a", "source": True}, Reason.OUT_OF_RANGE),
        ("osds", {"type": "plain", "text": 5}, Reason.OUT_OF_RANGE),
        ("osds", {"type": "plain", "text": "a", "x": "b", "y": 0}, Reason.OUT_OF_RANGE),
        ("masks", {"points": [[0, 0]], "source": 1}, Reason.OUT_OF_RANGE),
        ("masks", {"type": "pixelated"}, Reason.OUT_OF_RANGE),
        ("masks", "a", Reason.OUT_OF_RANGE),
        ("presets", {"pan": 2}, Reason.OUT_OF_RANGE),
        ("presets", {"pan": True}, Reason.OUT_OF_RANGE),
        ("presets", {"roll": 0.5}, Reason.OUT_OF_RANGE),
        ("presets", "a", Reason.OUT_OF_RANGE),
        ("presets", {}, Reason.POSITION_UNKNOWN),
    ],
)
async def test_strange_items(
    session: ClientSession, section: str, item: Item, reason: Reason
) -> None:
    """What a stranger wrote into a file is refused item by item, and nothing is sent for it."""
    async with OnvifSimulator() as simulator:
        media = simulator.camera.media
        before = (dict(media.osds), dict(media.masks), dict(simulator.camera.ptz.presets))
        report = await restored(session, simulator, **{section: {"1": item}})
        after = (dict(media.osds), dict(media.masks), dict(simulator.camera.ptz.presets))
    assert report.refused == {f"{section}.1": reason}
    assert before == after


async def test_positions_that_are_not_told(session: ClientSession) -> None:
    """Of a preset without a position only the name is kept, which cannot be restored."""
    async with OnvifSimulator(quirks={Quirk.PRESETS_300}) as simulator:
        sections = await sections_of(session, simulator)
        assert sections["presets"]["Preset 5"] == {}
        assert len(sections["presets"]) == 300
        report = await restored(session, simulator, presets={"Preset 5": {}})
        assert report.refused == {"presets.Preset 5": Reason.POSITION_UNKNOWN}


async def test_presets_that_cannot_be_taught(
    session: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A unit that does not arrive, or refuses the move, has not learned the place."""
    monkeypatch.setattr(preset_keeper, "ARRIVAL", 0.2)
    wanted: dict[str, Item] = {"Far": {"pan": 1.0, "tilt": 1.0, "zoom": 1.0}}
    async with OnvifSimulator() as slow:
        slow.camera.ptz.full_speed = 0.01
        report = await restored(session, slow, presets=wanted)
        assert report.refused == {"presets.Far": Reason.NOT_TAKEN}
        assert "Far" not in {preset.name for preset in slow.camera.ptz.presets.values()}
    async with OnvifSimulator(quirks={Quirk.NO_ABSOLUTE_MOVE}) as fixed:
        report = await restored(session, fixed, presets=wanted)
        assert list(report.refused) == ["presets.Far"]
    async with OnvifSimulator(quirks={Quirk.NO_PTZ_STATUS}) as mute:
        report = await restored(session, mute, presets=wanted)
        assert report.refused == {"presets.Far": Reason.NOT_TAKEN}
    async with OnvifSimulator() as full:
        full.camera.ptz.full_speed = 50.0
        full.camera.ptz.max_presets = 3
        report = await restored(session, full, presets=wanted)
        assert report.refused == {"presets.Far": Reason.FULL}


async def test_two_presets_of_one_name(session: ClientSession) -> None:
    """Both are kept, and both are found again."""
    async with OnvifSimulator() as simulator:
        simulator.camera.ptz.presets = {
            "1": Preset("1", "Gate", Position(0.5, 0.0, 0.0)),
            "2": Preset("2", "Gate", Position(-0.5, 0.0, 0.0)),
        }
        sections = await sections_of(session, simulator)
        assert list(sections["presets"]) == ["Gate", "Gate (2)"]
        report = await restored(session, simulator, presets=dict(sections["presets"]))
        assert report.unchanged == ("presets.Gate", "presets.Gate (2)")
