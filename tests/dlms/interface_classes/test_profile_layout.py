"""Shapes of rows: what repeats is decoded at once, and gives the same as row by row."""

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.cosem.dlms.encoding.data import (
    DONT_CARE,
    NULL,
    Data,
    DataType,
    TypeDescription,
    array,
    bit_string,
    compact_array,
    double_long,
    double_long_unsigned,
    encode_data_octets,
    long,
    octet_string,
    structure,
    unsigned,
    utf8_string,
    visible_string,
)
from custom_components.cosem.dlms.encoding.octets import Reader
from custom_components.cosem.dlms.interface_classes import profile_layout
from custom_components.cosem.dlms.interface_classes.profile_layout import layout_of_description, layout_of_row
from custom_components.cosem.dlms.limits import Limits
from tests.dlms.data_strategies import simple_data
from tests.dlms.interface_classes.profile_tools import buffer, quarter_hours, same


@pytest.mark.parametrize("place", [0, 1, 5, 31, 32, 33, 63, 98, 99])
@pytest.mark.parametrize(
    "other",
    [
        structure(NULL, unsigned(0), *[double_long_unsigned(7)] * 6),
        structure(octet_string(bytes(11)), unsigned(0), *[double_long_unsigned(7)] * 6),
        structure(octet_string(bytes(12)), unsigned(0), *[double_long(7)] * 6),
        structure(octet_string(bytes(12)), unsigned(0), *[double_long_unsigned(7)] * 5),
        structure(*[NULL] * 8),
        structure(),
        array(unsigned(1)),
        unsigned(9),
        NULL,
    ],
)
def test_one_other_row_anywhere_changes_nothing_else(place, other):
    rows = quarter_hours(100)
    rows[place] = other
    assert len(same(buffer(rows))) == 100


def _vary(item: Data, step: int) -> Data:
    """The same type and size with another value, where that is easy."""
    kind, value = item
    if kind is DataType.OCTET_STRING:
        return Data(kind, bytes([(octet + step) % 256 for octet in value]))
    if kind in {DataType.UNSIGNED, DataType.ENUM, DataType.BCD}:
        return Data(kind, (value + step) % 256)
    return item


shapes = st.recursive(
    simple_data.filter(lambda item: not item.type.name.startswith("DELTA_")),
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda items: structure(*items))
        | st.lists(inner, max_size=3).map(lambda items: array(*items))
    ),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(shapes, st.integers(1, 45)), max_size=4))
def test_runs_of_any_shapes_decode_the_same_both_ways(runs):
    rows = [
        structure(*[_vary(item, step) for item in row.value]) if row.type is DataType.STRUCTURE else row
        for row, count in runs
        for step in range(count)
    ]
    same(buffer(rows))


@settings(max_examples=150, deadline=None)
@given(st.lists(shapes, min_size=1, max_size=3), st.lists(st.integers(0, 2), max_size=60))
def test_alternating_shapes_decode_the_same_both_ways(choices, order):
    same(buffer([choices[index % len(choices)] for index in order]))


def test_text_bits_and_nested_columns_take_the_fast_way():
    rows = [
        structure(
            visible_string(f"é{index:02}"),
            utf8_string(f"€{index:02}"),
            bit_string(f"{index:05b}"),
            structure(unsigned(index), array(NULL, long(-index)), structure()),
            DONT_CARE,
        )
        for index in range(20)
    ]
    octets = buffer(rows)
    assert same(octets)[3][:2] == ("é03", "€03")
    assert profile_layout.layout_of_row(Reader(octets, offset=2)).matching(octets, 2, 20) == 20


def test_unused_bits_are_dropped_in_every_row():
    rows = [structure(bit_string("10100")) for _ in range(40)]
    octets = buffer(rows).replace(b"\x05\xa0", b"\x05\xa7")
    assert {row[0].octets for row in same(octets)} == {b"\xa0"}


def test_non_minimal_lengths_are_part_of_the_shape():
    row = bytes.fromhex("0201 098203E8".replace(" ", "")) + bytes(1000)
    longer = bytes.fromhex("0201 0983 0003E8".replace(" ", "")) + bytes(1000)
    rows = same(bytes([1, 6]) + row * 3 + longer + row * 2)
    assert rows == [(bytes(1000),)] * 6


def test_rows_of_very_many_elements_are_decoded_one_by_one():
    row = array(*[unsigned(1)] * 1200)
    assert len(same(buffer([row] * 3))) == 3
    description = TypeDescription(DataType.ARRAY, (TypeDescription(DataType.UNSIGNED),), 1200)
    assert len(same(encode_data_octets(compact_array(description, row, row)))) == 2


def layout(octets, **limits):
    """The layout of the row at the start."""
    return layout_of_row(Reader(bytes.fromhex(octets), limits=Limits(**limits)))


@pytest.mark.parametrize(
    ("row", "fields", "constants", "elements"),
    [
        ("0202 06 00000001 11 05", ">2xxIxB", {0: "02", 1: "02", 2: "06", 7: "11"}, 3),
        ("0202 09 02 4142 00", ">2x2x2sx", {0: "02", 1: "02", 2: "09", 3: "02", 6: "00"}, 3),
        (
            "0202 0101 11 05 04 0A FFC0",
            ">2x2xxB2x2s",
            {0: "02", 1: "02", 2: "01", 3: "01", 4: "11", 6: "04", 7: "0A"},
            4,
        ),
        ("0201 0A 8101 41", ">2x3x1s", {0: "02", 1: "01", 2: "0A", 3: "81", 4: "01"}, 2),
        ("0200", ">2x", {0: "02", 1: "00"}, 1),
        ("11 05", ">xB", {0: "11"}, 1),
        ("FF", ">x", {0: "FF"}, 1),
    ],
)
def test_tags_counts_and_lengths_are_the_constant_octets_of_a_row(row, fields, constants, elements):
    found = layout(row)
    assert found.fields.format == fields
    assert found.constants == tuple((place, bytes.fromhex(octet)) for place, octet in constants.items())
    assert found.elements == elements


@pytest.mark.parametrize(
    ("row", "straight"),
    [("0202 11 05 09 01 41", True), ("11 05", True), ("0201 00", False), ("0201 0201 11 05", False)],
)
def test_a_flat_row_of_numbers_and_octets_comes_from_the_struct_as_it_is(row, straight):
    assert (layout(row).build is None) is straight


@pytest.mark.parametrize(
    "row",
    [
        "0201 1C 01",
        "0201 13 11 01 05",
        "0201 07 00",
        "0201 09 05 4142",
        "0201 09 88 7FFFFFFFFFFFFFFF 41",
        "0201 04 12 FFFF",
        "0202 11 05",
        "0201",
        "",
    ],
    ids=[
        "delta",
        "compact-array",
        "obsolete type",
        "octets beyond the end",
        "more octets than there are",
        "bits beyond the end",
        "no second column",
        "no column",
        "nothing",
    ],
)
def test_a_row_without_a_fixed_layout_is_left_to_the_decoder(row):
    assert layout(row) is None


@pytest.mark.parametrize("row", ["0201 09 02 4142", "0201 04 10 FFFF", "0201 0C 00"])
def test_a_row_may_reach_the_very_end(row):
    found = layout(row)
    assert found.matching(bytes.fromhex(row), 0, 2) == 1


@pytest.mark.parametrize("before", [0, 1])
def test_a_row_nested_to_the_limit_has_a_layout_and_one_level_more_has_none(before):
    """``before``: levels that are open around the row. Levels side by side are not levels of nesting."""
    rows = {
        "11 05": 0,
        "0201 11 05": 1,
        "0203 0201 1105 0201 1105 0201 1105": 2,
        "0202 0201 1105 0201 0201 1105": 3,
    }
    for row, levels in rows.items():
        for allowed in (1, 2, 3):
            reader = Reader(bytes.fromhex(row), limits=Limits(nesting_depth=allowed))
            reader.depth = before
            assert (layout_of_row(reader) is not None) is (levels + before <= allowed)


@pytest.mark.parametrize(("elements", "fits"), [(999, True), (1_000, True), (1_001, False)])
def test_a_layout_has_at_most_a_thousand_elements(elements, fits):
    columns = elements - 1
    row = f"0282{columns:04X}" + columns * "1105"
    assert (layout(row) is not None) is fits
    description = TypeDescription(DataType.STRUCTURE, (TypeDescription(DataType.UNSIGNED),) * columns)
    assert (layout_of_description(description, elements) is not None) is fits


UNSIGNED, LONG = TypeDescription(DataType.UNSIGNED), TypeDescription(DataType.LONG)
NOTHING, IGNORED = TypeDescription(DataType.NULL_DATA), TypeDescription(DataType.DONT_CARE)
PAIR = TypeDescription(DataType.STRUCTURE, (UNSIGNED, LONG))


@pytest.mark.parametrize(
    ("description", "fields", "rows"),
    [
        (UNSIGNED, ">B", [(0,), (1,), (2,), (3,)]),
        (PAIR, ">Bh", [(0, 0x0102), (3, 0x0405), (6, 0x0708)]),
        (TypeDescription(DataType.ARRAY, (LONG,), 2), ">hh", [(0x0001, 0x0203), (0x0405, 0x0607)]),
        (TypeDescription(DataType.STRUCTURE, (NOTHING, UNSIGNED, IGNORED)), ">B", [(None, 0, None), (None, 1, None)]),
        (
            TypeDescription(DataType.STRUCTURE, (UNSIGNED, TypeDescription(DataType.ARRAY, (PAIR,), 2))),
            ">BBhBh",
            [(0, ((1, 0x0203), (4, 0x0506))), (7, ((8, 0x090A), (0x0B, 0x0C0D)))],
        ),
    ],
    ids=["numbers", "structures", "arrays", "columns of nothing", "an array in a structure"],
)
def test_a_description_without_strings_is_a_struct(description, fields, rows):
    found = layout_of_description(description, 9)
    assert found.fields.format == fields
    assert (found.constants, found.elements) == ((), 9)
    assert found.unpack(bytes(range(len(rows) * found.fields.size)), 0, len(rows)) == rows


@pytest.mark.parametrize("kind", [DataType.OCTET_STRING, DataType.BIT_STRING, DataType.DELTA_INTEGER])
def test_a_description_with_strings_or_deltas_is_left_to_the_decoder(kind):
    assert layout_of_description(TypeDescription(kind), 1) is None
    assert layout_of_description(TypeDescription(DataType.STRUCTURE, (UNSIGNED, TypeDescription(kind))), 3) is None


def test_a_flat_description_needs_no_building():
    assert layout_of_description(PAIR, 3).build is None
    assert layout_of_description(TypeDescription(DataType.STRUCTURE, (PAIR,)), 4).build is not None
