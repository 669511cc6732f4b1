"""Making, changing and deleting media profiles (the role; 6.2)."""

from collections.abc import Mapping
from typing import Final

from ..editors import Listed
from ..errors import Reason, RefusedError
from ..text import plain
from .media_service import MediaService, Reread
from .node import Node
from .profiles import KINDS, Found
from .trying import optional, together

MAX_NAME: Final = 64

OPERATIONS: Final[Mapping[str, str]] = {
    "media2.CreateProfile": "action `panacam.create_profile`",
    "media2.DeleteProfile": "action `panacam.delete_profile`",
    "media2.AddConfiguration": "switch `profile_audio`, action `panacam.add_configuration`",
    "media2.RemoveConfiguration": "switch `profile_audio`, action `panacam.remove_configuration`",
    "media.CreateProfile": "action `panacam.create_profile`, without Media2",
    "media.DeleteProfile": "action `panacam.delete_profile`, without Media2",
    "media.GetVideoAnalyticsConfigurations": "action `panacam.get_profiles`, without Media2",
    **{
        f"media.{verb}{'VideoAnalytics' if kind == 'analytics' else word}Configuration": (
            f"action `panacam.{action}`, without Media2"
        )
        for kind, word in KINDS.items()
        for verb, action in (("Add", "add_configuration"), ("Remove", "remove_configuration"))
    },
}


class OnvifProfiles:
    """The profile editor."""

    def __init__(self, service: MediaService, reread: Reread) -> None:
        """Change profiles by `service`; `reread` reads them back, with its lock held."""
        self._service = service
        self._reread = reread

    async def profiles(self) -> Listed:
        """Return the profiles with their configurations (the role)."""
        found = await self._service.profiles()
        if found is None:
            raise RefusedError(Reason.REFUSED, "GetProfiles")
        return [_listed(one) for one in found]

    async def configurations(self) -> Listed:
        """Return every configuration that a profile can be made of (the role)."""
        kinds = [kind for kind in KINDS if kind != "ptz" or self._service.client.has("ptz")]
        answers = await together(*(optional(self._service.configurations(kind)) for kind in kinds))
        return [
            _configuration(kind, node)
            for kind, nodes in zip(kinds, answers, strict=True)
            for node in nodes or ()
        ]

    async def create_profile(self, name: str, configurations: Mapping[str, str]) -> str:
        """Make one; return its token (the role)."""
        if (clean := plain(name, MAX_NAME)) is None:
            raise RefusedError(Reason.OUT_OF_RANGE, "name")
        wanted = _known(configurations)
        async with self._service.lock:
            token = await self._service.create(clean, wanted)
            await self._reread()
        return token

    async def add_configuration(self, profile: str, kind: str, token: str | None) -> None:
        """Put a configuration into a profile (the role)."""
        wanted = _known({kind: token})
        async with self._service.lock:
            await self._service.add(profile, wanted)
            await self._reread()

    async def remove_configuration(self, profile: str, kind: str, token: str | None) -> None:
        """Take one out of a profile (the role)."""
        wanted = _known({kind: token})
        async with self._service.lock:
            await self._service.remove(profile, wanted)
            await self._reread()

    async def delete_profile(self, profile: str) -> None:
        """Delete a profile (the role)."""
        async with self._service.lock:
            await self._service.delete(profile)
            await self._reread()


def _known[TokenT: str | None](configurations: Mapping[str, TokenT]) -> dict[str, TokenT]:
    """Return configurations in the order in which they need each other."""
    if configurations.keys() - KINDS.keys():
        raise RefusedError(Reason.OUT_OF_RANGE, "kind")
    return {kind: configurations[kind] for kind in KINDS if kind in configurations}


def _listed(found: Found) -> Mapping[str, object]:
    profile = found.profile
    return {
        "token": profile.token,
        "name": profile.name,
        "fixed": profile.fixed,
        "configurations": [_configuration(kind, node) for kind, node in found.parts.items()],
    }


def _configuration(kind: str, node: Node) -> Mapping[str, object]:
    listed: dict[str, object | None] = {
        "kind": kind,
        "token": node.attribute("token"),
        "name": plain(node.text("Name")),
    }
    return {name: value for name, value in listed.items() if value is not None}
