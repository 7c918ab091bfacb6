"""The wrapper of the COSEM transport layer: WPDUs on a TCP stream and in datagrams.

A framing: it turns octets into (source wPort, destination wPort, APDU) and back, and knows nothing of APDUs,
associations or sockets. IEC 62056-4-7. A framing error on a stream is fatal for the connection: there is no way to
find the next header, and looking for one is how injected octets would get in (rule M9).
"""

from collections import deque
import struct
from typing import Final, NamedTuple, override

from ..errors import ConnectionLost, DecodeError, LimitExceeded, LocalProtocolError, NotWrapper, ProtocolError
from ..limits import DEFAULT_LIMITS, Limits

VERSION: Final = 1
HEADER_SIZE: Final = 8
MAX_APDU: Final = 65_535
MAX_WPORT: Final = 65_535
_VERSION_OCTETS: Final = VERSION.to_bytes(2, "big")
_HEADER: Final = struct.Struct(">HHHH")


class Wpdu(NamedTuple):
    """One WPDU: the wPorts of sender and receiver, and one APDU."""

    source_wport: int
    destination_wport: int
    apdu: bytes

    @override
    def __repr__(self) -> str:
        """Return the size of the APDU, not its octets: an AARQ carries the password in clear (rule S29)."""
        return f"Wpdu({self.source_wport} -> {self.destination_wport}, {len(self.apdu)} octets)"


def encode_wpdu(wpdu: Wpdu) -> bytes:
    """Return header and APDU in one piece, to be sent with one call."""
    source, destination, apdu = wpdu
    if not (0 <= source <= MAX_WPORT and 0 <= destination <= MAX_WPORT):
        raise LocalProtocolError(f"wPorts are 0 to {MAX_WPORT}, not {source} and {destination}")
    if len(apdu) > MAX_APDU:
        raise LocalProtocolError(f"an APDU of {len(apdu)} octets does not fit into a WPDU")
    return _HEADER.pack(VERSION, source, destination, len(apdu)) + apdu


def decode_wpdu(octets: bytes) -> Wpdu:
    """Decode exactly one WPDU (a datagram). Shorter or longer octets than the header says are refused.

    Raises NotWrapper for another version, DecodeError for the wrong size.
    """
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


class WrapperStream:
    """Splits a TCP stream into WPDUs, whatever the segments are.

    ``receive_data`` takes octets and raises as soon as they cannot become a WPDU: NotWrapper when the version is
    there and wrong, LimitExceeded when the header announces more than expected (before the body is waited for).
    WPDUs completed by the same octets stay available. The first error is final: whatever comes later raises it again.
    """

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        """Start at the beginning of a connection."""
        self.empty_wpdus = 0
        """WPDUs without an APDU: skipped, because some gateways send them to keep the connection alive."""
        self._limit = min(limits.apdu, MAX_APDU)
        self._largest = self._limit
        self._octets = bytearray()
        self._wanted = 2
        self._ready: deque[Wpdu] = deque()
        self._error: ProtocolError | None = None

    def expect_apdu_limit(self, octets: int) -> None:
        """Refuse APDUs of more than ``octets`` from now on; never more than the limits allow."""
        self._limit = min(octets, self._largest)

    def receive_data(self, octets: bytes) -> None:
        """Take what came from the network, of any size."""
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
        """Move every complete WPDU out of the buffer; octets are deleted once per call, so time stays linear."""
        buffer = self._octets
        end = len(buffer)
        offset = 0
        while True:
            present = end - offset
            if present < HEADER_SIZE:
                if present >= 2 and buffer[offset : offset + 2] != _VERSION_OCTETS:
                    raise NotWrapper(bytes(buffer[offset:]))
                self._wanted = 2 if present < 2 else HEADER_SIZE
                break
            version, source, destination, length = _HEADER.unpack_from(buffer, offset)
            if version != VERSION:
                raise NotWrapper(bytes(buffer[offset : offset + HEADER_SIZE]))
            if length > self._limit:
                raise LimitExceeded("octets in one APDU", self._limit, HEADER_SIZE - 2)
            if present < HEADER_SIZE + length:
                self._wanted = HEADER_SIZE + length
                break
            start = offset + HEADER_SIZE
            offset = start + length
            if length:
                self._ready.append(Wpdu(source, destination, bytes(buffer[start:offset])))
            else:
                self.empty_wpdus += 1
        del buffer[:offset]

    def receive_eof(self) -> None:
        """Take the end of the stream. Raises ConnectionLost(truncated=True) inside a WPDU."""
        if self._octets:
            raise ConnectionLost(truncated=True)

    def next_wpdu(self) -> Wpdu | None:
        """Return the next complete WPDU in the order received, None when there is none."""
        return self._ready.popleft() if self._ready else None
