"""What the drop received, in the media source and by HTTP; and the recorder that sends it."""

from io import BytesIO
from pathlib import Path
from typing import Any

import av
from homeassistant.components import media_source
from homeassistant.components.media_player import SearchMediaQuery
from homeassistant.components.media_source import Unresolvable
from homeassistant.const import STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.panacam.const import DOMAIN
from custom_components.panacam.drop_accounts import drop_accounts
from custom_components.panacam.drop_view import clip_url
from custom_components.panacam.ftp import Kind
from tests.conftest import add, entry_for, until
from tests.drop.conftest import BEGAN, EVENT, JPEG, Made, free_port, network_of, options
from tests.simulators.povcam import PovcamSimulator
from tests.simulators.povcam.films import ClipFormat


async def test_event_and_media(
    hass: HomeAssistant,
    made: Made,
    entry: MockConfigEntry,
    hass_client: ClientSessionGenerator,
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    """A clip fires the event with its media id, which leads through the media source to it."""
    assert hass.states.get(EVENT) is None
    drop_accounts(hass).make(entry.entry_id)
    await hass.async_block_till_done()
    state = hass.states.get(EVENT)
    assert state is not None
    assert state.state == STATE_UNKNOWN
    await made.put(entry, "AW000001/AVCHD/BDMV/INDEX.BDM", b"INDX")
    assert hass.states.get(EVENT) == state
    film = bytes(range(256)) * 1000
    await made.put(entry, "AW000001/DCIM/20261121_083005.MP4", film)
    state = hass.states.get(EVENT)
    assert state is not None
    assert {
        "event_type": "received",
        "kind": "mp4",
        "name": "20261121_083005.MP4",
        "size": len(film),
        "began": "2026-11-21T08:30:05",
    }.items() <= state.attributes.items()
    media_id = state.attributes["media_content_id"]
    played = await media_source.async_resolve_media(hass, media_id, None)
    assert played.mime_type == "video/mp4"
    client = await hass_client()
    answer = await client.get(played.url)
    assert (answer.status, await answer.read()) == (200, film)
    answer = await client.get(played.url, headers={"Range": "bytes=100-199"})
    assert (answer.status, await answer.read()) == (206, film[100:200])
    answer = await client.get(f"{played.url}?download=1")
    assert answer.content_type == "application/octet-stream"
    assert "20261121_083005.MP4" in answer.headers["Content-Disposition"]
    assert (await client.head(played.url)).status == 200
    stranger = await hass_client_no_auth()
    assert (await stranger.get(played.url)).status == 401
    for path in made.folder.rglob("*.MP4"):
        path.unlink()
    assert (await client.get(played.url)).status == 404


async def test_browse(
    hass: HomeAssistant,
    made: Made,
    entry: MockConfigEntry,
    hass_client: ClientSessionGenerator,
) -> None:
    """The media source has cameras, days and clips, the last one first."""
    drop_accounts(hass).make(entry.entry_id)
    await made.put(entry, "20261121_083005.mp4", b"film")
    await made.put(entry, "b.jpg", JPEG)
    root = await media_source.async_browse_media(hass, f"media-source://{DOMAIN}")
    assert [node.title for node in root.children or ()][-1] == "Received by FTP"
    node = root.children[-1] if root.children else root
    titles = []
    for _ in range(3):
        node = await media_source.async_browse_media(hass, node.media_content_id)
        titles.append([child.title for child in node.children or ()])
        assert node.children
        node = node.children[0]
    day = f"{dt_util.now():%Y-%m-%d}"
    assert titles[:2] == [["Stage left"], [day]]
    assert [title.split(" ")[0] for title in titles[2]] == ["b", "…121_083005"]
    came = made.drop.store.clips(entry.entry_id)[0].time / 1e9
    when = dt_util.as_local(dt_util.utc_from_timestamp(came))
    assert titles[2][0] == f"b {when:%H:%M:%S}"
    client = await hass_client()
    assert node.thumbnail is not None
    assert (await (await client.get(node.thumbnail)).read()) == JPEG
    clip = await media_source.async_browse_media(hass, node.media_content_id)
    assert clip.can_play

    answer = await client.get(f"/api/panacam/received/{entry.entry_id}/../../config")
    assert answer.status == 404
    for wrong in ("1", "x", day):
        answer = await client.get(f"/api/panacam/received/{entry.entry_id}/{wrong}")
        assert answer.status == 404
    for wrong in ("received/x", f"received/{entry.entry_id}/7", f"received/{entry.entry_id}/1-1"):
        with pytest.raises(HomeAssistantError):
            await media_source.async_browse_media(hass, f"media-source://{DOMAIN}/{wrong}")
        with pytest.raises(Unresolvable):
            await media_source.async_resolve_media(hass, f"media-source://{DOMAIN}/{wrong}", None)


async def test_search(hass: HomeAssistant, made: Made, entry: MockConfigEntry) -> None:
    """Clips are found by camera, name and day."""
    drop_accounts(hass).make(entry.entry_id)
    await made.put(entry, "gate/alarm.jpg", JPEG)
    await made.put(entry, "gate/night.mp4", b"film")
    found = {}
    for words in ("stage alarm", "NIGHT", "gate", "nothing", f"{dt_util.now():%Y-%m-%d} left", ","):
        result = await media_source.async_search_media(
            hass, f"media-source://{DOMAIN}/received", SearchMediaQuery(search_query=words)
        )
        found[words] = len(result.result)
    assert list(found.values()) == [1, 1, 2, 0, 2, 0]
    registry = dr.async_get(hass)
    (known,) = dr.async_entries_for_config_entry(registry, entry.entry_id)
    registry.async_update_device(known.id, name_by_user="Gate 1")
    (clip,) = [one for one in made.drop.store.clips(entry.entry_id) if one.name == "alarm.jpg"]
    when = dt_util.as_local(dt_util.utc_from_timestamp(clip.time / 1e9))
    for below, title in (
        ("", f"alarm {when:%m-%d %H:%M:%S} Gate 1"),
        ("/received", f"alarm {when:%m-%d %H:%M:%S} Gate 1"),
        (f"/received/{entry.entry_id}", f"alarm {when:%m-%d %H:%M:%S}"),
    ):
        result = await media_source.async_search_media(
            hass, f"media-source://{DOMAIN}{below}", SearchMediaQuery(search_query="alarm 1")
        )
        assert [node.title for node in result.result] == [title]
    node = await media_source.async_browse_media(hass, f"media-source://{DOMAIN}/received")
    assert [child.title for child in node.children or ()] == ["Gate 1"]


async def test_send_clips_here(
    hass: HomeAssistant,
    made: Made,
    umr20: PovcamSimulator,
    hass_client: ClientSessionGenerator,
) -> None:
    """The action sets the recorder's FTP server, and the recorder sends a clip by itself."""
    entry = await add(hass, entry_for(umr20))
    await call(hass)
    account = drop_accounts(hass).of(entry.entry_id)
    assert account is not None
    server = umr20.camera.ftp.server
    assert (server.address, server.port, server.username, server.password, server.dirname) == (
        "127.0.0.1",
        made.port,
        account.username,
        account.password,
        "clips",
    )
    assert server.passive
    assert (made.folder / entry.entry_id / "clips").is_dir()

    clip = umr20.camera.clips.add("sd1", ClipFormat.AVCHD, began=BEGAN, length=2.0)
    umr20.camera.clips.add("sd1", ClipFormat.MP4, began=BEGAN, length=2.0)
    for _ in range(2):
        umr20.camera.ftp.start("sd1", umr20.camera.clips.of("sd1", ClipFormat.AVCHD))
        await until(lambda: not umr20.camera.ftp.sending)
    umr20.camera.ftp.start("sd1", umr20.camera.clips.of("sd1", ClipFormat.MP4))
    await until(lambda: not umr20.camera.ftp.sending)
    await hass.async_block_till_done()
    clips = made.drop.store.clips(entry.entry_id)
    assert [(one.parts[:2], one.kind) for one in clips] == [
        (("clips", "AW000003"), Kind.MP4),
        (("clips", "AW000002"), Kind.AVCHD),
        (("clips", "AW000001"), Kind.AVCHD),
    ]
    content = await hass.async_add_executor_job(clip.film.content)
    assert clips[-1].size == content.size

    client = await hass_client()
    for one in clips[:2]:
        media_id = f"media-source://{DOMAIN}/received/{entry.entry_id}/{one.id}"
        played = await media_source.async_resolve_media(hass, media_id, None)
        assert played.mime_type == "video/mp4"
        film = await (await client.get(played.url)).read()
        codecs = await hass.async_add_executor_job(_codecs, film)
        assert codecs == ["h264", "aac"]
    assert (await client.head(played.url)).headers["Accept-Ranges"] == "none"


async def test_unplayable(
    hass: HomeAssistant,
    made: Made,
    entry: MockConfigEntry,
    hass_client: ClientSessionGenerator,
) -> None:
    """What only calls itself AVCHD is refused; what is no film of browsers is kept as a file."""
    drop_accounts(hass).make(entry.entry_id)
    await made.put(entry, "a.mts", bytes(5000))
    await made.put(entry, "b.avi", b"RIFF")
    client = await hass_client()
    other, film = made.drop.store.clips(entry.entry_id)
    assert (await client.get(clip_url(film))).status == 415
    answer = await client.get(clip_url(other))
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert await answer.read() == b"RIFF"


def _codecs(film: bytes) -> list[str]:
    with av.open(BytesIO(film)) as container:
        assert sum(1 for _ in container.decode(video=0)) > 20
        return [stream.codec_context.name for stream in container.streams]


async def call(hass: HomeAssistant, **data: Any) -> None:
    """Call the action for the camera."""
    entity_id = next(state.entity_id for state in hass.states.async_all("camera"))
    await hass.services.async_call(
        DOMAIN, "send_clips_here", {"entity_id": entity_id, **data}, blocking=True
    )


async def test_send_clips_here_refused(
    hass: HomeAssistant, entry: MockConfigEntry, tmp_path: Path
) -> None:
    """Without the drop, or with a camera that cannot be told, the action says what to do."""
    with pytest.raises(ServiceValidationError) as caught:
        await call(hass)
    assert caught.value.translation_key == "drop_off"
    await network_of(hass, drop=options(free_port(), tmp_path / "drop"))
    entry.runtime_data.device.ftp = None
    with pytest.raises(ServiceValidationError) as caught:
        await call(hass)
    assert caught.value.translation_key == "drop_not_by_itself"
    assert drop_accounts(hass).all() == []
