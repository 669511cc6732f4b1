"""HTTPS on and off, and certificates: the camera is told by the new one from then on."""

from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.panacam import moving
from custom_components.panacam.cams.errors import ConnectError, Reason
from custom_components.panacam.cams.net.dial import DIALER
from custom_components.panacam.cams.net.tls import certificate_of
from custom_components.panacam.cams.povcam import https
from custom_components.panacam.const import CONF_FINGERPRINT
from tests.conftest import MAC, add, entry_for, until
from tests.simulators.povcam import Fault, PovcamSimulator
from tests.simulators.povcam.site import Trouble
from tests.test_init import poll, state
from tests.travels import (
    ELSEWHERE,
    OTHER_MAC,
    ask,
    do,
    free_port,
    logged_in,
    neighbour,
    refused,
    soon,
    umr20,
)

__all__ = ["neighbour", "soon", "umr20"]

pytestmark = pytest.mark.usefixtures("near", "soon")

SENSOR = "sensor.stage_left_https"


@pytest.fixture
def proven(neighbour: dict[str, str]) -> None:
    """Let the kernel know the camera."""
    neighbour["127.0.0.1"] = MAC


def signed(request: str, key: ec.EllipticCurvePrivateKey | None = None) -> str:
    """Return what an authority makes of a request; with `key`, for that one instead."""
    wanted = x509.load_pem_x509_csr(request.encode())
    assert wanted.is_signature_valid
    now = datetime(2020, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(wanted.subject)
        .issuer_name(x509.Name([]))
        .public_key(wanted.public_key() if key is None else key.public_key())
        .serial_number(7)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=36500))
        .sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


async def secure(hass: HomeAssistant, camera: PovcamSimulator) -> int:
    """Have the camera make a certificate and use it; return its port."""
    port = free_port()
    await do(hass, "create_certificate", common_name="stage.example", country="DE")
    await do(hass, "set_https", enabled=True, port=port)
    assert camera.https
    return port


async def test_https_on_and_off(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator, proven: None
) -> None:
    """The new certificate is the one that the camera is told by; and back again."""
    before = dict(entry.data)
    port = await secure(hass, umr20)
    shown = await certificate_of("127.0.0.1", port)
    assert shown.fingerprint == umr20.camera.site.https.fingerprint()
    assert "stage.example" in shown.subject
    assert dict(entry.data) == {
        **before,
        "port": port,
        "ssl": True,
        "verify_ssl": False,
        CONF_FINGERPRINT: shown.fingerprint,
    }
    assert entry.state is ConfigEntryState.LOADED
    await do(hass, "set_https", enabled=False)
    assert not umr20.https
    assert dict(entry.data) == before
    assert entry.state is ConfigEntryState.LOADED
    assert not hass.config_entries.flow.async_progress()


async def test_https_to_another_port(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """The certificate stays the same on another port, and must."""
    await secure(hass, umr20)
    port, pin = free_port(), entry.data[CONF_FINGERPRINT]
    await do(hass, "set_https", enabled=True, port=port)
    assert (entry.data["port"], entry.data[CONF_FINGERPRINT]) == (port, pin)
    assert entry.state is ConfigEntryState.LOADED


async def test_another_certificate_on_another_port(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """Who shows another one there gets nothing: the camera had no reason to make one."""
    await secure(hass, umr20)
    umr20.camera.site.trouble = Trouble.LOST
    port = free_port()
    task = hass.async_create_task(do(hass, "set_https", enabled=True, port=port))
    await until(lambda: entry.state is ConfigEntryState.NOT_LOADED)
    async with PovcamSimulator(port=port, https=True, user_auth=True, media=False) as stranger:
        with pytest.raises(HomeAssistantError) as caught:
            await task
        assert caught.value.translation_key == "not_there"
        assert stranger.handshakes
        assert not stranger.requests


async def test_https_by_a_stranger(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    umr20: PovcamSimulator,
    neighbour: dict[str, str],
) -> None:
    """A new certificate is not taken from whom the kernel knows to be somebody else."""
    await do(hass, "create_certificate", common_name="stage.example")
    neighbour["127.0.0.1"] = OTHER_MAC
    await refused(hass, "stranger_there", "set_https", enabled=True, port=free_port())
    assert logged_in(umr20)[-1].endswith("/set_https")
    assert CONF_FINGERPRINT not in entry.data
    assert entry.data["ssl"] is False


async def test_https_that_does_not_come(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """The camera says yes and goes on by HTTP."""
    await do(hass, "create_certificate", common_name="stage.example")
    umr20.camera.site.trouble = Trouble.STAYS
    await refused(hass, "not_taken", "set_https", enabled=True, port=free_port())
    assert entry.data["ssl"] is False
    assert entry.state is ConfigEntryState.LOADED


async def test_no_https_without_a_certificate(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """It is refused before the camera is asked, as is a port that is in use."""
    await refused(hass, "no_certificate", "set_https", enabled=True)
    await refused(
        hass, "ports_clash", "set_https", ServiceValidationError, enabled=True, port=umr20.port
    )
    assert not [one for one in umr20.requests if one.path.endswith("/set_https")]


async def test_certificate_while_in_use(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator, proven: None
) -> None:
    """A camera that shows its new certificate at once is told by it; nobody is asked."""
    await secure(hass, umr20)
    before = entry.data[CONF_FINGERPRINT]
    await do(hass, "create_certificate", common_name="new.example")
    assert entry.data[CONF_FINGERPRINT] == umr20.camera.site.https.fingerprint() != before
    assert entry.state is ConfigEntryState.LOADED
    assert not hass.config_entries.flow.async_progress()


async def test_certificate_of_an_authority(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator, proven: None
) -> None:
    """From the request to the certificate in use."""
    await secure(hass, umr20)
    answer = await ask(hass, "create_certificate_request", common_name="ca.example", state="HE")
    request = x509.load_pem_x509_csr(answer["request"].encode())
    assert "ca.example" in request.subject.rfc4514_string()
    certificate = signed(answer["request"])
    await do(hass, "install_certificate", certificate=f"\n{certificate}\n")
    assert entry.data[CONF_FINGERPRINT] == umr20.camera.site.https.fingerprint()
    told = await ask(hass, "get_certificate")
    assert told["certificate"] == "ca_signed"
    assert told["https"] is True
    assert told["details"]["common_name"] == "ca.example"
    assert told["key"]["rsa_length"] == "2048"
    await refused(hass, "https_in_use", "delete_certificate")
    await refused(hass, "https_in_use", "create_key")


async def test_certificate_of_another_key(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """The camera refuses it, and a text that is none is not even sent."""
    answer = await ask(hass, "create_certificate_request", common_name="ca.example")
    other = signed(answer["request"], ec.generate_private_key(ec.SECP256R1()))
    await refused(hass, "other_key", "install_certificate", certificate=other)
    umr20.requests.clear()
    await refused(
        hass,
        "not_pem",
        "install_certificate",
        ServiceValidationError,
        certificate=answer["request"],
    )
    assert not [one for one in umr20.requests if one.path.endswith("/https_install_signed")]
    assert (await ask(hass, "get_certificate"))["certificate"] == "none"


async def test_delete_and_keys(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """A key ends its certificates, and the one before can be had back."""
    await do(hass, "create_certificate", common_name="stage.example")
    first = (await ask(hass, "get_certificate"))["key"]
    await do(hass, "delete_certificate")
    assert (await ask(hass, "get_certificate"))["certificate"] == "none"
    await refused(hass, "nothing_to_delete", "delete_certificate")
    await do(hass, "create_key")
    assert (second := (await ask(hass, "get_certificate"))["key"]) != first
    await do(hass, "create_key", previous=True)
    assert (await ask(hass, "get_certificate"))["key"] == first != second


async def test_a_certificate_that_is_trusted(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    umr20: PovcamSimulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What Home Assistant trusts anyway needs no fingerprint."""
    await do(hass, "create_certificate", common_name="stage.example")
    real = moving.find

    async def trusting(hass: HomeAssistant, data: Any, *, alone: bool = False) -> Any:
        return await real(hass, {**data, "verify_ssl": False}, alone=alone)

    monkeypatch.setattr(moving, "find", trusting)
    await do(hass, "set_https", enabled=True, port=free_port())
    assert CONF_FINGERPRINT not in entry.data
    assert entry.data["ssl"] is entry.data["verify_ssl"] is True


async def test_a_camera_that_is_not_checked(hass: HomeAssistant, umr20: PovcamSimulator) -> None:
    """Its owner wanted no certificate checked, and gets none pinned."""
    entry = await add(hass, entry_for(umr20))
    port = await secure(hass, umr20)
    data = {key: value for key, value in entry.data.items() if key != CONF_FINGERPRINT}
    hass.config_entries.async_update_entry(entry, data=data)
    await hass.config_entries.async_reload(entry.entry_id)
    await do(hass, "create_certificate", common_name="new.example")
    assert entry.data == {**data, "port": port}
    assert entry.state is ConfigEntryState.LOADED


async def test_it_is_cut_off(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator, proven: None
) -> None:
    """A camera that has agreed is waited for; what it never agreed to is not followed."""
    await secure(hass, umr20)
    umr20.fault("renewal", Fault.CLOSE, 2)
    await do(hass, "create_certificate", common_name="new.example")
    assert entry.data[CONF_FINGERPRINT] == umr20.camera.site.https.fingerprint()
    menu = umr20.camera.site.https
    umr20.fault("https_creat_self_signed", Fault.CLOSE)
    await refused(hass, "cut", "create_certificate", common_name="third.example")
    assert entry.data[CONF_FINGERPRINT] == menu.fingerprint()
    assert entry.state is ConfigEntryState.LOADED


@pytest.mark.parametrize("reason", [Reason.OTHER_CERTIFICATE, Reason.TLS, Reason.CUT])
async def test_another_certificate_that_was_not_asked_for(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    umr20: PovcamSimulator,
    proven: None,
    monkeypatch: pytest.MonkeyPatch,
    reason: Reason,
) -> None:
    """Who shows one before the camera has agreed to make one is not followed."""
    await secure(hass, umr20)
    before, coordinator = dict(entry.data), entry.runtime_data

    async def meet_another(*_args: object) -> None:
        umr20.camera.site.https.sign_itself({})
        raise ConnectError(reason)

    monkeypatch.setattr(https.PovcamCertificates, "create_self_signed", meet_another)
    await refused(hass, reason.value, "create_certificate", common_name="new.example")
    assert umr20.camera.site.https.fingerprint() != before[CONF_FINGERPRINT]
    assert dict(entry.data) == before
    assert entry.runtime_data is coordinator


@pytest.mark.parametrize("by_name", [False, True])
async def test_new_certificate_that_nothing_proves(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    umr20: PovcamSimulator,
    neighbour: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    by_name: bool,
) -> None:
    """It gets no password until a human agrees; by the kernel's word about a name it does."""
    await secure(hass, umr20)
    if by_name:
        await to_name(hass, entry, monkeypatch)
    before = dict(entry.data)
    await refused(hass, "unproven_certificate", "create_certificate", common_name="new.example")
    assert dict(entry.data) == before
    assert umr20.camera.site.https.fingerprint() != before[CONF_FINGERPRINT]
    assert logged_in(umr20)[-1].rpartition("/")[2] in {"renewal", "https_self_signed"}
    await hass.async_block_till_done()
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["step_id"] == "certificate_changed"
    await hass.config_entries.flow.async_configure(flow["flow_id"], {})
    await hass.async_block_till_done()
    assert entry.data[CONF_FINGERPRINT] == umr20.camera.site.https.fingerprint()
    assert entry.state is ConfigEntryState.LOADED
    neighbour["127.0.0.1"] = MAC
    await do(hass, "create_certificate", common_name="third.example")
    assert entry.data[CONF_FINGERPRINT] == umr20.camera.site.https.fingerprint()
    neighbour["127.0.0.1"] = OTHER_MAC
    await refused(hass, "stranger_there", "create_certificate", common_name="last.example")
    assert entry.data[CONF_FINGERPRINT] != umr20.camera.site.https.fingerprint()
    assert entry.data["host"] == before["host"]


async def to_name(
    hass: HomeAssistant, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Have an entry lead to its camera by a name."""

    async def look_up(_host: str) -> list[str]:
        return ["127.0.0.1"]

    monkeypatch.setattr(DIALER, "_look_up", look_up)
    hass.config_entries.async_update_entry(entry, data={**entry.data, "host": "stage.test"})
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED


async def test_https_off_that_nothing_proves(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """Without its certificate nobody can tell whether it is the camera."""
    await secure(hass, umr20)
    before = dict(entry.data)
    await refused(hass, "unproven_certificate", "set_https", enabled=False)
    assert not umr20.https
    assert dict(entry.data) == before
    assert logged_in(umr20)[-1].endswith("/set_https")


async def test_it_is_away(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """Without HTTPS in use there is nothing to be followed."""
    umr20.fault("https_creat_self_signed", Fault.CLOSE)
    await refused(hass, "cut", "create_certificate", common_name="new.example")
    assert entry.state is ConfigEntryState.LOADED


async def test_it_takes_too_long(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    umr20: PovcamSimulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody waits for ever."""
    monkeypatch.setattr(https, "MAKING_TIME", 0.1)
    await refused(hass, "timeout", "create_certificate", common_name="stage.example")
    assert entry.state is ConfigEntryState.LOADED


async def test_it_fails(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """A refusal is told, also with HTTPS in use."""
    await secure(hass, umr20)
    umr20.fault("https_creat_self_signed", Fault.ERROR_500)
    await refused(hass, "refused", "create_certificate", common_name="stage.example")
    umr20.fault("https_creat_self_signed", Fault.NO_CONTENT)
    umr20.fault("renewal", Fault.EMPTY)
    await do(hass, "create_certificate", common_name="stage.example")  # there is one already


@pytest.mark.usefixtures("all_enabled")
async def test_state_of_https(
    hass: HomeAssistant, umr20: PovcamSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sensor follows what the camera tells, now and then."""
    monkeypatch.setattr(https.HttpsWatcher, "period", 0.0)
    entry = await add(hass, entry_for(umr20))
    await poll(hass, entry)
    assert state(hass, SENSOR) == "off"
    await secure(hass, umr20)
    await poll(hass, entry)
    assert state(hass, SENSOR) == "self_signed"
    umr20.fault("get_https", Fault.EMPTY)
    await poll(hass, entry)
    assert state(hass, SENSOR) == "unknown"


async def test_pinned_camera_at_another_address(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """A certificate that was agreed to proves the camera wherever it is."""
    umr20.camera.site.network.netmask = "255.0.0.0"
    await do(hass, "create_certificate", common_name="camera.invalid")
    await do(hass, "set_https", enabled=True, port=free_port())
    assert entry.data[CONF_FINGERPRINT] == umr20.camera.site.https.fingerprint()
    await do(hass, "set_network", address=ELSEWHERE)
    assert entry.data["host"] == umr20.host == ELSEWHERE
    assert entry.data["ssl"] is True
    assert entry.state is ConfigEntryState.LOADED
