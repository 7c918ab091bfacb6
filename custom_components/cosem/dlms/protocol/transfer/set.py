"""SET of one attribute or a list, whole or in blocks (IEC 62056-5-3, SET service).

Leniencies: a result counts in whatever form of the response it comes; octets too many behind the demand for the next
block. A result before the last block was sent is a refusal, whatever it says.
"""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Final, override

from ...apdu import Apdu
from ...apdu.common import (
    AttributeDescriptor,
    DataAccessResult,
    DataBlock,
    InvokeIdAndPriority,
    Selection,
    encode_list,
)
from ...apdu.initiate import Conformance
from ...apdu.set import (
    SET_RESPONSE,
    SetRequestNormal,
    SetRequestWithDatablock,
    SetRequestWithFirstDatablock,
    SetRequestWithList,
    SetRequestWithListAndFirstDatablock,
    SetResponseDatablock,
    SetResponseLastDatablock,
    SetResponseLastDatablockWithList,
    SetResponseNormal,
    SetResponseWithList,
    decode_set_response,
)
from ...encoding.data import Data, encode_data, encode_data_octets
from ...encoding.octets import Reader, Writer
from ...errors import DataAccessError, DecodeError, LocalProtocolError, OutcomeUnknown
from ...limits import DEFAULT_LIMITS, Limits
from ..proposal import MAX_PDU_SIZE
from . import Complete, Continues, Failed, Outcome, encode_request
from .sent_blocks import SentBlocks

type _WithResult = SetResponseNormal | SetResponseLastDatablock | SetResponseLastDatablockWithList | SetResponseWithList


class _Set:
    """Common to both forms."""

    answers: Final = frozenset({SET_RESPONSE})
    awaited: Final = "set-response"
    may_be_repeated: Final = False
    unknown_means_lost: Final = False

    def __init__(self, needs: Conformance) -> None:
        self._needs = needs
        self._limits = DEFAULT_LIMITS
        self._invoke: InvokeIdAndPriority | None = None
        self._blocks: SentBlocks | None = None

    @property
    def needs(self) -> Conformance:
        """Services that must be negotiated; known after ``first``."""
        return self._needs | (Conformance(0) if self._blocks is None else Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE)

    @abstractmethod
    def _whole(self, invoke: InvokeIdAndPriority) -> Apdu: ...

    @abstractmethod
    def _first_block(self, invoke: InvokeIdAndPriority, block: DataBlock) -> Apdu: ...

    @abstractmethod
    def _encoded_values(self) -> bytes: ...

    @abstractmethod
    def _outcome(self, results: tuple[DataAccessResult, ...]) -> Outcome: ...

    def first(self, invoke: InvokeIdAndPriority, limits: Limits, room: int = MAX_PDU_SIZE) -> bytes:
        octets = encode_request(self._whole(invoke))
        blocks = None
        if len(octets) > room:
            blocks = SentBlocks(self._encoded_values(), room)
            octets = blocks.take(lambda block: self._first_block(invoke, block))
        self._invoke, self._limits, self._blocks = invoke, limits, blocks
        return octets

    def receive(self, apdu: bytes) -> Outcome | None:
        reader = Reader(apdu, limits=self._limits)
        response = decode_set_response(reader)
        if not isinstance(response, SetResponseDatablock):
            reader.finish()
        if self._invoke is None or response.invoke.invoke_id != self._invoke.invoke_id:
            return None
        if isinstance(response, SetResponseDatablock):
            return self._next_block(response, self._invoke)
        results = _results(response)
        if self._blocks is not None and not self._blocks.is_over:
            return Failed(_first_refusal(results) or OutcomeUnknown("a success before everything was sent"))
        return self._outcome(results)

    def _next_block(self, response: SetResponseDatablock, invoke: InvokeIdAndPriority) -> Outcome | None:
        blocks = self._blocks
        if blocks is None or blocks.is_over or response.block_number != blocks.number:
            return None
        request = blocks.take(lambda block: SetRequestWithDatablock(invoke, block))
        return Continues(blocks.number, blocks.size, request)


class SetOne(_Set):
    """SET of one attribute, or of a selected part; completes without octets."""

    def __init__(self, attribute: AttributeDescriptor, value: Data, selection: Selection | None = None) -> None:
        super().__init__(Conformance.SET if selection is None else Conformance.SET | Conformance.SELECTIVE_ACCESS)
        self._attribute = attribute
        self._value = value
        self._selection = selection

    @override
    def _whole(self, invoke: InvokeIdAndPriority) -> Apdu:
        return SetRequestNormal(invoke, self._attribute, self._selection, self._value)

    @override
    def _first_block(self, invoke: InvokeIdAndPriority, block: DataBlock) -> Apdu:
        return SetRequestWithFirstDatablock(invoke, self._attribute, self._selection, block)

    @override
    def _encoded_values(self) -> bytes:
        return encode_data_octets(self._value)

    @override
    def _outcome(self, results: tuple[DataAccessResult, ...]) -> Outcome:
        refusal = _first_refusal(results)
        return Failed(refusal) if refusal is not None else Complete(b"")


class SetList(_Set):
    """SET of one or more attributes; completes with one data-access-result (an octet) for each."""

    def __init__(self, items: Sequence[tuple[AttributeDescriptor, Data]]) -> None:
        if not items:
            raise LocalProtocolError("a list of attributes needs at least one")
        super().__init__(Conformance.SET | Conformance.MULTIPLE_REFERENCES)
        self._attributes = tuple((attribute, None) for attribute, _ in items)
        self._values = tuple(value for _, value in items)

    @override
    def _whole(self, invoke: InvokeIdAndPriority) -> Apdu:
        return SetRequestWithList(invoke, self._attributes, self._values)

    @override
    def _first_block(self, invoke: InvokeIdAndPriority, block: DataBlock) -> Apdu:
        return SetRequestWithListAndFirstDatablock(invoke, self._attributes, block)

    @override
    def _encoded_values(self) -> bytes:
        writer = Writer()
        encode_list(self._values, writer, encode_data)
        return writer.getvalue()

    @override
    def _outcome(self, results: tuple[DataAccessResult, ...]) -> Outcome:
        if len(results) == 1:
            results *= len(self._values)  # one result for all of them
        if len(results) != len(self._values):
            return Failed(OutcomeUnknown(f"{len(results)} results for {len(self._values)} attributes"))
        return Complete(bytes(result.code for result in results))


def _results(response: _WithResult) -> tuple[DataAccessResult, ...]:
    if isinstance(response, (SetResponseNormal, SetResponseLastDatablock)):
        return (response.result,)
    if not response.results:
        raise DecodeError("a set-response without a result")
    return response.results


def _first_refusal(results: Sequence[DataAccessResult]) -> DataAccessError | None:
    return next((DataAccessError(result.code) for result in results if result.code), None)
