"""Real Kea and real dnsmasq: addresses kept by us are given, and what switches say is told."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
import json
from pathlib import Path
import re
import secrets
import shutil
import socket
import time
from typing import Any, Final

import aiohttp
import pytest

from custom_components.panacam.dhcp.dnsmasq import DnsmasqServer
from custom_components.panacam.dhcp.kea import KeaServer
from custom_components.panacam.dhcp.option82 import readable
from custom_components.panacam.dhcp.reservations import Reservation, ReservationError, ServerReason
from tests.simulators.dhcp_client import Kind, Option, message, read

from .lab import Host, Lab

SCRIPTS: Final = Path(__file__).parent.parent.parent / "docs" / "dhcp"
CAM, OTHER = "a8:13:74:00:00:31", "a8:13:74:00:00:32"
SERVER, HOME, RELAY = "10.77.0.1", "10.77.0.2", "10.77.0.9"
POOL: Final = "10.77.0.100,10.77.0.119"
KEPT: Final = "10.77.0.110"
OUTSIDE: Final = "10.77.0.50"
PASSWORD: Final = "made-up"
HOOKS: Final = Path("/usr/lib/x86_64-linux-gnu/kea/hooks/libdhcp_run_script.so")
RELAY_AGENT: Final = 82


class Kea:
    """Kea's two programs on a host, with their files in the lab's folder."""

    def __init__(self, lab: Lab, host: Host) -> None:
        """Keep what is needed to start them."""
        self.file = lab.folder / "kea-dhcp4.conf"
        self._folder = lab.folder
        self._host = host
        self._programs: list[asyncio.subprocess.Process] = []

    async def start(self, script: Path | None = None) -> None:
        """Write the files, unless they are there, and start both programs."""
        channel = {"socket-type": "unix", "socket-name": str(self._folder / "kea4.socket")}
        if not self.file.exists():
            self._write(self.file, "Dhcp4", self._dhcp4(channel, script))
        agent = self._folder / "kea-ctrl-agent.conf"
        user = {"user": "panacam", "password": PASSWORD}
        settings = {
            "http-host": SERVER,
            "http-port": 8000,
            "control-sockets": {"dhcp4": channel},
            "authentication": {"type": "basic", "realm": "kea", "clients": [user]},
        }
        self._write(agent, "Control-agent", settings)
        folders = [f"KEA_{name}_DIR={self._folder}" for name in ("LOCKFILE", "PIDFILE")]
        for program, file in (("kea-dhcp4", self.file), ("kea-ctrl-agent", agent)):
            self._programs.append(await self._host.run("env", *folders, program, "-c", str(file)))

    async def stop(self) -> None:
        """End both programs."""
        for program in self._programs:
            program.terminate()
            await program.wait()
        self._programs.clear()

    def _write(self, file: Path, name: str, settings: Mapping[str, Any]) -> None:
        log = {"output": str(self._folder / "kea.log")}
        logger = {"name": "*", "severity": "WARN", "output_options": [log]}
        whole = {name: {**settings, "loggers": [logger]}}
        file.write_text(json.dumps(whole), encoding="ascii")

    def _dhcp4(self, channel: Mapping[str, str], script: Path | None) -> dict[str, Any]:
        first, _, last = POOL.partition(",")
        hook = {"library": str(HOOKS), "parameters": {"name": str(script), "sync": False}}
        return {
            "interfaces-config": {"interfaces": ["eth0"]},
            "control-socket": channel,
            "lease-database": {"type": "memfile", "name": str(self._folder / "kea-leases.csv")},
            "valid-lifetime": 120,
            "hooks-libraries": [hook] if script else [],
            "shared-networks": [
                {
                    "name": "cameras",
                    "subnet4": [
                        {
                            "id": 7,
                            "subnet": "10.77.0.0/24",
                            "interface": "eth0",
                            "pools": [{"pool": f"{first} - {last}"}],
                        }
                    ],
                }
            ],
        }


@asynccontextmanager
async def session_of(host: Host) -> AsyncGenerator[aiohttp.ClientSession]:
    """Give an HTTP session that stands on a host."""

    def connection(found: Any) -> socket.socket:
        family, kind, protocol, *_ = found
        return host.socket(family, kind, protocol)

    connector = aiohttp.TCPConnector(socket_factory=connection)
    async with aiohttp.ClientSession(connector=connector) as session:
        yield session


async def ready(kea: KeaServer) -> str:
    """Wait until a server answers."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return await kea.check()
        except ReservationError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.1)


async def leased(lab: Lab, host: Host) -> str:
    """Switch a camera on for a moment; return the address that it gets."""
    client = await lab.lease(host, host_name="gate")
    await client.end()
    assert host.address is not None
    return host.address


@pytest.mark.programs("kea-dhcp4", "kea-ctrl-agent")
async def test_kea(lab: Lab) -> None:
    """Kea gives the address that we keep, at once and after it was started again."""
    kea = Kea(lab, await lab.host("server", f"{SERVER}/24"))
    home = await lab.host("home", f"{HOME}/24")
    cam, other = await lab.host("cam", mac=CAM), await lab.host("other", mac=OTHER)
    await kea.start()
    async with session_of(home) as session:
        server = KeaServer(session, f"http://{SERVER}:8000/", "panacam", PASSWORD)
        assert re.fullmatch(r"Kea \d+\.\d+\.\d+", await ready(server))
        before = await leased(lab, cam)
        assert before not in {KEPT, OUTSIDE}
        for address in (KEPT, OUTSIDE):
            await server.reserve(Reservation(mac=CAM, address=address, host_name="gate"))
            assert await leased(lab, cam) == address
        assert await leased(lab, other) not in {KEPT, OUTSIDE}
        for mac, address, reason in (
            (OTHER, OUTSIDE, ServerReason.ADDRESS_TAKEN),
            (OTHER, "10.88.0.5", ServerReason.NO_SUBNET),
        ):
            with pytest.raises(ReservationError) as caught:
                await server.reserve(Reservation(mac=mac, address=address))
            assert caught.value.reason is reason
        await kea.stop()
        await kea.start()
        await ready(server)
        assert await leased(lab, cam) == OUTSIDE
        await server.release(CAM)
        assert CAM not in kea.file.read_text(encoding="ascii")
        assert await leased(lab, cam) != OUTSIDE


@pytest.mark.programs("kea-dhcp4", "kea-ctrl-agent")
async def test_kea_whose_file_cannot_be_written(lab: Lab) -> None:
    """Then nothing is kept, neither until the next start of Kea nor after it."""
    kea = Kea(lab, await lab.host("server", f"{SERVER}/24"))
    cam = await lab.host("cam", mac=CAM)
    await kea.start()
    async with session_of(await lab.host("home", f"{HOME}/24")) as session:
        server = KeaServer(session, f"http://{SERVER}:8000/", "panacam", PASSWORD)
        await ready(server)
        kea.file.unlink()
        kea.file.mkdir()
        with pytest.raises(ReservationError) as caught:
            await server.reserve(Reservation(mac=CAM, address=KEPT))
        assert caught.value.reason is ServerReason.FILE
        assert await leased(lab, cam) != KEPT
        kea.file.rmdir()
        await server.reserve(Reservation(mac=CAM, address=KEPT))
        assert await leased(lab, cam) == KEPT
        wrong = KeaServer(session, f"http://{SERVER}:8000/", "panacam", "other")
        with pytest.raises(ReservationError) as caught:
            await wrong.check()
        assert caught.value.reason is ServerReason.REFUSED_LOGIN


@pytest.mark.programs("dnsmasq")
@pytest.mark.parametrize("option", ["hostsfile", "hostsdir"])
async def test_dnsmasq(lab: Lab, option: str) -> None:
    """The address that we keep is given: dnsmasq is told by a signal, or watches a folder."""
    folder = lab.folder / "hosts.d"
    folder.mkdir()
    hosts, pid = folder / "panacam", lab.folder / "dnsmasq.pid"
    theirs = f"# theirs\n{OTHER},10.77.0.77,printer\n"
    hosts.write_text(theirs, encoding="ascii")
    place = hosts if option == "hostsfile" else folder
    host = await lab.host("server", f"{SERVER}/24")
    await lab.dnsmasq(host, POOL, f"--dhcp-{option}={place}", f"--pid-file={pid}")
    cam, other = await lab.host("cam", mac=CAM), await lab.host("other", mac=OTHER)
    assert await leased(lab, cam) not in {KEPT, OUTSIDE}
    signalled = option == "hostsfile"
    server = DnsmasqServer(hosts, pid if signalled else None)
    assert await server.check() == "dnsmasq"
    await server.reserve(Reservation(mac=CAM, address=KEPT, host_name="gate"))
    assert await eventually_leased(lab, cam, KEPT) == KEPT
    assert await leased(lab, other) == "10.77.0.77"
    if signalled:
        # Without a signal, dnsmasq only learns what is new.
        await server.reserve(Reservation(mac=CAM, address=OUTSIDE))
        assert await eventually_leased(lab, cam, OUTSIDE) == OUTSIDE
        await server.release(CAM)
        assert hosts.read_text(encoding="ascii") == theirs


async def eventually_leased(lab: Lab, host: Host, wanted: str) -> str:
    """Switch a camera on until it gets an address: servers read their files in their own time."""
    for _ in range(5):
        if await leased(lab, host) == wanted:
            return wanted
        await asyncio.sleep(0.2)
    return await leased(lab, host)


class Switch:
    """A switch that passes a camera's questions on, with its port in option 82 (RFC 3046)."""

    def __init__(self, host: Host, circuit_id: bytes, remote_id: bytes) -> None:
        """Stand on a host with the address RELAY."""
        self._socket = host.socket()
        self._socket.bind((RELAY, 67))
        self._told = b"".join(
            bytes([code, len(value)]) + value for code, value in ((1, circuit_id), (2, remote_id))
        )

    def close(self) -> None:
        """Be switched off."""
        self._socket.close()

    async def lease(self, mac: str, name: bytes) -> str:
        """Ask for an address in the name of a camera; return it."""
        offer = await self._ask(Kind.DISCOVER, mac, {Option.HOST_NAME: name})
        answer = await self._ask(
            Kind.REQUEST,
            mac,
            {
                Option.HOST_NAME: name,
                Option.ADDRESS: socket.inet_aton(offer.address),
                Option.SERVER: offer.options[Option.SERVER],
            },
        )
        assert answer.kind == Kind.ACK
        given: str = answer.address
        return given

    async def _ask(self, kind: Kind, mac: str, options: Mapping[int, bytes]) -> Any:
        """Send a question until it is answered."""
        loop = asyncio.get_running_loop()
        number = secrets.randbits(32)
        hardware = bytes.fromhex(mac.replace(":", ""))
        sent = bytearray(message(kind, number, hardware, {**options, RELAY_AGENT: self._told}))
        sent[3] = 1  # hops
        sent[24:28] = socket.inet_aton(RELAY)  # giaddr
        for _ in range(10):
            self._socket.sendto(sent, (SERVER, 67))
            try:
                async with asyncio.timeout(2):
                    while True:
                        found = read(await loop.sock_recv(self._socket, 2048), number)
                        if found is not None:
                            return found
            except TimeoutError:
                continue
        raise AssertionError(kind)


@asynccontextmanager
async def webhook(host: Host) -> AsyncGenerator[asyncio.Queue[Any]]:
    """Run a webhook on a host; gives what it is sent."""
    told: asyncio.Queue[Any] = asyncio.Queue()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = re.search(r"content-length: (\d+)", head, re.IGNORECASE)
        assert length is not None
        body = json.loads(await reader.readexactly(int(length[1])))
        await told.put((head.splitlines()[0], body))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    listening = host.socket(kind=socket.SOCK_STREAM)
    listening.bind((HOME, 8123))
    server = await asyncio.start_server(serve, sock=listening)
    try:
        yield told
    finally:
        server.close()
        await server.wait_closed()


def installed(lab: Lab, name: str) -> Path:
    """Set up a script as its user does; return where it is."""
    url = lab.folder / "webhook-url"
    url.write_text(f"http://{HOME}:8123/api/webhook/secret\n", encoding="ascii")
    url.chmod(0o600)
    text = (SCRIPTS / name).read_text(encoding="ascii")
    script = lab.folder / name
    script.write_text(re.sub(r"(?m)^url_file=.*$", f"url_file={url}", text), encoding="ascii")
    script.chmod(0o755)
    return script


@pytest.mark.programs("curl")
@pytest.mark.parametrize("server", ["kea", "dnsmasq"])
async def test_option_82(lab: Lab, server: str) -> None:
    """What a switch says of its port reaches the webhook, with the camera and its address."""
    programs = ("kea-dhcp4", "kea-ctrl-agent") if server == "kea" else ("dnsmasq",)
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    host = await lab.host("server", f"{SERVER}/24")
    if server == "kea":
        if not HOOKS.exists():
            pytest.skip("Kea's run_script library is not installed")
        await Kea(lab, host).start(installed(lab, "kea-panacam.sh"))
    else:
        script = installed(lab, "dnsmasq-panacam.sh")
        await lab.dnsmasq(host, f"{POOL},255.255.255.0", f"--dhcp-script={script}")
    home = await lab.host("home", f"{HOME}/24")
    switch = Switch(await lab.host("switch", f"{RELAY}/24"), b"Gi1/0/5", b"\x01\x02\xfe\xff")
    try:
        async with webhook(home) as told:
            address = await switch.lease(CAM, b'"},$(id)`id`')
            async with asyncio.timeout(20):
                line, body = await told.get()
    finally:
        switch.close()
    assert line == "POST /api/webhook/secret HTTP/1.1"
    assert (body["event"], body["mac"], body["address"]) == ("add", CAM, address)
    assert readable(body["circuit_id"]) == "Gi1/0/5"
    assert readable(body["remote_id"]) == "01:02:fe:ff"
