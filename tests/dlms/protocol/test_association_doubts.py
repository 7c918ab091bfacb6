"""Over a stream, an answer without a number that came just before is not believed before the marker's answer (S22)."""

import pytest

from custom_components.cosem.dlms.apdu.initiate import Conformance
from custom_components.cosem.dlms.apdu.short_name import VariableName
from custom_components.cosem.dlms.errors import (
    ConfirmedServiceErrorReceived,
    DataAccessError,
    ExceptionReceived,
    OutcomeUnknown,
    UnexpectedApdu,
)
from custom_components.cosem.dlms.protocol.association_doubts import AssociationDoubts
from custom_components.cosem.dlms.protocol.association_state import AssociationState
from custom_components.cosem.dlms.protocol.connection import Connection
from custom_components.cosem.dlms.protocol.events import (
    AnswerReceived,
    AssociationLost,
    BlockReceived,
    ConnectionEnded,
    RequestFailed,
)
from custom_components.cosem.dlms.protocol.framing import WrapperFraming
from custom_components.cosem.dlms.protocol.late_answers import LATE_WITHIN
from custom_components.cosem.dlms.protocol.leniencies import Leniency
from custom_components.cosem.dlms.protocol.opening import Opening, OpeningMaterial
from custom_components.cosem.dlms.protocol.proposal import AssociationParameters
from custom_components.cosem.dlms.protocol.referencing import Referencing
from custom_components.cosem.dlms.protocol.transfer.action import ActionOne
from custom_components.cosem.dlms.protocol.transfer.read import ReadList
from custom_components.cosem.dlms.protocol.wrapper import decode_wpdu
from custom_components.cosem.dlms.security.counters import ReceivingCounters, SendingCounter
from custom_components.cosem.dlms.security.keys import Secret
from custom_components.cosem.dlms.security.settings import SecuritySettings
from custom_components.cosem.dlms.security.suite import Protection
from tests.dlms.lone_meter import AK, EK, NONE as LONE_NONE, LoneShortMeter
from tests.dlms.protocol.test_late_answers import (
    CALL,
    DENIED,
    EIGHT,
    READ,
    REFUSED,
    SET,
    SEVEN,
    SHORT,
    SHORT_AARE,
    WRITE,
    WRITTEN,
    House,
    failed,
)
from tests.dlms.protocol.transfer.test_action import RESET
from tests.dlms.scripted import (
    BUSY,
    GRANTED,
    PAIR,
    RLRE,
    aare,
    answer as answer_of,
    events_of,
    initiate,
    unsigned,
    value,
)

MARKER = bytes.fromhex("050102FA00")
NAME = bytes.fromhex("0C010009060000280000FF")
NO_SUCH_NAME = bytes.fromhex("0C010104")


@pytest.fixture
def stream():
    return House(SHORT, SHORT_AARE, WrapperFraming())


@pytest.fixture
def numbered():
    services = GRANTED | Conformance.SET | Conformance.ACTION
    return House(response=aare(initiate(conformance=services)), framing=WrapperFraming())


def sent_marker(house):
    (request,) = house.sent()
    assert request == MARKER


def test_a_read_that_is_answered_as_the_one_before_is_believed_when_the_marker_is_answered(stream):
    assert stream.answered(SEVEN, transfer=READ) == [AnswerReceived(PAIR, unsigned(7))]
    assert stream.answered(SEVEN, transfer=READ) == []
    sent_marker(stream)
    assert stream.receive(NAME) == [AnswerReceived(PAIR, unsigned(7))]
    assert Leniency.ANSWERS_TWICE not in stream.connection.leniencies(PAIR)


def test_a_copy_is_no_answer_to_the_next_read(stream):
    stream.answered(SEVEN, transfer=READ)
    assert stream.answered(SEVEN, transfer=READ) == []
    sent_marker(stream)
    assert stream.receive(EIGHT) == []
    assert stream.receive(NAME) == [AnswerReceived(PAIR, unsigned(8))]
    assert Leniency.ANSWERS_TWICE in stream.connection.leniencies(PAIR)
    assert stream.answered(SEVEN, transfer=READ) == []  # it was there a moment ago
    assert stream.receive(NAME) == [AnswerReceived(PAIR, unsigned(7))]


def test_behind_another_answer_nothing_is_in_doubt(stream):
    for answer, number in ((SEVEN, 7), (EIGHT, 8)):
        assert stream.answered(answer, transfer=READ) == [AnswerReceived(PAIR, unsigned(number))]
        stream.now += LATE_WITHIN
    assert stream.answered(SEVEN, transfer=READ) == [AnswerReceived(PAIR, unsigned(7))]


def test_answers_to_lists_are_doubted_likewise(stream):
    several = bytes.fromhex("0C 02 00 11 07 00 11 08")
    transfer = ReadList([VariableName(0x1008), VariableName(0x2008)])
    stream.answered(several, transfer=transfer)
    assert stream.answered(several, transfer=transfer) == []
    sent_marker(stream)
    assert stream.receive(several[:-1] + b"\x09") == []
    assert stream.receive(NAME) == [AnswerReceived(PAIR, several[1:-1] + b"\x09")]


def test_a_meter_that_sends_everything_twice_is_read_right(stream):
    """Also the marker's answer comes twice; it is left out, and a while later as well."""
    values = [SEVEN, EIGHT, EIGHT, SEVEN, SEVEN, EIGHT]
    waiting = []
    for answer in values:
        request = stream.ask(READ)
        waiting += [answer, answer]
        events = []
        while not events:
            assert waiting, request
            events = stream.receive(waiting.pop(0))
            waiting += [NAME, NAME] * len(stream.sent())
        assert events == [AnswerReceived(PAIR, unsigned(answer[-1]))]
    assert stream.connection.error is None


def test_the_marker_itself_can_be_read(stream):
    own = type(READ)(VariableName(0xFA00))
    for marked in (False, True):
        assert stream.answered(NAME, transfer=own) == ([] if marked else [AnswerReceived(PAIR, NAME[3:])])
    assert stream.receive(NAME) == [AnswerReceived(PAIR, NAME[3:])]


@pytest.mark.parametrize(("true", "expected"), [(DENIED, DataAccessError), (BUSY, ExceptionReceived)])
def test_a_copy_is_no_success_of_the_next_write(stream, true, expected):
    stream.answered(WRITTEN, transfer=WRITE)
    assert stream.answered(WRITTEN, transfer=WRITE) == []
    sent_marker(stream)
    assert stream.receive(true) == []
    assert failed(stream.receive(NAME)) is expected


@pytest.mark.parametrize("marked", [NAME, NO_SUCH_NAME])
def test_two_successes_of_two_writes_are_two(stream, marked):
    """Whatever the marker's answer is: a write-response it is not."""
    stream.answered(WRITTEN, transfer=WRITE)
    assert stream.answered(WRITTEN, transfer=WRITE) == []
    assert stream.receive(marked) == [AnswerReceived(PAIR, b"")]


@pytest.mark.parametrize("error", [BUSY, REFUSED])
@pytest.mark.parametrize(("transfer", "true"), [(READ, SEVEN), (WRITE, WRITTEN), (CALL, SEVEN)])
def test_a_copy_of_an_error_ends_nothing_by_short_names(stream, error, transfer, true):
    stream.answered(error, transfer=READ)
    assert stream.answered(error, transfer=transfer) == []
    sent_marker(stream)
    assert stream.receive(true) == []
    (event,) = stream.receive(NAME)
    assert isinstance(event, AnswerReceived)


@pytest.mark.parametrize(("error", "expected"), [(BUSY, ExceptionReceived), (REFUSED, ConfirmedServiceErrorReceived)])
def test_two_equal_errors_are_two(stream, numbered, error, expected):
    stream.answered(error, transfer=READ)
    assert stream.answered(error, transfer=WRITE) == []
    assert failed(stream.receive(NAME)) is expected
    numbered.answered(error, transfer=SET)
    assert numbered.answered(error, transfer=SET) == []
    (request,) = numbered.sent()
    assert failed(numbered.receive(value(unsigned(0), request[2] & 15))) is expected


@pytest.mark.parametrize(("transfer", "response"), [(SET, "C501{:02X}00"), (ActionOne(RESET), "C701{:02X}0000")])
def test_a_copy_of_an_error_does_not_end_what_writes(numbered, transfer, response):
    numbered.answered(BUSY)
    invoke = numbered.ask(transfer)[2] & 15
    assert numbered.receive(BUSY) == []
    (request,) = numbered.sent()
    assert request[0] == 0xC0
    (event,) = numbered.receive(bytes.fromhex(response.format(invoke)))
    assert isinstance(event, AnswerReceived)
    assert Leniency.ANSWERS_TWICE in numbered.connection.leniencies(PAIR)
    assert numbered.receive(value(unsigned(0), request[2] & 15)) == []
    assert numbered.connection.error is None


def test_a_get_with_an_equal_error_costs_no_marker(numbered):
    """Its own answer has its number: nothing else can be taken for it."""
    for _ in range(2):
        assert failed(numbered.answered(BUSY)) is ExceptionReceived
    assert numbered.sent() == []


def test_an_answer_to_something_else_is_no_marker(numbered):
    numbered.answered(BUSY)
    invoke = numbered.ask(SET)[2] & 15
    numbered.receive(BUSY)
    numbered.sent()
    assert numbered.receive(value(unsigned(0), (invoke + 5) % 16)) == []
    assert failed(numbered.receive(value(unsigned(0), (invoke + 1) % 16))) is ExceptionReceived


def test_a_second_error_may_be_the_markers(numbered):
    numbered.answered(BUSY)
    numbered.ask(SET)
    assert numbered.receive(BUSY, REFUSED) == []
    assert numbered.connection.next_call == numbered.now + LATE_WITHIN
    assert failed(after_a_while(numbered)) is OutcomeUnknown


def test_where_nothing_can_be_read_the_outcome_is_unknown():
    context = bytes.fromhex("60857405080102")
    response = aare(initiate(conformance=Conformance.WRITE, vaa_name=0xFA00), application_context_name=context)
    house = House(SHORT, response, WrapperFraming())
    house.answered(WRITTEN, transfer=WRITE)
    house.ask(WRITE)
    assert house.receive(WRITTEN) == []
    assert house.sent() == []
    assert failed(after_a_while(house)) is OutcomeUnknown


# -- a marker that is refused, or not answered


def after_a_while(house):
    house.now = house.connection.next_call
    house.connection.call(house.now)
    return events_of(house.connection)


def test_where_the_marker_is_refused_a_while_decides(stream):
    stream.answered(SEVEN, transfer=READ)
    assert stream.answered(SEVEN, transfer=READ) == []
    assert stream.receive(NO_SUCH_NAME) == []
    assert after_a_while(stream) == [AnswerReceived(PAIR, unsigned(7))]
    assert stream.connection.next_call is None
    sent_marker(stream)
    stream.answered(EIGHT, transfer=READ)
    assert stream.answered(EIGHT, transfer=READ) == []
    assert stream.receive(SEVEN, NO_SUCH_NAME) == []
    assert stream.receive(NO_SUCH_NAME) == []
    stream.connection.call(stream.now)  # nothing is due
    assert events_of(stream.connection) == []


def test_where_the_marker_is_refused_a_copy_is_left_out_all_the_same(stream):
    stream.answered(SEVEN, transfer=READ)
    assert stream.answered(SEVEN, transfer=READ) == []
    assert stream.receive(EIGHT, NO_SUCH_NAME) == []
    assert after_a_while(stream) == [AnswerReceived(PAIR, unsigned(8))]


def test_a_refusal_that_the_marker_gets_as_well_is_one(stream):
    stream.answered(NO_SUCH_NAME, transfer=READ)
    assert stream.answered(NO_SUCH_NAME, transfer=READ) == []
    assert failed(stream.receive(NO_SUCH_NAME)) is DataAccessError


@pytest.mark.parametrize("transfer", [WRITE, CALL])
def test_what_writes_is_unknown_where_only_a_while_could_tell(stream, transfer):
    answer = WRITTEN if transfer is WRITE else SEVEN
    stream.answered(answer, transfer=transfer)
    stream.ask(transfer)
    assert stream.receive(answer, BUSY) == []
    assert failed(after_a_while(stream)) is OutcomeUnknown


def test_a_meter_that_is_silent_about_the_marker_is_believed_and_not_asked_for_it_again(stream):
    stream.answered(SEVEN, transfer=READ)
    assert stream.answered(SEVEN, transfer=READ) == []
    sent_marker(stream)
    assert stream.connection.try_again(PAIR)
    assert events_of(stream.connection) == [AnswerReceived(PAIR, unsigned(7))]
    assert not stream.connection.try_again(PAIR)
    assert stream.answered(SEVEN, transfer=READ) == []
    assert stream.sent() == []
    assert after_a_while(stream) == [AnswerReceived(PAIR, unsigned(7))]


# -- where nothing tells any more


def test_two_answers_that_differ_end_the_connection(stream):
    stream.answered(SEVEN, transfer=READ)
    stream.ask(READ)
    events = stream.receive(SEVEN, EIGHT, bytes.fromhex("0C01000600000009"), NAME)
    assert [type(event) for event in events] == [AssociationLost, ConnectionEnded]
    assert isinstance(stream.connection.error, UnexpectedApdu)


def test_answers_without_end_end_the_connection(stream):
    stream.answered(SEVEN, transfer=READ)
    stream.ask(READ)
    stream.receive(*[SEVEN] * 20)
    assert isinstance(stream.connection.error, UnexpectedApdu)


@pytest.mark.parametrize("unasked", [EIGHT, WRITTEN, BUSY, REFUSED])
def test_an_answer_while_nothing_is_asked_ends_the_connection_by_short_names(stream, unasked):
    stream.answered(SEVEN, transfer=READ)
    stream.receive(unasked)
    assert isinstance(stream.connection.error, UnexpectedApdu)
    assert "order" in str(stream.connection.error)


def test_a_copy_while_nothing_is_asked_is_left_out(stream, numbered):
    for house, answer, transfer in ((stream, SEVEN, READ), (numbered, BUSY, SET)):
        house.answered(answer, transfer=transfer)
        for _ in range(4):
            assert house.receive(answer) == []
        assert house.connection.error is None
        assert (house.connection.counters.late_apdus, house.connection.counters.stray_apdus) == (4, 0)
        assert Leniency.ANSWERS_TWICE in house.connection.leniencies(PAIR)


def test_where_answers_have_numbers_another_error_is_stray(numbered):
    numbered.answered(BUSY)
    numbered.receive(REFUSED)
    assert (numbered.connection.error, numbered.connection.counters.stray_apdus) == (None, 1)


def test_a_copy_of_another_service_is_left_out(stream):
    stream.answered(WRITTEN, transfer=WRITE)
    assert stream.answered(WRITTEN, transfer=READ) == []
    assert stream.connection.counters.late_apdus == 1
    assert stream.receive(SEVEN) == [AnswerReceived(PAIR, unsigned(7))]


def test_what_is_no_answer_is_taken_as_ever(stream):
    stream.answered(SEVEN, transfer=READ)
    stream.ask(READ)
    stream.receive(SEVEN, RLRE)
    assert stream.connection.error is not None


def test_blocks_have_numbers(stream):
    """The first block of one answer is like that of another; the last one is in doubt if it is the only one."""
    first, last = bytes.fromhex("0C0102000001030100") + b"\x06", bytes.fromhex("0C010201000204") + bytes(4)
    for _ in range(2):
        assert [type(event) for event in stream.answered(first, transfer=READ)] == [BlockReceived]
        stream.sent()
        events = stream.receive(last)
        if not events:
            events = stream.receive(NAME)
        assert events == [AnswerReceived(PAIR, bytes(5).replace(b"\0", b"\x06", 1))]
    assert stream.connection.error is None


# -- under protection


class Protected:
    """A ciphered association by short names, over a stream."""

    def __init__(self):
        self.meter = LoneShortMeter(LONE_NONE, granted=bytes.fromhex("1C1F20"))
        self.connection = Connection()
        security = SecuritySettings(
            client_system_title=b"CLI\0\0\0\0\1",
            protection=Protection(0x30),
            global_unicast_encryption_key=Secret(EK),
            authentication_key=Secret(AK),
        )
        parameters = AssociationParameters(referencing=Referencing.SHORT_NAME, security=security)
        material = OpeningMaterial(sending=SendingCounter(1, ceiling=2**32), receiving=ReceivingCounters())
        self.connection.propose(parameters, Opening(parameters, material))
        self.receive(*self.replies())
        assert self.connection.is_open(PAIR)

    def replies(self):
        return self.meter.replies(decode_wpdu(self.connection.data_to_send()).apdu)

    def receive(self, *apdus):
        self.connection.receive_data(b"".join(map(answer_of, apdus)))
        return events_of(self.connection)

    def answered(self, answer, transfer, *more):
        self.meter.answer_get = lambda request: [answer]
        self.connection.request(PAIR, transfer)
        (reply,) = self.replies()
        return self.receive(*more, reply), reply


def test_protected_answers_are_told_apart_by_their_counters():
    house = Protected()
    copies = []
    for answer, transfer, octets in [(SEVEN, READ, unsigned(7)), (WRITTEN, WRITE, b"")] * 3:
        events, reply = house.answered(answer, transfer, *copies)
        copies = [reply]
        assert events == [AnswerReceived(PAIR, octets)]
        assert house.connection.data_to_send() == b"", "no marker is asked for"
    assert house.connection.counters.forged_apdus == 5


@pytest.mark.parametrize("error", [BUSY, REFUSED])
def test_errors_are_not_protected_and_so_in_doubt_also_there(error):
    house = Protected()
    (event,), _ = house.answered(error, READ)
    assert isinstance(event, RequestFailed)
    events, _ = house.answered(EIGHT, READ, error)
    assert events == []
    house.meter.answer_get = lambda request: [NAME] if request == MARKER else []
    assert house.receive(*house.replies()) == [AnswerReceived(PAIR, unsigned(8))]


def test_it_is_the_part_of_an_association_that_decides():
    assert issubclass(AssociationState, AssociationDoubts)
