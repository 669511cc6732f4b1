"""Real networks on one machine: hosts in network namespaces, with a real Home Assistant in one.

async with Lab("moves") as lab:
ha = await lab.host("ha", "10.77.0.2/24", v6="fd77::2/64")
cam = await lab.host("cam", "10.77.0.20/24", mac="a8:13:74:00:00:01")
camera = await lab.camera(cam, "onvif", discoverable=True)
home = await lab.home_assistant(ha)
flows = await home.flows(1)
await cam.move("10.77.0.30/24")

Everything is removed at the end, also after a failure; what a killed process left behind is removed
by the next one.
"""

import asyncio
from asyncio.subprocess import Process
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
import tempfile
import time
from typing import Any, Final, Self

import aiohttp

from scripts.lib.client import Client, Json
from scripts.lib.hass import Progress, home_assistant, prepare
from scripts.lib.process import Child

from .netns import Host, NetworkError, Segment, execute, possible, remove_abandoned

__all__ = ["Home", "Host", "Lab", "NetworkError", "possible"]

_LAN: Final = "lan"
_READY: Final = "ready"
"""What a simulated camera prints when it can be used."""
_READY_SECONDS: Final = 60.0
_HA_PORT: Final = 8123
# Before 600 s nothing of panacam would be seen of what is only a warning.
_LOGGED: Final = "  logs:\n    custom_components.panacam: debug\n"


class Home:
    """A real Home Assistant in a namespace, until `end`."""

    def __init__(self, client: Client, config: Path, stack: AsyncExitStack) -> None:
        """Keep what is needed to use and end it."""
        self.client: Final = client
        self.config: Final = config
        self._stack = stack

    async def end(self) -> None:
        """End it; its folder stays and can be started again."""
        await self._stack.aclose()

    @property
    def log(self) -> str:
        """What it has written so far, logged or printed."""
        return (self.config / "console.log").read_text(errors="replace")

    async def flows(
        self, count: int = 0, *, seconds: float = 60.0, domain: str = "panacam"
    ) -> list[Json]:
        """Give what stands under "Discovered"; waits until there are `count` flows or more.

        Raises AssertionError with the flows that are there after `seconds`.
        """
        deadline = time.monotonic() + seconds
        while True:
            known = await self.client.command("config_entries/flow/progress")
            found = [flow for flow in known if flow["handler"] == domain]
            if len(found) >= count:
                return found
            assert time.monotonic() < deadline, f"{len(found)} of {count} flows: {found}"
            await asyncio.sleep(0.2)

    async def seen(self, kind: str, wanted: str, *, seconds: float = 60.0) -> Json:
        """Wait until Home Assistant's `ssdp`, `dhcp` or `zeroconf` tells of `wanted`.

        `wanted` is looked for in what it tells, whatever its case; AssertionError when it is not
        told within `seconds`.
        """
        deadline = time.monotonic() + seconds
        while True:
            told = await self.client.told(f"{kind}/subscribe_discovery", 0.5)
            for event in told:
                for one in event.get("add", ()):
                    if wanted.casefold() in str(one).casefold():
                        return one
            assert time.monotonic() < deadline, f"{kind} told {told}, not {wanted}"


class Lab:
    """One or more segments and the hosts on them; `async with` removes it all."""

    possible = staticmethod(possible)

    def __init__(self, name: str) -> None:
        """Name it: the first part of the names of its namespaces."""
        self.name: Final = name
        self._stack: Final = AsyncExitStack()
        self._segments: Final[dict[str, Segment]] = {}
        self.hosts: Final[dict[str, Host]] = {}
        self._folder = Path()
        self._logs = 0

    async def __aenter__(self) -> Self:
        """Clear away what the dead have left, and begin."""
        await remove_abandoned()
        folder = tempfile.TemporaryDirectory(prefix="panacam-lab-", ignore_cleanup_errors=True)
        self._folder = Path(self._stack.enter_context(folder))
        return self

    async def __aexit__(self, *exception: object) -> None:
        """End and remove everything, whatever has happened."""
        # Cancelled in the middle, it would leave namespaces behind.
        await asyncio.shield(self._stack.aclose())

    @property
    def folder(self) -> Path:
        """A folder for the files of this lab, removed with it."""
        return self._folder

    async def segment(self, name: str = _LAN) -> Segment:
        """Give the segment of that name, new or known."""
        if name not in self._segments:
            segment = Segment(self.name, name)
            # First: half of it may be made when it fails.
            self._stack.push_async_callback(segment.remove)
            await segment.create()
            self._segments[name] = segment
        return self._segments[name]

    async def host(
        self,
        name: str,
        address: str | None = None,
        *,
        v6: str | None = None,
        mac: str | None = None,
        segment: str = _LAN,
    ) -> Host:
        """Add a host; without `address` (`10.77.0.2/24`) it has none until DHCP gives one."""
        host = Host(self.name, name, await self.segment(segment), mac)
        self._stack.push_async_callback(host.remove)
        await host.create()
        await host.attach(address, v6)
        self.hosts[name] = host
        return host

    async def router(self, name: str, **addresses: str | Sequence[str]) -> Host:
        """Add a router; `lan="10.77.0.1/24"` is its address, or its addresses, on a segment.

        Hosts that are there, and those added later, send through it what is not their own.
        Groups and broadcasts end here, as they do at every router.
        """
        (first, *others) = addresses
        router = await self.host(name, segment=first)
        await router.set("net.ipv4.ip_forward", 1)
        await router.set("net.ipv6.conf.all.forwarding", 1)
        for number, segment in enumerate((first, *others)):
            interface = f"eth{number}"
            place = await self.segment(segment)
            if number:
                await place.cable(router, interface)
                await router.ip("link", "set", interface, "up")
            told = addresses[segment]
            for address in (told,) if isinstance(told, str) else told:
                duplicates = ("nodad",) if ":" in address else ("broadcast", "+")
                await router.ip("address", "add", address, *duplicates, "dev", interface)
                await self._gateway(place, router, address.partition("/")[0])
        return router

    async def _gateway(self, segment: Segment, router: Host, address: str) -> None:
        """Make an address the way out of a segment."""
        if ":" in address:
            segment.gateway6 = address
        else:
            segment.gateway = address
        for host in self.hosts.values():
            if host.segment is segment and host is not router:
                await host.route("default", address)

    async def camera(self, host: Host, family: str, /, **arguments: Any) -> Child:
        """Run a simulated camera on a host; `mac` and `host` are the host's own unless given.

        `arguments` are those of `python -m tests.simulators`: `user_auth=True` is `--user-auth`,
        `audio=False` is `--no-audio`, a list repeats the option. Returns when the camera is
        ready; `await child.end()` stops it.
        """
        told: dict[str, Any] = {"mac": host.mac, **arguments}
        if "host" not in told:
            told["host"] = host.address or await host.leased()
        line = [family]
        for key, value in told.items():
            line += _option(key, value)
        return await self.module(host, "tests.simulators", *line, until=_READY)

    async def module(
        self, host: Host, module: str, *arguments: str, until: str | None = None
    ) -> Child:
        """Run a module of this repository on a host; waits until it has printed `until`."""
        self._logs += 1
        child = await host.module(
            module, *arguments, log=self._folder / f"{host.name}-{self._logs}.log"
        )
        self._stack.push_async_callback(child.end)
        deadline = time.monotonic() + _READY_SECONDS
        while until is not None and until not in child.tail().splitlines():
            child.check()
            if time.monotonic() > deadline:
                msg = f"{module} is not ready: {child.tail()}"
                raise NetworkError(msg)
            await asyncio.sleep(0.05)
        return child

    async def lease(self, host: Host, *, host_name: str = "", **arguments: Any) -> Child:
        """Let a host get its address by DHCP, as a camera that is switched on; returns with it.

        The client goes on renewing its lease until `await child.end()`.
        """
        line = ["eth0", *(("--host-name", host_name) if host_name else ())]
        for key, value in arguments.items():
            line += _option(key, value)
        child = await self.module(host, "tests.simulators.dhcp_client", *line, until=_READY)
        await host.leased()
        return child

    async def dnsmasq(self, host: Host, addresses: str, *arguments: str) -> Process:
        """Run dnsmasq on a host as the DHCP server of its segment, for `10.77.0.10,10.77.0.99`."""
        leases = self._folder / f"{host.name}.leases"
        # Root: it may read the files of this lab, and needs no user of its own on this machine.
        fixed = ("-k", "-p0", "-i", "eth0", "--bind-dynamic", "--user=root", "--conf-file=")
        line = (*fixed, "--no-ping", f"-l{leases}", f"--dhcp-range={addresses},120", *arguments)
        return await host.run("dnsmasq", *line, "--log-facility=/dev/null")

    async def home_assistant(
        self,
        host: Host,
        config: Path | None = None,
        *,
        extra: str = "",
        loaded: bool = False,
        progress: Progress = lambda _text: None,
    ) -> Home:
        """Run a real Home Assistant on a host, with panacam; returns when it runs.

        `config` is the folder of one that ran before; `extra` is appended to its configuration.
        Home Assistant loads an integration, and so its searches, when there is an entry of it;
        `loaded` loads it without.
        """
        if host.address is None:
            msg = f"{host.name} has no address"
            raise NetworkError(msg)
        if config is None:
            config = Path(tempfile.mkdtemp(prefix="config-", dir=self._folder))
        prepare(
            config,
            _HA_PORT,
            self.name,
            _LOGGED + ("panacam:\n" if loaded else "") + extra,
            address=host.address,
        )
        # In the stack before it is full: Home Assistant ends before its namespace does.
        stack = AsyncExitStack()
        self._stack.push_async_callback(stack.aclose)

        def connection(found: Any) -> Any:
            family, kind, protocol, *_ = found
            return host.socket(family, kind, protocol)

        client = await stack.enter_async_context(
            home_assistant(
                config,
                _HA_PORT,
                progress,
                address=host.address,
                prefix=host.command(),
                connector=aiohttp.TCPConnector(socket_factory=connection),
            )
        )
        # It hears of DHCP a while after it runs: when its raw socket is there.
        deadline = time.monotonic() + _READY_SECONDS
        while len((await host.output("cat", "/proc/net/packet")).splitlines()) < 2:
            if time.monotonic() > deadline:
                msg = "Home Assistant does not listen for DHCP"
                raise NetworkError(msg)
            await asyncio.sleep(0.1)
        return Home(client, config, stack)

    async def control(self, host: Host) -> str:
        """Lay a cable between this machine and a host, and give the host's address on it.

        Only to look at the host from outside, as with a browser; tests use `host.socket`.
        """
        taken = await execute("ip", "-4", "-o", "address", "show")
        net = next(f"169.254.{part}" for part in range(77, 255) if f" 169.254.{part}." not in taken)
        end = f"pc{host.mac.replace(':', '')}"
        peer = ("peer", "name", "control", "netns", host.namespace)
        await execute("ip", "link", "add", end, "type", "veth", *peer)
        await execute("ip", "address", "add", f"{net}.1/30", "dev", end)
        await execute("ip", "link", "set", end, "up")
        await host.ip("address", "add", f"{net}.2/30", "dev", "control")
        await host.ip("link", "set", "control", "up")
        return f"{net}.2"


def _option(key: str, value: Any) -> list[str]:
    """Give one argument as it stands on a command line."""
    name = f"--{key.replace('_', '-')}"
    if isinstance(value, bool):
        return [name if value else name.replace("--", "--no-")]
    if isinstance(value, (list, tuple)):
        return [word for one in value for word in (name, str(one))]
    return [name, str(value)]
