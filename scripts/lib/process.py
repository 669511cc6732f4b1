"""Child processes, free ports and signals of the demo."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
import os
from pathlib import Path
import signal
import socket
import sys

ROOT = Path(__file__).resolve().parents[2]
LOOPBACK = "127.0.0.1"
# What a program gets to end by itself after SIGTERM.
GRACE = 20.0
_CHILD = Path(__file__).with_name("child.py")


class ChildError(Exception):
    """A child process ended, or was not ready in time."""


class Child:
    """A running module, its log and its end."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        """Keep what is needed to watch and end it."""
        self.name = name
        self.process = process
        self.log = log

    def check(self) -> None:
        """Raise ChildError with the end of the log when it does not run any more."""
        if self.process.returncode is not None:
            code = self.process.returncode
            msg = f"{self.name} ended with {code}; the end of its log:\n{self.tail()}"
            raise ChildError(msg)

    def tail(self, lines: int = 30) -> str:
        """Return the last lines of its log."""
        with suppress(OSError):
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        return ""

    async def end(self) -> None:
        """Ask it to end, and kill it when it does not."""
        if self.process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            self.process.terminate()
        try:
            async with asyncio.timeout(GRACE):
                await self.process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                self.process.kill()
            await self.process.wait()


@asynccontextmanager
async def running(
    name: str,
    module: str,
    *arguments: str,
    cwd: Path,
    log: Path,
    path: Path | None = None,
    prefix: Sequence[str] = (),
) -> AsyncGenerator[Child]:
    """Run a module of this Python in a session of its own, so that Ctrl-C reaches only us.

    `prefix` is a command that becomes the one that follows it, such as `ip netns exec NAME`.
    """
    child = await start(name, module, *arguments, cwd=cwd, log=log, path=path, prefix=prefix)
    try:
        yield child
    finally:
        await asyncio.shield(child.end())


async def start(
    name: str,
    module: str,
    *arguments: str,
    cwd: Path,
    log: Path,
    path: Path | None = None,
    prefix: Sequence[str] = (),
) -> Child:
    """Start a module as `running` does; whoever calls this ends it."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    if path is not None:
        environment["PYTHONPATH"] = str(path)
    command = [*prefix, sys.executable, "-P", str(_CHILD), str(os.getpid()), module, *arguments]
    return Child(name, await _start(command, cwd, log, environment), log)


async def _start(
    command: list[str], cwd: Path, log: Path, environment: Mapping[str, str]
) -> asyncio.subprocess.Process:
    """Start a process that writes to a log file."""
    with log.open("wb") as output:
        return await asyncio.create_subprocess_exec(
            *command,
            cwd=cwd,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )


def free_port(wanted: int, *taken: int) -> int:
    """Return the wanted port of 127.0.0.1, or a free one when something listens there."""
    for port in (wanted, 0):
        if port in taken:
            continue
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((LOOPBACK, port))
            found: int = probe.getsockname()[1]
            return found
    msg = f"no free port on {LOOPBACK}"
    raise OSError(msg)


async def listening(child: Child, port: int, seconds: float) -> None:
    """Wait until something answers on a port of 127.0.0.1."""
    try:
        async with asyncio.timeout(seconds):
            while True:
                child.check()
                with suppress(OSError):
                    _, writer = await asyncio.open_connection(LOOPBACK, port)
                    writer.close()
                    return
                await asyncio.sleep(0.1)
    except TimeoutError:
        msg = f"{child.name} did not listen on port {port} within {seconds:.0f} s:\n{child.tail()}"
        raise ChildError(msg) from None


def run(work: Coroutine[None, None, int]) -> int | None:
    """Run to the end and return its exit code, or None when a signal ended it."""

    async def main() -> int:
        loop = asyncio.get_running_loop()
        task = asyncio.ensure_future(work)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, task.cancel)
        return await task

    try:
        return asyncio.run(main())
    except asyncio.CancelledError:
        return None
