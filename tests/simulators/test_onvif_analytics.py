"""Rules and modules of the simulated ONVIF camera, and what they tell."""

from typing import Any

import aiohttp
import pytest

from tests.simulators.onvif import OnvifSimulator, Quirk
from tests.simulators.onvif_client import Client

HERE: dict[str, Any] = {"configuration": "analytics_1"}
ENGINE = "tns1:RuleEngine"


async def test_supported_rules(client: aiohttp.ClientSession) -> None:
    """Every kind of annexes C to E is described, and has a rule on leaving the factory."""
    async with OnvifSimulator() as sim:
        camera = Client(sim, client)
        reply = await camera.send("tan_GetSupportedRules", **HERE)
        described = {found.get("Name"): found for found in reply.all("RuleDescription")}
        assert described.keys() == {
            "tt:CellMotionDetector",
            "tt:MotionRegionDetector",
            "tt:LineDetector",
            "tt:FieldDetector",
            "tt:LoiteringDetector",
            "tt:DeclarativeMotionDetector",
            "tt:LineCounting",
            "tt:CountAggregation",
            "tt:QueryRule",
        }
        topics = {topic.strip() for topic in reply.texts("ParentTopic")}
        assert f"{ENGINE}/FieldDetector/ObjectsInside" in topics
        rules = await camera.send("tan_GetRules", **HERE)
        kinds = [found.get("Type") for found in rules.all("Rule")]
        assert len(kinds) == len(set(kinds)) == 8
        assert kinds[0] == "tt:CellMotionDetector"
        wrong = await camera.send("tan_GetRules", configuration="x")
        assert wrong.fault == ["Sender", "InvalidArgVal", "NoConfig"]
        (found,) = (await camera.send("tan_GetServiceCapabilities")).all("Capabilities")
        assert found.get("RuleSupport") == "true"


async def test_create_modify_delete(client: aiohttp.ClientSession) -> None:
    """A rule comes, changes and goes; what cannot be is refused by its own name."""
    async with OnvifSimulator() as sim:
        camera = Client(sim, client)
        values: dict[str, Any] = {"name": "Path", "direction": "Left", **HERE}
        reply = await camera.send("tan_ModifyRules", **values)
        assert reply.fault == ["Sender", "InvalidArgVal", "RuleNotExistent"]
        assert (await camera.send("tan_CreateRules", **values)).status == 200
        rule = sim.camera.analytics.rules["Path"]
        assert rule.simple == {"Direction": "Left"}
        assert (await camera.send("tan_CreateRules", **values)).fault[-1] == "RuleAlreadyExistent"
        assert (
            await camera.send("tan_ModifyRules", **(values | {"direction": "Any"}))
        ).status == 200
        reply = await camera.send("tan_GetRules", **HERE)
        (found,) = (item for item in reply.all("Rule") if item.get("Name") == "Path")
        assert [item.get("Value") for item in found.iter() if item.tag.endswith("SimpleItem")] == [
            "Any"
        ]
        points = [item.attrib for item in found.iter() if item.tag.endswith("Point")]
        assert points == [{"x": "-0.25", "y": "-1"}, {"x": "0.25", "y": "1"}]
        up = await camera.send("tan_ModifyRules", **(values | {"direction": "Up"}))
        assert up.fault[-1] == "InvalidRule"
        changed = await camera.send("tan_ModifyRules", **(values | {"name": "Lawn"}))
        assert changed.fault == ["Receiver", "Action", "TypeChangeProhibited"]
        assert (await camera.send("tan_DeleteRules", name="Path", **HERE)).status == 200
        reply = await camera.send("tan_DeleteRules", name="Path", **HERE)
        assert reply.fault[-1] == "RuleNotExistent"


async def test_limits(client: aiohttp.ClientSession) -> None:
    """A kind has no more rules than it says."""
    async with OnvifSimulator() as sim:
        camera = Client(sim, client)
        for number in range(7):
            reply = await camera.send(
                "tan_CreateRules", name=f"Line {number}", direction="Any", **HERE
            )
            assert reply.status == 200
        reply = await camera.send("tan_CreateRules", name="Line 8", direction="Any", **HERE)
        assert reply.fault == ["Receiver", "Action", "TooManyRules"]


async def test_names_of_types(client: aiohttp.ClientSession) -> None:
    """A type is known by its namespace under any prefix, and by no prefix without one."""
    async with OnvifSimulator() as sim:
        camera = Client(sim, client)
        assert (await camera.send("other_CreateRules")).status == 200
        assert sim.camera.analytics.rules["Short cut"].kind == "tt:FieldDetector"
        assert (await camera.send("other_undeclared")).fault[-1] == "InvalidRule"


async def test_rule_options(client: aiohttp.ClientSession) -> None:
    """Options are of one kind or of all, and can be missing."""
    async with OnvifSimulator() as sim:
        camera = Client(sim, client)
        reply = await camera.send("tan_GetRuleOptions", type="tt:LineDetector", **HERE)
        (found,) = reply.all("RuleOptions")
        assert (found.get("Name"), found.get("Type")) == ("Direction", "tt:StringList")
        assert reply.text("StringList") == "Left Right Any"
        everything = await camera.send("tan_GetRuleOptions", type="", **HERE)
        assert everything.all("MotionRegionConfigOptions")
        wrong = await camera.send("tan_GetRuleOptions", type="tt:Nothing", **HERE)
        assert wrong.fault[-1] == "RuleNotExistent"
    async with OnvifSimulator(quirks={Quirk.NO_OPTIONS}) as sim:
        reply = await Client(sim, client).send("tan_GetRuleOptions", type="", **HERE)
        assert reply.fault[-1] == "ActionNotSupported"


async def test_modules(client: aiohttp.ClientSession) -> None:
    """Modules come, change and go as rules do; the cell engine is fixed."""
    async with OnvifSimulator() as sim:
        camera = Client(sim, client)
        reply = await camera.send("tan_GetSupportedAnalyticsModules", **HERE)
        fixed = {found.get("Name"): found.get("fixed") for found in reply.all(_DESCRIPTION)}
        assert fixed == {"tt:CellMotionEngine": "true", "tnsx:ObjectTracker": None}
        values: dict[str, Any] = {"name": "Second", "sensitivity": 3, **HERE}
        assert (await camera.send("tan_CreateAnalyticsModules", **values)).status == 200
        again = await camera.send("tan_CreateAnalyticsModules", **values)
        assert again.fault[-1] == "NameAlreadyExistent"
        third = await camera.send("tan_CreateAnalyticsModules", **(values | {"name": "Third"}))
        assert third.fault[-1] == "TooManyModules"
        await camera.send("tan_ModifyAnalyticsModules", **(values | {"sensitivity": 8}))
        assert sim.camera.analytics.modules["Second"].simple["Sensitivity"] == "8"
        bad = await camera.send("tan_ModifyAnalyticsModules", **(values | {"sensitivity": "x"}))
        assert bad.fault[-1] == "InvalidModule"
        names = [
            found.get("Name")
            for found in (await camera.send("tan_GetAnalyticsModules", **HERE)).all(_MODULE)
        ]
        assert names == ["MyCellMotion", "Tracker", "Second"]
        name = "tan_DeleteAnalyticsModules"
        assert (await camera.send(name, name="Second", **HERE)).status == 200
        assert (await camera.send(name, name="Second", **HERE)).fault[-1] == "NameNotExistent"
        assert (await camera.send(name, name="MyCellMotion", **HERE)).fault[-1] == "FixedModules"
        options = "tan_GetAnalyticsModuleOptions"
        reply = await camera.send(options, type="tnsx:ObjectTracker", **HERE)
        assert reply.text("StringList") == "Human Vehicle Animal"
        wrong = await camera.send(options, type="tt:Nothing", **HERE)
        assert wrong.fault[-1] == "TypeNotExistent"


_DESCRIPTION = "AnalyticsModuleDescription"
_MODULE = "AnalyticsModule"
_PLACE = {
    "VideoSourceConfigurationToken": "video_source_config_1",
    "VideoAnalyticsConfigurationToken": "analytics_1",
}


@pytest.mark.parametrize(
    ("rule", "topic", "operations", "items"),
    [
        ("MyMotion", "CellMotionDetector/Motion", "Changed Changed", {"IsMotion": "true"}),
        ("Door step", "LineDetector/Crossed", "None None", {"ObjectId": "5"}),
        (
            "Lawn",
            "FieldDetector/ObjectsInside",
            "Changed Changed",
            {"ObjectId": "5", "IsInside": "true"},
        ),
        ("Loitering", "LoiteringDetector/ObjectIsLoitering", "Changed Deleted", {"ObjectId": "5"}),
        (
            "Running",
            "DeclarativeMotionDetector/MotionMatched",
            "Changed Deleted",
            {"ObjectId": "5"},
        ),
        ("Visitors", "CountAggregation/Counter", "Changed Changed", {"Count": "1"}),
        ("Query 1", "QueryRule", "None None", {}),
    ],
)
async def test_trigger(
    client: aiohttp.ClientSession, rule: str, topic: str, operations: str, items: dict[str, str]
) -> None:
    """Each kind tells what it sees in its own way, with what its description promises."""
    async with OnvifSimulator() as sim:
        camera = Client(sim, client)
        url = await camera.subscribe()
        await camera.pull(url)
        sim.camera.analytics.trigger(rule, object_id=5)
        sim.camera.analytics.trigger(rule, False, object_id=5)
        reply = await camera.pull(url)
        first, second = reply.items()
        assert first[0] == second[0] == f"{ENGINE}/{topic}"
        assert [str(first[1]), str(second[1])] == operations.split()
        expected = {**_PLACE, "Rule": rule, **items}
        assert {name: first[2].get(name) for name in expected} == expected
        assert bool(reply.all("Object")) is (rule == "Query 1")


async def test_motion_and_sound(client: aiohttp.ClientSession) -> None:
    """Motion sets off both motion rules and the alarm, but no region that is disarmed."""
    async with OnvifSimulator() as sim:
        camera = Client(sim, client)
        url = await camera.subscribe()
        await camera.pull(url)
        sim.camera.motion()
        sim.camera.analytics.sound()
        sim.camera.analytics.tamper()
        found = {topic: items for topic, _, items in (await camera.pull(url)).items()}
        assert found[f"{ENGINE}/CellMotionDetector/Motion"]["IsMotion"] == "true"
        assert found[f"{ENGINE}/MotionRegionDetector/Motion"] == {
            "VideoSource": "video_source_1",
            "RuleName": "Region 1",
            "State": "true",
        }
        alarm = {"Source": "video_source_1", "State": "true"}
        assert found["tns1:VideoSource/MotionAlarm"] == alarm
        assert found["tns1:VideoSource/GlobalSceneChange/ImagingService"] == alarm
        assert found["tns1:AudioAnalytics/Audio/DetectedSound"]["isSoundDetected"] == "true"
        region = sim.camera.analytics.rules["Region 1"].elements
        region["MotionRegion"] = region["MotionRegion"].replace("true", "false")
        sim.camera.motion(False)
        topics = [topic for topic, _, _ in (await camera.pull(url)).items()]
        assert f"{ENGINE}/MotionRegionDetector/Motion" not in topics


async def test_states_of_rules(client: aiohttp.ClientSession) -> None:
    """A deleted rule's states are deleted, and a restart begins to count from nought."""
    async with OnvifSimulator() as sim:
        camera = Client(sim, client)
        url = await camera.subscribe()
        await camera.pull(url)
        sim.camera.analytics.trigger("Lawn", object_id=1)
        sim.camera.analytics.trigger("Lawn", object_id=2)
        sim.camera.analytics.trigger("Visitors")
        await camera.pull(url)
        await camera.send("tan_DeleteRules", name="Lawn", **HERE)
        items = (await camera.pull(url)).items()
        assert [(operation, found["ObjectId"]) for _, operation, found in items] == [
            ("Deleted", "1"),
            ("Deleted", "2"),
        ]
        await sim.reboot(0.05)
        items = (await camera.pull(await camera.subscribe())).items()
        counts = [found["Count"] for _, _, found in items if "Count" in found]
        assert counts == ["0"]


async def test_no_analytics(client: aiohttp.ClientSession) -> None:
    """A camera without analytics has neither the service nor its topics."""
    async with OnvifSimulator(analytics=False) as sim:
        camera = Client(sim, client)
        assert (await camera.send("tan_GetRules", **HERE)).status == 404
        assert not (await camera.send("tev_GetEventProperties")).all("RuleEngine")
