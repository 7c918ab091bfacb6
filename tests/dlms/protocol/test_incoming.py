"""Where messages go behind the framing. The whole way is in test_connection.py."""

from collections import deque

import pytest

from custom_components.cosem.dlms.errors import DecodeError, SecurityDowngrade, SystemTitleMismatch
from custom_components.cosem.dlms.limits import DEFAULT_LIMITS
from custom_components.cosem.dlms.protocol.dropped_apdus import DroppedApduLimits
from custom_components.cosem.dlms.protocol.events import (
    AnswerReceived,
    Event,
    NotificationReceived,
    NotificationRefused,
)
from custom_components.cosem.dlms.protocol.framing import Empty, Message
from custom_components.cosem.dlms.protocol.incoming import Incoming
from custom_components.cosem.dlms.protocol.notification_senders import NotificationSenders
from custom_components.cosem.dlms.protocol.proposal import WportPair
from custom_components.cosem.dlms.protocol.transfer.get import GetOne
from tests.dlms.lone_meter import TITLE
from tests.dlms.protocol.test_association_state import Protected
from tests.dlms.scripted import ENERGY, PAIR, sent_by, unsigned
from tests.dlms.security.test_notification_keys import EVENT, general_ciphering, keys

DATA_NOTIFICATION = bytes.fromhex("0F00000001 00 1105")


@pytest.fixture
def events() -> deque[Event]:
    return deque()


@pytest.fixture
def dropped() -> DroppedApduLimits:
    return DroppedApduLimits(DEFAULT_LIMITS)


@pytest.fixture
def incoming(events, dropped) -> Incoming:
    return Incoming({}, events, dropped, DEFAULT_LIMITS, NotificationSenders())


def test_a_notification_needs_no_association(incoming, events):
    incoming.receive(Message(1, 16, DATA_NOTIFICATION))
    assert list(events) == [NotificationReceived(WportPair(1, 16), DATA_NOTIFICATION)]


def test_nothing_waits_without_an_association(incoming):
    assert not incoming.something_waits


def test_an_empty_apdu_is_an_error(incoming):
    with pytest.raises(DecodeError, match="empty"):
        incoming.receive(Message(1, 16, b""))


def test_what_keeps_the_connection_alive_is_no_event(incoming, events):
    incoming.receive(Empty())
    assert not events


def test_an_answer_to_nobody_is_counted(incoming, events, dropped):
    incoming.receive(Message(1, 16, bytes.fromhex("C401C1001105")))
    assert not events
    assert dropped.counters.foreign_wports == 1


# -- what is protected in another way than the association


OTHERWISE = [general_ciphering(5), general_ciphering(5, key_info=b"\x01\x00\x00")]


@pytest.mark.parametrize("push", OTHERWISE, ids=["general-ciphering", "with an identified key"])
def test_a_push_in_another_envelope_than_the_answers_is_opened_with_the_keys_of_its_sender(push):
    house = Protected(known=[keys()])
    assert house.receive(push) == [NotificationReceived(PAIR, EVENT, True, TITLE, True)]
    assert house.still_answers()


def test_such_a_push_may_come_in_front_of_an_answer():
    house = Protected(known=[keys()])
    house.connection.request(PAIR, GetOne(ENERGY))
    answers = house.meter.replies(*sent_by(house.connection))
    assert house.receive(OTHERWISE[0], *answers) == [
        NotificationReceived(PAIR, EVENT, True, TITLE, True),
        AnswerReceived(PAIR, unsigned(7)),
    ]


@pytest.mark.parametrize("waits", [False, True])
def test_a_weaker_event_notification_is_refused_and_the_association_goes_on(waits):
    house = Protected(known=[keys()])
    if waits:
        house.connection.request(PAIR, GetOne(ENERGY))
        answers = house.meter.replies(*sent_by(house.connection))
    push = house.sealed(0xCA, EVENT, control=0x20)
    (refused,) = house.receive(push)
    assert isinstance(refused, NotificationRefused)
    assert (refused.apdu, type(refused.error)) == (push, SecurityDowngrade)
    assert house.connection.counters.unreadable_notifications == 1
    if waits:
        assert house.receive(*answers) == [AnswerReceived(PAIR, unsigned(7))]
    else:
        assert house.still_answers()


def test_what_nobody_waits_for_and_nobody_has_keys_for_is_refused():
    house = Protected()
    (refused,) = house.receive(OTHERWISE[0])
    assert isinstance(refused, NotificationRefused)
    assert isinstance(refused.error, SystemTitleMismatch)
    assert house.still_answers()


def test_s11_what_may_be_an_answer_has_to_be_protected_as_was_agreed_on():
    house = Protected(known=[keys()])
    house.connection.request(PAIR, GetOne(ENERGY))
    house.receive(house.sealed(0xDB, bytes.fromhex("C401C1001105"), control=0x20))
    assert isinstance(house.connection.error, SecurityDowngrade)
