"""Rubbish raises ProtocolError, and nothing else."""

from contextlib import suppress

from hypothesis import given, settings, strategies as st

from custom_components.panacam.cams.errors import ProtocolError
from custom_components.panacam.cams.mo.data import DATA, decode_data
from custom_components.panacam.cams.mo.operation import OPERATIONS, decode_operation
from custom_components.panacam.cams.mo.search import read_search_reply
from custom_components.panacam.cams.mo.session import DataSession, OperationSession, Ready
from custom_components.panacam.cams.mo.wire import Channel, Frame, encode_frame
from custom_components.panacam.cams.stream import Credentials
from tests.simulators.mo.vectors import load, names

quick = settings(derandomize=True, database=None, deadline=None, max_examples=150)
OPERATION_VECTORS = [load(name) for name in names("operation")]
DATA_VECTORS = [load(name) for name in names("data")]


def in_session() -> OperationSession:
    """Return a session that is logged in."""
    session = OperationSession(Credentials("admin", "12345"))
    session.feed(load("operation/login_resp") + load("operation/verify_resp"))
    assert any(isinstance(event, Ready) for event in session.events())
    return session


def spoilt(data: st.DataObject, vectors: list[bytes]) -> bytes:
    """Return good frames, some bytes of which are others."""
    good = bytearray(b"".join(data.draw(st.lists(st.sampled_from(vectors), min_size=1))))
    for _ in range(data.draw(st.integers(0, 4))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    return bytes(good)


@quick
@given(code=st.sampled_from([*OPERATIONS, 99]), text=st.binary(max_size=70))
def test_operation_texts(code: int, text: bytes) -> None:
    """Any text of any command."""
    with suppress(ProtocolError):
        decode_operation(Frame(code, memoryview(text)))


@quick
@given(code=st.sampled_from([*DATA, 99]), text=st.binary(max_size=70))
def test_data_texts(code: int, text: bytes) -> None:
    """Any text of any command of the data connection."""
    with suppress(ProtocolError):
        decode_data(Frame(code, memoryview(text)))


@quick
@given(st.binary(max_size=100))
def test_datagrams(data: bytes) -> None:
    """Any datagram, with and without the right beginning."""
    for datagram in (data, b"MO_I\x01\0" + data):
        with suppress(ProtocolError):
            read_search_reply(datagram)


@quick
@given(st.data())
def test_operation_session(data: st.DataObject) -> None:
    """An operation connection before and after the login."""
    for session in (OperationSession(Credentials("admin", "12345")), in_session()):
        rubbish = spoilt(data, OPERATION_VECTORS)
        at = data.draw(st.integers(0, len(rubbish)))
        with suppress(ProtocolError):
            for piece in (rubbish[:at], rubbish[at:]):
                session.feed(piece)
                list(session.events())
        session.bytes_to_send()


@quick
@given(st.data())
def test_data_session(data: st.DataObject) -> None:
    """A data connection, which only broken frames end."""
    session = DataSession(1)
    rubbish = spoilt(data, DATA_VECTORS)
    at = data.draw(st.integers(0, len(rubbish)))
    with suppress(ProtocolError):
        for piece in (rubbish[:at], rubbish[at:]):
            session.feed(piece)
            list(session.events())


@quick
@given(st.lists(st.tuples(st.integers(0, 65535), st.binary(max_size=60)), max_size=8))
def test_good_frames_of_anything(frames: list[tuple[int, bytes]]) -> None:
    """Whole frames never end a connection that is logged in."""
    operation, data = in_session(), DataSession(1)
    for code, text in frames:
        operation.feed(encode_frame(Channel.OPERATION, code, text))
        data.feed(encode_frame(Channel.DATA, code, text))
    list(operation.events())
    list(data.events())
