"""One search for cameras, as panacam makes it: prints who was found when, and what it cost."""

import asyncio
import json
import sys
import time

from custom_components.panacam.cams.discovery import Candidate, merged
from custom_components.panacam.cams.registry import FAMILIES
from custom_components.panacam.cams.search import Adapter, Listener, search

SEARCHES = tuple(family.search for family in FAMILIES.values() if family.search is not None)


async def find(adapter: Adapter, idle: float) -> dict[str, object]:
    """Listen for `idle` seconds, then search once."""
    heard: list[Candidate] = []
    listener = Listener(SEARCHES, (adapter,), found=heard.append)
    await listener.start()
    before = time.process_time()
    await asyncio.sleep(idle)
    listening = (time.process_time() - before) / idle
    candidates: list[Candidate] = []
    times: dict[str, float] = {}
    longest = 0.0
    began = time.monotonic()

    def take(candidate: Candidate) -> None:
        candidates.append(candidate)
        times.setdefault(candidate.host, time.monotonic() - began)

    async def stall() -> None:
        nonlocal longest
        while True:
            at = time.monotonic()
            await asyncio.sleep(0.001)
            longest = max(longest, time.monotonic() - at - 0.001)

    watch = asyncio.create_task(stall())
    before = time.process_time()
    await search(SEARCHES, (adapter,), found=take)
    cost = time.process_time() - before
    watch.cancel()
    await listener.close()
    once = await asyncio.get_running_loop().run_in_executor(None, merged, candidates)
    return {
        "found": len(once),
        "hosts": len(times),
        "last": max(times.values(), default=0.0),
        "seconds": time.monotonic() - began,
        "cpu": cost,
        "listening": listening,
        "stall": longest,
    }


def main() -> None:
    """Search from the address, with the broadcast address and interface, of the command line."""
    address, broadcast, index, idle = sys.argv[1:]
    adapter = Adapter(address=address, broadcast=broadcast, index=int(index), name="eth0")
    print(json.dumps(asyncio.run(find(adapter, float(idle)))), flush=True)


if __name__ == "__main__":
    main()
