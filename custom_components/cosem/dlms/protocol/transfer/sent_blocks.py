"""Cuts what a request carries into blocks (IEC 62056-5-3, DataBlock-SA)."""

from collections.abc import Callable

from ...apdu import Apdu
from ...apdu.common import DataBlock
from ...errors import LocalProtocolError
from . import encode_request

_TWO_OCTETS_FROM, _THREE_OCTETS_FROM = 128, 256
"""Lengths whose encoding takes one octet more, and two more (A-XDR)."""


class SentBlocks:
    """Octets of one request, in blocks numbered from 1 on."""

    def __init__(self, octets: bytes, room: int) -> None:
        """``room``: octets that each APDU may have."""
        self._octets = octets
        self._room = room
        self.number = 0
        """Of the last block that was taken."""
        self.size = 0
        """Octets taken so far."""

    @property
    def is_over(self) -> bool:
        """Whether the last block was taken."""
        return self.size == len(self._octets)

    def take(self, apdu: Callable[[DataBlock], Apdu]) -> bytes:
        """Return the encoded APDU with the next block. Raises LocalProtocolError if not one octet fits."""
        number = self.number + 1
        length = self._room - len(encode_request(apdu(DataBlock(last_block=False, block_number=number, raw_data=b""))))
        length -= (length >= _TWO_OCTETS_FROM) + (length >= _THREE_OCTETS_FROM)
        if length < 1:
            raise LocalProtocolError(f"the meter takes {self._room} octets: too few for a block")
        piece = self._octets[self.size : self.size + length]
        octets = encode_request(apdu(DataBlock(self.size + len(piece) == len(self._octets), number, piece)))
        self.number, self.size = number, self.size + len(piece)
        return octets
