"""Sending streams to groups with and without RTSP sessions (6.7)."""

import asyncio
from collections.abc import AsyncGenerator
import socket

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.errors import CameraError, Reason, RefusedError
from custom_components.panacam.cams.net.rtsp_client import RtspClient
from custom_components.panacam.cams.roles import Multicaster
from custom_components.panacam.cams.stream import Credentials
from tests.cams.bridge.support import until
from tests.cams.onvif.streaming import change, media_of, xml
from tests.multicast import needs_groups, receiver
from tests.simulators.onvif import Fault, OnvifSimulator

GROUP, PORT = "239.0.0.1", 40_000
MAIN, SECOND = "0_profile_1", "0_profile_2"


@pytest.mark.parametrize("media2", [True, False])
async def test_role(session: ClientSession, *, media2: bool) -> None:
    """Streams are started and stopped by their keys; the switch shows the same."""
    async with (
        OnvifSimulator(media2=media2) as simulator,
        media_of(session, simulator) as (part, watched),
    ):
        role: Multicaster | None = part.multicaster
        assert role is not None
        assert list(role.streams)[:3] == [MAIN, SECOND, "0_profile_3"]
        assert role.streams[SECOND] == watched.board.settings["profile_1_multicast"].label
        sent = simulator.camera.media.streaming.multicast
        await role.start(SECOND)
        assert sent == {2}
        assert watched.board.values["profile_1_multicast"] is True
        assert watched.board.values["profile_0_multicast"] is None
        await role.start(SECOND)
        await role.start(MAIN)
        assert sent == {1, 2}
        await role.stop(SECOND)
        assert watched.board.values["profile_1_multicast"] is False
        assert await change(watched, "profile_0_multicast", False) is False
        assert sent == set()


async def test_what_it_has_not(session: ClientSession) -> None:
    """Another stream is refused, and what the device refuses is not shown as done."""
    async with OnvifSimulator() as simulator, media_of(session, simulator) as (part, watched):
        role = part.multicaster
        assert role is not None
        with pytest.raises(RefusedError) as caught:
            await role.start("0_profile_9")
        assert caught.value.reason is Reason.NOT_FOUND
        simulator.fault("StartMulticastStreaming", Fault.ERROR_500)
        with pytest.raises(CameraError):
            await role.start(SECOND)
        assert watched.board.values["profile_1_multicast"] is None


async def test_no_role(session: ClientSession) -> None:
    """A device that says it cannot has no role."""
    async with OnvifSimulator() as simulator, media_of(session, simulator) as (part, _):
        part._service._capabilities = xml(
            '<Capabilities><StreamingCapabilities AutoStartMulticast="false"/></Capabilities>'
        )
        await part.refresh()
        assert part.multicaster is None


@pytest.fixture
async def group(session: ClientSession) -> AsyncGenerator[socket.socket]:
    """Hear the group of the first profile's pictures."""
    needs_groups()
    with receiver(GROUP, PORT) as heard:
        yield heard


async def sends(heard: socket.socket) -> bool:
    """Tell whether packets come."""
    try:
        while heard.recv(2000):
            pass  # those of before
    except BlockingIOError:
        pass
    try:
        async with asyncio.timeout(1.5):
            return bool(await asyncio.get_running_loop().sock_recv(heard, 2000))
    except TimeoutError:
        return False


async def test_without_a_session(session: ClientSession, group: socket.socket) -> None:
    """What was started goes on without any session, and after the last one, until it is stopped."""
    async with OnvifSimulator() as simulator, media_of(session, simulator) as (part, _):
        role = part.multicaster
        assert role is not None
        assert not await sends(group)
        await role.start(MAIN)
        assert await sends(group)
        await watch(simulator)
        assert await sends(group)
        await role.stop(MAIN)
        assert not await sends(group)


async def test_with_a_session(session: ClientSession, group: socket.socket) -> None:
    """What nobody started ends with the last session (method 1), with authentication."""
    async with OnvifSimulator() as simulator:
        await watch(simulator, group)
        assert not await sends(group)


async def watch(simulator: OnvifSimulator, group: socket.socket | None = None) -> None:
    """Have one session of the first profile's pictures, and end it."""
    packets: list[bytes] = []
    client = RtspClient(
        simulator.host,
        simulator.rtsp_port,
        "/onvif/profile/1",
        Credentials(simulator.username, simulator.password),
    )
    async with client:
        description = await client.describe()
        assert description.media[0].address == GROUP
        await client.join(description.media[0], packets.append)
        await client.play()
        await until(lambda: packets)
        assert group is None or await sends(group)
    await until(lambda: not simulator.rtsp.sessions)
