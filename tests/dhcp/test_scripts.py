import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
import json
import os
from pathlib import Path
import re
import shutil
import time
from typing import Any, Final

import pytest

from custom_components.panacam.dhcp.option82 import readable

SCRIPTS: Final = Path(__file__).parent.parent.parent / "docs" / "dhcp"
SECRET: Final = "4f1c0ffee0d15ea5e4f1c0ffee0d15ea5e"
PATH: Final = f"/api/webhook/{SECRET}"
SHELLS: Final = [["sh"], ["busybox", "sh"], ["bash", "--posix"]]
TOOLS: Final = ("sh", "tr", "cut", "sed", "od", "find", "logger")
KEA: Final = {
    "LEASES4_SIZE": "1",
    "LEASES4_AT0_ADDRESS": "192.0.2.30",
    "LEASES4_AT0_HWADDR": "a8:13:74:00:00:01",
    "LEASES4_AT0_HOSTNAME": "gate",
    "QUERY4_OPTION_82_SUB_OPTION_1": "0x4769312F302F35",
    "QUERY4_OPTION_82_SUB_OPTION_2": "0x0004000A0005",
}
DNSMASQ: Final = {
    "DNSMASQ_SUPPLIED_HOSTNAME": "gate",
    "DNSMASQ_CIRCUIT_ID": "Gi1/0/5",
    "DNSMASQ_REMOTE_ID": "\u0001\u0002",
}
ADD: Final = ("add", "a8:13:74:00:00:01", "192.0.2.30")


class Hook:
    """The webhook: keeps what it is sent, and answers when it may."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.messages: asyncio.Queue[Any] = asyncio.Queue()
        self.lines: list[str] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.status = "200 OK"
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one message."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = re.search(r"content-length: (\d+)", head, re.IGNORECASE)
        assert length is not None
        body = await reader.readexactly(int(length[1]))
        self.lines.append(head.splitlines()[0])
        assert "content-type: application/json" in head.lower()
        await self.messages.put(json.loads(body))
        await self.may_answer.wait()
        writer.write(f"HTTP/1.1 {self.status}\r\nLocation: /other\r\n".encode())
        writer.write(b"Content-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    async def message(self, seconds: float = 20.0) -> Any:
        """Wait for a message."""
        async with asyncio.timeout(seconds):
            return await self.messages.get()


@pytest.fixture
async def hook(socket_enabled: None) -> AsyncGenerator[Hook]:
    """Run a webhook."""
    hook = Hook()
    server = await asyncio.start_server(hook.serve, "127.0.0.1", 0)
    hook.port = server.sockets[0].getsockname()[1]
    yield hook
    hook.may_answer.set()
    server.close()
    await server.wait_closed()


class Script:
    """One of the scripts, as its user has set it up."""

    def __init__(self, folder: Path, name: str, url: str, tools: str | None = None) -> None:
        """Copy it; with `tools` it finds nothing else."""
        self.url_file = folder / "url"
        self.url_file.write_text(f"{url}\n", encoding="utf-8")
        self.url_file.chmod(0o600)
        text = (SCRIPTS / name).read_text(encoding="ascii")
        text, found = re.subn(r"(?m)^url_file=.*$", f"url_file={self.url_file}", text)
        assert found == 1
        if tools is not None:
            text, found = re.subn(r"(?m)^PATH=.*$", f"PATH={tools}", text)
            assert found == 1
        self.path = folder / name
        self.path.write_text(text, encoding="ascii")

    async def run(
        self,
        *arguments: str,
        environment: Mapping[str, Any],
        by: list[str] | None = None,
    ) -> tuple[int, str]:
        """Run it as a DHCP server does, which waits until nobody holds its output any more."""
        process = await asyncio.create_subprocess_exec(
            *(by or ["sh"]),
            str(self.path),
            *arguments,
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        async with asyncio.timeout(20):
            output, _ = await process.communicate()
        assert process.returncode is not None
        return process.returncode, output.decode(errors="replace")


def url_of(hook: Hook) -> str:
    """Return the webhook's URL."""
    return f"http://127.0.0.1:{hook.port}{PATH}"


@pytest.fixture(params=["curl", "wget"])
def tools(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give a folder with the tools that a script needs and one that speaks HTTP."""
    folder = tmp_path / "tools"
    folder.mkdir()
    for name in (*TOOLS, request.param):
        if (found := shutil.which(name)) is not None:
            (folder / name).symlink_to(found)
        elif name == request.param:
            pytest.skip(f"{name} is not installed")
    return str(folder)


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
async def test_kea(hook: Hook, tmp_path: Path, tools: str, shell: list[str]) -> None:
    """A lease is told with everything that Kea knows of it."""
    if shutil.which(shell[0]) is None:
        pytest.skip(f"{shell[0]} is not installed")
    script = Script(tmp_path, "kea-panacam.sh", url_of(hook), tools)
    assert await script.run("leases4_committed", environment=KEA, by=shell) == (0, "")
    assert await hook.message() == {
        "event": "add",
        "mac": "a8:13:74:00:00:01",
        "address": "192.0.2.30",
        "host_name": "gate",
        "circuit_id": "0x4769312F302F35",
        "remote_id": "0x0004000A0005",
    }
    assert hook.lines == [f"POST {PATH} HTTP/1.1"]


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
async def test_dnsmasq(hook: Hook, tmp_path: Path, tools: str, shell: list[str]) -> None:
    """A lease is told with everything that dnsmasq knows of it."""
    if shutil.which(shell[0]) is None:
        pytest.skip(f"{shell[0]} is not installed")
    script = Script(tmp_path, "dnsmasq-panacam.sh", url_of(hook), tools)
    assert await script.run(*ADD, environment=DNSMASQ, by=shell) == (0, "")
    assert await hook.message() == {
        "event": "add",
        "mac": "a8:13:74:00:00:01",
        "address": "192.0.2.30",
        "host_name": "gate",
        "circuit_id": "0x4769312f302f35",
        "remote_id": "0x0102",
    }


async def test_what_is_not_known(hook: Hook, tmp_path: Path) -> None:
    """A camera without a name, behind a switch without option 82."""
    script = Script(tmp_path, "kea-panacam.sh", url_of(hook))
    bare = {key: value for key, value in KEA.items() if not key.startswith("QUERY")}
    await script.run("leases4_committed", environment={**bare, "LEASES4_AT0_HOSTNAME": ""})
    message = await hook.message()
    assert (message["host_name"], message["circuit_id"], message["remote_id"]) == (None,) * 3
    script = Script(tmp_path, "dnsmasq-panacam.sh", url_of(hook))
    await script.run("old", *ADD[1:], "from-lease", environment={})
    message = await hook.message()
    assert (message["event"], message["host_name"]) == ("old", "from-lease")
    assert (message["circuit_id"], message["remote_id"]) == (None, None)


async def test_addresses_given_back(hook: Hook, tmp_path: Path) -> None:
    """They are told as such."""
    lease = {"LEASE4_ADDRESS": "192.0.2.30", "LEASE4_HWADDR": "a8:13:74:00:00:01"}
    script = Script(tmp_path, "kea-panacam.sh", url_of(hook))
    for point in ("lease4_release", "lease4_expire", "lease4_decline"):
        await script.run(point, environment=lease)
        message = await hook.message()
        assert (message["event"], message["address"]) == ("del", "192.0.2.30")
    script = Script(tmp_path, "dnsmasq-panacam.sh", url_of(hook))
    await script.run("del", *ADD[1:], environment={})
    assert (await hook.message())["event"] == "del"


@pytest.mark.parametrize(
    ("name", "arguments", "environment"),
    [
        ("kea-panacam.sh", [], KEA),
        ("kea-panacam.sh", ["lease4_renew"], KEA),
        ("kea-panacam.sh", ["leases6_committed"], KEA),
        ("kea-panacam.sh", ["leases4_committed"], {**KEA, "LEASES4_SIZE": "0"}),
        ("kea-panacam.sh", ["leases4_committed"], {**KEA, "LEASES4_SIZE": "x"}),
        ("kea-panacam.sh", ["leases4_committed"], {}),
        ("dnsmasq-panacam.sh", [], {}),
        ("dnsmasq-panacam.sh", ["init"], {}),
        ("dnsmasq-panacam.sh", ["tftp", "1", "192.0.2.1"], {}),
        ("dnsmasq-panacam.sh", ["add", "00:01:00:01:2a", "2001:db8::1"], {}),
    ],
)
async def test_other_events(
    hook: Hook, tmp_path: Path, name: str, arguments: list[str], environment: dict[str, str]
) -> None:
    """What is no address of a camera is nobody's business, and no failure."""
    script = Script(tmp_path, name, url_of(hook))
    assert await script.run(*arguments, environment=environment) == (0, "")
    await asyncio.sleep(0.2)
    assert hook.lines == []


HOSTILE: Final = [
    b'"},{"mac":"00:00:00:00:00:01',
    b'\\\\"\\',
    b"$(touch pwned)`touch pwned`;touch pwned|touch pwned",
    b"-n -e %s%n \\x41 \\0101",
    b'line\nurl = "http://127.0.0.1:9/"\n\r\t\x01\x7f',
    b"@/etc/passwd",
    b"\xff\xfe\xc3\x28 \xf0\x9f\x93\xb7",
    bytes(range(1, 256)),
    b"'" * 255,
    b"*",
    b"\n",
]  # fmt: skip


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
async def test_hostile_bytes(hook: Hook, tmp_path: Path, hostile: bytes, tools: str) -> None:
    """Names and option 82 come from the network: whatever they are, the message is one."""
    script = Script(tmp_path, "dnsmasq-panacam.sh", url_of(hook), tools)
    environment: dict[str, Any] = {
        "DNSMASQ_CIRCUIT_ID": hostile,
        "DNSMASQ_REMOTE_ID": hostile,
        "DNSMASQ_SUPPLIED_HOSTNAME": hostile,
        "HOME": str(tmp_path),
    }
    assert await script.run(*ADD, environment=environment) == (0, "")
    message = await hook.message()
    assert bytes.fromhex(message["circuit_id"].removeprefix("0x")) == hostile
    assert message["remote_id"] == message["circuit_id"]
    assert readable(message["circuit_id"]).isprintable()
    printable = bytes(byte for byte in hostile if 32 <= byte < 127).decode()
    assert message["host_name"] == printable or not printable
    assert set(message) == {"event", "mac", "address", "host_name", "circuit_id", "remote_id"}
    script = Script(tmp_path, "kea-panacam.sh", url_of(hook), tools)
    environment = {**dict.fromkeys(KEA, hostile), "LEASES4_SIZE": "1"}
    assert await script.run("leases4_committed", environment=environment) == (0, "")
    message = await hook.message()
    assert re.fullmatch("[0-9A-Fa-fx:.]*", message["circuit_id"] or "")
    assert hook.lines == [f"POST {PATH} HTTP/1.1"] * 2
    assert not any("pwned" in files for _, _, files in os.walk(tmp_path))


def command_lines() -> list[bytes]:
    """Return what everybody on this machine can read of others."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            found.append(path.read_bytes())
    return found


async def test_nobody_waits_and_nobody_reads_along(hook: Hook, tmp_path: Path, tools: str) -> None:
    """The DHCP server goes on while Home Assistant thinks; no command line holds the secret."""
    hook.may_answer.clear()
    script = Script(tmp_path, "dnsmasq-panacam.sh", url_of(hook), tools)
    began = time.monotonic()
    assert await script.run(*ADD, environment=DNSMASQ) == (0, "")
    await hook.message()
    # Home Assistant has not answered yet, and the script is over.
    assert time.monotonic() - began < 15
    seen = command_lines()
    sending = [line for line in seen if b"Content-Type: application/json" in line]
    assert sending
    assert not any(SECRET.encode() in line for line in seen)


@pytest.mark.parametrize("name", ["kea-panacam.sh", "dnsmasq-panacam.sh"])
async def test_url_files_that_are_none(hook: Hook, tmp_path: Path, name: str) -> None:
    """The script says what is wrong with the file, and never what stands in it."""
    (tmp_path / "tools").mkdir()
    for tool in ("tr", "cut", "sed", "od", "find", "curl"):
        (tmp_path / "tools" / tool).symlink_to(shutil.which(tool) or "")
    script = Script(tmp_path, name, url_of(hook), str(tmp_path / "tools"))
    event = ("leases4_committed",) if name.startswith("kea") else ADD

    async def complaint() -> str:
        code, output = await script.run(*event, environment=KEA, by=["/bin/sh"])
        assert code == 1
        assert SECRET not in output
        return output

    for mode in (0o644, 0o640, 0o606, 0o620):
        script.url_file.chmod(mode)
        assert "chmod 600" in await complaint()
    script.url_file.chmod(0o600)
    good = url_of(hook)
    for text in (
        "", "\n", PATH, f"ftp://127.0.0.1{PATH}", f'{good}"\noutput = "/tmp/x"', f'{good}"', "-K",
        f"{good} {good}", f"{good}\\", f"{good}$(id)", f"{good}\u00e9", f"file://{PATH}",
    ):  # fmt: skip
        script.url_file.write_text(text, encoding="utf-8")
        if text.startswith(f"{good}\n"):
            continue
        assert "does not hold a URL" in await complaint(), text
    script.url_file.unlink()
    assert "cannot be read" in await complaint()
    script.url_file.mkdir()
    assert "cannot be read" in await complaint()
    assert hook.lines == []


@pytest.mark.parametrize("text", ["{}\r\n", "{}"])
async def test_url_files_of_other_editors(hook: Hook, tmp_path: Path, text: str) -> None:
    """A line's end of Windows, or none, is no part of the URL."""
    script = Script(tmp_path, "kea-panacam.sh", url_of(hook))
    script.url_file.write_bytes(text.format(url_of(hook)).encode())
    assert await script.run("leases4_committed", environment=KEA) == (0, "")
    assert (await hook.message())["event"] == "add"


async def test_refusals_and_redirects(hook: Hook, tmp_path: Path, tools: str) -> None:
    """No redirect is followed, and a refusal is not argued with."""
    script = Script(tmp_path, "kea-panacam.sh", url_of(hook), tools)
    for status in ("302 Found", "404 Not Found"):
        hook.status = status
        assert await script.run("leases4_committed", environment=KEA) == (0, "")
        await hook.message()
    await asyncio.sleep(0.5)
    assert hook.lines == [f"POST {PATH} HTTP/1.1"] * 2


async def test_home_assistant_that_starts(hook: Hook, tmp_path: Path, tools: str) -> None:
    """A camera that comes while Home Assistant starts is told a little later."""
    reserved = await asyncio.start_server(hook.serve, "127.0.0.1", 0)
    port = reserved.sockets[0].getsockname()[1]
    reserved.close()
    await reserved.wait_closed()
    script = Script(tmp_path, "kea-panacam.sh", f"http://127.0.0.1:{port}{PATH}", tools)
    assert await script.run("leases4_committed", environment=KEA) == (0, "")
    await asyncio.sleep(0.5)
    server = await asyncio.start_server(hook.serve, "127.0.0.1", port)
    assert (await hook.message())["mac"] == "a8:13:74:00:00:01"
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize("name", ["kea-panacam.sh", "dnsmasq-panacam.sh"])
async def test_shellcheck(name: str) -> None:
    """POSIX sh, and nothing that shellcheck would warn of."""
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed")
    process = await asyncio.create_subprocess_exec("shellcheck", str(SCRIPTS / name))
    assert await process.wait() == 0
