from unittest.mock import patch

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
import pytest

from custom_components.panacam.cams.errors import (
    BusyError,
    ConnectError,
    ProtocolError,
    Reason,
    RefusedError,
)
from tests.cams.onvif.streaming import media_of, xml
from tests.simulators.onvif import Auth, OnvifSimulator, Quirk
from tests.simulators.onvif.service import SoapFault

ADDRESS = "tests.simulators.onvif.services.media2.snapshot_address"


OWN = {Quirk.SNAPSHOT_OWN_LOGIN}


@pytest.mark.parametrize(
    ("auth", "quirks"),
    [*((auth, set()) for auth in Auth), *((auth, OWN) for auth in Auth if auth is not Auth.DIGEST)],
)
async def test_picture(session: ClientSession, auth: Auth, quirks: set[Quirk]) -> None:
    """One JPEG picture, whichever login it wants; its address is asked for once."""
    async with (
        OnvifSimulator(auth=auth, quirks=quirks) as simulator,
        media_of(session, simulator) as (part, _),
    ):
        assert part.imager is not None
        for _ in range(2):
            picture = await part.imager.snapshot()
            assert (picture[:2], picture[-2:]) == (b"\xff\xd8", b"\xff\xd9")
        assert simulator.count("GetSnapshotUri") == 1


async def test_readable_password(session: ClientSession) -> None:
    """Who understands Digest does not get the readable password for a picture."""
    async with (
        OnvifSimulator(auth=Auth.DIGEST, quirks=OWN) as simulator,
        media_of(session, simulator) as (part, _),
    ):
        assert part.imager is not None
        with pytest.raises(RefusedError) as refused:
            await part.imager.snapshot()
        assert refused.value.reason is Reason.NO_PRIVILEGE


async def test_by_the_first_service(session: ClientSession) -> None:
    """Where Media2 has no pictures, the first service may."""
    async with OnvifSimulator() as simulator:
        fault = SoapFault("Receiver", ("ActionNotSupported",))
        with patch(ADDRESS, side_effect=fault) as asked:
            async with media_of(session, simulator) as (part, _):
                assert part.imager is not None
                assert await part.imager.snapshot()
        assert asked.called


async def test_no_pictures(session: ClientSession) -> None:
    """Without an address there is no imager."""
    async with (
        OnvifSimulator(quirks={Quirk.SNAPSHOT_REFUSED}) as simulator,
        media_of(session, simulator) as (part, _),
    ):
        assert part.imager is None


async def test_empty_picture(session: ClientSession) -> None:
    """An empty picture with 200 is none; its address is asked for again each time."""
    async with (
        OnvifSimulator(quirks={Quirk.SNAPSHOT_EMPTY}) as simulator,
        media_of(session, simulator) as (part, _),
    ):
        assert part.imager is not None
        for asked in (2, 3):
            with pytest.raises(ProtocolError) as none:
                await part.imager.snapshot()
            assert none.value.reason is Reason.NO_PICTURE
            assert simulator.count("GetSnapshotUri") == asked


async def test_pictures_move(session: ClientSession) -> None:
    """A picture that is no longer there is looked for where the device says it is now."""
    async with OnvifSimulator() as simulator:
        with patch(ADDRESS, lambda *_: "http://192.0.2.1/onvif/snapshot/99"):
            async with media_of(session, simulator) as (part, _):
                assert part.imager is not None
                with pytest.raises(ProtocolError):
                    await part.imager.snapshot()
                with patch(ADDRESS, lambda camera, _: camera.url("/onvif/snapshot/2")):
                    assert await part.imager.snapshot()
                with patch(ADDRESS, lambda *_: "nothing"):
                    assert await part.imager.snapshot()


@pytest.mark.parametrize("address", ["", "gopher://nothing"])
async def test_address_comes_later(session: ClientSession, address: str) -> None:
    """What is no address at first may be one later."""
    async with OnvifSimulator() as simulator:
        with patch(ADDRESS, lambda *_: address):
            async with media_of(session, simulator) as (part, _):
                assert part.imager is not None
                with pytest.raises(ProtocolError):
                    await part.imager.snapshot()
                with patch(ADDRESS, lambda camera, _: camera.url("/onvif/snapshot/1")):
                    assert await part.imager.snapshot()


async def test_other_login(session: ClientSession) -> None:
    """Pictures that want other credentials are no reason to doubt those of the services."""
    async with OnvifSimulator(quirks=OWN) as simulator, media_of(session, simulator) as (part, _):
        simulator.set_password("admin", "another")
        assert part.imager is not None
        with pytest.raises(RefusedError) as refused:
            await part.imager.snapshot()
        assert refused.value.reason is Reason.NO_PRIVILEGE


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (503, b"", BusyError),
        (500, b"", ProtocolError),
        (302, b"", ProtocolError),
        (200, b"<html>login</html>", ProtocolError),
        (200, b"\xff\xd8\xff\xe0\x00\x10 broken off", ProtocolError),
        (200, b"\xff\xd8" + bytes(9 * 1024 * 1024), ProtocolError),
    ],
    ids=["busy", "error", "redirect", "html", "cut", "huge"],
)
async def test_no_picture(
    session: ClientSession, status: int, body: bytes, error: type[Exception]
) -> None:
    """What is no picture is an error, and nothing is followed elsewhere."""

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(status=status, body=body, headers={"Location": "http://192.0.2.1/"})

    app = web.Application()
    app.router.add_get("/picture", answer)
    async with OnvifSimulator() as simulator, TestServer(app) as server:
        with patch(ADDRESS, lambda *_: str(server.make_url("/picture"))):
            async with media_of(session, simulator) as (part, _):
                assert part.imager is not None
                with pytest.raises(error):
                    await part.imager.snapshot()


async def test_moved_to_nowhere(session: ClientSession) -> None:
    """A new address that is no better is asked for again at the next picture."""
    async with OnvifSimulator() as simulator, media_of(session, simulator) as (part, _):
        assert part.imager is not None
        with patch(ADDRESS, lambda camera, _: camera.url("/onvif/snapshot/98")):
            await part.connect()
        with (
            patch(ADDRESS, lambda camera, _: camera.url("/onvif/snapshot/99")),
            pytest.raises(ProtocolError),
        ):
            await part.imager.snapshot()
        assert await part.imager.snapshot()


async def test_says_that_it_has_none(session: ClientSession) -> None:
    """A device that says it has no pictures is not asked for any."""
    async with (
        OnvifSimulator(media2=False) as simulator,
        media_of(session, simulator) as (part, _),
    ):
        part._service._capabilities = xml('<Capabilities SnapshotUri="no"></Capabilities>')
        asked = simulator.count("GetSnapshotUri")
        with pytest.raises(RefusedError):
            await part._imager.locate()
        assert simulator.count("GetSnapshotUri") == asked


async def test_device_dies(session: ClientSession) -> None:
    """A device that is gone is an error of its connection."""
    async with OnvifSimulator() as simulator, media_of(session, simulator) as (part, _):
        await simulator.stop()
        assert part.imager is not None
        with pytest.raises(ConnectError):
            await part.imager.snapshot()
        with pytest.raises(ConnectError):
            await part.imager.snapshot()
