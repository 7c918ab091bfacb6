"""Names of classes and attributes."""

import pytest

from custom_components.cosem.dlms.interface_classes.class_names import (
    CLASS_NAMES,
    attribute_index_of,
    attribute_name,
    class_name,
)
from tests.dlms.interface_classes.golden_names import classes, read_table


@pytest.mark.parametrize(
    ("class_id", "name"),
    [
        (1, "Data"),
        (3, "Register"),
        (4, "Extended register"),
        (5, "Demand register"),
        (7, "Profile generic"),
        (8, "Clock"),
        (15, "Association LN"),
        (17, "SAP assignment"),
        (40, "Push setup"),
        (64, "Security setup"),
        (70, "Disconnect control"),
        (9999, "class 9999"),
    ],
)
def test_class_names(class_id, name):
    assert class_name(class_id) == name


def test_every_class_calls_its_first_attribute_logical_name():
    assert {attribute_name(class_id, 1) for class_id in [*CLASS_NAMES, 9999]} == {"logical_name"}


@pytest.mark.parametrize(
    ("class_id", "attribute_index", "name"),
    [
        (3, 2, "value"),
        (3, 3, "scaler_unit"),
        (5, 4, "scaler_unit"),
        (5, 9, "number_of_periods"),
        (7, 8, "profile_entries"),
        (8, 9, "clock_base"),
        (15, 11, "current_user"),
        (3, 4, None),
        (3, 0, None),
        (3, -1, None),
        (9999, 2, None),
        (19, 2, None),
    ],
)
def test_attribute_names(class_id, attribute_index, name):
    assert attribute_name(class_id, attribute_index) == name


BY_POSITION = {
    1: "value",
    3: "value scaler_unit",
    4: "value scaler_unit status capture_time",
    5: (
        "current_average_value last_average_value scaler_unit status capture_time start_time_current period "
        "number_of_periods"
    ),
    7: "buffer capture_objects capture_period sort_method sort_object entries_in_use profile_entries",
    8: (
        "time time_zone status daylight_savings_begin daylight_savings_end daylight_savings_deviation "
        "daylight_savings_enabled clock_base"
    ),
    15: (
        "object_list associated_partners_id application_context_name xDLMS_context_info "
        "authentication_mechanism_name secret association_status security_setup_reference user_list "
        "current_user"
    ),
    17: "SAP_assignment_list",
    64: "security_policy security_suite client_system_title server_system_title certificates",
    72: (
        "mbus_port_reference capture_definition capture_period primary_address identification_number "
        "manufacturer_id version device_type access_number status alarm configuration encryption_key_status"
    ),
}
"""The attributes of classes with a file of their own, in the order of the standard's tables, from attribute 2 on."""


@pytest.mark.parametrize("class_id", BY_POSITION)
def test_attributes_of_a_class_follow_each_other(class_id):
    names = BY_POSITION[class_id].split()
    assert [attribute_name(class_id, index) for index in range(2, len(names) + 3)] == [*names, None]


def test_an_attribute_is_found_by_its_name():
    assert attribute_index_of(5, "scaler_unit") == 4
    assert attribute_index_of(5, "buffer") is None
    assert attribute_index_of(9999, "value") is None


def test_classes_and_attributes_have_the_names_that_were_read():
    assert classes() == read_table("class")
