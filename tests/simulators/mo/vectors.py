"""The hand-written messages of tests/vectors/mo."""

from pathlib import Path
import struct
from typing import Final

VECTORS: Final = Path(__file__).parents[2] / "vectors" / "mo"


def load(name: str) -> bytes:
    """Give the bytes of a vector, for example `operation/login_req`."""
    text = (VECTORS / f"{name.removesuffix('.hex')}.hex").read_text()
    return bytes.fromhex(" ".join(line.partition("#")[0] for line in text.splitlines()))


def names(folder: str) -> list[str]:
    """Give the names of all vectors in a folder, for example `operation`."""
    return sorted(f"{folder}/{path.stem}" for path in (VECTORS / folder).glob("*.hex"))


def samples(name: str) -> list[int]:
    """Give the samples of an ADPCM vector, for example `adpcm/tone_1`."""
    data = load(f"{name}_samples")
    return [number for (number,) in struct.iter_unpack("<h", data)]
