"""One client's conversation: where it is, and what it is about to do."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import aioftp

from .data import Passive
from .door import Guest
from .grace import Grace
from .names import Parts
from .tree import Node

MAX_FRESH: Final = 1000
"""Files of one conversation that it may still rename."""
_RECENT: Final = timedelta(days=180)
_MONTHS: Final = (
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"
)  # fmt: skip


@dataclass(slots=True, eq=False)
class Session:
    """What is known of one client."""

    address: str
    reader: asyncio.StreamReader
    guest: Guest
    grace: Grace
    login_by: float
    """The loop's time until when it has to have logged in."""
    turn: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while the next command may be read: they are answered one by one."""
    encoding: str = "utf-8"
    """What the client writes names in."""
    account: str | None = None
    """The folder that is its own; None: it has not logged in."""
    folder: Parts = ()
    renamed: Parts | None = None
    fresh: dict[Parts, None] = field(default_factory=dict)
    """What it sent in this conversation."""
    failures: int = 0
    passive: Passive | None = None
    transfer: asyncio.Task[bool] | None = None
    aborted: bool = False
    responses: asyncio.Queue[Any] | None = None

    @property
    def is_busy(self) -> bool:
        """Return whether a file or a list is under way."""
        return self.transfer is not None and not self.transfer.done()

    def keep_fresh(self, parts: Parts) -> None:
        """Know of one more file that it sent."""
        self.fresh[parts] = None
        while len(self.fresh) > MAX_FRESH:
            del self.fresh[next(iter(self.fresh))]

    def take_passive(self) -> Passive | None:
        """Return the port that waits, for one transfer."""
        passive, self.passive = self.passive, None
        return passive

    def close(self) -> None:
        """Hang up what is open beside the conversation."""
        if (passive := self.take_passive()) is not None:
            passive.close()

    def end(self) -> None:
        """Hang up all of it."""
        self.close()
        self.grace.close()


def session_of(connection: aioftp.Connection) -> Session:
    """Return what is known of the client of a connection."""
    session: Session = connection.session
    return session


def line_of(node: Node) -> str:
    """Return a line of LIST, as Unix has it: clients take it apart by columns."""
    changed = datetime.fromtimestamp(node.changed // 10**9, UTC)
    is_recent = abs(datetime.now(UTC) - changed) < _RECENT
    when = f"{changed:%H:%M}" if is_recent else f"{changed.year:>5}"
    kind = "drwx------ 2" if node.is_folder else "-rw------- 1"
    day = f"{_MONTHS[changed.month - 1]} {changed.day:>2}"
    return f"{kind} camera camera {node.size:>12} {day} {when} {node.parts[-1]}"


def fact_of(node: Node) -> str:
    """Return when something changed, as MDTM tells it."""
    return f"{datetime.fromtimestamp(node.changed // 10**9, UTC):%Y%m%d%H%M%S}"
