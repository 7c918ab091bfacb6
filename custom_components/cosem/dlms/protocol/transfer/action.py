"""ACTION of one method or a list, whole or in blocks both ways (IEC 62056-5-3, ACTION service).

Leniencies: a result without the optional octet behind it; a list of one answered like one method, or the other way
round; in blocks what the method returned may come as Get-Data-Result, or as bare Data, without the action-result in
front. A success before the last block was sent tells nothing.
"""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Final, override

from ...apdu import Apdu
from ...apdu.action import (
    ACTION_RESPONSE,
    ActionOutcome,
    ActionRequestNextPblock,
    ActionRequestNormal,
    ActionRequestWithFirstPblock,
    ActionRequestWithList,
    ActionRequestWithListAndFirstPblock,
    ActionRequestWithPblock,
    ActionResponseKind,
    decode_action_outcome,
)
from ...apdu.common import (
    DataAccessResult,
    DataBlock,
    InvokeIdAndPriority,
    MethodDescriptor,
    decode_data_block,
    decode_get_data_result,
    decode_invoke_id_and_priority,
    decode_list,
    expect_tag,
    unknown_choice,
)
from ...apdu.initiate import Conformance
from ...encoding.data import NULL, Data, decode_data, encode_data_octets
from ...encoding.octets import Reader
from ...errors import ActionError, DataAccessError, DecodeError, LocalProtocolError, OutcomeUnknown, UnexpectedApdu
from ...limits import DEFAULT_LIMITS, Limits
from ..leniencies import Leniency
from ..proposal import MAX_PDU_SIZE
from . import Complete, Continues, Failed, Outcome, encode_request
from .blocks import ReceivedBlocks
from .sent_blocks import WritingTransfer, encode_values

_SUCCESS: Final = DataAccessResult(0)
_SUCCESSFUL: Final = b"\x00"
"""Its octet."""

_RESULT_AND_VALUE: Final = b"\x00\x01\x00"
_RESULT_WITHOUT_VALUE: Final = frozenset({2, 4})
"""Octets of a result with nothing behind it, and with a data-access-result."""

_ERROR_ALONE: Final = 2
"""Octets of a data-access-result in a Get-Data-Result."""

_LIST_OF_ONE: Final = b"\x01"
"""The count in front of the outcome."""

VALUE_MISSING: Final = b"\x00\x01\x01\xfa"
"""Encoded outcome of a method that was carried out, and of which nobody knows what it returned: other-reason."""


class _Action(WritingTransfer):
    """Common to both forms."""

    answers: Final = frozenset({ACTION_RESPONSE})
    awaited: Final = "action-response"

    def __init__(self, needs: Conformance) -> None:
        super().__init__(needs, Conformance.BLOCK_TRANSFER_WITH_ACTION)
        self._received = ReceivedBlocks(DEFAULT_LIMITS)

    @property
    def was_in_blocks(self) -> bool:
        """Whether the response came in blocks."""
        return self._received.has_begun

    @abstractmethod
    def _take_whole(self, kind: int, payload: bytes) -> Outcome | None: ...

    @override
    def _further_block(self, invoke: InvokeIdAndPriority, block: DataBlock) -> Apdu:
        return ActionRequestWithPblock(invoke, block)

    @override
    def first(self, invoke: InvokeIdAndPriority, limits: Limits, room: int = MAX_PDU_SIZE) -> bytes:
        octets = super().first(invoke, limits, room)
        self._received = ReceivedBlocks(limits)
        return octets

    def receive(self, apdu: bytes) -> Outcome | None:
        reader = Reader(apdu, limits=self._limits)
        expect_tag(reader, ACTION_RESPONSE)
        kind = reader.unsigned8()
        invoke = decode_invoke_id_and_priority(reader)
        if self._invoke is None or invoke.invoke_id != self._invoke.invoke_id:
            return None
        match kind:
            case ActionResponseKind.NORMAL | ActionResponseKind.WITH_LIST:
                return self._receive_whole(kind, reader.rest())
            case ActionResponseKind.WITH_PBLOCK:
                return self._receive_block(reader, self._invoke)
            case ActionResponseKind.NEXT_PBLOCK:
                number = reader.unsigned32()
                reader.finish()
                return self._answer_to_block(number, self._invoke)
        raise unknown_choice(reader, kind, "Action-Response")

    def _receive_whole(self, kind: int, payload: bytes) -> Outcome | None:
        if self.was_in_blocks:
            # Blocks come behind the execution only: nothing refuses it any more.
            refuses = payload[:1] != _SUCCESSFUL
            return Failed(OutcomeUnknown("a refusal between the blocks of a response")) if refuses else None
        if not self.everything_is_sent and payload[:1] == _SUCCESSFUL:
            return Failed(OutcomeUnknown("a success before everything was sent"))
        return self._take_whole(kind, payload)

    def _form_of(self, _joined: bytes) -> Leniency | None:
        """Return what is unusual about a response that came in blocks."""
        return None

    def _receive_block(self, reader: Reader, invoke: InvokeIdAndPriority) -> Outcome | None:
        block = decode_data_block(reader)
        reader.finish()
        blocks, number = self._received, block.block_number
        if not self.everything_is_sent:
            return None
        if not blocks.add(number, block.raw_data):
            error = blocks.contradiction(number, block.raw_data)
            return None if error is None else Failed(OutcomeUnknown(str(error)))
        if block.last_block:
            joined = blocks.take()
            return Complete(joined, blocks.leniency or self._form_of(joined))
        request = encode_request(ActionRequestNextPblock(invoke, number))
        return Continues(number, blocks.size, request, blocks.leniency)


class ActionOne(_Action):
    """ACTION of one method; completes with what decode() takes."""

    def __init__(self, method: MethodDescriptor, parameters: Data | None = None) -> None:
        super().__init__(Conformance.ACTION)
        self.method: Final = method
        self.parameters: Final = parameters

    @override
    def __str__(self) -> str:
        return f"action {self.method}"

    @property
    def is_carried_out(self) -> bool:
        """Whether the first blocks say so, whatever comes of the others: all forms of a success begin alike."""
        return self._received.begins_with(_SUCCESSFUL)

    def decode(self, octets: bytes, limits: Limits) -> ActionOutcome:
        """Return the outcome. Raises DecodeError, LimitExceeded."""
        if not self.was_in_blocks:
            return _decode_whole(octets, limits, decode_action_outcome)
        outcome = decode_joined(octets, limits)
        if len(octets) == _ERROR_ALONE and isinstance(outcome.return_parameters, DataAccessResult):
            raise DecodeError("an error of what the method returned, and no word on whether it was carried out")
        return outcome

    @override
    def _whole(self, invoke: InvokeIdAndPriority) -> Apdu:
        return ActionRequestNormal(invoke, self.method, self.parameters)

    @override
    def _first_block(self, invoke: InvokeIdAndPriority, block: DataBlock) -> Apdu:
        return ActionRequestWithFirstPblock(invoke, self.method, block)

    @override
    def _form_of(self, joined: bytes) -> Leniency | None:
        # With the result in front: success and a value, or a failure or success with nothing or an error behind it.
        usual = joined[:3] == _RESULT_AND_VALUE or len(joined) in _RESULT_WITHOUT_VALUE
        return None if usual else Leniency.ACTION_BLOCKS_WITHOUT_RESULT

    @override
    def _carried(self) -> bytes:
        return encode_data_octets(NULL if self.parameters is None else self.parameters)

    @override
    def _take_whole(self, kind: int, payload: bytes) -> Outcome | None:
        if kind == ActionResponseKind.NORMAL:
            return Complete(_with_flag(payload), Leniency.ACTION_RESULT_ALONE if len(payload) == 1 else None)
        return Complete(_with_flag(payload[1:])) if payload[:1] == _LIST_OF_ONE else None


class ActionList(_Action):
    """ACTION of one or more methods; completes with what decode() takes."""

    def __init__(self, items: Sequence[tuple[MethodDescriptor, Data | None]]) -> None:
        if not items:
            raise LocalProtocolError("a list of methods needs at least one")
        super().__init__(Conformance.ACTION | Conformance.MULTIPLE_REFERENCES)
        self.items: Final = tuple(items)
        self._methods = tuple(method for method, _ in items)
        self._parameters = tuple(NULL if parameters is None else parameters for _, parameters in items)

    @override
    def __str__(self) -> str:
        return f"action {', '.join(map(str, self._methods))}"

    def decode(self, octets: bytes, limits: Limits) -> tuple[ActionOutcome, ...]:
        """Return an outcome for each. Raises DecodeError, LimitExceeded."""
        outcomes = _decode_whole(octets, limits, lambda reader: decode_list(reader, decode_action_outcome))
        if len(outcomes) != len(self._methods):
            raise DecodeError(f"{len(outcomes)} outcomes for {len(self._methods)} methods")
        return outcomes

    @override
    def _whole(self, invoke: InvokeIdAndPriority) -> Apdu:
        return ActionRequestWithList(invoke, self._methods, self._parameters)

    @override
    def _first_block(self, invoke: InvokeIdAndPriority, block: DataBlock) -> Apdu:
        return ActionRequestWithListAndFirstPblock(invoke, self._methods, block)

    @override
    def _carried(self) -> bytes:
        return encode_values(self._parameters)

    @override
    def _take_whole(self, kind: int, payload: bytes) -> Outcome | None:
        if kind == ActionResponseKind.WITH_LIST:
            return Complete(payload)
        return Complete(_LIST_OF_ONE + _with_flag(payload)) if len(self._methods) == 1 else None


def _with_flag(outcome: bytes) -> bytes:
    """Return an outcome with the optional octet that says that nothing was returned."""
    return outcome + b"\x00" if len(outcome) == 1 else outcome


def _decode_whole[T](octets: bytes, limits: Limits, decode: Callable[[Reader], T]) -> T:
    reader = Reader(octets, limits=limits)
    decoded = decode(reader)
    reader.finish()
    return decoded


def decode_joined(octets: bytes, limits: Limits) -> ActionOutcome:
    """Decode a response that came in blocks, in the first of its three forms that fits exactly."""
    try:
        return _decode_whole(octets, limits, decode_action_outcome)
    except DecodeError, UnexpectedApdu:
        pass
    try:
        return ActionOutcome(_SUCCESS, _decode_whole(octets, limits, decode_get_data_result))
    except DecodeError, UnexpectedApdu:
        return ActionOutcome(_SUCCESS, _decode_whole(octets, limits, decode_data))


def returned(outcome: ActionOutcome) -> Data | DataAccessError | None:
    """Return what a method returned, None for nothing, the error of what it could not return. Raises ActionError.

    The action-result alone says whether it was carried out.
    """
    value = returned_or_error(outcome)
    if isinstance(value, ActionError):
        raise value
    return value


def returned_or_error(outcome: ActionOutcome) -> Data | ActionError | DataAccessError | None:
    """The same, with the error of a refusal."""
    if outcome.result.code:
        return ActionError(outcome.result.code)
    value = outcome.return_parameters
    return DataAccessError(value.code) if isinstance(value, DataAccessResult) else value
