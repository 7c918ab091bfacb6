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
from custom_components.cosem.dlms.errors import DecodeError, DlmsError, LimitExceeded, LocalProtocolError
from custom_components.cosem.dlms.interface_classes.class_names import attribute_name
from custom_components.cosem.dlms.interface_classes.profile_generic import CaptureObject
from custom_components.cosem.dlms.interface_classes.push_setup import (
    PushMessage,
    PushObject,
    PushSetupAttribute,
    PushSetupMethod,
    PushTransport,
    SendDestination,
    decode_communication_window,
    decode_push_object_list,
    decode_send_destination_and_method,
    elements_of,
    encode_push_client_sap,
    encode_push_object_list,
    encode_send_destination_and_method,
    logical_name_of,
    push_destination,
    push_object_list_version,
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
    assert [message.value for message in PushMessage] == [0, 1]


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


# -- writing


def test_an_encoded_list_is_that_of_the_wire():
    vector = by_name("more-services", "DataNotification, push object list inside")
    octets = vector.octets[vector.octets.index(bytes.fromhex("0103")) :]
    objects = [PushObject(40, SETUP, 1), PushObject(8, LogicalName.parse("0.0.1.0.0.255"), 2), PushObject(3, IMPORT, 2)]
    assert octets.startswith(encode_data_octets(encode_push_object_list(objects, 0)))


@pytest.mark.parametrize(
    ("version", "octets"),
    [
        (0, "0101 0204 120003 09060100010800FF 0F02 120000"),
        (1, "0101 0205 120003 09060100010800FF 0F02 120000 02021600 00"),
        (2, "0101 0206 120003 09060100010800FF 0F02 120000 02021600 00 0100"),
    ],
)
def test_each_version_has_its_own_elements(version, octets):
    data = encode_push_object_list([PushObject(3, IMPORT, 2)], version)
    assert encode_data_octets(data) == bytes.fromhex(octets)
    assert push_object_list_version(data) == version


def test_restriction_and_columns_are_written_as_they_were_read():
    restricted = PushObject(7, PROFILE, 2, 0, structure(enum(2), structure(long_unsigned(1), long_unsigned(4))))
    with_columns = restricted._replace(columns=(CaptureObject(3, IMPORT, 2, 0), CaptureObject(8, SETUP, 2, 1)))
    for version, item in ((1, restricted), (2, restricted), (2, with_columns)):
        assert decode_push_object_list(encode_push_object_list([item], version)) == (item,)
    for version, item in ((0, restricted), (1, with_columns), (0, with_columns._replace(restriction=None))):
        with pytest.raises(LocalProtocolError, match=r"has no (restriction|columns)"):
            encode_push_object_list([item], version)


_OBJECTS = st.tuples(
    st.integers(0, 0xFFFF),
    st.binary(min_size=6, max_size=6).map(LogicalName),
    st.integers(-128, 127),
    st.integers(0, 0xFFFF),
).map(lambda parts: PushObject(*parts))


@given(objects=st.lists(_OBJECTS, max_size=5), version=st.integers(0, 2))
def test_what_is_encoded_is_decoded_again(objects, version):
    data = encode_push_object_list(objects, version)
    octets = decode_data_octets(encode_data_octets(data))
    assert decode_push_object_list(octets) == tuple(objects)
    assert push_object_list_version(octets) == (version if objects else None)


@pytest.mark.parametrize(
    "item",
    [
        PushObject(0x10000, IMPORT, 2),
        PushObject(3, IMPORT, 128),
        PushObject(3, IMPORT, -129),
        PushObject(3, IMPORT, 2, 0x10000),
    ],
)
def test_what_does_not_fit_is_not_encoded(item):
    with pytest.raises(LocalProtocolError):
        encode_push_object_list([item], 0)


def test_the_version_of_a_list_is_that_of_its_longest_entry():
    assert push_object_list_version(array()) is None
    assert push_object_list_version(array(entry(3, IMPORT, 2), entry(7, PROFILE, 2, 0, NULL))) == 1
    assert push_object_list_version(unsigned(0)) is None
    with pytest.raises(DecodeError):
        push_object_list_version(array(structure(NULL)))


@pytest.mark.parametrize(
    ("host", "six", "octets"),
    [
        ("192.0.2.1", False, b"192.0.2.1:4059"),
        ("192.0.2.1", True, bytes([192, 0, 2, 1, 0x0F, 0xDB])),
        ("2001:db8::1", False, b"[2001:db8::1]:4059"),
        ("home_assistant.example", False, b"home_assistant.example:4059"),
    ],
)
@pytest.mark.parametrize("service", [PushTransport.TCP, PushTransport.UDP])
def test_a_destination_is_an_address_or_a_name(service, host, six, octets):
    sent = SendDestination(service, push_destination(host, 4059, in_six_octets=six), PushMessage.A_XDR)
    assert sent.destination == octets
    assert decode_send_destination_and_method(encode_send_destination_and_method(sent)) == sent
    assert (sent.is_in_six_octets, sent.host_and_port) == (six, (host, 4059))


def test_a_destination_as_it_is_on_the_wire():
    sent = SendDestination(PushTransport.UDP, push_destination("192.0.2.1", 4059), PushMessage.A_XDR)
    octets = bytes.fromhex("0203 1601 090E") + b"192.0.2.1:4059" + bytes.fromhex("1600")
    assert encode_data_octets(encode_send_destination_and_method(sent)) == octets


@pytest.mark.parametrize(
    ("host", "port", "six"),
    [
        ("", 4059, False),
        ("192.0.2.1:4059", 4059, False),
        ("meter example", 4059, False),
        ("z\u00e4hler.example", 4059, False),
        ("fe80::1%eth0", 4059, False),
        ("x" * 254, 4059, False),
        ("192.0.2.1", 0, False),
        ("192.0.2.1", 65_536, False),
        ("2001:db8::1", 4059, True),
        ("192.0.2.256", 4059, True),
        ("192.0.2", 4059, True),
        ("server.example", 4059, True),
    ],
)
def test_what_is_no_destination_is_refused(host, port, six):
    with pytest.raises(LocalProtocolError):
        push_destination(host, port, in_six_octets=six)


def test_a_number_that_is_no_service_is_not_encoded():
    with pytest.raises(LocalProtocolError):
        encode_send_destination_and_method(SendDestination(256, b"", 0))


@pytest.mark.parametrize(
    ("service", "destination"),
    [(0, b"192.0.2.1"), (0, b":4059"), (0, b"192.0.2.1:0"), (1, b"192.0.2.1:70000"), (4, b"192.0.2.1:4059"), (0, b"")],
)
def test_what_names_no_host_and_port_has_none(service, destination):
    assert SendDestination(service, destination, 0).host_and_port is None


@pytest.mark.parametrize(
    ("wport", "before", "data"),
    [
        (102, None, integer(102)),
        (102, NULL, integer(102)),
        (102, integer(1), integer(102)),
        (200, unsigned(1), unsigned(200)),
        (300, long_unsigned(1), long_unsigned(300)),
    ],
)
def test_the_client_is_written_in_the_type_that_the_meter_has(wport, before, data):
    assert encode_push_client_sap(wport, before) == data


@pytest.mark.parametrize(("wport", "before"), [(128, None), (256, unsigned(1)), (0x10000, long_unsigned(1))])
def test_a_client_that_does_not_fit_the_type_is_refused(wport, before):
    with pytest.raises(LocalProtocolError):
        encode_push_client_sap(wport, before)


NIGHT = bytes.fromhex("FFFFFFFFFF 01000000 8000FF")
MORNING = bytes.fromhex("FFFFFFFFFF 05300000 8000FF")


def test_a_window_has_a_begin_and_an_end():
    ((begin, end),) = decode_communication_window(array(structure(octet_string(NIGHT), octet_string(MORNING))))
    assert ((begin.hour, begin.minute), (end.hour, end.minute)) == ((1, 0), (5, 48))
    assert begin.year is None
    assert decode_communication_window(array()) == ()


@pytest.mark.parametrize(
    "data",
    [
        unsigned(0),
        structure(octet_string(NIGHT), octet_string(MORNING)),
        array(unsigned(0)),
        array(structure(octet_string(NIGHT))),
        array(structure(octet_string(NIGHT), octet_string(b"1"))),
    ],
)
def test_a_window_that_makes_no_sense_is_refused(data):
    with pytest.raises(DecodeError):
        decode_communication_window(data)
