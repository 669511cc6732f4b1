"""Roles that list, make, change and delete things in a camera, for actions."""

from collections.abc import Mapping, Sequence
from typing import Protocol

type Listed = Sequence[Mapping[str, object]]
"""What an action shows: objects of texts, numbers, lists and objects, fit for JSON."""


class ProfileEditor(Protocol):
    """Media profiles and what they are made of. Every method raises CameraError."""

    async def profiles(self) -> Listed:
        """Return the profiles with their configurations."""

    async def configurations(self) -> Listed:
        """Return every configuration that a profile can be made of: kind, token, name."""

    async def create_profile(self, name: str, configurations: Mapping[str, str]) -> str:
        """Make one of configurations (token by kind); return its token."""

    async def add_configuration(self, profile: str, kind: str, token: str | None) -> None:
        """Add a configuration to a profile; it takes the place of one of its kind."""

    async def remove_configuration(self, profile: str, kind: str, token: str | None) -> None:
        """Take one out of a profile."""

    async def delete_profile(self, profile: str) -> None:
        """Delete a profile; a fixed one cannot be."""


class OsdEditor(Protocol):
    """Texts over the picture. Every method raises CameraError."""

    async def osds(self) -> Listed:
        """Return what there is."""

    async def create_osd(self, osd: Mapping[str, object]) -> str:
        """Make one; return its token.

        Keys: `text` or `type` (plain, date, time, date_and_time), `position` (upper_left,
        upper_right, lower_left, lower_right, or `x` and `y` from -1 to 1), `font_size`, `source`
        (of several).
        """

    async def delete_osd(self, token: str) -> None:
        """Delete one."""


class MaskEditor(Protocol):
    """What hides parts of the picture. Every method raises CameraError."""

    async def masks(self) -> Listed:
        """Return what there is."""

    async def create_mask(self, mask: Mapping[str, object]) -> str:
        """Make one; return its token.

        Keys: `points` (list of x, y from -1 to 1), `type` (color, pixelated, blurred), `color`
        (X, Y, Z), `enabled`, `source` (of several).
        """

    async def modify_mask(self, token: str, mask: Mapping[str, object]) -> None:
        """Change what `mask` names of one."""

    async def delete_mask(self, token: str) -> None:
        """Delete one."""


class AnalyticsEditor(Protocol):
    """Rules and modules of the video analytics. Every method raises CameraError.

    `part` is `rules` or `modules`; `configuration` the token of an analytics configuration, of
    several. Parameters are by name: simple ones a text or number, elements XML in a text.
    """

    async def supported(self, part: str, configuration: str | None) -> Listed:
        """Return what kinds there can be, with their parameters, and options where told."""

    async def items(self, part: str, configuration: str | None) -> Listed:
        """Return what there is."""

    async def create(
        self,
        part: str,
        configuration: str | None,
        name: str,
        kind: str,
        parameters: Mapping[str, object],
    ) -> None:
        """Make one."""

    async def modify(
        self, part: str, configuration: str | None, name: str, parameters: Mapping[str, object]
    ) -> None:
        """Change what `parameters` names of one."""

    async def delete(self, part: str, configuration: str | None, name: str) -> None:
        """Delete one."""
