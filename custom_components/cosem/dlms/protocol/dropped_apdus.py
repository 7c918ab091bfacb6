"""Tolerated unexpected APDUs on one connection.

``Limits.dropped_apdus`` in a row end it (S22, F38, F39), and so do more than ``Limits.unsolicited_apdus`` while a
request waits.
"""

from dataclasses import dataclass

from ..errors import DlmsError, LimitExceeded, SecurityError, WrongAddress
from ..limits import Limits
from .proposal import WportPair


@dataclass(slots=True)
class DroppedApdus:
    """Dropped without a consequence; for diagnostics."""

    stray_apdus: int = 0
    foreign_wports: int = 0
    forged_apdus: int = 0
    notifications: int = 0
    refused_blocks: int = 0
    unreadable_notifications: int = 0
    broken_datagrams: int = 0


class DroppedApduLimits:
    """Counts dropped APDUs. Methods raise, once it is too many, what ends the connection."""

    def __init__(self, limits: Limits) -> None:
        self.counters = DroppedApdus()
        self._limits = limits
        self._in_a_row = 0
        self._unsolicited = 0

    def sent(self) -> None:
        """Note that we sent something."""
        self._unsolicited = 0

    def good(self) -> None:
        """Note an expected APDU."""
        self._in_a_row = 0

    def stray(self, pair: WportPair) -> None:
        """Note a stray answer. Raises WrongAddress."""
        self.counters.stray_apdus += 1
        self._count(WrongAddress(pair.server_wport, pair.client_wport))

    def foreign(self, pair: WportPair, *, waiting: bool) -> None:
        """Note unknown wPorts, a strike while ``waiting``. Raises WrongAddress."""
        self.counters.foreign_wports += 1
        if waiting:
            self._count(WrongAddress(pair.server_wport, pair.client_wport))

    def forged(self, error: SecurityError) -> None:
        """Note failed verification. Raises ``error``."""
        self.counters.forged_apdus += 1
        self._count(error)

    def unsolicited(self, *, waiting: bool) -> None:
        """Note an unsolicited APDU. Raises LimitExceeded while ``waiting``."""
        if not waiting:
            return
        self._unsolicited += 1
        if self._unsolicited > self._limits.unsolicited_apdus:
            raise LimitExceeded("unsolicited APDUs while a request waits", self._limits.unsolicited_apdus)

    def _count(self, error: DlmsError) -> None:
        self._in_a_row += 1
        if self._in_a_row >= self._limits.dropped_apdus:
            raise error
