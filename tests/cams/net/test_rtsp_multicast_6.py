"""Groups of IPv6 between two hosts: a network of namespaces, where the machine can make one."""

import asyncio
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
import os
import shutil
import subprocess
import sys

import pytest

from tests.multicast_6 import CAMERA, INTERFACE, LONG, MEMBER, STRANGER
from tests.test_sizes import ROOT

HERE, THERE = (f"multicast-{side}-{os.getpid()}" for side in ("here", "there"))


def ip(*words: str) -> None:
    """Run `ip`."""
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=10)  # noqa: S603, S607


@pytest.fixture
def cable(socket_enabled: None) -> object:
    """Make two hosts with a cable between them, and remove them."""
    if os.geteuid() or shutil.which("ip") is None:
        pytest.skip("network namespaces need root and `ip`")
    try:
        for name in (HERE, THERE):
            ip("netns", "add", name)
        end = ("type", "veth", "peer", "name", INTERFACE, "netns", THERE)
        ip("-n", HERE, "link", "add", INTERFACE, *end)
        for name, address in ((HERE, MEMBER), (THERE, CAMERA), (THERE, STRANGER)):
            ip("-n", name, "address", "add", f"{address}/64", "dev", INTERFACE, "nodad")
        for name in (HERE, THERE):
            ip("-n", name, "link", "set", INTERFACE, "up")
    except subprocess.CalledProcessError as err:
        _remove()
        pytest.skip(f"no network namespaces here: {err.stderr.decode(errors='replace').strip()}")
    yield
    _remove()


def _remove() -> None:
    for name in (HERE, THERE):
        subprocess.run(["ip", "netns", "del", name], capture_output=True, timeout=10)  # noqa: S603, S607, PLW1510


@asynccontextmanager
async def running(name: str, role: str) -> AsyncGenerator[Process]:
    """Run one side in its namespace."""
    command = ("ip", "netns", "exec", name, sys.executable, "-m", "tests.multicast_6", role)
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=PIPE)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def line(process: Process) -> str:
    """Return the next line that a side says."""
    assert process.stdout is not None
    async with asyncio.timeout(2 * LONG):
        return (await process.stdout.readline()).decode().strip()


def memberships() -> str:
    """Return what the kernel says of the groups over here."""
    command = ["ip", "-n", HERE, "maddress", "show", "dev", INTERFACE]
    done = subprocess.run(command, check=True, capture_output=True, timeout=10)  # noqa: S603
    return done.stdout.decode()


async def test_version_6(cable: None) -> None:
    """The camera's packets come and a stranger's do not; reports go as far as they may."""
    async with running(HERE, "member") as member:
        assert await line(member) == "joined"
        assert "ff15::77:1" in memberships()
        async with running(THERE, "camera") as camera:
            assert await line(member) == "media"
            assert await line(member) == "left"
            assert await line(camera) == f"report from {MEMBER} with 9"
        assert "ff15::77:1" not in memberships()
