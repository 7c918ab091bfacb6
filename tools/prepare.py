"""Build the project's virtual environments; `scripts/setup` is the command. Standard library only, Python 3.9 or newer.

* `.venv`          Home Assistant 2026.10.4 as the test plugin pins it, all tests and checks
* `.venv-2026.11`  Home Assistant 2026.11.0: the demo and the second pass of the tests
* `.venv-browser`  drives a browser for pictures of the user interface
* `.venv-command`  for the command line, which needs no Home Assistant

Each holds a stamp with the hash of what it was built from: an unchanged one is left alone, so a second run is
immediate.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
from pathlib import Path
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Dict, Iterator, List

if TYPE_CHECKING:
    from tools.python314 import SetupError, cache_folder, find_or_fetch, good, run, say, tool
else:
    from python314 import SetupError, cache_folder, find_or_fetch, good, run, say, tool

ROOT = Path(__file__).resolve().parent.parent
STAMP = ".built-from"
INSTALL_SECONDS = 900
RECIPE = 3  # raise it when `build` changes what an environment holds; the files it reads are in the stamp anyway

# What the demo's Home Assistant loads besides the integrations every Home Assistant loads. It would install their
# requirements by itself at its first start, which needs time, and an index at that moment; so they go in beforehand, in
# the versions that release names.
USED_INTEGRATIONS = (
    "config",
    "diagnostics",
    "energy",
    "frontend",
    "hassio",
    "history",
    "isal",
    "logbook",
    "recorder",
    "sun",
)

# Voice assistants: these exist only as C sources for this Python, and a bare machine has no compiler. Home Assistant
# runs without them; the demo leaves that integration out.
SOURCES_ONLY = ("pymicro-vad==", "pyspeex-noise==")

ENVIRONMENTS: Dict[str, Dict[str, List[str]]] = {
    "test": {"folder": [".venv"], "requirements": ["requirements_test.txt"], "overrides": []},
    "newer": {
        "folder": [".venv-2026.11"],
        "requirements": ["requirements_test.txt"],
        "overrides": ["requirements_newer.txt"],
    },
    "browser": {"folder": [".venv-browser"], "requirements": ["requirements_browser.txt"], "overrides": []},
    "command": {"folder": [".venv-command"], "requirements": ["requirements_command.txt"], "overrides": []},
}


def fingerprint(name: str) -> str:
    """The hash of everything that decides what an environment holds."""
    environment = ENVIRONMENTS[name]
    digest = hashlib.sha256(repr((RECIPE, USED_INTEGRATIONS, environment)).encode())
    for file in [*environment["requirements"], *environment["overrides"]]:
        digest.update(file.encode() + b"\0" + (ROOT / file).read_bytes())
    return digest.hexdigest()


def is_built(name: str) -> bool:
    """Whether the environment stands, was built from today's files, and has its interpreter."""
    folder = ROOT / ENVIRONMENTS[name]["folder"][0]
    try:
        return (folder / STAMP).read_text(encoding="utf-8") == fingerprint(name) and (
            folder / "bin" / "python"
        ).exists()
    except OSError:
        return False


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """One setup at a time on this machine: the second waits and then finds everything done."""
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "setup.lock").open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say("another setup is running; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def requirements_of_integrations(folder: Path) -> List[str]:
    """What the installed Home Assistant's integrations require, with their dependencies."""
    ask = (
        "import pathlib, homeassistant.bootstrap as b, homeassistant.components as c\n"
        "print(pathlib.Path(c.__path__[0]), *sorted(b.DEFAULT_INTEGRATIONS | b.CORE_INTEGRATIONS))"
    )
    advice = f"Remove the folder {folder.name} and run scripts/setup again."
    python = str(folder / "bin" / "python")
    components, *waiting = run([python, "-c", ask], seconds=120, what="Asking Home Assistant", advice=advice).split()
    waiting += USED_INTEGRATIONS
    seen = set()
    requirements = set()
    while waiting:
        domain = waiting.pop()
        path = Path(components) / domain / "manifest.json"
        if domain in seen or not path.exists():
            continue
        seen.add(domain)
        manifest = json.loads(path.read_text(encoding="utf-8"))
        waiting += manifest.get("dependencies", [])
        requirements.update(manifest.get("requirements", []))
    return sorted(entry for entry in requirements if not entry.startswith(SOURCES_ONLY))


def build(name: str, uv: Path, python: Path) -> None:
    """Make one environment, or update it in place (somebody may be using it)."""
    environment = ENVIRONMENTS[name]
    folder = ROOT / environment["folder"][0]
    started = time.monotonic()
    say(f"building {folder.name} with {python}")
    with contextlib.suppress(FileNotFoundError):
        (folder / STAMP).unlink()  # whatever happens from here on, it is not complete
    advice = (
        "Check that this machine reaches its Python package index ('python3 -m pip download six' must work), "
        "then run again."
    )
    if not good(folder / "bin" / "python"):
        shutil.rmtree(folder, ignore_errors=True)
        run(
            [str(uv), "venv", "--quiet", "--python", str(python), str(folder)],
            seconds=60,
            what="uv venv",
            advice=advice,
        )
    install = [str(uv), "pip", "install", "--quiet", "--python", str(folder / "bin" / "python")]
    for file in environment["overrides"]:
        install += ["--override", str(ROOT / file)]
    for file in environment["requirements"]:
        say(f"installing {file} into {folder.name}")
        run([*install, "-r", str(ROOT / file)], seconds=INSTALL_SECONDS, what=f"Installing {file}", advice=advice)
    if "requirements_test.txt" in environment["requirements"]:
        needed = requirements_of_integrations(folder)
        say(f"installing what Home Assistant's own integrations need ({len(needed)} packages)")
        run(
            [*install, *needed],
            seconds=INSTALL_SECONDS,
            what="Installing the integrations' requirements",
            advice=advice,
        )
    (folder / STAMP).write_text(fingerprint(name), encoding="utf-8")
    say(f"{folder.name} is ready after {time.monotonic() - started:.0f} s")


def prepare(names: List[str]) -> None:
    """Build what is missing or out of date."""
    if all(is_built(name) for name in names):
        return
    with alone():
        missing = [name for name in names if not is_built(name)]
        if not missing:
            return
        uv = tool("uv", "uv")
        python = find_or_fetch(uv)
        for name in missing:
            build(name, uv, python)


def main() -> int:
    """The command line of scripts/setup."""
    parser = argparse.ArgumentParser(
        prog="scripts/setup", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--only", choices=sorted(ENVIRONMENTS), action="append", help="build only this one (may be given several times)"
    )
    parser.add_argument("--quiet", action="store_true", help="say nothing when there is nothing to do")
    options = parser.parse_args()
    names = options.only or ["test", "newer"]
    started = time.monotonic()
    try:
        prepare(names)
    except SetupError as error:
        say(f"stopped: {error}")
        return 1
    except subprocess.TimeoutExpired as error:
        say(f"stopped: {error}")
        return 1
    if not options.quiet:
        folders = ", ".join(ENVIRONMENTS[name]["folder"][0] for name in names)
        say(f"{folders}: up to date ({time.monotonic() - started:.1f} s)")
    return 0


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
