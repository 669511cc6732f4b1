"""Certificates that nobody vouches for: shown, agreed to, and told from others ever after."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from homeassistant.config_entries import (
    SOURCE_INTEGRATION_DISCOVERY,
    ConfigEntryState,
    ConfigFlowResult,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.panacam.cams.discovery import Candidate
from custom_components.panacam.cams.net.tls import certificate_of, grouped
from custom_components.panacam.cams.onvif import device as onvif_device
from custom_components.panacam.const import DOMAIN
from tests.conftest import ONVIF_MAC, add, entry_for, yard_entry_for
from tests.eavesdropper import Eavesdropper
from tests.simulators.onvif import OnvifSimulator
from tests.simulators.povcam import AG_UMR20, Auth, PovcamSimulator
from tests.test_config_flow import LOGIN, begin, form, go_on


@pytest.fixture
async def camera(socket_enabled: None, quick: None) -> AsyncGenerator[PovcamSimulator]:
    """Run a camera with HTTPS that asks everybody for a password."""
    async with PovcamSimulator(
        model=AG_UMR20, https=True, auth=Auth.DIGEST, user_auth=True
    ) as simulator:
        yield simulator


async def fingerprint_of(camera: PovcamSimulator | OnvifSimulator) -> str:
    """Return the fingerprint of what a camera shows now."""
    return (await certificate_of(camera.host, camera.port)).fingerprint


async def pinned(camera: PovcamSimulator, **changes: Any) -> MockConfigEntry:
    """Return an entry that takes only the certificate that the camera shows now."""
    return entry_for(
        camera, ssl=True, verify_ssl=False, fingerprint=await fingerprint_of(camera), **changes
    )


async def test_agreed(hass: HomeAssistant, camera: PovcamSimulator) -> None:
    """The certificate is shown before anything is asked; the entry takes no other."""
    fingerprint = await fingerprint_of(camera)
    result = await begin(hass, form(camera, ssl=True))
    assert result["step_id"] == "certificate"
    shown = result["description_placeholders"]
    assert shown is not None
    assert shown["fingerprint"] == grouped(fingerprint)
    assert shown["subject"] == "CN=camera.invalid"
    assert shown["since"] == "2020-01-01"
    assert shown["host"] == "127.0.0.1"
    assert not camera.requests
    result = await go_on(hass, result, {})
    assert result["step_id"] == "credentials"
    result = await go_on(hass, result, LOGIN)
    assert result["step_id"] == "confirm"
    result = await go_on(hass, result, {})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"] == form(
        camera, ssl=True, verify_ssl=False, fingerprint=fingerprint, family="povcam", **LOGIN
    )
    await hass.async_block_till_done()
    assert result["result"].state is ConfigEntryState.LOADED


async def test_agreed_for_onvif(hass: HomeAssistant, socket_enabled: None, quick: None) -> None:
    """All of a camera's services are behind the one certificate."""
    async with OnvifSimulator(https=True) as camera:
        camera.become(mac=ONVIF_MAC, serial="SIM0000003")
        result = await begin(hass, form(camera, ssl=True))  # type: ignore[arg-type]
        assert result["step_id"] == "certificate"
        result = await go_on(hass, result, {})
        assert result["step_id"] == "credentials"
        login = {"username": camera.username, "password": camera.password}
        result = await go_on(hass, result, login)
        result = await go_on(hass, result, {})
        assert result["type"] is FlowResultType.CREATE_ENTRY
        entry = result["result"]
        await hass.async_block_till_done()
        assert entry.state is ConfigEntryState.LOADED
        assert entry.data["fingerprint"] == await fingerprint_of(camera)
        await hass.config_entries.async_unload(entry.entry_id)


async def test_only_what_was_shown_is_agreed_to(
    hass: HomeAssistant, camera: PovcamSimulator
) -> None:
    """A certificate that changes while the form is open is shown anew."""
    first = await fingerprint_of(camera)
    result = await begin(hass, form(camera, ssl=True))
    camera.renew_certificate()
    result = await go_on(hass, result, {})
    assert result["step_id"] == "certificate_changed"
    shown = result["description_placeholders"]
    assert shown is not None
    assert shown["old_fingerprint"] == grouped(first)
    assert shown["fingerprint"] == grouped(await fingerprint_of(camera))
    assert not camera.requests
    result = await go_on(hass, result, {})
    assert result["step_id"] == "credentials"


def suggested(result: ConfigFlowResult) -> dict[str, Any]:
    """Return what a form has filled in already."""
    schema = result["data_schema"]
    assert schema is not None
    return {str(key): (key.description or {}).get("suggested_value") for key in schema.schema}


async def test_gone_while_the_form_is_open(hass: HomeAssistant, camera: PovcamSimulator) -> None:
    """The form for the address says what went wrong, and nobody has to agree twice."""
    result = await begin(hass, form(camera, ssl=True))
    await camera.stop()
    result = await go_on(hass, result, {})
    assert result["step_id"] == "address"
    assert result["errors"] == {"host": "unreachable"}
    assert suggested(result) == form(camera, ssl=True)
    await camera.start()
    result = await go_on(hass, result, form(camera, ssl=True))
    assert result["step_id"] == "credentials"


async def test_consent_is_to_one_place(hass: HomeAssistant, camera: PovcamSimulator) -> None:
    """Another camera is another question, and not one about a change."""
    result = await begin(hass, form(camera, ssl=True))
    await camera.stop()
    result = await go_on(hass, result, {})
    async with PovcamSimulator(model=AG_UMR20, https=True) as other:
        result = await go_on(hass, result, form(other, ssl=True))
        assert result["step_id"] == "certificate"
        assert not other.requests


async def test_consent_does_not_outlast_a_change(
    hass: HomeAssistant, camera: PovcamSimulator
) -> None:
    """Another certificate at the same place is told from the one that was agreed to."""
    first = await fingerprint_of(camera)
    result = await begin(hass, form(camera, ssl=True))
    await camera.stop()
    result = await go_on(hass, result, {})
    camera.renew_certificate()
    await camera.start()
    result = await go_on(hass, result, form(camera, ssl=True))
    assert result["step_id"] == "certificate_changed"
    assert (result["description_placeholders"] or {})["old_fingerprint"] == grouped(first)
    assert not camera.requests


async def test_no_https_is_no_question_of_certificates(
    hass: HomeAssistant, open_camera: PovcamSimulator
) -> None:
    """Who has no certificate shows none."""
    result = await begin(hass, form(open_camera, ssl=True))
    assert result["step_id"] == "address"
    assert result["errors"] == {"base": "tls"}


async def test_texts_of_a_certificate_are_no_markdown(
    hass: HomeAssistant, camera: PovcamSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stranger chose them."""
    monkeypatch.setattr(
        "custom_components.panacam.cams.net.tls.plain", lambda *_: "CN=[x](http://evil/)"
    )
    result = await begin(hass, form(camera, ssl=True))
    shown = result["description_placeholders"]
    assert shown is not None
    assert shown["subject"] == r"CN=\[x\]\(http://evil/\)"


async def test_discovered(
    hass: HomeAssistant, camera: PovcamSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A camera that announces HTTPS is offered with its certificate, never without a check."""

    async def yes(*_arguments: object) -> bool:
        return True

    monkeypatch.setattr("custom_components.panacam.flow_discovery.async_followable", yes)
    result = await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_INTEGRATION_DISCOVERY},
        data=Candidate(host="127.0.0.1", port=camera.port, tls=True),  # type: ignore[arg-type]
    )
    assert result["step_id"] == "certificate"
    assert not camera.requests
    result = await go_on(hass, result, {})
    result = await go_on(hass, result, LOGIN)
    assert result["step_id"] == "confirm"
    result = await go_on(hass, result, {})
    assert result["data"]["fingerprint"] == await fingerprint_of(camera)
    assert result["data"]["verify_ssl"] is False


async def test_stranger_while_running(
    hass: HomeAssistant, camera: PovcamSimulator, caplog: pytest.LogCaptureFixture
) -> None:
    """Another certificate makes the camera unavailable, says so once, and asks; it gets nothing."""
    entry = await add(hass, await pinned(camera))
    assert entry.state is ConfigEntryState.LOADED
    coordinator, port = entry.runtime_data, camera.port
    await camera.stop()
    caplog.clear()
    stranger = Eavesdropper()
    async with stranger.listening(port):
        for _ in range(4):
            await coordinator.async_refresh()
            await hass.async_block_till_done()
        await asyncio.sleep(0.05)
        (flow,) = entry.async_get_active_flows(hass, {"reauth"})
        assert not coordinator.last_update_success
        assert {state.state for state in hass.states.async_all("camera")} == {"unavailable"}
        lines = [
            record
            for record in caplog.records
            if record.levelname in {"WARNING", "ERROR"} and "panacam" in record.name
        ]
        assert len(lines) == 1
        assert flow["step_id"] == "certificate_changed"
    assert stranger.connections
    assert stranger.heard == b""
    # The camera is back: nobody is asked any more.
    await camera.start()
    await coordinator.async_refresh()
    await hass.async_block_till_done()
    assert coordinator.last_update_success
    assert not list(entry.async_get_active_flows(hass, {"reauth"}))


async def test_stranger_at_set_up(hass: HomeAssistant, camera: PovcamSimulator) -> None:
    """It is the same when Home Assistant starts after the change."""
    entry = await pinned(camera)
    camera.renew_certificate()
    await add(hass, entry)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "other_certificate"
    assert list(entry.async_get_active_flows(hass, {"reauth"}))
    assert not camera.requests


async def test_reauthentication(hass: HomeAssistant, camera: PovcamSimulator) -> None:
    """Old and new are shown; the stored credentials do, and are not asked for."""
    entry = await add(hass, await pinned(camera))
    first = entry.data["fingerprint"]
    camera.renew_certificate()
    await camera.reboot(0)
    camera.requests.clear()
    result = await entry.start_reauth_flow(hass)
    assert result["step_id"] == "certificate_changed"
    shown = result["description_placeholders"]
    assert shown is not None
    assert shown["old_fingerprint"] == grouped(first)
    assert shown["fingerprint"] == grouped(await fingerprint_of(camera))
    assert not camera.requests
    result = await go_on(hass, result, {})
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "certificate_replaced"
    assert entry.data["fingerprint"] == await fingerprint_of(camera)
    assert entry.data["password"] == "12345"
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED


async def test_reauthentication_after_a_reset(hass: HomeAssistant, camera: PovcamSimulator) -> None:
    """A camera that was reset has another password, too: it is asked for after the certificate."""
    entry = await add(hass, await pinned(camera))
    camera.renew_certificate()
    camera.set_password("admin", "new")
    await camera.reboot(0)
    result = await go_on(hass, await entry.start_reauth_flow(hass), {})
    assert result["step_id"] == "reauth_confirm"
    assert result["errors"] == {"base": "wrong_credentials"}
    camera.renew_certificate()
    await camera.reboot(0)
    result = await go_on(hass, result, LOGIN | {"password": "new"})
    assert result["step_id"] == "certificate_changed"
    result = await go_on(hass, result, {})
    assert result["reason"] == "certificate_replaced"
    assert entry.data["password"] == "new"
    assert entry.data["fingerprint"] == await fingerprint_of(camera)


async def test_reauthentication_of_credentials_only(
    hass: HomeAssistant, camera: PovcamSimulator
) -> None:
    """Who shows the right certificate is asked about nothing else."""
    entry = await add(hass, await pinned(camera))
    camera.set_password("admin", "new")
    result = await entry.start_reauth_flow(hass)
    assert result["step_id"] == "reauth_confirm"
    result = await go_on(hass, result, LOGIN | {"password": "new"})
    assert result["reason"] == "reauth_successful"
    assert entry.data["fingerprint"] == await fingerprint_of(camera)


async def test_reauthentication_with_another_camera(
    hass: HomeAssistant, camera: PovcamSimulator
) -> None:
    """Consent to a certificate makes no camera into another."""
    entry = await add(hass, await pinned(camera))
    first = entry.data["fingerprint"]
    camera.renew_certificate()
    camera.become(mac="A8-13-74-00-00-99", serial="other")
    await camera.reboot(0)
    result = await go_on(hass, await entry.start_reauth_flow(hass), {})
    assert result["reason"] == "other_camera"
    assert entry.data["fingerprint"] == first


async def test_unchecked_entries_go_on(hass: HomeAssistant, camera: PovcamSimulator) -> None:
    """An entry from before is as it was, and reconfiguring it offers to pin."""
    entry = await add(hass, entry_for(camera, ssl=True, verify_ssl=False))
    assert entry.state is ConfigEntryState.LOADED
    camera.renew_certificate()
    await camera.reboot(0)
    await entry.runtime_data.async_refresh()
    assert entry.runtime_data.last_update_success
    result = await entry.start_reconfigure_flow(hass)
    result = await go_on(hass, result, form(camera, ssl=True, username="admin"))
    assert result["step_id"] == "certificate"
    result = await go_on(hass, result, {})
    assert result["reason"] == "reconfigure_successful"
    assert entry.data["fingerprint"] == await fingerprint_of(camera)
    assert entry.data["password"] == "12345"


async def test_reconfigure_keeps_the_pin(hass: HomeAssistant, camera: PovcamSimulator) -> None:
    """What a pinned entry's form shows is that it checks; to save it changes nothing."""
    entry = await add(hass, await pinned(camera))
    before = dict(entry.data)
    result = await entry.start_reconfigure_flow(hass)
    assert suggested(result)["verify_ssl"] is True
    assert "fingerprint" not in suggested(result)
    result = await go_on(hass, result, form(camera, ssl=True, username="admin"))
    assert result["reason"] == "reconfigure_successful"
    assert dict(entry.data) == before


async def test_reconfigure_takes_the_pin_off(hass: HomeAssistant, camera: PovcamSimulator) -> None:
    """Who turns the check off has it off."""
    entry = await add(hass, await pinned(camera))
    result = await entry.start_reconfigure_flow(hass)
    result = await go_on(hass, result, form(camera, ssl=True, verify_ssl=False, username="admin"))
    assert result["reason"] == "reconfigure_successful"
    assert "fingerprint" not in entry.data
    assert entry.data["verify_ssl"] is False


async def test_reconfigure_with_another_certificate(
    hass: HomeAssistant, camera: PovcamSimulator
) -> None:
    """A changed certificate is a question here as well, before anything is sent."""
    entry = await add(hass, await pinned(camera))
    camera.renew_certificate()
    await camera.reboot(0)
    camera.requests.clear()
    result = await entry.start_reconfigure_flow(hass)
    result = await go_on(hass, result, form(camera, ssl=True, username="admin"))
    assert result["step_id"] == "certificate_changed"
    assert not camera.requests
    result = await go_on(hass, result, {})
    assert result["reason"] == "reconfigure_successful"
    assert entry.data["fingerprint"] == await fingerprint_of(camera)


async def test_reconfigure_with_a_wrong_password(
    hass: HomeAssistant, camera: PovcamSimulator
) -> None:
    """After the certificate, what is wrong is said where it can be corrected."""
    entry = await add(hass, entry_for(camera, ssl=True, verify_ssl=False))
    result = await entry.start_reconfigure_flow(hass)
    filled = form(camera, ssl=True, username="admin", password="wrong")
    result = await go_on(hass, result, filled)
    assert result["step_id"] == "certificate"
    result = await go_on(hass, result, {})
    assert result["step_id"] == "reconfigure"
    assert result["errors"] == {"base": "wrong_credentials"}
    shown = suggested(result)
    assert shown == form(camera, ssl=True, username="admin", password="wrong")
    result = await go_on(hass, result, filled | {"password": "12345"})
    assert result["reason"] == "reconfigure_successful"
    assert entry.data["fingerprint"] == await fingerprint_of(camera)


async def test_reconfigure_a_camera_that_goes(hass: HomeAssistant, camera: PovcamSimulator) -> None:
    """The form comes back without the password that Home Assistant has."""
    entry = await add(hass, entry_for(camera, ssl=True, verify_ssl=False))
    result = await entry.start_reconfigure_flow(hass)
    result = await go_on(hass, result, form(camera, ssl=True, username="admin"))
    await camera.stop()
    result = await go_on(hass, result, {})
    assert result["step_id"] == "reconfigure"
    assert result["errors"] == {"host": "unreachable"}
    assert suggested(result)["password"] is None
    await camera.start()
    result = await go_on(hass, result, form(camera, ssl=True, username="admin"))
    assert result["reason"] == "reconfigure_successful"
    assert entry.data["password"] == "12345"


async def test_the_old_one_is_still_shown_after_a_failure(
    hass: HomeAssistant, camera: PovcamSimulator
) -> None:
    """Who agreed, to no avail, sees what there was before, not twice the new one."""
    entry = await add(hass, await pinned(camera))
    first = entry.data["fingerprint"]
    camera.renew_certificate()
    await camera.reboot(0)
    result = await entry.start_reauth_flow(hass)
    await camera.stop()
    result = await go_on(hass, result, {})
    assert result["step_id"] == "certificate_changed"
    assert result["errors"] == {"base": "unreachable"}
    assert (result["description_placeholders"] or {})["old_fingerprint"] == grouped(first)
    await camera.start()
    assert (await go_on(hass, result, {}))["reason"] == "certificate_replaced"


async def test_onvif_stranger(
    hass: HomeAssistant,
    socket_enabled: None,
    quick: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The clock, the events and the snapshots of a camera keep silent, too."""
    monkeypatch.setattr(onvif_device, "ALIVE_LIMIT", 0.1)
    async with OnvifSimulator(https=True) as camera:
        camera.become(mac=ONVIF_MAC, serial="SIM0000003")
        fingerprint = await fingerprint_of(camera)
        entry = await add(
            hass, yard_entry_for(camera, ssl=True, verify_ssl=False, fingerprint=fingerprint)
        )
        assert entry.state is ConfigEntryState.LOADED
        port = camera.port
        await camera.stop()
        stranger = Eavesdropper()
        async with stranger.listening(port):
            while not list(entry.async_get_active_flows(hass, {"reauth"})):
                await entry.runtime_data.async_refresh()
                await asyncio.sleep(0.1)
            await hass.async_block_till_done()
            assert entry.runtime_data.last_exception.translation_key == "other_certificate"
            await hass.config_entries.async_unload(entry.entry_id)
        assert stranger.connections
        assert stranger.heard == b""


async def test_reauthentication_of_an_absent_camera(
    hass: HomeAssistant, camera: PovcamSimulator
) -> None:
    """Who shows no certificate is asked about once it is back; nothing is kept until then."""
    entry = await add(hass, await pinned(camera))
    before = dict(entry.data)
    await camera.stop()
    result = await entry.start_reauth_flow(hass)
    assert result["step_id"] == "reauth_confirm"
    result = await go_on(hass, result, LOGIN | {"password": "new"})
    assert result["errors"] == {"base": "unreachable"}
    assert dict(entry.data) == before
