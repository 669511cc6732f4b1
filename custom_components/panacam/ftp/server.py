"""The FTP server: aioftp's conversation, with the commands that putting files needs, and no others.

What the library does not do is done here: commands are answered one by one, however many a client
sends at once; lines, times and connections are limited; and nothing that a client says is logged.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
import socket
from typing import Any, Final, override

import aioftp
from aioftp.common import StreamIO

from .answers import Answer, Refusal
from .data import Ports
from .door import Account, Accounts, Door
from .grace import Grace
from .names import decoded
from .session import Session, session_of
from .store import Store
from .talk import Talk
from .transfers import Times, Transfers

MAX_LINE: Final = 2048
"""Bytes of one command."""
MAX_FAILURES: Final = 3
"""Wrong passwords of one conversation."""
_CLOSING: Final = 5.0
"""Seconds for conversations to end."""
_ANYBODY: Final = frozenset({"user", "pass", "quit", "noop", "syst", "feat", "opts", "gone", "?"})
"""Commands that need no account."""
_ALIASES: Final = {"xpwd": "pwd", "xcwd": "cwd", "xcup": "cdup", "xmkd": "mkd"}
_TRANSFERS: Final = (
    *("abor", "appe", "cdup", "cwd", "dele", "epsv", "list", "mdtm", "mkd", "nlst"),
    *("pasv", "pwd", "rnfr", "rnto", "size", "stor"),
)
_TALK: Final = ("allo", "feat", "gone", "mode", "noop", "opts", "rest", "stru", "type")
_GONE: Final = "gone", ""
_UNKNOWN: Final = "?", ""

type Command = Callable[[aioftp.Connection, str], Awaitable[bool]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Where the server listens, and how many it lets in."""

    host: str | None = None
    """None: at all addresses."""
    port: int
    passive_ports: Sequence[int] = ()
    """None: any that is free."""
    told_address: str | None = None
    """IPv4 address that clients are sent to; None: the one that they came to."""
    connections: int = 40
    connections_of_one: int = 8
    times: Times = field(default_factory=Times)


class FtpServer(aioftp.Server):
    """Takes files for a store."""

    def __init__(self, store: Store, options: Options) -> None:
        """Have no accounts yet."""
        self._options = options
        self._times = options.times
        self._is_open = False
        self._store = store
        self._known: dict[str, Account] = {}
        self._accounts = Accounts()
        self._door = Door(most=options.connections, most_of_one=options.connections_of_one)
        self._sessions: dict[asyncio.StreamReader, Session] = {}
        super().__init__(
            self._accounts,
            socket_timeout=options.times.answer,
            welcome_message="Put your files here.",
        )
        ports = Ports(options.passive_ports)
        transfers = Transfers(store, options.times, ports, options.told_address)
        talk = Talk()
        commands: dict[str, Command] = {
            **{name: getattr(transfers, name) for name in _TRANSFERS},
            **{name: getattr(talk, name) for name in _TALK},
            "user": self.user,
            "pass": self.pass_,
            "quit": self.quit,
            "syst": self.syst,
            "port": transfers.refuse_active,
            "eprt": transfers.refuse_active,
            _UNKNOWN[0]: talk.unknown,
        }
        commands |= {alias: commands[name] for alias, name in _ALIASES.items()}
        self.commands_mapping = {
            name: self._in_turn(name, command) for name, command in commands.items()
        }

    async def open(self) -> None:
        """Begin to listen. OSError when the port is taken."""
        self._is_open = True
        try:
            await self.start(self._options.host, self._options.port)
        except BaseException:
            self._is_open = False
            raise

    @override
    async def close(self) -> None:
        """Hang up, if it listens at all."""
        if self._is_open:
            # Whoever comes in the same moment sees this, and goes.
            self._is_open = False
            # asyncio trips over clients that it has accepted and not handed over yet.
            for sock in self.server.sockets:
                asyncio.get_running_loop().remove_reader(sock.fileno())
            await asyncio.sleep(0)
            for session in self._sessions.values():
                session.guest.send_away()
            try:
                async with asyncio.timeout(_CLOSING):
                    await super().close()
            except TimeoutError:
                self.server.abort_clients()

    def put_accounts(self, accounts: Iterable[Account]) -> None:
        """Let these in; who is in, and no longer as one of them, is sent away."""
        before, self._known = self._known, {account.key: account for account in accounts}
        self._accounts.put(self._known.values())
        for session in self._sessions.values():
            key = session.account
            if key is not None and self._known.get(key) != before.get(key):
                session.guest.send_away()

    @override
    async def dispatcher(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Talk to a client, or send it away at once."""
        peer, task = writer.get_extra_info("peername"), asyncio.current_task()
        if not self._is_open or not peer or task is None:
            writer.transport.abort()
            return
        if (guest := self._door.enter(peer[0], task.cancel)) is None:
            with suppress(OSError):
                writer.write(b"421 Too many connections; try again later.\r\n")
            writer.close()
            return
        sock = writer.get_extra_info("socket")
        session = Session(
            address=peer[0],
            reader=reader,
            guest=guest,
            grace=Grace(self._store, reader, sock),
            login_by=asyncio.get_running_loop().time() + self._times.login,
        )
        session.turn.set()
        self._sessions[reader] = session
        # ABOR comes as urgent data, whose last byte would be missing.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
        # Answers are short; whoever reads none shall not fill the kernel's memory either.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16_384)
        try:
            async with asyncio.timeout(self._times.session):
                await super().dispatcher(reader, writer)
            async with asyncio.timeout(self._times.answer):
                await writer.wait_closed()
        except TimeoutError, OSError:
            pass
        finally:
            session.end()
            writer.transport.abort()
            del self._sessions[reader]
            self._door.leave(guest)

    @override
    async def greeting(self, connection: aioftp.Connection, rest: Any) -> bool:
        """Say hello."""
        connection.session = self._sessions[connection.command_connection.reader]
        return await super().greeting(connection, rest)

    @override
    async def parse_command(
        self, stream: StreamIO, censor_commands: tuple[str] = ("pass",)
    ) -> tuple[str, str]:
        """Read a command once the last one was answered; `gone` when nobody sends any more."""
        session = self._sessions[stream.reader]
        await session.turn.wait()
        if (line := await self._line(stream, session)) is None:
            await session.grace.leave()
            return _GONE
        session.turn.clear()
        session.grace.believe()
        if len(line) > MAX_LINE:
            return _UNKNOWN
        # Before ABOR, clients send Telnet's signs for an interruption.
        text, encoding = decoded(line.lstrip(b"\xff\xf4\xf2").rstrip(b"\r\n"))
        if not text.isascii():
            session.encoding = encoding
        verb, _, rest = text.partition(" ")
        verb = verb.lower()
        return (verb, rest) if verb in self.commands_mapping and verb != "gone" else _UNKNOWN

    async def _line(self, stream: StreamIO, session: Session) -> bytes | None:
        """Return what a client says; None when it has gone, or takes too long."""
        loop = asyncio.get_running_loop()
        # Nothing more is read from one that is being hung up on, whatever it had still to say.
        while not stream.writer.transport.is_closing():
            end = loop.time() + self._times.idle
            if session.account is None:
                end = min(end, session.login_by)
            try:
                async with asyncio.timeout_at(end):
                    return await stream.reader.readuntil(b"\n")
            except TimeoutError:
                if not session.is_busy:
                    return None
            except asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError:
                return None
        return None

    @override
    async def response_writer(self, stream: StreamIO, response_queue: asyncio.Queue[Any]) -> None:
        """Write answers; once nobody reads them, throw them away."""
        self._sessions[stream.reader].responses = response_queue
        try:
            await super().response_writer(stream, response_queue)
        except TimeoutError, OSError:
            stream.writer.transport.abort()
            while True:
                # Whoever ends the conversation waits for them all.
                await response_queue.get()
                response_queue.task_done()

    @override
    async def write_line(self, stream: StreamIO, line: str) -> None:
        """Write in the client's own encoding."""
        encoding = self._sessions[stream.reader].encoding
        await stream.write(f"{line}\r\n".encode(encoding, errors="replace"))

    def _in_turn(self, name: str, command: Command) -> Command:
        """Return a command that lets the next one be read when it is answered."""

        async def perform(connection: aioftp.Connection, rest: str) -> bool:
            session = session_of(connection)
            try:
                if session.account is None and name not in _ANYBODY:
                    raise Refusal(Answer.LOG_IN)  # noqa: TRY301 - the way it is told
                goes_on = await command(connection, rest)
            except Refusal as refusal:
                connection.response(refusal.answer.code, refusal.answer.text)
                goes_on = True
            except OSError:
                connection.response(Answer.FAILED.code, Answer.FAILED.text)
                goes_on = True
            if goes_on and session.responses is not None:
                await session.responses.join()
                session.turn.set()
            return goes_on

        return perform

    @override
    async def user(self, connection: aioftp.Connection, rest: str) -> bool:
        """Ask for the password, once: what a conversation has sent stays its account's."""
        if session_of(connection).account is not None:
            raise Refusal(Answer.LOGGED_IN)
        return await super().user(connection, rest)

    @override
    async def pass_(self, connection: aioftp.Connection, rest: str) -> bool:
        """Look at a password, the later the more wrong ones there were."""
        session = session_of(connection)
        await self._door.wait(session.address)
        if not connection.future.user.done():
            raise Refusal(Answer.NO_USER)
        account = self._accounts.account_of(connection.user)
        await super().pass_(connection, rest)
        if connection.future.logged.done() and account is not None:
            session.account = account.key
            session.guest.is_known = True
            self._door.succeeded(session.address)
            return True
        self._door.failed(session.address)
        session.failures += 1
        return session.failures < MAX_FAILURES
