"""Expected cameras: what a row must have, and tables as spreadsheets write and read them."""

import csv
import io

import pytest

from custom_components.panacam.provisioning import table
from custom_components.panacam.provisioning.expected import (
    COLUMNS,
    MAX_EXPECTED,
    Expected,
    Fault,
    FaultError,
    Roll,
    read_stored,
    with_passwords,
)
from custom_components.panacam.provisioning.table import (
    MAX_FAULTS,
    MAX_SIZE,
    RowFault,
    TableError,
    read_table,
    write_table,
)

MAC = "a8:13:74:00:00:01"
GATE = Expected(
    mac=MAC,
    serial="SIM0000001",
    family="povcam",
    username="admin",
    password=' s3;"cret, ',
    name="Gate, north",
    area="Yard",
    template="Day",
)


def faults_of(text: str | bytes, *others: Expected) -> list[tuple[int, Fault, str | None]]:
    """Return what is wrong with a table."""
    with pytest.raises(TableError) as caught:
        read_table(text, others)
    return [(one.row, one.fault, one.column) for one in caught.value.faults]


@pytest.mark.parametrize(
    ("row", "fault", "column"),
    [
        ({"name": "Gate"}, Fault.NO_IDENTITY, "mac"),
        ({"mac": "a8:13:74:00:00"}, Fault.BAD_MAC, "mac"),
        ({"mac": "ff:ff:ff:ff:ff:ff"}, Fault.BAD_MAC, "mac"),
        ({"mac": MAC, "family": "axis"}, Fault.UNKNOWN_FAMILY, "family"),
        ({"mac": MAC, "password": "x"}, Fault.NO_USERNAME, "username"),
        ({"serial": "1", "username": "a", "password": "x"}, Fault.SERIAL_PASSWORD, "mac"),
        ({"serial": "1", "username": "a"}, Fault.SERIAL_PASSWORD, "mac"),
        ({"serial": "x" * 65}, Fault.TOO_LONG, "serial"),
        ({"serial": "x\x00y"}, Fault.UNPRINTABLE, "serial"),
        (
            {"mac": MAC, "username": "a", "password": "\u202edrowssap"},
            Fault.UNPRINTABLE,
            "password",
        ),
    ],
)
def test_wrong_rows(row: dict[str, str], fault: Fault, column: str) -> None:
    """What is wrong is named, with its column, and nothing of the row is in the error."""
    with pytest.raises(FaultError) as caught:
        Expected.of(row)
    assert (caught.value.fault, caught.value.column) == (fault, column)
    assert str(caught.value) == fault.value


def test_cells_are_tidied() -> None:
    """As people write them; a password stays as it is."""
    one = Expected.of(
        {
            "mac": " A8-13-74-00-00-01 ",
            "family": "ONVIF",
            "username": "a",
            "password": " b ",
            "area": " ",
        }
    )
    assert one == Expected(mac=MAC, family="onvif", username="a", password=" b ")
    assert " b " not in repr(one)
    assert one.label == MAC
    assert GATE.label == f"Gate, north ({MAC})"
    assert Expected(serial="S1").label == "S1"
    assert len({one.id, GATE.id, Expected(serial="S1").id}) == 3


def test_stored_rows() -> None:
    """What was kept comes back, and what somebody spoilt is left out."""
    assert read_stored([GATE.stored(), {"mac": "x"}, None, 7]) == (GATE,)
    assert read_stored(None) == ()
    # It can never log in, but nobody is dropped in silence: the log says what it needs.
    kept = Expected(serial="1", username="a", password="x")
    assert read_stored([kept.stored()]) == (kept,)
    assert read_stored([{"serial": str(number)} for number in range(1200)])[-1].serial == "999"


def test_there_and_back() -> None:
    """What is exported is imported as the same, passwords only when they are asked for."""
    cameras = (GATE, Expected(serial="S2"))
    assert read_table(write_table(cameras, passwords=True)) == cameras
    text = write_table(cameras)
    assert "cret" not in text
    assert "password" not in text
    assert read_table(text)[0].username == "admin"
    assert read_table(text)[0].password is None


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_forms(separator: str, end: str, bom: str) -> None:
    """Columns in any order and case, all separators, all ends of lines, a BOM, quotes."""
    rows = [
        ["Name", " MAC ", "Serial"],
        ['"Gate; ""north"", yard"', MAC, "1"],
        ["", "", ""],
        ["Door", "A81374000002", ""],
        ["Größe"],
    ]
    text = bom + end.join(separator.join(row) for row in rows[:-1]) + end
    wanted = (
        Expected(mac=MAC, serial="1", name='Gate; "north", yard'),
        Expected(mac="a8:13:74:00:00:02", name="Door"),
    )
    assert read_table(text) == wanted
    assert read_table(text.encode()) == wanted
    assert faults_of(text + separator.join(rows[-1])) == [(5, Fault.NO_IDENTITY, "mac")]


def test_copied_from_a_spreadsheet() -> None:
    """Cells come with tabs between them, and have commas and semicolons inside."""
    text = f"mac\tname\tarea\r\n{MAC}\tGate, north; left\tYard\r\n"
    assert read_table(text) == (Expected(mac=MAC, name="Gate, north; left", area="Yard"),)
    assert read_table(f"mac\r\n{MAC}\r\n") == (Expected(mac=MAC),)


def test_passwords_stay() -> None:
    """Who comes without one keeps it, as the same user of the same camera."""
    old = (
        Expected(mac=MAC, serial="S1", username="admin", password="12345"),
        Expected(mac="a8:13:74:00:00:02", username="admin", password="abc"),
        Expected(serial="S3"),
    )
    new = [
        Expected(mac="a8:13:74:00:00:09", serial="s1", username="admin"),
        Expected(mac="a8:13:74:00:00:02", username="admin", password="new"),
        Expected(serial="S3", name="Door"),
    ]
    assert [one.password for one in with_passwords(new, old)] == ["12345", "new", None]
    others = [
        Expected(mac=MAC, username="other"),
        Expected(mac=MAC),
        Expected(mac="a8:13:74:00:00:03", username="admin"),
    ]
    assert with_passwords(others, old) == tuple(others)
    assert with_passwords(new[:1], old)[0].mac == "a8:13:74:00:00:09"


def test_every_wrong_row_is_named() -> None:
    """With its number as a spreadsheet counts, and nothing is taken when one is wrong."""
    text = (
        "mac,serial,family,username,password\n"
        f"{MAC},,,,\n"
        "nonsense,,,,\n"
        "\n"
        f"{MAC.upper()},,,,\n"
        ",S1,,,\n"
        ",S1,,,\n"
        ",S2,axis,,\n"
        ",S3,,,secret\n"
        ",S4,,,,,more\n"
        ",S5,,,,,\n"
    )
    assert faults_of(text) == [
        (3, Fault.BAD_MAC, "mac"),
        (5, Fault.SAME_MAC, "mac"),
        (7, Fault.SAME_SERIAL, "serial"),
        (8, Fault.UNKNOWN_FAMILY, "family"),
        (9, Fault.NO_USERNAME, "username"),
        (10, Fault.ROW_LENGTH, None),
    ]


def test_who_is_there_already() -> None:
    """The list and the table are one."""
    other = Expected(mac="a8:13:74:00:00:09", serial="S9")
    text = f"mac,serial\n{other.mac},\n,S9\n{MAC},S1\n"
    assert faults_of(text, other) == [(2, Fault.SAME_MAC, "mac"), (3, Fault.SAME_SERIAL, "serial")]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", RowFault(0, Fault.EMPTY)),
        (" \n\n;;\n", RowFault(0, Fault.EMPTY)),
        ("mac,name\n", RowFault(0, Fault.EMPTY)),
        (f"{MAC},Gate\n", RowFault(1, Fault.NO_COLUMN)),
        (f"\nname,area\n{MAC},x\n", RowFault(2, Fault.NO_COLUMN)),
        (f"mac,colour\n{MAC},x\n", RowFault(1, Fault.UNKNOWN_COLUMN)),
        (f"mac,,name\n{MAC},,x\n", RowFault(1, Fault.UNKNOWN_COLUMN)),
        (f"mac,Mac\n{MAC},x\n", RowFault(1, Fault.SAME_COLUMN)),
        (f'mac,name\n{MAC},"Gate\n', RowFault(2, Fault.QUOTES)),
        (f'mac,name\n{MAC},"Gate" 1\n', RowFault(2, Fault.QUOTES)),
        (b"mac,name\n" + MAC.encode() + b",\xff\xfe\n", RowFault(0, Fault.NOT_TEXT)),
        ("mac\n" + " " * MAX_SIZE, RowFault(0, Fault.TOO_LARGE)),
        ("mac\n" + "ä" * (MAX_SIZE // 2), RowFault(0, Fault.TOO_LARGE)),
        (f'mac,name\n{MAC},"{"x" * 140_000}"\n', RowFault(2, Fault.QUOTES)),
    ],
)
def test_whole_tables(text: str | bytes, fault: RowFault) -> None:
    """What is wrong with the whole table."""
    assert faults_of(text) == [(fault.row, fault.fault, fault.column)]


def test_too_many() -> None:
    """The list ends somewhere, with those who were there before."""
    rows = "".join(f"S{number}\n" for number in range(MAX_EXPECTED))
    assert len(read_table(f"serial\n{rows}")) == MAX_EXPECTED
    assert faults_of(f"serial\n{rows}more\n") == [(MAX_EXPECTED + 2, Fault.TOO_MANY, None)]
    assert faults_of(f"serial\n{rows}", GATE) == [(MAX_EXPECTED + 1, Fault.TOO_MANY, None)]
    with pytest.raises(FaultError):
        Roll([Expected(serial=str(number)) for number in range(MAX_EXPECTED)]).enter(GATE)


def test_bounded_faults() -> None:
    """A table of nonsense has no endless answer."""
    assert len(faults_of("mac\n" + "x\n" * 5000)) == MAX_FAULTS


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "'=1", "''@x", "'quoted'", "a=b"])
def test_formulas(cell: str) -> None:
    """A spreadsheet calculates nothing of what is exported, and it comes back as it was."""
    one = Expected(mac=MAC, serial="S1", username="a", password=cell, name=cell)
    text = write_table([one], passwords=True)
    for row in list(csv.reader(io.StringIO(text)))[1:]:
        assert not any(shown.startswith(("=", "+", "-", "@")) for shown in row)
    assert read_table(text) == (one,)
    assert read_table(f"serial,name\nS1,{cell}\n")[0].name == cell.replace(
        "'", "", cell[:1] == "'" and cell != "'quoted'"
    )


@pytest.mark.parametrize("cut", range(0, 160, 7))
def test_cut_tables(cut: int) -> None:
    """Half a table is read or refused, never anything else."""
    text = write_table([GATE, Expected(serial="S2", name="Door")], passwords=True)[:cut]
    cameras: tuple[Expected, ...] = ()
    faults: tuple[RowFault, ...] = ()
    try:
        cameras = read_table(text)
    except TableError as err:
        faults = err.faults
    assert bool(cameras) is not bool(faults)
    assert all(one.mac or one.serial for one in cameras)


def test_columns() -> None:
    """What a table has is what a camera has."""
    header = write_table([], passwords=True).strip().split(",")
    assert tuple(header) == COLUMNS == tuple(Expected.__slots__)
    assert table.MAX_SIZE == 262144
