"""Writes the table of requests in docs/panasonic.md from the requests themselves."""

from pathlib import Path
import sys

from custom_components.panacam.cams.povcam import commands
from custom_components.panacam.cams.povcam.wire import Command, OneOf, Pattern, Span

PAGE = Path(__file__).parents[2] / "docs" / "panasonic.md"
BEGIN, END = "<!-- requests: begin -->\n", "<!-- requests: end -->\n"


def values(command: Command) -> str:
    """Return a command's parameters as the table shows them."""
    shown = []
    for name, parameter in command.parameters.items():
        match parameter:
            case OneOf():
                text = ", ".join(parameter.values)
            case Span():
                text = f"{parameter.low} to {parameter.high}"
            case Pattern():
                text = f"`{parameter.expression}`"
        shown.append(f"`{name}`: {text}")
    return "; ".join(shown) or "-"


def table() -> str:
    """Return the table of all requests."""
    rows = [item for item in vars(commands).values() if isinstance(item, Command)]
    lines = ["| CGI | Section | Access | Method | Parameters |", "|---|---|---|---|---|"]
    lines += [
        f"| `{row.path}` | {row.section} | {row.access.value} | {', '.join(row.methods)}"
        f" | {values(row)} |"
        for row in rows
    ]
    return "\n".join(lines) + "\n"


def renewed(page: str) -> str:
    """Return the page with its table as the code has it."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


def main() -> None:
    """Write the page, or with --check fail when it is old."""
    page = PAGE.read_text(encoding="utf-8")
    if "--check" in sys.argv[1:]:
        sys.exit(page != renewed(page))
    PAGE.write_text(renewed(page), encoding="utf-8")


if __name__ == "__main__":
    main()
