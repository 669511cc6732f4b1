"""A control agent of Kea with one DHCPv4 server behind it, as its User's Guide describes them.

It keeps a running configuration, the file that was written, and a database of hosts. Faults are
queued for a command, or for the n-th request whatever its command.
"""

import asyncio
import base64
from collections import defaultdict, deque
from collections.abc import Callable
import copy
from enum import Enum, auto
import hashlib
from ipaddress import IPv4Address, IPv4Network
import json
from typing import Any, Self

type Json = dict[str, Any]

BASE = frozenset(
    {
        "build-report", "config-get", "config-reload", "config-set", "config-test",
        "config-write", "dhcp-disable", "dhcp-enable", "leases-reclaim", "list-commands",
        "shutdown", "status-get", "version-get",
    }
)  # fmt: skip
HOSTS = frozenset({"reservation-add", "reservation-del", "reservation-get"})
_HOST = {
    "boot-file-name": "", "client-classes": [], "hostname": "", "next-server": "0.0.0.0",
    "option-data": [], "server-hostname": "",
}  # fmt: skip


class Fault(Enum):
    """What can go wrong with one command."""

    REFUSED = auto()
    UNSUPPORTED = auto()
    SLOW = auto()
    CUT = auto()
    """The connection ends before the command is done."""
    CUT_AFTER = auto()
    """It ends once the command is done."""
    SPOILT = auto()
    """The command fails half done: what config-write should write is broken."""
    GARBAGE = auto()
    HTML = auto()
    EMPTY_LIST = auto()
    NUMBERS = auto()
    NO_RESULT = auto()
    DEEP = auto()
    LARGE = auto()
    """The right answer, with ten million bytes of text."""
    NOT_HTTP = auto()
    ERROR_500 = auto()
    REDIRECT = auto()
    UNAUTHORIZED = auto()
    FORBIDDEN = auto()
    NO_ARGUMENTS = auto()
    ODD_ARGUMENTS = auto()
    TWO_SERVERS = auto()
    """Two servers answer the same."""
    TWO_MINDS = auto()
    """Two servers answer, each for itself."""
    ONE_REFUSES = auto()


class KeaSimulator:
    """The agent on a port of 127.0.0.1, while the context lasts."""

    def __init__(
        self,
        config: Json,
        *,
        password: str | None = "12345",
        hashes: bool = False,
        host_commands: bool = False,
        by_id: bool = True,
        bare: bool = False,
    ) -> None:
        """Run with a configuration.

        `hashes`: as Kea 2.4; `host_commands`: with the host_cmds library, `by_id` with all of it;
        `bare`: answers are maps instead of lists, as on Kea's own socket.
        """
        self.config = normal(config)
        self.file: Json | None = copy.deepcopy(self.config)
        self.hosts: list[Json] = []
        self.password = password
        self.hashes = hashes
        self.bare = bare
        self.commands = BASE | ({"config-hash-get"} if hashes else set())
        if host_commands:
            self.commands |= HOSTS | ({"reservation-get-by-id"} if by_id else set())
        self.asked: list[str] = []
        self.authorizations: list[str | None] = []
        self.tested: Callable[[], None] | None = None
        """Called when a configuration was tested: time for others to change it."""
        self.reached = asyncio.Event()
        """A command came that is held."""
        self._held: dict[str, asyncio.Event] = {}
        self.faults: dict[str | int, deque[Fault]] = defaultdict(deque)
        self.port = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exception: object) -> None:
        """Stop listening and cut everybody off."""
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}/"

    def fail(self, command: str | int, *faults: Fault) -> None:
        """Queue faults for a command, or for the n-th request from 0."""
        self.faults[command].extend(faults)

    def hold(self, command: str) -> asyncio.Event:
        """Return what a command waits for before it is done."""
        return self._held.setdefault(command, asyncio.Event())

    def reservations(self, subnet: str) -> list[Json]:
        """Return what the running configuration reserves in a subnet."""
        found: list[Json]
        found = next(each for each in subnets(self.config) if each["subnet"] == subnet)[
            "reservations"
        ]
        return found

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            while await self._one(reader, writer):
                await writer.drain()
        except asyncio.IncompleteReadError, ConnectionError:
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; return whether the connection goes on."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head[1:])
        }
        body = json.loads(await reader.readexactly(int(headers["content-length"])))
        assert head[0].startswith("POST / HTTP/1.1")
        assert headers["content-type"] == "application/json"
        authorization = headers.get("authorization")
        self.authorizations.append(authorization)
        if self.password is not None:
            wanted = base64.b64encode(f"panacam:{self.password}".encode()).decode()
            if authorization != f"Basic {wanted}":
                writer.write(http(401, b'{ "result": 401, "text": "Unauthorized" }'))
                return True
        command = body["command"]
        number = len(self.asked)
        self.asked.append(command)
        assert body["service"] == ["dhcp4"]
        queue = self.faults[number] or self.faults[command]
        fault = queue.popleft() if queue else None
        return await self._answer(writer, command, body.get("arguments"), fault)

    async def _answer(
        self, writer: asyncio.StreamWriter, command: str, arguments: Any, fault: Fault | None
    ) -> bool:
        """Do a command and say so, or do what the fault wants."""
        if held := self._held.get(command):
            self.reached.set()
            await held.wait()
        match fault:
            case Fault.CUT:
                return False
            case Fault.SLOW:
                await asyncio.sleep(3600)
            case Fault.NOT_HTTP:
                writer.write(b"220 kea ESMTP ready\r\n")
                return False
            case Fault.SPOILT:
                self.file = None
                answers: list[Json] = [{"result": 1, "text": "No space left on device"}]
            case Fault.REFUSED | Fault.UNSUPPORTED:
                code = 1 if fault is Fault.REFUSED else 2
                answers = [{"result": code, "text": "no: <b>secret</b>"}]
            case _ if fault in _RAW:
                writer.write(_RAW[fault])
                return True
            case _:
                answer = self._done(command, arguments)
                if fault is Fault.CUT_AFTER:
                    return False
                answers = _several(answer, fault)
        single = self.bare and len(answers) == 1
        writer.write(http(200, json.dumps(answers[0] if single else answers).encode()))
        return True

    def _done(self, command: str, arguments: Any) -> Json:
        """Do a command; return its answer."""
        if command not in self.commands:
            return {"result": 2, "text": f"'{command}' command not supported."}
        method = getattr(self, f"_{command.replace('-', '_')}")
        answer: Json = method(arguments)
        return answer

    def _list_commands(self, _: Any) -> Json:
        return {"result": 0, "arguments": sorted(self.commands)}

    def _version_get(self, _: Any) -> Json:
        version = "2.4.1" if self.hashes else "2.2.0"
        return {"result": 0, "text": version, "arguments": {"extended": f"{version}\ntarball"}}

    def _status_get(self, _: Any) -> Json:
        return {"result": 0, "arguments": {"pid": 1, "uptime": 2, "reload": 2}}

    def _config_get(self, _: Any) -> Json:
        digest = {"hash": self._hash()} if self.hashes else {}
        return {"result": 0, "arguments": {"Dhcp4": copy.deepcopy(self.config), **digest}}

    def _config_hash_get(self, _: Any) -> Json:
        return {"result": 0, "arguments": {"hash": self._hash()}}

    def _config_test(self, arguments: Any) -> Json:
        if (wrong := fault_of(arguments)) is not None:
            return {"result": 1, "text": wrong}
        if self.tested is not None:
            self.tested()
        return {"result": 0, "text": "Configuration seems sane."}

    def _config_set(self, arguments: Any) -> Json:
        if (wrong := fault_of(arguments)) is not None:
            return {"result": 1, "text": wrong}
        self.config = normal(arguments["Dhcp4"])
        return {"result": 0, "text": "Configuration successful."}

    def _config_write(self, arguments: Any) -> Json:
        assert not arguments
        self.file = copy.deepcopy(self.config)
        return {"result": 0, "text": "Configuration written successfully", "arguments": {"size": 1}}

    def _hash(self) -> str:
        return hashlib.sha256(json.dumps(self.config, sort_keys=True).encode()).hexdigest().upper()

    def _reservation_add(self, arguments: Any) -> Json:
        new = arguments["reservation"]
        if any(
            host["subnet-id"] == new["subnet-id"]
            and (host["hw-address"] == new["hw-address"] or host["ip-address"] == new["ip-address"])
            for host in self.hosts
        ):
            return {"result": 1, "text": "Database duplicate entry error"}
        self.hosts.append({**_HOST, **new})
        return {"result": 0, "text": "Host added."}

    def _reservation_get(self, arguments: Any) -> Json:
        if found := self._found(arguments):
            return {"result": 0, "text": "Host found.", "arguments": copy.deepcopy(found[0])}
        return {"result": 0, "text": "Host not found."}

    def _reservation_get_by_id(self, arguments: Any) -> Json:
        if found := self._found(arguments):
            return {"result": 0, "arguments": {"hosts": copy.deepcopy(found)}}
        return {"result": 3, "arguments": {"hosts": []}, "text": "0 IPv4 host(s) found."}

    def _reservation_del(self, arguments: Any) -> Json:
        if not (found := self._found(arguments)):
            return {"result": 1, "text": "Host not deleted (not found)."}
        self.hosts.remove(found[0])
        return {"result": 0, "text": "Host deleted."}

    def _found(self, wanted: Json) -> list[Json]:
        if "identifier" in wanted:
            assert wanted["identifier-type"] == "hw-address"
        return [
            host
            for host in self.hosts
            if wanted.get("subnet-id", host["subnet-id"]) == host["subnet-id"]
            and wanted.get("ip-address", host["ip-address"]) == host["ip-address"]
            and wanted.get("identifier", host["hw-address"]) == host["hw-address"]
        ]


def http(status: int, body: bytes, *, extra: str = "") -> bytes:
    """Return an answer of HTTP."""
    head = f"HTTP/1.1 {status} Word\r\nContent-Length: {len(body)}\r\n{extra}"
    return f"{head}Content-Type: application/json\r\n\r\n".encode() + body


_RAW = {
    Fault.GARBAGE: http(200, b"[{\xff\x00]"),
    Fault.HTML: http(200, b"<html><body>It works!</body></html>"),
    Fault.EMPTY_LIST: http(200, b"[]"),
    Fault.NUMBERS: http(200, b"[1, 2]"),
    Fault.NO_RESULT: http(200, b'[{"text": "fine", "result": true}]'),
    Fault.DEEP: http(200, b"[" * 200_000),
    Fault.ERROR_500: http(500, b'[{"result": 0}]'),
    Fault.REDIRECT: http(302, b"", extra="Location: http://127.0.0.1:9/\r\n"),
    Fault.UNAUTHORIZED: http(401, b'{ "result": 401, "text": "Unauthorized" }'),
    Fault.FORBIDDEN: http(403, b'{ "result": 403, "text": "Forbidden" }'),
    Fault.NO_ARGUMENTS: http(200, b'[{"result": 0, "text": "fine"}]'),
    Fault.ODD_ARGUMENTS: http(200, b'[{"result": 0, "arguments": {"Dhcp4": 1, "hosts": 2}}]'),
}


def _several(answer: Json, fault: Fault | None) -> list[Json]:
    """Return the answers of one server or of two."""
    match fault:
        case Fault.TWO_SERVERS:
            return [answer, answer]
        case Fault.TWO_MINDS:
            return [answer, {**answer, "text": "other"}]
        case Fault.LARGE:
            return [{**answer, "text": "x" * 10_000_000}]
        case Fault.ONE_REFUSES:
            return [answer, {"result": 1, "text": "no"}]
        case _:
            return [answer]


def subnets(config: Json) -> list[Json]:
    """Return all subnets of a configuration."""
    networks = config.get("shared-networks", [])
    return [*config.get("subnet4", []), *(each for net in networks for each in net["subnet4"])]


def normal(config: Json) -> Json:
    """Return a configuration as config-get tells it: what was left out is there."""
    config = {"reservations-in-subnet": True, **copy.deepcopy(config)}
    for subnet in subnets(config):
        subnet["reservations"] = [
            {**_HOST, **entry, "hw-address": entry["hw-address"].lower()}
            if "hw-address" in entry
            else {**_HOST, **entry}
            for entry in subnet.get("reservations", [])
        ]
    return config


def fault_of(arguments: Any) -> str | None:
    """Return what Kea would refuse in the arguments of config-test and config-set."""
    if not isinstance(arguments, dict) or set(arguments) != {"Dhcp4"}:
        return "Unsupported parameter"
    for subnet in subnets(arguments["Dhcp4"]):
        seen: set[str] = set()
        for entry in subnet.get("reservations", []):
            keys = {entry[key] for key in ("hw-address", "client-id", "ip-address") if key in entry}
            if keys & seen:
                return "failed to add new host: duplicate"
            seen |= keys
            address = entry.get("ip-address")
            if address and IPv4Address(address) not in IPv4Network(subnet["subnet"]):
                return "specified reservation is not within the IPv4 subnet"
    return None
