"""What the cells of a profile mean: times, units, null-data; and times as the meter writes them."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from custom_components.cosem.dlms.encoding.cosem_time import TimePolicy, decode_date_time, to_datetime
from custom_components.cosem.dlms.encoding.data import Data, DataType, double_long_unsigned, octet_string, unsigned
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.errors import DecodeError
from custom_components.cosem.dlms.interface_classes.profile_columns import (
    ProfileColumn,
    RowMeaning,
    SortMethod,
    chosen,
    time_column,
    time_like,
    time_with_nothing_else,
    unit_attribute,
    unix_time,
)
from custom_components.cosem.dlms.interface_classes.profile_generic import CaptureObject
from custom_components.cosem.dlms.interface_classes.register import ScalerUnit

NAME = LogicalName.parse("1.0.1.8.0.255")
CLOCK = ProfileColumn(CaptureObject(8, LogicalName.parse("0.0.1.0.0.255"), 2, 0))
UNIX = ProfileColumn(CaptureObject(1, LogicalName.parse("0.0.1.1.0.255"), 2, 0))
ENERGY = ProfileColumn(CaptureObject(3, NAME, 2, 0), ScalerUnit(-1, 30))
NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
OWN = bytes.fromhex("07EA0701 03 0C000000 0000 00")
"""2026-07-01 12:00:00.00 +00:00."""


def meaning(*columns, period=900, zone=UTC):
    return RowMeaning(columns, period, zone=zone)


def test_times_are_aware_and_numbers_exact():
    assert meaning(CLOCK, ENERGY).of([(OWN, 12345)]) == [(NOON, Decimal("1234.5"))]


def test_null_data_goes_on_over_batches():
    rows = meaning(CLOCK, ENERGY)
    assert rows.of([(OWN, 10)]) == [(NOON, Decimal(1))]
    assert rows.of([]) == []
    assert rows.of([(None, None), (None, 20)]) == [
        (NOON + timedelta(minutes=15), Decimal(1)),
        (NOON + timedelta(minutes=30), Decimal(2)),
    ]


def test_null_data_before_any_row_stays_null():
    assert meaning(CLOCK, ENERGY).of([(None, None)]) == [(None, None)]


@pytest.mark.parametrize(
    ("scaler", "cell", "expected"),
    [(3, 12, "12000"), (0, 12, "12"), (-3, 12, "0.012"), (-1, 230.1, "23.01"), (-1, "text", None), (99, 12, None)],
)
def test_scaling_is_exact_and_only_of_numbers(scaler, cell, expected):
    ((scaled,),) = meaning(ENERGY._replace(scaler_unit=ScalerUnit(scaler, 30))).of([(cell,)])
    assert (scaled, type(scaled)) == ((cell, type(cell)) if expected is None else (Decimal(expected), Decimal))
    if expected is not None:
        assert format(scaled, "f") == expected


def test_an_infinite_number_is_left_as_it_is():
    assert meaning(ENERGY).of([(float("inf"),)]) == [(float("inf"),)]


def test_seconds_since_1970_are_times():
    assert meaning(UNIX).of([(1_782_907_200,), (0,), (None,)]) == [(NOON,), (0,), (None,)]
    assert meaning(UNIX, UNIX).of([(5,)]) == [(datetime(1970, 1, 1, 0, 0, 5, tzinfo=UTC),)]


def test_a_clock_may_count_seconds_too():
    assert meaning(CLOCK, ENERGY).of([(1_782_907_200, 12345), (None, None)]) == [
        (NOON, Decimal("1234.5")),
        (NOON + timedelta(minutes=15), Decimal("1234.5")),
    ]
    assert meaning(CLOCK).of([(0,), (1 << 32,), (True,)]) == [(0,), (1 << 32,), (True,)]


def test_columns():
    assert (CLOCK.is_time, UNIX.is_time, ENERGY.is_time) == (True, True, False)
    assert (CLOCK.unit, ENERGY.unit) == (None, "Wh")
    assert time_column([ENERGY, CLOCK]) == 1
    assert time_column([ENERGY]) is None
    assert chosen([CLOCK, ENERGY, UNIX], []) == [0, 1, 2]
    assert chosen([CLOCK, ENERGY, UNIX], [NAME]) == [0, 1]
    assert SortMethod.LIFO == 2


@pytest.mark.parametrize(
    ("column", "index"),
    [
        (CaptureObject(3, NAME, 2, 0), 3),
        (CaptureObject(5, NAME, 3, 0), 4),
        (CaptureObject(1, NAME, 2, 0), None),
        (CaptureObject(3, NAME, 3, 0), None),
        (CaptureObject(3, NAME, 2, 1), 3),
        (CaptureObject(1, NAME, 2, 1), None),
    ],
)
def test_where_the_unit_of_a_column_is(column, index):
    attribute = unit_attribute(column)
    assert (attribute and attribute.attribute_index) == index


# -- times for the meter


def written(octets, moment=NOON, policy=TimePolicy.STANDARD, zone=None):
    return time_like(octet_string(bytes.fromhex(octets)), moment, policy, zone).value.hex().upper()


@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        ("07EA0701030C0000000000 00", "07EA0701030C000000000000"),
        ("07EA0701FF0C0000FF800000", "07EA0701FF0C0000FF800000"),
        ("07EA0701030C0000FF8000FF", "07EA0701030C0000FF8000FF"),
        ("07EA0701030E000000FF8880", "07EA0701030E000000FF8800"),
    ],
    ids=["everything", "no deviation", "no status", "two hours east"],
)
def test_a_time_is_written_as_the_clock_writes_its_own(clock, expected):
    assert written(clock) == expected


def test_an_inverted_deviation_is_written_inverted():
    octets = written("07EA0701030E000000007800", policy=TimePolicy.INVERTED)
    assert to_datetime(decode_date_time(bytes.fromhex(octets)), TimePolicy.INVERTED) == NOON
    assert octets == "07EA0701030E000000007800"


def test_a_zone_counts_where_the_clock_has_no_deviation_or_it_means_nothing():
    zone = ZoneInfo("Europe/Berlin")
    assert written("07EA0701FF0C0000FF800000", zone=zone)[:14] == "07EA0701FF0E00"
    octets = written("07EA0701030C000000000000", policy=TimePolicy.LOCAL_TIME, zone=zone)
    assert octets[10:14] == "0E00"
    assert written("07EA0701030E000000FF8880", zone=zone)[18:22] == "FF88"


def test_a_deviation_beyond_belief_is_no_error():
    assert len(written("07EA0701030C0000007FFF00")) == 24


def test_the_other_form_has_nothing_behind_the_seconds():
    data = time_with_nothing_else(Data(DataType.DATE_TIME, OWN), NOON, TimePolicy.STANDARD, None)
    assert data == octet_string(bytes.fromhex("07EA0701FF0C0000FF8000FF"))


def test_the_type_of_a_time_is_the_clocks():
    assert time_like(Data(DataType.DATE_TIME, OWN), NOON, TimePolicy.STANDARD, None).type is DataType.DATE_TIME


def test_a_clock_that_tells_no_time_is_an_error():
    with pytest.raises(DecodeError):
        time_like(unsigned(1), NOON, TimePolicy.STANDARD, None)


def test_seconds_since_1970_for_the_meter():
    assert unix_time(NOON) == double_long_unsigned(1_782_907_200)
    assert unix_time(datetime(1960, 1, 1, tzinfo=timezone(timedelta(hours=1)))) == double_long_unsigned(0)
    assert unix_time(datetime(2200, 1, 1, tzinfo=UTC)) == double_long_unsigned(0xFFFF_FFFF)


def test_rows_shorter_than_the_columns_keep_what_they_have():
    rows = meaning(CLOCK, ENERGY)
    assert rows.of([(OWN,), (OWN,)]) == [(NOON,), (NOON,)]
    assert rows.of([(OWN,), (OWN, 15)]) == [(NOON,), (NOON, Decimal("1.5"))]


def test_many_rows_are_scaled_as_each_one_is():
    cells = [0, 7, -7, 2**64 - 1, True, 1.5, None, "text", b"octets"]
    known = [str(cell) for cell in cells if cell is not None]
    for scaler in (-3, 0, 2):
        column = ProfileColumn(CaptureObject(3, NAME, 2, 0), ScalerUnit(scaler, 30))
        alone = [str(meaning(column).of([(cell,)])[0][0]) for cell in cells if cell is not None]
        for among in ([cell for cell in cells if type(cell) is int], [cell for cell in cells if cell is not None]):
            together = meaning(column).of([(cell,) for cell in among])
            assert [str(row[0]) for row in together] == [alone[known.index(str(cell))] for cell in among]
