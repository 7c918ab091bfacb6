"""A connection over datagrams: what is sent again after a silence, and what never is."""

from dataclasses import replace

import pytest

from custom_components.cosem.dlms.apdu.acse import (
    AuthenticationForm,
    AuthenticationValue,
    Mechanism,
    mechanism_name,
)
from custom_components.cosem.dlms.apdu.initiate import Conformance
from custom_components.cosem.dlms.encoding.data import NULL
from custom_components.cosem.dlms.errors import InvocationCounterRefused, LimitExceeded, ResponseTimeout
from custom_components.cosem.dlms.protocol.association_kind import AssociationKind
from custom_components.cosem.dlms.protocol.connection import Connection
from custom_components.cosem.dlms.protocol.datagram_framing import DATAGRAM_APDU_LIMIT, DatagramFraming
from custom_components.cosem.dlms.protocol.events import (
    AnswerReceived,
    BlockReceived,
    ChallengeAnswered,
    RequestFailed,
)
from custom_components.cosem.dlms.protocol.opening import Opening, OpeningMaterial
from custom_components.cosem.dlms.protocol.proposal import AssociationParameters
from custom_components.cosem.dlms.protocol.transfer.get import GetOne
from custom_components.cosem.dlms.protocol.transfer.set import SetOne
from custom_components.cosem.dlms.protocol.wrapper import decode_wpdu
from custom_components.cosem.dlms.security.keys import Secret
from tests.dlms.protocol.test_association_state import Protected
from tests.dlms.protocol.test_connection_general_blocks import e0
from tests.dlms.scripted import (
    CLOCK,
    ENERGY,
    GRANTED,
    PAIR,
    PARAMETERS,
    aare,
    answer,
    associated,
    block,
    events_of,
    initiate,
    unsigned,
    value,
)

WRITABLE = initiate(conformance=GRANTED | Conformance.SET, server_max_receive_pdu_size=0)


def sent_by(connection):
    apdus = []
    while octets := connection.data_to_send():
        apdus.append(decode_wpdu(octets).apdu)
    return apdus


def receive(connection, *apdus):
    for apdu in apdus:
        connection.receive_data(answer(apdu))
    return events_of(connection)


def proposed(parameters=PARAMETERS, **material):
    connection = Connection(DatagramFraming())
    opening = Opening(parameters, OpeningMaterial(apdu_limit=connection.apdu_limit, **material))
    connection.propose(parameters, opening)
    return connection


@pytest.fixture
def connection():
    connection = proposed()
    receive(connection, aare(WRITABLE))
    sent_by(connection)
    return connection


def test_apdus_of_both_sides_fit_into_unfragmented_datagrams(connection):
    (aarq,) = sent_by(proposed())
    assert aarq[-2:] == DATAGRAM_APDU_LIMIT.to_bytes(2, "big")
    assert connection.is_lossy
    connection.request(PAIR, GetOne(CLOCK))
    receive(connection, value(unsigned(7)))


@pytest.mark.parametrize(("size", "announced"), [(0, 1200), (500, 500), (1200, 1200), (1201, 1200)])
def test_a_smaller_size_is_announced_as_it_is(size, announced):
    parameters = AssociationParameters(max_receive_pdu_size=size)
    (aarq,) = sent_by(proposed(parameters))
    assert int.from_bytes(aarq[-2:], "big") == announced


def test_a_get_is_sent_again_twice_with_its_invoke_id(connection):
    connection.request(PAIR, GetOne(CLOCK))
    (request,) = sent_by(connection)
    assert connection.repeats(PAIR)
    assert [connection.try_again(PAIR) for _ in range(3)] == [True, True, False]
    assert not connection.repeats(PAIR)
    assert sent_by(connection) == [request] * 2
    assert receive(connection, value(unsigned(7))) == [AnswerReceived(PAIR, unsigned(7))]


def test_answers_to_repeats_are_no_strikes(connection):
    for invoke in range(1, 9):
        connection.request(PAIR, GetOne(CLOCK))
        answers = [value(unsigned(number), invoke) for number in (invoke, invoke, invoke)]
        assert receive(connection, *answers) == [AnswerReceived(PAIR, unsigned(invoke))]
    assert (connection.error, connection.counters.stray_apdus) == (None, 0)


def test_f18_a_late_answer_belongs_to_no_other_request(connection):
    connection.request(PAIR, GetOne(CLOCK))
    receive(connection, value(unsigned(1)))
    connection.request(PAIR, GetOne(CLOCK))
    assert receive(connection, value(unsigned(2), 1)) == []
    assert receive(connection, value(unsigned(3), 2)) == [AnswerReceived(PAIR, unsigned(3))]


def test_each_block_has_patience_of_its_own(connection):
    connection.request(PAIR, GetOne(CLOCK))
    connection.try_again(PAIR)
    connection.try_again(PAIR)
    assert receive(connection, block(1, b"ab")) == [BlockReceived(PAIR, 1, 2)]
    sent_by(connection)
    assert connection.try_again(PAIR)
    assert sent_by(connection) == [bytes.fromhex("C002C100000001")]
    assert receive(connection, block(1, b"ab"), block(2, b"c", last=True)) == [AnswerReceived(PAIR, b"abc")]


def test_general_blocks_are_asked_for_instead_of_the_whole(connection):
    connection.request(PAIR, GetOne(CLOCK))
    receive(connection, e0(1, value(unsigned(7))[:3]))
    sent_by(connection)
    assert connection.try_again(PAIR)
    assert [apdu[0] for apdu in sent_by(connection)] == [0xE0]


def test_a_set_is_never_sent_again(connection):
    connection.request(PAIR, SetOne(CLOCK, NULL))
    assert not connection.repeats(PAIR)
    assert not connection.try_again(PAIR)


def test_nothing_is_sent_again_while_nothing_waits(connection):
    assert not connection.repeats(PAIR)
    assert not connection.try_again(PAIR)


def test_an_aarq_without_a_secret_is_sent_again():
    connection = proposed()
    (aarq,) = sent_by(connection)
    assert connection.try_again(PAIR)
    assert sent_by(connection) == [aarq]
    receive(connection, aare(), aare())
    assert connection.is_open(PAIR)
    assert connection.error is None


def test_s20_a_password_is_never_sent_again():
    connection = proposed(AssociationParameters(mechanism=Mechanism.LLS, password=Secret(b"12345678")))
    assert not connection.try_again(PAIR)


def test_a_challenge_is_never_sent_again():
    """The meter would answer with another one, and ours would be a wrong proof."""
    parameters = AssociationParameters(mechanism=Mechanism.HLS_MD5, hls_secret=Secret(b"12345678"))
    assert not proposed(parameters, challenge=bytes(range(16))).try_again(PAIR)


def test_over_a_stream_nothing_is_sent_again():
    connection = Connection()
    connection.propose(PARAMETERS)
    assert not connection.is_lossy
    assert not connection.repeats(PAIR)
    assert not connection.try_again(PAIR)


def test_f19_a_protected_get_is_sent_again_under_a_new_counter_with_the_same_invoke_id():
    house = Protected(framing=DatagramFraming())
    house.connection.request(PAIR, GetOne(ENERGY))
    (first,) = sent_by(house.connection)
    assert house.connection.try_again(PAIR)
    (second,) = sent_by(house.connection)
    assert first != second
    replies = [*house.meter.replies(first), *house.meter.replies(second)]
    assert receive(house.connection, replies[0]) == [AnswerReceived(PAIR, unsigned(7))]
    assert receive(house.connection, replies[1]) == []  # late: it belongs to nothing any more
    assert house.connection.error is None
    house.connection.request(PAIR, GetOne(ENERGY))
    replies = house.meter.replies(*sent_by(house.connection))
    assert receive(house.connection, *replies, *replies) == [AnswerReceived(PAIR, unsigned(7))]


def test_what_is_agreed_keeps_the_size_that_the_meter_named():
    opening = Opening(PARAMETERS, OpeningMaterial(apdu_limit=1200))
    opening.aarq()
    negotiated = opening.accept(aare(replace(WRITABLE, server_max_receive_pdu_size=5000)))
    assert (negotiated.server_max_receive_pdu_size, negotiated.request_limit) == (5000, 1200)


def refused_counter(expected):
    return b"\xd8\x01\x06" + expected.to_bytes(4, "big")


@pytest.mark.parametrize("expected", [1, 2, 3])  # 3: it had this one, too, and got a copy
def test_f22_a_complaint_about_a_counter_that_we_are_beyond_is_of_an_older_request(expected):
    house = Protected(framing=DatagramFraming())
    house.connection.request(PAIR, GetOne(ENERGY))  # the AARQ had 1, this has 2
    (request,) = sent_by(house.connection)
    assert receive(house.connection, refused_counter(expected)) == []
    refused = house.connection.dropped_answer(PAIR)  # what is raised if no other answer comes
    assert isinstance(refused, InvocationCounterRefused)
    assert refused.expected == expected
    assert receive(house.connection, *house.meter.replies(request)) == [AnswerReceived(PAIR, unsigned(7))]
    counters = house.connection.counters
    assert (counters.late_apdus, counters.forged_apdus) == (1, 0)
    assert house.connection.dropped_answer(PAIR) is None


def test_f30_a_complaint_that_asks_for_more_ends_the_request():
    house = Protected(framing=DatagramFraming())
    house.connection.request(PAIR, GetOne(ENERGY))
    (event,) = receive(house.connection, refused_counter(4))
    assert isinstance(event, RequestFailed)
    assert isinstance(event.error, InvocationCounterRefused)


def test_f20_complaints_about_old_counters_are_no_strikes():
    house = Protected(framing=DatagramFraming())
    for counter in range(2, 9):
        house.connection.request(PAIR, GetOne(ENERGY))
        (request,) = sent_by(house.connection)
        assert receive(house.connection, *[refused_counter(counter)] * 12) == []
        assert receive(house.connection, *house.meter.replies(request)) == [AnswerReceived(PAIR, unsigned(7))]


def test_f20_a_flood_of_complaints_about_old_counters_ends_the_connection():
    house = Protected(framing=DatagramFraming())
    house.connection.request(PAIR, GetOne(ENERGY))
    receive(house.connection, *[refused_counter(1)] * 17)
    assert isinstance(house.connection.error, LimitExceeded)


KEY_REFUSED = b"\xd8\x01\x05"


@pytest.mark.parametrize("refusal", [KEY_REFUSED, b"\xd8\x01\x06"], ids=["deciphering error", "counter, without one"])
def test_a_complaint_about_a_key_is_believed_once_the_question_was_asked_as_often_as_may_be(refusal):
    house = Protected(framing=DatagramFraming())
    house.connection.request(PAIR, GetOne(ENERGY))
    for _ in range(2):  # it may be about a copy of this request, or one of an association before
        assert receive(house.connection, refusal) == []
        assert house.connection.try_again(PAIR)
    (event,) = receive(house.connection, refusal)
    assert isinstance(event, RequestFailed)
    assert house.connection.counters.forged_apdus == 0


@pytest.mark.parametrize("refusal", [KEY_REFUSED, b"\xd8\x01\x06"], ids=["deciphering error", "counter, without one"])
def test_f62_a_complaint_about_a_key_does_not_say_that_a_set_was_not_done(refusal):
    house = Protected(framing=DatagramFraming(), granted=bytes.fromhex("001A1C"))
    house.connection.request(PAIR, SetOne(ENERGY, NULL))
    assert receive(house.connection, *[refusal] * 3) == []
    assert house.connection.is_waiting(PAIR)


def test_another_complaint_is_believed_at_once():
    house = Protected(framing=DatagramFraming())
    house.connection.request(PAIR, GetOne(ENERGY))
    (event,) = receive(house.connection, b"\xd8\x02\x03")
    assert isinstance(event, RequestFailed)


def test_over_a_stream_nothing_overtakes_a_request():
    house = Protected()
    house.connection.request(PAIR, GetOne(ENERGY))
    (event,) = house.receive(refused_counter(1))
    assert isinstance(event, RequestFailed)


@pytest.mark.parametrize("asked", [False, True])
def test_s25_what_nobody_proved_gets_no_answer(connection, asked):
    if asked:
        connection.request(PAIR, GetOne(CLOCK))
        sent_by(connection)
    for apdu in (aare(), b"\xc0\x01\xc1" + bytes(10), bytes.fromhex("0F00000001001107"), b"\xd8\x01\x01", b"\x63\x00"):
        receive(connection, apdu)
        connection.receive_data(b"\0\1" + answer(apdu))
        assert sent_by(connection) == []


# -- a new association on the same channel

MD5 = AssociationParameters(mechanism=Mechanism.HLS_MD5, hls_secret=Secret(b"12345678"))


def challenged(number):
    """An AARE with the meter's challenge."""
    return aare(
        WRITABLE,
        diagnostic=14,
        mechanism_name=mechanism_name(Mechanism.HLS_MD5),
        responding_authentication_value=AuthenticationValue(AuthenticationForm.CHARSTRING, bytes([number] * 16)),
    )


def propose_again(connection, parameters, **material):
    connection.release(PAIR)
    receive(connection, b"\x63\x00")
    opening = Opening(parameters, OpeningMaterial(apdu_limit=connection.apdu_limit, **material))
    connection.propose(parameters, opening)
    sent_by(connection)


def test_f20_a_copy_of_an_aare_from_the_association_before_is_no_challenge():
    connection = proposed(MD5, challenge=bytes(range(16)))
    assert receive(connection, challenged(1)) == [ChallengeAnswered(PAIR)]
    propose_again(connection, MD5, challenge=bytes(range(16, 32)))
    assert receive(connection, challenged(1), challenged(1)) == []
    assert receive(connection, challenged(2)) == [ChallengeAnswered(PAIR)]
    assert connection.counters.late_apdus == 2


def test_f20_a_refused_copy_of_a_question_of_the_association_before_ends_nothing(connection):
    propose_again(connection, PARAMETERS)
    receive(connection, aare(WRITABLE))
    connection.request(PAIR, GetOne(CLOCK))
    (request,) = sent_by(connection)
    assert receive(connection, b"\xd8\x01\x01") == []
    assert sent_by(connection) == [request]  # it may be about this one: it is asked again
    assert receive(connection, value(unsigned(7), request[2] & 15)) == [AnswerReceived(PAIR, unsigned(7))]


def test_f20_what_is_written_waits_until_no_copy_is_under_way(connection):
    receive(connection, aare(WRITABLE))
    assert connection.settles_at(PAIR, SetOne(CLOCK, NULL), 5.0) == 5.0
    propose_again(connection, PARAMETERS)
    connection.receive_data(answer(aare(WRITABLE)), 10.0)
    assert connection.settles_at(PAIR, GetOne(CLOCK), 10.0) == 10.0
    assert connection.settles_at(PAIR, SetOne(CLOCK, NULL), 10.0) == 11.0
    assert connection.settles_at(PAIR, SetOne(CLOCK, NULL), 11.5) == 11.5


# -- nothing else tells a meter that its associations are over

GOODBYE = bytes.fromhex("6203800100")


def test_what_ends_the_channel_is_told_to_each_open_association(connection):
    other = AssociationParameters(server_wport=17)
    connection.propose(other)
    connection.receive_data(answer(aare(WRITABLE), other.pair))
    refused = AssociationParameters(server_wport=18)
    connection.propose(refused)
    connection.receive_data(answer(aare(None, result=1, diagnostic=1), refused.pair))
    sent_by(connection)
    connection.request(PAIR, GetOne(CLOCK))
    sent_by(connection)
    connection.abort(ResponseTimeout("get-response", 10))
    goodbyes = [decode_wpdu(octets) for octets in iter(connection.data_to_send, b"")]
    assert [(each.destination_wport, each.apdu) for each in goodbyes] == [(1, GOODBYE), (17, GOODBYE)]
    connection.abort(ResponseTimeout("get-response", 10))
    assert sent_by(connection) == []


def test_an_aarq_that_nobody_answered_may_have_been_taken():
    connection = proposed()
    sent_by(connection)
    connection.abort(ResponseTimeout("AARE", 10))
    assert sent_by(connection) == [GOODBYE]


def test_a_release_under_way_is_told_once(connection):
    connection.release(PAIR)
    assert sent_by(connection) == [GOODBYE]
    connection.abort(ResponseTimeout("RLRE", 2))
    assert sent_by(connection) == []


def test_a_pre_established_association_has_no_goodbye():
    connection = proposed(AssociationParameters(kind=AssociationKind.PRE_ESTABLISHED))
    connection.abort(ResponseTimeout("get-response", 10))
    assert sent_by(connection) == []


def test_without_a_counter_it_is_said_in_plain():
    house = Protected(framing=DatagramFraming())
    house.sending._ceiling = 0
    house.connection.abort(ResponseTimeout("get-response", 10))
    assert sent_by(house.connection) == [GOODBYE]
    assert isinstance(house.connection.error, ResponseTimeout)


def test_over_a_stream_its_end_says_it():
    connection = associated()
    connection.abort(ResponseTimeout("get-response", 10))
    assert connection.data_to_send() == b""
    assert not connection.tells_answers_apart(PAIR)


def test_f20_after_many_answers_that_are_nobodys_the_meter_is_told(connection):
    connection.request(PAIR, GetOne(CLOCK))
    sent_by(connection)
    receive(connection, *[value(unsigned(number), 9) for number in range(16)])
    assert connection.error is None
    receive(connection, value(unsigned(16), 9))
    assert isinstance(connection.error, LimitExceeded)
    assert sent_by(connection) == [GOODBYE]
