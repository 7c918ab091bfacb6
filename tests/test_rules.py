"""docs/rules.md and the numbers that code, tests and documents cite belong to each other."""

from collections.abc import Iterator
from functools import cache
import io
from pathlib import Path
import re
import subprocess
import tokenize

import pytest

ROOT = Path(__file__).parents[1]
RULES = "docs/rules.md"
LINE = re.compile(r"^\| ([MSF][1-9]\d?) \| (.*) \| (.*) \| (.*?) ?\|$")
STANDARD = re.compile(
    r"IEC 62056-9-7:2013, [4-9](\.\d)?( and [4-9](\.\d)?)?"  # with edition and clause
    r"|IEC (61334-6|62056-(4-7|5-3|6-2)(, [^;]+))"  # clauses unknown: by the name of what it is about
)
NUMBER = re.compile(r"(?<![A-Za-z0-9])([MSF])0?([1-9]\d?)(?![A-Za-z0-9])")
NUMBER_IN_A_NAME = re.compile(r"(?:^|_)([msf])0?([1-9]\d?)(?=_)")
UNKNOWN = "-"


def _rules(text: str) -> dict[str, tuple[str, str, str]]:
    """Rule -> its sentence, its standard, what it waits for."""
    lines = [match.groups() for line in text.splitlines() if (match := LINE.match(line))]
    assert len({rule for rule, *_columns in lines}) == len(lines), "a rule stands there twice"
    return {rule: (sentence, standard, waits_for) for rule, sentence, standard, waits_for in lines}


def _cited(name: str, text: str) -> Iterator[tuple[str, int]]:
    """Rule and line of each citation: anywhere in a document; in Python in comments, texts and names of tests.

    A bare name in Python is none: M3 is a cubic metre there.
    """
    if not name.endswith(".py"):
        for number, line in enumerate(text.splitlines(), 1):
            yield from ((letter + digits, number) for letter, digits in NUMBER.findall(line))
        return
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in {tokenize.STRING, tokenize.COMMENT, tokenize.FSTRING_MIDDLE}:
            yield from ((letter + digits, token.start[0]) for letter, digits in NUMBER.findall(token.string))
        elif token.type == tokenize.NAME and token.string.startswith("test_"):
            found = NUMBER_IN_A_NAME.findall(token.string)
            yield from ((letter.upper() + digits, token.start[0]) for letter, digits in found)


@cache
def _citations() -> dict[str, list[str]]:
    """Rule -> where it is cited."""
    command = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard"]
    found: dict[str, list[str]] = {}
    for name in subprocess.run(command, capture_output=True, check=True, text=True).stdout.splitlines():
        path = ROOT / name
        ours = path.suffix in {"", ".py", ".md", ".toml", ".yaml", ".yml", ".sh"} and path.name != "LICENSE"
        if (
            not ours
            or not path.is_file()
            or name in {RULES, "tests/test_rules.py"}
            or name.startswith("tests/vectors/")
        ):
            continue
        for rule, line in _cited(name, path.read_text(encoding="utf-8")):
            found.setdefault(rule, []).append(f"{name}:{line}")
    return found


@pytest.fixture(scope="module", name="rules")
def _of_the_page() -> dict[str, tuple[str, str, str]]:
    return _rules((ROOT / RULES).read_text(encoding="utf-8"))


def test_every_cited_rule_has_its_line(rules):
    assert {rule: places for rule, places in _citations().items() if rule not in rules} == {}


def test_every_line_is_cited_by_code_or_tests_or_says_what_it_waits_for(rules):
    code = {rule for rule, places in _citations().items() if not all(place.startswith("docs/") for place in places)}
    waiting = {rule for rule, (_sentence, _standard, waits_for) in rules.items() if waits_for}
    assert sorted(rules.keys() - code - waiting) == [], "neither cited nor waiting"
    assert sorted(code & waiting) == [], "cited, so no longer waiting"


def test_every_line_is_one_sentence(rules):
    for rule, (sentence, _standard, _waits_for) in rules.items():
        assert re.fullmatch(r"[A-Z].*\.", sentence), rule
        assert not re.search(r"[a-z0-9]\. [A-Z]", sentence), f"{rule} is more than one sentence"


def test_every_line_names_its_standard_or_says_that_none_is_known(rules):
    for rule, (_sentence, standard, _waits_for) in rules.items():
        assert standard == UNKNOWN or all(map(STANDARD.fullmatch, standard.split("; "))), rule


@pytest.mark.parametrize("standard", ["IEC 62056-9-7, 9.1", "IEC 62056-9-7:2013", "IEC 62056-5-3", "", "Green Book"])
def test_a_standard_without_what_is_known_of_it_is_refused(standard):
    assert STANDARD.fullmatch(standard) is None


def test_rules_are_numbered_in_order_without_a_gap(rules):
    for letter, last in (("M", 14), ("S", 38), ("F", 62)):
        numbers = [int(rule[1:]) for rule in rules if rule.startswith(letter)]
        assert numbers == list(range(1, last + 1))


@pytest.mark.parametrize(
    ("name", "text", "rules"),
    [
        ("a.py", "# rules S1, S2", ["S1", "S2"]),
        ("a.py", '"""F29, F30 (rule M9)."""', ["F29", "F30", "M9"]),
        ("a.py", 'Forger("S03")', ["S3"]),
        ("a.py", 'f"rule S{1} and S4"', ["S4"]),
        ("a.py", "def test_f08_reset(): ...", ["F8"]),
        ("a.py", "def test_it_s_s11_and_s12_too(): ...", ["S11", "S12"]),
        ("a.py", "M3, S3 = 13, 15", []),
        ("a.py", "# 0xF1, AES3, F1A, M100, S0", []),
        ("a.md", "see S18, fault F43 and (M12)", ["S18", "F43", "M12"]),
    ],
)
def test_a_citation_is_recognised(name, text, rules):
    assert [rule for rule, _line in _cited(name, text)] == rules


def test_a_rule_that_stands_there_twice_is_refused():
    line = "| S1 | One. | - | |\n"
    assert _rules(line) == {"S1": ("One.", "-", "")}
    with pytest.raises(AssertionError, match="twice"):
        _rules(line * 2)
