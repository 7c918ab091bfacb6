"""AARQ, AARE, RLRQ, RLRE."""

from dataclasses import fields

import pytest

from custom_components.cosem.dlms.apdu import decode_apdu, encode_apdu
from custom_components.cosem.dlms.apdu.acse import (
    AUTHENTICATION_REQUIREMENT,
    Aare,
    Aarq,
    ApplicationContext,
    AuthenticationForm,
    AuthenticationValue,
    Mechanism,
    ReleaseRequestReason,
    ReleaseResponseReason,
    Rlre,
    Rlrq,
    application_context_from_name,
    application_context_name,
    mechanism_from_name,
    mechanism_name,
)
from custom_components.cosem.dlms.errors import DecodeError
from tests.dlms.apdu.samples import check_sample, hexadecimal

CONTEXT = application_context_name(ApplicationContext.LN)
CONTEXT_FIELD = "A109060760857405080101"
ACCEPTED = "A203020100 A305A103020100"
LLS = AuthenticationValue(AuthenticationForm.CHARSTRING, b"12345678")

WHOLE_AARQ = Aarq(
    application_context_name=CONTEXT,
    protocol_version=b"\x07\x80",
    called_ap_title=b"MMMABCDE",
    called_ae_qualifier=b"\x01",
    called_ap_invocation_id=1,
    called_ae_invocation_id=2,
    calling_ap_title=b"MMMFGHIJ",
    calling_ae_qualifier=bytes(200),
    calling_ap_invocation_id=3,
    calling_ae_invocation_id=255,
    sender_acse_requirements=AUTHENTICATION_REQUIREMENT,
    mechanism_name=mechanism_name(Mechanism.LLS),
    calling_authentication_value=LLS,
    implementation_information=b"x",
    user_information=b"\x01\x02",
)

WHOLE_AARE = Aare(
    application_context_name=CONTEXT,
    result=1,
    result_source=2,
    diagnostic=300,
    protocol_version=b"\x07\x80",
    responding_ap_title=b"MMMABCDE",
    responding_ae_qualifier=bytes(300),
    responding_ap_invocation_id=70_000,
    responding_ae_invocation_id=0,
    responder_acse_requirements=AUTHENTICATION_REQUIREMENT,
    mechanism_name=mechanism_name(Mechanism.HLS_GMAC),
    responding_authentication_value=AuthenticationValue(AuthenticationForm.BITSTRING, b"\xa0", 4),
    implementation_information=b"",
    user_information=b"",
)


def aare(text: str) -> bytes:
    content = hexadecimal(text)
    return bytes([0x61, len(content)]) + content


def aarq(text: str) -> bytes:
    content = hexadecimal(text)
    return bytes([0x60, len(content)]) + content


@pytest.mark.parametrize("apdu", [WHOLE_AARQ, WHOLE_AARE])
def test_every_field_round_trips(apdu: Aarq | Aare):
    assert all(getattr(apdu, field.name) is not None for field in fields(apdu))
    assert check_sample(encode_apdu(apdu)) == apdu


@pytest.mark.parametrize(
    ("apdu", "octets"),
    [
        (Rlrq(), "6200"),
        (Rlre(), "6300"),
        (Rlrq(reason=0), "6203800100"),
        (Rlre(reason=30), "630380011E"),
        (Rlrq(reason=0, user_information=b"\x01"), "6208 800100 BE03040101"),
        (Rlre(user_information=b"\x08"), "6305 BE03040108"),
    ],
)
def test_release_round_trip(apdu: Rlrq | Rlre, octets: str):
    assert check_sample(hexadecimal(octets)) == apdu


def test_names_of_contexts_and_mechanisms_go_both_ways():
    for context in ApplicationContext:
        assert application_context_from_name(application_context_name(context)) is context
    for mechanism in Mechanism:
        assert mechanism_from_name(mechanism_name(mechanism)) is mechanism
    assert mechanism_name(Mechanism.HLS_GMAC) == hexadecimal("60857405080205")


@pytest.mark.parametrize("name", ["60857405080109", "60857405080201", "608574050801", ""])
def test_unknown_context_is_none(name: str):
    assert application_context_from_name(hexadecimal(name)) is None


def test_unknown_mechanism_is_none():
    assert mechanism_from_name(hexadecimal("60857405080208")) is None


def test_rejecting_aare_needs_no_user_information():
    apdu = decode_apdu(aare(CONTEXT_FIELD + "A203020101 A305A10302010D"))
    assert apdu == Aare(application_context_name=CONTEXT, result=1, result_source=1, diagnostic=13)


def test_unknown_context_tags_are_skipped():
    apdu = decode_apdu(aare(CONTEXT_FIELD + ACCEPTED + "BC 03 020105 9B 00"))
    assert apdu == Aare(application_context_name=CONTEXT, result=0, result_source=1, diagnostic=0)


def test_fields_in_another_order_are_accepted():
    assert decode_apdu(aare(ACCEPTED + CONTEXT_FIELD)) == decode_apdu(aare(CONTEXT_FIELD + ACCEPTED))


@pytest.mark.parametrize(("octets", "value"), [("020105", 5), ("0201FF", 255), ("020200FF", 255), ("020400000001", 1)])
def test_numbers_are_never_negative(octets: str, value: int):
    field = hexadecimal(octets)
    apdu = decode_apdu(aarq(CONTEXT_FIELD + f"A9{len(field):02X}" + octets))
    assert isinstance(apdu, Aarq)
    assert apdu.calling_ae_invocation_id == value


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (CONTEXT_FIELD + CONTEXT_FIELD + ACCEPTED, "twice"),
        (CONTEXT_FIELD + ACCEPTED + "04 01 00", "no field tag"),
        (CONTEXT_FIELD + ACCEPTED + "BF 1F 00", "several octets"),
        (CONTEXT_FIELD + ACCEPTED + "BE 80 0000", "not allowed"),
        (CONTEXT_FIELD + ACCEPTED + "BE 03 09 01 00", "04 is expected"),
        (CONTEXT_FIELD + ACCEPTED + "BE 04 04 01 00 00", "too many"),
        (CONTEXT_FIELD + ACCEPTED + "BE 7F 04 01 00", "exceeds"),
        (CONTEXT_FIELD + ACCEPTED + "88 01 07", "no bit-string"),
        (CONTEXT_FIELD + ACCEPTED + "88 02 08 80", "no bit-string"),
        (CONTEXT_FIELD + ACCEPTED + "AA 03 A2 01 00", "unknown form A2"),
        (CONTEXT_FIELD + ACCEPTED + "AA 03 81 01 08", "8 unused bits"),
        (CONTEXT_FIELD + ACCEPTED + "AA 04 80 01 00 00", "too many"),
        (CONTEXT_FIELD + "A203020100 A305A303020100", "unknown source A3"),
        (CONTEXT_FIELD + "A203020100 A306A10302010000", "too many"),
        (CONTEXT_FIELD + "A2020200 A305A103020100", "number of 0 octets"),
        (CONTEXT_FIELD + "A20702050000000000 A305A103020100", "number of 5 octets"),
        (CONTEXT_FIELD + "A203020100", "result-source-diagnostic is missing"),
        (CONTEXT_FIELD + "A305A103020100", "result is missing"),
        (ACCEPTED, "application-context-name is missing"),
    ],
)
def test_malformed_aare_is_refused_with_its_reason(text: str, reason: str):
    with pytest.raises(DecodeError, match=reason):
        decode_apdu(aare(text))


def test_aarq_needs_a_context_name():
    with pytest.raises(DecodeError, match="application-context-name is missing"):
        decode_apdu(aarq("BE03040101"))


def test_password_is_not_in_the_repr_of_an_aarq():
    """Rule S29."""
    text = repr(WHOLE_AARQ)
    assert "12345678" not in text
    assert b"12345678".hex() not in text
    assert "8 octets" in text
    assert "12345678" not in repr(LLS)
    assert "12345678" not in str(LLS)
    assert "12345678" not in f"{LLS!s:>40} {WHOLE_AARQ}"


def test_repr_of_an_aarq_without_anything_says_so():
    text = repr(Aarq(application_context_name=CONTEXT))
    assert "mechanism_name=None" in text
    assert "user_information=none" in text


def test_reasons_of_a_release_are_named():
    assert [reason.standard_name for reason in ReleaseRequestReason] == ["normal", "urgent", "user-defined"]
    assert [reason.standard_name for reason in ReleaseResponseReason] == ["normal", "not-finished", "user-defined"]
    assert [reason.value for reason in ReleaseRequestReason] == [reason.value for reason in ReleaseResponseReason]
    assert [reason.value for reason in ReleaseRequestReason] == [0, 1, 30]
