"""A receiving context without an association, as a listener for push uses it; all else is in test_protection.py."""

import pytest

from custom_components.cosem.dlms.apdu import encode_apdu
from custom_components.cosem.dlms.apdu.ciphered import (
    CipheredContent,
    GeneralCiphering,
    GeneralHeader,
    SecurityControl,
)
from custom_components.cosem.dlms.errors import InvocationCounterReplayed, SecurityDowngrade, SystemTitleMismatch
from custom_components.cosem.dlms.security.counters import ReceivingCounter
from custom_components.cosem.dlms.security.keys import Secret
from custom_components.cosem.dlms.security.receiving import ReceivingContext, Unprotected
from custom_components.cosem.dlms.security.settings import Envelope, SecuritySettings
from tests.dlms.lone_meter import AK, EK, TITLE, LoneMeter, sized

DATA = bytes.fromhex("0F00000001001107")
DEDICATED = bytes(range(0x40, 0x50))


def context(counter=None, *, title=TITLE, settings=None, **changes):
    made = SecuritySettings(
        client_system_title=bytes.fromhex("4D4D4D0000000001"),
        server_system_title=title,
        global_unicast_encryption_key=Secret(EK),
        authentication_key=Secret(AK),
        **(settings or {}),
    )
    return ReceivingContext(made, counter or ReceivingCounter(), **changes)


def pushed(meter, tag=0xDB, *, title=TITLE, dedicated=False):
    return bytes([tag]) + sized(title) + sized(meter.sealed(DATA, dedicated=dedicated))


def test_a_push_is_read_without_an_association():
    assert context().unprotect(pushed(LoneMeter())) == Unprotected(DATA, True, TITLE, True)


def test_s06_the_counter_is_the_callers_and_moves_behind_the_tag():
    counter, meter = ReceivingCounter(), LoneMeter()
    octets = pushed(meter)
    context(counter).unprotect(octets)
    assert counter.last == 0x100
    with pytest.raises(InvocationCounterReplayed):
        context(counter).unprotect(octets)


def test_global_and_dedicated_key_count_apart():
    counter, meter = ReceivingCounter(), LoneMeter(dedicated=DEDICATED)
    made = context(counter, dedicated_key=Secret(DEDICATED))
    made.unprotect(pushed(meter))
    assert made.unprotect(pushed(meter, 0xDC, dedicated=True)).apdu == DATA  # its counter is 0
    assert counter.last == 0x100


def test_the_counter_of_the_global_key_can_be_exchanged():
    counter, meter = ReceivingCounter(0x200), LoneMeter()
    made = context()
    made.counter = counter
    assert made.counter is counter
    with pytest.raises(InvocationCounterReplayed):
        made.unprotect(pushed(meter))


def test_s13_a_sender_whose_title_is_not_known_is_not_believed():
    with pytest.raises(SystemTitleMismatch):
        context(title=None).unprotect(pushed(LoneMeter()))


def test_s29_the_octets_are_not_shown():
    assert repr(Unprotected(b"password", True, TITLE)) == "Unprotected(8 octets, authenticated=True)"


def test_s14_a_context_that_cannot_open_general_ciphering_refuses_it():
    settings = {"envelope": Envelope.GENERAL_CIPHERING}
    header = GeneralHeader(b"\x01", TITLE, b"", b"", b"")
    content = CipheredContent(SecurityControl(0x30), 1, bytes(20))
    octets = encode_apdu(GeneralCiphering(header, None, content))
    with pytest.raises(SecurityDowngrade, match="not agreed on"):
        context(settings=settings).unprotect(octets)
