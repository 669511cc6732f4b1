"""What a camera sends to a group: believed as far as it is one, joined, and left again."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
import socket
from types import SimpleNamespace
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.panacam.cams.errors import (
    AuthError,
    CameraError,
    ConnectError,
    ProtocolError,
    Reason,
    RefusedError,
)
from custom_components.panacam.cams.net import rtsp_client, rtsp_multicast as module
from custom_components.panacam.cams.net.rtsp_client import RtspClient
from custom_components.panacam.cams.net.rtsp_multicast import Group, Member, agreed, interface_of
from custom_components.panacam.cams.net.sdp import Media, parse
from custom_components.panacam.cams.stream import Credentials
from tests.cams.bridge.support import until
from tests.cams.net.rtsp_peer import Answer, RtspPeer, reply
from tests.multicast import (
    GROUP,
    GROUP_6,
    heard,
    members,
    needs_groups,
    needs_version_6,
    receiver,
    sender,
)

PORT = 41_976
SDP = b"""v=0\r
o=- 1 1 IN IP4 192.0.2.7\r
s=-\r
c=IN IP4 239.192.77.9/7\r
t=0 0\r
m=video 41980/2 RTP/AVP 96\r
a=rtpmap:96 H264/90000\r
a=fmtp:96 packetization-mode=1\r
a=control:trackID=1\r
m=audio 41990 RTP/AVP 0\r
c=IN IP6 FF15::9/3\r
a=control:trackID=2\r
"""
TOLD = f"RTP/AVP;multicast;destination={GROUP};port={PORT}-{PORT + 1};ttl=5"


def media(**changes: Any) -> Media:
    """Return a medium of a description without a group."""
    return Media(kind="video", formats=(), direction="recvonly", control="", **changes)


# -- What is agreed


def test_description() -> None:
    """Where a medium goes is in the lines of the medium, else in those of the whole (4566, 5.7)."""
    video, audio = parse(SDP).media
    assert (video.address, video.ttl, video.port) == ("239.192.77.9", 7, 41980)
    assert (audio.address, audio.ttl, audio.port) == ("FF15::9", None, 41990)
    assert video.formatting == ("a=rtpmap:96 H264/90000", "a=fmtp:96 packetization-mode=1")


@pytest.mark.parametrize(
    "line", ["c=", "c=IN IP4", "c=IN IP4 a b", "c=IN IP4 239.0.0.1/", "c=IN IP4 239.0.0.1/x/y"]
)
def test_broken_description(line: str) -> None:
    """A line that is none says nothing, or nothing of the TTL."""
    (found,) = parse(f"v=0\nm=video x RTP/AVP 96\n{line}\n".encode()).media
    assert found.address in {"", "239.0.0.1"}
    assert (found.ttl, found.port) == (None, 0)


def test_of_the_answer() -> None:
    """The answer counts before the description."""
    video = parse(SDP).media[0]
    found = agreed(TOLD, video)
    assert (str(found.address), found.ports, found.ttl) == (GROUP, (PORT, PORT + 1), 5)
    found = agreed("RTP/AVP/UDP;multicast;ttl=300", video)
    assert (str(found.address), found.ports, found.ttl) == ("239.192.77.9", (41980, 41981), 255)
    found = agreed("RTP/AVP;multicast;client_port=5000-5007", video)
    assert (found.ports, found.ttl) == ((5000, 5007), 7)
    found = agreed("", parse(SDP).media[1])
    assert (str(found.address), found.ports, found.ttl) == ("ff15::9", (41990, 41991), 1)
    found = agreed("multicast;Destination=[ff15::8];PORT=6000;ttl=0", video)
    assert (str(found.address), found.ports, found.ttl) == ("ff15::8", (6000, 6001), 0)


@pytest.mark.parametrize(
    "destination",
    [
        "192.0.2.9",
        "127.0.0.1",
        "255.255.255.255",
        "0.0.0.0",
        "224.0.0.251",
        "240.0.0.1",
        "238.1.2",
        "camera.example",
        "::1",
        "fe80::1",
        "ff01::1",
        "ff15::1%eth0",
        "::ffff:239.1.2.3",
        "",
    ],
)
def test_no_group(destination: str) -> None:
    """Nothing but a group is listened at or sent to, whatever a camera says."""
    with pytest.raises(ProtocolError) as caught:
        agreed(f"RTP/AVP;multicast;destination={destination};port=5000", media())
    assert caught.value.reason is Reason.UNEXPECTED_REPLY
    assert not destination or destination not in str(caught.value)
    with pytest.raises(ProtocolError):
        agreed("RTP/AVP;multicast", media(address=destination, port=5000))


@pytest.mark.parametrize("ports", ["0", "1023", "65535", "65536", "5000-5000", "5000-80", "", "x"])
def test_no_ports(ports: str) -> None:
    """Ports of the system, and pairs that are none, are refused."""
    with pytest.raises(ProtocolError):
        agreed(f"RTP/AVP;multicast;destination={GROUP};port={ports}", media())


def test_unicast_answer() -> None:
    """Who is asked for a group and answers something else is not understood."""
    with pytest.raises(ProtocolError):
        agreed("RTP/AVP;unicast;client_port=5000-5001", parse(SDP).media[0])


@given(st.text(max_size=60), st.text(max_size=30))
def test_rubbish(transport: str, address: str) -> None:
    """Whatever it says, it is a group or an error."""
    try:
        found = agreed(transport, media(address=address, port=5000))
    except ProtocolError:
        return
    assert found.address.is_multicast


# -- Being a member


@pytest.fixture
def groups(socket_enabled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Need groups on the loopback interface."""
    needs_groups()
    monkeypatch.setattr(rtsp_client, "REQUEST_TIMEOUT", 1.0)


class Heard:
    """A client that was told to join, and what it took."""

    def __init__(self, client: RtspClient) -> None:
        """Take nothing yet."""
        self.client = client
        self.packets: list[bytes] = []
        self.reports: list[bytes] = []
        self.lost: list[CameraError] = []

    async def join(self, medium: int = 0) -> Member:
        """Join the group of a medium, and play it."""
        description = await self.client.describe()
        track = await self.client.join(
            description.media[medium], self.packets.append, self.reports.append
        )
        await self.client.play()
        assert isinstance(track, Member)
        return track


@asynccontextmanager
async def joining(
    answer: Answer = None, credentials: Credentials | None = None
) -> AsyncGenerator[tuple[Heard, RtspPeer]]:
    """Connect to a camera that answers SETUP like this."""
    async with RtspPeer(sdp=SDP) as peer:
        peer.answers["SETUP"] = answer or reply(Session="5cafe", Transport=TOLD)
        client = RtspClient("127.0.0.1", peer.port, "/s", credentials)
        async with client:
            yield Heard(client), peer


async def test_member(groups: None) -> None:
    """Packets of the group come; after the end nobody is a member of it."""
    async with joining() as (got, peer):
        assert members(GROUP) == 0
        await got.join()
        assert peer.last("SETUP").headers["transport"] == "RTP/AVP;multicast"
        assert members(GROUP) == 2
        with sender() as camera:
            camera.sendto(b"media", (GROUP, PORT))
            camera.sendto(b"control", (GROUP, PORT + 1))
            camera.sendto(b"other", (GROUP, PORT + 2))
            camera.sendto(b"to us alone", ("127.0.0.1", PORT))
            camera.sendto(b"more", (GROUP, PORT))
            await until(lambda: len(got.packets) == 2 and got.reports)
        assert (got.packets, got.reports) == ([b"media", b"more"], [b"control"])
    assert peer.methods == ["DESCRIBE", "SETUP", "PLAY", "TEARDOWN"]
    assert members(GROUP) == 0


async def test_of_the_description(groups: None) -> None:
    """A camera that says only in its description where it sends to is heard as well."""
    async with joining(reply(Session="1", Transport="RTP/AVP;multicast")) as (got, _):
        await got.join()
        with sender() as camera:
            camera.sendto(b"media", ("239.192.77.9", 41980))
            await until(lambda: got.packets)
    assert members("239.192.77.9") == 0


async def test_others_are_not_heard(groups: None) -> None:
    """Packets of another address are dropped, also where a second camera has the same group."""
    async with joining() as (got, _), joining() as (same, _):
        await got.join()
        await same.join()
        with sender("127.0.0.2") as other, sender() as camera:
            other.sendto(b"forged", (GROUP, PORT))
            other.sendto(b"forged", (GROUP, PORT + 1))
            camera.sendto(b"media", (GROUP, PORT))
            await until(lambda: got.packets and same.packets)
        assert got.packets == same.packets == [b"media"]
        assert got.reports == []


def test_not_even_by_the_system() -> None:
    """What the system lets through is looked at again."""
    taken: list[bytes] = []
    made = module.FromHost("192.0.2.7", taken.append)
    for address in (("192.0.2.8", 5000), ("::ffff:192.0.2.7", 5000, 0, 0), None):
        made.datagram_received(b"forged", address)
    made.datagram_received(b"media", ("192.0.2.7", 9))
    assert taken == [b"media"]


async def test_reports(groups: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Our reports go to the group's second port as far as the camera says, and nothing else."""
    monkeypatch.setattr(rtsp_client, "LONGEST_SILENCE", 0.05)
    with receiver(GROUP, PORT + 1) as control, receiver(GROUP, PORT) as media_port:
        async with joining() as (got, peer):
            track = await got.join()
            track.send(b"never")
            await until(lambda: "OPTIONS" in peer.methods)
            data, ttl = heard(control)
            assert data[:2] == b"\x80\xc9"
            assert ttl == 5
            with pytest.raises(BlockingIOError):
                heard(media_port, seconds=0.1)


async def test_login(groups: None) -> None:
    """A group is asked for with the same login as anything else."""
    challenge = reply(401, WWW_Authenticate='Digest realm="cam", nonce="1"')
    good = reply(Session="5cafe", Transport=TOLD)
    async with joining([challenge, good], Credentials("admin", "Kamera/7")) as (got, peer):
        await got.join()
        assert peer.last("SETUP").headers["authorization"].startswith('Digest username="admin"')
    async with joining([challenge]) as (got, peer):
        with pytest.raises(AuthError):
            await got.join()
    assert members(GROUP) == 0


@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        (reply(461), RefusedError, Reason.UNSUPPORTED),
        (reply(Transport=TOLD), ProtocolError, Reason.UNEXPECTED_REPLY),
        (
            reply(Session="1", Transport="RTP/AVP;multicast;destination=192.0.2.9;port=5000"),
            ProtocolError,
            Reason.UNEXPECTED_REPLY,
        ),
        (
            reply(Session="1", Transport="RTP/AVP;multicast;destination=ff15::1;port=5000"),
            ProtocolError,
            Reason.UNEXPECTED_REPLY,
        ),
        (
            reply(Session="1", Transport="RTP/AVP/TCP;unicast;interleaved=0-1"),
            ProtocolError,
            Reason.UNEXPECTED_REPLY,
        ),
    ],
    ids=["461", "no session", "no group", "other version", "interleaved"],
)
async def test_refused(
    groups: None, answer: Answer, kind: type[CameraError], reason: Reason
) -> None:
    """A camera that will not, or lies, costs no membership; its session is ended."""
    async with joining(answer) as (got, peer):
        with pytest.raises(kind) as caught:
            await got.join()
        assert caught.value.reason is reason
        assert members(GROUP) == 0
    assert ("TEARDOWN" in peer.methods) == (b"Session" in answer if answer else False)


async def test_taken_port(groups: None) -> None:
    """A port that somebody else has for himself is an error, and leaves nothing behind."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((GROUP, PORT + 1))
        async with joining() as (got, _):
            with pytest.raises(ConnectError) as caught:
                await got.join()
            assert caught.value.reason is Reason.UNREACHABLE
            await until(lambda: members(GROUP) == 0)


async def test_cancelled(groups: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is cancelled while joining is a member of nothing."""
    loop = asyncio.get_running_loop()

    async def slowly(*_: object, sock: socket.socket, **__: object) -> None:
        await asyncio.sleep(10)

    async with joining() as (got, _):
        monkeypatch.setattr(loop, "create_datagram_endpoint", slowly)
        task = asyncio.ensure_future(got.join())
        await until(lambda: members(GROUP) == 1)
        task.cancel()
        await asyncio.wait((task,))
        assert task.cancelled()
        assert members(GROUP) == 0
        monkeypatch.undo()


async def test_before_connecting() -> None:
    """There is no joining without a connection."""
    with pytest.raises(ConnectError):
        await RtspClient("127.0.0.1", 9, "/", None).join(media(), lambda _: None)


# -- IPv6


async def test_version_6(groups: None) -> None:
    """A group of IPv6 is joined on the interface that has our address, and left.

    The loopback interface carries no packets of such groups: `test_rtsp_multicast_6.py` has them.
    """
    needs_version_6()
    pump: Any = SimpleNamespace(address="::1", local_address="::1")
    group = agreed(f"multicast;destination={GROUP_6};port={PORT}-{PORT + 1};ttl=9", media())
    member = await Member.joined(pump, group, None)
    assert members(GROUP_6) == 2
    member.report(b"goes nowhere, and breaks nothing")
    member.close()
    await until(lambda: members(GROUP_6) == 0)
    with pytest.raises(ProtocolError):
        await Member.joined(pump, agreed(TOLD, media()), None)


async def test_version_6_of_nowhere(socket_enabled: None) -> None:
    """An interface that is not there is an error."""
    pump: Any = SimpleNamespace(address="fe80::1%none0", local_address="fe80::2%none0")
    group = agreed(f"multicast;destination={GROUP_6};port={PORT}", media())
    with pytest.raises(ConnectError):
        await Member.joined(pump, group, None)


def test_interfaces(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The interface is the one of the zone, else the one that has the address."""
    listed = tmp_path / "if_inet6"
    listed.write_text(
        "00000000000000000000000000000001 01 80 10 80 lo\n"
        "\n"
        "fd000000000000000000000000000002 1c 40 00 82 eth0\n"
    )
    monkeypatch.setattr(module, "_ADDRESSES_6", listed)
    assert interface_of("fd00::2") == 0x1C
    assert interface_of("::1") == 1
    assert interface_of("fd00::3") == 0
    assert interface_of("fe80::1%7") == 7
    assert interface_of("fe80::1%lo") == socket.if_nametoindex("lo")
    with pytest.raises(OSError, match="No such device"):
        interface_of("fe80::1%none0")
    monkeypatch.setattr(module, "_ADDRESSES_6", tmp_path / "gone")
    assert interface_of("fd00::2") == 0


def test_group_is_hashable() -> None:
    """A group is a value."""
    assert agreed(TOLD, media()) == agreed(TOLD, media())
    assert isinstance(agreed(TOLD, media()), Group)
