"""Run a simulated camera: `python -m tests.simulators povcam --port 8090`."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Sequence
import signal
import sys
from typing import Final

from .mo import command as mo
from .onvif import command as onvif
from .povcam.command import add_arguments, run

type _Arguments = Callable[[argparse.ArgumentParser], None]
type _Run = Callable[[argparse.Namespace, asyncio.Event], Awaitable[None]]

# A family is a row: its name, what it takes on the command line, and what runs it.
_FAMILIES: Final[dict[str, tuple[str, _Arguments, _Run]]] = {
    "povcam": ("Panasonic POVCAM camera", add_arguments, run),
    "mo": ("camera of the MO protocol", mo.add_arguments, mo.run),
    "onvif": ("ONVIF camera", onvif.add_arguments, onvif.run),
}


async def _serve(start: _Run, arguments: argparse.Namespace) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    await start(arguments, ended)


def main(argv: Sequence[str] | None = None) -> int:
    """Read the command line and run the camera until it is interrupted."""
    parser = argparse.ArgumentParser(prog="simulate", description=__doc__)
    families = parser.add_subparsers(dest="family", required=True)
    for name, (text, add, start) in _FAMILIES.items():
        family = families.add_parser(name, help=text)
        add(family)
        family.set_defaults(start=start)
    arguments = parser.parse_args(argv)
    try:
        asyncio.run(_serve(arguments.start, arguments))
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
