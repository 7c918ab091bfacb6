"""Which blocks belong to an answer, which to a push, and which to nothing."""

from dataclasses import replace

import pytest

from custom_components.cosem.dlms.apdu import encode_apdu
from custom_components.cosem.dlms.apdu.block import GeneralBlockTransfer
from custom_components.cosem.dlms.errors import DecodeError, LimitExceeded
from custom_components.cosem.dlms.limits import DEFAULT_LIMITS, Limits
from custom_components.cosem.dlms.protocol.general_blocks import BlockOutcome
from custom_components.cosem.dlms.protocol.reassembly import Reassembly

GET_RESPONSE, DATA_NOTIFICATION, GENERAL_GLO, GLO_EVENT = b"\xc4", b"\x0f", b"\xdb", b"\xca"


def block(number, data=b"", *, ack=0, window=0, last=False, streaming=False):
    return encode_apdu(
        GeneralBlockTransfer(
            last_block=last,
            streaming=streaming,
            window=window,
            block_number=number,
            block_number_ack=ack,
            block_data=data,
        )
    )


@pytest.fixture
def reassembly():
    return Reassembly(DEFAULT_LIMITS)


@pytest.mark.parametrize("streaming", [False, True], ids=["the standard's form", "40 .. C0"])
@pytest.mark.parametrize("waiting", [False, True])
@pytest.mark.parametrize("first", [DATA_NOTIFICATION, GLO_EVENT])
def test_a_push_is_put_together_without_a_word(reassembly, streaming, waiting, first):
    outcomes = [
        reassembly.receive(block(1, first, streaming=streaming), waiting=waiting),
        reassembly.receive(block(2, b"b", streaming=streaming), waiting=waiting),
        reassembly.receive(block(3, b"c", streaming=streaming, last=True), waiting=waiting),
    ]
    assert [outcome.replies for outcome in outcomes] == [(), (), ()]
    assert all(outcome.is_pushed for outcome in outcomes)
    assert outcomes[-1].whole == first + b"bc"


def test_a_push_that_asks_for_an_acknowledgement_gets_none(reassembly):
    assert reassembly.receive(block(1, DATA_NOTIFICATION, window=3), waiting=True).replies == ()
    assert reassembly.receive(block(2, b"b", window=3, last=True), waiting=True).whole == DATA_NOTIFICATION + b"b"


def test_a_push_may_acknowledge_minus_one(reassembly):
    """As gurux-dlms does, in every second block from the third one on."""
    pieces = [block(1, DATA_NOTIFICATION), block(2, b"b"), block(3, b"c", ack=0xFFFF), block(4, b"d", last=True)]
    assert [reassembly.receive(piece, waiting=True).whole for piece in pieces[:3]] == [None] * 3
    assert reassembly.receive(pieces[3], waiting=True).whole == DATA_NOTIFICATION + b"bcd"


def test_a_block_of_a_push_may_be_overtaken(reassembly):
    assert reassembly.receive(block(1, DATA_NOTIFICATION), waiting=False).is_new
    assert reassembly.receive(block(3, b"c", last=True), waiting=False).whole is None
    assert reassembly.receive(block(2, b"b"), waiting=False).whole == DATA_NOTIFICATION + b"bc"


def test_while_an_answer_is_awaited_a_block_too_early_belongs_to_no_push(reassembly):
    reassembly.receive(block(1, DATA_NOTIFICATION), waiting=True)
    assert not reassembly.receive(block(3, b"c", last=True), waiting=True).is_pushed


def test_what_is_early_counts_for_the_size_of_a_push():
    reassembly = Reassembly(replace(DEFAULT_LIMITS, pushed_value=10))
    reassembly.receive(block(1, DATA_NOTIFICATION), waiting=False)
    reassembly.receive(block(3, b"12345"), waiting=False)
    with pytest.raises(LimitExceeded):
        reassembly.receive(block(4, b"12345"), waiting=False)


def test_a_second_push_may_begin_in_the_middle_of_the_first(reassembly):
    reassembly.receive(block(1, DATA_NOTIFICATION), waiting=False)
    reassembly.receive(block(1, DATA_NOTIFICATION), waiting=False)
    assert reassembly.receive(block(2, b"b", last=True), waiting=False).whole == DATA_NOTIFICATION + b"b"


def test_a_push_does_not_disturb_an_answer_under_way(reassembly):
    reassembly.receive(block(1, GET_RESPONSE, window=2), waiting=True)
    reassembly.receive(block(1, DATA_NOTIFICATION), waiting=True)
    assert reassembly.receive(block(2, b"x", window=2, ack=1), waiting=True).is_new
    assert reassembly.receive(block(2, b"b", last=True), waiting=True).whole == DATA_NOTIFICATION + b"b"
    assert reassembly.receive(block(3, b"y", window=2, ack=2, last=True), waiting=True).whole == GET_RESPONSE + b"xy"


def test_blocks_of_an_answer_to_nothing_are_left_out(reassembly):
    assert reassembly.receive(block(1, GET_RESPONSE, last=True), waiting=False) == BlockOutcome()
    assert not reassembly.exchange.is_under_way


def test_blocks_of_an_answer_that_was_whole_may_come_again(reassembly):
    last = block(2, b"b", last=True)
    reassembly.receive(block(1, GET_RESPONSE), waiting=True)
    assert reassembly.receive(last, waiting=True).whole
    assert reassembly.receive(last, waiting=False) == BlockOutcome(belongs=True, is_late=True)
    assert reassembly.receive(block(2, b"c", last=True), waiting=False) == BlockOutcome()


def test_what_may_be_a_push_is_acknowledged_after_a_silence_only(reassembly):
    assert reassembly.receive(block(1, GENERAL_GLO), waiting=True) == BlockOutcome(is_new=True)
    assert len(reassembly.exchange.ask_again()) == 1
    assert reassembly.receive(block(2, b"b", last=True), waiting=True).whole == GENERAL_GLO + b"b"


def test_a_sender_that_takes_blocks_is_acknowledged_though_it_may_be_a_push(reassembly):
    assert len(reassembly.receive(block(1, GENERAL_GLO, window=1), waiting=True).replies) == 1


def test_an_answer_of_a_sender_that_takes_no_block_is_acknowledged(reassembly):
    assert len(reassembly.receive(block(1, GET_RESPONSE), waiting=True).replies) == 1


def test_while_nothing_waits_a_ciphered_message_is_a_push(reassembly):
    assert reassembly.receive(block(1, GENERAL_GLO), waiting=False).is_pushed


def test_a_push_that_mixes_blocks_up_ends_no_request(reassembly):
    reassembly.receive(block(1, DATA_NOTIFICATION), waiting=True)
    reassembly.receive(block(2, b"b"), waiting=True)
    outcome = reassembly.receive(block(2, b"x"), waiting=True)
    assert (outcome.aborted, outcome.is_new) == (False, False)


def test_pushes_are_shorter_than_answers():
    reassembly = Reassembly(Limits(pushed_value=2))
    reassembly.receive(block(1, DATA_NOTIFICATION + b"a"), waiting=False)
    with pytest.raises(LimitExceeded):
        reassembly.receive(block(2, b"b"), waiting=False)


def test_a_first_block_without_data_is_no_push(reassembly):
    assert reassembly.receive(block(1), waiting=False) == BlockOutcome()


@pytest.mark.parametrize("octets", ["E0", "E08000010000", "E0800001000001", "E08000010000010000"])
def test_what_is_no_block_is_an_error(reassembly, octets):
    with pytest.raises(DecodeError):
        reassembly.receive(bytes.fromhex(octets), waiting=True)
