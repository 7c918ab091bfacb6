"""Which meter's keys open a notification."""

from dataclasses import replace

import pytest

from custom_components.cosem.dlms.errors import (
    AuthenticationTagInvalid,
    DecodeError,
    InvocationCounterReplayed,
    SecurityDowngrade,
    SecurityError,
    SystemTitleMismatch,
)
from custom_components.cosem.dlms.protocol.notification_senders import NotificationSenders
from custom_components.cosem.dlms.security.counters import ReceivingCounters
from custom_components.cosem.dlms.security.keys import Secret
from custom_components.cosem.dlms.security.notification_keys import NotificationKeys
from custom_components.cosem.dlms.security.receiving import Unprotected
from tests.dlms.lone_meter import TITLE
from tests.dlms.security.test_notification_keys import EVENT, OTHER_TITLE, SETTINGS, content, general_glo, signed

OTHER_KEY = bytes(range(0x30, 0x40))


def keys(title=TITLE, key=None, last=None, **changes):
    changes |= {} if key is None else {"global_unicast_encryption_key": Secret(key)}
    settings = replace(SETTINGS, server_system_title=title, **changes)
    return NotificationKeys(settings, ReceivingCounters(None if last is None else {title: last}))


def test_the_title_tells_whose_keys_are_tried():
    senders = NotificationSenders([keys(OTHER_TITLE, OTHER_KEY), keys()])
    assert senders.unprotect(general_glo(5)).system_title == TITLE
    other = general_glo(5, title=OTHER_TITLE, key=OTHER_KEY)
    assert senders.unprotect(other).system_title == OTHER_TITLE


def test_without_a_title_the_tag_tells():
    senders = NotificationSenders([keys(OTHER_TITLE, OTHER_KEY, last=900), keys()])
    assert senders.unprotect(b"\xca" + content(5)).system_title == TITLE
    other = b"\xca" + content(901, title=OTHER_TITLE, key=OTHER_KEY)
    assert senders.unprotect(other).system_title == OTHER_TITLE


def test_a_replay_is_said_to_be_one_whoever_else_was_tried():
    senders = NotificationSenders([keys(OTHER_TITLE, OTHER_KEY), keys(last=5)])
    with pytest.raises(InvocationCounterReplayed):
        senders.unprotect(b"\xca" + content(5))


def test_a_tag_that_fits_nobody_is_forged():
    with pytest.raises(AuthenticationTagInvalid):
        NotificationSenders([keys(key=OTHER_KEY), keys(None, OTHER_KEY)]).unprotect(general_glo(5))


def test_of_nobody_whom_we_know_the_told_title_is_named():
    for senders in (NotificationSenders(), NotificationSenders([keys(OTHER_TITLE)])):
        with pytest.raises(SystemTitleMismatch) as caught:
            senders.unprotect(general_glo(5))
        assert caught.value.found == TITLE
    with pytest.raises(SystemTitleMismatch) as caught:
        NotificationSenders().unprotect(b"\xca" + content(5))
    assert caught.value.found is None


def test_s11_a_downgrade_is_not_tried_with_the_next_keys():
    with pytest.raises(SecurityDowngrade):
        NotificationSenders([keys(), keys()]).unprotect(general_glo(5, control=0x10))


def test_a_meter_may_come_and_go():
    senders, mine = NotificationSenders(), keys()
    senders.add(mine)
    assert senders.unprotect(general_glo(5)).apdu == EVENT
    senders.remove(mine)
    with pytest.raises(SystemTitleMismatch):
        senders.unprotect(general_glo(6))


def test_what_cannot_be_decoded_is_an_error():
    with pytest.raises(DecodeError):
        NotificationSenders([keys()]).unprotect(b"\xdb\x08")


def test_s23_what_is_only_signed_is_plain_and_anybody_could_have_sent_it():
    for senders in (NotificationSenders(), NotificationSenders([keys()])):
        assert senders.unprotect(signed(EVENT)) == Unprotected(EVENT)
        with pytest.raises(SecurityError):
            senders.unprotect(signed(b"\xc4\x01\xc1\x00\x00"))
