"""Device management, logins and quirks of the simulated ONVIF camera."""

from datetime import UTC, datetime, timedelta
import time
from typing import Any

import aiohttp
import pytest

from tests.simulators.onvif import Auth, OnvifSimulator, Quirk
from tests.simulators.onvif.auth import password_digest
from tests.simulators.onvif_client import Client, security

LOGIN = ("admin", "Kamera/7")


def test_password_digest() -> None:
    """The example of the ONVIF programmer's guide comes out."""
    digest = password_digest("LKqI6G/AikKCQrN0zqZFlg==", "2010-09-16T07:50:45Z", "userpassword")
    assert digest == "tuOSpGlFlIXsozq4HFNeeGeFLEI="
    assert password_digest("no Base64", "", "") is None


@pytest.mark.parametrize(
    ("auth", "wsse", "digest", "refusal"),
    [
        (Auth.BOTH, 200, 200, 401),
        (Auth.EITHER, 200, 400, 400),
        (Auth.DIGEST, 401, 200, 401),
        (Auth.WSSE, 200, 400, 400),
        (Auth.NONE, 200, 200, 200),
    ],
)
async def test_logins(
    client: aiohttp.ClientSession, auth: Auth, wsse: int, digest: int, refusal: int
) -> None:
    """Each way of logging in works where it should; EITHER takes Digest but never asks for it."""
    async with OnvifSimulator(auth=auth) as sim:
        camera = Client(sim, client)
        name = "tds_GetDeviceInformation"
        assert (await camera.send(name)).status == wsse
        assert sim.requests[-1].had_wsse
        assert (await camera.send(name, header="", digest=LOGIN)).status == digest
        refused = await camera.send(name, header="")
        assert refused.status == refusal
        assert ("WWW-Authenticate" in refused.headers) is (refusal == 401)
        if refusal == 400:
            assert refused.fault == ["Sender", "NotAuthorized"]
        wrong = await camera.send(name, header=security("admin", "wrong"))
        assert wrong.status == (200 if auth is Auth.NONE else refusal)
        assert (await camera.send("tds_GetSystemDateAndTime", header="")).status == 200
        services = await camera.send("tds_GetServices", header="", include="false")
        assert services.status == 200


async def test_token_is_really_checked(client: aiohttp.ClientSession) -> None:
    """A token is refused that was used before, is of another time, or of another password."""
    async with OnvifSimulator(auth=Auth.WSSE, clock_offset=7200) as sim:
        camera = Client(sim, client)
        name = "tds_GetDeviceInformation"
        now = sim.camera.clock.now()
        header = security(*LOGIN, now)
        assert (await camera.send(name, header=header)).status == 200
        assert (await camera.send(name, header=header)).status == 400
        assert (await camera.send(name, header=security(*LOGIN))).status == 400
        early = security(*LOGIN, now - timedelta(seconds=8))
        assert (await camera.send(name, header=early)).status == 400
        assert (await camera.send(name, header=security("nobody", "", now))).status == 400
        sim.set_password("admin", "other")
        assert (await camera.send(name, header=security(*LOGIN, now))).status == 400
        assert (await camera.send(name)).status == 200


async def test_levels(client: aiohttp.ClientSession) -> None:
    """The second user may look, and change nothing."""
    async with OnvifSimulator() as sim:
        camera = Client(sim, client)
        viewer = ("viewer", "Gast/7")
        reply = await camera.send("tds_GetRelayOutputs", header=security(*viewer))
        assert reply.status == 200
        values: dict[str, Any] = {"token": "relay1", "state": "active"}
        reply = await camera.send("tds_SetRelayOutputState", header=security(*viewer), **values)
        assert reply.fault == ["Sender", "NotAuthorized", "OperationProhibited"]
        assert not sim.camera.io.relays["relay1"].active


async def test_information(client: aiohttp.ClientSession) -> None:
    """The camera says who it is, and another one says otherwise."""
    async with OnvifSimulator() as sim:
        camera = Client(sim, client)
        reply = await camera.send("tds_GetDeviceInformation")
        assert reply.text("Model") == "Simulated PTZ"
        assert reply.text("SerialNumber") == "SIM0000001"
        assert (await camera.send("tds_GetNetworkInterfaces")).text("HwAddress") == (
            "02:13:74:00:00:01"
        )
        sim.become(mac="02:13:74:00:00:02", serial="SIM0000002")
        assert (await camera.send("tds_GetDeviceInformation")).text("SerialNumber") == "SIM0000002"
        mac = (await camera.send("tds_GetNetworkInterfaces")).text("HwAddress")
        assert mac == "02:13:74:00:00:02"
        scopes = (await camera.send("tds_GetScopes")).texts("ScopeItem")
        assert "onvif://www.onvif.org/name/Front%20door" in scopes
        assert (await camera.send("tds_GetHostname")).text("Name") == "camera"
        assert (await camera.send("tds_GetUsers")).texts("UserLevel") == ["Administrator", "User"]
        assert (await camera.send("tds_GetEndpointReference")).text("GUID").startswith("urn:uuid:")
        assert (await camera.send("tds_GetWsdlUrl")).status == 200
        assert sim.count("GetDeviceInformation") == 2
        assert sim.operations[0] == "GetDeviceInformation"
        assert len({request.connection for request in sim.requests}) == 1
        assert sim.requests[0].body.tag.endswith("}GetDeviceInformation")


async def test_services(client: aiohttp.ClientSession) -> None:
    """Services and capabilities name what the camera has, where it is reached, and no more."""
    async with OnvifSimulator(ptz=False, media2=False) as sim:
        camera = Client(sim, client)
        reply = await camera.send("tds_GetServices", include="true")
        names = reply.texts("Namespace")
        assert len(set(names)) == len(names)
        assert "http://www.onvif.org/ver10/events/wsdl" in names
        assert "http://www.onvif.org/ver20/ptz/wsdl" not in names
        assert "http://www.onvif.org/ver20/media/wsdl" not in names
        assert sim.url in reply.texts("XAddr")
        assert len(reply.all("Version")) == len(names)
        # Each Capabilities is inside another that is the service's own.
        assert len(reply.all("Capabilities")) == 2 * len(names)
        bare = await camera.send("tds_GetServices", include="false")
        assert not bare.all("Capabilities")
        everything = await camera.send("tds_GetCapabilities", category="All")
        assert everything.all("DeviceIO")
        assert not everything.all("PTZ")
        assert everything.texts("WSPullPointSupport") == ["true"]
        one = await camera.send("tds_GetCapabilities", category="Events")
        assert [found.tag.rpartition("}")[2] for found in one.body[0]] == ["Events"]
        refused = await camera.send("tds_GetCapabilities", category="Oops")
        assert refused.fault == ["Receiver", "ActionNotSupported", "NoSuchService"]
        own = await camera.send("tds_GetServiceCapabilities")
        assert own.all("Security")[0].get("HttpDigest") == "true"


async def test_unknown(client: aiohttp.ClientSession) -> None:
    """What is not there is a fault, another path is no service, and no XML is no request."""
    async with OnvifSimulator() as sim:
        camera = Client(sim, client)
        reply = await camera.send("tds_Unknown")
        assert (reply.status, reply.fault) == (500, ["Receiver", "ActionNotSupported"])
        wrong = sim.url.replace("device_service", "media_service")
        assert (await camera.send("tds_GetScopes", url=wrong)).fault[-1] == "ActionNotSupported"
        nowhere = sim.url.replace("device_service", "nowhere")
        assert (await camera.send("tds_GetScopes", url=nowhere)).status == 404
        async with client.post(sim.url, data=b"<a") as answer:
            assert answer.status == 400
            assert b"ter:WellFormed" in await answer.read()


async def test_clock(client: aiohttp.ClientSession) -> None:
    """The clock is wrong by what was said, and right when it is set."""
    async with OnvifSimulator(clock_offset=-86_400) as sim:
        camera = Client(sim, client)
        reply = await camera.send("tds_GetSystemDateAndTime")
        yesterday = datetime.now(UTC) - timedelta(days=1)
        (utc,) = reply.all("UTCDateTime")
        day = next(found.text for found in utc.iter() if found.tag.endswith("Day"))
        assert day == str(yesterday.day)
        assert (await camera.send("tds_SetSystemDateAndTime", hour=12)).status == 200
        wanted = datetime(2031, 2, 3, 12, 30, 15, tzinfo=UTC)
        assert abs((sim.camera.clock.now() - wanted).total_seconds()) < 5
        assert (await camera.send("tds_GetSystemDateAndTime")).text("TZ") == "UTC0"
        refused = await camera.send("tds_SetSystemDateAndTime", hour=24)
        assert refused.fault == ["Sender", "InvalidArgVal", "InvalidDateTime"]


async def test_log_and_reboot(client: aiohttp.ClientSession) -> None:
    """The log is text and a page; a restart closes the ports for a while and is in the log."""
    async with OnvifSimulator() as sim:
        camera = Client(sim, client)
        assert (await camera.send("tds_GetSystemLog", type="System")).text("String") == "1: started"
        refused = await camera.send("tds_GetSystemLog", type="Access")
        assert refused.fault[-1] == "AccesslogUnavailable"
        page = (await camera.send("tds_GetSystemUris")).text("Uri")
        async with client.get(page) as answer:
            assert answer.status == 401
        login = (aiohttp.DigestAuthMiddleware(*LOGIN),)
        async with client.get(page, middlewares=login) as answer:
            assert await answer.text() == "1: started"
        port = sim.port
        begin = time.monotonic()
        await sim.reboot(0.3)
        assert time.monotonic() - begin >= 0.3
        assert sim.port == port
        reply = await camera.send("tds_GetSystemLog", type="System")
        assert reply.text("String") == "1: started\n2: started"


async def test_reboot_by_request(client: aiohttp.ClientSession) -> None:
    """SystemReboot is answered, and then nobody listens."""
    async with OnvifSimulator() as sim:
        camera = Client(sim, client)
        assert (await camera.send("tds_SystemReboot")).text("Message")
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline:
            try:
                await camera.send("tds_GetHostname")
            except aiohttp.ClientConnectionError:
                return
        pytest.fail("the camera went on")


async def test_auxiliary(client: aiohttp.ClientSession) -> None:
    """A known command arrives, another is refused."""
    async with OnvifSimulator() as sim:
        camera = Client(sim, client)
        await camera.send("tds_SendAuxiliaryCommand", command="tt:Wiper|On")
        refused = await camera.send("tds_SendAuxiliaryCommand", command="tt:Coffee|On")
        assert refused.fault[:2] == ["Receiver", "Action"]
        assert list(sim.camera.io.auxiliary) == ["tt:Wiper|On"]


async def test_fault_quirks(client: aiohttp.ClientSession) -> None:
    """Faults come with 200, with strange prefixes, or as nothing at all."""
    async with OnvifSimulator(quirks={Quirk.FAULT_200, Quirk.UNDECLARED_PREFIX}) as sim:
        reply = await Client(sim, client).send("tds_Unknown")
        assert reply.status == 200
        assert b"vendor:ActionNotSupported" in reply.data
        assert b"xmlns:vendor" not in reply.data
    async with OnvifSimulator(quirks={Quirk.EMPTY_UNKNOWN}) as sim:
        reply = await Client(sim, client).send("tds_Unknown")
        assert reply.status == 200
        assert reply.body.tag.endswith("}GetSomethingUnheardOfResponse")
        assert len(reply.body) == 0


async def test_wsse_unknown(client: aiohttp.ClientSession) -> None:
    """A Security header is refused even where nobody has to log in."""
    async with OnvifSimulator(auth=Auth.DIGEST, quirks={Quirk.WSSE_UNKNOWN}) as sim:
        camera = Client(sim, client)
        assert (await camera.send("tds_GetSystemDateAndTime")).fault == ["MustUnderstand"]
        reply = await camera.send("tds_GetDeviceInformation", header="", digest=LOGIN)
        assert reply.status == 200


@pytest.mark.parametrize(
    ("quirk", "change"),
    [
        (Quirk.OTHER_ADDRESS, ("127.0.0.1", "192.0.2.99")),
        (Quirk.OTHER_PORT, (":PORT", ":OTHER")),
        (Quirk.OTHER_SCHEME, ("http:", "https:")),
    ],
)
async def test_other_addresses(
    client: aiohttp.ClientSession, quirk: Quirk, change: tuple[str, str]
) -> None:
    """Every address is wrong in the same way, that of a subscription too."""
    async with OnvifSimulator(quirks={quirk}) as sim:
        camera = Client(sim, client)
        old, new = (
            part.replace("PORT", str(sim.port)).replace("OTHER", str(sim.port - 1))
            for part in change
        )
        expected = sim.url.replace(old, new)
        assert (await camera.send("tds_GetServices", include="false")).texts("XAddr")[0] == expected
        reply = await camera.send("tds_GetCapabilities", category="Device")
        assert reply.text("XAddr") == expected
        address = await camera.subscribe()
        assert address == expected.replace("device_service", "subscription/1")


async def test_clock_quirks(client: aiohttp.ClientSession) -> None:
    """The time is missing, local only, behind a login, impossible, or cannot be set."""
    name = "tds_GetSystemDateAndTime"
    async with OnvifSimulator(quirks={Quirk.NO_DATE_TIME}) as sim:
        assert not list((await Client(sim, client).send(name)).body[0])
    async with OnvifSimulator(quirks={Quirk.NO_UTC}) as sim:
        reply = await Client(sim, client).send(name)
        assert not reply.all("UTCDateTime")
        assert reply.all("LocalDateTime")
    async with OnvifSimulator(quirks={Quirk.DATE_TIME_REFUSED}) as sim:
        assert (await Client(sim, client).send(name, header="")).status == 401
        assert (await Client(sim, client).send(name)).status == 200
    async with OnvifSimulator(quirks={Quirk.MINUTE_61}) as sim:
        reply = await Client(sim, client).send(name)
        assert all(60 <= int(second) < 120 for second in reply.texts("Second"))
    async with OnvifSimulator(quirks={Quirk.SET_TIME_IGNORED}, clock_offset=100) as sim:
        assert (await Client(sim, client).send("tds_SetSystemDateAndTime", hour=1)).status == 200
        assert sim.camera.clock.offset == 100


async def test_nothing_free(client: aiohttp.ClientSession) -> None:
    """Even the list of services wants a login; the time does not."""
    async with OnvifSimulator(quirks={Quirk.NOTHING_FREE}) as sim:
        camera = Client(sim, client)
        assert (await camera.send("tds_GetServices", header="", include="false")).status == 401
        assert (await camera.send("tds_GetServices", include="false")).status == 200
        assert (await camera.send("tds_GetSystemDateAndTime", header="")).status == 200


async def test_addressing(client: aiohttp.ClientSession) -> None:
    """A request with a message id is answered with reference to it, a fault too."""
    header = (
        '<a:MessageID xmlns:a="http://www.w3.org/2005/08/addressing">urn:uuid:7 &amp; 8'
        "</a:MessageID>"
    )
    async with OnvifSimulator(auth=Auth.NONE) as sim:
        camera = Client(sim, client)
        for name in ("tds_GetHostname", "tds_Unknown"):
            reply = await camera.send(name, header=header)
            assert b"<wsa:RelatesTo>urn:uuid:7 &amp; 8</wsa:RelatesTo>" in reply.data


async def test_identity_quirks(client: aiohttp.ClientSession) -> None:
    """Serial, MAC and list of services are missing; names and envelopes are strange."""
    quirks = {Quirk.EMPTY_SERIAL, Quirk.NO_MAC, Quirk.NO_GET_SERVICES, Quirk.LATIN_1}
    async with OnvifSimulator(quirks=quirks) as sim:
        camera = Client(sim, client)
        reply = await camera.send("tds_GetDeviceInformation")
        assert b"<tds:Model>Cam\xe9ra<" in reply.data
        assert b"<tds:SerialNumber></tds:SerialNumber>" in reply.data
        refused = await camera.send("tds_GetNetworkInterfaces")
        assert refused.fault == ["Receiver", "ActionNotSupported"]
        refused = await camera.send("tds_GetServices", include="false")
        assert refused.fault == ["Receiver", "ActionNotSupported"]
    async with OnvifSimulator(quirks={Quirk.SOAP_11}) as sim:
        reply = await Client(sim, client).send("tds_GetHostname")
        assert b'xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"' in reply.data


async def test_malformed_capabilities(client: aiohttp.ClientSession) -> None:
    """Capabilities are well-formed XML and otherwise wrong."""
    async with OnvifSimulator(quirks={Quirk.MALFORMED_CAPABILITIES}) as sim:
        camera = Client(sim, client)
        reply = await camera.send("tds_GetServices", include="true")
        assert "" in reply.texts("XAddr")
        assert b"Oops=" in reply.data
        reply = await camera.send("tds_GetCapabilities", category="All")
        assert set(reply.texts("Oops")) == {"maybe"}
        reply = await camera.send("tev_GetServiceCapabilities")
        assert reply.body[0].get("MaxPullPoints") == "many"
