"""The wrapper over datagrams: each holds exactly one WPDU (IEC 62056-4-7). Sans-IO.

Anybody can send a datagram: what is broken costs itself only. The network may double one: under protection the same
octets again are left out, because the counter shows that they are a copy. late_answers.py is about all others.
"""

from collections import deque
from typing import Final

from ..errors import ApduTooLong
from ..security.receiving import ENVELOPE_TAGS
from .framing import Empty, FramingEvent, Message, Ready
from .wrapper import MAX_APDU, Wpdu, decode_wpdu, encode_wpdu, without_padding

DATAGRAM_APDU_LIMIT: Final = 1200
"""Octets of an APDU whose datagram is not cut into fragments on any usual path."""

_REMEMBERED: Final = 64
"""Protected APDUs; an older one is recognised by its counter, unless its key is over."""

_BEGIN: Final = 64
_END: Final = 16
"""Octets that are remembered: envelope and invocation counter; authentication tag, or the end of a signature."""


class DatagramFraming:
    """One WPDU in, one out."""

    error_is_fatal: Final = False
    next_call: Final = None
    apdu_limit: Final = DATAGRAM_APDU_LIMIT

    def __init__(self) -> None:
        self._limit = MAX_APDU
        self._output: deque[bytes] = deque()
        self._events: deque[FramingEvent] = deque()
        self._recent: deque[Message] = deque(maxlen=_REMEMBERED)

    def open(self) -> None:
        """Ready at once."""
        self._events.append(Ready())

    def close(self) -> None:
        """Nothing to do."""

    def send(self, message: Message) -> None:
        """Queue a message. Raises LocalProtocolError."""
        self._output.append(encode_wpdu(Wpdu(message.client, message.server, message.apdu)))

    def data_to_send(self, now: float) -> bytes:
        """Return the next datagram, or nothing."""
        return self._output.popleft() if self._output else b""

    def receive_data(self, octets: bytes, now: float) -> None:
        """Take one datagram. Raises NotWrapper, DecodeError, ApduTooLong; the next one is taken all the same."""
        wpdu = decode_wpdu(without_padding(octets))
        if len(wpdu.apdu) > self._limit:
            raise ApduTooLong(self._limit)
        message = Message(wpdu.destination_wport, wpdu.source_wport, wpdu.apdu)
        if not message.apdu:
            self._events.append(Empty())
        elif message.apdu[0] not in ENVELOPE_TAGS:
            self._events.append(message)
        elif (begin_and_end := message._replace(apdu=message.apdu[:_BEGIN] + message.apdu[-_END:])) not in self._recent:
            self._recent.append(begin_and_end)
            self._events.append(message)

    def receive_eof(self) -> None:
        """Nothing is ever half received."""

    def next_event(self) -> FramingEvent | None:
        """Return Ready, then WPDUs in order."""
        return self._events.popleft() if self._events else None

    def call(self, now: float) -> None:
        """Nothing is ever due."""

    def expect_apdu_limit(self, octets: int) -> None:
        """Refuse longer APDUs from now on."""
        self._limit = min(octets, MAX_APDU)
