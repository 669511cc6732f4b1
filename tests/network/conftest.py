"""Fixtures of the tests that cross a real network between namespaces."""

from collections.abc import AsyncGenerator
import logging

import pytest
import pytest_socket

from .lab import Lab, possible

_SECONDS = 240
"""What one test may take: it starts a real Home Assistant and waits for real timers."""


def pytest_configure(config: pytest.Config) -> None:
    """Say what marks these tests have."""
    config.addinivalue_line("markers", "programs(*names): programs that this test runs")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the tests of this folder the time that they take."""
    for item in items:
        if item.path.parent.name == "network" and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(_SECONDS))


@pytest.fixture(autouse=True)
def _custom_integration() -> None:
    """Stand for the fixture of all other tests: Home Assistant runs in another process here."""


@pytest.fixture
def expected_lingering_timers() -> bool:
    """Allow them: closing a connection has a timer of its own."""
    return True


@pytest.fixture
def _networks(request: pytest.FixtureRequest) -> None:
    """Skip where networks of namespaces cannot be made, and open all sockets where they can."""
    marks = request.node.iter_markers("programs")
    reason = possible(*(name for mark in marks for name in mark.args))
    if reason is not None:
        pytest.skip(reason)
    # In debug mode asyncio tells of each program that is started, and `ip` is started often.
    logging.getLogger("asyncio").setLevel(logging.WARNING)
    pytest_socket.enable_socket()
    # Namespaces have addresses of their own; the next test is shut in again by the plugin.
    pytest_socket._remove_restrictions()


@pytest.fixture
async def lab(_networks: None) -> AsyncGenerator[Lab]:
    """Give a network without hosts."""
    async with Lab("lab") as made:
        yield made
