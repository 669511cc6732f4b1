"""A camera that speaks two languages at one address is one entry, in the richer of them."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

from homeassistant.config_entries import SOURCE_IGNORE
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.panacam import connection, flow_factory
from custom_components.panacam.cams.errors import AuthError, ConnectError, Reason
from custom_components.panacam.cams.mo import client
from custom_components.panacam.cams.survey import OFFERS
from custom_components.panacam.const import DOMAIN
from tests.conftest import MAC
from tests.simulators.onvif import OnvifSimulator
from tests.simulators.povcam import AG_UMR20, Auth, Fault, PovcamSimulator
from tests.test_config_flow import LOGIN, begin, go_on
from tests.test_package import ENGLISH

ADMIN = {"username": "admin", "password": "12345"}


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()


@asynccontextmanager
async def one_address(pages: PovcamSimulator, onvif: OnvifSimulator) -> AsyncGenerator[int]:
    """Give the port at which one camera has the pages of one and the ONVIF of the other."""

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError):
                line = await reader.readline()
                if not line.endswith(b" HTTP/1.1\r\n"):
                    return
                port = onvif.port if b" /onvif" in line else pages.port
                behind, to = await asyncio.open_connection("127.0.0.1", port)
                # One request for one connection: the next one may be for the other.
                to.write(line + b"Connection: close\r\n")
                there = asyncio.create_task(_pipe(reader, to))
                await _pipe(behind, writer)
                there.cancel()
                to.close()
        finally:
            writer.close()

    server = await asyncio.start_server(forward, "127.0.0.1")
    async with server:
        yield server.sockets[0].getsockname()[1]
        server.close_clients()


@pytest.fixture
async def both(
    socket_enabled: None, quick: None, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[int]:
    """Run a camera that speaks two languages, and give its port."""
    monkeypatch.setattr(client, "LOGIN_TIMEOUT", 0.5)
    async with (
        PovcamSimulator(model=AG_UMR20, auth=Auth.DIGEST, user_auth=True) as pages,
        OnvifSimulator(username="admin", password="12345") as onvif,
        one_address(pages, onvif) as port,
    ):
        onvif.become(mac=MAC, serial="SIM0000003")
        yield port


def place(port: int) -> dict[str, object]:
    """Return what a person fills in."""
    return {"host": "127.0.0.1", "port": port, "ssl": False, "verify_ssl": True}


async def test_both_are_offered(hass: HomeAssistant, both: int) -> None:
    """The form tells what each would give, and has chosen the one that gives more."""
    result = await go_on(hass, await begin(hass, place(both)), ADMIN)
    assert result["step_id"] == "family"
    schema = result["data_schema"]
    assert schema is not None
    ((marker, select),) = schema.schema.items()
    assert select.config["options"] == ["povcam", "onvif"]
    shown = result["description_placeholders"]
    assert shown is not None
    panasonic, onvif = shown["offers"].split("\n")
    assert panasonic.startswith("- **Panasonic**: live pictures, ")
    assert "recording to its cards" in panasonic
    assert "recording to its cards" not in onvif
    assert "privacy masks" in onvif
    assert "privacy masks" not in panasonic
    assert onvif.count(",") > panasonic.count(",")
    assert marker.default() == "onvif"
    result = await go_on(hass, result, {"family": "povcam"})
    assert result["step_id"] == "confirm"
    result = await go_on(hass, result, {})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"] == place(both) | ADMIN | {"family": "povcam"}
    assert result["result"].unique_id == MAC
    await hass.async_block_till_done()
    # One entry: the same camera is not added in its other language.
    again = await go_on(hass, await begin(hass, place(both)), ADMIN)
    assert again["reason"] == "already_configured"


async def test_ignored_in_its_other_language(hass: HomeAssistant, both: int) -> None:
    """What was ignored by the serial number that only one family tells stays ignored."""
    MockConfigEntry(domain=DOMAIN, unique_id="SIM0000003", source=SOURCE_IGNORE).add_to_hass(hass)
    finding = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": "import"}, data=place(both) | ADMIN
    )
    assert finding["reason"] == "already_configured"


async def test_logging_in_again_asks_the_family_of_the_entry(
    hass: HomeAssistant, both: int
) -> None:
    """Users of one language may be none of the other: the entry's has the last word."""
    entry = MockConfigEntry(
        domain=DOMAIN, unique_id=MAC, data=place(both) | ADMIN | {"family": "onvif"}
    )
    found = await connection.find(hass, entry.data)
    assert found.family == "onvif"
    assert (await connection.find(hass, entry.data, alone=True)).family == "onvif"
    assert (await connection.find(hass, place(both) | ADMIN)).family == "povcam"


async def test_login_of_one_language_only(
    hass: HomeAssistant, socket_enabled: None, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A password that only the other language takes is wrong for the entry."""
    monkeypatch.setattr(client, "LOGIN_TIMEOUT", 0.5)
    async with (
        PovcamSimulator(model=AG_UMR20, auth=Auth.DIGEST, user_auth=True) as pages,
        OnvifSimulator(username="admin", password="another") as onvif,
        one_address(pages, onvif) as port,
    ):
        data = place(port) | ADMIN
        with pytest.raises(AuthError):
            await connection.find(hass, data | {"family": "onvif"})
        # Of a family that nobody speaks there is nothing to say but who does answer.
        assert (await connection.find(hass, data | {"family": "mo"})).family == "povcam"


async def test_family_that_shows_nothing(
    hass: HomeAssistant, both: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A family that fails to show what it has is offered all the same, and not preferred."""

    async def offers(_session: object, _address: object, family: str) -> frozenset[str]:
        if family == "onvif":
            raise ConnectError(Reason.CUT)
        return frozenset({"streams"})

    monkeypatch.setattr(connection, "offers", offers)
    result = await go_on(hass, await begin(hass, place(both)), ADMIN)
    shown = result["description_placeholders"]
    assert shown is not None
    assert shown["offers"] == "- **Panasonic**: live pictures\n- **ONVIF**: could not be asked"
    schema = result["data_schema"]
    assert schema is not None
    (marker,) = schema.schema
    assert marker.default() == "povcam"


def test_offers_have_names() -> None:
    """Whatever a family can offer has a word."""
    assert set(ENGLISH["selector"]["offer"]["options"]) == set(OFFERS)


async def test_factory_address(
    hass: HomeAssistant, umr20: PovcamSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A camera that found no DHCP server gets the advice first, then its login."""
    monkeypatch.setattr(flow_factory, "FACTORY_ADDRESS", "127.0.0.1")
    result = await begin(hass, place(umr20.port))
    assert result["step_id"] == "factory_address"
    assert (result["description_placeholders"] or {})["host"] == "127.0.0.1"
    result = await go_on(hass, result, {})
    assert result["step_id"] == "credentials"
    result = await go_on(hass, result, LOGIN)
    assert result["step_id"] == "confirm"


async def test_factory_address_and_nobody_there(
    hass: HomeAssistant, umr20: PovcamSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who cannot reach it is told why; what is no camera there is said as elsewhere."""
    monkeypatch.setattr(flow_factory, "FACTORY_ADDRESS", "127.0.0.1")
    result = await begin(hass, place(1))
    assert result["errors"] == {"host": "factory_unreachable"}
    umr20.fault("*", Fault.HTML_PAGE)
    result = await go_on(hass, result, place(umr20.port))
    assert result["errors"] == {"base": "not_a_camera"}


async def test_factory_address_lost_while_reading(
    hass: HomeAssistant, umr20: PovcamSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A camera that got another address while somebody read the advice is no longer there."""
    monkeypatch.setattr(flow_factory, "FACTORY_ADDRESS", "127.0.0.1")
    result = await begin(hass, place(umr20.port))
    await umr20.stop()
    result = await go_on(hass, result, {})
    assert result["step_id"] == "factory_address"
    assert result["errors"] == {"base": "factory_unreachable"}


def test_the_real_factory_address() -> None:
    """network.fr.txt names it."""
    assert flow_factory.FACTORY_ADDRESS == "192.168.1.168"
    assert "192.168.1.168" in ENGLISH["config"]["error"]["factory_unreachable"]


async def test_one_language_asks_nothing(hass: HomeAssistant, umr20: PovcamSimulator) -> None:
    """Most cameras speak one."""
    result = await go_on(hass, await begin(hass, place(umr20.port)), LOGIN)
    assert result["step_id"] == "confirm"
