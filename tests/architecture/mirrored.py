"""Every source file has a test file of its name at its place, and every test file tests something of that name."""

import ast
from collections.abc import Iterator, Mapping

from tests.promise_check import checking_names, checks, tests_of
from tools.rooms import Module, imports_of, modules_of

from .layers import ENTRY_POINT, INTEGRATION_ORDER, room_in_integration
from .source import ROOT, STACK, Finding, Modules

WITHOUT_A_TEST_FILE: dict[str, str] = {}
"""Module -> why it has none."""

WIDER: Mapping[str, str] = {
    "architecture/": "the rules of the house",
    "dlms/conversations/": "the stack in conversations that others had",
    "dlms/forgery/": "the stack against forged APDUs",
    "dlms/fuzz/": "the stack against any octets",
    "faults/": "the whole against each fault of the list",
    "interop/": "the stack against others",
    "simulated_meter_tests/": "the simulated meter, and what it shows of the stack",
    "tools/": "the project's own tools",
    "actions/test_faults.py": "all actions while a meter or a network misbehaves",
    "catalogue/test_golden_table.py": "all themes of the catalogue in one table",
    "dlms/apdu/test_vectors.py": "all wire samples",
    "dlms/protocol/transfer/test_vectors.py": "responses of the wire samples",
    "dlms/client/test_answers_that_come_again.py": "client and protocol against copies of answers",
    "dlms/client/test_security_association.py": "client and security together",
    "push/test_foreign_sender.py": "entries against meters and strangers written from the standard",
    "test_architecture.py": "the rules of the house",
    "test_canary.py": "secrets in the whole life of an entry",
    "test_calling_meter.py": "an entry whose meter calls, from the form to its entities",
    "test_changes_at_the_meter.py": "an entry while its meter changes",
    "test_deadlines.py": "the tests",
    "test_documentation.py": "documents and manifest",
    "test_rules.py": "numbers of rules in code, tests and documents",
    "test_datagram_entry.py": "an entry over UDP, from the form to Home Assistant",
    "test_secured_entry.py": "an entry with keys, from the client to Home Assistant",
    "test_short_names.py": "an entry of a meter with short names, from the form to its entities",
    "test_still_loop.py": "the loop of the tests",
    "test_tests.py": "the tests",
    "test_translations.py": "texts and the code that uses them",
}
"""Folders and files that test something wider than one module -> what."""

WHOLE_TREE = {"conftest.py", "promise_check.py"}
"""Files that are there when the tests are read from disk, not a few from an example."""

SHOWN_BY_THE_FLOW = frozenset({"cosem.forms.options"})
"""Its tests import nothing of it: only Home Assistant, which asks the flow, shows what it does."""


def path_of_tests(module: str) -> str:
    """The path below tests/ of a module's test file."""
    *folders, name = module.split(".")[1:] or ["init"]
    return "/".join([*folders, f"test_{name.strip('_')}.py"])


def paths_of_tests(module: Module) -> tuple[str, ...]:
    """Where tests of a module may stand; those of a package's own file also inside its folder."""
    path = path_of_tests(module.name)
    if not module.is_package or module.name == ENTRY_POINT:
        return (path,)
    *_, folder = module.name.split(".")
    inside = "/".join(module.name.split(".")[1:])
    return (path, f"{inside}/test_init.py", f"{inside}/test_{folder}.py")


def mirrored(modules: Modules, tests: Mapping[str, str]) -> Iterator[Finding]:
    """Every module has a file with tests of it at its place, and no test file stands at the place of none."""
    files = modules_of({f"tests/{path}": text for path, text in tests.items()})
    helpers = checking_names(file.tree for file in files.values())
    for name, module in modules.items():
        path = path_of_tests(name)
        wrong = _what_is_wrong(module, path, files, helpers) if path in tests else f"has no tests in tests/{path}"
        if name in WITHOUT_A_TEST_FILE:
            if wrong is None:
                yield Finding(name, "has a test file and needs no exception any more")
        # The integration's own __init__ has a life to test; those of packages only gather names.
        elif wrong is not None and (not module.is_package or name == ENTRY_POINT):
            yield Finding(name, wrong)
    for name in sorted(WITHOUT_A_TEST_FILE.keys() - modules):
        yield Finding(name, "is excused from a test file, and does not exist")
    yield from _of_nothing(modules, tests)


def _what_is_wrong(module: Module, path: str, files: Modules, helpers: frozenset[str]) -> str | None:
    """What keeps a file at the right place from being the tests of this module."""
    test_file = files[f"tests.{path.removesuffix('.py').replace('/', '.')}"]
    if not any(checks(test, helpers) for test in tests_of(test_file.tree)):
        return f"has no test that checks something in tests/{path}"
    if any("pytestmark" in ast.dump(node) and "'skip" in ast.dump(node) for node in test_file.tree.body):
        return f"tests/{path} is skipped as a whole"
    at_the_top = room_in_integration(module.name) not in INTEGRATION_ORDER and not module.name.startswith(STACK)
    if at_the_top or module.name in SHOWN_BY_THE_FLOW or _reaches(module.name, test_file, files):
        return None
    return f"is not imported by tests/{path}, nor is its package"


def _reaches(name: str, test_file: Module, files: Modules) -> bool:
    """Whether a test file imports a module, or its package, itself or through helpers of the tests."""
    wanted = {name, name.rpartition(".")[0]} - {ENTRY_POINT, STACK}
    seen: set[str] = set()
    waiting = [test_file]
    while waiting:
        for entry in imports_of(waiting.pop()):
            reached = {entry.module, *(f"{entry.module}.{taken}" for taken in entry.names)}
            if reached & wanted:
                return True
            helpers = reached & files.keys() - seen
            seen |= helpers
            waiting += [files[helper] for helper in helpers if not helper.rpartition(".")[2].startswith("test_")]
    return False


def _of_nothing(modules: Modules, tests: Mapping[str, str]) -> Iterator[Finding]:
    """Test files at the place of no module; those of one module may be several (`test_client_faults.py`)."""
    places = {path for module in modules.values() for path in paths_of_tests(module)}
    used = set()
    for path in sorted(tests):
        if not path.rpartition("/")[2].startswith("test_"):
            continue
        wider = {place for place in WIDER if path == place or (place.endswith("/") and path.startswith(place))}
        used |= wider
        parts = path.removesuffix(".py").split("_")
        several = any("_".join(parts[:end]) + ".py" in places for end in range(2, len(parts) + 1))
        if not wider and not several:
            yield Finding(f"tests/{path}", "tests no module of this name, and is not among those that test more")
        elif wider and several:
            yield Finding(f"tests/{path}", "tests a module of this name, and needs no exception")
    if tests.keys() >= WHOLE_TREE:
        for place in sorted(WIDER.keys() - used):
            yield Finding(f"tests/{place}", "is said to test more than a module, and does not exist")


def files_of_tests() -> dict[str, str]:
    """Path below tests/ -> text of every Python file there."""
    folder = ROOT / "tests"
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in folder.rglob("*.py")}
