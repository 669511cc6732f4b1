"""Both media services of the simulated ONVIF camera (6)."""

from typing import Any
from xml.etree.ElementTree import tostring

import aiohttp
import pytest

from tests.simulators.onvif import Auth, OnvifSimulator, Quirk
from tests.simulators.onvif.media_parts import Kind
from tests.simulators.onvif_client import Client, Reply

OLD = {
    Kind.VIDEO_SOURCE: "VideoSource",
    Kind.VIDEO_ENCODER: "VideoEncoder",
    Kind.AUDIO_SOURCE: "AudioSource",
    Kind.AUDIO_ENCODER: "AudioEncoder",
    Kind.AUDIO_OUTPUT: "AudioOutput",
    Kind.AUDIO_DECODER: "AudioDecoder",
    Kind.METADATA: "Metadata",
    Kind.ANALYTICS: "VideoAnalytics",
}
VIEW = "video_source_config_1"


def tokens(reply: Reply, local: str) -> list[str | None]:
    """Give the tokens of all elements with this name."""
    return [found.get("token") for found in reply.all(local)]


async def test_one_state(client: aiohttp.ClientSession) -> None:
    """Both services have the same profiles, but for H.265, which the first does not know."""
    async with OnvifSimulator() as sim:
        camera = Client(sim, client)
        old = await camera.ask("trt", "GetProfiles")
        new = await camera.ask("tr2", "GetProfiles", Type="All")
        assert tokens(old, "Profiles") == ["profile_1", "profile_2", "profile_3"]
        assert tokens(new, "Profiles") == ["profile_1", "profile_2", "profile_3", "profile_4"]
        assert old.texts("Encoding") == ["H264", "AAC", "H264", "G711", "JPEG", "G711"]
        encodings = [found.text for one in new.all("VideoEncoder") for found in one][2::7]
        assert encodings == ["H264", "H264", "JPEG", "H265"]
        bare = await camera.ask("tr2", "GetProfiles", Token="profile_2")
        assert tokens(bare, "Profiles") == ["profile_2"]
        assert bare.all("Configurations") == []
        some = await camera.ask("tr2", "GetProfiles", Type="PTZ")
        assert len(some.all("PTZ")) == 4
        assert some.all("VideoSource") == []
        assert (await camera.ask("trt", "GetProfile", ProfileToken="profile_4")).status == 400
        refused = await camera.ask("tr2", "GetProfiles", Token="none")
        assert refused.fault == ["Sender", "InvalidArgVal", "NoProfile"]


@pytest.mark.parametrize("kind", OLD)
async def test_configurations(client: aiohttp.ClientSession, kind: Kind) -> None:
    """Each kind is listed, found by its token, and has options, in both services."""
    async with OnvifSimulator() as sim:
        camera = Client(sim, client)
        for prefix, word in (("trt", OLD[kind]), ("tr2", kind.value)):
            reply = await camera.ask(prefix, f"Get{word}Configurations")
            known = tokens(reply, "Configurations")
            assert known
            if prefix == "trt":
                reply = await camera.ask(
                    prefix, f"Get{word}Configuration", ConfigurationToken=known[0]
                )
                assert tokens(reply, "Configuration") == known[:1]
                reply = await camera.ask(
                    prefix, f"GetCompatible{word}Configurations", ProfileToken="profile_1"
                )
                assert tokens(reply, "Configurations") == known
            else:
                reply = await camera.ask(
                    prefix, f"Get{word}Configurations", ConfigurationToken=known[0]
                )
                assert tokens(reply, "Configurations") == known[:1]
            if kind is not Kind.ANALYTICS:
                name = f"Get{word}ConfigurationOptions"
                reply = await camera.ask(prefix, name, ConfigurationToken=known[0])
                assert reply.all("Options")
                reply = await camera.ask(prefix, name, ConfigurationToken="none")
                assert reply.fault[-1] == "NoConfig"


@pytest.mark.parametrize("kind", OLD)
async def test_round_trip(client: aiohttp.ClientSession, kind: Kind) -> None:
    """What one service says of a configuration may be set by it, with another name."""
    async with OnvifSimulator() as sim:
        camera = Client(sim, client)
        for prefix, word in (("trt", OLD[kind]), ("tr2", kind.value)):
            reply = await camera.ask(prefix, f"Get{word}Configurations")
            found = reply.all("Configurations")[0]
            token = found.get("token") or ""
            named = found.find("{http://www.onvif.org/ver10/schema}Name")
            assert named is not None
            named.text = f"New {prefix}"
            found.tag = found.tag.removesuffix("s")
            reply = await camera.send(
                f"{prefix}_any",
                operation=f"Set{word}Configuration",
                inside=tostring(found, "unicode"),
            )
            known = sim.camera.media.configurations[kind][token]
            if (prefix, kind) == ("tr2", Kind.ANALYTICS):
                # Media2 has the analytics service do this.
                assert reply.status >= 400
            else:
                assert reply.status == 200
                assert known.name == f"New {prefix}"


async def test_loudspeaker_and_sound(client: aiohttp.ClientSession) -> None:
    """Volume and audio codec are set, within their ranges."""
    async with OnvifSimulator(analytics=False) as sim:
        camera = Client(sim, client)
        for level, status in ((80, 200), (101, 400)):
            inside = (
                '<trt:Configuration token="audio_output_config_1"><tt:Name>x</tt:Name>'
                "<tt:UseCount>1</tt:UseCount><tt:OutputToken>audio_output_1</tt:OutputToken>"
                f"<tt:OutputLevel>{level}</tt:OutputLevel></trt:Configuration>"
            )
            reply = await camera.send(
                "trt_any", operation="SetAudioOutputConfiguration", inside=inside
            )
            assert reply.status == status
        reply = await camera.ask("tr2", "GetAudioOutputConfigurations")
        assert reply.text("OutputLevel") == "80"
        for encoding, rate, status in (("PCMU", 8, 200), ("PCMU", 48, 400), ("G726", 8, 400)):
            inside = (
                '<tr2:Configuration token="audio_1"><tt:Name>x</tt:Name>'
                f"<tt:UseCount>1</tt:UseCount><tt:Encoding>{encoding}</tt:Encoding><tt:Bitrate>64</tt:Bitrate>"
                f"<tt:SampleRate>{rate}</tt:SampleRate></tr2:Configuration>"
            )
            reply = await camera.send(
                "tr2_any", operation="SetAudioEncoderConfiguration", inside=inside
            )
            assert reply.status == status
        reply = await camera.ask(
            "trt", "GetAudioEncoderConfiguration", ConfigurationToken="audio_1"
        )
        assert reply.text("Encoding") == "G711"


async def test_old_encoder(client: aiohttp.ClientSession) -> None:
    """Settings by the first service are read back by the second, bent into the ranges."""
    async with OnvifSimulator() as sim:
        camera = Client(sim, client)
        name = "trt_SetVideoEncoderConfiguration"
        good: dict[str, Any] = {
            "token": "video_2",
            "encoding": "H264",
            "width": 640,
            "bitrate": 99999,
        }
        url = await camera.subscribe()
        await camera.pull(url)
        assert (await camera.send(name, **good)).status == 200
        assert [item for item in (await camera.pull(url)).items() if "Media/" in item[0]] == [
            (
                "tns1:Media/ConfigurationChanged",
                None,
                {"Token": "video_2", "Type": "VideoEncoder"},
            )
        ]
        reply = await camera.ask(
            "tr2", "GetVideoEncoderConfigurations", ConfigurationToken="video_2"
        )
        found = reply.all("Configurations")[0]
        assert (found.get("GovLength"), found.get("Profile")) == ("50", "Main")
        assert reply.text("BitrateLimit") == "16384"
        assert reply.text("FrameRateLimit") == "25"
        assert reply.text("IPv4Address") == "239.1.2.3"
        for change in ({"width": "641"}, {"encoding": "H265"}):
            refused = await camera.send(name, **(good | change))
            assert refused.fault == ["Sender", "InvalidArgVal", "ConfigModify"]
        refused = await camera.send(name, **(good | {"token": "video_4"}))
        assert refused.fault[-1] == "NoConfig"


async def test_new_encoder(client: aiohttp.ClientSession) -> None:
    """Media2 sets H.265, whereupon the profile leaves the first service."""
    async with OnvifSimulator() as sim:
        camera = Client(sim, client)
        name = "tr2_SetVideoEncoderConfiguration"
        assert (await camera.send(name, token="video_1", encoding="H265")).status == 200
        encoder = sim.camera.media.encoder(sim.camera.media.profiles[0])
        assert encoder is not None
        assert (encoder.encoding, encoder.size, encoder.rate) == ("H265", (1920, 1080), 10)
        assert encoder.constant
        assert tokens(await camera.ask("trt", "GetProfiles"), "Profiles") == [
            "profile_2",
            "profile_3",
        ]
        options = await camera.ask("tr2", "GetVideoEncoderConfigurationOptions")
        assert options.texts("Encoding") == ["H264", "H265", "JPEG"]
        assert options.all("Options")[1].get("GovLengthRange") == "1 250"
        info = await camera.ask("tr2", "GetVideoEncoderInstances", ConfigurationToken=VIEW)
        assert info.text("Total") == "4"


async def test_profiles(client: aiohttp.ClientSession) -> None:
    """Profiles are made and unmade, with what they need, and each change is told."""
    async with OnvifSimulator(analytics=False) as sim:
        camera = Client(sim, client)
        url = await camera.subscribe()
        await camera.pull(url)
        token = (await camera.ask("tr2", "CreateProfile", Name="Mine")).text("Token")
        about = {"ProfileToken": token}
        encoder = "<tr2:Type>VideoEncoder</tr2:Type><tr2:Token>video_2</tr2:Token>"
        view = f"<tr2:Type>VideoSource</tr2:Type><tr2:Token>{VIEW}</tr2:Token>"
        refused = await camera.ask("tr2", "AddConfiguration", **about, Configuration=encoder)
        assert refused.fault == ["Receiver", "Action", "ConfigurationConflict"]
        refused = await camera.ask("tr2", "GetStreamUri", Protocol="RTSP", **about)
        assert refused.fault[-1] == "IncompleteConfiguration"
        await camera.ask("tr2", "AddConfiguration", **about, Name="Ours", Configuration=view)
        await camera.ask(
            "trt", "AddVideoEncoderConfiguration", **about, ConfigurationToken="video_2"
        )
        profile = sim.camera.media.profile(token)
        assert (profile.name, profile.parts) == (
            "Ours",
            {Kind.VIDEO_SOURCE: VIEW, Kind.VIDEO_ENCODER: "video_2"},
        )
        refused = await camera.ask("trt", "RemoveVideoSourceConfiguration", **about)
        assert refused.fault[-1] == "ConfigurationConflict"
        all_of_it = "<tr2:Type>All</tr2:Type>"
        await camera.ask("tr2", "RemoveConfiguration", **about, Configuration=all_of_it)
        assert profile.parts == {}
        assert (await camera.ask("trt", "DeleteProfile", **about)).status == 200
        refused = await camera.ask("tr2", "DeleteProfile", Token="profile_1")
        assert refused.fault[-1] == "DeletionOfFixedProfile"
        found = [item for item in (await camera.pull(url)).items() if "Media/" in item[0]]
        assert found == [("tns1:Media/ProfileChanged", None, {"Token": token})] * 5
        for _ in range(4):
            assert (await camera.ask("trt", "CreateProfile", Name="x")).status == 200
        refused = await camera.ask("trt", "CreateProfile", Name="x")
        assert refused.fault == ["Receiver", "Action", "MaxNVTProfiles"]


async def test_created_with_parts(client: aiohttp.ClientSession) -> None:
    """CreateProfile of Media2 takes configurations, or makes nothing."""
    async with OnvifSimulator(analytics=False) as sim:
        camera = Client(sim, client)
        inside = (
            "<tr2:Name>x</tr2:Name><tr2:Configuration><tr2:Type>{}</tr2:Type></tr2:Configuration>"
        )
        for kind, status, count in (("VideoSource", 200, 5), ("VideoEncoder", 400, 5)):
            reply = await camera.send(
                "tr2_any", operation="CreateProfile", inside=inside.format(kind)
            )
            assert reply.status in (status, 500)
            assert len(sim.camera.media.profiles) == count


async def test_addresses(client: aiohttp.ClientSession) -> None:
    """Stream and snapshot addresses, right and wrong."""
    setup = (
        "<tt:Stream>RTP-{}</tt:Stream><tt:Transport><tt:Protocol>{}</tt:Protocol></tt:Transport>"
    )
    about = {"ProfileToken": "profile_2"}
    async with OnvifSimulator(analytics=False) as sim:
        camera = Client(sim, client)
        for stream, protocol, wanted in (
            ("Unicast", "RTSP", sim.rtsp_url(2)),
            ("Unicast", "HTTP", f"http://127.0.0.1:{sim.port}/onvif/profile/2"),
        ):
            inside = setup.format(stream, protocol)
            reply = await camera.ask("trt", "GetStreamUri", StreamSetup=inside, **about)
            assert reply.text("Uri") == wanted
        inside = setup.format("Multicast", "HTTP")
        refused = await camera.ask("trt", "GetStreamUri", StreamSetup=inside, **about)
        assert refused.fault[-1] == "InvalidStreamSetup"
        reply = await camera.ask("tr2", "GetStreamUri", Protocol="RtspUnicast", **about)
        assert reply.text("Uri") == sim.rtsp_url(2)
        assert (await camera.ask("tr2", "GetStreamUri", Protocol="X", **about)).status == 400
    async with OnvifSimulator(analytics=False, quirks={Quirk.OTHER_ADDRESS}) as sim:
        camera = Client(sim, client)
        reply = await camera.ask("tr2", "GetStreamUri", Protocol="RTSP", **about)
        assert reply.text("Uri").startswith("rtsp://192.0.2.99:")
        reply = await camera.ask("tr2", "GetSnapshotUri", **about)
        assert reply.text("Uri").startswith("http://192.0.2.99:")


async def snapshot(
    session: aiohttp.ClientSession, sim: OnvifSimulator, login: str = ""
) -> tuple[int, bytes, str]:
    """Fetch a snapshot; `login` is Digest, Basic or nothing."""
    basic = {"Authorization": aiohttp.encode_basic_auth(sim.username, sim.password)}
    digest = aiohttp.DigestAuthMiddleware(sim.username, sim.password)
    async with session.get(
        f"http://127.0.0.1:{sim.port}/onvif/snapshot/2",
        headers=basic if login == "Basic" else None,
        middlewares=(digest,) if login == "Digest" else (),
    ) as answer:
        return answer.status, await answer.read(), answer.headers.get("WWW-Authenticate", "")


async def test_snapshots(client: aiohttp.ClientSession) -> None:
    """Pictures have the profile's size, and logins of their own."""
    async with OnvifSimulator(auth=Auth.NONE, analytics=False) as sim:
        status, picture, _ = await snapshot(client, sim)
        assert (status, picture[:2]) == (200, b"\xff\xd8")
        assert (360).to_bytes(2) + (640).to_bytes(2) in picture
    async with OnvifSimulator(auth=Auth.NONE, quirks={Quirk.SNAPSHOT_EMPTY}) as sim:
        assert (await snapshot(client, sim))[:2] == (200, b"")
    async with OnvifSimulator(analytics=False) as sim:
        status, _, challenge = await snapshot(client, sim)
        assert status == 401
        assert challenge.startswith("Digest ")
        assert (await snapshot(client, sim, "Digest"))[0] == 200
    quirks = {Quirk.SNAPSHOT_OWN_LOGIN}
    async with OnvifSimulator(auth=Auth.NONE, quirks=quirks) as sim:
        status, _, challenge = await snapshot(client, sim)
        assert status == 401
        assert challenge.startswith("Basic ")
        assert (await snapshot(client, sim, "Basic"))[0] == 200
    async with OnvifSimulator(quirks={Quirk.SNAPSHOT_REFUSED}) as sim:
        refused = await Client(sim, client).ask("trt", "GetSnapshotUri", ProfileToken="profile_1")
        assert refused.fault[-1] == "ActionNotSupported"


async def test_source_modes(client: aiohttp.ClientSession) -> None:
    """The sensor's mode is chosen in either service."""
    async with OnvifSimulator(analytics=False) as sim:
        camera = Client(sim, client)
        source = {"VideoSourceToken": "video_source_1"}
        for prefix, mode in (("trt", "mode_wdr"), ("tr2", "mode_30")):
            reply = await camera.ask(
                prefix, "SetVideoSourceMode", **source, VideoSourceModeToken=mode
            )
            assert reply.text("Reboot") == "false"
            reply = await camera.ask(prefix, "GetVideoSourceModes", **source)
            enabled = [one for one in reply.all("VideoSourceModes") if one.get("Enabled") == "true"]
            assert [one.get("token") for one in enabled] == [mode]
        refused = await camera.ask("tr2", "SetVideoSourceMode", **source, VideoSourceModeToken="x")
        assert refused.fault[-1] == "NoVideoSourceMode"


async def test_osds(client: aiohttp.ClientSession) -> None:
    """OSDs are made by one service, changed by the other, and forgotten."""
    async with OnvifSimulator(analytics=False) as sim:
        camera, osds = Client(sim, client), sim.camera.media.osds
        good: dict[str, Any] = {"token": "", "position": "Custom", "x": 0.5, "text": "Way in"}
        token = (await camera.send("tr2_CreateOSD", **good)).text("OSDToken")
        assert (osds[token].text, osds[token].place) == ("Way in", (0.5, -0.5))
        assert osds[token].font_color == (76, 85, 255)
        changed: dict[str, Any] = good | {
            "token": token,
            "text": "Way out",
            "position": "LowerLeft",
        }
        assert (await camera.send("trt_SetOSD", **changed)).status == 200
        reply = await camera.ask("trt", "GetOSD", OSDToken=token)
        assert (reply.text("PlainText"), reply.text("FontSize")) == ("Way out", "24")
        assert len((await camera.ask("tr2", "GetOSDs", OSDToken=token)).all("OSDs")) == 1
        assert len((await camera.ask("trt", "GetOSDs")).all("OSDs")) == 3
        refused = await camera.send("trt_SetOSD", **(changed | {"position": "Custom", "x": 2}))
        assert refused.fault == ["Receiver", "InvalidArgVal", "ConfigModify"]
        assert (await camera.send("trt_SetOSD", **(changed | {"text": "x" * 65}))).status == 500
        await camera.send("tr2_CreateOSD", **good)
        refused = await camera.send("tr2_CreateOSD", **good)
        assert refused.fault == ["Receiver", "Action", "MaxOSDs"]
        assert (await camera.ask("trt", "DeleteOSD", OSDToken=token)).status == 200
        assert (await camera.ask("trt", "GetOSD", OSDToken=token)).fault[-1] == "NoConfig"
        options = await camera.ask("tr2", "GetOSDOptions", ConfigurationToken=VIEW)
        assert options.all("MaximumNumberOfOSDs")[0].get("Total") == "4"


async def test_masks(client: aiohttp.ClientSession) -> None:
    """Masks are made, switched, and forgotten; what is no polygon is refused."""
    async with OnvifSimulator(analytics=False) as sim:
        camera, masks = Client(sim, client), sim.camera.media.masks
        good: dict[str, Any] = {"token": "", "x": 0.5, "enabled": "true"}
        token = (await camera.send("tr2_CreateMask", **good)).text("Token")
        assert masks[token].points == ((0, 0), (0.5, 0), (0.5, 0.5))
        await camera.send("tr2_SetMask", **(good | {"token": token, "enabled": "false"}))
        reply = await camera.ask("tr2", "GetMasks", Token=token)
        assert (reply.text("Enabled"), reply.text("Type")) == ("false", "Blurred")
        refused = await camera.send("tr2_CreateMask", **(good | {"x": 1.5}))
        assert refused.fault == ["Receiver", "InvalidArgVal", "InvalidPolygon"]
        options = await camera.ask("tr2", "GetMaskOptions", ConfigurationToken=VIEW)
        assert options.texts("Types") == ["Color", "Pixelated", "Blurred"]
        assert (await camera.ask("tr2", "DeleteMask", Token=token)).status == 200
        assert (await camera.ask("tr2", "GetMasks", Token=token)).fault[-1] == "NoConfig"
    async with OnvifSimulator(quirks={Quirk.MASKS_REFUSED}) as sim:
        refused = await Client(sim, client).ask("tr2", "GetMasks")
        assert refused.fault[-1] == "ActionNotSupported"


async def test_streaming_commands(client: aiohttp.ClientSession) -> None:
    """Multicast runs from start to stop; synchronization points are counted."""
    async with OnvifSimulator(analytics=False) as sim:
        camera, about = Client(sim, client), {"ProfileToken": "profile_2"}
        assert (await camera.ask("trt", "StartMulticastStreaming", **about)).status == 200
        assert sim.camera.media.joined[2] == 1
        assert (await camera.ask("tr2", "SetSynchronizationPoint", **about)).status == 200
        assert sim.camera.media.streaming.synchronized == 1
        assert (await camera.ask("tr2", "StopMulticastStreaming", **about)).status == 200
        assert sim.camera.media.joined[2] == 0


async def test_quirks(client: aiohttp.ClientSession) -> None:
    """H.265 only; settings taken and not obeyed; no options; tokens that change."""
    quirks = {
        Quirk.H265_ONLY,
        Quirk.ENCODER_IGNORED,
        Quirk.NO_OPTIONS,
        Quirk.PROFILE_TOKENS_CHANGE,
    }
    async with OnvifSimulator(analytics=False, quirks=quirks) as sim:
        camera = Client(sim, client)
        assert (await camera.ask("trt", "GetProfiles")).all("Profiles") == []
        reply = await camera.ask("tr2", "GetVideoEncoderConfigurations")
        assert set(reply.texts("Encoding")) == {"H265"}
        name = "tr2_SetVideoEncoderConfiguration"
        assert (await camera.send(name, token="video_1", encoding="H264")).status == 200
        reply = await camera.ask("tr2", "GetVideoEncoderConfigurations")
        assert set(reply.texts("Encoding")) == {"H265"}
        refused = await camera.ask("tr2", "GetVideoEncoderConfigurationOptions")
        assert refused.fault == ["Receiver", "ActionNotSupported"]
        await sim.reboot(0)
        after = tokens(await camera.ask("tr2", "GetProfiles"), "Profiles")
        assert after == ["profile_1_2", "profile_2_2", "profile_3_2"]
    async with OnvifSimulator(analytics=False, media2=False) as sim:
        camera = Client(sim, client)
        assert len((await camera.ask("trt", "GetProfiles")).all("Profiles")) == 3
