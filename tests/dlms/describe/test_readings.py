"""One attribute that was read: value, unit, and why there is none."""

import pytest

from custom_components.cosem.dlms.apdu.common import AttributeDescriptor
from custom_components.cosem.dlms.describe.readings import described_reading, with_units
from custom_components.cosem.dlms.encoding.data import (
    NULL,
    decode_data_octets,
    double_long_unsigned,
    octet_string,
    visible_string,
)
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.errors import DataAccessError


def test_a_unit_that_is_none_is_an_error_with_its_reason():
    energy = AttributeDescriptor(3, LogicalName.parse("1.0.1.8.0.255"), 2)
    number, unit = double_long_unsigned(7), energy._replace(attribute_index=3)
    row = described_reading(energy, {energy: number, unit: visible_string("kWh")})
    assert (row["raw"], row["value"]) == (7, None)
    assert str(row["error"]).startswith("scaler_unit: ")
    assert row["error"] != "scaler_unit: not read"


def test_text_in_a_register_needs_no_scaler():
    energy = AttributeDescriptor(3, LogicalName.parse("1.0.1.8.0.255"), 2)
    scaler = energy._replace(attribute_index=3)
    for data, shown in ((octet_string(b"\x12\x34"), "1234"), (visible_string("none"), "none"), (NULL, None)):
        row = described_reading(energy, {energy: data, scaler: DataAccessError(3)})
        assert (row["value"], row["unit"], row["error"]) == (shown, None, None)


SCALER = bytes.fromhex("02020F00161E")


@pytest.mark.parametrize(
    ("octets", "scaler", "error"),
    [
        ("177FC00000", SCALER, "no finite number: NaN"),
        ("187FF0000000000000", SCALER, "no finite number: infinity"),
        ("17FF800000", SCALER, "no finite number: -infinity"),
        ("1105", bytes.fromhex("02020F7F161E"), "scaler_unit: the scaler 127 is not plausible"),
        ("0DFA", SCALER, "no number in BCD"),
        ("00", SCALER, None),
        ("0900", SCALER, None),
    ],
)
def test_a_number_without_a_value_is_told_from_null_data(octets: str, scaler: bytes, error: str | None):
    energy = AttributeDescriptor(3, LogicalName.parse("1.0.1.8.0.255"), 2)
    number, unit = decode_data_octets(bytes.fromhex(octets)), decode_data_octets(scaler)
    row = described_reading(energy, {energy: number, energy._replace(attribute_index=3): unit})
    assert (row["value"] or None, row["error"]) == (None, error)


@pytest.mark.parametrize(
    ("octets", "value", "error"),
    [("177FC00000", None, "no finite number: NaN"), ("00", None, None), ("1740A00000", 5.0, None)],
)
def test_a_number_without_a_unit_is_told_from_null_data_as_well(octets: str, value: float | None, error: str | None):
    serial = AttributeDescriptor(1, LogicalName.parse("0.0.96.1.0.255"), 2)
    row = described_reading(serial, {serial: decode_data_octets(bytes.fromhex(octets))})
    assert (row["raw"], row["value"], row["error"]) == (value, value, error)


def test_a_unit_is_asked_for_once_and_behind_its_value():
    energy = AttributeDescriptor(3, LogicalName.parse("1.0.1.8.0.255"), 2)
    unit, serial = energy._replace(attribute_index=3), AttributeDescriptor(1, LogicalName.parse("0.0.96.1.0.255"), 2)
    assert with_units([serial, energy, energy, unit]) == [serial, energy, unit]
