"""Joins the blocks of an answer within limits."""

from ...errors import LimitExceeded
from ...limits import Limits


class ReceivedBlocks:
    """Blocks in order, from 1 on."""

    __slots__ = ("_blocks", "_limits", "size")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._blocks: list[bytes] = []
        self.size = 0
        """Octets so far."""

    @property
    def next_number(self) -> int:
        """The expected block number."""
        return len(self._blocks) + 1

    def add(self, payload: bytes) -> None:
        """Take the next block. Raises LimitExceeded."""
        if self.next_number > self._limits.blocks_per_transfer:
            raise LimitExceeded("blocks in a transfer", self._limits.blocks_per_transfer)
        self.size += len(payload)
        if self.size > self._limits.assembled_value:
            raise LimitExceeded("octets in a value", self._limits.assembled_value)
        self._blocks.append(payload)

    def joined(self) -> bytes:
        """Return all octets."""
        return b"".join(self._blocks)
