"""Numbers of interface classes are numbers, also where they go out as text; names of attributes are the standard's."""

import json

import pytest

from custom_components.cosem.dlms.interface_classes.association_ln import AssociationLnAttribute
from custom_components.cosem.dlms.interface_classes.class_names import class_name
from custom_components.cosem.dlms.interface_classes.interface_class import AttributeIndex, InterfaceClass
from custom_components.cosem.dlms.interface_classes.mbus_client import MbusClientAttribute
from custom_components.cosem.dlms.interface_classes.register import RegisterAttribute
from custom_components.cosem.dlms.interface_classes.sap_assignment import SapAssignmentAttribute


def test_every_class_has_the_name_that_its_number_has():
    for interface_class in InterfaceClass:
        name = class_name(interface_class.value)
        words = name.replace("M-Bus", "MBus").replace("-", "_").replace(" ", "_")
        assert words.upper() == interface_class.name


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
