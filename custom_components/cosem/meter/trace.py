"""What is said to a meter, for debug log and diagnostics: stages, and the last APDUs without secrets (S28, S29).

Octets are only kept, not looked at, until somebody reads them.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
import logging
from typing import Any, Final

from ..const import LOGGER
from ..dlms import Message, apdu_in_words, redacted

KEPT_APDUS: Final = 200
KEPT_OCTETS: Final = 512
"""Of one APDU."""

WIRE_LOGGER: Final = LOGGER.getChild("wire")
"""For the octets (rule S29). Debug logging of the integration turns it on, too."""


@dataclass(frozen=True, slots=True)
class TracedApdu:
    """An APDU on the wire."""

    time: float
    """Of the event loop."""
    sent: bool
    client: int
    server: int
    size: int
    octets: bytes = field(repr=False)
    """The first of them; may hold secrets."""

    def in_words(self, private: Sequence[bytes] = ()) -> str:
        """Return name, size and redacted octets."""
        more = "..." if self.size > len(self.octets) else ""
        return f"{apdu_in_words(self.octets)}, {self.size} octets: {redacted(self.octets, private)}{more}"


class Trace:
    """Observes one client. ``number`` tells clients apart in the log, without their addresses."""

    def __init__(self, number: int) -> None:
        self._name = f"meter {number}"
        self._apdus: deque[TracedApdu] = deque(maxlen=KEPT_APDUS)
        self._asked_at: float | None = None

    def note(self, text: str, *details: object) -> None:
        """Log a stage."""
        LOGGER.debug(f"%s: {text}", self._name, *details)

    def sent(self, message: Message) -> None:
        """Keep and log an APDU that we send."""
        apdu = self._keep(message, sent=True)
        self._asked_at = apdu.time
        if WIRE_LOGGER.isEnabledFor(logging.DEBUG):
            WIRE_LOGGER.debug("%s: %s>%s sent %s", self._name, apdu.client, apdu.server, apdu.in_words())

    def received(self, message: Message) -> None:
        """Keep and log an APDU that came, with the time since the last one was sent."""
        apdu = self._keep(message, sent=False)
        if WIRE_LOGGER.isEnabledFor(logging.DEBUG):
            after = "" if self._asked_at is None else f" after {apdu.time - self._asked_at:.3f} s"
            WIRE_LOGGER.debug("%s: %s>%s received%s %s", self._name, apdu.client, apdu.server, after, apdu.in_words())

    def last_apdus(self, private: Sequence[bytes]) -> list[dict[str, Any]]:
        """Return what is kept, oldest first, without secrets and the ``private`` octets."""
        now = asyncio.get_running_loop().time()
        return [
            {
                "seconds_ago": round(now - apdu.time, 3),
                "direction": "sent" if apdu.sent else "received",
                "client": apdu.client,
                "server": apdu.server,
                "apdu": apdu.in_words(private),
            }
            for apdu in self._apdus
        ]

    def _keep(self, message: Message, *, sent: bool) -> TracedApdu:
        now, octets = asyncio.get_running_loop().time(), message.apdu
        apdu = TracedApdu(now, sent, message.client, message.server, len(octets), octets[:KEPT_OCTETS])
        self._apdus.append(apdu)
        return apdu
