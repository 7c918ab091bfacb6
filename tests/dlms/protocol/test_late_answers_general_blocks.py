"""General blocks that come when their exchange is over: none of their octets get into the next value (S22, F20).

Blocks are written by hand: E0, control (80 last, 40 more at once, window), number, acknowledged number, length, data.
"""

import pytest

from custom_components.cosem.dlms.encoding.data import octet_string
from custom_components.cosem.dlms.protocol.datagram_framing import DatagramFraming
from custom_components.cosem.dlms.protocol.events import AnswerReceived, NotificationReceived, RequestFailed
from custom_components.cosem.dlms.protocol.framing import WrapperFraming
from custom_components.cosem.dlms.protocol.late_answers import LATE_WITHIN
from custom_components.cosem.dlms.protocol.transfer.get import GetOne
from custom_components.cosem.dlms.protocol.transfer.set import SetOne
from tests.dlms.protocol.test_association_state import Protected
from tests.dlms.protocol.test_connection_general_blocks import WITH_BLOCKS
from tests.dlms.protocol.test_late_answers import LIMITED, House
from tests.dlms.scripted import CLOCK, ENERGY, PAIR, PARAMETERS, RLRE, aare, answer, events_of

FIRST = [
    bytes.fromhex("E0 43 0001 0000 04 C401C100"),
    bytes.fromhex("E0 03 0002 0000 04 0905AAAA"),
    bytes.fromhex("E0 83 0003 0001 03 AAAAAA"),
]
SECOND = [
    bytes.fromhex("E0 43 0001 0000 04 C401C200"),
    bytes.fromhex("E0 03 0002 0000 04 0905BBBB"),
    bytes.fromhex("E0 83 0003 0001 03 BBBBBB"),
]
FIRST_VALUE = AnswerReceived(PAIR, bytes.fromhex("0905AAAAAAAAAA"))
SECOND_VALUE = AnswerReceived(PAIR, bytes.fromhex("0905BBBBBBBBBB"))
IN_ONE_BLOCK = bytes.fromhex("E0 83 0001 0000 06 C401C1001107")
LONG_SET = SetOne(CLOCK, octet_string(bytes(60)))
SET = SetOne(CLOCK, octet_string(b""))


@pytest.fixture
def house():
    return House(response=aare(WITH_BLOCKS))


def pauses(house):
    return [house.pause(each) for each in (GetOne(ENERGY), SET, PARAMETERS, LIMITED)]


def test_behind_an_answer_in_blocks_everything_waits_until_none_can_be_late(house):
    assert house.answered(*FIRST)[-1] == FIRST_VALUE
    assert pauses(house) == [LATE_WITHIN] * 4
    house.now += LATE_WITHIN
    assert pauses(house) == [0] * 4


@pytest.mark.parametrize("copy", range(3))
def test_a_block_that_comes_late_costs_nothing_and_is_no_part_of_the_next_value(house, copy):
    house.answered(*FIRST)
    house.sent()
    house.now += LATE_WITHIN - 0.1
    assert house.receive(FIRST[copy]) == []
    assert house.sent() == []
    house.now += house.pause(GetOne(CLOCK))
    assert house.answered(*SECOND)[-1] == SECOND_VALUE


def test_behind_an_answer_in_one_block_nothing_waits(house):
    assert house.answered(IN_ONE_BLOCK) == [AnswerReceived(PAIR, b"\x11\x07")]
    assert pauses(house) == [0] * 4


@pytest.mark.parametrize("at", range(3))
def test_a_copy_of_an_answer_in_one_block_leaves_the_next_one_whole(house, at):
    house.answered(IN_ONE_BLOCK)
    events = house.answered(*SECOND[:at], IN_ONE_BLOCK, *SECOND[at:])
    assert events[-1] == SECOND_VALUE
    assert not any(isinstance(event, RequestFailed) for event in events)


def test_behind_blocks_that_were_asked_for_again_there_is_more_patience(house):
    house.answered(*FIRST[:2])
    assert house.connection.try_again(PAIR, 3.0)
    assert house.receive(FIRST[2]) == [FIRST_VALUE]
    assert pauses(house)[0] == 2 * 3.0 + LATE_WITHIN  # two silences in a row are the most


def test_behind_a_request_in_blocks_its_acknowledgements_may_be_late(house):
    house.connection.request(PAIR, LONG_SET)
    assert [each[:4] for each in house.sent()] == [bytes.fromhex("E00F0001")]
    assert house.receive(bytes.fromhex("C501C100")) == [AnswerReceived(PAIR, b"")]
    assert pauses(house)[:2] == [LATE_WITHIN] * 2


def test_what_is_given_up_may_be_late_as_well(house):
    house.answered(*FIRST[:2])
    house.now += 60
    house.connection.release(PAIR)
    house.receive(RLRE)
    assert pauses(house)[2:] == [LATE_WITHIN] * 2
    house.now += LATE_WITHIN
    assert pauses(house)[2:] == [0] * 2


def test_what_the_meter_gives_up_may_be_late_as_well(house):
    (*_, failed) = house.answered(*FIRST[:2], bytes.fromhex("E0 83 0000 0000 00"))
    assert isinstance(failed, RequestFailed)
    assert pauses(house)[0] == LATE_WITHIN


def test_blocks_that_come_while_nothing_is_asked_cost_the_next_request_no_patience(house):
    assert house.receive(*FIRST) == []
    assert pauses(house) == [0] * 4
    house.answered(IN_ONE_BLOCK)
    assert pauses(house)[0] == 0


def test_a_push_in_blocks_is_not_waited_for(house):
    house.ask()
    push = house.receive(bytes.fromhex("E0 40 0001 0000 04 0F000000"), bytes.fromhex("E0 80 0002 0000 04 01001107"))
    assert [type(event) for event in push] == [NotificationReceived]
    house.receive(bytes.fromhex("C401C1001107"))
    assert pauses(house)[0] == 0


def test_blocks_that_are_protected_one_by_one_are_waited_for_too():
    """What the meter sends again has a new invocation counter."""
    house = Protected(framing=DatagramFraming())
    house.connection.request(PAIR, GetOne(CLOCK))
    for each in FIRST:
        house.connection.receive_data(answer(house.sealed(0xDB, each)), 1000.0)
    assert events_of(house.connection)[-1] == FIRST_VALUE
    assert house.connection.settles_at(PAIR, GetOne(CLOCK), 1000.0) == 1000.0 + LATE_WITHIN


def test_over_a_stream_no_block_is_late():
    house = House(response=aare(WITH_BLOCKS), framing=WrapperFraming())
    assert house.answered(*FIRST)[-1] == FIRST_VALUE
    assert pauses(house) == [0] * 4
