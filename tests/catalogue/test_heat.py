"""Codes of heat and cooling meters and heat cost allocators."""

import pytest

from .catalogue_tools import INCREASING, M3, NONE, TOTAL, WH, check_register, describe, name_of, registers
from .samples import HEAT


@registers(HEAT)
def test_codes_become_what_the_spec_says(sample):
    check_register(sample)


@pytest.mark.parametrize(
    ("code", "unit", "name"),
    [
        ("4-0:1.2.0", NONE, "Consumption unrated (4-0:1.2.0)"),
        ("4-0:2.3.0", NONE, "Consumption rated (4-0:2.3.0)"),
        ("4-0:1.0.1", NONE, "Consumption unrated (4-0:1.0.1)"),
        ("4-0:2.0.0*101", NONE, "Consumption rated (4-0:2.0.0*101)"),
        ("6-0:1.2.0", WH, "Heat energy (6-0:1.2.0)"),
        ("6-0:1.3.1", WH, "Heat energy (6-0:1.3.1)"),
        ("6-0:1.0.0*101", WH, "Heat energy (6-0:1.0.0*101)"),
        ("5-0:2.2.0", M3, "Cooling volume (5-0:2.2.0)"),
        ("6-0:1.0.10", WH, "Heat energy (6-0:1.0.10)"),
    ],
)
def test_a_value_of_a_past_period_is_no_live_counter(code, unit, name):
    """Set at its end and then still: as a counter that rises it would spoil statistics."""
    description = describe(code, unit)
    assert name_of(description) == name
    assert description.state_class not in {INCREASING, TOTAL}
    assert not description.enabled_default


@pytest.mark.parametrize(
    ("code", "unit", "name"),
    [
        ("4-0:1.0.0", NONE, "Consumption unrated"),
        ("6-0:1.0.9", WH, "Heat energy tariff 9"),
        ("6-0:1.8.0", WH, "Heat energy (6-0:1.8.0)"),
    ],
)
def test_what_counts_now_is_a_live_counter(code, unit, name):
    description = describe(code, unit)
    assert (name_of(description), description.state_class) == (name, INCREASING)
