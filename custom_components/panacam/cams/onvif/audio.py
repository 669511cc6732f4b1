"""Sound: on or off, and the settings of microphones, encoders and loudspeakers (6.3, 6.4)."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from ..errors import Reason, RefusedError
from ..roles import Reading
from ..settings import Text, Toggle, Value
from ..text import plain
from .board import Board, Profile, Write
from .configuration import (
    MAX_OPTIONS,
    Item,
    Subject,
    Withdrawn,
    limits,
    slug,
    whole,
    words,
)
from .media_service import MediaService, Reread
from .multicast import multicast_items
from .node import Node
from .trying import optional

MAX_NAME: Final = 64
SOUND: Final = ("audio_source", "audio_encoder")
"""What a profile with sound has, in the order in which one needs the other."""

OPERATIONS: Final[Mapping[str, str]] = {
    "media2.GetAudioEncoderConfigurationOptions": "options of select `audio_encoder_...`",
    "media2.SetAudioEncoderConfiguration": "select `audio_encoder_...`",
    "media2.GetAudioSourceConfigurationOptions": "options of select `audio_source_input`",
    "media2.SetAudioSourceConfiguration": "select `audio_source_input`",
    "media2.GetAudioOutputConfigurationOptions": "options of `audio_output_...`",
    "media2.SetAudioOutputConfiguration": "number `audio_output_level`, select"
    " `audio_output_primacy`, `audio_output_output`",
    "media2.GetAudioDecoderConfigurationOptions": "sensor `audio_decoder_codecs`",
    "media2.SetAudioDecoderConfiguration": "text `audio_decoder_name`",
    **{
        f"media.{operation}": f"{use}, without Media2"
        for kind, use in {
            "AudioEncoder": "settings `audio_encoder_...`",
            "AudioSource": "select `audio_source_input`",
            "AudioOutput": "settings `audio_output_...`",
            "AudioDecoder": "sensor `audio_decoder_codecs`, text `audio_decoder_name`",
        }.items()
        for operation in (
            f"Get{kind}Configurations",
            f"Get{kind}Configuration",
            f"Get{kind}ConfigurationOptions",
            f"Set{kind}Configuration",
        )
    },
    "media.GetCompatibleAudioSourceConfigurations": "switch `profile_audio`, without Media2",
    "media.GetCompatibleAudioEncoderConfigurations": "switch `profile_audio`, without Media2",
}

_CODECS: Final = {
    "aac": "aac",
    "mp4a-latm": "aac",
    "mpeg4-generic": "aac",
    "g711": "g711",
    "pcmu": "g711",
    "pcma": "g711_a",
    "g726": "g726",
    "opus": "opus",
}
_OLD_DECODERS: Final = {"AACDecOptions": "aac", "G711DecOptions": "g711", "G726DecOptions": "g726"}


def audio_codec(encoding: str) -> str:
    """Return `aac`, `g711`, `g711_a`, `g726`, `opus`, or what else the device calls it."""
    return _CODECS.get(encoding.casefold(), slug(encoding))


def describe_audio_encoder(subject: Subject) -> Iterator[Item]:
    """Return codec, bit rate in kbit/s and sample rate in kHz, as far as there is a choice."""
    node = subject.node
    options = _by_encoding(subject.options)
    if len(options) > 1:
        codecs: dict[str, str] = {}
        for encoding in options:
            codecs.setdefault(audio_codec(encoding), encoding)
        codec = node.text("Encoding")
        yield subject.choice("codec", codecs, codec, _put_codec(options), enabled=False)
    now = options.get(node.text("Encoding") or "")
    for name, element in (("bit_rate", "Bitrate"), ("sample_rate", "SampleRate")):
        known = [] if now is None else _numbers(now, element)
        if len(known) > 1:
            choices = {value: value for value in known}
            yield subject.choice(
                name, choices, _number(node, element), _put(element), enabled=subject.preferred
            )
    yield from multicast_items(subject)


def _by_encoding(options: Iterable[Node]) -> dict[str, Node]:
    """Return the options of each encoding; the first service has them one level deeper."""
    found: dict[str, Node] = {}
    for option in options:
        for one in option.children("Options") or [option]:
            if (encoding := one.text("Encoding")) is not None and len(found) < MAX_OPTIONS:
                found.setdefault(encoding, one)
    return found


def _numbers(options: Node, element: str) -> list[str]:
    items = options.children(f"{element}List", "Items")[:MAX_OPTIONS]
    return list(dict.fromkeys(filter(None, (_number(item) for item in items))))


def _number(node: Node, *path: str) -> str | None:
    number = node.number(*path)
    return None if number is None else f"{number:g}"


def _put(element: str) -> Callable[[Node, str], None]:
    return lambda node, value: node.put(element, text=value)


def _put_codec(options: Mapping[str, Node]) -> Callable[[Node, str], None]:
    """Return what changes the codec, and with it rates that the other one has not."""

    def put(node: Node, encoding: str) -> None:
        node.put("Encoding", text=encoding)
        for element in ("Bitrate", "SampleRate"):
            known = _numbers(options[encoding], element) if encoding in options else []
            if known and _number(node, element) not in known:
                node.put(element, text=known[0])

    return put


def describe_audio_source(subject: Subject) -> Iterator[Item]:
    """Return which input it takes, where there are several."""
    yield from _tokens(subject, "input", "InputTokensAvailable", "SourceToken")


def describe_audio_output(subject: Subject) -> Iterator[Item]:
    """Return how loud it is, who may speak on a half-duplex line, and which output it is."""
    node = subject.node
    option = subject.options[0] if subject.options else None
    level = limits(option, "OutputLevelRange")
    if level is not None and level[0] < level[1]:
        yield subject.range(
            "level",
            level,
            node.number("OutputLevel"),
            lambda node, value: node.put("OutputLevel", text=whole(value)),
            enabled=subject.preferred,
        )
    if option is None:
        return
    primacies = [found.text() or "" for found in option.children("SendPrimacyOptions")]
    now = node.text("SendPrimacy")
    if now is not None and len(primacies) > 1:
        known = {slug(word.rpartition("/")[2]): word for word in primacies if word}
        yield subject.choice("primacy", known, now, _put("SendPrimacy"), enabled=False)
    yield from _tokens(subject, "output", "OutputTokensAvailable", "OutputToken")


def _tokens(subject: Subject, name: str, available: str, element: str) -> Iterator[Item]:
    known = words(
        found.text() for option in subject.options for found in option.children(available)
    )
    if len(known) > 1:
        now = subject.node.text(element)
        yield subject.choice(name, known, now, _put(element), enabled=False)


def describe_audio_decoder(subject: Subject) -> Iterator[Item]:
    """Return its name: it has nothing else."""
    row = Text(
        key=subject.key("name"),
        kind=subject.kind("name"),
        label=subject.label,
        enabled=False,
        max_length=MAX_NAME,
    )
    name = plain(subject.node.text("Name"), MAX_NAME)
    yield Item(row, name, lambda node, value: node.put("Name", text=str(value)))


def show_decoder(board: Board, prefix: str, label: str, options: Iterable[Node]) -> None:
    """Show what a decoder understands: `aac, g711`."""
    codecs: list[str] = []
    for option in options:
        codecs += [audio_codec(encoding) for encoding in _by_encoding((option,))]
        codecs += [codec for name, codec in _OLD_DECODERS.items() if option.child(name)]
    row = Reading(
        key=f"{prefix}_codecs",
        kind="audio_decoder_codecs",
        label=label,
        enabled=False,
        diagnostic=True,
    )
    board.reading(row, ", ".join(dict.fromkeys(codecs)) or None)


class AudioRows:
    """A switch for each profile: whether its stream has sound."""

    def __init__(self, service: MediaService, board: Board, reread: Reread) -> None:
        """Offer them on `board`; `reread` reads profiles back, with the service's lock held."""
        self._service = service
        self._board = board
        self._reread = reread
        self._rows = Withdrawn(board)
        self._there = False
        self._before: dict[tuple[int, str], str] = {}
        """Token by a profile's index and kind, of what was taken out."""

    async def learn(self, profiles: Iterable[Profile]) -> None:
        """Find out whether there is sound at all. ConnectError, AuthError."""
        self._there = any(_sounds(profile) for profile in profiles)
        if self._there:
            return
        for kind in SOUND:
            if not await optional(self._service.configurations(kind)):
                return
        self._there = True

    def show(
        self,
        profiles: Mapping[int, Profile],
        labels: Mapping[int, str],
        preferred: Profile | None,
    ) -> None:
        """Offer one for each profile with a stream; most people want that of `preferred`."""
        shown = profiles if self._there else {}
        self._rows.replace(_key(index) for index in shown)
        for index, profile in shown.items():
            row = Toggle(
                key=_key(index),
                kind="profile_audio",
                label=labels[index],
                enabled=profile is preferred,
            )
            self._board.setting(row, self._writer(index), _sounds(profile))

    def _writer(self, index: int) -> Write:
        async def write(value: Value) -> None:
            async with self._service.lock:
                profile = next(
                    (found for found in self._board.profiles if found.index == index), None
                )
                if profile is None:
                    raise RefusedError(Reason.NOT_FOUND)
                if value:
                    await self._add(profile)
                else:
                    await self._remove(profile)
                await self._reread()

        return write

    async def _add(self, profile: Profile) -> None:
        missing = [kind for kind in SOUND if kind not in profile.configurations]
        if missing:
            tokens = {kind: await self._token(profile, kind) for kind in missing}
            await self._service.add(profile.token, tokens)

    async def _token(self, profile: Profile, kind: str) -> str:
        """Return what it had before, else what another profile has, else what it can have."""
        found = await self._service.configurations(kind, profile.token)
        known = [token for node in found if (token := node.attribute("token"))]
        if not known:
            raise RefusedError(Reason.UNSUPPORTED, kind)
        wanted = [self._before.get((profile.index, kind))]
        wanted += [other.configurations.get(kind) for other in self._board.profiles]
        return next((token for token in wanted if token in known and token), known[0])

    async def _remove(self, profile: Profile) -> None:
        for kind in reversed(SOUND):
            if (token := profile.configurations.get(kind)) is None:
                continue
            try:
                await self._service.remove(profile.token, {kind: token})
            except RefusedError as err:
                # The microphone may be needed for more than sound.
                if kind == "audio_encoder" or err.reason is not Reason.CONFLICT:
                    raise
            self._before[profile.index, kind] = token


def _key(index: int) -> str:
    return f"profile_{index}_audio"


def _sounds(profile: Profile) -> bool:
    return all(kind in profile.configurations for kind in SOUND)
