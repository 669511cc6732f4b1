"""Stretches of bytes, against a set of numbers."""

import random

import pytest

from custom_components.panacam.cams.playback.extents import Extents


@pytest.mark.parametrize("seed", range(20))
def test_like_a_set(seed: int) -> None:
    """Whatever is added in whatever order, it is what a set of bytes would be."""
    chance = random.Random(seed)  # noqa: S311 - not a secret
    extents, known = Extents(), set[int]()
    for _ in range(60):
        start = chance.randrange(200)
        end = start + chance.randrange(-3, 30)
        extents.add(start, end)
        known |= set(range(start, end))
        assert extents.total == len(known)
        assert extents.count == sum(1 for byte in known if byte - 1 not in known)
        for at in range(0, 240, 7):
            assert extents.end_of(at) == next(b for b in range(at, 999) if b not in known)
