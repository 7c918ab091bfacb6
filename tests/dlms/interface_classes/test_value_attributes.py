"""Which attributes are scaled, and by which other attribute."""

import pytest

from custom_components.cosem.dlms.apdu.common import AttributeDescriptor
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.interface_classes.value_attributes import (
    SCALER_UNIT_ATTRIBUTE,
    VALUE_ATTRIBUTES,
    scaler_unit_attribute,
)

NAME = LogicalName.parse("1.0.1.8.0.255")


@pytest.mark.parametrize(
    ("class_id", "index", "scaler_index"),
    [
        (3, 2, 3),
        (4, 2, 3),
        (5, 2, 4),
        (5, 3, 4),
        (3, 3, None),
        (4, 5, None),
        (1, 2, None),
        (8, 2, None),
        (999, 2, None),
    ],
)
def test_where_the_scaling_of_an_attribute_is(class_id: int, index: int, scaler_index: int | None):
    found = scaler_unit_attribute(AttributeDescriptor(class_id, NAME, index))
    assert found == (None if scaler_index is None else AttributeDescriptor(class_id, NAME, scaler_index))


def test_classes_with_a_scaler_unit():
    assert SCALER_UNIT_ATTRIBUTE == {3: 3, 4: 3, 5: 4, 61: 4, 67: 8}


def test_attributes_that_hold_values():
    assert VALUE_ATTRIBUTES == {1: (2,), 3: (2,), 4: (2,), 5: (2, 3)}
