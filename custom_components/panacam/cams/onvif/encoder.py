"""Video encoder configurations of both media services as settings (6.3.3, 6.4)."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from .configuration import (
    Item,
    Subject,
    drop_attribute,
    insert,
    limits,
    numbers,
    put_attribute,
    whole,
    words,
)
from .multicast import multicast_items
from .node import Node, as_flag, as_number
from .profiles import codec_of

ANY_BIT_RATE: Final = (32.0, 16384.0)
"""kbit/s, for devices that do not tell; what is too much or too little they bend themselves."""
DEFAULT_GOV: Final = "30"
_AFTER_H264: Final = ("Multicast", "SessionTimeout")

OPERATIONS: Final[Mapping[str, str]] = {
    "media2.GetVideoEncoderConfigurationOptions": "ranges of the `encoder_...` settings",
    "media2.SetVideoEncoderConfiguration": "select, number and switch `encoder_...`",
    "media.GetVideoEncoderConfigurations": "action `panacam.get_profiles`, without Media2",
    "media.GetVideoEncoderConfiguration": "settings `encoder_...` read back, without Media2",
    "media.GetVideoEncoderConfigurationOptions": "ranges of the `encoder_...` settings, without"
    " Media2",
    "media.SetVideoEncoderConfiguration": "select, number and switch `encoder_...`, without Media2",
}


def describe_encoder(subject: Subject) -> Iterator[Item]:
    """Return what can be adjusted; nothing but multicast where the device tells no options.

    Most people want what a picture costs, of one stream; another codec breaks whoever plays it.
    """
    options = _Options.of(subject)
    if options is not None:
        yield from _picture(subject, options)
        yield from _rates(subject, options)
        yield from _flags(subject, options)
    yield from multicast_items(subject)


class _Options:
    """What one codec can have, read from whichever service's options."""

    def __init__(self, codec: Node, general: Node, *, media2: bool) -> None:
        self._codec = codec
        self._general = general
        self._media2 = media2

    @staticmethod
    def of(subject: Subject) -> _Options | None:
        """Return the options for the codec of now, or None when there are none."""
        return _Options.find(subject.options, codec_of(subject.node.text("Encoding")))

    @staticmethod
    def find(options: Iterable[Node], codec: str) -> _Options | None:
        """Return the options for a codec."""
        for option in options:
            if (encoding := option.text("Encoding")) is not None:  # Media2 has one for each
                if codec_of(encoding) == codec:
                    return _Options(option, option, media2=True)
            elif (found := option.child(codec.upper())) is not None:
                more = option.child("Extension", codec.upper())
                return _Options(more or found, option, media2=False)
        return None

    @property
    def media2(self) -> bool:
        """Return whether they are those of Media2."""
        return self._media2

    @property
    def resolutions(self) -> dict[str, tuple[int, int]]:
        """Return what sizes there are, largest first as devices list them."""
        found: dict[str, tuple[int, int]] = {}
        for node in self._codec.children("ResolutionsAvailable"):
            width, height = node.number("Width"), node.number("Height")
            if width and height and width > 0 and height > 0 and len(found) < 64:
                found[f"{round(width)}x{round(height)}"] = (round(width), round(height))
        return found

    @property
    def frame_rates(self) -> list[float]:
        """Return the rates that Media2 lists, in order."""
        return sorted(
            {rate for rate in numbers(self._codec.attribute("FrameRatesSupported")) if rate > 0}
        )

    @property
    def frame_range(self) -> tuple[float, float] | None:
        """Return the lowest and highest rate."""
        if rates := self.frame_rates:
            return rates[0], rates[-1]
        return limits(self._codec, "FrameRateRange")

    @property
    def bit_rates(self) -> tuple[float, float]:
        """Return the lowest and highest bit rate in kbit/s."""
        return limits(self._codec, "BitrateRange") or ANY_BIT_RATE

    @property
    def qualities(self) -> tuple[float, float] | None:
        """Return the lowest and highest quality."""
        return limits(self._general, "QualityRange")

    @property
    def intervals(self) -> tuple[float, float] | None:
        """Return how many pictures may be left out between two (the first service)."""
        return limits(self._codec, "EncodingIntervalRange")

    @property
    def govs(self) -> tuple[float, float] | None:
        """Return the least and most pictures from one key picture to the next."""
        if self._media2:
            found = numbers(self._codec.attribute("GovLengthRange"))
            return (min(found), max(found)) if found else None
        return limits(self._codec, "GovLengthRange")

    @property
    def profiles(self) -> dict[str, str]:
        """Return the codec's profiles."""
        if self._media2:
            return words((self._codec.attribute("ProfilesSupported") or "").split())
        names = ("H264ProfilesSupported", "Mpeg4ProfilesSupported")
        return words(node.text() for name in names for node in self._codec.children(name))

    def says(self, name: str) -> bool:
        """Return whether an attribute says yes."""
        return as_flag(self._codec.attribute(name) or self._general.attribute(name)) is True


def _codecs(options: Iterable[Node]) -> dict[str, str]:
    """Return the device's words for the codecs by ours."""
    found: dict[str, str] = {}
    for option in options:
        if (encoding := option.text("Encoding")) is not None:
            found.setdefault(codec_of(encoding), encoding)
        else:
            names = ("H264", "JPEG", "MPEG4")
            found |= {codec_of(name): name for name in names if option.child(name) is not None}
    return found


def _picture(subject: Subject, options: _Options) -> Iterator[Item]:
    node = subject.node
    codecs = _codecs(subject.options)
    if len(codecs) > 1:
        now = node.text("Encoding")
        yield subject.choice("codec", codecs, now, _put_codec(subject), enabled=False)
    sizes = options.resolutions
    width, height = node.number("Resolution", "Width"), node.number("Resolution", "Height")
    if sizes and width is not None and height is not None:
        now = f"{round(width)}x{round(height)}"
        known = {size: size for size in sizes}
        yield subject.choice("resolution", known, now, _put_size, enabled=subject.preferred)
    if (qualities := options.qualities) is not None and qualities[0] < qualities[1]:
        step = 1.0 if all(limit.is_integer() for limit in qualities) else 0.1
        yield subject.range(
            "quality",
            qualities,
            node.number("Quality"),
            lambda node, value: node.put("Quality", text=f"{value:g}"),
            step=step,
            enabled=False,
        )
    if len(profiles := options.profiles) > 1:
        now = _profile(node, options)
        yield subject.choice("profile", profiles, now, _put_profile(options), enabled=False)


def _rates(subject: Subject, options: _Options) -> Iterator[Item]:
    node = subject.node
    rates = options.frame_rates
    # Without the element the device controls no rate at all.
    control = node.child("RateControl")
    if control is not None:
        if (frames := options.frame_range) is not None and frames[0] < frames[1]:

            def put_rate(node: Node, value: float) -> None:
                if rates:
                    value = min(rates, key=lambda rate: abs(rate - value))
                node.put("RateControl", "FrameRateLimit", text=f"{value:g}")

            now = control.number("FrameRateLimit")
            yield subject.range(
                "frame_rate", frames, now, put_rate, unit="fps", enabled=subject.preferred
            )
        yield subject.range(
            "bit_rate",
            options.bit_rates,
            control.number("BitrateLimit"),
            lambda node, value: node.put("RateControl", "BitrateLimit", text=whole(value)),
            unit="kbit/s",
            enabled=subject.preferred,
        )
        intervals = options.intervals
        if intervals is not None and intervals[0] < intervals[1]:
            yield subject.range(
                "interval",
                intervals,
                control.number("EncodingInterval"),
                lambda node, value: node.put("RateControl", "EncodingInterval", text=whole(value)),
                enabled=False,
            )
    if (govs := options.govs) is not None and govs[0] < govs[1]:
        now = _gov(node, options)
        yield subject.range("gov_length", govs, now, _put_gov(options), enabled=False)


def _flags(subject: Subject, options: _Options) -> Iterator[Item]:
    node = subject.node
    control = node.child("RateControl")
    if control is not None and options.says("ConstantBitRateSupported"):

        def put_constant(node: Node, text: str) -> None:
            if (control := node.child("RateControl")) is not None:
                put_attribute(control, "ConstantBitRate", text)

        now = as_flag(control.attribute("ConstantBitRate")) is True
        yield subject.toggle("constant_bit_rate", now, put_constant, enabled=subject.preferred)
    if options.says("GuaranteedFrameRateSupported"):
        yield subject.toggle(
            "guaranteed_frame_rate",
            as_flag(node.attribute("GuaranteedFrameRate")) is True,
            lambda node, text: put_attribute(node, "GuaranteedFrameRate", text),
            enabled=False,
        )


def _put_size(node: Node, size: str) -> None:
    width, _, height = size.partition("x")
    node.put("Resolution", "Width", text=width)
    node.put("Resolution", "Height", text=height)


def _special(node: Node) -> Node | None:
    """Return the element of the first service that only one codec has."""
    return node.child("H264") or node.child("MPEG4")


def _gov(node: Node, options: _Options) -> float | None:
    if options.media2:
        return as_number(node.attribute("GovLength"))
    special = _special(node)
    return None if special is None else special.number("GovLength")


def _put_gov(options: _Options) -> Callable[[Node, float], None]:
    def put(node: Node, value: float) -> None:
        if options.media2:
            put_attribute(node, "GovLength", whole(value))
        elif (special := _special(node)) is not None:
            special.put("GovLength", text=whole(value))

    return put


def _profile(node: Node, options: _Options) -> str | None:
    if options.media2:
        return node.attribute("Profile")
    if (special := _special(node)) is None:
        return None
    return special.text("H264Profile") or special.text("Mpeg4Profile")


def _put_profile(options: _Options) -> Callable[[Node, str], None]:
    def put(node: Node, word: str) -> None:
        if options.media2:
            put_attribute(node, "Profile", word)
        elif (special := _special(node)) is not None:
            name = "H264Profile" if special.name == "H264" else "Mpeg4Profile"
            special.put(name, text=word)

    return put


def _put_codec(subject: Subject) -> Callable[[Node, str], None]:
    """Return what changes the codec, and with it what the other one cannot have."""

    def put(node: Node, encoding: str) -> None:
        node.put("Encoding", text=encoding)
        options = _Options.find(subject.options, codec_of(encoding))
        if options is None:
            return
        _fit_size(node, options)
        if (qualities := options.qualities) is not None:
            now = node.number("Quality")
            node.put("Quality", text=f"{_within(now, qualities):g}")
        control = node.child("RateControl")
        if control is not None and (frames := options.frame_range) is not None:
            wanted = _within(control.number("FrameRateLimit"), frames)
            nearest = min(options.frame_rates or [wanted], key=lambda rate: abs(rate - wanted))
            control.put("FrameRateLimit", text=f"{nearest:g}")
        if options.media2:
            _fit_new(node, options)
        else:
            _fit_old(node, options, codec_of(encoding))

    return put


def _within(value: float | None, limits: tuple[float, float]) -> float:
    return limits[0] if value is None else min(max(value, limits[0]), limits[1])


def _fit_size(node: Node, options: _Options) -> None:
    width, height = node.number("Resolution", "Width"), node.number("Resolution", "Height")
    sizes = options.resolutions
    if not sizes or (width, height) in sizes.values():
        return
    area = (width or 0) * (height or 0)
    _put_size(node, min(sizes, key=lambda name: abs(sizes[name][0] * sizes[name][1] - area)))


def _fit_new(node: Node, options: _Options) -> None:
    if (govs := options.govs) is None:
        drop_attribute(node, "GovLength")
    else:
        now = as_number(node.attribute("GovLength")) or float(DEFAULT_GOV)
        put_attribute(node, "GovLength", whole(_within(now, govs)))
    profiles = list(options.profiles.values())
    if not profiles:
        drop_attribute(node, "Profile")
    elif node.attribute("Profile") not in profiles:
        put_attribute(node, "Profile", profiles[0])


def _fit_old(node: Node, options: _Options, codec: str) -> None:
    before = _special(node)
    gov = before.number("GovLength") if before is not None else None
    for name in ("H264", "MPEG4"):
        node.drop(name)
    if codec not in {"h264", "mpeg4"}:
        return
    special = insert(node, codec.upper(), _AFTER_H264)
    wanted = _within(gov or float(DEFAULT_GOV), options.govs or (1.0, float(DEFAULT_GOV)))
    namespaced = f"{codec.capitalize()}Profile"
    special.put("GovLength", text=whole(wanted))
    special.put(namespaced, text=next(iter(options.profiles.values()), "Main"))
