"""Codes of abstract objects, and values of M-Bus devices."""

import pytest

from custom_components.cosem.catalogue import medium_of_mbus_device

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
        (3, M3, "Gas consumption", "gas"),
        (7, M3, "Water consumption", "water"),
        (6, M3, "Hot water consumption", "water"),
        (4, JOULE, "Heat consumption", "energy"),
        (0x0C, WH, "Heat consumption", "energy"),
        (2, WH, "Electricity consumption", "energy"),
        (99, M3, "Sub-meter reading channel 1", "volume"),
        (None, M3, "Sub-meter reading channel 1", "volume"),
    ],
)
def test_the_m_bus_client_tells_the_medium(device_type, unit, name, device_class):
    description = describe("0-1:24.2.1", unit, class_id=4, mbus_device_type=device_type)
    assert (name_of(description), description.device_class) == (name, device_class)
    assert description.state_class == INCREASING


@pytest.mark.parametrize(
    ("code", "device_type", "name"),
    [
        ("0-1:24.2.1", 3, "Gas consumption, time"),
        ("0-1:24.2.1", 7, "Water consumption, time"),
        ("0-1:24.2.1", 4, "Heat consumption, time"),
        ("0-2:24.2.1", None, "Sub-meter reading channel 2, time"),
        ("0-1:24.2.2", 3, "Capture time (0-1:24.2.2)"),
        ("0-1:24.2.1*101", 3, "Capture time (0-1:24.2.1*101)"),
    ],
)
def test_trial_17_the_time_of_a_sub_meters_value_is_named_like_the_value(code, device_type, name):
    description = describe(code, class_id=4, attribute=5, mbus_device_type=device_type)
    assert (name_of(description), description.kind) == (name, "timestamp")


def test_trial_17_a_value_of_the_past_is_told_by_its_code():
    assert name_of(describe("0-1:24.2.1*101", mbus_device_type=3)) == "Gas consumption (0-1:24.2.1*101)"
    assert name_of(describe("0-1:24.2.2", mbus_device_type=3)) == "Gas consumption (0-1:24.2.2)"


@pytest.mark.parametrize(("device_type", "medium"), [(3, 7), (2, 1), (7, 8), (6, 9), (4, 6), (0, None), (None, None)])
def test_what_a_device_measures(device_type, medium):
    assert medium_of_mbus_device(device_type) == medium
