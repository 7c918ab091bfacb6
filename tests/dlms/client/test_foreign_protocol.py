"""What answers in a meter's place is recognised by its first octets."""

import pytest

from custom_components.cosem.dlms.client.foreign_protocol import ForeignProtocol, protocol_in_words
from custom_components.cosem.dlms.protocol.wrapper import Wpdu, encode_wpdu


@pytest.mark.parametrize(
    ("octets", "word"),
    [
        (bytes.fromhex("7EA0210321"), "HDLC"),
        (bytes.fromhex("15030300020246"), "TLS"),
        (bytes.fromhex("160303004A02"), "TLS"),
        (b"HTTP/1.1 400 Bad Request\r\n", "HTTP"),
        (b"SSH-2.0-OpenSSH_9.2p1\r\n", "SSH"),
        (b"\xff\xfd\x18\xff\xfd\x20", "Telnet"),
        (bytes.fromhex("680443000000"), "60870"),
        (bytes.fromhex("6803036853FE51A216"), "M-Bus"),
        (bytes.fromhex("6804046808007209"), "M-Bus"),
        (b"\xe5", "M-Bus"),
        (bytes.fromhex("000100000003018101"), "Modbus"),
        (bytes.fromhex("000200000003018101"), "Modbus"),
        (b"/ISk5MT174-0001\r\n", "62056-21"),
        (b"\xafI\xf3k5MT174-0001\x8d\x0a", "62056-21"),  # with an even parity
        (b"0123*kWh)\r\n1-0:1.8.0(000123.456*kWh)\r\n", "62056-21"),
        (b"C.1.0(00123456)\r\n", "62056-21"),
        (b"220 ftp.example.org ready\r\n", "text"),
        (b"220 (server 3.0.3)\r\n", "text"),
        (b"\n", "text"),
        (b"\x05\x00", "something else"),
        (b"\x00\x02\x00\x01", "something else"),
    ],
)
def test_what_speaks_so(octets: bytes, word: str):
    told = protocol_in_words(octets)
    assert isinstance(told, ForeignProtocol)
    assert word in told
    assert f"{told}" == told.value


@pytest.mark.parametrize("apdu", [b"", bytes.fromhex("D80101"), bytes.fromhex("6303800100"), bytes(200)])
@pytest.mark.parametrize("server", [1, 16])
def test_the_wrapper_is_nothing_else(apdu: bytes, server: int):
    octets = encode_wpdu(Wpdu(server, 16, apdu))
    assert all(protocol_in_words(octets[:cut]) is None for cut in range(2, len(octets) + 1))
