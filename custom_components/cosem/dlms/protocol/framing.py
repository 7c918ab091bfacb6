"""The interface between octets and addressed APDUs (:class:`Framing`), and the wrapper in that form.

A framing may send octets of its own (HDLC: SNRM, RR, DISC). ``now``: seconds of any monotonic clock.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol, override

from ..errors import DlmsError
from .wrapper import MAX_APDU, Wpdu, WrapperStream, encode_wpdu


class Message(NamedTuple):
    """One APDU between a client and a logical device, either way."""

    client: int
    server: int
    apdu: bytes

    @override
    def __repr__(self) -> str:
        """Only the size: an AARQ carries the password in clear (rule S29)."""
        return f"Message(client {self.client}, server {self.server}, {len(self.apdu)} octets)"


@dataclass(frozen=True, slots=True)
class Ready:
    """APDUs can be exchanged."""


@dataclass(frozen=True, slots=True)
class Empty:
    """The peer sent something without an APDU that nobody needs, to keep the connection alive for example."""


@dataclass(frozen=True, slots=True)
class Lost:
    """No APDU gets through any more."""

    error: DlmsError


type FramingEvent = Ready | Empty | Lost | Message


class Framing(Protocol):
    """Turns octets into messages and back, for one connection."""

    @property
    def error_is_fatal(self) -> bool:
        """Whether an error ends the connection, or costs one datagram; these may get lost, too."""

    @property
    def apdu_limit(self) -> int:
        """Octets that an APDU should have at most, either way."""

    def open(self) -> None:
        """Begin; a handshake may precede Ready."""

    def close(self) -> None:
        """Sign off; nothing is sent afterwards."""

    def send(self, message: Message) -> None:
        """Queue a message. Raises LocalProtocolError."""

    def data_to_send(self, now: float) -> bytes:
        """Return and forget what is to be sent next; nothing at the end."""

    def receive_data(self, octets: bytes, now: float) -> None:
        """Take octets, cut anywhere. Raises RemoteProtocolError; complete messages stay available."""

    def receive_eof(self) -> None:
        """Take the end. Raises ConnectionLost(truncated=True) inside a message."""

    def next_event(self) -> FramingEvent | None:
        """Return the next event, or None."""

    @property
    def next_call(self) -> float | None:
        """When ``call`` is wanted, or None."""

    def call(self, now: float) -> None:
        """Do what is due."""

    def expect_apdu_limit(self, octets: int) -> None:
        """Refuse longer APDUs from now on."""


class WrapperFraming:
    """The wrapper over a stream (IEC 62056-4-7)."""

    error_is_fatal: Final = True
    next_call: Final = None
    apdu_limit: Final = MAX_APDU

    def __init__(self) -> None:
        self._stream = WrapperStream()
        self._output = bytearray()
        self._events: deque[FramingEvent] = deque()

    def open(self) -> None:
        """Ready at once."""
        self._events.append(Ready())

    def close(self) -> None:
        """Nothing to do."""

    def send(self, message: Message) -> None:
        """Queue a message. Raises LocalProtocolError."""
        self._output += encode_wpdu(Wpdu(message.client, message.server, message.apdu))

    def data_to_send(self, now: float) -> bytes:
        """Return whole WPDUs."""
        octets = bytes(self._output)
        self._output.clear()
        return octets

    def receive_data(self, octets: bytes, now: float) -> None:
        """Take octets. Raises NotWrapper, LimitExceeded; complete WPDUs stay available."""
        try:
            self._stream.receive_data(octets)
        finally:
            while (wpdu := self._stream.next_wpdu()) is not None:
                message = Message(wpdu.destination_wport, wpdu.source_wport, wpdu.apdu)
                self._events.append(message if message.apdu else Empty())

    def receive_eof(self) -> None:
        """Take the end. Raises ConnectionLost(truncated=True) inside a WPDU."""
        self._stream.receive_eof()

    def next_event(self) -> FramingEvent | None:
        """Return Ready, then WPDUs in order."""
        return self._events.popleft() if self._events else None

    def call(self, now: float) -> None:
        """Nothing is ever due."""

    def expect_apdu_limit(self, octets: int) -> None:
        """Refuse longer APDUs from now on."""
        self._stream.expect_apdu_limit(octets)
