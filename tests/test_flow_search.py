"""Adding cameras whose address nobody knows: the network is searched, or a range looked at."""

import asyncio
from collections.abc import Callable
from typing import Any

from homeassistant.config_entries import SOURCE_IGNORE, ConfigFlowResult
from homeassistant.core import Event, HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.panacam import discovery, flow_search
from custom_components.panacam.cams import sweep
from custom_components.panacam.cams.discovery import Candidate, Source
from custom_components.panacam.const import DOMAIN
from custom_components.panacam.flow_search import NOT_LISTED
from tests.conftest import MAC, until
from tests.simulators.povcam import AG_UMR20, Fault, PovcamSimulator
from tests.test_config_flow import LOGIN, choose, form, go_on

pytestmark = pytest.mark.usefixtures("near")

NEW = Candidate(
    host="192.168.1.20",
    port=8000,
    mac="02:00:00:00:00:20",
    name="Garage",
    model="X-1",
    family="onvif",
    source=Source.WS_DISCOVERY,
)


def answering(monkeypatch: pytest.MonkeyPatch, *candidates: Candidate) -> None:
    """Let a search find candidates."""

    async def search(*_: object, found: Callable[[Candidate], None], **__: object) -> None:
        for candidate in candidates:
            found(candidate)

    monkeypatch.setattr(discovery, "search", search)


async def finished(hass: HomeAssistant, result: ConfigFlowResult) -> ConfigFlowResult:
    """Wait for what is under way, and return the next step."""
    assert result["type"] is FlowResultType.SHOW_PROGRESS
    await hass.async_block_till_done(wait_background_tasks=True)
    return await hass.config_entries.flow.async_configure(result["flow_id"])


def labels(result: ConfigFlowResult) -> dict[str, str]:
    """Return what the list of a form shows, by value."""
    schema = result["data_schema"]
    assert schema is not None
    (select,) = schema.schema.values()
    *listed, last = select.config["options"]
    assert last == {"value": NOT_LISTED, "label": "Not in the list: enter an address"}
    return {one["value"]: one["label"] for one in listed}


def known(result: ConfigFlowResult) -> str:
    """Return what a step says of cameras that are there already."""
    return str((result["description_placeholders"] or {})["known"])


async def test_search(
    hass: HomeAssistant, open_camera: PovcamSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is found is listed with name, model, address and language, and added like any other."""
    here = Candidate(
        host="127.0.0.1", port=open_camera.port, mac=MAC, model="AG-UMR20", family="povcam"
    )
    nameless = Candidate(host="192.168.1.21", source=Source.MO_SEARCH, family="mo")
    answering(monkeypatch, NEW, here, nameless, here)
    result = await choose(hass, "search")
    assert result["progress_action"] == "search"
    result = await finished(hass, result)
    assert result["step_id"] == "found"
    assert labels(result) == {
        NEW.mac: "Garage, X-1, 192.168.1.20, ONVIF",
        MAC: "AG-UMR20, 127.0.0.1, Panasonic",
        "192.168.1.21": "192.168.1.21, MO",
    }
    assert known(result) == ""
    result = await go_on(hass, result, {"camera": MAC})
    assert result["step_id"] == "confirm"
    answering(monkeypatch)
    result = await go_on(hass, result, {})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"] == form(open_camera) | {"family": "povcam"}
    await hass.async_block_till_done()


async def test_what_is_there_is_left_out(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cameras that are set up are only counted; ignored ones can be chosen."""
    MockConfigEntry(domain=DOMAIN, unique_id="a", data={"host": "192.168.1.1"}).add_to_hass(hass)
    MockConfigEntry(domain=DOMAIN, unique_id=MAC, data={"host": "10.0.0.1"}).add_to_hass(hass)
    MockConfigEntry(domain=DOMAIN, unique_id=NEW.mac, source=SOURCE_IGNORE).add_to_hass(hass)
    there = (Candidate(host="192.168.1.1"), Candidate(host="192.168.1.2", mac=MAC))
    answering(monkeypatch, *there, NEW)
    result = await finished(hass, await choose(hass, "search"))
    assert list(labels(result)) == [NEW.mac]
    assert known(result) == "Set up already and left out: 2."
    answering(monkeypatch, *there)
    result = await finished(hass, await choose(hass, "search"))
    assert result["step_id"] == "nothing_found"
    assert known(result) == "Set up already and left out: 2."


async def test_nothing_found(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is led into a dead end."""
    result = await finished(hass, await choose(hass, "search"))
    assert result["type"] is FlowResultType.MENU
    assert result["step_id"] == "nothing_found"
    assert result["menu_options"] == ["address", "range", "search"]
    answering(monkeypatch, NEW)
    again = await go_on(hass, result, {"next_step_id": "search"})
    assert (await finished(hass, again))["step_id"] == "found"
    result = await finished(hass, await choose(hass, "search"))
    assert result["step_id"] == "found"


async def test_found_and_gone(
    hass: HomeAssistant, open_camera: PovcamSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A camera that does not answer leads to the form for an address, with its own filled in."""
    gone = Candidate(host="127.0.0.1", port=1, mac=MAC)
    answering(monkeypatch, gone)
    result = await finished(hass, await choose(hass, "search"))
    result = await go_on(hass, result, {"camera": MAC})
    assert result["step_id"] == "address"
    assert result["errors"] == {"host": "unreachable"}
    schema = result["data_schema"]
    assert schema is not None
    shown = {str(key): (key.description or {}).get("suggested_value") for key in schema.schema}
    assert (shown["host"], shown["port"]) == ("127.0.0.1", 1)
    result = await go_on(hass, result, form(open_camera))
    assert result["step_id"] == "confirm"


@pytest.mark.parametrize(
    "claim", [{"mac": "a8:13:74:00:00:99"}, {"serial": "somebody"}], ids=["mac", "serial"]
)
async def test_another_camera_than_the_one_chosen(
    hass: HomeAssistant,
    umr20: PovcamSimulator,
    monkeypatch: pytest.MonkeyPatch,
    claim: dict[str, str],
) -> None:
    """What was chosen from the list has to be what answers."""
    umr20.become(mac="" if "serial" in claim else "A8-13-74-00-00-01", serial="S1")
    answering(monkeypatch, Candidate(host="127.0.0.1", port=umr20.port, **claim))
    result = await finished(hass, await choose(hass, "search"))
    result = await go_on(hass, result, {"camera": next(iter(claim.values()))})
    assert result["step_id"] == "credentials"
    assert (await go_on(hass, result, LOGIN))["reason"] == "other_camera"


async def test_dialog_closed_during_the_search(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The search ends with the dialog, and the next one does not wait for it."""
    ended: list[str] = []

    async def search(*_: object, **__: object) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("search")

    monkeypatch.setattr(discovery, "search", search)
    result = await choose(hass, "search")
    await asyncio.sleep(0)
    hass.config_entries.flow.async_abort(result["flow_id"])
    await hass.async_block_till_done(wait_background_tasks=True)
    assert ended == ["search"]
    answering(monkeypatch, NEW)
    assert (await finished(hass, await choose(hass, "search")))["step_id"] == "found"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("camera", "no_address"),
        ("", "no_address"),
        ("192.168.1.40-10", "no_address"),
        ("8.8.8.8", "not_private"),
        ("127.0.0.1", "not_private"),
        ("10.0.0.0/8", "too_many_addresses"),
    ],
)
async def test_wrong_range(hass: HomeAssistant, text: str, error: str) -> None:
    """What cannot be looked at is said at its field."""
    result = await go_on(hass, await choose(hass, "range"), {"targets": text})
    assert result["step_id"] == "range"
    assert result["errors"] == {"targets": error}


@pytest.fixture
def loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a range be on loopback, where the simulated cameras are."""
    monkeypatch.setattr(sweep, "followable", lambda _host, _own: True)


async def test_range(
    hass: HomeAssistant,
    loopback: None,
    open_camera: PovcamSimulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each address but our own is looked at, and the dialog hears how far it is."""
    monkeypatch.setattr(flow_search, "PORTS", (open_camera.port,))
    heard: list[float] = []
    refreshed: list[Event[Any]] = []
    hass.bus.async_listen(
        "data_entry_flow_progress_update", lambda event: heard.append(event.data["progress"])
    )
    hass.bus.async_listen("data_entry_flow_progressed", refreshed.append)
    text = "127.0.0.1, 10.10.10.10"
    result = await go_on(hass, await choose(hass, "range"), {"targets": text})
    assert result["step_id"] == "sweep"
    assert result["description_placeholders"] == {"done": "0", "total": "2"}
    result = await finished(hass, result)
    assert heard == [1.0]
    assert refreshed
    assert result["step_id"] == "found"
    assert labels(result) == {MAC: "AG-UMR20, 127.0.0.1, Panasonic"}
    assert (await go_on(hass, result, {"camera": MAC}))["step_id"] == "confirm"


async def test_how_far_in_words(
    hass: HomeAssistant, loopback: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dialog that looks again reads how many addresses are done; it is told now and then."""
    go = asyncio.Event()

    async def slow(targets: sweep.Targets, *_: object, progress: Any, **__: object) -> tuple[()]:
        for done in range(1, 41):
            progress(done, len(targets))
        await go.wait()
        return ()

    monkeypatch.setattr(flow_search, "sweep", slow)
    refreshed: list[Event[Any]] = []
    hass.bus.async_listen("data_entry_flow_progressed", refreshed.append)
    result = await go_on(hass, await choose(hass, "range"), {"targets": "192.168.1.0/24"})
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    result = await hass.config_entries.flow.async_configure(result["flow_id"])
    assert result["description_placeholders"] == {"done": "40", "total": "254"}
    await asyncio.sleep(0)
    assert 3 <= len(refreshed) <= 5
    go.set()
    assert (await finished(hass, result))["step_id"] == "nothing_found"


async def test_camera_with_a_password_in_a_range(
    hass: HomeAssistant,
    loopback: None,
    umr20: PovcamSimulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It tells nothing of itself before the login, and is listed as what it is."""
    monkeypatch.setattr(flow_search, "PORTS", (umr20.port,))
    result = await go_on(hass, await choose(hass, "range"), {"targets": "127.0.0.1"})
    result = await finished(hass, result)
    assert labels(result) == {"127.0.0.1": "127.0.0.1, unknown device, asks for a password"}
    result = await go_on(hass, result, {"camera": "127.0.0.1"})
    assert result["step_id"] == "credentials"


async def test_unknown_device(
    hass: HomeAssistant,
    loopback: None,
    umr20: PovcamSimulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The kernel's word for its MAC address tells devices apart, and is no proof of a camera."""

    async def neighbour(_hass: HomeAssistant, _host: str) -> str:
        return "02:00:00:00:00:77"

    monkeypatch.setattr(flow_search, "PORTS", (umr20.port,))
    monkeypatch.setattr(flow_search, "async_mac_of", neighbour)
    result = await go_on(hass, await choose(hass, "range"), {"targets": "127.0.0.1"})
    result = await finished(hass, result)
    label = "127.0.0.1, 02:00:00:00:00:77, unknown device, asks for a password"
    assert labels(result) == {"02:00:00:00:00:77": label}
    result = await go_on(hass, result, {"camera": "02:00:00:00:00:77"})
    # Its own MAC address is another one, as behind a repeater.
    assert (await go_on(hass, result, LOGIN))["step_id"] == "confirm"


async def test_order_and_choice(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cameras come before what may be anything, and nothing is chosen until somebody does."""
    unknown = Candidate(host="192.168.1.9", source=Source.SWEEP)
    answering(monkeypatch, unknown, NEW)
    result = await finished(hass, await choose(hass, "search"))
    assert list(labels(result)) == [NEW.mac, "192.168.1.9"]
    result = await go_on(hass, result, {})
    assert result["step_id"] == "found"
    assert result["errors"] == {"camera": "nothing_chosen"}
    result = await go_on(hass, result, {"camera": NOT_LISTED})
    assert result["step_id"] == "address"
    assert not result["errors"]


async def test_secure_camera_in_a_range(
    hass: HomeAssistant,
    loopback: None,
    quick: None,
    socket_enabled: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is found without its certificate, which comes into it before anything is sent."""
    async with PovcamSimulator(model=AG_UMR20, https=True) as camera:
        monkeypatch.setattr(flow_search, "PORTS", (camera.port,))
        monkeypatch.setattr(flow_search, "_HTTPS_PORT", camera.port)
        result = await go_on(hass, await choose(hass, "range"), {"targets": "127.0.0.1"})
        result = await finished(hass, result)
        (key,) = labels(result)
        result = await go_on(hass, result, {"camera": key})
        assert result["step_id"] == "certificate"


async def test_dialog_closed_during_a_sweep(
    hass: HomeAssistant,
    loopback: None,
    open_camera: PovcamSimulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody is asked any more."""
    monkeypatch.setattr(flow_search, "PORTS", (open_camera.port,))
    open_camera.fault("*", Fault.HANG)
    result = await go_on(hass, await choose(hass, "range"), {"targets": "127.0.0.1"})
    await until(lambda: bool(open_camera.requests))
    before = len(open_camera.requests)
    hass.config_entries.flow.async_abort(result["flow_id"])
    await hass.async_block_till_done(wait_background_tasks=True)
    open_camera.clear_faults()
    await asyncio.sleep(0.1)
    assert len(open_camera.requests) == before


async def test_what_a_closed_sweep_had_found(
    hass: HomeAssistant, loopback: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is listed with what the next search finds, for a while; a sweep to the end leaves none."""
    there = Candidate(host="192.168.1.30", model="X-2", family="onvif", source=Source.SWEEP)

    async def stuck(*_: object, found: Callable[[Candidate], None], **__: object) -> None:
        found(there)
        await asyncio.Event().wait()

    monkeypatch.setattr(flow_search, "sweep", stuck)
    result = await go_on(hass, await choose(hass, "range"), {"targets": "192.168.1.0/24"})
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    hass.config_entries.flow.async_abort(result["flow_id"])
    await hass.async_block_till_done(wait_background_tasks=True)
    answering(monkeypatch, NEW)
    result = await finished(hass, await choose(hass, "search"))
    assert set(labels(result)) == {NEW.mac, "192.168.1.30"}
    answering(monkeypatch)
    monkeypatch.setattr(flow_search, "KEEP_FOUND", -1.0)
    assert (await finished(hass, await choose(hass, "search")))["step_id"] == "nothing_found"


async def test_sweep_to_the_end_is_not_kept(
    hass: HomeAssistant,
    loopback: None,
    open_camera: PovcamSimulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What somebody was shown is searched for anew."""
    monkeypatch.setattr(flow_search, "PORTS", (open_camera.port,))
    result = await go_on(hass, await choose(hass, "range"), {"targets": "127.0.0.1"})
    assert (await finished(hass, result))["step_id"] == "found"
    assert (await finished(hass, await choose(hass, "search")))["step_id"] == "nothing_found"
