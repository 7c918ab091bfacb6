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
