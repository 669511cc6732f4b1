"""Simulated cameras in a process of their own, so that their work is not measured as ours."""

import asyncio
import json
import sys

from tests.simulators.povcam import AG_UMR20, Auth, PovcamSimulator


async def main(count: int) -> None:
    """Run cameras until standard input ends; print where they are as one line of JSON."""
    cameras = [
        PovcamSimulator(
            model=AG_UMR20,
            auth=Auth.DIGEST,
            user_auth=True,
            mac=f"A8-13-74-00-{number // 256:02X}-{number % 256:02X}",
            serial=f"BENCH{number:05}",
        )
        for number in range(count)
    ]
    for camera in cameras:
        await camera.start()
    print(
        json.dumps(
            [{"port": camera.port, "rtsp": camera.rtsp_url(1, user="admin")} for camera in cameras]
        ),
        flush=True,
    )
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        # Whoever writes a line wants to know how much was asked since the last one.
        print(sum(len(camera.requests) for camera in cameras), line.strip(), flush=True)
        for camera in cameras:
            camera.requests.clear()
    for camera in cameras:
        await camera.stop()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
