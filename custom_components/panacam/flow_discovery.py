"""Cameras that announce themselves or were found: new ones are offered, known ones followed."""

from dataclasses import replace
from ipaddress import ip_address
from typing import Any, override

from homeassistant.config_entries import (
    DISCOVERY_SOURCES,
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigFlowResult,
)
from homeassistant.const import CONF_HOST
from homeassistant.helpers.service_info.dhcp import DhcpServiceInfo
from homeassistant.helpers.service_info.ssdp import SsdpServiceInfo

from .cams.device import read_mac
from .cams.discovery import Candidate, Source, dhcp_candidate, upnp_candidate
from .cams.errors import Reason
from .discovery import MAX_FLOWS, async_await
from .flow_base import card_of
from .flow_moved import MAYBE_LATER, MovedFlow
from .following import answers, async_followable, async_mac_of, data_of, leads_to
from .known import known_entry
from .network_entry import camera_entries
from .provisioning import async_told


class DiscoveryFlow(MovedFlow):
    """The steps from an announcement to an entry, or to another address of one."""

    _host: str | None = None
    """Where the camera is that this flow is about."""

    @override
    async def async_step_ssdp(self, discovery_info: SsdpServiceInfo) -> ConfigFlowResult:
        """Look at something that announced itself like a camera."""
        candidate = upnp_candidate(discovery_info.upnp, discovery_info.ssdp_location or "")
        if candidate is None or not _from_there(discovery_info, candidate.host):
            return self.async_abort(reason=Reason.NOT_A_CAMERA.value)
        return await self._discovered(candidate)

    @override
    async def async_step_dhcp(self, discovery_info: DhcpServiceInfo) -> ConfigFlowResult:
        """Look at something that asked a DHCP server for an address."""
        mac = read_mac(discovery_info.macaddress)
        if mac is None:
            return self.async_abort(reason=Reason.NOT_A_CAMERA.value)
        async_told(self.hass, mac, discovery_info.ip, discovery_info.hostname)
        candidate = dhcp_candidate(discovery_info.ip, discovery_info.hostname, mac)
        if candidate is None:
            # Cameras of any maker, once they are devices of ours.
            candidate = Candidate(host=discovery_info.ip, mac=mac, source=Source.DHCP)
            if known_entry(self.hass, candidate) is None:
                return self.async_abort(reason=Reason.NOT_A_CAMERA.value)
        return await self._discovered(candidate)

    @override
    async def async_step_integration_discovery(  # type: ignore[override]  # the data is ours
        self, discovery_info: Candidate
    ) -> ConfigFlowResult:
        """Look at what a search of our own found."""
        return await self._discovered(discovery_info)

    @override
    def is_matching(self, other_flow: DiscoveryFlow) -> bool:
        """Return whether another flow is about the same host."""
        return (
            other_flow.source not in {SOURCE_REAUTH, SOURCE_RECONFIGURE}
            and self._host is not None
            and self._host in {other_flow._host, other_flow._data.get(CONF_HOST)}
        )

    async def _discovered(self, candidate: Candidate) -> ConfigFlowResult:
        """Follow up an announcement: a known camera's new address, or a new camera."""
        if not await async_followable(self.hass, candidate.host):
            return self.async_abort(reason="foreign_address")
        candidate, known = await self._recognised(candidate)
        name = candidate.name or candidate.model or candidate.host
        self.context["title_placeholders"] = {"name": card_of(name, candidate.host)}
        if known is not None:
            return await self._moved(known, candidate)
        self._data = data_of(candidate)
        self._refuse_held(candidate.mac, candidate.serial)
        # What a camera calls itself is no mark here: there are makers whose cameras share it.
        await self.async_set_unique_id(candidate.mac or candidate.serial or candidate.camera_id)
        # From here to the next wait: of two flows for one host, exactly one goes on.
        self._host = candidate.host
        if (reason := self._needless()) is not None:
            return self.async_abort(reason=reason)
        if (result := await self._look()) is not None:
            return result
        if self._reason() in MAYBE_LATER:
            async_await(self.hass, candidate)
        return self.async_abort(reason=self._reason())

    async def _recognised(self, candidate: Candidate) -> tuple[Candidate, ConfigEntry[Any] | None]:
        """Return the entry of a candidate, and the candidate with the MAC address of its host.

        What the kernel knows of the host counts more than what a new camera claims. A DHCP packet
        is the newer of the two.
        """
        entry = known_entry(self.hass, candidate)
        if candidate.mac is None or (entry is None and candidate.source is not Source.DHCP):
            mac = await async_mac_of(self.hass, candidate.host)
            if mac not in {None, candidate.mac}:
                candidate = replace(candidate, mac=mac)
                entry = known_entry(self.hass, candidate)
        return candidate, entry

    def _needless(self) -> str | None:
        """Return why nobody has to look at the host, or None."""
        if self.hass.config_entries.flow.async_has_matching_flow(self):
            return "already_in_progress"
        for entry in camera_entries(self.hass):
            # Announcements need not tell the real MAC address. An address that a lost camera had
            # may be another camera's by now.
            if self._host is not None and leads_to(entry, self._host) and answers(entry):
                return "already_configured"
        flows = self._async_in_progress(include_uninitialized=True)
        others = sum(flow["context"]["source"] in DISCOVERY_SOURCES for flow in flows)
        return "too_many_flows" if others >= MAX_FLOWS else None


def _from_there(info: SsdpServiceInfo, host: str) -> bool:
    """Return whether an announcement came from the host that it names.

    A camera may speak by IPv6 of its IPv4 address; then its word is all there is.
    """
    sender = str((info.ssdp_headers or {}).get("_host") or host)
    try:
        said, heard = ip_address(host), ip_address(sender)
    except ValueError:
        return True  # a host name is not followed later
    return said.version != heard.version or said == heard
