"""What a camera's logins have in common, however many connections and ports it has (no I/O)."""

from dataclasses import dataclass


@dataclass(slots=True)
class LoginRecord:
    """What has been found out about how one camera has people log in."""

    digest_seen: bool = False
    """Whether it took a Digest: it has no reason to want the readable password later."""
    pinned: bool = False
    """Whether it is known by its certificate: without TLS nobody gets the readable password."""
