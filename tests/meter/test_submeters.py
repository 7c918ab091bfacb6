"""Meters behind the meter: who they are, and which objects are theirs."""

import pytest

from custom_components.cosem.const import DOMAIN
from custom_components.cosem.dlms import (
    AccessRights,
    AttributeDescriptor,
    Data,
    DataAccessError,
    DataType,
    LogicalName,
    ObjectListElement,
)
from custom_components.cosem.meter.submeters import (
    Submeter,
    channel_of,
    device_identifier,
    device_types_of,
    mbus_attributes,
    submeter_model,
    submeters_of,
)


def client(channel: int, index: int) -> AttributeDescriptor:
    return AttributeDescriptor(72, LogicalName.parse(f"0.{channel}.24.1.0.255"), index)


def number(value: int) -> Data:
    return Data(DataType.DOUBLE_LONG_UNSIGNED, value)


@pytest.mark.parametrize(
    ("name", "channel"),
    [
        ("0-1:24.2.1", 1),
        ("0-4:24.2.2", 4),
        ("0-0:24.2.1", 0),
        ("1-1:24.2.1", 0),
        ("0-1:96.1.0", 0),
        ("1-1:1.8.0", 0),
        ("7-1:3.0.0", 0),
    ],
)
def test_trial_17_what_belongs_to_a_channel(name, channel):
    assert channel_of(LogicalName.parse(name)) == channel


def test_trial_17_identifiers_stay_the_same_whatever_is_behind_a_channel():
    assert device_identifier("SIM1") == (DOMAIN, "SIM1")
    assert device_identifier("SIM1", 2) == (DOMAIN, "SIM1_mbus_2")


@pytest.mark.parametrize(
    ("device_type", "model"),
    [
        (2, "Electricity meter"),
        (3, "Gas meter"),
        (4, "Heat meter"),
        (6, "Hot water meter"),
        (7, "Water meter"),
        (8, "Heat cost allocator"),
        (0x0C, "Heat meter"),
        (0, None),
        (99, None),
        (None, None),
    ],
)
def test_trial_17_a_sub_meter_is_called_by_what_it_measures(device_type, model):
    assert submeter_model(device_type) == model


def test_what_is_asked_of_the_clients():
    readable = ObjectListElement(72, 1, LogicalName.parse("0.1.24.1.0.255"))
    partly = ObjectListElement(
        72, 1, LogicalName.parse("0.2.24.1.0.255"), {6: AccessRights(0, 0, ()), 9: AccessRights(1, 0, ())}
    )
    other = ObjectListElement(4, 0, LogicalName.parse("0.1.24.2.1.255"))
    asked = mbus_attributes([readable, partly, other])
    assert asked[:4] == [client(1, 6), client(1, 7), client(1, 8), client(1, 9)]
    assert client(2, 6) not in asked
    assert client(2, 9) in asked
    assert {attribute.class_id for attribute in asked} == {72}


def test_trial_17_what_the_clients_say_of_their_devices():
    answers: dict[AttributeDescriptor, Data | DataAccessError] = {
        client(1, 6): number(0x12345678),
        client(1, 7): number(0x2C2D),
        client(1, 8): number(27),
        client(1, 9): number(3),
        client(2, 6): DataAccessError(3),
        client(2, 7): number(0x0421),
        client(2, 9): Data(DataType.NULL_DATA, None),
        client(3, 6): number(0),
        client(3, 7): number(0),
        client(3, 8): number(0),
        client(3, 9): number(0),
        client(4, 6): number(77),
        client(4, 8): Data(DataType.OCTET_STRING, b"x"),
    }
    assert submeters_of(answers) == {
        1: Submeter(serial_number="12345678", manufacturer="Kamstrup", version="27"),
        2: Submeter(manufacturer="AAA"),
        4: Submeter(serial_number="77"),
    }
    assert device_types_of(answers) == {1: 3, 3: 0}
    assert submeters_of({}) == device_types_of({}) == {}
