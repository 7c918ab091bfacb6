"""General block transfer by itself: what one side makes of what comes, in any order, twice, or not at all."""

from collections import deque

from hypothesis import given, strategies as st
import pytest

from custom_components.cosem.dlms.apdu.block import GeneralBlockTransfer
from custom_components.cosem.dlms.errors import LimitExceeded, LocalProtocolError
from custom_components.cosem.dlms.limits import DEFAULT_LIMITS, Limits
from custom_components.cosem.dlms.protocol.general_blocks import (
    OWN_WINDOW,
    BlockOutcome,
    GeneralBlocks,
    ReceivedGeneralBlocks,
    SentGeneralBlocks,
)

ANSWER = bytes(range(60))


def blocks(limits=DEFAULT_LIMITS, *, most=100_000, answers=True):
    return GeneralBlocks(limits, most=most, answers=answers)


def read(octets):
    """Control, number, acknowledged number, data: taken apart by hand."""
    assert octets[0] == 0xE0
    assert octets[6] == len(octets) - 7
    return octets[1], int.from_bytes(octets[2:4], "big"), int.from_bytes(octets[4:6], "big"), octets[7:]


def block(number, data=b"", *, ack=0, window=3, last=False, streaming=False):
    return GeneralBlockTransfer(
        last_block=last,
        streaming=streaming,
        window=window,
        block_number=number,
        block_number_ack=ack,
        block_data=data,
    )


ACK = 0x80 | OWN_WINDOW
MORE = OWN_WINDOW
STREAMING = 0x40 | OWN_WINDOW


# -- receiving


def test_lock_step_as_between_independent_implementations():
    ours = blocks()
    outcome = ours.receive(block(1, b"ab"))
    assert [read(reply) for reply in outcome.replies] == [(ACK, 1, 1, b"")]
    outcome = ours.receive(block(2, b"cd", ack=1))
    assert [read(reply) for reply in outcome.replies] == [(ACK, 2, 2, b"")]
    assert ours.receive(block(3, b"ef", ack=2, last=True)) == BlockOutcome(b"abcdef", is_new=True)


def test_a_streamed_window_is_acknowledged_at_its_end():
    ours = blocks()
    assert ours.receive(block(1, b"a", streaming=True)) == BlockOutcome(is_new=True)
    assert ours.receive(block(2, b"b", streaming=True)) == BlockOutcome(is_new=True)
    outcome = ours.receive(block(3, b"c"))
    assert [read(reply) for reply in outcome.replies] == [(ACK, 1, 3, b"")]
    assert ours.receive(block(4, b"d", ack=1, last=True)).whole == b"abcd"


def test_a_missing_block_is_asked_for_and_what_came_after_it_is_kept():
    ours = blocks()
    ours.receive(block(1, b"a", streaming=True))
    outcome = ours.receive(block(3, b"c"))
    assert [read(reply) for reply in outcome.replies] == [(ACK, 1, 1, b"")]
    assert not outcome.is_new
    outcome = ours.receive(block(2, b"b"))
    assert [read(reply) for reply in outcome.replies] == [(ACK, 2, 3, b"")]
    assert ours.receive(block(4, b"d", last=True)).whole == b"abcd"


def test_a_missing_block_is_asked_for_at_the_last_one_too_though_it_streams():
    ours = blocks()
    ours.receive(block(1, b"a", streaming=True))
    outcome = ours.receive(block(3, b"c", last=True, streaming=True))
    assert [read(reply) for reply in outcome.replies] == [(ACK, 1, 1, b"")]
    assert ours.receive(block(2, b"b", streaming=True)).whole == b"abc"


def test_blocks_that_come_again_change_nothing():
    ours = blocks()
    ours.receive(block(1, b"a"))
    outcome = ours.receive(block(2, b"b", ack=1))
    again = ours.receive(block(2, b"b", ack=1))
    assert again == BlockOutcome(belongs=True)
    assert ours.receive(block(2, b"b", ack=1)).replies == ()
    assert ours.receive(block(3, b"c", last=True)).whole == b"abc"
    assert outcome.replies


def test_a_window_that_comes_again_is_acknowledged_again_after_a_silence_only():
    ours = blocks()
    ours.receive(block(1, b"a", streaming=True))
    outcome = ours.receive(block(2, b"b"))
    ours.receive(block(1, b"a", ack=1, streaming=True))
    assert ours.receive(block(2, b"b", ack=1)) == BlockOutcome(belongs=True)
    assert ours.will_ask_again
    assert ours.ask_again() == outcome.replies


def test_a_gap_that_stays_is_asked_for_twice_and_then_after_a_silence():
    ours = blocks()
    ours.receive(block(1, b"a"))
    replies = [ours.receive(block(3, b"c", ack=ack)).replies for ack in range(1, 5)]
    assert [len(each) for each in replies] == [1, 1, 0, 0]
    assert ours.ask_again() == replies[0] == replies[1]
    assert [read(each) for each in ours.receive(block(2, b"b")).replies] == [(ACK, 2, 3, b"")]


def test_the_block_behind_a_gap_twice_is_one_demand():
    ours = blocks()
    ours.receive(block(1, b"a"))
    assert ours.receive(block(3, b"c", ack=1)).replies
    assert not ours.receive(block(3, b"c", ack=1)).replies


def test_a_block_that_was_missing_is_acknowledged_with_the_end_of_its_window():
    """Behind a demand the peer sends the window again from there on; in the middle of it, it does not listen."""
    ours = blocks()
    ours.receive(block(1, b"a"))
    assert [read(each) for each in ours.receive(block(3, b"c")).replies] == [(ACK, 1, 1, b"")]
    assert not ours.receive(block(2, b"b", streaming=True)).replies
    assert [read(each) for each in ours.receive(block(3, b"c")).replies] == [(ACK, 2, 3, b"")]


def test_a_window_in_the_wrong_order_goes_on_after_a_silence_too():
    ours = blocks()
    ours.receive(block(1, b"a", streaming=True))
    ours.receive(block(3, b"c", streaming=True))
    ours.receive(block(2, b"b", streaming=True))
    assert [read(each) for each in ours.ask_again()] == [(ACK, 1, 3, b"")]


def whole_of(ours, octets, *, pieces=4):
    """Give it octets as a whole answer; return its blocks."""
    size = len(octets) // pieces
    each = [
        block(n, octets[(n - 1) * size :][:size], last=n == pieces, streaming=n < pieces) for n in range(1, pieces + 1)
    ]
    assert [ours.receive(one).whole for one in each][-1] == octets
    return each


def test_what_is_left_over_of_an_answer_begins_nothing_and_is_not_acknowledged():
    ours = blocks()
    for stale in whole_of(ours, b"abcd"):
        assert ours.is_left_over(stale)
        assert ours.receive(stale) == BlockOutcome(belongs=True, is_late=True)
    assert ours.receive(block(1, b"x", streaming=True)).is_new
    assert ours.receive(block(2, b"y", last=True)).whole == b"xy"


def test_a_block_as_in_the_answer_before_is_left_over_only_where_this_answer_has_another_one():
    ours = blocks()
    whole_of(ours, b"abcd")
    assert ours.receive(block(1, b"x", streaming=True)).is_new
    assert ours.receive(block(1, b"a", streaming=True)) == BlockOutcome(belongs=True, is_late=True)
    assert ours.receive(block(2, b"b", streaming=True)).is_new
    assert ours.receive(block(3, b"z", last=True)).whole == b"xbz"


def test_an_answer_like_the_one_before_counts_where_only_acknowledgements_have_its_number():
    ours = blocks()
    assert ours.receive(block(1, b"a", last=True)).whole == b"a"
    ours.send(ANSWER, 39)
    ours.receive(block(1, ack=1, last=True))
    assert ours.receive(block(1, b"a", ack=2, last=True)).whole == b"a"


def test_what_is_left_over_of_an_answer_acknowledges_nothing_of_the_next_request():
    ours = blocks()
    *_, stale = whole_of(ours, b"abcd")
    ours.send(ANSWER, 19)
    assert ours.receive(block(4, b"d", ack=1, last=True)) == BlockOutcome(belongs=True, is_late=True)
    assert read(ours.ask_again()[0])[1] == 1
    assert stale.block_number == 4


def test_what_looks_left_over_may_be_early_and_is_asked_for_after_a_silence():
    ours = blocks()
    whole_of(ours, b"abcd")
    assert not ours.will_ask_again
    ours.receive(block(4, b"d", last=True))
    assert [read(each) for each in ours.ask_again()] == [(ACK, 1, 0, b"")]


def test_what_is_left_over_comes_so_often_and_not_for_ever():
    ours = blocks()
    *_, stale = whole_of(ours, b"abcd")
    assert [ours.is_left_over(stale) for _ in range(16 * OWN_WINDOW + 1)] == [True] * 16 * OWN_WINDOW + [False]


def test_a_peer_that_does_not_wait_is_not_answered_for_each_of_the_blocks_that_it_sent_before():
    """Else each of them would bring all that follows once more."""
    ours = blocks()
    for number in (1, 2, 3):
        assert ours.receive(block(number, bytes([number]))).replies
    for number in range(2, 18):  # what follows the first acknowledgement
        assert not ours.receive(block(number, bytes([number]), ack=1)).replies
    for number in range(3, 19):  # and the second
        assert not ours.receive(block(number, bytes([number]), ack=2)).replies
    replies = ours.receive(block(19, bytes([19]), ack=3)).replies
    assert [read(each) for each in replies] == [(ACK, 4, 19, b"")]


def test_the_first_block_twice_is_not_acknowledged_twice():
    ours = blocks()
    assert ours.receive(block(1, b"a")).replies
    assert ours.receive(block(1, b"a")) == BlockOutcome(belongs=True)
    assert ours.receive(block(2, b"b", last=True)).whole == b"ab"


def test_early_and_repeated_blocks_belong_to_what_is_under_way_and_are_limited():
    ours = blocks()
    ours.receive(block(1, b"a", streaming=True))
    outcomes = [ours.receive(block(3 + number % 4, b"c", streaming=True)) for number in range(16 * OWN_WINDOW)]
    assert set(outcomes) == {BlockOutcome(belongs=True)}
    assert ours.receive(block(3, b"c", streaming=True)).aborted


def test_blocks_without_a_beginning_belong_to_nothing():
    assert not blocks().receive(block(2, b"b", streaming=True)).belongs


def test_what_is_left_over_from_before_is_no_answer_to_a_request_in_blocks():
    ours, _first = sent(b"0123456789")
    assert not ours.receive(block(2, b"old", last=True)).is_new
    assert ours.receive(block(1, b"ye", ack=1)).is_new
    assert ours.receive(block(2, b"s", ack=1, last=True)).whole == b"yes"


def test_a_number_far_ahead_is_left_out():
    ours = blocks()
    ours.receive(block(1, b"a"))
    ours.receive(block(2 + OWN_WINDOW, b"z"))
    for number in range(2, 2 + OWN_WINDOW):
        assert not ours.receive(block(number, b"b")).whole
    assert ours.receive(block(2 + OWN_WINDOW, b"c", last=True)).whole == b"a" + b"b" * OWN_WINDOW + b"c"


@pytest.mark.parametrize("answers", [True, False])
def test_block_1_that_acknowledges_nothing_begins_anew(answers):
    ours = blocks(answers=answers)
    ours.receive(block(1, b"a", streaming=True))
    ours.receive(block(2, b"b", streaming=True))
    assert not ours.receive(block(1, b"c", streaming=True)).is_new
    assert ours.receive(block(2, b"d", last=True)).whole == b"cd"


def test_block_0_gives_up_and_what_follows_begins_anew():
    ours = blocks()
    ours.receive(block(1, b"a", streaming=True))
    assert ours.receive(block(0, last=True)) == BlockOutcome(aborted=True)
    ours.receive(block(1, b"c", streaming=True))
    assert ours.receive(block(2, b"d", last=True)).whole == b"cd"


def test_block_0_without_an_exchange_ends_nothing():
    assert blocks().receive(block(0, last=True)) == BlockOutcome()


@pytest.mark.parametrize("number", [2, 4], ids=["taken", "waiting for an earlier one"])
def test_a_number_with_other_data_is_no_part_of_the_same(number):
    ours = blocks()
    for each in (1, 2, 4):
        ours.receive(block(each, bytes([each]), streaming=True))
    outcome = ours.receive(block(number, b"x", streaming=True))
    assert outcome.aborted
    assert [read(reply) for reply in outcome.replies] == [(ACK, 0, 2, b"")]
    assert not ours.is_under_way


def test_whoever_does_not_answer_gives_up_silently():
    ours = blocks(answers=False)
    ours.receive(block(1, b"a"))
    ours.receive(block(2, b"b"))
    assert ours.receive(block(2, b"x")) == BlockOutcome(aborted=True, is_contradicted=True)


def test_whoever_does_not_answer_acknowledges_nothing():
    ours = blocks(answers=False)
    assert ours.receive(block(1, b"a")) == BlockOutcome(is_new=True)
    assert ours.receive(block(2, b"b")) == BlockOutcome(is_new=True)
    assert ours.receive(block(3, b"c", last=True)).whole == b"abc"


def test_the_octets_together_are_limited():
    ours = blocks(most=3)
    ours.receive(block(1, b"abc"))
    with pytest.raises(LimitExceeded, match="octets in general blocks"):
        ours.receive(block(2, b"d"))


def test_the_blocks_are_limited():
    ours = blocks(Limits(blocks_per_transfer=2))
    ours.receive(block(1, b"a"))
    ours.receive(block(2, b"b"))
    with pytest.raises(LimitExceeded, match="general blocks in a transfer"):
        ours.receive(block(3, b"c"))


def test_a_peer_that_never_gets_on_is_given_up():
    ours = blocks()
    ours.receive(block(1, b"a"))
    outcomes = [ours.receive(block(1, b"a", ack=1)) for _ in range(16 * OWN_WINDOW + 1)]
    assert [outcome.aborted for outcome in outcomes] == [False] * 16 * OWN_WINDOW + [True]
    assert [read(reply) for reply in outcomes[-1].replies] == [(ACK, 0, 1, b"")]


def test_only_blocks_with_data_are_limited():
    ours = blocks(Limits(blocks_per_transfer=2))
    ours.send(bytes(30), 19)
    for number in (1, 2, 3):
        ours.receive(block(number, ack=number, window=1, last=True))
    assert ours.receive(block(4, b"a", ack=3, last=True)).whole == b"a"


# -- sending


def test_what_needs_too_many_blocks_is_refused_before_anything_is_sent():
    ours = blocks(Limits(blocks_per_transfer=0xFFFF - 3))
    ours.send(bytes(30), 19)
    with pytest.raises(LocalProtocolError, match="31 octets needs more than 3 general blocks"):
        ours.send(bytes(31), 19)
    assert not ours.is_under_way


def test_acknowledgements_that_got_lost_do_not_come_again_and_are_not_waited_for():
    ours, _ = sent(ANSWER)
    outcome = ours.receive(block(2, ack=1, window=2, last=True))
    assert [read(reply)[:3] for reply in outcome.replies] == [(STREAMING, 2, 2), (MORE, 3, 2)]
    ours.receive(block(5, ack=3, window=3, last=True))
    assert ours.number == 5
    ours.receive(block(6, ack=6, last=True))
    assert ours.receive(block(7, b"answer", ack=6, last=True)).whole == b"answer"


def test_a_block_of_an_answer_that_got_lost_is_waited_for():
    ours, _ = sent(bytes(20))
    ours.receive(block(1, ack=1, last=True))
    outcome = ours.receive(block(3, ack=2, last=True))
    assert (ours.number, outcome.is_new) == (1, True)


def test_a_block_of_an_answer_that_comes_too_early_is_not_passed_over():
    ours, _ = sent(ANSWER)
    ours.receive(block(1, b"early", streaming=True))
    ours.receive(block(3, ack=1, last=True))
    assert ours.number == 1


def test_an_acknowledgement_has_no_number_beyond_the_last():
    sending = SentGeneralBlocks()
    sending.cut(bytes(0xFFFF), 10, 0xFFFF)
    assert [read(sending.acknowledgement(received))[1:3] for received in (1, 2)] == [(0xFFFF, 1), (0xFFFF, 2)]


def sent(octets, size=19):
    """Data of 10 octets a block."""
    ours = blocks()
    return ours, ours.send(octets, size)


def test_one_block_at_a_time_until_the_window_is_known():
    ours, first = sent(ANSWER)
    assert read(first) == (MORE, 1, 0, ANSWER[:10])
    outcome = ours.receive(block(1, ack=1, last=True))
    assert [read(reply) for reply in outcome.replies] == [
        (STREAMING, 2, 1, ANSWER[10:20]),
        (STREAMING, 3, 1, ANSWER[20:30]),
        (MORE, 4, 1, ANSWER[30:40]),
    ]
    outcome = ours.receive(block(2, ack=4, last=True))
    assert [read(reply) for reply in outcome.replies] == [
        (STREAMING, 5, 2, ANSWER[40:50]),
        (ACK, 6, 2, ANSWER[50:60]),
    ]
    assert outcome.is_new


@pytest.mark.parametrize("window", [0, 1])
def test_a_window_of_0_or_1_is_lock_step(window):
    ours, _first = sent(ANSWER)
    outcome = ours.receive(block(1, ack=1, window=window, last=True))
    assert [read(reply) for reply in outcome.replies] == [(MORE, 2, 1, ANSWER[10:20])]


def test_what_got_lost_is_sent_again_from_there_under_the_same_numbers():
    ours, _first = sent(ANSWER)
    ours.receive(block(1, ack=1, last=True))
    outcome = ours.receive(block(2, ack=2, last=True))
    assert [read(reply)[1:] for reply in outcome.replies] == [
        (3, 2, ANSWER[20:30]),
        (4, 2, ANSWER[30:40]),
        (5, 2, ANSWER[40:50]),
    ]


def test_the_answer_may_begin_in_the_block_that_acknowledges_the_last():
    ours, _first = sent(b"0123456789abc")
    outcome = ours.receive(block(1, ack=1, last=True))
    assert [read(reply) for reply in outcome.replies] == [(ACK, 2, 1, b"abc")]
    assert ours.receive(block(2, b"yes", ack=2, last=True)) == BlockOutcome(b"yes", is_new=True)


def test_the_answer_may_come_after_an_empty_block_that_acknowledges_the_last():
    ours, _first = sent(b"0123456789abc")
    ours.receive(block(1, ack=1, last=True))
    assert ours.receive(block(2, ack=2, last=True)) == BlockOutcome(is_new=True)
    assert ours.receive(block(3, b"yes", last=True)).whole == b"yes"


def test_an_answer_acknowledges_everything_also_where_it_does_not_say_so():
    ours, _first = sent(b"0123456789abc")
    ours.receive(block(1, ack=1, last=True))
    outcome = ours.receive(block(2, b"ye", ack=1))
    assert [read(reply) for reply in outcome.replies] == [(ACK, 3, 2, b"")]
    assert ours.receive(block(3, b"s", ack=3, last=True)).whole == b"yes"


def test_what_was_not_sent_cannot_be_acknowledged():
    ours, _first = sent(ANSWER)
    outcome = ours.receive(block(1, ack=6, last=True))
    assert read(outcome.replies[0])[1:] == (2, 1, ANSWER[10:20])


def test_the_same_is_sent_again_twice_at_once_then_after_silences_and_not_for_ever():
    ours, first = sent(ANSWER)
    outcomes = [ours.receive(block(number, window=1, last=True)) for number in range(1, 5)]
    assert [[read(reply)[1] for reply in each.replies] for each in outcomes] == [[1], [1], [], []]
    assert {each.is_new for each in outcomes} == {False}
    assert [len(ours.ask_again()) for _ in range(3)] == [1, 1, 0]
    assert read(first)[1] == 1


def test_an_acknowledgement_that_comes_twice_asks_for_nothing():
    ours, _first = sent(ANSWER)
    acknowledgement = block(1, ack=1, last=True)
    assert [read(reply)[1] for reply in ours.receive(acknowledgement).replies] == [2, 3, 4]
    assert not ours.receive(acknowledgement).replies
    assert [read(reply)[1] for reply in ours.receive(block(2, ack=1, last=True)).replies] == [2, 3, 4]


def test_a_peer_may_not_count_its_empty_blocks():
    ours, _first = sent(b"0123456789abc")
    ours.receive(block(1, ack=1, last=True))
    assert ours.counts_empty
    assert ours.receive(block(1, b"ye", ack=2, streaming=True)).is_new
    assert not ours.counts_empty
    assert ours.receive(block(2, b"s", ack=2, last=True)).whole == b"yes"


def test_an_empty_block_is_replaced_only_once_everything_is_sent():
    ours, _first = sent(ANSWER)
    ours.receive(block(1, ack=1, last=True))
    assert ours.receive(block(1, b"yes", ack=1, last=True)).aborted


def test_a_size_with_room_for_no_octet_sends_one_a_block():
    ours, first = sent(b"abc", size=5)
    assert read(first) == (MORE, 1, 0, b"a")
    assert read(ours.receive(block(1, ack=1, window=1)).replies[0]) == (MORE, 2, 1, b"b")


# -- silence


def test_after_a_silence_the_acknowledgement_is_sent_again_twice():
    ours = blocks()
    (acknowledgement,) = ours.receive(block(1, b"a")).replies
    assert [ours.ask_again() for _ in range(3)] == [(acknowledgement,), (acknowledgement,), ()]


def test_what_was_streamed_and_then_ended_is_asked_for():
    ours = blocks()
    ours.receive(block(1, b"a", streaming=True))
    ours.receive(block(3, b"c", streaming=True))
    assert [read(octets) for octets in ours.ask_again()] == [(ACK, 1, 1, b"")]


def test_after_a_silence_blocks_are_sent_again():
    ours, first = sent(ANSWER)
    assert ours.ask_again() == (first,)


def test_what_may_have_been_taken_as_a_whole_is_not_sent_again_unasked():
    ours, _first = sent(b"0123456789abc")
    ours.receive(block(1, ack=1, last=True))
    assert [read(octets) for octets in ours.ask_again(repeats=False)] == [(ACK, 3, 1, b"")]
    (again,) = ours.receive(block(2, ack=1, last=True)).replies
    assert read(again) == (ACK, 2, 2, b"abc")


def test_what_cannot_be_whole_yet_is_sent_again_unasked():
    ours, first = sent(ANSWER)
    assert ours.ask_again(repeats=False) == (first,)


def test_progress_gives_new_patience():
    ours = blocks()
    ours.receive(block(1, b"a"))
    ours.ask_again()
    ours.ask_again()
    ours.receive(block(2, b"b", ack=1))
    assert [read(octets) for octets in ours.ask_again()] == [(ACK, 2, 2, b"")]


def test_without_an_exchange_there_is_nothing_to_ask_for():
    assert blocks().ask_again() == ()


# -- all together


class Peer:
    """A meter: takes a request in blocks, answers in blocks. Simple, and with none of the code under test."""

    def __init__(self, request_blocks, answer, window):
        self.request = {}
        self.expected = request_blocks
        self.pieces = [answer[at : at + 7] for at in range(0, len(answer), 7)]
        self.window = window
        self.number = 0
        self.base = 0
        self.acknowledged = 0

    def take(self, octets):
        control, number, ack, data = read(octets)
        if data:
            self.request[number] = data
        if control & 0x40:
            return []
        if len(self.request) < self.expected:
            in_order = 0
            while in_order + 1 in self.request:
                in_order += 1
            self.base = 1
            return [block(1, ack=in_order, window=self.window, last=True)]
        self.acknowledged = max(self.acknowledged, ack - self.base)
        left = self.pieces[self.acknowledged :][: max(self.window, 1)]
        return [
            block(
                self.base + self.acknowledged + at,
                piece,
                ack=self.expected or number,
                window=self.window,
                last=self.acknowledged + at == len(self.pieces),
                streaming=at < len(left) and self.acknowledged + at < len(self.pieces),
            )
            for at, piece in enumerate(left, 1)
        ]


@given(
    size=st.integers(1, 90),
    answer=st.integers(1, 120),
    window=st.integers(0, 6),
    fates=st.lists(st.sampled_from(["good", "good", "good", "lost", "twice", "late"]), max_size=60),
)
def test_whatever_gets_lost_doubled_or_out_of_order_the_octets_are_right_or_there_are_none(size, answer, window, fates):
    """Both ways, from both sides."""
    answer, request = bytes(range(answer)), bytes(size)
    ours = blocks()
    peer = Peer(-(-size // 10), answer, window)
    fate = iter(fates)
    to_peer, to_us = deque([ours.send(request, 19)]), deque()
    whole = None
    for _turn in range(400):
        if whole is not None:
            break
        if not to_peer and not to_us:
            again = ours.ask_again()
            if not again:
                break
            to_peer.extend(again)
        queue = to_peer or to_us
        what, becomes = queue.popleft(), next(fate, "good")
        if becomes == "lost":
            continue
        if becomes == "late" and queue:
            queue.append(what)
            continue
        for _ in range(2 if becomes == "twice" else 1):
            if queue is to_peer:
                to_us.extend(peer.take(what))
                continue
            outcome = ours.receive(what)
            to_peer.extend(outcome.replies)
            if outcome.whole is not None:
                whole = outcome.whole
                break
    assert whole in (None, answer)
    if whole is None:
        assert any(each != "good" for each in fates)
    else:
        assert b"".join(peer.request[number] for number in sorted(peer.request)) == request


@pytest.mark.parametrize("to_peer_twice", [False, True])
@pytest.mark.parametrize("to_us_twice", [False, True])
@pytest.mark.parametrize("window", [1, 3, 15])
def test_on_a_way_that_doubles_everything_copies_do_not_multiply(window, to_us_twice, to_peer_twice):
    answer, request = bytes(i % 251 for i in range(700)), bytes(300)
    ours, peer = blocks(), Peer(30, answer, window)
    to_peer, to_us, sent_by_us, whole = deque([ours.send(request, 19)]), deque(), 0, None
    while whole is None and (to_peer or to_us):
        while to_peer:
            what = to_peer.popleft()
            sent_by_us += 1
            for _ in range(1 + to_peer_twice):
                to_us.extend(each for each in peer.take(what) for _ in range(1 + to_us_twice))
        outcome = ours.receive(to_us.popleft())
        to_peer.extend(outcome.replies)
        whole = outcome.whole
    assert whole == answer
    assert sent_by_us < 3 * (30 + 100)


def test_the_halves_by_themselves():
    sending = SentGeneralBlocks()
    assert sending.is_sent
    assert not sending.is_pending
    receiving = ReceivedGeneralBlocks(DEFAULT_LIMITS, 10)
    assert receiving.add(block(1, b"ab", last=True))
    assert (receiving.is_complete, receiving.joined(), receiving.size) == (True, b"ab", 2)
