"""From when to when to ask."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from custom_components.cosem.dlms.client.profile_limits import has_start, limits
from custom_components.cosem.dlms.client.profile_request import ProfileRequest
from tests.dlms.client.profile_source import PROFILE

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def asked(clock=None, zone=None, **request):
    return limits(ProfileRequest(logical_name=PROFILE, zone=zone, **request), clock)


def test_an_hour_more_is_asked_for_on_each_side():
    assert asked(since=NOON, until=NOON) == (NOON - HOUR, NOON + HOUR)


def test_an_open_end_is_tomorrow_by_whichever_clock_is_ahead():
    now = datetime.now(UTC)
    for clock, latest in ((None, now), (now - 9 * DAY, now), (now + 9 * DAY, now + 9 * DAY)):
        until = asked(clock, since=NOON)[1]
        assert latest + DAY <= until <= latest + DAY + 2 * HOUR
    assert asked(now + 9 * DAY, since=NOON, until=NOON)[1] == NOON + HOUR


@pytest.mark.parametrize("hours", [-14, 0, 14])
def test_a_meter_is_asked_for_years_of_two_digits_only(hours):
    zone = timezone(timedelta(hours=hours))
    ends = asked(zone=zone, since=datetime(1, 1, 2, tzinfo=UTC), until=datetime(9999, 12, 30, tzinfo=UTC))
    assert [end.astimezone(zone).year for end in ends] == [2000, 2099]
    late = asked(zone=zone, since=datetime(2200, 1, 1, tzinfo=UTC))
    assert late[0] < late[1]
    assert asked(zone=zone)[0].astimezone(zone).year == 2000


def test_there_is_a_start_where_a_meter_can_be_asked_for_it():
    started = [
        has_start(ProfileRequest(logical_name=PROFILE, since=since))
        for since in (None, datetime(2000, 1, 1, tzinfo=UTC), datetime(2000, 1, 2, tzinfo=UTC), NOON)
    ]
    assert started == [False, False, True, True]


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [(1, 1, (-1, 2)), (2, 2, (-1, 3)), (0, 0, (-1, 2)), (5, 5, (4, 6)), (-1, -1, (-2, 2))],
)
def test_f54_no_end_is_in_an_hour_that_the_zone_has_twice(since, until, expected):
    """In Berlin the hours from 0:00 to 2:00 UTC are called 2:00 to 3:00 that night."""
    night = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    found = asked(zone=ZoneInfo("Europe/Berlin"), since=night + since * HOUR, until=night + until * HOUR)
    assert found == (night + expected[0] * HOUR, night + expected[1] * HOUR)
