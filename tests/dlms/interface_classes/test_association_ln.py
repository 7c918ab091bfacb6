"""Association LN: the object list and its access rights, in all four versions."""

import pytest

from custom_components.cosem.dlms.encoding.data import (
    NULL,
    Data,
    DataType,
    array,
    bit_string,
    boolean,
    decode_data_octets,
    double_long,
    encode_data_octets,
    enum,
    integer,
    long_unsigned,
    octet_string,
    structure,
    unsigned,
    visible_string,
)
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.errors import DecodeError, LimitExceeded
from custom_components.cosem.dlms.interface_classes.association_ln import (
    CURRENT_OBJECT_LIST,
    AccessRights,
    AssociationLnAttribute,
    AssociationLnMethod,
    MethodAccess,
    ObjectListElement,
    decode_object_list,
)
from custom_components.cosem.dlms.limits import Limits

ENERGY = LogicalName.parse("1.0.1.8.0.255")
ASSOCIATION = LogicalName.parse("0.0.40.0.0.255")


def item(index, mode, *selectors):
    return structure(integer(index), enum(mode), array(*map(integer, selectors)) if selectors else NULL)


def rights(attributes=(), methods=()):
    return structure(array(*attributes), array(*methods))


def element(class_id=3, version=0, logical_name=ENERGY, access=None):
    access = rights() if access is None else access
    return structure(long_unsigned(class_id), unsigned(version), octet_string(logical_name.octets), access)


def decode_one(access, version):
    (only,) = decode_object_list(array(element(access=access)), version)
    return only


def test_octets_as_meters_send_them():
    octets = bytes.fromhex(
        "01 01 02 04 12 0003 11 00 09 06 0100010800FF 02 02"
        "01 03 02 03 0F 01 16 01 00 02 03 0F 02 16 01 00 02 03 0F 03 16 01 00"
        "01 01 02 02 0F 01 16 00".replace(" ", "")
    )
    (only,) = decode_object_list(decode_data_octets(octets))
    assert (only.class_id, only.version, only.logical_name) == (3, 0, ENERGY)
    assert {index: access.name for index, access in only.attribute_access.items()} == {1: "read", 2: "read", 3: "read"}
    assert {index: access.name for index, access in only.method_access.items()} == {1: "none"}


@pytest.mark.parametrize("version", [0, 1, 2])
@pytest.mark.parametrize(
    ("mode", "name", "can_read", "can_write"),
    [
        (0, "none", False, False),
        (1, "read", True, False),
        (2, "write", False, True),
        (3, "read-write", True, True),
        (4, "authenticated-read", True, False),
        (5, "authenticated-write", False, True),
        (6, "authenticated-read-write", True, True),
        (9, "mode 9", False, False),
        (255, "mode 255", False, False),
    ],
)
def test_access_modes_up_to_version_2_are_numbers(version, mode, name, can_read, can_write):
    access = decode_one(rights([item(2, mode)]), version).attribute_access[2]
    assert (access.mode, access.name, access.can_read, access.can_write) == (mode, name, can_read, can_write)


@pytest.mark.parametrize(
    ("mode", "name", "can_read", "can_write"),
    [
        (0, "none", False, False),
        (1, "read", True, False),
        (2, "write", False, True),
        (3, "read-write", True, True),
        (4, "none+authenticated-request", False, False),
        (5, "read+authenticated-request", True, False),
        (
            255,
            (
                "read-write+authenticated-request+encrypted-request+signed-request"
                "+authenticated-response+encrypted-response+signed-response"
            ),
            True,
            True,
        ),
    ],
)
def test_access_modes_of_version_3_are_bits(mode, name, can_read, can_write):
    access = decode_one(rights([item(2, mode)]), 3).attribute_access[2]
    assert (access.mode, access.name, access.can_read, access.can_write) == (mode, name, can_read, can_write)


@pytest.mark.parametrize(
    ("version", "mode", "name", "can_call"),
    [
        (0, boolean(True), "access", True),
        (0, boolean(False), "none", False),
        (1, enum(0), "none", False),
        (1, enum(1), "access", True),
        (2, enum(2), "authenticated-access", True),
        (2, enum(7), "mode 7", False),
        (3, enum(1), "access", True),
        (3, enum(0), "none", False),
        (3, enum(0x25), "access+authenticated-request+authenticated-response", True),
    ],
)
def test_method_access(version, mode, name, can_call):
    access = decode_one(rights(methods=[structure(integer(1), mode)]), version).method_access[1]
    assert (access.name, access.can_call) == (name, can_call)


@pytest.mark.parametrize(("version", "name"), [(0, "mode 8"), (3, "none+encrypted-request")])
def test_the_version_of_the_association_in_the_list_decides(version, name):
    listed = array(
        element(class_id=15, version=version, logical_name=ASSOCIATION),
        element(access=rights([item(2, 8)])),
        element(class_id=15, version=1, logical_name=LogicalName.parse("0.0.40.0.1.255")),
    )
    objects = decode_object_list(listed)
    assert objects[1].attribute_access[2].name == name


def test_a_list_without_its_association_is_read_as_version_1():
    (only,) = decode_object_list(array(element(access=rights([item(2, 4)]))))
    assert only.attribute_access[2] == AccessRights(4, 1)
    assert only.attribute_access[2].name == "authenticated-read"


def test_selectors_are_kept():
    access = decode_one(rights([item(2, 1, 1, 2)]), 1).attribute_access[2]
    assert access.selectors == (1, 2)


def test_an_item_without_selectors_is_accepted():
    access = decode_one(rights([structure(integer(2), enum(1))]), 1).attribute_access[2]
    assert access.selectors == ()


def test_manufacturers_attributes_have_negative_numbers():
    assert set(decode_one(rights([item(-1, 1)]), 1).attribute_access) == {-1}


def test_missing_rights_do_not_forbid_an_attempt():
    only = decode_one(NULL, 1)
    assert only.attribute_access == {}
    assert only.method_access == {}
    assert only.can_read(2)
    assert decode_one(structure(NULL, NULL), 1).can_read(2)
    assert ObjectListElement(3, 0, ENERGY).can_read(2)
    assert ObjectListElement(3, 0, ENERGY).method_access == {}


def test_given_rights_are_obeyed():
    only = decode_one(rights([item(2, 1), item(3, 2)]), 1)
    assert only.can_read(2)
    assert not only.can_read(3)
    assert not only.can_read(4)


def test_access_rights_cannot_be_changed():
    only = decode_one(rights([item(2, 1)], [structure(integer(1), enum(1))]), 1)
    with pytest.raises(TypeError):
        only.attribute_access[3] = AccessRights(1, 1)
    with pytest.raises(TypeError):
        only.method_access[3] = MethodAccess(1, 1)


BAD_ELEMENTS = [
    NULL,
    structure(),
    structure(long_unsigned(3), unsigned(0), unsigned(0)),
    structure(*element().value, NULL),
    structure(octet_string(b""), unsigned(0), octet_string(ENERGY.octets), rights()),
    structure(long_unsigned(3), NULL, octet_string(ENERGY.octets), rights()),
    structure(integer(-1), unsigned(0), octet_string(ENERGY.octets), rights()),
    structure(long_unsigned(3), long_unsigned(256), octet_string(ENERGY.octets), rights()),
    structure(long_unsigned(3), unsigned(0), octet_string(ENERGY.octets[:5]), rights()),
    structure(long_unsigned(3), unsigned(0), visible_string("123456"), rights()),
]

ODD_RIGHTS = [
    element(access=rights([structure(integer(1), bit_string("11000000"))])),
    element(access=array()),
    element(access=structure(array())),
    element(access=structure(structure(), array())),
    element(access=structure(array(), unsigned(1))),
    element(access=structure(Data(DataType.ARRAY, 4), array())),
    element(access=rights([unsigned(1)])),
    element(access=rights([structure(integer(1))])),
    element(access=rights([structure(NULL, enum(1))])),
    element(access=rights([structure(integer(1), NULL)])),
    element(access=rights([structure(integer(1), enum(1), unsigned(1))])),
    element(access=rights([structure(integer(1), enum(1), array(NULL))])),
    element(access=rights([], [structure(integer(1))])),
    element(access=rights([], [structure(integer(1), NULL)])),
]


@pytest.mark.parametrize("bad", BAD_ELEMENTS)
def test_trial_08_an_entry_that_makes_no_sense_costs_no_other(bad):
    odd = []
    decoded = decode_object_list(array(bad, element(), bad, element()), on_odd=lambda: odd.append(1))
    assert decoded == decode_object_list(array(element(), element()))
    assert len(odd) == 2
    with pytest.raises(DecodeError):
        decode_object_list(array(bad, bad))


@pytest.mark.parametrize("entry", ODD_RIGHTS)
def test_trial_08_an_object_with_odd_rights_has_none_that_are_known(entry):
    odd = []
    first, second = decode_object_list(array(entry, element(access=rights([item(2, 1)]))), on_odd=lambda: odd.append(1))
    assert first == ObjectListElement(first.class_id, first.version, first.logical_name)
    assert first.can_read(2)
    assert second.attribute_access == {2: AccessRights(1, 1)}
    assert odd == [1]


@pytest.mark.parametrize("missing", ["version", "access rights"])
def test_trial_08_an_entry_may_lack_version_or_rights(missing):
    class_id, version, name, access = element(access=rights([item(2, 1)])).value
    entry = structure(class_id, name, access) if missing == "version" else structure(class_id, version, name)
    odd = []
    (only,) = decode_object_list(array(entry), on_odd=lambda: odd.append(1))
    expected = {2: AccessRights(1, 1)} if missing == "version" else {}
    assert (only.class_id, only.version, only.attribute_access) == (3, 0, expected)
    assert odd == [1]


def test_trial_08_an_honest_list_has_nothing_odd():
    odd = []
    decode_object_list(array(element(), element()), on_odd=lambda: odd.append(1))
    assert not odd


@pytest.mark.parametrize("data", [NULL, structure(), octet_string(b""), Data(DataType.ARRAY, None)])
def test_what_is_no_array_is_no_object_list(data):
    with pytest.raises(DecodeError):
        decode_object_list(data)


def test_the_list_has_a_limit():
    with pytest.raises(LimitExceeded):
        decode_object_list(array(element(), element(), element()), limits=Limits(objects=2))


def test_an_empty_list_is_a_list():
    assert decode_object_list(array()) == ()


def test_truncated_at_any_octet_only_our_errors_come_out():
    octets = encode_data_octets(array(element(access=rights([item(2, 1, 1)], [structure(integer(1), enum(1))]))))
    for length in range(len(octets)):
        with pytest.raises(DecodeError):
            decode_object_list(decode_data_octets(octets[:length]))


def test_the_secret_and_what_takes_or_proves_it():
    assert AssociationLnAttribute.SECRET == 7
    assert AssociationLnMethod.REPLY_TO_HLS_AUTHENTICATION == 1
    assert AssociationLnMethod.CHANGE_HLS_SECRET == 2
    assert [attribute.value for attribute in AssociationLnAttribute] == list(range(2, 12))
    assert [method.value for method in AssociationLnMethod] == list(range(1, 7))


def test_where_the_object_list_of_the_current_association_is():
    assert str(CURRENT_OBJECT_LIST) == "15:0.0.40.0.0.255:2"


@pytest.mark.parametrize("class_id", [0, 65535])
@pytest.mark.parametrize("version", [0, 255])
def test_numbers_of_classes_and_versions_have_two_octets_and_one(class_id, version):
    (only,) = decode_object_list(array(element(class_id, version)), 1)
    assert (only.class_id, only.version) == (class_id, version)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (structure(double_long(65536), unsigned(0), octet_string(ENERGY.octets), rights()), "no unsigned numbers"),
        (structure(long_unsigned(3), integer(-1), octet_string(ENERGY.octets), rights()), "no unsigned numbers"),
        (structure(long_unsigned(3), unsigned(0), octet_string(bytes(7)), rights()), "has not 6 octets"),
        (structure(), "^object_list_element is no structure of 4 elements"),
        (array(*element().value), "^object_list_element is no structure of 4 elements"),
        (Data(DataType.STRUCTURE, 4), "^object_list_element is no structure of 4 elements"),
    ],
)
def test_what_is_broken_in_an_element_is_named(bad, words):
    with pytest.raises(DecodeError, match=words):
        decode_object_list(array(bad))


def test_as_many_objects_as_the_limit_says_are_accepted():
    assert len(decode_object_list(array(element(), element()), limits=Limits(objects=2))) == 2


def test_only_the_current_association_tells_the_version_of_the_list():
    listed = array(
        element(class_id=15, version=3, logical_name=LogicalName.parse("0.0.40.0.1.255")),
        element(class_id=12, version=3, logical_name=ASSOCIATION),
        element(access=rights([item(2, 4)])),
    )
    assert decode_object_list(listed)[2].attribute_access[2] == AccessRights(4, 1)
