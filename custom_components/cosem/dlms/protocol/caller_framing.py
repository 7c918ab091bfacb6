"""The wrapper on a connection that a meter opened (IEC 62056-9-7:2013, 9.7). Sans-IO.

Modems and gateways say something of their own first, a serial number for example, and some repeat it to keep the
connection alive. Only what comes before the first WPDU is skipped, and later just the very same octets: a search for
the next header would let injected octets in (rule M9).
"""

from typing import Final, override

from ..apdu.acse import AARE, RLRE
from ..apdu.block import GENERAL_BLOCK_TRANSFER
from ..apdu.faults import CONFIRMED_SERVICE_ERROR, EXCEPTION_RESPONSE
from ..errors import ConnectionLost, LimitExceeded
from ..limits import DEFAULT_LIMITS, Limits
from ..security.receiving import NOTIFICATION_TAGS, PROTECTED_NOTIFICATION_TAGS
from .framing import WrapperFraming
from .wrapper import HEADER_SIZE

_VERSION: Final = b"\x00\x01"
_FIRST_TAGS: Final = (
    NOTIFICATION_TAGS
    | PROTECTED_NOTIFICATION_TAGS
    | {AARE, RLRE, CONFIRMED_SERVICE_ERROR, EXCEPTION_RESPONSE, GENERAL_BLOCK_TRANSFER}
)
"""What a meter may say first, after its greeting."""


class CallerFraming(WrapperFraming):
    """Skips a greeting."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        super().__init__()
        self._most = limits.greeting
        self._octets = bytearray()
        """Not handed on yet."""
        self._greeting: bytes | None = None
        """None until the first WPDU has begun."""
        self._missing = 0
        """Octets of the WPDU under way."""

    @override
    def receive_data(self, octets: bytes, now: float) -> None:
        """Take octets. Raises NotWrapper, LimitExceeded; complete WPDUs stay available."""
        if self._greeting == b"":
            super().receive_data(octets, now)
            return
        self._octets += octets
        if self._greeting is None and not self._find_first_wpdu():
            return
        while self._octets and (self._missing or self._begins_wpdu()):
            part = bytes(self._octets[: self._missing])
            del self._octets[: self._missing]
            self._missing -= len(part)
            super().receive_data(part, now)

    @override
    def receive_eof(self) -> None:
        """Take the end. Raises ConnectionLost(truncated=True) inside a WPDU."""
        if self._octets and not (self._greeting or b"").startswith(self._octets):
            raise ConnectionLost(truncated=True)
        super().receive_eof()

    def _find_first_wpdu(self) -> bool:
        """Find the end of the greeting. Raises LimitExceeded."""
        octets = self._octets
        for start in range(len(octets) - HEADER_SIZE):
            if octets.startswith(_VERSION, start) and octets[start + HEADER_SIZE] in _FIRST_TAGS:
                self._greeting = _repeatable(bytes(octets[:start]))
                del octets[:start]
                return True
        if len(octets) > self._most + HEADER_SIZE:
            raise LimitExceeded("octets in front of the first WPDU", self._most)
        return False

    def _begins_wpdu(self) -> bool:
        """Skip repeated greetings; return whether a WPDU, or an error, comes next."""
        greeting = self._greeting or b""
        while greeting and self._octets.startswith(greeting):
            del self._octets[: len(greeting)]
        if greeting.startswith(self._octets):
            return False  # nothing, or the beginning of one
        if len(self._octets) >= HEADER_SIZE:
            self._missing = HEADER_SIZE + int.from_bytes(self._octets[HEADER_SIZE - 2 : HEADER_SIZE], "big")
        elif self._octets[:2] == _VERSION[: len(self._octets)]:
            return False
        else:
            self._greeting = b""  # it will be an error, however many octets that takes to say
        if not self._greeting:
            self._missing = len(self._octets)  # all that comes is the wrapper's from here on
        return True


def _repeatable(greeting: bytes) -> bytes:
    """Return what is recognised when it comes again: nothing if it could be a WPDU; once, if it was said twice."""
    once = greeting[: (greeting + greeting).find(greeting, 1)]
    return b"" if once.startswith(_VERSION[: len(once)]) else once
