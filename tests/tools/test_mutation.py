"""The mutation tester: what it changes, what it leaves alone, and whether it tells a noticed change from another."""

import os
import subprocess
import sys

import pytest

from tools import mutate
from tools.mutate import FileResult, arguments, choose, judge_file, verdict
from tools.mutation.equivalents import LIST, Equivalents
from tools.mutation.forks import KILLED_CODE, SURVIVED_CODE, Task, Verdict, judge
from tools.mutation.mutant import Names
from tools.mutation.source import Source, enum_members
from tools.mutation.tree import INTEGRATION, TOP, asked_tests, gated_files, mirrored_tests, parse_diff, source

NAMES = Names({"Kind": ["ONE", "TWO"]}, frozenset({"DecodeError"}))


def changes(text):
    return [mutant.change for mutant in Source("x.py", text, NAMES).mutants]


def mutated(text):
    """Return each mutant as text."""
    count = len(Source("x.py", text, NAMES).mutants)
    return [Source("x.py", text, NAMES).mutated_text(number) for number in range(count)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("if a < 3: f()", ["a < 3 -> True", "a < 3 -> False", "< -> <=", "3 -> 4", "3 -> 2"]),
        ("x = a == b", ["== -> !="]),
        ("x = len(a) == b", ["== -> !=", "== -> <=", "== -> >="]),
        ("x = a and b", ["and -> or", "a -> nothing", "b -> nothing"]),
        ("x = not a", ["not a -> a"]),
        ("x = -a + b", ["+ -> -", "-a -> a"]),
        ("x = [True, 'key', b'ab', 1.5]", ["True -> False", "'key' -> 'keyx'", "b'ab' -> b'ac'", "1.5 -> 2.5"]),
        ("x = int.from_bytes(a, 'big')", ["'big' -> 'little'"]),
        ("x = Kind.ONE", ["Kind.ONE -> Kind.TWO"]),
        ("x = a[1:n]", ["1 -> nothing", "n -> nothing", "1 -> 2", "1 -> 0"]),
        ("x = {a, b}", ["a -> nothing", "b -> nothing"]),
        ("x = min(a, b)", ["min -> max"]),
        ("def f(a=1): pass", ["1 -> 2"]),
        ("def f():\n    return g()", ["g() -> None"]),
        ("def f(a):\n    a = g(a)", ["a = g(a) -> nothing"]),
        ("def f():\n    a = g()", []),
        ("def f():\n    g()", ["g() -> nothing"]),
        ("def f(self):\n    self.a += 1", ["self.a += 1 -> nothing", "+= -> -=", "1 -> 2"]),
        ("try:\n    f()\nexcept E:\n    g()", ["f() -> nothing", "except E -> raise", "g() -> nothing"]),
        ("match a:\n    case Kind.ONE: pass\n    case _: pass", ["Kind.ONE -> never", "Kind.ONE -> Kind.TWO"]),
        ("for a in b:\n    continue", ["continue -> break"]),
        ("x = f'{a}:b'", ["':b' -> ':bx'"]),
        ("x = [a for a in b if a]", ["a -> True", "a -> False"]),
    ],
)  # fmt: skip
def test_what_is_changed(text, expected):
    assert [change.partition(": ")[2] for change in changes(text)] == expected


@pytest.mark.parametrize(
    "text",
    [
        '"""About 3 things."""',
        "def f(a: Literal[3] = None) -> int: ...",
        "if TYPE_CHECKING:\n    x = 3",
        "assert a < 3",
        "def __repr__(self):\n    return f'{3}'",
        "_LOGGER.debug('3 of %s', 3)",
        "__all__ = ['a']",
        "@dataclass(frozen=True)\nclass A:\n    b: int",
        "type A = Literal[3]",
        "from a import b",
        "x = cast('A', b)",
        "raise AssertionError(3)",
    ],
)
def test_what_no_test_should_hold_is_left_alone(text):
    assert changes(text) == []


def test_the_sentences_of_exceptions_are_left_alone_and_their_numbers_are_not():
    text = "raise DecodeError(f'{a + 1} octets', 3)"
    assert changes(text) == [f"statement: {text} -> nothing", "constant: 3 -> 4"]
    assert changes("x = DecodeError('three', 3)") == ["constant: 3 -> 4"]


def test_every_mutant_is_another_text_and_still_python():
    for text in ("def f(a, b=2):\n    if a < b and not a:\n        return a[1:] + 'x'\n    a.b = {a: b, b: a}\n",):
        texts = mutated(text)
        assert len(set(texts)) == len(texts) > 15
        assert text not in texts


@pytest.mark.parametrize("path", ["dlms/encoding/ber.py", "dlms/security/counters.py"])
def test_mutants_of_real_files_compile_and_are_the_same_in_every_run(path):
    found = source(path)
    assert found.mutants == source(path).mutants
    assert len({(mutant.line, mutant.change) for mutant in found.mutants}) == len(found.mutants)
    for number in range(0, len(found.mutants), 7):
        source(path).compiled(number, path)


def test_members_of_enums_are_found_wherever_they_are_defined():
    assert enum_members(["class A(IntEnum):\n    X = 1\n    Y = 2\n", "class B:\n    X = 1\n"]) == {"A": ["X", "Y"]}


# -- the list of equivalent mutants


def test_every_entry_of_the_list_still_means_a_mutant():
    equivalents = Equivalents(LIST.read_text(encoding="utf-8"))
    paths = {entry.path for entry in equivalents.entries}
    assert [line for path in sorted(paths) for line in equivalents.stale(path, source(path).mutants)] == []


def test_an_entry_that_means_nothing_any_more_is_an_error():
    mutants = Source("x.py", "x = 1 + a", NAMES).mutants
    listed = Equivalents("# comment\n\nx.py || x = 1 + a || constant: 1 -> 2 || why\nx.py || x = 9 || constant || why")
    assert [listed.reason(mutant) for mutant in mutants] == [None, "why", None]
    assert listed.stale("x.py", mutants) == [
        "equivalent_mutants.txt:4: no mutant is like this any more: x = 9 || constant"
    ]
    assert listed.stale("y.py", mutants) == []


def test_an_entry_that_means_several_lines_says_so():
    mutants = Source("x.py", "x = 1 + a\ny = b\nx = 1 + a", NAMES).mutants
    listed = Equivalents("x.py || x = 1 + a || constant || why\nx.py || x = 1 + a || constant || each: why")
    (problem,) = listed.stale("x.py", mutants)
    assert problem.startswith("equivalent_mutants.txt:1: lines 1, 3 are like this")


@pytest.mark.parametrize("line", ["x.py || x = 1 || constant", "x.py || x = 1 || constant || ", "a"])
def test_an_entry_needs_a_reason(line):
    with pytest.raises(ValueError, match=":1:"):
        Equivalents(line)


# -- which files, lines and tests


def test_gated_are_the_five_folders_of_the_stack_and_the_meter():
    folders = {path.rpartition("/")[0] for path in gated_files()}
    assert folders >= {"dlms/security", "dlms/encoding", "dlms/protocol", "dlms/interface_classes", "meter"}
    assert not folders & {"dlms/client", "forms", "catalogue", ""}


def test_mirrored_tests_are_asked_first():
    assert mirrored_tests("dlms/encoding/ber.py") == ["tests/dlms/encoding/test_ber.py"]
    assert mirrored_tests("dlms/protocol/transfer/__init__.py") == ["tests/dlms/protocol/transfer/test_init.py"]
    tests = asked_tests("dlms/encoding/ber.py")
    assert tests[0] == "tests/dlms/encoding/test_ber.py"
    assert len(tests) == len(set(tests)) > 10


def test_changed_lines_are_those_of_the_new_side():
    diff = (
        "--- a/custom_components/cosem/const.py\n+++ b/custom_components/cosem/const.py\n"
        "@@ -1,0 +2,3 @@ x\n+a\n@@ -9 +12 @@\n-b\n+c\n@@ -20,2 +24,0 @@\n-d\n"
        "--- a/custom_components/cosem/gone.py\n+++ /dev/null\n@@ -1,2 +0,0 @@\n"
    )
    assert parse_diff(diff, "custom_components/cosem/") == {"const.py": {2, 3, 4, 12}}


def test_a_sample_is_the_same_with_the_same_seed():
    def chosen(*words):
        return next(choose(arguments(["dlms/encoding/ber.py", *words]), Equivalents(""))).chosen

    first = chosen("--sample", "5")
    assert first == sorted(first)
    assert len(first) == 5
    assert chosen("--sample", "5") == first
    assert chosen("--sample", "5", "--seed", "2") != first
    assert sorted(chosen("--seconds", "5")) == chosen()


# -- two stages

BER = "dlms/encoding/ber.py"


def staged(monkeypatch, verdicts):
    """Judge mutants 0 to 3 in two stages with these verdicts; return the result, and what each stage was asked."""
    asked = []

    def judge_stage(result, numbers, tests, jobs, deadline):
        result.verdicts.update({number: verdicts[len(asked)][number] for number in verdicts[len(asked)]})
        asked.append((tests, list(numbers)))

    monkeypatch.setattr(mutate, "_judge_stage", judge_stage)
    judged = FileResult(BER, source(BER), [0, 1, 2, 3], [], [["mirrored"], ["wider"]])
    judge_file(judged, 1, float("inf"))
    return judged, asked


def test_the_mirrored_tests_are_the_first_stage_and_no_test_is_asked_twice():
    first, second = next(choose(arguments([BER]), Equivalents(""))).stages
    assert first == mirrored_tests(BER)
    assert first + second == asked_tests(BER)
    assert next(choose(arguments([BER, "--mirrored"]), Equivalents(""))).stages == [first]


def test_the_wider_tests_are_asked_only_about_what_survives_the_mirrored_ones(monkeypatch):
    first = {0: Verdict.KILLED, 1: Verdict.SURVIVED, 2: Verdict.TIMEOUT, 3: Verdict.SURVIVED}
    judged, asked = staged(monkeypatch, [first, {1: Verdict.KILLED, 3: Verdict.SURVIVED}])
    assert asked == [(["mirrored"], [0, 1, 2, 3]), (["wider"], [1, 3])]
    assert judged.survivors == [3]
    assert judged.killed == 3


def test_nobody_starts_the_wider_tests_when_nothing_survives(monkeypatch):
    judged, asked = staged(monkeypatch, [dict.fromkeys(range(4), Verdict.KILLED)])
    assert len(asked) == 1
    assert judged.killed == 4


def test_what_the_second_stage_does_not_reach_in_time_is_not_judged(monkeypatch):
    first = {0: Verdict.KILLED, 1: Verdict.SURVIVED, 2: Verdict.KILLED, 3: Verdict.SURVIVED}
    judged, _ = staged(monkeypatch, [first, {3: Verdict.KILLED}])
    assert judged.verdicts == {0: Verdict.KILLED, 2: Verdict.KILLED, 3: Verdict.KILLED}
    assert "1 not tried" in judged.summary()


def test_a_file_without_any_test_is_a_problem():
    judged = FileResult(BER, source(BER), [0], [], [])
    judge_file(judged, 1, float("inf"))
    assert judged.problems == ["there is no test to ask"]


# -- children


@pytest.mark.filterwarnings("ignore:.*multi-threaded")
def test_children_are_judged_by_how_they_end():
    tasks = [
        Task(0, lambda: SURVIVED_CODE),
        Task(1, lambda: KILLED_CODE),
        Task(2, lambda: os.kill(os.getpid(), 9) or SURVIVED_CODE),
        Task(3, lambda: 2),
        Task(4, lambda: 1 // 0),
    ]
    assert dict(judge(iter(tasks), 2)) == {
        0: Verdict.SURVIVED,
        1: Verdict.KILLED,
        2: Verdict.TIMEOUT,
        3: Verdict.KILLED,
        4: Verdict.AGAIN,
    }


def result(killed, survived, path="dlms/encoding/ber.py"):
    verdicts = [Verdict.KILLED] * killed + [Verdict.SURVIVED] * survived
    return FileResult(path, source(path), list(range(len(verdicts))), [], [], dict(enumerate(verdicts)))


def test_a_gated_folder_below_the_rate_fails():
    options = arguments([])
    assert verdict([result(19, 1)], options) == 0
    assert verdict([result(18, 2)], options) == 1
    assert verdict([result(18, 2, "dlms/client/link.py")], options) == 0
    assert verdict([result(0, 0)], options) == 0


def test_what_could_not_be_judged_fails():
    broken = result(20, 0)
    broken.problems.append("the tests fail without a change")
    assert verdict([broken], arguments([])) == 1


def test_a_listed_mutant_that_a_test_notices_is_not_equivalent():
    options = arguments(["--equivalent"])
    assert verdict([result(0, 3)], options) == 0
    assert verdict([result(1, 3)], options) == 1


@pytest.mark.slow
def test_changes_in_a_function_and_on_import_are_noticed():
    text = (INTEGRATION / "dlms/encoding/ber.py").read_text(encoding="utf-8").splitlines()
    lines = [number for number, line in enumerate(text, 1) if "_LONG_TAG" in line]
    words = ("-m", "tools.mutate", "dlms/encoding/ber.py", "--mirrored", "--jobs", "1", "--killers")
    more = [word for line in lines for word in ("--line", str(line))]
    run = subprocess.run((sys.executable, *words, *more), cwd=TOP, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "100.0 %" in run.stdout
    assert "killed: dlms/encoding/ber.py" in run.stdout
