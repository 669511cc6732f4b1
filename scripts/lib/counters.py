"""The simulated camera's counter in a decoded frame."""

import av
import numpy as np

from tests.simulators.mo.counter import read_counter


def counter_of(frame: av.VideoFrame) -> int | None:
    """Return the number of the picture that a frame shows, None when it cannot be read."""
    luma = frame.reformat(format="gray").to_ndarray().astype(np.uint8, copy=False)
    return read_counter(luma, frame.width, frame.height)
