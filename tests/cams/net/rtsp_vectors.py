"""What RTSP cameras say, as it is on the wire."""

from pathlib import Path

VECTORS = Path(__file__).parent.parent.parent / "vectors" / "rtsp"


def text(name: str) -> bytes:
    """Return a file of lines, each ended as on the wire."""
    return (VECTORS / name).read_bytes().replace(b"\n", b"\r\n")


def load(name: str) -> bytes:
    """Return the bytes of a file of hexadecimal digits."""
    lines = (VECTORS / name).read_text().splitlines()
    return bytes.fromhex("".join(line.partition("#")[0] for line in lines))
