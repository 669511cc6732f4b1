"""Where the camera is on its network, and what shows who it is there: state of 4.6 and 7."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
import hashlib
from pathlib import Path
import ssl
import tempfile
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from .models import Options

RSA_LENGTH: Final = 2048
_EXPONENT: Final = 65537
_NAMES: Final = {
    "country": NameOID.COUNTRY_NAME,
    "state": NameOID.STATE_OR_PROVINCE_NAME,
    "locality": NameOID.LOCALITY_NAME,
    "organization": NameOID.ORGANIZATION_NAME,
    "organization_unit": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "common_name": NameOID.COMMON_NAME,
}
FACTORY_SUBJECT: Final = {"common_name": "camera.invalid"}
"""Of the certificate of a camera that is made with HTTPS on."""


class Trouble(StrEnum):
    """What can go wrong with a move."""

    LOST = "lost"
    """It does not come back."""
    STAYS = "stays"
    """It says yes, restarts and is where it was."""
    IMPOSTOR = "impostor"
    """Another camera is at the new place."""
    REBOOTS = "reboots"
    """It comes back, and goes away once more."""


class Work(StrEnum):
    """What `renewal` tells the progress of (7.1)."""

    SELF_SIGNED = "self_create"
    REQUEST = "csr_create"
    INSTALL = "ca_install"
    KEY = "key_create"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the web server and the RTSP server are."""

    host: str
    port: int
    rtsp_port: int
    tls: bool


@dataclass(slots=True)
class NetworkMenu:
    """Menu of the network (4.6) but for what is in the other menus."""

    dhcp: str = "0"
    netmask: str = "255.255.255.0"
    gateway: str = "0.0.0.0"
    dns: str = "auto"
    servers: tuple[str, str] = ("0.0.0.0", "0.0.0.0")
    mss: str = "1460"
    http_port: int = 0
    """Kept while HTTPS is in use; 0: the one that it has."""
    lease: str | None = None
    """The address that a DHCP server would give; None: the one that it has."""


@dataclass(slots=True)
class _Job:
    work: Work
    due: float
    finish: Callable[[], bool]


@dataclass(slots=True)
class HttpsMenu:
    """Key, certificates and how the camera is spoken to (7)."""

    options: Options
    live: str = "http"
    port: int = 443
    key: rsa.RSAPrivateKey | None = None
    previous: rsa.RSAPrivateKey | None = None
    request: x509.CertificateSigningRequest | None = None
    self_signed: x509.Certificate | None = None
    signed: x509.Certificate | None = None
    factory: bool = False
    """Whether it shows the certificate of its factory, which has a key of its own."""
    results: dict[Work, bool] = field(default_factory=dict)
    renewed: Callable[[], None] = field(default=lambda: None)
    """Called when another certificate is to be shown."""
    _job: _Job | None = None

    def begin(self, work: Work, finish: Callable[[], bool]) -> bool:
        """Start what takes a while; False while something else is under way."""
        if self.settle() is not None:
            return False
        self._job = _Job(work, self.options.clock() + self.options.make_time, finish)
        self.results.pop(work, None)
        self.settle()
        return True

    def settle(self) -> Work | None:
        """Finish what is due; return what is under way."""
        if (job := self._job) is None:
            return None
        if self.options.clock() < job.due:
            return job.work
        self._job = None
        self.results[job.work] = job.finish()
        return None

    def some_key(self) -> rsa.RSAPrivateKey:
        """Return the key, made when it is wanted first."""
        if self.key is None:
            self.key = new_key()
        return self.key

    def make_key(self) -> bool:
        """Make another key; certificates of the old one are none any more."""
        self.previous, self.key = self.some_key(), new_key()
        self._forget()
        return True

    def swap_key(self) -> bool:
        """Take the key before this one, if there is one."""
        if self.previous is None:
            return False
        self.previous, self.key = self.some_key(), self.previous
        self._forget()
        return True

    def _forget(self) -> None:
        self.request = self.self_signed = self.signed = None
        self.factory = False

    def sign_itself(self, subject: dict[str, str]) -> bool:
        """Make a self-signed certificate."""
        key, name = self.some_key(), name_of(subject)
        now = datetime(2020, 1, 1, tzinfo=UTC)
        self.self_signed = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now)
            .not_valid_after(now + timedelta(days=365 * 30))
            .sign(key, hashes.SHA256())
        )
        self.factory = False
        self.renewed()
        return True

    def ask_authority(self, subject: dict[str, str]) -> bool:
        """Make a request for a certificate."""
        builder = x509.CertificateSigningRequestBuilder().subject_name(name_of(subject))
        self.request = builder.sign(self.some_key(), hashes.SHA256())
        return True

    def install(self, pem: bytes) -> bool:
        """Take a certificate of an authority; False for rubbish and for another key."""
        try:
            certificate = x509.load_pem_x509_certificate(pem)
        except ValueError, InvalidSignature:
            return False
        if certificate.public_key() != self.some_key().public_key():
            return False
        self.signed = certificate
        self.renewed()
        return True

    @property
    def certificate(self) -> x509.Certificate | None:
        """The certificate in use, but for the factory's."""
        return self.signed or self.self_signed

    def fingerprint(self) -> str:
        """Give the SHA-256 of the certificate in use."""
        assert self.certificate is not None
        return hashlib.sha256(self.certificate.public_bytes(serialization.Encoding.DER)).hexdigest()

    def context(self) -> ssl.SSLContext | None:
        """TLS settings with the certificate in use, None for the factory's; blocking."""
        if (certificate := self.certificate) is None:
            return None
        pem = certificate.public_bytes(serialization.Encoding.PEM)
        pem += self.some_key().private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "camera.pem")
            path.write_bytes(pem)
            context.load_cert_chain(path)
        return context


class Site:
    """Where the camera is; the simulator tells how it gets elsewhere."""

    def __init__(self, options: Options) -> None:
        """Be nowhere yet."""
        self.network: Final = NetworkMenu()
        self.https: Final = HttpsMenu(options)
        self.trouble: Trouble | None = None
        """What the next move meets."""
        self.delay = 0.0
        """Seconds that the next move takes longer."""
        self.move: Callable[[Place], None] = lambda _place: None
        """Leaves for another place, a moment after the answer."""
        self.restart: Callable[[float], None] = lambda _seconds: None
        """Is away for so long, from a moment after the answer on."""


def new_key() -> rsa.RSAPrivateKey:
    """Make a key; blocking."""
    return rsa.generate_private_key(_EXPONENT, RSA_LENGTH)


def name_of(subject: dict[str, str]) -> x509.Name:
    """Give a name of a certificate from the words of the specification."""
    return x509.Name(
        [
            x509.NameAttribute(oid, subject[word])
            for word, oid in _NAMES.items()
            if subject.get(word)
        ]
    )


def words_of(name: x509.Name) -> dict[str, str]:
    """Give the words of the specification from a name of a certificate."""
    return {
        word: str(found[0].value)
        for word, oid in _NAMES.items()
        if (found := name.get_attributes_for_oid(oid))
    }
