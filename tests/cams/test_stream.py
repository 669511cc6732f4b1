"""Addresses of streams, and that nothing printed holds a password."""

from urllib.parse import unquote, urlsplit

import pytest

from custom_components.panacam.cams.registry import Address
from custom_components.panacam.cams.stream import (
    Credentials,
    RtspStream,
    Transport,
    bracketed,
    rtsp_url,
)

PATH = "/mediainput/h264/stream_1"


def stream(host: str = "192.0.2.7", credentials: Credentials | None = None) -> RtspStream:
    """Return the first stream of a camera."""
    return RtspStream(
        key="h264_1", label="H.264(1)", host=host, port=554, path=PATH, credentials=credentials
    )


@pytest.mark.parametrize(
    ("host", "written"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("camera.local", "camera.local"),
        ("2001:db8::7", "[2001:db8::7]"),
        ("[2001:db8::7]", "[2001:db8::7]"),
        ("fe80::7%eth0", "[fe80::7%25eth0]"),
    ],
)
def test_hosts(host: str, written: str) -> None:
    """IPv6 addresses are bracketed once, their zone escaped (RFC 6874) but for FFmpeg."""
    assert bracketed(host) == written
    assert rtsp_url(stream(host)) == f"rtsp://{written.replace('%25', '%')}:554{PATH}"


@pytest.mark.parametrize(
    ("user", "password", "written"),
    [
        ("admin", "12345", "admin:12345"),
        ("a b", "@:/%ü ", "a%20b:%40%3A%2F%25%C3%BC%20"),
        ("", "", ":"),
        ("a@b", "?#[]&=+", "a%40b:%3F%23%5B%5D%26%3D%2B"),
        ("ü", "秘", "%C3%BC:%E7%A7%98"),
    ],
)
def test_credentials(user: str, password: str, written: str) -> None:
    """Every character that means something in an address is escaped."""
    url = rtsp_url(stream(credentials=Credentials(user, password)))
    assert url == f"rtsp://{written}@192.0.2.7:554{PATH}"
    parts = urlsplit(url)
    assert (parts.hostname, parts.port, parts.path) == ("192.0.2.7", 554, PATH)
    assert (unquote(parts.username or ""), unquote(parts.password or "")) == (user, password)


def test_nothing_printed_is_secret() -> None:
    """No repr and no str holds the password."""
    login = Credentials("operator", "Gei8-heim")
    for printed in (login, stream(credentials=login), Address(host="c", credentials=login)):
        assert "Gei8" not in f"{printed!r} {printed}"
    assert "operator" in repr(login)
    assert "operator" not in repr(stream(credentials=login))


def test_defaults() -> None:
    """A stream is one of several and leaves the transport to the player."""
    assert (stream().transport, stream().preferred) == (Transport.AUTO, False)
