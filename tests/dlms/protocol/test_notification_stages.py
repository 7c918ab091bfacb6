"""Notifications of no association: blocks outside and inside of the protection."""

import pytest

from custom_components.cosem.dlms.errors import AuthenticationTagInvalid, DecodeError, UnexpectedApdu
from custom_components.cosem.dlms.limits import DEFAULT_LIMITS
from custom_components.cosem.dlms.protocol.notification_senders import NotificationSenders
from custom_components.cosem.dlms.protocol.notification_stages import NotificationStages, Taken
from custom_components.cosem.dlms.security.receiving import Unprotected
from tests.dlms.lone_meter import TITLE, sized
from tests.dlms.protocol.test_notification_senders import keys
from tests.dlms.security.test_notification_keys import EVENT, general_glo

GET = bytes.fromhex("C001C100080000010000FF0200")
AUTHENTIC = Taken(Unprotected(EVENT, True, TITLE, True))


@pytest.fixture
def stages():
    return NotificationStages(NotificationSenders([keys()]), DEFAULT_LIMITS)


def blocks(octets, size, *, streaming=False):
    """A push in general blocks: controls 00 .. 80, or 40 .. C0 as some meters have them."""
    parts = [octets[at : at + size] for at in range(0, len(octets), size)]
    low = 0x40 if streaming else 0
    return [
        bytes([0xE0, low | (0x80 if number == len(parts) else 0)]) + number.to_bytes(2, "big") + b"\0\0" + sized(part)
        for number, part in enumerate(parts, 1)
    ]


def test_a_plain_one_passes_as_what_it_is(stages):
    assert stages.receive(EVENT) == Taken(Unprotected(EVENT))


def test_a_protected_one_is_opened(stages):
    assert stages.receive(general_glo(5)) == AUTHENTIC


@pytest.mark.parametrize("streaming", [False, True], ids=["standard", "deviating"])
def test_blocks_are_joined_before_anything_is_opened(stages, streaming):
    *before, last = blocks(general_glo(5), 7, streaming=streaming)
    for block in before:
        assert stages.receive(block) == Taken()
        assert stages.is_joining
    assert stages.receive(last) == AUTHENTIC
    assert not stages.is_joining


def test_blocks_that_are_protected_each_are_joined_behind_it(stages):
    first, second = blocks(EVENT, 9)
    assert stages.receive(general_glo(5, first)) == Taken()
    assert stages.is_joining
    assert stages.receive(general_glo(6, second)) == AUTHENTIC


def test_a_new_block_1_starts_anew(stages):
    stages.receive(blocks(general_glo(5), 7)[0])
    taken = [stages.receive(block) for block in blocks(general_glo(6), 9)]
    assert taken[-1] == AUTHENTIC


def test_a_block_in_the_middle_of_nothing_is_useless(stages):
    assert stages.receive(blocks(EVENT, 9)[1]) == Taken(is_useful=False)
    assert stages.receive(general_glo(5, blocks(EVENT, 9)[1])) == Taken(is_useful=False)


def test_a_forged_one_is_refused_whole(stages):
    forged = general_glo(5)[:-1] + b"\0"
    taken = [stages.receive(block) for block in blocks(forged, 7)]
    assert taken[-1].refused == forged
    assert isinstance(taken[-1].error, AuthenticationTagInvalid)


@pytest.mark.parametrize("apdu", [GET, general_glo(5, GET)], ids=["plain", "protected"])
def test_what_is_no_notification_is_refused(stages, apdu):
    taken = stages.receive(apdu)
    assert isinstance(taken.error, UnexpectedApdu)
    assert taken.refused == apdu


def test_a_broken_block_is_an_error(stages):
    with pytest.raises(DecodeError):
        stages.receive(b"\xe0\x00\x00")
    assert isinstance(stages.receive(general_glo(5, b"\xe0\x00\x00")).error, DecodeError)
