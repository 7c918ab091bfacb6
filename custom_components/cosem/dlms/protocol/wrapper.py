"""The wrapper of the COSEM transport layer (IEC 62056-4-7): WPDUs on a TCP stream and in datagrams.

A framing error on a stream ends the connection: a search for the next header would let injected octets in (rule M9).
"""

from collections import deque
import struct
from typing import Final, NamedTuple, override

from ..addresses import MAX_WPORT
from ..errors import ApduTooLong, ConnectionLost, DecodeError, LocalProtocolError, NotWrapper, ProtocolError
from ..limits import DEFAULT_LIMITS, Limits

VERSION: Final = 1
HEADER_SIZE: Final = 8
MAX_APDU: Final = 65_535
_VERSION_OCTETS: Final = VERSION.to_bytes(2, "big")
_HEADER: Final = struct.Struct(">HHHH")


class Wpdu(NamedTuple):
    """The wPorts of sender and receiver, and one APDU."""

    source_wport: int
    destination_wport: int
    apdu: bytes

    @override
    def __repr__(self) -> str:
        """Only the size: an AARQ carries the password in clear (rule S29)."""
        return f"Wpdu({self.source_wport} -> {self.destination_wport}, {len(self.apdu)} octets)"


def encode_wpdu(wpdu: Wpdu) -> bytes:
    """Return header and APDU. Raises LocalProtocolError."""
    source, destination, apdu = wpdu
    if not (0 <= source <= MAX_WPORT and 0 <= destination <= MAX_WPORT):
        raise LocalProtocolError(f"wPorts are 0 to {MAX_WPORT}, not {source} and {destination}")
    if len(apdu) > MAX_APDU:
        raise LocalProtocolError(f"an APDU of {len(apdu)} octets does not fit into a WPDU")
    return _HEADER.pack(VERSION, source, destination, len(apdu)) + apdu


def decode_wpdu(octets: bytes) -> Wpdu:
    """Decode exactly one WPDU (a datagram). Raises NotWrapper, DecodeError."""
    if octets[:2] != _VERSION_OCTETS[: len(octets)]:
        raise NotWrapper(octets)
    if len(octets) < HEADER_SIZE:
        raise DecodeError(f"a WPDU header has {HEADER_SIZE} octets, here are {len(octets)}", len(octets))
    _, source, destination, length = _HEADER.unpack_from(octets)
    present = len(octets) - HEADER_SIZE
    if present < length:
        raise DecodeError(f"the WPDU is truncated: {length - present} octets are missing", len(octets))
    if present > length:
        raise DecodeError(f"{present - length} octets behind the WPDU", HEADER_SIZE + length)
    return Wpdu(source, destination, octets[HEADER_SIZE:])


def without_padding(datagram: bytes) -> bytes:
    """Return a datagram without zeros behind its WPDU, which some modems fill it up with."""
    end = HEADER_SIZE + int.from_bytes(datagram[HEADER_SIZE - 2 : HEADER_SIZE])
    return datagram if any(datagram[end:]) else datagram[:end]


class WrapperStream:
    """Splits a TCP stream into WPDUs. The first error is raised again."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limit = min(limits.apdu, MAX_APDU)
        self._largest = self._limit
        self._octets = bytearray()
        self._wanted = 2
        self._ready: deque[Wpdu] = deque()
        self._error: ProtocolError | None = None

    def expect_apdu_limit(self, octets: int) -> None:
        """Refuse APDUs of more than ``octets`` from now on, within the limits."""
        self._limit = min(octets, self._largest)

    def receive_data(self, octets: bytes) -> None:
        """Take octets. Raises NotWrapper, or ApduTooLong from the header; WPDUs before the error stay available."""
        if self._error is not None:
            raise self._error
        self._octets += octets
        if len(self._octets) < self._wanted:
            return
        try:
            self._split()
        except ProtocolError as error:
            self._error = error
            self._octets.clear()
            raise

    def _split(self) -> None:
        """Move complete WPDUs out of the buffer."""
        buffer = self._octets
        end = len(buffer)
        offset = 0
        while True:
            present = end - offset
            if present < HEADER_SIZE:
                if present >= 2 and buffer[offset : offset + 2] != _VERSION_OCTETS:
                    raise NotWrapper(bytes(buffer[offset:]))
                self._wanted = 2
                break
            version, source, destination, length = _HEADER.unpack_from(buffer, offset)
            if version != VERSION:
                raise NotWrapper(bytes(buffer[offset : offset + HEADER_SIZE]))
            if length > self._limit:
                raise ApduTooLong(self._limit, HEADER_SIZE - 2)
            if present < HEADER_SIZE + length:
                self._wanted = HEADER_SIZE + length
                break
            start = offset + HEADER_SIZE
            offset = start + length
            self._ready.append(Wpdu(source, destination, bytes(buffer[start:offset])))
        # Once per call, so that time stays linear.
        del buffer[:offset]

    def receive_eof(self) -> None:
        """Take the end. Raises ConnectionLost(truncated=True) inside a WPDU."""
        if self._octets:
            raise ConnectionLost(truncated=True)

    def next_wpdu(self) -> Wpdu | None:
        """Return the next complete WPDU, or None. Some gateways send empty ones to keep the connection alive."""
        return self._ready.popleft() if self._ready else None
