"""One association: invoke-ids, and what a protected one does with what the meter says unasked."""

from collections import deque

import pytest

from custom_components.cosem.dlms.apdu.acse import Mechanism
from custom_components.cosem.dlms.apdu.initiate import Conformance
from custom_components.cosem.dlms.encoding.data import NULL
from custom_components.cosem.dlms.errors import (
    AuthenticationTagInvalid,
    DecodeError,
    InvocationCounterReplayed,
    LocalProtocolError,
    SecurityDowngrade,
    WrongAddress,
)
from custom_components.cosem.dlms.limits import Limits
from custom_components.cosem.dlms.protocol.association_state import AssociationState
from custom_components.cosem.dlms.protocol.connection import Connection
from custom_components.cosem.dlms.protocol.dropped_apdus import DroppedApduLimits
from custom_components.cosem.dlms.protocol.events import (
    AnswerReceived,
    Associated,
    AssociationRefused,
    ChallengeAnswered,
    NotificationReceived,
    NotificationRefused,
    RequestFailed,
)
from custom_components.cosem.dlms.protocol.leniencies import Leniency
from custom_components.cosem.dlms.protocol.notification_senders import NotificationSenders
from custom_components.cosem.dlms.protocol.opening import Opening, OpeningMaterial
from custom_components.cosem.dlms.protocol.proposal import AssociationParameters
from custom_components.cosem.dlms.protocol.states import State
from custom_components.cosem.dlms.protocol.transfer.get import GetList, GetOne
from custom_components.cosem.dlms.protocol.transfer.set import SetOne
from custom_components.cosem.dlms.security.counters import ReceivingCounters, SendingCounter
from custom_components.cosem.dlms.security.keys import Secret
from custom_components.cosem.dlms.security.notification_keys import NotificationKeys
from custom_components.cosem.dlms.security.settings import SecuritySettings
from custom_components.cosem.dlms.security.suite import Protection
from tests.dlms.lone_meter import AK, EK, NONE, TITLE, LoneMeter, sized
from tests.dlms.scripted import (
    BUSY,
    CLOCK,
    ENERGY,
    GRANTED,
    PAIR,
    PARAMETERS,
    RLRE,
    aare,
    access_error,
    answer,
    associate,
    associated,
    block,
    events_of,
    initiate,
    sent_by,
    unsigned,
    value,
)

CLIENT = bytes.fromhex("4D4D4D0000000001")
EVENT = bytes.fromhex("C200 0001 0000616200FF 02 0600000004")
DATA = bytes.fromhex("0F000000010011 07")
REPORT = bytes.fromhex("18 00 01 FA00 1107")


class Protected:
    """A connection with one ciphered association to a meter that shares no code with the stack."""

    def __init__(self, *, level=0x30, framing=None, known=(), **meter):
        self.meter = LoneMeter(NONE, level=level, **meter)
        self.connection = Connection(framing, senders=NotificationSenders(known))
        security = SecuritySettings(
            client_system_title=CLIENT,
            protection=Protection(level),
            global_unicast_encryption_key=Secret(EK),
            authentication_key=Secret(AK),
        )
        parameters = AssociationParameters(security=security)
        self.sending = SendingCounter(1, ceiling=2**32)
        material = OpeningMaterial(sending=self.sending, receiving=ReceivingCounters())
        self.connection.propose(parameters, Opening(parameters, material))
        self.receive(*self.meter.replies(*sent_by(self.connection)))
        assert self.connection.is_open(PAIR)

    def receive(self, *apdus):
        self.connection.receive_data(b"".join(map(answer, apdus)))
        return events_of(self.connection)

    def sealed(self, tag, plain, **changes):
        """A glo- APDU of the meter, or with tag DB a general-glo- one."""
        content = sized(self.meter.sealed(plain, **changes))
        return bytes([tag]) + (sized(TITLE) if tag == 0xDB else b"") + content

    def still_answers(self):
        self.connection.request(PAIR, GetOne(ENERGY))
        (event,) = self.receive(*self.meter.replies(*sent_by(self.connection)))
        return event == AnswerReceived(PAIR, unsigned(7))


# -- notifications in a protected association


@pytest.mark.parametrize(
    ("tag", "plain"),
    [(0xCA, EVENT), (0x38, REPORT), (0xDB, EVENT), (0xDB, DATA), (0xDB, REPORT)],
    ids=["glo-event", "glo-report", "general event", "general data", "general report"],
)
def test_a_protected_notification_comes_out_in_plain_with_the_title_of_its_sender(tag, plain):
    """It is opened once: whoever opened its octets again would find its invocation counter used up."""
    house = Protected()
    assert house.receive(house.sealed(tag, plain)) == [NotificationReceived(PAIR, plain, True, TITLE, True)]
    assert house.still_answers()


def test_s23_a_plain_notification_in_a_protected_association_is_marked():
    house = Protected()
    assert house.receive(EVENT) == [NotificationReceived(PAIR, EVENT, False, None)]
    assert house.still_answers()


def test_s17_what_is_encrypted_only_is_not_authenticated():
    house = Protected(level=0x20)
    assert house.receive(house.sealed(0xCA, EVENT)) == [NotificationReceived(PAIR, EVENT, False, None, True)]


def test_f39_a_repeated_notification_is_dropped():
    house = Protected()
    octets = house.sealed(0xCA, EVENT)
    assert len(house.receive(octets)) == 1
    assert house.receive(octets) == []
    assert isinstance(house.connection.dropped_answer(PAIR), InvocationCounterReplayed)
    assert house.still_answers()


def test_f38_a_forged_notification_moves_no_counter():
    house = Protected()
    octets = house.sealed(0xCA, EVENT, counter=0xFFFF_0000)
    assert house.receive(octets[:-1] + bytes([octets[-1] ^ 1])) == []
    assert isinstance(house.connection.dropped_answer(PAIR), AuthenticationTagInvalid)
    assert house.still_answers()


# -- general block transfer in a protected association

BLOCK = bytes.fromhex("E0C00001000003C401C1")


def test_a_general_block_in_a_protected_association_is_no_downgrade():
    """A protected APDU is cut as a whole, so its blocks are plain; they are put together before anything is opened."""
    house = Protected()
    assert house.receive(BLOCK) == []
    assert house.connection.counters.refused_blocks == 1
    assert house.still_answers()


def test_a_block_that_was_protected_by_itself_is_no_answer():
    house = Protected()
    assert house.receive(house.sealed(0xDB, BLOCK)) == []
    assert house.connection.counters.refused_blocks == 1
    assert house.still_answers()


def test_f40_a_plain_answer_in_a_protected_association_is_still_a_downgrade():
    house = Protected()
    house.connection.request(PAIR, GetOne(ENERGY))
    house.receive(value(unsigned(7)))
    assert isinstance(house.connection.error, SecurityDowngrade)


# -- invoke-ids


def test_invoke_id_starts_at_1_and_wraps_behind_15():
    connection = associated()
    ids = []
    for _ in range(18):
        connection.request(PAIR, GetOne(CLOCK))
        (apdu,) = sent_by(connection)
        ids.append(apdu[2] & 0x0F)
        connection.receive_data(answer(value(unsigned(7), invoke_id=ids[-1])))
    assert ids == [*range(1, 16), 0, 1, 2]


def test_a_request_that_is_refused_here_uses_no_invoke_id_up():
    connection = associated()
    with pytest.raises(LocalProtocolError):
        connection.request(PAIR, GetList([(CLOCK, None)] * 200))
    connection.request(PAIR, GetOne(CLOCK))
    (apdu,) = sent_by(connection)
    assert apdu[2] == 0xC1


# -- what is tolerated


def asked(connection):
    associate(connection)
    connection.request(PAIR, GetOne(ENERGY))


def released(connection):
    associate(connection)
    connection.release(PAIR)


def writing(connection):
    associate(connection, response=initiate(conformance=GRANTED | Conformance.SET))
    connection.request(PAIR, SetOne(CLOCK, NULL))


SURPLUS = [
    pytest.param(lambda connection: connection.propose(PARAMETERS), aare(), State.ASSOCIATED, id="AARE"),
    pytest.param(asked, access_error(3), State.ASSOCIATED, id="data-access-result"),
    pytest.param(asked, block(1, b"\x06\x00"), State.AWAITING_BLOCK, id="block"),
    pytest.param(asked, BUSY, State.ASSOCIATED, id="exception-response"),
    pytest.param(asked, bytes.fromhex("0E010500"), State.ASSOCIATED, id="ConfirmedServiceError"),
    pytest.param(writing, bytes.fromhex("C501C100"), State.ASSOCIATED, id="set-response"),
    pytest.param(released, RLRE, State.IDLE, id="RLRE"),
]


@pytest.mark.parametrize(("prepare", "apdu", "after"), SURPLUS)
@pytest.mark.parametrize("octet", [b"\x00", b"\xff"])
def test_trial_08_one_octet_too_many_behind_a_whole_apdu_is_tolerated_and_told(prepare, apdu, after, octet):
    outcomes = []
    for surplus in (b"", octet):
        connection = Connection()
        prepare(connection)
        outcomes.append(receive(connection, apdu + surplus))
        assert connection.state(PAIR) is after
        assert connection.leniencies(PAIR) == ({Leniency.SURPLUS_OCTET} if surplus else frozenset())
    assert list(map(str, outcomes[0])) == list(map(str, outcomes[1]))


@pytest.mark.parametrize(("prepare", "apdu", "after"), SURPLUS)
def test_trial_08_two_octets_too_many_end_the_connection(prepare, apdu, after):
    connection = Connection()
    prepare(connection)
    receive(connection, apdu + b"\x00\x00")
    assert isinstance(connection.error, DecodeError)
    assert connection.leniencies(PAIR) == frozenset()


def test_trial_08_what_is_broken_otherwise_is_not_taken_for_a_surplus_octet():
    connection = Connection()
    asked(connection)
    receive(connection, block(1, b"\x06\x00")[:-1])
    assert isinstance(connection.error, DecodeError)


def test_trial_08_a_refusal_of_what_changes_something_stays_one_with_an_octet_too_many():
    connection = Connection()
    writing(connection)
    (failed,) = receive(connection, bytes.fromhex("C501C10300"))
    assert isinstance(failed, RequestFailed)
    assert failed.error.result == 3


def test_trial_08_nothing_follows_the_envelope_of_a_protected_answer():
    house = Protected()
    house.connection.request(PAIR, GetOne(ENERGY))
    house.receive(house.sealed(0xCC, access_error(3)) + b"\x00")
    assert isinstance(house.connection.error, DecodeError)
    assert house.connection.leniencies(PAIR) == frozenset()


def test_trial_08_blocks_numbered_from_0_are_told():
    connection = Connection()
    asked(connection)
    receive(connection, block(0, unsigned(7)[:2]))
    assert connection.leniencies(PAIR) == {Leniency.BLOCKS_FROM_0}
    assert AnswerReceived(PAIR, unsigned(7)) in receive(connection, block(1, unsigned(7)[2:], last=True))
    assert connection.leniencies(PAIR) == {Leniency.BLOCKS_FROM_0}


# -- what is remembered, and for how long


def receive(connection, *apdus):
    connection.receive_data(b"".join(map(answer, apdus)))
    return events_of(connection)


STRAY = value(unsigned(9), invoke_id=9)


def good_aare(connection):
    connection.propose(PARAMETERS)
    return lambda: receive(connection, aare())


def good_block(connection):
    associate(connection)
    connection.request(PAIR, GetOne(ENERGY))
    return lambda: receive(connection, block(1, b"\x06\x00"))


def good_failure(connection):
    associate(connection)
    connection.request(PAIR, GetOne(ENERGY))
    return lambda: receive(connection, access_error(3))


def good_error(connection):
    associate(connection)
    connection.request(PAIR, GetOne(ENERGY))
    return lambda: receive(connection, BUSY)


def good_release(connection):
    associate(connection)
    connection.release(PAIR)
    return lambda: receive(connection, RLRE)


@pytest.mark.parametrize("prepare", [good_aare, good_block, good_failure, good_error, good_release])
def test_s22_whatever_was_expected_lets_the_count_of_stray_apdus_start_again(prepare):
    connection = Connection(limits=Limits(dropped_apdus=3))
    good = prepare(connection)
    receive(connection, STRAY, STRAY)
    assert len(good()) == 1
    receive(connection, STRAY, STRAY)
    assert connection.error is None
    receive(connection, STRAY)
    assert isinstance(connection.error, WrongAddress)
    assert connection.counters.stray_apdus == 5


@pytest.mark.parametrize("apdu", [value(unsigned(7)), bytes.fromhex("C701C10000"), BUSY], ids=bytes.hex)
def test_what_answers_nothing_is_counted_and_changes_nothing(apdu):
    connection = associated()
    assert receive(connection, apdu) == []
    assert connection.counters.stray_apdus == 1
    assert connection.is_open(PAIR)


def test_an_aare_that_is_too_late_and_an_rlre_that_is_too_early_are_counted():
    connection = associated()
    connection.release(PAIR)
    assert receive(connection, aare()) == []
    assert (connection.counters.late_apdus, connection.state(PAIR)) == (1, State.RELEASING)
    connection = Connection()
    connection.propose(PARAMETERS)
    assert receive(connection, RLRE) == []
    assert (connection.counters.stray_apdus, connection.state(PAIR)) == (1, State.ASSOCIATING)


@pytest.mark.parametrize("apdu", ["C701", "C701C1", "C401C1", "C709C10000"])
def test_m09_a_stray_answer_that_is_none_ends_the_connection(apdu):
    connection = associated()
    receive(connection, bytes.fromhex(apdu))
    assert isinstance(connection.error, DecodeError)


def test_the_same_answer_again_is_stray():
    connection = associated()
    connection.request(PAIR, GetOne(ENERGY))
    assert receive(connection, value(unsigned(7)), value(unsigned(8))) == [AnswerReceived(PAIR, unsigned(7))]
    assert connection.counters.stray_apdus == 1


def test_a_new_proposal_knows_nothing_of_the_association_before():
    house = Protected()
    octets = house.sealed(0xCA, EVENT)
    house.receive(octets, octets)
    assert house.connection.dropped_answer(PAIR) is not None
    house.connection.release(PAIR)
    house.connection.stop_waiting_for_release(PAIR)
    sent_by(house.connection)
    events_of(house.connection)
    house.connection.propose(PARAMETERS)
    assert house.connection.dropped_answer(PAIR) is None
    (refused,) = house.receive(aare(None, result=1, diagnostic=13))
    assert isinstance(refused, AssociationRefused)
    assert [apdu[0] for apdu in sent_by(house.connection)] == [0x60]  # and no RLRQ for one that never was


def test_before_a_proposal_nothing_is_known():
    sent = []
    state = AssociationState(
        Opening(PARAMETERS), Limits(), deque(), DroppedApduLimits(Limits()), lambda *each: sent.append(each)
    )
    assert (state.state, state.negotiated, state.forgery) == (State.IDLE, None, None)
    assert (state.parameters, state.pair) == (PARAMETERS, PAIR)
    assert not state.is_open
    assert not state.is_waiting
    assert sent == []


class Proving:
    """A connection that awaits the proof of a meter with HLS-GMAC."""

    def __init__(self, receiving):
        self.meter = LoneMeter()
        self.connection = Connection()
        security = SecuritySettings(
            client_system_title=CLIENT, global_unicast_encryption_key=Secret(EK), authentication_key=Secret(AK)
        )
        parameters = AssociationParameters(mechanism=Mechanism.HLS_GMAC, security=security)
        sending = SendingCounter(1, ceiling=2**32)
        material = OpeningMaterial(challenge=bytes(range(16)), sending=sending, receiving=receiving)
        self.opening = Opening(parameters, material)
        self.connection.propose(parameters, self.opening)
        self.connection.receive_data(b"".join(map(answer, self.meter.replies(*sent_by(self.connection)))))
        (event,) = events_of(self.connection)
        assert isinstance(event, ChallengeAnswered)

    def prove(self):
        (proof,) = sent_by(self.connection)
        self.connection.receive_data(b"".join(map(answer, self.meter.replies(proof))))
        return events_of(self.connection)


def test_s07_the_counter_of_a_meter_that_proved_itself_is_the_one_remembered():
    receiving = ReceivingCounters()
    receiving.of(TITLE).commit(0xFF00_0000)
    house = Proving(receiving)
    assert receiving.of(TITLE).last == 0xFF00_0000
    (event,) = house.prove()
    assert isinstance(event, Associated)
    assert receiving.of(TITLE).last == house.meter.counter - 1


def test_s06_two_associations_with_one_meter_share_its_counter():
    """An answer recorded in one is a replay in the other: else a register of one logical device shows another's."""
    receiving = ReceivingCounters()
    first, second = Proving(receiving), Proving(receiving)
    first.prove()
    second.meter.counter = first.meter.counter
    second.prove()
    shared = receiving.of(TITLE)
    assert first.opening.protection.receiving.counter is shared
    assert second.opening.protection.receiving.counter is shared
    assert shared.last == second.meter.counter - 1


def test_s24_a_recorded_notification_comes_back_in_no_later_association_whose_counter_begins_anew():
    """And not at a listener: what an association took is a replay there, too."""
    receiving = ReceivingCounters()

    def sealed(house, counter):
        return b"\xca" + sized(house.meter.sealed(EVENT, counter=counter))

    first = Proving(receiving)
    first.prove()
    recorded = sealed(first, 0x7000_0000)
    assert receive(first.connection, recorded) == [NotificationReceived(PAIR, EVENT, True, TITLE, True)]
    second = Proving(receiving)
    second.prove()
    assert receiving.of(TITLE).last == second.meter.counter - 1 < 0x7000_0000
    (refused,) = receive(second.connection, recorded)
    assert isinstance(refused, NotificationRefused)
    assert isinstance(refused.error, InvocationCounterReplayed)
    keys = NotificationKeys(second.opening.parameters.security, receiving)
    with pytest.raises(InvocationCounterReplayed):
        keys.unprotect(recorded, TITLE)
    (event,) = receive(second.connection, sealed(second, 0x7000_0001))
    assert isinstance(event, NotificationReceived)


def test_a_title_that_proved_nothing_is_not_remembered():
    receiving = ReceivingCounters()
    Proving(receiving)
    assert receiving.known(TITLE) is None


def test_a_meter_whose_proof_is_wrong_is_told_that_we_leave():
    receiving = ReceivingCounters()
    receiving.of(TITLE).commit(0xFF00_0000)
    house = Proving(receiving)
    house.meter.change_proof = lambda proof: proof[:-1] + bytes([proof[-1] ^ 1])
    (event,) = house.prove()
    assert isinstance(event, AssociationRefused)
    assert len(sent_by(house.connection)) == 1
    assert receiving.of(TITLE).last == 0xFF00_0000
    refused = Proving(ReceivingCounters())
    refused.meter.change_proof = lambda _: None
    (event,) = refused.prove()
    assert isinstance(event, AssociationRefused)
    assert [apdu[0] for apdu in sent_by(refused.connection)] == [0x62]


def test_a_meter_that_accepts_and_then_refuses_is_told_that_we_leave():
    house = Proving(ReceivingCounters())
    sent_by(house.connection)
    (event,) = receive(house.connection, aare(None, result=1, diagnostic=13))
    assert isinstance(event, AssociationRefused)
    assert [apdu[0] for apdu in sent_by(house.connection)] == [0x62]
