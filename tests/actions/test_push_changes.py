"""What a push setup has to hold: what is named, in the form of its version, and only where it differs."""

from collections.abc import Mapping
from typing import Any

import pytest

from custom_components.cosem.actions.push_changes import (
    CLIENT,
    DESTINATION,
    LIST,
    PushSetupState,
    WantedDestination,
    WantedPush,
    attributes_of,
)
from custom_components.cosem.dlms import (
    Data,
    DataAccessError,
    LocalProtocolError,
    LogicalName,
    PushMessage,
    PushObject,
    PushSetupAttribute,
    PushTransport,
    SendDestination,
    TransportProtocol,
    decode_push_object_list,
    decode_send_destination_and_method,
    encode_push_object_list,
    encode_send_destination_and_method,
)
from custom_components.cosem.dlms.encoding.data import NULL, array, enum, integer, long_unsigned, structure, unsigned

TCP, UDP = TransportProtocol.TCP, TransportProtocol.UDP
ENERGY = PushObject(3, LogicalName.parse("1.0.1.8.0.255"), 2)
PROFILE = PushObject(7, LogicalName.parse("1.0.99.1.0.255"), 2)
LAST_FOUR = structure(enum(2), structure(long_unsigned(1), long_unsigned(4)))
DENIED = DataAccessError(3)


def state(answers: Mapping[PushSetupAttribute, Any], version: int = 0) -> PushSetupState:
    return PushSetupState(answers, version)


def listing(*objects: PushObject, version: int = 0, listed: int = 0) -> PushSetupState:
    return state({LIST: encode_push_object_list(objects, version)}, listed)


def sending(service: int = 0, place: bytes = b"192.0.2.1:4059", message: int = 0) -> PushSetupState:
    return state({DESTINATION: encode_send_destination_and_method(SendDestination(service, place, message))})


def to(
    host: str = "192.0.2.9",
    *,
    own: bool = True,
    port: int | None = None,
    transport: TransportProtocol | None = None,
    listened: Mapping[TransportProtocol, int] | None = None,
) -> WantedPush:
    found = {UDP: 4059} if listened is None else listened
    return WantedPush(
        destination=WantedDestination(
            host=host, is_own=own, port=port, transport=transport, listened=found, listen_port=4059
        )
    )


def destination(wanted: WantedPush, before: PushSetupState) -> SendDestination:
    """What is written."""
    data = wanted.changes(before)[DESTINATION]
    assert isinstance(data, Data)
    return decode_send_destination_and_method(data)


def test_only_what_is_named_is_written_the_destination_last():
    wanted = WantedPush(destination=to().destination, client_wport=1, objects=(ENERGY,))
    assert wanted.attributes == [LIST, CLIENT, DESTINATION]
    assert WantedPush().attributes == []
    assert WantedPush().changes(sending()) == {}


@pytest.mark.parametrize(("version", "without"), [(0, range(8, 14)), (1, range(10, 14)), (2, [10])])
def test_what_there_is_to_read_depends_on_the_version(version: int, without: Any):
    assert attributes_of(version) == [each for each in range(2, 14) if each not in without]


@pytest.mark.parametrize("version", [0, 1, 2])
def test_a_list_keeps_the_version_that_its_entries_have(version: int):
    before = listing(ENERGY, version=version)
    assert before.version == version
    assert WantedPush(objects=(ENERGY,)).changes(before) == {LIST: None}
    changed = WantedPush(objects=(PROFILE, ENERGY)).changes(before)[LIST]
    assert changed == encode_push_object_list([PROFILE, ENERGY], version)


def test_an_empty_or_unknown_list_is_written_as_the_object_list_says():
    for before in (listing(listed=1), state({LIST: DENIED}, 1), state({LIST: array(structure(NULL))}, 1), state({}, 1)):
        assert before.version == 1
        assert WantedPush(objects=(ENERGY,)).changes(before)[LIST] == encode_push_object_list([ENERGY], 1)


def test_what_of_a_profile_is_sent_stays_unless_another_part_is_meant():
    restricted = PROFILE._replace(restriction=LAST_FOUR)
    before = listing(restricted, version=1)
    assert WantedPush(objects=(PROFILE,)).changes(before) == {LIST: None}
    changed = WantedPush(objects=(PROFILE, PROFILE._replace(data_index=2))).changes(before)[LIST]
    assert isinstance(changed, Data)
    assert decode_push_object_list(changed) == (restricted, PROFILE._replace(data_index=2))


@pytest.mark.parametrize(
    ("wanted", "before", "service", "place"),
    [
        (to(), sending(), 1, b"192.0.2.9:4059"),  # what stands there is not listened to
        (to(listened={TCP: 4060, UDP: 4059}), sending(), 0, b"192.0.2.9:4060"),
        (to(listened={UDP: 4059, TCP: 4060}), sending(4, b"+49123"), 1, b"192.0.2.9:4059"),
        (to(transport=UDP, port=5000), sending(), 1, b"192.0.2.9:5000"),
        (to(own=False), sending(), 0, b"192.0.2.9:4059"),
        (to("head-end.example", own=False, listened={}), sending(1), 1, b"head-end.example:4059"),
        (to("2001:db8::9", own=False, listened={}), state({}), 0, b"[2001:db8::9]:4059"),
        (to(own=False), sending(1, bytes([192, 0, 2, 1, 0x0F, 0xDB])), 1, bytes([192, 0, 2, 9, 0x0F, 0xDB])),
    ],
)
def test_what_is_left_out_of_a_destination_is_our_own(
    wanted: WantedPush, before: PushSetupState, service: int, place: bytes
):
    assert destination(wanted, before) == SendDestination(service, place, PushMessage.A_XDR)


def test_we_are_sent_no_xml_and_others_what_they_are_sent_already():
    before = sending(PushTransport.UDP, message=PushMessage.XML)
    assert destination(to(), before).message == PushMessage.A_XDR
    assert destination(to(own=False), before).message == PushMessage.XML
    assert destination(to(own=False), state({DESTINATION: DENIED})).message == PushMessage.A_XDR


def test_a_destination_that_stands_there_is_not_written():
    assert to("192.0.2.1").changes(sending(1)) == {DESTINATION: None}
    assert to("192.0.2.1").changes(state({DESTINATION: unsigned(0)}))[DESTINATION] is not None


@pytest.mark.parametrize(
    ("before", "written"),
    [
        (state({CLIENT: integer(1)}, 1), integer(102)),
        (state({CLIENT: unsigned(1)}, 0), unsigned(102)),  # it has one, whatever the list says
        (state({CLIENT: integer(102)}, 1), None),
        (state({CLIENT: DENIED}, 1), integer(102)),
    ],
)
def test_the_client_is_written_where_there_is_one(before: PushSetupState, written: Data | None):
    assert WantedPush(client_wport=102).changes(before) == {CLIENT: written}


def test_a_version_without_a_client_is_told_none():
    with pytest.raises(LocalProtocolError, match="version 0"):
        WantedPush(client_wport=102).changes(state({CLIENT: DENIED}))


def test_a_response_has_what_the_meter_gave():
    shown = state({LIST: encode_push_object_list([ENERGY], 0), DESTINATION: DENIED, CLIENT: integer(1)}).described()
    assert shown == {
        "push_object_list": [{"class_id": 3, "logical_name": "1.0.1.8.0.255", "attribute": 2}],
        "send_destination_and_method": None,
        "push_client_SAP": 1,
    }
