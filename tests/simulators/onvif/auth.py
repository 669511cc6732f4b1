"""Logging in to the camera: WS-Security UsernameToken, HTTP Digest and Basic."""

import base64
import binascii
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
import hashlib
import hmac
import time
from typing import Final
from xml.etree.ElementTree import Element

from tests.simulators.povcam import Auth as Scheme
from tests.simulators.povcam.auth import Authenticator, Verdict

_SECURITY: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
WSSE: Final = f"{_SECURITY}wssecurity-secext-1.0.xsd"
WSU: Final = f"{_SECURITY}wssecurity-utility-1.0.xsd"
DIGEST_TYPE: Final = f"{_SECURITY}username-token-profile-1.0#PasswordDigest"

ADMINISTRATOR: Final = "Administrator"
USER: Final = "User"
_NONCE_LIFE: Final = 300.0


class Auth(StrEnum):
    """What the camera accepts as a login."""

    BOTH = "both"
    """Either; a request with neither gets a challenge for HTTP Digest."""
    EITHER = "either"
    """Either; a request with neither gets a SOAP fault, and no challenge ever."""
    DIGEST = "digest"
    """HTTP Digest only."""
    WSSE = "wsse"
    """WS-Security only."""
    NONE = "none"
    """Everybody is welcome."""

    @property
    def challenges(self) -> bool:
        """Whether a refusal is a 401 with a challenge."""
        return self in (Auth.BOTH, Auth.DIGEST)

    @property
    def digest(self) -> bool:
        """Whether HTTP Digest is accepted."""
        return self in (Auth.BOTH, Auth.EITHER, Auth.DIGEST)

    @property
    def wsse(self) -> bool:
        """Whether WS-Security is accepted."""
        return self in (Auth.BOTH, Auth.EITHER, Auth.WSSE)


class Users:
    """The users of one camera and the ways in which they prove themselves."""

    def __init__(self, auth: Auth, users: dict[str, tuple[str, str]], window: float) -> None:
        """Know `users`, name -> (password, level).

        A UsernameToken is good for `window` seconds before and after the camera's own time.
        """
        self.auth = auth
        self.users: Final = users
        self.window = window
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        """The camera's clock, which it sets."""
        self._seen: deque[tuple[str, str]] = deque(maxlen=2048)
        self._digest = Authenticator(Scheme.DIGEST, users, time.monotonic, _NONCE_LIFE)
        self._basic = Authenticator(Scheme.BASIC, users, time.monotonic, _NONCE_LIFE)

    def level(self, name: str) -> str:
        """Give what `name` may do."""
        return self.users.get(name, ("", ""))[1]

    def challenge(self, *, stale: bool = False) -> str:
        """Give the WWW-Authenticate value for HTTP Digest."""
        return self._digest.challenge(stale=stale)

    def basic_challenge(self) -> str:
        """Give the WWW-Authenticate value for Basic."""
        return self._basic.challenge()

    def rotate_nonce(self) -> None:
        """Make the nonce of HTTP Digest stale."""
        self._digest.rotate()

    def check_digest(self, header: str | None, method: str, uri: str) -> Verdict:
        """Judge an Authorization header for HTTP Digest."""
        return self._digest.check(header, method, uri)

    def check_basic(self, header: str | None) -> Verdict:
        """Judge an Authorization header for Basic."""
        return self._basic.check(header, "", "")

    def check_wsse(self, security: Element | None) -> str | None:
        """Give the user of a Security header; None if it proves nothing, or was used before."""
        if security is None:
            return None
        token = security.find(f"{{{WSSE}}}UsernameToken")
        if token is None:
            return None
        name = token.findtext(f"{{{WSSE}}}Username", "")
        password = token.find(f"{{{WSSE}}}Password")
        nonce = token.findtext(f"{{{WSSE}}}Nonce", "")
        created = token.findtext(f"{{{WSU}}}Created", "")
        if name not in self.users or password is None or password.get("Type") != DIGEST_TYPE:
            return None
        if (nonce, created) in self._seen or not self._in_time(created):
            return None
        wanted = password_digest(nonce, created, self.users[name][0])
        if wanted is None or not hmac.compare_digest(wanted, (password.text or "").strip()):
            return None
        self._seen.append((nonce, created))
        return name

    def _in_time(self, created: str) -> bool:
        try:
            moment = datetime.fromisoformat(created)
        except ValueError:
            return False
        if moment.tzinfo is None:
            return False
        return abs((moment - self.now()).total_seconds()) <= self.window


def password_digest(nonce: str, created: str, password: str) -> str | None:
    """Base64 of SHA-1 of nonce, created and password; None for a nonce that is not Base64."""
    try:
        raw = base64.b64decode(nonce, validate=True)
    except binascii.Error:
        return None
    sha = hashlib.sha1(raw + created.encode() + password.encode(), usedforsecurity=False)
    return base64.b64encode(sha.digest()).decode()
