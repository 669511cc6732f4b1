"""The simulated camera has every request of chapters 2 to 11, for those who may send it."""

from pathlib import Path

import aiohttp
import pytest

from tests.simulators.povcam import Auth, PovcamSimulator

VECTOR = Path(__file__).parents[1] / "vectors" / "povcam" / "commands.tsv"
LINES = [
    line.split("\t")
    for line in VECTOR.read_text(encoding="utf-8").splitlines()
    if not line.startswith(("#", "\t"))
]
# The print breaks two names.
ROWS = [(line[1].replace(" ", ""), line[2], line[3]) for line in LINES]
SETTERS = {"setdata": {"LIVEQUAL": "4"}}
"""What tells a request that sets from one of the same name that tells."""


@pytest.fixture
async def guarded(socket_enabled: None) -> PovcamSimulator:
    """Describe a camera that knows its administrator."""
    return PovcamSimulator(auth=Auth.BASIC, media=True)


@pytest.mark.parametrize(
    ("cgi", "method", "access"), ROWS, ids=[f"{line[0]} {line[1]}" for line in LINES]
)
async def test_rows(
    client: aiohttp.ClientSession, guarded: PovcamSimulator, cgi: str, method: str, access: str
) -> None:
    """What is the administrator's is refused to others; everything is known."""
    login = {"Authorization": aiohttp.encode_basic_auth("admin", "12345")}
    sent = SETTERS.get(cgi, {}) if access == "Admin" else {}
    verb = "POST" if method.startswith("POST") and access == "Admin" else "GET"
    query, form = (sent, None) if verb == "GET" else (None, sent)
    async with guarded as sim:
        url = f"{sim.url}/cgi-bin/{cgi}"
        async with client.request(verb, url, params=query, data=form) as response:
            assert (response.status == 401) == (access == "Admin")
            assert response.status != 404
        async with client.request(verb, url, params=query, data=form, headers=login) as response:
            # Many want parameters: 403 is what the camera says then.
            assert response.status in {200, 204, 403, 500}
