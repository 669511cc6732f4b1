"""Errors name what to do next and never carry a stranger's words."""

import pytest

from custom_components.panacam.cams import errors
from custom_components.panacam.cams.errors import CameraError, Reason

LEAVES = [
    errors.ConnectError,
    errors.AuthError,
    errors.BusyError,
    errors.RefusedError,
    errors.ProtocolError,
]


@pytest.mark.parametrize("kind", LEAVES)
def test_leaves(kind: type[CameraError]) -> None:
    """Each leaf is a camera error with a reason and is no other leaf."""
    error = kind(Reason.TIMEOUT)
    assert isinstance(error, CameraError)
    assert error.reason is Reason.TIMEOUT
    assert sum(isinstance(error, other) for other in LEAVES) == 1


@pytest.mark.parametrize("reason", Reason)
def test_text(reason: Reason) -> None:
    """The text is the reason in words, with our own detail behind it."""
    words = reason.value.replace("_", " ")
    assert str(CameraError(reason)) == words
    assert str(CameraError(reason, "sdctrl 500")) == f"{words} (sdctrl 500)"
    assert reason.value.replace("_", "").isalpha()
