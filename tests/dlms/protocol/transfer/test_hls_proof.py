"""Passes 3 and 4 with the published exchange; what each mechanism computes is in security/test_hls.py."""

import pytest

from custom_components.cosem.dlms.apdu.common import InvokeIdAndPriority
from custom_components.cosem.dlms.errors import (
    AssociationRejected,
    DecodeError,
    InvocationCounterExhausted,
    PeerNotAuthenticated,
)
from custom_components.cosem.dlms.limits import DEFAULT_LIMITS
from custom_components.cosem.dlms.protocol.transfer import Complete, Failed
from custom_components.cosem.dlms.protocol.transfer.hls_proof import HlsProof
from custom_components.cosem.dlms.security.counters import SendingCounter
from tests.dlms.protocol.test_opening import PLAIN_GMAC, gmac, steps

AARE, PASS_3, PASS_4 = steps(PLAIN_GMAC)[1:]
FIRST = InvokeIdAndPriority(1)


def proof(counter=1, ceiling=2**32):
    opening = gmac(PLAIN_GMAC)
    opening.accept(AARE)
    made = opening.proof()
    return HlsProof(made._credentials, made._challenges, SendingCounter(counter, ceiling=ceiling))


def test_the_published_proofs():
    transfer = proof()
    assert transfer.first(FIRST, DEFAULT_LIMITS) == PASS_3
    assert transfer.receive(PASS_4) == Complete(b"")


def test_a_proof_is_not_repeated():
    assert not proof().may_be_repeated


def test_a_proof_needs_no_service_and_an_error_instead_tells_of_no_lost_association():
    assert not proof().needs
    assert not proof().unknown_means_lost
    assert proof().awaited == "answer to reply_to_HLS_authentication"


def test_s01_a_proof_takes_a_value_of_the_counter():
    transfer = proof()
    assert transfer.first(FIRST, DEFAULT_LIMITS) != transfer.first(FIRST, DEFAULT_LIMITS)
    assert transfer._counter.next_value == 3


def test_s05_nothing_is_proved_without_a_counter():
    transfer = proof(counter=1, ceiling=1)
    with pytest.raises(InvocationCounterExhausted):
        transfer.first(FIRST, DEFAULT_LIMITS)


def test_s22_an_answer_to_another_invoke_id_or_before_our_proof_belongs_to_nothing():
    transfer = proof()
    assert transfer.receive(PASS_4) is None
    transfer.first(FIRST, DEFAULT_LIMITS)
    assert transfer.receive(PASS_4[:2] + b"\xc2" + PASS_4[3:]) is None
    assert transfer.receive(PASS_4) == Complete(b"")


@pytest.mark.parametrize(
    ("octets", "error"),
    [
        ("C701C10000", PeerNotAuthenticated),  # nothing returned
        ("C701C100010011FF", PeerNotAuthenticated),  # something else returned
        (PASS_4[:6].hex() + "0A" + PASS_4[7:].hex(), PeerNotAuthenticated),  # the proof, but as a text
        ("C701C101", None),  # truncated
        ("C701C10100", AssociationRejected),  # our proof refused: hardware-fault
        ("C701C1000101 03", AssociationRejected),  # a data-access-result returned
        ("C703C1010000", PeerNotAuthenticated),  # a list of results, none of which is a proof
        ("C704C100000001", PeerNotAuthenticated),  # the next block of something
    ],
)
def test_s19_what_is_no_proof(octets, error):
    transfer = proof()
    transfer.first(FIRST, DEFAULT_LIMITS)
    if error is None:
        with pytest.raises(DecodeError):
            transfer.receive(bytes.fromhex(octets))
        return
    outcome = transfer.receive(bytes.fromhex(octets))
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, error)


def test_s19_a_time_is_not_even_a_wrong_proof():
    transfer = proof()
    transfer.first(FIRST, DEFAULT_LIMITS)
    outcome = transfer.receive(PASS_4[:6] + b"\x19" + bytes(12))
    assert isinstance(outcome, Failed)
    assert "missing" in str(outcome.error)


@pytest.mark.parametrize("position", range(8, 25))
def test_s19_one_wrong_octet_of_the_proof(position):
    altered = bytearray(PASS_4)
    altered[position] ^= 0x01
    transfer = proof()
    transfer.first(FIRST, DEFAULT_LIMITS)
    outcome = transfer.receive(bytes(altered))
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, PeerNotAuthenticated)


def test_m05_an_octet_behind_the_proof_is_an_error():
    transfer = proof()
    transfer.first(FIRST, DEFAULT_LIMITS)
    with pytest.raises(DecodeError):
        transfer.receive(PASS_4 + b"\x00")
