"""The rules of the house, read from the syntax trees: who imports whom, sizes, names (docs/architecture.md)."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
import re
import sys

import pytest

ROOT = Path(__file__).parent.parent
INTEGRATION = ROOT / "custom_components" / "cosem"
STACK = INTEGRATION / "dlms"

HARD_CAP = 600
FUNCTION_CAP = 60
FUNCTION_P95 = 45
MOST_PARAMETERS = 6

LAYER_OF_FILE = {
    0: ("errors", "limits"),
    1: ("encoding",),
    2: ("apdu",),
    3: ("security", "interface_classes", "describe"),
    4: ("protocol",),
    5: ("client", "command_line", "__main__", "__init__"),
}
FORBIDDEN_BELOW_5 = {"asyncio", "socket", "time", "random", "secrets", "os", "threading"}
FORBIDDEN_NAMES = re.compile(
    r"^(obis_code_str|attr_no|packet|telegram|pdu1|request_obj|session|login|auth_level|server_id|tid|mtu|u32|i64|guek|gak)$"
)


def python_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)


ALL = python_files(INTEGRATION)
OF_STACK = python_files(STACK)
OF_INTEGRATION = [path for path in ALL if path not in OF_STACK]


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def name_of(path: Path) -> str:
    """The module's dotted name below custom_components."""
    parts = path.relative_to(INTEGRATION.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in ALL}


def runtime_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes, without what only a type checker sees."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING":
            continue
        yield child
        yield from runtime_nodes(child)


def imports_of(path: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Absolute module names that a file imports, with the names taken from each."""
    package = name_of(path).split(".")
    if path.name != "__init__.py":
        package.pop()
    for node in runtime_nodes(tree_of(path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, ()
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            yield ".".join([*base, *([node.module] if node.module else [])]), tuple(alias.name for alias in node.names)


def own_modules_imported(path: Path) -> set[str]:
    """Names of our modules that a file imports; `from .package import module` counts as the module."""
    found = set()
    for module, names in imports_of(path):
        submodules = {f"{module}.{name}" for name in names} & MODULES.keys()
        found |= submodules
        if module in MODULES and (not submodules or len(submodules) < len(names)):
            found.add(module)
    return found - {name_of(path)}


def layer_of(module: str) -> int:
    """The layer of a module of the stack."""
    parts = module.removeprefix("cosem.dlms").removeprefix(".").split(".")
    top = parts[0] or "__init__"
    return next(layer for layer, tops in LAYER_OF_FILE.items() if top in tops)


def ids(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(INTEGRATION)) for path in paths]


each_file = pytest.mark.parametrize("path", ALL, ids=ids(ALL))
each_stack_file = pytest.mark.parametrize("path", OF_STACK, ids=ids(OF_STACK))
each_integration_file = pytest.mark.parametrize("path", OF_INTEGRATION, ids=ids(OF_INTEGRATION))


@each_stack_file
def test_stack_imports_only_lower_layers(path: Path):
    own = layer_of(name_of(path))
    for module in own_modules_imported(path):
        assert module.startswith("cosem.dlms"), f"the stack imports {module} of the integration"
        assert layer_of(module) <= own, f"layer {own} imports {module}, layer {layer_of(module)}"


@each_stack_file
def test_stack_imports_standard_library_only(path: Path):
    in_security = name_of(path).startswith("cosem.dlms.security")
    for module, _names in imports_of(path):
        top = module.split(".")[0]
        if top == "cosem":
            continue
        assert top in sys.stdlib_module_names or (top == "cryptography" and in_security), f"imports {module}"


@each_stack_file
def test_layers_below_5_have_no_clock_no_chance_no_sockets(path: Path):
    if layer_of(name_of(path)) < 5:
        tops = {module.split(".")[0] for module, _names in imports_of(path)}
        assert not tops & FORBIDDEN_BELOW_5


@each_integration_file
def test_integration_uses_only_exported_names_of_the_stack(path: Path):
    exported = set(ast.literal_eval(_all_of(STACK / "__init__.py")))
    for module, names in imports_of(path):
        if module.startswith("cosem.dlms"):
            assert module == "cosem.dlms", f"imports {module}, which is not the stack's front door"
            assert set(names) <= exported


def _all_of(path: Path) -> ast.expr:
    for node in tree_of(path).body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            assert isinstance(node, ast.Assign | ast.AnnAssign)
            assert node.value is not None
            return node.value
    raise AssertionError("no __all__")


def test_nothing_imports_a_platform():
    platforms = {"cosem.sensor", "cosem.config_flow"}
    for path in ALL:
        assert not own_modules_imported(path) & platforms, path


def test_no_import_cycle():
    graph = {name: own_modules_imported(path) for name, path in MODULES.items()}
    done: set[str] = set()

    def visit(module: str, way: tuple[str, ...]) -> None:
        assert module not in way, " -> ".join([*way[way.index(module) :], module])
        if module not in done:
            for target in sorted(graph[module]):
                visit(target, (*way, module))
            done.add(module)

    for module in sorted(graph):
        visit(module, ())


@each_file
def test_file_size(path: Path):
    if "catalogue" not in path.parts:
        assert len(path.read_text(encoding="utf-8").splitlines()) <= HARD_CAP


def functions_of(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    assert function.end_lineno is not None
    return function.end_lineno - function.lineno + 1


@each_file
def test_function_size(path: Path):
    long = [
        f"{function.name}: {length(function)}" for function in functions_of(path) if length(function) > FUNCTION_CAP
    ]
    assert not long


def test_function_size_of_most():
    lengths = sorted(length(function) for path in ALL for function in functions_of(path))
    assert lengths[int(len(lengths) * 0.95)] <= FUNCTION_P95


@each_file
def test_number_of_parameters(path: Path):
    many = []
    for function in functions_of(path):
        arguments = function.args
        names = [item.arg for item in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
        # The connection facts of a client and the injected helpers of a test are not meant: self is no parameter.
        count = len(names) - (names[:1] in (["self"], ["cls"]))
        if count > MOST_PARAMETERS and not function.decorator_list:
            many.append(f"{function.name}: {count}")
    assert not many


@each_file
def test_no_star_import_and_no_print(path: Path):
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ImportFrom):
            assert all(alias.name != "*" for alias in node.names)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
            assert path.name == "__main__.py"


@each_file
def test_names_are_the_standards_terms(path: Path):
    names = {node.arg for node in ast.walk(tree_of(path)) if isinstance(node, ast.arg)}
    names |= {node.id for node in ast.walk(tree_of(path)) if isinstance(node, ast.Name)}
    names |= {
        node.name
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    assert not {name for name in names if FORBIDDEN_NAMES.match(name.lower())}


@each_file
def test_module_says_what_it_is(path: Path):
    assert ast.get_docstring(tree_of(path)), "no module docstring"


@each_integration_file
def test_errors_of_the_stack_are_caught_in_one_place(path: Path):
    """error_mapping.py for polls, doctor.py for forms: nobody else decides what an error of the stack means."""
    if path.name in {"error_mapping.py", "doctor.py"}:
        return
    stack_errors = {node.name for node in tree_of(STACK / "errors.py").body if isinstance(node, ast.ClassDef)}
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ExceptHandler) and node.type is not None:
            caught = {item.id for item in ast.walk(node.type) if isinstance(item, ast.Name)}
            assert not caught & stack_errors - {"LocalProtocolError"}  # raised by us, for what a person typed


@each_file
def test_nothing_swallows_every_exception(path: Path):
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None
            caught = {item.id for item in ast.walk(node.type) if isinstance(item, ast.Name)}
            assert "Exception" not in caught
            if "BaseException" in caught:
                assert any(isinstance(item, ast.Raise) and item.exc is None for item in ast.walk(node))


def test_stack_has_no_any_in_public_signatures():
    for path in OF_STACK:
        for function in functions_of(path):
            if function.name.startswith("_"):
                continue
            arguments = function.args
            annotations = [item.annotation for item in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
            for annotation in [*annotations, function.returns]:
                if annotation is not None:
                    named = {item.id for item in ast.walk(annotation) if isinstance(item, ast.Name)}
                    assert "Any" not in named, f"{path}: {function.name}"


FORBIDDEN_ANYWHERE = {
    *("aiohttp", "ftplib", "http", "httpx", "requests", "urllib", "xmlrpc"),  # to load something from somewhere
    *("code", "codeop", "ctypes", "dill", "imp", "importlib", "marshal", "pickle", "pkgutil", "runpy", "shelve"),
    *("shutil", "subprocess", "tarfile", "zipfile"),
}
"""Ways to run, unpack or load what a network sent (rule S31)."""

OPEN_FILES = {"state_file.py", "credentials.py", "run.py"}
"""Of the command line: their paths are the user's words."""


@each_file
def test_s31_nothing_is_downloaded_and_nothing_received_is_run(path: Path):
    imported = {module.partition(".")[0] for module, _names in imports_of(path)}
    assert not imported & FORBIDDEN_ANYWHERE
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in {"eval", "exec", "compile", "__import__"}


@each_file
def test_s31_no_path_is_built_from_what_a_network_sent(path: Path):
    """Files are opened by the command line only, under names that its user gave; the integration has Home Assistant's store."""
    if path.parent.name == "command_line" and path.name in OPEN_FILES:
        return
    assert "pathlib" not in {module for module, _names in imports_of(path)}
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id != "open"
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os":
            assert node.attr in {"devnull", "dup2", "open", "O_WRONLY", "environ"}
            assert path.name == "__main__.py"
