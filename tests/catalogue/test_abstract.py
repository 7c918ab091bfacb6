"""Codes of abstract objects, and values of M-Bus devices."""

import pytest

from .catalogue_tools import (
    INCREASING,
    JOULE,
    M3,
    WH,
    check_data_object,
    check_register,
    data_objects,
    describe,
    name_of,
    registers,
)
from .samples import ABSTRACT, DATA_OF_ABSTRACT


@registers(ABSTRACT)
def test_codes_become_what_the_spec_says(sample):
    check_register(sample)


@data_objects(DATA_OF_ABSTRACT)
def test_data_objects_are_diagnostics(sample):
    check_data_object(sample)


@pytest.mark.parametrize(
    ("device_type", "unit", "name", "device_class"),
    [
        (3, M3, "Gas consumption channel 1", "gas"),
        (7, M3, "Water consumption channel 1", "water"),
        (6, M3, "Hot water consumption channel 1", "water"),
        (4, JOULE, "Heat consumption channel 1", "energy"),
        (0x0C, WH, "Heat consumption channel 1", "energy"),
        (2, WH, "Electricity consumption channel 1", "energy"),
        (99, M3, "Sub-meter reading channel 1", "volume"),
        (None, M3, "Sub-meter reading channel 1", "volume"),
    ],
)
def test_the_m_bus_client_tells_the_medium(device_type, unit, name, device_class):
    description = describe("0-1:24.2.1", unit, class_id=4, mbus_device_type=device_type)
    assert (name_of(description), description.device_class) == (name, device_class)
    assert description.state_class == INCREASING
