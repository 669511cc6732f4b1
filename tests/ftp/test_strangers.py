"""Strangers: wrong passwords, wrong paths, too many of them, and everything that is not allowed."""

import asyncio
from ftplib import FTP, all_errors, error_perm, error_temp
import logging
import socket
import time

import pytest

from custom_components.panacam.ftp import Account, Limits
from custom_components.panacam.ftp.door import MAX_KNOWN, Accounts, Door
from custom_components.panacam.ftp.transfers import Times
from custom_components.panacam.ftp.tree import INCOMING
from tests.conftest import until
from tests.ftp.conftest import GATE, YARD, Drop, MakeDrop, refused, store

LINES = b"NOOP\r\n"


async def raw(drop: Drop, *lines: bytes, login: bool = True) -> list[bytes]:
    """Send lines as they are, one after the other; return the answers."""
    reader, writer = await asyncio.open_connection("127.0.0.1", drop.port)
    answers = [await reader.readline()]
    first = (b"USER gate", b"PASS " + GATE.password.encode()) if login else ()
    for line in (*first, *lines):
        writer.write(line + b"\r\n")
        answers.append(await reader.readline())
    writer.close()
    return answers[1 + len(first) :]


async def test_wrong_passwords(
    drop: Drop, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are slowed down, hung up on, and logged once: by address, with no word of theirs."""
    waited: list[float] = []
    real = asyncio.sleep

    async def sleep(delay: float, result: object = None) -> object:
        waited.append(delay)
        return await real(0, result)

    monkeypatch.setattr("custom_components.panacam.ftp.door.asyncio.sleep", sleep)
    for name, word in (("gate", b"guess-1"), ("nobody", b"guess-2"), ("gate\x1b[31m", b"guess-3")):
        answers = await raw(
            drop,
            *(b"USER " + name.encode(), b"PASS " + word) * 3,
            b"NOOP",
            login=False,
        )
        # Nobody learns which names there are.
        assert [line[:3] for line in answers] == [b"331", b"530"] * 3 + [b""]
    assert [delay for delay in waited if delay >= 0.5] == [0.5, 1, 2, 4, 8, 10][: len(waited)]
    assert caplog.text.count("Wrong FTP user name or password from 127.0.0.1") == 1
    for word in ("guess", "nobody", "\x1b", GATE.password):
        assert word not in caplog.text
    await drop.put("a.jpg", b"1")  # the right one comes in, and is forgiven
    waited.clear()
    await drop.put("b.jpg", b"1")
    assert waited == []


async def test_slowed_down(drop: Drop) -> None:
    """The wait is a real one."""
    before = time.perf_counter()
    await raw(drop, *(b"USER gate", b"PASS x") * 3, login=False)
    await raw(drop, *(b"USER gate", b"PASS x") * 2, login=False)
    assert time.perf_counter() - before > 1.4  # 0.5 and 1


def test_failures_are_bounded(caplog: pytest.LogCaptureFixture) -> None:
    """A thousand addresses take neither memory nor the log."""
    now = 0.0
    door = Door(most=5, most_of_one=2, clock=lambda: now)
    for number in range(MAX_KNOWN + 50):
        door.failed(f"192.0.{number // 250}.{number % 250}")
        door.failed(f"2001:db8::{number:x}")
    assert len(door._failed) == MAX_KNOWN
    assert caplog.text.count("Wrong FTP") == 20
    now = 3601.0
    door.failed("192.0.2.1")
    assert caplog.text.count("Wrong FTP") == 21


async def test_accounts_tell_no_secret() -> None:
    """Neither by repr, nor by an empty password."""
    assert GATE.password not in repr(GATE)
    accounts = Accounts()
    accounts.put([GATE])
    for name in ("gate", "nobody", ""):
        _, user, _ = await accounts.get_user(name)
        assert user is not None
        assert GATE.password not in repr(user)
        assert not await accounts.authenticate(user, "")
        assert not await accounts.authenticate(user, "\udcff")
        assert await accounts.authenticate(user, GATE.password) is (name == "gate")


PATHS = [
    b"../../x",
    b"../../../../../../../../etc/passwd",
    b"/../../yard/x",
    b"..\\..\\yard\\x",
    b"a/../../yard/b",
    b"//etc//x",
    b"/etc/shadow",
    b"....//....//x",
    b"%2e%2e/x",
    b".incoming/x",
    b"~/x",
    b"x" * 300,
    b"x/" * 50,
    b"x" * 1900,
    b"nul\0l",
    b"bell\x07.jpg",
    b"esc\x1b[31m.jpg",
    "rl\u202egpj.exe".encode(),
    "録画.mp4".encode("cp932"),
    "录像.mp4".encode(),
    b"\x81\xff\xfe.mp4",
    b"C:\\clips\\a.mp4",
    b"con.mp4",
    b". ",
    b"...",
    b"-rf",
    b"a\rQUIT",
    b"link/x",
    b"",
]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: repr(path)[:30])
async def test_paths(drop: Drop, path: bytes) -> None:
    """Whatever is asked for by whatever name: nothing but the own folder is touched."""
    outside = drop.root.parent / "outside"
    outside.mkdir()
    (outside / "x").write_bytes(b"secret")
    await drop.put("x", b"yard's", YARD)
    await drop.put("own.txt", b"own")
    (drop.root / "gate" / "link").symlink_to(outside)
    before = {name: drop.files()[name] for name in ("yard/x", "gate/own.txt")}
    commands = [b"CWD", b"MKD", b"SIZE", b"MDTM", b"RNFR", b"DELE", b"RETR", b"RMD", b"STAT"]
    answers = await raw(drop, *(command + b" " + path for command in commands))
    answers += await raw(drop, b"RNFR own.txt", b"RNTO " + path)
    for command in (b"STOR", b"APPE", b"NLST", b"LIST", b"MLSD"):
        answers += await transferred(drop, command + b" " + path)
    for answer in answers:
        assert b"secret" not in answer
        assert b"root:" not in answer
        assert b"yard's" not in answer
        assert not answer.startswith(b"213 6")  # how long it is
    files = drop.files()
    assert files.items() >= before.items()
    assert [name for name in files if name.startswith("yard/")] == ["yard/x"]
    assert (outside / "x").read_bytes() == b"secret"
    assert sorted(one.name for one in drop.root.parent.iterdir()) == ["drop", "outside"]
    assert list(outside.iterdir()) == [outside / "x"]
    assert {one.name for one in drop.root.iterdir()} <= {"gate", "yard", INCOMING}


async def transferred(drop: Drop, command: bytes) -> list[bytes]:
    """Send a command that has a data connection; return all that comes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", drop.port)
    lines = (b"USER gate", b"PASS " + GATE.password.encode(), b"EPSV", command)
    answers = [await reader.readline()]
    data_writer = None
    found: list[bytes] = []
    for line in lines:
        writer.write(line + b"\r\n")
        answers.append(await reader.readline())
        if line == b"EPSV":
            port = int(answers[-1].split(b"|")[3])
            data_reader, data_writer = await asyncio.open_connection("127.0.0.1", port)
    assert data_writer is not None
    if answers[-1].startswith(b"150"):
        if command.startswith((b"STOR", b"APPE")):
            data_writer.write(b"mine")
            data_writer.write_eof()
        found.append(await data_reader.read())
        found.append(await reader.readline())
    data_writer.close()
    writer.close()
    return [*answers[4:], *found]


async def test_only_own_names(drop: Drop) -> None:
    """Each account sees what it sent, and can read back none of it."""
    await drop.put("clips/a.jpg", b"gate's")
    await drop.put("b.mp4", b"yard's", YARD)

    def look(client: FTP) -> list[str]:
        lines: list[str] = []
        client.retrlines("LIST -la /", lines.append)
        client.retrlines("LIST", lines.append)
        with pytest.raises(error_perm, match="550"):
            client.nlst("/../../yard")
        names = client.nlst("/../..") + client.nlst("clips")
        for command in ("RETR clips/a.jpg", "RETR /b.mp4", "MLSD", "SITE CHMOD 777 a", "STAT /"):
            assert refused(client, command) == "502"
        assert client.size("clips/a.jpg") == 6
        assert client.sendcmd("MDTM clips/a.jpg").startswith("213 20")
        assert refused(client, "SIZE b.mp4") == "550"
        assert refused(client, "SIZE clips") == "550"
        assert refused(client, "CWD yard") == "550"
        assert refused(client, "RMD clips") == "502"
        assert client.nlst("clips/a.jpg") == ["a.jpg"]
        with pytest.raises(error_perm, match="550"):
            client.nlst("nothing")
        return [*lines, *names]

    *lists, first, second = await drop.do(look)
    assert [line[:10] + line[-6:] for line in lists] == ["drwx------ clips"] * 2
    assert (first, second) == ("clips", "a.jpg")


async def test_habits(drop: Drop) -> None:
    """What clients say before they come to the point is answered."""
    answers = await raw(
        drop,
        *(b"SYST", b"type i", b"TYPE A N", b"TYPE X", b"STRU F", b"STRU R", b"MODE S", b"MODE Z"),
        *(b"OPTS UTF8 ON", b"OPTS X", b"ALLO 100", b"NOOP", b"XPWD", b"PORT 127,0,0,1,1,1"),
        *(b"EPRT |1|127.0.0.1|99|", b"AUTH TLS", b"EPSV ALL", b"EPSV 2", b"STOR a.jpg"),
        *(b'MKD a"b', b'CWD a"b', b"PWD", b"CDUP", b"PWD", b"MKD /", b'MKD a"b', b"ABOR"),
        *(b"CWD nothing", b"rest 0", b"REST 1", b"RNTO x", b"NLST nothing", b"quit"),
    )
    assert b" ".join(answer[:3] for answer in answers).decode() == (
        "215 200 200 504 200 504 200 504 "
        "200 501 202 200 257 502 "
        "502 502 200 522 425 "
        "257 250 257 250 257 550 550 226 "
        "550 350 501 503 550 221"
    )
    assert answers[21] == b'257 "/a""b"\r\n'
    features = (await raw(drop, b"FEAT", b"", b"", b"", b"", b"", b"", b"NOOP"))[:7]
    assert features[0] == b"211-Features:\r\n"


async def test_no_account_no_command(drop: Drop) -> None:
    """Nothing is done before the password."""
    commands = [b"PWD", b"CWD /", b"MKD a", b"PASV", b"EPSV", b"STOR a", b"LIST", b"TYPE I"]
    answers = await raw(drop, *commands, b"PASS x", login=False)
    assert [answer[:3] for answer in answers] == [b"530"] * len(commands) + [b"503"]
    # Nobody becomes somebody else.
    assert [a[:3] for a in await raw(drop, b"USER yard", b"PWD")] == [b"503", b"257"]
    assert drop.files() == {}


async def test_hundred_connections(make_drop: MakeDrop, caplog: pytest.LogCaptureFixture) -> None:
    """A hundred connections of one address: a few stay, the others are sent away at once."""
    drop: Drop = await make_drop(times=Times(idle=60))
    opened = [await asyncio.open_connection("127.0.0.1", drop.port) for _ in range(100)]
    answers = [await asyncio.wait_for(reader.readline(), 5) for reader, _ in opened]
    assert sum(answer.startswith(b"220") for answer in answers) == 8
    assert sum(answer.startswith(b"421") for answer in answers) == 92
    assert caplog.text.count("Too many FTP connections") == 1
    for _, writer in opened:
        writer.close()
    await until(lambda: not drop.server._sessions)
    assert drop.server._door._inside == {}
    await drop.put("a.jpg", b"1")


async def test_data_connection_of_another_address(drop: Drop) -> None:
    """Whoever finds the port first gets nothing, and gives nothing."""

    def steal(client: FTP) -> None:
        host, port = client.makepasv()
        with socket.create_connection((host, port), source_address=("127.0.0.7", 0)) as thief:
            thief.settimeout(5)
            assert client.sendcmd("STOR a.jpg")[:3] == "150"
            assert thief.recv(1) == b""
        with socket.create_connection((host, port)) as data:
            data.sendall(b"mine")
        assert client.voidresp()[:3] == "226"

    await drop.do(steal)
    assert drop.files() == {"gate/a.jpg": b"mine"}


async def test_passive_range(make_drop: MakeDrop) -> None:
    """Ports are those of the range, each for one transfer; the address may be told."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        used = taken.getsockname()[1]
        with socket.create_server(("127.0.0.1", 0)) as other:
            free = other.getsockname()[1]
        drop: Drop = await make_drop(passive_ports=(used, free), told_address="192.0.2.7")

        def try_it(client: FTP) -> None:
            for _ in range(5):
                numbers = client.sendcmd("PASV").split("(")[1].rstrip(").").split(",")
                assert numbers[:4] == ["192", "0", "2", "7"]
                assert int(numbers[4]) * 256 + int(numbers[5]) == free
            with FTP(timeout=5) as second:  # noqa: S321
                second.connect("127.0.0.1", drop.port)
                second.login(GATE.username, GATE.password)
                with pytest.raises(error_temp, match="425"):
                    second.sendcmd("EPSV")
            client.trust_server_pasv_ipv4_address = False
            store(client, "a.jpg", b"1")

        await drop.do(try_it)


async def test_pipelining(drop: Drop) -> None:
    """Ten thousand commands at once are answered one by one, and none is kept in memory."""
    reader, writer = await asyncio.open_connection("127.0.0.1", drop.port)
    writer.write(b"USER gate\r\nPASS " + GATE.password.encode() + b"\r\n" + LINES * 10_000)
    await asyncio.sleep(0.2)
    [session] = drop.server._sessions.values()
    assert session.responses is not None
    assert session.responses.qsize() <= 1
    assert len(asyncio.all_tasks()) < 20
    for _ in range(1003):
        await asyncio.wait_for(reader.readline(), 5)
    writer.close()


async def test_reads_no_answers(make_drop: MakeDrop, caplog: pytest.LogCaptureFixture) -> None:
    """A client that never reads is hung up on; nothing of it stays."""
    drop: Drop = await make_drop(times=Times(idle=2, answer=0.3, session=20))
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
    sock.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(sock, ("127.0.0.1", drop.port))
    long = "x" * 200 + "/" + "y" * 200 + "/" + "z" * 200
    hello = f"USER gate\r\nPASS {GATE.password}\r\nMKD {long}\r\nCWD {long}\r\n"
    await loop.sock_sendall(sock, hello.encode())
    with pytest.raises(OSError, match=r"reset|pipe"):
        await _for_ever(sock)
    sock.close()
    await until(lambda: not drop.server._sessions)
    assert "Traceback" not in caplog.text


async def _for_ever(sock: socket.socket) -> None:
    while True:
        await asyncio.get_running_loop().sock_sendall(sock, b"PWD\r\n" * 1000)


@pytest.mark.parametrize(
    "sent", [b"", b"NOOP", b"x" * 200_000, b"\xff\xfe\0" * 100 + b"\r\n", b"\r\n\r\n", b"USER\r\n"]
)
async def test_rubbish(drop: Drop, sent: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """Rubbish ends in a refusal or a hang-up, never in a traceback."""
    _, writer = await asyncio.open_connection("127.0.0.1", drop.port)
    writer.write(sent)
    await asyncio.sleep(0.05)
    writer.close()
    await until(lambda: not drop.server._sessions)
    assert [one for one in caplog.records if one.levelno >= logging.WARNING] == []


async def test_idle(make_drop: MakeDrop) -> None:
    """Who says nothing is hung up on, in the middle of a word too; not while a file comes."""
    drop: Drop = await make_drop(times=Times(idle=0.3, session=20))
    for said in (b"", b"NO"):
        reader, writer = await asyncio.open_connection("127.0.0.1", drop.port)
        await reader.readline()
        writer.write(said)
        assert (await asyncio.wait_for(reader.read(), 5)).startswith(b"421")
        writer.close()

    def slowly(client: FTP) -> None:
        data = client.transfercmd("STOR a.jpg")
        for _ in range(4):
            data.sendall(b"x")
            time.sleep(0.2)
        data.close()
        assert client.voidresp()[:3] == "226"

    await drop.do(slowly)


async def test_conversation_ends(make_drop: MakeDrop) -> None:
    """No conversation lasts for ever."""
    drop: Drop = await make_drop(times=Times(session=0.3))
    reader, writer = await asyncio.open_connection("127.0.0.1", drop.port)
    assert (await asyncio.wait_for(reader.read(), 5)).startswith(b"220")
    writer.close()
    await until(lambda: not drop.server._sessions)


async def test_account_removed(drop: Drop) -> None:
    """Who is no longer to come in is sent away in the middle of a file."""

    def interrupted(client: FTP) -> None:
        data = client.transfercmd("STOR a.mp4")
        data.sendall(b"x" * 1000)
        loop.call_soon_threadsafe(drop.server.put_accounts, [YARD])
        with pytest.raises(all_errors):
            client.voidresp()
        data.close()

    loop = asyncio.get_running_loop()
    await drop.do(interrupted)
    with pytest.raises(error_perm, match="530"):
        await drop.put("a.jpg", b"1")
    drop.server.put_accounts([YARD, Account(key="gate", username="gate", password="new")])
    with pytest.raises(error_perm, match="530"):
        await drop.put("a.jpg", b"1")
    assert drop.files() == {}


async def test_folders_are_bounded(make_drop: MakeDrop) -> None:
    """Nobody fills the disk with folders, by whatever command; what is there costs nothing."""
    drop: Drop = await make_drop(Limits(free_bytes=0, account_folders=4))

    def many(client: FTP) -> None:
        client.mkd("a")
        for _ in range(5):
            assert refused(client, "MKD a") == "550"
            store(client, "a/b/1.jpg", b"1")
        store(client, "x.tmp", b"1")
        client.rename("x.tmp", "c/x.tmp")
        client.sendcmd("RNFR c/x.tmp")
        assert refused(client, "RNTO d/e/x.tmp") == "552"
        assert refused(client, "MKD f") == "552"  # d was made
        with pytest.raises(error_perm, match="552"):
            store(client, "in/a/folder.jpg", b"1")
        store(client, "a/b/2.jpg", b"1")

    await drop.do(many)
    folders = [path for path in (drop.root / "gate").rglob("*") if path.is_dir()]
    assert len(folders) == 4
    real = drop.store._clock
    drop.store._clock = lambda: real() + 7200 * 10**9  # d is empty
    await drop.store.tidy()
    await drop.do(lambda client: client.mkd("f"))


async def test_folders_alone_are_counted_again(make_drop: MakeDrop) -> None:
    """An account that never sent a file has its folders counted by tidying, too."""
    drop: Drop = await make_drop(Limits(free_bytes=0, account_folders=1))
    await drop.do(lambda client: client.mkd("a"))
    (drop.root / "gate" / "a").rmdir()
    await drop.do(lambda client: refused(client, "MKD b"))
    await drop.store.tidy()
    await drop.do(lambda client: client.mkd("b"))


async def test_ipv6(make_drop: MakeDrop, ipv6_enabled: None) -> None:
    """The same over IPv6, where PASV cannot say where to come to."""
    drop: Drop = await make_drop(host="::1")

    def send() -> None:
        with FTP(timeout=5) as client:  # noqa: S321
            client.connect("::1", drop.port)
            client.login(GATE.username, GATE.password)
            assert refused(client, "PASV") == "522"
            store(client, "a.jpg", b"1")

    await asyncio.to_thread(send)
    assert drop.files() == {"gate/a.jpg": b"1"}
