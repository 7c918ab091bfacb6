"""Compact-array: what descriptions cost, where rows end, and what does not fit."""

import tracemalloc

import pytest

from custom_components.cosem.dlms.encoding.compact_array import (
    decode_bit_string,
    decode_compact_array,
    decode_compact_head,
    decode_compact_rows,
    decode_string,
    decode_type_description,
    elements_of_row,
    encode_simple,
    encode_type_description,
    is_large,
    smallest_row,
    without_unused_bits,
)
from custom_components.cosem.dlms.encoding.data import (
    DONT_CARE,
    NULL,
    BitString,
    CompactArray,
    Data,
    DataType,
    TypeDescription,
    array,
    compact_array,
    decode_data_octets,
    encode_data_octets,
    enum,
    octet_string,
    structure,
    unsigned,
)
from custom_components.cosem.dlms.encoding.octets import Reader, Writer
from custom_components.cosem.dlms.errors import DecodeError, LimitExceeded, LocalProtocolError
from custom_components.cosem.dlms.limits import DEFAULT_LIMITS, EXECUTOR_THRESHOLD, Limits

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


@pytest.mark.parametrize(
    ("description", "octets"),
    [
        (UNSIGNED, "11"),
        (PAIR, "02 02 11 16"),
        (THREE_PAIRS, "01 0003 02 02 11 16"),
        (TypeDescription(DataType.STRUCTURE, (UNSIGNED,) * 128), "02 8180" + 128 * "11"),
    ],
    ids=["unsigned", "pair", "three pairs", "128 columns"],
)
def test_a_description_counts_an_array_in_two_octets_and_a_structure_by_its_length(description, octets):
    writer = Writer()
    encode_type_description(description, writer)
    assert writer.getvalue() == bytes.fromhex(octets)
    assert decode_type_description(Reader(bytes.fromhex(octets))) == description


@pytest.mark.parametrize("tag", ["07", "08", "0B", "0E", "13", "22", "FE"])
def test_obsolete_and_unknown_types_and_a_compact_array_cannot_be_described(tag):
    with pytest.raises(DecodeError, match=f"type {tag} cannot stand in a type description"):
        decode_type_description(Reader(bytes.fromhex(tag)))


def test_m03_a_description_has_at_most_a_thousand_types():
    for types, fits in ((1_000, True), (1_001, False)):
        head = bytes.fromhex("0282") + types.to_bytes(2, "big") + types * b"\x11" + b"\x00"
        if fits:
            assert decode_compact_head(Reader(head))[2] == types + 1
        else:
            with pytest.raises(LimitExceeded, match="types in a type description"):
                decode_compact_head(Reader(head))


def rows_of_one_octet_and(nulls: int, rows: int) -> bytes:
    """Rows of an unsigned and so many null-data: one octet that expands to ``2 + nulls`` Data."""
    writer = Writer()
    types = (UNSIGNED, *(TypeDescription(DataType.NULL_DATA),) * nulls)
    encode_type_description(TypeDescription(DataType.STRUCTURE, types), writer)
    writer.octet_string(bytes(rows))
    return writer.getvalue()


def test_m03_exactly_ten_thousand_elements_are_free():
    assert decode_compact_head(Reader(rows_of_one_octet_and(nulls=98, rows=100)))[2] * 100 == 10_000
    with pytest.raises(LimitExceeded, match="elements in a compact-array"):
        decode_compact_head(Reader(rows_of_one_octet_and(nulls=71, rows=137)))  # 73 x 137 = 10,001


def test_m03_beyond_that_three_elements_for_each_octet_are_believed():
    for nulls, fits in ((4, True), (6, False)):  # 4,000 rows of two octets, 6 or 8 elements each
        types = (TypeDescription(DataType.LONG_UNSIGNED), *(TypeDescription(DataType.NULL_DATA),) * nulls)
        writer = Writer()
        encode_type_description(TypeDescription(DataType.STRUCTURE, types), writer)
        writer.octet_string(bytes(8_000))
        if fits:
            assert decode_compact_head(Reader(writer.getvalue()))[1:] == (8_000, 6)
        else:
            with pytest.raises(LimitExceeded, match="elements in a compact-array"):
                decode_compact_head(Reader(writer.getvalue()))


@pytest.mark.parametrize("description", ["00", "FF", "02 00", "02 02 00 FF", "01 0000 11"])
def test_m03_rows_that_take_no_octets_are_neither_read_nor_sent(description):
    described = decode_type_description(Reader(bytes.fromhex(description)))
    with pytest.raises(DecodeError, match="has no number of rows"):
        decode_compact_array(Reader(bytes.fromhex(description) + b"\x01\x00"))
    with pytest.raises(LocalProtocolError, match="must take octets"):
        encode_data_octets(Data(DataType.COMPACT_ARRAY, CompactArray(described, ())))


def test_m03_a_compact_array_costs_its_types_and_every_element_of_its_rows():
    octets = bytes.fromhex("02 02 11 16 04 0102 0304")
    reader = Reader(octets, limits=Limits(elements=2 + 2 * 3))
    assert decode_compact_array(reader).elements == (structure(unsigned(1), enum(2)), structure(unsigned(3), enum(4)))
    assert reader.elements_left == 0
    with pytest.raises(LimitExceeded, match="elements"):
        decode_compact_array(Reader(octets, limits=Limits(elements=2 + 2 * 3 - 1)))


def test_m04_a_compact_array_is_one_level_and_so_is_each_container_in_its_description():
    octets = bytes.fromhex("02 01 11 01 05")
    assert decode_compact_array(Reader(octets, limits=Limits(nesting_depth=2))).elements == (structure(unsigned(5)),)
    with pytest.raises(LimitExceeded, match="nesting"):
        decode_compact_array(Reader(octets, limits=Limits(nesting_depth=1)))


def test_contents_that_end_inside_a_row_are_refused_even_if_octets_follow():
    with pytest.raises(DecodeError, match="do not end with a row"):
        decode_compact_array(Reader(bytes.fromhex("12 03 0001 0002")))


@pytest.mark.parametrize(
    ("description", "row", "octets"),
    [
        (
            TypeDescription(DataType.STRUCTURE, (UNSIGNED, TypeDescription(DataType.DONT_CARE))),
            None,
            "0202 11 FF 01 05",
        ),
        (THREE_PAIRS, array(*[structure(unsigned(1), enum(2))] * 3), "01 0003 0202 11 16 06 0102 0102 0102"),
        (
            TypeDescription(DataType.STRUCTURE, (UNSIGNED, TypeDescription(DataType.OCTET_STRING))),
            structure(unsigned(5), octet_string(b"AB")),
            "0202 11 09 04 05 024142",
        ),
    ],
    ids=["dont-care takes no octets", "an array repeats its element", "a string behind a number"],
)
def test_rows_are_their_values_without_tags(description, row, octets):
    data = compact_array(description, structure(unsigned(5), DONT_CARE) if row is None else row)
    assert encode_data_octets(data) == b"\x13" + bytes.fromhex(octets)
    assert decode_data_octets(b"\x13" + bytes.fromhex(octets)) == data


@pytest.mark.parametrize(
    ("data", "octets"),
    [
        (NULL, ""),
        (DONT_CARE, ""),
        (Data(DataType.BOOLEAN, True), "01"),
        (Data(DataType.UNSIGNED, 255), "FF"),
        (Data(DataType.FLOAT32, 1.5), "3FC00000"),
        (Data(DataType.FLOAT32, 2), "40000000"),
        (Data(DataType.FLOAT64, 1.5), "3FF8000000000000"),
        (Data(DataType.FLOAT64, 2), "4000000000000000"),
        (Data(DataType.DATE_TIME, bytes(range(12))), "000102030405060708090A0B"),
        (Data(DataType.DATE, bytes(range(5))), "0001020304"),
        (Data(DataType.TIME, bytes(range(4))), "00010203"),
        (Data(DataType.OCTET_STRING, b"\xe9"), "01E9"),
        (Data(DataType.VISIBLE_STRING, "é"), "01E9"),
        (Data(DataType.UTF8_STRING, "é"), "02C3A9"),
        (Data(DataType.BIT_STRING, BitString(b"\xff", 7)), "07FE"),
        (Data(DataType.BIT_STRING, BitString(b"\xff", 8)), "08FF"),
        (Data(DataType.BIT_STRING, BitString(b"\xff\x80", 9)), "09FF80"),
    ],
    ids=str,
)
def test_a_simple_value_is_sent_in_the_layout_of_its_type(data, octets):
    writer = Writer()
    encode_simple(data, writer)
    assert writer.getvalue() == bytes.fromhex(octets)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (Data(DataType.BOOLEAN, 1), "a boolean cannot hold this int"),
        (Data(DataType.INTEGER, 1.0), "a integer cannot hold this float"),
        (Data(DataType.DATE, bytes(4)), "a date cannot hold this bytes"),
        (Data(DataType.DATE, bytes(6)), "a date cannot hold this bytes"),
        (Data(DataType.TIME, "0123"), "a time cannot hold this str"),
        (Data(DataType.OCTET_STRING, "x"), "a octet-string cannot hold this str"),
        (Data(DataType.BIT_STRING, "1"), "a bit-string cannot hold this str"),
        (Data(DataType.VISIBLE_STRING, b"x"), "a visible-string cannot hold this bytes"),
        (Data(DataType.UTF8_STRING, b"x"), "a utf8-string cannot hold this bytes"),
        (Data(DataType.VISIBLE_STRING, "€"), "cannot be sent as latin-1"),
        (Data(DataType.UTF8_STRING, "\ud800"), "cannot be sent as utf-8"),
        (Data(DataType.UNSIGNED, 256), "a unsigned cannot hold a number of this size"),
        (Data(DataType.FLOAT32, 1e39), "a float32 cannot hold a number of this size"),
    ],
    ids=str,
)
def test_what_does_not_fit_its_type_is_named_and_not_sent(data, why):
    with pytest.raises(LocalProtocolError, match=why):
        encode_simple(data, Writer())


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (structure(unsigned(1), unsigned(2)), "the description says enum, the row unsigned"),
        (array(unsigned(1), enum(2)), "the description says structure, the row array"),
        (Data(DataType.STRUCTURE, None), "wants 2 elements"),
        (Data(DataType.STRUCTURE, (1, 2)), "holds Data only"),
    ],
    ids=str,
)
def test_a_row_that_is_not_as_described_is_not_sent(row, why):
    with pytest.raises(LocalProtocolError, match=why):
        encode_data_octets(compact_array(PAIR, row))


def arrays(count: int, levels: int, element: str) -> bytes:
    """A description of arrays in arrays, ``count`` elements each."""
    return (b"\x01" + count.to_bytes(2, "big")) * levels + bytes.fromhex(element)


def columns(*descriptions: bytes) -> bytes:
    """A description of a structure."""
    return b"\x02\x83" + len(descriptions).to_bytes(3, "big") + b"".join(descriptions)


def compact(description: bytes, contents: bytes) -> bytes:
    """A compact-array."""
    return b"\x13" + description + b"\x83" + len(contents).to_bytes(3, "big") + contents


def array_of(element: bytes, times: int) -> bytes:
    """An array of the same."""
    return b"\x01\x83" + times.to_bytes(3, "big") + element * times


NO_CONTENTS = {
    "wide": compact(columns(*[arrays(65_535, 1, "11")] * 499), b""),
    "deep": compact(columns(*[arrays(65_535, 13, "11")] * 50), b""),
    "many": array_of(compact(arrays(65_535, 12, "11"), b""), 45),
}
NOTHING_REPEATED = {
    # Arrays of no elements: what they would repeat takes no octets, and has no end.
    "numbers": compact(columns(b"\x11", *[arrays(0, 1, "") + arrays(65_535, 11, "11")] * 50), b"\x05"),
    "null-data": compact(columns(b"\x11", *[arrays(0, 1, "") + arrays(65_535, 11, "00")] * 50), b"\x05"),
}


def peak_of(octets: bytes) -> int:
    """Most octets of memory that decoding needs at a time."""
    tracemalloc.start()
    try:
        decode_data_octets(octets)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("octets", [*NO_CONTENTS.values(), *NOTHING_REPEATED.values()], ids=len)
def test_trial_18_m14_nothing_is_built_for_rows_that_are_not_there(octets):
    assert peak_of(octets) <= 64 * len(octets) + 1024 * 1024


def test_m14_without_contents_there_are_no_rows():
    assert decode_data_octets(NO_CONTENTS["wide"]).value.elements == ()
    assert [item.value.elements for item in decode_data_octets(NO_CONTENTS["many"]).value] == [()] * 45
    inside = decode_data_octets(bytes.fromhex("02 02 13 11 00 13 11 01 AA")).value  # levels are left again
    assert [item.value.elements for item in inside] == [(), (unsigned(0xAA),)]


@pytest.mark.parametrize("octets", [1, 2])
def test_m14_contents_shorter_than_a_row_are_refused(octets):
    with pytest.raises(DecodeError, match=f"the {octets} octets of a compact-array are less than one of its rows"):
        decode_data_octets(compact(b"\x02\x02\x11\x12", bytes(octets)))
    assert len(decode_data_octets(compact(b"\x02\x02\x11\x12", bytes(3))).value.elements) == 1


def test_m14_a_row_of_a_few_octets_has_no_end_of_elements():
    row = columns(b"\x11", arrays(9_997, 1, "00"))
    assert len(decode_data_octets(compact(row, b"\x01")).value.elements) == 1
    with pytest.raises(LimitExceeded, match="more than 10000 elements in a compact-array of this size"):
        decode_data_octets(compact(columns(b"\x11", arrays(9_998, 1, "00")), b"\x01"))


def test_m14_what_is_free_is_free_once_in_a_value():
    row = columns(b"\x11", arrays(997, 1, "00"))  # 1,000 elements of one octet
    assert len(decode_data_octets(array_of(compact(row, b"\x01"), 10)).value) == 10
    with pytest.raises(LimitExceeded, match="more than 10000 elements in a compact-array of this size"):
        decode_data_octets(array_of(compact(row, b"\x01"), 11))
    plain_rows = compact(bytes.fromhex("02 02 11 11"), bytes(8_000))
    assert len(decode_data_octets(array_of(plain_rows, 7)).value) == 7  # what has its octets is not charged


def test_trial_18_m13_what_may_have_many_elements_is_large():
    assert not is_large(bytes(EXECUTOR_THRESHOLD))
    assert is_large(bytes(EXECUTOR_THRESHOLD + 1))
    few, many = bytes(18_332) + b"\x13", bytes(18_333) + b"\x13"
    assert not is_large(few)
    assert is_large(many)
    assert not is_large(many, Limits(free_expansion=0))


def test_rows_of_contents_one_by_one_with_their_ends():
    text = TypeDescription(DataType.OCTET_STRING)
    contents = bytes.fromhex("0141 024142 00")
    rows = [octet_string(b"A"), octet_string(b"AB"), octet_string(b"")]
    assert list(decode_compact_rows(text, contents, DEFAULT_LIMITS)) == list(zip(rows, [2, 5, 6], strict=True))
    found = decode_compact_rows(TypeDescription(DataType.LONG_UNSIGNED), bytes(3), DEFAULT_LIMITS)
    assert next(found)[1] == 2
    with pytest.raises(DecodeError, match="inside a row"):
        next(found)
