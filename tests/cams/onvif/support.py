"""What the tests of the ONVIF family share."""

from aiohttp import ClientSession

from custom_components.panacam.cams.device import Notice, State
from custom_components.panacam.cams.onvif.board import Board
from custom_components.panacam.cams.onvif.client import OnvifClient
from custom_components.panacam.cams.onvif.system import SystemPart
from custom_components.panacam.cams.stream import Credentials
from tests.simulators.onvif import OnvifSimulator


def client_for(
    session: ClientSession,
    simulator: OnvifSimulator,
    *,
    login: bool = True,
    username: str | None = None,
    password: str | None = None,
    trust: bool = False,
) -> OnvifClient:
    """Return a client of a simulated device that knows nothing of it yet."""
    credentials = Credentials(username or simulator.username, password or simulator.password)
    return OnvifClient(
        session,
        simulator.host,
        simulator.port,
        tls=False,
        credentials=credentials if login else None,
        trust=trust,
    )


async def known_client(session: ClientSession, simulator: OnvifSimulator) -> OnvifClient:
    """Return a client that knows the device's services."""
    client = client_for(session, simulator)
    await SystemPart(client, Watched().board).identify()
    return client


class Watched:
    """A board, and what it showed and told."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.states: list[State] = []
        self.told: list[Notice] = []
        self.board = Board(self._show, self.told.append)

    def _show(self) -> None:
        self.states.append(self.board.state())
