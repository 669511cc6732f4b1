"""Runs a module in a process that ends when the one that started it is gone.

Usage: child.py <process id of the parent> <module> [argument ...]
"""

import os
import runpy
import signal
import sys
import threading
import time

GRACE = 20.0


def _end_with(parent: int) -> None:
    """Wait until this process belongs to another parent, then end it."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)
    os._exit(1)


def main() -> None:
    """Watch the parent and become the module."""
    _, parent, module, *arguments = sys.argv
    threading.Thread(target=_end_with, args=(int(parent),), name="parent", daemon=True).start()
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
