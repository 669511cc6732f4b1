from collections.abc import Mapping
from typing import Any

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.errors import ProtocolError, Reason, RefusedError
from custom_components.panacam.cams.onvif.media import MediaPart
from tests.cams.onvif.streaming import change, media_of, options_of
from tests.cams.onvif.support import Watched
from tests.simulators.onvif import Fault, OnvifSimulator
from tests.simulators.onvif.media_parts import MAX_OSDS, Osd

VIEW = "video_source_config_1"


def rows_of(watched: Watched) -> set[str]:
    """Return the keys of what there is of OSDs."""
    return {key for key in watched.board.settings if key.startswith("osd_")}


@pytest.mark.parametrize("media2", [True, False])
async def test_texts(session: ClientSession, *, media2: bool) -> None:
    """Texts are written, formats and places chosen."""
    async with (
        OnvifSimulator(media2=media2) as simulator,
        media_of(session, simulator) as (_, watched),
    ):
        osds = simulator.camera.media.osds
        assert watched.board.values["osd_0_text"] == "Front door"
        assert await change(watched, "osd_0_text", "Back <door> & \u00e4") == "Back <door> & \u00e4"
        assert osds["osd_1"].text == "Back <door> & \u00e4"
        assert options_of(watched, "osd_1_date_format") == (
            "MM/dd/yyyy",
            "yyyy-MM-dd",
            "dd/MM/yyyy",
        )
        assert await change(watched, "osd_1_date_format", "dd/MM/yyyy") == "dd/MM/yyyy"
        assert await change(watched, "osd_1_time_format", "hh:mm:ss tt") == "hh:mm:ss tt"
        assert await change(watched, "osd_1_position", "lower_left") == "lower_left"
        assert osds["osd_2"].position == "LowerLeft"
        assert osds["osd_2"].time_format == "hh:mm:ss tt"
        assert "custom" not in options_of(watched, "osd_1_position")
        assert "osd_1_text" not in watched.board.settings
        assert watched.board.settings["osd_1"].label == "2"


@pytest.mark.parametrize("media2", [True, False])
async def test_off_and_on(session: ClientSession, *, media2: bool) -> None:
    """Switched off, an OSD is deleted; switched on, it is made again as it was, or as changed."""
    async with (
        OnvifSimulator(media2=media2) as simulator,
        media_of(session, simulator) as (part, watched),
    ):
        osds, rows = simulator.camera.media.osds, rows_of(watched)
        assert await change(watched, "osd_0", False) is False
        assert list(osds) == ["osd_2"]
        assert rows_of(watched) == rows
        await part.refresh()
        assert watched.board.values["osd_0"] is False
        assert watched.board.values["osd_1"] is True
        assert await change(watched, "osd_0", False) is False
        assert await change(watched, "osd_0_text", "Gate") == "Gate"
        assert list(osds) == ["osd_2"]
        assert await change(watched, "osd_0", True) is True
        assert [osd.text for osd in osds.values()] == [None, "Gate"]
        assert await change(watched, "osd_0", True) is True
        assert await change(watched, "osd_0_text", "Door") == "Door"
        assert len(osds) == 2


async def test_others_change_them(session: ClientSession) -> None:
    """An OSD stays in its place while it is there, whatever becomes of the others."""
    async with OnvifSimulator() as simulator, media_of(session, simulator) as (part, watched):
        osds = simulator.camera.media.osds
        del osds["osd_1"]
        await part.refresh()
        assert rows_of(watched) == {
            "osd_1",
            "osd_1_date_format",
            "osd_1_time_format",
            "osd_1_position",
        }
        osds["osd_9"] = Osd(token="osd_9", source=VIEW, kind="Image", image="/images/logo.png")
        await part.refresh()
        assert {"osd_1", "osd_2"} <= rows_of(watched)
        assert "osd_0" not in rows_of(watched)
        assert "osd_2_text" not in rows_of(watched)
        assert part.gone == {"osd_0"}
        osds.clear()
        await part.refresh()
        assert not rows_of(watched)
        assert part.gone == {"osd_0", "osd_1", "osd_2"}
        with pytest.raises(RefusedError):
            await watched.board.change("osd_1", False)


async def test_refused(session: ClientSession) -> None:
    """A device that refuses leaves things as they were; one that has no OSDs has no editor."""
    async with OnvifSimulator() as simulator, media_of(session, simulator) as (part, watched):
        for operation in ("DeleteOSD", "SetOSD", "CreateOSD"):
            simulator.fault(operation, Fault.FAULT_500)
        for key, value in (("osd_0", False), ("osd_0_text", "x")):
            with pytest.raises(RefusedError):
                await watched.board.change(key, value)
        assert watched.board.values["osd_0"] is True
        assert watched.board.values["osd_0_text"] == "Front door"
        simulator.fault("GetOSDs", Fault.NOT_XML)
        await part.refresh()
        assert "osd_0" in rows_of(watched)
    async with OnvifSimulator() as simulator:
        simulator.fault("GetOSDs", Fault.NOT_SUPPORTED)
        async with media_of(session, simulator) as (part, watched):
            assert part.osds is None
            assert not rows_of(watched)


async def test_by_source(session: ClientSession) -> None:
    """Some list OSDs only by their video source configuration."""
    async with OnvifSimulator() as simulator:
        simulator.fault("GetOSDs", Fault.FAULT_500, times=1)
        async with media_of(session, simulator) as (part, watched):
            assert part.osds is not None
            assert "osd_0_text" in rows_of(watched)


async def editor(part: MediaPart) -> Any:
    """Return the editor."""
    assert part.osds is not None
    return part.osds


@pytest.mark.parametrize("media2", [True, False])
async def test_editor(session: ClientSession, *, media2: bool) -> None:
    """OSDs are listed, made and deleted."""
    async with (
        OnvifSimulator(media2=media2) as simulator,
        media_of(session, simulator) as (part, watched),
    ):
        osds = await editor(part)
        assert await osds.osds() == [
            {
                "token": "osd_1",
                "source": VIEW,
                "type": "plain",
                "text": "Front door",
                "position": "upper_left",
            },
            {
                "token": "osd_2",
                "source": VIEW,
                "type": "date_and_time",
                "date_format": "yyyy-MM-dd",
                "time_format": "HH:mm:ss",
                "position": "lower_right",
            },
        ]
        token = await osds.create_osd(
            {"text": "New", "x": 0.5, "y": -0.5, "font_size": 20, "source": VIEW}
        )
        assert simulator.camera.media.osds[token] == Osd(
            token=token, source=VIEW, position="Custom", place=(0.5, -0.5), text="New", font_size=20
        )
        assert (await osds.osds())[2]["x"] == 0.5
        assert watched.board.values["osd_2_text"] == "New"
        assert watched.states[-1].settings["osd_2"] is True
        clock = await osds.create_osd({"type": "time", "position": "upper_right"})
        assert simulator.camera.media.osds[clock].time_format == "HH:mm:ss"
        assert len(simulator.camera.media.osds) == MAX_OSDS
        with pytest.raises(RefusedError) as full:
            await osds.create_osd({"text": "One more"})
        assert full.value.reason is Reason.FULL
        await osds.delete_osd(token)
        assert token not in simulator.camera.media.osds
        assert "osd_2" not in watched.board.settings
        with pytest.raises(RefusedError) as missing:
            await osds.delete_osd(token)
        assert missing.value.reason is Reason.NOT_FOUND


@pytest.mark.parametrize(
    ("osd", "reason"),
    [
        ({}, Reason.OUT_OF_RANGE),
        ({"text": 5}, Reason.OUT_OF_RANGE),
        ({"text": "x", "type": "date"}, Reason.OUT_OF_RANGE),
        ({"type": "poem"}, Reason.OUT_OF_RANGE),
        ({"text": "x", "position": "middle"}, Reason.OUT_OF_RANGE),
        ({"text": "x", "x": 2, "y": 0}, Reason.OUT_OF_RANGE),
        ({"text": "x", "x": 0}, Reason.OUT_OF_RANGE),
        ({"text": "x", "x": float("nan"), "y": 0}, Reason.OUT_OF_RANGE),
        ({"text": "x", "x": True, "y": 0}, Reason.OUT_OF_RANGE),
        ({"text": "x", "font_size": 0}, Reason.OUT_OF_RANGE),
        ({"text": "x", "source": "other"}, Reason.NOT_FOUND),
    ],
)
async def test_wrong_osds(
    session: ClientSession, osd: Mapping[str, object], reason: Reason
) -> None:
    """What can be no OSD is refused here."""
    async with OnvifSimulator() as simulator, media_of(session, simulator) as (part, _):
        with pytest.raises(RefusedError) as refused:
            await (await editor(part)).create_osd(osd)
        assert refused.value.reason is reason
        assert simulator.count("CreateOSD") == 0


async def test_no_token(session: ClientSession) -> None:
    """A device that does not tell what it made is wrong."""
    async with OnvifSimulator() as simulator, media_of(session, simulator) as (part, _):
        simulator.fault("CreateOSD", Fault.EMPTY_RESPONSE)
        with pytest.raises(ProtocolError):
            await (await editor(part)).create_osd({"text": "x", "date_format": "yyyy-MM-dd"})
