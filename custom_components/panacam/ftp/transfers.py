"""Files on their way in, and lists on their way out."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
import socket

import aioftp

from .answers import Answer, Refusal
from .commands import Folders, account_in, path_in
from .data import NoPortError, Passive, Ports, chunks
from .names import Kind, Parts, kind_of
from .pace import BusyError
from .room import FullError
from .session import Session, line_of, session_of
from .store import Store
from .tree import Node
from .upload import Upload


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Time limits in seconds."""

    login: float = 30
    """From the beginning to the password."""
    idle: float = 300
    """Between two commands."""
    answer: float = 30
    """To take an answer."""
    connect: float = 15
    """To open the data connection."""
    stall: float = 30
    """Without as much of a file as the slowest camera sends."""
    transfer: float = 7200
    """For one file."""
    session: float = 86_400
    """For a whole conversation."""


class Transfers(Folders):
    """Commands that open data connections."""

    def __init__(self, store: Store, times: Times, ports: Ports, told_address: str | None) -> None:
        """Listen at `ports`, and tell clients of `told_address` unless it is None."""
        super().__init__(store)
        self._times = times
        self._ports = ports
        self._told_address = told_address

    async def pasv(self, connection: aioftp.Connection, rest: str) -> bool:
        """Listen for a data connection over IPv4."""
        host = self._told_address or connection.server_host
        try:
            octets = socket.inet_pton(socket.AF_INET, host)
        except OSError as err:
            raise Refusal(Answer.IPV6) from err
        port = await self._listen(connection)
        numbers = ",".join(map(str, (*octets, port >> 8, port & 0xFF)))
        connection.response("227", f"Come to ({numbers}).")
        return True

    async def epsv(self, connection: aioftp.Connection, rest: str) -> bool:
        """Listen for a data connection."""
        if rest.strip().upper() == "ALL":
            connection.response("200", "So be it.")
            return True
        is_ipv6 = ":" in connection.server_host
        if rest.strip() not in {"", "2" if is_ipv6 else "1"}:
            raise Refusal(Answer.IPV6 if is_ipv6 else Answer.IPV4)
        connection.response("229", f"Come to (|||{await self._listen(connection)}|)")
        return True

    async def _listen(self, connection: aioftp.Connection) -> int:
        session = session_of(connection)
        if session.is_busy:
            raise Refusal(Answer.ONE_AT_A_TIME)
        session.close()
        passive = Passive(self._ports, session.address)
        try:
            await passive.open(connection.server_host)
        except NoPortError as err:
            raise Refusal(Answer.ALL_PORTS_TAKEN) from err
        session.passive = passive
        return passive.port

    async def refuse_active(self, connection: aioftp.Connection, rest: str) -> bool:
        """Say that the client has to open the data connection."""
        raise Refusal(Answer.PASSIVE)

    async def stor(self, connection: aioftp.Connection, rest: str) -> bool:
        """Take a file."""
        session = session_of(connection)
        account = account_in(session)
        if not (parts := path_in(session, rest)):
            raise Refusal(Answer.NAME)
        passive = self._passive(session)
        try:
            upload = await self.store.begin(account)
        except BusyError as err:
            passive.close()
            raise Refusal(Answer.BUSY) from err
        except FullError as err:
            passive.close()
            raise Refusal(Answer.NO_ROOM) from err
        except BaseException:
            passive.close()
            raise
        self._start(connection, passive, lambda: self._receive(session, passive, upload, parts))
        connection.response("150", "Send it.")
        return True

    async def appe(self, connection: aioftp.Connection, rest: str) -> bool:
        """Take a file that is not there yet; nothing is added to one that is."""
        session = session_of(connection)
        with suppress(OSError):
            await self.store.node(account_in(session), path_in(session, rest))
            raise Refusal(Answer.WHOLE_ALREADY)
        return await self.stor(connection, rest)

    async def list(self, connection: aioftp.Connection, rest: str) -> bool:
        """Send what is in a folder, with sizes and times."""
        return await self._list(connection, rest, line_of)

    async def nlst(self, connection: aioftp.Connection, rest: str) -> bool:
        """Send what is in a folder: names alone."""
        return await self._list(connection, rest, lambda node: node.parts[-1])

    async def _list(
        self, connection: aioftp.Connection, rest: str, line: Callable[[Node], str]
    ) -> bool:
        session = session_of(connection)
        # Clients put options of `ls` before the path.
        words = [word for word in rest.split(" ") if not word.startswith("-")]
        parts = path_in(session, " ".join(words).strip())
        try:
            nodes = await self.store.listing(account_in(session), parts)
        except OSError as err:
            raise Refusal(Answer.NOT_THERE) from err
        passive = self._passive(session)

        def lines() -> bytes:
            text = "".join(f"{line(node)}\r\n" for node in nodes if node.parts)
            return text.encode(session.encoding, errors="replace")

        data = await asyncio.get_running_loop().run_in_executor(None, lines)
        self._start(connection, passive, lambda: self._send(session, passive, data))
        connection.response("150", "Here it comes.")
        return True

    async def abor(self, connection: aioftp.Connection, rest: str) -> bool:
        """Break a transfer off."""
        session = session_of(connection)
        if session.transfer is not None and session.is_busy:
            session.aborted = True
            session.transfer.cancel()
            await asyncio.wait([session.transfer])
        connection.response("226", "Nothing is under way.")
        return True

    def _passive(self, session: Session) -> Passive:
        """Return where the client will come to. Refusal."""
        if session.is_busy:
            raise Refusal(Answer.ONE_AT_A_TIME)
        if (passive := session.take_passive()) is None:
            raise Refusal(Answer.NO_DATA_CONNECTION)
        return passive

    def _start(
        self,
        connection: aioftp.Connection,
        passive: Passive,
        work: Callable[[], Awaitable[str]],
    ) -> None:
        """Carry a transfer out beside the conversation, and say how it ended."""
        session = session_of(connection)

        async def transfer() -> bool:
            try:
                text = await work()
            except TimeoutError:
                answer = Answer.TOO_LONG
            except FullError:
                answer = Answer.NO_ROOM
            except ConnectionError:
                answer = Answer.BROKE_OFF
            except OSError:
                answer = Answer.DISK
            except asyncio.CancelledError:
                if not session.aborted:
                    raise
                answer = Answer.BROKEN_OFF
            else:
                connection.response("226", text)
                return True
            finally:
                passive.close()
            connection.response(answer.code, answer.text)
            return True

        session.aborted = False
        session.transfer = asyncio.get_running_loop().create_task(transfer())
        # The library's dispatcher ends it with the conversation.
        connection.extra_workers.add(session.transfer)

    async def _receive(
        self, session: Session, passive: Passive, upload: Upload, parts: Parts
    ) -> str:
        """Take a file and let it appear. TimeoutError, FullError, OSError."""
        try:
            end = asyncio.get_running_loop().time() + self._times.transfer
            async with asyncio.timeout(self._times.connect):
                reader, _ = await passive.connection()
            async for pieces in chunks(reader, self._times.stall, end):
                await upload.write(pieces)
            await upload.sync()
            await upload.written()
            if session.reader.at_eof() or (
                kind_of(parts[-1]) is Kind.MP4 and await upload.is_cut()
            ):
                raise ConnectionResetError
            await self.store.finish(upload, parts, session.grace.begin)
        finally:
            await self.store.end(upload)
        session.keep_fresh(parts)
        return "It is here, whole."

    async def _send(self, session: Session, passive: Passive, data: bytes) -> str:
        """Send a list. TimeoutError, OSError."""
        async with asyncio.timeout(self._times.connect):
            _, writer = await passive.connection()
        async with asyncio.timeout(self._times.stall):
            writer.write(data)
            await writer.drain()
            writer.close()
            await writer.wait_closed()
        return "That is all."
