"""CGIs of clips (8.5, 10)."""

import asyncio
from typing import Final
from urllib.parse import unquote_to_bytes

from aiohttp import web

from .camera import Camera, Move
from .cgi import (
    DONE,
    Access,
    Cgi,
    Method,
    MissingError,
    Params,
    RefusedError,
    Reply,
    choice,
    needed,
    needed_choice,
    number,
    set_reply,
)
from .clip_faults import ListFault
from .clip_stream import send
from .clips import Clip, GivenList, chosen
from .films import ClipFormat
from .pictures import PictureHandler

PAGE: Final = 15
DELETED_AT_ONCE: Final = 50
LAST_INDEX: Final = 65_535
_GLANCE: Final = 0.02
_HEADER: Final = "no,filename,mm/dd/yyyy hh:mm:ss,duration"
_RUBBISH: Final = ("", ",,,", "x,S1AA,13/45/20x7 99:99:99,now", "-1,A,,", "1", "no comma at all")


def contentnum_reset(camera: Camera, _params: Params) -> Reply:
    """Let the next MP4 clip begin a new folder (8.5)."""
    camera.clips.renumber()
    camera.moves.append(Move("contentnum_reset", "", ""))
    return set_reply(camera)


def del_clip_file(camera: Camera, params: Params) -> Reply:
    """Begin to delete clips (10.2)."""
    numbers = needed(params, "fileno")
    given = given_list(camera, params)
    clips = chosen(given, numbers, DELETED_AT_ONCE)
    busy = camera.download or camera.ftp_send
    if clips is None or busy or not camera.recorder.delete(given.slot, clips):
        raise RefusedError(numbers)
    camera.moves.append(Move("del_clip_file", "fileno", numbers))
    return DONE


def given_list(camera: Camera, params: Params) -> GivenList:
    """Give the list that list_id means, of a card that is there."""
    given = camera.clips.given(needed(params, "list_id"))
    if given is None or not camera.slots[given.slot].inserted:
        raise RefusedError
    return given


class ClipCgis:
    """The CGIs of clips that take their time."""

    def __init__(self, camera: Camera) -> None:
        """Serve the clips of `camera`."""
        self._camera = camera
        self.handlers: Final[dict[str, PictureHandler]] = {
            "get_clip_list": self._list,
            "get_clip_file": self._file,
        }
        if camera.options.delete_waits:
            self.handlers["del_clip_file"] = self._delete

    async def _list(self, _request: web.Request, params: Params) -> web.StreamResponse:
        camera = self._camera
        most = number(params, "maxmatches", PAGE, 1, PAGE)
        needed(params, "index")
        index = number(params, "index", 1, 1, LAST_INDEX)
        slot = choice(params, "device", "sd1", "sd1", "sd2")
        kind = ClipFormat(needed_choice(params, "format", *ClipFormat))
        if camera.options.list_delay:
            await asyncio.sleep(camera.options.list_delay)
        if slot not in camera.slots or not camera.slots[slot].inserted or camera.sd_format:
            raise RefusedError(slot)
        list_id, given = camera.clips.listing(slot, kind)
        fault = camera.clip_faults.due_list()
        text = _page(given, list_id, index, most, fault)
        if not camera.options.list_header:
            text = text.removeprefix(f"{_HEADER}\r\n")
        if fault is ListFault.CHANGING and given.clips:
            camera.clips.remove(slot, camera.clips.of(slot, kind)[0])
            camera.clips.add(slot, kind)
        return web.Response(body=_bytes(camera, text), headers={"Content-Type": "text/plain"})

    async def _delete(self, _request: web.Request, params: Params) -> web.StreamResponse:
        reply = del_clip_file(self._camera, params)
        while self._camera.del_file:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(_GLANCE)
        return web.Response(status=reply.status)

    async def _file(self, request: web.Request, params: Params) -> web.StreamResponse:
        """Send one clip; what there is of names is compared as it came, byte by byte (10.3)."""
        camera = self._camera
        needed(params, "filename")
        given = given_list(camera, params)
        wanted = _raw(request, "filename")
        clip = next((clip for clip in given.clips if _bytes(camera, clip.name) == wanted), None)
        if clip is None or camera.sd_format or camera.del_file or camera.ftp_send:
            raise RefusedError(wanted)
        if camera.download:
            return web.Response(status=camera.options.second_download)
        camera.moves.append(Move("get_clip_file", "filename", clip.name))
        camera.download = True
        try:
            return await send(request, camera, given.slot, clip, camera.clip_faults.due_download())
        finally:
            camera.download = False


def _page(given: GivenList, list_id: int, index: int, most: int, fault: ListFault | None) -> str:
    """Give one page of a list, as it is or as `fault` has it."""
    first = 1 if fault is ListFault.SAME_PAGE else index
    if fault is ListFault.REPEAT:
        first = max(1, first - 1)
    pairs = list(enumerate(given.clips[first - 1 : first - 1 + most], first))
    if fault is ListFault.ENDLESS and given.clips:
        pairs = [(first + at, given.clips[at % len(given.clips)]) for at in range(most)]
    lines = [_line(place, clip) for place, clip in pairs]
    if fault is ListFault.RUBBISH:
        lines = [line for pair in zip(_RUBBISH * 3, lines, strict=False) for line in pair]
    total = len(given.clips)
    match fault:
        case ListFault.MORE:
            total += 7
        case ListFault.LESS:
            total //= 2
        case ListFault.ENDLESS:
            total = LAST_INDEX
    told = len(pairs) + (5 if fault is ListFault.MISCOUNT else 0)
    foot = [f"ClipfileNum={told}", f"ClipfileALLNum={total}", f"list_id={list_id}"]
    return "".join(f"{line}\r\n" for line in (_HEADER, *lines, *foot))


def _line(place: int, clip: Clip) -> str:
    return f"{place},{clip.name},{clip.began:%m/%d/%Y %H:%M:%S},{clip.duration}"


def _bytes(camera: Camera, text: str) -> bytes:
    """Encode as the model does; what it cannot write it writes in its other encoding."""
    try:
        return text.encode(camera.model.title_encoding, errors="surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", errors="surrogateescape")


def _raw(request: web.Request, name: str) -> bytes:
    """Give a parameter's bytes, whatever their encoding."""
    for pair in request.rel_url.raw_query_string.split("&"):
        key, _, value = pair.partition("=")
        if key == name:
            return unquote_to_bytes(value.replace("+", " "))
    raise MissingError(name)


CLIP_CGIS: Final = (
    Cgi("contentnum_reset", "8.5", Method.POST, Access.ADMIN, contentnum_reset),
    Cgi("del_clip_file", "10.2", Method.GET, Access.LIVE, del_clip_file),
)
