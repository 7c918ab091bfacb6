"""The tests themselves: each one can fail. And promise_check, which looks, finds every kind of test that cannot."""

import ast
from pathlib import Path
from textwrap import dedent

import pytest

from tests.promise_check import checking_names, findings, usable_in

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
    assert not findings(tree, usable_in(tree, HELPERS))


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
            "checks only some turns of a loop, perhaps none",
        ),
    ],
)
def test_a_test_that_cannot_fail_is_found(source: str, reason: str):
    assert found(source) == [f"test_it: {reason}"]


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
        "def test_it():\n    def inner():\n        if odd():\n            return\n    assert run(inner)",
    ],
)
def test_a_test_that_can_fail_is_not_blamed(source: str):
    assert not found(source)
