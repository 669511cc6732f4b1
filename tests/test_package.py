"""What HACS, hassfest and translators look at: manifest, translations, icons, actions, quality."""

from collections.abc import Iterator
from dataclasses import fields
from importlib.metadata import version
import json
from pathlib import Path
import re
from typing import Any

from awesomeversion import AwesomeVersion
from homeassistant.helpers.selector import validate_selector
from homeassistant.util.yaml import load_yaml_dict, parse_yaml
import pytest
import voluptuous as vol

from custom_components.panacam.action_backup import DELETE_TEMPLATE, NOT_WRITTEN
from custom_components.panacam.action_base import Action, Mistake
from custom_components.panacam.action_certificate import CONFIRM_CERTIFICATE, NOT_PEM
from custom_components.panacam.action_place import WARNINGS
from custom_components.panacam.actions import ACTIONS
from custom_components.panacam.backup_errors import Lack
from custom_components.panacam.cams.backup import Fault, Report
from custom_components.panacam.cams.bridge import Status
from custom_components.panacam.cams.device import Activity, Alarm
from custom_components.panacam.cams.errors import Reason
from custom_components.panacam.cams.mo.settings import TABLE
from custom_components.panacam.cams.placing import PlaceMistake
from custom_components.panacam.cams.roles import MOVE_SIZES, Move, Problem
from custom_components.panacam.cams.settings import Choice
from custom_components.panacam.cams.stream import Transport
from custom_components.panacam.cams.sweep import TargetsReason
from custom_components.panacam.clip_download import DOWNLOAD_FAULTS
from custom_components.panacam.const import CONF_FINGERPRINT, StreamMode
from custom_components.panacam.drop import ISSUES as DROP_ISSUES
from custom_components.panacam.media_branch import Missing
from custom_components.panacam.moving import SENTENCES
from custom_components.panacam.provisioning.configuring import counts
from custom_components.panacam.provisioning.steps import Request
from custom_components.panacam.repair_replacement import NOT_COPIED, TAKE_OVER
from custom_components.panacam.repairs import MANUAL, NOT_LOADED, NOT_MENDED, STILL_THERE
from custom_components.panacam.replacements import REPLACEMENT, STRANGER
from scripts.lib import docs

REPOSITORY = Path(__file__).parent.parent
ROOT = REPOSITORY / "custom_components" / "panacam"
MANIFEST: dict[str, Any] = json.loads((ROOT / "manifest.json").read_text())
ENGLISH: dict[str, Any] = json.loads((ROOT / "translations" / "en.json").read_text())
ICONS: dict[str, Any] = json.loads((ROOT / "icons.json").read_text())
SERVICES = load_yaml_dict(str(ROOT / "services.yaml"))
QUALITY = load_yaml_dict(str(ROOT / "quality_scale.yaml"))["rules"]


def leaves(tree: dict[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text of a translation with its path."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{path}.{key}")
        else:
            yield f"{path}.{key}", value


def test_manifest() -> None:
    """The order and the keys that hassfest and HACS want."""
    keys = list(MANIFEST)
    assert keys[:2] == ["domain", "name"]
    assert keys[2:] == sorted(keys[2:])
    assert {"codeowners", "documentation", "issue_tracker", "version", "iot_class"} <= set(keys)
    assert all(re.fullmatch(r"[^ ]+", requirement) for requirement in MANIFEST["requirements"])


def test_minimum_home_assistant() -> None:
    """What hacs.json promises is what the pinned tests run on."""
    import homeassistant.const as ha  # noqa: PLC0415 - its version is all that is wanted

    minimum = json.loads((REPOSITORY / "hacs.json").read_text())["homeassistant"]
    plugin = "pytest-homeassistant-custom-component"
    pin = f"{plugin}=={version(plugin)}\n" in (REPOSITORY / "requirements_test.txt").read_text()
    if pin:
        assert minimum == ha.__version__
    else:  # the newest one, on purpose
        assert AwesomeVersion(minimum) < ha.__version__


@pytest.mark.parametrize(("path", "text"), leaves(ENGLISH))
def test_texts(path: str, text: str) -> None:
    """No HTML, no blanks at the ends, no empty text."""
    assert text == text.strip() != ""
    assert not re.search(r"<\w+", text)


def test_every_reason_has_a_sentence() -> None:
    """Whatever goes wrong can be said, in an action and in the flow."""
    reasons = {item.value for item in (*Reason, *Mistake, *Fault, *Lack, *PlaceMistake, *Missing)}
    reasons |= {*DOWNLOAD_FAULTS, *WARNINGS, *SENTENCES, CONFIRM_CERTIFICATE, NOT_PEM}
    drop = {"drop_off", "drop_not_by_itself", "drop_no_address"}
    assert set(ENGLISH["exceptions"]) == reasons | drop | {"held", NOT_WRITTEN}
    own = {reason.value for reason in TargetsReason} | {"factory_unreachable", "nothing_chosen"}
    assert own <= set(ENGLISH["config"]["error"])
    flow = set(ENGLISH["config"]["error"]) - own
    assert flow <= {reason.value for reason in Reason}
    # These cannot come from asking who is there.
    assert {reason.value for reason in Reason} - flow == {
        "already_recording",
        "card_in_use",
        "card_removed",
        "clip_gone",
        "clock_off",
        "conflict",
        "fixed",
        "format_failed",
        "ftp_failed",
        "full",
        "https_in_use",
        "needs_administrator",
        "no_card",
        "no_certificate",
        "no_ftp_server",
        "no_picture",
        "not_found",
        "not_recording",
        "not_taken",
        "nothing_to_delete",
        "other_key",
        "out_of_range",
        "position_unknown",
        "speaker_busy",
        "time_zone_unknown",
        "unplayable",
        "unsupported",
    }
    assert flow <= set(ENGLISH["config"]["abort"])


def test_every_field_is_described() -> None:
    """Each field of each form has a name and a description."""
    steps = ENGLISH["config"]["step"] | ENGLISH["options"]["step"]
    for step in steps.values():
        for part in (step, *step.get("sections", {}).values()):
            assert set(part.get("data", {})) == set(part.get("data_description", {}))


def test_every_entity_has_name_and_icon() -> None:
    """Names and icons for the same keys; the camera's own icon is Home Assistant's."""
    names = {platform: set(keys) for platform, keys in ENGLISH["entity"].items()}
    icons = {platform: set(keys) for platform, keys in ICONS["entity"].items()}
    assert names.pop("camera") == {"stream"}
    assert names == icons
    assert {move.value for move in Move} < names["button"]
    assert {activity.value for activity in Activity} < names["binary_sensor"]
    assert {setting.key for setting in TABLE} < names["number"] | names["select"]


def test_values_have_names() -> None:
    """Whatever an entity can show as a word, it shows in the reader's language."""
    entities = ENGLISH["entity"]
    for setting in TABLE:
        if isinstance(setting, Choice):
            assert set(entities["select"][setting.key]["state"]) == set(setting.options)
    kinds = entities["event"]["alarm"]["state_attributes"]["event_type"]["state"]
    assert set(kinds) == {alarm.value for alarm in Alarm}
    shown = entities["sensor"]["connection"]["state"]
    assert set(shown) == {status.value for status in Status}
    told = {field.name for field in fields(Request)} - {"source", "host_name"}
    told |= {"name", "reason", "message", "event_type", "streams", CONF_FINGERPRINT}
    attributes = entities["event"]["provisioning"]["state_attributes"]
    assert set(attributes) == told | set(counts(Report()))


def test_imports_are_declared() -> None:
    """What we use of Home Assistant is set up before us, unless it is a platform of ours."""
    imports = re.compile(r"(?m)^from homeassistant\.components(?:\.(\w+)| import (\w+)$)")
    used = {
        first or second
        for path in ROOT.rglob("*.py")
        for first, second in imports.findall(path.read_text())
    }
    assert "camera" in used
    assert "media_source" in used
    declared = {*MANIFEST["dependencies"], *MANIFEST["after_dependencies"]}
    assert used <= declared | {path.stem for path in ROOT.glob("*.py")}


def test_icons() -> None:
    """Only Material Design Icons."""
    assert all(icon.startswith("mdi:") for _, icon in leaves(ICONS))


def test_sizes_of_steps() -> None:
    """The slider goes as far as the steps do."""
    number = SERVICES["move"]["fields"]["size"]["selector"]["number"]
    assert range(number["min"], number["max"] + 1) == MOVE_SIZES


def test_all_actions() -> None:
    """Each action is described, translated and has an icon."""
    names = {action.name for action in ACTIONS} | {DELETE_TEMPLATE}
    assert names == set(SERVICES) == set(ENGLISH["services"]) == set(ICONS["services"])


def fields_of(name: str) -> dict[str, Any]:
    """Return the fields of an action's form, those of its sections included."""
    found: dict[str, Any] = {}
    sections = set()
    for key, field in SERVICES[name].get("fields", {}).items():
        if "fields" in field:
            assert field["collapsed"] is True
            sections.add(key)
        found |= field.get("fields", {key: field})
    assert set(ENGLISH["services"][name].get("sections", {})) == sections
    return found


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: str(action.name))
def test_fields_of_actions(action: Action[Any]) -> None:
    """The form has the fields that the code takes, with the same duties, defaults and words."""
    fields = fields_of(action.name)
    assert list(fields) == [str(key) for key in action.fields]
    assert set(ENGLISH["services"][action.name].get("fields", {})) == set(fields)
    for key, validator in action.fields.items():
        field = fields[str(key)]
        validate_selector(field["selector"])
        assert field.get("required", False) is isinstance(key, vol.Required)
        default = key.default() if callable(key.default) else {}
        assert field.get("default", {}) == default
        # All examples are filled in together, and what is optional often excludes each other.
        assert "example" not in field or field["required"]
        if "select" in field["selector"]:
            assert isinstance(validator, vol.In)
            assert options_of(field) == list(validator.container)


def options_of(field: dict[str, Any]) -> list[str]:
    """Return what can be chosen in a field of an action, once each of it has a name."""
    select: dict[str, Any] = field["selector"]["select"]
    options: list[str] = select["options"]
    assert set(ENGLISH["selector"][select["translation_key"]]["options"]) == set(options)
    return options


def test_issues() -> None:
    """Each problem is told twice over: with what mends it, and with what to do oneself."""
    assert set(ENGLISH["issues"]) == {
        key for problem in Problem for key in (problem.value, MANUAL.format(problem.value))
    } | {REPLACEMENT, STRANGER, *DROP_ISSUES}
    for key in (STRANGER, *DROP_ISSUES):
        assert set(ENGLISH["issues"][key]) == {"title", "description"}
    flow = ENGLISH["issues"][REPLACEMENT]["fix_flow"]
    assert set(flow["step"]) == {"confirm", "failed", "report"}
    assert set(flow["abort"]) == {NOT_LOADED}
    assert set(flow["error"]) == {NOT_COPIED}
    assert set(flow["step"]["confirm"]["data"]) == {TAKE_OVER}
    for problem in Problem:
        mended = ENGLISH["issues"][problem.value]
        assert set(mended) == {"title", "fix_flow"}
        assert set(mended["fix_flow"]["step"]) == {"confirm"}
        assert set(mended["fix_flow"]["error"]) == {NOT_MENDED, STILL_THERE}
        assert set(mended["fix_flow"]["abort"]) == {NOT_LOADED}
        assert set(ENGLISH["issues"][MANUAL.format(problem.value)]) == {"title", "description"}


def test_options_in_the_readme() -> None:
    """The table there has every option, by the name that the form shows."""
    text = (REPOSITORY / "README.md").read_text()
    table = text.partition("### Options")[2].partition("\n#")[0]
    named = re.findall(r"(?m)^\| ([^|]+) \|", table)
    step = ENGLISH["options"]["step"]["init"]
    shown = [*step["data"].values(), *step["sections"]["advanced"]["data"].values()]
    assert named[0] == "Option"
    assert sorted(named[1:]) == sorted(shown)


def test_names_in_the_readme() -> None:
    """Entities are called there as they are shown."""
    text = (REPOSITORY / "README.md").read_text()
    table = text.partition("## Entities")[2].partition("### Actions")[0]
    rows = [row for row in re.findall(r"(?m)^\| (.+?) \|", table) if not row.startswith("camera ")]
    known = {
        re.sub(r"\\\{\w+\\\}", "[ .()\\\\w]*", re.escape(item["name"]))
        for kinds in ENGLISH["entity"].values()
        for item in kinds.values()
        if not re.fullmatch(r"\{\w+\}", item["name"])
    }
    # These are Home Assistant's own words.
    known |= {"Motion", "Sound", "Restart"}
    named = {name for row in rows for name in re.findall(r"\*([^*]+)\*", row)}
    assert len(named) > 100
    assert [name for name in named if not any(re.fullmatch(one, name) for one in known)] == []


def asked_in(tree: Any) -> Iterator[dict[str, Any]]:
    """Yield every call of an action of ours."""
    if isinstance(tree, dict):
        if str(tree.get("action")).startswith("panacam."):
            yield tree
        tree = list(tree.values())
    if isinstance(tree, list):
        for item in tree:
            yield from asked_in(item)


def test_examples_in_the_readme() -> None:
    """What people copy from there is taken."""
    known = {action.name: action for action in ACTIONS}
    asked = set()
    for block in re.findall(r"(?s)```yaml\n(.*?)```", (REPOSITORY / "README.md").read_text()):
        for call in asked_in(parse_yaml(block)):
            name = call["action"].removeprefix("panacam.")
            fields = vol.Schema(known[name].fields)(call.get("data", {}))
            assert known[name].check(fields) is None
            asked.add(name)
    assert asked >= {"move", "ptz", "create_osd", "create_mask", "create_analytics"}


def test_spelling() -> None:
    """As Home Assistant spells."""
    british = re.compile(r"(?i)colou|metre|licence|behaviour|centre|grey|(?:bil|gn|n)is(?:e|at)")
    assert [text for _, text in leaves(ENGLISH) if british.search(text)] == []


def test_choices_of_the_options() -> None:
    """Each way of transport has a name."""
    assert set(ENGLISH["selector"]["rtsp_transport"]["options"]) == {
        transport.value for transport in Transport
    }
    assert set(ENGLISH["selector"]["stream_mode"]["options"]) == {mode.value for mode in StreamMode}


# A quality-scale rule named done has one of these behind it: a test that exists, or a text.
EVIDENCE: dict[str, tuple[str, str]] = {
    "action-setup": ("custom_components/panacam/__init__.py", "async def async_setup("),
    "appropriate-polling": ("tests/test_init.py", "def test_polls_by_itself"),
    "common-modules": ("custom_components/panacam/coordinator.py", "DataUpdateCoordinator"),
    "config-flow": ("tests/test_package.py", "def test_every_field_is_described"),
    "config-flow-test-coverage": ("tests/test_config_flow.py", "def test_strange_answers"),
    "dependency-transparency": (
        "custom_components/panacam/manifest.json",
        '"requirements": ["aioftp>=0.28,<1", "onvif-zeep-async>=4.0,<5"]',
    ),
    "docs-actions": ("README.md", "panacam.move"),
    "docs-conditions": ("README.md", "| `panacam.is_lost`, `panacam.is_reachable` |"),
    "docs-high-level-description": ("README.md", "What panacam is"),
    "docs-installation-instructions": ("README.md", "## Install"),
    "docs-removal-instructions": ("README.md", "## Remove"),
    "docs-triggers": ("README.md", "| `panacam.camera_lost`, `panacam.camera_back` |"),
    "entity-event-setup": ("custom_components/panacam/entity.py", "async_on_unload"),
    "entity-unique-id": ("tests/snapshots/test_platforms.ambr", "'unique_id': 'a8:13"),
    "has-entity-name": ("tests/snapshots/test_platforms.ambr", "'has_entity_name': True"),
    "runtime-data": ("custom_components/panacam/__init__.py", "entry.runtime_data = "),
    "test-before-configure": ("tests/test_config_flow.py", "def test_wrong_address"),
    "test-before-setup": ("tests/test_init.py", "def test_set_up_goes_wrong"),
    "unique-config-entry": ("tests/test_config_flow.py", "def test_same_camera_twice"),
    "action-exceptions": ("tests/test_actions.py", "def test_no_card"),
    "config-entry-unloading": ("tests/test_init.py", "def test_load_and_unload"),
    "docs-configuration-parameters": ("README.md", "Poll interval"),
    "docs-installation-parameters": ("README.md", "Check the certificate"),
    "entity-unavailable": ("tests/test_init.py", "def test_poll_goes_wrong"),
    "integration-owner": ("custom_components/panacam/manifest.json", "codeowners"),
    "log-when-unavailable": ("tests/test_init.py", "def test_poll_goes_wrong"),
    "parallel-updates": ("custom_components/panacam/switch.py", "PARALLEL_UPDATES = 1"),
    "reauthentication-flow": ("tests/test_config_flow.py", "def test_reauthentication"),
    "test-coverage": ("pyproject.toml", "fail_under = 95"),
    "devices": ("tests/test_init.py", "def test_load_and_unload"),
    "diagnostics": ("tests/test_diagnostics.py", "def test_diagnostics"),
    "discovery": ("tests/test_flow_discovery.py", "def test_announced_camera"),
    "discovery-update-info": ("tests/test_flow_discovery.py", "def test_known_camera_moved"),
    "docs-data-update": ("README.md", "## How the state is kept"),
    "docs-examples": ("README.md", "## Examples"),
    "docs-known-limitations": ("README.md", "## Known limits"),
    "docs-supported-devices": ("README.md", "## What works with what"),
    "docs-supported-functions": ("README.md", "## Entities"),
    "docs-troubleshooting": ("README.md", "## When something is wrong"),
    "docs-use-cases": ("README.md", "## Examples"),
    "entity-category": ("tests/snapshots/test_platforms.ambr", "EntityCategory.DIAGNOSTIC"),
    "entity-device-class": ("tests/snapshots/test_platforms.ambr", "SensorDeviceClass.DATA_SIZE"),
    "entity-disabled-by-default": ("tests/test_camera.py", "def test_second_stream_is_disabled"),
    "entity-translations": ("tests/test_package.py", "def test_every_entity_has_name_and_icon"),
    "exception-translations": ("tests/test_package.py", "def test_every_reason_has_a_sentence"),
    "icon-translations": ("tests/test_package.py", "def test_every_entity_has_name_and_icon"),
    "reconfiguration-flow": (
        "tests/test_config_flow.py",
        "def test_reconfigure_keeps_the_password",
    ),
    "repair-issues": ("tests/test_repairs.py", "def test_mended"),
    "async-dependency": (
        "custom_components/panacam/cams/onvif/sender.py",
        "asyncio.to_thread(build",
    ),
    "inject-websession": ("custom_components/panacam/connector.py", "hass.data[DATA_RESOLVER]"),
    "strict-typing": ("scripts/lint", "mypy --strict"),
    "brands": ("custom_components/panacam/brand/icon.png", ""),
}


@pytest.mark.parametrize("rule", QUALITY)
def test_quality_scale(rule: str) -> None:
    """A rule is done because something shows it, or it says why not."""
    value = QUALITY[rule]
    if value == "done":
        file, text = EVIDENCE[rule]
        assert (REPOSITORY / file).exists()
        assert not text or text in (REPOSITORY / file).read_text()
    else:
        assert value["status"] in {"exempt", "todo"}
        assert value["comment"].strip()


def test_quality_scale_is_whole() -> None:
    """Nothing is claimed here that the file does not name."""
    done = {rule for rule, value in QUALITY.items() if value == "done"}
    assert done == set(EVIDENCE)


def test_docs_are_made_from_the_code() -> None:
    """The table of requests is what the code sends."""
    assert not docs.stale()
