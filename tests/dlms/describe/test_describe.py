"""APDUs, WPDUs and data as plain objects, secrets masked."""

import pytest

from custom_components.cosem.dlms.apdu import Apdu, decode_apdu
from custom_components.cosem.dlms.apdu.block import Gateway
from custom_components.cosem.dlms.apdu.ciphered import (
    AgreedKey,
    CipheredContent,
    GeneralCiphering,
    GeneralHeader,
    KeyInfo,
    SecurityControl,
    ServiceCiphered,
    WrappedKey,
)
from custom_components.cosem.dlms.apdu.faults import ConfirmedServiceError
from custom_components.cosem.dlms.describe import describe
from tests.dlms.describe.secret_samples import SECRET, check_masked

SECRETS_OF_ENVELOPES: list[Apdu] = [
    GeneralCiphering(
        GeneralHeader(b"", b"", b"", b"", b""),
        WrappedKey(0, SECRET),
        CipheredContent(SecurityControl(0x20), 1, b""),
    ),
]


@pytest.mark.parametrize("apdu", SECRETS_OF_ENVELOPES, ids=lambda apdu: type(apdu).__name__)
def test_secret_is_masked_unless_asked_for(apdu: Apdu):
    check_masked(apdu)


@pytest.mark.parametrize(
    ("tag", "name"), [(0xCC, "glo-get-response"), (0xD4, "ded-get-response"), (0x21, "glo-initiate-request")]
)
def test_ciphered_service_has_the_name_of_its_tag(tag: int, name: str):
    content = CipheredContent(SecurityControl(0x60), 5, b"\x01")
    described = describe(ServiceCiphered(tag, content))
    assert described["apdu"] == name
    assert described["security_control"] == {
        "raw": 0x60,
        "suite": 0,
        "authenticated": False,
        "encrypted": True,
        "key_set": "broadcast",
        "compressed": False,
    }


@pytest.mark.parametrize(
    ("key_info", "expected"),
    [
        (None, None),
        (AgreedKey(b"\x02", b""), {"agreed_key": {"key_parameters": "02", "key_ciphered_data": ""}}),
    ],
)
def test_key_info_without_a_secret_is_shown(key_info: KeyInfo | None, expected: object):
    content = CipheredContent(SecurityControl(0x20), 1, b"")
    apdu = GeneralCiphering(GeneralHeader(b"", b"", b"", b"", b""), key_info, content)
    assert describe(apdu)["key_info"] == expected


def test_gateway_shows_the_apdu_behind_it():
    gateway = Gateway(response=False, network_id=1, address=b"\x0a", content=bytes.fromhex("D80101"))
    assert describe(gateway) == {
        "apdu": "gateway-request",
        "network_id": 1,
        "address": "0a",
        "content": {"apdu": "exception-response", "state_error": 1, "service_error": 1},
    }
    assert describe(Gateway(response=True, network_id=1, address=b"", content=b"\xff")) == {
        "apdu": "gateway-response",
        "network_id": 1,
        "address": "",
        "content": {"octets": "ff"},
    }


def test_apdus_inside_one_another_do_not_exhaust_the_stack():
    octets = bytes.fromhex("E60100") * 20_000 + bytes.fromhex("D80101")
    assert describe(decode_apdu(octets))["content"] == {"octets": octets[3:].hex()}


def test_unknown_error_class_keeps_its_number():
    assert describe(ConfirmedServiceError(5, 77, 1))["error_class"] == 77
