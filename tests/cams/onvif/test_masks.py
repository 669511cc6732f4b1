from collections.abc import Mapping

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.editors import MaskEditor
from custom_components.panacam.cams.errors import ProtocolError, Reason, RefusedError
from custom_components.panacam.cams.onvif.media import MediaPart
from tests.cams.onvif.streaming import change, media_of
from tests.simulators.onvif import Fault, OnvifSimulator, Quirk
from tests.simulators.onvif.media_parts import Mask

VIEW = "video_source_config_1"
SQUARE = [[-0.9, 0.9], [-0.5, 0.9], [-0.5, 0.5], [-0.9, 0.5]]
TRIANGLE = [[0, 0], [0.5, 0], [0.5, 0.5]]


def editor(part: MediaPart) -> MaskEditor:
    """Return the editor."""
    assert part.masks is not None
    return part.masks


async def test_switch(session: ClientSession) -> None:
    """A mask is switched off and on, and is the same otherwise."""
    async with OnvifSimulator() as simulator, media_of(session, simulator) as (part, watched):
        masks = simulator.camera.media.masks
        before = masks["mask_1"]
        assert watched.board.settings["mask_0"].label == ""
        assert await change(watched, "mask_0", False) is False
        assert not masks["mask_1"].enabled
        assert await change(watched, "mask_0", True) is True
        assert masks["mask_1"] == before
        masks["mask_1"] = Mask(token="mask_1", source=VIEW, points=before.points, enabled=False)
        await part.refresh()
        assert watched.board.values["mask_0"] is False
        masks.clear()
        with pytest.raises(RefusedError):
            await watched.board.change("mask_0", True)
        await part.refresh()
        assert "mask_0" not in watched.board.settings
        assert part.masks is not None


@pytest.mark.parametrize("fault", [Fault.NOT_SUPPORTED, Fault.NOT_XML, Fault.FAULT_500])
async def test_none(session: ClientSession, fault: Fault) -> None:
    """A device without masks has neither switches nor an editor."""
    async with OnvifSimulator() as simulator:
        simulator.fault("GetMasks", fault)
        async with media_of(session, simulator) as (part, watched):
            assert part.masks is None
            assert "mask_0" not in watched.board.settings


async def test_refused(session: ClientSession) -> None:
    """A device may say that it has masks, and refuse them."""
    async with (
        OnvifSimulator(quirks={Quirk.MASKS_REFUSED}) as simulator,
        media_of(session, simulator) as (part, _),
    ):
        assert part.masks is None


async def test_away_for_a_moment(session: ClientSession) -> None:
    """Masks that were there stay while the device answers nonsense."""
    async with OnvifSimulator() as simulator, media_of(session, simulator) as (part, watched):
        simulator.fault("GetMasks", Fault.NOT_XML)
        await part.refresh()
        assert watched.board.values["mask_0"] is True


async def test_editor(session: ClientSession) -> None:
    """Masks are listed, made, changed and deleted."""
    async with OnvifSimulator() as simulator, media_of(session, simulator) as (part, watched):
        masks, kept = editor(part), simulator.camera.media.masks
        assert await masks.masks() == [
            {
                "token": "mask_1",
                "source": VIEW,
                "type": "color",
                "points": SQUARE,
                "color": [0.0, 0.0, 0.0],
                "enabled": True,
            }
        ]
        token = await masks.create_mask(
            {"points": TRIANGLE, "type": "blurred", "enabled": False, "source": VIEW}
        )
        assert kept[token].points == ((0, 0), (0.5, 0), (0.5, 0.5))
        assert (kept[token].kind, kept[token].enabled) == ("Blurred", False)
        assert watched.board.values["mask_1"] is False
        assert watched.states[-1].settings["mask_1"] is False
        colored = await masks.create_mask({"points": SQUARE})
        assert kept[colored].kind == "Color"
        assert kept[colored].enabled
        await masks.modify_mask(token, {"enabled": True})
        assert (kept[token].kind, kept[token].enabled) == ("Blurred", True)
        assert len(kept[token].points) == 3
        await masks.modify_mask(token, {"type": "color", "points": SQUARE})
        assert kept[token].color is not None
        assert len(kept[token].points) == 4
        await masks.modify_mask(token, {"color": [10, 128, 128]})
        assert kept[token].color == (10, 128, 128)
        await masks.delete_mask(token)
        assert token not in kept
        assert "mask_1" not in watched.board.settings
        assert "mask_2" in watched.board.settings
        for asking in (masks.delete_mask(token), masks.modify_mask(token, {"enabled": True})):
            with pytest.raises(RefusedError) as missing:
                await asking
            assert missing.value.reason is Reason.NOT_FOUND


async def test_full(session: ClientSession) -> None:
    """A device has room for so many."""
    async with OnvifSimulator() as simulator, media_of(session, simulator) as (part, _):
        for _ in range(3):
            await editor(part).create_mask({"points": SQUARE})
        with pytest.raises(RefusedError) as full:
            await editor(part).create_mask({"points": SQUARE})
        assert full.value.reason is Reason.FULL
        simulator.camera.media.masks.clear()
        simulator.fault("GetMaskOptions", Fault.NOT_SUPPORTED)
        simulator.fault("CreateMask", Fault.EMPTY_RESPONSE)
        with pytest.raises(ProtocolError):
            await editor(part).create_mask({"points": SQUARE, "type": "pixelated"})


async def test_not_the_one(session: ClientSession) -> None:
    """A device that answers with other masks is not believed."""
    async with OnvifSimulator() as simulator, media_of(session, simulator) as (part, _):
        simulator.fault("GetMasks", Fault.EMPTY_RESPONSE)
        with pytest.raises(RefusedError):
            await editor(part).modify_mask("mask_1", {"enabled": False})


@pytest.mark.parametrize(
    ("mask", "reason"),
    [
        ({}, Reason.OUT_OF_RANGE),
        ({"points": "abc"}, Reason.OUT_OF_RANGE),
        ({"points": TRIANGLE[:2]}, Reason.OUT_OF_RANGE),
        ({"points": TRIANGLE * 30}, Reason.OUT_OF_RANGE),
        ({"points": [[0, 0, 0]] * 3}, Reason.OUT_OF_RANGE),
        ({"points": [[0, 2]] * 3}, Reason.OUT_OF_RANGE),
        ({"points": SQUARE, "type": "invisible"}, Reason.OUT_OF_RANGE),
        ({"points": SQUARE, "color": [1, 2]}, Reason.OUT_OF_RANGE),
        ({"points": SQUARE, "enabled": "yes"}, Reason.OUT_OF_RANGE),
        ({"points": SQUARE, "source": "other"}, Reason.NOT_FOUND),
        ({"points": SQUARE, "source": 5}, Reason.NOT_FOUND),
    ],
)
async def test_wrong_masks(
    session: ClientSession, mask: Mapping[str, object], reason: Reason
) -> None:
    """What can be no mask is refused here."""
    async with OnvifSimulator() as simulator, media_of(session, simulator) as (part, _):
        with pytest.raises(RefusedError) as refused:
            await editor(part).create_mask(mask)
        assert refused.value.reason is reason
        assert simulator.count("CreateMask") == 0
