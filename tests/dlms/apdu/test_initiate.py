"""InitiateRequest and InitiateResponse."""

from dataclasses import replace

import pytest

from custom_components.cosem.dlms.apdu import decode_apdu, encode_apdu
from custom_components.cosem.dlms.apdu.initiate import (
    DEFAULT_PROPOSED_CONFORMANCE,
    Conformance,
    InitiateRequest,
    InitiateResponse,
)
from custom_components.cosem.dlms.errors import DecodeError
from tests.dlms.apdu.samples import check_sample, hexadecimal

REQUEST = InitiateRequest(conformance=Conformance(0x007E1F), client_max_receive_pdu_size=1200)
RESPONSE = InitiateResponse(conformance=Conformance.GET, server_max_receive_pdu_size=500)


def test_default_proposal_is_what_most_clients_send():
    assert DEFAULT_PROPOSED_CONFORMANCE == 0x207E5F
    assert encode_apdu(REQUEST) == hexadecimal("01 00 00 00 06 5F1F0400 007E1F 04B0")


@pytest.mark.parametrize(
    "request_",
    [
        REQUEST,
        replace(REQUEST, dedicated_key=bytes(16)),
        replace(REQUEST, response_allowed=False),
        replace(REQUEST, quality_of_service=0),
        replace(REQUEST, quality_of_service=-1, dlms_version=5, client_max_receive_pdu_size=0),
    ],
)
def test_request_round_trip(request_: InitiateRequest):
    assert check_sample(encode_apdu(request_)) == request_


@pytest.mark.parametrize(
    "response",
    [RESPONSE, replace(RESPONSE, quality_of_service=0), replace(RESPONSE, vaa_name=0xFA00, dlms_version=7)],
)
def test_response_round_trip(response: InitiateResponse):
    assert check_sample(encode_apdu(response)) == response


@pytest.mark.parametrize(("octets", "allowed"), [("00", True), ("01 00", False), ("01 FF", True), ("01 01", True)])
def test_response_allowed_is_true_by_default(octets: str, allowed: bool):
    apdu = decode_apdu(hexadecimal(f"01 00 {octets} 00 06 5F1F0400 007E1F 04B0"))
    assert isinstance(apdu, InitiateRequest)
    assert apdu.response_allowed is allowed


def test_leniency_short_conformance_tag():
    lenient = decode_apdu(hexadecimal("08 00 06 5F0400 00501F 01F4 0007"))
    usual = hexadecimal("08 00 06 5F1F0400 00501F 01F4 0007")
    assert lenient == decode_apdu(usual)
    assert encode_apdu(lenient) == usual


def test_leniency_long_length_of_the_conformance_block():
    usual = hexadecimal("08 00 06 5F1F0400 00501F 01F4 0007")
    assert decode_apdu(hexadecimal("08 00 06 5F1F810400 00501F 01F4 0007")) == decode_apdu(usual)


@pytest.mark.parametrize("unused", range(8))
def test_leniency_unused_bits_of_the_conformance_block_are_all_there(unused):
    decoded = decode_apdu(hexadecimal(f"08 00 06 5F1F040{unused} 00501F 01F4 0007"))
    assert decoded.conformance == 0x00501F


@pytest.mark.parametrize("octets", ["5E1F0400", "5F1F0500", "5F1F0408", "5F1E0400", "5F1F810500"])
def test_conformance_block_in_another_form_is_refused(octets: str):
    with pytest.raises(DecodeError, match="conformance"):
        decode_apdu(hexadecimal(f"08 00 06 {octets} 00501F 01F4 0007"))


def test_dedicated_key_is_not_in_the_repr():
    assert "5a5a" not in repr(replace(REQUEST, dedicated_key=b"ZZZZZZZZZZZZZZZZ"))
    assert "ZZZZ" not in repr(replace(REQUEST, dedicated_key=b"ZZZZZZZZZZZZZZZZ"))


def test_names_of_bits_are_the_standards_from_bit_0_on():
    assert Conformance(0x400001).standard_names == ["general-protection", "action"]
    assert Conformance(0x002010).standard_names == ["attribute0-supported-with-get", "get"]
    assert Conformance(0).standard_names == []


def test_reserved_bits_are_kept_and_named():
    apdu = decode_apdu(hexadecimal("08 00 06 5F1F0400 FFFFFF 01F4 0007"))
    assert isinstance(apdu, InitiateResponse)
    assert apdu.conformance == 0xFFFFFF
    names = apdu.conformance.standard_names
    assert len(names) == 24
    assert names[0] == "reserved-zero"
    assert names[7] == "reserved-seven"
