"""Every source file has a test file of its name, at the same place."""

import ast
from collections.abc import Iterator, Mapping

from .source import ROOT, Finding, Modules

WITHOUT_A_TEST_FILE: dict[str, str] = {}
"""Module -> why it has none."""


def path_of_tests(module: str) -> str:
    """The path below tests/ of a module's test file."""
    *folders, name = module.split(".")[1:] or ["init"]
    return "/".join([*folders, f"test_{name.strip('_')}.py"])


def mirrored(modules: Modules, tests: Mapping[str, str]) -> Iterator[Finding]:
    """Every module has a file with tests at its place."""
    for name, module in modules.items():
        # The integration's own __init__ has a life to test; those of packages only gather names.
        source = tests.get(path_of_tests(name), "")
        has_tests = any(
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
            for node in ast.walk(ast.parse(source))
        )
        if name in WITHOUT_A_TEST_FILE:
            if has_tests:
                yield Finding(name, "has a test file and needs no exception any more")
        elif not has_tests and (not module.is_package or name == "cosem"):
            yield Finding(name, f"has no tests in tests/{path_of_tests(name)}")
    yield from (
        Finding(name, "is excused from a test file, and does not exist")
        for name in WITHOUT_A_TEST_FILE.keys() - modules
    )


def files_of_tests() -> dict[str, str]:
    """Path below tests/ -> text of every test file."""
    folder = ROOT / "tests"
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in folder.rglob("test_*.py")}
