"""Requests that write: sent whole, or in blocks where they are too long (IEC 62056-5-3, DataBlock-SA)."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Final

from ...apdu import Apdu
from ...apdu.common import DataBlock, InvokeIdAndPriority, encode_list
from ...apdu.initiate import Conformance
from ...encoding.data import Data, encode_data
from ...encoding.octets import Writer
from ...errors import LocalProtocolError
from ...limits import DEFAULT_LIMITS, Limits
from ..proposal import MAX_PDU_SIZE
from . import Continues, encode_request

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


class WritingTransfer:
    """Common to SET and ACTION. ``needs``: without blocks. ``block_service``: what blocks need besides."""

    may_be_repeated: Final = False
    unknown_means_lost: Final = False

    def __init__(self, needs: Conformance, block_service: Conformance) -> None:
        self._needs = needs
        self._block_service = block_service
        self._limits = DEFAULT_LIMITS
        self._invoke: InvokeIdAndPriority | None = None
        self._sent: SentBlocks | None = None

    @abstractmethod
    def _whole(self, invoke: InvokeIdAndPriority) -> Apdu: ...

    @abstractmethod
    def _first_block(self, invoke: InvokeIdAndPriority, block: DataBlock) -> Apdu: ...

    @abstractmethod
    def _further_block(self, invoke: InvokeIdAndPriority, block: DataBlock) -> Apdu: ...

    @abstractmethod
    def _carried(self) -> bytes:
        """Return what is cut into blocks."""

    @property
    def needs(self) -> Conformance:
        """Services that must be negotiated; known after ``first``."""
        return self._needs if self._sent is None else self._needs | self._block_service

    @property
    def everything_is_sent(self) -> bool:
        """Whether no block is left."""
        return self._sent is None or self._sent.is_over

    def first(self, invoke: InvokeIdAndPriority, limits: Limits, room: int = MAX_PDU_SIZE) -> bytes:
        """Return the first request, and forget what was received. Raises LocalProtocolError."""
        octets = encode_request(self._whole(invoke))
        sent = None
        if len(octets) > room:
            sent = SentBlocks(self._carried(), room)
            octets = sent.take(lambda block: self._first_block(invoke, block))
        self._invoke, self._limits, self._sent = invoke, limits, sent
        return octets

    def _answer_to_block(self, number: int, invoke: InvokeIdAndPriority) -> Continues | None:
        """Take the demand for what follows a block; None if it belongs elsewhere."""
        sent = self._sent
        if sent is None or sent.is_over or number != sent.number:
            return None
        request = sent.take(lambda block: self._further_block(invoke, block))
        return Continues(sent.number, sent.size, request)


def encode_values(values: Sequence[Data]) -> bytes:
    """Return an encoded SEQUENCE OF Data."""
    writer = Writer()
    encode_list(tuple(values), writer, encode_data)
    return writer.getvalue()
