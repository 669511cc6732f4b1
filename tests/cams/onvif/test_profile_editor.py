from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.device import Reconfigured
from custom_components.panacam.cams.editors import ProfileEditor
from custom_components.panacam.cams.errors import Reason, RefusedError
from custom_components.panacam.cams.onvif.media import MediaPart
from tests.cams.onvif.streaming import media_of
from tests.simulators.onvif import Fault, OnvifSimulator
from tests.simulators.onvif.media_parts import Kind

WANTED = {"video_encoder": "video_2", "video_source": "video_source_config_1"}
"""Not in the order in which they need each other."""


def editor(part: MediaPart) -> ProfileEditor:
    """Return the editor."""
    assert part.profiles is not None
    return part.profiles


@pytest.mark.parametrize("media2", [True, False])
async def test_editor(session: ClientSession, *, media2: bool) -> None:
    """Profiles are made, changed and deleted; streams come and go with them."""
    async with (
        OnvifSimulator(media2=media2) as simulator,
        media_of(session, simulator) as (part, watched),
    ):
        count = len(part.streams)
        token = await editor(part).create_profile("Mine\x07", WANTED)
        made = simulator.camera.media.profile(token)
        assert made.name == "Mine"
        assert made.parts == {
            Kind.VIDEO_SOURCE: "video_source_config_1",
            Kind.VIDEO_ENCODER: "video_2",
        }
        assert len(part.streams) == count + 1
        assert watched.told == [Reconfigured()]
        await editor(part).add_configuration(token, "metadata", "metadata_1")
        await editor(part).add_configuration(
            token, "ptz", simulator.camera.media.profiles[0].parts[Kind.PTZ]
        )
        await editor(part).add_configuration(token, "analytics", "analytics_1")
        assert {Kind.METADATA, Kind.PTZ, Kind.ANALYTICS} <= made.parts.keys()
        await editor(part).remove_configuration(token, "metadata", None)
        await editor(part).remove_configuration(token, "analytics", None)
        assert Kind.METADATA not in made.parts
        assert watched.told == [Reconfigured()]
        listed = (await editor(part).profiles())[-1]
        assert listed["name"] == "Mine"
        assert listed["fixed"] is False
        assert {
            "kind": "video_encoder",
            "token": "video_2",
            "name": "Sub",
        } in listed["configurations"]  # type: ignore[operator]
        await editor(part).remove_configuration(token, "video_encoder", "video_2")
        assert len(part.streams) == count
        await editor(part).delete_profile(token)
        assert len(watched.board.profiles) == count
        assert watched.told == [Reconfigured()] * 2


@pytest.mark.parametrize("media2", [True, False])
async def test_configurations(session: ClientSession, *, media2: bool) -> None:
    """Every configuration is listed, those of the PTZ service, too."""
    async with (
        OnvifSimulator(media2=media2) as simulator,
        media_of(session, simulator) as (part, _),
    ):
        simulator.fault("GetMetadataConfigurations", Fault.NOT_XML)
        listed = await editor(part).configurations()
        kinds = [item["kind"] for item in listed]
        assert kinds.count("video_encoder") == (4 if media2 else 3)
        assert set(kinds) == {
            "video_source",
            "video_encoder",
            "audio_source",
            "audio_encoder",
            "audio_output",
            "audio_decoder",
            "analytics",
            "ptz",
        }
        assert {"kind": "audio_encoder", "token": "audio_2", "name": "G.711"} in listed


async def test_no_ptz_service(session: ClientSession) -> None:
    """Where there is no PTZ service, none is asked."""
    async with OnvifSimulator(ptz=False) as simulator, media_of(session, simulator) as (part, _):
        assert "ptz" not in [item["kind"] for item in await editor(part).configurations()]


@pytest.mark.parametrize("media2", [True, False])
async def test_refused(session: ClientSession, *, media2: bool) -> None:
    """What cannot be is refused, with the reason; no profile is left half made."""
    async with (
        OnvifSimulator(media2=media2) as simulator,
        media_of(session, simulator) as (part, watched),
    ):
        count = len(simulator.camera.media.profiles)
        for asking, reason in (
            (editor(part).create_profile("x", {"poem": "a"}), Reason.OUT_OF_RANGE),
            (editor(part).create_profile(" ", {}), Reason.OUT_OF_RANGE),
            (editor(part).create_profile("x", {"video_source": "none"}), Reason.NOT_FOUND),
            (editor(part).create_profile("x", {"video_encoder": "video_1"}), Reason.CONFLICT),
            (editor(part).add_configuration("none", "ptz", "none"), Reason.NOT_FOUND),
            (editor(part).delete_profile("profile_1"), Reason.FIXED),
            (editor(part).delete_profile("none"), Reason.NOT_FOUND),
        ):
            with pytest.raises(RefusedError) as refused:
                await asking
            assert refused.value.reason is reason
        assert len(simulator.camera.media.profiles) == count
        simulator.fault("CreateProfile", Fault.EMPTY_RESPONSE, times=1)
        with pytest.raises(RefusedError):
            await editor(part).create_profile("x", {})
        simulator.fault("GetProfiles", Fault.NOT_XML)
        with pytest.raises(RefusedError):
            await editor(part).profiles()
        assert not watched.told


async def test_any_configuration(session: ClientSession) -> None:
    """Media2 chooses a configuration itself; the first service wants to hear which."""
    async with OnvifSimulator() as simulator, media_of(session, simulator) as (part, _):
        token = await editor(part).create_profile("x", {})
        await editor(part).add_configuration(token, "video_source", None)
        made = simulator.camera.media.profile(token)
        assert made.parts == {Kind.VIDEO_SOURCE: "video_source_config_1"}
    async with OnvifSimulator(media2=False) as simulator, media_of(session, simulator) as (part, _):
        with pytest.raises(RefusedError) as refused:
            await editor(part).add_configuration("profile_1", "video_source", None)
        assert refused.value.reason is Reason.OUT_OF_RANGE
