"""Certificates that nobody but their owner vouches for: shown once, then told by fingerprint."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
import hashlib
import hmac
import re
import socket
import ssl
from typing import Final, override

from cryptography import x509

from ..errors import ConnectError, Reason
from ..text import plain
from .address import zoneless
from .dial import DIALER

MAX_SUBJECT: Final = 120
"""Characters of a subject that are shown."""
_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}")
_OLD_CIPHERS: Final = "DEFAULT:@SECLEVEL=0"
"""Who does not check certificates has an old camera more often than not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What a peer shows; all but the fingerprint is its own word."""

    fingerprint: str
    """SHA-256 in 64 lower-case hexadecimal digits."""
    subject: str
    """Whom it names, printable and bounded; empty when it names nobody."""
    not_before: datetime | None
    not_after: datetime | None
    """UTC; None for what makes no sense."""


class OtherCertificateError(ssl.SSLCertVerificationError):
    """The peer shows another certificate than the one that was agreed to."""


class _Pinned(ssl.SSLObject):
    """A connection whose handshake fails unless the peer shows the one certificate."""

    @override
    def do_handshake(self) -> None:
        super().do_handshake()
        context = self.context
        if not isinstance(context, PinnedContext) or not context.is_right(self.getpeercert(True)):
            # Here, so that no byte of a request can follow.
            raise OtherCertificateError


class PinnedContext(ssl.SSLContext):
    """Trusts exactly one certificate, whoever signed it, whatever it says."""

    sslobject_class = _Pinned
    fingerprint: str

    def is_right(self, certificate: bytes | None) -> bool:
        """Return whether that is the certificate."""
        return certificate is not None and hmac.compare_digest(
            fingerprint_of(certificate), self.fingerprint
        )


def fingerprint_of(certificate: bytes) -> str:
    """Return the fingerprint of a certificate in DER."""
    return hashlib.sha256(certificate).hexdigest()


def is_fingerprint(text: str) -> bool:
    """Return whether `text` is a fingerprint as `fingerprint_of` writes it."""
    return _FINGERPRINT.fullmatch(text) is not None


def grouped(fingerprint: str) -> str:
    """Return a fingerprint as people compare it: in groups of four."""
    return " ".join(re.findall(".{1,4}", fingerprint.upper()))


@lru_cache(maxsize=64)
def pinned_context(fingerprint: str) -> ssl.SSLContext:
    """Return TLS settings that let exactly that certificate pass; the same for the same one.

    ValueError when it is no fingerprint.
    """
    if not is_fingerprint(fingerprint):
        raise ValueError
    context = _unchecked(PinnedContext(ssl.PROTOCOL_TLS_CLIENT))
    context.fingerprint = fingerprint
    return context


def _unchecked[ContextT: ssl.SSLContext](context: ContextT) -> ContextT:
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers(_OLD_CIPHERS)
    return context


@lru_cache(maxsize=1)
def _looking() -> ssl.SSLContext:
    return _unchecked(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))


async def certificate_of(host: str, port: int, *, timeout: float = 5.0) -> Certificate:
    """Return the certificate that is shown at `host`, to which nothing is sent.

    ConnectError; ConnectError(TLS) for who has none.
    """
    with _translated():
        async with asyncio.timeout(timeout):
            transport, _ = await DIALER.connect(
                asyncio.Protocol, host, port, ssl=_looking(), server_hostname=zoneless(host)
            )
    try:
        shown = transport.get_extra_info("ssl_object").getpeercert(binary_form=True)
    finally:
        transport.abort()
    if shown is None:
        raise ConnectError(Reason.TLS)
    return read(shown)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except TimeoutError as err:
        raise ConnectError(Reason.TIMEOUT) from err
    except (socket.gaierror, ValueError, OverflowError) as err:
        raise ConnectError(Reason.UNKNOWN_HOST) from err
    except (ssl.SSLError, ConnectionResetError) as err:
        raise ConnectError(Reason.TLS) from err
    except OSError as err:
        raise ConnectError(Reason.UNREACHABLE) from err


def read(shown: bytes) -> Certificate:
    """Return what a certificate in DER says; it may be nonsense in any part."""
    subject = ""
    before: datetime | None = None
    after: datetime | None = None
    with suppress(ValueError, TypeError, OverflowError, x509.InvalidVersion):
        certificate = x509.load_der_x509_certificate(shown)
        before, after = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        subject = plain(certificate.subject.rfc4514_string(), MAX_SUBJECT) or ""
    return Certificate(
        fingerprint=fingerprint_of(shown), subject=subject, not_before=before, not_after=after
    )
