"""Whatever a camera calls a JPEG becomes a frame or nothing."""

import io
import resource

import numpy as np
from PIL import Image
import pytest

from custom_components.panacam.cams.bridge.frames import (
    MAX_HEIGHT,
    MAX_WIDTH,
    PIXELS,
    Fitter,
    JpegReader,
    jpeg_of,
    marked,
    marked_jpeg,
)
from custom_components.panacam.cams.stream import Picture
from tests.cams.bridge.support import HEIGHT, WIDTH, colour, huge, jpeg, light, plain, read

LAYOUTS = ("yuvj420p", "yuvj422p", "yuvj444p")


def picture(data: bytes) -> Picture:
    """Return a picture of no particular time."""
    return Picture(data, 0.0)


def grey(shade: int, width: int, height: int) -> bytes:
    """Return a JPEG with one component."""
    data = io.BytesIO()
    Image.new("L", (width, height), shade).save(data, "JPEG")
    return data.getvalue()


def pillow(data: bytes) -> Image.Image:
    """Decode a JPEG with another decoder than the one that is tested."""
    return Image.open(io.BytesIO(data)).convert("YCbCr")


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("size", [(64, 48), (641, 481), (5, 3), (2, 2)])
@pytest.mark.parametrize("shade", [0, 128, 255])
def test_samplings(layout: str, size: tuple[int, int], shade: int) -> None:
    """Every sampling and size becomes 4:2:0 of an even size, full range, as light as before."""
    frame = JpegReader().read(picture(plain(shade, *size, layout)))
    assert frame is not None
    fitted = Fitter(frame).fit(frame)
    assert fitted.format.name == PIXELS
    assert (fitted.width, fitted.height) == (max(2, size[0] // 2 * 2), max(2, size[1] // 2 * 2))
    assert np.abs(light(fitted).astype(int) - shade).max() <= 4
    assert colour(fitted) <= 3


@pytest.mark.parametrize("size", [(64, 48), (641, 481)])
@pytest.mark.parametrize("shade", [0, 100, 255])
def test_grey(size: tuple[int, int], shade: int) -> None:
    """A picture without colour is as light as before, and stays without."""
    frame = JpegReader().read(picture(grey(shade, *size)))
    assert frame is not None
    fitted = Fitter(frame).fit(frame)
    assert np.abs(light(fitted).astype(int) - shade).max() <= 4
    assert colour(fitted) <= 3


def test_nothing_to_convert() -> None:
    """What is right already is not copied."""
    frame = JpegReader().read(picture(jpeg(5)))
    assert frame is not None
    assert Fitter(frame).fit(frame) is frame


@pytest.mark.parametrize("buffer", [bytes, bytearray, memoryview])
def test_any_buffer(buffer: type[bytes]) -> None:
    """A source may hand out whatever holds bytes."""
    frame = JpegReader().read(picture(buffer(jpeg(77))))
    assert frame is not None
    assert read(frame).number == 77


REAL = jpeg(3)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xd8\xff\xd9",
        b"\xff\xd8",
        b"rubbish" * 100,
        bytes(1000),
        REAL[:20],
        REAL[: REAL.index(b"\xff\xda")],
        huge(),
        huge(65_535, 300),
        huge(6000, 6000),
        huge(0, 0),
        plain(0, 1, 1),
    ],
    ids=lambda data: f"{len(data)}",
)
def test_no_picture(data: bytes) -> None:
    """It is no picture, nothing is raised, and the next picture is read."""
    reader = JpegReader()
    assert reader.read(picture(data)) is None
    assert marked_jpeg(picture(data)) is None
    frame = reader.read(picture(jpeg(9)))
    assert frame is not None
    assert read(frame).number == 9


@pytest.mark.parametrize("end", [5, 40, 100])
def test_truncated(end: int) -> None:
    """A picture that breaks off is a picture or none, and the next one is read."""
    reader = JpegReader()
    reader.read(picture(jpeg(1)[:-end]))
    frame = reader.read(picture(jpeg(9)))
    assert frame is not None
    assert read(frame).number == 9


@pytest.mark.parametrize("side", [65_000, 16_000])
def test_a_claim_takes_no_memory(side: int) -> None:
    """A size in a header is not believed: gigabytes would be taken before anything is checked."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert JpegReader().read(picture(huge(side, side))) is None
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


@pytest.mark.parametrize(
    ("size", "fitted"),
    [
        ((1920, 1080), (1920, 1080)),
        ((3840, 2160), (1920, 1080)),
        ((2000, 100), (1920, 96)),
        ((100, 4352), (24, 1088)),
        ((4000, 3), (1920, 2)),
    ],
)
def test_larger_ones_shrink(size: tuple[int, int], fitted: tuple[int, int]) -> None:
    """What nobody's machine encodes all day is encoded smaller, in its own proportions."""
    frame = JpegReader().read(picture(plain(90, *size)))
    assert frame is not None
    fitter = Fitter(frame)
    assert (fitter.width, fitter.height) == fitted
    assert fitter.width <= MAX_WIDTH
    assert fitter.height <= MAX_HEIGHT
    assert np.abs(light(fitter.fit(frame)).astype(int) - 90).max() <= 4
    assert Fitter(frame, bounded=False).width == size[0]


def test_another_size_is_scaled() -> None:
    """Each picture gets the size of the first."""
    reader = JpegReader()
    first = reader.read(picture(jpeg(1)))
    other = reader.read(picture(jpeg(2, 320, 240, "yuvj422p")))
    assert first is not None
    assert other is not None
    fitter = Fitter(first)
    for _ in range(2):
        assert read(fitter.fit(other)).number == 2
        assert (fitter.fit(other).width, fitter.fit(other).height) == (WIDTH, HEIGHT)
        assert read(fitter.fit(first)).number == 1


@pytest.mark.parametrize("size", [(640, 480), (64, 48), (642, 482), (16, 2), (2, 2), (2, 300)])
def test_mark(size: tuple[int, int]) -> None:
    """A marked picture is dark, without colour, and barred; the original stays as it is."""
    data = io.BytesIO()
    Image.new("RGB", size, (250, 200, 100)).save(data, "JPEG", quality=90)
    frame = JpegReader().read(picture(data.getvalue()))
    assert frame is not None
    frame = Fitter(frame).fit(frame)
    before = light(frame).copy()
    twin = marked(frame)
    assert (light(frame) == before).all()
    pixels = light(twin)
    width, height = size
    assert pixels.shape == (height, width)
    assert colour(twin) == 0
    bar = max(2, height // 12)
    top = height // 2 - bar // 2
    striped = pixels[top : top + bar]
    outside = np.delete(pixels, range(top, top + bar), axis=0)
    if outside.size:
        assert outside.max() <= int(before.max()) * 2 // 5
    assert set(np.unique(striped)) <= {0x18, 0xC0}
    if width >= 16:
        assert set(np.unique(striped)) == {0x18, 0xC0}


@pytest.mark.parametrize("size", [(64, 48), (641, 481), (5, 3), (3000, 2000)])
def test_mark_of_a_picture(size: tuple[int, int]) -> None:
    """As a JPEG it can be looked at anywhere."""
    data = marked_jpeg(picture(plain(250, *size, "yuvj422p")))
    assert data is not None
    values = np.asarray(pillow(data))
    assert values[0, :, 0].max() < 120
    assert np.abs(values[..., 1:].astype(int) - 128).max() <= 4


@pytest.mark.parametrize("layout", LAYOUTS)
def test_frames_as_jpeg(layout: str) -> None:
    """What a decoder of video has given becomes a JPEG, too, whatever its pixels."""
    frame = JpegReader().read(picture(jpeg(300, 320, 240, layout)))
    assert frame is not None
    again = JpegReader().read(picture(jpeg_of(frame)))
    assert again is not None
    assert read(again).number == 300
