from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.errors import CameraError
from custom_components.panacam.cams.onvif.device import OnvifDevice
from custom_components.panacam.cams.roles import (
    Move,
    Place,
    Tour,
    TourOperation,
    TourStep,
    Vector,
)
from custom_components.panacam.cams.settings import Choice, Range, Setting, Text, Toggle, Value
from custom_components.panacam.cams.stream import RtspStream
from scripts.lib import docs
from tests.cams.onvif.support import client_for
from tests.simulators.onvif import Fault, OnvifSimulator, Quirk

LINE = '<tt:Polyline><tt:Point x="0" y="0.5"/><tt:Point x="1" y="0.5"/></tt:Polyline>'
TRIANGLE = [(-0.5, -0.5), (0.5, -0.5), (0.0, 0.5)]


def other(row: Setting, now: Value | None) -> Value:
    """Return a value that a setting can have, another one if there is one."""
    match row:
        case Choice(options=options):
            return next((word for word in options if word != now), options[0])
        case Range(minimum=low, maximum=high):
            return low if now != low else high
        case Toggle():
            return not now
        case Text():
            return "Yard"


async def tried(*attempts: Awaitable[object]) -> None:
    """Do one after the other, whatever becomes of it: that it is asked for is what counts."""
    for attempt in attempts:
        with suppress(CameraError):
            await attempt


@asynccontextmanager
async def used(
    session: ClientSession, simulator: OnvifSimulator, webhook: str | None
) -> AsyncIterator[OnvifDevice]:
    """Connect a device, and close it."""
    device = OnvifDevice(client_for(session, simulator), webhook=webhook)
    try:
        await device.connect()
        yield device
    finally:
        await device.close()


async def change_everything(device: OnvifDevice) -> None:
    """Set every setting once, what is on or off twice, and press everything."""
    assert device.settings
    state = await device.poll()
    for row in device.settings.table:
        value = other(row, state.settings.get(row.key))
        await tried(device.settings.change(row.key, value))
        if isinstance(row, Toggle):
            await tried(device.settings.change(row.key, not value))
    if device.presses:
        for press in device.presses.table:
            await tried(device.presses.press(press.key))


async def move(device: OnvifDevice) -> None:
    """Go everywhere, by presets and round tours, too."""
    assert device.ptz and device.home and device.presets and device.tours  # noqa: PT018
    ptz, state = device.ptz, await device.poll()
    made = await device.presets.save("Here")
    await tried(
        ptz.start(Vector(pan=0.5)),
        ptz.stop(),
        ptz.step(Vector(pan=0.1)),
        ptz.go(Vector(pan=0.0, tilt=0.0)),
        device.home.go_home(),
        device.home.set_home(),
        ptz.look_at(Place(longitude=8.0, latitude=50.0)),
    )
    if device.mover:
        await tried(device.mover.move(Move.FOCUS_FAR), device.mover.move(Move.FOCUS_STOP))
    await tried(device.presets.recall(next(iter(state.presets))), ptz.stop())
    tour = Tour(name="Round", steps=(TourStep(preset=made),))
    round_ = await device.tours.create(tour)
    await tried(
        device.tours.operate(round_, TourOperation.START),
        device.tours.operate(round_, TourOperation.STOP),
        device.tours.modify(round_, tour),
        device.tours.remove(round_),
        device.presets.remove(made),
    )


async def edit(device: OnvifDevice) -> None:
    """Make, list, change and delete whatever can be."""
    assert device.profiles and device.osds and device.analytics  # noqa: PT018
    profiles, osds, analytics = device.profiles, device.osds, device.analytics
    await tried(profiles.profiles(), profiles.configurations())
    token = await profiles.create_profile("Mine", {})
    for one in await profiles.configurations():
        await tried(
            profiles.add_configuration(token, str(one["kind"]), str(one["token"])),
        )
    for one in await profiles.configurations():
        await tried(profiles.remove_configuration(token, str(one["kind"]), None))
    await tried(profiles.delete_profile(token))
    await tried(osds.osds())
    await tried(osds.delete_osd(await osds.create_osd({"text": "Yard"})))
    await tried(osds.create_osd({"text": "To be changed"}))
    if (masks := device.masks) is not None:  # only Media2 has them
        mask = await masks.create_mask({"points": TRIANGLE, "enabled": True})
        await tried(
            masks.masks(), masks.modify_mask(mask, {"enabled": False}), masks.delete_mask(mask)
        )
    for part, kind, parameters in (
        ("rules", "LineDetector", {"Direction": "Left", "Segments": LINE}),
        ("modules", "tnsx:ObjectTracker", {"Sensitivity": 3}),
    ):
        await tried(
            analytics.supported(part, None),
            analytics.items(part, None),
            analytics.create(part, None, "Gate", kind, parameters),
            analytics.modify(part, None, "Gate", parameters),
            analytics.delete(part, None, "Gate"),
        )


async def use_the_rest(device: OnvifDevice) -> None:
    """Take a picture, read the log, look again at everything, and restart."""
    for stream in device.streams[:1]:
        if isinstance(stream, RtspStream) and stream.ask_keyframe:
            await tried(stream.ask_keyframe())
    assert device.imager and device.system_log and device.rebooter  # noqa: PT018
    await tried(device.imager.snapshot(), device.system_log.read())
    device._refresh_at = 0.0
    await tried(device.poll(), device.rebooter.reboot())


SESSIONS: Final[tuple[dict[str, Any], ...]] = (
    {"media2": True},
    {
        "media2": False,
        "quirks": {
            Quirk.NO_GET_SERVICES,
            Quirk.NO_MAC,
            Quirk.EMPTY_SERIAL,
            Quirk.PTZ_UNATTACHED,
        },
    },
)
"""Of a device of today, and of an older one with its habits."""
OTHER_NAMES: Final = {
    "events.Subscribe": "notification.Subscribe",
    "subscription.PullMessages": "events.PullMessages",
    "subscription.SetSynchronizationPoint": "events.SetSynchronizationPoint",
    "subscription.Unsubscribe": "notification.Unsubscribe",
    "deviceio.GetRelayOutputs": "device.GetRelayOutputs",
    "deviceio.SetRelayOutputState": "device.SetRelayOutputState",
}
"""The simulator names the service by the address; at some there are operations of two services."""
ELSEWHERE: Final = {
    "device.SendAuxiliaryCommand": "without a PTZ unit that has them all: test_deviceio.py",
    "device.SetRelayOutputSettings": "without the device IO service: test_deviceio.py",
    "media.GetAudioSourceConfiguration": "of several microphones; the simulator has one",
    "media.SetAudioSourceConfiguration": "of several microphones; the simulator has one",
    "media2.SetAudioSourceConfiguration": "of several microphones; the simulator has one",
    "notification.Renew": "once most of a subscription's life is over: test_webhook.py",
    "ptz.GetNode": "of a unit that is not listed: test_ptz.py",
}
"""What such devices are not asked for: when one is, and where that is tested."""


@pytest.mark.timeout(120)
async def test_what_is_sent(session: ClientSession) -> None:
    """What the table names is asked for by a device that is used whole, and nothing else is."""
    sent: set[str] = set()
    for number, options in enumerate(SESSIONS):
        webhook = "http://127.0.0.1:9/hook" if number else None
        async with OnvifSimulator(**options) as simulator:
            if number:
                simulator.fault("GetSystemLog", Fault.NOT_SUPPORTED)
            async with used(session, simulator, webhook) as device:
                await edit(device)
                await change_everything(device)
                await move(device)
                await use_the_rest(device)
            requests = simulator.requests
            assert len(requests) != requests.maxlen
            sent |= {f"{request.service}.{request.operation}" for request in requests}
    sent |= {name for at, name in OTHER_NAMES.items() if at in sent}
    wanted = set(docs.uses())
    assert sorted(wanted - sent) == sorted(ELSEWHERE)
    assert sent - wanted <= set(OTHER_NAMES)
