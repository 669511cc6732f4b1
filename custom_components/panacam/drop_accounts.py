"""Who may put clips into the drop: a user name and a password for each camera that has them."""

import secrets
import string
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.helpers.storage import Store
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN
from .ftp import Account

SIGNAL_ACCOUNTS: Final = f"{DOMAIN}_drop_accounts"
"""Sent with nothing when there are other accounts, or another drop."""
_VERSION: Final = 1
_DELAY: Final = 1.0
"""Seconds before something new is written."""
_LETTERS: Final = string.ascii_lowercase + string.digits
_PASSWORD: Final = 24
"""Letters and digits; recorders take 32 at most (povcam.txt, 11.2)."""


class DropAccounts:
    """Keeps them by config entry, and out of what diagnostics show."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Have a place; nothing is read yet."""
        self._hass = hass
        self._store: Store[dict[str, Any]] = Store(hass, _VERSION, f"{DOMAIN}.drop", private=True)
        self._accounts: dict[str, Account] = {}

    async def async_load(self) -> None:
        """Read them; what somebody spoilt is left out."""
        kept = await self._store.async_load() or {}
        accounts = kept.get("accounts")
        for entry_id, row in accounts.items() if isinstance(accounts, dict) else ():
            match row:
                case {"username": str(username), "password": str(password)} if password:
                    self._accounts[entry_id] = Account(
                        key=entry_id, username=username, password=password
                    )

    @callback
    def all(self) -> list[Account]:
        """Return them all."""
        return list(self._accounts.values())

    @callback
    def of(self, entry_id: str) -> Account | None:
        """Return the account of a camera's entry, if it has one."""
        return self._accounts.get(entry_id)

    @callback
    def make(self, entry_id: str) -> Account:
        """Return the account of a camera's entry; it gets one if it has none."""
        return self._accounts.get(entry_id) or self._put(entry_id, f"cam{_random(8)}")

    @callback
    def renew(self, entry_id: str) -> Account:
        """Give an account another password."""
        return self._put(entry_id, self.make(entry_id).username)

    @callback
    def _put(self, entry_id: str, username: str) -> Account:
        account = Account(key=entry_id, username=username, password=_random(_PASSWORD))
        self._accounts[entry_id] = account
        self._changed()
        return account

    @callback
    def forget(self, entry_id: str) -> None:
        """Have no account for a camera's entry."""
        if self._accounts.pop(entry_id, None) is not None:
            self._changed()

    @callback
    def _changed(self) -> None:
        self._store.async_delay_save(self._data, _DELAY)
        async_dispatcher_send(self._hass, SIGNAL_ACCOUNTS)

    @callback
    def _data(self) -> dict[str, Any]:
        return {
            "accounts": {
                account.key: {"username": account.username, "password": account.password}
                for account in self._accounts.values()
            }
        }


_ACCOUNTS: Final[HassKey[DropAccounts]] = HassKey(f"{DOMAIN}_drop_accounts")


async def async_load_accounts(hass: HomeAssistant) -> None:
    """Read the accounts, once."""
    accounts = DropAccounts(hass)
    await accounts.async_load()
    hass.data[_ACCOUNTS] = accounts


@callback
def drop_accounts(hass: HomeAssistant) -> DropAccounts:
    """Return the accounts, which were read with the integration."""
    return hass.data[_ACCOUNTS]


def _random(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))
