"""The home: powers, energies and demands fit together, whatever the seed and the time."""

from datetime import UTC, datetime, timedelta
import math

from hypothesis import given, settings, strategies as st
import pytest

from tests.costs import cost
from tests.simulated_meter.devices import gas_volume
from tests.simulated_meter.household import EPOCH, PERIOD, Household

NOON = datetime(2026, 7, 15, 11, 7, 23, tzinfo=UTC)
HOMES = {(seed, phases): Household(seed, phases=phases) for seed in (1, 2) for phases in (1, 3)}
homes = st.sampled_from(list(HOMES.values()))
times = st.integers(EPOCH + 2 * 86_400, EPOCH + 10 * 366 * 86_400).map(
    lambda seconds: datetime.fromtimestamp(seconds, UTC)
)
durations = st.timedeltas(timedelta(0), timedelta(days=3))


@settings(max_examples=100, deadline=None)
@given(homes, times, durations)
def test_counters_never_fall(home: Household, start: datetime, duration: timedelta):
    before, after = home.energies(start), home.energies(start + duration)
    for name in before.__slots__:
        assert getattr(before, name) <= getattr(after, name)


@settings(max_examples=30, deadline=None)
@given(homes, times)
def test_energies_are_the_integrals_of_the_powers(home: Household, time: datetime):
    start = time.replace(second=0, microsecond=0)
    imported = exported = reactive = 0
    for minute in range(90):
        instant = home.instant(start + timedelta(minutes=minute))
        imported += max(instant.power, 0)
        exported += max(-instant.power, 0)
        reactive += max(instant.reactive, 0)
    before, after = home.energies(start), home.energies(start + timedelta(minutes=90))
    # Each tariff's counter is rounded down to whole Wh by itself.
    assert after.import_total - before.import_total == pytest.approx(imported / 60, abs=2)
    assert after.export_total - before.export_total == pytest.approx(exported / 60, abs=2)
    assert after.reactive_import - before.reactive_import == pytest.approx(reactive / 60, abs=1)


@settings(max_examples=50, deadline=None)
@given(homes, times)
def test_one_moments_values_fit_together(home: Household, time: datetime):
    instant = home.instant(time)
    assert instant.power == sum(phase.power for phase in instant.phases)
    assert instant.apparent == math.isqrt(instant.power**2 + instant.reactive**2)
    assert len(instant.phases) == home.phases
    assert 4950 <= instant.frequency <= 5050
    for phase in instant.phases:
        apparent = math.hypot(phase.power, phase.reactive)
        assert 2070 <= phase.voltage <= 2530
        assert phase.voltage / 10 * phase.current / 100 == pytest.approx(apparent, abs=phase.voltage / 2000 + 0.01)
        assert phase.power_factor == round(1000 * abs(phase.power) / apparent)


@settings(max_examples=5, deadline=None)
@given(homes, times)
def test_the_same_seed_is_the_same_home_in_any_order(home: Household, time: datetime):
    again = Household(home.seed, phases=home.phases)
    assert again.instant(time) == home.instant(time)
    assert again.energies(time) == home.energies(time)


def test_another_seed_is_another_home():
    assert HOMES[1, 3].energies(NOON) != HOMES[2, 3].energies(NOON)


def test_the_roof_feeds_in_at_a_summer_noon_and_never_at_night():
    home = HOMES[1, 3]
    assert home.instant(NOON).power < 0
    midnight = datetime(2026, 7, 15, 0, tzinfo=UTC)
    assert all(home.instant(midnight + timedelta(days=day)).power > 0 for day in range(365))


@pytest.mark.parametrize(("hour", "tariff"), [(4, 2), (5, 1), (20, 1), (21, 2)])
def test_tariffs_switch_at_six_and_twenty_two_by_standard_time(hour: int, tariff: int):
    time = datetime(2026, 7, 15, hour, 30, tzinfo=UTC)  # one hour later in standard time
    home = HOMES[1, 3]
    assert home.instant(time).tariff == tariff
    before, after = home.energies(time), home.energies(time + timedelta(minutes=20))
    other = "12"[tariff % 2]
    assert getattr(after, f"import_{other}") == getattr(before, f"import_{other}")


def test_nothing_is_counted_before_the_installation():
    home = Household(3)
    assert home.energies(datetime(2019, 1, 1, tzinfo=UTC)).import_total == 0
    assert home.energies(datetime.fromtimestamp(EPOCH, UTC)).import_total == 0


def test_demand_is_the_average_of_its_period():
    home, end = HOMES[1, 3], int(NOON.timestamp()) // PERIOD * PERIOD
    before, after = (home.energies(datetime.fromtimestamp(time, UTC)) for time in (end - PERIOD, end))
    assert home.average_import(end - PERIOD, end) / 4 == pytest.approx(after.import_total - before.import_total, abs=2)
    assert home.average_export(end - PERIOD, end) / 4 == pytest.approx(after.export_total - before.export_total, abs=2)


def test_peak_is_the_largest_average_of_the_complete_periods():
    home = HOMES[1, 3]
    begin = int(datetime(2026, 2, 1, tzinfo=UTC).timestamp())
    now = begin + 6 * 86_400 + 4000
    averages = {
        time + PERIOD: home.average_import(time, time + PERIOD) for time in range(begin, now - PERIOD + 1, PERIOD)
    }
    watts, when = home.peak_import(begin, now)
    assert watts == max(averages.values())
    assert averages[when] == watts
    assert home.peak_import(begin, begin + 10) == (0, begin)


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 5), times, durations)
def test_the_gas_counter_never_falls(seed: int, start: datetime, duration: timedelta):
    before, after = (gas_volume(seed, int(time.timestamp())) for time in (start, start + duration))
    assert before <= after


def test_a_year_of_quarter_hours_is_cheap():
    """Each costs what those of the last days cost, however long ago it was."""

    def read(quarters: range) -> None:
        home = Household(9)
        for quarter in quarters:
            home.energies(NOON - timedelta(minutes=15 * quarter))

    assert cost(lambda: read(range(35_040)), runs=1) < 5 * 24 * cost(lambda: read(range(1_460)))
