"""Where messages go behind the framing. The whole way is in test_connection.py."""

from collections import deque

import pytest

from custom_components.cosem.dlms.errors import DecodeError
from custom_components.cosem.dlms.limits import DEFAULT_LIMITS
from custom_components.cosem.dlms.protocol.dropped_apdus import DroppedApduLimits
from custom_components.cosem.dlms.protocol.events import Event, NotificationReceived
from custom_components.cosem.dlms.protocol.framing import Empty, Message
from custom_components.cosem.dlms.protocol.incoming import Incoming
from custom_components.cosem.dlms.protocol.notification_senders import NotificationSenders
from custom_components.cosem.dlms.protocol.proposal import WportPair

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
