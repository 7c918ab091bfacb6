"""Passes 3 and 4 with short names, octet by octet."""

import hashlib

import pytest

from custom_components.cosem.dlms.apdu.acse import Mechanism
from custom_components.cosem.dlms.apdu.common import InvokeIdAndPriority
from custom_components.cosem.dlms.errors import DecodeError, PeerNotAuthenticated, ProofRefused
from custom_components.cosem.dlms.limits import DEFAULT_LIMITS
from custom_components.cosem.dlms.protocol.proof_form import ShortNameProof
from custom_components.cosem.dlms.protocol.transfer import Complete, Failed
from custom_components.cosem.dlms.protocol.transfer.short_name_proof import (
    REPLY_TO_HLS_AUTHENTICATION,
    ShortNameHlsProof,
)
from custom_components.cosem.dlms.security.hls import Challenges, HlsCredentials
from custom_components.cosem.dlms.security.keys import Secret

SECRET = b"secret"
OURS, THEIRS = bytes(range(16)), bytes(range(16, 32))
OUR_PROOF = hashlib.md5(THEIRS + SECRET).hexdigest().upper()
THEIR_PROOF = hashlib.md5(OURS + SECRET).hexdigest().upper()


def proof(form=ShortNameProof.READ):
    transfer = ShortNameHlsProof(
        HlsCredentials(mechanism=Mechanism.HLS_MD5, secret=Secret(SECRET)),
        Challenges(client_to_server=OURS, server_to_client=THEIRS, client_system_title=b"", server_system_title=b""),
        None,
        form,
    )
    octets = transfer.first(InvokeIdAndPriority(1), DEFAULT_LIMITS)
    return transfer, octets.hex().upper()


@pytest.mark.parametrize(
    ("form", "head", "tags"),
    [
        (ShortNameProof.READ, "050104FA58010910", {0x0C}),
        (ShortNameProof.READ_SELECTOR_0, "050104FA58000910", {0x0C}),
        (ShortNameProof.WRITTEN, "060102FA58010910", {0x0C, 0x0D}),
    ],
)
def test_request(form, head, tags):
    transfer, octets = proof(form)
    assert octets == head + OUR_PROOF
    assert transfer.answers == tags
    assert REPLY_TO_HLS_AUTHENTICATION == 0xFA58
    assert str(transfer) == "reply_to_HLS_authentication"


@pytest.mark.parametrize(
    ("form", "answer"),
    [
        (ShortNameProof.READ, "0C01000910"),
        (ShortNameProof.WRITTEN, "0D01000910"),
        (ShortNameProof.WRITTEN, "0C01000910"),
    ],
)
def test_their_proof_is_verified(form, answer):
    transfer, _ = proof(form)
    assert transfer.receive(bytes.fromhex(answer + THEIR_PROOF)) == Complete(b"")
    outcome = transfer.receive(bytes.fromhex(answer + OUR_PROOF))
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, PeerNotAuthenticated)


@pytest.mark.parametrize("answer", ["0D0100", "0C00", "0C01001101", "0C01020100010100", "0C0200000000"])
def test_without_their_proof_nobody_is_believed(answer):
    transfer, _ = proof(ShortNameProof.WRITTEN)
    outcome = transfer.receive(bytes.fromhex(answer))
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, PeerNotAuthenticated)


@pytest.mark.parametrize(("code", "concerns_object"), [(3, False), (4, True)])
def test_refusal(code, concerns_object):
    transfer, _ = proof()
    outcome = transfer.receive(bytes([0x0C, 1, 1, code]))
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, ProofRefused)
    assert outcome.error.concerns_object is concerns_object


@pytest.mark.parametrize("broken", ["0C", "0C01", "0C010103FF", "0C01000910", "0C01000910" + THEIR_PROOF + "00"])
def test_what_is_no_response_is_no_apdu(broken):
    transfer, _ = proof()
    with pytest.raises(DecodeError):
        transfer.receive(bytes.fromhex(broken))
