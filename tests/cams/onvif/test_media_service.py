import asyncio
import threading

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.onvif import media_service as module
from custom_components.panacam.cams.onvif.media_service import MediaService
from custom_components.panacam.cams.onvif.node import Node
from custom_components.panacam.cams.onvif.profiles import Found
from tests.cams.onvif.support import known_client
from tests.simulators.onvif import OnvifSimulator
from tests.simulators.onvif.state_media import Profile


async def test_large_answer(session: ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many profiles are read outside the event loop."""
    threads: list[int] = []
    read = module.read_profiles

    def spied(answer: Node, *, media2: bool) -> list[Found]:
        threads.append(threading.get_ident())
        return read(answer, media2=media2)

    monkeypatch.setattr(module, "read_profiles", spied)
    async with OnvifSimulator() as simulator:
        media = simulator.camera.media
        parts = dict(media.profiles[0].parts)
        media.profiles += [
            Profile(number=n, token=f"more_{n}", name="More", fixed=False, parts=parts)
            for n in range(5, 60)
        ]
        service = MediaService(await known_client(session, simulator))
        found = await service.choose()
        assert found is not None
        assert len(found) == len(media.profiles)
    assert threads
    assert threading.get_ident() not in threads


async def test_too_large_an_answer(session: ClientSession) -> None:
    """More than anything needs is as good as nothing: it is not looked at."""
    async with OnvifSimulator(media=False) as simulator:
        media = simulator.camera.media
        parts = dict(media.profiles[0].parts)
        media.profiles += [
            Profile(number=n, token=f"more_{n}", name="More", fixed=False, parts=parts)
            for n in range(5, 180)
        ]
        service = MediaService(await known_client(session, simulator))
        assert await asyncio.wait_for(service.choose(), 10) is None
