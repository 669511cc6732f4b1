"""Basic and Digest authentication as these cameras do it (RFC 7617, 7616 and 2617)."""

import base64
import binascii
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
import hashlib
import re
import secrets
from typing import Final

from .models import Auth

REALM: Final = "Panasonic network device"

_PARAMETER: Final = re.compile(r'(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')


@dataclass(frozen=True, slots=True)
class Verdict:
    """Outcome of a check: the user, or none and whether only the nonce was old."""

    user: str | None = None
    role: str = ""
    stale: bool = False


def md5_hex(text: str) -> str:
    """MD5 of `text`, as lower case hex."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def parse_parameters(text: str) -> dict[str, str]:
    """Split `a="b", c=d` into a mapping with lower case names."""
    return {
        match[1].lower(): match[3] if match[2] is None else re.sub(r"\\(.)", r"\1", match[2])
        for match in _PARAMETER.finditer(text)
    }


def digest_response(ha1: str, method: str, fields: dict[str, str]) -> str:
    """Give the response a client must give (RFC 2617, 3.2.2.1); without qop the older form."""
    ha2 = md5_hex(f"{method}:{fields.get('uri', '')}")
    nonce = fields.get("nonce", "")
    if "qop" not in fields:
        return md5_hex(f"{ha1}:{nonce}:{ha2}")
    middle = ":".join((nonce, fields.get("nc", ""), fields.get("cnonce", ""), fields["qop"]))
    return md5_hex(f"{ha1}:{middle}:{ha2}")


class Authenticator:
    """Holds the users and the nonce of one camera; HTTP and RTSP share it."""

    def __init__(
        self,
        scheme: Auth,
        users: dict[str, tuple[str, str]],
        clock: Callable[[], float],
        nonce_life: float,
    ) -> None:
        """Offer `scheme` to `users`, a mapping name -> (password, role)."""
        self.scheme: Final = scheme
        self.users: Final = users
        self._clock = clock
        self._nonce_life = nonce_life
        self._seen: deque[tuple[str, str, str]] = deque(maxlen=512)
        self._nonce = ""
        self._nonce_from = 0.0
        self.rotate()

    def rotate(self) -> None:
        """Make the present nonce stale."""
        self._nonce = secrets.token_hex(16)
        self._nonce_from = self._clock()

    def challenge(self, *, stale: bool = False) -> str:
        """Give the WWW-Authenticate value, with the camera's own way of quoting."""
        if self.scheme is Auth.BASIC:
            return f'Basic realm="{REALM}"'
        self._refresh()
        flag = "true" if stale else "false"
        return (
            f'Digest realm="{REALM}", nonce="{self._nonce}", '
            f'stale="{flag}", algorithm="MD5", qop="auth"'
        )

    def check(self, header: str | None, method: str, uri: str) -> Verdict:
        """Judge an Authorization header."""
        scheme, _, rest = (header or "").partition(" ")
        if scheme.lower() != self.scheme.value:
            return Verdict()
        if self.scheme is Auth.BASIC:
            return self._check_basic(rest)
        return self._check_digest(rest, method, uri)

    def _check_basic(self, text: str) -> Verdict:
        try:
            decoded = base64.b64decode(text.strip(), validate=True).decode()
        except binascii.Error, UnicodeDecodeError:
            return Verdict()
        name, colon, password = decoded.partition(":")
        user = self.users.get(name)
        if not colon or user is None or user[0] != password:
            return Verdict()
        return Verdict(name, user[1])

    def _check_digest(self, text: str, method: str, uri: str) -> Verdict:
        fields = parse_parameters(text)
        name = fields.get("username", "")
        user = self.users.get(name)
        if user is None or fields.get("realm") != REALM or fields.get("uri") != uri:
            return Verdict()
        if fields.get("qop") != "auth" or not re.fullmatch(r"[0-9a-f]{8}", fields.get("nc", "")):
            return Verdict()
        if fields.get("algorithm", "MD5") != "MD5":
            return Verdict()
        ha1 = md5_hex(f"{name}:{REALM}:{user[0]}")
        if fields.get("response") != digest_response(ha1, method, fields):
            return Verdict()
        self._refresh()
        use = (fields["nonce"], fields.get("cnonce", ""), fields["nc"])
        if use[0] != self._nonce or use in self._seen:
            return Verdict(stale=True)
        self._seen.append(use)
        return Verdict(name, user[1])

    def _refresh(self) -> None:
        if self._clock() - self._nonce_from > self._nonce_life:
            self.rotate()
