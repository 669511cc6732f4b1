"""The two media services behind one face: Media2 where it works, else the first one (6.14).

Both have the same configurations and, in every device seen, the same tokens for them; they differ
in the names of operations and in what stands where.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final

from ..errors import CameraError, Reason, RefusedError
from .client import OnvifClient
from .node import Node, as_flag
from .profiles import KINDS, Found, read_profiles
from .soap import Argument
from .trying import optional

MAX_TOKENS: Final = 64
"""Configurations of one kind that are looked at."""

OPERATIONS: Final[Mapping[str, str]] = {
    "media2.GetServiceCapabilities": "what the device has",
    "media.GetServiceCapabilities": "what the device has",
    "media2.GetProfiles": "cameras, action `panacam.get_profiles`",
    "media.GetProfiles": "cameras, action `panacam.get_profiles`, without Media2",
    "media2.SetSynchronizationPoint": "camera, when a viewer comes",
    "media.SetSynchronizationPoint": "camera, when a viewer comes, without Media2",
    "media2.GetStreamUri": "cameras",
    "media.GetStreamUri": "cameras, without Media2",
    "media2.GetSnapshotUri": "camera, still picture",
    "media.GetSnapshotUri": "camera, still picture, without Media2",
    **{
        f"media2.Get{word}Configurations": "settings read back, action `panacam.get_profiles`"
        for kind, word in KINDS.items()
        if kind != "ptz"
    },
    "ptz.GetConfigurations": "action `panacam.get_profiles`",
}

type Reread = Callable[[], Awaitable[None]]


def _old(kind: str) -> str:
    """Return what the first service calls a kind."""
    return "VideoAnalytics" if kind == "analytics" else KINDS[kind]


class MediaService:
    """Asks whichever media service the device's profiles were found in."""

    def __init__(self, client: OnvifClient) -> None:
        """Ask by `client`."""
        self.client: Final = client
        self.media2 = False
        """Whether profiles and configurations are those of Media2."""
        self.lock: Final = asyncio.Lock()
        """Held while something is read, changed and read back."""
        self._capabilities: Node | None = None

    @property
    def name(self) -> str:
        """Return the service in use, a key of SERVICES."""
        return "media2" if self.media2 else "media"

    @property
    def complete(self) -> bool:
        """Return whether there is no better service, which might tell of more."""
        return self.media2 or not self.client.has("media2")

    async def choose(self) -> list[Found] | None:
        """Find the service that has profiles; return them, None when neither answers.

        Raises ConnectError, AuthError.
        """
        empty: list[Found] | None = None
        for name in ("media2", "media"):
            if not self.client.has(name):
                continue
            self.media2 = name == "media2"
            if found := await self.profiles():
                break
            empty = found if found is not None else empty
        else:
            found = empty
        self._capabilities = None
        if self.client.has(self.name):
            answer = await optional(self.call("GetServiceCapabilities"))
            self._capabilities = None if answer is None else answer.child("Capabilities")
        return found

    async def profiles(self) -> list[Found] | None:
        """Return the profiles, at most MAX_PROFILES; None when it does not answer."""
        values: Mapping[str, Argument] = {"Type": ["All"]} if self.media2 else {}
        arguments: Any = values
        answer = await optional(self.client.call(self.name, "GetProfiles", **arguments))
        if answer is None:
            return None
        # In a thread: there can be many, with all that they are made of.
        return await asyncio.to_thread(read_profiles, answer, media2=self.media2)

    def lacks(self, capability: str) -> bool:
        """Return whether the device says that it has not got something."""
        if (found := self._capabilities) is None:
            return False
        places = (found, *found)
        return any(as_flag(place.attribute(capability)) is False for place in places)

    async def ask(self, service: str, operation: str, /, **values: Argument) -> Node:
        """Ask a service. CameraError."""
        arguments: Any = values  # its keywords are told from the request's by their case
        return await self.client.call(service, operation, **arguments)

    async def call(self, operation: str, /, **values: Argument) -> Node:
        """Ask the service in use. CameraError."""
        return await self.ask(self.name, operation, **values)

    async def either(self, operation: str, /, **values: Argument) -> Node:
        """Ask the service in use, then the first one if that has not got it. CameraError."""
        try:
            return await self.call(operation, **values)
        except RefusedError as err:
            other = self.media2 and self.client.has("media")
            if err.reason is not Reason.UNSUPPORTED or not other:
                raise
            try:
                return await self.ask("media", operation, **values)
            except RefusedError:
                raise err from None

    async def uri(self, operation: str, profile: str, **values: Argument) -> str | None:
        """Return the address that an operation on a profile gives. CameraError."""
        answer = await self.call(operation, ProfileToken=profile, **values)
        return answer.text("Uri") or answer.text("MediaUri", "Uri")

    async def snapshot_uri(self, profile: str) -> str | None:
        """Return where still pictures of a profile are. CameraError."""
        answer = await self.either("GetSnapshotUri", ProfileToken=profile)
        return answer.text("Uri") or answer.text("MediaUri", "Uri")

    async def synchronize(self, profile: str) -> None:
        """Have every stream of a profile go on with a key picture. CameraError."""
        await self.either("SetSynchronizationPoint", ProfileToken=profile)

    async def configurations(self, kind: str, profile: str | None = None) -> list[Node]:
        """Return the configurations of a kind: all, or those that a profile can have. CameraError.

        None are told of by a device that has no such thing.
        """
        if kind == "ptz":
            answer = await self.ask("ptz", "GetConfigurations")
            return answer.children("PTZConfiguration")[:MAX_TOKENS]
        if self.media2:
            values = {} if profile is None else {"ProfileToken": profile}
            answer = await self.call(f"Get{KINDS[kind]}Configurations", **values)
        elif profile is None:
            answer = await self.call(f"Get{_old(kind)}Configurations")
        else:
            answer = await self.call(
                f"GetCompatible{_old(kind)}Configurations", ProfileToken=profile
            )
        return answer.children("Configurations")[:MAX_TOKENS]

    async def configuration(self, kind: str, token: str) -> Node | None:
        """Return one configuration as it is now; None when the device will not tell.

        Raises ConnectError, AuthError.
        """
        if self.media2:
            asking = self.call(f"Get{KINDS[kind]}Configurations", ConfigurationToken=token)
        else:
            asking = self.call(f"Get{_old(kind)}Configuration", ConfigurationToken=token)
        if (answer := await optional(asking)) is None:
            return None
        found = answer.children("Configurations" if self.media2 else "Configuration")
        # Some answer with all of them.
        return next((node for node in found if node.attribute("token") == token), None)

    async def options(self, kind: str, token: str) -> tuple[Node, ...]:
        """Return what a configuration can be; nothing when the device does not tell.

        Raises ConnectError, AuthError.
        """
        operation = f"Get{KINDS[kind]}ConfigurationOptions"
        answer = await optional(self.call(operation, ConfigurationToken=token))
        return () if answer is None else tuple(answer.children("Options")[:MAX_TOKENS])

    async def set(self, kind: str, configuration: Node) -> None:
        """Change a configuration, for good. CameraError."""
        values = {} if self.media2 else {"ForcePersistence": True}
        await self.call(f"Set{KINDS[kind]}Configuration", Configuration=configuration, **values)

    async def create(self, name: str, configurations: Mapping[str, str]) -> str:
        """Make a profile; return its token. CameraError."""
        if self.media2:
            answer = await self.call(
                "CreateProfile", Name=name, Configuration=_references(configurations.items())
            )
            return _token(answer.text("Token"))
        answer = await self.call("CreateProfile", Name=name)
        profile = answer.child("Profile")
        token = _token(None if profile is None else profile.attribute("token"))
        try:
            await self.add(token, configurations)
        except CameraError:
            await optional(self.delete(token))
            raise
        return token

    async def add(self, profile: str, configurations: Mapping[str, str | None]) -> None:
        """Put configurations into a profile, by kind, in this order. CameraError."""
        if self.media2:
            await self.call(
                "AddConfiguration",
                ProfileToken=profile,
                Configuration=_references(configurations.items()),
            )
            return
        for kind, token in configurations.items():
            if token is None:
                raise RefusedError(Reason.OUT_OF_RANGE, kind)
            await self.call(
                f"Add{_old(kind)}Configuration", ProfileToken=profile, ConfigurationToken=token
            )

    async def remove(self, profile: str, configurations: Mapping[str, str | None]) -> None:
        """Take configurations out of a profile, by kind, in this order. CameraError."""
        if self.media2:
            await self.call(
                "RemoveConfiguration",
                ProfileToken=profile,
                Configuration=_references(configurations.items()),
            )
            return
        for kind in configurations:
            await self.call(f"Remove{_old(kind)}Configuration", ProfileToken=profile)

    async def delete(self, profile: str) -> None:
        """Delete a profile. CameraError."""
        name = "Token" if self.media2 else "ProfileToken"
        await self.call("DeleteProfile", **{name: profile})


def _references(configurations: Iterable[tuple[str, str | None]]) -> list[Argument]:
    return [
        {"Type": KINDS[kind]} if token is None else {"Type": KINDS[kind], "Token": token}
        for kind, token in configurations
    ]


def _token(token: str | None) -> str:
    if token is None:
        raise RefusedError(Reason.REFUSED, "CreateProfile")
    return token
