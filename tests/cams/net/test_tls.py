"""Certificates: shown, pinned, and nothing said to a stranger."""

import asyncio
from datetime import UTC, datetime
import hashlib
import ssl

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.errors import ConnectError, Reason
from custom_components.panacam.cams.net import tls
from custom_components.panacam.cams.net.http import HttpClient
from custom_components.panacam.cams.net.tls import (
    MAX_SUBJECT,
    certificate_of,
    grouped,
    is_fingerprint,
    pinned_context,
    read,
)
from tests.cams.support import LOGIN
from tests.eavesdropper import Eavesdropper
from tests.simulators.onvif import OnvifSimulator
from tests.simulators.povcam import Auth, PovcamSimulator

pytestmark = pytest.mark.usefixtures("ipv6_enabled")


def shown_by(host: str, port: int) -> bytes:
    """Return the certificate that is shown there, by means of the standard library alone."""
    pem = ssl.get_server_certificate((host, port), timeout=5)
    return ssl.PEM_cert_to_DER_cert(pem)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_certificate_of(host: str) -> None:
    """What a camera shows is told, and the camera is told nothing."""
    async with PovcamSimulator(host=host, https=True, media=False) as camera:
        found = await certificate_of(host, camera.port)
        right = await asyncio.to_thread(shown_by, host, camera.port)
        assert found.fingerprint == hashlib.sha256(right).hexdigest()
        assert found.subject == "CN=camera.invalid"
        assert found.not_before == datetime(2020, 1, 1, tzinfo=UTC)
        assert found.not_after is not None
        assert found.not_after.year in {2049, 2050}
        assert not camera.requests
        camera.renew_certificate()
        assert (await certificate_of(host, camera.port)).fingerprint != found.fingerprint


async def test_certificate_of_who_has_none() -> None:
    """Each way not to show one has its reason, and an end."""
    async with PovcamSimulator(media=False) as camera:
        with pytest.raises(ConnectError) as caught:
            await certificate_of("127.0.0.1", camera.port)
        assert caught.value.reason is Reason.TLS
    with pytest.raises(ConnectError) as caught:
        await certificate_of("127.0.0.1", camera.port)
    assert caught.value.reason is Reason.UNREACHABLE
    with pytest.raises(ConnectError) as caught:
        await certificate_of("", 443)
    assert caught.value.reason is Reason.UNKNOWN_HOST

    async def wait(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    server = await asyncio.start_server(wait, "127.0.0.1", 0)
    async with server:
        with pytest.raises(ConnectError) as caught:
            await certificate_of("127.0.0.1", server.sockets[0].getsockname()[1], timeout=0.05)
        assert caught.value.reason is Reason.TIMEOUT
        server.close_clients()


async def test_certificate_of_who_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ciphers without certificates are none either."""
    monkeypatch.setattr(ssl.SSLObject, "getpeercert", lambda *_arguments, **_options: None)
    async with PovcamSimulator(https=True, media=False) as camera:
        with pytest.raises(ConnectError) as caught:
            await certificate_of("127.0.0.1", camera.port)
    assert caught.value.reason is Reason.TLS


async def test_every_truncated_certificate() -> None:
    """A certificate is the peer's own word: nonsense in it is shown as nothing."""
    async with PovcamSimulator(https=True, media=False) as camera:
        whole = await asyncio.to_thread(shown_by, "127.0.0.1", camera.port)
    for end in range(len(whole)):
        found = read(whole[:end])
        assert found.fingerprint == hashlib.sha256(whole[:end]).hexdigest()
        assert (found.subject, found.not_after) == ("", None)
    for at in range(len(whole)):
        found = read(whole[:at] + bytes((whole[at] ^ 0x55,)) + whole[at + 1 :])
        assert len(found.subject) <= MAX_SUBJECT
        assert found.subject.isprintable()
    assert read(whole + b"rubbish").subject == ""


def test_fingerprints() -> None:
    """People compare groups; nothing but a fingerprint is one."""
    assert grouped("0123456789abcdef") == "0123 4567 89AB CDEF"
    assert is_fingerprint("0" * 64)
    for text in ("", "0" * 63, "0" * 65, "g" * 64, "A" * 64, "0" * 64 + "\n"):
        assert not is_fingerprint(text)
        with pytest.raises(ValueError, match=r"^$"):
            pinned_context(text)
    assert pinned_context("0" * 64) is pinned_context("0" * 64)
    assert pinned_context.cache_info().maxsize == 64


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_pinned(session: ClientSession, host: str) -> None:
    """The one certificate passes, on the first connection and on a kept one."""
    async with PovcamSimulator(host=host, https=True, media=False) as camera:
        fingerprint = (await certificate_of(host, camera.port)).fingerprint
        before = camera.handshakes
        http = HttpClient(session, host, port=camera.port, tls=True, fingerprint=fingerprint)
        for _ in range(3):
            assert (await http.request("GET", "/cgi-bin/getinfo?FILE=1")).status == 200
        assert camera.handshakes - before == 1


async def test_stranger_hears_nothing(session: ClientSession) -> None:
    """Who shows another certificate gets neither credentials nor a request, nor a second try."""
    async with PovcamSimulator(https=True, media=False, auth=Auth.BASIC, user_auth=True) as camera:
        camera.users["Operator7"] = ("Gei8-heim", "admin")
        fingerprint = (await certificate_of("127.0.0.1", camera.port)).fingerprint
        http = HttpClient(
            session,
            "127.0.0.1",
            port=camera.port,
            tls=True,
            fingerprint=fingerprint,
            credentials=LOGIN,
        )
        assert (await http.request("GET", "/cgi-bin/getinfo?FILE=1")).status == 200
        port = camera.port
        await camera.stop()
        stranger = Eavesdropper()
        async with stranger.listening(port):
            for _ in range(3):
                with pytest.raises(ConnectError) as caught:
                    await http.request("GET", "/cgi-bin/getinfo?FILE=1")
                assert caught.value.reason is Reason.OTHER_CERTIFICATE
                assert fingerprint not in str(caught.value)
            with pytest.raises(ConnectError) as caught:
                async with http.stream("/cgi-bin/mjpeg"):
                    pass
            assert caught.value.reason is Reason.OTHER_CERTIFICATE
            await asyncio.sleep(0.05)
            assert stranger.heard == b""
        await camera.start()
        assert (await http.request("GET", "/cgi-bin/getinfo?FILE=1")).status == 200


async def test_pin_needs_no_request_to_fail(session: ClientSession) -> None:
    """The handshake itself fails: it is not a look after the first bytes."""
    stranger = Eavesdropper()
    async with stranger.listening():
        loop = asyncio.get_running_loop()
        with pytest.raises(tls.OtherCertificateError):
            await loop.create_connection(
                asyncio.Protocol,
                "127.0.0.1",
                stranger.port,
                ssl=pinned_context("0" * 64),
                server_hostname="127.0.0.1",
            )


async def test_unpinned_is_checked(session: ClientSession) -> None:
    """Without a fingerprint the session's own settings hold."""
    async with PovcamSimulator(https=True, media=False) as camera:
        http = HttpClient(session, "127.0.0.1", port=camera.port, tls=True)
        with pytest.raises(ConnectError) as caught:
            await http.request("GET", "/")
        assert caught.value.reason is Reason.TLS


async def test_wrong_fingerprint_is_no_client(session: ClientSession) -> None:
    """An entry that was edited by hand fails before anything is connected."""
    with pytest.raises(ConnectError):
        HttpClient(session, "127.0.0.1", tls=True, fingerprint="rubbish")


async def test_onvif_simulator_has_https(session: ClientSession) -> None:
    """Its certificate changes, too."""
    async with OnvifSimulator(https=True) as camera:
        assert camera.url.startswith("https://")
        first = await certificate_of("127.0.0.1", camera.port)
        camera.renew_certificate()
        assert (await certificate_of("127.0.0.1", camera.port)).fingerprint != first.fingerprint
        assert camera.handshakes == 2
