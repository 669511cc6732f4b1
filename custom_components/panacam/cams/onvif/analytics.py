"""Video analytics: a row for whatever each rule tells, and the editor of rules and modules."""

from collections.abc import Mapping
from typing import Final, override

from ..editors import AnalyticsEditor
from .analytics_editor import Editor
from .board import Board
from .client import OnvifClient
from .node import Node
from .notifications import TopicDescription
from .part import Part
from .rows import Rows
from .rules import KNOWN_KINDS, MAX_RULES, local, offer_rule, read_kinds
from .trying import optional, together

MAX_CONFIGURATIONS: Final = 8

OPERATIONS: Final[Mapping[str, str]] = {
    "analytics.GetServiceCapabilities": "what `panacam.get_analytics` asks for",
    "analytics.GetSupportedRules": "what each rule tells; action `panacam.get_analytics`",
    "analytics.GetRules": (
        "a binary sensor, sensor or event of each rule; action `panacam.get_analytics`"
    ),
    "media2.GetAnalyticsConfigurations": "rules of analytics that no profile has",
    "media.GetVideoAnalyticsConfigurations": "as above, without Media2",
}


class AnalyticsPart(Part):
    """Knows the rules that a device has, and lets them be edited."""

    def __init__(self, client: OnvifClient, board: Board) -> None:
        """Ask by `client`, write to `board`."""
        super().__init__(client, board)
        self.editor: AnalyticsEditor | None = None
        """The role."""
        self._rows = Rows(board)
        self._configurations: tuple[str, ...] = ()
        self._kinds: dict[str, Mapping[str, tuple[TopicDescription, ...]]] = {}
        self._rules: dict[tuple[str, str], set[str]] = {}
        """Keys of the rows of each rule, by configuration and name."""

    @override
    async def connect(self) -> None:
        """Learn the configurations and their rules."""
        self.editor = None
        self._configurations = ()
        if not self.client.has("analytics"):
            return
        self._configurations = await self._find()
        if not self._configurations:
            await self.refresh()
            return
        capabilities, *supported = await together(
            optional(self.client.call("analytics", "GetServiceCapabilities")),
            *(
                optional(
                    self.client.call("analytics", "GetSupportedRules", ConfigurationToken=token)
                )
                for token in self._configurations
            ),
        )
        self._kinds = {
            token: KNOWN_KINDS if answer is None else read_kinds(answer)
            for token, answer in zip(self._configurations, supported, strict=True)
        }
        self.editor = Editor(self.client, self._configurations, capabilities, self.refresh)
        await self.refresh()

    async def _find(self) -> tuple[str, ...]:
        """Return the tokens of the analytics configurations, those of profiles first."""
        found = [
            token
            for profile in self.board.profiles
            if (token := profile.configurations.get("analytics")) is not None
        ]
        if not found:
            found = await self._list()
        return tuple(dict.fromkeys(found))[:MAX_CONFIGURATIONS]

    async def _list(self) -> list[str]:
        for service, operation in (
            ("media2", "GetAnalyticsConfigurations"),
            ("media", "GetVideoAnalyticsConfigurations"),
        ):
            if not self.client.has(service):
                continue
            answer = await optional(self.client.call(service, operation))
            if answer is not None:
                tokens = [node.attribute("token") for node in answer.children("Configurations")]
                return list(filter(None, tokens))
        return []

    @override
    async def refresh(self) -> None:
        """Look at the rules again: each has its rows, and takes them along when it goes."""
        answers = await together(
            *(
                optional(self.client.call("analytics", "GetRules", ConfigurationToken=token))
                for token in self._configurations
            )
        )
        before, self._rules = self._rules, {}
        told = dict(zip(self._configurations, answers, strict=True))
        if None in told.values():
            # Not all are to be seen this time, and those of before may have other tokens now.
            self._rules |= {
                place: keys for place, keys in before.items() if told.get(place[0]) is None
            }
        for token, answer in told.items():
            if answer is None:
                continue
            for rule in answer.children("Rule")[:MAX_RULES]:
                self._offer(token, rule)
        kept = set().union(*self._rules.values())
        gone = set().union(*before.values()) - kept
        for key in gone:
            self.board.withdraw_signal(key)
            self.board.withdraw_reading(key)
            self.board.withdraw_topic(key)
        if gone or self._rules.keys() != before.keys():
            self.board.show()

    def _offer(self, token: str, rule: Node) -> None:
        name, kind = rule.attribute("Name"), local(rule.attribute("Type"))
        kinds = self._kinds.get(token, {})
        if name is None or (descriptions := kinds.get(kind, KNOWN_KINDS.get(kind))) is None:
            return
        profile = next(
            (
                profile
                for profile in self.board.profiles
                if profile.configurations.get("analytics") == token
            ),
            None,
        )
        self._rules[token, name] = offer_rule(self._rows, profile, token, name, descriptions)
