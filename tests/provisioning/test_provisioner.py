"""Many requests: one run for each camera, bounds for strangers, and who is believed."""

import asyncio
from collections.abc import Callable
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
import pytest
import pytest_socket

from custom_components.panacam.const import DOMAIN
from custom_components.panacam.provisioning import (
    clock,
    journal,
    option82_of,
    provisioner,
    strangers,
)
from custom_components.panacam.provisioning.run import Run
from custom_components.panacam.provisioning.steps import EndedError, Source, Step
from tests.conftest import add, entry_for, until
from tests.provisioning.conftest import (
    GATE,
    HERE,
    Log,
    Neighbours,
    asked,
    cameras,
    network_of,
    provision,
)
from tests.simulators.povcam import AG_UMR20, Auth, PovcamSimulator

SERIAL = "SIM0000001"


def mac(number: int) -> str:
    """Return one of many MAC addresses."""
    return f"02:00:00:00:{number // 256:02x}:{number % 256:02x}"


async def test_requests_merge(
    hass: HomeAssistant, camera: PovcamSimulator, neighbours: Neighbours, log: Log
) -> None:
    """What is told while a camera starts adds to what is known: a port, and the server's word."""
    neighbours.clear()
    await camera.stop()
    network = await network_of(hass, GATE)
    tell = network.runtime_data.requested
    tell(asked(host_name="gate"))
    tell(asked(circuit_id="7"))
    tell(asked(remote_id="switch", source=Source.OVERHEARD))
    await camera.start()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert log.steps.count("ip_address_allocation") == 1
    assert log.steps[-1] == "completed"
    line = log.of("option_82_added")
    assert (line["circuit_id"], line["remote_id"]) == ("7", "switch")
    assert len(cameras(hass)) == 1


async def test_another_address_on_the_way(
    hass: HomeAssistant, camera: PovcamSimulator, log: Log
) -> None:
    """The newest address counts, and nothing of the older one is left waiting."""
    pytest_socket.socket_allow_hosts([HERE, "127.0.0.9"], allow_unix_socket=True)
    network = await network_of(hass, GATE)
    tell = network.runtime_data.requested
    tell(asked(address="127.0.0.9"))
    await until(lambda: "reservation_skipped" in log.steps)
    tell(asked(address="127.0.0.8"))
    tell(asked())
    await hass.async_block_till_done(wait_background_tasks=True)
    assert [one["address"] for one in log if one["step"] == "ip_address_allocation"] == [
        "127.0.0.9",
        HERE,
    ]
    assert log.steps == [
        "ip_address_allocation",
        "reservation_skipped",
        "superseded",
        "ip_address_allocation",
        "reservation_skipped",
        "network_device_added",
        "streams_set_up",
        "completed",
    ]


async def test_back_to_the_first_address(
    hass: HomeAssistant, camera: PovcamSimulator, log: Log
) -> None:
    """Who comes back on the way has never been away."""
    network = await network_of(hass, GATE)
    await camera.stop()
    tell = network.runtime_data.requested
    tell(asked())
    tell(asked(address="127.0.0.9"))
    tell(asked())
    await camera.start()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert log.steps.count("ip_address_allocation") == 1
    assert log.steps[-1] == "completed"


async def test_a_packet_changes_no_address(
    hass: HomeAssistant, camera: PovcamSimulator, log: Log
) -> None:
    """Anybody can send one, so it does not outdo the server."""
    network = await network_of(hass, GATE)
    await camera.stop()
    tell = network.runtime_data.requested
    tell(asked())
    tell(asked(address="127.0.0.9", source=Source.OVERHEARD))
    await camera.start()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert {one["address"] for one in log} == {HERE}
    assert log.steps[-1] == "completed"


async def test_flood_of_packets(hass: HomeAssistant, socket_enabled: None, log: Log) -> None:
    """Forged packets about an expected camera are followed up now and then."""
    network = await network_of(hass, GATE)
    for number in range(200):
        await provision(
            hass, network, asked(address=f"203.0.113.{number}", source=Source.OVERHEARD)
        )
    assert log.steps == ["ip_address_allocation", "unproven"] * provisioner.MAX_BELIEVED


async def test_packets_later(
    hass: HomeAssistant, socket_enabled: None, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a while one is believed again."""
    monkeypatch.setattr(provisioner, "OVERHEARD_GAP", 0.0)
    network = await network_of(hass, GATE)
    for _ in range(2):
        await provision(hass, network, asked(address="203.0.113.1", source=Source.OVERHEARD))
    assert log.steps.count("unproven") == 2


async def test_flood_of_strangers(
    hass: HomeAssistant, socket_enabled: None, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Telephones change their MAC addresses; what is remembered of them has an end."""
    monkeypatch.setattr(journal, "MAX_STRANGERS", 10)
    network = await network_of(hass)
    tell = network.runtime_data.requested
    for number in range(30):
        tell(asked(mac(number)))
    assert len(log) == 60
    tell(asked(mac(29)))
    assert len(log) == 60
    tell(asked(mac(0)))
    assert len(log) == 62
    assert len(network.runtime_data.journal._told) == 10


@pytest.mark.parametrize(
    ("automatic", "steps"),
    [(True, ["ip_address_allocation", "not_found"]), (False, ["disabled"])],
)
async def test_told_again_after_a_day(
    hass: HomeAssistant, log: Log, *, automatic: bool, steps: list[str]
) -> None:
    """Strangers are told once a day: not every hour, and not once for ever."""
    network = await network_of(hass, automatic=automatic)
    now = hass.loop.time()
    for hours in (0.0, 1.1, 23.9, 24.1):
        with patch.object(hass.loop, "time", return_value=now + 3600 * hours):
            network.runtime_data.requested(asked(mac(1)))
    assert log.steps == steps * 2


async def test_overload(hass: HomeAssistant, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is an end to how many are taken on, and that is said once."""
    monkeypatch.setattr(provisioner, "MAX_RUNS", 40)
    network = await network_of(hass, *({"mac": mac(number)} for number in range(60)))
    gate = asyncio.Event()
    with patch.object(Run, "perform", lambda _: gate.wait()):
        for number in range(60):
            network.runtime_data.requested(asked(mac(number)))
        gate.set()
        await hass.async_block_till_done(wait_background_tasks=True)
    assert log.steps.count("ip_address_allocation") == 40
    assert log.steps.count("overloaded") == 1


async def test_a_mistake_of_ours(
    hass: HomeAssistant, log: Log, caplog: pytest.LogCaptureFixture
) -> None:
    """One camera that breaks us is told and is not the end of the others."""
    network = await network_of(hass, GATE)
    with patch.object(Run, "_steps", side_effect=ZeroDivisionError):
        await provision(hass, network, asked())
    assert log.steps[-1] == "not_added"
    assert "went wrong" in caplog.text
    caplog.clear()
    with patch.object(Run, "_steps", side_effect=EndedError(Step.NOT_FOUND)):
        await provision(hass, network, asked())
    assert log.steps[-1] == "not_found"


async def test_never_ends(hass: HomeAssistant, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it has a limit."""
    monkeypatch.setattr(clock, "RUN_LIMIT", 0.05)
    network = await network_of(hass, GATE)
    with patch.object(Run, "_steps", lambda _: asyncio.sleep(60)):
        await provision(hass, network, asked())
    assert log.steps[-1] == "unreachable"
    assert log[-1]["reason"] == "timeout"


@pytest.mark.parametrize(
    ("row", "last", "message"),
    [
        ({"serial": SERIAL}, "completed", ""),
        ({"serial": SERIAL, "username": "admin", "password": "12345"}, "unproven", "MAC address"),
        ({"serial": "SIM0000002"}, "not_found", ""),
    ],
)
async def test_serial_number(
    hass: HomeAssistant,
    open_camera: PovcamSimulator,
    at_port: Callable[..., None],
    log: Log,
    row: dict[str, str],
    last: str,
    message: str,
) -> None:
    """Strangers are asked for it without a password; who has one must be known by its MAC."""
    at_port(open_camera.port)
    network = await network_of(hass, row)
    await provision(hass, network, asked())
    assert log.steps[-1] == last
    assert message in log[-1]["message"]
    assert not any("authorization" in str(one).lower() for one in open_camera.requests)
    assert len(cameras(hass)) == (last == "completed")
    if last == "completed":
        await provision(hass, network, asked())
        assert len(cameras(hass)) == 1


async def test_serial_number_that_is_there(
    hass: HomeAssistant, open_camera: PovcamSimulator, at_port: Callable[..., None], log: Log
) -> None:
    """Once a camera is there, nobody is asked for its serial number any more."""
    at_port(open_camera.port)
    await add(hass, entry_for(open_camera))
    network = await network_of(hass, {"serial": SERIAL})
    assert network.runtime_data._unseen() == ()
    with patch.object(strangers, "knock") as knock:
        await provision(hass, network, asked(mac(1), "127.0.0.2"))
    knock.assert_not_called()
    assert log.steps[-1] == "not_found"


@pytest.mark.parametrize("how", ["device", "serial"])
async def test_known_by_other_marks(
    hass: HomeAssistant, camera: PovcamSimulator, log: Log, how: str
) -> None:
    """An entry is found by its device's MAC address, and by the serial number on the list."""
    await camera.stop()
    entry = await add(hass, entry_for(camera, unique_id="S9"))
    rows = [{"mac": mac(1), "serial": "S9"}] if how == "serial" else []
    if how == "device":
        dr.async_get(hass).async_get_or_create(
            config_entry_id=entry.entry_id,
            identifiers={(DOMAIN, "S9")},
            connections={(dr.CONNECTION_NETWORK_MAC, mac(1))},
        )
    network = await network_of(hass, *rows)
    known = network.runtime_data._search(asked(mac(1), "127.0.0.9"))
    assert known.entry is entry
    assert network.runtime_data._search(asked(mac(2), "127.0.0.9")) is None


async def test_serial_number_behind_a_login(
    hass: HomeAssistant, camera: PovcamSimulator, log: Log
) -> None:
    """Who tells nothing without a password cannot be known by it."""
    network = await network_of(hass, {"serial": SERIAL})
    await provision(hass, network, asked())
    assert log.steps == ["ip_address_allocation", "not_found"]


async def test_few_are_asked(
    hass: HomeAssistant, socket_enabled: None, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not every telephone is knocked at, and nobody outside."""
    monkeypatch.setattr(strangers, "MAX_ASKED", 2)
    network = await network_of(hass, {"serial": SERIAL})
    with patch.object(strangers, "knock", return_value=()) as knock:
        for number in range(5):
            network.runtime_data.requested(asked(mac(number), "203.0.113.5" if number else HERE))
        await hass.async_block_till_done(wait_background_tasks=True)
    assert {call.args[0] for call in knock.await_args_list} == {HERE}
    assert log.steps.count("not_found") == 5


async def test_camera_without_a_mac_of_its_own(
    hass: HomeAssistant,
    at_port: Callable[..., None],
    neighbours: Neighbours,
    log: Log,
    socket_enabled: None,
    quick: None,
) -> None:
    """Which MAC address led to a camera is remembered where the camera does not tell."""
    async with PovcamSimulator(
        model=AG_UMR20, auth=Auth.DIGEST, user_auth=True, mac="", serial=SERIAL
    ) as simulator:
        at_port(simulator.port)
        network = await network_of(hass, GATE)
        await provision(hass, network, asked(circuit_id="7"))
        assert log.steps[-1] == "completed"
        [entry] = cameras(hass)
        assert entry.unique_id == SERIAL
        await provision(hass, network, asked(circuit_id="8"))
        assert log.steps[-3:] == ["already_known", "option_82_added", "streams_set_up"]
        assert network.runtime_data.port_of_entry(entry, None) == ("8", None)
        store = network.runtime_data._store
        store._entries.clear()
        # Its address alone ties no other MAC address to it, unless the kernel says the same.
        await provision(hass, network, asked(mac(5), circuit_id="9"))
        assert log.steps[-2:] == ["already_known", "streams_set_up"]
        assert store.entry_of(mac(5)) is None
        assert option82_of(hass, mac(5)) == (None, None)
        neighbours[HERE] = mac(5)
        await provision(hass, network, asked(mac(5), circuit_id="9"))
        assert log.steps[-1] == "streams_set_up"
        assert store.entry_of(mac(5)) == entry.entry_id
        assert cameras(hass) == [entry]
        await hass.config_entries.async_unload(entry.entry_id)
