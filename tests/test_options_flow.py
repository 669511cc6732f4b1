"""The options: what is shown for which camera, what is kept, and what is refused."""

from dataclasses import fields as dataclass_fields, replace
from typing import Any

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.core_config import async_process_ha_core_config
from homeassistant.data_entry_flow import FlowResultType, InvalidData
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.panacam import options_flow
from custom_components.panacam.cams import registry
from custom_components.panacam.cams.registry import FAMILIES, Wishes
from custom_components.panacam.const import DOMAIN
from custom_components.panacam.options_flow import _masked, _publishable
from tests.conftest import MAC, add, entry_for
from tests.fakes import FakeDevice
from tests.simulators.povcam import PovcamSimulator

RTSP = {"stream_mode": "shared", "rtsp_transport": "auto"}
URL = "rtsp://me:s3cret@192.0.2.9:8554/gate"


async def opened(hass: HomeAssistant, entry: MockConfigEntry) -> ConfigFlowResult:
    """Return the form."""
    return await hass.config_entries.options.async_init(entry.entry_id)


async def entered(
    hass: HomeAssistant, shown: ConfigFlowResult, data: dict[str, Any]
) -> ConfigFlowResult:
    """Fill it in."""
    result = await hass.config_entries.options.async_configure(shown["flow_id"], data)
    await hass.async_block_till_done()
    return result


def fields(result: ConfigFlowResult) -> dict[str, Any]:
    """Return the fields of a form with what it suggests, those of its section included."""
    schema = result["data_schema"]
    assert schema is not None
    found: dict[str, Any] = {}
    for key, value in schema.schema.items():
        inside = value.schema.schema if str(key) == "advanced" else {key: value}
        found |= {
            str(marker): (marker.description or {}).get("suggested_value") for marker in inside
        }
    return found


async def test_options(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Options are kept flat and used at once."""
    result = await entered(
        hass,
        await opened(hass, entry),
        {
            "scan_interval": 30,
            "ring": 0,
            "advanced": {"stream_mode": "direct", "rtsp_port": 8554, "rtsp_transport": "tcp"},
        },
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == {
        "scan_interval": 30,
        "ring": 0,
        "stream_mode": "direct",
        "rtsp_port": 8554,
        "rtsp_transport": "tcp",
    }
    coordinator = entry.runtime_data
    assert coordinator.update_interval.total_seconds() == 30
    assert not coordinator.bridge.options.shared
    assert coordinator.bridge.options.ring == 0
    stream = coordinator.device.streams[0]
    assert (stream.port, stream.transport.value) == (8554, "tcp")


async def test_only_what_matters(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """A camera with RTSP is not asked for its motor."""
    assert set(fields(await opened(hass, entry))) == {
        "scan_interval",
        "ring",
        "stream_mode",
        "rtsp_port",
        "rtsp_transport",
        "publish_url",
    }


@pytest.fixture
def wishful(monkeypatch: pytest.MonkeyPatch) -> list[Wishes]:
    """Let a family have every wish, and return what is wished for."""
    wishes = frozenset(field.name for field in dataclass_fields(Wishes))
    family = replace(FAMILIES["povcam"], wishes=wishes)
    monkeypatch.setattr(options_flow, "FAMILIES", {"povcam": family})
    made: list[Wishes] = []

    def create(_family: str, _session: object, _address: object, wishes: Wishes) -> FakeDevice:
        made.append(wishes)
        return FakeDevice()

    monkeypatch.setattr(registry, "create", create)
    return made


async def test_wishes(hass: HomeAssistant, wishful: list[Wishes]) -> None:
    """Who can be told how to move, where to send and whom to trust is told."""
    await async_process_ha_core_config(hass, {"internal_url": "http://192.0.2.9:8123"})
    entry = MockConfigEntry(
        domain=DOMAIN,
        unique_id=MAC,
        data={"family": "povcam", "host": "192.0.2.1"},
        options={"stream_mode": "direct"},
    )
    await add(hass, entry)
    assert (wishful[0].press_seconds, wishful[0].webhook) == (1.0, None)
    assert not wishful[0].trust_addresses
    shown = await opened(hass, entry)
    assert {"press_seconds", "webhook", "trust_addresses"} < set(fields(shown))
    await entered(
        hass,
        shown,
        {
            "scan_interval": 5,
            "ring": 0,
            "alarm_off_after": 0,
            "motor": False,
            "advanced": {
                "stream_mode": "direct",
                "rtsp_transport": "auto",
                "press_seconds": 0.4,
                "webhook": True,
                "trust_addresses": True,
            },
        },
    )
    assert entry.options["press_seconds"] == 0.4
    assert (wishful[1].press_seconds, wishful[1].trust_addresses) == (0.4, True)
    assert wishful[1].webhook is not None
    assert wishful[1].webhook not in repr(wishful[1])


@pytest.mark.parametrize("seconds", [0.1, 10.1])
async def test_impossible_press(hass: HomeAssistant, wishful: list[Wishes], seconds: float) -> None:
    """A button moves for a moment, not for ever."""
    entry = MockConfigEntry(
        domain=DOMAIN, unique_id=MAC, data={"family": "povcam", "host": "192.0.2.1"}
    )
    entry.add_to_hass(hass)
    shown = await opened(hass, entry)
    with pytest.raises(InvalidData):
        await entered(
            hass,
            shown,
            {
                "scan_interval": 5,
                "ring": 0,
                "advanced": {**RTSP, "press_seconds": seconds},
            },
        )


async def test_wishes_of_a_camera(hass: HomeAssistant, yard_entry: MockConfigEntry) -> None:
    """A camera that sends events and moves until it is stopped is asked about that."""
    shown = fields(await opened(hass, yard_entry))
    assert {"press_seconds", "webhook", "trust_addresses", "rtsp_transport"} < set(shown)


async def test_publish_url(hass: HomeAssistant, umr20: PovcamSimulator) -> None:
    """It is kept with its password, which does not go to the browser, and can be taken away."""
    entry = await add(hass, entry_for(umr20, options={"publish_url": URL}))
    form = {"scan_interval": 5, "ring": 0, "advanced": RTSP}
    shown = await opened(hass, entry)
    masked = fields(shown)["publish_url"]
    assert masked == "rtsp://me:•••@192.0.2.9:8554/gate"
    await entered(hass, shown, {**form, "advanced": {**RTSP, "publish_url": masked}})
    assert entry.options["publish_url"] == URL
    await entered(hass, await opened(hass, entry), form)
    assert "publish_url" not in entry.options


async def test_wrong_publish_url(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """What is no RTSP address is refused, and can be corrected."""
    form = {"scan_interval": 9, "ring": 0}
    shown = await opened(hass, entry)
    shown = await entered(
        hass, shown, {**form, "advanced": {**RTSP, "publish_url": "http://192.0.2.9/"}}
    )
    assert shown["errors"] == {"base": "invalid_publish_url"}
    assert fields(shown)["scan_interval"] == 9
    assert fields(shown)["publish_url"] == "http://192.0.2.9/"
    result = await entered(hass, shown, {**form, "advanced": {**RTSP, "publish_url": f" {URL} "}})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options["publish_url"] == URL


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("rtsp://192.0.2.9/x", True),
        ("rtsps://me:pw@media.example:8322/x", True),
        ("rtsp://[2001:db8::1]:8554/x", True),
        ("rtsp://", False),
        ("rtsp:///x", False),
        ("rtsp://host:port/x", False),
        ("rtsp://ho st/x", False),
        ("file:///etc/passwd", False),
        ("rtsp://me:•••@192.0.2.9/x", False),
        ("rtsp://[::1/x", False),
    ],
)
def test_publishable(url: str, good: bool) -> None:
    """An RTSP address names a host; what hides a password is none."""
    assert _publishable(url) is good


def test_masked() -> None:
    """Only a password is hidden."""
    assert _masked("rtsp://192.0.2.9/x") == "rtsp://192.0.2.9/x"
    assert _masked("rtsp://me@192.0.2.9/x") == "rtsp://me@192.0.2.9/x"
    assert _masked("rtsp://me:a@b:c@[2001:db8::1]:1/x") == "rtsp://me:•••@[2001:db8::1]:1/x"
