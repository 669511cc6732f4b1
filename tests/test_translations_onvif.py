"""Every kind of thing that a camera can list has a name and an icon, and its words have names."""

import ast
from collections.abc import Iterator
import re

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.onvif.device import OnvifDevice
from custom_components.panacam.cams.onvif.imaging_rows import ROWS
from custom_components.panacam.cams.onvif.meanings import KINDS, TOPICS
from custom_components.panacam.cams.settings import Choice, Range, Row, Text, Toggle
from custom_components.panacam.rows import described
from tests.cams.onvif.support import client_for
from tests.simulators.onvif import OnvifSimulator
from tests.test_package import ENGLISH, ICONS, ROOT

PLATFORMS = {
    "Choice": "select",
    "Press": "button",
    "Range": "number",
    "Reading": "sensor",
    "Signal": "binary_sensor",
    "Text": "text",
    "Toggle": "switch",
    "Topic": "event",
}
NAMES = ENGLISH["entity"]
OF_SUBJECTS = {"choice": "select", "range": "number", "toggle": "switch"}
"""Methods that make a row of a name, whose kind begins with what they are used for."""


def kinds_in(source: str) -> Iterator[tuple[str, str]]:
    """Yield platform and kind of every row that is written out; a name ends a kind: `*_name`."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name) and node.func.id in PLATFORMS:
            given = {item.arg: item.value for item in node.keywords}
            kind = given.get("kind", given.get("key"))
            if isinstance(kind, ast.Constant) and isinstance(kind.value, str):
                yield PLATFORMS[node.func.id], kind.value
        elif (
            isinstance(node.func, ast.Attribute)
            and node.func.attr in OF_SUBJECTS
            and node.args
            and isinstance(name := node.args[0], ast.Constant)
        ):
            yield OF_SUBJECTS[node.func.attr], f"*_{name.value!s}"


FOUND = sorted(
    {
        (path.relative_to(ROOT).as_posix(), *found)
        for path in (ROOT / "cams").rglob("*.py")
        for found in kinds_in(path.read_text())
    }
)


def known(platform: str, kind: str) -> bool:
    """Return whether a kind has a name and an icon."""
    names, icons = NAMES.get(platform, {}), ICONS["entity"].get(platform, {})
    if kind.startswith("*"):
        return any(name.endswith(kind[1:]) and name in icons for name in names)
    return kind in names and kind in icons


@pytest.mark.parametrize(("path", "platform", "kind"), FOUND)
def test_kinds_in_the_code(path: str, platform: str, kind: str) -> None:
    """What is written there can be shown."""
    assert known(platform, kind)


def test_kinds_are_found() -> None:
    """The test above sees what it is for, and can fail."""
    platforms = {platform for _, platform, _ in FOUND}
    assert platforms >= set(PLATFORMS.values()) - {"event"}
    source = """
Range(key=f"x_{n}", kind="x_y", minimum=0, maximum=1)
Reading(key="z", enabled=False)
subject.toggle("mirror", now, put)
Toggle(key=key, kind=kind)
"""
    assert set(kinds_in(source)) == {("number", "x_y"), ("sensor", "z"), ("switch", "*_mirror")}
    assert not known("number", "x_y")
    assert not known("switch", "*_no_such_thing")


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_kinds_of_events(kind: str) -> None:
    """Whether a topic is a yes or no or an event is the camera's choice."""
    assert known("binary_sensor", kind)
    assert known("event", kind)


@pytest.mark.parametrize("kind", sorted({item.kind for item in TOPICS.values() if item.number}))
def test_kinds_of_numbers(kind: str) -> None:
    """Some have a number in them."""
    assert known("sensor", kind)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_kinds_of_imaging(row: object) -> None:
    """The table of the picture's settings is what it says."""
    name, modes = getattr(row, "name", ""), getattr(row, "modes", ())
    assert known("select" if modes else "number", f"imaging_{name}")


def rows_of(device: OnvifDevice) -> Iterator[tuple[str, Row]]:
    """Yield everything that a camera has listed, with its platform."""
    assert device.settings is not None
    kinds = {Choice: "select", Range: "number", Text: "text", Toggle: "switch"}
    yield from ((kinds[type(row)], row) for row in device.settings.table)
    if device.presses is not None:
        yield from (("button", row) for row in device.presses.table)
    yield from (("binary_sensor", row) for row in device.signals.values())
    yield from (("sensor", row) for row in device.readings.values())
    yield from (("event", row) for row in device.topics.values())


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize("media2", [True, False])
async def test_a_whole_camera(media2: bool) -> None:
    """Each row is named in full, each word that is ours has a text, and no two names are alike."""
    async with OnvifSimulator(media2=media2) as simulator, ClientSession() as session:
        device = OnvifDevice(client_for(session, simulator))
        try:
            await device.connect()
            rows = list(rows_of(device))
        finally:
            await device.close()
    assert {platform for platform, _ in rows} == set(PLATFORMS.values())
    shown: list[tuple[str, str]] = []
    for platform, row in rows:
        named = described(row)
        texts = NAMES[platform][named["translation_key"]]
        shown.append((platform, texts["name"].format(**named["translation_placeholders"])))
        if isinstance(row, Choice) and "state" in texts:
            ours = {word for word in row.options if re.fullmatch(r"[a-z][a-z_]*\d*", word)}
            assert ours <= set(texts["state"])
    assert len(set(shown)) == len(shown)
    assert all(name == name.strip() and "  " not in name for _, name in shown)


def test_placeholders() -> None:
    """Only such as an entity has."""
    used = {
        placeholder
        for texts in NAMES.values()
        for item in texts.values()
        for placeholder in re.findall(r"\{(\w*)\}", item.get("name", ""))
    }
    assert used == {"label", "name", "slot", "stream"}
