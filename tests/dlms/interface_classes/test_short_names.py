"""Base-name arithmetic: attributes, methods, special objects."""

import pytest

from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.errors import LocalProtocolError
from custom_components.cosem.dlms.interface_classes.short_names import (
    SPECIAL_OBJECTS,
    ShortNameObject,
    attribute_index_at,
    attribute_short_name,
    method_short_name,
)

NAME = LogicalName.parse("1.0.1.8.0.255")


def test_attributes_are_8_apart():
    assert [attribute_short_name(0x1000, index) for index in (1, 2, 3, 9)] == [0x1000, 0x1008, 0x1010, 0x1040]
    assert attribute_short_name(0xFFF8, 1) == 0xFFF8


@pytest.mark.parametrize("index", [0, -1, 0x7F])
def test_attribute_without_a_short_name(index: int):
    with pytest.raises(LocalProtocolError):
        attribute_short_name(0xFFF0, index)


@pytest.mark.parametrize(
    ("class_id", "version", "method", "offset"),
    [
        (3, 0, 1, 0x28),
        (4, 0, 1, 0x38),
        (5, 0, 2, 0x50),
        (6, 0, 1, 0x30),
        (7, 1, 2, 0x60),
        (8, 0, 6, 0x88),
        (9, 0, 1, 0x20),
        (10, 0, 1, 0x20),
        (11, 0, 1, 0x10),
        (12, 1, 3, 0x30),
        (12, 4, 8, 0x58),
        (15, 1, 1, 0x60),
        (17, 0, 1, 0x20),
        (18, 0, 1, 0x40),
        (20, 0, 1, 0x50),
        (40, 0, 1, 0x38),
        (42, 0, 1, 0x60),
        (61, 0, 1, 0x28),
        (64, 0, 1, 0x28),
        (64, 1, 1, 0x30),
        (65, 0, 1, 0x20),
        (67, 0, 1, 0x80),
        (70, 0, 2, 0x28),
        (72, 0, 1, 0x60),
    ],
)
def test_methods_of_the_classes_that_are_certain(class_id: int, version: int, method: int, offset: int):
    assert method_short_name(ShortNameObject(0x2000, class_id, version, NAME), method) == 0x2000 + offset


@pytest.mark.parametrize(("class_id", "version"), [(1, 0), (29, 2), (40, 1), (72, 1), (0x8000, 0)])
def test_method_that_is_not_certain_is_refused(class_id: int, version: int):
    with pytest.raises(LocalProtocolError, match="not certain"):
        method_short_name(ShortNameObject(0x2000, class_id, version, NAME), 1)


def test_method_0_is_refused():
    with pytest.raises(LocalProtocolError):
        method_short_name(ShortNameObject(0x2000, 3, 0, NAME), 0)


def test_special_objects_are_known_without_a_list():
    assert {(class_id, str(name)): f"{base:X}" for (class_id, name), base in SPECIAL_OBJECTS.items()} == {
        (12, "0.0.40.0.0.255"): "FA00",
        (9, "0.0.10.0.125.255"): "FB00",
        (17, "0.0.41.0.0.255"): "FC00",
        (1, "0.0.42.0.0.255"): "FD00",
    }


@pytest.mark.parametrize(
    ("class_id", "short_name", "index"),
    [
        (3, 0x1000, 1),
        (3, 0x1008, 2),
        (3, 0x1020, 5),
        (3, 0x1028, None),  # its method
        (3, 0x1009, None),
        (3, 0x0FF8, None),
        (999, 0x10F8, 32),  # nobody knows where its methods are
        (999, 0x1100, None),
        (40, 0x1030, 7),
        (40, 0x1038, None),
    ],
)
def test_a_short_name_tells_its_attribute(class_id: int, short_name: int, index: int | None):
    assert attribute_index_at(ShortNameObject(0x1000, class_id, 0, NAME), short_name) == index
