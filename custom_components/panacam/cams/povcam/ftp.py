"""Where a recorder sends its clips by FTP (11.2, 11.3)."""

from typing import Final

from ..clips import FtpTarget
from ..errors import CameraError, ProtocolError, Reason, RefusedError
from .card_state import explained
from .client import PovcamClient
from .commands_cards import GET_FTP, SET_FTP
from .wire import parse_reply

NO_SERVER: Final = frozenset({"", "0.0.0.0"})
"""Hosts that mean that none is set."""


class PovcamFtp:
    """The role of the FTP sender."""

    def __init__(self, client: PovcamClient) -> None:
        """Ask by `client`."""
        self._client = client

    async def target(self) -> FtpTarget:
        """Return what is set, without the password. ProtocolError for an answer without a host."""
        reply = parse_reply(await self._client.call(GET_FTP))
        host = reply.get("server_addr")
        if host is None or (host and not SET_FTP.parameters["server_addr"].allows(host)):
            raise ProtocolError(Reason.UNEXPECTED_REPLY, GET_FTP.name)
        port = reply.number("port_num")
        return FtpTarget(
            host=host,
            port=int(port) if port is not None and 1 <= port <= 65535 else 21,
            username=reply.get("username", ""),
            passive=reply.get("mode", "").casefold() != "active",
            folder=reply.get("dirname", ""),
        )

    async def aim(self, target: FtpTarget) -> None:
        """Set it, and read it back; without a password the camera keeps the one that it has."""
        secret = {} if target.password is None else {"password": target.password}
        try:
            await self._client.call(
                SET_FTP,
                server_addr=target.host,
                username=target.username,
                port_num=target.port,
                mode="passive" if target.passive else "active",
                dirname=target.folder,
                **secret,
            )
        except CameraError as err:
            raise await explained(self._client, err, None, had_card=False) from err
        now = await self.target()
        if _shape(now) != _shape(target):
            raise RefusedError(Reason.NOT_TAKEN, SET_FTP.name)


def _shape(target: FtpTarget) -> tuple[object, ...]:
    """Return what can be read back."""
    folder = target.folder.strip().strip("/")
    return target.host, target.port, target.username, target.passive, folder
