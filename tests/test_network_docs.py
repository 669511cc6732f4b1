"""What docs/network.md names as shown is there."""

import ast
from pathlib import Path
import re

import pytest

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs" / "network.md").read_text()
NAMED = sorted(set(re.findall(r"`(tests/[^`]+)`", TEXT)))


@pytest.mark.parametrize("name", NAMED)
def test_named_tests_exist(name: str) -> None:
    """Each test that is named can be run."""
    file, _, function = name.partition("::")
    path = ROOT / file
    if path.is_dir():
        return
    functions = {
        node.name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert function in functions if function else any(one.startswith("test_") for one in functions)


def test_tests_are_named() -> None:
    """The tables are not empty: one row at least for each step and each bullet."""
    assert len(NAMED) > 30
    rows = [line for line in TEXT.splitlines() if line.startswith("| ") and "---" not in line]
    assert len(rows) > 35
