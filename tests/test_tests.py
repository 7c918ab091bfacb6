"""The tests themselves: each one can fail. And promise_check, which looks, finds every kind of test that cannot."""

import ast
from pathlib import Path
from textwrap import dedent

import pytest

from tests.promise_check import checking_names, empty_names, findings, usable_in

FOLDER = Path(__file__).parent
TREES = {path: ast.parse(path.read_text("utf-8")) for path in sorted(FOLDER.rglob("*.py"))}
TEST_FILES = [path for path in TREES if path.name.startswith("test_")]
SIMULATED = FOLDER / "simulated_meter"
"""What the meter asserts about itself is no check of a test."""
HELPERS = checking_names(
    tree for path, tree in TREES.items() if path not in TEST_FILES and not path.is_relative_to(SIMULATED)
)


@pytest.mark.parametrize("path", TEST_FILES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_every_test_can_fail(path: Path):
    tree = TREES[path]
    assert not findings(tree, usable_in(tree, HELPERS), empty_tables(tree))


def empty_tables(tree: ast.Module) -> set[str]:
    """Names that a file imports from helpers of the tests, where nothing is in them."""
    files = {f"tests.{'.'.join(path.relative_to(FOLDER).with_suffix('').parts)}": path for path in TREES}
    taken = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module in files]
    return {
        alias.asname or alias.name
        for node in taken
        for alias in node.names
        if alias.name in empty_names(TREES[files[node.module]])
    }


def test_tables_of_helpers_without_an_entry_are_known():
    tree = ast.parse("from tests.architecture.known_today import KNOWN_TODAY as KNOWN\nfrom tests.costs import os")
    assert empty_tables(tree) == {"KNOWN"}
    over_it = ast.parse("def test_it():\n    for each in KNOWN.items():\n        assert run(each)")
    assert findings(over_it, frozenset(), {"KNOWN"}) == ["2: test_it: checks only under a condition, perhaps never"]


def found(source: str) -> list[str]:
    tree = ast.parse(dedent(source))
    return [line.split(": ", maxsplit=1)[1] for line in findings(tree, checking_names([tree]))]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("def test_it():\n    run()", "checks nothing"),
        ("async def test_it():\n    await run()", "checks nothing"),
        ("class TestIt:\n    def test_it(self):\n        run()", "checks nothing"),
        (
            """
            def test_it(suite):
                if not suite:
                    return
                assert run(suite)
            """,
            "may end before its first check",
        ),
        (
            """
            def test_it(octets):
                try:
                    value = decode(octets)
                except ValueError:
                    return
                assert value
            """,
            "may end before its first check",
        ),
        (
            """
            def test_it(seeds):
                for seed in seeds:
                    if run(seed):
                        return
                pytest.fail("nothing")
            """,
            "may end before its first check",
        ),
        (
            """
            def test_it():
                for sample in vectors("captured"):
                    if sample.name in KNOWN:
                        assert decode(sample)
            """,
            "checks only under a condition, perhaps never",
        ),
    ],
)
def test_a_test_that_cannot_fail_is_found(source: str, reason: str):
    assert found(source) == [f"test_it: {reason}"]


CONDITION = "checks only under a condition, perhaps never"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("def test_it(a):\n    if a:\n        assert run()", CONDITION),
        ("def test_it(a):\n    if a:\n        assert run()\n    elif b:\n        assert more()", CONDITION),
        ("def test_it(some):\n    for one in some:\n        if one:\n            assert run(one)", CONDITION),
        (
            "def test_it(some):\n    for x in some:\n        while x:\n            if run():\n                assert x",
            CONDITION,
        ),
        ("def test_it(a):\n    match a:\n        case 1:\n            assert run()", CONDITION),
        (
            "def test_it():\n    try:\n        run()\n    except OSError as error:\n        assert error.errno == 7",
            CONDITION,
        ),
        (
            "def test_it():\n    try:\n        run()\n    except OSError:\n        pass\n    else:\n        assert a",
            CONDITION,
        ),
        ("def test_it():\n    for one in []:\n        assert run(one)", CONDITION),
        ("NONE = {}\ndef test_it():\n    for one in sorted(NONE.items()):\n        assert run(one)", CONDITION),
        ("NONE: dict[str, int] = dict()\ndef test_it():\n    for one in NONE:\n        assert run(one)", CONDITION),
        ("def test_it():\n    for one in range(0):\n        assert run(one)", CONDITION),
        ("@pytest.mark.parametrize('a', [])\ndef test_it(a):\n    assert run(a)", "has no case"),
        ("@pytest.mark.parametrize(argnames='a', argvalues=())\ndef test_it(a):\n    assert run(a)", "has no case"),
        ("NONE = ()\n@pytest.mark.parametrize('a', NONE)\ndef test_it(a):\n    assert run(a)", "has no case"),
        ("@pytest.mark.skip\ndef test_it():\n    assert run()", "is always skipped"),
        ("@pytest.mark.skip(reason='later')\ndef test_it():\n    assert run()", "is always skipped"),
        ("@pytest.mark.xfail\ndef test_it():\n    assert run()", "may fail and pass"),
        ("@pytest.mark.xfail(reason='why')\ndef test_it():\n    assert run()", "may fail and pass"),
    ],
)
def test_a_check_that_may_never_be_made_is_found(source: str, reason: str):
    assert found(source) == [f"test_it: {reason}"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("assert run() or True", "always true: run() or True"),
        ("assert run() or 'text'", "always true: run() or 'text'"),
        ("assert 1", "always true: 1"),
        ("assert not False", "always true: not False"),
        ("assert (run(), 'text')", "always true: (run(), 'text')"),
        ("assert [run()]", "always true: [run()]"),
        ("assert (one for one in run())", "always true: (one for one in run())"),
        ("assert lambda: run()", "always true: lambda: run()"),
        ("assert f'{run()} here'", "always true: f'{run()} here'"),
        ("assert len(run()) >= 0", "always true: len(run()) >= 0"),
        ("assert all(one for one in [])", "always true: all((one for one in []))"),
        ("with suppress(AssertionError):\n    assert run()", "suppresses failures"),
        ("with contextlib.suppress(OSError, Exception):\n    assert run()", "suppresses failures"),
        ("try:\n    assert run()\nexcept AssertionError:\n    pass", "catches failures"),
        ("try:\n    assert run()\nexcept (OSError, Exception):\n    print(1)", "catches failures"),
        ("try:\n    assert run()\nexcept:\n    pass", "catches failures"),
        ("with pytest.raises(Exception):\n    run()", "any mistake raises Exception"),
        ("with raises((OSError, BaseException)):\n    run()", "any mistake raises (OSError, BaseException)"),
        ("run() == 7", "looks at nothing: run() == 7"),
        ("mock.assert_called_once", "looks at nothing: mock.assert_called_once"),
    ],
)
def test_a_check_that_is_none_is_found(line: str, reason: str):
    body = "\n".join(f"    {part}" for part in line.split("\n"))
    assert found(f"def test_it():\n    assert more()\n{body}") == [reason]


@pytest.mark.parametrize("comparison", ["a == a", "run(a) == run(a)", "1 < a.b[0] <= a.b[0]", "a is a"])
def test_a_comparison_with_itself_is_found(comparison: str):
    assert found(f"def helper(a):\n    assert {comparison}") == [f"compares {comparison}"]


@pytest.mark.parametrize(
    "source",
    [
        "def test_it():\n    assert run()",
        "def test_it():\n    with pytest.raises(ValueError):\n        run()",
        "def check(value):\n    assert value\ndef also(value):\n    check(value)\ndef test_it():\n    also(7)",
        "def test_it(seven):\n    if seven:\n        assert run() == 7\n        return\n    assert run() != 7",
        "def test_it():\n    assert ready()\n    if run():\n        return\n    assert other()",
        "def test_it(samples):\n    for sample in samples:\n        assert run(sample)",
        "def test_it(some):\n    for one in some:\n        if one:\n            assert run(one)\n    assert some",
        "def test_it(a):\n    assert run(a) == run(b)\n    assert a != a\n    assert 1 == 1",
        "def no_test():\n    run()",
        "def test_it(a):\n    if a:\n        assert run()\n    else:\n        assert more()",
        "def test_it(a):\n    if a:\n        assert run()\n    else:\n        pytest.skip('not here')",
        "def test_it(some):\n    for one in some:\n        if one:\n            pytest.fail(one)",
        "def test_it(a):\n    if a:\n        raise AssertionError(a)",
        "def test_it(a):\n    match a:\n        case 1:\n            assert b\n        case _:\n            assert a",
        "def test_it():\n    try:\n        run()\n    except OSError:\n        assert a\n    else:\n        fail()",
        "def test_it():\n    some = []\n    run(some.append)\n    for one in some:\n        assert one",
        "SOME = []\nSOME.append(7)\ndef test_it():\n    for one in SOME:\n        assert run(one)",
        "def test_it():\n    with pytest.raises(Exception, match='seven'):\n        run()",
        "def test_it():\n    with pytest.raises(AssertionError):\n        run()",
        "@pytest.mark.xfail(strict=True)\ndef test_it():\n    assert run()",
        "@pytest.mark.skipif(not LINUX)\ndef test_it():\n    assert run()",
        "def test_it():\n    with suppress(OSError):\n        run()\n    assert more()",
        "def test_it():\n    try:\n        assert run()\n    except AssertionError:\n        raise KeyError",
        "def test_it():\n    assert run() or more()",
        "def test_it():\n    def inner():\n        if odd():\n            return\n    assert run(inner)",
    ],
)
def test_a_test_that_can_fail_is_not_blamed(source: str):
    assert not found(source)
