"""Who may import whom; and cams/ works where there is no Home Assistant."""

import ast
from collections.abc import Iterator
from pathlib import Path
import subprocess
import sys

import pytest

ROOT = Path(__file__).parent.parent / "custom_components" / "panacam"
CAMS = ROOT / "cams"
FAMILIES = {"povcam", "mo", "onvif"}
SHARED = {
    "clips",
    "keeping",
    "backup",
    "device",
    "discovery",
    "editors",
    "errors",
    "memory",
    "net",
    "placing",
    "roles",
    "settings",
    "stream",
    "text",
    "things",
}
OPEN_NET = (".cams.net.address", ".cams.net.dial", ".cams.net.neighbours", ".cams.net.tls")
"""Of the network's parts, those that tell something about an address; not for platforms."""
BRIDGED = {"errors", "stream", "text", "net"}
PLATFORMS = {
    "repair_replacement",
    "backups",
    "backup_store",
    "backup_errors",
    "backup_files",
    "action_backup",
    "action_base",
    "action_edit",
    "action_place",
    "action_certificate",
    "action_clips",
    "clip_download",
    "clip_files",
    "action_ptz",
    "actions",
    "binary_sensor",
    "button",
    "camera",
    "action_drop",
    "diagnostics",
    "drop",
    "drop_accounts",
    "drop_event",
    "drop_view",
    "entity",
    "event",
    "leftovers",
    "media_drop",
    "media_branch",
    "media_cards",
    "media_clips",
    "media_range",
    "media_source",
    "media_titles",
    "media_view",
    "media_player",
    "memory",
    "notices",
    "number",
    "repairs",
    "rows",
    "select",
    "sensor",
    "switch",
    "text",
    "tours",
    "coordinator",
    "condition",
    "kinds",
    "recordings",
    "trigger",
    "webhook",
}


def imported(path: Path, source: str) -> Iterator[str]:
    """Yield what a file imports, relative names resolved from the component's root."""
    package = path.relative_to(ROOT).parts[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module or ""
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1]
            module = ".".join((*base, *filter(None, [node.module])))
            if node.module and module not in {"cams", ".".join(base)}:
                yield f".{module}"
            yield from (f".{module}.{alias.name}".replace("..", ".") for alias in node.names)


def offences(path: Path, source: str) -> list[str]:
    """Return the imports that a file must not have."""
    place = path.relative_to(ROOT).parts
    names = set(imported(path, source))
    wrong: list[str] = []
    if place[0] == "cams":
        wrong += [name for name in names if name.split(".")[0] in {"homeassistant", "panacam"}]
        wrong += [name for name in names if name.startswith("custom_components")]
        wrong += [name for name in names if name.startswith(".") and not name.startswith(".cams")]
        inside = {tuple(name.split(".")[2:]) for name in names if name.startswith(".cams.")}
        if place[1] in FAMILIES:
            allowed = SHARED | {place[1]}
            wrong += [".".join(name) for name in inside if name and name[0] not in allowed]
        elif place[1] == "bridge":
            # What it needs of cameras is a stream, whoever sends it.
            allowed = BRIDGED | {place[1]}
            wrong += [".".join(name) for name in inside if name and name[0] not in allowed]
        elif place[1] != "registry.py":
            wrong += [".".join(name) for name in inside if name and name[0] == "bridge"]
            wrong += [".".join(name) for name in inside if name and name[0] in FAMILIES]
    elif place[0] in {"dhcp", "ftp"}:
        # Servers of addresses, and a server of files: anything could use them.
        wrong += [name for name in names if name.split(".")[0] in {"homeassistant", "panacam"}]
        wrong += [
            name for name in names if name.startswith(".") and not name.startswith(f".{place[0]}")
        ]
    else:
        wrong += [
            name
            for name in names
            if name.startswith(".cams.")
            and name.split(".")[2] in FAMILIES | {"net", "registry"}
            and (
                place[0].removesuffix(".py") in PLATFORMS
                or not (name.split(".")[2] == "registry" or name.startswith(OPEN_NET))
            )
        ]
    return wrong


FILES = sorted(ROOT.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports(path: Path) -> None:
    """Families know neither each other nor Home Assistant; platforms know roles only."""
    assert not offences(path, path.read_text())


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_platforms_name_no_family(path: Path) -> None:
    """Not even in a string."""
    if path.stem not in PLATFORMS or path.parent != ROOT:
        return
    words = {
        node.value.lower()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert not words & (FAMILIES | {"panasonic"})


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("cams/povcam/client.py", "from homeassistant.core import HomeAssistant"),
        ("cams/povcam/client.py", "from ..mo import wire"),
        ("cams/povcam/client.py", "from ..mo.wire import Frame"),
        ("cams/povcam/client.py", "from ..registry import create"),
        ("cams/povcam/client.py", "from ...const import DOMAIN"),
        ("cams/net/http.py", "from ..povcam.wire import Command"),
        ("cams/mo/device.py", "from ..bridge.hub import Hub"),
        ("cams/bridge/hub.py", "from ..device import Device"),
        ("cams/bridge/hub.py", "from ..mo.device import MoDevice"),
        ("cams/bridge/server.py", "from homeassistant.core import HomeAssistant"),
        ("cams/discovery.py", "from .bridge import Bridge"),
        ("cams/discovery.py", "import homeassistant"),
        ("cams/discovery.py", "from .povcam import wire"),
        ("switch.py", "from .cams.povcam.device import PovcamDevice"),
        ("switch.py", "from .cams.registry import create"),
        ("switch.py", "from .cams import registry"),
        ("camera.py", "from .cams.net.http import HttpClient"),
        ("config_flow.py", "from .cams.povcam import client"),
        ("config_flow.py", "from .cams.net.http import HttpClient"),
        ("camera.py", "from .cams.net.tls import certificate_of"),
        ("dhcp/kea.py", "from homeassistant.core import HomeAssistant"),
        ("dhcp/kea.py", "from ..cams.errors import CameraError"),
        ("ftp/server.py", "from homeassistant.core import HomeAssistant"),
        ("ftp/store.py", "from ..cams.text import plain"),
    ],
)
def test_violations_are_seen(file: str, source: str) -> None:
    """The test above can fail."""
    assert offences(ROOT / file, source)


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("cams/povcam/client.py", "from ..net.http import HttpClient"),
        ("cams/povcam/client.py", "from .wire import Command"),
        ("cams/registry.py", "from .povcam.device import PovcamDevice"),
        ("cams/bridge/pictures.py", "from ..stream import PictureStream"),
        ("camera.py", "from .cams.bridge import Hub"),
        ("config_flow.py", "from .cams.registry import probe"),
        ("following.py", "from .cams.net.neighbours import mac_of"),
        ("switch.py", "from .cams.device import Device"),
    ],
)
def test_right_imports_pass(file: str, source: str) -> None:
    """The test above does not forbid what the layers are for."""
    assert not offences(ROOT / file, source)


def test_cams_without_home_assistant() -> None:
    """`import cams.registry` needs neither Home Assistant nor this package's name."""
    code = "import sys, cams.registry; print('homeassistant' in sys.modules)"
    done = subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "False"
