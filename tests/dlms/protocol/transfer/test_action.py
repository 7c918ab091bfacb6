"""ACTION as octets: requests whole and in blocks, and what each response means."""

import pytest

from custom_components.cosem.dlms.apdu.action import ActionOutcome
from custom_components.cosem.dlms.apdu.common import DataAccessResult, InvokeIdAndPriority, MethodDescriptor
from custom_components.cosem.dlms.apdu.initiate import Conformance
from custom_components.cosem.dlms.encoding.data import NULL, Data, octet_string, unsigned
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.errors import (
    ActionError,
    DataAccessError,
    DecodeError,
    LimitExceeded,
    LocalProtocolError,
    OutcomeUnknown,
)
from custom_components.cosem.dlms.limits import DEFAULT_LIMITS, Limits
from custom_components.cosem.dlms.protocol.leniencies import Leniency
from custom_components.cosem.dlms.protocol.transfer import Complete, Continues, Failed, Outcome
from custom_components.cosem.dlms.protocol.transfer.action import (
    VALUE_MISSING,
    ActionList,
    ActionOne,
    returned,
    returned_or_error,
)

FIRST = InvokeIdAndPriority(1)
RESET = MethodDescriptor(3, LogicalName.parse("1.0.1.8.0.255"), 1)
CAPTURE = MethodDescriptor(7, LogicalName.parse("1.0.99.1.0.255"), 2)
LONG = octet_string(bytes(range(20)))
ROOM = 25
"""C3 04 for a method has 18 octets around the raw-data."""


def octets(text: str) -> bytes:
    return bytes.fromhex(text)


def sent(transfer: ActionOne | ActionList, room: int = 1000) -> str:
    return transfer.first(FIRST, DEFAULT_LIMITS, room).hex().upper()


def after(transfer: ActionOne | ActionList, *answers: str, room: int = 1000) -> Outcome | None:
    """What becomes of a transfer after answers."""
    transfer.first(FIRST, DEFAULT_LIMITS, room)
    for answer in answers:
        outcome = transfer.receive(octets(answer))
    return outcome


def decoded(transfer: ActionOne, outcome: Outcome | None) -> ActionOutcome:
    assert isinstance(outcome, Complete)
    return transfer.decode(outcome.octets, DEFAULT_LIMITS)


def block(number: int, payload: str, *, last: bool) -> str:
    raw = octets(payload)
    return f"C702C1{int(last):02X}{number:08X}{len(raw):02X}{payload}"


# -- whole


def test_request_without_and_with_parameters():
    assert sent(ActionOne(RESET)) == "C301C100030100010800FF0100"
    assert sent(ActionOne(RESET, unsigned(5))) == "C301C100030100010800FF01011105"
    assert ActionOne(RESET).needs == Conformance.ACTION


def test_request_for_a_list():
    transfer = ActionList([(RESET, None), (CAPTURE, unsigned(5))])
    assert sent(transfer) == "C303C10200030100010800FF0100070100630100FF0202001105"
    assert transfer.needs == Conformance.ACTION | Conformance.MULTIPLE_REFERENCES


def test_executing_nothing_is_our_own_mistake():
    with pytest.raises(LocalProtocolError, match="at least one"):
        ActionList([])


def test_executing_is_never_repeated():
    assert not ActionOne(RESET).may_be_repeated
    assert not ActionList([(RESET, None)]).may_be_repeated
    assert not ActionOne(RESET).unknown_means_lost


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("C701C10000", ActionOutcome(DataAccessResult(0))),
        ("C701C10001001105", ActionOutcome(DataAccessResult(0), unsigned(5))),
        ("C701C100010103", ActionOutcome(DataAccessResult(0), DataAccessResult(3))),
        ("C701C10300", ActionOutcome(DataAccessResult(3))),
        ("C701C103", ActionOutcome(DataAccessResult(3))),
        ("C701C100", ActionOutcome(DataAccessResult(0))),
    ],
)
def test_what_a_response_says(answer: str, outcome: ActionOutcome):
    transfer = ActionOne(RESET)
    assert decoded(transfer, after(transfer, answer)) == outcome


@pytest.mark.parametrize("answer", ["C701C1", "C701C1000100", "C701C1000000", "C701C11105"])
def test_a_response_that_is_none(answer: str):
    transfer = ActionOne(RESET)
    with pytest.raises(DecodeError):
        decoded(transfer, after(transfer, answer))


@pytest.mark.parametrize("answer", ["C705C100", "C700C100"])
def test_a_form_that_does_not_exist(answer: str):
    with pytest.raises(DecodeError, match="Action-Response"):
        after(ActionOne(RESET), answer)


def test_another_invoke_id_belongs_elsewhere():
    assert after(ActionOne(RESET), "C701C20000") is None
    assert ActionOne(RESET).receive(octets("C701C10000")) is None, "and before anything was asked, everything does"


def test_the_other_form_belongs_elsewhere():
    assert after(ActionOne(RESET), "C703C10200000000") is None
    assert after(ActionOne(RESET), "C703C100") is None
    assert after(ActionList([(RESET, None), (CAPTURE, None)]), "C701C10000") is None


def test_a_list_of_one_may_be_answered_like_one_method_and_the_other_way_round():
    transfer = ActionOne(RESET)
    assert decoded(transfer, after(transfer, "C703C1010300")) == ActionOutcome(DataAccessResult(3))
    transfers = ActionList([(RESET, None)])
    outcome = after(transfers, "C701C10300")
    assert isinstance(outcome, Complete)
    assert transfers.decode(outcome.octets, DEFAULT_LIMITS) == (ActionOutcome(DataAccessResult(3)),)


def test_success_before_everything_was_sent_tells_nothing():
    outcome = after(ActionOne(RESET, LONG), "C701C10000", room=ROOM)
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, OutcomeUnknown)


def test_list_has_an_outcome_for_each():
    transfer = ActionList([(RESET, None), (CAPTURE, None)])
    outcome = after(transfer, "C703C102000003 00".replace(" ", ""))
    assert isinstance(outcome, Complete)
    assert transfer.decode(outcome.octets, DEFAULT_LIMITS) == (
        ActionOutcome(DataAccessResult(0)),
        ActionOutcome(DataAccessResult(3)),
    )


def test_outcomes_of_another_number_are_an_error():
    transfer = ActionList([(RESET, None), (CAPTURE, None)])
    outcome = after(transfer, "C703C1010000")
    assert isinstance(outcome, Complete)
    with pytest.raises(DecodeError, match="1 outcomes for 2 methods"):
        transfer.decode(outcome.octets, DEFAULT_LIMITS)


# -- what we send in blocks


def test_blocks_of_a_request():
    transfer = ActionOne(RESET, LONG)
    assert sent(transfer, ROOM) == "C304C100030100010800FF0100000000010709140001020304"
    assert transfer.needs == Conformance.ACTION | Conformance.BLOCK_TRANSFER_WITH_ACTION
    outcome = transfer.receive(octets("C704C100000001"))
    assert isinstance(outcome, Continues)
    assert outcome.request.hex().upper() == "C306C101000000020F05060708090A0B0C0D0E0F10111213"
    assert (outcome.block_number, outcome.size) == (2, 22)
    assert decoded(transfer, transfer.receive(octets("C701C10000"))) == ActionOutcome(DataAccessResult(0))


def test_blocks_of_a_list():
    transfer = ActionList([(RESET, LONG)])
    assert sent(transfer, 28).startswith("C305C10100030100010800FF0100000000010901091400")
    assert isinstance(transfer.receive(octets("C704C100000001")), Continues)


def test_without_parameters_nothing_is_left_to_cut():
    with pytest.raises(LocalProtocolError, match="too few for a block"):
        sent(ActionOne(RESET), 12)


def test_a_demand_for_another_block_belongs_elsewhere():
    assert after(ActionOne(RESET), "C704C100000001") is None
    transfer = ActionOne(RESET, LONG)
    assert after(transfer, "C704C100000002", room=ROOM) is None
    assert isinstance(transfer.receive(octets("C704C100000001")), Continues)
    assert transfer.receive(octets("C704C100000002")) is None, "nothing is left to send"


def test_a_response_in_blocks_before_everything_was_sent_belongs_elsewhere():
    assert after(ActionOne(RESET, LONG), block(1, "0000", last=True), room=ROOM) is None


def test_the_meter_can_end_it():
    transfer = ActionOne(RESET, LONG)
    assert decoded(transfer, after(transfer, "C701C10F00", room=ROOM)) == ActionOutcome(DataAccessResult(15))


# -- what comes in blocks


@pytest.mark.parametrize("whole", ["0001000903010203", "000903010203", "0903010203"])
def test_all_three_forms_of_a_response_in_blocks(whole: str):
    transfer = ActionOne(RESET)
    outcome = after(transfer, block(1, whole[:6], last=False), block(2, whole[6:], last=True))
    assert decoded(transfer, outcome) == ActionOutcome(DataAccessResult(0), octet_string(b"\x01\x02\x03"))


def test_blocks_are_asked_for_one_by_one():
    transfer = ActionOne(RESET)
    outcome = after(transfer, block(1, "000100", last=False))
    assert isinstance(outcome, Continues)
    assert (outcome.block_number, outcome.size) == (1, 3)
    assert outcome.request.hex().upper() == "C302C100000001"
    assert transfer.receive(octets(block(3, "00", last=True))) is None, "another number belongs elsewhere"
    assert transfer.receive(octets("C701C10000")) is None, "and so does a success in another form"


def test_blocks_of_two_responses_to_one_request_are_nothing_that_was_returned():
    assert after(ActionOne(RESET), block(1, "0001", last=False), block(1, "0001", last=False)) is None
    outcome = after(ActionOne(RESET), block(1, "0001", last=False), block(1, "0000", last=True))
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, OutcomeUnknown)


def test_trial_08_blocks_of_a_response_may_be_numbered_from_0():
    transfer = ActionOne(RESET)
    outcome = after(transfer, block(0, "000100", last=False))
    assert isinstance(outcome, Continues)
    assert outcome.leniency is Leniency.BLOCKS_FROM_0
    assert outcome.request.hex().upper() == "C302C100000000"
    outcome = transfer.receive(octets(block(1, "0903010203", last=True)))
    assert decoded(transfer, outcome) == ActionOutcome(DataAccessResult(0), octet_string(b"\x01\x02\x03"))
    assert isinstance(outcome, Complete)
    assert outcome.leniency is Leniency.BLOCKS_FROM_0


@pytest.mark.parametrize("whole", ["00010009030102", "C0"])
def test_what_fits_no_form_is_an_error(whole: str):
    transfer = ActionOne(RESET)
    with pytest.raises(DecodeError):
        decoded(transfer, after(transfer, block(1, whole, last=True)))


def test_a_list_in_blocks():
    transfer = ActionList([(RESET, None), (CAPTURE, None)])
    outcome = after(transfer, block(1, "0200", last=False), block(2, "000300", last=True))
    assert isinstance(outcome, Complete)
    assert [each.result.code for each in transfer.decode(outcome.octets, DEFAULT_LIMITS)] == [0, 3]


def test_blocks_without_an_end_are_cut_off():
    transfer = ActionOne(RESET)
    transfer.first(FIRST, Limits(assembled_value=3), 1000)
    transfer.receive(octets(block(1, "0001", last=False)))
    with pytest.raises(LimitExceeded):
        transfer.receive(octets(block(2, "0011", last=False)))


# -- for the caller


@pytest.mark.parametrize(
    ("outcome", "value"),
    [
        (ActionOutcome(DataAccessResult(0)), None),
        (ActionOutcome(DataAccessResult(0), NULL), NULL),
        (ActionOutcome(DataAccessResult(0), unsigned(5)), unsigned(5)),
    ],
)
def test_what_a_method_returned(outcome: ActionOutcome, value: Data | None):
    assert returned(outcome) == value


def test_a_refused_method_is_an_error():
    with pytest.raises(ActionError) as refused:
        returned(ActionOutcome(DataAccessResult(3)))
    assert refused.value.result == 3
    with pytest.raises(ActionError):
        returned(ActionOutcome(DataAccessResult(3), DataAccessResult(4)))


def test_the_error_of_what_a_method_returned_is_no_refusal():
    outcome = ActionOutcome(DataAccessResult(0), DataAccessResult(4))
    for error in (returned(outcome), returned_or_error(outcome)):
        assert isinstance(error, DataAccessError)
        assert error.result == 4


def test_in_blocks_the_error_of_what_a_method_returned_needs_an_action_result():
    transfer = ActionOne(RESET)
    outcome = after(transfer, block(1, "00010104", last=True))
    assert decoded(transfer, outcome) == ActionOutcome(DataAccessResult(0), DataAccessResult(4))
    transfer = ActionOne(RESET)
    with pytest.raises(DecodeError, match="no word"):
        decoded(transfer, after(transfer, block(1, "0104", last=True)))


# -- edges


def test_what_it_is_before_it_is_asked():
    assert ActionOne(RESET).awaited == "action-response"
    assert not ActionOne(RESET).was_in_blocks


def test_what_just_fits_is_sent_whole():
    whole = ActionOne(RESET, LONG).first(FIRST, DEFAULT_LIMITS, 1000)
    assert ActionOne(RESET, LONG).first(FIRST, DEFAULT_LIMITS, len(whole)) == whole
    assert ActionOne(RESET, LONG).first(FIRST, DEFAULT_LIMITS, len(whole) - 1) != whole


def test_a_response_in_blocks_to_a_request_in_blocks():
    transfer = ActionOne(RESET, LONG)
    outcome = after(transfer, "C704C100000001", block(1, "0001", last=False), block(2, "001105", last=True), room=ROOM)
    assert decoded(transfer, outcome) == ActionOutcome(DataAccessResult(0), unsigned(5))


def test_octets_behind_a_block_are_an_error():
    with pytest.raises(DecodeError):
        after(ActionOne(RESET), block(1, "0000", last=True) + "FF")
    with pytest.raises(DecodeError):
        after(ActionOne(RESET, LONG), "C704C100000001FF", room=ROOM)


def test_more_outcomes_than_methods_are_an_error():
    transfer = ActionList([(RESET, None)])
    outcome = after(transfer, "C703C10200000000")
    assert isinstance(outcome, Complete)
    with pytest.raises(DecodeError, match="2 outcomes for 1 methods"):
        transfer.decode(outcome.octets, DEFAULT_LIMITS)


def test_a_result_alone_has_a_name():
    outcome = after(ActionOne(RESET), "C701C103")
    assert isinstance(outcome, Complete)
    assert outcome.leniency is Leniency.ACTION_RESULT_ALONE
    whole = after(ActionOne(RESET), "C701C10300")
    assert isinstance(whole, Complete)
    assert whole.leniency is None


@pytest.mark.parametrize(
    ("joined", "leniency"),
    [
        ("0001001107", None),
        ("0300", None),
        ("00010103", None),
        ("001107", Leniency.ACTION_BLOCKS_WITHOUT_RESULT),
        ("0906010203040506", Leniency.ACTION_BLOCKS_WITHOUT_RESULT),
    ],
)
def test_blocks_without_the_result_have_a_name(joined: str, leniency: Leniency | None):
    outcome = after(ActionOne(RESET), block(1, joined, last=True))
    assert isinstance(outcome, Complete)
    assert outcome.leniency is leniency


def test_blocks_of_a_list_have_one_form():
    outcome = after(ActionList([(RESET, None), (RESET, None)]), block(1, "0203000300", last=True))
    assert isinstance(outcome, Complete)
    assert outcome.leniency is None


# -- what breaks off


@pytest.mark.parametrize(
    ("first", "is_carried_out"),
    [("000100", True), ("00", True), ("09", False), ("03", False), ("01", False)],
)
def test_the_first_block_tells_whether_it_was_carried_out(first: str, is_carried_out: bool):
    transfer = ActionOne(RESET)
    assert isinstance(after(transfer, block(1, first, last=False)), Continues)
    assert transfer.is_carried_out is is_carried_out


def test_before_the_first_block_nothing_tells_that_it_was_carried_out():
    transfer = ActionOne(RESET)
    sent(transfer)
    assert not transfer.is_carried_out


@pytest.mark.parametrize("answer", ["C701C10300", "C701C1030103", "C703C1010300"])
@pytest.mark.parametrize("transfer", [ActionOne(RESET), ActionList([(RESET, None)])])
def test_a_refusal_between_blocks_ends_them_and_is_no_refusal(transfer: ActionOne | ActionList, answer: str):
    outcome = after(transfer, block(1, "0001", last=False), answer)
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, OutcomeUnknown)


def test_what_stands_for_a_missing_value_is_a_success():
    transfer = ActionOne(RESET)
    after(transfer, block(1, "0001", last=False))
    error = returned(transfer.decode(VALUE_MISSING, DEFAULT_LIMITS))
    assert isinstance(error, DataAccessError)
    assert error.result == 250
    assert isinstance(returned(ActionOne(RESET).decode(VALUE_MISSING, DEFAULT_LIMITS)), DataAccessError)
