"""Names of classes and attributes."""

import pytest

from custom_components.cosem.dlms.interface_classes.class_names import CLASS_NAMES, attribute_name, class_name


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
