"""Read with short names: attributes, or a method that returns something, whole or in blocks (IEC 62056-5-3, Read).

There are no invoke-ids: one request at a time, and the tag tells its answer. Leniencies: in blocks, a value comes as
bare Data, or with a choice, or with count and choice in front of it, as the standard has it.
"""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Final, override

from ...apdu import Apdu
from ...apdu.common import DataBlock, InvokeIdAndPriority
from ...apdu.initiate import Conformance
from ...apdu.short_name import (
    READ_RESPONSE,
    BlockNumberAccess,
    ParameterizedAccess,
    ReadDataBlockAccess,
    ReadRequest,
    VariableName,
)
from ...encoding.octets import Reader
from ...errors import DataAccessError, DataAccessResultCode, LocalProtocolError, OutcomeUnknown
from ...limits import DEFAULT_LIMITS, Limits
from ..leniencies import Leniency
from . import Complete, Continues, Failed, Outcome, encode_request
from .blocks import ReceivedBlocks
from .sent_blocks import SentBlocks

type SingleAccess = VariableName | ParameterizedAccess
"""One attribute, a part of it, or a method."""

DATA, ERROR, BLOCK, BLOCK_NUMBER = range(4)
"""Choices of a result."""

_COUNT: Final = 1
"""Where the number of results is, behind the tag."""

_ONE: Final = b"\x01"
_ONE_VALUE: Final = b"\x01\x00"
"""Count and choice in front of the only value."""
_VALUE: Final = b"\x00"
"""The choice alone."""

_ONE_ERROR: Final = 3
"""Octets of count, choice and data-access-result."""


class _Read:
    """Common to all. ``payload``: count and results, as a SEQUENCE OF Get-Data-Result has them, too."""

    answers: Final = frozenset({READ_RESPONSE})
    awaited: Final = "read-response"

    def __init__(self, variables: Sequence[SingleAccess]) -> None:
        if not variables:
            raise LocalProtocolError("a read of variables needs at least one")
        self._variables = tuple(variables)
        self._limits = DEFAULT_LIMITS
        self._blocks = ReceivedBlocks(DEFAULT_LIMITS)
        self._sent: SentBlocks | None = None

    @property
    def needs(self) -> Conformance:
        needs = Conformance.READ
        if len(self._variables) > 1:
            needs |= Conformance.MULTIPLE_REFERENCES
        if any(isinstance(variable, ParameterizedAccess) for variable in self._variables):
            needs |= Conformance.PARAMETERIZED_ACCESS
        return needs if self._sent is None else needs | Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ

    @override
    def __str__(self) -> str:
        return f"read {named(self._variables)}"

    def first(self, invoke: InvokeIdAndPriority, limits: Limits, room: int) -> bytes:
        if not invoke.confirmed:
            raise LocalProtocolError("with short names, what returns something is read, and a read is always answered")
        octets = encode_request(ReadRequest(self._variables))
        sent = None
        if len(octets) > room:
            sent = SentBlocks(octets[1:], room)
            octets = sent.take(_piece)
        self._limits, self._sent = limits, sent
        self._blocks = ReceivedBlocks(limits)
        return octets

    def receive(self, apdu: bytes) -> Outcome | None:
        reader = Reader(apdu, limits=self._limits)
        reader.take(_COUNT)
        count = reader.count()
        choice = reader.peek() if count == 1 else DATA
        if choice == BLOCK_NUMBER:
            reader.unsigned8()
            number = reader.unsigned16()
            reader.finish()
            return self._next_piece(number)
        if self._sent is not None and not self._sent.is_over and choice != ERROR:
            return self._senseless("a value before everything was asked for")
        if choice == BLOCK:
            reader.unsigned8()
            return self._receive_block(reader)
        if self._blocks.has_begun and choice != ERROR:
            return None
        return self._receive_whole(apdu[_COUNT:])

    def _next_piece(self, number: int) -> Outcome | None:
        sent = self._sent
        if sent is None or sent.is_over or number != sent.number:
            return None
        request = sent.take(_piece)
        return Continues(sent.number, sent.size, request)

    def _receive_block(self, reader: Reader) -> Outcome | None:
        last, number, octets = reader.flag(), reader.unsigned16(), reader.octet_string()
        reader.finish()
        blocks = self._blocks
        if not blocks.add(number, octets):
            error = blocks.contradiction(number, octets)
            return None if error is None else Failed(error)
        if last:
            return self._receive_joined(blocks.take(), blocks.leniency)
        return Continues(
            number, blocks.size, encode_request(ReadRequest((BlockNumberAccess(number),))), blocks.leniency
        )

    def _senseless(self, why: str) -> Failed:
        return Failed(DataAccessError(DataAccessResultCode.OTHER_REASON, undecodable=why))

    @abstractmethod
    def _receive_whole(self, payload: bytes) -> Outcome | None: ...

    @abstractmethod
    def _receive_joined(self, joined: bytes, leniency: Leniency | None) -> Outcome | None: ...


class ReadOne(_Read):
    """Read of one attribute, or of a selected part; completes with its encoded Data."""

    may_be_repeated: bool = True
    unknown_means_lost: bool = True

    def __init__(self, variable: SingleAccess) -> None:
        super().__init__((variable,))
        self._begun = b""
        """Octets from which it is not yet known where the value begins."""
        self._value_has_begun = False
        self._head_leniency: Leniency | None = None

    @override
    def first(self, invoke: InvokeIdAndPriority, limits: Limits, room: int) -> bytes:
        self._begun, self._value_has_begun, self._head_leniency = b"", False, None
        return super().first(invoke, limits, room)

    def take(self) -> bytes:
        """Return what came in blocks since the last call; with the last one the transfer completes with the rest."""
        octets = self._begun + self._blocks.take()
        if self._value_has_begun:
            return octets
        self._begun = b""
        if len(octets) <= _ONE_ERROR:  # may be an error, or an empty value
            self._begun = octets
            return b""
        self._value_has_begun = True
        octets, self._head_leniency = _without_head(octets)
        return octets

    @override
    def _receive_whole(self, payload: bytes) -> Outcome | None:
        if payload[:2] == _ONE_VALUE:
            return self._complete(payload[2:], None)
        if payload[:1] == _ONE and len(payload) == _ONE_ERROR and payload[1] == ERROR:
            return self._failed(payload[2])
        return self._senseless("a read-response that is none to one variable")

    @override
    def _receive_joined(self, joined: bytes, leniency: Leniency | None) -> Outcome | None:
        if self._value_has_begun:
            return self._complete(joined, leniency or self._head_leniency)
        joined = self._begun + joined
        if joined[:2] == b"\x01\x01" and len(joined) == _ONE_ERROR and joined[2]:
            return self._failed(joined[2])
        value, odd = _without_head(joined)
        return self._complete(value, leniency or odd)

    def _complete(self, value: bytes, leniency: Leniency | None) -> Outcome:
        return Complete(value, leniency)

    def _failed(self, code: int) -> Outcome:
        return Failed(DataAccessError(code))


class ReadList(_Read):
    """Read of several attributes; completes with an encoded SEQUENCE OF Get-Data-Result."""

    may_be_repeated: Final = True
    unknown_means_lost: Final = False

    @override
    def _receive_whole(self, payload: bytes) -> Outcome | None:
        return Complete(payload)

    @override
    def _receive_joined(self, joined: bytes, leniency: Leniency | None) -> Outcome | None:
        count = len(self._variables)
        if joined[:1] == bytes((count,)) and joined[1:2] in {b"\x00", b"\x01"}:
            return Complete(joined, leniency)
        return Complete(bytes((count, DATA)) + joined, leniency or Leniency.READ_BLOCKS_WITHOUT_COUNT)


class ReadMethod(ReadOne):
    """A method that returns something; completes with the encoded outcome of an ACTION."""

    may_be_repeated = False
    unknown_means_lost = False

    @property
    def was_in_blocks(self) -> bool:
        """Whether a block of the response came."""
        return self._blocks.has_begun

    @property
    def is_carried_out(self) -> bool:
        """Whether the first blocks say so, whatever comes of the others: they begin with a value, not with an error."""
        return self._blocks.begins_with(_ONE_VALUE, _VALUE)

    @override
    def _receive_whole(self, payload: bytes) -> Outcome | None:
        if self.was_in_blocks:
            return self._senseless("an error between the blocks of a read-response")
        return super()._receive_whole(payload)

    @override
    def _complete(self, value: bytes, leniency: Leniency | None) -> Outcome:
        return Complete(b"\x00\x01\x00" + value, leniency)

    @override
    def _failed(self, code: int) -> Outcome:
        return Complete(bytes((code, 0)))

    @override
    def _senseless(self, why: str) -> Failed:
        return Failed(OutcomeUnknown(why))


def _without_head(joined: bytes) -> tuple[bytes, Leniency | None]:
    """Return the value, and what is tolerated of what stands in front of it."""
    # An array with no elements, or null-data, has nothing behind it: what follows tells what these octets are.
    if joined[:2] == _ONE_VALUE and len(joined) > len(_ONE_VALUE):
        return joined[2:], None
    value = joined[1:] if joined[:1] == b"\x00" and len(joined) > 1 else joined
    return value, Leniency.READ_BLOCKS_WITHOUT_COUNT


def _piece(block: DataBlock) -> Apdu:
    return ReadRequest((ReadDataBlockAccess(block),))


def named(variables: Sequence[SingleAccess]) -> str:
    """Return the short names, for the log."""
    return ", ".join(f"{variable.short_name:04X}" for variable in variables)
