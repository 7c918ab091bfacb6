"""Ways around the rules, each found; and code that only looks like one, let through."""

import pytest

from tests.architecture import layers, mirrored, once, sizes as size_checks
from tests.architecture.checks import OF_MODULES
from tests.architecture.examples import annotations, catching, imports, reach, sizes
from tests.architecture.examples.house import LOW, METER, MODULES
from tests.architecture.examples.sizes import LONG
from tests.architecture.source import Finding
from tools.rooms import Module, modules_of

EXAMPLES = (annotations, catching, imports, reach, sizes)
FOUND = [example for file in EXAMPLES for example in file.FOUND]
LET_THROUGH = [example for file in EXAMPLES for example in file.LET_THROUGH]


def _checked(check: str, name: str, source: str, **others: str) -> list[Finding]:
    """The findings of one check in a module of this name, which joins the small house."""
    module = Module(name, is_package=name == "cosem", source=source)
    more = {f"cosem.{other.replace('__', '.')}": text for other, text in others.items()}
    tree = (
        dict(MODULES) | {name: module} | {key: Module(key, is_package=False, source=text) for key, text in more.items()}
    )
    return list(OF_MODULES[check](module, tree))


@pytest.mark.parametrize(("check", "name", "source"), FOUND)
def test_a_way_around_a_rule_is_found(check: str, name: str, source: str) -> None:
    assert _checked(check, name, source)


@pytest.mark.parametrize(("check", "name", "source"), LET_THROUGH)
def test_what_only_looks_like_a_way_around_is_let_through(check: str, name: str, source: str) -> None:
    assert [str(finding) for finding in _checked(check, name, source)] == []


def test_every_check_has_counter_examples_and_innocent_ones() -> None:
    assert {check for check, _name, _source in FOUND} == OF_MODULES.keys()
    assert {check for check, _name, _source in LET_THROUGH} == OF_MODULES.keys()


# -- names that travel through several modules


def test_a_tuple_of_errors_made_in_another_module_is_looked_into() -> None:
    source = "from ..const import FAILURES\ntry: ...\nexcept FAILURES: ..."
    const = "from .dlms import DlmsError\nFAILURES = (OSError, DlmsError)"
    assert _checked("errors decided in one place", METER, source, const=const)


def test_an_error_derived_in_another_module_is_still_one_of_the_stack() -> None:
    source = "from .error_mapping import Failed\ntry: ...\nexcept Failed: ..."
    mapping = "from ..dlms import DlmsError\nclass Failed(DlmsError): ..."
    assert _checked("errors decided in one place", METER, source, meter__error_mapping=mapping)


def test_every_exception_under_a_name_of_another_module_is_found() -> None:
    source = "from ..const import FAILURES\ntry: ...\nexcept FAILURES: ..."
    assert _checked("nothing swallowed", METER, source, const="FAILURES = (OSError, Exception)")


def test_any_behind_an_alias_of_another_module_is_found() -> None:
    source = "from ..limits import Json\ndef read(x: Json): ..."
    limits = "from typing import Any\ntype Json = dict[str, Any]"
    assert _checked("no Any", LOW, source, dlms__limits=limits)


# -- the tree as a whole


def _tree(**sources: str) -> dict[str, Module]:
    return modules_of({f"cosem/{name.replace('__', '/')}.py": source for name, source in sources.items()})


def test_a_cycle_is_found_also_of_types_and_through_functions() -> None:
    only_types = "if TYPE_CHECKING:\n    from .b import B"
    in_function = "def later():\n    from custom_components.cosem import a"
    [finding] = layers.no_cycles(_tree(a=only_types, b=in_function))
    assert finding.where == "cosem.a -> cosem.b -> cosem.a"
    assert list(layers.no_cycles(_tree(a=only_types, b=""))) == []


@pytest.mark.parametrize(
    "second",
    [
        "class Row: ...",
        "if x:\n    class Row: ...",
        "type Row = tuple[int, ...]",
        "Row = NamedTuple('Row', [('x', int)])",
        "Row = type('Row', (), {})",
        "Row: type = Enum('Row', ['A'])",
        "Row = namedtuple(typename='Row', field_names=('x',))",
        "from collections import namedtuple\nRow = namedtuple('_Hidden', ['x'])",
        "import enum\nRow = enum.Enum(value='_Hidden', names=['A'])",
        "from typing import NewType as N\nRow = N(*('Hidden', int))",
        "Row = make(name='Row')",
    ],
)
def test_two_public_classes_of_one_name_are_found_however_they_are_made(second: str) -> None:
    [finding] = once.public_classes_once(_tree(a="class Row: ...", dlms__b=second))
    assert str(finding) == "class Row: defined in cosem.a, cosem.dlms.b"


def test_private_classes_may_share_a_name() -> None:
    assert list(once.public_classes_once(_tree(a="class _Row: ...", b="class _Row: ..."))) == []


@pytest.mark.parametrize(
    "second",
    [
        "def read(): ...",
        "async def read(): ...",
        "if x:\n    def read(): ...",
        "try: ...\nexcept ImportError:\n    def read(): ...",
        "read = lambda: 1",
        "read = partial(other)",
        "read: Reader = other",
        "match x:\n    case 1:\n        def read(): ...",
    ],
)
def test_two_public_functions_of_one_name_are_found_however_they_are_made(second: str) -> None:
    [finding] = once.public_functions_once(_tree(a="def read(): ...", dlms__b=second))
    assert str(finding) == "function read: defined in cosem.a, cosem.dlms.b"


@pytest.mark.parametrize(
    "second",
    [
        "def _read(): ...",
        "class Row:\n    def read(self): ...",
        "def outer():\n    def read(): ...",
        "read = 7",
        "READ = make()",
        "from .a import read",
    ],
)
def test_methods_and_private_functions_may_share_a_name(second: str) -> None:
    assert list(once.public_functions_once(_tree(a="def read(): ...", dlms__b=second))) == []


def test_home_assistant_asks_several_files_for_a_function_of_one_name() -> None:
    setup = "async def async_setup_entry(): ..."
    assert list(once.public_functions_once(_tree(__init__=setup, sensor=setup))) == []
    assert list(once.public_functions_once(_tree(__init__=setup, sensor=setup, meter__a=setup, meter__b=setup)))


def test_functions_of_one_name_are_excused_only_where_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(once, "ONE_MEANING", {"find": (frozenset({"cosem.a", "cosem.b"}), "why")})
    find = "def find(): ..."
    assert list(once.public_functions_once(_tree(a=find, b=find))) == []
    assert list(once.public_functions_once(_tree(a=find, b=find, c=find)))
    assert list(once.public_functions_once(_tree(a=find, b="")))


def test_most_functions_have_to_be_short() -> None:
    def functions(long: int) -> str:
        short = "def f():\n    x = 1\n" * (100 - long)
        return short + ("def f():\n" + "    x = 1\n" * 25) * long

    assert list(size_checks.most_functions(_tree(a=functions(4)))) == []
    assert list(size_checks.most_functions(_tree(a=functions(6))))


def test_an_exception_for_a_hot_loop_has_to_be_needed_measured_and_rare(monkeypatch: pytest.MonkeyPatch) -> None:
    tree = _tree(a=f"def f():\n{LONG}\ndef g():\n    return 1")
    for loops, wrong in (
        ({"cosem.a.f": "1.5 times as long in two parts"}, []),
        ({"cosem.a.f": "it is hot"}, ["cosem.a.f"]),
        ({"cosem.a.g": "1.5 times as long"}, ["cosem.a.g"]),
        ({"cosem.a.gone": "1.5 times as long"}, ["cosem.a.gone"]),
        (dict.fromkeys([f"cosem.a.f{number}" for number in range(4)], "2"), ["HOT_LOOPS"]),
    ):
        monkeypatch.setattr(size_checks, "HOT_LOOPS", loops)
        assert [finding.where for finding in size_checks.hot_loops(tree)][-1:] == wrong


HOUSE_WITH_TESTS = modules_of(
    {f"cosem/{name}.py": "" for name in ("__init__", "sensor", "meter/__init__", "meter/reader", "meter/data")}
)
CHECKED = "def test_it():\n    assert read()"
TESTS_OF_HOUSE = {
    "test_init.py": CHECKED.replace("def", "async def"),
    "test_sensor.py": "class TestIt:\n    def test_it(self):\n        assert 1",
    "meter/test_reader.py": f"from custom_components.cosem.meter.reader import read\n{CHECKED}",
    "meter/test_data.py": f"from custom_components.cosem.meter import data\n{CHECKED}",
}


def _mirrored(**changed: str | None) -> list[str]:
    """Where something is wrong when these test files are changed, or gone."""
    names = {name.replace("__", "/") + ".py": source for name, source in changed.items()}
    tests = {path: source for path, source in (TESTS_OF_HOUSE | names).items() if source is not None}
    return [finding.where for finding in mirrored.mirrored(HOUSE_WITH_TESTS, tests)]


def test_each_module_with_its_test_file_is_fine() -> None:
    assert _mirrored() == []


@pytest.mark.parametrize(
    "source",
    [
        None,
        "",
        "x = 1",
        "from custom_components.cosem.meter import reader\ndef not_a_test():\n    assert reader",
        "from custom_components.cosem.meter import reader\ndef test_it():\n    reader.read()",
        "from custom_components.cosem.meter import reader\nclass Own:\n    def test_it(self):\n        assert reader",
        "from custom_components.cosem.meter import reader\ndef own():\n    def test_it():\n        assert reader",
        f"from custom_components.cosem.meter import reader\npytestmark = pytest.mark.skip\n{CHECKED}",
        f"from custom_components.cosem.meter import reader\npytestmark = [pytest.mark.skipif(True)]\n{CHECKED}",
        f"from custom_components.cosem.forms import reader\n{CHECKED}",
        CHECKED,
    ],
)
def test_a_module_without_tests_of_it_is_found(source: str | None) -> None:
    assert _mirrored(meter__test_reader=source) == ["cosem.meter.reader"]


def test_tests_may_reach_their_module_through_helpers() -> None:
    helper = "from custom_components.cosem.meter.reader import read"
    through = f"from .reading import read\n{CHECKED}"
    assert _mirrored(meter__test_reader=through, meter__reading=helper) == []
    assert _mirrored(meter__test_reader=through, meter__reading="x = 1") == ["cosem.meter.reader"]


@pytest.mark.parametrize("path", ["meter__test_gone", "test_reader", "forms__test_reader", "test_sensors"])
def test_a_test_file_at_the_place_of_no_module_is_found(path: str) -> None:
    assert _mirrored(**{path: CHECKED}) == [f"tests/{path.replace('__', '/')}.py"]


@pytest.mark.parametrize(
    "path", ["meter__test_reader_faults", "meter__test_meter", "faults__test_network", "test_rules"]
)
def test_a_module_may_have_several_files_of_tests_and_some_test_more_than_one(path: str) -> None:
    assert _mirrored(**{path: CHECKED}) == []


def test_exceptions_for_files_of_tests_have_to_be_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mirrored, "WIDER", {"test_sensor_more.py": "why", "gone/": "why"})
    assert _mirrored(test_sensor_more=CHECKED) == ["tests/test_sensor_more.py"]
    assert _mirrored(conftest="", promise_check="") == ["tests/gone/", "tests/test_sensor_more.py"]
    monkeypatch.setattr(mirrored, "WITHOUT_A_TEST_FILE", {"cosem.meter.data": "why", "cosem.gone": "why"})
    assert _mirrored() == ["cosem.meter.data", "cosem.gone"]
    assert _mirrored(meter__test_data=None) == ["cosem.gone"]
