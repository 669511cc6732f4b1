"""The capabilities of all services in one answer, as devices before GetServices have them."""

from typing import Final

from tests.simulators.onvif.camera import Camera
from tests.simulators.onvif.quirks import Quirk
from tests.simulators.onvif.service import SoapFault, element, escape

_CATEGORIES: Final = {
    "Analytics": "analytics",
    "Device": "device",
    "Events": "events",
    "Imaging": "imaging",
    "Media": "media",
    "PTZ": "ptz",
}
_SECURITY: Final = (
    "TLS1.1",
    "TLS1.2",
    "OnboardKeyGeneration",
    "AccessPolicyConfig",
    "X.509Token",
    "SAMLToken",
    "KerberosToken",
    "RELToken",
)


def legacy_capabilities(camera: Camera, wanted: set[str]) -> str:
    """Write the categories that are wanted; none or `All` are all."""
    if unknown := wanted - {*_CATEGORIES, "All"}:
        raise SoapFault("Receiver", ("ActionNotSupported", "NoSuchService"), min(unknown))
    everything = not wanted or "All" in wanted
    written = "".join(
        _category(camera, category, name)
        for category, name in _CATEGORIES.items()
        if everything or category in wanted
    )
    extension = _device_io(camera) if everything and camera.features.deviceio else ""
    return f"{written}{extension}"


def malformed(prefix: str) -> str:
    """Write the Capabilities of any service as no schema has them."""
    return f'<{prefix}:Capabilities Oops="maybe" MaxPullPoints="many" RuleSupport="yes"/>'


def _category(camera: Camera, category: str, name: str) -> str:
    path = next((item.path for item in camera.services if item.name == name), None)
    if path is None:
        return ""
    address = element("tt:XAddr", camera.url(path))
    inside = {"Device": _device, "Events": _events, "Media": _media, "Analytics": _analytics}
    write = inside.get(category)
    if camera.has(Quirk.MALFORMED_CAPABILITIES):
        address = "<tt:XAddr></tt:XAddr>" if category == "Imaging" else address
        return f"<tt:{category}>{address}<tt:Oops>maybe</tt:Oops></tt:{category}>"
    return f"<tt:{category}>{address}{write(camera) if write else ''}</tt:{category}>"


def _flags(tag: str, **values: bool | int) -> str:
    inside = "".join(element(f"tt:{name}", value) for name, value in values.items())
    return f"<tt:{tag}>{inside}</tt:{tag}>"


def _device(camera: Camera) -> str:
    network = _flags(
        "Network", IPFilter=False, ZeroConfiguration=False, IPVersion6=False, DynDNS=False
    )
    system = (
        "<tt:System><tt:DiscoveryResolve>true</tt:DiscoveryResolve>"
        "<tt:DiscoveryBye>true</tt:DiscoveryBye><tt:RemoteDiscovery>false</tt:RemoteDiscovery>"
        "<tt:SystemBackup>false</tt:SystemBackup><tt:SystemLogging>true</tt:SystemLogging>"
        "<tt:FirmwareUpgrade>false</tt:FirmwareUpgrade><tt:SupportedVersions><tt:Major>21"
        "</tt:Major><tt:Minor>12</tt:Minor></tt:SupportedVersions></tt:System>"
    )
    outlets = _flags(
        "IO", InputConnectors=len(camera.io.inputs), RelayOutputs=len(camera.io.relays)
    )
    security = "".join(f"<tt:{name}>false</tt:{name}>" for name in _SECURITY)
    return f"{network}{system}{outlets}<tt:Security>{security}</tt:Security>"


def _events(camera: Camera) -> str:
    return (
        "<tt:WSSubscriptionPolicySupport>false</tt:WSSubscriptionPolicySupport>"
        + element("tt:WSPullPointSupport", not camera.has(Quirk.NO_PULL_POINT))
        + "<tt:WSPausableSubscriptionManagerInterfaceSupport>false"
        "</tt:WSPausableSubscriptionManagerInterfaceSupport>"
    )


def _media(_camera: Camera) -> str:
    return _flags("StreamingCapabilities", RTPMulticast=True, RTP_TCP=True, RTP_RTSP_TCP=True)


def _analytics(_camera: Camera) -> str:
    return element("tt:RuleSupport", value=True) + element("tt:AnalyticsModuleSupport", value=True)


def _device_io(camera: Camera) -> str:
    path = next(item.path for item in camera.services if item.name == "deviceio")
    counts = camera.io.counts()
    written = "".join(element(f"tt:{name}", count) for name, count in counts.items())
    return (
        f"<tt:Extension><tt:DeviceIO><tt:XAddr>{escape(camera.url(path))}</tt:XAddr>"
        f"{written}</tt:DeviceIO></tt:Extension>"
    )
