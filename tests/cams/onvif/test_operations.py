from pathlib import Path
import re

import pytest
import yaml

from scripts.lib import docs

CLAUSES = Path(__file__).parents[2] / "vectors" / "onvif" / "clauses.txt"
WANTED = [line.split() for line in CLAUSES.read_text().splitlines() if line[:1] not in {"", "#"}]
CAMS = Path(__file__).parents[3] / "custom_components" / "panacam" / "cams" / "onvif"


@pytest.mark.parametrize(("clause", "operation"), WANTED, ids=str)
def test_every_operation_is_used(clause: str, operation: str) -> None:
    """Each operation of clauses 5 to 9 has an entity or an action."""
    assert clause[0] in "56789"
    assert docs.uses().get(operation)


def test_every_use_is_true() -> None:
    """What the table names, the code asks for: the operation's name stands in it as a text."""
    source = "\n".join(path.read_text() for path in CAMS.glob("*.py"))
    # Without the tables themselves, where every name stands in any case.
    source = re.sub(r'"\w+\.\w+": ', "", source)
    unused = []
    for key in docs.uses():
        operation = key.partition(".")[2]
        # Some names are put together: one for each kind of configuration.
        pieces = re.split(
            r"VideoSource|VideoEncoder|AudioSource|AudioEncoder|AudioOutput|AudioDecoder|Metadata"
            r"|Analytics(?!Module)|VideoAnalytics|PTZ|AnalyticsModule|Rule",
            operation,
        )
        whole = f'"{operation}"' in source
        if not whole and not all(piece in source for piece in pieces if piece):
            unused.append(key)
    assert not unused


def test_named_actions_exist() -> None:
    """An action that the table names is one that Home Assistant offers."""
    actions = set(yaml.safe_load((CAMS.parents[1] / "services.yaml").read_text()))
    named = {
        name for use in docs.uses().values() for name in re.findall(r"panacam\.([a-z_]+)", use)
    }
    assert named
    assert named <= actions
