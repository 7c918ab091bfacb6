"""Units: the table of codes."""

import pytest

from custom_components.cosem.dlms.interface_classes.units import NO_UNIT, UNITS, unit_symbol
from tests.dlms.interface_classes.golden_names import read_table, units


@pytest.mark.parametrize(
    ("code", "symbol"),
    [
        (9, "°C"),
        (13, "m³"),
        (15, "m³/h"),
        (27, "W"),
        (28, "VA"),
        (29, "var"),
        (30, "Wh"),
        (31, "VAh"),
        (32, "varh"),
        (33, "A"),
        (35, "V"),
        (44, "Hz"),
        (56, "%"),
        (72, "dB"),
        (174, "Btu/d"),
    ],
)
def test_symbols_are_those_of_the_standard(code, symbol):
    assert unit_symbol(code) == symbol
    assert UNITS[code].code == code
    assert UNITS[code].quantity


@pytest.mark.parametrize("code", [NO_UNIT, 0, 58, 59, 68, 69, 73, 127, 175, 252, 253, 254, 256, -1])
def test_no_unit_other_and_reserved_codes_have_no_symbol(code):
    assert unit_symbol(code) is None


def test_every_code_of_the_ranges_in_use_has_a_symbol():
    used = [*range(1, 58), *range(60, 68), *range(70, 73), *range(128, 175)]
    assert sorted(UNITS) == used


def test_units_have_the_symbols_and_quantities_that_were_read():
    assert units() == read_table("unit")
