"""One association: invoke-ids, and what a protected one does with what the meter says unasked."""

import pytest

from custom_components.cosem.dlms.errors import (
    AuthenticationTagInvalid,
    InvocationCounterReplayed,
    LocalProtocolError,
    SecurityDowngrade,
)
from custom_components.cosem.dlms.protocol.connection import Connection
from custom_components.cosem.dlms.protocol.events import AnswerReceived, NotificationReceived
from custom_components.cosem.dlms.protocol.opening import Opening, OpeningMaterial
from custom_components.cosem.dlms.protocol.proposal import AssociationParameters
from custom_components.cosem.dlms.protocol.transfer.get import GetList, GetOne
from custom_components.cosem.dlms.security.counters import ReceivingCounters, SendingCounter
from custom_components.cosem.dlms.security.keys import Secret
from custom_components.cosem.dlms.security.settings import SecuritySettings
from custom_components.cosem.dlms.security.suite import Protection
from tests.dlms.lone_meter import AK, EK, NONE, TITLE, LoneMeter, sized
from tests.dlms.scripted import CLOCK, ENERGY, PAIR, answer, associated, events_of, sent_by, unsigned, value

CLIENT = bytes.fromhex("4D4D4D0000000001")
EVENT = bytes.fromhex("C200 0001 0000616200FF 02 0600000004")
DATA = bytes.fromhex("0F000000010011 07")
REPORT = bytes.fromhex("18 00 01 FA00 1107")


class Protected:
    """A connection with one ciphered association to a meter that shares no code with the stack."""

    def __init__(self, *, level=0x30):
        self.meter = LoneMeter(NONE, level=level)
        self.connection = Connection()
        security = SecuritySettings(
            client_system_title=CLIENT,
            protection=Protection(level),
            global_unicast_encryption_key=Secret(EK),
            authentication_key=Secret(AK),
        )
        parameters = AssociationParameters(security=security)
        material = OpeningMaterial(sending=SendingCounter(1, ceiling=2**32), receiving=ReceivingCounters())
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
    assert house.receive(house.sealed(tag, plain)) == [NotificationReceived(PAIR, plain, True, TITLE)]
    assert house.still_answers()


def test_s23_a_plain_notification_in_a_protected_association_is_marked():
    house = Protected()
    assert house.receive(EVENT) == [NotificationReceived(PAIR, EVENT, False, None)]
    assert house.still_answers()


def test_s17_what_is_encrypted_only_is_not_authenticated():
    house = Protected(level=0x20)
    assert house.receive(house.sealed(0xCA, EVENT)) == [NotificationReceived(PAIR, EVENT, False, None)]


def test_f39_a_repeated_notification_is_dropped():
    house = Protected()
    octets = house.sealed(0xCA, EVENT)
    assert len(house.receive(octets)) == 1
    assert house.receive(octets) == []
    assert isinstance(house.connection.forgery(PAIR), InvocationCounterReplayed)
    assert house.still_answers()


def test_f38_a_forged_notification_moves_no_counter():
    house = Protected()
    octets = house.sealed(0xCA, EVENT, counter=0xFFFF_0000)
    assert house.receive(octets[:-1] + bytes([octets[-1] ^ 1])) == []
    assert isinstance(house.connection.forgery(PAIR), AuthenticationTagInvalid)
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
