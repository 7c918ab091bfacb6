"""When units are read again."""

from decimal import Decimal

import pytest

from custom_components.cosem.dlms import UNSCALED, AttributeDescriptor, LogicalName, ScalerUnit
from custom_components.cosem.meter.scaler_units import CHECKED_WITHIN, ScalerUnits, is_power_of_ten

UNITS = [AttributeDescriptor(3, LogicalName(bytes((1, 0, number, 7, 0, 255))), 3) for number in range(1, 121)]
UNIT = UNITS[0]
VALUE = UNIT._replace(attribute_index=2)
WATTS = ScalerUnit(-1, 27)


def read(units: list[AttributeDescriptor] = UNITS, *, at: float = 0.0) -> ScalerUnits:
    known = ScalerUnits()
    for unit in units:
        known.note(unit, WATTS, at)
    return known


def test_an_hour():
    assert CHECKED_WITHIN == 60 * 60


def test_with_the_first_poll_every_unit_is_read_also_a_remembered_one():
    assert ScalerUnits({UNIT: WATTS}).due(UNITS, 0.0, 60) == UNITS
    assert ScalerUnits({UNIT: WATTS}).known == {UNIT: WATTS}


def test_afterwards_a_share_that_is_enough_for_an_hour_the_oldest_first():
    units = read()
    assert units.due(UNITS, 60.0, 60) == UNITS[:2]
    for unit in UNITS[:2]:
        units.note(unit, WATTS, 60.0)
    assert units.due(UNITS, 120.0, 60) == UNITS[2:4]
    assert units.due(UNITS, 120.0, 61) == UNITS[2:5]


@pytest.mark.parametrize("interval", [5, 60, 900, 3_600, 86_400])
def test_every_unit_is_read_within_the_hour_or_with_every_poll(interval: float):
    units, now = read(), 0.0
    last = dict.fromkeys(UNITS, 0.0)
    for _ in range(2_000):
        now += interval
        for unit in units.due(UNITS, now, interval):
            units.note(unit, WATTS, now)
            last[unit] = now
        assert now - min(last.values()) <= max(CHECKED_WITHIN, interval)
        if now > 3 * CHECKED_WITHIN:
            break


def test_polls_that_came_late_are_made_up_for():
    assert read().due(UNITS, CHECKED_WITHIN - 60, 60) == UNITS
    assert len(read().due(UNITS, CHECKED_WITHIN - 61, 60)) == 2


def test_a_placeholder_is_read_with_every_poll():
    units = read()
    units.note(UNITS[7], UNSCALED, 0.0)
    assert UNITS[7] in units.due(UNITS, 60.0, 60)


def test_a_unit_that_could_not_be_read_is_asked_for_again():
    units = read(UNITS[1:])
    assert units.due(UNITS, 1.0, 1) == [UNIT, UNITS[1]]


def test_a_change_is_told():
    units = ScalerUnits()
    assert not units.note(UNIT, WATTS, 0.0)
    assert not units.note(UNIT, WATTS, 1.0)
    assert units.note(UNIT, ScalerUnit(0, 27), 2.0)
    assert units.known == {UNIT: ScalerUnit(0, 27)}


@pytest.mark.parametrize(
    ("numbers", "moved"),
    [
        ((41_350, 413_510), True),
        ((413_510, 41_352), True),
        ((2_301, 23), True),
        ((230, 231), False),
        ((100, 400), False),
        ((0, 10), False),
        ((10, 0), False),
        ((-230, -2_310), True),
        ((-230, 2_310), False),
    ],
)
def test_a_number_that_moves_by_a_power_of_ten(numbers: tuple[int, int], moved: bool):
    units = ScalerUnits()
    before, after = map(Decimal, numbers)
    assert units.moved([(VALUE, before)]) == set()
    assert units.moved([(VALUE, after)]) == ({VALUE} if moved else set())


@pytest.mark.parametrize(
    ("ratio", "expected"),
    [
        ("1", False),
        ("1.2", False),
        ("8", True),
        ("7.9", False),
        ("12", True),
        ("12.1", False),
        ("0.1", True),
        ("1000", True),
        ("0", False),
        ("-10", False),
    ],
)
def test_powers_of_ten(ratio: str, expected: bool):
    assert is_power_of_ten(Decimal(ratio)) is expected
