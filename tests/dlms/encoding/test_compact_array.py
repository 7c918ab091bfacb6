"""Compact-array: what descriptions cost, where rows end, and what does not fit."""

import pytest

from custom_components.cosem.dlms.encoding.compact_array import (
    decode_bit_string,
    decode_string,
    decode_type_description,
    elements_of_row,
    encode_simple,
    smallest_row,
    without_unused_bits,
)
from custom_components.cosem.dlms.encoding.data import (
    BitString,
    CompactArray,
    Data,
    DataType,
    TypeDescription,
    decode_data_octets,
    encode_data_octets,
    enum,
    structure,
    unsigned,
)
from custom_components.cosem.dlms.encoding.octets import Reader, Writer
from custom_components.cosem.dlms.errors import DecodeError, LimitExceeded, LocalProtocolError
from custom_components.cosem.dlms.limits import DEFAULT_LIMITS, Limits

UNSIGNED, ENUM = TypeDescription(DataType.UNSIGNED), TypeDescription(DataType.ENUM)
PAIR = TypeDescription(DataType.STRUCTURE, (UNSIGNED, ENUM))
THREE_PAIRS = TypeDescription(DataType.ARRAY, (PAIR,), 3)


@pytest.mark.parametrize(
    ("description", "cost"),
    [("11", 0), ("01 0003 11", 1), ("01 0003 01 0002 11", 2), ("02 02 11 16", 2), ("02 02 01 0003 11 16", 3)],
)
def test_every_type_inside_of_a_description_is_charged_once(description, cost):
    reader = Reader(bytes.fromhex(description))
    decode_type_description(reader)
    assert reader.elements_left == DEFAULT_LIMITS.elements - cost
    assert reader.remaining == 0


def test_levels_side_by_side_are_not_levels_of_nesting():
    columns = bytes.fromhex("02 0A") + 10 * bytes.fromhex("01 0001 11")
    reader = Reader(columns, limits=Limits(nesting_depth=2))
    assert len(decode_type_description(reader).elements) == 10
    assert reader.depth == 0
    two = bytes.fromhex("02 02 13 11 01 AA 13 11 01 BB")
    assert decode_data_octets(two, Limits(nesting_depth=2)).value[1].value.elements == (unsigned(0xBB),)


def test_the_least_octets_of_a_row_count_lengths_but_no_contents():
    assert smallest_row(TypeDescription(DataType.OCTET_STRING)) == 1
    assert smallest_row(TypeDescription(DataType.LONG64)) == 8
    assert smallest_row(TypeDescription(DataType.NULL_DATA)) == 0
    assert smallest_row(THREE_PAIRS) == 6


def test_the_elements_of_a_row_include_its_containers():
    assert elements_of_row(UNSIGNED) == 1
    assert elements_of_row(PAIR) == 3
    assert elements_of_row(THREE_PAIRS) == 1 + 3 * 3


def test_m03_ten_thousand_elements_are_free_and_one_row_more_is_not():
    nulls = bytes.fromhex("13 02 09 11") + 8 * b"\x00"  # rows of one octet that expand to ten Data
    rows = decode_data_octets(nulls + bytes.fromhex("82 03E8") + bytes(1_000)).value.elements
    assert len(rows) == 1_000
    with pytest.raises(LimitExceeded, match="elements in a compact-array"):
        decode_data_octets(nulls + bytes.fromhex("82 03E9") + bytes(1_001))


def test_a_row_that_is_cut_off_by_the_end_of_everything_is_named_as_such():
    with pytest.raises(DecodeError, match="inside a row of a compact-array"):
        decode_data_octets(bytes.fromhex("13 12 03 000100"))


def test_strings_in_rows_are_read_by_their_kind():
    octets = bytes.fromhex("13 02 04 09 0A 0C 04 09 01E9 01E9 02C3A9 03A0")
    row = decode_data_octets(octets).value.elements[0]
    assert [item.value for item in row.value] == [b"\xe9", "é", "é", BitString(b"\xa0", 3)]
    assert encode_data_octets(decode_data_octets(octets)) == octets


def test_a_utf8_string_that_is_none_keeps_its_octets():
    data = decode_string(DataType.UTF8_STRING, Reader(b"\x02\xffA"))
    assert data.value == "\udcffA"
    writer = Writer()
    encode_simple(data, writer)
    assert writer.getvalue() == b"\x02\xffA"


def test_a_bit_string_longer_than_the_octets_left_is_refused_at_its_length():
    with pytest.raises(DecodeError, match="a bit-string of 17 bits exceeds the 2 octets left") as caught:
        decode_bit_string(Reader(bytes.fromhex("FF 11 0000"), offset=1))
    assert caught.value.offset == 1
    assert decode_bit_string(Reader(bytes.fromhex("10 0001"))) == BitString(b"\x00\x01", 16)


@pytest.mark.parametrize(
    ("octets", "bits", "kept"),
    [("", 0, ""), ("FF", 8, "FF"), ("FF", 1, "80"), ("FF", 7, "FE"), ("ABFF", 12, "ABF0"), ("ABF0", 12, "ABF0")],
)
def test_only_the_unused_bits_of_the_last_octet_become_zero(octets, bits, kept):
    assert without_unused_bits(bytes.fromhex(octets), bits) == bytes.fromhex(kept)


@pytest.mark.parametrize(
    "data",
    [
        Data(DataType.OCTET_STRING, None),
        Data(DataType.UNSIGNED, None),
        Data(DataType.NULL_DATA, 0),
        Data(DataType.OCTET_STRING, BitString(b"\x80", 1)),
        Data(DataType.BIT_STRING, BitString(b"\xff\xff", 4)),
        Data(DataType.BIT_STRING, BitString(b"\xff", 9)),
        Data(DataType.BIT_STRING, b"\xff"),
    ],
    ids=str,
)
def test_a_value_of_another_type_is_not_sent(data):
    with pytest.raises(LocalProtocolError):
        encode_data_octets(data)


@pytest.mark.parametrize("items", [(unsigned(1),), (unsigned(1), enum(2), enum(3)), ()], ids=len)
def test_a_row_with_more_or_fewer_elements_than_described_is_not_sent(items):
    with pytest.raises(LocalProtocolError, match="wants 2 elements"):
        encode_data_octets(Data(DataType.COMPACT_ARRAY, CompactArray(PAIR, (structure(*items),))))
