"""ExceptionResponse and ConfirmedServiceError."""

import pytest

from custom_components.cosem.dlms.apdu import decode_apdu, encode_apdu
from custom_components.cosem.dlms.apdu.faults import ConfirmedServiceError, ExceptionResponse
from custom_components.cosem.dlms.errors import DecodeError
from tests.dlms.apdu.samples import check_sample, hexadecimal


def test_exception_response_round_trip():
    assert check_sample(hexadecimal("D80202")) == ExceptionResponse(2, 2)


def test_counter_error_carries_the_counter():
    apdu = check_sample(hexadecimal("D8 01 06 00001234"), complete_prefixes={3})
    assert apdu == ExceptionResponse(1, 6, 0x1234)


def test_leniency_exception_without_counter():
    apdu = decode_apdu(hexadecimal("D80106"))
    assert apdu == ExceptionResponse(1, 6)
    assert encode_apdu(apdu) == hexadecimal("D80106")


def test_counter_is_whole_or_absent():
    with pytest.raises(DecodeError):
        decode_apdu(hexadecimal("D80106000012"))


def test_counter_belongs_to_the_counter_error_only():
    with pytest.raises(DecodeError, match="too many"):
        decode_apdu(hexadecimal("D80105 00001234"))


def test_unknown_codes_are_kept():
    assert check_sample(hexadecimal("D80963")) == ExceptionResponse(9, 0x63)
    assert check_sample(hexadecimal("0E630963")) == ConfirmedServiceError(0x63, 9, 0x63)


def test_confirmed_service_error_round_trip():
    assert check_sample(hexadecimal("0E010603")) == ConfirmedServiceError(1, 6, 3)
