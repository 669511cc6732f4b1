"""The session description of section 13."""

from typing import Final

from .camera import Camera

_FORMAT: Final = (
    "a=fmtp:99 streamType=5; profile-level-id=41; mode=AAC-hbr; config=1190; sizeLength=13; "
    "indexLength=3; indexDeltaLength=3; bitrate={bits}"
)


def session_description(camera: Camera, stream: int, address: str) -> str:
    """Give the SDP of `stream`; there is no sound in it while the sound is off (12.1)."""
    video = camera.video[stream]
    sound = int(camera.audio_settings.bitrate)
    lines = [
        "v=0",
        f"o=- 1 1 IN IP4 {address}",
        "s=Media Presentation",
        "e=NONE",
        "c=IN IP4 0.0.0.0",
        f"b=AS:{video.bandwidth + (sound if camera.audio else 0)}",
        "t=0 0",
        "a=control:*",
        "a=range:npt=now-",
        "m=video 0 RTP/AVP 98",
        f"b=AS:{video.bandwidth}",
        f"a=framerate:{float(video.framerate):.1f}",
        "a=control:trackID=1",
        "a=rtpmap:98 H264/90000",
        "a=fmtp:98 packetization-mode=1",
        "a=h264-esid:201",
    ]
    if camera.audio:
        lines += [
            "m=audio 0 RTP/AVP 99",
            "a=control:trackID=2",
            "a=rtpmap:99 mpeg4-generic/48000/2",
            _FORMAT.format(bits=sound * 1000),
            "a=h264-esid:101",
        ]
    return "".join(f"{line}\r\n" for line in lines)
