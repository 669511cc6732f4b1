"""The device IO service: what goes into the camera and out of it (5)."""

from typing import Final
from xml.etree.ElementTree import Element

from tests.simulators.onvif.camera import Camera
from tests.simulators.onvif.media_parts import (
    AUDIO_OUTPUT,
    AUDIO_SOURCE,
    SENSOR,
    VIDEO_SOURCE,
    AudioOutputConfiguration,
    AudioSourceConfiguration,
    Kind,
    VideoSourceConfiguration,
)
from tests.simulators.onvif.quirks import Quirk
from tests.simulators.onvif.service import (
    NAMESPACES,
    Service,
    SoapFault,
    attribute,
    child,
    children,
    element,
    escape,
    flag,
    invalid,
    number,
    text,
)
from tests.simulators.onvif.state_io import BISTABLE, MONOSTABLE, VideoOutput

from . import media
from .relays import (
    DELAY_TIMES,
    find_relay,
    get_relay_outputs,
    set_relay_output_state,
    settings_of,
)

PATH: Final = "/onvif/deviceio_service"
PRIMACIES: Final = (
    "www.onvif.org/ver20/HalfDuplex/Server",
    "www.onvif.org/ver20/HalfDuplex/Client",
    "www.onvif.org/ver20/HalfDuplex/Auto",
)


def _capabilities(camera: Camera) -> str:
    counts = {**camera.io.counts(), "SerialPorts": 0, "DigitalInputs": len(camera.io.inputs)}
    written = " ".join(f'{name}="{count}"' for name, count in counts.items())
    return f'<tmd:Capabilities {written} DigitalInputOptions="true"/>'


def _get_relay_output_options(camera: Camera, request: Element) -> str:
    wanted = text(request, "tmd:RelayOutputToken", "")
    relays = [find_relay(camera, wanted)] if wanted else list(camera.io.relays.values())
    written = ""
    for relay in relays:
        modes = (relay.mode,) if relay.fixed_mode else (BISTABLE, MONOSTABLE)
        written += (
            f'<tmd:RelayOutputOptions token="{escape(relay.token)}">'
            f"{''.join(element('tmd:Mode', mode) for mode in modes)}"
            f"<tmd:DelayTimes>{DELAY_TIMES[0]:g} {DELAY_TIMES[1]:g}</tmd:DelayTimes>"
            "<tmd:Discrete>false</tmd:Discrete></tmd:RelayOutputOptions>"
        )
    return written


def _get_digital_inputs(camera: Camera, _request: Element) -> str:
    return "".join(
        f'<tmd:DigitalInputs token="{escape(found.token)}" IdleState="{found.idle_state}"/>'
        for found in camera.io.inputs.values()
    )


def _get_digital_input_options(camera: Camera, request: Element) -> str:
    wanted = text(request, "tmd:Token", "")
    if wanted and wanted not in camera.io.inputs:
        raise invalid("NoConfig")
    return (
        "<tmd:DigitalInputOptions><tmd:IdleState>closed</tmd:IdleState>"
        "<tmd:IdleState>open</tmd:IdleState></tmd:DigitalInputOptions>"
    )


def _set_digital_input_configurations(camera: Camera, request: Element) -> str:
    wanted = {}
    for found in children(request, "tmd:DigitalInputs"):
        token, idle_state = found.get("token", ""), found.get("IdleState", "open")
        if token not in camera.io.inputs:
            raise invalid("NoConfig")
        if idle_state not in ("open", "closed"):
            raise invalid("SettingsInvalid")
        wanted[token] = idle_state
    for token, idle_state in wanted.items():
        camera.io.inputs[token].idle_state = idle_state
    return ""


def _video_output(camera: Camera, token: str) -> VideoOutput:
    output = camera.io.video_outputs.get(token)
    if output is None:
        raise invalid("NoVideoOutput")
    return output


def _get_video_outputs(camera: Camera, _request: Element) -> str:
    return "".join(
        f'<tmd:VideoOutputs token="{escape(output.token)}"><tt:Layout><tt:PaneLayout>'
        "<tt:Pane>pane_1</tt:Pane>"
        '<tt:Area bottom="-1" top="1" right="1" left="-1"/></tt:PaneLayout></tt:Layout>'
        f"<tt:Resolution><tt:Width>{output.resolution[0]}</tt:Width>"
        f"<tt:Height>{output.resolution[1]}</tt:Height></tt:Resolution>"
        f"<tt:RefreshRate>{output.refresh_rate:g}</tt:RefreshRate></tmd:VideoOutputs>"
        for output in camera.io.video_outputs.values()
    )


def _get_video_output_configuration(camera: Camera, request: Element) -> str:
    output = _video_output(camera, text(request, "tmd:VideoOutputToken"))
    inside = element("tt:OutputToken", output.token)
    return _configuration("VideoOutputConfiguration", output.configuration, output.name, 0, inside)


def _set_video_output_configuration(camera: Camera, request: Element) -> str:
    token = attribute(request, "token", "tmd:Configuration")
    outputs = camera.io.video_outputs.values()
    output = next((found for found in outputs if found.configuration == token), None)
    if output is None:
        raise invalid("NoConfig")
    if text(request, "tmd:Configuration/tt:OutputToken") != output.token:
        raise invalid("NoVideoOutput")
    flag(request, "tmd:ForcePersistence")
    output.name = text(request, "tmd:Configuration/tt:Name")
    return ""


def _get_video_output_configuration_options(camera: Camera, request: Element) -> str:
    _video_output(camera, text(request, "tmd:VideoOutputToken"))
    return "<tmd:VideoOutputConfigurationOptions/>"


def _get_video_sources(_camera: Camera, _request: Element) -> str:
    return element("tmd:Token", VIDEO_SOURCE)


def _get_audio_sources(camera: Camera, _request: Element) -> str:
    return element("tmd:Token", AUDIO_SOURCE) if camera.features.audio else ""


def _get_audio_outputs(camera: Camera, _request: Element) -> str:
    return element("tmd:Token", AUDIO_OUTPUT) if camera.features.audio_output else ""


def _video_source(camera: Camera) -> VideoSourceConfiguration:
    found = camera.media.only(Kind.VIDEO_SOURCE)
    assert isinstance(found, VideoSourceConfiguration)
    return found


def _audio_source(camera: Camera) -> AudioSourceConfiguration:
    if not camera.features.audio:
        raise invalid("NoAudioSource")
    found = camera.media.only(Kind.AUDIO_SOURCE)
    assert isinstance(found, AudioSourceConfiguration)
    return found


def _audio_output(camera: Camera) -> AudioOutputConfiguration:
    if not camera.features.audio_output:
        raise invalid("NoAudioOutput")
    found = camera.media.only(Kind.AUDIO_OUTPUT)
    assert isinstance(found, AudioOutputConfiguration)
    return found


def _get_video_source_configuration(camera: Camera, request: Element) -> str:
    found = _video_source(camera)
    if text(request, "tmd:VideoSourceToken") != found.source:
        raise invalid("NoVideoSource")
    left, top, width, height = found.bounds
    inside = (
        f"{element('tt:SourceToken', found.source)}"
        f'<tt:Bounds x="{left}" y="{top}" width="{width}" height="{height}"/>'
    )
    uses = camera.media.use_count(Kind.VIDEO_SOURCE, found.token)
    return _configuration("VideoSourceConfiguration", found.token, found.name, uses, inside)


def _set_video_source_configuration(camera: Camera, request: Element) -> str:
    found = _video_source(camera)
    _check_token(request, found.token)
    bounds = child(request, "tmd:Configuration/tt:Bounds")
    if bounds is None:
        raise SoapFault("Sender", ("InvalidArgs",), "no Bounds")
    left, top, width, height = (int(bounds.get(name, "-1")) for name in _BOUNDS)
    if min(left, top, width, height) < 0 or left + width > SENSOR[0] or top + height > SENSOR[1]:
        raise invalid("ConfigModify")
    found.bounds = left, top, width, height
    found.name = text(request, "tmd:Configuration/tt:Name")
    camera.media.configured(Kind.VIDEO_SOURCE, found.token)
    return ""


_BOUNDS: Final = ("x", "y", "width", "height")


def _get_video_source_options(camera: Camera, request: Element) -> str:
    if text(request, "tmd:VideoSourceToken") != VIDEO_SOURCE:
        raise invalid("NoVideoSource")
    ranges = zip(("X", "Y", "Width", "Height"), (*SENSOR, *SENSOR), strict=True)
    written = "".join(
        f"<tt:{name}Range><tt:Min>0</tt:Min><tt:Max>{size}</tt:Max></tt:{name}Range>"
        for name, size in ranges
    )
    return (
        f"<tmd:VideoSourceConfigurationOptions><tt:BoundsRange>{written}</tt:BoundsRange>"
        f"{element('tt:VideoSourceTokensAvailable', VIDEO_SOURCE)}"
        "</tmd:VideoSourceConfigurationOptions>"
    )


def _get_audio_source_configuration(camera: Camera, request: Element) -> str:
    found = _audio_source(camera)
    if text(request, "tmd:AudioSourceToken") != found.source:
        raise invalid("NoAudioSource")
    uses = camera.media.use_count(Kind.AUDIO_SOURCE, found.token)
    inside = element("tt:SourceToken", found.source)
    return _configuration("AudioSourceConfiguration", found.token, found.name, uses, inside)


def _set_audio_source_configuration(camera: Camera, request: Element) -> str:
    found = _audio_source(camera)
    _check_token(request, found.token)
    found.name = text(request, "tmd:Configuration/tt:Name")
    camera.media.configured(Kind.AUDIO_SOURCE, found.token)
    return ""


def _get_audio_source_options(camera: Camera, request: Element) -> str:
    if text(request, "tmd:AudioSourceToken") != _audio_source(camera).source:
        raise invalid("NoAudioSource")
    inside = element("tt:InputTokensAvailable", AUDIO_SOURCE)
    return f"<tmd:AudioSourceOptions>{inside}</tmd:AudioSourceOptions>"


def _get_audio_output_configuration(camera: Camera, request: Element) -> str:
    found = _audio_output(camera)
    if text(request, "tmd:AudioOutputToken") != found.output:
        raise invalid("NoAudioOutput")
    uses = camera.media.use_count(Kind.AUDIO_OUTPUT, found.token)
    inside = (
        element("tt:OutputToken", found.output)
        + element("tt:SendPrimacy", found.primacy)
        + element("tt:OutputLevel", found.level)
    )
    return _configuration("AudioOutputConfiguration", found.token, found.name, uses, inside)


def _set_audio_output_configuration(camera: Camera, request: Element) -> str:
    found = _audio_output(camera)
    _check_token(request, found.token)
    level = int(number(request, "tmd:Configuration/tt:OutputLevel"))
    primacy = text(request, "tmd:Configuration/tt:SendPrimacy", found.primacy)
    if not 0 <= level <= 100 or primacy not in PRIMACIES:
        raise invalid("ConfigModify")
    found.level, found.primacy = level, primacy
    found.name = text(request, "tmd:Configuration/tt:Name")
    camera.media.configured(Kind.AUDIO_OUTPUT, found.token)
    return ""


def _get_audio_output_options(camera: Camera, request: Element) -> str:
    if text(request, "tmd:AudioOutputToken") != _audio_output(camera).output:
        raise invalid("NoAudioOutput")
    if camera.has(Quirk.NO_OPTIONS):
        raise SoapFault("Receiver", ("ActionNotSupported",))
    primacies = "".join(element("tt:SendPrimacyOptions", primacy) for primacy in PRIMACIES)
    return (
        f"<tmd:AudioOutputOptions>{element('tt:OutputTokensAvailable', AUDIO_OUTPUT)}{primacies}"
        "<tt:OutputLevelRange><tt:Min>0</tt:Min><tt:Max>100</tt:Max></tt:OutputLevelRange>"
        "</tmd:AudioOutputOptions>"
    )


def _configuration(tag: str, token: str, name: str, uses: int, inside: str) -> str:
    return (
        f'<tmd:{tag} token="{escape(token)}">{element("tt:Name", name)}'
        f"<tt:UseCount>{uses}</tt:UseCount>{inside}</tmd:{tag}>"
    )


def _check_token(request: Element, token: str) -> None:
    if attribute(request, "token", "tmd:Configuration") != token:
        raise invalid("NoConfig")
    flag(request, "tmd:ForcePersistence")


SERVICE: Final = Service(
    "deviceio",
    NAMESPACES["tmd"],
    PATH,
    {
        "GetRelayOutputOptions": _get_relay_output_options,
        "SetRelayOutputSettings": settings_of(
            "tmd:RelayOutput@token", "tmd:RelayOutput/tt:Properties"
        ),
        "GetDigitalInputs": _get_digital_inputs,
        "GetDigitalInputConfigurationOptions": _get_digital_input_options,
        "SetDigitalInputConfigurations": _set_digital_input_configurations,
        "GetVideoOutputs": _get_video_outputs,
        "GetVideoOutputConfiguration": _get_video_output_configuration,
        "SetVideoOutputConfiguration": _set_video_output_configuration,
        "GetVideoOutputConfigurationOptions": _get_video_output_configuration_options,
        "GetVideoSources": _get_video_sources,
        "GetAudioSources": _get_audio_sources,
        "GetAudioOutputs": _get_audio_outputs,
        "GetVideoSourceConfiguration": _get_video_source_configuration,
        "SetVideoSourceConfiguration": _set_video_source_configuration,
        "GetVideoSourceConfigurationOptions": _get_video_source_options,
        "GetAudioSourceConfiguration": _get_audio_source_configuration,
        "SetAudioSourceConfiguration": _set_audio_source_configuration,
        "GetAudioSourceConfigurationOptions": _get_audio_source_options,
        "GetAudioOutputConfiguration": _get_audio_output_configuration,
        "SetAudioOutputConfiguration": _set_audio_output_configuration,
        "GetAudioOutputConfigurationOptions": _get_audio_output_options,
    },
    _capabilities,
)
RELAYS: Final = Service(
    "deviceio",
    NAMESPACES["tds"],
    PATH,
    {"GetRelayOutputs": get_relay_outputs, "SetRelayOutputState": set_relay_output_state},
)
"""Two operations whose elements are the device service's."""
OLD_LISTS: Final = Service(
    "deviceio",
    NAMESPACES["trt"],
    PATH,
    {
        name: media.SERVICE.operations[name]
        for name in ("GetVideoSources", "GetAudioSources", "GetAudioOutputs")
    },
)
"""Three operations whose elements were the media service's, as older clients still have them."""
