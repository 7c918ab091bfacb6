"""The common data types, both ways."""

import math
import struct

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.cosem.dlms.encoding import data as d
from custom_components.cosem.dlms.encoding.data import (
    BitString,
    CompactArray,
    Data,
    DataType,
    TypeDescription,
    decode_data,
    decode_data_octets,
    encode_data_octets,
    plain,
)
from custom_components.cosem.dlms.encoding.octets import Reader
from custom_components.cosem.dlms.errors import DecodeError, DlmsError, LimitExceeded, LocalProtocolError
from custom_components.cosem.dlms.limits import DEFAULT_LIMITS, Limits
from tests.dlms.data_strategies import any_data
from tests.dlms.octet_tools import described, refuses_every_truncation, refuses_trailing_octets
from tests.vector_tools import vectors

SAMPLES = [pytest.param(vector, id=vector.name) for theme in ("data", "compact-array") for vector in vectors(theme)]


@pytest.mark.parametrize("sample", SAMPLES)
def test_samples_decode_to_what_they_mean_and_encode_back(sample):
    data = decode_data_octets(sample.octets)
    expect = {key: value for key, value in sample.expect.items() if key != "contents"}
    assert described(data) == expect
    assert encode_data_octets(data) == sample.octets


@pytest.mark.parametrize("sample", SAMPLES)
def test_samples_cut_short_or_too_long_are_refused(sample):
    refuses_every_truncation(decode_data_octets, sample.octets)
    refuses_trailing_octets(decode_data_octets, sample.octets)


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_value_in_the_middle_of_octets_ends_where_it_ends(sample):
    reader = Reader(b"\xff" + sample.octets + b"\xaa", offset=1)
    assert decode_data(reader) == decode_data_octets(sample.octets)
    assert reader.rest() == b"\xaa"


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_value_may_not_lead_out_of_its_part(sample):
    octets = sample.octets + bytes(300)
    for end in range(len(sample.octets)):
        with pytest.raises(DecodeError):
            decode_data(Reader(octets, end=end))


@given(any_data)
def test_what_is_encoded_decodes_to_the_same(data):
    octets = encode_data_octets(data)
    assert decode_data_octets(octets) == data
    assert encode_data_octets(decode_data_octets(octets)) == octets


@given(any_data, st.data())
def test_m06_a_truncated_value_is_an_error_and_never_a_shorter_value(data, draw):
    octets = encode_data_octets(data)
    size = draw.draw(st.integers(0, len(octets) - 1))
    with pytest.raises(DecodeError):
        decode_data_octets(octets[:size])


def decoded_or_none(octets):
    """Nothing but a DlmsError is swallowed."""
    try:
        return decode_data_octets(octets)
    except DlmsError:
        return None


@settings(max_examples=300)
@given(st.binary(max_size=60))
def test_any_octets_give_a_value_or_a_dlms_error(octets):
    data = decoded_or_none(octets)
    shortest = encode_data_octets(data) if data else b"\0"
    assert encode_data_octets(decode_data_octets(shortest)) == shortest


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("03FF", True),
        ("0301", True),
        ("0D99", 0x99),
        ("FF", None),
        ("1C80", -128),
        ("1DFFFE", -2),
        ("1EFFFFFFFE", -2),
        ("1FFE", 254),
        ("20FFFE", 65534),
        ("21FFFFFFFE", 4294967294),
        ("18BFB999999999999A", -0.1),
        ("0C03E282AC", "€"),
        ("0A02E900", "é\0"),
    ],
)
def test_types_without_a_sample(text, value):
    assert plain(decode_data_octets(bytes.fromhex(text))) == value


@pytest.mark.parametrize("tag", sorted(set(range(256)) - set(DataType)))
def test_m07_an_unknown_type_is_refused_with_its_tag_and_offset(tag):
    with pytest.raises(DecodeError, match=f"unknown data type {tag:02X}") as caught:
        decode_data_octets(bytes([2, 2, 0, tag]) + bytes(20))
    assert caught.value.offset == 3


def test_m07_an_unknown_enumeration_member_keeps_its_number():
    assert decode_data_octets(b"\x16\xee") == d.enum(0xEE)


@pytest.mark.parametrize("octets", ["098105AABBCCDDEE", "09820005AABBCCDDEE", "0984 00000005 AABBCCDDEE"])
def test_non_minimal_lengths_are_accepted_and_sent_shortest(octets):
    data = decode_data_octets(bytes.fromhex(octets))
    assert encode_data_octets(data) == bytes.fromhex("0905AABBCCDDEE")


@pytest.mark.parametrize("octets", ["02811100" + "00" * 16, "0182001100" + "00" * 16])
def test_containers_with_long_counts_decode(octets):
    assert plain(decode_data_octets(bytes.fromhex(octets))) == (None,) * 17


def test_unused_bits_of_a_bit_string_are_ignored_and_sent_as_zero():
    data = decode_data_octets(bytes.fromhex("0403BF"))
    assert data == d.bit_string("101")
    assert encode_data_octets(data) == bytes.fromhex("0403A0")
    assert encode_data_octets(Data(DataType.BIT_STRING, BitString(b"\xbf", 3))) == bytes.fromhex("0403A0")


@pytest.mark.parametrize("octets", ["7F800001", "FFC00001", "7FBFFFFF", "7F800000", "80000000"])
def test_special_float32_values_encode_back_bit_by_bit(octets):
    octets = bytes.fromhex("17" + octets)
    assert encode_data_octets(decode_data_octets(octets)) == octets


def test_floats_keep_infinities_and_nan():
    assert plain(decode_data_octets(bytes.fromhex("177F800000"))) == math.inf
    assert math.isnan(plain(decode_data_octets(bytes.fromhex("187FF8000000000000"))))


@given(st.binary(max_size=40))
def test_m10_strings_keep_every_octet(octets):
    for tag in (9, 10, 12):
        encoded = bytes([tag, len(octets)]) + octets
        assert encode_data_octets(decode_data_octets(encoded)) == encoded


# Rules about sizes and depths


def test_m01_a_huge_length_is_refused_before_anything_is_allocated():
    for octets in ("0984FFFFFFFF00", "0A84FFFFFFFF00", "0C84FFFFFFFF00", "0484FFFFFFFF00", "1306 84FFFFFFFF 00"):
        with pytest.raises(DecodeError):
            decode_data_octets(bytes.fromhex(octets))


def test_m02_elements_without_contents_do_not_loop_for_ever():
    assert plain(decode_data_octets(bytes([1, 5, 0, 0, 255, 1, 0, 2, 0]))) == (None, None, None, (), ())


@pytest.mark.parametrize("octets", ["0184FFFFFFFF00", "0284FFFFFFFF00", "010200", "0203 0000"])
def test_m03_a_count_beyond_the_octets_left_is_refused(octets):
    with pytest.raises(DecodeError, match="exceeds the"):
        decode_data_octets(bytes.fromhex(octets))


@pytest.mark.parametrize("description", ["00", "FF", "0200", "02020000", "01000006", "01FFFF00", "0100030200"])
def test_m03_a_compact_array_with_rows_of_no_octets_is_refused(description):
    for contents in ("00", "0101"):
        with pytest.raises(DecodeError, match="no number of rows"):
            decode_data_octets(bytes.fromhex("13" + description + contents))


def test_m03_the_expansion_of_a_compact_array_is_charged_before_it_happens():
    # One octet per row, but 65,536 elements: 16 rows are more than a million.
    bomb = bytes.fromhex("13 0202 11 01FFFF00 10") + bytes(16)
    with pytest.raises(LimitExceeded, match="elements"):
        decode_data_octets(bomb)
    nested = bytes.fromhex("13 0202 11" + "01FFFF" * 12 + "00 01 00")
    with pytest.raises(LimitExceeded, match="elements"):
        decode_data_octets(nested)


def test_m03_a_compact_array_may_not_expand_much_beyond_its_octets():
    shells = TypeDescription(DataType.UNSIGNED)
    for _ in range(5):
        shells = TypeDescription(DataType.STRUCTURE, (shells,))

    def encoded(rows: int) -> bytes:
        return bytes.fromhex("13" + "0201" * 5 + "11 82") + rows.to_bytes(2, "big") + bytes(rows)

    assert len(decode_data_octets(encoded(1500)).value.elements) == 1500
    with pytest.raises(LimitExceeded, match="elements in a compact-array"):
        decode_data_octets(encoded(2000))
    pairs = bytes.fromhex("13 0202 11 16 83009C40") + bytes(40_000)
    assert len(decode_data_octets(pairs).value.elements) == 20_000


def test_m03_a_type_description_may_not_be_long():
    for columns, fits in ((1000, True), (1001, False)):
        octets = bytes([0x13, 2, 0x82, *columns.to_bytes(2, "big")]) + b"\x11" * columns + b"\x00"
        if fits:
            assert decode_data_octets(octets).value.elements == ()
        else:
            with pytest.raises(LimitExceeded, match="types in a type description"):
                decode_data_octets(octets)


def test_m04_values_beside_each_other_are_no_levels():
    """A list of more containers than there may be levels, each with one inside."""
    siblings = d.array(*[d.structure(d.array(d.NULL)) for _ in range(DEFAULT_LIMITS.nesting_depth + 1)])
    assert decode_data_octets(d.encode_data_octets(siblings)) == siblings


def test_m04_sixteen_levels_are_decoded_and_the_seventeenth_is_refused():
    for tag in (1, 2):
        assert decode_data_octets(bytes([tag, 1] * 16 + [0]))
        with pytest.raises(LimitExceeded, match="16 levels") as caught:
            decode_data_octets(bytes([tag, 1] * 17 + [0]))
        assert caught.value.limit == 16
        with pytest.raises(LimitExceeded, match="16 levels"):
            decode_data_octets(bytes([tag, 1] * 16 + [tag, 0]))


def test_m04_levels_of_a_type_description_count_as_well():
    def nested(outside: int, inside: int) -> bytes:
        return bytes([2, 1] * outside + [0x13] + [2, 1] * inside + [0x11, 1, 5])

    assert decode_data_octets(nested(7, 8))
    with pytest.raises(LimitExceeded):
        decode_data_octets(nested(8, 8))
    with pytest.raises(LimitExceeded):
        decode_data_octets(bytes([1, 1] * 16) + bytes.fromhex("13110101"))


def test_m04_a_reader_already_inside_something_has_fewer_levels_left():
    reader = Reader(bytes([2, 1] * 3 + [0]), limits=Limits(nesting_depth=4))
    reader.descend()
    decode_data(reader)
    reader = Reader(bytes([2, 1] * 3 + [0]), limits=Limits(nesting_depth=4))
    reader.descend()
    reader.descend()
    with pytest.raises(LimitExceeded):
        decode_data(reader)


def test_the_element_budget_counts_every_value():
    octets = bytes([1, 3, 2, 2, 0, 0, 0, 0])  # array, structure, two in it, two more
    assert decode_data_octets(octets, Limits(elements=6))
    with pytest.raises(LimitExceeded, match="more than 5 elements"):
        decode_data_octets(octets, Limits(elements=5))


def test_the_element_budget_is_shared_by_the_values_of_one_reader():
    reader = Reader(bytes([0x11, 1, 0x13, 0x11, 2, 1, 2, 0x11, 3]), limits=Limits(elements=5))
    assert [plain(decode_data(reader)) for _ in range(3)] == [1, (1, 2), 3]
    assert reader.elements_left == 0
    with pytest.raises(LimitExceeded):
        decode_data_octets(bytes([2, 2, 0x13, 0x11, 2, 1, 2, 0x11, 3]), Limits(elements=4))


def test_m11_deep_nesting_does_not_recurse():
    limits = Limits(nesting_depth=100_000)
    octets = bytes([1, 1] * 50_000 + [0])
    depth = 0
    data = decode_data_octets(octets, limits)
    while data.value:
        data = data.value[0]
        depth += 1
    assert depth == 50_000


# Compact-array


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        ("13 0202 0611 05 0000000107", None),
        ("1302020611 0400000001", "less than one of its rows"),
        ("1312 03 000102", "do not end with a row|octets end"),
        ("13 020209 11 03 024142", "do not end with a row|octets end"),
        ("13 13 11 00", "cannot stand in a type description"),
        ("13 07 00", "cannot stand in a type description"),
    ],
)
def test_contents_of_a_compact_array_must_end_with_a_row(octets, reason):
    octets = bytes.fromhex(octets)
    if reason is None:
        assert plain(decode_data_octets(octets)) == ((1, 7),)
        return
    with pytest.raises(DecodeError, match=reason):
        decode_data_octets(octets)


def test_a_row_may_not_continue_behind_the_contents():
    # The last row's string says 3 octets; the contents end after 1, though octets follow in the outer structure.
    with pytest.raises(DecodeError, match="do not end with a row"):
        decode_data_octets(bytes.fromhex("0202 1309 02 0341 090142"))


def test_a_compact_array_of_every_simple_type():
    kinds = [kind for kind in DataType if kind not in {1, 2, 0x13}]
    description = TypeDescription(DataType.STRUCTURE, tuple(map(TypeDescription, kinds)))
    octets = {DataType.BIT_STRING: "09FF80", DataType.OCTET_STRING: "0141", DataType.VISIBLE_STRING: "0142"}
    contents = b"".join(
        bytes.fromhex(octets[kind])
        if kind in octets
        else b"\x01\x43"
        if kind is DataType.UTF8_STRING
        else b""
        if kind in {DataType.NULL_DATA, DataType.DONT_CARE}
        else b"\x01" * struct.calcsize(">" + d.FIXED_CODES[kind])
        for kind in kinds
    )
    encoded = bytes([0x13, 2, len(kinds), *kinds, len(contents)]) + contents
    data = decode_data_octets(encoded)
    assert isinstance(data.value, CompactArray)
    assert data.value.description == description
    assert encode_data_octets(data) == encoded
    assert [item.type for item in data.value.elements[0].value] == kinds


# Encoding: what does not fit is our own mistake and is refused, not sent


@pytest.mark.parametrize(
    "data",
    [
        d.unsigned(256),
        d.unsigned(-1),
        d.integer(128),
        d.long(40000),
        d.long_unsigned(65536),
        d.double_long(2**31),
        d.double_long_unsigned(2**32),
        d.long64(2**63),
        d.long64_unsigned(-1),
        d.enum(256),
        d.bcd(256),
        d.float32(1e300),
        d.date_time(bytes(11)),
        d.date(bytes(6)),
        d.time(bytes(5)),
        d.visible_string("€"),
        d.utf8_string("\ud800"),
        Data(DataType.UNSIGNED, "1"),
        Data(DataType.UNSIGNED, None),
        Data(DataType.BOOLEAN, 1),
        Data(DataType.FLOAT64, "1"),
        Data(DataType.OCTET_STRING, "text"),
        Data(DataType.VISIBLE_STRING, b"octets"),
        Data(DataType.UTF8_STRING, 5),
        Data(DataType.NULL_DATA, 0),
        Data(DataType.DONT_CARE, 0),
        Data(DataType.BIT_STRING, b"\x00"),
        Data(DataType.BIT_STRING, BitString(b"\x00", 9)),
        Data(DataType.ARRAY, [d.NULL]),
        Data(DataType.STRUCTURE, 5),
        Data(DataType.STRUCTURE, BitString(b"\x00", 8)),
        Data(DataType.COMPACT_ARRAY, (d.NULL,)),
    ],
)
def test_values_that_do_not_fit_their_type_are_refused(data):
    with pytest.raises(LocalProtocolError):
        encode_data_octets(data)


PAIR = TypeDescription(DataType.STRUCTURE, (TypeDescription(DataType.UNSIGNED), TypeDescription(DataType.ENUM)))


@pytest.mark.parametrize(
    "data",
    [
        d.compact_array(PAIR, d.structure(d.unsigned(1))),
        d.compact_array(PAIR, d.structure(d.unsigned(1), d.integer(1))),
        d.compact_array(PAIR, d.array(d.unsigned(1), d.enum(1))),
        d.compact_array(PAIR, Data(DataType.STRUCTURE, (1, 2))),
        d.compact_array(PAIR, Data(DataType.STRUCTURE, 7)),
        d.compact_array(TypeDescription(DataType.NULL_DATA), d.NULL),
        d.compact_array(TypeDescription(DataType.ARRAY, (TypeDescription(DataType.ENUM),), 2), d.array(d.enum(1))),
    ],
)
def test_rows_that_do_not_fit_their_description_are_refused(data):
    with pytest.raises(LocalProtocolError):
        encode_data_octets(data)


def test_integers_may_be_given_for_floats():
    assert encode_data_octets(d.float32(2)) == bytes.fromhex("1740000000")


def test_plain_drops_types_and_keeps_shape():
    data = d.structure(
        d.array(d.unsigned(1), d.NULL), d.bit_string("11"), d.compact_array(PAIR, d.structure(d.unsigned(3), d.enum(4)))
    )
    assert plain(data) == ((1, None), BitString(b"\xc0", 2), ((3, 4),))


def test_a_large_value_stays_within_default_limits():
    octets = bytes([1, 0x83]) + (200_000).to_bytes(3, "big") + bytes(200_000)
    assert len(decode_data_octets(octets, DEFAULT_LIMITS).value) == 200_000


@pytest.mark.parametrize("tag", ["01", "02", "09", "0A", "0C"])
def test_m06_a_long_length_without_octets_is_no_length_of_128(tag):
    with pytest.raises(DecodeError, match="length form 80"):
        decode_data_octets(bytes.fromhex(tag + "80") + bytes(128))


@pytest.mark.parametrize("size", [127, 128, 255, 256])
@pytest.mark.parametrize("kind", [DataType.OCTET_STRING, DataType.VISIBLE_STRING, DataType.UTF8_STRING])
def test_long_strings_of_every_kind_are_read_and_written(kind, size):
    data = Data(kind, b"a" * size if kind is DataType.OCTET_STRING else "a" * size)
    assert decode_data_octets(encode_data_octets(data)) == data


def test_m11_a_sibling_gives_no_level_of_nesting_that_was_not_there():
    deeper = bytes.fromhex("02 03 02 00 02 00 02 01 02 00")
    assert len(decode_data_octets(deeper, Limits(nesting_depth=3)).value) == 3
    with pytest.raises(LimitExceeded, match="levels of nesting"):
        decode_data_octets(deeper, Limits(nesting_depth=2))


def test_m11_what_is_too_much_is_named():
    nested = bytes.fromhex("02 01 02 00")
    with pytest.raises(LimitExceeded, match="levels of nesting"):
        decode_data_octets(nested, Limits(elements=2, nesting_depth=1))
    with pytest.raises(LimitExceeded, match="elements"):
        decode_data_octets(nested, Limits(elements=1, nesting_depth=1))


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        ("", "where a type tag is expected"),
        ("06 0000", "inside of double-long-unsigned"),
        ("02 02 00 09", "inside of octet-string"),
    ],
)
def test_m06_where_the_octets_end_is_told(octets, words):
    with pytest.raises(DecodeError, match=words):
        decode_data_octets(bytes.fromhex(octets))


@pytest.mark.parametrize("kind", [DataType.ARRAY, DataType.OCTET_STRING, DataType.NULL_DATA])
def test_the_rows_of_a_compact_array_are_not_sent_as_another_type(kind):
    rows = d.compact_array(PAIR, d.structure(d.unsigned(3), d.enum(4))).value
    with pytest.raises(LocalProtocolError):
        encode_data_octets(Data(kind, rows))
