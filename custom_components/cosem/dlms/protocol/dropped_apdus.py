"""Tolerated unexpected APDUs on one connection.

``Limits.dropped_apdus`` in a row end it (S22, F38, F39), and so do more than ``Limits.unsolicited_apdus`` while a
request waits. While nothing waits, a flood ends a stream; datagrams may come from anybody and are only counted.

A network that doubles datagrams makes old answers come again, and answers to requests that came twice: among datagrams
what may be such a copy is no strike.
"""

from dataclasses import dataclass

from ..errors import ApduTooLong, DlmsError, EchoReceived, LimitExceeded, SecurityError, WrongAddress
from ..limits import Limits
from .proposal import WportPair


@dataclass(slots=True)
class DroppedApdus:
    """Dropped without a consequence; for diagnostics."""

    stray_apdus: int = 0
    late_apdus: int = 0
    foreign_wports: int = 0
    empty_messages: int = 0
    forged_apdus: int = 0
    notifications: int = 0
    refused_blocks: int = 0
    unreadable_notifications: int = 0
    broken_datagrams: int = 0


class DroppedApduLimits:
    """Counts dropped APDUs. Methods raise, once it is too many, what ends the connection."""

    def __init__(self, limits: Limits, *, flood_is_fatal: bool = True) -> None:
        self.counters = DroppedApdus()
        self._limits = limits
        self._flood_is_fatal = flood_is_fatal
        self._in_a_row = 0
        self._since_sent = 0
        self._bucket = float(limits.unsolicited_burst)
        self._time = self._filled_at = 0.0
        self.misaddressed: WrongAddress | None = None
        """An answer from other wPorts since we sent something."""
        self.too_long: ApduTooLong | None = None
        """A datagram with a longer APDU than announced since then."""

    @property
    def is_lossy(self) -> bool:
        """Whether messages may get lost, or come twice."""
        return not self._flood_is_fatal

    @property
    def time(self) -> float:
        """The latest time that anybody told."""
        return self._time

    def time_is(self, seconds: float) -> None:
        """Note the time of any monotonic clock."""
        self._time = seconds

    def sent(self) -> None:
        """Note that we sent something."""
        self._since_sent = 0
        self.misaddressed = self.too_long = None

    def good(self) -> None:
        """Note an expected APDU."""
        self._in_a_row = 0

    def stray(self, pair: WportPair, *, waiting: bool) -> None:
        """Note a stray answer. Raises WrongAddress; among datagrams as notification() does."""
        self.counters.stray_apdus += 1
        if self.is_lossy:
            self._unsolicited(waiting=waiting)
        else:
            self._count(WrongAddress(pair.server_wport, pair.client_wport))

    def copy(self, *, waiting: bool) -> None:
        """Note the very same again. Raises as notification() does."""
        self.counters.late_apdus += 1
        self._unsolicited(waiting=waiting)

    def foreign(self, pair: WportPair, asked: WportPair | None, *, is_request: bool = False) -> None:
        """Note unknown wPorts, a strike while something was ``asked``. Raises WrongAddress, LimitExceeded.

        ``is_request``: only clients send such a thing, so it is ours that comes back.
        """
        self.counters.foreign_wports += 1
        if asked is None:
            self._draw()
            return
        kind = EchoReceived if is_request else WrongAddress
        self.misaddressed = kind(pair.server_wport, pair.client_wport, asked)
        self._count(self.misaddressed)

    def outdated(self, error: SecurityError, *, waiting: bool) -> None:
        """Note a counter that was used before. Raises ``error``; among datagrams as notification() does."""
        if self.is_lossy:
            self.copy(waiting=waiting)
        else:
            self.forged(error)

    def forged(self, error: SecurityError) -> None:
        """Note failed verification. Raises ``error``."""
        self.counters.forged_apdus += 1
        self._count(error)

    def broken(self, error: DlmsError) -> None:
        """Note a datagram that is left out: each stands for itself, and anybody can send one."""
        self.counters.broken_datagrams += 1
        if isinstance(error, ApduTooLong):
            self.too_long = error

    def empty(self, *, waiting: bool) -> None:
        """Note a sign of life without an APDU. Raises LimitExceeded."""
        self.counters.empty_messages += 1
        if not waiting:
            self._draw()

    def notification(self, *, waiting: bool, authenticated: bool = False) -> None:
        """Note a notification. Raises LimitExceeded, earlier while ``waiting``; not for what the meter proved."""
        self.counters.notifications += 1
        if not authenticated:
            self._unsolicited(waiting=waiting)

    def unreadable(self, *, waiting: bool) -> None:
        """Note a notification that nobody has keys for. Raises as notification() does."""
        self.counters.unreadable_notifications += 1
        self._unsolicited(waiting=waiting)

    def refused_block(self, *, waiting: bool) -> None:
        """Note a general block. Raises as notification() does."""
        self.counters.refused_blocks += 1
        self._unsolicited(waiting=waiting)

    def _unsolicited(self, *, waiting: bool) -> None:
        if not waiting:
            self._draw()
            return
        self._since_sent += 1
        if self._since_sent > self._limits.unsolicited_apdus:
            raise LimitExceeded("unsolicited APDUs while a request waits", self._limits.unsolicited_apdus)

    def _draw(self) -> None:
        """Take one from a bucket that fills with time."""
        most = self._limits.unsolicited_burst
        regained = (self._time - self._filled_at) * self._limits.unsolicited_per_second
        self._bucket = min(most, self._bucket + regained)
        self._filled_at = self._time
        if self._bucket >= 1:
            self._bucket -= 1
        elif self._flood_is_fatal:
            raise LimitExceeded("unsolicited APDUs in a short time", most)

    def _count(self, error: DlmsError) -> None:
        self._in_a_row += 1
        if self._in_a_row >= self._limits.dropped_apdus:
            raise error
