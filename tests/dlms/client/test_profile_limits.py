"""From when to when to ask."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from custom_components.cosem.dlms.client.profile_definition import ProfileDefinition
from custom_components.cosem.dlms.client.profile_limits import limits
from custom_components.cosem.dlms.client.profile_request import ProfileRequest
from custom_components.cosem.dlms.client.profile_resumption import ReadSoFar
from tests.dlms.client.profile_source import PROFILE

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def asked(progress=(), zone=None, sort_method=1, **request):
    so_far = ReadSoFar()
    so_far.add([(time,) for time in progress], 0)
    request = ProfileRequest(logical_name=PROFILE, zone=zone, **request)
    return limits(request, ProfileDefinition(sort_method=sort_method), so_far)


def test_an_hour_more_is_asked_for_on_each_side():
    assert asked(since=NOON, until=NOON) == (NOON - HOUR, NOON + HOUR)


def test_open_ends_are_long_ago_and_tomorrow():
    since, until = asked()
    assert since < NOON - timedelta(days=9000)
    assert until > datetime.now(UTC) + timedelta(hours=24)


@pytest.mark.parametrize(
    ("progress", "expected"),
    [
        ((2, 3), (2, 6)),
        ((4, 3), (0, 4)),
        ((3,), (0, 6)),
        ((3, 3), (0, 6)),
        ((2, 4, 3), (0, 6)),
    ],
    ids=["rising", "falling", "one", "one time", "in no order"],
)
def test_what_came_is_not_asked_for_again_where_its_order_is_known(progress, expected):
    start, end = expected
    times = [NOON + hours * HOUR for hours in progress]
    assert asked(times, since=NOON + HOUR, until=NOON + 5 * HOUR) == (NOON + start * HOUR, NOON + end * HOUR)
    assert asked(times, since=NOON + HOUR, until=NOON + 5 * HOUR, sort_method=3) == (NOON, NOON + 6 * HOUR)


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [(1, 1, (-1, 2)), (2, 2, (-1, 3)), (0, 0, (-1, 2)), (5, 5, (4, 6)), (-1, -1, (-2, 2))],
)
def test_f54_no_end_is_in_an_hour_that_the_zone_has_twice(since, until, expected):
    """In Berlin the hours from 0:00 to 2:00 UTC are called 2:00 to 3:00 that night."""
    night = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    found = asked(zone=ZoneInfo("Europe/Berlin"), since=night + since * HOUR, until=night + until * HOUR)
    assert found == (night + expected[0] * HOUR, night + expected[1] * HOUR)
