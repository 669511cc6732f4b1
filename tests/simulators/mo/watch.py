"""What tests look at in a camera."""

from collections.abc import Mapping, Sequence
from typing import Final

from .camera import Camera, DecoderCommand
from .data import DataConnection
from .operation import Operation
from .server import Server
from .talk import TalkRecording


class Watched:
    """The camera as it is seen from outside."""

    def __init__(self, camera: Camera, server: Server) -> None:
        """Look at a camera and its connections."""
        self.camera: Final = camera
        self._server: Final = server

    @property
    def users(self) -> dict[str, str]:
        """The users and their passwords; a test may change them."""
        return self.camera.users

    @property
    def clients(self) -> Sequence[Operation]:
        """The operation connections: who, what was granted, what came."""
        return tuple(self._server.operations)

    @property
    def data_connections(self) -> Sequence[DataConnection]:
        """The data connections."""
        return tuple(self._server.data_connections)

    @property
    def connections(self) -> int:
        """How many connections there are, of whatever kind."""
        return self._server.connections

    @property
    def verified(self) -> int:
        """How many clients have logged in rightly."""
        return sum(client.verified for client in self.clients)

    @property
    def streaming_video(self) -> int:
        """How many clients get pictures."""
        return sum(client.video and client.data is not None for client in self.clients)

    @property
    def streaming_audio(self) -> int:
        """How many clients get sound."""
        return sum(client.audio and client.data is not None for client in self.clients)

    @property
    def talking(self) -> bool:
        """Whether anybody talks."""
        return self._server.talker is not None

    @property
    def keep_alives(self) -> int:
        """How many keep-alives the present clients have sent on operation connections."""
        return sum(client.keep_alives for client in self.clients)

    @property
    def decoder_commands(self) -> list[DecoderCommand]:
        """Operation codes 14 so far, oldest first."""
        return list(self.camera.decoder_commands)

    @property
    def parameters(self) -> Mapping[str, int]:
        """The parameters by name."""
        return self.camera.parameters

    @property
    def talk(self) -> TalkRecording:
        """What was said to the camera."""
        return self.camera.talk

    @property
    def pictures_sent(self) -> int:
        """How many pictures left, counted for each client."""
        return self.camera.pictures_sent

    @property
    def pictures_dropped(self) -> int:
        """How many pictures did not leave, as their client did not keep up."""
        return self.camera.pictures_dropped

    def sent_at(self, counter: int) -> float:
        """Give the monotonic time at which picture `counter` left; KeyError if it did not."""
        return self.camera.sent_at(counter)
