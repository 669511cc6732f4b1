"""What a client may ask for once it is logged in, files aside: its own folders and names."""

import aioftp

from .answers import Answer, Refusal
from .names import BadNameError, Parts, resolved
from .room import FullError
from .session import Session, fact_of, session_of
from .store import Store
from .tree import Node


def path_in(session: Session, path: str) -> Parts:
    """Return where a path leads. Refusal."""
    try:
        return resolved(session.folder, path)
    except BadNameError as err:
        raise Refusal(Answer.NAME) from err


def account_in(session: Session) -> str:
    """Return whose conversation it is. Refusal."""
    if session.account is None:
        raise Refusal(Answer.LOG_IN)
    return session.account


def quoted(parts: Parts) -> str:
    """Return a path as answers have it."""
    path = "/" + "/".join(parts)
    return '"' + path.replace('"', '""') + '"'


class Folders:
    """Commands about folders and names. Each returns whether the conversation goes on."""

    def __init__(self, store: Store) -> None:
        """Keep everything in `store`."""
        self.store = store

    async def pwd(self, connection: aioftp.Connection, rest: str) -> bool:
        """Say which folder it is in."""
        connection.response("257", quoted(session_of(connection).folder))
        return True

    async def cwd(self, connection: aioftp.Connection, rest: str) -> bool:
        """Go to a folder."""
        session = session_of(connection)
        parts = path_in(session, rest)
        if not (await self._node(session, parts)).is_folder:
            raise Refusal(Answer.NOT_THERE)
        session.folder = parts
        connection.response("250", "You are there.")
        return True

    async def cdup(self, connection: aioftp.Connection, rest: str) -> bool:
        """Go to the folder above."""
        session = session_of(connection)
        session.folder = session.folder[:-1]
        connection.response("250", "You are there.")
        return True

    async def mkd(self, connection: aioftp.Connection, rest: str) -> bool:
        """Make a folder."""
        session = session_of(connection)
        parts = path_in(session, rest)
        if not parts:
            raise Refusal(Answer.THERE_ALREADY)
        try:
            await self.store.make(account_in(session), parts)
        except FileExistsError as err:
            raise Refusal(Answer.THERE_ALREADY) from err
        except FullError as err:
            raise Refusal(Answer.NO_ROOM) from err
        connection.response("257", f"{quoted(parts)} is there now.")
        return True

    async def size(self, connection: aioftp.Connection, rest: str) -> bool:
        """Say how long a file is: clients look whether all of it came."""
        node = await self._file(connection, rest)
        connection.response("213", str(node.size))
        return True

    async def mdtm(self, connection: aioftp.Connection, rest: str) -> bool:
        """Say when a file came."""
        node = await self._file(connection, rest)
        connection.response("213", fact_of(node))
        return True

    async def rnfr(self, connection: aioftp.Connection, rest: str) -> bool:
        """Begin to rename a file of this conversation that nobody was told of."""
        session = session_of(connection)
        parts = path_in(session, rest)
        await self._file(connection, rest)
        if parts not in session.fresh:
            raise Refusal(Answer.NOT_ALLOWED)
        try:
            self.store.untold(account_in(session), parts)
        except PermissionError as err:
            raise Refusal(Answer.NOT_ALLOWED) from err
        session.renamed = parts
        connection.response("350", "And its new name?")
        return True

    async def rnto(self, connection: aioftp.Connection, rest: str) -> bool:
        """Rename it."""
        session = session_of(connection)
        before, session.renamed = session.renamed, None
        wanted = path_in(session, rest)
        if before is None or not wanted:
            raise Refusal(Answer.NO_RENAME)
        try:
            await self.store.rename(account_in(session), before, wanted)
        except FileExistsError as err:
            raise Refusal(Answer.ANOTHER_NAME) from err
        except PermissionError as err:
            raise Refusal(Answer.NOT_ALLOWED) from err
        except FullError as err:
            raise Refusal(Answer.NO_ROOM) from err
        session.fresh.pop(before, None)
        session.keep_fresh(wanted)
        connection.response("250", "Renamed.")
        return True

    async def dele(self, connection: aioftp.Connection, rest: str) -> bool:
        """Remove what a client sent to see whether it may; no picture and no film."""
        session = session_of(connection)
        parts = path_in(session, rest)
        await self._file(connection, rest)
        if parts not in session.fresh:
            raise Refusal(Answer.NOT_ALLOWED)
        try:
            await self.store.remove(account_in(session), parts)
        except PermissionError as err:
            raise Refusal(Answer.NOT_ALLOWED) from err
        del session.fresh[parts]
        connection.response("250", "Removed.")
        return True

    async def _file(self, connection: aioftp.Connection, path: str) -> Node:
        session = session_of(connection)
        node = await self._node(session, path_in(session, path))
        if node.is_folder:
            raise Refusal(Answer.NOT_THERE)
        return node

    async def _node(self, session: Session, parts: Parts) -> Node:
        try:
            return await self.store.node(account_in(session), parts)
        except OSError as err:
            raise Refusal(Answer.NOT_THERE) from err
