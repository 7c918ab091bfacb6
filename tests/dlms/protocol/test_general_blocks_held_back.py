"""A block of the answer before that the network held back: none of its octets get into the next value (S22, F20).

The meter's octets are its own (tests/dlms/general_block_meter.py). A copy of one of its former blocks comes at any
position of the next exchange, late by any time, while all else arrives, or while the true block of its number is lost.
"""

from itertools import product

import pytest

from custom_components.cosem.dlms.encoding.data import octet_string
from custom_components.cosem.dlms.errors import BlockTransferAborted
from custom_components.cosem.dlms.protocol.events import AnswerReceived
from custom_components.cosem.dlms.protocol.former_blocks import OLD_AFTER
from custom_components.cosem.dlms.protocol.framing import WrapperFraming
from custom_components.cosem.dlms.protocol.general_blocks import OWN_WINDOW
from custom_components.cosem.dlms.protocol.outstanding import INVOKE_IDS
from custom_components.cosem.dlms.protocol.transfer.action import ActionOne
from custom_components.cosem.dlms.protocol.transfer.get import GetOne
from custom_components.cosem.dlms.protocol.transfer.set import SetOne
from tests.dlms.general_block_meter import GeneralBlockMeter
from tests.dlms.lone_meter import sized
from tests.dlms.protocol import test_general_blocks_on_a_bad_line as bad_line, test_late_answers
from tests.dlms.protocol.test_connection_general_blocks import WITH_BLOCKS
from tests.dlms.protocol.test_general_blocks_on_a_bad_line import ATTRIBUTE, METHOD
from tests.dlms.scripted import PAIR, aare, answer, events_of, sent_by

BLOCKS = 40
SIZE = 5
"""Octets of a block."""

FIRST = bytes(range(7, 7 + BLOCKS * SIZE - 7))
OTHER = bytes(each ^ 0xFF for each in FIRST)
ALIKE = {
    "other": OTHER,
    "the same at first": OTHER[: BLOCKS * SIZE // 2] + FIRST[BLOCKS * SIZE // 2 :],
    "the same in the end": FIRST[: BLOCKS * SIZE // 2] + OTHER[BLOCKS * SIZE // 2 :],
    "the same": FIRST,
}
"""What is read next; the meter tells it with the last octet first."""


class House(bad_line.House):
    """``streams``: so many blocks the meter sends at once, whatever window it is given."""

    def __init__(self, streams, *, datagrams=True, **settings):
        super().__init__(datagrams=datagrams, size=SIZE, **settings)
        self.streams, self.now = streams, 1000.0
        self.meter._next = self._next

    def _next(self, _window):
        return GeneralBlockMeter._next(self.meter, self.streams)

    def exchange(self, transfer, held_back=None, before=0, lost=None):
        """Return the answers' octets and what the meter sent.

        ``held_back`` comes before the meter's APDU of this position; its block ``lost`` does not arrive at first.
        """
        self.connection.request(PAIR, transfer)
        received, events, coming = [], [], []
        while True:
            while apdus := sent_by(self.connection):
                coming += [each for apdu in apdus for each in self.meter.exchange(apdu)]
            if not coming:
                if not (self.connection.is_waiting(PAIR) and self.connection.try_again(PAIR)):
                    return [each.octets for each in events if isinstance(each, AnswerReceived)], received
                continue
            received.append(coming.pop(0))
            assert len(received) < 1000, "it goes on for ever"
            if held_back is not None and len(received) == before:
                self.receive(events, held_back)
            if lost is not None and received[-1][:1] == b"\xe0" and number_of(received[-1]) == lost:
                lost = None
                continue
            self.receive(events, received[-1])

    def receive(self, events, apdu):
        self.connection.receive_data(answer(apdu), self.now)
        events += events_of(self.connection)

    def read(self, octets, *fault):
        self.meter.done = [octets]
        return self.exchange(GetOne(ATTRIBUTE), *fault)

    def act(self, octets, *fault):
        return self.exchange(ActionOne(METHOD, octet_string(octets)), *fault)


def number_of(block):
    return int.from_bytes(block[2:4])


def told(octets):
    return b"\x09" + sized(octets[::-1])


def faults(streams, every=1):
    """Yield numbers, where the copy comes (in its turn, or too early), and whether the true block is lost at first."""
    for number, is_lost in product(range(1, BLOCKS + 1, every), (False, True)):
        if is_lost and number == 1 and streams > OWN_WINDOW:
            continue  # too much without a beginning ends the association, whether there is a copy or not
        for place in {number, max(number - 3, 1)}:
            yield number, place, is_lost


def block_of(apdus, number):
    """Return the block of this number, which came once."""
    (block,) = {each for each in apdus if number_of(each) == number}
    return block


@pytest.mark.parametrize("then", ALIKE)
@pytest.mark.parametrize("streams", [1, 4, 15, 63])
def test_no_octet_of_the_answer_before_gets_into_the_next_at_any_position(streams: int, then: str):
    for number, place, is_lost in faults(streams, 1 if then == "other" else 5):
        house = House(streams, level=0)
        _, former = house.read(FIRST)
        late = block_of(former, number)
        octets, _ = house.read(ALIKE[then], late, place, number if is_lost else None)
        assert octets == [told(ALIKE[then])], (number, place, is_lost)
        assert house.connection.counters.late_apdus > 0 or then != "other", (number, place, is_lost)


@pytest.mark.parametrize("then", ["other", "the same in the end", "the same"])
@pytest.mark.parametrize("streams", [1, 4, 15, 63])
def test_nor_when_it_is_late_by_a_minute_and_the_true_block_arrives(streams: int, then: str):
    for number, place, _ in faults(streams, 5):
        house = House(streams, level=0)
        _, former = house.read(FIRST)
        house.now += 60
        octets, _ = house.read(ALIKE[then], block_of(former, number), place)
        assert octets == [told(ALIKE[then])], (number, place)


@pytest.mark.parametrize("streams", [1, 15])
def test_nor_from_before_an_answer_that_came_in_between(streams: int):
    for number, place, is_lost in faults(streams, 5):
        house = House(streams, level=0)
        _, former = house.read(FIRST)
        assert house.read(FIRST[:20])[0] == [told(FIRST[:20])]
        octets, _ = house.read(OTHER, block_of(former, number), place, number if is_lost else None)
        assert octets == [told(OTHER)], (number, place, is_lost)


@pytest.mark.parametrize("streams", [1, 4, 15, 63])
def test_the_same_polled_again_costs_no_datagram_more(streams: int):
    house = House(streams, level=0)
    octets, former = house.read(FIRST)
    for _ in range(INVOKE_IDS + 1):  # once with the same invoke-id
        house.now += OLD_AFTER + 1
        again, apdus = house.read(FIRST)
        assert again == octets
        assert len(apdus) == len(former)


@pytest.mark.parametrize("streams", [1, 4, 15])
def test_the_same_read_twice_in_a_second_is_believed_where_it_comes_once_more(streams: int):
    house = House(streams, level=0)
    house.read(FIRST)
    assert house.read(FIRST)[0] == [told(FIRST)]


@pytest.mark.parametrize("streams", [1, 4, 15, 63])
def test_over_a_stream_the_same_read_twice_in_a_second_costs_nothing(streams: int):
    house = House(streams, level=0, datagrams=False)
    _, former = house.read(FIRST)
    _, apdus = house.read(FIRST)
    assert len(apdus) == len(former)


@pytest.mark.parametrize("streams", [1, 4])
@pytest.mark.parametrize("way", ["suite 0", "each"])
def test_under_protection_the_value_is_right_as_well(way: str, streams: int):
    for number, place, is_lost in faults(streams, 5):
        house = House(streams, **bad_line.WAYS[way])
        _, former = house.read(FIRST)
        late = former[number - 1]
        octets, _ = house.read(OTHER, late, place, number if is_lost else None)
        assert octets == [told(OTHER)], (number, place, is_lost)


@pytest.mark.parametrize("streams", [1, 4])
@pytest.mark.parametrize("way", ["plain", "suite 0"])
def test_an_action_is_done_once_and_no_other_answer_than_its_own_is_told(way: str, streams: int):
    for number, place, is_lost in faults(streams, 5):
        house = House(streams, **bad_line.WAYS[way])
        _, former = house.act(FIRST)
        late = [each for each in former if each[0] == 0xE0][number - 1]
        octets, _ = house.act(OTHER, late, place, number_of(late) if is_lost else None)
        assert octets in ([], [b"\x00\x01\x00" + told(OTHER)]), (number, place, is_lost)
        assert house.meter.done.count(OTHER) <= 1, (number, place, is_lost)


# -- acknowledgements that were held back


class Writing(House):
    """Our blocks get lost, and acknowledgements of the exchange before come again."""

    def write(self, octets, lost=0, late=(0, b"")):
        """Return events, and what the meter sent. ``lost``: which of our APDUs does not arrive.

        ``late``: behind which of our APDUs comes what.
        """
        self.meter._begin()  # it keeps no answer whose arrival nobody acknowledges
        self.connection.request(PAIR, SetOne(ATTRIBUTE, octet_string(octets)))
        received, events, sent = [], [], 0
        while True:
            while apdus := sent_by(self.connection):
                for apdu in apdus:
                    sent += 1
                    assert sent < 1000, "it goes on for ever"
                    if sent != lost:
                        received += (replies := self.meter.exchange(apdu))
                        for each in replies:
                            self.receive(events, each)
                    if sent == late[0]:
                        self.receive(events, late[1])
            if not (self.connection.is_waiting(PAIR) and self.connection.try_again(PAIR)):
                return events, received


@pytest.mark.parametrize("datagrams", [True, False])
@pytest.mark.parametrize("way", ["plain", "suite 0", "each"])
def test_a_late_acknowledgement_of_a_block_that_got_lost_makes_no_success_of_it(way: str, datagrams: bool):
    successes = 0
    for number, is_lost in product(range(1, 6), (True, False)):
        house = Writing(1, datagrams=datagrams, **bad_line.WAYS[way])
        first, former = house.write(FIRST)
        assert isinstance(first[-1], AnswerReceived)
        for behind in range(1, number + 1):
            for late in former:
                house.meter.done.clear()
                events, _ = house.write(OTHER, number if is_lost else 0, (behind, late))
                is_told = any(isinstance(each, AnswerReceived) for each in events)
                assert house.meter.done == [OTHER] * is_told or not is_told, (number, behind, late.hex())
                assert house.meter.done.count(OTHER) <= 1
                successes += is_told
                if not is_told:
                    house = Writing(1, datagrams=datagrams, **bad_line.WAYS[way])
                    _, former = house.write(FIRST)
                    break
    assert successes > 0, "where nothing is lost it is told"


# -- by hand

FORMER = [bytes.fromhex("E043 0001 0000 04 C401C100"), bytes.fromhex("E083 0002 0000 06 0904AAAAAAAA")]
"""An answer of four octets."""

HELD_BACK = FORMER[1]
NEXT = [
    bytes.fromhex("E043 0001 0000 04 C401C200"),
    bytes.fromhex("E043 0002 0000 04 0904BBBB"),
    bytes.fromhex("E083 0003 0000 02 BBBB"),
]
UNKNOWN = bytes.fromhex("E043 0002 0000 04 0904CCCC")
"""Of an exchange that was given up before it came."""


@pytest.fixture
def house():
    house = test_late_answers.House(response=aare(WITH_BLOCKS))
    assert house.answered(*FORMER)[-1] == AnswerReceived(PAIR, bytes.fromhex("0904AAAAAAAA"))
    house.sent()
    return house


def test_two_blocks_of_one_number_make_us_ask_anew_at_once(house):
    request = house.ask()
    house.receive(NEXT[0], UNKNOWN)
    assert house.receive(NEXT[1]) == []
    assert house.sent() == [request]
    assert house.receive(*NEXT)[-1] == AnswerReceived(PAIR, bytes.fromhex("0904BBBBBBBB"))


def test_who_contradicts_itself_again_and_again_is_given_up(house):
    house.ask()
    for _ in range(2):
        house.receive(NEXT[0], UNKNOWN, NEXT[1])
    (*_, failed) = house.receive(NEXT[0], UNKNOWN, NEXT[1])
    assert isinstance(failed.error, BlockTransferAborted)


def test_over_a_stream_who_contradicts_itself_is_given_up_at_once():
    house = test_late_answers.House(response=aare(WITH_BLOCKS), framing=WrapperFraming())
    house.ask()
    (*_, failed) = house.receive(NEXT[0], UNKNOWN, NEXT[1])
    assert isinstance(failed.error, BlockTransferAborted)


def test_nothing_that_is_done_is_asked_for_anew(house):
    house.ask(SetOne(ATTRIBUTE, octet_string(b"")))
    (*_, failed) = house.receive(NEXT[0], UNKNOWN, NEXT[1])
    assert isinstance(failed.error, BlockTransferAborted)
    assert [each[:4].hex() for each in house.sent()] == ["e08f0000"]


def test_what_is_held_back_is_counted_and_asked_for_only_where_it_waits(house):
    house.ask()
    house.receive(NEXT[0])
    assert house.receive(HELD_BACK) == []
    assert house.connection.counters.late_apdus == 1
    assert [each.hex() for each in house.sent()] == ["e08f0001000100"]
    assert house.receive(*NEXT[1:])[-1] == AnswerReceived(PAIR, bytes.fromhex("0904BBBBBBBB"))


def test_while_our_request_goes_out_nothing_held_back_acknowledges_it(house):
    house.ask(SetOne(ATTRIBUTE, octet_string(bytes(60))))
    house.receive(bytes.fromhex("E084 0001 0001 00"))
    house.sent()
    late = bytes.fromhex("E083 0002 0003 06 0904AAAAAAAA")
    assert house.receive(late) == []
    assert house.sent() == []
    assert house.receive(bytes.fromhex("C501C200"))[-1] == AnswerReceived(PAIR, b"")
