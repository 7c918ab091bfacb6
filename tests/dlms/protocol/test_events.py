from dataclasses import FrozenInstanceError, fields, is_dataclass

import pytest

from custom_components.cosem.dlms.protocol import events
from tests.dlms.scripted import PAIR


def test_events_are_frozen():
    event = events.Released(PAIR)
    with pytest.raises(FrozenInstanceError):
        event.pair = None  # type: ignore[misc]


def test_events_show_no_octets_of_values():
    for kind in vars(events).values():
        if is_dataclass(kind):
            assert not [each.name for each in fields(kind) if each.type in {bytes, "bytes"} and each.repr]


def test_s23_nobody_is_named_as_the_sender_of_a_notification_unless_somebody_proved_it():
    event = events.NotificationReceived(PAIR, b"x")
    assert (event.authenticated, event.system_title) == (False, None)
