"""Answers in doubt: what is a copy, what goes on in blocks, what answers the request."""

import pytest

from custom_components.cosem.dlms.limits import DEFAULT_LIMITS
from custom_components.cosem.dlms.protocol.doubted_answers import (
    DoubtedAnswers,
    continues,
    is_marked,
    may_be_refusal,
)
from custom_components.cosem.dlms.protocol.dropped_apdus import DroppedApduLimits
from custom_components.cosem.dlms.protocol.late_answers import LATE_WITHIN

ONE, TWO = bytes.fromhex("0C01001101"), bytes.fromhex("0C01001102")
NUMBERED = bytes.fromhex("C40181001101")


@pytest.fixture
def dropped():
    return DroppedApduLimits(DEFAULT_LIMITS)


@pytest.fixture
def doubted(dropped):
    return DoubtedAnswers(dropped)


def came(doubted, *apdus, is_fresh=False):
    return [doubted.came(apdu, is_fresh=is_fresh) for apdu in apdus]


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


@pytest.mark.parametrize(
    ("candidates", "expected"),
    [
        ([(ONE, True)], ONE),
        ([(ONE, True), (ONE, True)], ONE),
        ([(ONE, True), (TWO, False)], TWO),
        ([(ONE, True), (TWO, False), (TWO, False)], TWO),
        ([(ONE, True), (TWO, True)], None),
        ([(ONE, True), (TWO, False), (NUMBERED, False)], None),
    ],
)
def test_the_answer_is_what_is_no_copy(doubted, candidates, expected):
    for apdu, is_copy in candidates:
        assert doubted.add(apdu, is_copy=is_copy)
    assert doubted.answer() == expected
    doubted.forget()
    assert not doubted.is_pending


def test_there_is_an_end_to_candidates(doubted):
    assert [doubted.add(ONE, is_copy=True) for _ in range(17)] == [True] * 16 + [False]


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


def test_the_marker_is_known_by_its_answer():
    assert is_marked(bytes.fromhex("0C010009060000280000FF"))
    assert is_marked(bytes.fromhex("0C010009060000280003FF"))
    assert not is_marked(bytes.fromhex("0C010009060000290000FF"))
    assert not is_marked(bytes.fromhex("0C010009060000280000FF00"))


@pytest.mark.parametrize("refusal", ["0C010104", "D80202", "0E010601"])
def test_a_refusal_may_be_that_of_the_marker(refusal):
    assert may_be_refusal(bytes.fromhex(refusal))
    assert not may_be_refusal(ONE)
