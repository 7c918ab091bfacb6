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
