"""ACTION of one method or a list, whole or in blocks both ways (IEC 62056-5-3, ACTION service).

Leniencies: a result without the optional octet behind it; in blocks what the method returned may come as
Get-Data-Result, or as bare Data, without the action-result in front.
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
    encode_list,
    expect_tag,
    unknown_choice,
)
from ...apdu.initiate import Conformance
from ...encoding.data import NULL, Data, decode_data, encode_data, encode_data_octets
from ...encoding.octets import Reader, Writer
from ...errors import ActionError, DataAccessError, DecodeError, LocalProtocolError, UnexpectedApdu
from ...limits import DEFAULT_LIMITS, Limits
from ..proposal import MAX_PDU_SIZE
from . import Complete, Continues, Outcome, encode_request
from .blocks import ReceivedBlocks
from .sent_blocks import SentBlocks

_SUCCESS: Final = DataAccessResult(0)


class _Action:
    """Common to both forms."""

    answers: Final = frozenset({ACTION_RESPONSE})
    awaited: Final = "action-response"
    may_be_repeated: Final = False
    unknown_means_lost: Final = False

    def __init__(self, needs: Conformance) -> None:
        self._needs = needs
        self._limits = DEFAULT_LIMITS
        self._invoke: InvokeIdAndPriority | None = None
        self._sent: SentBlocks | None = None
        self._received = ReceivedBlocks(DEFAULT_LIMITS)

    @property
    def needs(self) -> Conformance:
        """Services that must be negotiated; known after ``first``."""
        return self._needs | (Conformance(0) if self._sent is None else Conformance.BLOCK_TRANSFER_WITH_ACTION)

    @property
    def was_in_blocks(self) -> bool:
        """Whether the response came in blocks."""
        return self._received.has_begun

    @abstractmethod
    def _whole(self, invoke: InvokeIdAndPriority) -> Apdu: ...

    @abstractmethod
    def _first_block(self, invoke: InvokeIdAndPriority, block: DataBlock) -> Apdu: ...

    @abstractmethod
    def _encoded_parameters(self) -> bytes: ...

    @abstractmethod
    def _take_whole(self, kind: int, payload: bytes) -> Outcome | None: ...

    def first(self, invoke: InvokeIdAndPriority, limits: Limits, room: int = MAX_PDU_SIZE) -> bytes:
        octets = encode_request(self._whole(invoke))
        sent = None
        if len(octets) > room:
            sent = SentBlocks(self._encoded_parameters(), room)
            octets = sent.take(lambda block: self._first_block(invoke, block))
        self._invoke, self._limits, self._sent = invoke, limits, sent
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
                return None if self.was_in_blocks else self._take_whole(kind, reader.rest())
            case ActionResponseKind.WITH_PBLOCK:
                return self._receive_block(reader, self._invoke)
            case ActionResponseKind.NEXT_PBLOCK:
                return self._send_block(reader, self._invoke)
        raise unknown_choice(reader, kind, "Action-Response")

    def _receive_block(self, reader: Reader, invoke: InvokeIdAndPriority) -> Outcome | None:
        block = decode_data_block(reader)
        reader.finish()
        blocks, number = self._received, block.block_number
        if (self._sent is not None and not self._sent.is_over) or not blocks.add(number, block.raw_data):
            return None
        if block.last_block:
            return Complete(blocks.joined(), blocks.leniency)
        request = encode_request(ActionRequestNextPblock(invoke, number))
        return Continues(number, blocks.size, request, blocks.leniency)

    def _send_block(self, reader: Reader, invoke: InvokeIdAndPriority) -> Outcome | None:
        number = reader.unsigned32()
        reader.finish()
        sent = self._sent
        if sent is None or sent.is_over or number != sent.number:
            return None
        request = sent.take(lambda block: ActionRequestWithPblock(invoke, block))
        return Continues(sent.number, sent.size, request)


class ActionOne(_Action):
    """ACTION of one method; completes with what decode() takes."""

    def __init__(self, method: MethodDescriptor, parameters: Data | None = None) -> None:
        super().__init__(Conformance.ACTION)
        self._method = method
        self._parameters = parameters

    def decode(self, octets: bytes, limits: Limits) -> ActionOutcome:
        """Return the outcome. Raises DecodeError, LimitExceeded."""
        if self.was_in_blocks:
            return _decode_joined(octets, limits)
        if len(octets) == 1:
            return ActionOutcome(DataAccessResult(octets[0]))
        return _decode_whole(octets, limits, decode_action_outcome)

    @override
    def _whole(self, invoke: InvokeIdAndPriority) -> Apdu:
        return ActionRequestNormal(invoke, self._method, self._parameters)

    @override
    def _first_block(self, invoke: InvokeIdAndPriority, block: DataBlock) -> Apdu:
        return ActionRequestWithFirstPblock(invoke, self._method, block)

    @override
    def _encoded_parameters(self) -> bytes:
        return encode_data_octets(NULL if self._parameters is None else self._parameters)

    @override
    def _take_whole(self, kind: int, payload: bytes) -> Outcome | None:
        return Complete(payload) if kind == ActionResponseKind.NORMAL else None


class ActionList(_Action):
    """ACTION of one or more methods; completes with what decode() takes."""

    def __init__(self, items: Sequence[tuple[MethodDescriptor, Data | None]]) -> None:
        if not items:
            raise LocalProtocolError("a list of methods needs at least one")
        super().__init__(Conformance.ACTION | Conformance.MULTIPLE_REFERENCES)
        self._methods = tuple(method for method, _ in items)
        self._parameters = tuple(NULL if parameters is None else parameters for _, parameters in items)

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
    def _encoded_parameters(self) -> bytes:
        writer = Writer()
        encode_list(self._parameters, writer, encode_data)
        return writer.getvalue()

    @override
    def _take_whole(self, kind: int, payload: bytes) -> Outcome | None:
        return Complete(payload) if kind == ActionResponseKind.WITH_LIST else None


def _decode_whole[T](octets: bytes, limits: Limits, decode: Callable[[Reader], T]) -> T:
    reader = Reader(octets, limits=limits)
    decoded = decode(reader)
    reader.finish()
    return decoded


def _decode_joined(octets: bytes, limits: Limits) -> ActionOutcome:
    """Decode a response that came in blocks, in the first of its three forms that fits exactly."""
    try:
        return _decode_whole(octets, limits, decode_action_outcome)
    except DecodeError, UnexpectedApdu:
        pass
    try:
        return ActionOutcome(_SUCCESS, _decode_whole(octets, limits, decode_get_data_result))
    except DecodeError, UnexpectedApdu:
        return ActionOutcome(_SUCCESS, _decode_whole(octets, limits, decode_data))


def returned(outcome: ActionOutcome) -> Data | None:
    """Return what a method returned, None for nothing. Raises ActionError, DataAccessError."""
    value = returned_or_error(outcome)
    if isinstance(value, (ActionError, DataAccessError)):
        raise value
    return value


def returned_or_error(outcome: ActionOutcome) -> Data | ActionError | DataAccessError | None:
    """Return what a method returned, None for nothing, or its error."""
    if outcome.result.code:
        return ActionError(outcome.result.code)
    value = outcome.return_parameters
    return DataAccessError(value.code) if isinstance(value, DataAccessResult) else value
