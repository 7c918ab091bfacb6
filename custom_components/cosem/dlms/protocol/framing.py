"""The seam between octets and addressed APDUs: what a framing offers, and the wrapper in that form.

What is above knows only :class:`Framing`. A framing may need octets of its own (HDLC: SNRM, RR, DISC) and a clock,
which comes in as an argument: seconds of any monotonic clock. Knows nothing of what is in an APDU.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol, override

from ..errors import DlmsError
from .wrapper import Wpdu, WrapperStream, encode_wpdu


class Message(NamedTuple):
    """One APDU between a client application process and a logical device, whoever sends it."""

    client: int
    server: int
    apdu: bytes

    @override
    def __repr__(self) -> str:
        """Return the size of the APDU, not its octets: an AARQ carries the password in clear (rule S29)."""
        return f"Message(client {self.client}, server {self.server}, {len(self.apdu)} octets)"


@dataclass(frozen=True, slots=True)
class Ready:
    """APDUs can be exchanged from now on."""


@dataclass(frozen=True, slots=True)
class Lost:
    """No APDU gets through any more, although the octets below still may."""

    error: DlmsError


type FramingEvent = Ready | Lost | Message


class Framing(Protocol):
    """Turns octets into messages and back. One object, one connection.

    ``now`` is only ever compared with what the same framing was told before.
    """

    @property
    def error_is_fatal(self) -> bool:
        """Whether an error of the octets ends the connection (a stream), or costs one message (datagrams)."""

    def open(self) -> None:
        """Begin: a handshake may be needed before Ready comes."""

    def close(self) -> None:
        """Say good-bye, if that is usual; nothing is sent afterwards."""

    def send(self, message: Message) -> None:
        """Take a message to be sent. Raises LocalProtocolError for one that does not fit."""

    def data_to_send(self, now: float) -> bytes:
        """Return what is to be sent now, and forget it."""

    def receive_data(self, octets: bytes, now: float) -> None:
        """Take octets from the peer, cut anywhere. Raises RemoteProtocolError; what was complete stays available."""

    def receive_eof(self) -> None:
        """Take the end of the octets. Raises ConnectionLost(truncated=True) inside a message."""

    def next_event(self) -> FramingEvent | None:
        """Return what happened next, None when nothing is left."""

    @property
    def next_call(self) -> float | None:
        """When ``call`` is wanted, None when nothing is waited for."""

    def call(self, now: float) -> None:
        """Do what is due, for example send again what was not acknowledged."""

    def expect_apdu_limit(self, octets: int) -> None:
        """Refuse longer APDUs from now on."""


class WrapperFraming:
    """The wrapper of IEC 62056-4-7 over a stream: no octets but headers, nothing to wait for."""

    error_is_fatal: Final = True
    next_call: Final = None

    def __init__(self) -> None:
        """Start at the beginning of a connection, at its client's end."""
        self._stream = WrapperStream()
        self._output = bytearray()
        self._events: deque[FramingEvent] = deque()

    def open(self) -> None:
        """Be ready at once."""
        self._events.append(Ready())

    def close(self) -> None:
        """Say nothing: TCP does."""

    def send(self, message: Message) -> None:
        """Take a message. Raises LocalProtocolError."""
        self._output += encode_wpdu(Wpdu(message.client, message.server, message.apdu))

    def data_to_send(self, now: float) -> bytes:
        """Return headers and APDUs, whole WPDUs only."""
        octets = bytes(self._output)
        self._output.clear()
        return octets

    def receive_data(self, octets: bytes, now: float) -> None:
        """Take octets. Raises NotWrapper or LimitExceeded; WPDUs in front of the error stay available."""
        try:
            self._stream.receive_data(octets)
        finally:
            while (wpdu := self._stream.next_wpdu()) is not None:
                self._events.append(Message(wpdu.destination_wport, wpdu.source_wport, wpdu.apdu))

    def receive_eof(self) -> None:
        """Take the end of the stream. Raises ConnectionLost(truncated=True) inside a WPDU."""
        self._stream.receive_eof()

    def next_event(self) -> FramingEvent | None:
        """Return Ready, then the complete WPDUs in their order."""
        return self._events.popleft() if self._events else None

    def call(self, now: float) -> None:
        """Do nothing: no time is ever asked for."""

    def expect_apdu_limit(self, octets: int) -> None:
        """Refuse longer APDUs from now on."""
        self._stream.expect_apdu_limit(octets)
