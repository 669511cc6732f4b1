"""Players on this machine, with the token, get a stream; nobody gets anything else."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
import logging
import os
import socket
import threading
from urllib.parse import urlsplit

from aiohttp import ClientPayloadError, ClientSession, ServerDisconnectedError, web
import pytest

from custom_components.panacam.cams.bridge import pictures, server as module
from custom_components.panacam.cams.bridge.hub import Hub
from custom_components.panacam.cams.bridge.mpegts import TsMuxer
from custom_components.panacam.cams.bridge.packets import Packet
from custom_components.panacam.cams.bridge.pictures import PictureHub
from custom_components.panacam.cams.bridge.server import Server
from custom_components.panacam.cams.bridge.viewers import MAX_WAITING
from custom_components.panacam.cams.errors import BusyError, ConnectError, Reason
from tests.cams.bridge.support import (
    FakeSource,
    alone,
    kept,
    packet,
    playing,
    running,
    shown,
    threads,
    times,
    until,
)
from tests.cams.bridge.watching import player

LAVF = {"User-Agent": "Lavf/63.1.102"}
"""How FFmpeg calls itself, which is given the past."""
NOISE = replace(packet(0, key=True), data=b"\0\0\0\1\x65" + os.urandom(200_000))


@asynccontextmanager
async def serving(
    *, ring: float = 7.0, sound_rate: int | None = None
) -> AsyncGenerator[tuple[Server, PictureHub, FakeSource]]:
    """Serve one hub under its key, and close both."""
    async with running(ring=ring, sound_rate=sound_rate) as (hub, source):
        hubs: dict[str, Hub] = {hub.key: hub}
        server = Server(hubs.get)
        try:
            yield server, hub, source
        finally:
            async with asyncio.timeout(10):
                await server.close()


async def received(session: ClientSession, url: str, seconds: float = 6.5) -> bytes:
    """Read a stream until it holds so much of it, as Home Assistant's player does."""
    data = b""
    async with session.get(url, headers=LAVF) as answer:
        assert answer.status == 200
        assert answer.content_type == "video/mp2t"
        async for chunk in answer.content.iter_any():
            data += chunk
            stamps = times(data[: len(data) // 188 * 188], "video")
            if stamps and stamps[-1] - stamps[0] >= seconds:
                break
    return data


async def test_the_past_by_http(session: ClientSession) -> None:
    """What is sent first is the past, whole, from a keyframe on."""
    async with serving(sound_rate=8000) as (server, hub, source), kept(hub, source):
        source.past(7.2, sound=True)
        await until(lambda: hub.live and source.taken == 218)
        data = await received(session, await server.url("main"))
        assert data[0] == 0x47
        seen = [each.number for each in shown(data)]
        assert seen == list(range(seen[0], seen[-1] + 1))
        assert seen[0] < 10
        assert times(data, "audio")[0] >= 0.9
    await alone()


async def test_no_past_for_others(session: ClientSession) -> None:
    """Who passes on what comes would stay behind: it begins with the newest keyframe."""
    async with serving() as (server, hub, source), kept(hub, source):
        source.past(7.2)
        await until(lambda: hub.live and source.taken == 109)
        async with session.get(await server.url("main")) as answer:
            data = await answer.content.readexactly(188 * 4)
            assert len(data) == 188 * 4
            await hub.close()
            data += await answer.content.read()
        assert {each.number > 70 for each in shown(data)} == {True}


async def test_whose_url_it_is(socket_enabled: None) -> None:
    """A URL is known again by the server that made it, with its token, and by no other."""
    async with serving() as (server, _, _), serving() as (other, _, _):
        assert server.key_of("http://127.0.0.1:0/main.ts") is None
        url = await server.url("main")
        assert server.key_of(url) == "main"
        assert other.key_of(url) is None
        await other.url("main")
        assert other.key_of(url) is None
        assert server.key_of(url[:-1]) is None
        assert server.key_of(url + "0") is None
        assert server.key_of(url.partition("?")[0]) is None
        assert server.key_of("rtsp://127.0.0.1/main") is None


async def test_a_player(socket_enabled: None) -> None:
    """PyAV plays the past and goes on live, as Home Assistant's stream component does."""
    async with serving(sound_rate=8000) as (server, hub, source), kept(hub, source):
        source.past(7.2, sound=True)
        await until(lambda: hub.live)
        async with playing(source, sound=True), player(await server.url("main")) as seen:
            await until(lambda: seen.shown and seen.shown[-1].number > 115)
        assert seen.error is None
        numbers = [each.number for each in seen.shown if not each.marked]
        assert numbers == sorted(numbers)
        assert numbers[0] < 20
        assert set(seen.kinds) == {"video", "audio"}


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?auth=",
        "?auth=wrong",
        "?Auth={token}",
        "?auth={token}x",
        "?token={token}",
        "?auth=%ff%00",
        "?auth=%C3%BC",
        "?auth=wrong&auth={token}",
    ],
)
@pytest.mark.parametrize("key", ["main", "other"])
async def test_without_the_token(session: ClientSession, query: str, key: str) -> None:
    """Whoever has not got it learns nothing, not even which streams there are, and starts none."""
    async with serving(ring=0) as (server, _, source):
        url, _, auth = (await server.url("main")).partition("?")
        token = auth.removeprefix("auth=")
        target = url.replace("main", key) + query.format(token=token)
        for method in ("GET", "HEAD"):
            async with session.request(method, target) as answer:
                assert answer.status == 401
                text = await answer.text()
                assert token not in text
                assert "main" not in text
        assert source.opened == 0


async def test_bytes_that_are_no_text(socket_enabled: None) -> None:
    """A token of bytes that no browser sends is a wrong one, not an error."""
    async with serving(ring=0) as (server, _, _):
        parts = urlsplit(await server.url("main"))
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(b"GET /main.ts?auth=\xff\xfe HTTP/1.0\r\n\r\n")
        status = await reader.readline()
        assert status.split()[1] in {b"400", b"401"}
        writer.close()
        await writer.wait_closed()


async def test_nothing_else_is_served(session: ClientSession) -> None:
    """Another stream, another path, another method: none of them."""
    async with serving(ring=0) as (server, _, source):
        url = await server.url("main")
        for target, method, status in (
            (await server.url("other"), "GET", 404),
            (url.replace("main.ts", ""), "GET", 404),
            (url.replace("main.ts", "main"), "GET", 404),
            (url, "POST", 405),
            (url, "DELETE", 405),
        ):
            async with session.request(method, target) as answer:
                assert answer.status == status
        assert source.opened == 0


async def test_head(session: ClientSession) -> None:
    """Who asks for the head alone is told what there would be, and the camera is left alone."""
    async with serving(ring=0) as (server, _, source):
        async with session.head(await server.url("main")) as answer:
            assert answer.status == 200
            assert answer.content_type == "video/mp2t"
            assert answer.headers["Cache-Control"] == "no-store"
        assert source.opened == 0


async def test_only_here(socket_enabled: None) -> None:
    """It listens on 127.0.0.1, at a port that is not always the same, once."""
    async with serving() as (server, _, _), serving() as (other, _, _):
        urls = await asyncio.gather(*(server.url("main") for _ in range(5)))
        assert len(set(urls)) == 1
        parts = urlsplit(urls[0])
        assert parts.hostname == "127.0.0.1"
        assert server._runner is not None
        assert [address[0] for address in server._runner.addresses] == ["127.0.0.1"]
        strange = urlsplit(await other.url("main"))
        assert strange.port != parts.port
        assert strange.query != parts.query
        assert len(parts.query.removeprefix("auth=")) == 64


async def test_the_camera_is_away(session: ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """The player is told to come again, with a reason that gives nothing away."""
    monkeypatch.setattr(pictures, "FIRST_PICTURE", 0.05)
    async with serving(ring=0) as (server, hub, source):
        source.refusing = BusyError(Reason.BUSY)
        async with session.get(await server.url("main")) as answer:
            assert answer.status == 503
            assert await answer.text() == "busy"
        assert hub.viewers == 0


async def test_the_token_is_in_no_log(
    session: ClientSession, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither when all goes well nor when something breaks."""
    caplog.set_level(logging.DEBUG)
    asyncio.get_running_loop().set_debug(True)
    async with serving() as (server, hub, source), kept(hub, source):
        source.past(7.2)
        await until(lambda: hub.live)
        url = await server.url("main")
        token = urlsplit(url).query.removeprefix("auth=")
        await received(session, url)
        for target in (url + "x", await server.url("other"), url.replace("main.ts", "a")):
            async with session.get(target):
                pass

        def broken(self: TsMuxer, packets: list[Packet]) -> bytes:
            msg = "made up"
            raise RuntimeError(msg)

        monkeypatch.setattr(TsMuxer, "mux", broken)
        with pytest.raises((ClientPayloadError, ServerDisconnectedError)):
            await received(session, url)
        await until(lambda: hub.viewers == 0)
    assert "made up" in caplog.text
    assert token not in caplog.text


async def test_many_viewers_one_encoder(session: ClientSession) -> None:
    """However many look, one encodes, and the camera is asked once."""
    async with serving() as (server, hub, source), kept(hub, source):
        source.past(7.2)
        await until(lambda: hub.live)
        url = await server.url("main")
        async with AsyncExitStack() as stack:
            answers = [await stack.enter_async_context(session.get(url)) for _ in range(8)]
            for answer in answers:
                assert await answer.content.readexactly(188 * 10)
            assert hub.viewers == 8
            assert threads() == ["panacam encoder"]
            assert source.opened == 1
        await until(lambda: hub.viewers == 0)
        await until(lambda: not threads())


async def test_one_who_does_not_read(socket_enabled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is hung up on, and meanwhile costs no more than may wait for it."""
    monkeypatch.setattr(module, "WRITE_TIMEOUT", 0.3)
    async with serving() as (server, hub, source), kept(hub, source):
        source.show()
        parts = urlsplit(await server.url("main"))
        with socket.socket() as idle:
            idle.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            idle.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(idle, (parts.hostname, parts.port))
            request = f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: here\r\n\r\n"
            await loop.sock_sendall(idle, request.encode())
            await until(lambda: hub.viewers == 1)
            (viewer,) = hub._packet_viewers
            await until(lambda: hub._format is not None)
            format_, ticks = hub._format, 10**9
            while hub.viewers:
                # More than any buffer of the system takes.
                ticks += 100
                viewer.offer(format_, [replace(NOISE, pts=ticks, dts=ticks)])
                await asyncio.sleep(0.001)
                assert viewer._bytes <= MAX_WAITING
            await until(lambda: not threads())
            connections = server._runner.server if server._runner is not None else None
            await until(lambda: connections is not None and not connections.connections)
    await alone()


async def test_one_who_hangs_up_at_once(session: ClientSession) -> None:
    """A player that goes while its past is being muxed leaves nothing behind."""
    async with serving() as (server, hub, source), kept(hub, source):
        source.past(7.2, rate=30)
        await until(lambda: source.taken == 217)
        url = await server.url("main")
        async with session.get(url, headers=LAVF) as answer:
            await answer.content.readexactly(188)
            for _ in range(10):
                async with session.get(url, headers=LAVF) as other:
                    assert other.status == 200
                await asyncio.sleep(0)
        await until(lambda: hub.viewers == 0)


async def test_muxing_is_not_cut_off(
    session: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The muxer of a player that has gone is freed when no thread is in it any more."""
    inside, gate, steps = threading.Event(), threading.Event(), list[str]()
    mux, close = TsMuxer.mux, TsMuxer.close

    def slow(self: TsMuxer, packets: list[Packet]) -> bytes:
        if len(packets) <= module.INLINE:
            return mux(self, packets)
        inside.set()
        assert gate.wait(10)
        data = mux(self, packets)
        steps.append("muxed")
        return data

    def closed(self: TsMuxer) -> None:
        steps.append("closed")
        close(self)

    async with serving() as (server, hub, source), kept(hub, source), AsyncExitStack() as stack:
        source.past(7.2)
        await until(lambda: hub.live)
        viewer = await stack.enter_async_context(hub.packets())
        await until(lambda: len(viewer._waiting) > 50)
        monkeypatch.setattr(TsMuxer, "mux", slow)
        monkeypatch.setattr(TsMuxer, "close", closed)
        async with session.get(await server.url("main"), headers=LAVF):
            await until(inside.is_set)
        await asyncio.sleep(0.05)
        assert steps == []
        gate.set()
        await until(lambda: hub.viewers == 1)
        assert steps == ["muxed", "closed"]


async def test_close_while_they_look(session: ClientSession) -> None:
    """The hub's end is the end of the stream, and the server's that of the connection."""
    async with serving(sound_rate=8000) as (server, hub, source), playing(source, sound=True):
        url = await server.url("main")
        async with session.get(url) as one, session.get(url) as other:
            await one.content.readexactly(188 * 20)
            await hub.close()
            await one.content.read()
            await other.content.read()
            async with session.get(url) as late:
                assert late.status == 503
            await server.close()
    assert threads() == []


async def test_the_server_alone_closes(
    session: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It hangs up on everybody, and listens no more whoever asks."""
    runner = web.AppRunner
    monkeypatch.setattr(
        web, "AppRunner", lambda app, **how: runner(app, **(how | {"shutdown_timeout": 0.1}))
    )
    async with serving() as (server, hub, source), playing(source):
        async with session.get(await server.url("main")) as answer:
            await answer.content.readexactly(188)
            await server.close()
            with pytest.raises(ClientPayloadError):
                await answer.content.read()
        await until(lambda: hub.viewers == 0)
        await server.close()
        with pytest.raises(ConnectError):
            await server.url("main")


async def test_no_port(socket_enabled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a port there is no URL, and nothing half done is kept."""
    async with serving() as (server, _, _):
        with monkeypatch.context() as patch:
            patch.setattr(module, "HOST", "192.0.2.1")
            with pytest.raises(OSError, match=r"192\.0\.2\.1"):
                await server.url("main")
        assert server._runner is None
        assert (await server.url("main")).startswith("http://127.0.0.1:")
