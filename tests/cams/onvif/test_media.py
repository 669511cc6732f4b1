import asyncio
from collections.abc import Callable
from unittest.mock import patch

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.device import Reconfigured
from custom_components.panacam.cams.errors import (
    AuthError,
    ConnectError,
    ProtocolError,
    Reason,
    RefusedError,
)
from custom_components.panacam.cams.onvif import media
from custom_components.panacam.cams.onvif.media import MediaPart
from custom_components.panacam.cams.onvif.messages import Message
from custom_components.panacam.cams.onvif.profiles import MAX_PROFILES
from custom_components.panacam.cams.onvif.system import SystemPart
from custom_components.panacam.cams.stream import RtspStream, Transport
from tests.cams.onvif.streaming import change, media_of
from tests.cams.onvif.support import Watched, client_for, known_client
from tests.simulators.onvif import Fault, OnvifSimulator, Quirk
from tests.simulators.onvif.media_parts import Kind, Profile, VideoEncoder

PROFILE_CHANGED = Message(topic="Media/ProfileChanged", source={"Token": "profile_1"})
CONFIGURATION_CHANGED = Message(
    topic="Media/ConfigurationChanged", source={"Token": "video_1", "Type": "VideoEncoder"}
)


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read what changed at once."""
    monkeypatch.setattr(media, "SETTLE_TIME", 0.01)


def streams_of(part: MediaPart) -> list[RtspStream]:
    """Return the streams, which all go by RTSP."""
    return [stream for stream in part.streams if isinstance(stream, RtspStream)]


async def until(test: Callable[[], object]) -> None:
    """Wait until something is true."""
    async with asyncio.timeout(5):
        while not test():  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)


async def test_streams(session: ClientSession) -> None:
    """A stream for each profile with video; one of them is what most people want."""
    async with OnvifSimulator() as simulator, media_of(session, simulator) as (part, watched):
        streams = streams_of(part)
        assert [stream.key for stream in streams] == [f"0_profile_{n}" for n in range(1, 5)]
        assert [stream.label for stream in streams] == ["Main", "Sub", "JPEG", "H.265"]
        assert [stream.codec for stream in streams] == ["h264", "h264", "jpeg", "h265"]
        assert [stream.preferred for stream in streams] == [True, False, False, False]
        assert {(stream.host, stream.port) for stream in streams} == {
            ("127.0.0.1", simulator.rtsp_port)
        }
        assert [stream.path for stream in streams] == [f"/onvif/profile/{n}" for n in range(1, 5)]
        assert streams[0].credentials is not None
        assert simulator.password not in repr(streams)
        assert watched.board.transmitting == {stream.key: True for stream in streams}
        main = watched.board.profiles[0]
        assert (main.token, main.codec, main.width, main.height) == (
            "profile_1",
            "h264",
            1280,
            720,
        )
        assert main.fixed
        assert main.media2
        assert main.video_source == "video_source_1"
        assert main.ptz_node
        assert main.configurations["video_encoder"] == "video_1"
        assert set(main.configurations) == {
            "video_source",
            "video_encoder",
            "audio_source",
            "audio_encoder",
            "audio_output",
            "audio_decoder",
            "metadata",
            "analytics",
            "ptz",
        }


async def test_first_service(session: ClientSession) -> None:
    """Without Media2 the first service has all but H.265 and masks."""
    async with (
        OnvifSimulator(media2=False) as simulator,
        media_of(session, simulator) as (part, watched),
    ):
        assert [stream.codec for stream in streams_of(part)] == ["h264", "h264", "jpeg"]
        main = watched.board.profiles[0]
        assert not main.media2
        assert set(main.configurations) >= {"audio_output", "audio_decoder", "analytics", "ptz"}
        assert main.ptz_node
        assert part.osds is not None
        assert part.profiles is not None
        assert part.masks is None
        assert part.imager is not None


async def test_media2_only(session: ClientSession) -> None:
    """A device may have Media2 alone, and nothing but H.265."""
    async with (
        OnvifSimulator(media=False, quirks={Quirk.H265_ONLY}) as simulator,
        media_of(session, simulator) as (part, _),
    ):
        streams = streams_of(part)
        assert {stream.codec for stream in streams} == {"h265"}
        assert [stream.preferred for stream in streams] == [True, False, False]


@pytest.mark.parametrize("fault", [Fault.FAULT_500, Fault.WRONG_RESPONSE, Fault.EMPTY_RESPONSE])
async def test_media2_does_not_work(session: ClientSession, fault: Fault) -> None:
    """Profiles come from the first service when Media2 has none to tell of."""
    async with OnvifSimulator() as simulator:
        simulator.fault("GetProfiles", fault, times=1)
        async with media_of(session, simulator) as (part, watched):
            assert len(part.streams) == 3
            assert not watched.board.profiles[0].media2
            assert await change(watched, "encoder_0_bit_rate", 1024) == 1024


@pytest.mark.parametrize("fault", [Fault.FAULT_500, Fault.WRONG_RESPONSE, Fault.EMPTY_RESPONSE])
async def test_no_profiles(session: ClientSession, fault: Fault) -> None:
    """A device that has or tells no profiles has no streams, and is a device all the same."""
    async with OnvifSimulator() as simulator:
        simulator.fault("GetProfiles", fault)
        async with media_of(session, simulator) as (part, watched):
            assert part.streams == ()
            assert part.imager is part.profiles is part.osds is part.masks is None
            assert watched.board.profiles == ()
            assert part.preferred() is None
            await part.refresh()
            simulator.clear_faults()
            await part.connect()
            assert len(part.streams) == 4


async def test_profiles_are_not_told_again(session: ClientSession) -> None:
    """What was there stays when a device that comes back answers nonsense."""
    async with OnvifSimulator() as simulator, media_of(session, simulator) as (part, watched):
        simulator.fault("GetProfiles", Fault.NOT_XML)
        with pytest.raises(ProtocolError):
            await part.connect()
        await part.refresh()
        assert len(watched.board.profiles) == len(part.streams) == 4
        assert not watched.told


async def test_many_profiles(session: ClientSession) -> None:
    """At most so many profiles are looked at; names that are the same get a number."""
    async with OnvifSimulator() as simulator:
        parts = dict(simulator.camera.media.profiles[0].parts)
        simulator.camera.media.profiles += [
            Profile(number=n, token=f"more_{n}", name="Main\u202e\x07", fixed=False, parts=parts)
            for n in range(5, 105)
        ]
        async with media_of(session, simulator) as (part, watched):
            assert len(part.streams) == len(watched.board.profiles) == MAX_PROFILES
            labels = [stream.label for stream in part.streams]
            assert len(set(labels)) == MAX_PROFILES
            assert labels[:6] == ["Main", "Sub", "JPEG", "H.265", "Main 2", "Main 3"]


async def test_without_video(session: ClientSession) -> None:
    """A profile without an encoder has no stream, and keeps its number."""
    async with OnvifSimulator() as simulator:
        first = simulator.camera.media.profiles[0]
        first.parts = {
            kind: token for kind, token in first.parts.items() if kind is not Kind.VIDEO_ENCODER
        }
        async with media_of(session, simulator) as (part, watched):
            assert [stream.key for stream in part.streams] == [
                "0_profile_2",
                "0_profile_3",
                "0_profile_4",
            ]
            assert part.streams[0].preferred
            assert watched.board.profiles[0].codec == ""


@pytest.mark.parametrize("media2", [True, False])
@pytest.mark.parametrize("transport", Transport)
async def test_transports(session: ClientSession, transport: Transport, *, media2: bool) -> None:
    """Streams are asked for by the transport that is wanted; by HTTP they are on its port."""
    async with (
        OnvifSimulator(media2=media2) as simulator,
        media_of(session, simulator, transport=transport) as (part, watched),
    ):
        stream = streams_of(part)[0]
        assert stream.transport is transport
        by_http = transport is Transport.HTTP
        assert stream.port == (simulator.port if by_http else simulator.rtsp_port)
        place = await part.stream_place(watched.board.profiles[0])
        assert (place.port, place.path) == (simulator.rtsp_port, "/onvif/profile/1")


async def test_refused_transport(session: ClientSession) -> None:
    """Where one transport is refused, the stream is there by another; a profile may have none."""
    async with OnvifSimulator() as simulator:
        simulator.fault("GetStreamUri", Fault.FAULT_500, times=1)
        async with media_of(session, simulator, transport=Transport.UDP) as (part, _):
            assert len(part.streams) == 4
        simulator.fault("GetStreamUri", Fault.FAULT_500, times=1)
        async with media_of(session, simulator, transport=Transport.TCP) as (part, _):
            assert len(part.streams) == 3
            assert [stream.preferred for stream in part.streams].count(True) == 1


@pytest.mark.parametrize(
    "quirk", [Quirk.OTHER_ADDRESS, Quirk.OTHER_PORT, Quirk.OTHER_SCHEME, Quirk.EMPTY_UNKNOWN]
)
async def test_other_addresses(session: ClientSession, quirk: Quirk) -> None:
    """Streams are on the host that was configured, whatever the device says."""
    async with (
        OnvifSimulator(quirks={quirk}) as simulator,
        media_of(session, simulator, rtsp_port=simulator.rtsp_port) as (part, _),
    ):
        for stream in streams_of(part):
            assert (stream.host, stream.port) == ("127.0.0.1", simulator.rtsp_port)
        assert part.imager is not None
        assert (await part.imager.snapshot())[:2] == b"\xff\xd8"


async def test_strange_addresses(session: ClientSession) -> None:
    """Paths are escaped; what is no address, or endless, is no stream."""
    async with OnvifSimulator() as simulator:
        addresses = iter(
            [
                "rtsp://h/a b?x=\u00e4%20&y=1",
                "gopher://h/",
                "rtsp://h:99999/",
                "rtsp://h/" + "x" * 3000,
            ]
        )
        with patch(
            "tests.simulators.onvif.services.media2.stream_address",
            lambda *_, **__: next(addresses),
        ):
            async with media_of(session, simulator) as (part, _):
                paths = [stream.path for stream in streams_of(part)]
        assert paths == ["/a%20b?x=%C3%A4%20&y=1"]


async def test_keyframe(session: ClientSession) -> None:
    """A viewer who comes gets a key picture, after a restart with other tokens, too."""
    quirks = {Quirk.PROFILE_TOKENS_CHANGE}
    async with (
        OnvifSimulator(quirks=quirks) as simulator,
        media_of(session, simulator) as (part, watched),
    ):
        asked: list[int] = []
        simulator.camera.media.streaming.on_synchronize = asked.append
        keyframe = streams_of(part)[1].ask_keyframe
        assert keyframe is not None
        await keyframe()
        rows = set(watched.board.settings)
        before = part.streams
        await simulator.reboot(0.05)
        simulator.camera.media.streaming.on_synchronize = asked.append
        assert watched.board.profiles[1].token == "profile_2"
        await part.connect()
        assert watched.board.profiles[1].token.startswith("profile_2_")
        assert set(watched.board.settings) == rows
        assert part.streams == before
        await keyframe()
        assert asked == [2, 2]
        assert await change(watched, "profile_0_audio", False) is False
        await part.ask_keyframe(watched.board.profiles[0])
        simulator.camera.media.profiles.pop()
        await part.connect()
        await streams_of(part)[0].ask_keyframe()  # type: ignore[misc]
        assert asked == [2, 2, 1, 1]


async def test_new_stream(session: ClientSession) -> None:
    """Events of other streams make the device be set up again, once for all of them."""
    async with OnvifSimulator() as simulator, media_of(session, simulator) as (part, watched):
        encoder = simulator.camera.media.configurations[Kind.VIDEO_ENCODER]["video_1"]
        assert isinstance(encoder, VideoEncoder)
        encoder.encoding = "H265"
        count = simulator.count("GetProfiles")
        for _ in range(1000):
            assert part.heard(PROFILE_CHANGED)
            assert part.heard(CONFIGURATION_CHANGED)
        await until(lambda: watched.told)
        assert watched.told == [Reconfigured()]
        assert streams_of(part)[0].codec == "h265"
        assert simulator.count("GetProfiles") - count < 4
        simulator.camera.media.profiles.pop()
        part.heard(PROFILE_CHANGED)
        await until(lambda: len(watched.told) == 2)
        assert len(part.streams) == 3


async def test_other_settings(session: ClientSession) -> None:
    """Events of what others set show it, and set nothing up again."""
    async with OnvifSimulator() as simulator, media_of(session, simulator) as (part, watched):
        encoder = simulator.camera.media.configurations[Kind.VIDEO_ENCODER]["video_1"]
        assert isinstance(encoder, VideoEncoder)
        encoder.bit_rate = 777
        count = simulator.count("GetStreamUri")
        assert part.heard(CONFIGURATION_CHANGED)
        await until(lambda: watched.states)
        assert watched.states[-1].settings["encoder_0_bit_rate"] == 777
        assert not watched.told
        assert simulator.count("GetStreamUri") == count
        encoder.bit_rate = 888
        await part.refresh()
        assert watched.board.values["encoder_0_bit_rate"] == 888


async def test_event_of_a_device_that_dies(session: ClientSession) -> None:
    """What an event asked for ends with the part, and fails without a word."""
    async with OnvifSimulator() as simulator, media_of(session, simulator) as (part, watched):
        simulator.fault("GetProfiles", Fault.FAULT_500, times=1)
        part.heard(PROFILE_CHANGED)
        await asyncio.sleep(0.1)
        simulator.fault("*", Fault.HANG)
        part.heard(PROFILE_CHANGED)
        await asyncio.sleep(0.1)
        async with asyncio.timeout(2):
            await part.close()
        assert len(watched.board.profiles) == 4
        assert not watched.told


async def test_own_writes(session: ClientSession) -> None:
    """A change of ours sets nothing up again, unless streams are others by it."""
    async with OnvifSimulator() as simulator, media_of(session, simulator) as (part, watched):
        assert await change(watched, "encoder_1_resolution", "1920x1080") == "1920x1080"
        assert await change(watched, "profile_1_audio", False) is False
        part.heard(CONFIGURATION_CHANGED)
        await asyncio.sleep(0.2)
        assert not watched.told
        assert await change(watched, "encoder_1_codec", "h265") == "h265"
        assert watched.told == [Reconfigured()]


async def test_connections(session: ClientSession) -> None:
    """Who watches is told by events, and not known without them."""
    async with OnvifSimulator() as simulator, media_of(session, simulator) as (part, watched):
        key = "profile_1_active_connections"
        topic = "Monitoring/Profile/ActiveConnections"
        message = Message(
            topic=topic, source={"ProfileToken": "profile_2"}, data={"Status": "512 10 512 9.5"}
        )
        assert part.heard(message)
        assert watched.board.read[key] == 2
        assert watched.board.readings[key].label == "Sub"
        assert watched.states[-1].readings[key] == 2
        part.heard(Message(topic=topic, source={"ProfileToken": "profile_2"}, data={}))
        assert watched.board.read[key] == 0
        part.heard(Message(topic=topic, source={"ProfileToken": "nobody"}, data={"S": "1 2"}))
        assert watched.board.read[key] == 0
        part.heard(message)
        part.deaf()
        assert watched.board.read[key] is None
        part.heard(message)
        part.heard(
            Message(topic=topic, operation="Deleted", source=message.source, data=message.data)
        )
        assert watched.board.read[key] == 0
        assert not part.heard(Message(topic="Device/Trigger/Relay"))


async def test_not_reached(session: ClientSession) -> None:
    """A device that is gone is an error, not one without profiles."""
    async with OnvifSimulator() as simulator:
        client = await known_client(session, simulator)
        part = MediaPart(client, Watched().board)
    with pytest.raises(ConnectError):
        await part.connect()
    await part.close()


async def test_no_media_at_all(session: ClientSession) -> None:
    """A device without media services is one without streams."""
    async with OnvifSimulator(media=False, media2=False) as simulator:
        client = await known_client(session, simulator)
        watched = Watched()
        part = MediaPart(client, watched.board)
        await part.connect()
        assert part.streams == ()
        assert not watched.board.settings
        with pytest.raises(RefusedError) as refused:
            await MediaPart(client_for(session, simulator), watched.board).ask_keyframe(
                media.Profile(index=0, token="x", name="x", configurations={})
            )
        assert refused.value.reason is Reason.UNSUPPORTED
        client.close()


async def test_login_of_a_guest(session: ClientSession) -> None:
    """A login that may only look sees the streams; the rest is refused, and no wrong login."""
    async with OnvifSimulator() as simulator:
        client = client_for(session, simulator, username="viewer", password="Gast/7")
        watched = Watched()
        await SystemPart(client, watched.board).identify()
        simulator.fault("GetVideoSourceModes", Fault.UNAUTHORIZED)
        simulator.fault("GetOSDOptions", Fault.UNAUTHORIZED)
        part = MediaPart(client, watched.board)
        await part.connect()
        assert len(part.streams) == 4
        with pytest.raises(RefusedError) as refused:
            await watched.board.change("encoder_0_bit_rate", 1000)
        assert refused.value.reason is Reason.NO_PRIVILEGE
        simulator.set_password("viewer", "another")
        with pytest.raises(AuthError):
            await part.refresh()
        client.close()


@pytest.mark.parametrize("operation", ["GetMasks", "GetStreamUri", "GetOSDOptions"])
async def test_dies_while_it_is_asked(session: ClientSession, operation: str) -> None:
    """The first request that fails ends the others."""
    async with OnvifSimulator() as simulator:
        client = await known_client(session, simulator)
        part = MediaPart(client, Watched().board)
        simulator.fault("GetVideoSourceModes", Fault.HANG)
        simulator.fault(operation, Fault.RESET)
        async with asyncio.timeout(3):
            with pytest.raises(ConnectError):
                await part.connect()
        assert not [task for task in asyncio.all_tasks() if "MediaService" in repr(task)]
        client.close()
