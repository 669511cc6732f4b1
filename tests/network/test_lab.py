"""The network that the other tests of this folder stand on, and a real Home Assistant in it."""

import asyncio
import os
from pathlib import Path
import socket
import struct

import pytest

from .lab import Home, Host, Lab, NetworkError
from .netns import namespaces

GROUP = "239.255.255.250"
IP_RECVERR = 11
ONVIF_MAC, STAGE_MAC, DOOR_MAC = (f"a8:13:74:00:00:0{number}" for number in (1, 2, 3))


async def heard(host: Host, address: str, said: Host, *targets: str) -> list[tuple[bytes, str]]:
    """Give what one host hears of what another sends to these, with whom it is from."""
    loop = asyncio.get_running_loop()
    found: list[tuple[bytes, str]] = []
    with host.socket() as hears, said.socket() as says:
        hears.bind(("0.0.0.0", 3702))
        member = struct.pack("4s4s", socket.inet_aton(GROUP), socket.inet_aton(address))
        hears.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        says.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        for target in targets:
            try:
                says.sendto(target.encode(), (target, 3702))
                async with asyncio.timeout(1):
                    data, source = await loop.sock_recvfrom(hears, 100)
            except TimeoutError, OSError:
                continue
            found.append((data, source[0]))
    return found


async def reached(host: Host, said: Host, address: str) -> str:
    """Give whom a datagram to an IPv6 address of a host comes from, without scope."""
    with host.socket(socket.AF_INET6) as hears, said.socket(socket.AF_INET6) as says:
        hears.bind(("::", 3702))
        # All cables have the same name; their numbers differ.
        told = await said.output("cat", "/sys/class/net/eth0/ifindex")
        says.sendto(b"", (address, 3702, 0, int(told) if address.startswith("fe80") else 0))
        async with asyncio.timeout(5):
            _, source = await asyncio.get_running_loop().sock_recvfrom(hears, 100)
    found: str = source[0].partition("%")[0]
    return found


async def test_hear_each_other(lab: Lab) -> None:
    """Hosts of a segment hear each other's groups and broadcasts, moved or not, while plugged."""
    one = await lab.host("one", "10.77.0.2/24", v6="fd77::2/64")
    other = await lab.host("other", "10.77.0.3/24", v6="fd77::3/64", mac=ONVIF_MAC)
    targets = (GROUP, "10.77.0.255", "255.255.255.255", "10.77.0.2")
    told = [(target.encode(), "10.77.0.3") for target in targets]
    assert await heard(one, "10.77.0.2", other, *targets) == told
    assert ONVIF_MAC in await one.ip("neighbour", "show", "10.77.0.3")
    assert await reached(other, one, "fd77::3") == "fd77::2"
    assert await reached(other, one, await other.link_local()) == await one.link_local()
    await other.move("10.77.0.30/24")
    assert await heard(one, "10.77.0.2", other, GROUP) == [(GROUP.encode(), "10.77.0.30")]
    await other.unplug()
    assert await heard(one, "10.77.0.2", other, GROUP) == []
    await other.plug()
    assert await heard(one, "10.77.0.2", other, GROUP) == [(GROUP.encode(), "10.77.0.30")]


async def test_router(lab: Lab) -> None:
    """A router passes on what is addressed, and no groups."""
    near = await lab.host("near", "10.77.0.2/24", v6="fd77::2/64")
    await lab.router(
        "router", lan=("10.77.0.1/24", "fd77::1/64"), far=("10.88.0.1/24", "fd88::1/64")
    )
    far = await lab.host("far", "10.88.0.2/24", v6="fd88::2/64", segment="far")
    assert await heard(far, "10.88.0.2", near, "10.88.0.2") == [(b"10.88.0.2", "10.77.0.2")]
    assert await heard(far, "10.88.0.2", near, GROUP, "255.255.255.255") == []
    assert await reached(far, near, "fd88::2") == "fd77::2"
    # Behind the router there is no internet.
    with near.socket() as says:
        says.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
        says.connect(("192.0.2.1", 3702))
        with pytest.raises(OSError, match="unreachable"):
            await _insist(says)


async def _insist(says: socket.socket) -> None:
    """Send until it is told that nobody can be reached: routers tell so now and then only."""
    for _ in range(10):
        says.send(b"anybody?")
        await asyncio.sleep(0.5)


class MishapError(Exception):
    """What goes wrong in a test."""


async def test_cleared_away(lab: Lab) -> None:
    """Nothing is left of a lab, of its programs, or of one whose process was killed."""
    dead = f"lab.panacam.{os.getpid() + (1 << 22)}.host"
    process = await asyncio.create_subprocess_exec("ip", "netns", "add", dead)
    assert await process.wait() == 0
    stranger, sleeper = await _fail()
    assert await sleeper.wait() == -9
    assert not {dead, stranger.namespace} & set(namespaces())
    assert not Path("/etc/netns", stranger.namespace).exists()  # noqa: ASYNC240 - a test may wait
    with pytest.raises(NetworkError, match="Cannot open"):
        await stranger.output("true")


async def _fail() -> tuple[Host, asyncio.subprocess.Process]:
    """Make a host that runs something, and fail."""
    with pytest.raises(MishapError):  # noqa: PT012 - it is the block that fails
        async with Lab("other") as other:
            host = await other.host("host", "10.77.0.2/24")
            host.resolver("10.77.0.1")
            sleeper = await host.run("sleep", "1000")
            assert host.namespace in namespaces()
            assert "10.77.0.1" in await host.output("cat", "/etc/resolv.conf")
            raise MishapError
    return host, sleeper


async def test_lease(lab: Lab) -> None:
    """A camera that is switched on without a server takes its factory address, as it must."""
    cam = await lab.host("cam", mac=STAGE_MAC)
    await lab.lease(cam, fallback="192.168.1.168/24", fallback_after=1)
    assert cam.address == "192.168.1.168"


@pytest.mark.programs("dnsmasq")
async def test_seen_by_home_assistant(lab: Lab) -> None:
    """A real Home Assistant sees cameras that are switched on beside it, whatever they speak."""
    server = await lab.host("server", "10.77.0.1/24")
    await lab.dnsmasq(server, "10.77.0.100,10.77.0.120")
    home = await lab.home_assistant(await lab.host("ha", "10.77.0.2/24", v6="fd77::2/64"))
    (adapter,) = [
        one for one in (await home.client.command("network"))["adapters"] if one["name"] == "eth0"
    ]
    assert adapter["enabled"]
    await _switch_on(lab, home)


async def _switch_on(lab: Lab, home: Home) -> None:
    hosts = {
        name: await lab.host(name, mac=mac)
        for name, mac in (("yard", ONVIF_MAC), ("stage", STAGE_MAC), ("door", DOOR_MAC))
    }
    for name, host in hosts.items():
        await lab.lease(host, host_name=f"{name}-camera")
    await lab.camera(hosts["yard"], "onvif", discoverable=True, port=80)
    await lab.camera(hosts["stage"], "povcam", discoverable=True, port=80)
    await lab.camera(hosts["door"], "mo", discoverable=True, port=80)
    for name, host in hosts.items():
        seen = await home.seen("dhcp", host.mac)
        assert (seen["ip_address"], seen["hostname"]) == (host.address, f"{name}-camera")
    seen = await home.seen("ssdp", "urn:panasonic-com:service:p01NetCamService:1")
    assert f"//{hosts['stage'].address}:" in str(seen)
    flows = await home.flows(3)
    assert {flow["context"]["unique_id"] for flow in flows} == {ONVIF_MAC, STAGE_MAC, DOOR_MAC}
