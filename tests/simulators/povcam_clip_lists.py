"""What the simulated recorder's lists of clips say, read by hand."""

import aiohttp

from tests.simulators.povcam import PovcamSimulator


async def body(client: aiohttp.ClientSession, sim: PovcamSimulator, **params: str | int) -> bytes:
    """Give what get_clip_list answers, which is no refusal."""
    url = f"{sim.url}/cgi-bin/get_clip_list"
    asked: dict[str, str | int] = {"index": 1, "format": "avchd"}
    async with client.get(url, params=asked | params) as response:
        assert response.status == 200
        assert response.content_type == "text/plain"
        return await response.read()


async def names(
    client: aiohttp.ClientSession, sim: PovcamSimulator, **params: str | int
) -> list[str]:
    """Give the names of a page."""
    lines = (await body(client, sim, **params)).decode().split("\r\n")
    return [line.split(",")[1] for line in lines if line[:1].isdecimal()]


async def foot(
    client: aiohttp.ClientSession, sim: PovcamSimulator, **params: str | int
) -> tuple[int, int, int]:
    """Give ClipfileNum, ClipfileALLNum and list_id of a page."""
    lines = (await body(client, sim, **params)).decode().split("\r\n")
    pairs = dict(line.split("=") for line in lines if "=" in line and "," not in line)
    return int(pairs["ClipfileNum"]), int(pairs["ClipfileALLNum"]), int(pairs["list_id"])
