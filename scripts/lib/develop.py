"""A Home Assistant to try panacam with one's own cameras; it keeps its folder `.develop`."""

import os
import signal
import subprocess
import sys

from .hass import STANDINS, prepare
from .process import LOOPBACK, ROOT, free_port

# How Home Assistant asks whoever started it for another start.
_RESTART = 100


def main() -> int:
    """Run in the foreground until it ends; further arguments go to Home Assistant."""
    config = ROOT / ".develop"
    port = free_port(8123)
    prepare(config, port, "panacam development", "  logs:\n    custom_components.panacam: debug\n")
    print(f"Home Assistant will be on http://{LOOPBACK}:{port}", file=sys.stderr)
    command = [sys.executable, "-P", "-m", "homeassistant", "--config", str(config)]
    command += ["--skip-pip-packages", "pymicro-vad,pyspeex-noise", *sys.argv[1:]]
    environment = os.environ | {"PYTHONPATH": str(STANDINS)}
    code = _RESTART
    while code == _RESTART:
        process = subprocess.Popen(command, cwd=config, env=environment)
        # Ctrl-C goes to Home Assistant as well, by the terminal; SIGTERM comes only here.
        signal.signal(signal.SIGINT, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_, child=process: child.terminate())
        code = process.wait()
    return code


if __name__ == "__main__":
    sys.exit(main())
