"""A client's operation connection (MO_O)."""

import asyncio
from collections import deque
from collections.abc import Callable
import random
import time
from typing import TYPE_CHECKING, Final

from .camera import DecoderCommand
from .faults import MoFault
from .link import Link
from .wire import (
    LOGIN_RESP,
    RESULT,
    RESULT_ID,
    VERIFY_REQ,
    Frame,
    Op,
    Result,
    WireError,
    padded,
    read_frame,
    unpadded,
)

if TYPE_CHECKING:
    from .data import DataConnection
    from .server import Server

_TRIES: Final = 3
_ROVER: Final = {MoFault.ROVER_59: 59, MoFault.ROVER_62: 62}
_ECHO: Final = bytes(range(16))
_CHALLENGE: Final = bytes.fromhex("d1c2b3a4 95867768 594a3b2c 1d0efff0")


class Operation:
    """One client: what it was granted and what it did."""

    def __init__(self, server: Server, reader: asyncio.StreamReader, link: Link) -> None:
        """Serve a connection."""
        self.link: Final = link
        self.address: Final[tuple[str, int]] = link.writer.get_extra_info("peername")
        self.data_id: Final = server.camera.dialect.data_id or random.randrange(2, 1 << 32)
        self.data: DataConnection | None = None
        """The data connection, while there is one."""
        self.logged_in = False
        self.user: str | None = None
        """Who it is, once verified."""
        self.video = False
        self.audio = False
        self.talking = False
        self.keep_alives = 0
        """Keep-alives received."""
        self.commands: Final[deque[int]] = deque(maxlen=1000)
        """Operation codes received, oldest first."""
        self.audio_packets = 0
        self._server = server
        self._camera = server.camera
        self._faults = server.faults
        self._reader = reader
        self._tries = 0
        self._alarm_clock: asyncio.TimerHandle | None = None
        self._handlers: dict[int, Callable[[bytes], None]] = {
            Op.VIDEO_START_REQ: self._start_video,
            Op.VIDEO_END: self._end_video,
            Op.FRAME_INTERVAL: self._camera.frame_intervals.append,
            Op.AUDIO_START_REQ: self._start_audio,
            Op.AUDIO_END: self._end_audio,
            Op.TALK_START_REQ: self._start_talk,
            Op.TALK_END: self._end_talk,
            Op.DECODER_CONTROL: self._control,
            Op.PARAMETERS_REQ: self._tell_parameters,
            Op.PARAMETER_SET: self._set_parameter,
        }

    @property
    def verified(self) -> bool:
        """Whether user and password were right."""
        return self.user is not None

    async def run(self, begun: bytes) -> None:
        """Read commands until the client goes away, is silent for too long or misbehaves."""
        self._keep_alive_later()
        try:
            while not self.link.closed:
                async with asyncio.timeout(self._server.silence):
                    frame = await read_frame(self._reader, self.link.channel.magic, begun)
                begun = b""
                self._take(frame)
        except TimeoutError, WireError:
            pass

    def close(self) -> None:
        """Take back what was granted."""
        if self._alarm_clock is not None:
            self._alarm_clock.cancel()
        self.logged_in = self.video = self.audio = self.talking = False
        self.user = None
        if self.data is not None:
            self.data.link.abort()
        self.link.close()

    def data_lost(self) -> None:
        """Stop all streams: they begin again with a new request only."""
        self.data = None
        self.video = self.audio = False

    def _take(self, frame: Frame) -> None:
        self.commands.append(frame.code)
        match frame.code:
            case Op.KEEP_ALIVE:
                self.keep_alives += 1
            case Op.LOGIN_REQ:
                self._log_in()
            case Op.VERIFY_REQ if self.logged_in:
                self._verify(frame.text)
            case _ if self.user is None:
                # A stranger is not worth a connection.
                self.link.close()
            case code if code in self._handlers:
                self._handlers[code](frame.text)

    def _log_in(self) -> None:
        if self._faults.take(MoFault.NO_LOGIN_ANSWER):
            return
        if self._faults.take(MoFault.LOGIN_REFUSED) or self._server.full(self):
            self.link.send(Op.LOGIN_RESP, RESULT.pack(Result.REFUSED))
            self.link.close()
            return
        self.logged_in = True
        model = self._camera.model
        text = LOGIN_RESP.pack(
            Result.OK, padded(model.camera_id, 13), bytes(4), bytes(4), bytes(model.firmware)
        )
        for fault, size in _ROVER.items():
            if self._faults.take(fault):
                text = (text + _ECHO + _CHALLENGE).ljust(size, b"\0")
        self.link.send(Op.LOGIN_RESP, text)

    def _verify(self, text: bytes) -> None:
        result = self._judge(text)
        dialect = self._camera.dialect
        answer = RESULT.pack(result)
        if result is Result.OK or dialect.verify_refused_size == 3:
            answer += bytes([dialect.verify_reserved])
        self.link.send(Op.VERIFY_RESP, answer)
        if result is not Result.OK:
            self._tries += 1
            if self._tries >= _TRIES:
                self.link.close()

    def _judge(self, text: bytes) -> Result:
        """Give the result for a user and a password."""
        for fault, result in (
            (MoFault.WRONG_USER, Result.WRONG_USER),
            (MoFault.WRONG_PASSWORD, Result.WRONG_PASSWORD),
            (MoFault.NO_PRIVILEGE, Result.NO_PRIVILEGE),
        ):
            if self._faults.take(fault):
                return result
        if len(text) != VERIFY_REQ.size:
            return Result.WRONG_USER
        user, password = (unpadded(field) for field in VERIFY_REQ.unpack(text))
        if user not in self._camera.users:
            return Result.WRONG_USER
        if password != self._camera.users[user]:
            return Result.WRONG_PASSWORD
        if user in self._camera.unprivileged:
            return Result.NO_PRIVILEGE
        self.user = user
        return Result.OK

    def _start_video(self, _text: bytes) -> None:
        refused = Result.REFUSED if self._faults.take(MoFault.VIDEO_REFUSED) else Result.OK
        self.video = self._grant(Op.VIDEO_START_RESP, refused) or self.video

    def _end_video(self, _text: bytes) -> None:
        self.video = False

    def _start_audio(self, _text: bytes) -> None:
        result = Result.OK
        if self._faults.take(MoFault.AUDIO_REFUSED):
            result = Result.REFUSED
        elif self._faults.take(MoFault.AUDIO_UNSUPPORTED) or not self._camera.model.audio:
            result = Result.UNSUPPORTED
        if self._grant(Op.AUDIO_START_RESP, result) and not self.audio:
            self.audio, self.audio_packets = True, 0

    def _end_audio(self, _text: bytes) -> None:
        self.audio = False

    def _start_talk(self, text: bytes) -> None:
        faults, result = self._faults, Result.OK
        if faults.take(MoFault.TALK_UNSUPPORTED) or not self._camera.model.talk:
            result = Result.UNSUPPORTED
        elif (
            faults.take(MoFault.TALK_REFUSED)
            or faults.active(MoFault.SECOND_CLIENT)
            or self._server.talker not in {None, self}
        ):
            result = Result.REFUSED
        if self._grant(Op.TALK_START_RESP, result):
            self.talking = True
            self._camera.talk.begin(text[0] if text else 0)

    def _end_talk(self, _text: bytes) -> None:
        self.talking = False
        if self._camera.dialect.talk_end_answer:
            self.link.send(Op.TALK_END_RESP)

    def _grant(self, code: Op, result: Result) -> bool:
        """Answer a start request; the id comes while no data connection is in use."""
        if result is not Result.OK:
            text = RESULT.pack(result)
        elif self.data is None:
            text = RESULT_ID.pack(result, self.data_id)
        elif self._camera.dialect.id_zero:
            text = RESULT_ID.pack(result, 0)
        else:
            text = RESULT.pack(result)
        self.link.send(code, text)
        return result is Result.OK

    def _control(self, text: bytes) -> None:
        if text and self._camera.model.motor:
            self._camera.decoder_commands.append(DecoderCommand(text[0], time.monotonic()))

    def _tell_parameters(self, _text: bytes) -> None:
        if not self._camera.model.parameters or self._faults.take(MoFault.NO_PARAMETERS):
            return
        self.link.send(Op.PARAMETERS_RESP, self._camera.parameter_bytes())
        if self._camera.dialect.parameters_zeros:
            self.link.send(Op.PARAMETERS_ZEROS, bytes(8))

    def _set_parameter(self, text: bytes) -> None:
        if len(text) == 2 and self._camera.model.parameters:
            self._server.set_parameter(text[0], text[1])

    def _keep_alive_later(self) -> None:
        loop = asyncio.get_running_loop()
        self._alarm_clock = loop.call_later(self._server.keep_alive, self._keep_alive)

    def _keep_alive(self) -> None:
        self.link.send(Op.KEEP_ALIVE)
        self._keep_alive_later()
