"""docs/povcam.md and its rows beside the specification's own list, and what is said to use them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
import re
import textwrap

import pytest

from custom_components.panacam.cams.errors import Reason, RefusedError
from custom_components.panacam.cams.povcam.wire import Command, OneOf, Parameter, Pattern, Span
from scripts.lib import docs, docs_povcam

VECTOR = Path(__file__).parent / "vectors" / "povcam" / "commands.tsv"
PAGE = docs.DOCS / "povcam.md"

OTHER_METHODS = {
    "https_install_signed": "a file is sent, which GET cannot",
}
OTHER_NAMES = {
    "get_audi o": "get_audio",
    "get_multi _screen": "get_multi_screen",
    "jpeg_transmit 1": "jpeg_transmit1",
    "h264_transmit 1": "h264_transmit1",
}
"""The print breaks these in two."""
ADDED_PARAMETERS = {
    ("view.cgi", "action"): "stands in the examples of 2.4 only",
    ("set_h264", "h264_transmit"): "as set_h264_2 has it; the print breaks the other spelling",
    ("set_h264_2", "h264_transmit2"): "as set_h264 has it",
}
OTHER_VALUES = {
    ("directctrl", "zoom"): (Span(-4, 4), "the print has lost the row's end; as for focus"),
    ("set_h264", "h264_quality"): (OneOf(("fine", "low")), "`Fine` is described as `fine`"),
    ("set_audio", "audio_sens"): (
        OneOf(("middle", "lmiddle", "line_middle", "sdi")),
        "`lmiddle` is described, and used in every example, as `middle`",
    ),
    ("get_progress", "type"): (OneOf(("format", "send_ftp")), "one request of two sections"),
}
MISPRINTS = {"h264bwcmmin_2": "h264bwcmin_2", "h.264uniport_2": "h264uniport_2"}
"""Names of getdata that their neighbours spell otherwise: both are known."""


@dataclass(frozen=True, slots=True)
class Printed:
    """A request as the specification prints it."""

    section: str
    cgi: str
    method: str
    access: str
    parameters: dict[str, str]


def printed() -> Iterator[Printed]:
    """Yield the specification's own list."""
    row: Printed | None = None
    for line in VECTOR.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        section, cgi, method, access, name, value = line.split("\t")
        if section:
            if row:
                yield row
            row = Printed(section, OTHER_NAMES.get(cgi, cgi), method, access, {})
        assert row
        if name != "-":
            row.parameters[OTHER_NAMES.get(name, name)] = value
    assert row
    yield row


PRINTED = list(printed())
ROWS = docs_povcam.rows()


def row_of(wanted: Printed) -> Command:
    """Return our row of a printed one."""
    [found] = [
        row.command
        for row in ROWS
        if row.command.path == f"/cgi-bin/{wanted.cgi}"
        and wanted.section in row.command.section.split(", ")
    ]
    return found


def words(value: str) -> set[str]:
    """Return the values of a printed set: `15(12.5)` is two, by the system frequency."""
    return set(re.findall(r"[^\s(),]+", value))


def agrees(parameter: Parameter, value: str) -> bool:
    """Return whether a row's parameter may be just what is printed."""
    if found := re.fullmatch(r"(?:Numeric value \()?(-?\d+) to (-?\d+)\)?", value):
        return parameter == Span(int(found[1]), int(found[2]))
    match value.partition(" (")[0]:
        case "Numeric value":
            return isinstance(parameter, Span | Pattern) and (
                parameter.allows("1") and not parameter.allows("x")
            )
        case "String" | "Hexadecimal string" | "*.*.* format":
            return isinstance(parameter, Pattern)
    return isinstance(parameter, OneOf) and words(value) == set(parameter.values)


@pytest.mark.parametrize("wanted", PRINTED, ids=lambda row: f"{row.section} {row.cgi}")
def test_rows(wanted: Printed) -> None:
    """Each printed request has one row: its methods, access level, parameters and their values."""
    row = row_of(wanted)
    assert row.access == wanted.access.lower()
    # A setting is sent by POST first; GET is what the examples show, and some cameras want.
    methods = {"GET"} if wanted.method == "GET" else {"POST", "GET"}
    if "password" in row.parameters:
        methods = {"POST"}
    assert set(row.methods) == methods or wanted.cgi in OTHER_METHODS
    if wanted.method == "POST":
        assert row.methods[0] == "POST"
    added = {name for cgi, name in ADDED_PARAMETERS if cgi == wanted.cgi}
    assert set(row.parameters) == wanted.parameters.keys() | added
    for name, value in wanted.parameters.items():
        known = OTHER_VALUES.get((wanted.cgi, name))
        if known:
            assert row.parameters[name] == known[0], name
        elif wanted.cgi == "getdata":
            names = row.parameters[name]
            assert isinstance(names, OneOf)
            assert set(names.values) == set(value.split()) | {*MISPRINTS.values()}
        else:
            assert agrees(row.parameters[name], value), name


def test_no_other_rows() -> None:
    """What the specification does not print, it names elsewhere: aw_ptz, in a note of 3.1."""
    listed = {f"/cgi-bin/{row.cgi}" for row in PRINTED}
    assert {row.command.path for row in ROWS} - listed == {"/cgi-bin/aw_ptz"}


def test_no_password_in_an_address() -> None:
    """What has one is sent as a form, and as nothing else."""
    secret = [row.command for row in ROWS if any("pass" in key for key in row.command.parameters)]
    assert [row.name for row in secret] == ["set_ftp"]
    assert all(row.methods == ("POST",) for row in secret)


def test_every_difference_is_needed() -> None:
    """No difference is excused that there is not."""
    for (cgi, name), (parameter, _reason) in OTHER_VALUES.items():
        wanted = [row for row in PRINTED if row.cgi == cgi]
        values = [row.parameters[name] for row in wanted]
        assert not all(agrees(parameter, value) for value in values), (cgi, name)
    for cgi in OTHER_METHODS:
        [wanted] = [row for row in PRINTED if row.cgi == cgi]
        assert wanted.method == "GET"
        assert row_of(wanted).methods != ("GET",)
    for cgi, name in ADDED_PARAMETERS:
        assert all(name not in row.parameters for row in PRINTED if row.cgi == cgi)


LENGTHS = {
    ("set_basic", "cam_title"): 20,
    ("multi_screen", "multi_name1"): 20,
    ("set_ftp", "username"): 32,
    ("set_ftp", "password"): 32,
    ("set_ftp", "dirname"): 256,
}


@pytest.mark.parametrize(("cgi", "name"), LENGTHS)
def test_lengths(cgi: str, name: str) -> None:
    """A text is as long as the specification says, and no longer."""
    [wanted] = [row for row in PRINTED if row.cgi == cgi]
    assert str(LENGTHS[cgi, name]) in wanted.parameters[name]
    row = row_of(wanted)
    assert row.arguments({name: "x" * LENGTHS[cgi, name]})
    with pytest.raises(RefusedError) as refused:
        row.arguments({name: "x" * (LENGTHS[cgi, name] + 1)})
    assert refused.value.reason is Reason.OUT_OF_RANGE


@pytest.mark.parametrize("name", ["del_clip_file", "send_ftpserver"])
def test_file_numbers(name: str) -> None:
    """Fifty file numbers go into one request."""
    [wanted] = [row for row in PRINTED if row.cgi == name]
    row = row_of(wanted)
    assert row.arguments({"fileno": ",".join(["1"] * 50)})
    for bad in (",".join(["1"] * 51), "", "1,", ",1", "1 ,2", "0"):
        with pytest.raises(RefusedError):
            row.arguments({"fileno": bad})


@pytest.mark.parametrize("cgi", ["jpeg", "mjpeg", "set_jpeg", "set_h264", "set_h264_2"])
@pytest.mark.parametrize("rate", ["12.5", "25", "50"])
def test_50_hertz(cgi: str, rate: str) -> None:
    """The rates of a camera that runs at 50 Hz are taken as well, where there is one so high."""
    [wanted] = [row for row in PRINTED if row.cgi == cgi]
    row = row_of(wanted)
    name = "jpeg_interval1" if cgi == "set_jpeg" else "framerate"
    if rate in words(wanted.parameters[name]):
        assert row.arguments({name: rate}) == {name: rate}
    else:
        assert rate == "50"
        with pytest.raises(RefusedError):
            row.arguments({name: rate})


def page_rows() -> dict[tuple[str, str], list[str]]:
    """Return the page's lines by request and section, as their cells."""
    found = {}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("| ").split(" | ")]
        if line.startswith("| `/cgi-bin/"):
            for section in cells[1].split(", "):
                found[cells[0].strip("`"), section] = cells
    return found


def shown(parameters: str) -> Iterator[tuple[set[str], str]]:
    """Yield the names in a cell of the page, and what these may be."""
    for part in parameters.split("<br>"):
        names, _, text = part.partition(": ")
        if found := re.fullmatch(r"`(\w+?)(\d+)` to `\1(\d+)`", names):
            yield {f"{found[1]}{at}" for at in range(int(found[2]), int(found[3]) + 1)}, text
        else:
            yield {names.strip("`")}, text


@pytest.mark.parametrize("wanted", PRINTED, ids=lambda row: f"{row.section} {row.cgi}")
def test_page(wanted: Printed) -> None:
    """The page lists each printed request: section, access level, parameters and their limits."""
    cells = page_rows()[f"/cgi-bin/{wanted.cgi}", wanted.section]
    _, _, access, methods, parameters, used_by = cells
    assert access == wanted.access.lower()
    assert wanted.method[:3] in methods or wanted.cgi in OTHER_METHODS
    assert used_by
    for name, value in wanted.parameters.items():
        [text] = [text for names, text in shown(parameters) if name in names]
        if (wanted.cgi, name) not in OTHER_VALUES:
            assert re.findall(r"-?\d+ to -?\d+", value) in ([], [text])


def test_module_tables_are_whole() -> None:
    """Each module that the page says to send something is described in its last table."""
    text = PAGE.read_text(encoding="utf-8")
    legend = set(re.findall(r"^\| `(\w+)` \| \w", text, re.MULTILINE))
    used = {
        name
        for cells in page_rows().values()
        for name in re.findall(r"(?<!menu )`(\w+)`", cells[5])
        if not cells[5].startswith("nothing")
    }
    assert used == legend


def test_senders(tmp_path: Path) -> None:
    """A request is used by who names it: not by who imports it, nor by whose text has its name."""
    sources = {
        "commands": "GET = 1",
        "commands_more": "MORE = 2",
        "plain": "from .commands import GET\nsend(GET)",
        "renamed": "from .commands_more import MORE as _more\nsend(_more)",
        "whole": "from . import commands\nsend(commands.GET)",
        "only_imports": "from .commands import GET",
        "other": "from ..commands import GET\nfrom else_ import MORE\nsend(GET, MORE, 'GET')",
        "menus": "from .commands import GET\nFIELDS = GET",
        "writes": "from .menus import FIELDS\nwrite(FIELDS)",
        "knows": "from .menus import Field\nmake(Field)",
    }
    for name, source in sources.items():
        (tmp_path / f"{name}.py").write_text(textwrap.dedent(source), encoding="utf-8")
    assert docs_povcam.senders(tmp_path) == {
        ("commands", "GET"): ["plain", "whole"],
        ("commands_more", "MORE"): ["renamed"],
    }
    assert docs_povcam.keepers(tmp_path) == ["writes"]


def test_nobody_is_made_up() -> None:
    """A module that the page names has the request's row in its own source."""
    for row in ROWS:
        for module in docs_povcam.senders().get((row.module, row.name), []):
            source = (docs_povcam.FOLDER / f"{module}.py").read_text(encoding="utf-8")
            assert re.search(rf"\b{row.name}\b", source)
    named = docs_povcam.senders()
    nobody = {
        f"{row.command.path} {row.command.section}"
        for row in ROWS
        if (row.module, row.name) not in named and not docs_povcam.menus(row.command)
    }
    unused = [cells for cells in page_rows().values() if cells[5].startswith("nothing")]
    assert {f"{cells[0].strip('`')} {cells[1]}" for cells in unused} == nobody
    # What nothing sends says why.
    assert nobody == docs_povcam.UNUSED.keys()
