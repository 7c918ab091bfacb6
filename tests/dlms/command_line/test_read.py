"""One attribute of `cosem read`: value, unit, and why there is none. The whole command: tests/dlms/test_main.py."""

from custom_components.cosem.dlms.apdu.common import AttributeDescriptor
from custom_components.cosem.dlms.command_line.read import reading, reading_row
from custom_components.cosem.dlms.encoding.data import NULL, double_long_unsigned, octet_string, visible_string
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.errors import DataAccessError


def test_a_unit_that_is_none_is_an_error_with_its_reason():
    energy = AttributeDescriptor(3, LogicalName.parse("1.0.1.8.0.255"), 2)
    number, unit = double_long_unsigned(7), energy._replace(attribute_index=3)
    row = reading(energy, {energy: number, unit: visible_string("kWh")})
    assert (row["raw"], row["value"]) == (7, None)
    assert str(row["error"]).startswith("scaler_unit: ")
    assert row["error"] != "scaler_unit: not read"


def test_text_in_a_register_needs_no_scaler():
    energy = AttributeDescriptor(3, LogicalName.parse("1.0.1.8.0.255"), 2)
    scaler = energy._replace(attribute_index=3)
    for data, shown in ((octet_string(b"\x12\x34"), "1234"), (visible_string("none"), "none"), (NULL, None)):
        row = reading(energy, {energy: data, scaler: DataAccessError(3)})
        assert (row["value"], row["unit"], row["error"]) == (shown, None, None)


def test_control_characters_of_a_meter_do_not_reach_the_terminal():
    row = reading_row(
        {
            "class_id": 1,
            "logical_name": "0.0.96.1.0.255",
            "attribute": 2,
            "value": "\x1b[31m",
            "unit": None,
            "error": None,
        }
    )
    assert row[2] == '"\\u001b[31m"'
