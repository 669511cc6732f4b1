"""The analytics service: rules, modules, and what may stand in them (9.3 to 9.6)."""

from collections.abc import Callable, Mapping
from typing import Final
from xml.etree.ElementTree import Element, tostring

from tests.simulators.onvif.camera import Camera
from tests.simulators.onvif.quirks import Quirk
from tests.simulators.onvif.rules import (
    CONFIGURATION,
    MODULE_TYPES,
    RULE_TYPES,
    Config,
    ConfigType,
)
from tests.simulators.onvif.service import (
    NAMESPACES,
    Service,
    SoapFault,
    children,
    duration,
    escape,
    invalid,
    text,
)
from tests.simulators.onvif.state_analytics import MAX_MODULES, MAX_RULES

_TOO_MANY: Final = "TooManyModules"
SCHEMA: Final = "http://www.onvif.org/ver10/schema/onvif.xsd"
_CHECKS: Final[Mapping[str, Callable[[str], bool]]] = {
    "xs:integer": lambda value: value.lstrip("-").isdecimal(),
    "xs:nonNegativeInteger": str.isdecimal,
    "xs:boolean": lambda value: value in ("true", "false", "0", "1"),
    "xs:duration": lambda value: duration(value) is not None,
    "tt:Direction": lambda value: value in ("Left", "Right", "Any"),
}


def _capabilities(_camera: Camera) -> str:
    return (
        '<tan:Capabilities RuleSupport="true" AnalyticsModuleSupport="true"'
        ' CellBasedSceneDescriptionSupported="false" RuleOptionsSupported="true"'
        ' AnalyticsModuleOptionsSupported="true"/>'
    )


def _check_configuration(request: Element) -> None:
    if text(request, "tan:ConfigurationToken", CONFIGURATION) != CONFIGURATION:
        raise invalid("NoConfig")


def _get_supported_rules(_camera: Camera, request: Element) -> str:
    _check_configuration(request)
    described = "".join(kind.description("RuleDescription") for kind in RULE_TYPES.values())
    return (
        f'<tan:SupportedRules Limit="{MAX_RULES}">'
        f"<tt:RuleContentSchemaLocation>{SCHEMA}</tt:RuleContentSchemaLocation>"
        f"{described}</tan:SupportedRules>"
    )


def _get_rules(camera: Camera, request: Element) -> str:
    _check_configuration(request)
    return "".join(rule.write("tan:Rule") for rule in camera.analytics.rules.values())


def _create_rules(camera: Camera, request: Element) -> str:
    _check_configuration(request)
    rules = camera.analytics.rules
    made = [_read(found, RULE_TYPES, "InvalidRule") for found in children(request, "tan:Rule")]
    _check_new(made, rules, RULE_TYPES, ("RuleAlreadyExistent", "FixedRules", "TooManyRules"))
    if len(rules) + len(made) > MAX_RULES:
        raise SoapFault("Receiver", ("Action", "TooManyRules"))
    for rule in made:
        camera.analytics.add_rule(rule)
    return ""


def _modify_rules(camera: Camera, request: Element) -> str:
    _check_configuration(request)
    wanted = [_read(found, RULE_TYPES, "InvalidRule") for found in children(request, "tan:Rule")]
    _modify(wanted, camera.analytics.rules, "RuleNotExistent")
    return ""


def _delete_rules(camera: Camera, request: Element) -> str:
    _check_configuration(request)
    names = [found.text or "" for found in children(request, "tan:RuleName")]
    if any(name not in camera.analytics.rules for name in names):
        raise invalid("RuleNotExistent")
    for name in dict.fromkeys(names):
        camera.analytics.remove_rule(name)
    return ""


def _get_rule_options(camera: Camera, request: Element) -> str:
    _check_configuration(request)
    _check_options(camera)
    wanted = text(request, "tan:RuleType", "")
    if wanted and wanted not in RULE_TYPES:
        raise invalid("RuleNotExistent")
    kinds = [RULE_TYPES[wanted]] if wanted else list(RULE_TYPES.values())
    return "".join(_options("RuleOptions", "RuleType", kind) for kind in kinds)


def _get_supported_modules(_camera: Camera, request: Element) -> str:
    _check_configuration(request)
    tag = "AnalyticsModuleDescription"
    described = "".join(kind.description(tag) for kind in MODULE_TYPES.values())
    return (
        f'<tan:SupportedAnalyticsModules Limit="{MAX_MODULES}">'
        "<tt:AnalyticsModuleContentSchemaLocation>"
        f"{SCHEMA}</tt:AnalyticsModuleContentSchemaLocation>"
        f"{described}</tan:SupportedAnalyticsModules>"
    )


def _get_modules(camera: Camera, request: Element) -> str:
    _check_configuration(request)
    modules = camera.analytics.modules.values()
    return "".join(module.write("tan:AnalyticsModule") for module in modules)


def _read_modules(request: Element) -> list[Config]:
    found = children(request, "tan:AnalyticsModule")
    return [_read(module, MODULE_TYPES, "InvalidModule") for module in found]


def _create_modules(camera: Camera, request: Element) -> str:
    _check_configuration(request)
    modules = camera.analytics.modules
    made = _read_modules(request)
    _check_new(made, modules, MODULE_TYPES, ("NameAlreadyExistent", "FixedModules", _TOO_MANY))
    if len(modules) + len(made) > MAX_MODULES:
        raise SoapFault("Receiver", ("Action", _TOO_MANY))
    modules.update({module.name: module for module in made})
    return ""


def _modify_modules(camera: Camera, request: Element) -> str:
    _check_configuration(request)
    _modify(_read_modules(request), camera.analytics.modules, "NameNotExistent")
    return ""


def _delete_modules(camera: Camera, request: Element) -> str:
    _check_configuration(request)
    modules = camera.analytics.modules
    names = {found.text or "" for found in children(request, "tan:AnalyticsModuleName")}
    if names - modules.keys():
        raise invalid("NameNotExistent")
    if any(MODULE_TYPES[modules[name].kind].fixed for name in names):
        raise SoapFault("Sender", ("Action", "FixedModules"))
    for name in names:
        del modules[name]
    return ""


def _get_module_options(camera: Camera, request: Element) -> str:
    _check_configuration(request)
    _check_options(camera)
    wanted = text(request, "tan:Type", "")
    if wanted and wanted not in MODULE_TYPES:
        raise invalid("TypeNotExistent")
    kinds = [MODULE_TYPES[wanted]] if wanted else list(MODULE_TYPES.values())
    return "".join(_options("Options", "AnalyticsModule", kind) for kind in kinds)


def _check_options(camera: Camera) -> None:
    if camera.has(Quirk.NO_OPTIONS):
        raise SoapFault("Receiver", ("ActionNotSupported",))


def _options(tag: str, attribute: str, kind: ConfigType) -> str:
    return "".join(
        f'<tan:{tag} {attribute}="{kind.name}" Name="{escape(name)}" Type="{of_type}">'
        f"{xml}</tan:{tag}>"
        for name, (of_type, xml) in kind.options.items()
    )


def _read(found: Element, kinds: Mapping[str, ConfigType], problem: str) -> Config:
    """Read a rule or module; `problem` is the fault for one that is none."""
    kind = kinds.get(found.get("Type", ""))
    name = found.get("Name", "")
    if kind is None or not name:
        raise invalid(problem)
    simple = {
        item.get("Name", ""): item.get("Value", "")
        for item in children(found, "tt:Parameters/tt:SimpleItem")
    }
    items = children(found, "tt:Parameters/tt:ElementItem")
    elements = {
        item.get("Name", ""): "".join(tostring(inside, "unicode") for inside in item)
        for item in items
    }
    unknown = (simple.keys() - kind.simple.keys()) | (elements.keys() - kind.elements.keys())
    checks = ((_CHECKS.get(kind.simple[key], bool), simple[key]) for key in simple if not unknown)
    if unknown or not all(check(value) for check, value in checks):
        raise invalid(problem)
    if any(not xml for xml in elements.values()):
        raise invalid(problem)
    return Config(name=name, kind=kind.name, simple=simple, elements=elements)


def _check_new(
    made: list[Config],
    there: Mapping[str, Config],
    kinds: Mapping[str, ConfigType],
    problems: tuple[str, str, str],
) -> None:
    """Refuse names that are there, fixed kinds, and more than a kind may have."""
    exists, fixed, too_many = problems
    names = [config.name for config in made]
    if not made or len(set(names)) < len(names) or there.keys() & set(names):
        raise invalid(exists)
    for config in made:
        kind = kinds[config.kind]
        if kind.fixed:
            raise SoapFault("Sender", ("Action", fixed))
        like = sum(found.kind == kind.name for found in (*there.values(), *made))
        if like > kind.max_instances:
            raise SoapFault("Receiver", ("Action", too_many))


def _modify(wanted: list[Config], there: Mapping[str, Config], missing: str) -> None:
    """Take new parameters over, all or none; those that are not named stay (9.3.4)."""
    for config in wanted:
        if config.name not in there:
            raise invalid(missing)
        if there[config.name].kind != config.kind:
            raise SoapFault("Receiver", ("Action", "TypeChangeProhibited"))
    for config in wanted:
        there[config.name].simple.update(config.simple)
        there[config.name].elements.update(config.elements)


SERVICE: Final = Service(
    "analytics",
    NAMESPACES["tan"],
    "/onvif/analytics_service",
    {
        "GetSupportedRules": _get_supported_rules,
        "GetRules": _get_rules,
        "CreateRules": _create_rules,
        "ModifyRules": _modify_rules,
        "DeleteRules": _delete_rules,
        "GetRuleOptions": _get_rule_options,
        "GetSupportedAnalyticsModules": _get_supported_modules,
        "GetAnalyticsModules": _get_modules,
        "CreateAnalyticsModules": _create_modules,
        "ModifyAnalyticsModules": _modify_modules,
        "DeleteAnalyticsModules": _delete_modules,
        "GetAnalyticsModuleOptions": _get_module_options,
    },
    _capabilities,
)
