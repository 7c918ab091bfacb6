"""A push setup in plain JSON: for whoever looks at what a meter sends, before and after it was changed."""

import pytest

from custom_components.cosem.dlms.describe.push_setup import described_push_setup
from custom_components.cosem.dlms.encoding.data import (
    NULL,
    array,
    enum,
    integer,
    long_unsigned,
    octet_string,
    structure,
    unsigned,
)
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.interface_classes.profile_generic import CaptureObject
from custom_components.cosem.dlms.interface_classes.push_setup import (
    PushObject,
    PushSetupAttribute as Attribute,
    encode_push_object_list,
)

PROFILE = LogicalName.parse("1.0.99.1.0.255")
IMPORT = LogicalName.parse("1.0.1.8.0.255")


def test_the_list_names_what_is_sent_and_no_more():
    restricted = PushObject(
        7,
        PROFILE,
        2,
        3,
        structure(enum(2), structure(long_unsigned(1), long_unsigned(4))),
        (CaptureObject(3, IMPORT, 2, 0),),
    )
    data = encode_push_object_list([PushObject(3, IMPORT, 2), restricted], 2)
    assert described_push_setup(Attribute.PUSH_OBJECT_LIST, data) == [
        {"class_id": 3, "logical_name": "1.0.1.8.0.255", "attribute": 2},
        {
            "class_id": 7,
            "logical_name": "1.0.99.1.0.255",
            "attribute": 2,
            "data_index": 3,
            "restriction": [2, [1, 4]],
            "columns": [{"class_id": 3, "logical_name": "1.0.1.8.0.255", "attribute": 2}],
        },
    ]


@pytest.mark.parametrize(
    ("data", "described"),
    [
        (
            structure(enum(1), octet_string(b"192.0.2.1:4059"), enum(0)),
            {"transport": "udp", "destination": "192.0.2.1:4059", "message": 0},
        ),
        (structure(enum(0), octet_string(b""), enum(1)), {"transport": "tcp", "destination": "", "message": 1}),
        (
            structure(enum(201), octet_string(b"\xff"), enum(128)),
            {"transport": "201", "destination": "FF", "message": 128},
        ),
    ],
)
def test_the_destination_is_text(data, described):
    assert described_push_setup(Attribute.SEND_DESTINATION_AND_METHOD, data) == described


def test_a_window_is_written_with_what_it_leaves_open():
    begin, end = (octet_string(bytes.fromhex(f"FFFFFFFFFF{hour}00 00FF 8000FF")) for hour in ("01", "05"))
    assert described_push_setup(Attribute.COMMUNICATION_WINDOW, array(structure(begin, end))) == [
        {"from": "*-*-* 01:00:00", "until": "*-*-* 05:00:00"}
    ]
    assert described_push_setup(Attribute.COMMUNICATION_WINDOW, array()) == []


@pytest.mark.parametrize(
    ("attribute", "data", "described"),
    [
        (Attribute.PUSH_OBJECT_LIST, array(structure(NULL)), [[None]]),
        (Attribute.SEND_DESTINATION_AND_METHOD, unsigned(3), 3),
        (Attribute.COMMUNICATION_WINDOW, array(NULL), [None]),
        (Attribute.NUMBER_OF_RETRIES, unsigned(3), 3),
        (Attribute.PUSH_CLIENT_SAP, integer(102), 102),
        (Attribute.REPETITION_DELAY, structure(long_unsigned(60), long_unsigned(2), long_unsigned(600)), [60, 2, 600]),
        (Attribute.PORT_REFERENCE, octet_string(IMPORT.octets), "0100010800ff"),
    ],
)
def test_everything_else_is_shown_as_it_came(attribute, data, described):
    assert described_push_setup(attribute, data) == described
