"""Demand register: its averaging interval."""

import pytest

from custom_components.cosem.dlms.encoding.data import NULL, double_long_unsigned, integer, long_unsigned
from custom_components.cosem.dlms.errors import DecodeError
from custom_components.cosem.dlms.interface_classes.demand_register import (
    DemandRegisterAttribute,
    DemandRegisterMethod,
    decode_demand_interval,
)


def test_block_demand_has_one_period():
    interval = decode_demand_interval(double_long_unsigned(900), long_unsigned(1))
    assert (interval.seconds, interval.is_sliding) == (900, False)


def test_sliding_demand_multiplies_its_periods():
    interval = decode_demand_interval(double_long_unsigned(300), long_unsigned(3))
    assert (interval.seconds, interval.is_sliding) == (900, True)


@pytest.mark.parametrize(
    ("period", "count"),
    [
        (NULL, long_unsigned(1)),
        (double_long_unsigned(900), NULL),
        (integer(-1), long_unsigned(1)),
        (long_unsigned(1), integer(-1)),
    ],
)
def test_what_is_no_count_is_refused(period, count):
    with pytest.raises(DecodeError):
        decode_demand_interval(period, count)


def test_the_running_average_comes_before_the_last_one():
    assert DemandRegisterAttribute.CURRENT_AVERAGE_VALUE == 2
    assert DemandRegisterAttribute.LAST_AVERAGE_VALUE == 3
    assert [method.value for method in DemandRegisterMethod] == [1, 2]


def test_attributes_follow_each_other():
    assert [(attribute.value, attribute.standard_name) for attribute in DemandRegisterAttribute] == [
        (2, "current_average_value"),
        (3, "last_average_value"),
        (4, "scaler_unit"),
        (5, "status"),
        (6, "capture_time"),
        (7, "start_time_current"),
        (8, "period"),
        (9, "number_of_periods"),
    ]


def test_two_periods_slide_and_no_period_is_a_count_too():
    assert decode_demand_interval(double_long_unsigned(300), long_unsigned(2)).is_sliding
    nothing = decode_demand_interval(double_long_unsigned(0), long_unsigned(0))
    assert (nothing.seconds, nothing.is_sliding) == (0, False)
