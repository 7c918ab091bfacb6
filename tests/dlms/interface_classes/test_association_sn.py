"""The object list of class 12."""

import pytest

from custom_components.cosem.dlms.encoding.data import (
    NULL,
    array,
    decode_data_octets,
    integer,
    long,
    long_unsigned,
    octet_string,
    structure,
    unsigned,
)
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.errors import DecodeError, LimitExceeded
from custom_components.cosem.dlms.interface_classes.association_ln import decode_object_list
from custom_components.cosem.dlms.interface_classes.association_sn import (
    AssociationSnAttribute,
    decode_short_name_list,
    short_name_object,
)
from custom_components.cosem.dlms.interface_classes.class_names import attribute_name
from custom_components.cosem.dlms.interface_classes.short_names import ShortNameObject
from custom_components.cosem.dlms.limits import Limits

ENERGY = LogicalName.parse("1.0.1.8.0.255")
LISTED = decode_data_octets(
    bytes.fromhex("0102 0204 10FA00 12000C 1101 09060000280000FF 0204 101000 120003 1100 09060100010800FF")
)


def entry(*fields):
    return structure(*fields)


GOOD = entry(long(0x100), long_unsigned(3), unsigned(0), octet_string(ENERGY.octets))


def test_list_names_where_objects_begin():
    assert decode_short_name_list(LISTED) == (
        ShortNameObject(0xFA00, 12, 1, LogicalName.parse("0.0.40.0.0.255")),
        ShortNameObject(0x1000, 3, 0, ENERGY),
    )
    assert decode_short_name_list(array()) == ()


def test_base_name_may_be_unsigned():
    item = short_name_object(entry(long_unsigned(0xFD00), long_unsigned(1), unsigned(0), octet_string(ENERGY.octets)))
    assert item is not None
    assert item.base_name == 0xFD00


def test_the_same_list_is_an_object_list_without_rights():
    first, second = decode_object_list(LISTED)
    assert (first.class_id, first.version, str(first.logical_name)) == (12, 1, "0.0.40.0.0.255")
    assert (second.class_id, second.version, second.logical_name) == (3, 0, ENERGY)
    assert second.can_read(2)
    assert not second.attribute_access


def test_mixed_up_entries_are_no_short_names():
    rights = entry(long_unsigned(3), unsigned(0), octet_string(ENERGY.octets), NULL)
    odd = entry(long_unsigned(3), unsigned(0), octet_string(ENERGY.octets), octet_string(ENERGY.octets))
    assert [item.logical_name for item in decode_object_list(array(rights))] == [ENERGY]
    assert [item.class_id for item in decode_object_list(array(odd))] == [3]


@pytest.mark.parametrize(
    "odd",
    [
        NULL,
        entry(),
        entry(long(1), long_unsigned(3), unsigned(0)),
        entry(NULL, long_unsigned(3), unsigned(0), octet_string(ENERGY.octets)),
        entry(long(1), NULL, unsigned(0), octet_string(ENERGY.octets)),
        entry(long(1), long_unsigned(3), NULL, octet_string(ENERGY.octets)),
        entry(long(1), long_unsigned(3), unsigned(0), NULL),
        entry(long(1), long_unsigned(3), unsigned(0), octet_string(b"12345")),
        entry(long(1), long(-3), unsigned(0), octet_string(ENERGY.octets)),
        entry(long(1), long_unsigned(3), integer(-1), octet_string(ENERGY.octets)),
    ],
)
def test_entry_that_makes_no_sense_is_left_out(odd):
    seen = []
    assert decode_short_name_list(array(odd, GOOD), on_odd=lambda: seen.append(1)) == (
        ShortNameObject(0x100, 3, 0, ENERGY),
    )
    assert seen == [1]
    with pytest.raises(DecodeError):
        decode_short_name_list(array(odd))


def test_no_array_is_no_list():
    with pytest.raises(DecodeError, match="no array"):
        decode_short_name_list(NULL)


def test_too_many_objects_are_refused():
    with pytest.raises(LimitExceeded):
        decode_short_name_list(array(GOOD, GOOD, GOOD), Limits(objects=2))


def test_attributes_have_the_names_of_the_standard():
    assert [attribute_name(12, each) for each in AssociationSnAttribute] == [
        "object_list",
        "access_rights_list",
        "security_setup_reference",
        "user_list",
        "current_user",
    ]
