"""Which answers may be copies, and when the order of answers is known all the same (S22)."""

import pytest

from custom_components.cosem.dlms.apdu.short_name import VariableName
from custom_components.cosem.dlms.errors import UnexpectedApdu
from custom_components.cosem.dlms.protocol import answer_order
from custom_components.cosem.dlms.protocol.answer_order import AnswerOrder, OrderMarker, is_refusal
from custom_components.cosem.dlms.protocol.doubted_answers import DoubtedAnswers, Marker
from custom_components.cosem.dlms.protocol.events import AnswerReceived, RequestFailed
from custom_components.cosem.dlms.protocol.framing import WrapperFraming
from custom_components.cosem.dlms.protocol.leniencies import Leniency
from custom_components.cosem.dlms.protocol.transfer.read import ReadOne
from tests.dlms.protocol.test_association_doubts import NAME, NINE, NO_SUCH_NAME, Protected
from tests.dlms.protocol.test_late_answers import (
    BUSY,
    DENIED,
    EIGHT,
    READ,
    SEVEN,
    SHORT,
    SHORT_AARE,
    WRITE,
    WRITTEN,
    House,
)
from tests.dlms.scripted import PAIR, unsigned

LATE = 100.0
"""Seconds after which nothing is doubted at once."""


@pytest.fixture
def house():
    """The marker's answer is known."""
    house = House(SHORT, SHORT_AARE, WrapperFraming())
    house.answered(NAME, transfer=Marker())
    house.order = house.connection.order(PAIR)
    return house


def read(house, answer, transfer=READ):
    house.now += LATE
    events = house.answered(answer, transfer=transfer)
    assert [type(event) for event in events] in ([AnswerReceived], [RequestFailed])


def ask_for_order(house, *, may_be_list=True):
    marker = house.order.marker(may_be_list=may_be_list)
    house.ask(marker)
    return marker


def is_over(house):
    return isinstance(house.connection.error, UnexpectedApdu)


def test_what_never_came_before_is_no_copy(house):
    for answer in (SEVEN, EIGHT, NINE, NO_SUCH_NAME, BUSY):
        read(house, answer)
        assert not house.order.is_doubtful
    read(house, WRITTEN, WRITE)
    assert not house.order.is_doubtful


@pytest.mark.parametrize("answer", [SEVEN, NO_SUCH_NAME, BUSY])
def test_what_came_at_any_time_before_may_be_one_until_the_marker_is_answered(house, answer):
    read(house, answer)
    read(house, EIGHT)
    read(house, answer)
    assert house.order.is_doubtful
    marker = ask_for_order(house)
    assert house.receive(marker.expected) == [AnswerReceived(PAIR, marker.expected[1:])]
    assert not house.order.is_doubtful


def test_a_copy_that_was_taken_leaves_an_answer_over_and_the_order_is_lost(house):
    for answer in (SEVEN, EIGHT, SEVEN):
        read(house, answer)
    marker = ask_for_order(house)
    house.receive(NINE, marker.expected)
    assert is_over(house)


@pytest.mark.parametrize("left_over", [SEVEN, EIGHT])
def test_so_it_is_where_that_came_before_as_well(house, left_over):
    for answer in (SEVEN, EIGHT, SEVEN):
        read(house, answer)
    marker = ask_for_order(house)
    assert house.receive(left_over) == []
    house.receive(marker.expected)
    assert is_over(house)


@pytest.mark.parametrize("when", ["before the marker", "behind it"])
def test_a_copy_of_the_only_answer_changes_nothing(house, when):
    read(house, SEVEN)
    read(house, EIGHT)
    house.order.settle()
    read(house, SEVEN)
    if when == "before the marker":
        assert house.receive(SEVEN) == []
    marker = ask_for_order(house)
    assert house.receive(SEVEN) == []
    assert house.receive(marker.expected) == [AnswerReceived(PAIR, marker.expected[1:])]
    assert Leniency.ANSWERS_TWICE in house.connection.leniencies(PAIR)


def test_copies_behind_answers_that_are_certain_change_nothing(house):
    read(house, SEVEN)
    read(house, EIGHT)
    house.now += LATE
    assert house.receive(SEVEN) == []
    house.order.settle()


def test_a_refused_write_is_none_that_was_done(house):
    read(house, WRITTEN, WRITE)
    read(house, EIGHT)
    read(house, WRITTEN, WRITE)  # a copy
    marker = ask_for_order(house)
    house.receive(DENIED, marker.expected)
    assert is_over(house)


def test_each_marker_is_another_list_and_copies_of_those_before_are_left_out(house):
    lengths = []
    for _ in range(5):
        marker = ask_for_order(house)
        lengths.append(marker.length)
        assert len(house.receive(marker.expected)) == 1
        assert house.receive(marker.expected) == [], "again"
    assert sorted(set(lengths)) == [2, 3, 4, 5]
    before, marker = marker, ask_for_order(house)
    assert house.receive(before.expected) == []
    assert house.receive(marker.expected) == [AnswerReceived(PAIR, marker.expected[1:])]
    assert house.connection.error is None


def test_a_meter_without_lists_is_asked_for_one(house):
    read(house, SEVEN)
    read(house, EIGHT)
    read(house, SEVEN)
    marker = ask_for_order(house, may_be_list=False)
    assert marker.expected == NAME
    assert house.receive(NAME) == [AnswerReceived(PAIR, NAME[1:])]
    assert not house.order.is_doubtful
    assert house.receive(NAME) == []


@pytest.mark.parametrize("refusal", [BUSY, NO_SUCH_NAME])
def test_a_refused_marker_tells_nothing_and_what_it_should_have_been_does_not_come_later(house, refusal):
    read(house, SEVEN)
    read(house, EIGHT)
    read(house, SEVEN)
    marker = ask_for_order(house)
    assert len(house.receive(refusal)) == 1
    assert house.order.is_doubtful
    house.receive(marker.expected)  # so that was a late refusal of something else
    assert is_over(house)


def test_what_is_no_answer_is_taken_as_ever_behind_a_run(house):
    ask_for_order(house)
    house.receive(bytes.fromhex("C401C1000600000007"))
    assert house.connection.counters.stray_apdus == 1


@pytest.mark.parametrize(
    ("apdu", "expected"), [(BUSY, True), (NO_SUCH_NAME, True), (SEVEN, False), (WRITTEN, False), (b"\x0c", True)]
)
def test_what_may_refuse_a_marker(apdu, expected):
    assert is_refusal(apdu) is expected


def test_without_a_known_answer_there_is_no_marker():
    order = House(SHORT, SHORT_AARE, WrapperFraming()).connection.order(PAIR)
    assert order.marker(may_be_list=True) is None
    assert order.quiet == 0.25


def test_there_is_no_order_where_something_else_tells():
    assert House(SHORT, SHORT_AARE).connection.order(PAIR) is None, "over datagrams"
    assert Protected().connection.order(PAIR) is None
    connection = House(framing=WrapperFraming()).connection
    assert connection.order(PAIR) is None, "by logical names"
    assert connection.order(PAIR._replace(client_wport=77)) is None


def test_the_blocks_of_one_answer_may_all_come_twice(house):
    first, last = bytes.fromhex("0C0102000001030100") + b"\x06", bytes.fromhex("0C010201000204") + bytes(4)
    for _ in range(2):
        house.now += LATE
        house.answered(first, transfer=READ)
        house.sent()
        assert house.receive(first) == []
        assert house.receive(last) == [AnswerReceived(PAIR, b"\x06" + bytes(4))]
        marker = ask_for_order(house)
        assert house.receive(last) == []
        assert len(house.receive(marker.expected)) == 1
    assert house.connection.error is None


def test_nothing_grows_without_end(monkeypatch):
    monkeypatch.setattr(answer_order, "_MOST_SEEN", 2)
    order = AnswerOrder(DoubtedAnswers(None))
    assert [order.came(unsigned(number)) for number in (1, 1, 2, 3, 4, 5)] == [False, True, False, False, True, True]


def test_a_marker_reads_nothing_but_the_name():
    marker = OrderMarker(3, NAME)
    assert isinstance(marker.expected, bytes)
    assert str(marker) == "read FA00, FA00, FA00"
    assert not isinstance(ReadOne(VariableName(0xFA00)), OrderMarker)
