"""Answers that come when their request is over: nothing takes them for answers to the next one (S22, F18, F20)."""

import pytest

from custom_components.cosem.dlms.apdu.acse import Mechanism
from custom_components.cosem.dlms.apdu.initiate import Conformance
from custom_components.cosem.dlms.apdu.short_name import VariableName
from custom_components.cosem.dlms.encoding.data import NULL
from custom_components.cosem.dlms.errors import DataAccessError, ExceptionReceived, OutcomeUnknown
from custom_components.cosem.dlms.limits import DEFAULT_LIMITS
from custom_components.cosem.dlms.protocol.connection import Connection
from custom_components.cosem.dlms.protocol.datagram_framing import DatagramFraming
from custom_components.cosem.dlms.protocol.dropped_apdus import DroppedApduLimits
from custom_components.cosem.dlms.protocol.events import (
    AnswerReceived,
    Associated,
    AssociationRefused,
    BlockReceived,
    RequestFailed,
)
from custom_components.cosem.dlms.protocol.framing import WrapperFraming
from custom_components.cosem.dlms.protocol.late_answers import LATE_BY_ORDER, LATE_WITHIN, LateAnswers
from custom_components.cosem.dlms.protocol.opening import Opening, OpeningMaterial
from custom_components.cosem.dlms.protocol.proposal import AssociationParameters
from custom_components.cosem.dlms.protocol.referencing import Referencing
from custom_components.cosem.dlms.protocol.states import State
from custom_components.cosem.dlms.protocol.transfer.access import Access, to_get
from custom_components.cosem.dlms.protocol.transfer.get import GetOne
from custom_components.cosem.dlms.protocol.transfer.read import ReadMethod, ReadOne
from custom_components.cosem.dlms.protocol.transfer.set import SetOne
from custom_components.cosem.dlms.protocol.transfer.write import WriteOne
from custom_components.cosem.dlms.protocol.wrapper import decode_wpdu
from custom_components.cosem.dlms.security.keys import Secret
from tests.dlms.protocol.test_association_state import Protected
from tests.dlms.scripted import (
    BUSY,
    CLOCK,
    ENERGY,
    GRANTED,
    PAIR,
    PARAMETERS,
    RLRE,
    aare,
    answer,
    block,
    events_of,
    initiate,
    unsigned,
    value,
)

REFUSED = bytes.fromhex("0E010601")
EVERYTHING = initiate(conformance=GRANTED | Conformance.SET | Conformance.ACCESS, server_max_receive_pdu_size=0)
SHORT = AssociationParameters(referencing=Referencing.SHORT_NAME)
SHORT_GRANTED = initiate(conformance=Conformance(0x1C1F20), vaa_name=0xFA00)
SHORT_AARE = aare(SHORT_GRANTED, application_context_name=bytes.fromhex("60857405080102"))
SEVEN = bytes.fromhex("0C01000600000007")
EIGHT = bytes.fromhex("0C01000600000008")
WRITTEN = bytes.fromhex("0D0100")
DENIED = bytes.fromhex("0D010103")
SET = SetOne(CLOCK, NULL)
LIMITED = AssociationParameters(mechanism=Mechanism.LLS, password=Secret(b"12345678"))


class House:
    """A connection with one association, and the time."""

    def __init__(self, parameters=PARAMETERS, response=None, framing=None):
        self.connection = Connection(framing or DatagramFraming())
        self.now = 1000.0
        self.propose(parameters)
        if response is not None:
            assert [type(event) for event in self.receive(response)] == [Associated]
        self.sent()

    def propose(self, parameters=PARAMETERS):
        opening = Opening(parameters, OpeningMaterial(apdu_limit=self.connection.apdu_limit))
        self.connection.propose(parameters, opening)

    def sent(self):
        apdus = []
        if self.connection.is_lossy:
            while octets := self.connection.data_to_send(self.now):
                apdus.append(decode_wpdu(octets).apdu)
            return apdus
        octets = self.connection.data_to_send(self.now)
        while octets:
            end = 8 + int.from_bytes(octets[6:8], "big")
            apdus.append(octets[8:end])
            octets = octets[end:]
        return apdus

    def receive(self, *apdus):
        for apdu in apdus:
            self.connection.receive_data(answer(apdu), self.now)
        return events_of(self.connection)

    def ask(self, transfer=None):
        """Return the request that is sent."""
        self.connection.request(PAIR, transfer or GetOne(CLOCK))
        (request,) = self.sent()
        return request

    def answered(self, *apdus, transfer=None):
        self.ask(transfer)
        return self.receive(*apdus)

    def pause(self, asked):
        """Return how long to wait before it is sent."""
        return round(self.connection.settles_at(PAIR, asked, self.now) - self.now, 6)


@pytest.fixture
def house():
    return House(response=aare(EVERYTHING))


@pytest.fixture
def short():
    return House(SHORT, SHORT_AARE)


def failed(events):
    (event,) = events
    assert isinstance(event, RequestFailed)
    return type(event.error)


# -- what has an invoke-id


def test_f20_a_copy_of_an_answer_is_left_out_and_no_strike(house):
    for invoke in range(1, 9):
        seven = value(unsigned(7), invoke)
        assert house.answered(seven, seven, seven, seven) == [AnswerReceived(PAIR, unsigned(7))]
    assert house.connection.error is None
    assert (house.connection.counters.late_apdus, house.connection.counters.stray_apdus) == (24, 0)


def test_copies_of_blocks_ask_for_nothing(house):
    house.ask()
    assert house.receive(block(1, b"ab"), block(1, b"ab"), block(1, b"ab")) == [BlockReceived(PAIR, 1, 2)]
    assert len(house.sent()) == 1
    assert house.receive(block(2, b"c", last=True)) == [AnswerReceived(PAIR, b"abc")]


def round_of_invoke_ids(house, refusal):
    for _ in range(15):
        house.now += 0.001
        events = house.answered(refusal)
        while not events:  # a doubt
            house.sent()
            events = house.receive(refusal)


def test_an_equal_answer_under_the_same_invoke_id_is_believed_once_it_comes_as_often_as_it_was_asked_for(house):
    house.answered(value(unsigned(7)))
    round_of_invoke_ids(house, BUSY)
    request = house.ask()
    assert request[2] & 15 == 1
    for _ in range(2):
        assert house.receive(value(unsigned(7))) == []
        assert house.sent() == [request]
    assert house.receive(value(unsigned(7))) == [AnswerReceived(PAIR, unsigned(7))]


def test_a_copy_from_a_round_of_invoke_ids_before_is_no_answer(house):
    house.answered(value(unsigned(7)))
    round_of_invoke_ids(house, BUSY)
    house.ask(GetOne(ENERGY))
    assert house.receive(value(unsigned(7))) == []
    assert house.receive(value(unsigned(8))) == [AnswerReceived(PAIR, unsigned(8))]


def test_after_a_while_an_equal_answer_is_believed_at_once(house):
    house.answered(value(unsigned(7)))
    round_of_invoke_ids(house, BUSY)
    house.now += LATE_WITHIN
    assert house.answered(value(unsigned(7))) == [AnswerReceived(PAIR, unsigned(7))]


def test_the_invoke_id_of_a_question_that_was_sent_twice_is_not_used_while_it_may_be_answered_again(house):
    house.ask()
    house.connection.try_again(PAIR, 3.0)
    house.receive(value(unsigned(7)))
    house.sent()
    numbers = []
    for _ in range(20):
        invoke = house.ask()[2] & 15
        numbers.append(invoke)
        house.receive(value(unsigned(100 + len(numbers)), invoke))
    assert 1 not in numbers
    assert house.receive(value(unsigned(8))) == []  # the value has changed in between
    assert (house.connection.error, house.connection.counters.stray_apdus) == (None, 0)
    house.now += 3.0 + LATE_WITHIN
    for _ in range(16):
        numbers.append(house.ask()[2] & 15)
        house.receive(value(unsigned(200), numbers[-1]))
    assert 1 in numbers


def test_where_every_invoke_id_may_be_answered_again_they_go_round_all_the_same(house):
    for number in range(20):
        invoke = house.ask()[2] & 15
        house.connection.try_again(PAIR, 3.0)
        house.sent()
        events = []
        while not events:
            events = house.receive(value(unsigned(number), invoke))
        house.sent()
        assert events == [AnswerReceived(PAIR, unsigned(number))]


def test_a_copy_of_an_answer_to_access_is_left_out(house):
    response = bytes.fromhex("DA400000010000010011070101 00".replace(" ", ""))
    assert house.answered(response, response, transfer=Access([to_get(CLOCK)])) == [AnswerReceived(PAIR, response)]
    assert house.connection.counters.late_apdus == 1


def test_what_is_too_short_for_an_invoke_id_costs_itself_only(house):
    house.ask()
    assert house.receive(b"\xc4\x01") == []
    assert house.receive(value(unsigned(7))) == [AnswerReceived(PAIR, unsigned(7))]


# -- errors have none


@pytest.mark.parametrize("error", [BUSY, REFUSED], ids=["exception-response", "confirmed-service-error"])
def test_a_copy_of_an_error_ends_no_other_question(house, error):
    house.answered(error)
    request = house.ask(GetOne(ENERGY))
    assert house.receive(error) == []
    assert house.sent() == [request]  # asked again at once: the copy may have been the answer
    assert house.receive(value(unsigned(7), 2)) == [AnswerReceived(PAIR, unsigned(7))]
    assert house.connection.counters.stray_apdus == 0


def test_an_error_that_comes_as_often_as_it_was_asked_for_is_believed(house):
    house.answered(BUSY)
    house.ask()
    assert house.receive(BUSY, BUSY) == []
    assert len(house.sent()) == 2
    assert failed(house.receive(BUSY)) is ExceptionReceived
    assert house.receive(BUSY, BUSY, BUSY, BUSY) == []  # nobody waits for these
    assert house.connection.error is None


def test_another_error_is_believed_at_once(house):
    house.answered(BUSY)
    assert failed(house.answered(bytes.fromhex("D80202"))) is ExceptionReceived


def test_after_a_while_the_same_error_is_believed_at_once(house):
    house.answered(BUSY)
    house.now += LATE_WITHIN
    assert failed(house.answered(BUSY)) is ExceptionReceived


def test_where_it_was_asked_again_already_an_error_has_to_come_as_often_as_that(house):
    house.answered(BUSY)
    house.ask()
    assert house.connection.try_again(PAIR, 0.1)
    assert house.connection.try_again(PAIR, 0.1)
    assert len(house.sent()) == 2
    assert house.receive(BUSY, BUSY) == []
    assert house.sent() == []
    assert failed(house.receive(BUSY)) is ExceptionReceived


def test_f18_an_error_for_our_own_repeat_ends_no_later_question(house):
    """The meter is slower than we are patient: it refuses what we asked, and then what we repeated."""
    house.ask()
    house.connection.try_again(PAIR, 3.0)
    house.now += 4.0
    house.receive(bytes.fromhex("D80202"))
    house.sent()
    house.ask(GetOne(ENERGY))
    house.now += 3.0
    assert house.receive(bytes.fromhex("D80201")) == []
    house.now += 1.0
    assert house.receive(value(unsigned(7), 2)) == [AnswerReceived(PAIR, unsigned(7))]


def test_an_error_for_a_block_that_was_asked_for_twice_ends_no_other_block(house):
    house.ask()
    house.receive(block(1, b"a"))
    house.connection.try_again(PAIR, 3.0)
    house.receive(block(2, b"b"))
    house.sent()
    assert house.receive(BUSY) == []
    assert house.receive(block(3, b"c", last=True)) == [AnswerReceived(PAIR, b"abc")]


@pytest.mark.parametrize("error", [BUSY, REFUSED, aare(None, result=1, diagnostic=1)])
def test_what_answers_the_second_aarq_ends_no_question(error):
    house = House()
    house.connection.try_again(PAIR, 3.0)
    house.sent()
    house.receive(aare(EVERYTHING))
    house.ask()
    assert house.receive(error) == []
    assert house.receive(value(unsigned(7))) == [AnswerReceived(PAIR, unsigned(7))]
    assert house.connection.error is None


def test_what_writes_waits_until_no_error_can_be_late(house):
    assert house.pause(SET) == 0
    house.answered(value(unsigned(7)))
    assert house.pause(SET) == 0
    house.answered(BUSY)
    assert (house.pause(SET), house.pause(GetOne(CLOCK))) == (LATE_WITHIN, 0)
    house.now += 0.25
    assert house.pause(SET) == LATE_WITHIN - 0.25
    house.now += LATE_WITHIN
    assert house.pause(SET) == 0


def test_what_writes_waits_for_the_answers_to_our_repeats(house):
    house.ask()
    house.connection.try_again(PAIR, 3.0)
    house.connection.try_again(PAIR, 3.0)
    house.receive(value(unsigned(7)))
    assert house.pause(SET) == 6.0 + LATE_WITHIN


def test_what_writes_waits_until_its_invoke_id_is_its_own(house):
    house.answered(bytes.fromhex("C501C100"), transfer=SET)
    assert house.pause(SET) == 0
    for invoke in range(2, 16):
        house.answered(value(unsigned(7), invoke))
    house.answered(value(unsigned(7), 0))
    assert house.pause(SET) == LATE_WITHIN


@pytest.mark.parametrize("copies", [1, 3])
def test_who_does_not_wait_gets_no_answer_rather_than_a_wrong_one(house, copies):
    house.answered(BUSY)
    house.ask(SET)
    assert house.receive(*[BUSY] * copies) == []
    assert house.sent() == []  # never sent twice
    assert house.receive(bytes.fromhex("C501C200")) == [AnswerReceived(PAIR, b"")]


def test_a_request_that_was_given_up_may_be_answered_later(house):
    house.ask()
    house.connection.try_again(PAIR, 3.0)
    house.connection.release(PAIR)
    house.now += 10
    house.receive(RLRE)
    house.propose()
    house.receive(aare(EVERYTHING))
    house.sent()
    assert house.pause(SET) == 3.0 + LATE_WITHIN
    house.ask()
    assert house.receive(BUSY) == []
    house.now += 3.0 + LATE_WITHIN
    house.receive(value(unsigned(7), 2))
    assert house.pause(SET) == LATE_WITHIN  # it was asked twice, for the doubt


def test_a_late_error_is_no_answer_to_a_release(house):
    house.answered(BUSY)
    house.connection.release(PAIR)
    assert house.receive(BUSY) == []
    assert house.connection.state(PAIR) is State.RELEASING
    house.receive(RLRE)
    assert house.connection.state(PAIR) is State.IDLE


def test_the_release_of_the_next_association_is_answered_with_the_same_octets(house):
    for _ in range(2):
        house.connection.release(PAIR)
        house.receive(RLRE)
        assert house.connection.state(PAIR) is State.IDLE
        house.propose()
        house.receive(aare(EVERYTHING))


# -- proposals


def test_a_copy_of_a_refusal_refuses_nothing_else():
    refusal = aare(None, result=1, diagnostic=1)
    house = House()
    assert isinstance(house.receive(refusal)[0], AssociationRefused)
    house.propose()
    assert house.receive(refusal) == []
    assert [type(event) for event in house.receive(aare(EVERYTHING))] == [Associated]


def test_a_proposal_with_a_secret_waits_until_no_refusal_can_be_late():
    house = House()
    house.receive(aare(None, result=1, diagnostic=1))
    assert (house.pause(PARAMETERS), house.pause(LIMITED)) == (0, LATE_WITHIN)
    house.now += LATE_WITHIN
    assert house.pause(LIMITED) == 0


def test_a_meter_that_forgot_the_association_may_accept_it_with_the_same_octets():
    house = House(response=aare(EVERYTHING))
    house.answered(bytes.fromhex("D80101"))
    house.propose()
    assert [type(event) for event in house.receive(aare(EVERYTHING))] == [Associated]


def test_before_the_first_proposal_nothing_can_be_late():
    assert Connection(DatagramFraming()).settles_at(PAIR, PARAMETERS, 5.0) == 5.0


# -- short names: nothing has a number


READ = ReadOne(VariableName(0x1008))
WRITE = WriteOne(VariableName(0x1008), NULL)
CALL = ReadMethod(VariableName(0x1008))


def test_by_short_names_everything_waits_until_no_answer_can_be_late(short):
    assert [short.pause(each) for each in (READ, WRITE, CALL)] == [0, 0, 0]
    assert short.answered(SEVEN, transfer=READ) == [AnswerReceived(PAIR, unsigned(7))]
    assert [short.pause(each) for each in (READ, WRITE, CALL)] == [LATE_WITHIN, 0, LATE_BY_ORDER]
    short.now += LATE_BY_ORDER
    assert short.answered(WRITTEN, transfer=WRITE) == [AnswerReceived(PAIR, b"")]
    assert [short.pause(each) for each in (READ, WRITE, CALL)] == [0, LATE_BY_ORDER, 0]
    short.now += LATE_BY_ORDER
    assert [short.pause(each) for each in (READ, WRITE, CALL)] == [0, 0, 0]


def test_by_short_names_an_error_is_waited_for_by_everything(short):
    short.answered(BUSY, transfer=READ)
    assert [short.pause(each) for each in (READ, WRITE, CALL)] == [LATE_WITHIN, LATE_BY_ORDER, LATE_BY_ORDER]


def test_a_lost_read_is_sent_again_and_the_next_one_waits_for_a_second_answer(short):
    request = short.ask(READ)
    assert short.connection.repeats(PAIR)
    assert short.connection.try_again(PAIR, 3.0)
    assert short.sent() == [request]
    assert short.receive(SEVEN) == [AnswerReceived(PAIR, unsigned(7))]
    assert short.pause(READ) == 3.0 + LATE_BY_ORDER
    short.now += 3.0
    assert short.receive(EIGHT) == []  # to the repeat; the value has changed in between
    short.now += LATE_BY_ORDER
    assert short.answered(EIGHT, transfer=READ) == [AnswerReceived(PAIR, unsigned(8))]
    assert short.connection.counters.stray_apdus == 0


def test_a_read_that_does_not_wait_gets_no_copy(short):
    short.answered(SEVEN, transfer=READ)
    short.ask(READ)
    assert short.receive(SEVEN, SEVEN, SEVEN, SEVEN) == []
    assert short.sent() == []  # another answer would have no number either
    assert short.receive(EIGHT) == [AnswerReceived(PAIR, unsigned(8))]


def test_a_read_that_does_not_wait_gets_no_answer_to_what_was_asked_twice(short):
    short.ask(READ)
    short.connection.try_again(PAIR, 3.0)
    short.receive(SEVEN)
    short.sent()
    short.ask(READ)
    assert short.receive(EIGHT, EIGHT, EIGHT, EIGHT) == []
    assert short.sent() == []


def test_a_late_copy_is_no_answer_to_the_next_read(short):
    short.answered(SEVEN, transfer=READ)
    short.now += 2.0
    assert short.pause(READ) == 0
    request = short.ask(READ)
    assert short.receive(SEVEN) == []
    assert short.sent() == [request]
    assert short.receive(EIGHT) == [AnswerReceived(PAIR, unsigned(8))]
    assert short.pause(READ) == LATE_BY_ORDER  # it was asked twice


def test_an_equal_value_is_believed_once_it_comes_as_often_as_it_was_asked_for(short):
    short.answered(SEVEN, transfer=READ)
    short.now += LATE_WITHIN
    request = short.ask(READ)
    for _ in range(2):
        assert short.receive(SEVEN) == []
        assert short.sent() == [request]
    assert short.receive(SEVEN) == [AnswerReceived(PAIR, unsigned(7))]
    assert short.pause(READ) == LATE_WITHIN  # nothing more is to come


def test_late_copies_of_several_answers_do_not_make_one_of_them_believed(short):
    for answer_, each in ((SEVEN, 7), (EIGHT, 8)):
        assert short.answered(answer_, transfer=READ) == [AnswerReceived(PAIR, unsigned(each))]
        short.now += LATE_WITHIN
    short.ask(READ)
    assert short.receive(SEVEN, EIGHT, SEVEN, EIGHT) == []
    assert short.receive(EIGHT) == [AnswerReceived(PAIR, unsigned(8))]


def test_by_short_names_after_some_seconds_an_equal_value_is_believed_at_once(short):
    short.answered(SEVEN, transfer=READ)
    short.now += LATE_BY_ORDER
    assert short.answered(SEVEN, transfer=READ) == [AnswerReceived(PAIR, unsigned(7))]


def test_a_write_that_does_not_wait_gets_no_copy(short):
    short.answered(WRITTEN, transfer=WRITE)
    short.ask(WRITE)
    assert short.receive(WRITTEN) == []
    assert failed(short.receive(DENIED)) is DataAccessError


def test_a_write_is_never_sent_again(short):
    short.ask(WRITE)
    assert not short.connection.try_again(PAIR, 3.0)


def test_under_protection_an_equal_answer_is_no_copy():
    house = Protected(framing=DatagramFraming())
    for _ in range(20):
        house.connection.request(PAIR, GetOne(ENERGY))
        (reply,) = house.meter.replies(decode_wpdu(house.connection.data_to_send()).apdu)
        house.connection.receive_data(answer(reply))
        assert events_of(house.connection) == [AnswerReceived(PAIR, unsigned(7))]
    assert house.connection.counters.late_apdus == 0


# -- over a stream everything comes in order


def test_over_a_stream_nothing_waits_for_late_answers():
    house = House(response=aare(EVERYTHING), framing=WrapperFraming())
    for invoke in (1, 2):
        assert failed(house.answered(BUSY)) is ExceptionReceived
        assert (invoke, house.pause(SET)) == (invoke, 0)
    house = House(SHORT, SHORT_AARE, WrapperFraming())
    assert house.answered(SEVEN, transfer=READ) == [AnswerReceived(PAIR, unsigned(7))]
    assert house.answered(WRITTEN, transfer=WRITE) == [AnswerReceived(PAIR, b"")]
    assert (house.pause(READ), house.pause(WRITE)) == (0, 0)


# -- what nobody should answer, and some meters do


FRAMINGS = pytest.mark.parametrize("framing", [WrapperFraming, DatagramFraming])


def told(house, transfer):
    house.connection.tell(PAIR, transfer)
    assert len(house.sent()) == 1


@FRAMINGS
def test_an_answer_to_an_unconfirmed_write_is_no_success_of_the_next_write(framing):
    house = House(SHORT, SHORT_AARE, framing())
    told(house, WRITE)
    assert house.connection.is_doubtful(PAIR, WRITE)
    assert not house.connection.is_doubtful(PAIR, READ)
    assert failed(house.answered(WRITTEN, transfer=WRITE)) is OutcomeUnknown
    assert house.receive(DENIED) == []  # one of the two
    assert house.connection.counters.stray_apdus == 1


@FRAMINGS
def test_an_answer_to_a_read_in_between_tells_them_apart(framing):
    house = House(SHORT, SHORT_AARE, framing())
    told(house, WRITE)
    assert house.answered(SEVEN, transfer=READ) == [AnswerReceived(PAIR, unsigned(7))]
    assert not house.connection.is_doubtful(PAIR, WRITE)
    assert house.pause(WRITE) == (LATE_WITHIN if house.connection.is_lossy else 0)
    house.now += LATE_WITHIN
    assert failed(house.answered(DENIED, transfer=WRITE)) is DataAccessError


def test_over_datagrams_an_answer_to_what_was_told_may_be_overtaken():
    house = House(SHORT, SHORT_AARE)
    told(house, WRITE)
    house.answered(SEVEN, transfer=READ)
    house.ask(WRITE)
    assert house.receive(WRITTEN) == []
    house.now += LATE_WITHIN
    assert failed(house.receive(DENIED)) is DataAccessError


@FRAMINGS
def test_two_unconfirmed_writes_may_both_be_answered(framing):
    house = House(SHORT, SHORT_AARE, framing())
    told(house, WRITE)
    told(house, WRITE)
    for _ in range(2):
        assert house.receive(WRITTEN) == []
    assert not house.connection.is_doubtful(PAIR, WRITE)
    assert failed(house.answered(DENIED, transfer=WRITE)) is DataAccessError


@FRAMINGS
def test_an_error_to_what_nobody_should_answer_ends_no_question(framing):
    house = House(response=aare(EVERYTHING), framing=framing())
    told(house, SET)
    request = house.ask()
    assert house.receive(BUSY) == []
    assert house.sent() == [request]
    invoke = request[2] & 15
    assert house.receive(value(unsigned(7), invoke)) == [AnswerReceived(PAIR, unsigned(7))]
    house.receive(value(unsigned(7), invoke))
    assert house.connection.error is None


@FRAMINGS
def test_an_error_to_what_nobody_should_answer_is_no_strike(framing):
    house = House(response=aare(EVERYTHING), framing=framing())
    for _ in range(10):
        told(house, SET)
        assert house.receive(BUSY) == []
    assert (house.connection.error, house.connection.counters.stray_apdus) == (None, 0)


def test_an_error_behind_the_answer_to_a_question_is_of_that_question_only():
    house = House(response=aare(EVERYTHING), framing=WrapperFraming())
    told(house, SET)
    house.answered(value(unsigned(7), 2))
    assert failed(house.answered(BUSY)) is ExceptionReceived


# -- what is remembered


def test_what_is_remembered_does_not_grow_without_end():
    dropped_apdus = DroppedApduLimits(DEFAULT_LIMITS, flood_is_fatal=False)
    late = LateAnswers(dropped_apdus)
    for number in range(5000):
        late.asks(frozenset({0x0C}))
        late.may_be(unsigned(number), is_fresh=False, is_asked=True)
        late.took(0.0, 1)
    assert len(late._taken) == 4096
    assert len(late._owed) == 16
    assert not late.may_be(unsigned(0), is_fresh=False, is_asked=True)
    assert late.may_be(unsigned(4999), is_fresh=False, is_asked=True)
