from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.device import Alarm
from custom_components.panacam.cams.editors import AnalyticsEditor
from custom_components.panacam.cams.errors import CameraError, ProtocolError, Reason, RefusedError
from custom_components.panacam.cams.onvif.analytics import AnalyticsPart
from custom_components.panacam.cams.onvif.node import parse
from custom_components.panacam.cams.onvif.rules import KNOWN_KINDS, read_kinds
from tests.cams.onvif.listening import PROFILE, listening, until
from tests.cams.onvif.support import Watched, known_client
from tests.simulators.onvif import Fault, OnvifSimulator, Quirk

LINE = '<tt:Polyline><tt:Point x="0" y="0.5"/><tt:Point x="1" y="0.5"/></tt:Polyline>'


@asynccontextmanager
async def analytics_of(
    session: ClientSession, simulator: OnvifSimulator
) -> AsyncIterator[tuple[AnalyticsPart, Watched]]:
    """Give the part that knows a simulated device's rules, connected, and its board."""
    watched = Watched()
    watched.board.profiles = (PROFILE,)
    part = AnalyticsPart(await known_client(session, simulator), watched.board)
    await part.connect()
    yield part, watched
    await part.close()


def editor_of(part: AnalyticsPart) -> AnalyticsEditor:
    """Return the role, which is there."""
    assert part.editor is not None
    return part.editor


async def refusal(attempt: object) -> Reason:
    """Return why something is refused."""
    with pytest.raises(RefusedError) as caught:
        await attempt  # type: ignore[misc]
    return caught.value.reason


async def test_each_rule_has_a_row(session: ClientSession) -> None:
    """Of its kind, named after it: a signal, a counter or an event."""
    async with OnvifSimulator() as simulator, analytics_of(session, simulator) as (_, watched):
        board = watched.board
        assert [(row.kind, row.label) for row in board.signals.values()] == [
            ("motion_rule", "MyMotion"),
            ("motion_rule", "Region 1"),
            ("field", "Lawn"),
            ("loitering", "Loitering"),
            ("motion_rule", "Running"),
        ]
        assert [(row.kind, row.label) for row in board.readings.values()] == [
            ("counter", "Visitors")
        ]
        assert [(row.kind, row.label) for row in board.topics.values()] == [
            ("line", "Door step"),
            ("query", "Query 1"),
        ]
        assert set(board.signalled.values()) == {None}
        rows = [*board.signals.values(), *board.readings.values(), *board.topics.values()]
        assert all(row.enabled for row in rows)


@pytest.mark.parametrize("fault", [None, Fault.NOT_SUPPORTED], ids=["described", "known"])
async def test_events_fill_those_rows(session: ClientSession, fault: Fault | None) -> None:
    """Each rule's events go to its row, also where the device does not describe its kinds."""
    async with OnvifSimulator() as simulator, listening(session, simulator) as found:
        part = AnalyticsPart(found.part.client, found.board)
        if fault is not None:
            simulator.fault("GetSupportedRules", fault)
        await part.connect()
        rows = {*found.board.signals, *found.board.readings, *found.board.topics}
        for rule in ("MyMotion", "Region 1", "Lawn", "Loitering", "Running", "Visitors"):
            simulator.camera.analytics.trigger(rule)
        for rule in ("Door step", "Query 1"):
            simulator.camera.analytics.trigger(rule)
        labels = {"MyMotion", "Region 1", "Lawn", "Loitering", "Running"}

        def on() -> set[str]:
            signals = found.board.signals
            return {signals[key].label for key, value in found.board.signalled.items() if value}

        await until(lambda: labels <= on())
        await until(lambda: 1.0 in found.board.read.values())
        await until(lambda: len(found.watched.told) >= 3)
        assert {*found.board.signals, *found.board.readings, *found.board.topics} == rows
        for rule in labels:
            simulator.camera.analytics.trigger(rule, active=False)
        await until(lambda: not on())


async def test_nobody_there_at_first(
    session: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A field of which no object is told is empty, once the initial states were told."""
    monkeypatch.setattr("custom_components.panacam.cams.onvif.events.SETTLE_WAIT", 0.2)
    async with OnvifSimulator() as simulator, listening(session, simulator) as found:
        part = AnalyticsPart(found.part.client, found.board)
        await part.connect()
        await until(lambda: found.signal("rule_engine_field_detector") is False)
        assert found.signal("rule_engine_loitering_detector") is False


async def test_supported(session: ClientSession) -> None:
    """Kinds with their parameters, options and limits."""
    async with OnvifSimulator() as simulator, analytics_of(session, simulator) as (part, _):
        rules = {kind["kind"]: kind for kind in await editor_of(part).supported("rules", None)}
        cells = rules["tt:CellMotionDetector"]
        assert cells["limit"] == 1
        assert cells["fixed"] is False
        assert cells["topics"] == ["RuleEngine/CellMotionDetector/Motion"]
        assert cells["options"] == {
            "MinCount": {"minimum": "1", "maximum": "48"},
            "AlarmOnDelay": {"minimum": "0", "maximum": "5000"},
        }
        modules = {one["kind"]: one for one in await editor_of(part).supported("modules", None)}
        assert modules["tt:CellMotionEngine"]["fixed"] is True
        assert modules["tnsx:ObjectTracker"]["options"] == {
            "Sensitivity": {"minimum": "1", "maximum": "10"},
            "Classes": ["Human", "Vehicle", "Animal"],
        }
        simulator.camera.quirks.add(Quirk.NO_OPTIONS)
        assert all(not one["options"] for one in await editor_of(part).supported("rules", None))


@pytest.mark.parametrize(
    ("part_name", "name", "kind", "parameters", "changed"),
    [
        (
            "rules",
            "Gate",
            "LineDetector",
            {"Direction": "Left", "Segments": LINE},
            {"Direction": "Any"},
        ),
        ("modules", "Second", "tnsx:ObjectTracker", {"Sensitivity": 3}, {"Shadows": True}),
    ],
)
async def test_editing(
    session: ClientSession,
    part_name: str,
    name: str,
    kind: str,
    parameters: dict[str, object],
    changed: dict[str, object],
) -> None:
    """Made, listed, changed with the rest left alone, and deleted."""
    async with OnvifSimulator() as simulator, analytics_of(session, simulator) as (part, watched):
        editor = editor_of(part)
        await editor.create(part_name, None, name, kind, parameters)
        state = simulator.camera.analytics
        there = state.rules if part_name == "rules" else state.modules
        made = there[name]
        assert made.kind.endswith(kind.rpartition(":")[2])
        if part_name == "rules":
            assert made.elements["Segments"].count("Point") == 2
            assert "Gate" in {row.label for row in watched.board.topics.values()}
        before = dict(made.simple)
        await editor.modify(part_name, "analytics_1", name, changed)
        for key, value in changed.items():
            assert made.simple[key] == str(value).replace("True", "true")
        assert {**before, **made.simple} == made.simple
        listed = {str(one["name"]): one for one in await editor.items(part_name, None)}
        assert listed[name]["kind"] == made.kind
        told = listed[name]["parameters"]
        assert isinstance(told, dict)
        assert told.items() >= made.simple.items()
        await editor.delete(part_name, None, name)
        assert name not in there


async def test_a_deleted_rule_takes_its_rows_along(session: ClientSession) -> None:
    """Whoever deleted it; made again, it has the same."""
    async with OnvifSimulator() as simulator, listening(session, simulator) as found:
        part = AnalyticsPart(found.part.client, found.board)
        await part.connect()
        state = simulator.camera.analytics
        state.trigger("MyMotion")
        state.trigger("Visitors")
        await until(
            lambda: found.signal("rule_engine_cell_motion") and 1.0 in found.board.read.values()
        )
        key = found.key("rule_engine_cell_motion")
        counter = next(key for key in found.board.read if "counter" in key)
        line = next(key for key, row in found.board.topics.items() if row.label == "Door step")
        assert found.board.alarms[Alarm.MOTION] is True
        await editor_of(part).delete("rules", None, "MyMotion")
        await until(lambda: found.board.alarms[Alarm.MOTION] is not True)
        state.remove_rule("Visitors")
        state.remove_rule("Door step")
        await part.refresh()
        now = found.watched.states[-1]
        assert key not in now.signals
        assert counter not in now.readings
        assert line not in now.topics
        simulator.fault("GetRules", Fault.ERROR_500)
        await part.refresh()
        assert found.board.signals
        simulator.clear_faults()
        parameters = {"Direction": "Left", "Segments": LINE}
        await editor_of(part).create("rules", None, "Door step", "LineDetector", parameters)
        assert found.board.topics[line].label == "Door step"


async def test_connected_again(session: ClientSession) -> None:
    """Rules that are not to be seen keep their rows; without analytics there are no rules."""
    async with OnvifSimulator() as simulator, analytics_of(session, simulator) as (part, watched):
        board = watched.board
        before = {*board.signals, *board.readings, *board.topics}
        assert before
        board.profiles = (replace(PROFILE, configurations={"analytics": "another"}),)
        await part.connect()
        assert {*board.signals, *board.readings, *board.topics} == before
        board.profiles = (PROFILE,)
        await part.connect()
        assert {*board.signals, *board.readings, *board.topics} == before
        board.profiles = ()
        simulator.fault("GetAnalyticsConfigurations", Fault.EMPTY_RESPONSE)
        await part.connect()
        assert part.editor is None
        assert not {*board.signals, *board.readings, *board.topics}


async def test_refusals(session: ClientSession) -> None:
    """What cannot be is refused with its reason."""
    async with OnvifSimulator() as simulator, analytics_of(session, simulator) as (part, _):
        editor = editor_of(part)
        assert await refusal(editor.create("rules", None, "x", "Nothing", {})) is Reason.UNSUPPORTED
        again = editor.create("rules", None, "Lawn", "FieldDetector", {})
        assert await refusal(again) is Reason.CONFLICT
        assert await refusal(editor.modify("rules", None, "no", {})) is Reason.NOT_FOUND
        assert await refusal(editor.delete("rules", None, "no")) is Reason.NOT_FOUND
        assert await refusal(editor.items("rules", "other")) is Reason.NOT_FOUND
        wrong = editor.modify("rules", None, "MyMotion", {"MinCount": "many"})
        assert await refusal(wrong) is Reason.OUT_OF_RANGE
        fixed = editor.delete("modules", None, "MyCellMotion")
        assert await refusal(fixed) is Reason.FIXED
        simulator.fault("CreateRules", Fault.EMPTY_RESPONSE)
        ignored = editor.create("rules", None, "Gate", "LineDetector", {"Segments": LINE})
        assert await refusal(ignored) is Reason.REFUSED


async def test_capabilities_are_believed(session: ClientSession) -> None:
    """A device without modules is not asked for any, nor for options that it has not."""
    async with OnvifSimulator() as simulator, analytics_of(session, simulator) as (part, _):
        editor = editor_of(part)
        editor._capabilities = parse(  # type: ignore[attr-defined]
            b'<Capabilities AnalyticsModuleSupport="false" RuleOptionsSupported="0"/>'
        )
        assert await refusal(editor.items("modules", None)) is Reason.UNSUPPORTED
        await editor.supported("rules", None)
        assert simulator.count("GetRuleOptions") == 0
        editor._capabilities = None  # type: ignore[attr-defined]
        assert await editor.items("modules", None)


@pytest.mark.parametrize("media2", [True, False])
async def test_analytics_without_a_profile(session: ClientSession, *, media2: bool) -> None:
    """Configurations that no profile has are found all the same."""
    async with OnvifSimulator(media2=media2) as simulator:
        watched = Watched()
        watched.board.profiles = (replace(PROFILE, configurations={}),)
        part = AnalyticsPart(await known_client(session, simulator), watched.board)
        await part.connect()
        assert part.editor is not None
        assert len(watched.board.signals) == 5


async def test_without_analytics(session: ClientSession) -> None:
    """Without the service, or without a configuration, there is no role."""
    async with (
        OnvifSimulator(analytics=False) as simulator,
        analytics_of(session, simulator) as (part, watched),
    ):
        assert part.editor is None
        assert not watched.board.signals
        await part.refresh()
    async with OnvifSimulator() as simulator:
        for operation in ("GetAnalyticsConfigurations", "GetVideoAnalyticsConfigurations"):
            simulator.fault(operation, Fault.NOT_SUPPORTED)
        part = AnalyticsPart(await known_client(session, simulator), Watched().board)
        await part.connect()
        assert part.editor is None


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.EMPTY_RESPONSE, None),
        (Fault.WRONG_RESPONSE, ProtocolError),
        (Fault.NOT_XML, ProtocolError),
    ],
)
async def test_nonsense(
    session: ClientSession, fault: Fault, error: type[CameraError] | None
) -> None:
    """Nonsense instead of rules makes no rows; whoever edits is told."""
    async with OnvifSimulator() as simulator:
        for operation in ("GetRules", "GetSupportedRules", "GetServiceCapabilities"):
            simulator.fault(operation, fault)
        async with analytics_of(session, simulator) as (part, watched):
            assert not watched.board.signals
            asking = editor_of(part).items("rules", None)
            if error is None:
                assert await asking == []
                return
            with pytest.raises(error) as caught:
                await asking
            assert "127.0.0.1" not in str(caught.value)


def test_kinds() -> None:
    """A kind that says nothing of its messages tells what such rules always tell."""
    answer = parse(
        b'<r><SupportedRules><RuleDescription Name="tt:LineDetector"><Parameters/>'
        b'</RuleDescription><RuleDescription Name="v:Own"><Messages IsProperty="true"><Source>'
        b'<SimpleItemDescription Name="Place" Type="xs:string"/></Source><Data>'
        b'<SimpleItemDescription Name="On" Type="xs:boolean"/></Data>'
        b"<ParentTopic> v:RuleEngine/v:Own/On </ParentTopic></Messages><Messages/>"
        b"</RuleDescription></SupportedRules></r>"
    )
    found = read_kinds(answer)
    assert found["LineDetector"] == KNOWN_KINDS["LineDetector"]
    (own,) = found["Own"]
    assert (own.topic, own.is_property) == ("RuleEngine/Own/On", True)
