"""Authentication, access levels, faults and life of the simulated Panasonic camera."""

import asyncio
import threading
import time

import aiohttp
import pytest

from tests.simulators.povcam import REALM, Auth, Fault, PovcamSimulator
from tests.simulators.povcam.auth import digest_response, md5_hex, parse_parameters

DIGEST = aiohttp.DigestAuthMiddleware


async def fetch(
    sim: PovcamSimulator, cgi: str, *, login: tuple[str, str] | None = None, basic: bool = False
) -> tuple[int, str]:
    """Status and challenge of a CGI, asked with `login`."""
    headers = {"Authorization": aiohttp.encode_basic_auth(*login)} if login and basic else {}
    middlewares = (DIGEST(*login),) if login and not basic else ()
    async with (
        aiohttp.ClientSession(headers=headers, middlewares=middlewares) as session,
        session.get(f"{sim.url}/cgi-bin/{cgi}") as response,
    ):
        return response.status, response.headers.get("WWW-Authenticate", "")


def test_digest_example() -> None:
    """The example of RFC 2617, 3.5 comes out."""
    fields = parse_parameters(
        'username="Mufasa", realm="testrealm@host.com", '
        'nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", uri="/dir/index.html", qop=auth, '
        'nc=00000001, cnonce="0a4f113b", opaque="5ccc069c403ebaf9f0171e9517f40e41"'
    )
    ha1 = md5_hex("Mufasa:testrealm@host.com:Circle Of Life")
    assert digest_response(ha1, "GET", fields) == "6629fae49393a05397450978507c4ef1"


@pytest.mark.parametrize("scheme", [Auth.BASIC, Auth.DIGEST])
@pytest.mark.parametrize("user_auth", [False, True])
async def test_access_levels(
    socket_enabled: None,
    scheme: Auth,
    user_auth: bool,
) -> None:
    """Live and Admin CGIs want what chapter 1 says, with User auth. off and on."""
    basic = scheme is Auth.BASIC
    admin, viewer = ("admin", "12345"), ("viewer", "viewer")
    async with PovcamSimulator(auth=scheme, user_auth=user_auth) as sim:
        live = 401 if user_auth else 200
        assert (await fetch(sim, "get_state"))[0] == live
        assert (await fetch(sim, "get_state", login=viewer, basic=basic))[0] == 200
        assert (await fetch(sim, "get_network"))[0] == 401
        assert (await fetch(sim, "get_network", login=viewer, basic=basic))[0] == 401
        assert (await fetch(sim, "get_network", login=admin, basic=basic))[0] == 200
        assert sim.requests[-1].user == "admin"
        assert (await fetch(sim, "get_network", login=("admin", "x"), basic=basic))[0] == 401
        sim.set_password("admin", "new")
        assert (await fetch(sim, "get_network", login=admin, basic=basic))[0] == 401
        assert (await fetch(sim, "get_network", login=("admin", "new"), basic=basic))[0] == 200


async def test_challenges(socket_enabled: None) -> None:
    """The challenges are worded as the cameras word them."""
    async with PovcamSimulator(auth=Auth.BASIC) as sim:
        challenge = (await fetch(sim, "get_network"))[1]
        assert challenge == 'Basic realm="Panasonic network device"'
    async with PovcamSimulator() as sim:
        challenge = (await fetch(sim, "get_network"))[1]
        assert challenge.startswith(f'Digest realm="{REALM}", nonce="')
        assert challenge.endswith('", stale="false", algorithm="MD5", qop="auth"')


async def test_digest_is_really_checked(client: aiohttp.ClientSession) -> None:
    """A replayed count or an old nonce is stale, another URI or a wrong nc is refused."""
    async with PovcamSimulator() as sim:
        challenge = (await fetch(sim, "get_network"))[1]

        async def ask(nc: str, uri: str = "/cgi-bin/get_network") -> tuple[int, str]:
            fields = parse_parameters(challenge) | {
                "username": "admin",
                "uri": uri,
                "nc": nc,
                "cnonce": "abc",
            }
            ha1 = md5_hex(f"admin:{REALM}:12345")
            fields["response"] = digest_response(ha1, "GET", fields)
            header = "Digest " + ", ".join(f'{key}="{value}"' for key, value in fields.items())
            headers = {"Authorization": header}
            async with client.get(f"{sim.url}/cgi-bin/get_network", headers=headers) as answer:
                again = parse_parameters(answer.headers.get("WWW-Authenticate", ""))
                return answer.status, again.get("stale", "")

        assert await ask("00000001") == (200, "")
        assert await ask("00000001") == (401, "true")
        assert await ask("00000002") == (200, "")
        assert await ask("2") == (401, "false")
        assert await ask("00000003", uri="/") == (401, "false")
        sim.rotate_nonce()
        assert await ask("00000004") == (401, "true")


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault.ERROR_500, 500),
        (Fault.EMPTY, 200),
        (Fault.UNAUTHORIZED, 401),
        (Fault.HTML_PAGE, 200),
        (Fault.NO_CONTENT, 204),
        (Fault.RUBBISH, 200),
        (Fault.REDIRECT, 302),
    ],
)
async def test_wrong_answers(
    client: aiohttp.ClientSession, sim: PovcamSimulator, fault: Fault, code: int
) -> None:
    """Faults that are whole answers."""
    sim.fault("get_state", fault, times=1)
    url = f"{sim.url}/cgi-bin/get_state"
    async with client.get(url, allow_redirects=False) as response:
        body = await response.read()
        assert response.status == code
    assert b"rec_counter" not in body
    if fault is Fault.REDIRECT:
        assert response.headers["Location"].startswith("http://192.0.2.99/")
    async with client.get(url) as response:
        assert b"rec_counter" in await response.read()


async def raw(sim: PovcamSimulator, wait: float = 1.0) -> tuple[bytes, bool]:
    """All the bytes of a get_state answer within `wait`, and whether the end was seen."""
    reader, writer = await asyncio.open_connection(sim.host, sim.port)
    writer.write(b"GET /cgi-bin/get_state HTTP/1.1\r\nHost: camera\r\n\r\n")
    data, ended = b"", False
    try:
        async with asyncio.timeout(wait):
            while piece := await reader.read(65536):
                data += piece
            ended = True
    except TimeoutError:
        pass
    finally:
        writer.transport.abort()
    return data, ended


async def test_lying_lengths(sim: PovcamSimulator) -> None:
    """Content-Length and body disagree on the wire."""

    async def said_and_sent(fault: Fault) -> tuple[int, int]:
        sim.fault("*", fault)
        data, ended = await raw(sim)
        assert ended
        head, _, body = data.partition(b"\r\n\r\n")
        return int(head.rpartition(b": ")[2]), len(body)

    said, sent = await said_and_sent(Fault.CUT)
    assert sent == said // 2
    said, sent = await said_and_sent(Fault.LIE_LONG)
    assert said == sent + 1000
    said, sent = await said_and_sent(Fault.LIE_SHORT)
    assert said == sent // 2


async def test_silence(sim: PovcamSimulator) -> None:
    """HANG sends nothing, DRIP a byte at a time, CLOSE ends at once, RESET resets."""
    sim.fault("get_state", Fault.HANG)
    assert await raw(sim, 0.3) == (b"", False)
    sim.fault("get_state", Fault.DRIP)
    data, ended = await raw(sim, 0.8)
    assert data.endswith(b"\r\n\r\nrr")
    assert not ended
    sim.fault("get_state", Fault.CLOSE)
    assert await raw(sim) == (b"", True)
    sim.fault("get_state", Fault.RESET)
    with pytest.raises(ConnectionResetError):
        await raw(sim)
    sim.clear_faults()
    assert b"rec_counter" in (await raw(sim, 0.2))[0]


async def test_huge(client: aiohttp.ClientSession, sim: PovcamSimulator) -> None:
    """HUGE announces 100 MB and really streams."""
    sim.fault("get_state", Fault.HUGE)
    async with client.get(f"{sim.url}/cgi-bin/get_state") as response:
        assert response.content_length == 100_000_000
        await response.content.readexactly(5_000_000)


async def test_reboot_refuses(client: aiohttp.ClientSession, sim: PovcamSimulator) -> None:
    """During a reboot the port refuses; afterwards it is the same one."""
    url = f"{sim.url}/cgi-bin/get_state"
    sim.camera.recording = True
    away = asyncio.create_task(sim.reboot(0.2))
    await asyncio.sleep(0.1)
    with pytest.raises(aiohttp.ClientConnectorError):
        await client.get(url)
    await away
    async with client.get(url) as response:
        assert (await response.text()).startswith("rec=off\r\n")


async def test_https(client: aiohttp.ClientSession) -> None:
    """HTTPS serves with a certificate of its own."""
    async with PovcamSimulator(https=True, auth=Auth.NONE) as sim:
        assert sim.url.startswith("https://")
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await client.get(f"{sim.url}/cgi-bin/get_state")
        async with client.get(f"{sim.url}/cgi-bin/get_state", ssl=False) as response:
            assert response.status == 200


async def test_many_start_fast_and_leave_nothing(socket_enabled: None) -> None:
    """Fifty cameras start in well under a second and stop without a trace."""
    tasks, threads = len(asyncio.all_tasks()), threading.active_count()
    sims = [PovcamSimulator(auth=Auth.NONE) for _ in range(50)]
    began = time.monotonic()
    for sim in sims:
        await sim.start()
    assert time.monotonic() - began < 1
    assert threading.active_count() == threads
    sims[0].fault("*", Fault.HANG)
    hanging = asyncio.create_task(raw(sims[0], 5))
    await asyncio.sleep(0.05)
    for sim in sims:
        await sim.stop()
    assert (await hanging)[1]
    assert (len(asyncio.all_tasks()), threading.active_count()) == (tasks, threads)


async def test_stop_during_reboot(socket_enabled: None) -> None:
    """A camera that is stopped while it restarts stays down."""
    sim = PovcamSimulator(auth=Auth.NONE)
    await sim.start()
    away = asyncio.create_task(sim.reboot(0.1))
    await asyncio.sleep(0.05)
    await sim.stop()
    await away
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(sim.host, sim.port)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(sim.host, sim.rtsp_port)
