"""Numbers of interface classes are numbers, also where they go out as text; names of attributes are the standard's."""

import json

import pytest

from custom_components.cosem.dlms.interface_classes.association_ln import AssociationLnAttribute
from custom_components.cosem.dlms.interface_classes.class_names import attribute_name, class_name
from custom_components.cosem.dlms.interface_classes.interface_class import (
    LOGICAL_NAME_ATTRIBUTE,
    AttributeIndex,
    InterfaceClass,
)
from custom_components.cosem.dlms.interface_classes.mbus_client import MbusClientAttribute
from custom_components.cosem.dlms.interface_classes.register import RegisterAttribute
from custom_components.cosem.dlms.interface_classes.sap_assignment import SapAssignmentAttribute


def test_every_class_has_the_name_that_its_number_has():
    for interface_class in InterfaceClass:
        name = class_name(interface_class.value)
        words = name.replace("M-Bus", "MBus").replace("-", "_").replace(" ", "_")
        assert words.upper() == interface_class.name


def test_the_first_attribute_of_every_class_is_its_logical_name():
    assert LOGICAL_NAME_ATTRIBUTE == 1
    assert attribute_name(InterfaceClass.REGISTER, LOGICAL_NAME_ATTRIBUTE) == "logical_name"


def test_a_class_is_written_as_its_number():
    assert f"{InterfaceClass.REGISTER}" == str(InterfaceClass.REGISTER) == json.dumps(InterfaceClass.REGISTER) == "3"
    assert {InterfaceClass.REGISTER: 1}[3] == 1


@pytest.mark.parametrize(
    ("attribute", "name"),
    [
        (RegisterAttribute.SCALER_UNIT, "scaler_unit"),
        (SapAssignmentAttribute.SAP_ASSIGNMENT_LIST, "SAP_assignment_list"),
        (AssociationLnAttribute.XDLMS_CONTEXT_INFO, "xDLMS_context_info"),
        (MbusClientAttribute.MBUS_PORT_REFERENCE, "mbus_port_reference"),
    ],
)
def test_attributes_are_named_as_in_the_standard(attribute: AttributeIndex, name: str):
    assert attribute.standard_name == name


NUMBERS = {
    1: "data",
    3: "register",
    4: "extended register",
    5: "demand register",
    6: "register activation",
    7: "profile generic",
    8: "clock",
    9: "script table",
    10: "schedule",
    11: "special days table",
    12: "association SN",
    15: "association LN",
    17: "SAP assignment",
    18: "image transfer",
    19: "IEC local port setup",
    20: "activity calendar",
    21: "register monitor",
    22: "single action schedule",
    23: "IEC HDLC setup",
    24: "IEC twisted pair setup",
    25: "M-Bus slave port setup",
    26: "utility tables",
    27: "modem configuration",
    28: "auto answer",
    29: "auto connect",
    30: "data protection",
    40: "push setup",
    41: "TCP-UDP setup",
    42: "IPv4 setup",
    43: "MAC address setup",
    44: "PPP setup",
    45: "GPRS modem setup",
    46: "SMTP setup",
    47: "GSM diagnostic",
    48: "IPv6 setup",
    61: "register table",
    62: "compact data",
    63: "status mapping",
    64: "security setup",
    65: "parameter monitor",
    67: "sensor manager",
    68: "arbitrator",
    70: "disconnect control",
    71: "limiter",
    72: "M-Bus client",
    74: "M-Bus master port setup",
    76: "DLMS server M-Bus port setup",
    77: "M-Bus diagnostic",
    100: "NTP setup",
    111: "account",
    112: "credit",
    113: "charge",
    115: "token gateway",
    122: "function control",
    123: "array manager",
    124: "communication port protection",
    151: "LTE monitoring",
}
"""Written a second time from the standard's list of classes."""


def test_the_numbers_are_those_of_the_standard():
    assert {member.value: class_name(member).lower() for member in InterfaceClass} == {
        number: name.lower() for number, name in NUMBERS.items()
    }
