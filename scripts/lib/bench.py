"""Measures panacam in a real Home Assistant core against simulated cameras, beside peers.

Every figure has a peer in the same run, since machines differ and drift: the ratio is what counts.
"""

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
import json
from pathlib import Path

from . import (
    bench_clips,
    bench_codec,
    bench_ftp,
    bench_live,
    bench_load,
    bench_network,
    bench_onvif,
    bench_polling,
)
from .bench_base import Row, table

CAMERAS = 50

type Group = Callable[[argparse.Namespace], Awaitable[list[Row]]]


async def _polling(options: argparse.Namespace) -> list[Row]:
    seconds, runs = (15.0, 2) if options.quick else (60.0, 5)
    return await bench_polling.run(options.cameras, seconds, runs)


async def _live(options: argparse.Namespace) -> list[Row]:
    return await bench_live.run(2 if options.quick else 5)


async def _load(options: argparse.Namespace) -> list[Row]:
    return await bench_load.run(10.0 if options.quick else 30.0, 100 if options.quick else 400)


async def _codec(options: argparse.Namespace) -> list[Row]:
    return await bench_codec.run(150 if options.quick else 450)


async def _onvif(options: argparse.Namespace) -> list[Row]:
    return await bench_onvif.run(quick=options.quick)


async def _network(options: argparse.Namespace) -> list[Row]:
    return await bench_network.run(quick=options.quick)


async def _clips(options: argparse.Namespace) -> list[Row]:
    return await bench_clips.run(quick=options.quick)


async def _ftp(options: argparse.Namespace) -> list[Row]:
    return await bench_ftp.run(quick=options.quick)


GROUPS: Mapping[str, Group] = {
    "polling": _polling,
    "live": _live,
    "load": _load,
    "codec": _codec,
    "onvif": _onvif,
    "network": _network,
    "clips": _clips,
    "ftp": _ftp,
}


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer runs, shorter ones")
    parser.add_argument("--only", choices=GROUPS, action="append", help="a part of it")
    parser.add_argument("--cameras", type=int, default=CAMERAS, help="how many are polled")
    parser.add_argument("--json", type=Path, help="write the figures there, too")
    options = parser.parse_args()
    rows: list[Row] = []
    for name, group in GROUPS.items():
        if not options.only or name in options.only:
            found = asyncio.run(group(options))
            print(table(found), flush=True)
            rows += found
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")


if __name__ == "__main__":
    main()
