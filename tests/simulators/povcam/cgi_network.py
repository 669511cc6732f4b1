"""CGIs that move the camera to another address, port or mode of its web server (4.6, 5.8, 7)."""

import hashlib
import ipaddress
from typing import Final

from aiohttp import hdrs, web
from cryptography.hazmat.primitives import serialization

from .camera import Camera, Move
from .cgi import (
    Access,
    Cgi,
    Handler,
    Method,
    MissingError,
    Params,
    RefusedError,
    Reply,
    choice,
    needed_choice,
    number,
    set_reply,
    text_reply,
)
from .pictures import PictureHandler
from .site import FACTORY_SUBJECT, RSA_LENGTH, Place, Work, words_of

_OCTETS: Final = range(1, 5)
_BANDWIDTHS: Final = ("0", "1024", "2048", "4096", "8192", "16384", "32768", "10000")
_PORTS: Final = (1, 65535)
_SUBJECT: Final = (
    *("common_name", "country", "state", "locality", "organization", "organization_unit"),
)


def network(camera: Camera, params: Params) -> Reply:
    """Change the network menu, and move there (4.6)."""
    if not params:
        raise MissingError
    menu, menus = camera.site.network, camera.menus
    dhcp = choice(params, "dhcp", menu.dhcp, "0", "1")
    address = _address(params, "IP_addr", camera.address)
    netmask = _address(params, "netmask", menu.netmask)
    gateway = _address(params, "gateway", menu.gateway)
    dns = choice(params, "dns", menu.dns, "manual", "auto")
    servers = (
        _address(params, "pri_server", menu.servers[0]),
        _address(params, "sec_server", menu.servers[1]),
    )
    mss = choice(params, "mss", menu.mss, "1460", "1280", "1024")
    size = choice(params, "rtp_packet_max", menus.rtp_size, "1500", "1280")
    time = choice(params, "time", menus.easy_ip_setup, "20", "unlimited")
    bandwidth = choice(params, "bandwidth", menus.bandwidth, *_BANDWIDTHS)
    port = number(params, "port", _http_port(camera), *_PORTS)
    rtsp_port = number(params, "rtsp_port", camera.rtsp_port, *_PORTS)
    if port == rtsp_port:
        raise RefusedError(port)
    if dhcp == "1" and menu.lease is not None:
        address = menu.lease
    menu.dhcp, menu.netmask, menu.gateway = dhcp, netmask, gateway
    menu.dns, menu.servers, menu.mss = dns, servers, mss
    menus.rtp_size, menus.easy_ip_setup = size, time
    menus.bandwidth = "0" if bandwidth == "10000" else bandwidth
    menu.http_port = port
    tls = camera.site.https.live == "https"
    there = Place(address, camera.site.https.port if tls else port, rtsp_port, tls)
    if there != Place(camera.address, camera.http_port, camera.rtsp_port, tls):
        camera.site.move(there)
    return set_reply(camera)


def _http_port(camera: Camera) -> int:
    factory = 80 if camera.site.https.live == "https" else camera.http_port
    return camera.site.network.http_port or factory


def _address(params: Params, name: str, present: str) -> str:
    """Give an address of four octets; some of them may stay."""
    octets = present.split(".")
    told = [params.get(f"{name}{place}", octets[place - 1]) for place in _OCTETS]
    try:
        return str(ipaddress.IPv4Address(".".join(told)))
    except ValueError:
        raise RefusedError(name) from None


def get_network(camera: Camera, _params: Params) -> Reply:
    """Network settings (5.8)."""
    menu = camera.site.network
    return text_reply(
        camera,
        [
            ("ip4_dhcp", menu.dhcp),
            ("ip4_addr", camera.address),
            ("ip4_netmask", menu.netmask),
            ("ip4_gateway", menu.gateway),
            ("ip4_pri_server", menu.servers[0]),
            ("ip4_sec_server", menu.servers[1]),
            ("port", _http_port(camera)),
            ("dns", menu.dns),
            ("rtp_packet_max", camera.menus.rtp_size),
            ("mss", menu.mss),
            ("bandwidth", camera.menus.bandwidth),
            ("time", camera.menus.easy_ip_setup),
            ("rtsp_port", 0),
        ],
    )


def set_https(camera: Camera, params: Params) -> Reply:
    """Change how the camera is spoken to; HTTPS needs a certificate (7.1)."""
    if not params:
        raise MissingError
    menu = camera.site.https
    live = choice(params, "live", menu.live, "http", "https")
    port = number(params, "https_port", menu.port, *_PORTS)
    if live == "https" and menu.certificate is None and not menu.factory:
        raise RefusedError(live)
    if menu.live == "http":
        camera.site.network.http_port = camera.http_port
    menu.live, menu.port = live, port
    there = port if live == "https" else _http_port(camera)
    camera.site.move(Place(camera.address, there, camera.rtsp_port, live == "https"))
    return set_reply(camera)


def get_https(camera: Camera, _params: Params) -> Reply:
    """How the camera is spoken to (7.2); the document shows no answer."""
    menu = camera.site.https
    return text_reply(camera, [("live", menu.live), ("https_port", menu.port)])


def get_crt_key(camera: Camera, _params: Params) -> Reply:
    """Length of the key and what tells it from another (7.2)."""
    menu = camera.site.https
    menu.settle()
    if menu.key is None:
        return text_reply(camera, [("rsa_length", "none")])
    public = menu.key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    digest = hashlib.sha256(public).hexdigest()[:16]
    return text_reply(camera, [("rsa_length", RSA_LENGTH), ("key_id", digest)])


def _certificate(*, signed: bool) -> Handler:
    def run(camera: Camera, params: Params) -> Reply:
        menu = camera.site.https
        menu.settle()
        shown = menu.signed if signed else menu.self_signed
        there = shown is not None or (menu.factory and not signed)
        if needed_choice(params, "mode", "get_info", "delete") == "delete":
            if not there or menu.live == "https":
                raise RefusedError
            if signed:
                menu.signed = None
            else:
                menu.self_signed, menu.factory = None, False
            return set_reply(camera)
        if not there:
            return text_reply(camera, [("status", "none")])
        words = FACTORY_SUBJECT if shown is None else words_of(shown.subject)
        until = "" if shown is None else shown.not_valid_after_utc.date().isoformat()
        return text_reply(camera, [*words.items(), ("valid_until", until)])

    return run


def _make(work: Work) -> Handler:
    def run(camera: Camera, params: Params) -> Reply:
        menu = camera.site.https
        if work is not Work.KEY and not params.get("common_name"):
            raise MissingError
        subject = {word: params[word] for word in _SUBJECT if word in params}
        match work:
            case Work.SELF_SIGNED:
                begun = menu.begin(work, lambda: menu.sign_itself(subject))
            case Work.REQUEST:
                begun = menu.begin(work, lambda: menu.ask_authority(subject))
            case _:
                needed_choice(params, "rsa_length", str(RSA_LENGTH))
                if menu.live == "https":
                    raise RefusedError
                begun = menu.begin(work, menu.make_key)
        if not begun:
            raise RefusedError
        return set_reply(camera)

    return run


def https_crt_key(camera: Camera, params: Params) -> Reply:
    """Take the key before this one (7.1)."""
    needed_choice(params, "mode", "refresh")
    if camera.site.https.live == "https" or not camera.site.https.swap_key():
        raise RefusedError
    return set_reply(camera)


def https_download_csr(camera: Camera, _params: Params) -> Reply:
    """Give the request for a certificate (7.1)."""
    menu = camera.site.https
    menu.settle()
    if menu.request is None:
        raise RefusedError
    return Reply(
        body=menu.request.public_bytes(serialization.Encoding.PEM),
        content_type="application/octet-stream",
    )


def renewal(camera: Camera, params: Params) -> Reply:
    """Tell how far something is (7.1); the document shows no answer."""
    work = Work(needed_choice(params, "cgi_name", *Work))
    menu = camera.site.https
    if menu.settle() is work:
        return text_reply(camera, [("status", "progress")])
    result = menu.results.get(work)
    word = {True: "finish", False: "error", None: "none"}[result]
    return text_reply(camera, [("status", word)])


def https_install_signed(_camera: Camera, _params: Params) -> Reply:
    """Only its access level is needed: the certificate is no parameter."""
    raise MissingError


class InstallCgi:
    """Takes a certificate by a form with a file, or as the whole body (7.1)."""

    def __init__(self, camera: Camera) -> None:
        """Install it in `camera`."""
        self._camera = camera

    @property
    def handlers(self) -> dict[str, PictureHandler]:
        """The one CGI that is more than parameters."""
        return {"https_install_signed": self._install} if self._camera.model.https else {}

    async def _install(self, request: web.Request, _params: Params) -> web.StreamResponse:
        if request.method != hdrs.METH_POST:
            raise MissingError
        form = await request.post()
        files = [item for item in form.values() if isinstance(item, web.FileField)]
        pem = files[0].file.read() if files else await request.read()
        menu = self._camera.site.https
        if not pem or not menu.begin(Work.INSTALL, lambda: menu.install(pem)):
            raise RefusedError
        return web.Response(status=set_reply(self._camera).status)


def _logged(name: str, handler: Handler) -> Handler:
    def run(camera: Camera, params: Params) -> Reply:
        reply = handler(camera, params)
        camera.moves.extend(Move(name, key, value) for key, value in params.items())
        return reply

    return run


def _admin(name: str, handler: Handler) -> Cgi:
    return Cgi(name, "7.1", Method.GET, Access.ADMIN, _logged(name, handler))


NETWORK_CGIS: Final = (
    Cgi("network", "4.6", Method.POST, Access.ADMIN, _logged("network", network)),
    Cgi("get_network", "5.8", Method.GET, Access.ADMIN, get_network),
)
HTTPS_CGIS: Final = (
    _admin("https_self_signed", _certificate(signed=False)),
    _admin("https_signed", _certificate(signed=True)),
    _admin("https_crt_key", https_crt_key),
    _admin("set_https", set_https),
    _admin("https_creat_self_signed", _make(Work.SELF_SIGNED)),
    _admin("https_creat_signed", _make(Work.REQUEST)),
    _admin("https_download_csr", https_download_csr),
    Cgi("https_install_signed", "7.1", Method.POST, Access.ADMIN, https_install_signed),
    _admin("https_change_crt_key", _make(Work.KEY)),
    _admin("renewal", renewal),
    Cgi("get_https", "7.2", Method.GET, Access.LIVE, get_https),
    Cgi("get_crt_key", "7.2", Method.GET, Access.LIVE, get_crt_key),
)
"""Of models that have HTTPS."""
