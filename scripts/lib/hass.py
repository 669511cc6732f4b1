"""A real Home Assistant in a folder of its own, on 127.0.0.1 only."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
import json
from pathlib import Path
import time
from typing import Any

import aiohttp

from .client import Client, ClientError
from .components import STARTED
from .process import LOOPBACK, ROOT, Child, ChildError, running

EVERYWHERE = "0.0.0.0"
# The user every prepared Home Assistant has; it listens on 127.0.0.1 only.
NAME, USERNAME, PASSWORD = "Demo", "demo", "demo"
START_SECONDS = 120.0
# Modules instead of libraries that cannot be had without a compiler.
STANDINS = Path(__file__).with_name("standins")

type Progress = Callable[[str], None]


def prepare(
    config: Path,
    port: int,
    name: str,
    extra: str = "",
    *,
    address: str = LOOPBACK,
    searching: bool = True,
) -> None:
    """Make a config folder that starts on this port, onboarded but for its first user.

    Others than `LOOPBACK` are for a network namespace: it listens on all that is in there.
    Without `searching` it says nothing on the networks of this machine.
    """
    (config / ".storage").mkdir(parents=True, exist_ok=True)
    listens = {"server_host": [address if address == LOOPBACK else EVERYWHERE]}
    _seed(config, "http", 1, {**listens, "server_port": port}, replace=True)
    if not searching:
        _seed(config, "core.network", 1, {"configured_adapters": ["lo"]}, replace=True)
    # Steps that would look things up on the internet, or ask.
    _seed(config, "onboarding", 4, {"done": ["core_config", "analytics", "integration"]})
    core = {"location_name": name, "language": "en", "currency": "EUR"}
    # Home Assistant listens there only, and would tell others to fetch sounds somewhere else.
    core["internal_url"] = f"http://{address}:{port}"
    _seed(config, "core.config", 1, core, replace=True)
    listed = "".join(f"{component}:\n" for component in STARTED)
    (config / "configuration.yaml").write_text(
        f"{listed}logger:\n  default: warning\n{extra}", encoding="utf-8"
    )
    link = config / "custom_components" / "panacam"
    link.parent.mkdir(exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(ROOT / "custom_components" / "panacam", target_is_directory=True)


def _seed(
    config: Path, key: str, version: int, data: dict[str, Any], *, replace: bool = False
) -> None:
    """Write a file of Home Assistant's storage, in the oldest form that it still migrates."""
    file = config / ".storage" / key
    if replace or not file.exists():
        content = {"version": version, "minor_version": 1, "key": key, "data": data}
        file.write_text(json.dumps(content, indent=2), encoding="utf-8")


@asynccontextmanager
async def home_assistant(
    config: Path,
    port: int,
    progress: Progress,
    *,
    address: str = LOOPBACK,
    prefix: Sequence[str] = (),
    connector: aiohttp.BaseConnector | None = None,
) -> AsyncGenerator[Client]:
    """Run Home Assistant and yield a client, logged in, when it has started.

    In a network namespace, `prefix` is the command that runs it there, and `connector` reaches it.
    """
    log = config / "console.log"
    started = time.monotonic()
    progress("Starting Home Assistant")
    # Its requirements are installed: at a start it would only find out that there is no internet.
    arguments = ("--config", str(config), "--skip-pip", "--log-no-color")
    async with (
        running(
            "Home Assistant",
            "homeassistant",
            *arguments,
            cwd=config,
            log=log,
            path=STANDINS,
            prefix=prefix,
        ) as child,
        Client(f"http://{address}:{port}", connector) as client,
    ):
        try:
            async with asyncio.timeout(START_SECONDS):
                await _until_it_answers(child, client, progress)
                await client.onboard(NAME, USERNAME, PASSWORD)
                await _until_it_runs(child, client)
        except TimeoutError:
            msg = f"Home Assistant did not start in {START_SECONDS:.0f} s:\n{child.tail()}"
            raise ChildError(msg) from None
        progress(f"Home Assistant runs ({time.monotonic() - started:.1f} s)")
        yield client


async def _until_it_answers(child: Child, client: Client, progress: Progress) -> None:
    """Wait until it can be asked whom to let in; it listens once the frontend is set up."""
    started = said = time.monotonic()
    while True:
        child.check()
        with suppress(aiohttp.ClientError, ClientError, TimeoutError):
            await client.text("/manifest.json")
            return
        if time.monotonic() - said >= 5:
            said = time.monotonic()
            progress(f"Home Assistant is starting ({said - started:.0f} s)")
        await asyncio.sleep(0.1)


async def _until_it_runs(child: Child, client: Client) -> None:
    """Wait until every component is set up."""
    while True:
        child.check()
        config = await client.command("get_config")
        if config["recovery_mode"]:
            msg = f"Home Assistant is in recovery mode:\n{child.tail()}"
            raise ChildError(msg)
        if config["state"] == "RUNNING":
            return
        await asyncio.sleep(0.1)
