"""The meter's clock: local time over both changes, and the date-times of its clients."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings, strategies as st
import pytest

from tests.simulated_meter.meter_time import MeterTime
from tests.simulated_meter.profile import Deviation

BERLIN = MeterTime(60, daylight_saving=True, deviation=Deviation.STANDARD)


@pytest.mark.parametrize(
    ("time", "octets"),
    [
        (datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC), "07EA031D07013B3B00FFC400"),
        (datetime(2026, 3, 29, 1, 0, 0, tzinfo=UTC), "07EA031D0703000000FF8880"),
        (datetime(2026, 10, 25, 0, 59, 59, tzinfo=UTC), "07EA0A1907023B3B00FF8880"),
        (datetime(2026, 10, 25, 1, 0, 0, tzinfo=UTC), "07EA0A190702000000FFC400"),
    ],
)
def test_both_changes(time: datetime, octets: str):
    assert BERLIN.octets(time).hex().upper() == octets


@pytest.mark.parametrize(
    ("deviation", "octets"),
    [("standard", "FF88"), ("inverted", "0078"), ("without-dst", "FFC4"), ("unspecified", "8000")],
)
def test_deviation_by_profile(deviation: str, octets: str):
    clock = MeterTime(60, daylight_saving=True, deviation=Deviation(deviation))
    assert clock.octets(datetime(2026, 7, 1, tzinfo=UTC))[9:11].hex().upper() == octets


@settings(max_examples=200)
@given(
    st.integers(1_577_836_800, 1_893_456_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    st.sampled_from([-300, 0, 60, 330, 345]),
    st.booleans(),
    st.sampled_from(list(Deviation)),
)
def test_understands_its_own_date_times(time: datetime, offset: int, saving: bool, deviation: Deviation):
    clock = MeterTime(offset, daylight_saving=saving, deviation=deviation)
    assert clock.instant(clock.octets(time)) == time


def test_unspecified_fields_are_the_earliest():
    assert BERLIN.instant(bytes.fromhex("07EA010104FFFFFFFF8000FF")) == datetime(2025, 12, 31, 23, tzinfo=UTC)


@pytest.mark.parametrize("octets", ["FFFF010104000000008000FF", "07EA0D0104000000008000FF", "07EA021E04000000008000FF"])
def test_what_is_no_date_is_none(octets: str):
    assert BERLIN.instant(bytes.fromhex(octets)) is None


def test_without_daylight_saving_the_summer_is_standard_time():
    clock = MeterTime(60, daylight_saving=False, deviation=Deviation.STANDARD)
    summer = datetime(2026, 7, 1, 12, tzinfo=UTC)
    assert clock.local(summer).isoformat() == "2026-07-01T13:00:00"
    assert not clock.saving(summer + timedelta(days=1))
