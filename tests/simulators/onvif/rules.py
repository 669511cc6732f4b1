"""Kinds of rules and analytics modules, as the camera describes them (annexes C, D and E)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from .service import element, escape
from .topics import Topic

CONFIGURATION: Final = "analytics_1"
_REGION_OPTIONS: Final = (
    '<axt:MotionRegionConfigOptions PTZPresetMotionSupport="false">'
    "<axt:MaxRegions>8</axt:MaxRegions><axt:DisarmSupport>true</axt:DisarmSupport>"
    "<axt:PolygonSupport>true</axt:PolygonSupport>"
    "<axt:PolygonLimits><tt:Min>3</tt:Min><tt:Max>8</tt:Max></axt:PolygonLimits>"
    "<axt:RuleNotification>true</axt:RuleNotification>"
    "</axt:MotionRegionConfigOptions>"
)
_PLACE: Final = {
    "VideoSourceConfigurationToken": "tt:ReferenceToken",
    "VideoAnalyticsConfigurationToken": "tt:ReferenceToken",
    "Rule": "xs:string",
}
_OBJECT: Final = {"ObjectId": "xs:integer"}
_DIRECTIONS: Final = "<tt:StringList>Left Right Any</tt:StringList>"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigType:
    """A kind of rule or module: its parameters, and what it tells."""

    name: str
    """With prefix: `tt:LineDetector`."""
    simple: Mapping[str, str] = field(default_factory=dict)
    """SimpleItems: name -> XML type."""
    elements: Mapping[str, str] = field(default_factory=dict)
    """ElementItems: name -> XML type."""
    topics: tuple[Topic, ...] = ()
    options: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Parameter -> (type of the options, their XML)."""
    max_instances: int = 8
    fixed: bool = False
    """Whether it can neither be created nor deleted."""

    def description(self, tag: str) -> str:
        """Write the RuleDescription or AnalyticsModuleDescription."""
        simple = "".join(
            f'<tt:SimpleItemDescription Name="{name}" Type="{kind}"/>'
            for name, kind in self.simple.items()
        )
        others = "".join(
            f'<tt:ElementItemDescription Name="{name}" Type="{kind}"/>'
            for name, kind in self.elements.items()
        )
        messages = "".join(topic.messages() for topic in self.topics)
        fixed = ' fixed="true"' if self.fixed else ""
        return (
            f'<tt:{tag} Name="{self.name}" maxInstances="{self.max_instances}"{fixed}>'
            f"<tt:Parameters>{simple}{others}</tt:Parameters>{messages}</tt:{tag}>"
        )


@dataclass(slots=True, kw_only=True)
class Config:
    """One rule or module."""

    name: str
    kind: str
    simple: dict[str, str] = field(default_factory=dict)
    elements: dict[str, str] = field(default_factory=dict)
    """ElementItems: name -> XML."""

    def write(self, tag: str) -> str:
        """Write it as `tag`, a name with prefix."""
        simple = "".join(
            f'<tt:SimpleItem Name="{escape(name)}" Value="{escape(value)}"/>'
            for name, value in self.simple.items()
        )
        others = "".join(
            f'<tt:ElementItem Name="{escape(name)}">{xml}</tt:ElementItem>'
            for name, xml in self.elements.items()
        )
        return (
            f'<{tag} Name="{escape(self.name)}" Type="{self.kind}">'
            f"<tt:Parameters>{simple}{others}</tt:Parameters></{tag}>"
        )


def limits(first: int, last: int) -> tuple[str, str]:
    """Give the options of a whole number."""
    inside = element("tt:Min", first) + element("tt:Max", last)
    return "tt:IntRange", f"<tt:IntRange>{inside}</tt:IntRange>"


def _polygon(first: int, last: int) -> tuple[str, str]:
    inside = element("tt:Min", first) + element("tt:Max", last)
    written = (
        f"<tt:RectangleOnly>false</tt:RectangleOnly><tt:VertexLimits>{inside}</tt:VertexLimits>"
    )
    return "tt:PolygonOptions", f"<tt:PolygonOptions>{written}</tt:PolygonOptions>"


CELL_MOTION: Final = ConfigType(
    name="tt:CellMotionDetector",
    simple={
        "MinCount": "xs:integer",
        "AlarmOnDelay": "xs:integer",
        "AlarmOffDelay": "xs:integer",
        "ActiveCells": "xs:base64Binary",
    },
    topics=(
        Topic("tns1:RuleEngine/CellMotionDetector/Motion", _PLACE, {"IsMotion": "xs:boolean"}),
    ),
    options={"MinCount": limits(1, 48), "AlarmOnDelay": limits(0, 5000)},
    max_instances=1,
)
MOTION_REGION: Final = ConfigType(
    name="tt:MotionRegionDetector",
    elements={"MotionRegion": "axt:MotionRegionConfig"},
    topics=(
        Topic(
            "tns1:RuleEngine/MotionRegionDetector/Motion",
            {"VideoSource": "tt:ReferenceToken", "RuleName": "xs:string"},
            {"State": "xs:boolean"},
        ),
    ),
    options={"MotionRegion": ("axt:MotionRegionConfigOptions", _REGION_OPTIONS)},
)
LINE: Final = ConfigType(
    name="tt:LineDetector",
    simple={"Direction": "tt:Direction"},
    elements={"Segments": "tt:Polyline"},
    topics=(Topic("tns1:RuleEngine/LineDetector/Crossed", _PLACE, _OBJECT, is_property=False),),
    options={"Direction": ("tt:StringList", _DIRECTIONS)},
)
FIELD: Final = ConfigType(
    name="tt:FieldDetector",
    elements={"Field": "tt:Polygon"},
    topics=(
        Topic(
            "tns1:RuleEngine/FieldDetector/ObjectsInside",
            _PLACE,
            {"IsInside": "xs:boolean"},
            _OBJECT,
        ),
    ),
    options={"Field": _polygon(3, 12)},
)
LOITERING: Final = ConfigType(
    name="tt:LoiteringDetector",
    simple={
        "TimeThreshold": "xs:nonNegativeInteger",
        "isPeriodicNotify": "xs:boolean",
        "TimeInterval": "xs:duration",
    },
    elements={"Field": "tt:PolygonConfiguration"},
    topics=(
        Topic(
            "tns1:RuleEngine/LoiteringDetector/ObjectIsLoitering",
            _PLACE,
            {"Since": "xs:dateTime", "TimeStamp": "xs:dateTime"},
            _OBJECT,
        ),
    ),
    options={"TimeThreshold": limits(1, 3600)},
)
DECLARATIVE: Final = ConfigType(
    name="tt:DeclarativeMotionDetector",
    elements={
        "Field": "tt:PolygonConfiguration",
        "MotionExpression": "tt:MotionExpressionConfiguration",
    },
    topics=(
        Topic(
            "tns1:RuleEngine/DeclarativeMotionDetector/MotionMatched",
            _PLACE,
            {"TimeStamp": "xs:dateTime"},
            _OBJECT,
        ),
    ),
)
_COUNTER: Final = {
    "ReportTimeInterval": "xs:duration",
    "ResetTimeInterval": "xs:duration",
    "Direction": "tt:Direction",
}
COUNTER_TOPIC: Final = "tns1:RuleEngine/CountAggregation/Counter"
COUNTING: Final = ConfigType(
    name="tt:LineCounting",
    simple={**_COUNTER, "PassAllPolylines": "xs:boolean"},
    elements={"Segments": "tt:Polyline"},
    topics=(Topic(COUNTER_TOPIC, _PLACE, {"Count": "xs:int"}),),
    options={"Direction": ("tt:StringList", _DIRECTIONS)},
)
AGGREGATION: Final = ConfigType(
    name="tt:CountAggregation",
    simple=_COUNTER,
    elements={"LineSegments": "tt:PolylineArrayConfiguration"},
    topics=(Topic(COUNTER_TOPIC, _PLACE, {"Count": "xs:nonNegativeInteger"}, _OBJECT),),
)
"""The counting rule's older form: the object counted last is the key."""
QUERY: Final = ConfigType(
    name="tt:QueryRule",
    simple={"VideoSource": "tt:ReferenceTokenList"},
    elements={"Query": "tt:MetadataFilter"},
    topics=(
        Topic(
            "tns1:RuleEngine/QueryRule",
            _PLACE,
            is_property=False,
            data_elements={"Result": "xs:any"},
        ),
    ),
)
RULE_TYPES: Final = {
    kind.name: kind
    for kind in (
        CELL_MOTION,
        MOTION_REGION,
        LINE,
        FIELD,
        LOITERING,
        DECLARATIVE,
        COUNTING,
        AGGREGATION,
        QUERY,
    )
}

CELL_ENGINE: Final = ConfigType(
    name="tt:CellMotionEngine",
    simple={"Sensitivity": "xs:integer"},
    elements={"Layout": "tt:CellLayout"},
    options={"Sensitivity": limits(0, 100)},
    max_instances=1,
    fixed=True,
)
TRACKER: Final = ConfigType(
    name="tnsx:ObjectTracker",
    simple={"Sensitivity": "xs:integer", "Classes": "tt:StringList", "Shadows": "xs:boolean"},
    options={
        "Sensitivity": limits(1, 10),
        "Classes": ("tt:StringList", "<tt:StringList>Human Vehicle Animal</tt:StringList>"),
    },
    max_instances=2,
)
MODULE_TYPES: Final = {kind.name: kind for kind in (CELL_ENGINE, TRACKER)}

_SQUARE: Final = "".join(
    f'<tt:Point x="{x}" y="{y}"/>' for x, y in ((-0.5, 0.5), (0.5, 0.5), (0.5, -0.5), (-0.5, -0.5))
)
POLYGON: Final = f"<tt:Polygon>{_SQUARE}</tt:Polygon>"
_AREA: Final = f"<tt:PolygonConfiguration>{POLYGON}</tt:PolygonConfiguration>"
_LINE: Final = '<tt:Polyline><tt:Point x="-0.5" y="0"/><tt:Point x="0.5" y="0"/></tt:Polyline>'


def first_rules() -> tuple[Config, ...]:
    """Give the rules of a camera on leaving the factory, one of each kind in annexes C to E."""
    return *_first_detectors(), *_first_observers()


def _first_detectors() -> tuple[Config, ...]:
    return (
        Config(
            name="MyMotion",
            kind=CELL_MOTION.name,
            simple={
                "MinCount": "4",
                "AlarmOnDelay": "100",
                "AlarmOffDelay": "100",
                "ActiveCells": "/v/+8A==",
            },
        ),
        Config(
            name="Region 1",
            kind=MOTION_REGION.name,
            elements={
                "MotionRegion": '<axt:MotionRegionConfig Armed="true" Sensitivity="0.5">'
                f"{POLYGON}</axt:MotionRegionConfig>"
            },
        ),
        Config(
            name="Door step",
            kind=LINE.name,
            simple={"Direction": "Any"},
            elements={"Segments": _LINE},
        ),
    )


def _first_observers() -> tuple[Config, ...]:
    return (
        Config(name="Lawn", kind=FIELD.name, elements={"Field": POLYGON}),
        Config(
            name="Loitering",
            kind=LOITERING.name,
            simple={
                "TimeThreshold": "10",
                "isPeriodicNotify": "false",
                "TimeInterval": "PT10S",
            },
            elements={"Field": _AREA},
        ),
        Config(
            name="Running",
            kind=DECLARATIVE.name,
            elements={
                "Field": _AREA,
                "MotionExpression": "<tt:MotionExpressionConfiguration><tt:MotionExpression>"
                "<tt:Expression>//tt:Speed &gt; 5</tt:Expression></tt:MotionExpression>"
                "</tt:MotionExpressionConfiguration>",
            },
        ),
        Config(
            name="Visitors",
            kind=COUNTING.name,
            simple={
                "ReportTimeInterval": "PT1S",
                "ResetTimeInterval": "PT24H",
                "Direction": "Any",
                "PassAllPolylines": "false",
            },
            elements={"Segments": _LINE},
        ),
        Config(
            name="Query 1",
            kind=QUERY.name,
            simple={"VideoSource": "video_source_1"},
            elements={
                "Query": "<tt:MetadataFilter><tt:MetadataStreamFilter>//tt:Object"
                "</tt:MetadataStreamFilter></tt:MetadataFilter>"
            },
        ),
    )


def first_modules() -> tuple[Config, ...]:
    """Give the modules of a camera on leaving the factory."""
    return (
        Config(
            name="MyCellMotion",
            kind=CELL_ENGINE.name,
            simple={"Sensitivity": "90"},
            elements={
                "Layout": '<tt:CellLayout Columns="8" Rows="6"><tt:Transformation>'
                '<tt:Translate x="-0.66666" y="0.6"/><tt:Scale x="0.1666666" y="-0.2"/>'
                "</tt:Transformation></tt:CellLayout>"
            },
        ),
        Config(
            name="Tracker",
            kind=TRACKER.name,
            simple={"Sensitivity": "5", "Classes": "Human", "Shadows": "true"},
        ),
    )
