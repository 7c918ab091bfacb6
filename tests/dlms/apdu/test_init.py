"""Which tag is which APDU."""

from typing import get_args

import pytest

from custom_components.cosem.dlms import apdu
from custom_components.cosem.dlms.apdu import (
    APDU_NAMES,
    DECODERS,
    Apdu,
    acse,
    decode_apdu,
    encode_apdu,
    faults,
    read_apdu,
)
from custom_components.cosem.dlms.encoding.octets import Reader
from custom_components.cosem.dlms.errors import DecodeError, DlmsError, UnexpectedApdu
from custom_components.cosem.dlms.limits import Limits

TAGS = {
    0x01: "initiate-request",
    0x05: "read-request",
    0x06: "write-request",
    0x08: "initiate-response",
    0x0C: "read-response",
    0x0D: "write-response",
    0x0E: "confirmed-service-error",
    0x0F: "data-notification",
    0x10: "data-notification-confirm",
    0x16: "unconfirmed-write-request",
    0x18: "information-report-request",
    0x21: "glo-initiate-request",
    0x25: "glo-read-request",
    0x26: "glo-write-request",
    0x28: "glo-initiate-response",
    0x2C: "glo-read-response",
    0x2D: "glo-write-response",
    0x2E: "glo-confirmed-service-error",
    0x36: "glo-unconfirmed-write-request",
    0x38: "glo-information-report-request",
    0x45: "ded-read-request",
    0x46: "ded-write-request",
    0x4C: "ded-read-response",
    0x4D: "ded-write-response",
    0x4E: "ded-confirmed-service-error",
    0x56: "ded-unconfirmed-write-request",
    0x58: "ded-information-report-request",
    0x60: "aarq",
    0x61: "aare",
    0x62: "rlrq",
    0x63: "rlre",
    0xC0: "get-request",
    0xC1: "set-request",
    0xC2: "event-notification-request",
    0xC3: "action-request",
    0xC4: "get-response",
    0xC5: "set-response",
    0xC7: "action-response",
    0xC8: "glo-get-request",
    0xC9: "glo-set-request",
    0xCA: "glo-event-notification-request",
    0xCB: "glo-action-request",
    0xCC: "glo-get-response",
    0xCD: "glo-set-response",
    0xCF: "glo-action-response",
    0xD0: "ded-get-request",
    0xD1: "ded-set-request",
    0xD2: "ded-event-notification-request",
    0xD3: "ded-action-request",
    0xD4: "ded-get-response",
    0xD5: "ded-set-response",
    0xD7: "ded-action-response",
    0xD8: "exception-response",
    0xD9: "access-request",
    0xDA: "access-response",
    0xDB: "general-glo-ciphering",
    0xDC: "general-ded-ciphering",
    0xDD: "general-ciphering",
    0xDF: "general-signing",
    0xE0: "general-block-transfer",
    0xE6: "gateway-request",
    0xE7: "gateway-response",
}


def classes_of(union: object) -> set[type]:
    found: set[type] = set()
    for member in get_args(getattr(union, "__value__", union)):
        found |= {member} if isinstance(member, type) else classes_of(member)
    return found


def test_every_tag_has_its_standard_name():
    assert APDU_NAMES == TAGS


def test_every_named_tag_has_a_decoder_and_every_decoder_a_name():
    assert DECODERS.keys() == TAGS.keys()


@pytest.mark.parametrize("tag", sorted(set(range(256)) - TAGS.keys()))
def test_unknown_tag_is_an_unexpected_apdu(tag: int):
    with pytest.raises(UnexpectedApdu) as caught:
        decode_apdu(bytes([tag, 0x01, 0x00]))
    assert (caught.value.tag, caught.value.offset) == (tag, 0)


@pytest.mark.parametrize("tag", sorted(TAGS))
def test_tag_alone_is_refused(tag: int):
    with pytest.raises(DlmsError):
        decode_apdu(bytes([tag]))


def test_no_octets_are_no_apdu():
    with pytest.raises(DecodeError, match="at octet 0"):
        decode_apdu(b"")


def test_every_apdu_class_has_an_encoder():
    assert apdu._ENCODERS.keys() == classes_of(Apdu)


def test_trailing_octets_are_refused_with_their_offset():
    with pytest.raises(DecodeError) as caught:
        decode_apdu(bytes.fromhex("D8010100"))
    assert caught.value.offset == 3


def test_limits_reach_the_decoder():
    with pytest.raises(DlmsError, match="elements"):
        decode_apdu(bytes.fromhex("C403C102 000000 0000".replace(" ", "")), limits=Limits(elements=1))


def test_apdu_inside_a_larger_input_is_read_with_offsets_of_the_input():
    octets = bytes.fromhex("0001001000010003D80101")
    assert read_apdu(Reader(octets, offset=8)) == faults.ExceptionResponse(1, 1)
    with pytest.raises(UnexpectedApdu) as caught:
        read_apdu(Reader(octets, offset=2))
    assert caught.value.offset == 2


def test_encoding_starts_with_the_tag():
    assert encode_apdu(acse.Rlrq()) == b"\x62\x00"
