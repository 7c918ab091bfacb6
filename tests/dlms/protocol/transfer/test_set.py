"""SET as octets: requests whole and in blocks, and what each response means."""

import pytest

from custom_components.cosem.dlms.apdu.common import InvokeIdAndPriority, Selection
from custom_components.cosem.dlms.apdu.initiate import Conformance
from custom_components.cosem.dlms.encoding.data import NULL, double_long_unsigned, octet_string
from custom_components.cosem.dlms.errors import DataAccessError, DecodeError, LocalProtocolError, OutcomeUnknown
from custom_components.cosem.dlms.limits import DEFAULT_LIMITS
from custom_components.cosem.dlms.protocol.leniencies import Leniency
from custom_components.cosem.dlms.protocol.transfer import Complete, Continues, Failed, Outcome
from custom_components.cosem.dlms.protocol.transfer.set import SetList, SetOne
from tests.dlms.scripted import CLOCK, ENERGY

FIRST = InvokeIdAndPriority(1)
LONG = octet_string(bytes(range(20)))
ROOM = 26
"""C1 02 for the clock has 19 octets around the raw-data."""


def octets(text: str) -> bytes:
    return bytes.fromhex(text)


def sent(transfer: SetOne | SetList, room: int = 1000) -> str:
    return transfer.first(FIRST, DEFAULT_LIMITS, room).hex().upper()


def after(transfer: SetOne | SetList, answer: str, room: int = 1000) -> Outcome | None:
    """What becomes of a transfer after one answer."""
    transfer.first(FIRST, DEFAULT_LIMITS, room)
    return transfer.receive(octets(answer))


def refusal(outcome: Outcome | None) -> int:
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, DataAccessError)
    return outcome.error.result


# -- whole


def test_request_for_one_attribute():
    transfer = SetOne(CLOCK, double_long_unsigned(7))
    assert sent(transfer) == "C101C100080000010000FF02000600000007"
    assert transfer.needs == Conformance.SET


def test_request_for_a_part_needs_selective_access():
    transfer = SetOne(CLOCK, NULL, Selection(2, NULL))
    assert sent(transfer) == "C101C100080000010000FF0201020000"
    assert transfer.needs == Conformance.SET | Conformance.SELECTIVE_ACCESS


def test_request_for_a_list():
    transfer = SetList([(CLOCK, NULL), (ENERGY, double_long_unsigned(7))])
    assert sent(transfer) == "C104C10200080000010000FF020000030100010800FF020002000600000007"
    assert transfer.needs == Conformance.SET | Conformance.MULTIPLE_REFERENCES


def test_writing_nothing_is_our_own_mistake():
    with pytest.raises(LocalProtocolError, match="at least one"):
        SetList([])


def test_writing_is_never_repeated():
    assert not SetOne(CLOCK, NULL).may_be_repeated
    assert not SetList([(CLOCK, NULL)]).may_be_repeated
    assert not SetOne(CLOCK, NULL).unknown_means_lost


@pytest.mark.parametrize("answer", ["C501C100", "C503C10000000001", "C504C1010000000001", "C505C10100"])
def test_success_counts_in_every_form(answer: str):
    leniency = None if answer.startswith("C501") else Leniency.SET_RESULT_IN_ANOTHER_FORM
    assert after(SetOne(CLOCK, NULL), answer) == Complete(b"", leniency)


@pytest.mark.parametrize("answer", ["C501C103", "C503C10300000001", "C504C1010300000001", "C505C10103"])
def test_a_refusal_counts_in_every_form(answer: str):
    assert refusal(after(SetOne(CLOCK, NULL), answer)) == 3


@pytest.mark.parametrize("answer", ["C505C100", "C504C10000000001"])
def test_a_response_without_a_result_is_none(answer: str):
    with pytest.raises(DecodeError, match="without a result"):
        after(SetOne(CLOCK, NULL), answer)


def test_octets_behind_a_result_are_an_error():
    with pytest.raises(DecodeError):
        after(SetOne(CLOCK, NULL), "C501C10000")


def test_another_invoke_id_belongs_elsewhere():
    assert after(SetOne(CLOCK, NULL), "C501C200") is None
    assert SetOne(CLOCK, NULL).receive(octets("C501C100")) is None, "and before anything was asked, everything does"


def test_a_demand_for_a_block_belongs_elsewhere_where_there_are_none():
    assert after(SetOne(CLOCK, NULL), "C502C100000001") is None


def test_list_has_a_result_for_each():
    outcome = after(SetList([(CLOCK, NULL), (ENERGY, NULL)]), "C505C1020003")
    assert outcome == Complete(b"\x00\x03")


def test_one_success_counts_for_the_whole_list():
    outcome = after(SetList([(CLOCK, NULL), (ENERGY, NULL)]), "C501C100")
    assert outcome == Complete(b"\x00\x00", Leniency.SET_RESULT_IN_ANOTHER_FORM)


def test_one_refusal_does_not_tell_which_attributes_were_written():
    outcome = after(SetList([(CLOCK, NULL), (ENERGY, NULL)]), "C501C103")
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, OutcomeUnknown)
    assert "one refusal for 2 attributes" in str(outcome.error)


@pytest.mark.parametrize("answer", ["C505C10100", "C505C10103", "C504C10100 00000001"])
def test_a_list_of_one_result_may_be_that_of_the_first_attribute_only(answer: str):
    outcome = after(SetList([(CLOCK, NULL), (ENERGY, NULL)]), answer)
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, OutcomeUnknown)
    assert "one result for 2 attributes" in str(outcome.error)
    assert after(SetList([(CLOCK, NULL)]), "C505C10103") == Complete(b"\x03")


def test_results_of_another_number_tell_nothing():
    outcome = after(SetList([(CLOCK, NULL), (ENERGY, NULL)]), "C505C103000000")
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, OutcomeUnknown)
    assert "3 results for 2 attributes" in str(outcome.error)


@pytest.mark.parametrize("answer", ["C505C103000000", "C505C102 0000", "C505C1020003", "C504C1020000 00000001"])
def test_several_results_for_one_attribute_tell_nothing(answer: str):
    outcome = after(SetOne(CLOCK, NULL), answer)
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, OutcomeUnknown)
    assert "results for one attribute" in str(outcome.error)


@pytest.mark.parametrize("answer", ["C505C10100", "C504C10100 00000001"])
def test_a_list_of_one_result_is_that_of_one_attribute(answer: str):
    assert after(SetOne(CLOCK, NULL), answer) == Complete(b"", Leniency.SET_RESULT_IN_ANOTHER_FORM)


# -- in blocks


def test_blocks_of_one_attribute():
    transfer = SetOne(CLOCK, LONG)
    assert sent(transfer, ROOM) == "C102C100080000010000FF020000000000010709140001020304"
    assert transfer.needs == Conformance.SET | Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE
    outcome = transfer.receive(octets("C502C100000001"))
    assert isinstance(outcome, Continues)
    assert outcome.request.hex().upper() == "C103C101000000020F05060708090A0B0C0D0E0F10111213"
    assert (outcome.block_number, outcome.size) == (2, 22)
    assert transfer.receive(octets("C503C10000000002")) == Complete(b"")


def test_blocks_of_a_list():
    transfer = SetList([(CLOCK, LONG)])
    assert sent(transfer, 30) == "C105C10100080000010000FF020000000000010A01091400010203040506"
    outcome = transfer.receive(octets("C502C100000001"))
    assert isinstance(outcome, Continues)
    assert transfer.receive(octets("C504C1010300000002")) == Complete(b"\x03")


def test_octets_too_many_behind_the_demand_do_no_harm():
    outcome = after(SetOne(CLOCK, LONG), "C502C100000001010203", ROOM)
    assert isinstance(outcome, Continues)
    assert outcome.leniency is Leniency.SURPLUS_BEHIND_SET_BLOCK
    assert after(SetOne(CLOCK, LONG), "C502C100000002010203", ROOM) is None


@pytest.mark.parametrize("answer", ["C501C100", "C504C1010000000002", "C505C10100"])
def test_the_result_of_blocks_counts_in_every_form(answer: str):
    transfer = SetOne(CLOCK, LONG)
    assert isinstance(after(transfer, "C502C100000001", ROOM), Continues)
    assert transfer.receive(octets(answer)) == Complete(b"", Leniency.SET_RESULT_IN_ANOTHER_FORM)


def test_a_demand_for_another_block_belongs_elsewhere():
    transfer = SetOne(CLOCK, LONG)
    assert after(transfer, "C502C100000002", ROOM) is None
    assert isinstance(transfer.receive(octets("C502C100000001")), Continues)
    assert transfer.receive(octets("C502C100000002")) is None, "nothing is left to send"


@pytest.mark.parametrize("answer", ["C501C111", "C503C11100000001"])
def test_the_meter_can_end_it(answer: str):
    assert refusal(after(SetOne(CLOCK, LONG), answer, ROOM)) == 17


def test_success_before_everything_was_sent_tells_nothing():
    outcome = after(SetOne(CLOCK, LONG), "C501C100", ROOM)
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, OutcomeUnknown)


def test_a_second_first_begins_anew():
    transfer = SetOne(CLOCK, LONG)
    before = sent(transfer, ROOM)
    transfer.receive(octets("C502C100000001"))
    assert sent(transfer, ROOM) == before
    sent(transfer)
    assert transfer.needs == Conformance.SET, "what fits needs no blocks"


# -- edges


def test_what_it_is_before_it_is_asked():
    assert SetOne(CLOCK, NULL).needs == Conformance.SET
    assert SetList([(CLOCK, NULL)]).needs == Conformance.SET | Conformance.MULTIPLE_REFERENCES
    assert SetOne(CLOCK, NULL).awaited == "set-response"


def test_what_just_fits_is_sent_whole():
    whole = SetOne(CLOCK, LONG).first(FIRST, DEFAULT_LIMITS, 1000)
    assert SetOne(CLOCK, LONG).first(FIRST, DEFAULT_LIMITS, len(whole)) == whole
    assert SetOne(CLOCK, LONG).first(FIRST, DEFAULT_LIMITS, len(whole) - 1) != whole


def test_fewer_results_than_attributes_tell_nothing():
    outcome = after(SetList([(CLOCK, NULL), (ENERGY, NULL), (CLOCK, NULL)]), "C505C1020000")
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, OutcomeUnknown)
