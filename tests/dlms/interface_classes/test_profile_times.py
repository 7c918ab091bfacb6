"""Points in time in rows: the hour that the zone has twice, over batches and in both orders."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from custom_components.cosem.dlms.encoding.cosem_time import TimePolicy
from custom_components.cosem.dlms.encoding.data import plain
from custom_components.cosem.dlms.interface_classes.profile_generic import rows_with_datetimes
from custom_components.cosem.dlms.interface_classes.profile_times import RowTimes, expand_rows
from tests.dlms.interface_classes.profile_tools import stamp

BERLIN = ZoneInfo("Europe/Berlin")


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


def berlin(text, status=0xFF):
    """A cell with local time of the night of 26 October 2025, in which there are two hours from 2 to 3."""
    hour, minute = map(int, text.split(":"))
    moment = datetime(2025, 10, 26, hour, minute, tzinfo=BERLIN)
    return plain(stamp(moment, TimePolicy.UNSPECIFIED_LOCAL_TIME, status))


def utc_of(*cells):
    """The hours in UTC, as text."""
    found = rows_with_datetimes([(cell,) for cell in cells], (0,), TimePolicy.UNSPECIFIED_LOCAL_TIME, BERLIN)
    return [row[0].astimezone(UTC).strftime("%H:%M") for row in found]


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        ("02:30", "00:30"),
        ("02:30 02:30", "00:30 01:30"),
        ("02:00 02:30 02:00", "00:00 00:30 01:00"),
        ("02:30 02:00 02:30", "00:30 01:00 01:30"),
        ("02:30 02:00 02:00", "01:30 01:00 00:00"),
        ("03:30 02:30 02:30 01:30", "02:30 01:30 00:30 23:30"),
    ],
)
def test_f54_without_a_status_rows_follow_each_other_from_the_earlier_end(local, utc):
    assert utc_of(*map(berlin, local.split())) == utc.split()


def test_a_status_in_the_second_hour_is_believed_unless_a_summer_row_has_none():
    assert utc_of(berlin("02:30", 0x00)) == ["01:30"]
    assert utc_of(berlin("01:30", 0x80), berlin("02:30", 0x00)) == ["23:30", "01:30"]
    assert utc_of(berlin("01:30", 0x01), berlin("02:30", 0x00)) == ["23:30", "00:30"]
    assert utc_of(berlin("01:30", 0x80), berlin("02:30", 0x80), berlin("02:15", 0x00)) == ["23:30", "00:30", "01:15"]


def test_what_is_no_local_time_beside_the_second_hour_stays_as_it_was():
    moment = datetime(2025, 10, 26, 4, tzinfo=BERLIN)
    rows = [(None,), (7,), (moment,), (berlin("02:30"),)]
    found = rows_with_datetimes(rows, (0,), TimePolicy.UNSPECIFIED_LOCAL_TIME, BERLIN)
    assert found[:3] == rows[:3]
    assert found[3][0].astimezone(UTC) == datetime(2025, 10, 26, 0, 30, tzinfo=UTC)


def test_a_row_with_a_deviation_of_its_own_does_not_tell_the_order_of_those_without():
    """11:00 twelve hours east of Greenwich is long before 02:00 in Berlin."""
    east = timezone(timedelta(hours=12))
    other = plain(stamp(datetime(2025, 10, 26, 11, tzinfo=east)))
    assert utc_of(other, berlin("02:00"), berlin("02:30"), berlin("02:00")) == ["23:00", "00:00", "00:30", "01:00"]


def test_a_time_that_the_zone_skips_stays_as_it_was_read_beside_the_second_hour():
    skipped = plain(stamp(datetime(2026, 3, 29, 2, 30, tzinfo=BERLIN), TimePolicy.UNSPECIFIED_LOCAL_TIME, 0xFF))
    alone = utc_of(skipped)
    assert utc_of(berlin("02:30"), skipped, skipped) == ["00:30", *alone, *alone]


def test_rows_of_the_second_hour_do_not_speak_against_their_own_status():
    """Moscow left its all-year summer time in 2014: the hour came twice, and the later one is no known winter time."""
    zone = ZoneInfo("Europe/Moscow")
    moment = datetime(2014, 10, 26, 1, 30, tzinfo=zone)
    cell = plain(stamp(moment, TimePolicy.UNSPECIFIED_LOCAL_TIME, 0x00))
    found = rows_with_datetimes([(cell,)], (0,), TimePolicy.UNSPECIFIED_LOCAL_TIME, zone)
    assert found[0][0].astimezone(UTC) == datetime(2014, 10, 25, 22, 30, tzinfo=UTC)


# -- batch by batch


def in_batches(rows, sizes, **options):
    """Hours in UTC, as text."""
    times = RowTimes((0,), TimePolicy.LOCAL_TIME, BERLIN, **options)
    found = []
    for size in sizes:
        batch, rows = list(rows[:size]), rows[size:]
        times.put(batch)
        found += batch
    return [row[0].astimezone(UTC) for row in found]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 16])
@pytest.mark.parametrize("minutes", [15, 30, 60])
@pytest.mark.parametrize("status", STATUSES.values(), ids=STATUSES)
@pytest.mark.parametrize("newest_first", [False, True])
def test_f54_the_two_hours_are_told_apart_however_rows_are_cut(size, minutes, status, newest_first):
    count = 10 * 60 // minutes
    rows = local_rows(AUTUMN, count, minutes, status)
    expected = [AUTUMN + timedelta(minutes=minutes * index) for index in range(count)]
    if newest_first:
        rows.reverse()
        expected.reverse()
    assert in_batches(rows, [size] * count) == expected


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("status", [0x00, 0xFF])
def test_f54_rows_of_these_hours_alone_are_told_apart_by_their_order(newest_first, status):
    rows = local_rows(AUTUMN + timedelta(hours=2), 8, 15, lambda _: status)
    expected = [AUTUMN + timedelta(hours=2, minutes=15 * index) for index in range(8)]
    if newest_first:
        rows.reverse()
        expected.reverse()
    assert in_batches(rows, [8]) == expected


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        ("02:30 02:45 03:00", "01:30 01:45 02:00"),
        ("03:00 02:45 02:30", "02:00 01:45 01:30"),
        ("02:30 02:00 01:45", "00:30 00:00 23:45"),
        ("02:45 02:00 02:15 03:00", "00:45 01:00 01:15 02:00"),
        ("02:30 06:00", "00:30 05:00"),
        ("02:15 02:00 02:45 02:30 01:15", "01:15 01:00 00:45 00:30 23:15"),
    ],
    ids=["just before three", "from three back", "back to before two", "a turn", "hours before", "a turn back"],
)
def test_f54_the_first_rows_belong_to_what_follows_them(local, utc):
    assert utc_of(*map(berlin, local.split())) == utc.split()


def test_events_of_one_time_are_of_one_hour():
    rows = [(berlin(text),) for text in ("02:30", "02:30", "02:30", "02:10", "02:10", "03:00")]
    expected = ["00:30", "00:30", "00:30", "01:10", "01:10", "02:00"]
    assert [time.strftime("%H:%M") for time in in_batches(rows, [6], is_event_log=True)] == expected
    assert [time.strftime("%H:%M") for time in in_batches(rows, [1] * 6, is_event_log=True)] == expected
    told = [(berlin(text, 0),) for text in ("02:30", "02:30")]
    assert [time.strftime("%H:%M") for time in in_batches(told, [2], is_event_log=True)] == ["01:30", "01:30"]


def test_a_meter_that_keeps_its_bit_is_believed_over_batches_and_one_that_does_not_is_not():
    kept = [(berlin("01:30", 0x80),), (berlin("02:30", 0x80),), (berlin("02:10", 0x80),)]
    assert [time.hour for time in in_batches(kept, [1, 1, 1])] == [23, 0, 1]
    never = [(berlin("01:30", 0),), (berlin("02:30", 0),), (berlin("02:10", 0),), (berlin("02:40", 0x80),)]
    assert [time.hour for time in in_batches(never, [1] * 4)] == [23, 0, 1, 1]


def test_a_missing_time_counts_down_where_the_newest_row_is_the_first():
    moment = datetime(2026, 10, 25, 1, 15, tzinfo=UTC).astimezone(BERLIN)
    rows = expand_rows([(moment, 1), (None, 2), (None, 3)], -1800, 0)
    assert [row[0].astimezone(UTC).strftime("%H:%M") for row in rows] == ["01:15", "00:45", "00:15"]
    assert [row[0].isoformat()[11:] for row in rows] == ["02:15:00+01:00", "02:45:00+02:00", "02:15:00+02:00"]
