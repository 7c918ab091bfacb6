"""Table 1 of IEC 62056-9-7:2013, 9.1: what each kind of association sends, and what it answers."""

from itertools import product

import pytest

from custom_components.cosem.dlms.apdu.acse import Mechanism
from custom_components.cosem.dlms.apdu.common import MethodDescriptor
from custom_components.cosem.dlms.apdu.initiate import Conformance
from custom_components.cosem.dlms.encoding.data import NULL, octet_string
from custom_components.cosem.dlms.errors import LocalProtocolError
from custom_components.cosem.dlms.protocol.association_kind import ALL_STATION_WPORT, AssociationKind
from custom_components.cosem.dlms.protocol.connection import Connection
from custom_components.cosem.dlms.protocol.datagram_framing import DatagramFraming
from custom_components.cosem.dlms.protocol.events import AnswerReceived, Associated, Released
from custom_components.cosem.dlms.protocol.framing import WrapperFraming
from custom_components.cosem.dlms.protocol.opening import Opening, OpeningMaterial
from custom_components.cosem.dlms.protocol.proposal import AssociationParameters
from custom_components.cosem.dlms.protocol.states import State
from custom_components.cosem.dlms.protocol.transfer.action import ActionOne
from custom_components.cosem.dlms.protocol.transfer.get import GetOne
from custom_components.cosem.dlms.protocol.transfer.set import SetOne
from custom_components.cosem.dlms.security.counters import ReceivingCounters, SendingCounter
from custom_components.cosem.dlms.security.keys import Secret
from custom_components.cosem.dlms.security.settings import SecuritySettings
from tests.dlms.lone_meter import AK, EK, TITLE
from tests.dlms.scripted import BUSY, CLOCK, GRANTED, PAIR, RLRE, aare, answer, events_of, initiate, unsigned, value

WRITABLE = initiate(conformance=GRANTED | Conformance.SET | Conformance.ACTION)
FRAMINGS = {"TCP": WrapperFraming, "UDP": DatagramFraming}
CONFIRMED, UNCONFIRMED, PRE_ESTABLISHED = AssociationKind
SET = SetOne(CLOCK, NULL)
SHIFT = ActionOne(MethodDescriptor(CLOCK.class_id, CLOCK.logical_name, 1))


def sent_by(connection):
    """APDUs, cut by hand."""
    octets = b""
    while piece := connection.data_to_send():
        octets += piece
    apdus = []
    while octets:
        end = 8 + int.from_bytes(octets[6:8], "big")
        apdus.append(octets[8:end])
        octets = octets[end:]
    return apdus


def receive(connection, *apdus):
    for apdu in apdus:
        connection.receive_data(answer(apdu))
    return events_of(connection)


def opened(transport, kind, **changes):
    connection = Connection(FRAMINGS[transport]())
    connection.propose(AssociationParameters(kind=kind, **changes))
    aarqs = sent_by(connection)
    events = receive(connection, aare(WRITABLE)) if kind is CONFIRMED else events_of(connection)
    assert [type(event) for event in events] == [Associated]
    return connection, aarqs


TABLE_1 = {
    (transport, kind): (kind is not UNCONFIRMED, kind.has_aarq, kind is CONFIRMED)
    for transport, kind in product(FRAMINGS, AssociationKind)
}
"""Transport and kind: are confirmed services allowed, is there an AARQ, is there an answer to it and to the RLRQ?"""


@pytest.mark.parametrize(("transport", "kind"), TABLE_1)
def test_table_1(transport, kind):
    confirmed_services, has_aarq, is_answered = TABLE_1[transport, kind]
    connection, aarqs = opened(transport, kind)
    assert [apdu[0] for apdu in aarqs] == [0x60] * has_aarq
    if confirmed_services:
        connection.request(PAIR, SET)
        (request,) = sent_by(connection)
        assert (request[0], request[2] & 0x40) == (0xC1, 0x40)
        assert receive(connection, bytes([0xC5, 1, request[2], 0])) == [AnswerReceived(PAIR, b"")]
    else:
        with pytest.raises(LocalProtocolError, match="unconfirmed association"):
            connection.request(PAIR, SET)
        assert sent_by(connection) == []
    connection.tell(PAIR, SET)
    (told,) = sent_by(connection)
    assert (told[0], told[2] & 0x40) == (0xC1, 0)
    assert not connection.is_waiting(PAIR)
    connection.release(PAIR)
    assert [apdu[0] for apdu in sent_by(connection)] == [0x62] * has_aarq
    assert connection.is_waiting(PAIR) is is_answered
    assert events_of(connection) + (receive(connection, RLRE) if is_answered else []) == [Released(PAIR)]
    assert connection.state(PAIR) is State.IDLE


def test_an_unconfirmed_aarq_says_that_no_answer_is_allowed():
    _connection, (aarq,) = opened("UDP", UNCONFIRMED)
    assert bytes.fromhex("01 00 01 00 00 06 5F1F04") in aarq
    _connection, (aarq,) = opened("UDP", CONFIRMED)
    assert bytes.fromhex("01 00 00 00 06 5F1F04") in aarq


# -- broadcast


@pytest.mark.parametrize("transport", FRAMINGS)
@pytest.mark.parametrize("kind", AssociationKind)
def test_all_logical_devices_are_reached_over_udp_in_an_unconfirmed_association_only(transport, kind):
    connection = Connection(FRAMINGS[transport]())
    parameters = AssociationParameters(kind=kind, server_wport=ALL_STATION_WPORT)
    if (transport, kind) == ("UDP", UNCONFIRMED):
        connection.propose(parameters)
        connection.tell(parameters.pair, SET)
        assert [apdu[0] for apdu in sent_by(connection)] == [0x60, 0xC1]
    else:
        with pytest.raises(LocalProtocolError, match="all logical devices"):
            connection.propose(parameters)


# -- what a meter answers although it should not


@pytest.mark.parametrize("kind", [UNCONFIRMED, PRE_ESTABLISHED])
def test_an_aare_that_nobody_waits_for_is_left_out(kind):
    connection, _aarqs = opened("TCP", kind)
    assert receive(connection, aare(WRITABLE)) == []
    assert connection.error is None
    assert connection.is_open(PAIR)


def test_answers_to_what_nobody_should_answer_are_no_strikes():
    connection, _aarqs = opened("TCP", CONFIRMED)
    for _ in range(20):
        connection.tell(PAIR, SET)
        (told,) = sent_by(connection)
        assert receive(connection, bytes([0xC5, 1, told[2], 0])) == []
        connection.tell(PAIR, SHIFT)
        (told,) = sent_by(connection)
        assert receive(connection, bytes([0xC7, 1, told[2], 0, 0])) == []
    assert connection.error is None
    assert connection.counters.stray_apdus == 40
    connection.request(PAIR, GetOne(CLOCK))
    (request,) = sent_by(connection)
    assert receive(connection, value(unsigned(7), request[2] & 15)) == [AnswerReceived(PAIR, unsigned(7))]


def test_each_may_be_answered_once_only():
    connection, _aarqs = opened("TCP", CONFIRMED)
    connection.tell(PAIR, SET)
    (told,) = sent_by(connection)
    receive(connection, *[bytes([0xC5, 1, told[2], 0])] * 4)
    assert connection.error is not None


def test_an_answer_to_another_service_is_a_strike():
    connection, _aarqs = opened("TCP", CONFIRMED)
    connection.tell(PAIR, SET)
    (told,) = sent_by(connection)
    receive(connection, *[bytes([0xC7, 1, told[2], 0, 0])] * 3)
    assert connection.error is not None


# -- what cannot be


def test_nothing_is_told_before_it_is_open():
    connection = Connection()
    connection.propose(AssociationParameters())
    with pytest.raises(LocalProtocolError):
        connection.tell(PAIR, SET)


def test_what_was_not_agreed_is_not_told():
    connection, _aarqs = opened("TCP", UNCONFIRMED, conformance=Conformance.GET)
    with pytest.raises(LocalProtocolError, match="set"):
        connection.tell(PAIR, SET)


def test_what_is_too_long_for_the_meter_is_not_told():
    """Its blocks would need answers."""
    connection, _aarqs = opened("TCP", UNCONFIRMED, server_max_receive_pdu_size=15)
    with pytest.raises(LocalProtocolError, match="exceeds the meter's limit"):
        connection.tell(PAIR, SetOne(CLOCK, octet_string(bytes(20))))


def keys(title=TITLE, **changes):
    return SecuritySettings(
        client_system_title=bytes.fromhex("4D4D4D0000000001"),
        server_system_title=title,
        global_unicast_encryption_key=Secret(EK),
        authentication_key=Secret(AK),
        **changes,
    )


@pytest.mark.parametrize("kind", [UNCONFIRMED, PRE_ESTABLISHED])
@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"mechanism": Mechanism.HLS_MD5, "hls_secret": Secret(b"12345678")}, "proves nothing"),
        ({"security": keys(use_dedicated_key=True)}, "proves nothing"),
        ({"security": keys(None)}, "system title has to be known"),
    ],
    ids=["proof", "dedicated key", "title"],
)
def test_what_needs_an_answer_needs_a_confirmed_association(kind, changes, text):
    with pytest.raises(LocalProtocolError, match=text):
        AssociationParameters(kind=kind, **changes)


def test_a_password_goes_with_an_aarq_only():
    login = {"mechanism": Mechanism.LLS, "password": Secret(b"12345678")}
    assert AssociationParameters(kind=UNCONFIRMED, **login).kind is UNCONFIRMED
    with pytest.raises(LocalProtocolError, match="proves nothing"):
        AssociationParameters(kind=PRE_ESTABLISHED, **login)


@pytest.mark.parametrize("is_known", [False, True])
def test_keys_protect_without_an_aare(is_known):
    counters = ReceivingCounters({TITLE: 5} if is_known else {})
    parameters = AssociationParameters(kind=PRE_ESTABLISHED, security=keys())
    connection = Connection()
    material = OpeningMaterial(sending=SendingCounter(1, ceiling=1000), receiving=counters)
    connection.propose(parameters, Opening(parameters, material))
    assert len(events_of(connection)) == 1
    connection.tell(PAIR, SET)
    assert [apdu[0] for apdu in sent_by(connection)] == [0xC9]
    assert receive(connection, BUSY) == []
