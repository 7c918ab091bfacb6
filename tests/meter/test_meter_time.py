"""How the times of a meter are read, and what is proposed by its clock."""

from datetime import UTC, datetime, timedelta

from homeassistant.core import HomeAssistant
import pytest

from custom_components.cosem.const import CONF_TIME_POLICY
from custom_components.cosem.dlms import CLOCK_TIME, ClockQuality, Data, DataAccessError, DataType, TimePolicy
from custom_components.cosem.meter.meter_time import (
    TIME_POLICIES,
    ClockReading,
    clock_of,
    clock_reading,
    time_policy_of,
    utc_of,
)
from custom_components.cosem.meter.readings import Reading, Readings

NOW = datetime(2025, 7, 23, 1, 45, 24, tzinfo=UTC)


def stamp(octets: str) -> Data:
    return Data(DataType.OCTET_STRING, bytes.fromhex(octets))


def read(octets: str, read_at: datetime = NOW) -> ClockReading:
    reading = clock_reading(stamp(octets), read_at)
    assert reading is not None
    return reading


def test_trial_15_entries_without_a_choice_read_as_the_standard_says():
    assert time_policy_of({}) is TimePolicy.STANDARD
    assert [time_policy_of({CONF_TIME_POLICY: policy.value}) for policy in TIME_POLICIES] == list(TIME_POLICIES)


async def test_trial_15_a_clock_with_the_wrong_sign_is_noticed(hass: HomeAssistant):
    await hass.config.async_set_time_zone("Asia/Kolkata")
    clock = read("07e9071703070f18ff014a00")
    assert clock.proposed_policy is TimePolicy.INVERTED
    assert utc_of(clock.data, TimePolicy.INVERTED) == NOW
    assert clock.home_time(TimePolicy.INVERTED).isoformat() == "2025-07-23T07:15:24+05:30"
    assert clock.difference(TimePolicy.STANDARD) == timedelta(hours=11)
    assert clock.shown == datetime(2025, 7, 23, 7, 15, 24, tzinfo=UTC)
    assert clock.quality is ClockQuality.VALID
    better = {policy: clock.better_policy(policy) for policy in TIME_POLICIES}
    assert better == dict.fromkeys(TIME_POLICIES) | {TimePolicy.STANDARD: TimePolicy.INVERTED}
    assert read("07d0010106000000ff000001").better_policy(TimePolicy.STANDARD) is None


@pytest.mark.parametrize(
    ("octets", "proposed"),
    [
        ("07e9071703032d18ff000000", TimePolicy.LOCAL_TIME),
        ("07e9071703032d18ff800000", TimePolicy.STANDARD),
        ("07e9071703032d18ffff8880", TimePolicy.STANDARD),
        ("07e9071703032d18ff007800", TimePolicy.INVERTED),
        ("07e9071703022d18ffff8800", TimePolicy.LOCAL_STANDARD_TIME),
        ("07e9071703022d18ff800000", TimePolicy.LOCAL_STANDARD_TIME),
        ("07e9071703022d18ffffc400", TimePolicy.STANDARD),
        ("07e9071703032d18ff7fff00", TimePolicy.LOCAL_TIME),
        ("07e9071703032218ff000000", TimePolicy.LOCAL_TIME),
        ("07d0010106000000ff000001", TimePolicy.STANDARD),
        ("07e9071703040500ffff8800", TimePolicy.STANDARD),
    ],
    ids=[
        "local time, deviation 0",
        "local time, no deviation",
        "as defined",
        "wrong sign",
        "standard time with the deviation of summer",
        "standard time, no deviation",
        "standard time with its deviation",
        "local time, a deviation that makes no sense",
        "local time, eleven minutes late",
        "a clock that stands still",
        "twenty minutes early",
    ],
)
async def test_trial_15_what_is_proposed_makes_the_clock_right(hass: HomeAssistant, octets: str, proposed: TimePolicy):
    await hass.config.async_set_time_zone("Europe/Berlin")
    assert read(octets).proposed_policy is proposed


def test_only_a_point_in_time_is_a_reading_of_the_clock():
    assert clock_reading(None, NOW) is None
    assert clock_reading(DataAccessError(3), NOW) is None
    assert clock_reading(stamp("FFFFFFFFFFFFFFFFFF8000FF"), NOW) is None
    assert clock_reading(stamp("07e9071703032d18ff000000"), None) is None
    assert clock_reading(Data(DataType.DOUBLE_LONG_UNSIGNED, 1_753_235_124), NOW).shown == NOW


def test_a_clock_among_readings():
    octets = stamp("07e9071703032d18ff000000")
    reading = Readings(values={CLOCK_TIME: Reading(value=octets)}, clock_read_at=NOW)
    shown = datetime(2025, 7, 23, 3, 45, 24, tzinfo=UTC)
    assert clock_of(reading) == ClockReading(data=octets, shown=shown, read_at=NOW)
    assert clock_of(Readings()) is None
    assert clock_of(Readings(values={CLOCK_TIME: Reading()}, clock_read_at=NOW)) is None


async def test_a_deviation_that_makes_no_sense_is_no_point_in_time_unless_it_is_ignored(hass: HomeAssistant):
    await hass.config.async_set_time_zone("Europe/Berlin")
    clock = read("07e9071703032d18ff7fff00")
    assert clock.home_time(TimePolicy.STANDARD) is None
    assert clock.difference(TimePolicy.STANDARD) is None
    assert clock.difference(TimePolicy.LOCAL_TIME) == timedelta(0)
