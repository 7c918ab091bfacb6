"""Data types: names, constructors, bit-strings, and tables that agree with each other."""

import struct

import pytest

from custom_components.cosem.dlms.encoding import data as d
from custom_components.cosem.dlms.encoding.data import (
    BitString,
    DataType,
    TypeDescription,
    decode_data_octets,
    encode_data_octets,
)
from custom_components.cosem.dlms.encoding.data_types import DELTA_TYPES, FIXED_STRUCTS, INTEGER_RANGES
from custom_components.cosem.dlms.errors import LocalProtocolError


def test_standard_names_are_spelt_as_in_the_standard():
    assert DataType.DOUBLE_LONG_UNSIGNED.standard_name == "double-long-unsigned"
    assert DataType.UTF8_STRING.standard_name == "utf8-string"
    assert DataType.DELTA_DOUBLE_LONG_UNSIGNED.standard_name == "delta-double-long-unsigned"


def test_bits_are_counted_from_the_first_sent():
    bits = BitString.from_text("101001011")
    assert bits == BitString(b"\xa5\x80", 9)
    assert [bits.is_set(index) for index in range(9)] == [True, False, True, False, False, True, False, True, True]
    assert not bits.is_set(9)
    assert not bits.is_set(-1)
    assert bits.text == "101001011"
    assert BitString.from_text("") == BitString(b"", 0)


@pytest.mark.parametrize("text", ["12", "1x", "x", "0b1", " "])
def test_a_bit_string_is_written_with_0_and_1_only(text):
    with pytest.raises(LocalProtocolError):
        BitString.from_text(text)


@pytest.mark.parametrize("position", range(17))
def test_a_bit_is_found_at_its_position_and_nowhere_else(position):
    bits = BitString.from_text("".join("1" if index == position else "0" for index in range(17)))
    assert [index for index in range(17) if bits.is_set(index)] == [position]


def test_there_are_no_bits_beyond_both_ends():
    assert not BitString(b"\xff\xff", 16).is_set(16)
    assert not BitString(b"\xff\xff", 16).is_set(-1)


PAIR = TypeDescription(DataType.STRUCTURE, (TypeDescription(DataType.UNSIGNED), TypeDescription(DataType.ENUM)))


def test_constructors_make_what_their_names_say():
    made = d.structure(
        d.NULL,
        d.array(d.boolean(True)),
        d.bit_string("1"),
        d.double_long(-1),
        d.double_long_unsigned(1),
        d.octet_string(b"\x01"),
        d.visible_string("v"),
        d.utf8_string("ü"),
        d.bcd(0x12),
        d.integer(-2),
        d.long(-3),
        d.unsigned(4),
        d.long_unsigned(5),
        d.compact_array(PAIR, d.structure(d.unsigned(1), d.enum(2))),
        d.long64(-6),
        d.long64_unsigned(7),
        d.enum(8),
        d.float32(1.5),
        d.float64(2.5),
        d.date_time(bytes(12)),
        d.date(bytes(5)),
        d.time(bytes(4)),
        d.DONT_CARE,
    )
    assert [item.type for item in made.value] == [0, 1, *range(4, 7), 9, 10, 12, 13, *range(15, 28), 255]
    assert decode_data_octets(encode_data_octets(made)) == made


def test_the_layouts_of_numbers_have_the_ranges_that_deltas_may_use():
    for kind, (smallest, largest) in INTEGER_RANGES.items():
        for fits in (smallest, largest):
            assert FIXED_STRUCTS[kind].unpack(FIXED_STRUCTS[kind].pack(fits)) == (fits,)
        for beyond in (smallest - 1, largest + 1):
            with pytest.raises(struct.error):
                FIXED_STRUCTS[kind].pack(beyond)


def test_deltas_build_upon_the_integers_of_8_to_64_bits():
    signed = {DataType.INTEGER: 8, DataType.LONG: 16, DataType.DOUBLE_LONG: 32, DataType.LONG64: 64}
    unsigned = {
        DataType.UNSIGNED: 8,
        DataType.LONG_UNSIGNED: 16,
        DataType.DOUBLE_LONG_UNSIGNED: 32,
        DataType.LONG64_UNSIGNED: 64,
    }
    ranges = {kind: (-(1 << bits - 1), (1 << bits - 1) - 1) for kind, bits in signed.items()}
    assert ranges | {kind: (0, (1 << bits) - 1) for kind, bits in unsigned.items()} == INTEGER_RANGES


def test_layouts_are_those_of_the_wire():
    sizes = {1: "BOOLEAN BCD INTEGER UNSIGNED ENUM DELTA_INTEGER DELTA_UNSIGNED", 2: "LONG LONG_UNSIGNED DELTA_LONG"}
    sizes |= {2: f"{sizes[2]} DELTA_LONG_UNSIGNED", 5: "DATE", 8: "LONG64 LONG64_UNSIGNED FLOAT64", 12: "DATE_TIME"}
    sizes |= {4: "DOUBLE_LONG DOUBLE_LONG_UNSIGNED FLOAT32 TIME DELTA_DOUBLE_LONG DELTA_DOUBLE_LONG_UNSIGNED"}
    expected = {DataType[name]: size for size, names in sizes.items() for name in names.split()}
    assert {kind: layout.size for kind, layout in FIXED_STRUCTS.items()} == expected
    assert FIXED_STRUCTS[DataType.LONG_UNSIGNED].pack(1) == b"\x00\x01"


def test_deltas_are_the_six_types_that_the_standard_has():
    assert sorted(DELTA_TYPES) == list(range(28, 34))
    assert not DELTA_TYPES & INTEGER_RANGES.keys()
