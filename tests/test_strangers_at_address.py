"""Another machine at a camera's address: it is not connected to for pictures, nor given a login."""

import asyncio
from collections.abc import AsyncGenerator

from homeassistant.components.camera import async_get_stream_source
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.panacam.cams.bridge import Hub, Status
from custom_components.panacam.const import StreamMode
from tests.conftest import MAC, add, entry_for, until
from tests.simulators.povcam import AG_UMR20, Auth, PovcamSimulator
from tests.test_camera import CAMERA
from tests.test_flow_certificate import pinned
from tests.test_init import poll


@pytest.fixture
async def camera(socket_enabled: None, quick: None) -> AsyncGenerator[PovcamSimulator]:
    """Run a camera with HTTPS that asks everybody for a password."""
    async with PovcamSimulator(
        model=AG_UMR20, https=True, auth=Auth.DIGEST, user_auth=True
    ) as simulator:
        yield simulator


def hub_of(entry: MockConfigEntry) -> Hub:
    """Return what shares the first stream."""
    coordinator = entry.runtime_data
    hub: Hub | None = coordinator.hub_of(coordinator.device.streams[0])
    assert hub is not None
    return hub


async def test_another_camera(hass: HomeAssistant, umr20: PovcamSimulator) -> None:
    """Its pictures are not taken for this one's; they go on once this one is back."""
    entry = await add(hass, entry_for(umr20, options={"ring": 5, "rtsp_port": umr20.rtsp_port}))
    hub = hub_of(entry)
    await until(lambda: hub.status is Status.LIVE)
    umr20.become(mac="A8-13-74-00-00-99", serial="other")
    entry.runtime_data.device._recheck_at = 0.0
    await poll(hass, entry)
    assert hub.status is Status.IDLE
    await until(lambda: not umr20.rtsp.connections)
    await asyncio.sleep(0.7)
    assert not umr20.rtsp.connections
    umr20.become(mac=MAC.upper().replace(":", "-"), serial="SIM0000001")
    await poll(hass, entry)
    await until(lambda: hub.status is Status.LIVE)


async def test_another_certificate(hass: HomeAssistant, camera: PovcamSimulator) -> None:
    """The same of a certificate; before it is seen, nobody gets the readable password either."""
    options = {"ring": 5, "rtsp_port": camera.rtsp_port, "stream_mode": StreamMode.DIRECT}
    entry = await add(hass, await pinned(camera, options=options))
    stream = entry.runtime_data.device.streams[0]
    assert stream.sealed
    hub = hub_of(entry)  # also where the camera's own URL was asked for: it has the password
    source = await async_get_stream_source(hass, CAMERA)
    assert source is not None
    assert "12345" not in source
    await until(lambda: hub.status is Status.LIVE)
    camera.renew_certificate()
    await camera.reboot(0)
    await poll(hass, entry)
    assert hub.status is Status.IDLE
    await until(lambda: not camera.rtsp.connections)
    await asyncio.sleep(0.7)
    assert not camera.rtsp.connections
    await hass.config_entries.async_unload(entry.entry_id)


async def test_camera_s_own_url(hass: HomeAssistant, umr20: PovcamSimulator) -> None:
    """Where players have the camera's own URL, they are ended, and it is not given out."""
    options = {"stream_mode": StreamMode.DIRECT, "rtsp_port": umr20.rtsp_port}
    entry = await add(hass, entry_for(umr20, options=options))
    assert "12345" in (await async_get_stream_source(hass, CAMERA) or "")
    player = hass.data["camera"].get_entity(CAMERA)
    assert player is not None
    ended: list[bool] = []

    class Stream:
        async def stop(self) -> None:
            ended.append(True)

    player.stream = Stream()  # type: ignore[assignment]
    umr20.become(mac="A8-13-74-00-00-99", serial="other")
    entry.runtime_data.device._recheck_at = 0.0
    await poll(hass, entry)
    assert ended == [True]
    assert player.stream is None
    assert await player.stream_source() is None
    umr20.become(mac=MAC.upper().replace(":", "-"), serial="SIM0000001")
    await poll(hass, entry)
    assert "12345" in (await async_get_stream_source(hass, CAMERA) or "")
