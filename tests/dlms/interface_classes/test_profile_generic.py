"""Profiles: null-data, points in time, capture objects and selective access."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from custom_components.cosem.dlms.encoding.cosem_time import TimePolicy
from custom_components.cosem.dlms.encoding.data import (
    array,
    decode_data_octets,
    double_long,
    encode_data_octets,
    integer,
    long_unsigned,
    octet_string,
    plain,
    structure,
    unsigned,
    visible_string,
)
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.errors import DecodeError
from custom_components.cosem.dlms.interface_classes.profile_generic import (
    BufferSelector,
    CaptureObject,
    ProfileGenericAttribute,
    ProfileGenericMethod,
    decode_capture_objects,
    decode_rows,
    decode_timed_rows,
    encode_capture_object,
    entry_descriptor,
    expand_rows,
    range_descriptor,
    rows_with_datetimes,
    time_columns,
)
from tests.dlms.interface_classes.profile_tools import buffer, quarter_hours, same, stamp
from tests.vector_tools import vectors

BERLIN = ZoneInfo("Europe/Berlin")
SAMPLES = [pytest.param(vector, id=vector.name) for vector in vectors("profile-buffer")]


@pytest.mark.parametrize("sample", SAMPLES)
def test_samples_become_the_rows_they_mean(sample):
    rows = rows_with_datetimes(same(sample.octets), (0,))
    rows = expand_rows(rows, sample.expect["capture_period_s"], 0)
    shown = [[cell.isoformat() if isinstance(cell, datetime) else cell for cell in row] for row in rows]
    assert shown == sample.expect["rows"]


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


def test_rows_of_two_widths_keep_their_own_times():
    start = datetime(2025, 1, 1, tzinfo=UTC)
    cells = [plain(stamp(start + timedelta(hours=hour))) for hour in range(3)]
    found = rows_with_datetimes([(cells[0], 1), (cells[1],), (cells[2], 3)], (0,))
    assert found == [(start, 1), (start + timedelta(hours=1),), (start + timedelta(hours=2), 3)]


def test_unless_told_otherwise_a_deviation_is_read_as_the_standard_says():
    moment = datetime(2025, 1, 1, 12, tzinfo=timezone(timedelta(hours=1)))
    rows = [structure(stamp(moment), unsigned(1))]
    assert decode_timed_rows(buffer(rows), (0,)) == [(moment, 1)]
    assert rows_with_datetimes(decode_rows(buffer(rows)), (0,)) == [(moment, 1)]


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
        array(structure(long_unsigned(3), octet_string(bytes(7)), integer(2), long_unsigned(0))),
        array(structure(long_unsigned(3), visible_string("123456"), integer(2), long_unsigned(0))),
    ],
)
def test_what_is_no_list_of_capture_objects_is_refused(data):
    with pytest.raises(DecodeError):
        decode_capture_objects(data)


def test_only_the_time_of_a_clock_is_the_time_of_a_row():
    assert CLOCK.is_clock
    assert not CLOCK._replace(attribute_index=3).is_clock
    assert not ENERGY.is_clock


def test_all_entries_and_columns_are_meant_unless_some_are_named():
    assert plain(entry_descriptor()) == (1, 0, 1, 0)
    assert plain(entry_descriptor(2, 3, 4, 5)) == (2, 3, 4, 5)


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


def test_numbers_of_a_profile():
    assert [attribute.value for attribute in ProfileGenericAttribute] == list(range(2, 9))
    assert (ProfileGenericAttribute.BUFFER, ProfileGenericAttribute.CAPTURE_PERIOD) == (2, 4)
    assert (BufferSelector.RANGE, BufferSelector.ENTRY) == (1, 2)
    assert (ProfileGenericMethod.RESET, ProfileGenericMethod.CAPTURE) == (1, 2)


@pytest.mark.parametrize(
    ("policy", "shown"),
    [
        (TimePolicy.STANDARD, "2025-07-23T12:45:24+00:00"),
        (TimePolicy.INVERTED, "2025-07-23T01:45:24+00:00"),
        (TimePolicy.LOCAL_TIME, "2025-07-23T05:15:24+00:00"),
        (TimePolicy.LOCAL_STANDARD_TIME, "2025-07-23T06:15:24+00:00"),
    ],
)
def test_trial_15_rows_of_a_profile_follow_the_policy(policy, shown):
    rows = [(bytes.fromhex("07E9071703070F18FF014A00"), 7)]
    ((moment, number),) = rows_with_datetimes(rows, (0,), policy, BERLIN)
    assert (moment.astimezone(UTC).isoformat(), number) == (shown, 7)


def test_trial_15_the_hour_that_is_there_twice_goes_by_the_order_of_rows_whatever_the_deviation_says():
    rows = [(bytes.fromhex(f"07E90A1A07{hour}{minute}00000000FF"), 1) for hour, minute in (("02", "1E"), ("02", "1E"))]
    found = rows_with_datetimes(rows, (0,), TimePolicy.LOCAL_TIME, BERLIN)
    assert [moment.utcoffset() for moment, _ in found] == [timedelta(hours=2), timedelta(hours=1)]
