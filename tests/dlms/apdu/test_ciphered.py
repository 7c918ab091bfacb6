"""Envelopes of protected APDUs."""

import pytest

from custom_components.cosem.dlms.apdu import decode_apdu, encode_apdu
from custom_components.cosem.dlms.apdu.ciphered import (
    DEDICATED_TAGS,
    GLOBAL_TAGS,
    AgreedKey,
    CipheredContent,
    GeneralCiphering,
    GeneralDedCiphering,
    GeneralGloCiphering,
    GeneralHeader,
    GeneralSigning,
    IdentifiedKey,
    KeyInfo,
    SecurityControl,
    ServiceCiphered,
    WrappedKey,
    decode_service_ciphered,
)
from custom_components.cosem.dlms.encoding.octets import Reader
from custom_components.cosem.dlms.errors import DecodeError, UnexpectedApdu
from tests.dlms.apdu.samples import check_sample, hexadecimal

TITLE = b"MMMABCDE"
CONTENT = CipheredContent(SecurityControl(0x30), 7, bytes(20))
HEADER = GeneralHeader(b"\x01", TITLE, b"", b"", b"xy")
KEY_INFOS: list[KeyInfo | None] = [
    None,
    IdentifiedKey(1),
    WrappedKey(0, bytes(24)),
    AgreedKey(b"\x01", bytes(128)),
    AgreedKey(b"\x02", b""),
]


@pytest.mark.parametrize("tag", [*GLOBAL_TAGS, *DEDICATED_TAGS])
def test_every_ciphered_service_round_trips(tag: int):
    apdu = ServiceCiphered(tag, CONTENT)
    assert check_sample(encode_apdu(apdu)) == apdu


@pytest.mark.parametrize(
    "apdu",
    [
        GeneralGloCiphering(TITLE, CONTENT),
        GeneralGloCiphering(b"", CONTENT),
        GeneralDedCiphering(TITLE, CONTENT),
        GeneralSigning(HEADER, b"\xc0", bytes(64)),
        *(GeneralCiphering(HEADER, key_info, CONTENT) for key_info in KEY_INFOS),
        GeneralCiphering(HEADER, None, CipheredContent(SecurityControl(0x00), None, b"\xc0")),
    ],
)
def test_general_forms_round_trip(apdu: GeneralCiphering):
    assert check_sample(encode_apdu(apdu)) == apdu


def test_ciphered_tags_follow_the_rule_of_the_standard():
    assert GLOBAL_TAGS[0xCC] == DEDICATED_TAGS[0xD4] == 0xC4
    assert GLOBAL_TAGS[0x21] == 0x01
    assert 0x41 not in DEDICATED_TAGS


def test_security_control_is_taken_apart():
    control = SecurityControl(0xF2)
    assert (control.suite, control.authenticated, control.encrypted) == (2, True, True)
    assert control.broadcast
    assert control.compressed
    assert control.protects
    assert not SecurityControl(0x80).protects


def test_encrypted_without_a_tag_may_be_short():
    assert check_sample(hexadecimal("CC 06 20 00000001 AA")) == ServiceCiphered(
        0xCC, CipheredContent(SecurityControl(0x20), 1, b"\xaa")
    )


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        ("CC 00", "too early"),
        ("CC 01 30", "too early"),
        ("CC 02 30 00000001", "exceed|too short"),
        ("CC 05 30 00000001", "too short"),
        ("CC 10 30 00000001 0102030405060708090A0B", "too short"),
        ("CC 02 00 C4", "protects nothing"),
        ("CC 7F 30", "exceeds"),
        ("DD 00 00 00 00 00 01 03 00", "no choice 03"),
    ],
)
def test_malformed_envelope_is_refused_with_its_reason(octets: str, reason: str):
    with pytest.raises(DecodeError, match=reason):
        decode_apdu(hexadecimal(octets))


def test_contents_cannot_reach_behind_their_length():
    with pytest.raises(DecodeError):
        decode_apdu(hexadecimal("CC 04 30 00000001") + bytes(12))


def test_ciphered_service_is_expected():
    with pytest.raises(UnexpectedApdu):
        decode_service_ciphered(Reader(hexadecimal("C4 00")))
