"""What is forgiven on one connection, how often, and the figures for diagnostics.

Dropped APDUs cost nothing until ``Limits.strikes`` of them come in a row without a good one between (S22, F38, F39);
what nobody asked for is limited while a request waits (``Limits.unsolicited_apdus``).
"""

from dataclasses import dataclass

from ..errors import DlmsError, LimitExceeded, SecurityError, WrongAddress
from ..limits import Limits
from .proposal import WportPair


@dataclass(slots=True)
class Counters:
    """What was dropped without a consequence; for diagnostics."""

    stray_apdus: int = 0
    foreign_wports: int = 0
    forged_apdus: int = 0
    notifications: int = 0
    refused_blocks: int = 0
    unreadable_notifications: int = 0
    broken_datagrams: int = 0


class Strikes:
    """The judge of dropped APDUs. Methods raise the error that ends the connection when it is enough."""

    def __init__(self, limits: Limits) -> None:
        """Start with a clean sheet."""
        self.counters = Counters()
        self._limits = limits
        self._in_a_row = 0
        self._unsolicited = 0

    def sent(self) -> None:
        """Note that we sent something: what nobody asked for is counted anew."""
        self._unsolicited = 0

    def good(self) -> None:
        """Note an APDU that was expected."""
        self._in_a_row = 0

    def stray(self, pair: WportPair) -> None:
        """Note an answer to nothing that we asked. Raises WrongAddress."""
        self.counters.stray_apdus += 1
        self._strike(WrongAddress(pair.server_wport, pair.client_wport))

    def foreign(self, pair: WportPair, *, waiting: bool) -> None:
        """Note wPorts of no association of ours; a strike while something is ``waiting``. Raises WrongAddress."""
        self.counters.foreign_wports += 1
        if waiting:
            self._strike(WrongAddress(pair.server_wport, pair.client_wport))

    def forged(self, error: SecurityError) -> None:
        """Note an APDU that was not verified. Raises ``error``."""
        self.counters.forged_apdus += 1
        self._strike(error)

    def unsolicited(self, *, waiting: bool) -> None:
        """Note an APDU that nobody asked for. Raises LimitExceeded for too many while something is ``waiting``."""
        if not waiting:
            return
        self._unsolicited += 1
        if self._unsolicited > self._limits.unsolicited_apdus:
            raise LimitExceeded("unsolicited APDUs while a request waits", self._limits.unsolicited_apdus)

    def _strike(self, error: DlmsError) -> None:
        self._in_a_row += 1
        if self._in_a_row >= self._limits.strikes:
            raise error
