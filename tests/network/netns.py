"""Network namespaces: hosts with a cable each, made and removed by `ip`."""

import asyncio
from contextlib import suppress
import os
from pathlib import Path
import re
import shutil
import socket
import threading
from typing import Final

from scripts.lib.process import ROOT, Child, start

_NAMESPACES: Final = Path("/run/netns")
_RESOLVERS: Final = Path("/etc/netns")
_OURS: Final = re.compile(r".*\.panacam\.(\d+)\..*")
"""A namespace's name says which process made it, so that one of the dead can be removed."""
_NEEDED: Final = ("ip",)
_CABLE: Final = "eth0"


class NetworkError(Exception):
    """A program that shapes the network said no."""


def possible(*programs: str) -> str | None:
    """Tell why this machine cannot make networks of namespaces, or None when it can."""
    if not hasattr(os, "setns"):
        return "network namespaces need Linux"
    if os.geteuid():
        return "network namespaces need root"
    for program in (*_NEEDED, *programs):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    return _refusal()


def _refusal() -> str | None:
    """Try it: a container may have root and no right to do it all the same."""
    # In a thread, which ends: a process that has left its namespace does not come back.
    faults: list[str] = []

    def attempt() -> None:
        try:
            os.unshare(os.CLONE_NEWNET)
        except OSError as error:
            faults.append(f"network namespaces are not allowed here ({error.strerror})")

    thread = threading.Thread(target=attempt, name="netns")
    thread.start()
    thread.join()
    return faults[0] if faults else None


async def execute(*command: str) -> str:
    """Run a program to its end and give its output; NetworkError when it fails."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    if process.returncode:
        msg = f"{' '.join(command)}: {output.decode(errors='replace').strip()}"
        raise NetworkError(msg)
    return output.decode(errors="replace")


class Namespace:
    """One network namespace, from `create` to `remove`."""

    def __init__(self, lab: str, name: str) -> None:
        """Name it; nothing is made yet."""
        self.name: Final = name
        self.namespace: Final = f"{lab}.panacam.{os.getpid()}.{name}"

    async def create(self) -> None:
        """Make it, with a loopback of its own."""
        await execute("ip", "netns", "add", self.namespace)
        await self.ip("link", "set", "lo", "up")

    async def remove(self) -> None:
        """End what still runs in it, and remove it with its cables."""
        await remove(self.namespace)

    async def ip(self, *arguments: str) -> str:
        """Run `ip` on it."""
        return await execute("ip", "-n", self.namespace, *arguments)

    def command(self, *argv: str) -> tuple[str, ...]:
        """Give the command line that runs a program in it."""
        return ("ip", "netns", "exec", self.namespace, *argv)

    async def output(self, *argv: str) -> str:
        """Run a program in it to its end and give its output; NetworkError when it fails."""
        return await execute(*self.command(*argv))

    async def run(self, *argv: str) -> asyncio.subprocess.Process:
        """Start a program in it; whoever starts it ends it, or the lab does."""
        return await asyncio.create_subprocess_exec(
            *self.command(*argv),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )

    async def module(self, name: str, *arguments: str, log: Path) -> Child:
        """Start a module of this repository in it."""
        return await start(
            name, name, *arguments, cwd=ROOT, log=log, path=ROOT, prefix=self.command()
        )

    def socket(
        self,
        family: int = socket.AF_INET,
        kind: int = socket.SOCK_DGRAM,
        protocol: int = 0,
    ) -> socket.socket:
        """Give a socket of this namespace to the calling process; it does not block."""
        made: list[socket.socket | OSError] = []

        def make() -> None:
            try:
                with (_NAMESPACES / self.namespace).open("rb") as file:
                    os.setns(file.fileno(), os.CLONE_NEWNET)
                made.append(socket.socket(family, kind, protocol))
            except OSError as error:
                made.append(error)

        # A socket stays where it was made; the thread, which went there, ends.
        thread = threading.Thread(target=make, name=f"socket in {self.name}")
        thread.start()
        thread.join()
        if isinstance(made[0], OSError):
            raise made[0]
        made[0].setblocking(False)
        return made[0]

    async def set(self, key: str, value: int) -> None:
        """Write one of its kernel parameters, such as `net.ipv4.ip_forward`."""
        path = f"/proc/sys/{key.replace('.', '/')}"
        await self.output("sh", "-c", f"echo {value} > {path}")

    def resolver(self, address: str) -> None:
        """Let programs that are started from now on ask this name server."""
        folder = _RESOLVERS / self.namespace
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "resolv.conf").write_text(f"nameserver {address}\n", encoding="ascii")


class Host(Namespace):
    """A machine on a segment: one cable, `eth0`, that can be pulled and moved."""

    def __init__(self, lab: str, name: str, segment: Segment, mac: str | None) -> None:
        """Name it; nothing is made yet."""
        super().__init__(lab, name)
        self.segment = segment
        self.mac: str = mac or ""
        self.address: str | None = None
        """Its IPv4 address, without the length of the prefix."""
        self.v6: str | None = None

    async def attach(self, address: str | None, v6: str | None) -> None:
        """Lay the cable and take the addresses."""
        await self.segment.cable(self)
        # Nobody else has these addresses: they are good at once.
        await self.set("net.ipv6.conf.all.accept_dad", 0)
        await self.set(f"net.ipv6.conf.{_CABLE}.accept_dad", 0)
        if not self.mac:
            self.mac = (await self.output("cat", f"/sys/class/net/{_CABLE}/address")).strip()
        await self.ip("link", "set", _CABLE, "up")
        await self.segment.carries(self)
        await self._routes()
        if address is not None:
            await self.move(address)
        if v6 is not None:
            await self.ip("address", "add", v6, "dev", _CABLE, "nodad")
            self.v6 = v6.partition("/")[0]

    async def move(self, address: str | None) -> None:
        """Take another IPv4 address, such as `10.77.0.30/24`, instead of the one it has."""
        await self.ip("-4", "address", "flush", "dev", _CABLE)
        self.address = None
        if address is not None:
            await self.ip("address", "add", address, "broadcast", "+", "dev", _CABLE)
            self.address = address.partition("/")[0]
        await self._routes()

    async def _routes(self) -> None:
        """Reach every group and, where there is a router, everybody."""
        # Flushing addresses takes routes along, and without an address there may be none.
        for target in ("224.0.0.0/4", "255.255.255.255/32"):
            await self.ip("route", "replace", target, "dev", _CABLE, "scope", "link")
        if self.segment.gateway is not None and self.address is not None:
            await self.route("default", self.segment.gateway)
        if self.segment.gateway6 is not None:
            await self.route("default", self.segment.gateway6)

    async def route(self, target: str, gateway: str) -> None:
        """Reach a network through a router."""
        family = "-6" if ":" in gateway else "-4"
        await self.ip(family, "route", "replace", target, "via", gateway, "dev", _CABLE, "onlink")

    async def unplug(self) -> None:
        """Pull the cable."""
        await self.segment.ip("link", "set", self.name, "down")

    async def plug(self) -> None:
        """Put the cable back; returns when it carries."""
        await self.segment.ip("link", "set", self.name, "up")
        await self.segment.carries(self)

    async def leased(self) -> str:
        """Give the IPv4 address that a DHCP client has set, and remember it."""
        words = (await self.ip("-4", "-o", "address", "show", "dev", _CABLE)).split()
        if "inet" not in words:
            msg = f"{self.name} has no address"
            raise NetworkError(msg)
        self.address = words[words.index("inet") + 1].partition("/")[0]
        return self.address

    async def link_local(self) -> str:
        """Give its link-local IPv6 address, without scope."""
        show = ("-6", "-o", "address", "show", "dev", _CABLE, "scope", "link")
        words = (await self.ip(*show)).split()
        return words[words.index("inet6") + 1].partition("/")[0]


class Segment(Namespace):
    """A switch: everybody on it hears the others' broadcasts."""

    def __init__(self, lab: str, name: str) -> None:
        """Name it; nothing is made yet."""
        super().__init__(lab, f"segment-{name}")
        self.gateway: str | None = None
        self.gateway6: str | None = None

    async def create(self) -> None:
        """Make the switch; it floods groups, as without a querier every switch does."""
        await super().create()
        await self.ip("link", "add", "br0", "type", "bridge", "mcast_snooping", "0")
        await self.ip("link", "set", "br0", "up")

    async def cable(self, host: Host, interface: str = _CABLE) -> None:
        """Lay a cable to a host; its end at the switch has the host's name."""
        # What the kernel takes.
        if len(host.name) > 15:
            msg = f"{host.name} is too long for the name of an interface"
            raise NetworkError(msg)
        far = ["peer", "name", interface, *(("address", host.mac) if host.mac else ())]
        ends = ["link", "add", host.name, "type", "veth", *far, "netns", host.namespace]
        await self.ip(*ends)
        await self.ip("link", "set", host.name, "master", "br0", "up")

    async def carries(self, host: Host) -> None:
        """Wait until the cable to a host carries: the kernel takes up to a second to see it."""
        for _ in range(100):
            port = await self.ip("-d", "-o", "link", "show", host.name)
            if "state forwarding" in port and "state UP" in await host.ip("link", "show", _CABLE):
                return
            await asyncio.sleep(0.05)
        msg = f"the cable of {host.name} does not carry"
        raise NetworkError(msg)


async def remove(namespace: str) -> None:
    """End what runs in a namespace and remove it with its cables."""
    for number in await _inside(namespace):
        _end(number)
    for _ in range(50):
        if not await _inside(namespace):
            break
        await asyncio.sleep(0.02)
    await execute("ip", "netns", "delete", namespace)
    shutil.rmtree(_RESOLVERS / namespace, ignore_errors=True)


def namespaces() -> tuple[str, ...]:
    """Name all namespaces of this machine, of others too."""
    return tuple(one.name for one in _NAMESPACES.iterdir()) if _NAMESPACES.is_dir() else ()


async def remove_abandoned() -> None:
    """Remove the namespaces of test processes that were killed."""
    for name in _abandoned():
        # Another test process may remove it as well.
        with suppress(NetworkError):
            await remove(name)


def _abandoned() -> list[str]:
    found = map(_OURS.fullmatch, namespaces())
    return [one[0] for one in found if one is not None and not Path(f"/proc/{one[1]}").exists()]


async def _inside(namespace: str) -> list[int]:
    return [int(line) for line in (await execute("ip", "netns", "pids", namespace)).split()]


def _end(number: int) -> None:
    # It is in a namespace of ours, so we or our children have started it.
    if number != os.getpid():
        try:
            os.kill(number, 9)
        except ProcessLookupError:
            return
