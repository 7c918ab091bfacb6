"""Keys of one meter for what it sends unasked. The sender's octets are made by hand (lone_meter)."""

from dataclasses import replace

from cryptography.hazmat.primitives.keywrap import aes_key_wrap
import pytest

from custom_components.cosem.dlms.errors import (
    AuthenticationTagInvalid,
    DecodeError,
    InvocationCounterReplayed,
    LocalProtocolError,
    SecurityDowngrade,
    SecurityError,
    SystemTitleMismatch,
    UnexpectedApdu,
)
from custom_components.cosem.dlms.security.counters import ReceivingCounter, ReceivingCounters
from custom_components.cosem.dlms.security.keys import Secret
from custom_components.cosem.dlms.security.notification_keys import NotificationKeys, told_title
from custom_components.cosem.dlms.security.receiving import Unprotected
from custom_components.cosem.dlms.security.settings import Envelope, KeyInfoKind, Protection, SecuritySettings
from tests.dlms.lone_meter import AK, EK, MASTER, TITLE, seal, sized

EVENT = bytes.fromhex("C20000010000600100FF02 1107")
OTHER_TITLE = bytes.fromhex("4D4D4D0000000002")
SETTINGS = SecuritySettings(
    client_system_title=bytes.fromhex("4D4D4D0000000001"),
    server_system_title=TITLE,
    global_unicast_encryption_key=Secret(EK),
    authentication_key=Secret(AK),
)


def content(counter, plain=EVENT, *, control=0x30, title=TITLE, header=b"", key=EK):
    return sized(bytes([control]) + counter.to_bytes(4, "big") + seal(key, AK, control, title, counter, plain, header))


def general_glo(counter, plain=EVENT, *, title=TITLE, **changes):
    return b"\xdb" + sized(title) + content(counter, plain, title=title, **changes)


def general_ciphering(counter, *, recipient=SETTINGS.client_system_title, key_info=b"\x00", title=TITLE, key=EK):
    header = sized(b"\x07" * 8) + sized(title) + sized(recipient) + b"\x00\x00"
    return b"\xdd" + header + key_info + content(counter, header=header, title=title, key=key)


def keys(counters=None, **changes):
    return NotificationKeys(replace(SETTINGS, **changes), counters or ReceivingCounters())


@pytest.mark.parametrize(
    "apdu",
    [b"\xca" + content(5), general_glo(5), general_ciphering(5), general_ciphering(5, key_info=b"\x01\x00\x00")],
    ids=["glo", "general-glo", "general-ciphering", "general-ciphering, identified key"],
)
def test_every_envelope_of_the_global_key_is_opened_whatever_the_associations_use(apdu):
    opened = keys().unprotect(apdu, told_title(apdu))
    assert opened == Unprotected(EVENT, True, TITLE, True)
    agreed = keys(envelope=Envelope.GENERAL_CIPHERING, key_info=KeyInfoKind.WRAPPED, master_key=Secret(MASTER))
    assert agreed.unprotect(apdu, told_title(apdu)) == opened


def test_s06_s24_what_was_accepted_in_an_association_is_a_replay_and_the_reverse():
    counters = ReceivingCounters({TITLE: 7})
    mine = keys(counters)
    with pytest.raises(InvocationCounterReplayed):
        mine.unprotect(general_glo(7), TITLE)
    mine.unprotect(general_glo(8), TITLE)
    assert counters.last()[TITLE] == 8
    with pytest.raises(InvocationCounterReplayed):
        mine.unprotect(b"\xca" + content(8), None)
    with pytest.raises(InvocationCounterReplayed):
        mine.unprotect(general_ciphering(8), TITLE)


def began_anew(counters, value=2):
    """What a meter proved in an association: it lost its counter, or counts notifications apart."""
    fresh = ReceivingCounter()
    fresh.commit(value)
    counters.proved(TITLE, fresh)


def test_s07_an_association_that_begins_anew_lets_no_old_notification_in():
    counters = ReceivingCounters({TITLE: 1000})
    mine = keys(counters)
    with pytest.raises(InvocationCounterReplayed):
        mine.unprotect(general_glo(1000), TITLE)
    mine.unprotect(general_glo(1001), TITLE)
    for _ in range(2):
        began_anew(counters)
        assert counters.last()[TITLE] == 2
        for recorded in (3, 1000, 1001):
            with pytest.raises(InvocationCounterReplayed):
                mine.unprotect(general_glo(recorded), TITLE)
    assert mine.unprotect(general_glo(1002), TITLE).authenticated
    began_anew(counters)
    stored = keys(ReceivingCounters(counters.last()))
    with pytest.raises(InvocationCounterReplayed):
        stored.unprotect(general_glo(1002), TITLE)
    assert stored.unprotect(general_glo(1003), TITLE).authenticated


def test_s07_only_a_person_lets_a_meter_count_its_notifications_anew():
    counters = ReceivingCounters()
    keys(counters).unprotect(general_glo(1001), TITLE)
    counters.forget()
    assert counters.last() == {}
    assert keys(counters).unprotect(general_glo(3), TITLE).authenticated
    assert counters.last()[TITLE] == 3


def test_a_meter_whose_associations_count_higher_has_one_mark_for_both():
    counters = ReceivingCounters()
    mine = keys(counters)
    mine.unprotect(general_glo(5), TITLE)
    began_anew(counters, 9)
    with pytest.raises(InvocationCounterReplayed):
        mine.unprotect(general_glo(9), TITLE)
    assert mine.unprotect(general_glo(10), TITLE).authenticated


def glo(counter, **changes):
    """Without a title."""
    return b"\xca" + content(counter, **changes)


def test_what_tells_no_title_is_from_a_sender_that_proved_its_own_before():
    counters = ReceivingCounters()
    known = keys(counters, server_system_title=None)
    with pytest.raises(SystemTitleMismatch):
        known.unprotect(glo(5), None)
    for title in (OTHER_TITLE, TITLE):
        known.unprotect(general_glo(100, title=title), title)
    assert known.unprotect(glo(101), None) == Unprotected(EVENT, True, TITLE, True)
    assert known.unprotect(glo(101, title=OTHER_TITLE), None).system_title == OTHER_TITLE
    for refused in (glo(101), glo(102, title=bytes(8)), glo(102)[:-1] + b"\0"):
        with pytest.raises(SystemTitleMismatch):
            known.unprotect(refused, None)
    assert {counters.last()[title] for title in (TITLE, OTHER_TITLE)} == {101}


def test_without_a_tag_no_title_is_tried():
    known = keys(ReceivingCounters({TITLE: 1}), server_system_title=None, protection=Protection.ENCRYPTED)
    with pytest.raises(SystemTitleMismatch):
        known.unprotect(glo(5, control=0x20), None)


def test_s06_a_forged_notification_moves_no_counter_and_leaves_nothing_behind():
    counters = ReceivingCounters()
    forged = bytearray(general_glo(5))
    forged[-1] ^= 1
    with pytest.raises(AuthenticationTagInvalid):
        keys(counters, server_system_title=None).unprotect(bytes(forged), TITLE)
    assert counters.known(TITLE) is None


@pytest.mark.parametrize("control", [0x10, 0x20, 0x31, 0x70, 0xB0], ids=hex)
def test_s11_other_protection_than_agreed_is_a_downgrade(control):
    with pytest.raises((SecurityDowngrade, DecodeError)):
        keys().unprotect(general_glo(5, control=control), TITLE)


def test_s17_without_authentication_nobody_is_named_and_nothing_is_counted():
    counters = ReceivingCounters()
    opened = keys(counters, protection=Protection.ENCRYPTED).unprotect(general_glo(5, control=0x20), TITLE)
    assert opened == Unprotected(EVENT, False, None, True)
    assert counters.last() == {}


@pytest.mark.parametrize(
    "apdu", [b"\xd2" + content(0), b"\xdc" + sized(TITLE) + content(0)], ids=["ded", "general-ded"]
)
def test_a_dedicated_key_belongs_to_an_association(apdu):
    with pytest.raises(SecurityDowngrade, match="dedicated"):
        keys().unprotect(apdu, None)


WRAPPING = {"envelope": Envelope.GENERAL_CIPHERING, "key_info": KeyInfoKind.WRAPPED, "master_key": Secret(MASTER)}
ONCE = bytes(range(0x60, 0x70))


def wrapped(number=0, key=ONCE):
    key_info = b"\x01\x01\x00" + sized(aes_key_wrap(MASTER, key))
    return general_ciphering(number, key_info=key_info, key=key)


def test_s06_under_a_key_for_one_message_no_counter_tells_an_old_one_and_that_is_said():
    counters = ReceivingCounters({TITLE: 7})
    for mine in (keys(counters, **WRAPPING), keys(counters, master_key=Secret(MASTER))):
        opened = mine.unprotect(wrapped(), TITLE)
        assert opened == Unprotected(EVENT, True, TITLE, True, may_be_old=True)
        assert mine.unprotect(wrapped(), TITLE) == opened
    assert counters.last() == {TITLE: 7}


def test_a_key_for_one_message_that_is_not_wrapped_by_us_opens_nothing():
    forged = bytearray(wrapped())
    forged[-1] ^= 1
    with pytest.raises(AuthenticationTagInvalid):
        keys(**WRAPPING).unprotect(bytes(forged), TITLE)
    with pytest.raises(SecurityError):
        keys(**WRAPPING | {"master_key": Secret(EK)}).unprotect(wrapped(), TITLE)


AGREED = (b"\x01\x02" + sized(b"\x01") + sized(b"\x11" * 128), b"\x01\x02" + sized(b"\x02") + sized(b""))


@pytest.mark.parametrize("key_info", [b"\x01\x01\x00" + sized(b"\x11" * 24), *AGREED], ids=["wrapped", "1", "2"])
def test_without_what_opens_its_kind_of_key_it_is_a_downgrade(key_info):
    with pytest.raises(SecurityDowngrade, match="another kind of key"):
        keys().unprotect(general_ciphering(5, key_info=key_info), TITLE)


def signed(inside):
    return b"\xdf" + sized(b"\x01" * 8) + sized(TITLE) + b"\0\0\0" + sized(inside) + sized(b"\1" * 64)


def test_a_signature_that_we_cannot_verify_adds_nothing_to_the_tag_inside():
    mine = keys()
    assert mine.unprotect(signed(general_glo(5)), TITLE) == Unprotected(EVENT, True, TITLE, True)
    assert mine.unprotect(signed(general_ciphering(6)), TITLE).authenticated
    with pytest.raises(InvocationCounterReplayed):
        mine.unprotect(signed(general_glo(6)), TITLE)
    assert mine.unprotect(signed(EVENT), TITLE) == Unprotected(EVENT)
    for inside in (b"", signed(general_glo(7))):
        with pytest.raises(SecurityDowngrade):
            mine.unprotect(signed(inside), TITLE)


def test_s13_of_another_meter_nothing_is_taken():
    with pytest.raises(SystemTitleMismatch):
        keys().unprotect(general_glo(5, title=OTHER_TITLE), OTHER_TITLE)
    with pytest.raises(SystemTitleMismatch):
        keys().unprotect(general_ciphering(5, recipient=OTHER_TITLE), TITLE)


def test_without_a_pinned_title_every_meter_with_these_keys_is_read():
    mine = keys(server_system_title=None)
    assert mine.unprotect(general_glo(5), TITLE).system_title == TITLE
    assert mine.unprotect(general_glo(5, title=OTHER_TITLE), OTHER_TITLE).system_title == OTHER_TITLE
    with pytest.raises(SystemTitleMismatch, match="title is not known"):
        keys(server_system_title=None).unprotect(b"\xca" + content(6), None)


def test_prepared_ciphers_of_senders_are_bounded():
    mine = keys(server_system_title=None)
    for number in range(70):
        title = b"ABC" + number.to_bytes(5, "big")
        assert mine.unprotect(general_glo(5, title=title), title).system_title == title
        assert mine.unprotect(general_glo(6, title=title), title).system_title == title
    assert len(mine._contexts) == 64


def test_settings_that_protect_nothing_are_no_keys():
    with pytest.raises(LocalProtocolError):
        keys(protection=Protection.NONE)


def test_the_title_is_told_by_general_envelopes_only():
    assert told_title(general_glo(5)) == told_title(general_ciphering(5)) == TITLE
    assert told_title(signed(EVENT)) == TITLE
    assert told_title(b"\xdc" + sized(TITLE) + content(0)) == TITLE
    assert told_title(b"\xca" + content(5)) is None
    assert told_title(b"\xdb\x00" + content(5)) is None
    for broken in (b"\xdb", b"\xdb\x08" + TITLE, b"\xdb\xff"):
        with pytest.raises((DecodeError, UnexpectedApdu)):
            told_title(broken)


def test_the_second_notification_of_a_sender_prepares_nothing():
    """A check by count, not by time: contexts are made once for a sender and envelope."""
    mine = keys()
    made = []
    mine._context = lambda *arguments, usual=mine._context: made.append(arguments) or usual(*arguments)
    for counter in range(1, 6):
        mine.unprotect(general_glo(counter), TITLE)
    assert len(made) == 1


@pytest.mark.parametrize(("control", "is_encrypted"), [(0x10, False), (0x30, True)])
def test_what_is_protected_more_than_agreed_says_so(control: int, is_encrypted: bool):
    opened = keys(protection=Protection.AUTHENTICATED).unprotect(general_glo(5, control=control), TITLE)
    assert (opened.authenticated, opened.encrypted) == (True, is_encrypted)
