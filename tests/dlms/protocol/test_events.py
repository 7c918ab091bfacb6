from dataclasses import FrozenInstanceError, fields
from typing import get_args

import pytest

from custom_components.cosem.dlms.protocol import events
from tests.dlms.scripted import PAIR


def test_events_are_frozen():
    event = events.Released(PAIR)
    with pytest.raises(FrozenInstanceError):
        event.pair = None  # type: ignore[misc]


def test_s29_events_show_no_octets():
    kinds = get_args(events.Event.__value__)
    assert len(kinds) == 12
    octets = {
        f"{kind.__name__}.{each.name}": each.repr
        for kind in kinds
        for each in fields(kind)
        if "bytes" in str(each.type)
    }
    assert octets == dict.fromkeys(
        (
            "AnswerReceived.octets",
            "NotificationReceived.plain_apdu",
            "NotificationReceived.system_title",
            "NotificationRefused.apdu",
        ),
        False,
    )


def test_s29_notification_shows_neither_its_apdu_nor_its_sender():
    event = events.NotificationReceived(PAIR, b"\x0f" * 9, authenticated=True, system_title=b"SIM12345")
    assert repr(event) == f"NotificationReceived(pair={PAIR!r}, authenticated=True, encrypted=False, may_be_old=False)"


def test_s23_nobody_is_named_as_the_sender_of_a_notification_unless_somebody_proved_it():
    event = events.NotificationReceived(PAIR, b"x")
    assert (event.authenticated, event.system_title) == (False, None)
