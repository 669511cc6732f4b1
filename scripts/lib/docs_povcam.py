"""The tables of docs/povcam.md: every request, what it may carry, and what sends it.

What sends a request is read from the code itself: a module that names the request's row, or, for a
value of a menu, the table of menus that the row stands in.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from itertools import groupby
from pathlib import Path
import re
from typing import Final

from custom_components.panacam.cams import povcam
from custom_components.panacam.cams.povcam.menus import FIELDS
from custom_components.panacam.cams.povcam.wire import Command, OneOf, Parameter, Pattern, Span

FOLDER: Final = Path(povcam.__path__[0])
MENUS: Final = "menus"
"""The module whose rows name requests without sending them: FIELDS says what they are for."""
CHAPTERS: Final = {
    "2": "Pictures and sound",
    "3": "Camera head",
    "4": "Settings",
    "5": "What is set",
    "6": "All settings at once",
    "7": "HTTPS",
    "8": "Recording",
    "9": "Memory cards",
    "10": "Clips",
    "11": "FTP",
}
NOTHING: Final = "nothing yet"
UNUSED: Final = {
    "/cgi-bin/jpeg 2.4": "`mjpeg` gives the same pictures without a user number",
    "/cgi-bin/setdata 4.3": "`set_jpeg` sets the same",
    "/cgi-bin/set_rtsp 4.3": "`network` sets the port, `set_h264` and `set_h264_2` the modes",
}
"""Why nothing sends a request, by its path and section."""
_FEWEST: Final = 3
"""Numbered parameters that are shown as one."""


@dataclass(frozen=True, slots=True)
class Row:
    """A request as the code has it."""

    module: str
    name: str
    command: Command

    @property
    def place(self) -> tuple[int, ...]:
        """Return the number of its first section, to sort by."""
        return tuple(map(int, re.findall(r"\d+", self.command.section.split(",")[0])))


def tables(folder: Path = FOLDER) -> list[str]:
    """Return the names of the modules that hold requests."""
    return sorted(path.stem for path in folder.glob("commands*.py"))


def rows() -> list[Row]:
    """Return every request, in the specification's order."""
    found = [
        Row(table, name, value)
        for table in tables()
        for name, value in vars(import_module(f"{povcam.__name__}.{table}")).items()
        if isinstance(value, Command)
    ]
    return sorted(found, key=lambda row: row.place)


def named(source: str, modules: list[str]) -> set[tuple[str, str]]:
    """Return what a source uses, beyond importing it, of some modules beside it: (module, name)."""
    tree = ast.parse(source)
    names: dict[str, tuple[str, str]] = {}
    whole: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level == 1:
            for alias in node.names:
                local = alias.asname or alias.name
                if node.module in modules:
                    names[local] = (node.module, alias.name)
                elif node.module is None and alias.name in modules:
                    whole[local] = alias.name
    used = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in names:
            used.add(names[node.id])
        elif (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id in whole
        ):
            used.add((whole[node.value.id], node.attr))
    return used


def senders(folder: Path = FOLDER) -> Mapping[tuple[str, str], list[str]]:
    """Return the modules that name each request, by (module of its row, its name)."""
    known = tables(folder)
    found: dict[tuple[str, str], list[str]] = {}
    for path in sorted(folder.glob("*.py")):
        if path.stem not in (*known, MENUS):
            for use in sorted(named(path.read_text(encoding="utf-8"), known)):
                found.setdefault(use, []).append(path.stem)
    return found


def keepers(folder: Path = FOLDER) -> list[str]:
    """Return the modules that read or write the values of the menus."""
    return [
        path.stem
        for path in sorted(folder.glob("*.py"))
        if path.stem != MENUS
        and {name for _, name in named(path.read_text(encoding="utf-8"), [MENUS])}
        & {"FIELDS", "READS"}
    ]


def menus(command: Command) -> list[str]:
    """Return the menus that a request reads or writes values of."""
    return sorted({field.menu for field in FIELDS.values() if command in (field.read, field.write)})


def _numbered(name: str) -> tuple[str, int | None]:
    found = re.fullmatch(r"(.*?)([1-9]\d*)", name)
    return (found[1], int(found[2])) if found else (name, None)


def _names(parameters: Mapping[str, Parameter]) -> Iterator[tuple[str, Parameter]]:
    """Yield names with what they may be; those that differ in their number only are one."""

    def key(item: tuple[str, Parameter]) -> tuple[str, Parameter]:
        return _numbered(item[0])[0], item[1]

    for (_, parameter), items in groupby(parameters.items(), key=key):
        some = [name for name, _ in items]
        if len(some) >= _FEWEST:
            yield f"`{some[0]}` to `{some[-1]}`", parameter
        else:
            yield from ((f"`{name}`", parameter) for name in some)


def may_be(parameter: Parameter) -> str:
    """Return what a parameter may be, in words."""
    match parameter:
        case OneOf():
            return ", ".join(parameter.values)
        case Span():
            return f"{parameter.low} to {parameter.high}"
        case Pattern():
            return parameter.words


def _used_by(row: Row, named_by: Mapping[tuple[str, str], list[str]]) -> str:
    modules = [f"`{name}`" for name in named_by.get((row.module, row.name), [])]
    used = ", ".join([*modules, *(f"menu `{menu}`" for menu in menus(row.command))])
    why = UNUSED.get(f"{row.command.path} {row.command.section}")
    return used or (NOTHING if why is None else f"nothing: {why}")


def _lines(chapter: list[Row], named_by: Mapping[tuple[str, str], list[str]]) -> Iterator[str]:
    yield "| Request | Section | Access | Method | Parameters | Used by |"
    yield "|---|---|---|---|---|---|"
    for row in chapter:
        command = row.command
        parameters = "<br>".join(
            f"{name}: {may_be(parameter)}" for name, parameter in _names(command.parameters)
        )
        yield (
            f"| `{command.path}` | {command.section} | {command.access.value}"
            f" | {', '.join(command.methods)} | {parameters or '-'} | {_used_by(row, named_by)} |"
        )


def _modules(named_by: Mapping[tuple[str, str], list[str]]) -> Iterator[str]:
    yield "| Module | What it is |"
    yield "|---|---|"
    sent = {name for row in rows() for name in named_by.get((row.module, row.name), [])}
    for module in sorted(sent):
        tree = ast.parse((FOLDER / f"{module}.py").read_text(encoding="utf-8"))
        yield f"| `{module}` | {(ast.get_docstring(tree) or '').partition('\n')[0]} |"
    yield (
        f"| menu | Values of `{MENUS}`, read and written by"
        f" {', '.join(f'`{name}`' for name in keepers())} |"
    )


def requests() -> str:
    """Return the tables of all requests, a chapter each, and of the modules that send them."""
    named_by = senders()
    lines: list[str] = []
    for number, chapter in groupby(rows(), key=lambda row: row.place[0]):
        lines += [f"### {number}. {CHAPTERS[str(number)]}", ""]
        lines += [*_lines(list(chapter), named_by), ""]
    return "\n".join([*lines, "### What sends them", "", *_modules(named_by)]) + "\n"
