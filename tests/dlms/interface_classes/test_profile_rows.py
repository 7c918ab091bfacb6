"""Profile buffers: the fast way equals the slow one; limits; deltas."""

from itertools import accumulate, pairwise
from types import SimpleNamespace

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.cosem.dlms.encoding.data import (
    NULL,
    Data,
    DataType,
    TypeDescription,
    array,
    bit_string,
    compact_array,
    double_long_unsigned,
    encode_data_octets,
    integer,
    long,
    long_unsigned,
    octet_string,
    structure,
    unsigned,
    visible_string,
)
from custom_components.cosem.dlms.errors import DecodeError, DlmsError, LimitExceeded
from custom_components.cosem.dlms.interface_classes import profile_rows
from custom_components.cosem.dlms.interface_classes.profile_generic import (
    decode_rows,
    decode_rows_generic,
)
from custom_components.cosem.dlms.interface_classes.profile_layout import RowLayout
from custom_components.cosem.dlms.limits import Limits
from tests.dlms.data_strategies import any_data, compact_arrays
from tests.dlms.interface_classes.profile_tools import buffer, quarter_hours, same
from tests.dlms.octet_tools import refuses_every_truncation, refuses_trailing_octets
from tests.vector_tools import vectors

SAMPLES = [pytest.param(vector, id=vector.name) for vector in vectors("profile-buffer")]


@pytest.mark.parametrize("decode", [decode_rows, decode_rows_generic])
@pytest.mark.parametrize("sample", SAMPLES)
def test_samples_cut_short_or_too_long_are_refused(sample, decode):
    refuses_every_truncation(decode, sample.octets)
    refuses_trailing_octets(decode, sample.octets)


@pytest.mark.parametrize("decode", [decode_rows, decode_rows_generic])
def test_m06_many_rows_cut_short_anywhere_are_an_error(decode):
    octets = buffer(quarter_hours(40))
    refuses_every_truncation(decode, octets)
    refuses_trailing_octets(decode, octets)


@pytest.mark.parametrize("count", [0, 1, 2, 31, 32, 33, 34, 300, 5000])
def test_uniform_rows_decode_the_same_both_ways(count):
    assert len(same(buffer(quarter_hours(count)))) == count


def test_uniform_rows_really_take_the_fast_way(monkeypatch):
    octets = buffer(quarter_hours(2000))
    decoded = []
    original = profile_rows.decode_data
    monkeypatch.setattr(profile_rows, "decode_data", lambda reader: decoded.append(1) or original(reader))
    assert len(decode_rows(octets)) == 2000
    assert not decoded


@pytest.fixture
def work(monkeypatch):
    """What decoding did: windows looked at (size of a row, rows, rows that matched), shapes found, rows decoded alone.

    The slow way for the whole buffer is not taken.
    """
    windows, walked, alone = [], [], []
    matching, walk, decode = RowLayout.matching, profile_rows.layout_of_row, profile_rows.decode_data

    def watched(layout, octets, offset, rows):
        found = matching(layout, octets, offset, rows)
        windows.append((layout.fields.size, rows, found))
        return found

    def refused(*_):
        raise AssertionError("not the fast way")

    monkeypatch.setattr(RowLayout, "matching", watched)
    monkeypatch.setattr(profile_rows, "layout_of_row", lambda reader: walked.append(reader.offset) or walk(reader))
    monkeypatch.setattr(profile_rows, "decode_data", lambda reader: alone.append(reader.offset) or decode(reader))
    monkeypatch.setattr(profile_rows, "decode_rows_generic", refused)
    return SimpleNamespace(windows=windows, walked=walked, alone=alone)


def wide(octets: int) -> Data:
    """A row of so many octets."""
    return structure(octet_string(bytes(octets - 4)))


def test_windows_grow_eightfold_and_hold_4096_rows_at_most(work):
    rows = decode_rows(buffer([wide(6)] * 10_000))
    assert rows == [(bytes(2),)] * 10_000
    assert work.windows == [(6, size, size) for size in (32, 256, 2_048, 4_096, 10_000 - 6_432)]
    assert (len(work.walked), work.alone) == (1, [])


def test_a_compact_array_is_unpacked_4096_rows_at_a_time(monkeypatch, work):
    sizes = []
    unpack = RowLayout.unpack
    monkeypatch.setattr(RowLayout, "unpack", lambda layout, *where: sizes.append(where[2]) or unpack(layout, *where))
    octets = encode_data_octets(compact_array(TypeDescription(DataType.UNSIGNED), *[unsigned(1)] * 10_000))
    assert decode_rows(octets) == [(1,)] * 10_000
    assert sizes == [4_096, 4_096, 10_000 - 8_192]


def test_a_window_starts_small_again_behind_the_end_of_a_run(work):
    decode_rows(buffer([wide(6)] * 40 + [wide(7)] * 5 + [wide(6)] * 100))
    assert work.windows == [
        (6, 32, 32),
        (6, 113, 8),  # no more are left
        (6, 32, 0),
        (7, 32, 5),
        (7, 32, 0),
        (6, 32, 32),
        (6, 68, 68),
    ]
    assert (len(work.walked), work.alone) == (2, [])


def test_the_shape_of_the_last_rows_is_looked_for_first(work):
    decode_rows(buffer(([wide(6)] * 4 + [wide(7)] * 4) * 2 + [wide(7)] * 33))
    assert [(size, found) for size, _, found in work.windows] == [
        (6, 4),
        (6, 0),
        (7, 4),
        (7, 0),
        (6, 4),
        (6, 0),
        (7, 32),
        (7, 5),
    ]
    assert len(work.walked) == 2


@pytest.mark.parametrize(("shapes", "walked"), [(1, 1), (4, 4), (5, 10)])
def test_four_shapes_are_remembered_that_were_met_last(work, shapes, walked):
    decode_rows(buffer([wide(6 + shape) for _ in range(2) for shape in range(shapes) for _ in range(4)]))
    assert len(work.walked) == walked
    assert work.alone == []


def test_four_rows_of_one_shape_are_a_run_and_three_are_not(work):
    decode_rows(buffer(([wide(6)] * 4 + [wide(7)] * 4) * 20))
    assert work.alone == []
    decode_rows(buffer(([wide(6)] * 3 + [wide(7)] * 3) * 20))
    assert work.alone


def at_row(offsets: list[int], sizes: list[int]) -> list[int]:
    """The numbers of the rows that start at these offsets."""
    starts = list(accumulate(sizes, initial=2 + 2 * (len(sizes) > 127)))
    return [starts.index(offset) for offset in offsets]


def test_where_shapes_do_not_repeat_pauses_double_up_to_64_rows(work):
    sizes = range(400)
    octets = buffer([visible(size) for size in sizes])
    assert len(decode_rows(octets)) == 400
    tried = at_row(work.walked, [len(encode_data_octets(visible(size))) for size in sizes])
    assert [after - before - 1 for before, after in pairwise(tried)] == [1, 3, 7, 15, 31, 63, 64, 64, 64, 64]


def visible(size: int) -> Data:
    """A row whose shape is its own."""
    return structure(visible_string("x" * size))


def test_a_run_ends_the_pauses(work):
    rows = [visible(index) for index in range(6)] + [wide(9)] * 40 + [visible(50 + index) for index in range(7)]
    decode_rows(buffer(rows))
    tried = at_row(work.walked, [len(encode_data_octets(row)) for row in rows])
    assert tried == [0, 2, 6, 46, 48, 52]


def test_rows_without_deltas_are_decoded_alone_and_stay_in_their_order(work):
    assert decode_rows(buffer([visible(index) for index in range(3)])) == [("",), ("x",), ("xx",)]
    assert len(work.alone) == 1


def test_m04_a_compact_array_is_one_level_both_ways():
    octets = bytes.fromhex("13 0201 11 01 05")
    for decode in (decode_rows, decode_rows_generic):
        assert decode(octets, Limits(nesting_depth=2)) == [(5,)]
        with pytest.raises(LimitExceeded, match="nesting"):
            decode(octets, Limits(nesting_depth=1))


def test_contents_that_do_not_end_with_a_row_are_refused_where_they_end_both_ways():
    for decode in (decode_rows, decode_rows_generic):
        with pytest.raises(DecodeError, match="do not end with a row") as caught:
            decode(bytes.fromhex("13 12 03 0001 02 03"))
        assert caught.value.offset == 6


def test_an_empty_compact_array_in_a_row_has_no_deltas():
    for kind in (DataType.UNSIGNED, DataType.DELTA_UNSIGNED):
        row = structure(unsigned(1), compact_array(TypeDescription(kind)))
        assert same(buffer([row])) == [(1, ())]


def test_days_of_null_timestamps_take_the_fast_way_too(monkeypatch):
    rows = quarter_hours(96 * 20)
    rows = [row if index % 96 == 0 else structure(NULL, *row.value[1:]) for index, row in enumerate(rows)]
    octets = buffer(rows)
    assert same(octets)[1][0] is None
    decoded = []
    original = profile_rows.decode_data
    monkeypatch.setattr(profile_rows, "decode_data", lambda reader: decoded.append(1) or original(reader))
    decode_rows(octets)
    assert len(decoded) < 100


def test_rows_that_never_repeat_do_not_keep_looking_for_shapes(monkeypatch):
    rows = [structure(octet_string(bytes(index % 97)), unsigned(1)) for index in range(1000)]
    octets = buffer(rows)
    same(octets)
    tried = []
    original = profile_rows.layout_of_row
    monkeypatch.setattr(profile_rows, "layout_of_row", lambda *where: tried.append(1) or original(*where))
    decode_rows(octets)
    assert len(tried) < 30


@settings(max_examples=200, deadline=None)
@given(compact_arrays)
def test_compact_arrays_decode_the_same_both_ways(data):
    octets = encode_data_octets(data)
    try:
        expected = repr(decode_rows_generic(octets))
    except DecodeError:  # delta types without a base
        with pytest.raises(DecodeError):
            decode_rows(octets)
        return
    assert repr(decode_rows(octets)) == expected


@settings(max_examples=200, deadline=None)
@given(any_data, st.binary(max_size=3), st.integers(0, 200))
def test_any_octets_fail_or_succeed_the_same_both_ways(data, tail, size):
    octets = (encode_data_octets(array(data, data, data)) + tail)[:size]
    try:
        expected = repr(decode_rows_generic(octets))
    except DlmsError:
        with pytest.raises(DlmsError):
            decode_rows(octets)
        return
    assert repr(decode_rows(octets)) == expected


def test_null_data_is_an_empty_buffer():
    assert same(b"\x00") == []


def test_rows_that_are_no_structures_have_one_column():
    assert same(encode_data_octets(array(unsigned(1), unsigned(2), bit_string("1"))))[:2] == [(1,), (2,)]
    description = TypeDescription(DataType.LONG_UNSIGNED)
    assert same(encode_data_octets(compact_array(description, long_unsigned(1), long_unsigned(2)))) == [(1,), (2,)]


@pytest.mark.parametrize("data", [structure(unsigned(1)), unsigned(1), octet_string(b"\x01\x00")])
def test_anything_else_is_no_buffer(data):
    for decode in (decode_rows, decode_rows_generic):
        with pytest.raises(DecodeError, match="a buffer is no"):
            decode(encode_data_octets(data))


def test_m03_a_count_beyond_the_octets_is_refused():
    for decode in (decode_rows, decode_rows_generic):
        with pytest.raises(DecodeError, match="exceeds"):
            decode(bytes.fromhex("0184FFFFFFFF00"))


def test_m03_a_compact_array_of_empty_rows_is_refused():
    for octets in ("1300 0100", "13 0200 00", "13 01FFFF00 0100"):
        with pytest.raises(DecodeError, match="no number of rows"):
            decode_rows(bytes.fromhex(octets))


@pytest.mark.parametrize("limit", [1, 2, 5, 100, 900, 901])
def test_the_element_budget_is_the_same_both_ways(limit):
    octets = buffer(quarter_hours(100))  # 1 + 100 * 9
    description = TypeDescription(DataType.STRUCTURE, (TypeDescription(DataType.UNSIGNED),) * 2)
    compact = encode_data_octets(compact_array(description, *[structure(unsigned(1), unsigned(2))] * 298))
    for sample, needed in ((octets, 901), (compact, 897)):
        for decode in (decode_rows, decode_rows_generic):
            if limit >= needed:
                assert decode(sample, Limits(elements=limit))
            else:
                with pytest.raises(LimitExceeded):
                    decode(sample, Limits(elements=limit))


@pytest.mark.parametrize("rows", [1, 2, 298, 5_000])
@pytest.mark.parametrize("columns", [1, 2, 7])
def test_a_compact_array_costs_exactly_its_elements(rows, columns):
    """One for the array, one for each type of the description, one for each row and each of its columns."""
    types = (TypeDescription(DataType.UNSIGNED),) * columns
    row = structure(*[unsigned(1)] * columns)
    octets = encode_data_octets(compact_array(TypeDescription(DataType.STRUCTURE, types), *[row] * rows))
    cost = 1 + columns + rows * (1 + columns)
    for decode in (decode_rows, decode_rows_generic):
        assert len(decode(octets, Limits(elements=cost))) == rows
        with pytest.raises(LimitExceeded, match="elements"):
            decode(octets, Limits(elements=cost - 1))


def test_m03_the_expansion_of_a_compact_array_is_charged_before_it_happens():
    with pytest.raises(LimitExceeded):
        decode_rows(bytes.fromhex("13 0202 11 01FFFF00 10") + bytes(16))
    with pytest.raises(LimitExceeded):
        decode_rows(bytes.fromhex("13 0202 11 0100FA00 83030D40") + bytes(200_000))


def test_m04_nesting_is_limited_the_same_both_ways():
    for levels, fits in ((14, True), (15, True), (16, False)):
        row = bytes([2, 1] * levels + [0x11, 5])
        octets = bytes([1, 3]) + row * 3
        for decode in (decode_rows, decode_rows_generic):
            if fits:
                assert len(decode(octets)) == 3
            else:
                with pytest.raises(LimitExceeded):
                    decode(octets)


def test_contents_of_a_compact_array_must_end_with_a_row():
    with pytest.raises(DecodeError, match="do not end with a row"):
        decode_rows(bytes.fromhex("13 020212 11 04 00010200"))
    with pytest.raises(DecodeError, match="octets too many"):
        decode_rows(bytes.fromhex("13 020212 11 03 00010200"))


def delta(kind: DataType, value: int) -> Data:
    return Data(kind, value)


def test_deltas_add_up_on_the_last_full_value():
    rows = [
        structure(double_long_unsigned(1000), long(5)),
        structure(delta(DataType.DELTA_INTEGER, -3), delta(DataType.DELTA_LONG, 7)),
        structure(delta(DataType.DELTA_LONG_UNSIGNED, 60_000), NULL),
        structure(double_long_unsigned(5), delta(DataType.DELTA_UNSIGNED, 1)),
        structure(delta(DataType.DELTA_DOUBLE_LONG_UNSIGNED, 2), delta(DataType.DELTA_DOUBLE_LONG, -100)),
    ]
    assert same(buffer(rows)) == [(1000, 5), (997, 12), (60_997, None), (5, 13), (7, -87)]


def test_deltas_after_many_full_rows_of_one_shape():
    rows = [structure(double_long_unsigned(index)) for index in range(100)]
    rows += [structure(delta(DataType.DELTA_UNSIGNED, 1))] * 100
    assert same(buffer(rows)) == [(index,) for index in range(200)][:100] + [(100 + index,) for index in range(100)]


def test_deltas_inside_nested_columns():
    rows = [
        structure(structure(unsigned(1), array(unsigned(2)))),
        structure(structure(delta(DataType.DELTA_INTEGER, 1), array(delta(DataType.DELTA_INTEGER, 2)))),
    ]
    assert same(buffer(rows)) == [((1, (2,)),), ((2, (4,)),)]


@pytest.mark.parametrize(
    "rows",
    [
        [structure(delta(DataType.DELTA_INTEGER, 1))],
        [structure(NULL), structure(delta(DataType.DELTA_INTEGER, 1))],
        [structure(visible_string("1")), structure(delta(DataType.DELTA_INTEGER, 1))],
        [structure(unsigned(1)), structure(unsigned(1), delta(DataType.DELTA_INTEGER, 1))],
        [unsigned(1), structure(delta(DataType.DELTA_INTEGER, 1))],
        [structure(unsigned(1)), array(delta(DataType.DELTA_INTEGER, 1))],
    ],
)
def test_a_delta_without_a_full_value_before_it_is_refused(rows):
    with pytest.raises(DecodeError, match="without a full value"):
        decode_rows(buffer(rows))


@pytest.mark.parametrize(
    ("full", "step"),
    [
        (unsigned(250), delta(DataType.DELTA_UNSIGNED, 6)),
        (double_long_unsigned(0), delta(DataType.DELTA_INTEGER, -1)),
        (integer(-128), delta(DataType.DELTA_INTEGER, -1)),
        (Data(DataType.LONG64_UNSIGNED, 2**64 - 1), delta(DataType.DELTA_UNSIGNED, 1)),
    ],
)
def test_a_delta_out_of_the_range_of_the_full_value_is_refused(full, step):
    with pytest.raises(DecodeError, match="out of the range"):
        decode_rows(buffer([structure(full), structure(step)]))


@pytest.mark.parametrize(
    ("kind", "smallest", "largest"),
    [
        (DataType.UNSIGNED, 0, 255),
        (DataType.INTEGER, -128, 127),
        (DataType.LONG_UNSIGNED, 0, 65_535),
        (DataType.DOUBLE_LONG_UNSIGNED, 0, 2**32 - 1),
        (DataType.DOUBLE_LONG, -(2**31), 2**31 - 1),
        (DataType.LONG64_UNSIGNED, 0, 2**64 - 1),
    ],
)
def test_deltas_lead_to_both_ends_of_a_type_and_not_beyond(kind, smallest, largest):
    for end, step in ((smallest, -1), (largest, 1)):
        near = structure(Data(kind, end - step))
        there = structure(delta(DataType.DELTA_INTEGER, step))
        assert same(buffer([near, there])) == [(end - step,), (end,)]
        with pytest.raises(DecodeError, match="out of the range"):
            decode_rows(buffer([near, there, there]))


def test_a_compact_array_of_deltas_beside_full_values_takes_the_slow_way():
    """Its fast way knows no types of the rows before."""
    types = (TypeDescription(DataType.UNSIGNED), TypeDescription(DataType.DELTA_UNSIGNED))
    row = structure(unsigned(1), delta(DataType.DELTA_UNSIGNED, 2))
    octets = encode_data_octets(compact_array(TypeDescription(DataType.STRUCTURE, types), row))
    for decode in (decode_rows, decode_rows_generic):
        with pytest.raises(DecodeError, match="without a full value"):
            decode(octets)


def test_deltas_in_a_compact_array_have_no_full_value():
    for kind in (DataType.DELTA_LONG, DataType.STRUCTURE):
        inner = TypeDescription(DataType.DELTA_LONG)
        description = inner if kind is DataType.DELTA_LONG else TypeDescription(kind, (inner,))
        row = delta(DataType.DELTA_LONG, 1)
        data = compact_array(description, row if kind is DataType.DELTA_LONG else structure(row))
        with pytest.raises(DecodeError, match="without a full value"):
            decode_rows(encode_data_octets(data))
        with pytest.raises(DecodeError, match="without a full value"):
            decode_rows(encode_data_octets(array(structure(unsigned(1)), structure(row, data))))


def test_a_compact_array_inside_a_row_stays_a_column_of_rows():
    inner = compact_array(TypeDescription(DataType.UNSIGNED), unsigned(1), unsigned(2))
    rows = [structure(unsigned(index), inner) for index in range(10)]
    assert same(buffer(rows))[4] == (4, (1, 2))
    rows.append(structure(delta(DataType.DELTA_INTEGER, 1), inner))
    assert same(buffer(rows))[10] == (10, (1, 2))


@pytest.mark.parametrize("rows", [1, 2, 40])
def test_rows_nested_to_the_limit_are_read_and_one_level_more_is_refused(rows):
    octets = buffer([structure(structure(unsigned(index))) for index in range(rows)])
    assert decode_rows(octets, Limits(nesting_depth=3)) == [((index,),) for index in range(rows)]
    for decode in (decode_rows, decode_rows_generic):
        with pytest.raises(LimitExceeded, match="nesting"):
            decode(octets, Limits(nesting_depth=2))


@pytest.mark.parametrize("element", ["11", "00", "09"])
def test_trial_18_m14_an_array_of_no_elements_repeats_nothing(element):
    endless = bytes.fromhex("01 0000") + bytes.fromhex("01 FFFF") * 8 + bytes.fromhex(element)
    octets = bytes.fromhex("13 02 02 11") + endless + bytes.fromhex("02 05 06")
    assert decode_rows(octets) == decode_rows_generic(octets) == [(5, ()), (6, ())]


def test_m14_a_buffer_without_contents_has_no_rows():
    octets = bytes.fromhex("13 02 01 01 FFFF 11 00")
    assert decode_rows(octets) == decode_rows_generic(octets) == []
    with pytest.raises(DecodeError, match="1 octets too many"):
        decode_rows(octets + b"\x00")
