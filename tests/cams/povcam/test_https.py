"""A recorder's certificates: what it might answer, since no document shows it."""

import time

from aiohttp import ClientSession
from cryptography import x509
import pytest

from custom_components.panacam.cams.device import State
from custom_components.panacam.cams.errors import (
    ConnectError,
    ProtocolError,
    Reason,
    RefusedError,
)
from custom_components.panacam.cams.placing import CertificateKind, Subject
from custom_components.panacam.cams.povcam import https
from custom_components.panacam.cams.povcam.client import PovcamClient
from custom_components.panacam.cams.povcam.device import PovcamDevice
from custom_components.panacam.cams.povcam.https import (
    LOOK_GAP,
    HttpsWatcher,
    PovcamCertificates,
)
from tests.cams.support import http_of
from tests.simulators.povcam import Fault, PovcamSimulator

SUBJECT = Subject(common_name="stage.example", country="DE", organization_unit="Light")


@pytest.fixture
def store(device: PovcamDevice, monkeypatch: pytest.MonkeyPatch) -> PovcamCertificates:
    """Give the recorder's role, which asks often."""
    monkeypatch.setattr(https, "MAKING_GAP", 0.02)
    assert isinstance(device.certificates, PovcamCertificates)
    return device.certificates


def answer(store: PovcamCertificates, monkeypatch: pytest.MonkeyPatch, **bodies: bytes) -> None:
    """Have the camera answer these requests, by the last part of their path."""
    real = store._client.call

    async def call(command: object, **values: object) -> bytes:
        name = command.name  # type: ignore[attr-defined]
        return bodies[name] if name in bodies else await real(command, **values)  # type: ignore[arg-type]

    monkeypatch.setattr(store._client, "call", call)


async def test_self_signed(store: PovcamCertificates, sim: PovcamSimulator) -> None:
    """Made, waited for, told and deleted."""
    assert (await store.read()).kind is CertificateKind.NONE
    await store.create_self_signed(SUBJECT)
    status = await store.read()
    assert status.kind is CertificateKind.SELF_SIGNED
    assert status.details["common_name"] == "stage.example"
    assert status.details["organization_unit"] == "Light"
    assert (status.https, status.port) == (False, 443)
    sent = next(one for one in sim.requests if one.path.endswith("/https_creat_self_signed"))
    assert sent.params == {
        "common_name": "stage.example",
        "country": "DE",
        "organization_unit": "Light",
    }
    await store.delete()
    with pytest.raises(RefusedError) as caught:
        await store.delete()
    assert caught.value.reason is Reason.NOTHING_TO_DELETE


async def test_request(store: PovcamCertificates) -> None:
    """It comes whole, and for the key that the camera has."""
    request = await store.create_request(SUBJECT)
    loaded = x509.load_pem_x509_csr(request.encode())
    assert loaded.is_signature_valid
    assert "CN=stage.example" in loaded.subject.rfc4514_string()


@pytest.mark.parametrize(
    "body",
    [b"", b"-----BEGIN CERTIFICATE REQUEST-----", b"<html>login</html>", b"\xff" * 40_000],
)
async def test_request_of_rubbish(
    store: PovcamCertificates, monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    """What is no request is not passed on."""
    answer(store, monkeypatch, https_download_csr=body, renewal=b"status=finish")
    with pytest.raises(ProtocolError) as caught:
        await store.create_request(SUBJECT)
    assert caught.value.reason is Reason.UNEXPECTED_REPLY


@pytest.mark.parametrize("word", [b"status=finish", b"self_create=OK", b"Completed", b"0=done"])
async def test_words_of_the_end(
    store: PovcamCertificates, monkeypatch: pytest.MonkeyPatch, word: bytes
) -> None:
    """A camera may say it in its own way."""
    answer(store, monkeypatch, renewal=word, https_self_signed=b"")
    await store.create_self_signed(SUBJECT)


@pytest.mark.parametrize("word", [b"status=error", b"NG", b"self_create=failed"])
async def test_words_of_a_failure(
    store: PovcamCertificates, monkeypatch: pytest.MonkeyPatch, word: bytes
) -> None:
    """Then nothing is waited for."""
    answer(store, monkeypatch, renewal=word)
    with pytest.raises(RefusedError) as caught:
        await store.create_self_signed(SUBJECT)
    assert caught.value.reason is Reason.REFUSED


@pytest.mark.parametrize("word", [b"status=progress", b"status=17", b""])
async def test_an_end_that_never_comes(
    store: PovcamCertificates, monkeypatch: pytest.MonkeyPatch, word: bytes
) -> None:
    """The wait has a limit, whatever is told meanwhile."""
    monkeypatch.setattr(https, "MAKING_TIME", 0.2)
    answer(store, monkeypatch, renewal=word, https_self_signed=b"status=none")
    with pytest.raises(ConnectError) as caught:
        await store.create_self_signed(SUBJECT)
    assert caught.value.reason is Reason.TIMEOUT


async def test_no_renewal(store: PovcamCertificates, sim: PovcamSimulator) -> None:
    """A camera without that request is asked for the thing itself."""
    sim.fault("renewal", Fault.ERROR_500)
    await store.create_self_signed(SUBJECT)
    assert (await store.read()).kind is CertificateKind.SELF_SIGNED
    await store.create_key()


async def test_a_request_as_long_as_the_work(
    store: PovcamCertificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A camera may answer only when it has finished; another loss is a loss."""
    real = store._client.call
    reason = Reason.TIMEOUT

    async def call(command: object, **values: object) -> bytes:
        body = await real(command, **values)  # type: ignore[arg-type]
        if command is https.HTTPS_CREAT_SELF_SIGNED:
            raise ConnectError(reason)
        return body

    monkeypatch.setattr(store._client, "call", call)
    await store.create_self_signed(SUBJECT)
    reason = Reason.UNREACHABLE
    with pytest.raises(ConnectError):
        await store.create_self_signed(SUBJECT)


@pytest.mark.parametrize("agreed", [True, False])
@pytest.mark.parametrize("reason", [Reason.OTHER_CERTIFICATE, Reason.TLS])
async def test_a_certificate_that_takes_effect_at_once(
    store: PovcamCertificates, monkeypatch: pytest.MonkeyPatch, agreed: bool, reason: Reason
) -> None:
    """It is the end of the work if the camera has agreed to that; else it may be anybody's."""

    async def call(command: object, **_values: object) -> bytes:
        if command is https.HTTPS_CREAT_SELF_SIGNED and agreed:
            return b""
        at_first = command is https.HTTPS_CREAT_SELF_SIGNED
        raise ConnectError(Reason.TIMEOUT if at_first else reason)

    monkeypatch.setattr(store._client, "call", call)
    if agreed:
        await store.create_self_signed(SUBJECT)
        return
    with pytest.raises(ConnectError) as caught:
        await store.create_self_signed(SUBJECT)
    assert caught.value.reason is reason


async def test_install_rubbish(store: PovcamCertificates, sim: PovcamSimulator) -> None:
    """What the camera refuses at once and what it refuses later are the same to people."""
    with pytest.raises(RefusedError) as caught:
        await store.install("no certificate")
    assert caught.value.reason is Reason.OTHER_KEY
    sim.fault("https_install_signed", Fault.ERROR_500)
    with pytest.raises(RefusedError) as caught:
        await store.install("no certificate")
    assert caught.value.reason is Reason.OTHER_KEY


async def test_details_are_bounded(
    store: PovcamCertificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A camera that says too much is cut short; control characters go."""
    lines = b"\r\n".join(b"k%d=%s" % (number, b"v" * 900) for number in range(200))
    answer(store, monkeypatch, https_signed=b"name=a\x1b[31mb\r\n" + lines)
    details = (await store.read()).details
    assert len(details) <= https.MAX_DETAILS
    assert all(len(value) <= https.MAX_DETAIL for value in details.values())
    assert details["name"] == "a[31mb"


async def test_a_page_for_information(
    store: PovcamCertificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Words that are no `key=value` mean that there is something."""
    answer(store, monkeypatch, https_self_signed=b"CN stage.example, DE")
    status = await store.read()
    assert status.kind is CertificateKind.SELF_SIGNED
    assert status.details == {"text": "CN stage.example, DE"}


async def watcher_of(device: PovcamDevice) -> tuple[HttpsWatcher, State]:
    """Give the watcher that looks at HTTPS, and a state."""
    (watcher,) = [one for one in device._looks.all if isinstance(one, HttpsWatcher)]
    return watcher, State()


async def test_watcher(device: PovcamDevice, sim: PovcamSimulator) -> None:
    """It looks while somebody wants to know, and not too often."""
    watcher, before = await watcher_of(device)
    assert watcher.want("another") is None
    assert not watcher.is_due(before, 1e9)
    leave = watcher.want("https_state")
    assert leave is not None
    assert watcher.is_due(before, 1e9)
    await watcher.look(before)
    assert watcher.add(before).readings["https_state"] == "off"
    assert not watcher.is_due(before, time.monotonic() + LOOK_GAP - 5)
    sim.camera.site.https.live = "https"
    await watcher.look(before)
    assert watcher.add(before).readings["https_state"] == "on"
    sim.fault("https_signed", Fault.UNAUTHORIZED)
    await watcher.look(before)
    assert watcher.add(before).readings["https_state"] == "on"
    sim.fault("get_https", Fault.RUBBISH)
    await watcher.look(before)
    assert watcher.add(before).readings["https_state"] is None
    sim.fault("get_https", Fault.ERROR_500)
    await watcher.look(before)
    assert watcher.add(before).readings["https_state"] is None
    sim.fault("get_https", Fault.CLOSE)
    await watcher.look(before)
    assert watcher.add(before).readings["https_state"] is None
    other = watcher.want("https_state")
    assert other is not None
    leave()
    leave()
    assert watcher.is_due(before, 1e9)
    other()
    assert not watcher.is_due(before, 1e9)


async def test_certificate_that_is_not_told(device: PovcamDevice, sim: PovcamSimulator) -> None:
    """Where whose certificate it is cannot be learnt, all is unknown."""
    watcher, before = await watcher_of(device)
    sim.camera.site.https.live = "https"
    sim.fault("https_signed", Fault.CLOSE)
    await watcher.look(before)
    assert watcher.add(before).readings["https_state"] is None


async def test_watcher_of_a_camera_without(session: ClientSession, sim: PovcamSimulator) -> None:
    """What does not answer has no HTTPS yet; what answers nonsense has none either."""
    watcher, state = HttpsWatcher(PovcamClient(http_of(session, sim))), State()
    for fault in (Fault.ERROR_500, Fault.RUBBISH, Fault.CLOSE):
        sim.fault("get_https", fault)
        await watcher.begin()
        assert watcher.store is None
        assert not watcher.readings
        assert watcher.add(state) is state
    sim.clear_faults()
    await watcher.look(state)
    assert watcher.store is not None
    assert set(watcher.readings) == {"https_state"}
