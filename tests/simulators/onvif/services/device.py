"""Device management: who the camera is, what it has, its clock, log and restart."""

from datetime import UTC, datetime, timedelta
from typing import Final
from xml.etree.ElementTree import Element

from aiohttp import hdrs, web

from tests.simulators.onvif.auth import Auth
from tests.simulators.onvif.camera import Camera
from tests.simulators.onvif.quirks import Quirk
from tests.simulators.onvif.service import (
    NAMESPACES,
    Service,
    SoapFault,
    boolean,
    children,
    element,
    escape,
    flag,
    invalid,
    number,
    text,
)

from .capabilities import legacy_capabilities, malformed
from .relays import DEVICE_RELAYS

AUXILIARY: Final = ("tt:Wiper|On", "tt:Wiper|Off", "tt:IRLamp|On", "tt:IRLamp|Off")
REBOOT_MESSAGE: Final = "Rebooting in 30 seconds"
LOG_PAGE: Final = "/onvif/systemlog"


def _capabilities(camera: Camera) -> str:
    return (
        "<tds:Capabilities>"
        '<tds:Network IPFilter="false" ZeroConfiguration="false" IPVersion6="false"'
        ' DynDNS="false" HostnameFromDHCP="true" NTP="1"/>'
        f'<tds:Security TLS1.2="false" UsernameToken="{boolean(camera.auth.wsse)}"'
        f' HttpDigest="{boolean(camera.auth.digest)}" MaxUsers="16"/>'
        '<tds:System DiscoveryResolve="true" DiscoveryBye="true" SystemLogging="true"'
        ' HttpSystemLogging="true"/>'
        f'<tds:Misc AuxiliaryCommands="{" ".join(AUXILIARY)}"/>'
        "</tds:Capabilities>"
    )


def _get_device_information(camera: Camera, _request: Element) -> str:
    identity = camera.identity
    serial = "" if camera.has(Quirk.EMPTY_SERIAL) else identity.serial
    return (
        element("tds:Manufacturer", identity.manufacturer)
        + element("tds:Model", "Cam\xe9ra" if camera.has(Quirk.LATIN_1) else identity.model)
        + element("tds:FirmwareVersion", identity.firmware)
        + element("tds:SerialNumber", serial)
        + element("tds:HardwareId", identity.hardware)
    )


def _get_services(camera: Camera, request: Element) -> str:
    if camera.has(Quirk.NO_GET_SERVICES):
        raise SoapFault("Receiver", ("ActionNotSupported",))
    wanted = flag(request, "tds:IncludeCapability")
    return "".join(
        _service(camera, service, capabilities=wanted)
        for service in camera.services
        if service.capabilities is not None
    )


def _service(camera: Camera, service: Service, *, capabilities: bool) -> str:
    major, minor = service.version
    inside = ""
    if capabilities and service.capabilities is not None:
        inside = f"<tds:Capabilities>{service.capabilities(camera)}</tds:Capabilities>"
    address = camera.url(service.path)
    if camera.has(Quirk.MALFORMED_CAPABILITIES):
        inside = f"<tds:Capabilities>{malformed(service.prefix)}</tds:Capabilities>"
        # One service without an address; nobody uses it, and everybody reads it.
        address = "" if service.name == "imaging" else address
    return (
        f"<tds:Service><tds:Namespace>{service.namespace}</tds:Namespace>"
        f"<tds:XAddr>{escape(address)}</tds:XAddr>{inside}"
        f"<tds:Version><tt:Major>{major}</tt:Major><tt:Minor>{minor}</tt:Minor></tds:Version>"
        "</tds:Service>"
    )


def _get_capabilities(camera: Camera, request: Element) -> str:
    wanted = {found.text or "" for found in children(request, "tds:Category")}
    return f"<tds:Capabilities>{legacy_capabilities(camera, wanted)}</tds:Capabilities>"


def _get_system_date_and_time(camera: Camera, _request: Element) -> str:
    if camera.has(Quirk.NO_DATE_TIME):
        return "<tds:SystemDateAndTime/>"
    clock = camera.clock
    now = clock.now()
    utc = "" if camera.has(Quirk.NO_UTC) else _date_time(camera, "UTCDateTime", now)
    local = _date_time(camera, "LocalDateTime", now + timedelta(hours=clock.zone_hours))
    return (
        f"<tds:SystemDateAndTime><tt:DateTimeType>{clock.kind}</tt:DateTimeType>"
        f"<tt:DaylightSavings>{boolean(clock.daylight_savings)}</tt:DaylightSavings>"
        f"<tt:TimeZone><tt:TZ>{escape(clock.time_zone)}</tt:TZ></tt:TimeZone>"
        f"{utc}{local}</tds:SystemDateAndTime>"
    )


def _date_time(camera: Camera, tag: str, moment: datetime) -> str:
    second = moment.second
    if camera.has(Quirk.MINUTE_61):
        moment -= timedelta(minutes=1)
        second += 60
    return (
        f"<tt:{tag}><tt:Time><tt:Hour>{moment.hour}</tt:Hour><tt:Minute>{moment.minute}"
        f"</tt:Minute><tt:Second>{second}</tt:Second></tt:Time>"
        f"<tt:Date><tt:Year>{moment.year}</tt:Year><tt:Month>{moment.month}</tt:Month>"
        f"<tt:Day>{moment.day}</tt:Day></tt:Date></tt:{tag}>"
    )


def _set_system_date_and_time(camera: Camera, request: Element) -> str:
    kind = text(request, "tds:DateTimeType")
    if kind not in ("Manual", "NTP"):
        raise invalid("InvalidDateTime")
    clock = camera.clock
    daylight_savings = flag(request, "tds:DaylightSavings")
    zone = text(request, "tds:TimeZone/tt:TZ", clock.time_zone)
    if kind == "Manual":
        utc = "tds:UTCDateTime"
        date = (f"{utc}/tt:Date/tt:{part}" for part in ("Year", "Month", "Day"))
        time = (f"{utc}/tt:Time/tt:{part}" for part in ("Hour", "Minute", "Second"))
        numbers = [int(number(request, path)) for path in (*date, *time)]
        try:
            moment = datetime(*numbers[:6], tzinfo=UTC)  # type: ignore[misc, arg-type]
        except ValueError:
            raise invalid("InvalidDateTime") from None
    else:
        moment = datetime.now(UTC)
    if not camera.has(Quirk.SET_TIME_IGNORED):
        clock.kind, clock.daylight_savings, clock.time_zone = kind, daylight_savings, zone
        clock.set(moment)
    return ""


def _get_scopes(camera: Camera, _request: Element) -> str:
    identity = camera.identity
    profiles = ["Streaming", *(["T"] if camera.features.media2 else [])]
    fixed = [
        "type/video_encoder",
        *(["type/ptz"] if camera.features.ptz else []),
        *(f"Profile/{name}" for name in profiles),
        f"hardware/{identity.model.replace(' ', '%20')}",
    ]
    free = [
        f"name/{identity.name.replace(' ', '%20')}",
        f"location/{identity.location.replace(' ', '%20')}",
    ]
    scopes = [("Fixed", item) for item in fixed] + [("Configurable", item) for item in free]
    return "".join(
        f"<tds:Scopes><tt:ScopeDef>{kind}</tt:ScopeDef>"
        f"<tt:ScopeItem>onvif://www.onvif.org/{escape(item)}</tt:ScopeItem></tds:Scopes>"
        for kind, item in scopes
    )


def _get_hostname(camera: Camera, _request: Element) -> str:
    return (
        "<tds:HostnameInformation><tt:FromDHCP>false</tt:FromDHCP>"
        f"<tt:Name>{escape(camera.identity.hostname)}</tt:Name></tds:HostnameInformation>"
    )


def _get_network_interfaces(camera: Camera, _request: Element) -> str:
    if camera.has(Quirk.NO_MAC):
        raise SoapFault("Receiver", ("ActionNotSupported",))
    return (
        '<tds:NetworkInterfaces token="eth0"><tt:Enabled>true</tt:Enabled>'
        "<tt:Info><tt:Name>eth0</tt:Name>"
        f"<tt:HwAddress>{escape(camera.identity.mac)}</tt:HwAddress><tt:MTU>1500</tt:MTU></tt:Info>"
        "<tt:IPv4><tt:Enabled>true</tt:Enabled><tt:Config><tt:Manual>"
        f"<tt:Address>{escape(camera.network.host)}</tt:Address>"
        "<tt:PrefixLength>24</tt:PrefixLength></tt:Manual><tt:DHCP>false</tt:DHCP>"
        "</tt:Config></tt:IPv4></tds:NetworkInterfaces>"
    )


def _get_system_log(camera: Camera, request: Element) -> str:
    kind = text(request, "tds:LogType")
    if kind == "Access":
        raise SoapFault("Sender", ("InvalidArgs", "AccesslogUnavailable"))
    if kind != "System":
        raise invalid()
    return f"<tds:SystemLog>{element('tt:String', camera.life.log())}</tds:SystemLog>"


def _get_system_uris(camera: Camera, _request: Element) -> str:
    return (
        "<tds:SystemLogUris><tt:SystemLog><tt:Type>System</tt:Type>"
        f"<tt:Uri>{escape(camera.url(LOG_PAGE))}</tt:Uri></tt:SystemLog></tds:SystemLogUris>"
    )


def _system_reboot(camera: Camera, _request: Element) -> str:
    camera.life.restart()
    return element("tds:Message", REBOOT_MESSAGE)


def _get_users(camera: Camera, _request: Element) -> str:
    return "".join(
        f"<tds:User><tt:Username>{escape(name)}</tt:Username>"
        f"<tt:UserLevel>{level}</tt:UserLevel></tds:User>"
        for name, (_, level) in camera.users.users.items()
    )


def _get_endpoint_reference(camera: Camera, _request: Element) -> str:
    return element("tds:GUID", f"urn:uuid:{camera.identity.uuid}")


def _get_wsdl_url(_camera: Camera, _request: Element) -> str:
    return element("tds:WsdlUrl", "http://www.onvif.org/Documents/Specifications.aspx")


def _send_auxiliary_command(camera: Camera, request: Element) -> str:
    command = text(request, "tds:AuxiliaryCommand")
    if command not in AUXILIARY:
        raise SoapFault("Receiver", ("Action", "UnknownAuxiliaryCommand"))
    camera.io.auxiliary.append(command)
    return element("tds:AuxiliaryCommandResponse", command)


async def _log_page(camera: Camera, request: web.Request) -> web.StreamResponse:
    """Give the log to who logs in with HTTP Digest."""
    verdict = camera.users.check_digest(
        request.headers.get(hdrs.AUTHORIZATION), request.method, request.raw_path
    )
    if verdict.user is None and camera.auth is not Auth.NONE:
        challenge = camera.users.challenge(stale=verdict.stale)
        return web.Response(status=401, headers={hdrs.WWW_AUTHENTICATE: challenge})
    return web.Response(text=camera.life.log())


SERVICE: Final = Service(
    "device",
    NAMESPACES["tds"],
    "/onvif/device_service",
    {
        "GetDeviceInformation": _get_device_information,
        "GetServices": _get_services,
        "GetCapabilities": _get_capabilities,
        "GetSystemDateAndTime": _get_system_date_and_time,
        "SetSystemDateAndTime": _set_system_date_and_time,
        "GetScopes": _get_scopes,
        "GetHostname": _get_hostname,
        "GetNetworkInterfaces": _get_network_interfaces,
        "GetSystemLog": _get_system_log,
        "GetSystemUris": _get_system_uris,
        "SystemReboot": _system_reboot,
        "GetUsers": _get_users,
        "GetEndpointReference": _get_endpoint_reference,
        "GetWsdlUrl": _get_wsdl_url,
        "SendAuxiliaryCommand": _send_auxiliary_command,
        **DEVICE_RELAYS,
    },
    _capabilities,
    {LOG_PAGE: _log_page},
    version=(21, 12),
)
