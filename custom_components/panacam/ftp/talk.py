"""Commands that change nothing: what clients say out of habit."""

import aioftp

from .answers import Answer, Refusal


class Talk:
    """Answers. Each returns whether the conversation goes on."""

    async def noop(self, connection: aioftp.Connection, rest: str) -> bool:
        """Do nothing."""
        connection.response("200", "Still here.")
        return True

    async def gone(self, connection: aioftp.Connection, rest: str) -> bool:
        """End, with whoever sends nothing any more."""
        connection.response("421", "Good bye.")
        return False

    async def unknown(self, connection: aioftp.Connection, rest: str) -> bool:
        """Refuse what putting files does not need."""
        raise Refusal(Answer.NO_COMMAND)

    async def feat(self, connection: aioftp.Connection, rest: str) -> bool:
        """Say what there is beyond RFC 959."""
        features = "EPSV", "MDTM", "PASV", "SIZE", "UTF8"
        connection.response("211", ["Features:", *features, "End"], True)
        return True

    async def opts(self, connection: aioftp.Connection, rest: str) -> bool:
        """Agree to UTF-8, which names are in already."""
        if rest.upper().split() != ["UTF8", "ON"]:
            raise Refusal(Answer.NO_OPTION)
        connection.response("200", "So be it.")
        return True

    async def allo(self, connection: aioftp.Connection, rest: str) -> bool:
        """Need no space beforehand."""
        connection.response("202", "Not needed.")
        return True

    async def type(self, connection: aioftp.Connection, rest: str) -> bool:
        """Take bytes as they are, whatever they are called."""
        return _one_of(connection, rest, "AIL")

    async def stru(self, connection: aioftp.Connection, rest: str) -> bool:
        """Take files as files."""
        return _one_of(connection, rest, "F")

    async def mode(self, connection: aioftp.Connection, rest: str) -> bool:
        """Take files as streams."""
        return _one_of(connection, rest, "S")

    async def rest(self, connection: aioftp.Connection, rest: str) -> bool:
        """Begin at the beginning: of a half file nothing is kept."""
        if rest.strip() != "0":
            raise Refusal(Answer.BEGINNING)
        connection.response("350", "From the beginning.")
        return True


def _one_of(connection: aioftp.Connection, rest: str, known: str) -> bool:
    if not rest or rest[0].upper() not in known:
        raise Refusal(Answer.NOT_THAT_ONE)
    connection.response("200", "So be it.")
    return True
