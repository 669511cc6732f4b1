"""The settings of an ONVIF device go to the encoders that they are of, whatever their numbers."""

from aiohttp import ClientSession
from homeassistant.util import dt as dt_util
import pytest

from custom_components.panacam.cams import keeping
from custom_components.panacam.cams.backup import (
    THINGS,
    Document,
    Sections,
    compare,
    parse_document,
)
from custom_components.panacam.cams.memory import ShortMemory
from custom_components.panacam.cams.things import renamed
from tests.cams.onvif.test_device import connected
from tests.cams.onvif.test_keeper import keeper_of
from tests.simulators.onvif import OnvifSimulator
from tests.simulators.onvif.media_parts import Kind


@pytest.fixture(autouse=True)
def _no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Devices here show at once what they were told."""
    monkeypatch.setattr(keeping, "SETTLE", 0.0)


def encoders(simulator: OnvifSimulator) -> dict[int, tuple[tuple[int, int], int]]:
    """Return size and bit rate of the main (1) and the sub stream (2)."""
    media = simulator.camera.media
    table = media.configurations[Kind.VIDEO_ENCODER]
    found = {profile.number: profile.parts[Kind.VIDEO_ENCODER] for profile in media.profiles}
    return {number: (table[token].size, table[token].bit_rate) for number, token in found.items()}


def have(simulator: OnvifSimulator, *numbers: int) -> None:
    """Have but those profiles, in this order."""
    profiles = simulator.camera.media.profiles
    profiles[:] = [next(one for one in profiles if one.number == number) for number in numbers]


def call(simulator: OnvifSimulator, name: str) -> None:
    """Give everything the same name."""
    media = simulator.camera.media
    for one in (*media.profiles, *media.configurations[Kind.VIDEO_ENCODER].values()):
        one.name = name


async def after_a_deletion(session: ClientSession, *, name: str | None = None) -> Sections:
    """Return the settings of a camera whose first profile was deleted: it numbers from 1."""
    memory = ShortMemory()
    async with OnvifSimulator() as old:
        if name is not None:
            call(old, name)
        have(old, 3, 1, 2)
        async with connected(session, old, memory=memory) as device:
            await device.poll()
        have(old, 1, 2)
        table = old.camera.media.configurations[Kind.VIDEO_ENCODER]
        table["video_1"].bit_rate, table["video_2"].bit_rate = 1111, 222
        table["video_1"].size, table["video_2"].size = (1920, 1080), (1280, 720)
        async with connected(session, old, memory=memory) as device:
            sections = await keeper_of(device).read()
    document = Document(family="onvif", saved=dt_util.utcnow(), sections=sections)
    sections = parse_document(document.text()).sections
    assert "encoder_0_resolution" not in sections["settings"]
    assert sections["settings"]["encoder_1_bit_rate"] == 1111
    assert set(sections[THINGS]) >= {"encoder_1", "encoder_2", "profile_1", "profile_2"}
    return sections


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
@pytest.mark.parametrize(("was", "called"), [(None, None), ("A", "A"), ("A", "B")])
async def test_other_numbers(
    session: ClientSession, order: tuple[int, int], was: str | None, called: str | None
) -> None:
    """A fresh camera numbers from 0, in its own order, and may call everything the same."""
    sections = await after_a_deletion(session, name=was)
    async with OnvifSimulator() as new:
        have(new, *order)
        if called is not None:
            call(new, called)
        async with connected(session, new) as device:
            report = await keeper_of(device).restore(sections, own=True)
            now = await keeper_of(device).read()
        assert encoders(new) == {1: ((1920, 1080), 1111), 2: ((1280, 720), 222)}
    assert "settings.encoder_1_bit_rate" in report.taken
    assert "settings.encoder_2_bit_rate" in report.taken
    assert not [path for path in (*report.refused, *report.absent) if "encoder_" in path]
    assert not compare(
        {"settings": sections["settings"]}, {"settings": renamed(now, sections)["settings"]}
    )


async def test_one_less(session: ClientSession) -> None:
    """What the new camera has not is absent; the other one gets its own."""
    sections = await after_a_deletion(session)
    async with OnvifSimulator() as new:
        have(new, 2)
        async with connected(session, new) as device:
            report = await keeper_of(device).restore(sections, own=True)
        assert encoders(new) == {2: ((1280, 720), 222)}
    assert "settings.encoder_1_bit_rate" in report.absent
    assert "settings.encoder_2_bit_rate" in report.taken


async def test_numbers_without_things(session: ClientSession) -> None:
    """A number alone says nothing."""
    async with OnvifSimulator() as new, connected(session, new) as device:
        before = encoders(new)
        report = await keeper_of(device).restore(
            {"settings": {"encoder_0_bit_rate": 333, "imaging_0_brightness": 12}}, own=True
        )
        assert encoders(new) == before
    assert report.absent == ("settings.encoder_0_bit_rate",)
    assert report.taken == ("settings.imaging_0_brightness",)
