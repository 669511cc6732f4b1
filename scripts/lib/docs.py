"""Writes the tables in docs/ from the code that they describe: requests, commands, operations."""

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
import pkgutil
import sys
from typing import Final

from custom_components.panacam.cams import onvif
from custom_components.panacam.cams.mo.data import DATA
from custom_components.panacam.cams.mo.operation import OPERATIONS

from . import docs_povcam

DOCS: Final = Path(__file__).parents[2] / "docs"
BEGIN, END = "<!-- table: begin -->\n", "<!-- table: end -->\n"


def messages() -> str:
    """Return the table of all commands of a MO camera."""
    lines = ["| Protocol | Operation code | Command |", "|---|---|---|"]
    for protocol, known in (("MO_O", OPERATIONS), ("MO_V", DATA)):
        for code, kind in sorted(known.items()):
            first = (kind.__doc__ or "").partition("\n")[0]
            lines.append(f"| {protocol} | {code:d} | {first} |")
    return "\n".join(lines) + "\n"


def uses() -> Mapping[str, str]:
    """Return what each operation of a web service is used for, by `service.Operation`."""
    found: dict[str, list[str]] = {}
    for module in pkgutil.iter_modules(onvif.__path__, f"{onvif.__name__}."):
        operations = getattr(import_module(module.name), "OPERATIONS", {})
        for operation, use in operations.items():
            uses = found.setdefault(operation, [])
            if use not in uses:
                uses.append(use)
    return {operation: "; ".join(found[operation]) for operation in sorted(found)}


def operations() -> str:
    """Return the table of all operations of ONVIF's web services."""
    lines = ["| Service | Operation | Used by |", "|---|---|---|"]
    for key, use in uses().items():
        service, _, operation = key.partition(".")
        lines.append(f"| {service} | {operation} | {use} |")
    return "\n".join(lines) + "\n"


PAGES: Final[Mapping[Path, Callable[[], str]]] = {
    DOCS / "povcam.md": docs_povcam.requests,
    DOCS / "mo.md": messages,
    DOCS / "onvif.md": operations,
}


def renewed(page: str, table: str) -> str:
    """Return a page with its table as the code has it."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def stale() -> list[Path]:
    """Return the pages whose table is not as the code has it."""
    return [
        path
        for path, table in PAGES.items()
        if (text := path.read_text(encoding="utf-8")) != renewed(text, table())
    ]


def main() -> None:
    """Write the pages, or with --check fail when one is old."""
    if "--check" in sys.argv[1:]:
        sys.exit(bool(stale()))
    for path in stale():
        path.write_text(renewed(path.read_text(encoding="utf-8"), PAGES[path]()), encoding="utf-8")


if __name__ == "__main__":
    main()
