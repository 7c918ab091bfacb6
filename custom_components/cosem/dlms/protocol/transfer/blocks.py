"""Joins the blocks of an answer within limits."""

from ...errors import LimitExceeded
from ...limits import Limits
from ..leniencies import Leniency


class ReceivedBlocks:
    """Blocks in order, from 1 on; from 0 on where the first one says so (leniency ``blocks_from_0``)."""

    __slots__ = ("_blocks", "_first", "_limits", "size")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._blocks: list[bytes] = []
        self._first = 1
        self.size = 0
        """Octets so far."""

    @property
    def has_begun(self) -> bool:
        """Whether there is a block."""
        return bool(self._blocks)

    @property
    def leniency(self) -> Leniency | None:
        """What is tolerated of their numbers."""
        return None if self._first else Leniency.BLOCKS_FROM_0

    def add(self, number: int, payload: bytes) -> bool:
        """Take a block; return False if its number is not the next one. Raises LimitExceeded."""
        if number != self._first + len(self._blocks) and (number or self._blocks):
            return False
        if len(self._blocks) >= self._limits.blocks_per_transfer:
            raise LimitExceeded("blocks in a transfer", self._limits.blocks_per_transfer)
        if self.size + len(payload) > self._limits.assembled_value:
            raise LimitExceeded("octets in a value", self._limits.assembled_value)
        self._first = number - len(self._blocks)
        self.size += len(payload)
        self._blocks.append(payload)
        return True

    def joined(self) -> bytes:
        """Return all octets."""
        return b"".join(self._blocks)
