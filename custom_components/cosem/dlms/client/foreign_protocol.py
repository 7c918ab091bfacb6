"""What else may listen on a port: a guess from the first octets that came back. For reports only."""

from typing import Final

_BEGINNINGS: Final = (
    (b"\x7e", "HDLC, as on a serial line"),
    (b"\x15\x03", "TLS"),
    (b"\x16\x03", "TLS"),
    (b"HTTP/", "HTTP, a web server"),
    (b"SSH-", "SSH"),
    *((bytes((0xFF, command)), "Telnet") for command in range(0xFA, 0xFF)),
    (b"\x68\x04", "IEC 60870-5-104"),
    (b"\x68", "M-Bus"),
    (b"\xe5", "M-Bus"),
)

_MODBUS_HEADER: Final = 6
"""Transaction, protocol, length of what follows."""
_SHORTEST_MODBUS: Final = 3
"""Unit, function or refusal, one octet more."""

_WRAPPER: Final = b"\0\1"


def protocol_in_words(octets: bytes) -> str | None:
    """Return what speaks so, or None for what begins like the wrapper and is nothing else."""
    for beginning, protocol in _BEGINNINGS:
        if octets.startswith(beginning):
            return protocol
    if _is_modbus(octets):
        return "Modbus"
    if octets.startswith(_WRAPPER):
        return None
    if octets[:1] == b"/":
        return "IEC 62056-21, as on an optical port"
    if all(32 <= octet < 127 or octet in b"\t\r\n" for octet in octets[:16]):
        return "text"
    return "something else"


def _is_modbus(octets: bytes) -> bool:
    """A WPDU from the wPort 0, which no meter has, whose third field counts the octets that follow it."""
    length = len(octets) - _MODBUS_HEADER
    return length >= _SHORTEST_MODBUS and octets[2:6] == bytes(2) + length.to_bytes(2, "big")
