"""One camera's HTTP connections: names looked up each time, the address that worked first."""

import asyncio
from collections.abc import Mapping, Sequence
import socket
from typing import TYPE_CHECKING, Any, Final, override

from aiohttp import ClientRequest, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.connector import Connection
from aiohttp.hdrs import USER_AGENT
from homeassistant.const import CONF_VERIFY_SSL, EVENT_HOMEASSISTANT_CLOSE
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import (
    DATA_RESOLVER,
    SERVER_SOFTWARE,
    async_get_clientsession,
)
from homeassistant.util.hass_dict import HassKey
from homeassistant.util.ssl import (
    SSL_ALPN_HTTP11,
    SSLCipherList,
    client_context,
    client_context_no_verify,
)

from .cams.net.dial import ATTEMPT_DELAY, DIALER, address_at

if TYPE_CHECKING:
    from aiohttp.tracing import Trace

MAX_CONNECTIONS: Final = 32
MAX_PER_PORT: Final = 16
"""Connections to one port of a camera, idle ones included: pictures, events, and what is asked."""
LONGEST: Final = 10.0
"""Seconds after which a look-up is given up, also when nobody waits for it."""
KEEP_ALIVE: Final = 15.0
"""Seconds that an idle connection is kept."""

_SHARED: HassKey[bool] = HassKey("panacam_look_up")


class _Resolver(AbstractResolver):
    """The look-up that all connections to cameras share."""

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in await DIALER.addresses(host)
        ]

    @override
    async def close(self) -> None:
        """Leave the look-up to Home Assistant, whose it is."""


class _Connector(TCPConnector):
    """Connections that tell by which address they came about."""

    @override
    async def connect(
        self, req: ClientRequest, traces: list[Trace], timeout: ClientTimeout
    ) -> Connection:
        connection = await super().connect(req, traces, timeout)
        transport = connection.transport
        peername = None if transport is None else transport.get_extra_info("peername")
        if peername is not None and req.url.raw_host is not None:
            DIALER.reached(req.url.raw_host, address_at(peername))
        return connection


def session_for(hass: HomeAssistant, data: Mapping[str, Any]) -> ClientSession:
    """Return a session for one camera, checking certificates or not; who asked for it closes it.

    It keeps no cookies: Home Assistant's shared jar is no place for what a camera sets. Who does
    not check certificates has an old camera more often than not: old ciphers are let in. What is
    pinned to one certificate brings its own TLS settings.
    """
    _share_look_up(hass)
    if data.get(CONF_VERIFY_SSL, True):
        context = client_context(SSLCipherList.PYTHON_DEFAULT, SSL_ALPN_HTTP11)
    else:
        context = client_context_no_verify(SSLCipherList.INSECURE, SSL_ALPN_HTTP11)
    return ClientSession(
        connector=_Connector(
            ssl=context,
            resolver=_Resolver(),
            use_dns_cache=False,
            limit=MAX_CONNECTIONS,
            limit_per_host=MAX_PER_PORT,
            keepalive_timeout=KEEP_ALIVE,
            happy_eyeballs_delay=ATTEMPT_DELAY,
        ),
        cookie_jar=DummyCookieJar(),
        headers={USER_AGENT: SERVER_SOFTWARE},
    )


def _share_look_up(hass: HomeAssistant) -> None:
    """Have names looked up as Home Assistant does, which knows those of mDNS, until it ends."""
    if hass.data.get(_SHARED):
        return
    hass.data[_SHARED] = True
    if DATA_RESOLVER not in hass.data:
        async_get_clientsession(hass)  # which makes it
    resolver: AbstractResolver = hass.data[DATA_RESOLVER]

    async def look_up(host: str) -> Sequence[str]:
        async with asyncio.timeout(LONGEST):
            found = await resolver.resolve(host, 0, socket.AF_UNSPEC)
        return [result["host"] for result in found]

    dialer = DIALER
    dialer.look_up_by(look_up)

    @callback
    def end(_event: Event) -> None:
        dialer.look_up_by(None)

    hass.bus.async_listen_once(EVENT_HOMEASSISTANT_CLOSE, end)
