"""General-Block-Transfer and the gateway prefix."""

import pytest

from custom_components.cosem.dlms.apdu import decode_apdu, encode_apdu
from custom_components.cosem.dlms.apdu.block import Gateway, GeneralBlockTransfer, decode_gateway
from custom_components.cosem.dlms.encoding.octets import Reader
from custom_components.cosem.dlms.errors import DecodeError, UnexpectedApdu
from tests.dlms.apdu.samples import check_sample, hexadecimal


@pytest.mark.parametrize("control", [0x00, 0x3F, 0x40, 0x80, 0xC1, 0xFF])
def test_block_control_round_trips(control: int):
    apdu = check_sample(bytes([0xE0, control]) + hexadecimal("0001 0002 01 AA"))
    assert apdu == GeneralBlockTransfer(
        last_block=control >= 0x80,
        streaming=bool(control & 0x40),
        window=control & 0x3F,
        block_number=1,
        block_number_ack=2,
        block_data=b"\xaa",
    )


@pytest.mark.parametrize("response", [False, True])
def test_gateway_round_trip(response: bool):
    gateway = Gateway(response=response, network_id=1, address=b"\x0a\x0b", content=b"\xc0\x01")
    assert decode_apdu(encode_apdu(gateway)) == gateway


def test_gateway_cut_off_before_its_apdu_is_refused():
    octets = hexadecimal("E6 01 02 0A0B C0")
    for length in range(len(octets)):
        with pytest.raises(DecodeError):
            decode_apdu(octets[:length])


def test_gateway_prefix_is_expected():
    with pytest.raises(UnexpectedApdu):
        decode_gateway(Reader(hexadecimal("E5 01 00 C0")))
