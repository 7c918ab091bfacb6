"""The two kinds of general blocks of an association. With protection they are in test_connection_general_blocks.py."""

import pytest

from custom_components.cosem.dlms.apdu.initiate import Conformance
from custom_components.cosem.dlms.limits import DEFAULT_LIMITS
from custom_components.cosem.dlms.protocol.association_blocks import AssociationBlocks
from custom_components.cosem.dlms.protocol.leniencies import Leniency
from custom_components.cosem.dlms.protocol.proposal import Negotiated
from custom_components.cosem.dlms.protocol.states import State
from tests.dlms.protocol.test_reassembly import block

AGREED = Negotiated(
    conformance=Conformance.GENERAL_BLOCK_TRANSFER,
    server_max_receive_pdu_size=0,
    dlms_version=6,
    vaa_name=7,
    diagnostic=0,
)


@pytest.fixture
def blocks():
    return AssociationBlocks(DEFAULT_LIMITS)


def test_a_request_that_fits_is_sent_whole(blocks):
    assert blocks.first_of(b"12345", 5) == b"12345"


def test_a_request_that_does_not_fit_is_cut(blocks):
    assert blocks.first_of(bytes(30), 29)[:2] == b"\xe0\x0f"


def test_what_is_under_way_is_given_up_in_its_own_protection(blocks):
    assert blocks.give_up(bytes) == []
    blocks.first_of(bytes(30), 29)
    (goodbye,) = blocks.give_up(bytes)
    assert goodbye == bytes.fromhex("E08F0000000000")
    blocks.first_of(bytes(30), 29, is_protected=True)
    assert blocks.give_up(lambda octets: b"protected " + octets) == [b"protected " + goodbye]
    assert blocks.give_up(bytes) == []


@pytest.mark.parametrize("is_protected", [False, True])
def test_an_answer_that_is_whole_shows_how_the_meter_protects(blocks, is_protected):
    blocks.receive(block(1, b"\xc4", window=1), is_protected=is_protected, waiting=True)
    assert blocks.protects_each is None
    blocks.receive(block(2, b"\x01", last=True), is_protected=is_protected, waiting=True)
    assert blocks.protects_each is is_protected


def test_a_push_and_an_aare_show_nothing_of_it(blocks):
    blocks.receive(block(1, b"\x0f", last=True), is_protected=True, waiting=False)
    blocks.receive(block(1, b"\x61", last=True), is_protected=False, waiting=True)
    assert blocks.protects_each is None


def test_a_request_whose_protected_blocks_are_not_taken_shows_that_the_meter_does_otherwise(blocks):
    blocks.first_of(bytes(30), 29, is_protected=True)
    assert blocks.protects_each is False
    blocks.receive(block(1, ack=0, last=True), is_protected=True, waiting=True)
    assert blocks.protects_each is False
    blocks.receive(block(2, ack=1, last=True), is_protected=True, waiting=True)
    assert blocks.protects_each is True


def test_a_new_request_drops_what_was_under_way(blocks):
    blocks.receive(block(1, b"\xc4", window=1), is_protected=True, waiting=True)
    blocks.first_of(b"1", 5)
    assert blocks.progress == (0, 0)
    assert not blocks.will_ask_again
    assert blocks.ask_again(bytes, repeats=True) == []


def test_only_the_acknowledgement_of_protected_blocks_is_protected(blocks):
    blocks.receive(block(1, b"\xc4", window=1), is_protected=True, waiting=True)
    blocks.receive(block(1, b"\xc4", window=1), is_protected=False, waiting=True)
    plain, protected = blocks.ask_again(lambda octets: b"protected " + octets, repeats=True)
    assert plain[0] == 0xE0
    assert protected.startswith(b"protected ")


@pytest.mark.parametrize(
    ("state", "negotiated", "is_protected", "expected"),
    [
        (State.AWAITING_ANSWER, AGREED, False, set()),
        (State.AWAITING_ANSWER, AGREED, True, {Leniency.GENERAL_BLOCKS_PROTECTED_EACH}),
        (State.AWAITING_ANSWER, None, False, {Leniency.UNNEGOTIATED_GENERAL_BLOCKS}),
        (State.ASSOCIATING, None, False, {Leniency.AARE_IN_GENERAL_BLOCKS}),
    ],
)
def test_what_a_block_does_differently_has_a_name(blocks, state, negotiated, is_protected, expected):
    blocks.receive(block(1, b"\xc4", window=1), is_protected=is_protected, waiting=True)
    assert blocks.leniencies(state, negotiated) == expected


def test_empty_blocks_without_numbers_have_a_name(blocks):
    blocks.first_of(bytes(30), 29)
    blocks.receive(block(1, ack=1), is_protected=False, waiting=True)
    blocks.receive(block(1, b"\xc5", ack=2), is_protected=False, waiting=True)
    assert blocks.leniencies(State.AWAITING_ANSWER, AGREED) == {Leniency.EMPTY_BLOCKS_NOT_COUNTED}


@pytest.mark.parametrize("is_protected", [False, True])
def test_a_part_of_an_answer_is_data_whose_end_is_missing(blocks, is_protected):
    blocks.first_of(bytes(30), 29, is_protected=is_protected)
    blocks.receive(block(1, b"", ack=1), is_protected=is_protected, waiting=True)
    assert not blocks.has_part
    blocks.receive(block(2, b"\xc4", ack=2), is_protected=is_protected, waiting=True)
    assert blocks.has_part
    blocks.receive(block(3, b"\x01", ack=2, last=True), is_protected=is_protected, waiting=True)
    assert not blocks.has_part
