"""Puts a PTZ configuration into a profile where none has one (6.2.3, 8.3.6)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from ..errors import Reason, RefusedError
from .board import Board, Profile
from .client import OnvifClient
from .node import Node
from .trying import optional

OPERATIONS: Final[Mapping[str, str]] = {
    "ptz.GetServiceCapabilities": "whether it is asked which configurations fit a profile",
    "ptz.GetCompatibleConfigurations": "set-up and repair `ptz_not_attached`",
    "media.AddPTZConfiguration": "set-up and repair `ptz_not_attached`",
    "media2.AddConfiguration": "set-up and repair `ptz_not_attached`",
}


async def candidates(client: OnvifClient, board: Board, nodes: Node | None) -> bool:
    """Return whether there is a unit that some profile could have."""
    if not board.profiles:
        return False
    if nodes is not None and nodes.child("PTZNode") is not None:
        return True
    answer = await optional(client.call("ptz", "GetConfigurations"))
    return answer is not None and answer.child("PTZConfiguration") is not None


async def attach(client: OnvifClient, board: Board) -> Profile:
    """Give the preferred profile a PTZ configuration, in the device and on the board.

    Raises CameraError, RefusedError when the device does not let it.
    """
    profile = next((found for found in board.profiles if found.codec), None) or next(
        iter(board.profiles), None
    )
    configuration = None if profile is None else await _configuration(client, profile)
    token = None if configuration is None else configuration.attribute("token")
    if profile is None or configuration is None or token is None:
        raise RefusedError(Reason.NOT_FOUND, "PTZConfiguration")
    if profile.media2:
        await client.call(
            "media2",
            "AddConfiguration",
            ProfileToken=profile.token,
            Configuration=[{"Type": "PTZ", "Token": token}],
        )
    else:
        await client.call(
            "media",
            "AddPTZConfiguration",
            ProfileToken=profile.token,
            ConfigurationToken=token,
        )
    made = replace(
        profile,
        configurations={**profile.configurations, "ptz": token},
        ptz_node=configuration.text("NodeToken"),
    )
    board.profiles = tuple(
        made if found.token == profile.token else found for found in board.profiles
    )
    return made


async def _configuration(client: OnvifClient, profile: Profile) -> Node | None:
    """Return a configuration that fits the profile, as far as the device says which do."""
    answer = await optional(client.call("ptz", "GetServiceCapabilities"))
    capabilities = None if answer is None else answer.child("Capabilities")
    found: Node | None = None
    if capabilities is not None and (
        (capabilities.attribute("GetCompatibleConfigurations") or "").casefold() in {"true", "1"}
    ):
        fitting = await optional(
            client.call("ptz", "GetCompatibleConfigurations", ProfileToken=profile.token)
        )
        found = None if fitting is None else fitting.child("PTZConfiguration")
    if found is None:
        found = (await client.call("ptz", "GetConfigurations")).child("PTZConfiguration")
    return found
