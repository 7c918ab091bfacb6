"""Date, time and date-time: fields, special values, and which point in time they are."""

from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import override
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.cosem.dlms.encoding.cosem_time import (
    LAST_DAY,
    MONTH_OF_DST_BEGIN,
    MONTH_OF_DST_END,
    SECOND_LAST_DAY,
    ClockStatus,
    CosemDate,
    CosemDateTime,
    CosemTime,
    TimePolicy,
    decode_date,
    decode_date_time,
    decode_time,
    encode_date,
    encode_date_time,
    encode_time,
    fast_datetime,
    fixed_zone,
    in_utc,
    is_ambiguous,
    standard_offset,
    to_datetime,
)
from custom_components.cosem.dlms.errors import DecodeError, LocalProtocolError
from tests.dlms.octet_tools import refuses_every_truncation, refuses_trailing_octets
from tests.vector_tools import vectors

BERLIN = ZoneInfo("Europe/Berlin")
SYDNEY = ZoneInfo("Australia/Sydney")
CODECS = {12: (decode_date_time, encode_date_time), 5: (decode_date, encode_date), 4: (decode_time, encode_time)}
SAMPLES = [pytest.param(vector, id=vector.name) for vector in vectors("date-time")]
WORDS = {
    "day": {LAST_DAY: "last", SECOND_LAST_DAY: "second-last"},
    "month": {MONTH_OF_DST_BEGIN: "dst-begin", MONTH_OF_DST_END: "dst-end"},
}


def octets(text: str) -> bytes:
    return bytes.fromhex(text)


def at(text: str, policy=TimePolicy.STANDARD, zone=None) -> datetime | None:
    """The point in time of 12 octets, by both ways, which must agree."""
    moment = to_datetime(decode_date_time(octets(text)), policy, zone)
    fast = fast_datetime(octets(text), policy, zone)
    assert fast == moment
    assert moment is None or (fast.utcoffset(), fast.fold) == (moment.utcoffset(), moment.fold)
    return moment


def described(value) -> dict[str, object]:
    names = ("year", "month", "day", "weekday", "hour", "minute", "second", "hundredths")
    fields = {name: getattr(value, name) for name in names if hasattr(value, name)}
    for name, words in WORDS.items():
        if name in fields:
            fields[name] = words.get(fields[name], fields[name])
    if isinstance(value, CosemDateTime):
        status = value.clock_status
        fields["deviation"] = value.deviation
        fields["status"] = (
            None
            if status is None
            else {
                "raw": int(status),
                "invalid": ClockStatus.INVALID in status,
                "doubtful": ClockStatus.DOUBTFUL in status,
                "different_base": ClockStatus.DIFFERENT_CLOCK_BASE in status,
                "invalid_status": ClockStatus.INVALID_CLOCK_STATUS in status,
                "dst": ClockStatus.DAYLIGHT_SAVING_ACTIVE in status,
            }
        )
    return fields


@pytest.mark.parametrize("sample", SAMPLES)
def test_samples_decode_to_what_they_mean_and_encode_back(sample):
    decode, encode = CODECS[len(sample.octets)]
    value = decode(sample.octets)
    assert described(value) == sample.expect["fields"]
    assert encode(value) == sample.octets
    if isinstance(value, CosemDateTime):
        assert value.isoformat() == sample.expect["iso8601"]


@pytest.mark.parametrize("sample", SAMPLES)
def test_samples_of_another_size_are_refused(sample):
    decode, _ = CODECS[len(sample.octets)]
    refuses_every_truncation(decode, sample.octets)
    refuses_trailing_octets(decode, sample.octets)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("07E50118070E303950FFC400", "2021-01-24T14:48:57.800000+01:00"),
        ("07E9061E01173B3B63000000", "2025-06-30T23:59:59.990000+00:00"),
        ("07E9061EFF0C000000012C00", "2025-06-30T12:00:00-05:00"),
        ("07E9061EFF0C000000FF8880", "2025-06-30T12:00:00+02:00"),
        ("07E9061EFF0C000000FCB800", "2025-06-30T12:00:00+14:00"),
        ("07E9061EFF0C000000034800", "2025-06-30T12:00:00-14:00"),
    ],
)
def test_utc_is_local_time_plus_deviation(text, moment):
    assert at(text).isoformat() == moment


@pytest.mark.parametrize("deviation", ["FCB7", "0349", "7FFF", "8001"])
def test_a_deviation_beyond_fourteen_hours_is_no_offset(deviation):
    text = f"07E9061EFF0C000000{deviation}00"
    assert at(text) is None
    assert at(text, TimePolicy.INVERTED) is None
    assert decode_date_time(octets(text)).isoformat() == "2025-06-30T12:00:00"


def test_the_inverted_policy_turns_the_sign():
    assert at("07E9061EFF0C000000003C00", TimePolicy.INVERTED).isoformat() == "2025-06-30T12:00:00+01:00"
    assert at("07E9061EFF0C000000FFC400", TimePolicy.INVERTED).isoformat() == "2025-06-30T12:00:00-01:00"


@pytest.mark.parametrize("policy", TimePolicy)
def test_without_deviation_and_zone_there_is_no_point_in_time(policy):
    assert at("07E9061EFF0C0000008000FF", policy) is None


@pytest.mark.parametrize("policy", [TimePolicy.UNSPECIFIED_STANDARD_TIME, TimePolicy.UNSPECIFIED_LOCAL_TIME])
def test_policies_about_unspecified_deviations_leave_specified_ones_alone(policy):
    assert at("07E9061EFF0C000000FF8880", policy, BERLIN).utcoffset() == timedelta(hours=2)
    assert at("07E9061EFF0C000000FF8880", policy, BERLIN).tzinfo is not BERLIN


@pytest.mark.parametrize(
    ("policy", "summer", "winter"),
    [
        (TimePolicy.STANDARD, 2, 1),
        (TimePolicy.INVERTED, 2, 1),
        (TimePolicy.UNSPECIFIED_LOCAL_TIME, 2, 1),
        (TimePolicy.UNSPECIFIED_STANDARD_TIME, 1, 1),
        (TimePolicy.LOCAL_TIME, 2, 1),
        (TimePolicy.LOCAL_STANDARD_TIME, 1, 1),
    ],
)
def test_an_unspecified_deviation_is_read_by_policy_and_zone(policy, summer, winter):
    assert at("07E90715FF0C0000008000FF", policy, BERLIN).utcoffset() == timedelta(hours=summer)
    assert at("07E90115FF0C0000008000FF", policy, BERLIN).utcoffset() == timedelta(hours=winter)


@pytest.mark.parametrize(
    ("policy", "shown"),
    [
        (TimePolicy.STANDARD, "2025-07-23T12:45:24+00:00"),
        (TimePolicy.INVERTED, "2025-07-23T01:45:24+00:00"),
        (TimePolicy.LOCAL_TIME, "2025-07-23T05:15:24+00:00"),
        (TimePolicy.LOCAL_STANDARD_TIME, "2025-07-23T06:15:24+00:00"),
    ],
)
def test_trial_15_the_policy_says_what_a_deviation_means(policy, shown):
    text = "07E9071703070F18FF014A00"
    assert at(text, policy, BERLIN).astimezone(UTC).isoformat() == shown
    assert fast_datetime(octets(text), policy, BERLIN) == at(text, policy, BERLIN)
    assert policy.ignores_deviation is (policy.value.startswith("local"))


@pytest.mark.parametrize("deviation", ["014A", "7FFF", "8001", "8000"])
def test_trial_15_an_ignored_deviation_may_be_anything(deviation):
    text = f"07E9071703070F18FF{deviation}00"
    assert at(text, TimePolicy.LOCAL_TIME, BERLIN).isoformat() == "2025-07-23T07:15:24+02:00"
    assert at(text, TimePolicy.LOCAL_TIME) is None


def test_standard_time_is_the_smaller_offset_on_both_hemispheres():
    assert standard_offset(BERLIN, 2025) == timedelta(hours=1)
    assert standard_offset(SYDNEY, 2025) == timedelta(hours=10)
    assert standard_offset(ZoneInfo("Europe/Dublin"), 2025) == timedelta(0)
    assert standard_offset(ZoneInfo("Asia/Kolkata"), 2025) == timedelta(hours=5, minutes=30)


@pytest.mark.parametrize(
    ("status", "offset"),
    [("80", 2), ("00", 1), ("FF", 2), ("81", 2), ("02", 1)],
    ids=["daylight saving", "standard", "none", "daylight saving, invalid", "standard, doubtful"],
)
def test_in_the_hour_that_is_there_twice_the_daylight_saving_bit_decides(status, offset):
    moment = at(f"07E90A1AFF021E00008000{status}", TimePolicy.UNSPECIFIED_LOCAL_TIME, BERLIN)
    assert moment.utcoffset() == timedelta(hours=offset)


@pytest.mark.parametrize("status", ["00", "80", "FF"])
def test_in_the_hour_that_is_skipped_the_status_changes_nothing(status):
    moment = at(f"07E9031EFF021E00008000{status}", TimePolicy.UNSPECIFIED_LOCAL_TIME, BERLIN)
    assert moment.astimezone(UTC) == datetime(2025, 3, 30, 1, 30, tzinfo=UTC)


def test_ambiguity_is_a_matter_of_the_zone():
    assert is_ambiguous(datetime(2025, 10, 26, 2, 30, tzinfo=BERLIN))
    assert not is_ambiguous(datetime(2025, 3, 30, 2, 30, tzinfo=BERLIN))
    assert not is_ambiguous(datetime(2025, 10, 26, 2, 30, tzinfo=UTC))


def test_hour_24_is_midnight_of_the_next_day():
    assert at("07E90C1FFF18000000FFC400").isoformat() == "2026-01-01T00:00:00+01:00"
    assert at("07E90C1FFF180000FFFFC400").isoformat() == "2026-01-01T00:00:00+01:00"
    assert at("07E90C1FFF18010000FFC400") is None
    assert at("07E90C1FFF18000100FFC400") is None


def test_second_60_is_clamped():
    assert at("07E9061EFF0C003C00000000").isoformat() == "2025-06-30T12:00:59+00:00"
    assert at("07E9061EFF0C003C63000000").isoformat() == "2025-06-30T12:00:59.990000+00:00"


def test_missing_seconds_are_zero_and_missing_minutes_are_no_time():
    assert at("07E9061EFF0C1EFFFF000000").isoformat() == "2025-06-30T12:30:00+00:00"
    assert at("07E9061EFF0CFFFFFF000000") is None
    assert at("07E9061EFFFF0000FF000000") is None


@pytest.mark.parametrize(
    "text",
    [
        "FFFF061EFF0C000000000000",  # every year
        "07E9FF1EFF0C000000000000",
        "07E906FFFF0C000000000000",
        "07E9FD1EFF0C000000000000",  # month of the end of daylight saving
        "07E9FE1EFF0C000000000000",
        "07E906FEFF0C000000000000",  # last day
        "07E906FDFF0C000000000000",
        "07E9021EFF0C000000000000",  # 30 February
        "0000061EFF0C000000000000",
        "2710061EFF0C000000000000",  # year 10000
        "0001061EFF0C000000000000",  # no room for an offset at the ends of the calendar
        "270F061EFF0C000000000000",
        "270F0C1FFF18000000000000",
    ],
)
def test_what_is_no_single_point_in_time_gives_none(text):
    assert at(text) is None
    assert at(text, TimePolicy.UNSPECIFIED_LOCAL_TIME, BERLIN) is None


@pytest.mark.parametrize(
    ("text", "field", "offset"),
    [
        ("07E9001EFF0C000000000000", "month", 2),
        ("07E90D1EFF0C000000000000", "month", 2),
        ("07E9FC1EFF0C000000000000", "month", 2),
        ("07E90600FF0C000000000000", "day", 3),
        ("07E90620FF0C000000000000", "day", 3),
        ("07E906E0FF0C000000000000", "day", 3),
        ("07E906FCFF0C000000000000", "day", 3),
        ("07E9061EFF19000000000000", "hour", 5),
        ("07E9061EFF0C3C0000000000", "minute", 6),
        ("07E9061EFF0C003D00000000", "second", 7),
        ("07E9061EFF0C000064000000", "hundredth", 8),
    ],
)
def test_m06_fields_that_mean_nothing_are_refused_with_their_place(text, field, offset):
    with pytest.raises(DecodeError, match=field) as caught:
        decode_date_time(octets(text))
    assert caught.value.offset == offset
    assert fast_datetime(octets(text)) is None


@pytest.mark.parametrize("size", [0, 4, 5, 11, 13])
def test_octets_of_another_size_are_no_date_time(size):
    assert fast_datetime(bytes(size)) is None


@pytest.mark.parametrize("weekday", ["00", "03", "08", "FF"])
def test_a_wrong_weekday_is_kept_and_ignored(weekday):
    text = f"07E9061E{weekday}0C000000000000"
    assert at(text) == datetime(2025, 6, 30, 12, tzinfo=UTC)
    assert encode_date_time(decode_date_time(octets(text))) == octets(text)


@given(st.binary(min_size=12, max_size=12), st.sampled_from(TimePolicy), st.sampled_from([None, BERLIN, UTC]))
def test_the_fast_way_gives_the_same_for_any_octets(raw, policy, zone):
    try:
        expected = to_datetime(decode_date_time(raw), policy, zone)
    except DecodeError:
        expected = None
    assert fast_datetime(raw, policy, zone) == expected
    if expected is not None:
        expected.astimezone(UTC)


plausible = st.builds(
    bytes,
    st.tuples(
        *[st.just(7), st.integers(0xE0, 0xFF), st.integers(1, 12), st.integers(1, 31), st.sampled_from([1, 7, 255])],
        *[st.integers(0, 24), st.integers(0, 59), st.integers(0, 60), st.sampled_from([0, 50, 99, 255])],
        *[st.sampled_from([0, 1, 0x80, 0xFC, 0xFF]), st.integers(0, 255), st.sampled_from([0, 0x80, 0xFF])],
    ),
)


@given(plausible, st.sampled_from(TimePolicy), st.sampled_from([None, BERLIN, SYDNEY]))
def test_the_fast_way_gives_the_same_for_plausible_octets(raw, policy, zone):
    expected = to_datetime(decode_date_time(raw), policy, zone)
    fast = fast_datetime(raw, policy, zone)
    assert fast == expected
    if expected is not None:
        assert fast.utcoffset() == expected.utcoffset()
    assert encode_date_time(decode_date_time(raw)) == raw


def test_a_fixed_zone_is_made_once_and_only_for_real_offsets():
    assert fixed_zone(0) is UTC
    zone = fixed_zone(-60)
    assert zone == timezone(timedelta(hours=1))
    assert fixed_zone(-60) is zone
    with pytest.raises(ValueError, match="deviation"):
        fixed_zone(841)


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.sampled_from([UTC, BERLIN, SYDNEY])),  # noqa: DTZ001
    st.sampled_from([TimePolicy.STANDARD, TimePolicy.INVERTED]),
)
def test_a_datetime_written_in_the_meters_style_reads_as_the_same_moment(moment, policy):
    moment = moment.replace(microsecond=moment.microsecond // 10_000 * 10_000)
    value = CosemDateTime.from_datetime(moment, policy)
    assert to_datetime(decode_date_time(encode_date_time(value)), policy) == moment.astimezone(UTC)
    assert value.weekday == moment.isoweekday()


def test_a_datetime_is_written_with_deviation_and_status_of_its_zone():
    summer = CosemDateTime.from_datetime(datetime(2025, 6, 30, 12, tzinfo=BERLIN))
    assert (summer.deviation, summer.clock_status) == (-120, ClockStatus.DAYLIGHT_SAVING_ACTIVE)
    winter = CosemDateTime.from_datetime(datetime(2025, 1, 30, 12, tzinfo=BERLIN), TimePolicy.INVERTED)
    assert (winter.deviation, winter.clock_status) == (60, ClockStatus(0))
    unspecified = CosemDateTime.from_datetime(
        datetime(2025, 1, 30, 12, tzinfo=BERLIN), TimePolicy.UNSPECIFIED_LOCAL_TIME
    )
    assert (unspecified.deviation, unspecified.clock_status) == (None, ClockStatus(0))
    naive = CosemDateTime.from_datetime(datetime(2025, 1, 30, 12))  # noqa: DTZ001
    assert (naive.deviation, naive.clock_status) == (None, None)


def test_dates_and_times_of_day():
    assert decode_date(octets("07E5011807")).to_date() == date(2021, 1, 24)
    assert decode_date(octets("07E5021EFF")).to_date() is None
    assert decode_date(octets("07E502FEFF")).to_date() is None
    assert decode_date(octets("FFFF0118FF")).to_date() is None
    assert decode_date(octets("07E5FF18FF")).to_date() is None
    assert decode_date(octets("07E501FFFF")).to_date() is None
    assert decode_time(octets("0E303950")).to_time() == time(14, 48, 57, 800_000)
    assert decode_time(octets("0E30FFFF")).to_time() == time(14, 48)
    assert decode_time(octets("0E303CFF")).to_time() == time(14, 48, 59)
    assert decode_time(octets("18000000")).to_time() is None
    assert decode_time(octets("FF000000")).to_time() is None
    assert decode_time(octets("0EFF0000")).to_time() is None


@pytest.mark.parametrize("hour", [0, 22, 23])
def test_every_hour_of_a_day_is_a_time_of_day(hour):
    assert decode_time(bytes((hour, 59, 0, 0xFF))).to_time() == time(hour, 59)
    assert decode_time(bytes((hour, 0, 59, 99))).to_time() == time(hour, 0, 59, 990_000)
    assert at(f"07E7021802{hour:02X}3B3BFF000000") == datetime(2023, 2, 24, hour, 59, 59, tzinfo=UTC)


def test_special_days_and_months_keep_their_octets():
    value = decode_date_time(octets("FFFF03FE07020000008000FF"))
    assert (value.month, value.day, value.weekday) == (3, LAST_DAY, 7)
    assert decode_date(octets("FFFFFDFDFF")) == CosemDate(month=MONTH_OF_DST_END, day=SECOND_LAST_DAY)
    assert decode_date(octets("FFFFFEFFFF")).month == MONTH_OF_DST_BEGIN


def test_clock_status_keeps_reserved_bits_and_ff_is_none():
    assert decode_date_time(octets("07E9061EFF0C000000000070")).clock_status == 0x70
    assert decode_date_time(octets("07E9061EFF0C0000000000FF")).clock_status is None


@pytest.mark.parametrize(
    ("encode", "value"),
    [
        (encode_date_time, CosemDateTime(year=70000)),
        (encode_date_time, CosemDateTime(month=256)),
        (encode_date_time, CosemDateTime(deviation=40000)),
        (encode_date, CosemDate(day=-1)),
        (encode_time, CosemTime(hour=256)),
    ],
)
def test_numbers_that_do_not_fit_their_field_are_refused(encode, value):
    with pytest.raises(LocalProtocolError):
        encode(value)


class _Lost(tzinfo):
    """A zone that does not know its offset."""

    @override
    def utcoffset(self, moment):
        return None

    @override
    def dst(self, moment):
        return None

    @override
    def tzname(self, moment):
        return None


def test_a_zone_without_an_offset_counts_as_utc():
    assert standard_offset(_Lost(), 2025) == timedelta(0)
    assert not is_ambiguous(datetime(2025, 10, 26, 2, tzinfo=_Lost()))


@pytest.mark.parametrize(("year", "is_known"), [(1, False), (2, True), (9998, True), (9999, False)])
@pytest.mark.parametrize("deviation", [840, -840])
def test_no_offset_leads_out_of_the_calendar(year, is_known, deviation):
    value = CosemDateTime(year=year, month=1, day=1, hour=0, minute=0, deviation=deviation)
    found = to_datetime(value)
    assert (found is not None) == is_known
    assert found is None or found.astimezone(UTC).year in {year, year - 1}
    assert fast_datetime(encode_date_time(value)) == found


def test_unless_told_otherwise_a_deviation_is_added_to_local_time():
    value = CosemDateTime(year=2026, month=7, day=1, hour=12, minute=0, second=0, hundredths=0, deviation=-120)
    moment = datetime(2026, 7, 1, 10, tzinfo=UTC)
    assert to_datetime(value) == fast_datetime(encode_date_time(value)) == moment
    assert value.isoformat() == "2026-07-01T12:00:00+02:00"


def test_clock_status_and_policies_keep_the_numbers_and_names_that_are_sent_and_stored():
    assert {status.name: status.value for status in ClockStatus} == {
        "INVALID": 0x01,
        "DOUBTFUL": 0x02,
        "DIFFERENT_CLOCK_BASE": 0x04,
        "INVALID_CLOCK_STATUS": 0x08,
        "DAYLIGHT_SAVING_ACTIVE": 0x80,
    }
    assert [policy.value for policy in TimePolicy] == [
        "standard",
        "inverted",
        "unspecified_standard_time",
        "unspecified_local_time",
        "local_time",
        "local_standard_time",
    ]


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        ("19000000", r"no hour 25 \("),
        ("003C0000", r"no minute 60 \("),
        ("00003D00", r"no second 61 \("),
        ("00000064", r"no hundredth 100 \("),
    ],
)
def test_a_field_of_a_time_that_means_nothing_is_named(octets, words):
    with pytest.raises(DecodeError, match=words):
        decode_time(bytes.fromhex(octets))


# -- as text


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        ("07EA0B1C06", "2026-11-28"),
        ("FFFF0C18FF", "*-12-24"),
        ("07EAFFFFFF", "2026-*-*"),
        ("FFFF03FE07", "*-03-last"),
        ("FFFF0AFDFF", "*-10-second last"),
        ("FFFFFEFE07", "*-begin of DST-last"),
        ("FFFFFDFE07", "*-end of DST-last"),
    ],
)
def test_trial_16_dates_are_formatted(octets, text):
    assert decode_date(bytes.fromhex(octets)).text == text


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        ("0E030500", "14:03:05"),
        ("0E030519", "14:03:05.25"),
        ("00000001", "00:00:00.01"),
        ("FF00FFFF", "*:00:*"),
        ("0E03FFFF", "14:03:*"),
    ],
)
def test_trial_16_times_are_formatted(octets, text):
    assert decode_time(bytes.fromhex(octets)).text == text


def test_in_utc_tells_the_two_hours_of_an_autumn_night_apart():
    first = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    assert in_utc(first) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert in_utc(first.replace(fold=1)) - in_utc(first) == timedelta(hours=1)
    assert in_utc(in_utc(first)).tzinfo is UTC


@pytest.mark.parametrize("hours", [-14, -1, 0, 1, 14])
def test_in_utc_keeps_the_ends_of_the_calendar_away_from_every_zone(hours):
    zone = timezone(timedelta(hours=hours))
    first, last = in_utc(datetime.min.replace(tzinfo=zone)), in_utc(datetime.max.replace(tzinfo=zone))
    assert (first.year, last.year, first.tzinfo, last.tzinfo) == (2, 9998, UTC, UTC)
    for offset in (-24, 24):
        assert first + timedelta(hours=offset) < last + timedelta(hours=offset)
