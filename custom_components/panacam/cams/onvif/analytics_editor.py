"""Rules and modules of video analytics, listed, made, changed and deleted (9.3 and 9.4)."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from ..editors import Listed
from ..errors import Reason, RefusedError
from ..text import plain
from .client import OnvifClient
from .configs import (
    build,
    change,
    described_type,
    option_of,
    parameters_of,
    read_parameters,
)
from .node import Node, as_flag, as_number
from .notifications import clean_topic
from .rules import local
from .trying import optional

MAX_ITEMS: Final = 64
"""Rules, modules and kinds of them that are listed."""

OPERATIONS: Final[Mapping[str, str]] = {
    "analytics.GetSupportedRules": "actions `panacam.get_analytics`, `panacam.create_analytics`",
    "analytics.GetRules": "actions `panacam.get_analytics`, `panacam.modify_analytics`",
    "analytics.GetRuleOptions": "action `panacam.get_analytics`",
    "analytics.CreateRules": "action `panacam.create_analytics`",
    "analytics.ModifyRules": "action `panacam.modify_analytics`",
    "analytics.DeleteRules": "action `panacam.delete_analytics`",
    "analytics.GetSupportedAnalyticsModules": (
        "actions `panacam.get_analytics`, `panacam.create_analytics`"
    ),
    "analytics.GetAnalyticsModules": (
        "actions `panacam.get_analytics`, `panacam.modify_analytics`"
    ),
    "analytics.GetAnalyticsModuleOptions": "action `panacam.get_analytics`",
    "analytics.CreateAnalyticsModules": "action `panacam.create_analytics`",
    "analytics.ModifyAnalyticsModules": "action `panacam.modify_analytics`",
    "analytics.DeleteAnalyticsModules": "action `panacam.delete_analytics`",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """What the operations and elements of rules or of modules are called."""

    support: str
    """Capability."""
    options_support: str
    get_supported: str
    supported: str
    description: str
    get: str
    item: str
    create: str
    modify: str
    delete: str
    deleted: str
    """What the names to delete are called."""
    get_options: str
    options: str
    options_kind: str


_PARTS: Final[Mapping[str, _Part]] = {
    "rules": _Part(
        support="RuleSupport",
        options_support="RuleOptionsSupported",
        get_supported="GetSupportedRules",
        supported="SupportedRules",
        description="RuleDescription",
        get="GetRules",
        item="Rule",
        create="CreateRules",
        modify="ModifyRules",
        delete="DeleteRules",
        deleted="RuleName",
        get_options="GetRuleOptions",
        options="RuleOptions",
        options_kind="RuleType",
    ),
    "modules": _Part(
        support="AnalyticsModuleSupport",
        options_support="AnalyticsModuleOptionsSupported",
        get_supported="GetSupportedAnalyticsModules",
        supported="SupportedAnalyticsModules",
        description="AnalyticsModuleDescription",
        get="GetAnalyticsModules",
        item="AnalyticsModule",
        create="CreateAnalyticsModules",
        modify="ModifyAnalyticsModules",
        delete="DeleteAnalyticsModules",
        deleted="AnalyticsModuleName",
        get_options="GetAnalyticsModuleOptions",
        options="Options",
        options_kind="AnalyticsModule",
    ),
}


class Editor:
    """The role, over one device's configurations."""

    def __init__(
        self,
        client: OnvifClient,
        configurations: tuple[str, ...],
        capabilities: Node | None,
        changed: Callable[[], Awaitable[None]],
    ) -> None:
        """Edit `configurations` (tokens, the first by default); call `changed` afterwards."""
        self._client = client
        self._configurations = configurations
        self._capabilities = None if capabilities is None else capabilities.child("Capabilities")
        self._changed = changed

    async def supported(self, part: str, configuration: str | None) -> Listed:
        """Return the kinds that there can be (the role)."""
        names, token = self._part(part), self._token(configuration)
        kinds = await self._kinds(names, token)
        options = await self._options(names, token)
        found: list[Mapping[str, object]] = []
        for kind in kinds:
            name = kind.attribute("Name")
            found.append(
                {
                    "kind": plain(name),
                    "parameters": described_type(kind),
                    "options": options.get(local(name), {}) | options.get("", {}),
                    "topics": [
                        clean_topic(message.text("ParentTopic"))
                        for message in kind.children("Messages")[:MAX_ITEMS]
                    ],
                    "limit": as_number(kind.attribute("maxInstances")),
                    "fixed": as_flag(kind.attribute("fixed")) is True,
                }
            )
        return found

    async def items(self, part: str, configuration: str | None) -> Listed:
        """Return the rules or modules that there are (the role)."""
        return [
            {
                "name": plain(item.attribute("Name")),
                "kind": plain(item.attribute("Type")),
                "parameters": read_parameters(item),
            }
            for item in await self._items(self._part(part), self._token(configuration))
        ]

    async def create(
        self,
        part: str,
        configuration: str | None,
        name: str,
        kind: str,
        parameters: Mapping[str, object],
    ) -> None:
        """Make a rule or module (the role)."""
        names, token = self._part(part), self._token(configuration)
        known = await optional(self._kinds(names, token)) or []
        like = next((one for one in known if local(one.attribute("Name")) == local(kind)), None)
        if known and like is None:
            raise RefusedError(Reason.UNSUPPORTED, kind)
        node = build(names.item, name, kind, like, parameters)
        await self._call(names.create, token, **{names.item: [node]})
        await self._changed()
        if await self._item(names, token, name) is None:
            raise RefusedError(Reason.REFUSED, names.create)

    async def modify(
        self, part: str, configuration: str | None, name: str, parameters: Mapping[str, object]
    ) -> None:
        """Change parameters of a rule or module, the others left as they are (the role)."""
        names, token = self._part(part), self._token(configuration)
        if (item := await self._item(names, token, name)) is None:
            raise RefusedError(Reason.NOT_FOUND, names.modify)
        known = await optional(self._kinds(names, token)) or []
        kind = local(item.attribute("Type"))
        like = next((one for one in known if local(one.attribute("Name")) == kind), None)
        node = change(item, parameters, parameters_of(like))
        await self._call(names.modify, token, **{names.item: [node]})
        await self._changed()

    async def delete(self, part: str, configuration: str | None, name: str) -> None:
        """Delete a rule or module (the role)."""
        names, token = self._part(part), self._token(configuration)
        await self._call(names.delete, token, **{names.deleted: [name]})
        await self._changed()

    def _part(self, part: str) -> _Part:
        names = _PARTS[part]
        if self._says(names.support) is False:
            raise RefusedError(Reason.UNSUPPORTED, part)
        return names

    def _says(self, capability: str) -> bool | None:
        if self._capabilities is None:
            return None
        return as_flag(self._capabilities.attribute(capability))

    def _token(self, configuration: str | None) -> str:
        if configuration is None:
            return self._configurations[0]
        if configuration not in self._configurations:
            raise RefusedError(Reason.NOT_FOUND, "configuration")
        return configuration

    async def _call(self, operation: str, token: str, **values: list[Node] | list[str]) -> Node:
        return await self._client.call(
            "analytics",
            operation,
            ConfigurationToken=token,
            **values,  # type: ignore[arg-type]
        )

    async def _kinds(self, names: _Part, token: str) -> list[Node]:
        answer = await self._call(names.get_supported, token)
        return answer.children(names.supported, names.description)[:MAX_ITEMS]

    async def _items(self, names: _Part, token: str) -> list[Node]:
        return (await self._call(names.get, token)).children(names.item)[:MAX_ITEMS]

    async def _item(self, names: _Part, token: str, name: str) -> Node | None:
        items = await self._items(names, token)
        return next((item for item in items if item.attribute("Name") == name), None)

    async def _options(self, names: _Part, token: str) -> dict[str, dict[str, object]]:
        """Return what parameters can be, by name, by kind; the empty kind is for all."""
        found: dict[str, dict[str, object]] = {}
        if self._says(names.options_support) is False:
            return found
        answer = await optional(self._call(names.get_options, token))
        for option in () if answer is None else answer.children(names.options)[:256]:
            name = plain(option.attribute("Name"))
            if name is not None:
                kind = local(option.attribute(names.options_kind))
                found.setdefault(kind, {})[name] = option_of(option)
        return found
