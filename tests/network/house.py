"""What tests ask of the Home Assistant in the lab: its cameras, where it takes them to be."""

import asyncio
from collections.abc import Awaitable, Callable
import json
import time
from typing import Any, Final

import aiohttp

from scripts.lib.client import Answers, ClientError, Json

from .lab import Home, Host, Lab

DOMAIN: Final = "panacam"
USER: Final = "admin"
PASSWORD: Final = "12345"
UNAVAILABLE: Final = "unavailable"
GONE: Final = {UNAVAILABLE, ""}


async def eventually[T](
    look: Callable[[], Awaitable[T]], right: Callable[[T], bool], seconds: float, what: str
) -> float:
    """Look again and again until it is right; return the seconds it took. AssertionError."""
    began = time.monotonic()
    while True:
        seen = await look()
        if right(seen):
            return time.monotonic() - began
        assert time.monotonic() - began < seconds, f"{what}: still {seen}"
        await asyncio.sleep(0.1)


async def host_of(home: Home, entry_id: str) -> str:
    """Return where an entry has its camera, as on Home Assistant's disk: a second late at most."""
    text = (home.config / ".storage" / "core.config_entries").read_text()
    for entry in json.loads(text)["data"]["entries"]:
        if entry["entry_id"] == entry_id:
            return str(entry["data"]["host"])
    return ""


async def add_camera(home: Home, host: str, **more: Any) -> str:
    """Add a camera as its owner would, by its address; return the entry's id."""
    answers: Answers = {
        "address": True,
        "host": host,
        "ssl": False,
        "verify_ssl": True,
        "username": USER,
        "password": PASSWORD,
        **more,
    }
    return await home.client.add(DOMAIN, answers)


async def entries(home: Home) -> list[Json]:
    """Return the integration's entries."""
    found: list[Json] = await home.client.command("config_entries/get", domain=DOMAIN)
    return found


async def picture_of(home: Home, entry_id: str) -> str:
    """Return the id of the first camera entity of an entry, or an empty text."""
    for entity in await home.client.entities(entry_id):
        if entity["entity_id"].startswith("camera."):
            return str(entity["entity_id"])
    return ""


async def state_of(home: Home, entity_id: str) -> str:
    """Return an entity's state, an empty text for none."""
    try:
        return await home.client.state(entity_id)
    except ClientError:
        return ""


async def expect(home: Home, table: str, server: dict[str, Any]) -> str:
    """Turn automatic adding on for the cameras of a table; return the network's entry."""
    network = await home.client.add(DOMAIN, {"network": True})
    await home.client.set_options(network, {"network_import": True, "table": table})
    await home.client.set_options(network, {"network_automatic": True, "automatic": True, **server})
    return network


async def added(home: Home, name: str, seconds: float) -> str:
    """Wait for a camera's entry and return its id."""

    async def look() -> list[str]:
        return [entry["entry_id"] for entry in await entries(home) if entry["title"] == name]

    await eventually(look, bool, seconds, name)
    (found,) = await look()
    return found


async def picture(home: Home, entity_id: str) -> bytes:
    """Return a picture as a dashboard shows it, empty while there is none."""
    try:
        state = await home.client.whole_state(entity_id)
        return await home.client.data(state["attributes"]["entity_picture"])
    except ClientError, KeyError:
        return b""


async def switch_on(
    lab: Lab, home: Home, host: Host, name: str, family: str, **arguments: Any
) -> tuple[str, float]:
    """Switch an expected camera on; return its entry and the seconds until its picture is there."""
    began = time.monotonic()
    await lab.lease(host, host_name="camera")
    await lab.camera(host, family, port=80, **arguments)
    entry_id = await added(home, name, 60)
    await eventually(lambda: picture_of(home, entry_id), bool, 30, "a camera entity")
    entity_id = await picture_of(home, entry_id)
    await eventually(
        lambda: picture(home, entity_id), lambda data: data[:2] == b"\xff\xd8", 30, "its picture"
    )
    return entry_id, time.monotonic() - began


async def replacement(home: Home) -> str:
    """Return the id of the repair that offers to replace a camera, or an empty text."""
    found = await home.client.command("repairs/list_issues")
    for issue in found["issues"]:
        if issue["domain"] == DOMAIN and issue["translation_key"] == "replacement":
            return str(issue["issue_id"])
    return ""


async def told(asker: Host, address: str, path: str) -> str:
    """Return what a camera's web server tells its administrator; nothing when it is not there."""

    def connection(found: Any) -> Any:
        family, kind, protocol, *_ = found
        return asker.socket(family, kind, protocol)

    login = aiohttp.DigestAuthMiddleware(USER, PASSWORD)
    connector = aiohttp.TCPConnector(socket_factory=connection)
    limit = aiohttp.ClientTimeout(total=5)
    async with aiohttp.ClientSession(
        connector=connector, middlewares=(login,), timeout=limit
    ) as session:
        try:
            async with session.get(f"http://{address}{path}") as response:
                return await response.text()
        except aiohttp.ClientError, TimeoutError:
            return ""
