"""A small FTP server that says what a test wants it to say, in active mode too."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class FtpStandIn:
    """What it has heard, what it has got, and what it answers instead of the right thing."""

    port: int = 0
    names: list[str] = field(default_factory=list)
    """What there is in every folder."""
    answers: dict[str, str] = field(default_factory=dict)
    """Replies by command; the command does nothing then. An empty one is no reply at all."""
    heard: list[str] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)


@asynccontextmanager
async def ftp_stand_in() -> AsyncGenerator[FtpStandIn]:
    """Run one on the loopback address; any name and password are right."""
    state = FtpStandIn()
    tasks: set[asyncio.Task[None]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await _Session(state, reader, writer).run()
        except ConnectionError, asyncio.CancelledError:
            pass
        finally:
            tasks.discard(task)
            writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    state.port = server.sockets[0].getsockname()[1]
    try:
        yield state
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Session:
    """One control connection."""

    def __init__(
        self, state: FtpStandIn, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._state = state
        self._reader = reader
        self._writer = writer
        self._data: tuple[str, int] | None = None
        self._folder = ""

    async def run(self) -> None:
        """Answer line by line."""
        self._say("220 ready")
        while line := (await self._reader.readline()).decode().rstrip("\r\n"):
            self._state.heard.append(line)
            verb, _, argument = line.partition(" ")
            if (told := self._state.answers.get(verb)) is not None:
                if told:
                    self._say(told)
                continue
            await self._answer(verb, argument)

    async def _answer(self, verb: str, argument: str) -> None:
        match verb:
            case "USER":
                self._say("331 password")
            case "PORT":
                numbers = argument.split(",")
                self._data = ".".join(numbers[:4]), int(numbers[4]) * 256 + int(numbers[5])
                self._say("200 done")
            case "CWD":
                self._folder = f"{self._folder}/{argument}"
                self._say("250 done")
            case "MKD":
                self._say(f'257 "{argument}"')
            case "NLST" | "LIST":
                text = "".join(f"{name}\r\n" for name in self._state.names)
                await self._transfer(send=text.encode())
            case "STOR":
                got = await self._transfer()
                self._state.files[f"{self._folder}/{argument}"] = got
            case _:
                self._say("230 done" if verb == "PASS" else "200 done")

    async def _transfer(self, send: bytes = b"") -> bytes:
        """Connect to the client, as in active mode."""
        assert self._data is not None
        self._say("150 here it comes")
        reader, writer = await asyncio.open_connection(*self._data)
        writer.write(send)
        writer.write_eof()
        got = await reader.read()
        writer.close()
        self._say("226 done")
        return got

    def _say(self, line: str) -> None:
        self._writer.write(f"{line}\r\n".encode())
