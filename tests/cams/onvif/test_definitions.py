import gc
from pathlib import Path
import subprocess
import sys

import pytest

from custom_components.panacam.cams.errors import ProtocolError
from custom_components.panacam.cams.onvif import definitions as definitions_module
from custom_components.panacam.cams.onvif.definitions import definitions, own_schemas

ROOT = Path(definitions_module.__file__).parents[2]


def test_loaded_once() -> None:
    """All cameras share one schema, and the collector runs on."""
    assert definitions() is definitions()
    assert gc.isenabled()


def test_own_files_are_there() -> None:
    """What is named is there, and nothing else."""
    folder = Path(definitions_module.__file__).parent / "definitions"
    assert {path.name for path in folder.iterdir()} == set(own_schemas())


def test_no_network() -> None:
    """No definition is fetched."""
    with pytest.raises(ProtocolError):
        definitions_module._Files().load("http://www.w3.org/2001/xml.xsd")


def test_missing_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the library there is an error with a name."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(ProtocolError):
        definitions_module._bundled()


def test_zeep_is_left_alone() -> None:
    """Whoever has no such camera pays nothing for zeep."""
    code = "import sys, cams.onvif.client; print('zeep' in sys.modules, 'onvif' in sys.modules)"
    done = subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "False False"
