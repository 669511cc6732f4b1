"""Who comes in: few at a time, by name and password, and ever more slowly after wrong ones."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
import hashlib
import hmac
from ipaddress import ip_address, ip_network
import logging
import secrets
import time
from typing import Final, override

import aioftp

_LOGGER: Final = logging.getLogger(__name__)

MAX_KNOWN: Final = 1000
"""Addresses whose failures are remembered."""
FORGIVEN: Final = 2
"""Failures that cost nothing: people mistype."""
MAX_WAIT: Final = 10.0
"""Seconds before an answer, at most."""
FORGET: Final = 900.0
"""Seconds after the last failure."""
LOG_GAP: Final = 3600.0
"""Seconds between two lines about one address."""
MAX_LINES: Final = 20
"""Lines about all addresses in that time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who may put files in."""

    key: str
    """Name of its folder."""
    username: str
    password: str = field(repr=False)


class Accounts(aioftp.AbstractUserManager):
    """The accounts; nobody learns which names there are."""

    def __init__(self) -> None:
        """Begin with none."""
        super().__init__()
        self._users: dict[str, aioftp.User] = {}
        self._accounts: dict[str, Account] = {}
        # Whoever has no account is compared with somebody, so that it takes as long.
        self._nobody = aioftp.User("", "")
        self._no_password = secrets.token_hex(16)

    def put(self, accounts: Iterable[Account]) -> None:
        """Have these accounts, and no others."""
        self._accounts = {account.username: account for account in accounts}
        # The library keeps something for each user that it was told of.
        self._users = {
            name: self._users.get(name) or aioftp.User(name, "") for name in self._accounts
        }

    def account_of(self, user: aioftp.User) -> Account | None:
        """Return whose account it is, if there is one."""
        return self._accounts.get(user.login or "")

    @override
    async def get_user(
        self, login: str
    ) -> tuple[aioftp.AbstractUserManager.GetUserResponse, aioftp.User | None, str]:
        """Ask everybody for a password."""
        user = self._users.get(login, self._nobody)
        return self.GetUserResponse.PASSWORD_REQUIRED, user, "password required"

    @override
    async def authenticate(self, user: aioftp.User, password: str) -> bool:
        """Compare in a time that tells nothing."""
        account = self.account_of(user)
        wanted = self._no_password if account is None else account.password
        same = hmac.compare_digest(_digest(wanted), _digest(password))
        return same and account is not None


def _digest(password: str) -> bytes:
    return hashlib.sha256(password.encode(errors="replace")).digest()


@dataclass(slots=True, eq=False)
class Guest:
    """One who is in."""

    house: str
    """What counts as one address."""
    send_away: Callable[[], object]
    is_known: bool = False
    """Whether it has logged in."""


class Door:
    """Counts who is in, and who failed to come in, by address."""

    def __init__(
        self, *, most: int, most_of_one: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Let `most` clients in, `most_of_one` of each address; half of them without a password."""
        self._most = most
        self._most_of_one = most_of_one
        self._clock = clock
        self._inside: dict[Guest, None] = {}
        self._failed: dict[str, tuple[int, float]] = {}
        self._logged: dict[str, float] = {}
        self._crowded = -LOG_GAP

    def enter(self, address: str, send_away: Callable[[], object]) -> Guest | None:
        """Let one more in if there is room; then it leaves some time, or is sent away.

        When it is full, somebody who has not logged in goes: of the address with the most of them
        the one who came first.
        """
        guest = Guest(_house(address), send_away)
        strangers = [one for one in self._inside if not one.is_known]
        is_full = len(self._inside) >= self._most or len(strangers) >= (self._most + 1) // 2
        is_one = sum(one.house == guest.house for one in self._inside) >= self._most_of_one
        if is_full or is_one:
            self._say_crowded()
        if is_one or (is_full and not strangers):
            return None
        if is_full:
            houses = Counter(one.house for one in strangers)
            gone = max(strangers, key=lambda one: houses[one.house])
            self.leave(gone)
            gone.send_away()
        self._inside[guest] = None
        return guest

    def leave(self, guest: Guest) -> None:
        """Have room for another one; it may have left."""
        self._inside.pop(guest, None)

    def _say_crowded(self) -> None:
        if self._clock() - self._crowded >= LOG_GAP:
            self._crowded = self._clock()
            _LOGGER.warning("Too many FTP connections at a time; some were refused")

    async def wait(self, address: str) -> None:
        """Let an address wait that had wrong passwords, before its next one is looked at."""
        count, last = self._failed.get(_house(address), (0, 0.0))
        if count > FORGIVEN and self._clock() - last < FORGET:
            await asyncio.sleep(min(MAX_WAIT, 0.5 * 2.0 ** min(count - FORGIVEN - 1, 10)))

    def failed(self, address: str) -> None:
        """Take note of a wrong name or password."""
        house, now = _house(address), self._clock()
        count, last = self._failed.pop(house, (0, now))
        self._failed[house] = (1 if now - last >= FORGET else count + 1, now)
        while len(self._failed) > MAX_KNOWN:
            del self._failed[next(iter(self._failed))]
        self._logged = {one: when for one, when in self._logged.items() if now - when < LOG_GAP}
        if house not in self._logged and len(self._logged) < MAX_LINES:
            self._logged[house] = now
            _LOGGER.warning("Wrong FTP user name or password from %s", address)

    def succeeded(self, address: str) -> None:
        """Forget the failures of an address."""
        self._failed.pop(_house(address), None)


def _house(address: str) -> str:
    """Return what counts as one address: of IPv6, all that one host may choose from."""
    found = ip_address(address.partition("%")[0])
    return address if found.version == 4 else str(ip_network((found, 64), strict=False))
