"""Over a stream, an answer without a number that came just before is not believed before the marker's answer (S22)."""

import pytest

from custom_components.cosem.dlms.apdu.initiate import Conformance
from custom_components.cosem.dlms.apdu.short_name import VariableName
from custom_components.cosem.dlms.errors import (
    ConfirmedServiceErrorReceived,
    DataAccessError,
    ExceptionReceived,
    UnexpectedApdu,
)
from custom_components.cosem.dlms.protocol.association_doubts import AssociationDoubts
from custom_components.cosem.dlms.protocol.association_state import AssociationState
from custom_components.cosem.dlms.protocol.connection import Connection
from custom_components.cosem.dlms.protocol.doubted_answers import MARKER, Marker
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
)

NINE = bytes.fromhex("0C01000600000009")
ONLY_WRITES = aare(
    initiate(conformance=Conformance.WRITE, vaa_name=0xFA00), application_context_name=bytes.fromhex("60857405080102")
)
NAME = bytes.fromhex("0C010009060000280000FF")
NO_SUCH_NAME = bytes.fromhex("0C010104")


@pytest.fixture
def stream():
    """The marker's answer is known."""
    house = House(SHORT, SHORT_AARE, WrapperFraming())
    house.answered(NAME, transfer=Marker())
    return house


@pytest.fixture
def unmarked():
    """The marker is refused."""
    house = House(SHORT, SHORT_AARE, WrapperFraming())
    house.answered(NO_SUCH_NAME, transfer=Marker())
    return house


@pytest.fixture
def numbered():
    services = GRANTED | Conformance.SET | Conformance.ACTION
    return House(response=aare(initiate(conformance=services)), framing=WrapperFraming())


def sent_marker(house):
    (request,) = house.sent()
    assert request == MARKER


def when_quiet(house):
    house.now = house.connection.next_call
    house.connection.call(house.now)
    assert house.connection.next_call is None
    return events_of(house.connection)


def has_ended(house):
    return isinstance(house.connection.error, UnexpectedApdu)


# -- with a marker


def test_a_read_that_is_answered_as_the_one_before_is_believed_when_the_marker_is_answered(stream):
    assert stream.answered(SEVEN, transfer=READ) == [AnswerReceived(PAIR, unsigned(7))]
    stream.now += 1e6
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


def test_the_marker_itself_can_be_read(stream):
    for _ in range(2):
        assert stream.answered(NAME, transfer=Marker()) == [AnswerReceived(PAIR, NAME[3:])]
    stream.answered(SEVEN, transfer=READ)
    assert stream.answered(SEVEN, NAME, NAME, transfer=Marker()) == []
    assert when_quiet(stream) == [AnswerReceived(PAIR, NAME[3:])]


def test_a_copy_of_the_marker_is_left_out_in_front_of_an_answer_and_while_nothing_is_asked(stream):
    assert stream.answered(NAME, NAME, SEVEN, transfer=READ) == [AnswerReceived(PAIR, unsigned(7))]
    assert stream.receive(NAME) == []
    assert stream.answered(NAME, SEVEN, transfer=READ) == []
    sent_marker(stream)
    assert stream.receive(NAME, NAME) == [AnswerReceived(PAIR, unsigned(7))]
    assert stream.answered(NAME, WRITTEN, transfer=WRITE) == [AnswerReceived(PAIR, b"")]
    assert stream.connection.error is None


def test_an_attribute_may_have_the_value_that_the_marker_has(stream):
    assert stream.answered(NAME, transfer=READ) == []
    assert stream.sent() == []
    assert when_quiet(stream) == [AnswerReceived(PAIR, NAME[3:])]
    assert Leniency.ANSWERS_TWICE not in stream.connection.leniencies(PAIR)


def test_the_marker_is_whatever_name_the_meter_has():
    house = House(SHORT, SHORT_AARE, WrapperFraming())
    name = bytes.fromhex("0C01000A06") + b"abcdef"
    for answer, transfer in [(name, Marker()), (SEVEN, READ), (SEVEN, READ)]:
        house.answered(answer, transfer=transfer)
    assert house.receive(name) == [AnswerReceived(PAIR, unsigned(7))]


@pytest.mark.parametrize(("true", "expected"), [(DENIED, DataAccessError), (BUSY, ExceptionReceived)])
def test_a_copy_is_no_success_of_the_next_write(stream, true, expected):
    stream.answered(WRITTEN, transfer=WRITE)
    assert stream.answered(WRITTEN, transfer=WRITE) == []
    sent_marker(stream)
    assert stream.receive(true) == []
    assert failed(stream.receive(NAME)) is expected


def test_two_successes_of_two_writes_are_two(stream):
    stream.answered(WRITTEN, transfer=WRITE)
    assert stream.answered(WRITTEN, transfer=WRITE) == []
    assert stream.receive(NAME) == [AnswerReceived(PAIR, b"")]
    assert Leniency.ANSWERS_TWICE not in stream.connection.leniencies(PAIR)


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
def test_two_equal_errors_are_two(stream, error, expected):
    stream.answered(error, transfer=READ)
    assert stream.answered(error, transfer=WRITE) == []
    assert failed(stream.receive(NAME)) is expected


def test_other_answers_behind_a_write_in_doubt_are_left_out(stream):
    stream.answered(WRITTEN, transfer=WRITE)
    assert stream.answered(WRITTEN, SEVEN, transfer=WRITE) == []
    assert stream.receive(NAME) == [AnswerReceived(PAIR, b"")]


# -- learning it


def test_the_marker_is_wanted_once_as_soon_as_something_may_come_again():
    house = House(SHORT, SHORT_AARE, WrapperFraming())
    assert not house.connection.wants_marker(PAIR)
    house.answered(SEVEN, transfer=READ)
    assert house.connection.wants_marker(PAIR)
    house.answered(BUSY, transfer=Marker())
    assert not house.connection.wants_marker(PAIR)


def test_no_marker_is_wanted_where_it_is_of_no_use(numbered):
    short = House(SHORT, SHORT_AARE)
    numbered.answered(BUSY)
    short.answered(SEVEN, transfer=READ)
    protected = Protected()
    protected.answered(BUSY, READ)
    unreadable = House(SHORT, ONLY_WRITES, WrapperFraming())
    unreadable.answered(WRITTEN, transfer=WRITE)
    for house in (numbered, short, protected, unreadable):
        assert not house.connection.wants_marker(PAIR)
    assert not Connection().wants_marker(PAIR)


def test_a_copy_in_front_of_the_markers_answer_is_not_learned():
    house = House(SHORT, SHORT_AARE, WrapperFraming())
    other = bytes.fromhex("0C010009060100010800FF")
    house.answered(other, transfer=READ)
    assert house.answered(other, other, transfer=Marker()) == []
    when_quiet(house)  # it is silent about the marker
    house.answered(other, transfer=READ)
    assert house.sent() == []
    assert when_quiet(house) == [AnswerReceived(PAIR, other[3:])]


def test_the_markers_answer_behind_a_copy_is_learned():
    house = House(SHORT, SHORT_AARE, WrapperFraming())
    house.answered(SEVEN, transfer=READ)
    assert house.answered(SEVEN, NAME, transfer=Marker()) == []
    assert when_quiet(house) == [AnswerReceived(PAIR, NAME[3:])]
    house.answered(SEVEN, transfer=READ)
    sent_marker(house)


# -- without a marker


def test_without_a_marker_quiet_decides(unmarked):
    unmarked.answered(SEVEN, transfer=READ)
    assert unmarked.answered(SEVEN, transfer=READ) == []
    assert unmarked.sent() == []
    assert unmarked.connection.next_call == unmarked.now + 0.25
    assert when_quiet(unmarked) == [AnswerReceived(PAIR, unsigned(7))]
    assert Leniency.ANSWERS_TWICE not in unmarked.connection.leniencies(PAIR)
    unmarked.connection.call(unmarked.now)  # nothing is due
    assert events_of(unmarked.connection) == []


@pytest.mark.parametrize(("took", "quiet"), [(0.01, 0.25), (0.2, 0.6), (5, 1)])
def test_a_slow_meter_has_longer_to_be_quiet(unmarked, took, quiet):
    unmarked.answered(SEVEN, transfer=READ)
    unmarked.now += 100
    assert unmarked.pause(READ) == 0
    unmarked.ask(READ)
    unmarked.now += took
    unmarked.receive(SEVEN)
    assert unmarked.connection.next_call == pytest.approx(unmarked.now + quiet)


def test_without_a_marker_a_copy_is_left_out_all_the_same(unmarked):
    unmarked.answered(SEVEN, transfer=READ)
    assert unmarked.answered(SEVEN, transfer=READ) == []
    unmarked.now += 0.2
    assert unmarked.receive(EIGHT, EIGHT) == []
    assert unmarked.connection.next_call == pytest.approx(unmarked.now + 0.6)
    assert when_quiet(unmarked) == [AnswerReceived(PAIR, unsigned(8))]
    assert Leniency.ANSWERS_TWICE in unmarked.connection.leniencies(PAIR)


@pytest.mark.parametrize(
    ("answer", "expected"), [(DENIED, DataAccessError), (BUSY, ExceptionReceived), (WRITTEN, None)]
)
def test_equal_outcomes_of_writes_are_told_as_what_they_are(unmarked, answer, expected):
    for _ in range(4):
        events = unmarked.answered(answer, transfer=WRITE) or when_quiet(unmarked)
        assert events == [AnswerReceived(PAIR, b"")] if expected is None else failed(events) is expected
    assert Leniency.ANSWERS_TWICE not in unmarked.connection.leniencies(PAIR)


@pytest.mark.parametrize("transfer", [WRITE, CALL])
def test_what_writes_is_unknown_where_two_answers_differ_and_only_quiet_could_tell(unmarked, transfer):
    answer = WRITTEN if transfer is WRITE else SEVEN
    unmarked.answered(answer, transfer=transfer)
    unmarked.ask(transfer)
    assert unmarked.receive(answer, BUSY) == []
    when_quiet(unmarked)
    assert has_ended(unmarked)


# -- by logical names


@pytest.mark.parametrize(("transfer", "response"), [(SET, "C501{:02X}00"), (ActionOne(RESET), "C701{:02X}0000")])
def test_a_copy_of_an_error_does_not_end_what_writes(numbered, transfer, response):
    numbered.answered(BUSY)
    invoke = numbered.ask(transfer)[2] & 15
    assert numbered.receive(BUSY) == []
    assert numbered.sent() == []
    assert numbered.receive(bytes.fromhex(response.format((invoke + 5) % 16))) == []
    (event,) = numbered.receive(bytes.fromhex(response.format(invoke)))
    assert isinstance(event, AnswerReceived)
    assert numbered.connection.next_call is None
    assert Leniency.ANSWERS_TWICE in numbered.connection.leniencies(PAIR)


@pytest.mark.parametrize(("error", "expected"), [(BUSY, ExceptionReceived), (REFUSED, ConfirmedServiceErrorReceived)])
def test_equal_refusals_of_what_writes_are_believed_after_a_while(numbered, error, expected):
    assert failed(numbered.answered(error, transfer=SET)) is expected
    for transfer in (SET, ActionOne(RESET)):
        assert numbered.answered(error, transfer=transfer) == []
        assert numbered.connection.next_call == numbered.now + LATE_WITHIN
        assert failed(when_quiet(numbered)) is expected
    assert Leniency.ANSWERS_TWICE not in numbered.connection.leniencies(PAIR)


def test_a_get_with_an_equal_error_costs_nothing(numbered):
    """Its own answer has its number: nothing else can be taken for it."""
    for _ in range(2):
        assert failed(numbered.answered(BUSY)) is ExceptionReceived
    assert numbered.connection.next_call is None


def test_where_answers_have_numbers_another_error_is_stray(numbered):
    numbered.answered(BUSY)
    numbered.receive(REFUSED)
    assert (numbered.connection.error, numbered.connection.counters.stray_apdus) == (None, 1)


# -- where nothing tells any more


@pytest.mark.parametrize("answers", [[SEVEN, EIGHT, NINE], [SEVEN, EIGHT, SEVEN]])
def test_answers_in_no_order_of_copies_end_the_connection(stream, answers):
    stream.answered(SEVEN, transfer=READ)
    stream.ask(READ)
    events = stream.receive(*answers, NAME)
    assert [type(event) for event in events] == [AssociationLost, ConnectionEnded]
    assert has_ended(stream)


def test_a_copy_that_is_not_of_the_answer_before_ends_the_connection(stream):
    """A copy that comes behind another answer may as well come behind the one that is asked for."""
    stream.answered(SEVEN, transfer=READ)
    stream.answered(EIGHT, transfer=READ)
    stream.ask(READ)
    stream.receive(SEVEN, NINE, NAME)
    assert has_ended(stream)


def test_answers_without_end_end_the_connection(stream):
    stream.answered(SEVEN, transfer=READ)
    stream.ask(READ)
    stream.receive(*[SEVEN, EIGHT] * 10)
    assert has_ended(stream)


@pytest.mark.parametrize("unasked", [EIGHT, WRITTEN, BUSY, REFUSED])
def test_an_answer_while_nothing_is_asked_ends_the_connection_by_short_names(stream, unasked):
    stream.answered(SEVEN, transfer=READ)
    stream.receive(unasked)
    assert has_ended(stream)
    assert "order" in str(stream.connection.error)


def test_a_copy_while_nothing_is_asked_is_left_out(stream, numbered):
    for house, answer, transfer in ((stream, SEVEN, READ), (numbered, BUSY, SET)):
        house.answered(answer, transfer=transfer)
        for _ in range(4):
            assert house.receive(answer) == []
        assert house.connection.error is None
        assert (house.connection.counters.late_apdus, house.connection.counters.stray_apdus) == (4, 0)
        assert Leniency.ANSWERS_TWICE in house.connection.leniencies(PAIR)


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


# -- meters of many kinds

WANTED = [
    *[(READ, SEVEN), (READ, SEVEN), (READ, EIGHT), (READ, SEVEN), (READ, NO_SUCH_NAME), (READ, NO_SUCH_NAME)],
    *[(WRITE, WRITTEN), (WRITE, WRITTEN), (WRITE, DENIED), (WRITE, BUSY), (READ, BUSY), (WRITE, BUSY), (READ, SEVEN)],
    *[(CALL, SEVEN), (CALL, EIGHT), (READ, NAME), (READ, NAME), (READ, EIGHT)],
]
MARKERS = {
    "standard": NAME,
    "another name": bytes.fromhex("0C01000906") + b"abcdef",
    "null": bytes.fromhex("0C010000"),
    "a number": bytes.fromhex("0C01000600001267"),
    "the register's value": SEVEN,
    "refused": NO_SUCH_NAME,
    "exception": BUSY,
    "service error": REFUSED,
}


class Peer:
    """Answers in order. ``doubled``: which of its answers come twice; ``when``: the copy comes then."""

    def __init__(self, marked, doubled, when):
        self.house = House(SHORT, SHORT_AARE, WrapperFraming())
        self.marked, self.doubled, self.when = marked, doubled, when
        self.count = 0
        self.held = []

    def answers(self, request, true):
        held, self.held = self.held, []
        answer = self.marked if request == MARKER else true
        copies = [answer] * self.doubled(self.count)
        self.count += 1
        if self.when == "at once":
            return [*held, answer, *copies]
        self.held = copies
        return [*held, answer]

    def outcome(self, transfer, true):
        house = self.house
        request = house.ask(transfer)
        events = []
        requests = [request]
        for _ in range(10):
            if events or house.connection.error:
                break
            if requests:
                events += house.receive(*self.answers(requests.pop(0), true))
                requests += house.sent()
            else:
                events += when_quiet(house)
        if self.when == "before the next request" and not house.connection.error:
            held, self.held = self.held, []
            events += house.receive(*held)
        return events

    def learn(self):
        if self.house.connection.wants_marker(PAIR):
            self.outcome(Marker(), self.marked)


def expected_of(transfer, true):
    house = House(SHORT, SHORT_AARE, WrapperFraming())
    return house.answered(true, transfer=transfer)


DOUBLED = {"none": lambda _: False, "all": lambda _: True} | {
    f"number {number}": (lambda count, number=number: count == number) for number in range(20)
}


@pytest.mark.parametrize("when", ["at once", "before the next request", "behind the next request"])
@pytest.mark.parametrize("doubled", DOUBLED)
@pytest.mark.parametrize("marked", MARKERS)
def test_no_meter_makes_a_value_or_an_outcome_a_wrong_one(marked, doubled, when):
    peer = Peer(MARKERS[marked], DOUBLED[doubled], when)
    answered = 0
    for transfer, true in WANTED:
        events = peer.outcome(transfer, true)
        if peer.house.connection.error is not None:
            assert doubled != "none", "an honest meter keeps its connection"
            assert [type(event) for event in events] == [AssociationLost, ConnectionEnded]
            break
        assert str(events) == str(expected_of(transfer, true))
        answered += 1
        peer.learn()
    assert answered >= 2
    if doubled == "none":
        assert Leniency.ANSWERS_TWICE not in peer.house.connection.leniencies(PAIR)
        assert peer.house.now - 1000 <= 0.25 * len(WANTED)


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
    assert events == [AnswerReceived(PAIR, unsigned(8))]
    assert house.connection.data_to_send() == b"", "no marker is asked for"


def test_it_is_the_part_of_an_association_that_decides():
    assert issubclass(AssociationState, AssociationDoubts)
