"""SET of one attribute or a list, whole or in blocks (IEC 62056-5-3, SET service).

Leniencies: a result counts in whatever form of the response it comes; octets too many behind the demand for the next
block. A result before the last block was sent is a refusal, whatever it says.
"""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, override

from ...apdu import Apdu
from ...apdu.common import (
    AttributeDescriptor,
    DataAccessResult,
    DataBlock,
    InvokeIdAndPriority,
    Selection,
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
from ...encoding.data import Data, encode_data_octets
from ...encoding.octets import Reader
from ...errors import DataAccessError, DecodeError, LocalProtocolError, OutcomeUnknown
from ..leniencies import Leniency
from . import Complete, Failed, Outcome
from .sent_blocks import WritingTransfer, encode_values

type _WithResult = SetResponseNormal | SetResponseLastDatablock | SetResponseLastDatablockWithList | SetResponseWithList


class _Set(WritingTransfer):
    """Common to both forms."""

    answers: Final = frozenset({SET_RESPONSE})
    awaited: Final = "set-response"
    _forms: tuple[type, type]
    """Of the response to a request that is whole, and to one in blocks."""

    def __init__(self, needs: Conformance) -> None:
        super().__init__(needs, Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE)

    @abstractmethod
    def _outcome(self, results: tuple[DataAccessResult, ...]) -> Outcome:
        """Return what a list of results means."""

    def _outcome_of_all(self, result: DataAccessResult) -> Outcome:
        """Return what a result that is no list means."""
        return self._outcome((result,))

    @override
    def _further_block(self, invoke: InvokeIdAndPriority, block: DataBlock) -> Apdu:
        return SetRequestWithDatablock(invoke, block)

    def receive(self, apdu: bytes) -> Outcome | None:
        reader = Reader(apdu, limits=self._limits)
        response = decode_set_response(reader)
        if not isinstance(response, SetResponseDatablock):
            reader.finish()
        if self._invoke is None or response.invoke.invoke_id != self._invoke.invoke_id:
            return None
        if isinstance(response, SetResponseDatablock):
            asked = self._answer_to_block(response.block_number, self._invoke)
            surplus = asked is not None and reader.remaining
            return replace(asked, leniency=Leniency.SURPLUS_BEHIND_SET_BLOCK) if asked and surplus else asked
        results = _results(response)
        if not self.everything_is_sent:
            return Failed(_first_refusal(results) or OutcomeUnknown("a success before everything was sent"))
        if isinstance(response, SetResponseWithList | SetResponseLastDatablockWithList):
            outcome = self._outcome(results)
        else:
            outcome = self._outcome_of_all(results[0])
        if isinstance(outcome, Complete) and not isinstance(response, self._forms[self._sent is not None]):
            return replace(outcome, leniency=Leniency.SET_RESULT_IN_ANOTHER_FORM)
        return outcome


class SetOne(_Set):
    """SET of one attribute, or of a selected part; completes without octets."""

    _forms = (SetResponseNormal, SetResponseLastDatablock)

    def __init__(self, attribute: AttributeDescriptor, value: Data, selection: Selection | None = None) -> None:
        super().__init__(Conformance.SET if selection is None else Conformance.SET | Conformance.SELECTIVE_ACCESS)
        self.attribute: Final = attribute
        self.value: Final = value
        self.selection: Final = selection

    @override
    def __str__(self) -> str:
        return f"set {self.attribute}"

    @override
    def _whole(self, invoke: InvokeIdAndPriority) -> Apdu:
        return SetRequestNormal(invoke, self.attribute, self.selection, self.value)

    @override
    def _first_block(self, invoke: InvokeIdAndPriority, block: DataBlock) -> Apdu:
        return SetRequestWithFirstDatablock(invoke, self.attribute, self.selection, block)

    @override
    def _carried(self) -> bytes:
        return encode_data_octets(self.value)

    @override
    def _outcome(self, results: tuple[DataAccessResult, ...]) -> Outcome:
        if len(results) != 1:
            return Failed(OutcomeUnknown(f"{len(results)} results for one attribute"))
        refusal = _first_refusal(results)
        return Failed(refusal) if refusal is not None else Complete(b"")


class SetList(_Set):
    """SET of one or more attributes; completes with one data-access-result (an octet) for each."""

    _forms = (SetResponseWithList, SetResponseLastDatablockWithList)

    def __init__(self, items: Sequence[tuple[AttributeDescriptor, Data]]) -> None:
        if not items:
            raise LocalProtocolError("a list of attributes needs at least one")
        super().__init__(Conformance.SET | Conformance.MULTIPLE_REFERENCES)
        self.items: Final = tuple(items)
        self._attributes = tuple((attribute, None) for attribute, _ in items)
        self._values = tuple(value for _, value in items)

    @override
    def __str__(self) -> str:
        return f"set {', '.join(str(attribute) for attribute, _ in self.items)}"

    @override
    def _whole(self, invoke: InvokeIdAndPriority) -> Apdu:
        return SetRequestWithList(invoke, self._attributes, self._values)

    @override
    def _first_block(self, invoke: InvokeIdAndPriority, block: DataBlock) -> Apdu:
        return SetRequestWithListAndFirstDatablock(invoke, self._attributes, block)

    @override
    def _carried(self) -> bytes:
        return encode_values(self._values)

    @override
    def _outcome(self, results: tuple[DataAccessResult, ...]) -> Outcome:
        count = len(self._values)
        if len(results) == 1 < count:
            return Failed(OutcomeUnknown(f"one result for {count} attributes: it may be that of the first one only"))
        if len(results) != count:
            return Failed(OutcomeUnknown(f"{len(results)} results for {count} attributes"))
        return Complete(bytes(result.code for result in results))

    @override
    def _outcome_of_all(self, result: DataAccessResult) -> Outcome:
        count = len(self._values)
        if result.code and count > 1:
            return Failed(OutcomeUnknown(f"one refusal for {count} attributes: {DataAccessError(result.code)}"))
        return self._outcome((result,) * count)


def _results(response: _WithResult) -> tuple[DataAccessResult, ...]:
    if isinstance(response, (SetResponseNormal, SetResponseLastDatablock)):
        return (response.result,)
    if not response.results:
        raise DecodeError("a set-response without a result")
    return response.results


def _first_refusal(results: Sequence[DataAccessResult]) -> DataAccessError | None:
    return next((DataAccessError(result.code) for result in results if result.code), None)
