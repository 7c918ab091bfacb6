"""Answers in doubt: what is a copy, what goes on in blocks, what answers the request."""

import pytest

from custom_components.cosem.dlms.limits import DEFAULT_LIMITS
from custom_components.cosem.dlms.protocol.doubted_answers import (
    MARKER,
    DoubtedAnswers,
    Marker,
    continues,
    looks_like_name,
)
from custom_components.cosem.dlms.protocol.dropped_apdus import DroppedApduLimits
from custom_components.cosem.dlms.protocol.late_answers import LATE_WITHIN

ONE, TWO, THREE = (bytes.fromhex(f"0C0100110{number}") for number in (1, 2, 3))
NUMBERED = bytes.fromhex("C40181001101")


@pytest.fixture
def dropped():
    return DroppedApduLimits(DEFAULT_LIMITS)


@pytest.fixture
def doubted(dropped):
    return DoubtedAnswers(dropped)


def came(doubted, *apdus, is_fresh=False):
    return [doubted.came(apdu, is_fresh=is_fresh, is_asked=True) for apdu in apdus]


def test_what_came_just_before_is_a_copy_however_long_ago(doubted, dropped):
    assert came(doubted, ONE) == [False]
    dropped.time_is(1e6)
    assert came(doubted, ONE, TWO, ONE) == [True, False, True]


def test_what_came_a_little_before_is_one_for_a_while(doubted, dropped):
    came(doubted, ONE, TWO)
    dropped.time_is(LATE_WITHIN)
    assert came(doubted, ONE) == [False]


def test_a_number_or_a_counter_tells_that_an_answer_is_no_copy(doubted, dropped):
    assert came(doubted, NUMBERED, NUMBERED) == [False, False]
    assert came(doubted, ONE, ONE, is_fresh=True) == [False, False]
    came(doubted, ONE)
    dropped.time_is(LATE_WITHIN)
    assert came(doubted, NUMBERED, ONE) == [False, False], "the order is that of the numbered one"


def test_what_is_remembered_does_not_grow_without_end(doubted):
    came(doubted, *(number.to_bytes(4, "big").rjust(5, b"\x0c") for number in range(1000)))
    assert len(doubted._recent) == 64


def answer(doubted, before, candidates, **how):
    came(doubted, *before)
    for apdu in candidates:
        came(doubted, apdu)
        assert doubted.add(apdu)
    found = doubted.answer(**{"is_marked": True, "may_be_repeated": False} | how)
    doubted.forget()
    assert not doubted.is_pending
    return found


@pytest.mark.parametrize(
    ("before", "candidates", "expected"),
    [
        ([ONE], [ONE], ONE),
        ([ONE], [ONE, ONE], ONE),
        ([ONE], [ONE, TWO], TWO),
        ([ONE], [ONE, ONE, TWO, TWO], TWO),
        ([ONE, TWO], [ONE, ONE], ONE),
        ([ONE, TWO], [ONE, TWO], None),
        ([ONE], [ONE, TWO, ONE], None),
        ([ONE], [ONE, TWO, THREE], None),
    ],
)
def test_the_answer_is_what_comes_behind_copies_of_the_one_before(doubted, before, candidates, expected):
    assert answer(doubted, before, candidates) == expected


@pytest.mark.parametrize(("may_be_repeated", "expected"), [(True, TWO), (False, None)])
def test_only_for_a_question_quiet_decides_between_two(doubted, may_be_repeated, expected):
    assert answer(doubted, [ONE], [ONE, TWO], is_marked=False, may_be_repeated=may_be_repeated) == expected
    assert answer(doubted, [ONE], [ONE], is_marked=False, may_be_repeated=may_be_repeated) == ONE


def test_there_is_an_end_to_candidates(doubted):
    assert [doubted.add(each) for each in [ONE, TWO] * 8 + [ONE]] == [True] * 16 + [False]


def test_what_answers_the_marker_is_known_and_not_remembered(doubted):
    doubted.marked = TWO
    assert came(doubted, ONE, TWO, ONE) == [False, True, True]


def test_the_marker_is_asked_for_by_its_short_name(doubted):
    assert str(Marker()) == "read FA00"
    doubted.asks(MARKER)
    doubted.asks(ONE)
    assert doubted.is_marker_tried


@pytest.mark.parametrize(
    ("apdu", "expected"),
    [
        ("0C0102000001", True),
        ("0C0102010001", False),
        ("0C01030001", True),
        ("0C01001101", False),
        ("0C0200110100", False),
        ("0D01020001", True),
        ("0D0100", False),
        ("0D010103", False),
        ("D80103", False),
        ("0E010601", False),
    ],
)
def test_what_goes_on_has_a_block_number(apdu, expected):
    assert continues(bytes.fromhex(apdu)) is expected


def test_only_what_looks_like_a_name_is_not_mistaken_for_another_answer():
    assert looks_like_name(bytes.fromhex("0C010009060000280000FF"))
    assert looks_like_name(bytes.fromhex("0C01000A06616263646566"))
    for other in (
        "0C010009050000280000",
        "0C010009060000280000FF00",
        "0C0101040000280000FFFF",
        "0C010015070000280000FF",
    ):
        assert not looks_like_name(bytes.fromhex(other))
