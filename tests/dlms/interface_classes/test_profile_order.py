"""Which way rows go, by their times. What becomes of missing times is in test_profile_columns.py."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from custom_components.cosem.dlms.interface_classes.profile_order import RowOrder

START = datetime(2026, 1, 1, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


def falls(*batches, told=None, period=900):
    """Numbers are quarters of an hour."""
    order = RowOrder(period, told=told)
    for batch in batches:
        order.watch([None if number is None else START + number * QUARTER for number in batch])
    return order.falls


ANY = [None, False, True]


@pytest.mark.parametrize("told", ANY)
@pytest.mark.parametrize("batches", [[], [[]], [[3]], [[3, 3]], [[None, None]], [[3, None], [None, 3]]])
def test_without_two_times_what_is_told_counts(told, batches):
    assert falls(*batches, told=told) is told


@pytest.mark.parametrize("told", ANY)
@pytest.mark.parametrize(
    ("batches", "expected"),
    [
        ([[1, 2]], False),
        ([[2, 1]], True),
        ([[1, None, None, 4]], False),
        ([[9, None, None], [None, 5]], True),
        ([[9], [8], [20]], True),
        ([[None, 1, None, 3, -500]], False),
        ([[1, 2, 3, 4, 5], [None, 7, -90]], False),
    ],
)
def test_steps_as_long_as_the_period_makes_them_count_most(told, batches, expected):
    assert falls(*batches, told=told) is expected


@pytest.mark.parametrize(
    ("told", "numbers", "expected"),
    [
        (None, (1, None, 30), None),
        (None, (30, None, 1), None),
        (False, (1, None, 30), False),
        (True, (30, None, 1), True),
        (False, (30, None, 1), None),
        (True, (1, None, 30), None),
    ],
)
def test_other_steps_make_the_contrary_doubtful_and_prove_nothing(told, numbers, expected):
    assert falls(numbers, told=told) is expected


@pytest.mark.parametrize("told", ANY)
def test_steps_both_ways_leave_what_is_told(told):
    assert falls([1, None, 30, None, -50], told=told) is told
    assert falls([1, 2], [1, None], told=told) is told


def test_without_a_period_no_step_is_exact():
    assert falls([2, 1], told=False, period=0) is None
    assert falls([2, 1], told=True, period=0) is True


def test_times_of_one_zone_are_compared_as_points_in_time():
    berlin = ZoneInfo("Europe/Berlin")
    order = RowOrder(900, told=True)
    order.watch([datetime(2026, 10, 25, 2, 45, tzinfo=berlin), datetime(2026, 10, 25, 2, 0, fold=1, tzinfo=berlin)])
    assert order.falls is False
