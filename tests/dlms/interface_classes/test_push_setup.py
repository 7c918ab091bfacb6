"""Push setup: what the standard numbers (Blue Book, class 40), and what is sent where to."""

from hypothesis import given, strategies as st
import pytest

from custom_components.cosem.dlms.encoding.data import (
    NULL,
    Data,
    DataType,
    TypeDescription,
    array,
    compact_array,
    decode_data_octets,
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
from custom_components.cosem.dlms.errors import DecodeError, DlmsError, LimitExceeded
from custom_components.cosem.dlms.interface_classes.class_names import attribute_name
from custom_components.cosem.dlms.interface_classes.profile_generic import CaptureObject
from custom_components.cosem.dlms.interface_classes.push_setup import (
    PushObject,
    PushSetupAttribute,
    PushSetupMethod,
    PushTransport,
    SendDestination,
    decode_push_object_list,
    decode_send_destination_and_method,
    elements_of,
    logical_name_of,
)
from custom_components.cosem.dlms.limits import Limits
from tests.vector_tools import by_name

SETUP = LogicalName.parse("0.0.25.9.0.255")
PROFILE = LogicalName.parse("1.0.99.1.0.255")
IMPORT = LogicalName.parse("1.0.1.8.0.255")


def entry(class_id: int, name: LogicalName, attribute: int, data_index: int = 0, *more: Data) -> Data:
    return structure(
        long_unsigned(class_id), octet_string(name.octets), integer(attribute), long_unsigned(data_index), *more
    )


def test_attributes_and_methods_are_numbered_as_in_the_standard():
    assert [attribute.value for attribute in PushSetupAttribute] == list(range(2, 14))
    assert [method.value for method in PushSetupMethod] == [1, 2]
    assert {transport.value for transport in PushTransport} == set(range(9))


def test_attributes_have_their_standard_names():
    for attribute in PushSetupAttribute:
        assert attribute.standard_name == attribute_name(40, attribute)


def test_version_0_lists_attributes():
    data = array(entry(40, SETUP, 1), entry(3, IMPORT, 2))
    first, second = decode_push_object_list(data)
    assert first == PushObject(40, SETUP, 1)
    assert second == PushObject(3, IMPORT, 2, 0, None, ())
    assert (first.is_own_name, second.is_own_name) == (True, False)
    assert not first.is_own_list


def test_version_1_lists_a_restriction_too():
    range_of_dates = structure(enum(1), structure(NULL, NULL))
    data = array(
        entry(7, PROFILE, 2, 0x1001, structure(enum(0), NULL)),
        entry(7, PROFILE, 2, 0, range_of_dates),
        entry(40, SETUP, 2, 0, NULL),
    )
    assert decode_push_object_list(data) == (
        PushObject(7, PROFILE, 2, 0x1001),
        PushObject(7, PROFILE, 2, 0, range_of_dates),
        PushObject(40, SETUP, 2),
    )
    assert decode_push_object_list(data)[2].is_own_list


def test_version_2_lists_columns_too():
    none = structure(enum(0), NULL)
    data = array(entry(7, PROFILE, 2, 0, none, array(entry(3, IMPORT, 2))), entry(3, IMPORT, 2, 0, none, NULL))
    first, second = decode_push_object_list(data)
    assert first.columns == (CaptureObject(3, IMPORT, 2, 0),)
    assert second.columns == ()


def test_any_integer_types_and_a_compact_array_will_do():
    kinds = (DataType.UNSIGNED, DataType.OCTET_STRING, DataType.UNSIGNED, DataType.UNSIGNED)
    description = TypeDescription(DataType.STRUCTURE, tuple(map(TypeDescription, kinds)))
    row = structure(unsigned(3), octet_string(IMPORT.octets), unsigned(2), unsigned(0))
    assert decode_push_object_list(compact_array(description, row)) == (PushObject(3, IMPORT, 2),)
    assert decode_push_object_list(array()) == ()


def test_a_list_as_it_is_on_the_wire():
    vector = by_name("more-services", "DataNotification, push object list inside")
    start = vector.octets.index(bytes.fromhex("0103"))
    octets = vector.octets[start : vector.octets.index(bytes.fromhex("09060000190900FF090C"))]
    assert [
        (item.class_id, str(item.logical_name)) for item in decode_push_object_list(decode_data_octets(octets))
    ] == [
        (40, "0.0.25.9.0.255"),
        (8, "0.0.1.0.0.255"),
        (3, "1.0.1.8.0.255"),
    ]


@pytest.mark.parametrize(
    "data",
    [
        unsigned(1),
        entry(3, IMPORT, 2),  # one entry, not a list of them
        array(unsigned(1)),
        array(array(*entry(3, IMPORT, 2).value)),
        array(structure(long_unsigned(3), octet_string(IMPORT.octets), integer(2))),
        array(entry(3, IMPORT, 2, 0, structure(enum(0), NULL), array(), NULL)),
        array(structure(visible_string("3"), octet_string(IMPORT.octets), integer(2), long_unsigned(0))),
        array(structure(long_unsigned(3), octet_string(b"12345"), integer(2), long_unsigned(0))),
        array(structure(long_unsigned(3), visible_string("123456"), integer(2), long_unsigned(0))),
        array(structure(long_unsigned(3), octet_string(IMPORT.octets), NULL, long_unsigned(0))),
        array(structure(long_unsigned(3), octet_string(IMPORT.octets), integer(2), NULL)),
        array(entry(7, PROFILE, 2, 0, unsigned(0))),
        array(entry(7, PROFILE, 2, 0, structure(enum(0)))),
        array(entry(7, PROFILE, 2, 0, structure(NULL, NULL))),
        array(entry(7, PROFILE, 2, 0, structure(enum(0), NULL), unsigned(0))),
        array(entry(7, PROFILE, 2, 0, structure(enum(0), NULL), array(unsigned(0)))),
        array(entry(7, PROFILE, 2, 0, structure(enum(0), NULL), array(entry(3, IMPORT, 2, 0, NULL)))),
    ],
)
def test_a_list_that_makes_no_sense_is_refused(data):
    with pytest.raises(DecodeError):
        decode_push_object_list(data)


def test_a_list_is_not_longer_than_an_object_list():
    with pytest.raises(LimitExceeded):
        decode_push_object_list(array(*[entry(3, IMPORT, 2)] * 3), Limits(objects=2))


@pytest.mark.parametrize(
    ("service", "destination", "name", "text"),
    [
        (0, octet_string(b"192.0.2.1:4059"), "TCP", "192.0.2.1:4059"),
        (1, octet_string(b"meter.example:4059\0"), "UDP", "meter.example:4059"),
        (1, octet_string(bytes([192, 0, 2, 1, 0x0F, 0xDB])), "UDP", "192.0.2.1:4059"),
        (0, octet_string(b"120000"), "TCP", "49.50.48.48:12336"),
        (0, octet_string(b"ab:123"), "TCP", "ab:123"),
        (0, visible_string("[2001:db8::1]:4059"), "TCP", "[2001:db8::1]:4059"),
        (4, octet_string(b"120000"), "SMS", "120000"),
        (5, octet_string(bytes(range(6))), "HDLC", "000102030405"),
        (0, octet_string(b""), "TCP", ""),
        (201, octet_string(b"\xff\xfe"), "201", "FFFE"),
    ],
)
def test_destination_is_shown_as_text(service, destination, name, text):
    sent = decode_send_destination_and_method(structure(enum(service), destination, enum(0)))
    assert (sent.transport_name, sent.destination_text) == (name, text)
    assert (sent.transport_service, sent.message) == (service, 0)


def test_a_destination_keeps_its_octets():
    sent = decode_send_destination_and_method(structure(enum(1), octet_string(b"\0\1\2\3\4\5"), enum(128)))
    assert sent == SendDestination(1, b"\0\1\2\3\4\5", 128)


@pytest.mark.parametrize(
    "data",
    [
        unsigned(1),
        array(enum(0), octet_string(b""), enum(0)),
        structure(enum(0), octet_string(b"")),
        structure(NULL, octet_string(b""), enum(0)),
        structure(enum(0), NULL, enum(0)),
        structure(enum(0), octet_string(b""), NULL),
    ],
)
def test_a_destination_that_makes_no_sense_is_refused(data):
    with pytest.raises(DecodeError):
        decode_send_destination_and_method(data)


def test_elements_are_those_of_containers_only():
    description = TypeDescription(DataType.UNSIGNED)
    assert elements_of(array(NULL)) == elements_of(structure(NULL)) == (NULL,)
    assert elements_of(compact_array(description, unsigned(1), unsigned(2))) == (unsigned(1), unsigned(2))
    assert elements_of(octet_string(b"ab")) is None
    assert logical_name_of(octet_string(IMPORT.octets)) == IMPORT
    assert logical_name_of(octet_string(bytes(5))) is logical_name_of(visible_string("abcdef")) is None


@pytest.mark.parametrize("decode", [decode_push_object_list, decode_send_destination_and_method])
@given(tail=st.binary(max_size=60))
def test_whatever_octets_come_only_declared_errors_are_raised(decode, tail):
    for head in (b"", b"\x01\x01\x02\x05\x12\0\x28\x09\x06\0\0\x19\x09\0\xff", b"\x02\x03\x16\0"):
        try:
            data = decode_data_octets(head + tail)
            decode(data)
        except DlmsError:
            continue
        assert decode_data_octets(encode_data_octets(data)) == data
