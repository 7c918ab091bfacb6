"""Home Assistant as the demo starts it, and the browser that looks at it."""

import argparse
import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
import json
from pathlib import Path
import shutil
import sys

from homeassistant.const import __version__ as home_assistant_version

from . import configuration
from .client import HomeAssistant
from .processes import HOST, ROOT, Child, DemoError, claim_port, free_port

DOMAIN = "cosem"
START_SECONDS = 90


@dataclass(frozen=True, slots=True)
class Started:
    """A Home Assistant that runs, and whether it is a new one."""

    hass: HomeAssistant
    child: Child
    new: bool


def say(text: str) -> None:
    """Progress, flushed when standard output is a pipe."""
    print(f"[demo] {text}", flush=True)


def is_unattended(options: argparse.Namespace) -> bool:
    """Return whether no person looks at it, so that any port does."""
    return bool(options.check or options.pictures or options.automation or options.walk)


@asynccontextmanager
async def home_assistant(options: argparse.Namespace, folder: Path) -> AsyncIterator[Started]:
    """Start Home Assistant, logged in; leaving the context stops it."""
    port = options.port or (free_port() if is_unattended(options) else 8123)
    claim_port(port, "Home Assistant", "--port")
    login = folder / "login.json"
    new = configuration.write(folder / "config", port, keep=options.keep and login.exists())
    child = Child(
        "Home Assistant",
        ["-m", "demo.hass_launcher", "--config", str(folder / "config")],
        folder / "home-assistant.log",
    )
    async with child:
        say(f"Home Assistant {home_assistant_version} is starting on {HOST} port {port}")
        async with HomeAssistant(port, login) as hass:
            await hass.started(child, START_SECONDS)
            await hass.log_in(new=new)
            await hass.running(START_SECONDS)
            if new:
                await hass.welcome(home_assistant_version)
            try:
                yield Started(hass, child, new)
            except DemoError:
                print(f"[demo] the end of Home Assistant's log:\n{child.tail()}", file=sys.stderr)
                raise


def chromium() -> str:
    """Return the path of the system's browser. Raises DemoError."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        raise DemoError("this needs a chromium on PATH ('apt-get install chromium')")
    return found


def job_for(hass: HomeAssistant, browser: str, folder: Path) -> dict[str, object]:
    """Return what the browser's environment has to know for every task."""
    return {
        "address": hass.address,
        "chromium": browser,
        "domain": DOMAIN,
        "folder": str(folder.resolve()),
        "tokens": hass.browser_tokens,
    }


async def browse(job: dict[str, object], module: str = "demo.pictures") -> None:
    """Let the browser's environment do a job. Raises DemoError."""
    python = ROOT / ".venv-browser" / "bin" / "python"
    process = await asyncio.create_subprocess_exec(python, "-m", module, cwd=ROOT, stdin=asyncio.subprocess.PIPE)
    await process.communicate(json.dumps(job).encode())
    if process.returncode:
        raise DemoError(f"the browser could not do {job['task']}, see above")


def complaints(log: Path) -> list[str]:
    """Return the integration's errors and warnings, and failed set-ups of any, in Home Assistant's log."""
    with log.open(encoding="utf-8", errors="replace") as text:
        lines = [line.rstrip() for line in text]
    return [line for line in lines if " ERROR " in line or (" WARNING " in line and "custom_components." in line)]
