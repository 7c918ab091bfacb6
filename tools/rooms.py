"""Count rooms, floors and arrows of the source: `rooms.py [FOLDER] [--revision REVISION]` (needs Python 3.14).

A room is a Python file, or a folder with some, directly in the integration's folder or in its `dlms/`. An arrow leads
from one room to another that it imports from, also inside a function or only for type checkers; it counts once. Floors
are the rooms on the longest way along arrows; rooms of one cycle are one floor.
"""

from __future__ import annotations

import argparse
import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from graphlib import TopologicalSorter
import io
from pathlib import Path
import subprocess
import sys
import tarfile

ROOT = Path(__file__).resolve().parent.parent
COMPONENTS = "custom_components"
STACK = "dlms"


@dataclass(frozen=True)
class Module:
    """One Python file: dotted name from the integration's name on, whether it is a package, text."""

    name: str
    is_package: bool
    source: str

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree."""
        return ast.parse(self.source)

    @property
    def integration(self) -> str:
        """The first part of the name."""
        return self.name.partition(".")[0]


@dataclass(frozen=True)
class Import:
    """One import statement: the absolute module, and the names taken from it (none for `import module`)."""

    line: int
    module: str
    names: tuple[str, ...] = ()


def imports_of(module: Module) -> Iterator[Import]:
    """All imports of a file, wherever they stand.

    Our own modules are spelt one way: without `custom_components`, and with the integration's name before `dlms`. A
    relative import that leaves the integration keeps its dots.
    """
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(node.lineno, one_spelling(alias.name, module))
        elif isinstance(node, ast.ImportFrom):
            yield Import(node.lineno, taken_from(node, module), tuple(alias.name for alias in node.names))


def taken_from(node: ast.ImportFrom, module: Module) -> str:
    """The absolute name of the module that a `from ... import` of `module` names."""
    package = module.name.split(".")
    if not module.is_package:
        package.pop()
    base = package[: len(package) - node.level + 1] if node.level else []
    if node.level > len(package):
        base = ["." * node.level]
    return one_spelling(".".join([*base, *([node.module] if node.module else [])]), module)


def one_spelling(name: str, module: Module) -> str:
    """A dotted name as every module of ours would write it."""
    name = name.removeprefix(f"{COMPONENTS}.")
    return f"{module.integration}.{name}" if name.split(".")[0] == STACK else name


def own_modules_imported(module: Module, modules: Mapping[str, Module]) -> set[str]:
    """Which of `modules` a file imports; a name that is itself a module counts as that module."""
    found = set()
    for entry in imports_of(module):
        inner = {f"{entry.module}.{name}" for name in entry.names} & modules.keys()
        found |= inner
        if not inner or len(inner) < len(entry.names):
            found |= {entry.module} & modules.keys()
    return found - {module.name}


def modules_of(files: Mapping[str, str]) -> dict[str, Module]:
    """Dotted name -> module, from texts by their paths below `custom_components`."""
    found = {}
    for path, source in sorted(files.items()):
        parts = path.removesuffix(".py").split("/")
        is_package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if is_package else parts)
        found[name] = Module(name, is_package, source)
    return found


def read_folder(folder: Path) -> dict[str, Module]:
    """The modules of an integration's folder."""
    files = (path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)
    return modules_of({path.relative_to(folder.parent).as_posix(): path.read_text(encoding="utf-8") for path in files})


def read_revision(revision: str, repository: Path = ROOT) -> dict[str, Module]:
    """The integration's modules in a git revision."""
    command = ["git", "-C", str(repository), "archive", "--format=tar", revision, COMPONENTS]
    archive = subprocess.run(command, capture_output=True, check=True).stdout
    files = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar:
            path = member.name.removeprefix(f"{COMPONENTS}/")
            content = tar.extractfile(member) if member.isfile() and "/" in path and path.endswith(".py") else None
            if content is not None:
                files[path] = content.read().decode()
    return modules_of(files)


def room_of(module: Module) -> str:
    """The room a file belongs to: `sensor`, `meter/`, `dlms/errors`, `dlms/apdu/`."""
    parts = module.name.split(".")[1:]
    prefix = ""
    if parts[:1] == [STACK]:
        prefix = f"{STACK}/"
        parts = parts[1:]
    if not parts:
        return f"{prefix}__init__"
    return prefix + parts[0] + ("/" if len(parts) > 1 or module.is_package else "")


@dataclass(frozen=True)
class Count:
    """Rooms, arrows between them, the longest way along them, cycles."""

    rooms: list[str]
    arrows: list[tuple[str, str]]
    floors: list[str]
    cycles: list[list[str]]


def count(modules: Mapping[str, Module]) -> Count:
    """Count the rooms of a source tree."""
    rooms = sorted({room_of(module) for module in modules.values()})
    arrows = {
        (room_of(module), room_of(modules[target]))
        for module in modules.values()
        for target in own_modules_imported(module, modules)
    }
    between = sorted((start, end) for start, end in arrows if start != end)
    reached = {room: _reachable(room, between) for room in rooms}
    together = {room: min({room} | {other for other in reached[room] if room in reached[other]}) for room in rooms}
    cycles = [[room for room in rooms if together[room] == first] for first in sorted(set(together.values()))]
    return Count(rooms, between, _longest(together, between), [cycle for cycle in cycles if len(cycle) > 1])


def _reachable(room: str, arrows: list[tuple[str, str]]) -> set[str]:
    found: set[str] = set()
    waiting = [room]
    while waiting:
        ends = {end for start, end in arrows if start == waiting[-1]} - found
        waiting.pop()
        found |= ends
        waiting += ends
    return found


def _longest(together: Mapping[str, str], arrows: list[tuple[str, str]]) -> list[str]:
    graph: dict[str, set[str]] = {first: set() for first in together.values()}
    for start, end in arrows:
        if together[start] != together[end]:
            graph[together[start]].add(together[end])
    ways: dict[str, list[str]] = {}
    for room in TopologicalSorter(graph).static_order():
        below = max((ways[end] for end in sorted(graph[room])), key=len, default=[])
        ways[room] = [room, *below]
    return max((ways[room] for room in sorted(ways)), key=len, default=[])


def report(counted: Count) -> str:
    """A small table, then the busiest rooms, the longest way, the cycles."""
    lines = [
        f"rooms   {len(counted.rooms):4}",
        f"arrows  {len(counted.arrows):4}",
        f"floors  {len(counted.floors):4}   {' -> '.join(counted.floors)}",
        f"cycles  {len(counted.cycles):4}   {'; '.join(', '.join(cycle) for cycle in counted.cycles)}".rstrip(),
        "",
        f"{'room':28}{'out':>5}{'in':>5}",
    ]
    for room in counted.rooms:
        outward = sum(start == room for start, _end in counted.arrows)
        inward = sum(end == room for _start, end in counted.arrows)
        lines.append(f"{room:28}{outward:5}{inward:5}")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, help="an integration's folder; ours by default")
    parser.add_argument("--revision", help="count this git revision instead of files")
    options = parser.parse_args(arguments)
    if options.revision:
        modules = read_revision(options.revision)
    else:
        modules = read_folder(options.folder or ROOT / COMPONENTS / "cosem")
    print(report(count(modules)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
