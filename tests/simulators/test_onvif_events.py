"""Pull points, posted notifications and their quirks of the simulated ONVIF camera."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
import time
from typing import Any

import aiohttp
from aiohttp import web
import pytest

from tests.simulators.onvif import OnvifSimulator, Quirk, Topic
from tests.simulators.onvif_client import Client, until

INPUT = "tns1:Device/Trigger/DigitalInput"
RESOURCE_UNKNOWN = ["Sender", "InvalidArgVal", "ResourceUnknown"]


async def test_initial_state(client: aiohttp.ClientSession) -> None:
    """A new pull point begins with the last state of every property, each once."""
    async with OnvifSimulator(analytics=False) as sim:
        camera = Client(sim, client)
        sim.camera.io.set_input("input2", True)
        items = (await camera.pull(await camera.subscribe())).items()
        assert {operation for _, operation, _ in items} == {"Initialized"}
        states = {
            found["InputToken"]: found["LogicalState"]
            for topic, _, found in items
            if topic == INPUT
        }
        assert states == {"input1": "false", "input2": "true"}


async def test_pull_waits(client: aiohttp.ClientSession) -> None:
    """A pull with nothing to tell takes its time, and ends at once when something happens."""
    async with OnvifSimulator() as sim:
        camera = Client(sim, client)
        url = await camera.subscribe()
        await camera.pull(url)
        begin = time.monotonic()
        assert not (await camera.pull(url, "PT0.4S")).items()
        assert time.monotonic() - begin >= 0.4
        waiting = asyncio.create_task(camera.pull(url, "PT5S"))
        await asyncio.sleep(0.1)
        begin = time.monotonic()
        sim.camera.io.set_input("input1", True)
        assert len((await waiting).items()) == 1
        assert time.monotonic() - begin < 1


async def test_message_limit(client: aiohttp.ClientSession) -> None:
    """What does not fit waits for the next pull; a second pull at the same time is refused."""
    async with OnvifSimulator(analytics=False) as sim:
        camera = Client(sim, client)
        url = await camera.subscribe()
        count = len((await camera.pull(url)).items())
        await camera.send("tev_SetSynchronizationPoint", url=url)
        assert len((await camera.pull(url, limit=1)).items()) == 1
        assert len((await camera.pull(url)).items()) == count - 1
        waiting = asyncio.create_task(camera.pull(url, "PT1S"))
        await asyncio.sleep(0.1)
        assert (await camera.pull(url)).fault[-1] == "UnableToGetMessages"
        await waiting
        assert (await camera.pull(url, "soon")).status == 400
        assert (await camera.pull(url, limit=0)).status == 400
        assert (await camera.pull(url, "PT61S")).all("MaxTimeout")


async def test_termination(client: aiohttp.ClientSession) -> None:
    """A subscription ends at its time; pulling or renewing puts it off, unsubscribing ends it."""
    async with OnvifSimulator() as sim:
        camera = Client(sim, client)
        url = await camera.subscribe("PT0.3S")
        await asyncio.sleep(0.4)
        assert (await camera.pull(url)).fault == RESOURCE_UNKNOWN
        assert not sim.camera.events.subscriptions
        pulled = await camera.subscribe("PT0.6S")
        renewed = await camera.subscribe("PT0.6S")
        await camera.pull(pulled)
        await camera.pull(pulled, "PT1S")
        reply = await camera.send("wsnt_Renew", url=renewed, time="PT5S")
        assert reply.fault == RESOURCE_UNKNOWN
        assert (await camera.pull(pulled, "PT0.1S")).status == 200
        renewed = await camera.subscribe("PT1S")
        assert (await camera.send("wsnt_Renew", url=renewed, time="PT5S")).status == 200
        await asyncio.sleep(1.1)
        assert (await camera.pull(renewed)).status == 200
        assert (await camera.send("wsnt_Unsubscribe", url=renewed)).status == 200
        assert (await camera.pull(renewed)).fault == RESOURCE_UNKNOWN
        assert (await camera.pull(f"{renewed}9")).fault == RESOURCE_UNKNOWN


async def test_termination_times(client: aiohttp.ClientSession) -> None:
    """Times are relative, or absolute by the camera's own clock; the past is refused."""
    async with OnvifSimulator(clock_offset=7200) as sim:
        camera = Client(sim, client)
        name = "tev_CreatePullPointSubscription"
        now = sim.camera.clock.now()
        reply = await camera.send(name, time=f"{now + timedelta(seconds=90):%Y-%m-%dT%H:%M:%SZ}")
        assert reply.status == 200
        (subscription,) = sim.camera.events.subscriptions.values()
        assert 85 < subscription.remaining <= 90
        assert reply.text("CurrentTime")[:13] == f"{now:%Y-%m-%dT%H}"
        for wrong in (f"{now - timedelta(seconds=1):%Y-%m-%dT%H:%M:%SZ}", "PT0S", "P", "P2D", "x"):
            reply = await camera.send(name, time=wrong)
            assert reply.all("UnacceptableInitialTerminationTimeFault"), wrong


async def test_limit_of_subscriptions(client: aiohttp.ClientSession) -> None:
    """The eleventh subscription is refused until one ends; a restart ends all."""
    async with OnvifSimulator() as sim:
        camera = Client(sim, client)
        urls = [await camera.subscribe() for _ in range(10)]
        name = "tev_CreatePullPointSubscription"
        assert (await camera.send(name, time="PT60S")).fault[:2] == ["Receiver", "Action"]
        await camera.send("wsnt_Unsubscribe", url=urls[0])
        await camera.subscribe()
        await sim.reboot(0.05)
        assert (await camera.pull(urls[1])).fault == RESOURCE_UNKNOWN


async def test_deleted_and_plain_events(client: aiohttp.ClientSession) -> None:
    """A deleted property is told of once and forgotten; what is no property has no operation."""
    async with OnvifSimulator(analytics=False) as sim:
        camera = Client(sim, client)
        url = await camera.subscribe()
        known = len((await camera.pull(url)).items())
        topic = "tnsx:Car/Plate"
        sim.camera.events.emit(topic, {"Lane": 1}, {"Plate": "A <1>"}, key={"Id": 7})
        sim.camera.events.emit(topic, {"Lane": 1}, key={"Id": 7}, operation="Deleted")
        sim.camera.events.declare(Topic("tnsx:Bell", is_property=False))
        sim.camera.events.emit("tnsx:Bell", elements={"How": "<tt:Loud/>"})
        reply = await camera.pull(url)
        assert reply.items() == [
            (topic, "Changed", {"Lane": "1", "Id": "7", "Plate": "A <1>"}),
            (topic, "Deleted", {"Lane": "1", "Id": "7"}),
            ("tnsx:Bell", None, {}),
        ]
        assert reply.all("Loud")
        await camera.send("tev_SetSynchronizationPoint", url=url)
        assert len((await camera.pull(url)).items()) == known


async def test_event_properties(client: aiohttp.ClientSession) -> None:
    """The topics are a tree with descriptions at its leaves."""
    async with OnvifSimulator() as sim:
        reply = await Client(sim, client).send("tev_GetEventProperties")
        (relay,) = reply.all("Relay")
        assert relay.get("{http://docs.oasis-open.org/wsn/t-1}topic") == "true"
        (description,) = relay
        assert description.get("IsProperty") == "true"
        items = [found.attrib for found in description.iter() if "Name" in found.attrib]
        assert items == [
            {"Name": "RelayToken", "Type": "tt:ReferenceToken"},
            {"Name": "LogicalState", "Type": "tt:RelayLogicalState"},
        ]
        assert reply.all("Crossed")[0][0].get("IsProperty") == "false"
        seek = await Client(sim, client).subscribe()
        assert (await Client(sim, client).send("tev_Seek", url=seek)).status == 500


@asynccontextmanager
async def consumer(status: int = 200) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Run a web server that keeps what is posted to it."""
    posted: list[bytes] = []

    async def take(request: web.Request) -> web.Response:
        posted.append(await request.read())
        return web.Response(status=status)

    app = web.Application()
    app.router.add_post("/events", take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/events", posted
    finally:
        await runner.cleanup()


async def test_notify(client: aiohttp.ClientSession) -> None:
    """Messages are posted to a consumer, who cannot pull, until it unsubscribes."""
    async with OnvifSimulator(analytics=False) as sim, consumer() as (address, posted):
        camera = Client(sim, client)
        reply = await camera.send("wsnt_Subscribe", consumer=address, time="PT60S")
        url = reply.text("Address")
        await until(lambda: len(posted) == 1)
        assert b"<wsnt:Notify>" in posted[0]
        assert b'PropertyOperation="Initialized"' in posted[0]
        sim.camera.io.set_input("input1", True)
        await until(lambda: len(posted) == 2)
        assert b'Name="LogicalState" Value="true"' in posted[1]
        assert (await camera.pull(url)).fault[-1] == "ActionNotSupported"
        assert (await camera.send("wsnt_Renew", url=url, time="PT5S")).status == 200
        await camera.send("wsnt_Unsubscribe", url=url)
        sim.camera.io.set_input("input1", False)
        await asyncio.sleep(0.1)
        assert len(posted) == 2


async def test_notify_gives_up(client: aiohttp.ClientSession) -> None:
    """A consumer that refuses three times running hears no more."""
    async with OnvifSimulator(analytics=False) as sim, consumer(500) as (address, posted):
        camera = Client(sim, client)
        await camera.send("wsnt_Subscribe", consumer=address, time="PT60S")
        await until(lambda: len(posted) == 1)
        sim.camera.io.set_input("input1", True)
        await until(lambda: len(posted) == 2)
        sim.camera.io.set_input("input1", False)
        await until(lambda: len(posted) == 3)
        sim.camera.io.set_input("input1", True)
        await asyncio.sleep(0.1)
        assert len(posted) == 3


async def test_new_port(client: aiohttp.ClientSession) -> None:
    """The subscription has a port of its own, on which it answers."""
    async with OnvifSimulator(quirks={Quirk.NEW_PORT}) as sim:
        camera = Client(sim, client)
        url = await camera.subscribe()
        assert f":{sim.port}/" not in url
        assert (await camera.pull(url)).items()


@pytest.mark.parametrize(
    ("quirk", "name", "values"),
    [
        (Quirk.RENEW_REFUSED, "wsnt_Renew", {"time": "PT60S"}),
        (Quirk.NO_SYNCHRONIZATION, "tev_SetSynchronizationPoint", {}),
        (Quirk.PULL_LIMITED, "tev_PullMessages", {"timeout": "PT11S", "limit": 1}),
    ],
)
async def test_refusing_subscriptions(
    client: aiohttp.ClientSession, quirk: Quirk, name: str, values: dict[str, Any]
) -> None:
    """A subscription lives, and this one operation is refused."""
    async with OnvifSimulator(quirks={quirk}) as sim:
        camera = Client(sim, client)
        url = await camera.subscribe()
        assert (await camera.send(name, url=url, **values)).fault
        assert (await camera.pull(url)).status == 200
    async with OnvifSimulator() as sim:
        camera = Client(sim, client)
        assert not (await camera.send(name, url=await camera.subscribe(), **values)).fault


@pytest.mark.parametrize(
    ("quirk", "name", "values"),
    [
        (Quirk.NO_PULL_POINT, "tev_CreatePullPointSubscription", {"time": "PT60S"}),
        (Quirk.ABSOLUTE_TIME_ONLY, "tev_CreatePullPointSubscription", {"time": "PT60S"}),
        (Quirk.NO_NOTIFY, "wsnt_Subscribe", {"time": "PT60S", "consumer": "http://127.0.0.1:9/"}),
        (Quirk.NO_EVENT_PROPERTIES, "tev_GetEventProperties", {}),
    ],
)
async def test_refusing_cameras(
    client: aiohttp.ClientSession, quirk: Quirk, name: str, values: dict[str, Any]
) -> None:
    """The event service is there, and refuses this one operation."""
    async with OnvifSimulator(quirks={quirk}) as sim:
        assert (await Client(sim, client).send(name, **values)).fault
    async with OnvifSimulator() as sim:
        assert not (await Client(sim, client).send(name, **values)).fault


async def test_absolute_time_only(client: aiohttp.ClientSession) -> None:
    """An absolute time is taken where a relative one is not."""
    async with OnvifSimulator(quirks={Quirk.ABSOLUTE_TIME_ONLY}) as sim:
        moment = sim.camera.clock.now() + timedelta(seconds=60)
        assert await Client(sim, client).subscribe(f"{moment:%Y-%m-%dT%H:%M:%SZ}")


async def test_no_initial_state(client: aiohttp.ClientSession) -> None:
    """States come when they are asked for, and not before."""
    async with OnvifSimulator(quirks={Quirk.NO_INITIAL_STATE}) as sim:
        camera = Client(sim, client)
        url = await camera.subscribe()
        assert not (await camera.pull(url)).items()
        await camera.send("tev_SetSynchronizationPoint", url=url)
        assert (await camera.pull(url)).items()


async def test_hasty_and_endless_pulls(client: aiohttp.ClientSession) -> None:
    """A pull returns at once, or does not return at all."""
    async with OnvifSimulator(quirks={Quirk.PULL_AT_ONCE}) as sim:
        camera = Client(sim, client)
        url = await camera.subscribe()
        await camera.pull(url)
        begin = time.monotonic()
        assert not (await camera.pull(url, "PT5S")).items()
        assert time.monotonic() - begin < 1
    async with OnvifSimulator(quirks={Quirk.PULL_TOO_LONG}) as sim:
        camera = Client(sim, client)
        url = await camera.subscribe()
        await camera.pull(url)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(camera.pull(url, "PT0.1S"), 0.6)


async def test_short_subscriptions(client: aiohttp.ClientSession) -> None:
    """Pulling keeps nothing alive, there is room for one, or it goes long before its time."""
    async with OnvifSimulator(quirks={Quirk.PULL_DOES_NOT_RENEW}) as sim:
        camera = Client(sim, client)
        url = await camera.subscribe("PT1S")
        await camera.pull(url)
        begin = time.monotonic()
        assert (await camera.pull(url, "PT5S")).fault == RESOURCE_UNKNOWN
        assert time.monotonic() - begin < 2
    async with OnvifSimulator(quirks={Quirk.ONE_SUBSCRIPTION}) as sim:
        camera = Client(sim, client)
        await camera.subscribe()
        reply = await camera.send("tev_CreatePullPointSubscription", time="PT60S")
        assert reply.fault[:2] == ["Receiver", "Action"]
    async with OnvifSimulator(quirks={Quirk.SUBSCRIPTION_LOST}) as sim:
        camera = Client(sim, client)
        url = await camera.subscribe("PT600S")
        await camera.send("wsnt_Renew", url=url, time="PT600S")
        (subscription,) = sim.camera.events.subscriptions.values()
        assert subscription.remaining <= 5


async def test_many_topics(client: aiohttp.ClientSession) -> None:
    """There are three hundred topics more, and each has a state."""
    async with OnvifSimulator(quirks={Quirk.MANY_TOPICS}) as sim:
        camera = Client(sim, client)
        url = await camera.subscribe()
        found = set()
        while items := (await camera.pull(url)).items():
            found |= {topic for topic, _, _ in items if topic.startswith("tnsx:")}
        assert len(found) == 300
        reply = await camera.send("tev_GetEventProperties")
        assert len(reply.all("MessageDescription")) > 300


async def test_flood(client: aiohttp.ClientSession) -> None:
    """A thousand events a second come while somebody listens, and what is not fetched is lost."""
    async with OnvifSimulator(quirks={Quirk.FLOOD}) as sim:
        camera = Client(sim, client)
        url = await camera.subscribe()
        begin, before = time.monotonic(), sim.camera.events.emitted
        await asyncio.sleep(1)
        rate = (sim.camera.events.emitted - before) / (time.monotonic() - begin)
        assert 700 < rate < 1100
        assert len((await camera.pull(url)).items()) == 100
        await camera.send("wsnt_Unsubscribe", url=url)
        await asyncio.sleep(0.1)
        before = sim.camera.events.emitted
        await asyncio.sleep(0.1)
        assert sim.camera.events.emitted == before


async def test_ways_of_writing(client: aiohttp.ClientSession) -> None:
    """Messages have no operation, and booleans are digits."""
    async with OnvifSimulator(quirks={Quirk.NO_OPERATION, Quirk.EVENT_WORDS}) as sim:
        camera = Client(sim, client)
        sim.camera.io.set_input("input1", True)
        items = (await camera.pull(await camera.subscribe())).items()
        assert {operation for _, operation, _ in items} == {None}
        assert "1" in {found["LogicalState"] for topic, _, found in items if topic == INPUT}
