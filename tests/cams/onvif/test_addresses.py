import pytest

from custom_components.panacam.cams.onvif.addresses import Addresses, Place, split


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("http://10.0.0.2/onvif/x", Place("10.0.0.2", 80, tls=False, path="/onvif/x")),
        ("https://cam:8443/a?b=c&d", Place("cam", 8443, tls=True, path="/a?b=c&d")),
        ("RTSP://user:pw@[fe80::1]/live", Place("fe80::1", 554, tls=False, path="/live")),
        ("http://cam", Place("cam", 80, tls=False, path="/")),
        ("http://cam:99999/x", None),
        ("file:///etc/passwd", None),
        ("http:///x", None),
        ("http://[x/", None),
        ("", None),
        (None, None),
    ],
)
def test_split(url: str | None, place: Place | None) -> None:
    """Credentials in an address of a camera are not ours."""
    assert split(url) == place


@pytest.mark.parametrize(
    ("url", "port", "tls"),
    [
        # The camera's own network calls it otherwise.
        ("http://192.168.1.9:8000/onvif/media", 8080, False),
        # Its own port, which is mapped.
        ("http://cam:8000/x", 8080, False),
        # The port of a subscription.
        ("http://192.168.1.9:49152/sub", 49152, False),
        # A port that means nothing.
        ("http://192.168.1.9/x", 8080, False),
        ("http://cam:8080/x", 8080, False),
    ],
)
def test_moved(url: str, port: int, *, tls: bool) -> None:
    """The configured host is kept, and the port where it answered for what is there."""
    addresses = Addresses("cam", 8080, tls=False)
    addresses.learn("http://192.168.1.9:8000/onvif/device_service")
    place = addresses.web(url)
    assert place is not None
    assert (place.host, place.port, place.tls) == ("cam", port, tls)


def test_tls_is_kept() -> None:
    """A camera that was reached by TLS is not spoken to in the open."""
    addresses = Addresses("cam", 443, tls=True)
    addresses.learn("http://cam:80/onvif/device_service")
    assert addresses.web("http://cam:81/x") == Place("cam", 443, tls=True, path="/x")
    assert addresses.web("https://other:8443/x") == Place("cam", 8443, tls=True, path="/x")


def test_unlearned() -> None:
    """Whoever never said where its services are has them where it answered."""
    addresses = Addresses("cam", 8080, tls=False)
    addresses.learn("rubbish")
    assert addresses.web("http://x:9/y") == Place("cam", 8080, tls=False, path="/y")
    assert addresses.web("rubbish") is None


def test_trust() -> None:
    """An owner may want what the camera says."""
    addresses = Addresses("cam", 80, tls=False, trust=True)
    assert addresses.web("http://nvr:81/x") == Place("nvr", 81, tls=False, path="/x")
    assert addresses.rtsp("rtsp://nvr/x") == Place("nvr", 554, tls=False, path="/x")


def test_trust_keeps_tls() -> None:
    """Who was reached by TLS cannot have the password sent in the open, wherever that is."""
    addresses = Addresses("cam", 443, tls=True, trust=True)
    assert addresses.web("http://nvr:81/x") == Place("cam", 443, tls=True, path="/x")
    assert addresses.web("http://cam/x") == Place("cam", 443, tls=True, path="/x")
    assert addresses.web("https://nvr:8443/x") == Place("nvr", 8443, tls=True, path="/x")


def test_rtsp() -> None:
    """A stream is at the configured host; an owner may know its port better."""
    addresses = Addresses("cam", 80, tls=False)
    assert addresses.rtsp("rtsp://10.1.1.1:8554/p?q=1") == Place("cam", 8554, False, "/p?q=1")
    assert addresses.rtsp("rtsp://10.1.1.1/p", 7070) == Place("cam", 7070, tls=False, path="/p")
    assert addresses.rtsp(None) is None


@pytest.mark.parametrize(
    "url",
    ["http://[2001:DB8:0:0::1]:81/y", "http://[2001:db8::1]:81/y", "http://[2001:db8::0:1]:81/y"],
)
def test_other_spelling_is_the_same_host(url: str) -> None:
    """A trusted address of the camera itself, however it is spelt, is home."""
    addresses = Addresses("2001:db8::1", 80, tls=False, trust=True)
    assert addresses.web(url) == Place("2001:db8::1", 81, tls=False, path="/y")
    assert addresses.rtsp(url.replace("http", "rtsp")) == Place(
        "2001:db8::1", 81, tls=False, path="/y"
    )


def test_zone_stays_ours() -> None:
    """A camera cannot know by which of our interfaces it is reached."""
    addresses = Addresses("fe80::1%eth0", 80, tls=False, trust=True)
    for url in ("http://[fe80::1]/y", "http://[fe80::1%25eth0]/y", "http://[FE80::0:1]/y"):
        place = addresses.web(url)
        assert place is not None
        assert place.host == "fe80::1%eth0"
    other = addresses.web("http://[fe80::2]/y")
    assert other is not None
    assert other.host == "fe80::2"
    assert split("http://[fe80::1%25eth0]/y") == Place("fe80::1%eth0", 80, tls=False, path="/y")
