"""A value and its unit."""

from decimal import Decimal

from custom_components.cosem.dlms import Data, DataType, ScalerUnit
from custom_components.cosem.meter.readings import Reading, Readings


def test_number_is_exact_in_its_unit():
    number = Data(DataType.UNSIGNED, 23)
    assert Reading(value=number, scaler_unit=ScalerUnit(-1, 35)).number == Decimal("2.3")
    assert Reading(value=number).number == 23


def test_without_a_value_or_a_unit_that_should_be_there_there_is_no_number():
    assert Reading(scaler_unit=ScalerUnit(-1, 35)).number is None
    assert Reading(value=Data(DataType.UNSIGNED, 23), unit_missing=True).number is None


def test_nothing_was_read_to_begin_with():
    readings = Readings()
    assert (readings.values, readings.clock_read_at, readings.withheld) == ({}, None, {})
