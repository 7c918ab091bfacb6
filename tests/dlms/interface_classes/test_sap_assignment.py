"""SAP assignment: the logical devices of a physical device."""

import pytest

from custom_components.cosem.dlms.encoding.data import (
    NULL,
    Data,
    DataType,
    array,
    decode_data_octets,
    double_long_unsigned,
    integer,
    long_unsigned,
    octet_string,
    structure,
    unsigned,
    utf8_string,
    visible_string,
)
from custom_components.cosem.dlms.errors import DecodeError, LimitExceeded
from custom_components.cosem.dlms.interface_classes.sap_assignment import (
    SAP_ASSIGNMENT_LIST,
    SapAssignment,
    SapAssignmentAttribute,
    SapAssignmentMethod,
    decode_sap_assignment_list,
)
from custom_components.cosem.dlms.limits import Limits


def test_octets_as_meters_send_them():
    data = decode_data_octets(
        bytes.fromhex("0102 0202 12 0001 0906 414243303031 0202 12 0011 0903 414243".replace(" ", ""))
    )
    assert decode_sap_assignment_list(data) == (SapAssignment(1, b"ABC001"), SapAssignment(17, b"ABC"))


def test_names_may_be_text_and_saps_any_integer():
    data = array(
        structure(unsigned(2), visible_string("ABC\xe9")), structure(double_long_unsigned(65535), utf8_string("ABCé"))
    )
    assert decode_sap_assignment_list(data) == (
        SapAssignment(2, b"ABC\xe9"),
        SapAssignment(65535, "ABCé".encode()),
    )


def test_an_empty_list_is_a_list():
    assert decode_sap_assignment_list(array()) == ()


@pytest.mark.parametrize(
    "data",
    [
        NULL,
        structure(),
        array(NULL),
        array(structure(long_unsigned(1))),
        array(structure(long_unsigned(1), octet_string(b""), NULL)),
        array(array(long_unsigned(1), octet_string(b""))),
        array(structure(octet_string(b""), long_unsigned(1))),
        array(structure(long_unsigned(1), NULL)),
        array(structure(integer(-1), octet_string(b"ABC"))),
        array(structure(double_long_unsigned(65536), octet_string(b"ABC"))),
        Data(DataType.ARRAY, None),
        Data(DataType.ARRAY, (7,)),
        Data(DataType.ARRAY, (Data(DataType.STRUCTURE, (7, 7)),)),
    ],
)
def test_anything_else_is_refused(data):
    with pytest.raises(DecodeError):
        decode_sap_assignment_list(data)


def test_the_list_has_a_limit():
    entry = structure(long_unsigned(1), octet_string(b"ABC"))
    with pytest.raises(LimitExceeded):
        decode_sap_assignment_list(array(entry, entry, entry), Limits(objects=2))


def test_numbers_of_sap_assignment():
    assert str(SAP_ASSIGNMENT_LIST) == "17:0.0.41.0.0.255:2"
    assert (SapAssignmentAttribute.SAP_ASSIGNMENT_LIST, SapAssignmentMethod.CONNECT_LOGICAL_DEVICE) == (2, 1)


def test_as_many_logical_devices_as_the_limit_says_and_sap_0_are_accepted():
    entry = structure(long_unsigned(0), octet_string(b"ABC"))
    assert decode_sap_assignment_list(array(entry, entry), Limits(objects=2)) == 2 * (SapAssignment(0, b"ABC"),)
