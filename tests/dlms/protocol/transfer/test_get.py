import pytest

from custom_components.cosem.dlms.apdu.common import AttributeDescriptor, InvokeIdAndPriority, Selection
from custom_components.cosem.dlms.apdu.initiate import Conformance
from custom_components.cosem.dlms.encoding.data import NULL
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.errors import DataAccessError, DecodeError, LimitExceeded, LocalProtocolError
from custom_components.cosem.dlms.limits import Limits
from custom_components.cosem.dlms.protocol.leniencies import Leniency
from custom_components.cosem.dlms.protocol.transfer import Complete, Continues, Failed
from custom_components.cosem.dlms.protocol.transfer.get import GetList, GetOne
from tests.dlms.scripted import CLOCK, ENERGY, POWER, access_error, block, block_error, unsigned, value, values

LIMITS = Limits(blocks_per_transfer=5, assembled_value=100)


def ask(selection=None, invoke_id=1):
    """One attribute was asked for."""
    transfer = GetOne(CLOCK, selection)
    transfer.first(InvokeIdAndPriority(invoke_id), LIMITS)
    return transfer


def ask_list(*attributes, invoke_id=1):
    transfer = GetList([(attribute, None) for attribute in attributes])
    transfer.first(InvokeIdAndPriority(invoke_id), LIMITS)
    return transfer


def code_of(outcome):
    assert isinstance(outcome, Failed)
    return outcome.error.result


# -- requests


def test_request_is_the_published_one():
    assert GetOne(CLOCK).first(InvokeIdAndPriority(1), LIMITS).hex().upper() == "C001C100080000010000FF0200"


@pytest.mark.parametrize("transfer", [GetOne(CLOCK), GetList([(CLOCK, None)])])
def test_a_get_has_no_unconfirmed_form(transfer):
    with pytest.raises(LocalProtocolError, match="always answered"):
        transfer.first(InvokeIdAndPriority(1, confirmed=False), Limits())


def test_request_with_selection_needs_the_service():
    transfer = GetOne(CLOCK, Selection(2, NULL))
    assert transfer.first(InvokeIdAndPriority(1), LIMITS).hex().upper() == "C001C100080000010000FF02010200"
    assert transfer.needs == Conformance.SELECTIVE_ACCESS
    assert not GetOne(CLOCK).needs


def test_list_request_counts_its_items_and_needs_the_service():
    transfer = GetList([(CLOCK, None), (ENERGY, None)])
    octets = transfer.first(InvokeIdAndPriority(1), LIMITS)
    assert octets.hex().upper() == "C003C10200080000010000FF020000030100010800FF0200"
    assert transfer.needs == Conformance.MULTIPLE_REFERENCES
    selecting = GetList([(CLOCK, None), (ENERGY, Selection(2, NULL))])
    assert selecting.needs == Conformance.MULTIPLE_REFERENCES | Conformance.SELECTIVE_ACCESS


def test_a_list_of_nothing_is_our_own_mistake():
    with pytest.raises(LocalProtocolError, match="at least one"):
        GetList([])


def test_numbers_that_do_not_fit_are_our_own_mistake():
    name = LogicalName(bytes(6))
    for class_id, index in ((70_000, 2), (3, 200)):
        with pytest.raises(LocalProtocolError, match="cannot be encoded"):
            GetOne(AttributeDescriptor(class_id, name, index)).first(InvokeIdAndPriority(1), LIMITS)


def test_reading_may_be_repeated():
    assert GetOne(CLOCK).may_be_repeated
    assert GetList([(CLOCK, None)]).may_be_repeated


def test_only_a_single_request_tells_a_lost_association():
    """A meter that knows no lists may say of one what another says of a lost association."""
    assert GetOne(CLOCK).unknown_means_lost
    assert not GetList([(CLOCK, None)]).unknown_means_lost


# -- answers at once


def test_value_of_a_single_attribute():
    transfer = ask()
    assert transfer.receive(value(unsigned(7))) == Complete(unsigned(7))


def test_error_of_a_single_attribute():
    transfer = ask()
    assert code_of(transfer.receive(access_error(4))) == 4


def test_list_comes_as_it_is():
    transfer = ask_list(CLOCK, ENERGY)
    assert transfer.receive(values(unsigned(1), 3)) == Complete(b"\x02\x00" + unsigned(1) + b"\x01\x03")


def test_list_of_one_may_be_answered_like_a_single_attribute():
    transfer = ask_list(CLOCK)
    assert transfer.receive(value(unsigned(7))) == Complete(b"\x01\x00" + unsigned(7))
    transfer = ask_list(CLOCK)
    assert transfer.receive(access_error(3)) == Complete(b"\x01\x01\x03")


def test_priority_and_reserved_bits_of_the_answer_do_not_matter():
    transfer = ask()
    assert transfer.receive(bytes.fromhex("C401310016FF")) == Complete(b"\x16\xff")


# -- S22: what belongs to nothing


def test_s22_other_invoke_id_belongs_to_nothing():
    transfer = ask()
    assert transfer.receive(value(unsigned(7), invoke_id=2)) is None
    assert transfer.receive(block(1, b"x", invoke_id=0)) is None
    assert transfer.receive(value(unsigned(8))) == Complete(unsigned(8))


@pytest.mark.parametrize("transfer", [GetOne(CLOCK), GetList([(CLOCK, None)])], ids=["one", "list"])
def test_s22_nothing_belongs_to_a_request_that_was_not_sent(transfer):
    assert transfer.receive(value(unsigned(7))) is None
    assert transfer.receive(block(1, b"x")) is None


@pytest.mark.parametrize(
    "octets", ["C403C102000000", "C403C100", "C403C101", "C403C10102", "C403C1010103FF", "C403C1020103", "C403C1010203"]
)
def test_s22_a_list_is_no_answer_to_a_single_attribute(octets):
    assert ask().receive(bytes.fromhex(octets)) is None


def test_trial_01_a_list_of_one_is():
    assert ask().receive(values(unsigned(1))) == Complete(unsigned(1))
    assert code_of(ask().receive(values(4))) == 4


@pytest.mark.parametrize("number", [2, 0xFFFF_FFFF])
def test_s22_the_first_block_has_number_1(number):
    transfer = ask()
    assert transfer.receive(block(number, b"x")) is None
    assert isinstance(transfer.receive(block(1, b"x")), Continues)


@pytest.mark.parametrize("ask_for", [ask, lambda: ask_list(CLOCK, ENERGY)], ids=["one", "list"])
def test_trial_08_blocks_may_be_numbered_from_0(ask_for):
    transfer = ask_for()
    outcome = transfer.receive(block(0, b"ab"))
    assert isinstance(outcome, Continues)
    assert (outcome.block_number, outcome.leniency) == (0, Leniency.BLOCKS_FROM_0)
    assert outcome.request.hex().upper() == "C002C100000000", "the block that came is acknowledged"
    assert transfer.receive(block(0, b"ab")) is None
    assert transfer.receive(block(2, b"ef")) is None
    assert transfer.receive(block(1, b"cd", last=True)) == Complete(b"abcd", Leniency.BLOCKS_FROM_0)


def test_trial_08_one_block_may_have_the_number_0():
    assert ask().receive(block(0, b"ab", last=True)) == Complete(b"ab", Leniency.BLOCKS_FROM_0)


def test_trial_08_each_transfer_has_numbers_of_its_own():
    transfer = ask()
    transfer.receive(block(0, b"ab"))
    transfer.first(InvokeIdAndPriority(1), LIMITS)
    assert transfer.receive(block(1, b"cd", last=True)) == Complete(b"cd", None)


def test_s22_a_repeated_or_skipped_block_belongs_to_nothing():
    transfer = ask()
    transfer.receive(block(1, b"ab"))
    assert transfer.receive(block(1, b"ab")) is None
    assert transfer.receive(block(3, b"ef")) is None
    assert transfer.receive(block(2, b"cd", last=True)) == Complete(b"abcd")


def test_s22_a_whole_answer_within_a_transfer_belongs_to_nothing():
    transfer = ask()
    transfer.receive(block(1, b"ab"))
    assert transfer.receive(value(unsigned(7))) is None
    transfer = ask_list(CLOCK, POWER, invoke_id=2)
    transfer.receive(block(1, b"ab", invoke_id=2))
    assert transfer.receive(values(unsigned(7), invoke_id=2)) is None


@pytest.mark.parametrize("ask_for", [ask, lambda: ask_list(CLOCK, ENERGY)])
def test_blocks_of_two_answers_to_one_question_are_no_value(ask_for):
    transfer = ask_for()
    transfer.receive(block(1, b"ab"))
    assert transfer.receive(block(1, b"ab")) is None
    assert code_of(transfer.receive(block(1, b"xy"))) == 250


# -- blocks


def test_blocks_are_acknowledged_and_put_together():
    transfer = ask()
    first = transfer.receive(block(1, b"ab"))
    assert (first.block_number, first.size, first.request.hex().upper()) == (1, 2, "C002C100000001")
    second = transfer.receive(block(2, b"cde"))
    assert (second.block_number, second.size, second.request.hex().upper()) == (2, 5, "C002C100000002")
    assert transfer.receive(block(3, b"f", last=True)) == Complete(b"abcdef")


def test_blocks_of_a_list_are_the_list():
    transfer = ask_list(CLOCK, ENERGY)
    transfer.receive(block(1, b"\x02\x00"))
    assert transfer.receive(block(2, b"\x00\x00", last=True)) == Complete(b"\x02\x00\x00\x00")


def test_leniency_last_block_ff():
    transfer = ask()
    assert transfer.receive(block(1, b"ab", last=0xFF)) == Complete(b"ab")


def test_leniency_empty_block_that_is_not_the_last():
    transfer = ask()
    assert isinstance(transfer.receive(block(1, b"")), Continues)
    assert transfer.receive(block(2, b"ab", last=True)) == Complete(b"ab")


@pytest.mark.parametrize("code", [14, 15, 16, 19])
@pytest.mark.parametrize("number", [2, 0])
def test_server_aborts_a_transfer(code, number):
    transfer = ask()
    transfer.receive(block(1, b"ab"))
    assert code_of(transfer.receive(block_error(number, code))) == code


def test_leniency_server_aborts_a_transfer_with_a_plain_error():
    transfer = ask_list(CLOCK, ENERGY)
    transfer.receive(block(1, b"ab"))
    assert code_of(transfer.receive(access_error(15))) == 15


def test_a_transfer_that_is_sent_again_starts_empty():
    transfer = ask()
    transfer.receive(block(1, b"ab"))
    transfer.first(InvokeIdAndPriority(2), LIMITS)
    assert transfer.receive(block(2, b"cd", last=True)) is None
    assert transfer.receive(block(1, b"cd", last=True, invoke_id=2)) == Complete(b"cd")


# -- limits


def test_number_of_blocks_is_limited_also_when_they_are_empty():
    transfer = ask()
    for number in range(1, 6):
        assert isinstance(transfer.receive(block(number, b"")), Continues)
    with pytest.raises(LimitExceeded, match="5 blocks"):
        transfer.receive(block(6, b"", last=True))


def test_octets_of_a_value_are_limited():
    transfer = ask()
    transfer.receive(block(1, bytes(100)))
    with pytest.raises(LimitExceeded, match="100 octets"):
        transfer.receive(block(2, b"x", last=True))


@pytest.mark.parametrize(
    "octets",
    ["C4", "C404C100", "C401C1", "C401C101", "C401C10104FF", "C402C10000000001", "C402C1000000000102"],
)
def test_octets_that_are_no_get_response(octets):
    transfer = ask()
    with pytest.raises(DecodeError):
        transfer.receive(bytes.fromhex(octets))


@pytest.mark.parametrize("ask_for", [ask, lambda: ask_list(CLOCK, ENERGY)], ids=["one", "list"])
@pytest.mark.parametrize("octets", ["C401C100", "C401C102", "C401C10600000007"])
def test_trial_09_a_result_that_is_neither_value_nor_error_costs_only_itself(ask_for, octets):
    outcome = ask_for().receive(bytes.fromhex(octets))
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, DataAccessError)
    assert outcome.error.undecodable


@pytest.mark.parametrize("octets", ["C401C200", "C401C202", "C401C101", "C401C1", "C404C102", "C402C102"])
def test_trial_09_what_may_answer_something_else_stays_an_error(octets):
    with pytest.raises(DecodeError):
        ask().receive(bytes.fromhex(octets))
    transfer = ask()
    transfer.receive(block(1, b"ab"))
    with pytest.raises(DecodeError):
        transfer.receive(bytes.fromhex("C401C102"))


@pytest.mark.parametrize("build", [value(unsigned(7)), values(unsigned(7), 3), block(1, b"abcdef"), access_error(4)])
def test_every_truncation_raises_or_leaves_the_value_to_its_decoder(build):
    for end in range(1, len(build)):
        transfer = ask()
        try:
            outcome = transfer.receive(build[:end])
        except DecodeError:
            continue
        assert outcome is None or isinstance(outcome, (Complete, Failed))


def as_list(apdu):
    """C4 03 with the body of C4 02."""
    return apdu[:1] + b"\x03" + apdu[2:]


def test_blocks_of_a_list_may_come_in_the_form_of_a_list():
    transfer = ask_list(CLOCK, ENERGY)
    outcome = transfer.receive(as_list(block(1, b"\x02\x00\x11")))
    assert isinstance(outcome, Continues)
    assert outcome.leniency is Leniency.LIST_BLOCKS_AS_LIST
    assert outcome.request.hex().upper() == "C002C100000001"
    complete = transfer.receive(as_list(block(2, b"\x07\x01\x04", last=True)))
    assert complete == Complete(b"\x02\x00\x11\x07\x01\x04", Leniency.LIST_BLOCKS_AS_LIST)


def test_a_list_that_is_no_block_stays_a_list():
    assert ask_list(CLOCK, ENERGY).receive(values(b"\x11\x07", 4)) == Complete(b"\x02\x00\x11\x07\x01\x04")
    too_few = bytes.fromhex("C403C101001107")
    assert ask_list(CLOCK, ENERGY).receive(too_few) == Complete(too_few[3:])
    assert ask().receive(as_list(block(1, b"\x11"))) is None
