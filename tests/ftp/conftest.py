"""Fixtures of the tests of the drop: it on 127.0.0.1, and Python's own FTP client in a thread."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from ftplib import FTP, all_errors
from io import BytesIO
from pathlib import Path
import time
from typing import Any

import pytest

from custom_components.panacam.ftp import (
    Account,
    FtpServer,
    Limits,
    Options,
    Received,
    Store,
    Tree,
)
from custom_components.panacam.ftp.transfers import Times

GATE = Account(key="gate", username="gate", password="Kx7mQ2pL9vR4tW8z")
YARD = Account(key="yard", username="yard", password="Hb3nJ6sD1fG5kM0c")
SMALL = Limits(free_bytes=0)
QUICK = Times(idle=2, answer=1, connect=0.5, stall=0.5, transfer=5, session=20)


@dataclass
class Drop:
    """A running drop."""

    server: FtpServer
    store: Store
    root: Path
    received: list[Received]
    events: asyncio.Queue[Received] = field(default_factory=asyncio.Queue)

    @property
    def port(self) -> int:
        """Return where it listens."""
        return int(self.server.address[1])

    def files(self) -> dict[str, bytes]:
        """Return all that is on the disk."""
        return {
            str(path.relative_to(self.root)): path.read_bytes()
            for path in sorted(self.root.rglob("*"))
            if path.is_file()
        }

    async def do[T](self, work: Callable[[FTP], T], account: Account = GATE) -> T:
        """Log in, do something in a thread, and log out."""

        def run() -> T:
            with FTP(timeout=15) as client:  # noqa: S321 - it is what is tested
                client.connect("127.0.0.1", self.port)
                client.login(account.username, account.password)
                return work(client)

        return await asyncio.to_thread(run)

    async def put(self, path: str, data: bytes, account: Account = GATE) -> str:
        """Send one file."""
        return await self.do(lambda client: store(client, path, data), account)


def store(client: FTP, path: str, data: bytes) -> str:
    """Send one file."""
    return client.storbinary(f"STOR {path}", BytesIO(data))


def refused(client: FTP, command: str) -> str:
    """Send a command that is to be refused; return the code."""
    with pytest.raises(all_errors) as caught:
        client.voidcmd(command)
    return str(caught.value)[:3]


def seconds(work: Callable[[], Any]) -> float:
    """Return how long something takes."""
    before = time.perf_counter()
    work()
    return time.perf_counter() - before


type MakeDrop = Callable[..., Any]


@pytest.fixture
async def make_drop(tmp_path: Path, socket_enabled: None) -> AsyncGenerator[MakeDrop]:
    """Give a function that runs a drop."""
    async with AsyncExitStack() as stack:

        async def make(
            limits: Limits = SMALL, times: Times = QUICK, root: Path | None = None, **options: Any
        ) -> Drop:
            received: list[Received] = []
            drop_store = Store(Tree(root or tmp_path / "drop"), limits, received.append)
            await drop_store.open()
            server = FtpServer(
                drop_store, replace(Options(host="127.0.0.1", port=0, times=times), **options)
            )
            server.put_accounts([GATE, YARD])
            await server.open()
            stack.push_async_callback(drop_store.close)
            stack.push_async_callback(server.close)
            return Drop(server, drop_store, root or tmp_path / "drop", received)

        yield make


@pytest.fixture
async def drop(make_drop: MakeDrop) -> Drop:
    """Run a drop."""
    found: Drop = await make_drop()
    return found
