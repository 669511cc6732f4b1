"""Ceilings that keep files, classes and functions readable: split by duty before raising one."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = sorted(
    path
    for folder in ("custom_components", "tests", "scripts")
    for path in (ROOT / folder).rglob("*.py")
)
MAX_FILE = 400
MAX_TEST_FILE = 500
MAX_CLASS = 250
MAX_FUNCTION = 60


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_sizes(path: Path) -> None:
    """No file, class or function grows out of sight."""
    source = path.read_text()
    limit = MAX_TEST_FILE if path.name.startswith("test_") else MAX_FILE
    assert source.count("\n") <= limit
    too_long = [
        f"{node.name} {length}"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or 0) - node.lineno + 1)
        > (MAX_CLASS if isinstance(node, ast.ClassDef) else MAX_FUNCTION)
    ]
    assert not too_long
