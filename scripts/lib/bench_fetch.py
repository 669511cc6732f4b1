"""Downloads one address to nowhere, in a process of its own, and says how long that took.

Arguments: the address, then a user name and a password where a login by digest is asked for. Prints
bytes and seconds as JSON.
"""

import asyncio
import json
import sys
import time

from aiohttp import ClientSession, ClientTimeout, DigestAuthMiddleware

_PIECE = 256 * 1024


async def fetch(url: str, user: str = "", password: str = "") -> dict[str, float]:
    """Return how much came, and within how many seconds."""
    ways = (DigestAuthMiddleware(user, password),) if user else ()
    async with ClientSession(timeout=ClientTimeout(total=None), middlewares=ways) as session:
        before, count = time.perf_counter(), 0
        async with session.get(url) as response:
            response.raise_for_status()
            async for piece in response.content.iter_chunked(_PIECE):
                count += len(piece)
        return {"bytes": count, "seconds": time.perf_counter() - before}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(fetch(*sys.argv[1:]))))
