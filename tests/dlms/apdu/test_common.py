"""Elements that several APDUs share."""

import pytest

from custom_components.cosem.dlms.apdu.common import (
    AttributeDescriptor,
    DataAccessResult,
    DataBlock,
    InvokeIdAndPriority,
    LongInvokeIdAndPriority,
    MethodDescriptor,
    Selection,
    decode_attribute_descriptor,
    decode_data_block,
    decode_get_data_result,
    decode_invoke_id_and_priority,
    decode_list,
    decode_long_invoke_id_and_priority,
    decode_method_descriptor,
    decode_optional_date_time,
    decode_selection,
    encode_attribute_descriptor,
    encode_data_block,
    encode_get_data_result,
    encode_invoke_id_and_priority,
    encode_list,
    encode_long_invoke_id_and_priority,
    encode_method_descriptor,
    encode_optional_date_time,
    encode_selection,
    expect_tag,
)
from custom_components.cosem.dlms.encoding.data import Data, DataType
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.encoding.octets import Reader, Writer
from custom_components.cosem.dlms.errors import DecodeError, LimitExceeded, UnexpectedApdu
from custom_components.cosem.dlms.limits import Limits

CLOCK = LogicalName.parse("0.0.1.0.0.255")
NOON = bytes.fromhex("07E901010300000000FFC400")


def reader(text: str) -> Reader:
    return Reader(bytes.fromhex(text))


def test_invoke_id_octet_survives_whatever_its_bits_are():
    for raw in range(256):
        invoke = decode_invoke_id_and_priority(Reader(bytes([raw])))
        writer = Writer()
        encode_invoke_id_and_priority(invoke, writer)
        assert writer.getvalue() == bytes([raw])


def test_invoke_id_octet_is_taken_apart():
    assert InvokeIdAndPriority.from_raw(0xC1) == InvokeIdAndPriority(1, confirmed=True, high_priority=True)
    assert InvokeIdAndPriority.from_raw(0x3F) == InvokeIdAndPriority(15, False, False, 3)


@pytest.mark.parametrize("bit", range(32))
def test_long_invoke_id_survives_each_bit(bit: int):
    raw = 1 << bit
    invoke = decode_long_invoke_id_and_priority(Reader(raw.to_bytes(4)))
    writer = Writer()
    encode_long_invoke_id_and_priority(invoke, writer)
    assert writer.getvalue() == raw.to_bytes(4)


def test_long_invoke_id_flags_have_their_places():
    assert LongInvokeIdAndPriority.from_raw(0x10000001) == LongInvokeIdAndPriority(1, self_descriptive=True)
    assert LongInvokeIdAndPriority.from_raw(0x20000002) == LongInvokeIdAndPriority(2, break_on_error=True)
    assert LongInvokeIdAndPriority.from_raw(0x40000003) == LongInvokeIdAndPriority(3, confirmed=True)
    assert LongInvokeIdAndPriority.from_raw(0x80FFFFFF) == LongInvokeIdAndPriority(0xFFFFFF, high_priority=True)


def test_negative_attribute_and_method_indexes_are_the_manufacturers_own():
    octets = "0008 0000010000FF FF"
    assert decode_attribute_descriptor(reader(octets)) == AttributeDescriptor(8, CLOCK, -1)
    assert decode_method_descriptor(reader(octets)) == MethodDescriptor(8, CLOCK, -1)
    for encode, value in (
        (encode_attribute_descriptor, AttributeDescriptor(8, CLOCK, -1)),
        (encode_method_descriptor, MethodDescriptor(8, CLOCK, -1)),
    ):
        writer = Writer()
        encode(value, writer)
        assert writer.getvalue() == bytes.fromhex(octets)


def test_attribute_descriptor_is_written_as_the_command_line_takes_it():
    assert str(AttributeDescriptor(8, CLOCK, 2)) == "8:0.0.1.0.0.255:2"


def test_selection_is_present_for_any_flag_but_zero():
    absent, present = reader("00"), reader("FF 02 00")
    assert decode_selection(absent) is None
    assert decode_selection(present) == Selection(2, Data(DataType.NULL_DATA, None))


@pytest.mark.parametrize("selection", [None, Selection(1, Data(DataType.UNSIGNED, 7))])
def test_selection_round_trip(selection: Selection | None):
    writer = Writer()
    encode_selection(selection, writer)
    assert decode_selection(Reader(writer.getvalue())) == selection


@pytest.mark.parametrize("result", [DataAccessResult(3), DataAccessResult(77), Data(DataType.UNSIGNED, 3)])
def test_get_data_result_round_trip(result: Data | DataAccessResult):
    writer = Writer()
    encode_get_data_result(result, writer)
    assert decode_get_data_result(Reader(writer.getvalue())) == result


def test_get_data_result_has_two_choices():
    with pytest.raises(DecodeError, match="no choice 02") as caught:
        decode_get_data_result(reader("02 00"))
    assert caught.value.offset == 0


def test_unknown_result_keeps_its_number():
    assert DataAccessResult(77).name == "unknown"
    assert DataAccessResult(250).name == "other-reason"


def test_last_block_ff_is_true():
    block = decode_data_block(reader("FF 00000002 01 AA"))
    assert block == DataBlock(True, 2, b"\xaa")
    writer = Writer()
    encode_data_block(block, writer)
    assert writer.getvalue() == bytes.fromhex("01 00000002 01 AA")


def test_list_count_is_checked_against_the_rest_before_anything_is_read():
    with pytest.raises(DecodeError, match="exceeds"):
        decode_list(reader("84FFFFFFFF 00"), Reader.unsigned8)


def test_list_is_charged_to_the_element_budget():
    with pytest.raises(LimitExceeded):
        decode_list(Reader(b"\x03abc", limits=Limits(elements=2)), Reader.unsigned8)


def test_list_round_trip():
    writer = Writer()
    encode_list((1, 2, 3), writer, lambda number, to: to.unsigned8(number))
    assert decode_list(Reader(writer.getvalue()), Reader.unsigned8) == (1, 2, 3)


@pytest.mark.parametrize("date_time", [None, NOON])
def test_optional_date_time_round_trip(date_time: bytes | None):
    writer = Writer()
    encode_optional_date_time(date_time, writer)
    assert decode_optional_date_time(Reader(writer.getvalue())) == date_time


@pytest.mark.parametrize("prefix", ["090C", "19"])
def test_tagged_date_time_is_accepted_only_where_asked_for(prefix: str):
    octets = bytes.fromhex(prefix) + NOON
    assert decode_optional_date_time(Reader(octets), tagged_accepted=True) == NOON
    with pytest.raises(DecodeError):
        decode_optional_date_time(Reader(octets))


@pytest.mark.parametrize("octets", ["05 0102030405", "09 0B 0102030405060708090A0B", "0D" + 13 * "00"])
def test_date_time_of_another_size_is_refused(octets: str):
    with pytest.raises(DecodeError, match="12 octets"):
        decode_optional_date_time(reader(octets), tagged_accepted=True)


def test_wrong_tag_names_both():
    with pytest.raises(UnexpectedApdu, match=r"C4 where C0") as caught:
        expect_tag(reader("C4"), 0xC0)
    assert caught.value.tag == 0xC4
