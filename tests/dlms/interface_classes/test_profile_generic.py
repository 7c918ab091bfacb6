"""Profile buffers: the fast way equals the slow one; null-data, deltas and points in time."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.cosem.dlms.encoding.cosem_time import CosemDateTime, TimePolicy, encode_date_time
from custom_components.cosem.dlms.encoding.data import (
    DONT_CARE,
    NULL,
    Data,
    DataType,
    TypeDescription,
    array,
    bit_string,
    compact_array,
    decode_data_octets,
    double_long,
    double_long_unsigned,
    encode_data_octets,
    integer,
    long,
    long_unsigned,
    octet_string,
    plain,
    structure,
    unsigned,
    utf8_string,
    visible_string,
)
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.encoding.octets import Reader
from custom_components.cosem.dlms.errors import DecodeError, DlmsError, LimitExceeded
from custom_components.cosem.dlms.interface_classes import profile_layout, profile_rows
from custom_components.cosem.dlms.interface_classes.profile_generic import (
    BufferSelector,
    CaptureObject,
    ProfileGenericAttribute,
    ProfileGenericMethod,
    decode_capture_objects,
    decode_rows,
    decode_rows_generic,
    decode_timed_rows,
    encode_capture_object,
    entry_descriptor,
    expand_rows,
    range_descriptor,
    rows_with_datetimes,
    time_columns,
)
from custom_components.cosem.dlms.limits import Limits
from tests.dlms.data_strategies import any_data, compact_arrays, simple_data
from tests.dlms.octet_tools import refuses_every_truncation, refuses_trailing_octets
from tests.vector_tools import vectors

BERLIN = ZoneInfo("Europe/Berlin")
SAMPLES = [pytest.param(vector, id=vector.name) for vector in vectors("profile-buffer")]


def stamp(moment: datetime, policy=TimePolicy.STANDARD, status: int | None = None) -> Data:
    value = encode_date_time(CosemDateTime.from_datetime(moment, policy))
    return octet_string(value if status is None else value[:11] + bytes([status]))


def quarter_hours(count: int) -> list[Data]:
    start = datetime(2025, 1, 1, tzinfo=UTC)
    return [
        structure(
            stamp(start + timedelta(minutes=15 * index)),
            unsigned(index % 3),
            *[double_long_unsigned(1000 * column + index) for column in range(6)],
        )
        for index in range(count)
    ]


def buffer(rows: list[Data]) -> bytes:
    return encode_data_octets(array(*rows))


def same(octets: bytes) -> list[tuple]:
    """Both ways, compared by representation so that 1, 1.0 and True differ."""
    fast, slow = decode_rows(octets), decode_rows_generic(octets)
    assert repr(fast) == repr(slow)
    return fast


# Fast and slow


@pytest.mark.parametrize("sample", SAMPLES)
def test_samples_become_the_rows_they_mean(sample):
    rows = rows_with_datetimes(same(sample.octets), (0,))
    rows = expand_rows(rows, sample.expect["capture_period_s"], 0)
    shown = [[cell.isoformat() if isinstance(cell, datetime) else cell for cell in row] for row in rows]
    assert shown == sample.expect["rows"]


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


# What a buffer may be


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


# Limits


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


def test_rows_of_very_many_elements_are_decoded_one_by_one():
    row = array(*[unsigned(1)] * 1200)
    assert len(same(buffer([row] * 3))) == 3
    description = TypeDescription(DataType.ARRAY, (TypeDescription(DataType.UNSIGNED),), 1200)
    assert len(same(encode_data_octets(compact_array(description, row, row)))) == 2


def test_contents_of_a_compact_array_must_end_with_a_row():
    with pytest.raises(DecodeError, match="do not end with a row"):
        decode_rows(bytes.fromhex("13 020212 11 04 00010200"))
    with pytest.raises(DecodeError, match="octets too many"):
        decode_rows(bytes.fromhex("13 020212 11 03 00010200"))


# Delta types


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


# null-data


def test_null_data_repeats_the_row_before_and_a_null_timestamp_counts_on():
    start = datetime(2025, 3, 30, 0, 30, tzinfo=UTC).astimezone(BERLIN)
    rows = [(start, 1, "a"), (None, 2, None), (None, None, "b"), (start, None, None)]
    expanded = expand_rows(rows, 1800, 0)
    assert [row[1:] for row in expanded] == [(1, "a"), (2, "a"), (2, "b"), (2, "b")]
    utc = [row[0].astimezone(UTC) for row in expanded]
    assert utc[:3] == [start.astimezone(UTC) + timedelta(minutes=30 * index) for index in range(3)]
    assert expanded[1][0].tzinfo is BERLIN
    assert utc[3] == utc[0]


@pytest.mark.parametrize("period", [None, 0])
def test_a_null_timestamp_without_a_capture_period_stays_unknown(period):
    moment = datetime(2025, 1, 1, tzinfo=UTC)
    assert expand_rows([(moment, 1), (None, None)], period, 0) == [(moment, 1), (None, 1)]


def test_null_data_in_the_first_row_stays_unknown():
    assert expand_rows([(None, None), (None, 3), (None, None)], 900, 0) == [(None, None), (None, 3), (None, 3)]


def test_a_null_timestamp_after_octets_that_are_no_time_stays_unknown():
    assert expand_rows([(bytes(12), 1), (None, 2)], 900, 0) == [(bytes(12), 1), (None, 2)]


def test_rows_of_different_width_are_expanded_as_far_as_they_go():
    assert expand_rows([(1, 2), (None,), (None, None, None)]) == [(1, 2), (1,), (1, None, None)]


def test_a_capture_period_out_of_the_calendar_gives_no_time():
    last = datetime(9998, 12, 31, tzinfo=UTC)
    assert expand_rows([(last,), (None,)], 2**32 - 1, 0)[1] == (None,)


# Points in time


def test_columns_of_date_times_become_aware_datetimes():
    octets = buffer(quarter_hours(100))
    rows = decode_timed_rows(octets, (0,))
    assert rows == rows_with_datetimes(decode_rows(octets), (0,))
    assert rows[4][0] == datetime(2025, 1, 1, 1, tzinfo=UTC)
    assert [row[1:] for row in rows] == [row[1:] for row in decode_rows(octets)]


def test_more_rows_than_are_converted_at_a_time():
    rows = decode_timed_rows(buffer(quarter_hours(9000)), (0,))
    assert rows[8999][0] == datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=15 * 8999)
    assert len(rows) == 9000


def test_what_is_no_point_in_time_stays_as_it_was():
    every_day = bytes.fromhex("FFFFFFFFFF060000FF8000FF")
    rows = [(every_day, 1), (None, 2), (1_700_000_000, 3), (b"abc", 4)]
    assert rows_with_datetimes(rows, (0,)) == rows


def test_the_given_rows_are_not_changed():
    rows = decode_rows(buffer(quarter_hours(3)))
    before = list(rows)
    rows_with_datetimes(rows, (0,))
    assert rows == before


def test_rows_of_different_width_and_without_columns():
    value = plain(stamp(datetime(2025, 1, 1, tzinfo=UTC)))
    rows = rows_with_datetimes([(value, value), (value,), ()], (1,))
    assert rows == [(value, datetime(2025, 1, 1, tzinfo=UTC)), (value,), ()]
    assert rows_with_datetimes([(), ()], (0,)) == [(), ()]
    assert rows_with_datetimes([(1,), (2,)], (0, 5)) == [(1,), (2,)]
    assert rows_with_datetimes([], (0,)) == []


def local_rows(start: datetime, count: int, minutes: int, status) -> list[tuple]:
    """Rows with local time and no deviation, as many meters send them; ``status`` by UTC time."""
    rows = []
    for index in range(count):
        moment = (start + timedelta(minutes=minutes * index)).astimezone(BERLIN)
        rows.append((plain(stamp(moment, TimePolicy.UNSPECIFIED_LOCAL_TIME, status(moment))), index))
    return rows


AUTUMN = datetime(2025, 10, 25, 22, 0, tzinfo=UTC)
STATUSES = {
    "kept": lambda moment: 0x80 if moment.dst() else 0x00,
    "none": lambda _: 0xFF,
    "always 0": lambda _: 0x00,
}


@pytest.mark.parametrize("minutes", [15, 30, 60])
@pytest.mark.parametrize("status", STATUSES.values(), ids=STATUSES)
@pytest.mark.parametrize("newest_first", [False, True])
def test_f54_the_hour_that_is_there_twice_gets_its_two_utc_hours(minutes, status, newest_first):
    count = 10 * 60 // minutes
    rows = local_rows(AUTUMN, count, minutes, status)
    if newest_first:
        rows.reverse()
    found = rows_with_datetimes(rows, (0,), TimePolicy.UNSPECIFIED_LOCAL_TIME, BERLIN)
    assert {row[1]: row[0].astimezone(UTC) for row in found} == {
        index: AUTUMN + timedelta(minutes=minutes * index) for index in range(count)
    }


def test_f54_the_night_without_two_oclock_has_no_gap():
    start = datetime(2025, 3, 29, 23, 0, tzinfo=UTC)
    rows = local_rows(start, 12, 30, STATUSES["none"])
    found = rows_with_datetimes(rows, (0,), TimePolicy.UNSPECIFIED_LOCAL_TIME, BERLIN)
    assert [row[0].astimezone(UTC) for row in found] == [start + timedelta(minutes=30 * index) for index in range(12)]


def test_a_status_of_standard_time_is_believed_where_nothing_contradicts_it():
    rows = local_rows(datetime(2025, 10, 26, 1, 0, tzinfo=UTC), 8, 15, STATUSES["kept"])
    found = rows_with_datetimes(rows, (0,), TimePolicy.UNSPECIFIED_LOCAL_TIME, BERLIN)
    assert found[0][0].astimezone(UTC) == datetime(2025, 10, 26, 1, 0, tzinfo=UTC)


def test_standard_time_all_year_needs_no_second_hour():
    rows = [(plain(stamp(datetime(2025, 10, 26, 2, 15), TimePolicy.UNSPECIFIED_STANDARD_TIME, 0xFF)),)]  # noqa: DTZ001
    found = rows_with_datetimes(rows, (0,), TimePolicy.UNSPECIFIED_STANDARD_TIME, BERLIN)
    assert found[0][0].utcoffset() == timedelta(hours=1)


def test_f55_half_hour_zones_keep_their_offset():
    zone = timezone(timedelta(hours=5, minutes=30))
    rows = [(plain(stamp(datetime(2025, 1, 1, tzinfo=zone))),)]
    assert rows_with_datetimes(rows, (0,))[0][0].isoformat() == "2025-01-01T00:00:00+05:30"


# Capture objects and selective access


CLOCK = CaptureObject(8, LogicalName.parse("0.0.1.0.0.255"), 2, 0)
ENERGY = CaptureObject(3, LogicalName.parse("1.0.1.8.0.255"), 2, 0)


@pytest.mark.parametrize("sample", SAMPLES)
def test_capture_objects_of_the_samples(sample):
    entries = sample.expect["capture_objects"]
    definitions = tuple(
        CaptureObject(entry["class_id"], LogicalName.parse(entry["instance"]), entry["attribute"], entry["data_index"])
        for entry in entries
    )
    octets = bytes((1, len(entries))) + b"".join(map(octets_of_capture_object, entries))
    assert encode_data_octets(array(*map(encode_capture_object, definitions))) == octets
    assert decode_capture_objects(decode_data_octets(octets)) == definitions
    assert time_columns(definitions) == (0,)


def octets_of_capture_object(entry):
    """By hand: a structure of long-unsigned, octet-string, integer and long-unsigned."""
    name = bytes(map(int, entry["instance"].split(".")))
    class_id, data_index = (entry[field].to_bytes(2) for field in ("class_id", "data_index"))
    return b"\2\4\x12" + class_id + b"\x09\6" + name + b"\x0f" + bytes([entry["attribute"]]) + b"\x12" + data_index


def test_capture_objects_of_any_integer_types_are_read():
    data = array(structure(double_long(3), octet_string(ENERGY.logical_name.octets), unsigned(2), unsigned(0)))
    assert decode_capture_objects(data) == (ENERGY,)
    assert CLOCK.is_clock
    assert not ENERGY.is_clock


def test_capture_times_are_points_in_time_too():
    name = ENERGY.logical_name
    columns = [ENERGY, CaptureObject(4, name, 5, 0), CaptureObject(5, name, 6, 0), CaptureObject(4, name, 2, 0), CLOCK]
    assert time_columns(columns) == (1, 2, 4)


@pytest.mark.parametrize(
    "data",
    [
        unsigned(1),
        octet_string(b"\x01"),
        array(unsigned(1)),
        array(structure(long_unsigned(3), octet_string(bytes(6)), integer(2))),
        array(structure(long_unsigned(3), octet_string(bytes(5)), integer(2), long_unsigned(0))),
        array(structure(long_unsigned(3), visible_string("123456"), integer(2), long_unsigned(0))),
    ],
)
def test_what_is_no_list_of_capture_objects_is_refused(data):
    with pytest.raises(DecodeError):
        decode_capture_objects(data)


def test_selective_access_parameters_equal_the_samples():
    start, end = (octet_string(bytes.fromhex(f"07E90102{day}00000000FFC400")) for day in ("04", "05"))
    samples = {encode_data_octets(entry_descriptor(1, 0, 2, 3)), encode_data_octets(entry_descriptor())}
    assert bytes.fromhex("020406000000010600000000120002120003") in samples
    ranged = range_descriptor(CLOCK, start, end, (CLOCK, ENERGY))
    assert ranged.value[0] == encode_capture_object(CLOCK)
    assert ranged.value[1:3] == (start, end)
    assert decode_capture_objects(ranged.value[3]) == (CLOCK, ENERGY)
    whole = bytes.fromhex(
        "0204020412000809060000010000FF0F02120000090C07E901010300000000FFC400090C07E901020400000000FFC4000100"
    )
    day = [octet_string(bytes.fromhex(text)) for text in ("07E901010300000000FFC400", "07E901020400000000FFC400")]
    assert encode_data_octets(range_descriptor(CLOCK, *day)) == whole


@pytest.mark.parametrize("rows", [1, 2, 40])
def test_rows_nested_to_the_limit_are_read_and_one_level_more_is_refused(rows):
    octets = buffer([structure(structure(unsigned(index))) for index in range(rows)])
    assert decode_rows(octets, Limits(nesting_depth=3)) == [((index,),) for index in range(rows)]
    for decode in (decode_rows, decode_rows_generic):
        with pytest.raises(LimitExceeded, match="nesting"):
            decode(octets, Limits(nesting_depth=2))


def test_numbers_of_a_profile():
    assert [attribute.value for attribute in ProfileGenericAttribute] == list(range(2, 9))
    assert (ProfileGenericAttribute.BUFFER, ProfileGenericAttribute.CAPTURE_PERIOD) == (2, 4)
    assert (BufferSelector.RANGE, BufferSelector.ENTRY) == (1, 2)
    assert (ProfileGenericMethod.RESET, ProfileGenericMethod.CAPTURE) == (1, 2)
