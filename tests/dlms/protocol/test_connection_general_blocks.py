"""General block transfer on a whole connection: answers, requests, the AARE, pushes, protection, silence."""

import pytest

from custom_components.cosem.dlms.apdu import encode_apdu
from custom_components.cosem.dlms.apdu.block import GeneralBlockTransfer
from custom_components.cosem.dlms.apdu.common import MethodDescriptor
from custom_components.cosem.dlms.apdu.initiate import Conformance
from custom_components.cosem.dlms.encoding.data import octet_string
from custom_components.cosem.dlms.errors import BlockTransferAborted, DecodeError, LocalProtocolError
from custom_components.cosem.dlms.protocol.connection import Connection
from custom_components.cosem.dlms.protocol.events import (
    AnswerReceived,
    Associated,
    AssociationRefused,
    BlockReceived,
    NotificationReceived,
    NotificationRefused,
    RequestFailed,
)
from custom_components.cosem.dlms.protocol.general_blocks import OWN_WINDOW
from custom_components.cosem.dlms.protocol.leniencies import Leniency
from custom_components.cosem.dlms.protocol.proposal import WportPair
from custom_components.cosem.dlms.protocol.states import State
from custom_components.cosem.dlms.protocol.transfer.action import ActionList
from custom_components.cosem.dlms.protocol.transfer.get import GetList, GetOne
from custom_components.cosem.dlms.protocol.transfer.set import SetList, SetOne
from tests.dlms.lone_meter import TITLE
from tests.dlms.protocol.test_association_state import Protected
from tests.dlms.scripted import (
    CLOCK,
    ENERGY,
    GRANTED,
    PAIR,
    PARAMETERS,
    PUSH,
    aare,
    answer,
    associated,
    events_of,
    initiate,
    sent_by,
    unsigned,
    value,
)

GENERAL = Conformance.GENERAL_BLOCK_TRANSFER
NO_SET_BLOCKS = (GRANTED | Conformance.SET) & ~Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE
WITH_BLOCKS = initiate(conformance=NO_SET_BLOCKS | GENERAL, server_max_receive_pdu_size=40)
LONG = value(b"\x09\x05hello")


def e0(number, data=b"", *, ack=0, window=3, last=False, streaming=False):
    return encode_apdu(
        GeneralBlockTransfer(
            last_block=last,
            streaming=streaming,
            window=window,
            block_number=number,
            block_number_ack=ack,
            block_data=data,
        )
    )


def receive(connection, *apdus, pair=PAIR):
    connection.receive_data(b"".join(answer(apdu, pair) for apdu in apdus))
    return events_of(connection)


@pytest.fixture
def connection():
    return associated(WITH_BLOCKS)


def test_general_blocks_are_proposed():
    connection = Connection()
    connection.propose(PARAMETERS)
    assert bytes.fromhex("065F1F0400207E5F") in sent_by(connection)[0]


def test_an_answer_in_general_blocks_is_taken_block_by_block(connection):
    connection.request(PAIR, GetOne(CLOCK))
    sent_by(connection)
    assert receive(connection, e0(1, LONG[:4])) == [BlockReceived(PAIR, 1, 4)]
    assert sent_by(connection) == [bytes.fromhex("E08F0001000100")]
    assert connection.state(PAIR) is State.AWAITING_BLOCK
    assert receive(connection, e0(2, LONG[4:], ack=1, last=True)) == [AnswerReceived(PAIR, b"\x09\x05hello")]
    assert sent_by(connection) == []
    assert connection.leniencies(PAIR) == frozenset()


def test_an_answer_in_one_general_block_is_an_answer(connection):
    connection.request(PAIR, GetOne(CLOCK))
    assert receive(connection, e0(1, LONG, last=True)) == [AnswerReceived(PAIR, b"\x09\x05hello")]


def test_blocks_that_nobody_agreed_on_are_taken_and_named():
    connection = associated()
    connection.request(PAIR, GetOne(CLOCK))
    receive(connection, e0(1, LONG[:4]), e0(2, LONG[4:], last=True))
    assert connection.leniencies(PAIR) == {Leniency.UNNEGOTIATED_GENERAL_BLOCKS}


def test_what_is_put_together_to_nonsense_ends_the_connection(connection):
    connection.request(PAIR, GetOne(CLOCK))
    receive(connection, e0(1, b"\xc4\x01\xc1", last=True))
    assert isinstance(connection.error, DecodeError)


def test_the_peer_may_give_up(connection):
    connection.request(PAIR, GetOne(CLOCK))
    receive(connection, e0(1, LONG[:4]))
    (event,) = receive(connection, e0(0, last=True))
    assert isinstance(event, RequestFailed)
    assert isinstance(event.error, BlockTransferAborted)
    assert connection.is_open(PAIR)
    connection.request(PAIR, GetOne(CLOCK))
    assert receive(connection, value(unsigned(7), 2)) == [AnswerReceived(PAIR, unsigned(7))]


def test_a_stray_block_0_fails_no_request(connection):
    connection.request(PAIR, GetOne(CLOCK))
    assert receive(connection, e0(0, last=True)) == []
    assert connection.counters.refused_blocks == 1
    assert receive(connection, value(unsigned(7))) == [AnswerReceived(PAIR, unsigned(7))]


def test_blocks_that_come_late_are_no_answer_to_the_next_request(connection):
    connection.request(PAIR, GetOne(CLOCK))
    receive(connection, e0(1, LONG[:4]), e0(2, LONG[4:], last=True))
    connection.request(PAIR, GetOne(CLOCK))
    receive(connection, e0(3, b"stale"))
    assert receive(connection, e0(1, value(unsigned(7), 2)[:5])) == [BlockReceived(PAIR, 1, 5)]
    assert receive(connection, e0(2, value(unsigned(7), 2)[5:], last=True)) == [AnswerReceived(PAIR, unsigned(7))]


def test_a_push_in_blocks_arrives_between_request_and_answer(connection):
    connection.request(PAIR, GetOne(CLOCK))
    sent_by(connection)
    events = receive(connection, e0(1, PUSH[:3], window=0), e0(2, PUSH[3:], window=0, last=True), LONG)
    assert events == [NotificationReceived(PAIR, PUSH), AnswerReceived(PAIR, b"\x09\x05hello")]
    assert sent_by(connection) == []


def test_a_push_in_blocks_needs_no_association(connection):
    pair = WportPair(1, 1)
    assert receive(connection, e0(1, PUSH[:3], window=0), pair=pair) == []
    assert receive(connection, e0(2, PUSH[3:], window=0, last=True), pair=pair) == [NotificationReceived(pair, PUSH)]


def test_blocks_of_two_senders_are_not_put_together(connection):
    receive(connection, e0(1, PUSH[:3], window=0), pair=WportPair(1, 1))
    assert receive(connection, e0(2, PUSH[3:], window=0, last=True), pair=WportPair(1, 2)) == []
    assert connection.counters.refused_blocks == 1


def test_several_logical_devices_may_push_in_blocks_at_a_time(connection):
    pairs = [WportPair(1, server) for server in range(1, 5)]
    for pair in pairs:
        assert receive(connection, e0(1, PUSH[:3], window=0), pair=pair) == []
    # A whole one of another pair disturbs none of them.
    assert receive(connection, PUSH, pair=WportPair(1, 9)) == [NotificationReceived(WportPair(1, 9), PUSH)]
    taken = [receive(connection, e0(2, PUSH[3:], window=0, last=True), pair=pair) for pair in pairs[1:]]
    assert taken == [[NotificationReceived(pair, PUSH)] for pair in pairs[1:]]
    assert receive(connection, e0(2, PUSH[3:], window=0, last=True), pair=pairs[0]) == []  # the oldest gave way


@pytest.mark.parametrize("octets", [b"\xe0", e0(2, PUSH[3:], window=0)[:-1]], ids=["nothing else", "cut"])
def test_a_broken_block_costs_no_later_notification(connection, octets):
    pair = WportPair(1, 1)
    receive(connection, e0(1, PUSH[:3], window=0), pair=pair)
    (refused, told) = receive(connection, octets, PUSH, pair=pair)
    assert (type(refused), refused.pair, refused.apdu) == (NotificationRefused, pair, octets)
    assert told == NotificationReceived(pair, PUSH)
    # What had come of the push is gone.
    assert receive(connection, e0(2, PUSH[3:], window=0, last=True), pair=pair) == []


def test_wports_that_are_done_give_way_first(connection):
    joining = WportPair(1, 1)
    receive(connection, e0(1, PUSH[:3], window=0), pair=joining)
    for server in range(2, 12):
        receive(connection, PUSH, pair=WportPair(1, server))
    assert receive(connection, e0(2, PUSH[3:], window=0, last=True), pair=joining) == [
        NotificationReceived(joining, PUSH)
    ]


def test_an_aare_may_come_in_blocks():
    connection = Connection()
    connection.propose(PARAMETERS)
    sent_by(connection)
    octets = aare(WITH_BLOCKS)
    assert receive(connection, e0(1, octets[:20])) == []
    assert len(sent_by(connection)) == 1
    (event,) = receive(connection, e0(2, octets[20:], last=True))
    assert isinstance(event, Associated)
    assert connection.leniencies(PAIR) == {Leniency.AARE_IN_GENERAL_BLOCKS}


def test_an_aare_that_is_given_up_is_a_refusal():
    connection = Connection()
    connection.propose(PARAMETERS)
    (event,) = receive(connection, e0(1, aare()[:20]), e0(0, last=True))
    assert isinstance(event, AssociationRefused)


# -- requests


def test_a_request_that_is_too_long_goes_in_general_blocks(connection):
    connection.request(PAIR, SetOne(CLOCK, octet_string(bytes(range(50)))))
    (first,) = sent_by(connection)
    assert len(first) <= 40
    assert first[:6] == bytes.fromhex("E00F00010000")
    (event,) = receive(connection, e0(1, ack=1, last=True))
    assert event == BlockReceived(PAIR, 1, 0)
    sent = [first, *sent_by(connection)]
    whole = b"".join(octets[7:] for octets in sent)
    assert whole == bytes.fromhex("C101C1 0008 0000010000FF 02 00 0932") + bytes(range(50))
    assert receive(connection, e0(2, bytes.fromhex("C501C100"), ack=3, last=True)) == [AnswerReceived(PAIR, b"")]


def test_blocks_of_the_service_go_first():
    response = initiate(
        conformance=GRANTED | GENERAL | Conformance.SET | Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE,
        server_max_receive_pdu_size=40,
    )
    connection = associated(response)
    connection.request(PAIR, SetOne(CLOCK, octet_string(bytes(50))))
    assert sent_by(connection)[0][:2] == b"\xc1\x02"


NAMES = [CLOCK] * 6
METHODS = [MethodDescriptor(8, CLOCK.logical_name, 1)] * 6


@pytest.mark.parametrize(
    "transfer",
    [
        SetList([(name, octet_string(b"x")) for name in NAMES]),
        ActionList([(method, None) for method in METHODS]),
    ],
    ids=["set", "action"],
)
@pytest.mark.parametrize("has_own_blocks", [False, True])
def test_a_list_whose_names_alone_are_too_long_for_a_block_goes_in_general_blocks(transfer, has_own_blocks):
    services = GRANTED | Conformance.SET | Conformance.ACTION | Conformance.MULTIPLE_REFERENCES
    if has_own_blocks:
        services |= Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE | Conformance.BLOCK_TRANSFER_WITH_ACTION
    else:
        services &= ~(Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE | Conformance.BLOCK_TRANSFER_WITH_ACTION)
    connection = associated(initiate(conformance=services | GENERAL, server_max_receive_pdu_size=40))
    connection.request(PAIR, transfer)
    (first,) = sent_by(connection)
    assert first[:6] == bytes.fromhex("E00F00010000")
    kind = b"\xc1\x04" if isinstance(transfer, SetList) else b"\xc3\x03"
    assert first[7:9] == kind  # the list itself, and none of its blocks
    connection = associated(initiate(conformance=services, server_max_receive_pdu_size=40))
    with pytest.raises(LocalProtocolError, match="too few for a block"):
        connection.request(PAIR, transfer)


def test_without_blocks_of_any_kind_a_long_request_is_our_error():
    connection = associated(initiate(conformance=NO_SET_BLOCKS, server_max_receive_pdu_size=40))
    with pytest.raises(LocalProtocolError, match="block-transfer-with-set-or-write"):
        connection.request(PAIR, SetOne(CLOCK, octet_string(bytes(50))))


def test_a_plain_answer_to_a_request_in_blocks_is_an_answer(connection):
    connection.request(PAIR, SetOne(CLOCK, octet_string(bytes(50))))
    receive(connection, e0(1, ack=1, last=True))
    assert receive(connection, bytes.fromhex("C501C103"))[0].error.result == 3


def test_who_answered_in_plain_is_not_told_that_we_gave_up(connection):
    """A block behind the last one may be taken for the same request once more."""
    connection.request(PAIR, SetOne(CLOCK, octet_string(bytes(50))))
    receive(connection, e0(1, ack=1, last=True), bytes.fromhex("C501C100"))
    sent_by(connection)
    connection.release(PAIR)
    assert [octets[0] for octets in sent_by(connection)] == [0x62]


def test_what_is_asked_for_again_and_again_is_given_up(connection):
    connection.request(PAIR, SetOne(CLOCK, octet_string(bytes(50))))
    *_, event = receive(connection, *[e0(1, last=True)] * (16 * OWN_WINDOW + 1))
    assert isinstance(event.error, BlockTransferAborted)
    assert sent_by(connection)[-1][:4] == bytes.fromhex("E08F0000")


def test_empty_blocks_without_a_number_are_named(connection):
    connection.request(PAIR, SetOne(CLOCK, octet_string(bytes(50))))
    receive(connection, e0(1, ack=1, last=True))
    assert receive(connection, e0(1, bytes.fromhex("C501C100"), ack=3, last=True)) == [AnswerReceived(PAIR, b"")]
    assert connection.leniencies(PAIR) == {Leniency.EMPTY_BLOCKS_NOT_COUNTED}


def test_the_last_block_of_a_question_is_sent_again_after_a_silence_and_that_of_writing_is_not(connection):
    connection.request(PAIR, SetOne(CLOCK, octet_string(bytes(50))))
    receive(connection, e0(1, ack=1, last=True))
    sent_by(connection)
    assert connection.try_again(PAIR)
    assert sent_by(connection) == [bytes.fromhex("E08F0004000100")]
    connection = associated(WITH_BLOCKS)
    connection.request(PAIR, GetList([(CLOCK, None)] * 4))
    receive(connection, e0(1, ack=1, last=True))
    sent = sent_by(connection)
    assert connection.try_again(PAIR)
    assert sent_by(connection) == sent[1:]


def test_blocks_that_come_twice_after_the_answer_count_for_nothing(connection):
    connection.request(PAIR, GetOne(CLOCK))
    sent_by(connection)
    receive(connection, e0(1, LONG[:4], streaming=True), e0(2, LONG[4:], last=True))
    assert receive(connection, *[e0(2, LONG[4:], last=True)] * 50) == []
    assert sent_by(connection) == []
    assert connection.counters.refused_blocks == 0


# -- silence


def test_after_a_silence_only_blocks_are_sent_again(connection):
    assert not connection.try_again(PAIR)
    connection.request(PAIR, GetOne(CLOCK))
    sent_by(connection)
    assert not connection.try_again(PAIR)
    receive(connection, e0(1, LONG[:4]))
    (acknowledgement,) = sent_by(connection)
    assert connection.try_again(PAIR)
    assert sent_by(connection) == [acknowledgement]


def test_a_request_of_more_blocks_than_have_numbers_is_refused_before_anything_is_sent(connection):
    with pytest.raises(LocalProtocolError, match="more than 49151 general blocks"):
        connection.request(PAIR, SetOne(CLOCK, octet_string(bytes(2_000_000))))
    assert sent_by(connection) == []
    assert connection.state(PAIR) is State.ASSOCIATED


# -- giving up


def test_a_request_or_answer_under_way_is_given_up_before_the_release(connection):
    connection.request(PAIR, GetOne(CLOCK))
    receive(connection, e0(1, LONG[:4]))
    sent_by(connection)
    connection.release(PAIR)
    assert [octets[:6].hex() for octets in sent_by(connection)] == ["e08f00000001", "6203800100"]


def test_without_blocks_there_is_only_the_release(connection):
    connection.request(PAIR, GetOne(CLOCK))
    sent_by(connection)
    connection.release(PAIR)
    assert [octets[0] for octets in sent_by(connection)] == [0x62]


def test_what_is_protected_block_by_block_is_given_up_likewise():
    house = Protected()
    house.connection.request(PAIR, GetOne(ENERGY))
    house.receive(house.sealed(0xDB, e0(1, value(unsigned(7))[:3])))
    sent_by(house.connection)
    house.connection.release(PAIR)
    goodbye, release = sent_by(house.connection)
    assert (goodbye[0], release[0]) == (0xDB, 0x62)


def test_without_a_counter_for_it_there_is_only_the_release():
    house = Protected()
    house.connection.request(PAIR, GetOne(ENERGY))
    house.receive(house.sealed(0xDB, e0(1, value(unsigned(7))[:3])))
    sent_by(house.connection)
    house.sending._ceiling = 0
    house.connection.release(PAIR)
    assert [octets[0] for octets in sent_by(house.connection)] == [0x62]


# -- protection


def test_blocks_of_a_protected_answer_are_put_together_before_it_is_opened():
    house = Protected()
    house.connection.request(PAIR, GetOne(ENERGY))
    (octets,) = house.meter.replies(*sent_by(house.connection))
    assert house.receive(e0(1, octets[:9])) == [BlockReceived(PAIR, 1, 9)]
    assert sent_by(house.connection) == [bytes.fromhex("E08F0001000100")]
    assert house.receive(e0(2, octets[9:], last=True)) == [AnswerReceived(PAIR, unsigned(7))]


def test_a_changed_block_of_a_protected_answer_is_no_answer():
    house = Protected()
    house.connection.request(PAIR, GetOne(ENERGY))
    (octets,) = house.meter.replies(*sent_by(house.connection))
    assert house.receive(e0(1, octets[:9]), e0(2, octets[9:-1] + bytes([octets[-1] ^ 1]), last=True)) == [
        BlockReceived(PAIR, 1, 9)
    ]
    assert house.connection.counters.forged_apdus == 1


def test_a_meter_may_protect_each_block_and_is_acknowledged_likewise():
    house = Protected()
    house.connection.request(PAIR, GetOne(ENERGY))
    sent_by(house.connection)
    plain = value(unsigned(7))
    assert house.receive(house.sealed(0xDB, e0(1, plain[:3]))) == [BlockReceived(PAIR, 1, 3)]
    (acknowledgement,) = sent_by(house.connection)
    assert acknowledgement[0] != 0xE0
    assert house.receive(house.sealed(0xDB, e0(2, plain[3:], last=True))) == [AnswerReceived(PAIR, unsigned(7))]
    assert Leniency.GENERAL_BLOCKS_PROTECTED_EACH in house.connection.leniencies(PAIR)


def test_a_plain_block_is_no_part_of_what_is_protected_block_by_block():
    house = Protected()
    house.connection.request(PAIR, GetOne(ENERGY))
    plain = value(unsigned(7))
    house.receive(house.sealed(0xDB, e0(1, plain[:3])))
    house.receive(e0(2, value(unsigned(9))[3:], last=True))
    assert house.receive(house.sealed(0xDB, e0(2, plain[3:], last=True))) == [AnswerReceived(PAIR, unsigned(7))]


def test_after_a_silence_the_acknowledgement_is_protected_anew():
    house = Protected()
    house.connection.request(PAIR, GetOne(ENERGY))
    house.receive(house.sealed(0xDB, e0(1, value(unsigned(7))[:3])))
    sent_by(house.connection)
    assert house.connection.try_again(PAIR)
    (again,) = sent_by(house.connection)
    assert again[0] != 0xE0


def test_a_push_protected_block_by_block_is_authentic():
    house = Protected()
    assert house.receive(house.sealed(0xDB, e0(1, PUSH[:3], window=0))) == []
    assert house.receive(house.sealed(0xDB, e0(2, PUSH[3:], window=0, last=True))) == [
        NotificationReceived(PAIR, PUSH, True, TITLE, True)
    ]
