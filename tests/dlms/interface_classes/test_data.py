"""Data: one attribute."""

from custom_components.cosem.dlms.interface_classes.data import DataAttribute


def test_data_has_one_attribute_besides_its_name():
    assert [(attribute.value, attribute.standard_name) for attribute in DataAttribute] == [(2, "value")]
