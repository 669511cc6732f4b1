"""What cameras of the family do differently, though all speak the same protocol."""

from dataclasses import dataclass, field
from typing import Final

from .jpeg import Layout, Sampling


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One camera's way; the default is the specification to the letter."""

    header_reserved: int = 0
    """The reserved INT8 of the header: 0 or 0xAA."""
    repeats_length: bool = False
    """Whether the last INT32 of the header repeats the text's length."""
    verify_refused_size: int = 2
    """Bytes of a Verify_Resp that refuses: 2 or 3."""
    verify_reserved: int = 0
    """The reserved INT8 of Verify_Resp: 0 or 2."""
    data_id: int | None = None
    """The data connection id; random for each operation connection if there is none here."""
    id_zero: bool = False
    """Whether the id comes as 0, instead of not at all, while a data connection is in use."""
    audio_state: bool = False
    """Whether sample and index follow the data of an audio packet."""
    audio_sequence: int = 0
    """Number of the first audio packet."""
    talk_end_answer: bool = False
    """Whether Talk_End is answered by operation code 22."""
    milliseconds: bool = False
    """Whether time stamps are in 1 ms, with a frame counter instead of the seconds."""
    picture_reserved: int = 0
    """The reserved INT8 of Video_Data."""
    parameters_zeros: bool = False
    """Whether operation code 28 with zeros follows the parameters."""
    keep_alive_data: bool = False
    """Whether the data connection has keep-alives too, and is cut without them."""
    pictures: Layout = field(default_factory=Layout)
    """The form of the picture files."""


SPECIFICATION: Final = Dialect()
CAPTURED: Final = Dialect(
    repeats_length=True,
    verify_reserved=2,
    data_id=0x60251B40,
    audio_sequence=5635087,
    talk_end_answer=True,
    parameters_zeros=True,
    pictures=Layout(sampling=Sampling.YUV_422, jfif=False),
)
"""As in captures of real cameras."""
ODD: Final = Dialect(
    header_reserved=0xAA,
    repeats_length=True,
    verify_refused_size=3,
    data_id=1,
    id_zero=True,
    audio_state=True,
    milliseconds=True,
    picture_reserved=1,
    keep_alive_data=True,
    pictures=Layout(jfif=False, sof_first=True),
)
"""All other oddities at once."""
DIALECTS: Final = {"specification": SPECIFICATION, "captured": CAPTURED, "odd": ODD}
