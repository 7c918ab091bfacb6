"""Write with short names: attributes, or a method that returns nothing, whole or in blocks (IEC 62056-5-3, Write).

There are no invoke-ids: one request at a time, and the tag tells its answer. Nothing of it is ever repeated. A success
before the last block was sent tells nothing.
"""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Final, override

from ...apdu import Apdu
from ...apdu.common import DataAccessResult, DataBlock, InvokeIdAndPriority
from ...apdu.initiate import Conformance
from ...apdu.short_name import (
    WRITE_RESPONSE,
    BlockNumberResult,
    ParameterizedAccess,
    UnconfirmedWriteRequest,
    WriteDataBlockAccess,
    WriteRequest,
    WriteResult,
    decode_write_response,
)
from ...encoding.data import Data, octet_string
from ...encoding.octets import Reader
from ...errors import DataAccessError, LocalProtocolError, OutcomeUnknown
from ...limits import DEFAULT_LIMITS, Limits
from . import Complete, Continues, Failed, Outcome, encode_request
from .read import SingleAccess, named
from .sent_blocks import SentBlocks

_NOTHING_RETURNED: Final = b"\x00"
"""Behind the result in the outcome of an ACTION."""


class _Write:
    """Common to all."""

    answers: Final = frozenset({WRITE_RESPONSE})
    awaited: Final = "write-response"
    may_be_repeated: Final = False
    unknown_means_lost: Final = False

    def __init__(self, items: Sequence[tuple[SingleAccess, Data]]) -> None:
        if not items:
            raise LocalProtocolError("a write of variables needs at least one")
        self._variables = tuple(variable for variable, _ in items)
        self._values = tuple(value for _, value in items)
        self._limits = DEFAULT_LIMITS
        self._is_confirmed = True
        self._sent: SentBlocks | None = None

    @property
    def needs(self) -> Conformance:
        needs = Conformance.WRITE if self._is_confirmed else Conformance.UNCONFIRMED_WRITE
        if len(self._variables) > 1:
            needs |= Conformance.MULTIPLE_REFERENCES
        if any(isinstance(variable, ParameterizedAccess) for variable in self._variables):
            needs |= Conformance.PARAMETERIZED_ACCESS
        return needs if self._sent is None else needs | Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE

    @override
    def __str__(self) -> str:
        return f"write {named(self._variables)}"

    def first(self, invoke: InvokeIdAndPriority, limits: Limits, room: int) -> bytes:
        self._is_confirmed = invoke.confirmed
        form = WriteRequest if invoke.confirmed else UnconfirmedWriteRequest
        octets = encode_request(form(self._variables, self._values))
        sent = None
        if len(octets) > room:
            sent = SentBlocks(octets[1:], room)
            octets = sent.take(_piece)
        self._limits, self._sent = limits, sent
        return octets

    def receive(self, apdu: bytes) -> Outcome | None:
        reader = Reader(apdu, limits=self._limits)
        response = decode_write_response(reader)
        reader.finish()
        if len(response.results) == 1 and isinstance(response.results[0], BlockNumberResult):
            return self._next_piece(response.results[0].block_number)
        codes = [_code(result) for result in response.results]
        refused = next((code for code in codes if code), None)
        if self._sent is not None and not self._sent.is_over and refused is None:
            return Failed(OutcomeUnknown("a success before everything was sent"))
        count = len(self._variables)
        if None in codes or len(codes) not in {1, count}:
            return Failed(OutcomeUnknown(f"{len(codes)} results for {count} variables"))
        # A block is one variable, so behind the last one a result may be that of all.
        if len(codes) < count and self._sent is None:
            return Failed(OutcomeUnknown(f"one result for {count} variables: it may be that of the first one only"))
        if refused and len(codes) < count and self._sent is not None and self._sent.is_over:
            return Failed(OutcomeUnknown(f"one refusal for {count} variables: {DataAccessError(refused)}"))
        return self._outcome(bytes(code or 0 for code in codes))

    def _next_piece(self, number: int) -> Outcome | None:
        sent = self._sent
        if sent is None or sent.is_over or number != sent.number:
            return None
        request = sent.take(_piece)
        return Continues(sent.number, sent.size, request)

    @abstractmethod
    def _outcome(self, codes: bytes) -> Outcome: ...


class WriteOne(_Write):
    """Write of one attribute, or of a selected part; completes without octets."""

    def __init__(self, variable: SingleAccess, value: Data) -> None:
        super().__init__([(variable, value)])

    @override
    def _outcome(self, codes: bytes) -> Outcome:
        return Failed(DataAccessError(codes[0])) if codes[0] else Complete(b"")


class WriteList(_Write):
    """Write of one or more attributes; completes with one data-access-result (an octet) for each."""

    @override
    def _outcome(self, codes: bytes) -> Outcome:
        return Complete(codes if len(codes) > 1 else codes * len(self._variables))  # one result for all of them


class WriteMethod(WriteOne):
    """A method that returns nothing; completes with the encoded outcome of an ACTION."""

    @override
    def _outcome(self, codes: bytes) -> Outcome:
        return Complete(codes + _NOTHING_RETURNED)


class WriteMethods(_Write):
    """Methods that return nothing; completes with the encoded outcomes of an ACTION of a list."""

    @override
    def _outcome(self, codes: bytes) -> Outcome:
        count = len(self._variables)
        each = codes if len(codes) == count else codes * count
        return Complete(bytes((count,)) + b"".join(bytes((code,)) + _NOTHING_RETURNED for code in each))


def _code(result: WriteResult) -> int | None:
    """Return a result's number; None for a block number among results."""
    if result is None:
        return 0
    return result.code if isinstance(result, DataAccessResult) else None


def _piece(block: DataBlock) -> Apdu:
    return WriteRequest((WriteDataBlockAccess(block.last_block, block.block_number),), (octet_string(block.raw_data),))
