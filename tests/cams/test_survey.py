"""What each family finds at one address, and what it would give."""

import asyncio

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams import survey as module
from custom_components.panacam.cams.device import Identity
from custom_components.panacam.cams.errors import (
    AuthError,
    CameraError,
    ConnectError,
    ProtocolError,
    Reason,
)
from custom_components.panacam.cams.registry import FAMILIES, Address, Family, Finding
from custom_components.panacam.cams.stream import Credentials
from custom_components.panacam.cams.survey import OFFERS, offers, survey
from tests.simulators.mo import MoSimulator
from tests.simulators.onvif import OnvifSimulator
from tests.simulators.povcam import AG_UMR20, Auth, PovcamSimulator

ADMIN = Credentials("admin", "12345")


def speaking(
    monkeypatch: pytest.MonkeyPatch, **answers: tuple[float, Identity | CameraError]
) -> list[str]:
    """Let families answer after some seconds; return who was cancelled."""
    cancelled: list[str] = []

    def family(name: str) -> Family:
        real = FAMILIES[name]
        seconds, answer = answers[name]

        async def identify(_session: ClientSession, _address: Address) -> Identity:
            try:
                await asyncio.sleep(seconds)
            except asyncio.CancelledError:
                cancelled.append(name)
                raise
            if isinstance(answer, CameraError):
                raise answer
            return answer

        return Family(
            create=real.create,
            identify=identify,
            wishes=real.wishes,
            tls=real.tls,
            general=real.general,
        )

    families = {name: family(name) for name in FAMILIES}
    monkeypatch.setattr("custom_components.panacam.cams.registry.FAMILIES", families)
    monkeypatch.setattr(module, "FAMILIES", families)
    monkeypatch.setattr(module, "GRACE", 0.2)
    return cancelled


HERE = Address(host="127.0.0.1")
PAGES, ONVIF = Identity(manufacturer="Panasonic"), Identity(manufacturer="i-PRO")
NOBODY = ProtocolError(Reason.NOT_A_CAMERA)


@pytest.mark.parametrize("late", [0.0, 0.1])
async def test_both(session: ClientSession, monkeypatch: pytest.MonkeyPatch, late: float) -> None:
    """Who answers within the grace of the first is found as well, in the order of families."""
    speaking(monkeypatch, povcam=(late, PAGES), mo=(0.0, NOBODY), onvif=(0.0, ONVIF))
    assert await survey(session, HERE) == (Finding("povcam", PAGES), Finding("onvif", ONVIF))


async def test_too_late(session: ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for long for a family that hardly answers, and it is asked no longer."""
    cancelled = speaking(monkeypatch, povcam=(0.0, PAGES), mo=(9.0, NOBODY), onvif=(9.0, ONVIF))
    assert await survey(session, HERE) == (Finding("povcam", PAGES),)
    assert sorted(cancelled) == ["mo", "onvif"]


async def test_other_wants_a_login(session: ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """A family that answers is enough."""
    denied = AuthError(Reason.NO_CREDENTIALS)
    speaking(monkeypatch, povcam=(0.0, PAGES), mo=(0.0, NOBODY), onvif=(0.0, denied))
    assert await survey(session, HERE) == (Finding("povcam", PAGES),)


async def test_nobody(session: ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """What says most of all that went wrong is raised."""
    denied = AuthError(Reason.NO_CREDENTIALS)
    speaking(monkeypatch, povcam=(0.0, denied), mo=(0.0, NOBODY), onvif=(0.0, NOBODY))
    with pytest.raises(AuthError):
        await survey(session, HERE)


async def test_offers(session: ClientSession) -> None:
    """Each family tells what its camera has, and lets go of it."""
    async with PovcamSimulator(model=AG_UMR20, auth=Auth.DIGEST, user_auth=True) as camera:
        address = Address(host="127.0.0.1", port=camera.port, credentials=ADMIN)
        pages = await offers(session, address, "povcam")
    assert {"streams", "recorder", "clips", "mover", "settings"} <= pages
    assert not {"speaker", "tours", "osds", "analytics"} & pages
    async with MoSimulator() as gate:
        address = Address(host=gate.host, port=gate.port, credentials=ADMIN)
        assert {"streams", "alarms", "speaker"} <= await offers(session, address, "mo")
        async with asyncio.timeout(5):
            while gate.connections:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.01)
    async with OnvifSimulator(username="admin", password="12345") as yard:
        address = Address(host=yard.host, port=yard.port, credentials=ADMIN)
        found = await offers(session, address, "onvif")
    assert {"streams", "ptz", "presets", "settings", "masks"} <= found
    assert "recorder" not in found
    assert (pages | found) <= set(OFFERS)


async def test_offers_of_nobody(session: ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """A camera that is gone or drips has an error, and is let go of."""
    with pytest.raises(ConnectError):
        await offers(session, Address(host="127.0.0.1", port=1, credentials=ADMIN), "povcam")
    monkeypatch.setattr(module, "OFFER_TIMEOUT", 0.0)
    async with OnvifSimulator() as yard:
        address = Address(host=yard.host, port=yard.port, credentials=ADMIN)
        with pytest.raises(TimeoutError):
            await offers(session, address, "onvif")
