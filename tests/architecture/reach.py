"""What code can reach: modules of others that each room may import, and no clock, file or evaluation."""

import ast
from collections.abc import Iterator, Mapping
import re

from tools.rooms import Module, imports_of

from .layers import FIRST_WITH_ASYNCIO, place_in_stack
from .source import Finding, Modules, functions_of, in_stack, names_of, nodes_of

ANY_NAME: frozenset[str] = frozenset()

PURE: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(
        (
            *("abc", "binascii", "bisect", "collections", "collections.abc", "datetime", "decimal", "fractions"),
            *("graphlib", "heapq", "hmac", "itertools", "math", "re", "struct", "unicodedata"),
        ),
        ANY_NAME,
    ),
    # These have more to offer than the names: locks, programs that read files, code made from text.
    "base64": frozenset({"b16decode", "b16encode", "b64decode", "b64encode"}),
    "dataclasses": frozenset({"KW_ONLY", "InitVar", "asdict", "dataclass", "field", "fields", "replace"}),
    "enum": frozenset({"KEEP", "STRICT", "Enum", "Flag", "IntEnum", "IntFlag", "StrEnum", "auto", "unique"}),
    "functools": frozenset(
        {"cache", "cached_property", "lru_cache", "partial", "partialmethod", "reduce", "total_ordering", "wraps"}
    ),
    "hashlib": frozenset({"md5", "sha1", "sha256", "sha384", "sha512"}),
    "json": frozenset({"JSONDecodeError", "dumps", "loads"}),
    "string": frozenset({"ascii_letters", "digits", "hexdigits", "printable"}),
    "types": frozenset({"MappingProxyType", "TracebackType"}),
    "typing": frozenset(
        {
            *("TYPE_CHECKING", "Annotated", "Any", "ClassVar", "Concatenate", "Final", "Literal", "LiteralString"),
            *("NamedTuple", "Never", "NewType", "NoReturn", "NotRequired", "Protocol", "Required", "Self"),
            *("TypedDict", "TypeGuard", "TypeIs", "assert_never", "assert_type", "cast", "final"),
            *("get_args", "get_origin", "overload", "override", "runtime_checkable"),
        }
    ),
}
"""Module -> the names that may be taken from it, or ANY_NAME. All of it works without a clock, chance or a file."""

SECURITY: Mapping[str, frozenset[str]] = {
    "cryptography": frozenset({"x509"}),
    "cryptography.exceptions": ANY_NAME,
    **{
        f"cryptography.hazmat.primitives{name}": ANY_NAME
        for name in (
            *("", ".asymmetric", ".asymmetric.ec", ".asymmetric.utils", ".ciphers", ".ciphers.aead"),
            *(".ciphers.algorithms", ".ciphers.modes", ".constant_time", ".hashes", ".keywrap", ".serialization"),
        )
    },
    "cryptography.x509": ANY_NAME,
    "cryptography.x509.oid": ANY_NAME,
}

CONTEXTS: Mapping[str, frozenset[str]] = {
    # Not chdir and redirect_stdout.
    "contextlib": frozenset(
        {
            *("AbstractAsyncContextManager", "AbstractContextManager", "AsyncExitStack", "ExitStack", "aclosing"),
            *("asynccontextmanager", "closing", "contextmanager", "nullcontext", "suppress"),
        }
    )
}

LOGGING: Mapping[str, frozenset[str]] = {
    # Not the handlers, which open files and sockets, and not what configures the loggers of others.
    "logging": frozenset({"DEBUG", "ERROR", "INFO", "WARNING", "Logger", "LoggerAdapter", "getLogger"})
}

CLIENT: Mapping[str, frozenset[str]] = {
    **CONTEXTS,
    **LOGGING,
    **dict.fromkeys(("asyncio", "errno", "ipaddress", "secrets", "socket", "time", "weakref"), ANY_NAME),
}

ARGUMENTS: Mapping[str, frozenset[str]] = {
    # Not FileType, which opens what it is given.
    "argparse": frozenset(
        {
            "SUPPRESS",
            "ArgumentParser",
            "ArgumentTypeError",
            "Namespace",
            "RawDescriptionHelpFormatter",
            "_ArgumentGroup",
        }
    )
}

COMMAND_LINE: Mapping[str, frozenset[str]] = {
    **ARGUMENTS,
    **CONTEXTS,
    **dict.fromkeys(("asyncio", "secrets", "time"), ANY_NAME),
    # Looks for the zones that the computer knows, by names that its user gave.
    "zoneinfo": frozenset({"ZoneInfo", "ZoneInfoNotFoundError"}),
}

FILES: Mapping[str, frozenset[str]] = dict.fromkeys(
    ("fcntl", "os", "os.path", "pathlib", "tempfile", "tomllib"), ANY_NAME
)
"""Files are opened by the command line, under names that its user gave (rule S31)."""

OPEN_FILES = frozenset(f"cosem.dlms.command_line.{name}" for name in ("credentials", "run", "state_file", "trace"))

INSTALLS_FILES = frozenset({"cosem.blueprints.installation"})
"""Copies blueprints that ship with it, under their own names, because a person asked for it (rule S31)."""

OWN_DATA: Mapping[str, frozenset[str]] = {"pkgutil": frozenset({"get_data"})}
"""Data files that ship with it, under names that stand in the source (rule S31)."""

WITH_OWN_DATA = frozenset({"cosem.dlms.interface_classes.push_templates", "cosem.push.event_codes"})

MAIN: Mapping[str, frozenset[str]] = {**ARGUMENTS, **dict.fromkeys(("os", "sys"), ANY_NAME)}

OF_THE_SYSTEM = frozenset({"devnull", "dup2", "environ", "get_terminal_size", "open", "O_WRONLY"})
"""What `python -m dlms` takes from `os`: it silences a standard output that was closed, looks for variables, and asks
how wide the terminal is."""

INTEGRATION: Mapping[str, frozenset[str]] = {
    **CONTEXTS,
    **LOGGING,
    **dict.fromkeys(("asyncio", "ipaddress", "random", "secrets", "voluptuous", "weakref"), ANY_NAME),
    **dict.fromkeys(
        (
            *("homeassistant.components", "homeassistant.config_entries", "homeassistant.const", "homeassistant.core"),
            *("homeassistant.data_entry_flow", "homeassistant.exceptions", "homeassistant.helpers"),
            "homeassistant.util",
        ),
        ANY_NAME,
    ),
    # The config flow sets up its own integration a moment before Home Assistant would.
    "homeassistant.setup": frozenset({"async_setup_component"}),
}

NOT_OF_HOME_ASSISTANT = (
    *("homeassistant.helpers.aiohttp_client", "homeassistant.helpers.httpx_client", "homeassistant.helpers.template"),
    *("homeassistant.util.file", "homeassistant.util.package", "homeassistant.components.http"),
    *("homeassistant.components.shell_command", "homeassistant.components.python_script"),
)
"""Ways to load something from somewhere, or to run what a network sent (rule S31)."""

DUNDER = re.compile(r"__\w+__")

EVALUATION = frozenset({"__import__", "breakpoint", "compile", "eval", "exec", "globals", "input", "locals", "open"})
"""Builtins that run text, open files, or reach names by text."""

DOORS = frozenset(
    {
        *("__builtins__", "__code__", "__globals__", "__import__", "__loader__", "__spec__", "__subclasses__"),
        *("create_subprocess_exec", "create_subprocess_shell", "subprocess_exec", "subprocess_shell", "fork", "popen"),
        *("execv", "execve", "spawnv", "spawnve", "startfile", "system", "modules", "run_module", "get_type_hints"),
        "import_module",
    }
)
"""Attributes and names through which everything else is reached."""

PLAIN_DUNDERS = frozenset(
    {
        *("__cause__", "__context__", "__file__", "__getitem__", "__init__", "__name__", "__new__", "__package__"),
        *("__setattr__", "__value__"),
    }
)
"""The only attributes of Python's own that are named; `__dict__`, `__getattribute__`, `__self__` lead everywhere."""

CLOCKS = frozenset({"monotonic", "now", "perf_counter", "time_ns", "today", "utcnow"})
"""Below the client, time comes in as an argument."""

CHANCE = re.compile(
    r"generate_\w+|rand(int|range|bytes)|getrandbits|SystemRandom|random_serial_number|(token|choice)_\w+|urandom|uuid\d?|sysrand\w*"
)
"""And so does chance."""

NEEDS_A_ZONE = {"astimezone": 1, "fromtimestamp": 2}
"""Method -> how many arguments it has with a time zone; without one it takes that of the computer."""

OF_THIS_RUN = frozenset({"builtins.id", "builtins.hash"})
"""Different in each run of the program."""

MAY_TAKE_CHANCE: Mapping[str, tuple[str, str]] = {
    "cosem.dlms.security.key_pairs": ("generate_private_key", "only OpenSSL makes a private key of its random octets"),
    "cosem.dlms.security.general_ciphering": ("generate_key_pair", "each APDU has an ephemeral key, made there"),
}
"""Module -> the name it may use, and why."""


BY_NAME = frozenset({"types", "typing"})
"""Imported name by name only; of the others with names, `import logging` is fine and each use is looked at."""


def allowed(module: Module) -> Mapping[str, frozenset[str]]:
    """What a module may import of others."""
    if not in_stack(module):
        own_data = OWN_DATA if module.name in WITH_OWN_DATA else {}
        return {**PURE, **INTEGRATION, **own_data, **(FILES if module.name in INSTALLS_FILES else {})}
    room = [*module.name.split("."), "", ""][2]
    if room == "security":
        return {**PURE, **SECURITY}
    if room == "client":
        return {**PURE, **CLIENT}
    if room == "command_line":
        return {**PURE, **COMMAND_LINE, **(FILES if module.name in OPEN_FILES else {})}
    if module.name in WITH_OWN_DATA:
        return {**PURE, **OWN_DATA}
    return {**PURE, **MAIN} if room == "__main__" else PURE


def permitted_imports(module: Module, _modules: Modules) -> Iterator[Finding]:
    """A list of what may be imported, not of what may not."""
    permitted = allowed(module)
    for entry in imports_of(module):
        if entry.module.split(".")[0] in {"cosem", "__future__"} or entry.module.startswith("."):
            continue
        names = permitted_names(permitted, entry.module)
        if names is None:
            yield Finding(module.name, f"line {entry.line} imports {entry.module}, which this room may not")
        elif names and not entry.names and entry.module in BY_NAME:
            yield Finding(module.name, f"line {entry.line} imports {entry.module} whole instead of names")
        elif names and not names >= set(entry.names):
            other = ", ".join(sorted(set(entry.names) - names))
            yield Finding(module.name, f"line {entry.line} takes {other} from {entry.module}, which this room may not")
        for name in [entry.module, *(f"{entry.module}.{name}" for name in entry.names)]:
            if name.startswith(NOT_OF_HOME_ASSISTANT):
                yield Finding(module.name, f"line {entry.line} imports {name}")


def permitted_names(permitted: Mapping[str, frozenset[str]], name: str) -> frozenset[str] | None:
    if name in permitted:
        return permitted[name]
    # Home Assistant's packages are named by their beginning; of the others every module is named.
    above = name
    while above.startswith("homeassistant."):
        above = above.rpartition(".")[0]
        if above in permitted:
            return permitted[above]
    return None


def no_evaluation(module: Module, _modules: Modules) -> Iterator[Finding]:
    """Nothing received is run, and no file is opened but by the command line (rule S31), under any name."""
    forbidden = EVALUATION - ({"open"} if module.name in OPEN_FILES else set())
    for line, name in names_used(module):
        if name in DOORS or (DUNDER.fullmatch(name) and name not in PLAIN_DUNDERS):
            yield Finding(module.name, f"line {line} reaches through {name}")
    names = names_of(module)
    for node in nodes_of(module):
        if not isinstance(node, ast.Name | ast.Attribute):
            continue
        for origin in names.dotted(node):
            top, _, rest = origin.partition(".")
            if top in {"builtins", "codecs", "io"} and rest.split(".")[0] in forbidden:
                yield Finding(module.name, f"line {node.lineno} uses {origin}")


def system_calls(module: Module, _modules: Modules) -> Iterator[Finding]:
    """The main program takes a handful of things from `os`."""
    if module.name in OPEN_FILES:
        return
    names = names_of(module)
    for node in nodes_of(module):
        used = names.dotted(node) if isinstance(node, ast.Attribute) else set()
        if isinstance(node, ast.ImportFrom) and node.module == "os":
            used = {f"os.{alias.name}" for alias in node.names}
        for name in sorted(used):
            parts = name.split(".")
            if parts[0] == "os" and len(parts) > 1 and parts[1] not in OF_THE_SYSTEM:
                yield Finding(module.name, f"line {getattr(node, 'lineno', 0)} uses {name}")


def no_clock_and_no_chance(module: Module, _modules: Modules) -> Iterator[Finding]:
    """Below the client, nothing asks for the time or for random octets, by whatever name."""
    place = place_in_stack(module.name) if in_stack(module) else None
    if place is None or place >= FIRST_WITH_ASYNCIO:
        return
    exempt, _reason = MAY_TAKE_CHANCE.get(module.name, ("", ""))
    used = set(names_used(module, local=False))
    for line, name in sorted(used):
        if name in CLOCKS or (CHANCE.fullmatch(name) and name != exempt):
            yield Finding(module.name, f"line {line} uses {name}")
    if exempt not in {"", *(name for _line, name in used)}:
        yield Finding(module.name, f"does not use {exempt}, and needs no exception any more")
    yield from _of_this_run(module)


def _of_this_run(module: Module) -> Iterator[Finding]:
    """What depends on the process or on the computer's time zone."""
    names = names_of(module)
    in_hash = {
        id(inner) for name, node in functions_of(module) if name.endswith(".__hash__") for inner in ast.walk(node)
    }
    for node in nodes_of(module):
        if isinstance(node, ast.Name) and names.dotted(node) & OF_THIS_RUN and id(node) not in in_hash:
            yield Finding(module.name, f"line {node.lineno} uses {node.id}, which each run has anew")
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            given = len(node.args) + len(node.keywords)
            if given < NEEDS_A_ZONE.get(node.func.attr, 0):
                yield Finding(module.name, f"line {node.lineno} takes the time zone of the computer")


def plain_attributes(module: Module, _modules: Modules) -> Iterator[Finding]:
    """Attributes are read by names that stand in the source: of modules everywhere, below the client of everything."""
    names = names_of(module)
    place = place_in_stack(module.name) if in_stack(module) else None
    below = place is not None and place < FIRST_WITH_ASYNCIO
    for node in nodes_of(module):
        if not isinstance(node, ast.Call) or not names.dotted(node.func) & {"builtins.getattr", "builtins.vars"}:
            continue
        constant = len(node.args) > 1 and isinstance(node.args[1], ast.Constant)
        base = node.args[0] if node.args else None
        of_module = isinstance(base, ast.Name) and any("." not in origin for origin in names.imported.get(base.id, ()))
        if not constant and (below or (of_module and module.name != MAY_ASK_FOR_OPTIONS)):
            yield Finding(module.name, f"line {node.lineno} reads an attribute whose name is not in the source")


MAY_ASK_FOR_OPTIONS = "cosem.dlms.client.transport"
"""Options of a socket that not every system has are looked up by the names of a table beside it."""


def names_used(module: Module, *, local: bool = True) -> Iterator[tuple[int, str]]:
    """Every name by which something is reached: attributes, imported names, texts given to getattr, and local names."""
    names = names_of(module)
    for node in nodes_of(module):
        if isinstance(node, ast.Attribute):
            yield node.lineno, node.attr
        elif local and isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.lineno, node.id
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.MatchClass):
            yield from ((node.lineno, name) for name in node.kwd_attrs)
        elif isinstance(node, ast.Call):
            by_text = {"builtins.getattr", "builtins.hasattr", "operator.attrgetter", "operator.methodcaller"}
            if names.dotted(node.func) & by_text:
                texts = [item.value for item in node.args if isinstance(item, ast.Constant)]
                yield from ((node.lineno, text) for text in texts if isinstance(text, str))


def no_print(module: Module, _modules: Modules) -> Iterator[Finding]:
    """Only the main program writes to a terminal."""
    if module.name == "cosem.dlms.__main__":
        return
    names = names_of(module)
    for node in nodes_of(module):
        if isinstance(node, ast.Name | ast.Attribute):
            for origin in names.dotted(node):
                if origin in {"builtins.print", "sys.stdout", "sys.stderr", "sys.stdout.write", "sys.stderr.write"}:
                    yield Finding(module.name, f"line {node.lineno} uses {origin}")
