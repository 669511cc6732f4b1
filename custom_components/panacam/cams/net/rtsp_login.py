"""Answers a camera's challenge by Digest (RFC 2617, RFC 7616) or Basic, for RTSP (no I/O)."""

from base64 import b64encode
from collections.abc import Callable, Iterable
import hashlib
import re
import secrets
from typing import Final

from ..stream import Credentials
from .login import LoginRecord

_PARAMETER: Final = re.compile(r'([A-Za-z][\w-]*)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s,"]+)')
_SCHEME: Final = re.compile(r"\s*(Digest|Basic)\b\s*", re.IGNORECASE)
_NEXT: Final = re.compile(r",\s*(?=(?:Digest|Basic)\s)", re.IGNORECASE)


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


_HASHES: Final[dict[str, Callable[[bytes], str]]] = {"SHA-256": _sha256, "MD5": _md5}


class RtspLogin:
    """Credentials, given in the scheme that the camera asks for and only once it has asked."""

    def __init__(self, credentials: Credentials, record: LoginRecord | None = None) -> None:
        """Give nothing yet; `record` is what the camera's other connections found out."""
        self._credentials = credentials
        self._record = record or LoginRecord()
        self._digest: dict[str, str] | None = None
        self._basic = False
        self._tried: set[str] = set()
        """The nonces that were answered."""
        self._count = 0

    def challenged(self, challenges: Iterable[str]) -> bool:
        """Take the WWW-Authenticate headers of a refusal; return whether to ask again.

        Basic is answered only where Digest is not and never was offered, and once; to nobody where
        the camera is known by its certificate, as whoever answers here has not shown it.
        """
        offers = [offer for each in challenges for offer in _NEXT.split(each)]
        digests = [
            found
            for offer in offers
            if (found := _parameters(offer, "digest")) is not None
            and found.get("algorithm", "MD5").upper() in _HASHES
            and found.get("nonce")
        ]
        if digests:
            # The newer algorithm where there is a choice; the order of _HASHES.
            best = min(digests, key=lambda each: list(_HASHES).index(_algorithm(each)))
            return self._use(best)
        basic = any(_parameters(offer, "basic") is not None for offer in offers)
        if not basic or self._basic or self._digest is not None:
            return False
        if self._record.digest_seen or self._record.pinned:
            return False
        self._basic = True
        return True

    def _use(self, digest: dict[str, str]) -> bool:
        """Answer this challenge from now on, unless that was refused."""
        stale = digest.get("stale", "").lower() == "true"
        nonce = digest["nonce"]
        again = nonce not in self._tried and (not self._tried or stale)
        self._tried = {nonce}
        self._digest, self._basic, self._count = digest, False, 0
        return again

    def accepted(self) -> None:
        """Note that the camera took the answer: a new challenge is then not a refusal."""
        self._tried.clear()
        self._record.digest_seen |= self._digest is not None

    def header(self, method: str, uri: str) -> str | None:
        """Return the Authorization header of a request, or None while nobody asked."""
        user, password = self._credentials.username, self._credentials.password
        if self._basic:
            return f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"
        if (digest := self._digest) is None:
            return None
        algorithm = _algorithm(digest)
        hashed = _HASHES[algorithm]
        realm, nonce = digest.get("realm", ""), digest["nonce"]
        secret = hashed(f"{user}:{realm}:{password}".encode())
        what = hashed(f"{method}:{uri}".encode())
        fields = {"username": user, "realm": realm, "nonce": nonce, "uri": uri}
        bare: dict[str, str] = {}
        if "auth" in re.split(r"[\s,]+", digest.get("qop", "")):
            self._count += 1
            count, ours = f"{self._count:08x}", secrets.token_hex(8)
            fields["response"] = hashed(f"{secret}:{nonce}:{count}:{ours}:auth:{what}".encode())
            fields["cnonce"] = ours
            bare = {"qop": "auth", "nc": count}
        else:
            fields["response"] = hashed(f"{secret}:{nonce}:{what}".encode())
        if "opaque" in digest:
            fields["opaque"] = digest["opaque"]
        if "algorithm" in digest:
            bare["algorithm"] = algorithm
        parts = [f'{name}="{_quoted(value)}"' for name, value in fields.items()]
        parts += [f"{name}={value}" for name, value in bare.items()]
        return f"Digest {', '.join(parts)}"


def _parameters(offer: str, scheme: str) -> dict[str, str] | None:
    """Return the parameters of a challenge, or None when it is of another scheme."""
    found = _SCHEME.match(offer)
    if found is None or found[1].lower() != scheme:
        return None
    return {
        name.lower(): re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
        for name, value in _PARAMETER.findall(offer[found.end() :])
    }


def _algorithm(digest: dict[str, str]) -> str:
    return digest.get("algorithm", "MD5").upper()


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
