import asyncio

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.errors import Reason, RefusedError
from custom_components.panacam.cams.onvif.configuration import Item, Subject
from custom_components.panacam.cams.onvif.encoder import describe_encoder
from custom_components.panacam.cams.onvif.node import Node
from custom_components.panacam.cams.settings import Choice, Range, Value
from tests.cams.onvif.streaming import change, limits_of, media_of, options_of, xml
from tests.simulators.onvif import Fault, OnvifSimulator, Quirk
from tests.simulators.onvif.media_parts import RESOLUTIONS, Kind, VideoEncoder

SIZES = tuple(f"{width}x{height}" for width, height in RESOLUTIONS)


def encoder_of(simulator: OnvifSimulator, number: int = 1) -> VideoEncoder:
    """Return how a simulated camera encodes."""
    found = simulator.camera.media.configurations[Kind.VIDEO_ENCODER][f"video_{number}"]
    assert isinstance(found, VideoEncoder)
    return found


@pytest.mark.parametrize("media2", [True, False])
async def test_settings(session: ClientSession, *, media2: bool) -> None:
    """Everything that can be set is set in the device, and read back."""
    async with (
        OnvifSimulator(media2=media2) as simulator,
        media_of(session, simulator) as (_, watched),
    ):
        values = watched.board.values
        assert values["encoder_0_codec"] == "h264"
        assert values["encoder_0_gov_length"] == 15
        assert options_of(watched, "encoder_0_resolution") == SIZES
        assert limits_of(watched, "encoder_0_frame_rate") == (1, 30)
        assert limits_of(watched, "encoder_0_bit_rate") == (64, 16384)
        for key, wanted, got in (
            ("resolution", SIZES[0], SIZES[0]),
            ("frame_rate", 24, 25),  # there is no 24
            ("bit_rate", 3000, 3000),
            ("quality", 7, 7),
            ("gov_length", 50, 50),
            ("profile", "main", "main"),
        ):
            assert await change(watched, f"encoder_0_{key}", wanted) == got
        encoder = encoder_of(simulator)
        assert encoder.size == RESOLUTIONS[0]
        assert (encoder.rate, encoder.bit_rate, encoder.quality) == (25, 3000, 7)
        assert (encoder.gov, encoder.profile) == (50, "Main")
        assert encoder_of(simulator, 2).bit_rate == 512
        assert watched.board.settings["encoder_0_bit_rate"].label == "Main"
        assert watched.board.settings["encoder_0_bit_rate"].kind == "encoder_bit_rate"


async def test_constant(session: ClientSession) -> None:
    """Media2 can have the bit rate constant."""
    async with OnvifSimulator() as simulator, media_of(session, simulator) as (_, watched):
        assert await change(watched, "encoder_0_constant_bit_rate", True) is True
        assert encoder_of(simulator).constant
        assert await change(watched, "encoder_0_constant_bit_rate", False) is False


@pytest.mark.parametrize("media2", [True, False])
async def test_codec(session: ClientSession, *, media2: bool) -> None:
    """With the codec goes what the other one cannot have, and comes what it needs."""
    async with (
        OnvifSimulator(media2=media2) as simulator,
        media_of(session, simulator) as (_, watched),
    ):
        assert "encoder_0_gov_length" in watched.board.settings
        assert await change(watched, "encoder_0_codec", "jpeg") == "jpeg"
        assert encoder_of(simulator).encoding == "JPEG"
        assert "encoder_0_gov_length" not in watched.board.settings
        assert "encoder_0_profile" not in watched.board.values
        assert await change(watched, "encoder_0_codec", "h264") == "h264"
        assert watched.board.values["encoder_0_profile"] in {"main", "high"}
        assert watched.board.values["encoder_0_gov_length"] == 30
        if media2:
            assert await change(watched, "encoder_0_codec", "h265") == "h265"
            assert encoder_of(simulator).profile == "Main"


async def test_ignored(session: ClientSession) -> None:
    """What a device only pretends to have set is shown as it is."""
    async with (
        OnvifSimulator(quirks={Quirk.ENCODER_IGNORED}) as simulator,
        media_of(session, simulator) as (_, watched),
    ):
        assert await change(watched, "encoder_0_bit_rate", 3000) == 2048
        assert await change(watched, "encoder_0_codec", "h265") == "h264"
        assert not watched.told


async def test_no_options(session: ClientSession) -> None:
    """What may be set is not guessed."""
    async with (
        OnvifSimulator(quirks={Quirk.NO_OPTIONS}) as simulator,
        media_of(session, simulator) as (part, watched),
    ):
        assert len(part.streams) == 4
        rows = {key for key in watched.board.settings if key.startswith("encoder_0")}
        assert rows == {
            f"encoder_0_multicast_{name}" for name in ("address", "port", "ttl", "auto_start")
        }
        assert "osd_0_position" not in watched.board.settings


async def test_refused(session: ClientSession) -> None:
    """What a device refuses stays as it was."""
    async with OnvifSimulator() as simulator, media_of(session, simulator) as (_, watched):
        simulator.fault("SetVideoEncoderConfiguration", Fault.FAULT_500)
        with pytest.raises(RefusedError):
            await watched.board.change("encoder_0_bit_rate", 3000)
        assert watched.board.values["encoder_0_bit_rate"] == 2048
        with pytest.raises(RefusedError) as refused:
            await watched.board.change("encoder_0_resolution", "1x1")
        assert refused.value.reason is Reason.OUT_OF_RANGE


async def test_read_back_without_the_operation(session: ClientSession) -> None:
    """A device that tells its configurations only in profiles is read back by these."""
    async with OnvifSimulator() as simulator, media_of(session, simulator) as (_, watched):
        simulator.fault("GetVideoEncoderConfigurations", Fault.EMPTY_RESPONSE)
        assert await change(watched, "encoder_0_bit_rate", 3000) == 3000


async def test_at_once(session: ClientSession) -> None:
    """Two settings of one configuration set at the same time are both set."""
    async with OnvifSimulator() as simulator, media_of(session, simulator) as (_, watched):
        await asyncio.gather(
            *(
                watched.board.change(f"encoder_0_{name}", value)
                for name, value in (("bit_rate", 3000), ("quality", 9), ("gov_length", 99))
            )
        )
        encoder = encoder_of(simulator)
        assert (encoder.bit_rate, encoder.quality, encoder.gov) == (3000, 9, 99)


async def test_gone(session: ClientSession) -> None:
    """What can no longer be set is refused."""
    async with OnvifSimulator() as simulator, media_of(session, simulator) as (_, watched):
        encoder_of(simulator).encoding = "JPEG"  # by somebody else
        with pytest.raises(RefusedError) as refused:
            await watched.board.change("encoder_0_gov_length", 20)
        assert refused.value.reason is Reason.UNSUPPORTED


def described(node: str, *options: str) -> dict[str, Item]:
    """Describe a configuration by its XML."""
    subject = Subject(xml(node), tuple(map(xml, options)), "encoder_0", "")
    return {item.setting.key.removeprefix("encoder_0_"): item for item in describe_encoder(subject)}


OLD = """<VideoEncoderConfiguration token="t"><Name>n</Name><Encoding>MPEG4</Encoding>
<Resolution><Width>640</Width><Height>480</Height></Resolution><Quality>3</Quality>
<RateControl><FrameRateLimit>20</FrameRateLimit><EncodingInterval>1</EncodingInterval>
<BitrateLimit>20000</BitrateLimit></RateControl>
<MPEG4><GovLength>10</GovLength><Mpeg4Profile>SP</Mpeg4Profile></MPEG4>
<Multicast><Address><Type>IPv6</Type><IPv6Address>ff02::1</IPv6Address></Address><Port>x</Port>
</Multicast><SessionTimeout>PT1M</SessionTimeout></VideoEncoderConfiguration>"""
OLD_OPTIONS = """<Options GuaranteedFrameRateSupported="true"><QualityRange><Min>5</Min><Max>1</Max>
</QualityRange><JPEG><ResolutionsAvailable><Width>320</Width><Height>240</Height>
</ResolutionsAvailable><FrameRateRange><Min>1</Min><Max>5</Max></FrameRateRange></JPEG>
<MPEG4><ResolutionsAvailable><Width>0</Width><Height>x</Height></ResolutionsAvailable>
<GovLengthRange><Min>1</Min><Max>60</Max></GovLengthRange>
<FrameRateRange><Min>1</Min></FrameRateRange>
<EncodingIntervalRange><Min>1</Min><Max>4</Max></EncodingIntervalRange>
<Mpeg4ProfilesSupported>SP</Mpeg4ProfilesSupported>
<Mpeg4ProfilesSupported>ASP</Mpeg4ProfilesSupported></MPEG4>
<H264><ResolutionsAvailable><Width>640</Width><Height>480</Height></ResolutionsAvailable>
<GovLengthRange><Min>20</Min><Max>60</Max></GovLengthRange>
<H264ProfilesSupported>Baseline</H264ProfilesSupported></H264></Options>"""


def put(item: Item, node: str, value: Value) -> Node:
    """Return the XML with a value put in."""
    changed = xml(node)
    item.put(changed, value)
    return changed


def test_odd_options() -> None:
    """Ranges upside down are turned, those that are none left out, values outside them allowed."""
    items = described(OLD, OLD_OPTIONS)
    assert items.keys() == {
        "codec",
        "quality",
        "profile",
        "bit_rate",
        "interval",
        "gov_length",
        "guaranteed_frame_rate",
        "multicast_address",
    }
    quality, rate = items["quality"].setting, items["bit_rate"].setting
    assert isinstance(quality, Range)
    assert isinstance(rate, Range)
    assert (quality.minimum, quality.maximum) == (1, 5)
    assert rate.maximum == 20000  # what is now is possible
    codec = items["codec"].setting
    assert isinstance(codec, Choice)
    assert codec.options == ("h264", "jpeg", "mpeg4")
    assert items["multicast_address"].value == "ff02::1"
    assert put(items["interval"], OLD, 3).text("RateControl", "EncodingInterval") == "3"
    assert put(items["profile"], OLD, "asp").text("MPEG4", "Mpeg4Profile") == "ASP"
    assert put(items["gov_length"], OLD, 5).text("MPEG4", "GovLength") == "5"
    guaranteed = put(items["guaranteed_frame_rate"], OLD, True)
    assert guaranteed.attribute("GuaranteedFrameRate") == "true"


def test_codec_of_the_first_service() -> None:
    """Elements of the other codec stand where the schema wants them."""
    codec = described(OLD, OLD_OPTIONS)["codec"]
    changed = put(codec, OLD, "h264")
    names = [node.name for node in changed]
    assert names[5:7] == ["H264", "Multicast"]
    assert changed.text("H264", "GovLength") == "20"
    assert changed.text("H264", "H264Profile") == "Baseline"
    special = changed.child("H264")
    assert special is not None
    assert str(special.element.tag).startswith("{http://www.onvif.org/ver10/schema}")
    changed = put(codec, OLD, "jpeg")
    assert changed.child("MPEG4") is None
    assert changed.text("Resolution", "Width") == "320"
    assert changed.text("RateControl", "FrameRateLimit") == "5"
    again = described(
        OLD.replace("MPEG4", "H264").replace("Mpeg4Profile", "H264Profile"), OLD_OPTIONS
    )
    mpeg4 = put(again["codec"], OLD.replace("MPEG4", "H264"), "mpeg4")
    assert mpeg4.text("MPEG4", "Mpeg4Profile") == "SP"


NEW = """<VideoEncoder token="t" GovLength="x" Profile="Main"><Encoding>video/HEVC</Encoding>
<Resolution><Width>100</Width></Resolution><Quality>0.5</Quality></VideoEncoder>"""
NEW_OPTIONS = """<Options GovLengthRange="1 250" FrameRatesSupported="0 x 12.5 25"
 ProfilesSupported="Main Main10"><Encoding>H265</Encoding>
<QualityRange><Min>0</Min><Max>1.5</Max></QualityRange></Options>"""


def test_odd_options_of_media2() -> None:
    """No rate control means that no rate is set; what is no number is none."""
    items = described(NEW, NEW_OPTIONS)
    assert items.keys() == {"quality", "profile", "gov_length"}
    quality = items["quality"].setting
    assert isinstance(quality, Range)
    assert quality.step == 0.1
    assert items["gov_length"].value is None
    assert put(items["gov_length"], NEW, 7).attribute("GovLength") == "7"
    controlled = NEW.replace(
        "</Resolution>",
        "</Resolution><RateControl><FrameRateLimit>25</FrameRateLimit></RateControl>",
    )
    rate = described(controlled, NEW_OPTIONS)["frame_rate"]
    assert put(rate, controlled, 15).text("RateControl", "FrameRateLimit") == "12.5"


def test_no_options_for_the_codec() -> None:
    """A codec without options is left alone."""
    assert described(NEW, NEW_OPTIONS.replace("H265", "H264")) == {}
    both = described(NEW, NEW_OPTIONS, "<Options><Encoding>AV1</Encoding></Options>")
    changed = put(both["codec"], NEW, "av1")
    assert changed.text("Encoding") == "AV1"
    assert changed.attribute("GovLength") is None
