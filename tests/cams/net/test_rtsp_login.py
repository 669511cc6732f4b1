"""Answers to challenges, after the examples of the standards."""

from collections.abc import Callable

import pytest

from custom_components.panacam.cams.net import rtsp_login
from custom_components.panacam.cams.net.rtsp import Decoder, Reply
from custom_components.panacam.cams.net.rtsp_login import RtspLogin
from custom_components.panacam.cams.stream import Credentials
from tests.cams.net.rtsp_vectors import text

MUFASA = Credentials("Mufasa", "Circle Of Life")
NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"


@pytest.fixture
def cnonce(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let our part of chance be what an example has."""

    def fix(value: str) -> None:
        monkeypatch.setattr(rtsp_login.secrets, "token_hex", lambda _size: value)

    return fix


def fields(header: str | None) -> dict[str, str]:
    """Return the fields of an answer by Digest."""
    assert header is not None
    assert header.startswith("Digest ")
    pairs = (part.split("=", 1) for part in header.removeprefix("Digest ").split(", "))
    return {name: value.strip('"') for name, value in pairs}


def test_md5(cnonce: Callable[[str], None]) -> None:
    """The example of RFC 2617, 3.5, out of a reply with two challenges."""
    cnonce("0a4f113b")
    decoder = Decoder()
    decoder.feed(text("unauthorized.rtsp"))
    reply = decoder.next()
    assert isinstance(reply, Reply)
    login = RtspLogin(MUFASA)
    assert login.header("GET", "/dir/index.html") is None
    assert login.challenged(reply.values("www-authenticate"))
    found = fields(login.header("GET", "/dir/index.html"))
    assert found == {
        "username": "Mufasa",
        "realm": "testrealm@host.com",
        "nonce": "dcd98b7102dd2f0e8b11d0f600bfb0c093",
        "uri": "/dir/index.html",
        "qop": "auth",
        "nc": "00000001",
        "cnonce": "0a4f113b",
        "response": "6629fae49393a05397450978507c4ef1",
        "opaque": "5ccc069c403ebaf9f0171e9517f40e41",
    }
    assert fields(login.header("GET", "/"))["nc"] == "00000002"


def test_sha_256(cnonce: Callable[[str], None]) -> None:
    """The example of RFC 7616, 3.9.1; the better algorithm of two is taken."""
    cnonce("f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")
    start = f'Digest realm="http-auth@example.org", qop="auth, auth-int", nonce="{NONCE}", '
    login = RtspLogin(Credentials("Mufasa", "Circle of Life"))
    assert login.challenged([start + "algorithm=MD5", start + "algorithm=SHA-256"])
    found = fields(login.header("GET", "/dir/index.html"))
    assert found["algorithm"] == "SHA-256"
    assert found["response"] == "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"


def test_without_qop() -> None:
    """The oldest form (RFC 2069), as most RTSP cameras ask for it."""
    login = RtspLogin(Credentials("admin", "Kamera/7"))
    assert login.challenged(['Digest realm="cam", nonce="abc"'])
    found = fields(login.header("DESCRIBE", "rtsp://192.0.2.7/s"))
    # md5(md5("admin:cam:Kamera/7"):abc:md5("DESCRIBE:rtsp://192.0.2.7/s"))
    assert found == {
        "username": "admin",
        "realm": "cam",
        "nonce": "abc",
        "uri": "rtsp://192.0.2.7/s",
        "response": "542f7613e8def816823f1176a4fd3e91",
    }


def test_refused() -> None:
    """The same challenge again is a refusal; a stale one is not, and neither is one in use."""
    login = RtspLogin(MUFASA)
    assert login.challenged(['Digest realm="a", nonce="1"'])
    assert not login.challenged(['Digest realm="a", nonce="1"'])
    assert not login.challenged(['Digest realm="a", nonce="2"'])
    assert login.challenged(['Digest realm="a", nonce="3", stale=TRUE'])
    assert not login.challenged(['Digest realm="a", nonce="3", stale=TRUE'])
    login.accepted()
    assert login.challenged(['Digest realm="a", nonce="4"'])


def test_basic() -> None:
    """It is given where nothing better is asked for, once, and never after Digest."""
    login = RtspLogin(Credentials("Aladdin", "open sesame"))
    assert login.challenged(['Basic realm="a, Digest b"'])
    # RFC 7617, 2
    assert login.header("DESCRIBE", "x") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    assert not login.challenged(['Basic realm="a"'])
    assert login.challenged(['Digest realm="a", nonce="1"'])
    assert not login.challenged(['Basic realm="a"'])
    header = login.header("DESCRIBE", "x")
    assert header is not None
    assert header.startswith("Digest ")


def test_both_in_one_line() -> None:
    """Challenges may share a header; Digest comes first wherever it stands."""
    login = RtspLogin(MUFASA)
    assert login.challenged(['Basic realm="a", Digest realm="b", nonce="1"'])
    assert fields(login.header("OPTIONS", "x"))["realm"] == "b"


@pytest.mark.parametrize(
    "challenges",
    [[], [""], ["Bearer"], ['Digest realm="a"'], ['Digest nonce="1", algorithm=TOKEN'], ["Digest"]],
)
def test_nothing_to_answer(challenges: list[str]) -> None:
    """What is not understood is not answered."""
    login = RtspLogin(MUFASA)
    assert not login.challenged(challenges)
    assert login.header("OPTIONS", "x") is None


def test_quotes() -> None:
    """Names with quotes and commas come back as they were."""
    login = RtspLogin(Credentials('a"b\\', "c"))
    assert login.challenged([r'Digest realm="x\"y, z", nonce="1"'])
    header = login.header("OPTIONS", "x")
    assert header is not None
    assert r'username="a\"b\\"' in header
    assert r'realm="x\"y, z"' in header
