"""The Home Assistant components that tests and demo use, and what they need from PyPI."""

import importlib.util
import json
from pathlib import Path

# Not "default_config": it does not start clean without internet.
STARTED = (
    "frontend",
    "config",
    "stream",
    "camera",
    "media_source",
    "media_player",
    "recorder",
    "history",
    "logbook",
    "my",
    "system_health",
    "ssdp",
    "zeroconf",
    "dhcp",
)
# What Home Assistant starts unasked: all entity platforms. Not assist_satellite: two libraries
# that it brings have no wheel for this Python and need a compiler; "standins" has modules for them.
_UNASKED = (
    "ai_task",
    "backup",
    "conversation",
    "image",
    "image_upload",
    "infrared",
    "radio_frequency",
    "tts",
)
# The integrations that panacam is compared with.
_COMPARED = ("ffmpeg", "generic", "mjpeg", "onvif")
INSTALLED = (*STARTED, *_UNASKED, *_COMPARED, "http", "lovelace")


def home_assistant() -> Path:
    """Return the folder of the installed Home Assistant, without importing it."""
    spec = importlib.util.find_spec("homeassistant")
    if spec is None or spec.origin is None:
        msg = "Home Assistant is not installed"
        raise RuntimeError(msg)
    return Path(spec.origin).parent


def requirements(components: tuple[str, ...]) -> list[str]:
    """Return what the components and all they depend on name as requirements."""
    root = home_assistant() / "components"
    waiting = list(components)
    seen: set[str] = set()
    found: set[str] = set()
    while waiting:
        component = waiting.pop()
        if component in seen:
            continue
        seen.add(component)
        manifest = json.loads((root / component / "manifest.json").read_text(encoding="utf-8"))
        found.update(manifest.get("requirements", ()))
        waiting.extend(manifest.get("dependencies", ()))
    return sorted(found)


def own_requirements() -> list[str]:
    """Return what panacam itself asks Home Assistant to install."""
    manifest = Path("custom_components/panacam/manifest.json")
    if not manifest.exists():
        return []
    return list(json.loads(manifest.read_text(encoding="utf-8")).get("requirements", ()))


def main() -> None:
    """Print a requirements file."""
    print(f"-c {home_assistant() / 'package_constraints.txt'}")
    print("\n".join([*requirements(INSTALLED), *own_requirements()]))


if __name__ == "__main__":
    main()
