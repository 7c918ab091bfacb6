"""Clock: points in time in every form they come in."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from custom_components.cosem.dlms.encoding.cosem_time import TimePolicy
from custom_components.cosem.dlms.encoding.data import (
    NULL,
    Data,
    DataType,
    date_time,
    double_long_unsigned,
    integer,
    long64_unsigned,
    octet_string,
    structure,
    visible_string,
)
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.errors import DecodeError
from custom_components.cosem.dlms.interface_classes.clock import (
    CLOCK_TIME,
    TIME_ATTRIBUTES,
    ClockAttribute,
    ClockBase,
    ClockMethod,
    ClockQuality,
    clock_quality,
    date_or_time_text,
    decode_clock_time,
    instant,
    is_unspecified,
)

# 2024-03-05 (Tuesday) 14:30:00.00, deviation -60 minutes (local time to UTC), status 0
OCTETS = bytes.fromhex("07E803050 20E1E0000FFC400".replace(" ", ""))


@pytest.mark.parametrize("make", [octet_string, date_time])
def test_a_date_time_comes_as_octet_string_or_with_its_own_tag(make):
    value = decode_clock_time(make(OCTETS))
    assert (value.year, value.month, value.day, value.hour, value.minute, value.deviation) == (2024, 3, 5, 14, 30, -60)
    assert instant(make(OCTETS)) == datetime(2024, 3, 5, 13, 30, tzinfo=UTC)


def test_the_policy_of_the_caller_decides_the_sign_of_the_deviation():
    assert instant(octet_string(OCTETS), TimePolicy.INVERTED) == datetime(2024, 3, 5, 15, 30, tzinfo=UTC)


def test_a_time_without_deviation_needs_the_zone_of_the_meter():
    octets = OCTETS[:9] + bytes.fromhex("800000")
    zone = ZoneInfo("Europe/Berlin")
    moment = instant(octet_string(octets), TimePolicy.UNSPECIFIED_LOCAL_TIME, zone)
    assert moment == datetime(2024, 3, 5, 13, 30, tzinfo=UTC)
    assert moment.utcoffset() == timedelta(hours=1)


@pytest.mark.parametrize("make", [double_long_unsigned, long64_unsigned])
def test_seconds_since_1970_are_a_point_in_time(make):
    assert instant(make(1_709_645_400)) == datetime(2024, 3, 5, 13, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "data",
    [
        NULL,
        double_long_unsigned(0),
        integer(-1),
        long64_unsigned(2**64 - 1),
        octet_string(b""),
        octet_string(bytes(5)),
        octet_string(b"\xff" * 12),
        visible_string("2024-03-05 1"),
        structure(),
    ],
)
def test_what_is_no_point_in_time_gives_none(data):
    assert instant(data) is None


@pytest.mark.parametrize(
    "data",
    [
        NULL,
        octet_string(OCTETS[:11]),
        octet_string(OCTETS + b"\x00"),
        visible_string("x" * 12),
        Data(DataType.OCTET_STRING, "x" * 12),
        Data(DataType.TIME, OCTETS),
    ],
)
def test_a_date_time_has_twelve_octets(data):
    with pytest.raises(DecodeError, match="a date-time has 12 octets"):
        decode_clock_time(data)


def test_clock_bases_are_numbered_as_in_the_standard():
    assert [base.name for base in ClockBase] == [
        "NOT_DEFINED",
        "CRYSTAL",
        "MAINS_50_HZ",
        "MAINS_60_HZ",
        "GPS",
        "RADIO",
    ]
    assert ClockBase(5) is ClockBase.RADIO


def test_attributes_and_methods_are_numbered_as_in_the_standard():
    assert [attribute.value for attribute in ClockAttribute] == list(range(2, 10))
    assert [method.value for method in ClockMethod] == list(range(1, 7))
    assert (ClockAttribute.TIME, ClockAttribute.CLOCK_BASE, ClockMethod.SHIFT_TIME) == (2, 9, 6)


def test_what_is_a_point_in_time():
    assert {(4, 5), (5, 6), (5, 7), (8, 2)} == TIME_ATTRIBUTES
    assert (8, LogicalName.parse("0.0.1.0.0.255"), 2) == CLOCK_TIME


def test_the_first_and_the_last_second_of_the_calendar_are_points_in_time():
    assert instant(long64_unsigned(1)) == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
    last = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert instant(long64_unsigned(253_402_300_799)) == last
    assert instant(long64_unsigned(253_402_300_800)) is None


@pytest.mark.parametrize(
    ("kind", "octets", "text"),
    [
        (DataType.DATE, "07EA0B1C06", "2026-11-28"),
        (DataType.TIME, "0E030500", "14:03:05"),
        (DataType.DATE_TIME, "07EA0B1C060E030500800000", "2026-11-28T14:03:05"),
        (DataType.OCTET_STRING, "07EA0B1C06", "2026-11-28"),
        (DataType.OCTET_STRING, "0E030500", "14:03:05"),
        (DataType.OCTET_STRING, "07EA0B1C060E0305000000FF", "2026-11-28T14:03:05+00:00"),
        (DataType.OCTET_STRING, "07EA0D1C06", None),
        (DataType.OCTET_STRING, "1E030500", None),
        (DataType.OCTET_STRING, "07EA0B", None),
        (DataType.OCTET_STRING, "", None),
        (DataType.VISIBLE_STRING, "", None),
    ],
)
def test_trial_16_dates_and_times_as_text(kind, octets, text):
    value = bytes.fromhex(octets) if kind is not DataType.VISIBLE_STRING else "14:03"
    assert date_or_time_text(Data(kind, value)) == text


@pytest.mark.parametrize(
    "data", [NULL, integer(5), visible_string("14:0"), visible_string("2026-11-28 14"), structure()]
)
def test_what_are_no_octets_is_no_date_or_time(data):
    assert date_or_time_text(data) is None


@pytest.mark.parametrize(
    ("data", "unspecified"),
    [
        (None, False),
        (Data(DataType.OCTET_STRING, bytes.fromhex("FFFFFFFFFFFFFFFFFF8000FF")), True),
        (Data(DataType.DATE_TIME, bytes.fromhex("FFFFFFFFFFFFFFFFFF8000FF")), True),
        (Data(DataType.OCTET_STRING, bytes.fromhex("07EA0B1C060E030500800000")), False),
        (Data(DataType.OCTET_STRING, bytes.fromhex("07EA0B1C060E0305007FFF00")), False),  # only its deviation is wrong
        (Data(DataType.OCTET_STRING, b""), True),
        (Data(DataType.DATE, bytes.fromhex("07EA0B1C06")), True),  # no point in time either
        (Data(DataType.TIME, bytes.fromhex("0E030500")), True),
        (Data(DataType.DOUBLE_LONG_UNSIGNED, 0), False),
    ],
)
def test_trial_14_a_capture_time_may_name_no_point_in_time(data, unspecified):
    assert is_unspecified(data) is unspecified


@pytest.mark.parametrize(
    ("status", "quality"),
    [
        ("00", ClockQuality.VALID),
        ("80", ClockQuality.VALID),
        ("04", ClockQuality.VALID),
        ("01", ClockQuality.INVALID),
        ("83", ClockQuality.INVALID),
        ("02", ClockQuality.DOUBTFUL),
        ("82", ClockQuality.DOUBTFUL),
        ("09", None),
        ("FF", None),
    ],
)
def test_trial_15_a_clock_says_how_good_it_is(status, quality):
    assert clock_quality(octet_string(OCTETS[:11] + bytes.fromhex(status))) is quality


@pytest.mark.parametrize("data", [NULL, double_long_unsigned(1_709_645_400), octet_string(OCTETS[:5])])
def test_what_has_no_status_says_nothing_about_its_clock(data):
    assert clock_quality(data) is None


def test_trial_15_text_of_a_time_follows_the_policy():
    assert date_or_time_text(octet_string(OCTETS)) == "2024-03-05T14:30:00+01:00"
    assert date_or_time_text(octet_string(OCTETS), TimePolicy.INVERTED) == "2024-03-05T14:30:00-01:00"
    assert date_or_time_text(octet_string(OCTETS), TimePolicy.LOCAL_TIME) == "2024-03-05T14:30:00"
