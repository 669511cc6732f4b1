"""Actions that cut the connection: checked, sent, and the camera followed to its new place."""

import asyncio
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol

from custom_components.panacam.cams.discovery import Candidate
from custom_components.panacam.const import DOMAIN
from tests.conftest import MAC, add, entry_for, until
from tests.simulators.povcam import AW_HE40, Fault, PovcamSimulator
from tests.simulators.povcam.site import Trouble
from tests.test_init import state
from tests.travels import (
    CAMERA,
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


@pytest.mark.parametrize(
    ("action", "data", "key"),
    [
        ("set_network", {"port": 8080}, "confirm_network"),
        ("set_priority_mode", {"mode": "rec_pb"}, "confirm_mode"),
        ("create_certificate", {"common_name": "a"}, "confirm_certificate"),
        ("install_certificate", {"certificate": "a"}, "confirm_certificate"),
        ("delete_certificate", {}, "confirm_certificate"),
        ("create_key", {}, "confirm_certificate"),
    ],
)
async def test_unconfirmed(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    umr20: PovcamSimulator,
    action: str,
    data: dict[str, Any],
    key: str,
) -> None:
    """Without the confirmation nothing is sent, and the sentence warns."""
    umr20.requests.clear()
    await refused(hass, key, action, ServiceValidationError, confirm=False, **data)
    cgis = {request.path.rpartition("/")[2] for request in umr20.requests}
    assert not cgis - {"get_state", "getinfo", "get_video_over_ip"}


async def test_https_unconfirmed(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """The warning is about what was asked for, and comes only where it could be done."""
    kind = ServiceValidationError
    await refused(hass, "confirm_https_off", "set_https", kind, confirm=False, enabled=False)
    await refused(hass, "no_certificate", "set_https", confirm=False, enabled=True)
    await do(hass, "create_certificate", common_name="stage.example")
    await refused(hass, "confirm_https_on", "set_https", kind, confirm=False, enabled=True)
    assert not [one for one in umr20.requests if one.path.endswith("/set_https")]


async def test_to_another_port(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """The camera is followed to its new port, and nobody asks or searches meanwhile."""
    port = free_port()
    await do(hass, "set_network", port=port)
    assert umr20.port == entry.data["port"] == port
    assert entry.data["host"] == "127.0.0.1"
    assert entry.state is ConfigEntryState.LOADED
    await hass.async_block_till_done()
    assert state(hass, CAMERA) != STATE_UNAVAILABLE
    assert not hass.config_entries.flow.async_progress()


async def test_unavailable_on_the_way(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """Meanwhile the camera is away, not lost: not loaded, and no flow is begun."""
    port = free_port()
    task = hass.async_create_task(do(hass, "set_network", port=port))
    await until(lambda: entry.state is ConfigEntryState.NOT_LOADED)
    assert state(hass, CAMERA) == STATE_UNAVAILABLE
    await task
    assert entry.state is ConfigEntryState.LOADED


async def test_to_another_address(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    umr20: PovcamSimulator,
    neighbour: dict[str, str],
) -> None:
    """The kernel knows the camera at the new address: it is followed there."""
    umr20.camera.site.network.netmask = "255.0.0.0"
    neighbour[ELSEWHERE] = MAC
    await do(hass, "set_network", address=ELSEWHERE)
    assert umr20.host == entry.data["host"] == ELSEWHERE
    assert entry.state is ConfigEntryState.LOADED
    sent = next(one for one in umr20.requests if one.path.endswith("/network"))
    assert sent.params["dhcp"] == "0"
    assert [sent.params[f"netmask{place}"] for place in range(1, 5)] == ["255", "0", "0", "0"]
    assert [sent.params[f"IP_addr{place}"] for place in range(1, 5)] == ["127", "0", "0", "2"]


async def test_unproven_at_another_address(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """Nobody vouches for who answers there: no password goes there until a human agrees."""
    umr20.camera.site.network.netmask = "255.0.0.0"
    await refused(hass, "unproven", "set_network", address=ELSEWHERE)
    assert umr20.host == ELSEWHERE
    assert logged_in(umr20)[-1].endswith("/network")
    assert entry.data["host"] == "127.0.0.1"
    await hass.async_block_till_done()
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["step_id"] == "moved"
    await hass.config_entries.flow.async_configure(flow["flow_id"], {})
    await hass.async_block_till_done()
    assert entry.data["host"] == ELSEWHERE


async def test_stranger_at_the_new_address(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    umr20: PovcamSimulator,
    neighbour: dict[str, str],
) -> None:
    """Who took the address first gets no password."""
    umr20.camera.site.network.netmask = "255.0.0.0"
    umr20.camera.site.trouble = Trouble.LOST
    stranger = PovcamSimulator(host=ELSEWHERE, port=umr20.port, user_auth=True, media=False)
    async with stranger:
        task = hass.async_create_task(do(hass, "set_network", address=ELSEWHERE))
        # From the moment on at which the camera was told, and no earlier: that would be refused.
        while not any(request.path.endswith("/network") for request in umr20.requests):  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0)
        neighbour[ELSEWHERE] = OTHER_MAC
        with pytest.raises(HomeAssistantError) as caught:
            await task
    assert caught.value.translation_key == "stranger_there"
    assert stranger.requests
    assert not logged_in(stranger)
    assert entry.data["host"] == "127.0.0.1"


async def test_another_camera_comes_back(
    hass: HomeAssistant, socket_enabled: None, quick: None
) -> None:
    """Who says without a login that it is another camera gets none."""
    async with PovcamSimulator(user_auth=False, media=False, move_time=0.1) as camera:
        entry = await add(hass, entry_for(camera))
        camera.camera.site.trouble = Trouble.IMPOSTOR
        task = hass.async_create_task(do(hass, "set_network", port=free_port()))
        await until(lambda: entry.state is ConfigEntryState.NOT_LOADED)
        camera.requests.clear()
        with pytest.raises(HomeAssistantError) as caught:
            await task
        assert caught.value.translation_key == "stranger_there"
        assert camera.requests
        assert not logged_in(camera)
        assert entry.data["port"] != camera.port


async def test_it_stays(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """A camera that agrees and is where it was has not taken it."""
    umr20.camera.site.trouble = Trouble.STAYS
    before = dict(entry.data)
    await refused(hass, "not_taken", "set_network", port=free_port())
    assert dict(entry.data) == before
    assert entry.state is ConfigEntryState.LOADED


async def test_it_is_lost(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """A camera that answers nowhere keeps its old place, and is searched for."""
    umr20.camera.site.trouble = Trouble.LOST
    before = dict(entry.data)
    await refused(hass, "not_there", "set_network", port=free_port())
    assert dict(entry.data) == before
    assert entry.state is ConfigEntryState.SETUP_RETRY


async def test_it_reboots_in_the_middle(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """A camera that goes away once more is waited for."""
    umr20.camera.site.trouble = Trouble.REBOOTS
    port = free_port()
    await do(hass, "set_network", port=port)
    assert entry.data["port"] == port
    await until(lambda: entry.state is ConfigEntryState.LOADED)


@pytest.mark.parametrize("fault", [Fault.CLOSE, Fault.HANG])
async def test_the_answer_is_lost(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator, fault: Fault
) -> None:
    """Whether it was taken is then seen by where the camera is."""
    if fault is Fault.HANG:
        entry.runtime_data.device._http._timeout = 0.3
    umr20.fault("network", fault)
    await refused(hass, "not_taken", "set_network", port=free_port())


async def test_by_dhcp_to_the_same_address(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """A server that gives the same address again leaves nothing to follow."""
    await do(hass, "set_network", dhcp=True)
    assert umr20.camera.site.network.dhcp == "1"
    assert entry.data["host"] == "127.0.0.1"
    assert entry.state is ConfigEntryState.LOADED


async def test_by_dhcp_to_nowhere(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """A server that gives another address: the network is searched for the camera."""
    umr20.camera.site.network.lease = ELSEWHERE
    await refused(hass, "not_there_dhcp", "set_network", dhcp=True)
    assert umr20.host == ELSEWHERE


async def test_by_dhcp_and_found(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    umr20: PovcamSimulator,
    neighbour: dict[str, str],
) -> None:
    """A search that finds the camera meanwhile ends the wait."""
    umr20.camera.site.network.lease = ELSEWHERE
    neighbour[ELSEWHERE] = MAC
    task = hass.async_create_task(do(hass, "set_network", dhcp=True))
    await until(lambda: umr20.host == ELSEWHERE and entry.state is ConfigEntryState.NOT_LOADED)
    await asyncio.sleep(0.3)
    await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": "integration_discovery"},
        data=Candidate(host=ELSEWHERE, port=umr20.port, mac=MAC, family="povcam"),
    )
    await task
    assert entry.data["host"] == ELSEWHERE
    assert entry.state is ConfigEntryState.LOADED


async def test_what_moves_nothing(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """Settings beside the place arrive; the camera is set up again."""
    await do(
        hass,
        "set_network",
        dns=["127.0.0.53", "127.0.0.54"],
        packet_size="1280",
        segment_size="1024",
        easy_ip_setup="unlimited",
        bandwidth="4096",
    )
    menu = umr20.camera.site.network
    assert (menu.dns, menu.servers) == ("manual", ("127.0.0.53", "127.0.0.54"))
    assert menu.mss == "1024"
    assert umr20.camera.menus.rtp_size == "1280"
    assert umr20.camera.menus.easy_ip_setup == "unlimited"
    assert umr20.camera.menus.bandwidth == "4096"
    await do(hass, "set_network", dns=[])
    assert menu.dns == "auto"
    assert entry.state is ConfigEntryState.LOADED


async def test_it_agrees_and_does_nothing(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """What the camera tells afterwards is what counts."""
    umr20.fault("network", Fault.NO_CONTENT)
    await refused(hass, "not_taken", "set_network", bandwidth="4096")


async def test_rtsp_port(hass: HomeAssistant, umr20: PovcamSimulator) -> None:
    """An RTSP port that somebody typed in goes with the camera's."""
    entry = await add(hass, entry_for(umr20, options={"rtsp_port": 8554}))
    await do(hass, "set_network", rtsp_port=free_port())
    assert entry.options["rtsp_port"] == umr20.camera.rtsp_port


@pytest.mark.parametrize(
    ("data", "key"),
    [
        ({"dhcp": True, "address": ELSEWHERE}, "dhcp_with_address"),
        ({"address": "224.0.0.5"}, "address_unusable"),
        ({"address": "127.0.0.255"}, "address_unusable"),
        ({"address": "8.8.8.8"}, "address_unusable"),
        ({"address": "127.0.0.9"}, "address_taken"),
        ({"netmask": "255.0.255.0"}, "netmask_unusable"),
        ({"gateway": "192.168.1.1"}, "gateway_elsewhere"),
        ({"port": 1234, "rtsp_port": 1234}, "ports_clash"),
        ({}, "no_change"),
    ],
)
async def test_mistakes(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    umr20: PovcamSimulator,
    neighbour: dict[str, str],
    data: dict[str, Any],
    key: str,
) -> None:
    """What would lose the camera is not sent."""
    neighbour["127.0.0.9"] = OTHER_MAC
    await refused(hass, key, "set_network", ServiceValidationError, **data)
    assert not [one for one in umr20.requests if one.path.endswith("/network")]
    assert entry.state is ConfigEntryState.LOADED


async def test_address_of_another_entry(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """Two cameras of Home Assistant do not get one address."""
    entry_for(umr20, host=ELSEWHERE, unique_id=OTHER_MAC).add_to_hass(hass)
    await refused(hass, "address_taken", "set_network", ServiceValidationError, address=ELSEWHERE)


async def test_two_cameras_to_one_address(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    umr20: PovcamSimulator,
    neighbour: dict[str, str],
) -> None:
    """Of two that are sent to one address at the same time, one stays where it is."""
    async with PovcamSimulator(
        mac="A8-13-74-00-00-02", serial="SIM0000002", media=False, move_time=0.1
    ) as second:
        other = entry_for(second, unique_id="a8:13:74:00:00:02")
        hass.config_entries.async_update_entry(await add(hass, other), title="Stage right")
        for camera in (umr20, second):
            camera.camera.site.network.netmask = "255.0.0.0"
        neighbour_of = {entry.entry_id: MAC, other.entry_id: "a8:13:74:00:00:02"}
        names = [
            one.entity_id
            for one in er.async_get(hass).entities.values()
            if one.domain == "camera" and one.unique_id.endswith("h264_1")
        ]
        assert len(names) == len(neighbour_of) == 2
        call = hass.services.async_call(
            DOMAIN,
            "set_network",
            {"entity_id": names, "confirm": True, "address": ELSEWHERE},
            blocking=True,
        )
        task = hass.async_create_task(call)
        await until(lambda: ELSEWHERE in (umr20.host, second.host))
        went = entry if umr20.host == ELSEWHERE else other
        neighbour[ELSEWHERE] = neighbour_of[went.entry_id]
        with pytest.raises(ServiceValidationError) as caught:
            await task
        assert caught.value.translation_key == "address_taken"
        assert {umr20.host, second.host} == {ELSEWHERE, "127.0.0.1"}
        assert went.data["host"] == ELSEWHERE
        await hass.config_entries.async_unload(other.entry_id)


async def test_a_card_on_the_way(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    umr20: PovcamSimulator,
    neighbour: dict[str, str],
) -> None:
    """A card that asks about the camera while it is on its way goes when it has arrived."""
    umr20.camera.site.network.netmask = "255.0.0.0"
    umr20.camera.site.delay = 0.5
    task = hass.async_create_task(do(hass, "set_network", address=ELSEWHERE))
    await until(lambda: entry.state is ConfigEntryState.NOT_LOADED)
    result = await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": "integration_discovery"},
        data=Candidate(host=ELSEWHERE, port=umr20.port, mac=MAC, family="povcam"),
    )
    assert result["step_id"] == "moved"
    neighbour[ELSEWHERE] = MAC
    await task
    assert entry.data["host"] == ELSEWHERE
    assert not hass.config_entries.flow.async_progress()


async def test_no_address_at_all(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """A form takes addresses only."""
    with pytest.raises(vol.Invalid, match="IPv4"):
        await do(hass, "set_network", address="stage")


async def test_unknown_priority_mode(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """A camera that does not tell its mode is not sent another one."""
    umr20.fault("get_priority_mode", Fault.ERROR_500)
    await refused(hass, "unsupported", "set_priority_mode", ServiceValidationError, mode="rec_pb")


async def test_the_script_is_ended(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """Who ends the wait gets the camera back as it was known."""
    umr20.camera.site.trouble = Trouble.LOST
    task = hass.async_create_task(do(hass, "set_network", port=free_port()))
    await until(lambda: entry.state is ConfigEntryState.NOT_LOADED)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert entry.state is ConfigEntryState.SETUP_RETRY


async def test_removed_on_the_way(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """Nobody follows a camera that its owner has removed meanwhile."""
    umr20.camera.site.trouble = Trouble.LOST
    task = hass.async_create_task(do(hass, "set_network", port=free_port()))
    await until(lambda: entry.state is ConfigEntryState.NOT_LOADED)
    await hass.config_entries.async_remove(entry.entry_id)
    await task


async def test_not_while_recording(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """A recording is not cut off."""
    umr20.camera.recording = True
    await refused(hass, "card_in_use", "set_network", port=free_port())
    await refused(hass, "card_in_use", "set_priority_mode", mode="rec_pb")


async def test_one_at_a_time(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """Who comes while the camera is being changed is told so."""
    async with entry.runtime_data.restoring:
        await refused(hass, "busy", "set_network", port=free_port())


async def test_no_such_thing(hass: HomeAssistant, socket_enabled: None, quick: None) -> None:
    """A camera without HTTPS says so."""
    async with PovcamSimulator(model=AW_HE40, media=False) as camera:
        await add(hass, entry_for(camera))
        await refused(hass, "unsupported", "set_https", ServiceValidationError, enabled=True)
        with pytest.raises(ServiceValidationError, match="cannot do that"):
            await ask(hass, "get_certificate")


@pytest.mark.parametrize("restart", [0.0, 0.3])
async def test_priority_mode(
    hass: HomeAssistant, socket_enabled: None, quick: None, restart: float
) -> None:
    """The mode is changed and the camera set up again, whether it restarts for that or not."""
    async with PovcamSimulator(user_auth=True, media=False, mode_restart=restart) as camera:
        entry = await add(hass, entry_for(camera))
        assert hass.states.get("camera.stage_left_h_264_1") is not None
        await do(hass, "set_priority_mode", mode="rec_pb")
        assert camera.camera.mode == "rec_pb"
        assert entry.state is ConfigEntryState.LOADED
        assert "h264_2" not in entry.runtime_data.data.transmitting
