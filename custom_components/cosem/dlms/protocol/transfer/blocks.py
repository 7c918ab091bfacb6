"""Joins the blocks of an answer within limits.

A meter that got a question twice may answer it twice, each time with what it has then. What is joined from both is no
value that it ever had.
"""

from binascii import crc32
from typing import Final

from ...errors import DataAccessError, DataAccessResultCode, LimitExceeded
from ...limits import Limits
from ..leniencies import Leniency

_OF_TWO_ANSWERS: Final = "its blocks are of two answers"


class ReceivedBlocks:
    """Blocks in order, from 1 on; from 0 on where the first one says so (leniency ``blocks_from_0``)."""

    __slots__ = ("_blocks", "_first", "_limits", "_seen", "size")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._blocks: list[bytes] = []
        self._seen: list[int] = []
        """A checksum of the octets of each block."""
        self._first = 1
        self.size = 0
        """Octets so far."""

    @property
    def has_begun(self) -> bool:
        """Whether there is a block."""
        return bool(self._seen)

    @property
    def leniency(self) -> Leniency | None:
        """What is tolerated of their numbers."""
        return None if self._first else Leniency.BLOCKS_FROM_0

    def add(self, number: int, payload: bytes) -> bool:
        """Take a block; return False if its number is not the next one. Raises LimitExceeded."""
        count = len(self._seen)
        if number != self._first + count and (number or count):
            return False
        if count >= self._limits.blocks_per_transfer:
            raise LimitExceeded("blocks in a transfer", self._limits.blocks_per_transfer)
        if self.size + len(payload) > self._limits.assembled_value:
            raise LimitExceeded("octets in a value", self._limits.assembled_value)
        self._first = number - count
        self._seen.append(crc32(payload))
        self.size += len(payload)
        self._blocks.append(payload)
        return True

    def contradiction(self, number: int, payload: bytes) -> DataAccessError | None:
        """Return what a value comes to of which this block came before with other octets; None if it did not."""
        place = number - self._first
        if not 0 <= place < len(self._seen) or self._seen[place] == crc32(payload):
            return None
        return DataAccessError(DataAccessResultCode.OTHER_REASON, undecodable=_OF_TWO_ANSWERS)

    def begins_with(self, *beginnings: bytes) -> bool:
        """Return whether the octets since the last call of take() begin with one of these."""
        return b"".join(self._blocks).startswith(beginnings)

    def take(self) -> bytes:
        """Return the octets since the last call, and forget them."""
        octets = b"".join(self._blocks)
        self._blocks.clear()
        return octets
