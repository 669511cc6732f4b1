from dataclasses import replace
from unittest.mock import patch

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.errors import Reason, RefusedError
from custom_components.panacam.cams.onvif.audio import (
    describe_audio_encoder,
    describe_audio_output,
    describe_audio_source,
)
from custom_components.panacam.cams.onvif.configuration import Describe, Item, Subject
from custom_components.panacam.cams.onvif.metadata_rows import describe_metadata
from custom_components.panacam.cams.onvif.multicast import multicast_items
from custom_components.panacam.cams.onvif.node import Node
from custom_components.panacam.cams.onvif.video_source import describe_video_source
from custom_components.panacam.cams.settings import Choice, Value
from tests.cams.onvif.streaming import change, limits_of, media_of, options_of, xml
from tests.simulators.onvif import Fault, OnvifSimulator
from tests.simulators.onvif.media_parts import (
    AudioDecoder,
    AudioEncoder,
    AudioOutputConfiguration,
    Kind,
    Metadata,
    Profile,
    VideoEncoder,
    VideoSourceConfiguration,
)
from tests.simulators.onvif.service import SoapFault
from tests.simulators.onvif.state_media import MODES


def only[PartT](simulator: OnvifSimulator, kind: Kind, form: type[PartT]) -> PartT:
    """Return the first configuration of a kind."""
    found = simulator.camera.media.only(kind)
    assert isinstance(found, form)
    return found


def described(describe: Describe, node: str, *options: str) -> dict[str, Item]:
    """Describe a configuration by its XML."""
    subject = Subject(xml(node), tuple(map(xml, options)), "it_0", "")
    return {item.setting.key.removeprefix("it_0_"): item for item in describe(subject)}


def put(item: Item, node: str, value: Value) -> Node:
    """Return the XML with a value put in."""
    changed = xml(node)
    item.put(changed, value)
    return changed


@pytest.mark.parametrize("media2", [True, False])
async def test_sound_on_and_off(session: ClientSession, *, media2: bool) -> None:
    """Without sound a profile has neither microphone nor encoder; then it has the same ones."""
    async with (
        OnvifSimulator(media2=media2, analytics=False) as simulator,
        media_of(session, simulator) as (_, watched),
    ):
        profile = simulator.camera.media.profiles[1]
        before = dict(profile.parts)
        assert before[Kind.AUDIO_ENCODER] == "audio_2"
        assert await change(watched, "profile_1_audio", False) is False
        assert profile.parts.keys() == before.keys() - {Kind.AUDIO_SOURCE, Kind.AUDIO_ENCODER}
        assert await change(watched, "profile_1_audio", False) is False
        assert await change(watched, "profile_1_audio", True) is True
        assert profile.parts == before
        assert await change(watched, "profile_1_audio", True) is True
        assert watched.board.settings["profile_1_audio"].label == "Sub"
        assert not watched.told


async def test_microphone_that_must_stay(session: ClientSession) -> None:
    """Where the device needs its microphone for more than sound, the encoder alone goes."""
    async with OnvifSimulator() as simulator, media_of(session, simulator) as (_, watched):
        media = simulator.camera.media
        profile, remove = media.profiles[0], media.remove
        conflict = SoapFault("Receiver", ("Action", "ConfigurationConflict"))

        def keep(profile: Profile, kinds: set[Kind]) -> None:
            if Kind.AUDIO_SOURCE in kinds:
                raise conflict
            remove(profile, kinds)

        simulator.fault("RemoveConfiguration", Fault.FAULT_500, times=1)
        with pytest.raises(RefusedError):
            await watched.board.change("profile_0_audio", False)
        with patch.object(media, "remove", keep):
            assert await change(watched, "profile_0_audio", False) is False
        assert Kind.AUDIO_SOURCE in profile.parts
        assert Kind.AUDIO_ENCODER not in profile.parts
        assert await change(watched, "profile_0_audio", True) is True


@pytest.mark.parametrize("media2", [True, False])
async def test_no_profile_with_sound(session: ClientSession, *, media2: bool) -> None:
    """A device with a microphone that no profile has can have sound put in."""
    async with OnvifSimulator(media2=media2) as simulator:
        for profile in simulator.camera.media.profiles:
            for kind in (Kind.AUDIO_ENCODER, Kind.AUDIO_SOURCE):
                del profile.parts[kind]
        async with media_of(session, simulator) as (_, watched):
            assert watched.board.values["profile_0_audio"] is False
            assert "audio_encoder_0_codec" not in watched.board.settings
            assert await change(watched, "profile_0_audio", True) is True
            assert "audio_encoder_0_codec" in watched.board.settings
            simulator.camera.media.configurations[Kind.AUDIO_SOURCE].clear()
            with pytest.raises(RefusedError) as refused:
                await watched.board.change("profile_1_audio", True)
            assert refused.value.reason is Reason.UNSUPPORTED


@pytest.mark.parametrize("media2", [True, False])
async def test_what_most_people_want(session: ClientSession, *, media2: bool) -> None:
    """Of all streams the preferred one, and of that what its pictures and its sound cost."""
    async with (
        OnvifSimulator(media2=media2) as simulator,
        media_of(session, simulator) as (part, watched),
    ):
        preferred = part.preferred()
        assert preferred is not None
        assert preferred.index == 0
        rows = watched.board.settings.values()
        streaming = [row for row in rows if row.key.startswith(("encoder_", "audio_", "profile_"))]
        assert len({row.label for row in streaming}) > 2
        wanted = {row.key for row in streaming if row.enabled}
        assert wanted - {"encoder_0_constant_bit_rate"} == {
            "encoder_0_resolution",
            "encoder_0_frame_rate",
            "encoder_0_bit_rate",
            "audio_encoder_0_bit_rate",
            "audio_output_0_level",
            "profile_0_audio",
        }


async def test_no_microphone(session: ClientSession) -> None:
    """A device without a microphone or a loudspeaker has no settings of them."""
    async with (
        OnvifSimulator(audio=False, audio_output=False) as simulator,
        media_of(session, simulator) as (_, watched),
    ):
        assert not [key for key in watched.board.settings if "audio" in key]


@pytest.mark.parametrize("media2", [True, False])
async def test_audio_encoder(session: ClientSession, *, media2: bool) -> None:
    """Codec, bit rate and sample rate; with the codec go rates that it has not."""
    async with (
        OnvifSimulator(media2=media2) as simulator,
        media_of(session, simulator) as (_, watched),
    ):
        encoder = only(simulator, Kind.AUDIO_ENCODER, AudioEncoder)
        assert encoder.encoding == "MP4A-LATM"
        assert options_of(watched, "audio_encoder_0_bit_rate") == ("64", "96", "128")
        assert await change(watched, "audio_encoder_0_bit_rate", "128") == "128"
        assert await change(watched, "audio_encoder_0_codec", "g711") == "g711"
        encoder = only(simulator, Kind.AUDIO_ENCODER, AudioEncoder)
        assert (encoder.encoding, encoder.bit_rate, encoder.sample_rate) == ("PCMU", 64, 8)
        assert "audio_encoder_0_bit_rate" not in watched.board.settings
        assert watched.board.read["audio_decoder_0_codecs"] in {"g711, aac", "aac, g711"}


@pytest.mark.parametrize("media2", [True, False])
@pytest.mark.parametrize("attached", [True, False])
async def test_loudspeaker(session: ClientSession, *, media2: bool, attached: bool) -> None:
    """How loud it is can be set, whether a profile has it or not."""
    async with OnvifSimulator(media2=media2) as simulator:
        if not attached:
            for profile in simulator.camera.media.profiles:
                del profile.parts[Kind.AUDIO_OUTPUT]
                del profile.parts[Kind.AUDIO_DECODER]
        async with media_of(session, simulator) as (_, watched):
            assert limits_of(watched, "audio_output_0_level") == (0, 100)
            assert await change(watched, "audio_output_0_level", 80) == 80
            assert await change(watched, "audio_output_0_primacy", "auto") == "auto"
            output = only(simulator, Kind.AUDIO_OUTPUT, AudioOutputConfiguration)
            assert output.level == 80
            assert output.primacy == "www.onvif.org/ver20/HalfDuplex/Auto"
            assert await change(watched, "audio_decoder_0_name", "Horn") == "Horn"
            assert only(simulator, Kind.AUDIO_DECODER, AudioDecoder).name == "Horn"


async def test_read_back_by_profiles(session: ClientSession) -> None:
    """A configuration that the device tells only in profiles is read back there."""
    async with OnvifSimulator() as simulator, media_of(session, simulator) as (_, watched):
        simulator.fault("GetAudioOutputConfigurations", Fault.EMPTY_RESPONSE)
        assert await change(watched, "audio_output_0_level", 80) == 80


@pytest.mark.parametrize("media2", [True, False])
async def test_video_source(session: ClientSession, *, media2: bool) -> None:
    """The picture is turned, and a part of it shown."""
    async with (
        OnvifSimulator(media2=media2) as simulator,
        media_of(session, simulator) as (_, watched),
    ):
        assert await change(watched, "video_source_0_rotation", "on") == "on"
        assert await change(watched, "video_source_0_width", 960) == 960
        assert await change(watched, "video_source_0_x", 100) == 100
        source = only(simulator, Kind.VIDEO_SOURCE, VideoSourceConfiguration)
        assert source.rotation == "ON"
        assert source.bounds == (100, 0, 960, 1080)
        reading = watched.board.readings["video_source_0_encoder_instances"]
        assert reading.diagnostic
        assert not reading.enabled
        assert watched.board.read[reading.key] == (4 if media2 else 3)


@pytest.mark.parametrize("media2", [True, False])
async def test_modes(session: ClientSession, *, media2: bool) -> None:
    """A mode is set, and what it can do is asked for anew; some restart the device."""
    async with (
        OnvifSimulator(media2=media2) as simulator,
        media_of(session, simulator) as (part, watched),
    ):
        wide = "1080p at 15 Hz, wide dynamic range"
        assert options_of(watched, "video_mode_0")[:2] == ("1080p at 30 Hz", wide)
        asked = simulator.count("GetVideoEncoderConfigurationOptions")
        assert await change(watched, "video_mode_0", wide) == wide
        assert simulator.camera.media.mode == "mode_wdr"
        assert simulator.count("GetVideoEncoderConfigurationOptions") > asked
        restarted: list[bool] = []
        simulator.camera.life.restart = lambda: restarted.append(True)
        assert await change(watched, "video_mode_0", "720p at 60 Hz") is None
        assert restarted
        await part.refresh()
        assert watched.board.values["video_mode_0"] == "720p at 60 Hz"


async def test_modes_of_one_name(session: ClientSession) -> None:
    """Modes that are described alike have their tokens for names; a single one is no choice."""
    alike = [replace(mode, description="Mode") for mode in MODES]
    modes = "tests.simulators.onvif.services.media_common.MODES"
    async with OnvifSimulator() as simulator:
        with patch(modes, alike):
            async with media_of(session, simulator) as (_, watched):
                assert options_of(watched, "video_mode_0") == ("Mode", "mode_wdr", "mode_60")
                assert await change(watched, "video_mode_0", "mode_wdr") == "mode_wdr"
        with patch(modes, alike[:1]):
            async with media_of(session, simulator) as (part, watched):
                assert "video_mode_0" not in watched.board.settings
                asked = simulator.count("GetVideoSourceModes")
                await part.refresh()
                assert simulator.count("GetVideoSourceModes") == asked


async def test_mode_that_is_gone(session: ClientSession) -> None:
    """A mode that the device no longer has is refused."""
    async with OnvifSimulator() as simulator, media_of(session, simulator) as (part, watched):
        simulator.fault("GetVideoSourceModes", Fault.EMPTY_RESPONSE)
        with pytest.raises(RefusedError) as refused:
            await watched.board.change("video_mode_0", "720p at 60 Hz")
        assert refused.value.reason is Reason.NOT_FOUND
        await part.refresh()
        assert "video_mode_0" not in watched.board.settings


@pytest.mark.parametrize("media2", [True, False])
async def test_metadata(session: ClientSession, *, media2: bool) -> None:
    """What goes into the metadata stream is switched."""
    async with (
        OnvifSimulator(media2=media2) as simulator,
        media_of(session, simulator) as (_, watched),
    ):
        for name in ("analytics", "events", "ptz_status", "ptz_position"):
            key = f"metadata_0_{name}"
            assert not watched.board.settings[key].enabled
            assert await change(watched, key, False) is False
            assert getattr(only(simulator, Kind.METADATA, Metadata), name) is False
            assert await change(watched, key, True) is True


@pytest.mark.parametrize("media2", [True, False])
async def test_multicast(session: ClientSession, *, media2: bool) -> None:
    """Sending to many is started and stopped; where to is set."""
    async with (
        OnvifSimulator(media2=media2) as simulator,
        media_of(session, simulator) as (_, watched),
    ):
        row = watched.board.settings["profile_1_multicast"]
        assert row.assumed  # type: ignore[union-attr]
        assert not row.enabled
        assert watched.board.values[row.key] is None
        assert await change(watched, "encoder_1_multicast_address", "239.1.2.3") == "239.1.2.3"
        assert await change(watched, "encoder_1_multicast_port", 5000) == 5000
        assert await change(watched, "encoder_1_multicast_ttl", 3) == 3
        encoder = simulator.camera.media.configurations[Kind.VIDEO_ENCODER]["video_2"]
        assert isinstance(encoder, VideoEncoder)
        assert (encoder.multicast.address, encoder.multicast.port) == ("239.1.2.3", 5000)
        assert encoder.multicast.ttl == 3
        for wrong in ("192.0.2.1", "nothing", ""):
            with pytest.raises(RefusedError) as refused:
                await watched.board.change("encoder_1_multicast_address", wrong)
            assert refused.value.reason is Reason.OUT_OF_RANGE
        assert await change(watched, "profile_1_multicast", True) is True
        assert simulator.camera.media.streaming.multicast == {2}
        assert await change(watched, "profile_1_multicast", False) is False
        assert simulator.camera.media.streaming.multicast == set()


async def test_no_multicast(session: ClientSession) -> None:
    """A device that says it cannot is not asked to."""
    async with OnvifSimulator() as simulator:
        simulator.fault("GetServiceCapabilities", Fault.NOT_XML)
        async with media_of(session, simulator) as (_, watched):
            assert "profile_0_multicast" in watched.board.settings
        simulator.clear_faults()
        async with media_of(session, simulator) as (part, watched):
            part._service._capabilities = xml(
                '<Capabilities><StreamingCapabilities AutoStartMulticast="false"/></Capabilities>'
            )
            await part.refresh()
            assert "profile_0_multicast" not in watched.board.settings


def test_odd_audio() -> None:
    """Options of nothing, and of codecs that nobody knows."""
    node = '<C token="t"><Encoding>MPEG4-GENERIC</Encoding><Bitrate>x</Bitrate></C>'
    options = (
        "<O><Encoding>MP4A-LATM</Encoding></O>",
        (
            "<O><Encoding>MPEG4-GENERIC</Encoding><BitrateList><Items>32</Items><Items>x</Items>"
            "<Items>64</Items></BitrateList></O>"
        ),
        "<O><Encoding>x-Vendor Codec</Encoding></O>",
        "<O></O>",
    )
    items = described(describe_audio_encoder, node, *options)
    codec = items["codec"].setting
    assert isinstance(codec, Choice)
    assert codec.options == ("aac", "x_vendor_codec", "mpeg4_generic")
    assert items["bit_rate"].value is None
    assert put(items["codec"], node, "x_vendor_codec").text("Encoding") == "x-Vendor Codec"
    assert described(describe_audio_encoder, node) == {}
    assert described(describe_audio_output, '<C token="t"></C>') == {}
    inputs = "".join(f"<InputTokensAvailable>in{n}</InputTokensAvailable>" for n in (1, 2))
    source = '<C token="t"><SourceToken>in1</SourceToken></C>'
    found = described(describe_audio_source, source, f"<O>{inputs}</O>")
    assert found["input"].value == "in1"
    assert put(found["input"], source, "in2").text("SourceToken") == "in2"


def test_odd_video_source() -> None:
    """Rotation is put in where the device left it out; mirroring is its attribute."""
    node = '<C token="t"><SourceToken>s</SourceToken><Bounds x="0"></Bounds></C>'
    options = (
        "<O><BoundsRange><XRange><Min>0</Min><Max>0</Max></XRange></BoundsRange><Extension>"
        '<Rotate Mirror="1"><Mode>OFF</Mode><Mode>ON</Mode><Mode>AUTO</Mode><DegreeList>'
        "<Items>90</Items><Items>180</Items></DegreeList></Rotate></Extension></O>"
    )
    items = described(describe_video_source, node, options)
    assert items.keys() == {"rotation", "degrees", "mirror"}
    assert items["rotation"].value is None
    assert items["mirror"].value is False
    changed = put(items["degrees"], node, "90")
    rotate = changed.child("Extension", "Rotate")
    assert rotate is not None
    assert [child.name for child in rotate] == ["Mode", "Degree"]
    assert changed.text("Extension", "Rotate", "Mode") == "OFF"
    mirrored = put(items["mirror"], node, True).child("Extension", "Rotate")
    assert mirrored is not None
    assert mirrored.attribute("Mirror") == "true"
    assert described(describe_video_source, node) == {}


def test_odd_metadata() -> None:
    """What is missing is put where the schema wants it."""
    node = (
        '<C token="t"><Name>n</Name><Multicast></Multicast><SessionTimeout>x</SessionTimeout></C>'
    )
    option = (
        "<O><PTZStatusFilterOptions><ZoomPositionSupported>true</ZoomPositionSupported>"
        "</PTZStatusFilterOptions></O>"
    )
    items = described(describe_metadata, node, option)
    assert items.keys() == {"ptz_position", "events", "analytics"}
    changed = put(items["ptz_position"], node, True)
    status = changed.child("PTZStatus")
    assert status is not None
    assert [(child.name, child.text()) for child in status] == [
        ("Status", "false"),
        ("Position", "true"),
    ]
    for key, value in (("events", True), ("analytics", True)):
        items[key].put(changed, value)
    assert [child.name for child in changed] == [
        "Name",
        "PTZStatus",
        "Events",
        "Analytics",
        "Multicast",
        "SessionTimeout",
    ]
    items["events"].put(changed, False)
    assert changed.child("Events") is None
    assert described(describe_metadata, node).keys() == {"analytics"}


def test_multicast_of_version_6() -> None:
    """An address of one kind takes the place of one of the other."""
    node = (
        '<C token="t"><Multicast><Address><Type>IPv4</Type><IPv4Address>239.0.0.1</IPv4Address>'
        "</Address></Multicast></C>"
    )
    items = described(multicast_items, node)
    changed = put(items["multicast_address"], node, " FF02::0:1 ")
    address = changed.child("Multicast", "Address")
    assert address is not None
    assert [(child.name, child.text()) for child in address] == [
        ("Type", "IPv6"),
        ("IPv6Address", "ff02::1"),
    ]
