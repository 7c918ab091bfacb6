"""Write as octets: requests whole and in blocks, and what each response means."""

import pytest

from custom_components.cosem.dlms.apdu.common import InvokeIdAndPriority
from custom_components.cosem.dlms.apdu.initiate import Conformance
from custom_components.cosem.dlms.apdu.short_name import ParameterizedAccess, VariableName
from custom_components.cosem.dlms.encoding.data import NULL, integer, octet_string
from custom_components.cosem.dlms.errors import DataAccessError, DecodeError, LocalProtocolError, OutcomeUnknown
from custom_components.cosem.dlms.limits import DEFAULT_LIMITS
from custom_components.cosem.dlms.protocol.transfer import Complete, Continues, Failed
from custom_components.cosem.dlms.protocol.transfer.write import WriteList, WriteMethod, WriteMethods, WriteOne

FIRST = InvokeIdAndPriority(1)
ONE = VariableName(0xFA08)
TWO = VariableName(0x0110)
LONG = octet_string(bytes(range(20)))


def sent(transfer, room=1000):
    return transfer.first(FIRST, DEFAULT_LIMITS, room).hex().upper()


def after(transfer, *answers, room=1000):
    transfer.first(FIRST, DEFAULT_LIMITS, room)
    outcome = None
    for answer in answers:
        outcome = transfer.receive(bytes.fromhex(answer))
    return outcome


def two():
    return WriteList([(ONE, integer(1)), (TWO, NULL)])


def unknown(outcome):
    return isinstance(outcome, Failed) and isinstance(outcome.error, OutcomeUnknown)


def test_request_for_one_variable():
    transfer = WriteOne(ONE, integer(1))
    assert sent(transfer) == "060102FA08010F01"
    assert transfer.needs == Conformance.WRITE
    assert not transfer.may_be_repeated
    assert not transfer.unknown_means_lost
    assert str(transfer) == "write FA08"


def test_request_for_a_part_needs_parameterized_access():
    transfer = WriteOne(ParameterizedAccess(0xFA08, 1, NULL), integer(1))
    assert sent(transfer) == "060104FA080100010F01"
    assert transfer.needs == Conformance.WRITE | Conformance.PARAMETERIZED_ACCESS


def test_request_for_a_list():
    transfer = two()
    assert sent(transfer) == "060202FA0802011002" + "0F0100"
    assert transfer.needs == Conformance.WRITE | Conformance.MULTIPLE_REFERENCES
    with pytest.raises(LocalProtocolError):
        WriteList([])


def test_results():
    assert after(WriteOne(ONE, NULL), "0D0100") == Complete(b"")
    refused = after(WriteOne(ONE, NULL), "0D010103")
    assert isinstance(refused, Failed)
    assert isinstance(refused.error, DataAccessError)
    assert refused.error.result == 3
    assert after(two(), "0D02000103") == Complete(b"\x00\x03")


@pytest.mark.parametrize("answer", ["0D0100", "0D010103"])
def test_one_result_may_be_that_of_the_first_variable_only(answer: str):
    for transfer in (two(), WriteMethods([(ONE, NULL), (TWO, NULL)])):
        outcome = after(transfer, answer)
        assert unknown(outcome)
        assert "one result for 2 variables" in str(outcome.error)
    assert after(WriteList([(ONE, NULL)]), "0D010103") == Complete(b"\x03")


def test_one_result_behind_the_last_block_is_that_of_all_variables():
    def in_blocks(answer: str):
        transfer = WriteList([(ONE, LONG), (TWO, NULL)])
        sent(transfer, 24)
        for number in (1, 2):
            transfer.receive(bytes.fromhex(f"0D0102000{number}"))
        return transfer.receive(bytes.fromhex(answer))

    assert in_blocks("0D0100") == Complete(b"\x00\x00")
    outcome = in_blocks("0D010103")
    assert unknown(outcome)
    assert "one refusal for 2 variables" in str(outcome.error)


def test_one_refusal_before_everything_was_sent_refuses_everything():
    assert after(WriteList([(ONE, LONG), (TWO, NULL)]), "0D010103", room=24) == Complete(b"\x03\x03")


@pytest.mark.parametrize("odd", ["0D00", "0D03000000", "0D0200020001"])
def test_answer_that_fits_no_request_tells_nothing(odd):
    assert unknown(after(two(), odd))


@pytest.mark.parametrize("broken", ["0D", "0D01", "0D0103", "0D010000"])
def test_what_is_no_write_response_is_no_apdu(broken):
    with pytest.raises(DecodeError):
        after(WriteOne(ONE, NULL), broken)


def test_long_value_is_cut():
    transfer = WriteOne(ONE, LONG)
    assert sent(transfer, 24) == "06010700000101090F" + "0102FA08010914" + "0001020304050607"
    assert transfer.needs == Conformance.WRITE | Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE
    outcome = transfer.receive(bytes.fromhex("0D01020001"))
    assert outcome == Continues(2, 27, bytes.fromhex("06010701000201090C" + "08090A0B0C0D0E0F10111213"))
    assert transfer.receive(bytes.fromhex("0D01020002")) is None
    assert transfer.receive(bytes.fromhex("0D0100")) == Complete(b"")


def test_demand_for_another_block_is_stray():
    assert after(WriteOne(ONE, LONG), "0D01020002", room=24) is None
    assert after(WriteOne(ONE, LONG), "0D01020001") is None


def test_answer_before_everything_was_sent():
    assert unknown(after(WriteOne(ONE, LONG), "0D0100", room=24))
    refused = after(WriteOne(ONE, LONG), "0D010113", room=24)
    assert isinstance(refused, Failed)
    assert not unknown(refused)


def test_methods_complete_like_actions():
    assert after(WriteMethod(ONE, NULL), "0D0100") == Complete(b"\x00\x00")
    assert after(WriteMethod(ONE, NULL), "0D010103") == Complete(b"\x03\x00")
    both = WriteMethods([(ONE, NULL), (TWO, NULL)])
    assert after(both, "0D02000103") == Complete(b"\x02\x00\x00\x03\x00")
