"""Joins the blocks of an answer within limits."""

from ...errors import LimitExceeded
from ...limits import Limits
from ..leniencies import Leniency


class ReceivedBlocks:
    """Blocks in order, from 1 on; from 0 on where the first one says so (leniency ``blocks_from_0``)."""

    __slots__ = ("_blocks", "_count", "_first", "_limits", "size")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._blocks: list[bytes] = []
        self._count = 0
        self._first = 1
        self.size = 0
        """Octets so far."""

    @property
    def has_begun(self) -> bool:
        """Whether there is a block."""
        return self._count > 0

    @property
    def leniency(self) -> Leniency | None:
        """What is tolerated of their numbers."""
        return None if self._first else Leniency.BLOCKS_FROM_0

    def add(self, number: int, payload: bytes) -> bool:
        """Take a block; return False if its number is not the next one. Raises LimitExceeded."""
        if number != self._first + self._count and (number or self._count):
            return False
        if self._count >= self._limits.blocks_per_transfer:
            raise LimitExceeded("blocks in a transfer", self._limits.blocks_per_transfer)
        if self.size + len(payload) > self._limits.assembled_value:
            raise LimitExceeded("octets in a value", self._limits.assembled_value)
        self._first = number - self._count
        self._count += 1
        self.size += len(payload)
        self._blocks.append(payload)
        return True

    def begins_with(self, *beginnings: bytes) -> bool:
        """Return whether the octets since the last call of take() begin with one of these."""
        return b"".join(self._blocks).startswith(beginnings)

    def take(self) -> bytes:
        """Return the octets since the last call, and forget them."""
        octets = b"".join(self._blocks)
        self._blocks.clear()
        return octets
