"""What else may listen on a port: a guess from the first octets that came back. For reports only."""

from enum import StrEnum
import re
from typing import Final


class ForeignProtocol(StrEnum):
    """What answered instead of a meter in the wrapper, in words; the names are keys of texts."""

    HDLC = "HDLC, as on a serial line"
    TLS = "TLS"
    HTTP = "HTTP, a web server"
    SSH = "SSH"
    TELNET = "Telnet"
    IEC_104 = "IEC 60870-5-104"
    MBUS = "M-Bus"
    MODBUS = "Modbus"
    READOUT = "IEC 62056-21, as on an optical port"
    TEXT = "text"
    OTHER = "something else"


_BEGINNINGS: Final = (
    (b"\x7e", ForeignProtocol.HDLC),
    (b"\x15\x03", ForeignProtocol.TLS),
    (b"\x16\x03", ForeignProtocol.TLS),
    (b"HTTP/", ForeignProtocol.HTTP),
    (b"SSH-", ForeignProtocol.SSH),
    *((bytes((0xFF, command)), ForeignProtocol.TELNET) for command in range(0xFA, 0xFF)),
    (b"\x68\x04\x04\x68", ForeignProtocol.MBUS),
    (b"\x68\x04", ForeignProtocol.IEC_104),
    (b"\x68", ForeignProtocol.MBUS),
    (b"\xe5", ForeignProtocol.MBUS),
)

_MODBUS_HEADER: Final = 6
"""Transaction, protocol, length of what follows."""
_SHORTEST_MODBUS: Final = 3
"""Unit, function or refusal, one octet more."""

_WRAPPER: Final = b"\0\1"

_IDENTIFICATION: Final = ord("/")
_WITHOUT_PARITY: Final = 0x7F
"""A readout has seven data bits and a parity, which a serial server with eight data bits leaves in."""

_READOUT_LINE: Final = re.compile(rb"\d\.\d+(\.\d+)?\*?\d*\(")
"""Within a readout: an OBIS code and the value behind it, as in 1.8.0(0001.2*kWh)."""


def protocol_in_words(octets: bytes) -> ForeignProtocol | None:
    """Return what speaks so, or None for what begins like the wrapper and is nothing else."""
    for beginning, protocol in _BEGINNINGS:
        if octets.startswith(beginning):
            return protocol
    if _is_modbus(octets):
        return ForeignProtocol.MODBUS
    if octets.startswith(_WRAPPER):
        return None
    text = bytes(octet & _WITHOUT_PARITY for octet in octets)
    if text[:1] == bytes([_IDENTIFICATION]) or _READOUT_LINE.search(text):
        return ForeignProtocol.READOUT
    if all(32 <= octet < 127 or octet in b"\t\r\n" for octet in octets[:16]):
        return ForeignProtocol.TEXT
    return ForeignProtocol.OTHER


def _is_modbus(octets: bytes) -> bool:
    """A WPDU from the wPort 0, which no meter has, whose third field counts the octets that follow it."""
    length = len(octets) - _MODBUS_HEADER
    return length >= _SHORTEST_MODBUS and octets[2:6] == bytes(2) + length.to_bytes(2, "big")
