"""Pictures and sound of the simulated MO camera, without sockets."""

from fractions import Fraction
import io
import random
import struct

import av
import numpy as np
import pytest

from tests.simulators.mo import Layout, Sampling, drift, purity, read_counter
from tests.simulators.mo.adpcm import Adpcm, decode, sine, tone
from tests.simulators.mo.counter import LIMIT
from tests.simulators.mo.scene import scene
from tests.simulators.mo.vectors import load, names, samples

SIZES = [(640, 480), (320, 240)]
LAYOUTS = [
    Layout(),
    Layout(sampling=Sampling.YUV_422, jfif=False),
    Layout(jfif=False, sof_first=True),
]
ADPCM = [name for name in names("adpcm") if not name.endswith("_samples")]


def decoded(picture: bytes) -> av.VideoFrame:
    """Decode a picture, which has to be whole."""
    codec = av.CodecContext.create("mjpeg", "r")
    assert isinstance(codec, av.VideoCodecContext)
    codec.options = {"err_detect": "explode"}
    (frame,) = codec.decode(av.Packet(picture))
    return frame


def luma(frame: av.VideoFrame, scale: int = 1) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Give the luma of a frame, smaller by `scale`."""
    small = frame.reformat(frame.width // scale, frame.height // scale, "gray")
    return small.to_ndarray().astype(np.uint8)


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_pictures(size: tuple[int, int], layout: Layout) -> None:
    """Every layout decodes, has the size of a real picture, and tells its number."""
    pictures = scene(size, layout)
    for number in (0, 1, 1 << 17, LIMIT - 1, LIMIT + 5):
        data = pictures.picture(number)
        frame = decoded(data)
        assert (frame.width, frame.height) == size
        assert frame.format.name == f"yuvj{layout.sampling}p"
        assert data.startswith(b"\xff\xd8" + (b"\xff\xe0" if layout.jfif else b""))
        assert (data.index(b"\xff\xc0") < data.index(b"\xff\xdb")) is layout.sof_first
        assert read_counter(luma(frame), *size) == number % LIMIT
        half = luma(frame, 2)
        assert read_counter(half.tobytes(), size[0] // 2, size[1] // 2) == number % LIMIT
        assert 20_000 < len(data) * (640 * 480) / (size[0] * size[1]) < 45_000


def test_the_rest_of_the_picture() -> None:
    """Greys are exact, and the scene moves."""
    first, second = (luma(decoded(scene((640, 480), Layout()).picture(at))) for at in (0, 5))
    assert set(np.unique(first[:128])) == {16, 240}
    assert np.abs(first[144:].astype(int) - second[144:]).mean() > 5
    assert set(first[128:144, -32:].ravel()) == {128}


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_number_survives_video(size: tuple[int, int]) -> None:
    """After scaling to half and H.264 at CRF 28, every picture tells its number."""
    width, height = size[0] // 2, size[1] // 2
    encoder = av.CodecContext.create("libx264", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base = Fraction(1, 15)
    encoder.options = {"crf": "28", "preset": "ultrafast", "tune": "zerolatency"}
    decoder = av.CodecContext.create("h264", "r")
    assert isinstance(decoder, av.VideoCodecContext)
    numbers = list(range(100_000, 100_020))
    packets: list[av.Packet[av.VideoStream]] = []
    for at, number in enumerate(numbers):
        small = decoded(scene(size, Layout()).picture(number)).reformat(width, height, "yuv420p")
        small.pts = at
        packets += encoder.encode(small)
    packets += encoder.encode(None)
    frames = [frame for packet in (*packets, None) for frame in decoder.decode(packet)]
    assert [read_counter(luma(frame), width, height) for frame in frames] == numbers


def test_no_number() -> None:
    """What is not such a picture, or is two of them, tells no number."""
    rng = np.random.default_rng(1)
    assert read_counter(bytes(320 * 240), 320, 240) is None
    noise = rng.integers(0, 256, (240, 320), dtype=np.uint8)
    assert read_counter(noise, 320, 240) is None
    one, other = (luma(decoded(scene((640, 480), Layout()).picture(at))) for at in (2, 9))
    mixed = (one.astype(np.uint16) + other) // 2
    assert read_counter(mixed.astype(np.uint8), 640, 480) is None
    one[64:] = other[64:]
    assert read_counter(one, 640, 480) in {None, 9}


@pytest.mark.parametrize("name", [name for name in ADPCM if not name.endswith("tone_2")])
def test_adpcm(name: str) -> None:
    """The decoder gives what was worked out by hand."""
    assert decode([load(name)]) == samples(name)


def test_adpcm_keeps_its_state() -> None:
    """The second packet goes on where the first ended; the encoder makes the same packets."""
    packets = [load("adpcm/tone_1"), load("adpcm/tone_2")]
    wanted = samples("adpcm/tone_1") + samples("adpcm/tone_2")
    assert decode(packets) == wanted
    wave = sine(440, 640)
    encoder = Adpcm()
    assert [encoder.encode(wave[:320]), encoder.encode(wave[320:])] == packets


def test_adpcm_beside_ffmpeg() -> None:
    """FFmpeg decodes the same samples, though its form has the low nibble first and a header."""
    data = random.Random(3).randbytes(508)
    block = bytes(4) + bytes((byte & 15) << 4 | byte >> 4 for byte in data)
    form = struct.pack("<HHIIHHHH", 0x11, 1, 8000, 4055, 512, 4, 2, 1017)
    chunks = b"".join(
        name + struct.pack("<I", len(content)) + content
        for name, content in ((b"fmt ", form), (b"data", block))
    )
    file = io.BytesIO(b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks)
    with av.open(file, "r") as container:
        (frame,) = container.decode(audio=0)
    # Its first sample is the header's.
    assert frame.to_ndarray().ravel().tolist()[1:] == decode([data])


def test_tone() -> None:
    """Minutes of the tone are pure and do not drift, whether kept or made."""
    packets = [tone(440).packet(at) for at in range(500)]
    wave = decode(packet[0] for packet in packets)
    assert purity(wave, 440) > 0.99
    assert drift(wave) < 60
    state = Adpcm()
    for data, predictor, index in packets:
        assert (state.predictor, state.index) == (predictor, index)
        state.decode(data)


def test_measures_see_mistakes() -> None:
    """Swapped nibbles, another tone, silence and a lost state are told from the right tone."""
    packets = [tone(440).packet(at)[0] for at in range(100)]
    swapped = [bytes((byte & 15) << 4 | byte >> 4 for byte in packet) for packet in packets]
    assert purity(decode(swapped), 440) < 0.99
    assert purity(decode(packets), 500) < 0.01
    assert purity([0] * 8000, 440) == 0
    assert purity([], 440) == drift([]) == 0
    lost = [*packets[:50], *packets[53:]]
    assert purity(decode(lost), 440) < 0.99 or drift(decode(lost)) > 300
    assert drift([300] * 4000) == 300
