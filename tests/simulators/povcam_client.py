"""What the tests of the simulated Panasonic camera share."""

import aiohttp

from tests.simulators.povcam import PovcamSimulator


class Clock:
    """A clock that a test moves by hand."""

    def __init__(self) -> None:
        """Begin at a thousand seconds."""
        self.now = 1000.0

    def __call__(self) -> float:
        """Give the time."""
        return self.now


async def get(
    client: aiohttp.ClientSession, sim: PovcamSimulator, cgi: str, **params: str | int
) -> tuple[int, dict[str, str]]:
    """Status and `key=value` lines of a CGI."""
    async with client.get(f"{sim.url}/cgi-bin/{cgi}", params=params) as response:
        body = (await response.read()).decode(errors="replace")
    lines = [line.partition("=") for line in body.split("\r\n") if "=" in line]
    return response.status, {key.strip(): value.strip() for key, _, value in lines}


async def status(
    client: aiohttp.ClientSession, sim: PovcamSimulator, cgi: str, **params: str | int
) -> int:
    """Status of a CGI."""
    return (await get(client, sim, cgi, **params))[0]
