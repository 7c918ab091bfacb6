"""Where the sources are, which of them are gated, and which tests are asked about which source."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
import re
import subprocess
from typing import Final

from .mutant import Names
from .source import Source, enum_members

TOP: Final = Path(__file__).parent.parent.parent
INTEGRATION: Final = TOP / "custom_components" / "cosem"

GATED: Final = ("dlms/security/", "dlms/encoding/", "dlms/protocol/", "dlms/interface_classes/", "meter/")

# Folder of sources -> tests beside the mirrored ones. A wide choice is cheap: a test is asked only about what it runs.
_TESTS: Final = {
    "dlms/encoding/": ("dlms/encoding", "dlms/apdu", "dlms/interface_classes"),
    "dlms/apdu/": ("dlms/apdu", "dlms/protocol"),
    "dlms/security/": ("dlms/security", "dlms/protocol", "dlms/client/test_security*.py"),
    "dlms/interface_classes/": ("dlms/interface_classes", "dlms/client"),
    "dlms/protocol/": ("dlms/protocol", "dlms/client"),
    "dlms/client/": ("dlms/client", "faults"),
    "dlms/describe/": ("dlms/describe", "dlms/command_line"),
    "dlms/command_line/": ("dlms/command_line", "dlms/test_main.py"),
    "dlms/": ("dlms",),
    "meter/": ("meter", "forms", "test_coordinator.py", "test_init.py", "test_secured_entry.py", "test_sensor.py"),
    "forms/": ("forms", "test_config_flow*.py"),
    "catalogue/": ("catalogue", "test_sensor.py"),
    "": ("test_*.py",),
}
_NOT_ASKED: Final = frozenset(
    {
        "test_architecture.py",
        "test_documentation.py",
        "test_canary.py",
        "test_translations.py",
        "test_tests.py",
        "test_rules.py",
    }
)


def is_gated(path: str) -> bool:
    """Whether the rate of this file (below the integration) must be reached."""
    return path.startswith(GATED)


def room(path: str) -> str:
    """Return the folder a file is counted under."""
    return path.rpartition("/")[0] or "."


def gated_files() -> list[str]:
    """Return every source file whose rate is gated, below the integration."""
    return [path for path in files_of(str(INTEGRATION)) if is_gated(path)]


def files_of(name: str) -> list[str]:
    """Return the files below the integration that a file or folder stands for. ValueError for one outside."""
    file = Path(name)
    file = file if file.is_absolute() else TOP / file
    file = file if file.exists() else INTEGRATION / name
    found = sorted(file.rglob("*.py")) if file.is_dir() else [file]
    return [each.resolve().relative_to(INTEGRATION).as_posix() for each in found]


@cache
def _names() -> Names:
    texts = [file.read_text(encoding="utf-8") for file in sorted(INTEGRATION.rglob("*.py"))]
    errors = {"TypeError", "ValueError"}
    for node in ast.walk(ast.parse((INTEGRATION / "dlms" / "errors.py").read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef):
            errors.add(node.name)
    return Names(enum_members(texts), frozenset(errors))


def source(path: str) -> Source:
    """Read one file, given below the integration."""
    return Source(path, (INTEGRATION / path).read_text(encoding="utf-8"), _names())


def mirrored_tests(path: str) -> list[str]:
    """Return the test files of this file's own name, and those that continue it (test_client_faults for client).

    That of a package is test_init.
    """
    file = TOP / "tests" / path
    found = sorted(file.parent.glob(f"test_{file.stem.strip('_')}*.py"))
    return [each.relative_to(TOP).as_posix() for each in found]


def asked_tests(path: str) -> list[str]:
    """Return the test files and folders that are asked: the mirrored ones first."""
    prefix = next(prefix for prefix in _TESTS if path.startswith(prefix))
    found = mirrored_tests(path)
    for name in _TESTS[prefix]:
        for file in sorted((TOP / "tests").glob(name)):
            files = sorted(file.rglob("test_*.py")) if file.is_dir() else [file]
            found += [each.relative_to(TOP).as_posix() for each in files if each.name not in _NOT_ASKED]
    return list(dict.fromkeys(found))


def changed_lines(base: str | None) -> dict[str, set[int]]:
    """Return the lines that differ from a git revision, by file below the integration."""
    base = base or default_base()
    folder = INTEGRATION.relative_to(TOP).as_posix()
    diff = _git("diff", "--unified=0", "--no-color", "--no-ext-diff", base, "--", folder)
    return parse_diff(diff, folder + "/")


def parse_diff(diff: str, prefix: str) -> dict[str, set[int]]:
    """Return the lines of the new side that a diff without context names."""
    changed: dict[str, set[int]] = {}
    lines: set[int] = set()
    for line in diff.splitlines():
        if line.startswith("+++ "):
            lines = changed.setdefault(line[6:].removeprefix(prefix), set())
        elif found := re.match(r"@@ -\S+ \+(\d+)(?:,(\d+))? @@", line):
            start, count = int(found[1]), int(found[2] or 1)
            lines.update(range(start, start + count))
    return {path: lines for path, lines in changed.items() if path.endswith(".py") and (INTEGRATION / path).exists()}


def default_base() -> str:
    """Return where this branch left origin/main; there, and without one, the commit before this one."""
    try:
        base = _git("merge-base", "HEAD", "origin/main").strip()
        if base != _git("rev-parse", "HEAD").strip():
            return base
    except subprocess.CalledProcessError:
        pass
    return "HEAD~1"


def _git(*arguments: str) -> str:
    return subprocess.run(("git", *arguments), cwd=TOP, check=True, capture_output=True, text=True).stdout
