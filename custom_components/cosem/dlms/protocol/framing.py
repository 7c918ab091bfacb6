"""The seam between a byte stream and addressed APDUs: what a framing must offer, and the wrapper in that form.

Association, exchange and connection know only :class:`Framing`; another framing of the same application layer (HDLC)
comes in here. Knows nothing of APDUs' contents.
"""

from typing import Protocol

from .wrapper import Wpdu, WrapperStream, encode_wpdu


class Framing(Protocol):
    """Turns octets into addressed APDUs and back. One object per connection."""

    def receive_data(self, octets: bytes) -> None:
        """Take octets from the peer, cut anywhere. Raises RemoteProtocolError; what was complete stays available."""

    def receive_eof(self) -> None:
        """Take the end of the stream. Raises ConnectionLost(truncated=True) inside a message."""

    def next_message(self) -> Wpdu | None:
        """Return the next complete message, None when more octets are needed."""

    def encode(self, message: Wpdu) -> bytes:
        """Return the octets of a message to send."""

    def expect_apdu_limit(self, octets: int) -> None:
        """Refuse longer APDUs from now on."""


class WrapperFraming:
    """The wrapper of IEC 62056-4-7 over a stream."""

    __slots__ = ("_stream",)

    def __init__(self) -> None:
        """Start at the beginning of a connection."""
        self._stream = WrapperStream()

    def receive_data(self, octets: bytes) -> None:
        """Take octets from the peer. Raises NotWrapper or LimitExceeded."""
        self._stream.receive_data(octets)

    def receive_eof(self) -> None:
        """Take the end of the stream. Raises ConnectionLost(truncated=True) inside a WPDU."""
        self._stream.receive_eof()

    def next_message(self) -> Wpdu | None:
        """Return the next complete WPDU."""
        return self._stream.next_wpdu()

    def encode(self, message: Wpdu) -> bytes:
        """Return header and APDU."""
        return encode_wpdu(message)

    def expect_apdu_limit(self, octets: int) -> None:
        """Refuse longer APDUs from now on."""
        self._stream.expect_apdu_limit(octets)
