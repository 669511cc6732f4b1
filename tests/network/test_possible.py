"""What is said where networks of namespaces cannot be made; needs none itself."""

import os
import shutil

import pytest

from scripts.lib import demo_network

from . import netns
from .lab import Lab, possible


def test_reasons(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each reason is a part of a sentence, and the first one counts."""
    monkeypatch.setattr(netns, "_refusal", lambda: None)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda name: f"/sbin/{name}")
    assert possible("dnsmasq") is None
    assert Lab.possible() is None
    monkeypatch.setattr(shutil, "which", lambda name: "/sbin/ip" if name == "ip" else None)
    assert possible() is None
    assert possible("dnsmasq") == "dnsmasq is not installed"
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert possible("dnsmasq") == "network namespaces need root"
    monkeypatch.delattr(os, "setns")
    assert possible("dnsmasq") == "network namespaces need Linux"


def test_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container with root and without the right says so."""

    def refuse(_flags: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda name: f"/sbin/{name}")
    monkeypatch.setattr(os, "unshare", refuse)
    assert possible() == "network namespaces are not allowed here (Operation not permitted)"


async def test_demo(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The demo says it in a sentence and ends with a code of its own."""
    monkeypatch.setattr(demo_network, "possible", lambda: "network namespaces need root")
    assert await demo_network.show(print, 0.0, check=True) == demo_network.IMPOSSIBLE == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == (
        "The network cannot be shown on this machine: network namespaces need root.\n"
    )
