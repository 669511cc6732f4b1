"""Expected cameras as a table in CSV, as spreadsheets write and read it."""

from collections.abc import Collection, Iterable, Iterator, Sequence
import csv
from dataclasses import dataclass
import io
import re
from typing import Final

from .expected import COLUMNS, Expected, Fault, FaultError, Roll

MAX_SIZE: Final = 256 * 1024
"""Bytes of a table."""
MAX_FAULTS: Final = 50
"""Wrong rows that are told; nobody mends more at a time."""
SEPARATORS: Final = ",;\t"
"""Commas and semicolons of CSV files, and the tabs of what is copied out of a spreadsheet."""
_IDENTITY: Final = {"mac", "serial"}
# A spreadsheet calculates what begins like this, which may be anything that a stranger wrote
# there. An apostrophe in front makes it text, and one more is what had one already.
_FORMULA: Final = re.compile(r"'*[=+\-@]")
_BOM: Final = "\ufeff"


@dataclass(frozen=True, slots=True)
class RowFault:
    """What is wrong with one row."""

    row: int
    """As a spreadsheet counts: the header is row 1. 0: the whole table."""
    fault: Fault
    column: str | None = None


class TableError(Exception):
    """A table with wrong rows; nothing of it is taken."""

    def __init__(self, faults: Sequence[RowFault]) -> None:
        """Keep the faults, in the order of the rows."""
        super().__init__(f"{len(faults)} wrong rows")
        self.faults = tuple(faults)


def read_table(table: str | bytes, others: Collection[Expected] = ()) -> tuple[Expected, ...]:
    """Return the cameras of a table. TableError, with every wrong row up to MAX_FAULTS.

    The header names the columns, in any order; cells are separated by whichever of SEPARATORS
    stands in it most often.
    `others` are on the list already and must not come again.
    """
    rows = _rows(_text(table))
    header = _header(rows)
    found: list[Expected] = []
    faults: list[RowFault] = []
    roll = Roll(others)
    try:
        for number, cells in rows:
            try:
                found.append(roll.enter(_camera(header, cells)))
            except FaultError as err:
                faults.append(RowFault(number, err.fault, err.column))
                if err.fault is Fault.TOO_MANY or len(faults) >= MAX_FAULTS:
                    break
    except TableError as err:
        faults += err.faults
    if not found and not faults:
        faults.append(RowFault(0, Fault.EMPTY))
    if faults:
        raise TableError(faults)
    return tuple(found)


def write_table(cameras: Iterable[Expected], *, passwords: bool = False) -> str:
    """Return a table of cameras, fit for a spreadsheet and for `read_table`."""
    columns = [column for column in COLUMNS if passwords or column != "password"]
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\r\n")
    writer.writerow(columns)
    for one in cameras:
        writer.writerow(_harmless(getattr(one, column) or "") for column in columns)
    return table.getvalue()


def _harmless(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _plain(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def _text(table: str | bytes) -> str:
    size = len(table.encode(errors="replace")) if isinstance(table, str) else len(table)
    if size > MAX_SIZE:
        raise TableError([RowFault(0, Fault.TOO_LARGE)])
    try:
        text = table if isinstance(table, str) else table.decode()
    except UnicodeDecodeError as err:
        raise TableError([RowFault(0, Fault.NOT_TEXT)]) from err
    return text.removeprefix(_BOM)


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not empty, with their numbers. TableError where quotes are wrong."""
    first = next(filter(str.strip, text.splitlines()), "")
    separator = max(SEPARATORS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    number = 0
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as err:
            raise TableError([RowFault(number, Fault.QUOTES)]) from err
        if any(cell.strip() for cell in cells):
            yield number, cells


def _header(rows: Iterator[tuple[int, list[str]]]) -> list[str]:
    """Return the names of the columns. TableError."""
    number, cells = next(rows, (0, []))
    if not cells:
        raise TableError([RowFault(0, Fault.EMPTY)])
    names = [cell.strip().lower() for cell in cells]
    if not _IDENTITY & set(names):
        raise TableError([RowFault(number, Fault.NO_COLUMN)])
    if set(names) - set(COLUMNS):
        raise TableError([RowFault(number, Fault.UNKNOWN_COLUMN)])
    if len(set(names)) < len(names):
        raise TableError([RowFault(number, Fault.SAME_COLUMN)])
    return names


def _camera(header: list[str], cells: list[str]) -> Expected:
    # Spreadsheets leave out the empty cells at the end, or write too many of them.
    if any(cell.strip() for cell in cells[len(header) :]):
        raise FaultError(Fault.ROW_LENGTH)
    return Expected.of({name: _plain(cell) for name, cell in zip(header, cells, strict=False)})
