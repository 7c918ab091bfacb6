"""Read as octets: requests whole and in blocks, and what each response means."""

import pytest

from custom_components.cosem.dlms.apdu.common import InvokeIdAndPriority
from custom_components.cosem.dlms.apdu.initiate import Conformance
from custom_components.cosem.dlms.apdu.short_name import ParameterizedAccess, VariableName
from custom_components.cosem.dlms.encoding.data import octet_string
from custom_components.cosem.dlms.errors import DataAccessError, DecodeError, LocalProtocolError, OutcomeUnknown
from custom_components.cosem.dlms.limits import DEFAULT_LIMITS
from custom_components.cosem.dlms.protocol.leniencies import Leniency
from custom_components.cosem.dlms.protocol.transfer import Complete, Continues, Failed
from custom_components.cosem.dlms.protocol.transfer.read import ReadList, ReadMethod, ReadOne

FIRST = InvokeIdAndPriority(1)
VALUE = VariableName(0x1008)
PART = ParameterizedAccess(0x3008, 2, octet_string(bytes(range(20))))
PLAIN = (VALUE, VariableName(0x0108), VariableName(0x9999))


def sent(transfer, room=1000):
    return transfer.first(FIRST, DEFAULT_LIMITS, room).hex().upper()


def after(transfer, *answers, room=1000):
    """What becomes of a transfer after these answers."""
    transfer.first(FIRST, DEFAULT_LIMITS, room)
    outcome = None
    for answer in answers:
        outcome = transfer.receive(bytes.fromhex(answer))
    return outcome


def refusal(outcome):
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, DataAccessError)
    return outcome.error.result


def value(outcome):
    assert isinstance(outcome, Complete)
    return outcome.octets.hex().upper()


# -- whole


@pytest.mark.parametrize("transfer", [ReadOne(VALUE), ReadList([VALUE, PART]), ReadMethod(VALUE)])
def test_a_read_has_no_unconfirmed_form(transfer):
    with pytest.raises(LocalProtocolError, match="always answered"):
        transfer.first(InvokeIdAndPriority(1, confirmed=False), DEFAULT_LIMITS, 1000)


def test_request_for_one_variable():
    transfer = ReadOne(VALUE)
    assert sent(transfer) == "0501021008"
    assert transfer.needs == Conformance.READ
    assert transfer.may_be_repeated
    assert str(transfer) == "read 1008"


def test_request_for_a_part_needs_parameterized_access():
    transfer = ReadOne(PART)
    assert sent(transfer) == "0501043008020914" + bytes(range(20)).hex().upper()
    assert transfer.needs == Conformance.READ | Conformance.PARAMETERIZED_ACCESS


def test_request_for_a_list():
    transfer = ReadList(PLAIN)
    assert sent(transfer) == "0503021008020108029999"
    assert transfer.needs == Conformance.READ | Conformance.MULTIPLE_REFERENCES
    assert str(transfer) == "read 1008, 0108, 9999"
    with pytest.raises(LocalProtocolError):
        ReadList(())


def test_value_is_the_data():
    assert value(after(ReadOne(VALUE), "0C0100060012D687")) == "060012D687"


def test_error_of_one_variable():
    assert refusal(after(ReadOne(VALUE), "0C010104")) == 4


@pytest.mark.parametrize("odd", ["0C00", "0C020011010002", "0C0107", "0C0101", "0C010104FF", "0C020600"])
def test_senseless_answer_is_an_error_of_this_variable_only(odd):
    outcome = after(ReadOne(VALUE), odd)
    assert refusal(outcome) == 250
    assert outcome.error.undecodable


@pytest.mark.parametrize("broken", ["0C", "0C05", "0C01", "0C0102", "0C010300", "0C0103000101"])
def test_what_is_no_read_response_is_no_apdu(broken):
    with pytest.raises(DecodeError):
        after(ReadOne(VALUE), broken)


def test_list_is_the_sequence_of_results():
    assert value(after(ReadList(PLAIN), "0C03001101 0002000104")) == "03001101" + "0002000104"


# -- answers in blocks


@pytest.mark.parametrize(
    ("joined", "expected", "leniency"),
    [
        ("0100 0904 00010203", "090400010203", None),
        ("0904 00010203", "090400010203", Leniency.READ_BLOCKS_WITHOUT_COUNT),
        ("00 0904 00010203", "090400010203", Leniency.READ_BLOCKS_WITHOUT_COUNT),
        ("0102 1101 1102", "010211011102", Leniency.READ_BLOCKS_WITHOUT_COUNT),
        ("0101 1101", "01011101", Leniency.READ_BLOCKS_WITHOUT_COUNT),
        ("0101 00", "010100", Leniency.READ_BLOCKS_WITHOUT_COUNT),
        ("0100", "0100", Leniency.READ_BLOCKS_WITHOUT_COUNT),
        ("00", "00", Leniency.READ_BLOCKS_WITHOUT_COUNT),
        ("0100 0102 1101 1102", "010211011102", None),
    ],
)
@pytest.mark.parametrize("taken", [range(0), range(3, 99), range(99)], ids=["at the end", "later", "at once"])
def test_joined_value_with_and_without_count(joined, expected, leniency, taken):
    octets = bytes.fromhex(joined)
    transfer = ReadOne(VALUE)
    transfer.first(FIRST, DEFAULT_LIMITS, 1000)
    pieces = b""
    for number in range(1, len(octets)):
        outcome = transfer.receive(bytes.fromhex(f"0C010200{number:04X}01{octets[number - 1]:02X}"))
        assert outcome == Continues(number, number, bytes.fromhex(f"05010500{number:02X}"))
        pieces += transfer.take() if number in taken else b""
    assert bool(pieces) is (len(octets) > 4 and bool(taken))
    outcome = transfer.receive(bytes.fromhex(f"0C010201{len(octets):04X}01{octets[-1]:02X}"))
    assert pieces.hex().upper() + value(outcome) == expected
    assert outcome.leniency is leniency


def test_a_request_that_is_sent_again_forgets_what_was_taken():
    transfer = ReadOne(VALUE)
    assert after(transfer, "0C0102000001050904000102") is not None
    assert transfer.take()
    assert value(after(transfer, "0C010201000104 01001107")) == "1107"


@pytest.mark.parametrize("is_taken", [False, True])
def test_joined_error(is_taken):
    transfer = ReadOne(VALUE)
    assert refusal(after(transfer, "0C010201000103010104")) == 4
    after(transfer, "0C0102000001020101")
    assert not is_taken or transfer.take() == b""
    assert refusal(transfer.receive(bytes.fromhex("0C01020100020104"))) == 4


def test_error_ends_the_blocks():
    assert refusal(after(ReadOne(VALUE), "0C01020000010111", "0C01010E")) == 14


@pytest.mark.parametrize("stray", ["0C01020000030111", "0C0103 0001", "0C01001101"])
def test_block_out_of_order_and_other_answers_between_blocks_are_strays(stray):
    assert after(ReadOne(VALUE), "0C01020000010111", stray) is None


@pytest.mark.parametrize("transfer", [ReadOne(VALUE), ReadList(PLAIN)])
def test_blocks_of_two_answers_to_one_question_are_no_value(transfer):
    assert after(transfer, "0C 01 02 00 0001 02 0009", "0C 01 02 00 0001 02 0009") is None
    assert refusal(after(transfer, "0C 01 02 00 0001 02 0009", "0C 01 02 00 0001 02 0006")) == 250


def test_blocks_from_0_are_tolerated():
    outcome = after(ReadOne(VALUE), "0C01020000000111", "0C01020100010107")
    assert value(outcome) == "1107"
    assert outcome.leniency is Leniency.BLOCKS_FROM_0


def test_list_in_blocks_with_and_without_count():
    outcome = after(ReadList(PLAIN), "0C0102010001 0A 03001101001102 0104 00")
    assert value(outcome) == "030011010011020104" + "00"
    assert outcome.leniency is None
    outcome = after(ReadList(PLAIN[:2]), "0C0102010001 05 1101001102")
    assert value(outcome) == "0200" + "1101001102"
    assert outcome.leniency is Leniency.READ_BLOCKS_WITHOUT_COUNT


# -- requests in blocks


def test_long_request_is_cut():
    transfer = ReadOne(PART)
    assert sent(transfer, 24) == "05010600000111" + "0104300802091400010203040506070809"
    assert transfer.needs == (
        Conformance.READ | Conformance.PARAMETERIZED_ACCESS | Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ
    )
    outcome = transfer.receive(bytes.fromhex("0C01030001"))
    assert outcome == Continues(2, 27, bytes.fromhex("0501060100020A" + "0A0B0C0D0E0F10111213"))
    assert transfer.receive(bytes.fromhex("0C01030002")) is None
    assert value(transfer.receive(bytes.fromhex("0C01001107"))) == "1107"


def test_demand_for_another_block_is_stray():
    assert after(ReadOne(PART), "0C01030002", room=24) is None


def test_refusal_before_everything_was_asked_for():
    assert refusal(after(ReadOne(PART), "0C010113", room=24)) == 0x13
    assert refusal(after(ReadOne(PART), "0C01001101", room=24)) == 250


def test_too_little_room():
    with pytest.raises(LocalProtocolError):
        sent(ReadOne(PART), 7)


# -- methods


def test_method_that_returns_something():
    transfer = ReadMethod(PART)
    assert not transfer.may_be_repeated
    assert not transfer.unknown_means_lost
    assert value(after(transfer, "0C01001107")) == "000100" + "1107"
    assert value(after(transfer, "0C010104")) == "0400"
    assert value(after(transfer, "0C0102010001021107")) == "0001001107"


def test_senseless_answer_of_a_method_tells_nothing():
    outcome = after(ReadMethod(PART), "0C00")
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, OutcomeUnknown)


@pytest.mark.parametrize(
    ("first", "is_carried_out"), [("0100", True), ("0009", True), ("0101", False), ("01", False), ("0905", False)]
)
def test_first_block_tells_whether_a_method_was_carried_out(first, is_carried_out):
    transfer = ReadMethod(PART)
    assert isinstance(after(transfer, f"0C01020000010{len(first) // 2}{first}"), Continues)
    assert transfer.is_carried_out is is_carried_out


def test_error_between_the_blocks_of_a_method_is_no_refusal():
    outcome = after(ReadMethod(PART), "0C010200000102" + "0100", "0C010103")
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, OutcomeUnknown)


def test_error_that_comes_in_blocks_is_a_refusal_of_a_method():
    assert value(after(ReadMethod(PART), "0C010200000102" + "0101", "0C010201000201" + "03")) == "0300"
