"""The guard of counters: what is shown, what waits, and what ends the waiting."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from custom_components.cosem.dlms import AttributeDescriptor, LogicalName
from custom_components.cosem.meter.plausibility import Counted, CounterGuard, Withheld

WH, CUBIC_METRES, IMPULSES = 30, 13, 56
IMPORT = AttributeDescriptor(3, LogicalName.parse("1.0.1.8.0.255"), 2)
RATE_1 = AttributeDescriptor(3, LogicalName.parse("1.0.1.8.1.255"), 2)
RATE_2 = AttributeDescriptor(3, LogicalName.parse("1.0.1.8.2.255"), 2)
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def shown(numbers, unit=WH, *, every=MINUTE, guard=None, start=NOON):
    """What is shown of a counter that is read again and again."""
    guard = guard or CounterGuard()
    return [
        number if guard.believe({IMPORT: (Decimal(number), unit)}, start + place * every) else None
        for place, number in enumerate(numbers)
    ]


def test_trial_14_a_zero_between_two_numbers_is_not_shown():
    assert shown([397110, 0, 413500]) == [397110, None, 413500]


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        pytest.param([0, 0, 7, 7, 20], [0, 0, 7, 7, 20], id="a new meter counts"),
        pytest.param([500, 1, 1, 3], [500, None, 1, 3], id="a register was reset"),
        pytest.param([500, 0, 0, 501], [500, None, None, 501], id="a zero for two minutes"),
        pytest.param([500, *[0] * 16, 3], [500, *[None] * 15, 0, 3], id="a register was reset to zero"),
        pytest.param([500, 0, 3, 5], [500, None, 3, 5], id="a reset register counts on"),
        pytest.param([99_999_999, 2, 9], [99_999_999, None, 9], id="all digits were used"),
        pytest.param([500, 499, 501], [500, None, 501], id="one step back"),
        pytest.param(
            [500_000, 0, 400_000, 400_000], [500_000, None, None, 400_000], id="a fall to something else each time"
        ),
        pytest.param([500, 300, 200, 100, 600], [500, None, None, None, 600], id="falling and falling"),
        pytest.param([500, 5_000_000, 501], [500, None, 501], id="one jump"),
        pytest.param([500, 5_000_000, 5_000_010], [500, None, 5_000_010], id="a jump that stays"),
        pytest.param([500, 5_000_000, 5_000_000], [500, None, 5_000_000], id="a jump that stays there"),
        pytest.param([500, 5_000_000, 0, 501], [500, None, None, 501], id="a jump, then a zero"),
        pytest.param([500, 9_000_000, 5_000_000, 5_000_001], [500, None, None, 5_000_001], id="two jumps"),
    ],
)
def test_what_is_confirmed_is_shown(numbers, expected):
    assert shown(numbers) == expected


def test_two_reads_in_a_row_are_one():
    """A meter that starts shows 0 for more than one read of somebody who asks every second."""
    second = timedelta(seconds=1)
    assert shown([500, *[0] * 20, 501], every=second) == [500, *[None] * 20, 501]
    waits = 30
    assert shown([500, *[1] * (waits + 1)], every=second) == [500, *[None] * waits, 1]


@pytest.mark.parametrize(
    ("unit", "most"),
    [
        (WH, 1_000_000),
        (31, 1_000_000),
        (32, 1_000_000),
        (25, 3_600_000_000),
        (13, 1_000),
        (14, 1_000),
        (19, 1_000_000),
        (20, 1_000_000),
    ],
)
def test_what_is_possible_in_the_time_since_the_last_read(unit, most):
    day = timedelta(days=1)
    assert shown([1, 1 + 24 * most], unit, every=day) == [1, 1 + 24 * most]
    assert shown([1, 2 + 24 * most], unit, every=day) == [1, None]


def test_a_register_that_is_written_once_an_hour_grows_by_what_was_used_in_it():
    still = [1_000] * 60
    assert shown([*still, 1_001_000]) == [*still, 1_001_000]
    assert shown([*still, 1_001_001]) == [*still, None]
    assert shown([1_000, 17_666]) == [1_000, 17_666]
    assert shown([1_000, 17_667]) == [1_000, None]


def test_a_register_that_stood_still_for_a_year_may_not_jump_by_a_years_use():
    guard = CounterGuard({IMPORT: Counted(Decimal(1_000), WH, NOON - MINUTE, NOON - timedelta(days=365))})
    assert shown([1_002_000], guard=guard) == [None]


def test_a_quantity_of_which_nothing_is_known_may_jump_but_not_fall():
    assert shown([5, 5_000_000_000, 4], IMPULSES) == [5, 5_000_000_000, None]


def test_who_counts_more_than_usual_waits_once():
    fast = [place * 100_000_000 for place in range(6)]
    assert shown(fast) == [0, None, *fast[2:]]


@pytest.mark.parametrize(("step", "believed"), [(200_000_000, True), (200_000_001, False)])
def test_what_was_confirmed_may_go_on_twice_as_fast(step, believed):
    guard = CounterGuard()
    before = [10, 100_000_010, 200_000_010]  # a hundred million a minute
    assert shown(before, guard=guard) == [10, None, 200_000_010]
    (after,) = shown([200_000_010 + step], guard=guard, start=NOON + 3 * MINUTE)
    assert (after is not None) is believed


def test_a_fast_counter_that_was_reset_is_still_a_fast_one():
    guard = CounterGuard()
    shown([10, 100_000_010, 200_000_010, 0, 0], guard=guard)
    assert shown([150_000_000], guard=guard, start=NOON + 5 * MINUTE) == [150_000_000]


def test_what_was_confirmed_waits_no_longer_and_is_what_counts_from_then_on():
    guard = CounterGuard()
    shown([500, 1, 1], guard=guard)
    assert guard.withheld == {}
    then = NOON + 2 * MINUTE
    assert guard.last == {IMPORT: Counted(Decimal(1), WH, then, then)}


def test_a_clock_that_was_set_back_does_not_hold_a_number_for_ever():
    assert shown([500, 0, 0], every=timedelta(hours=-24)) == [500, None, 0]


def test_a_clock_that_was_set_back_harms_nothing():
    assert shown([500, 510, 520], every=-MINUTE) == [500, 510, 520]
    assert shown([500, 100_000], every=-MINUTE) == [500, None]


@pytest.mark.parametrize(("before", "after"), [(WH, CUBIC_METRES), (CUBIC_METRES, WH)])
def test_another_unit_is_another_counter(before, after):
    guard = CounterGuard()
    assert shown([500], before, guard=guard) == [500]
    assert shown([5], after, guard=guard) == [5]


def test_the_last_number_outlives_a_restart():
    guard = CounterGuard()
    shown([500, 510, 510], guard=guard)
    assert guard.last == {IMPORT: Counted(Decimal(510), WH, NOON + 2 * MINUTE, NOON + MINUTE)}
    later = NOON + timedelta(hours=1)
    assert shown([0, 600], guard=CounterGuard(guard.last), start=later) == [None, 600]


def test_it_tells_what_waits():
    guard = CounterGuard()
    shown([500, 0], guard=guard)
    assert guard.withheld == {IMPORT: Withheld(Decimal(500), Decimal(0), WH, NOON + MINUTE)}
    assert guard.last[IMPORT].number == 500
    shown([501], guard=guard, start=NOON + 2 * MINUTE)
    assert guard.withheld == {}


def together(guard, minute, **numbers):
    """Which of the three registers are shown."""
    names = {"total": IMPORT, "first": RATE_1, "second": RATE_2}
    read = {names[name]: (Decimal(number), WH) for name, number in numbers.items()}
    believed = guard.believe(read, NOON + minute * MINUTE)
    return {name for name in numbers if names[name] in believed}


def test_a_total_that_is_the_sum_of_its_tariffs_was_reset():
    guard = CounterGuard()
    assert together(guard, 0, total=500, first=300, second=200) == {"total", "first", "second"}
    assert together(guard, 1, total=12, first=4, second=8) == {"total", "first", "second"}
    assert together(guard, 2, total=1, first=1, second=0) == {"total", "first", "second"}


def test_the_sum_of_tariffs_proves_no_jump():
    guard = CounterGuard()
    together(guard, 0, total=500, first=300, second=200)
    assert together(guard, 1, total=5_000_200, first=5_000_000, second=200) == {"second"}


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        pytest.param({"total": 0, "first": 0, "second": 0}, set(), id="zero everywhere proves nothing"),
        pytest.param({"total": 12, "first": 4, "second": 7}, set(), id="a smaller sum"),
        pytest.param({"total": 12, "first": 4, "second": 9}, set(), id="a larger sum"),
        pytest.param({"total": 12}, set(), id="no tariffs"),
        pytest.param({"first": 4, "second": 8}, set(), id="no total"),
        pytest.param({"total": 508, "first": 300, "second": 8}, {"total", "first"}, id="the sum does not fit"),
    ],
)
def test_other_registers_prove_nothing(numbers, expected):
    guard = CounterGuard()
    together(guard, 0, total=500, first=300, second=200)
    assert together(guard, 1, **numbers) == expected


@pytest.mark.parametrize("unit", [CUBIC_METRES, 31])
def test_a_tariff_in_another_unit_is_no_part_of_the_sum(unit):
    guard = CounterGuard()
    guard.believe({IMPORT: (Decimal(500), WH), RATE_1: (Decimal(500), unit)}, NOON)
    assert not guard.believe({IMPORT: (Decimal(12), WH), RATE_1: (Decimal(12), unit)}, NOON + MINUTE)


def test_what_the_meter_itself_calls_doubtful_needs_one_confirmation_more():
    guard = CounterGuard()
    shown([500], guard=guard)
    for minute, believed in ((1, set()), (2, set()), (3, {IMPORT})):
        assert guard.believe({IMPORT: (Decimal(1), WH)}, NOON + minute * MINUTE, unsure={IMPORT}) == believed


def test_what_the_meter_itself_calls_doubtful_is_not_proven_by_other_registers():
    guard = CounterGuard()
    together(guard, 0, total=500, first=300, second=200)
    read = {IMPORT: (Decimal(12), WH), RATE_1: (Decimal(4), WH), RATE_2: (Decimal(8), WH)}
    assert guard.believe(read, NOON + MINUTE, unsure={IMPORT}) == {RATE_1, RATE_2}


def test_doubts_change_nothing():
    guard = CounterGuard()
    shown([500], guard=guard)
    assert guard.doubts({IMPORT: (Decimal(0), WH), RATE_1: (Decimal(0), WH)}, NOON + MINUTE) == {IMPORT}
    assert guard.withheld == {}
    assert guard.doubts({IMPORT: (Decimal(501), WH)}, NOON + MINUTE) == set()
