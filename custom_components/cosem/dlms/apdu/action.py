"""ACTION: requests (tag C3) and responses (C7). IEC 62056-5-3, Action-Request, Action-Response."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NamedTuple, assert_never

from ..encoding.data import Data, decode_data, encode_data
from ..encoding.octets import Reader, Writer
from .common import (
    DataAccessResult,
    DataBlock,
    GetDataResult,
    InvokeIdAndPriority,
    MethodDescriptor,
    decode_data_access_result,
    decode_data_block,
    decode_get_data_result,
    decode_invoke_id_and_priority,
    decode_list,
    decode_method_descriptor,
    encode_data_access_result,
    encode_data_block,
    encode_get_data_result,
    encode_list,
    encode_method_descriptor,
    expect_tag,
    unknown_choice,
    write_head,
)

ACTION_REQUEST: Final = 0xC3
ACTION_RESPONSE: Final = 0xC7


class ActionKind(IntEnum):
    """CHOICE of Action-Request."""

    NORMAL = 1
    NEXT_PBLOCK = 2
    WITH_LIST = 3
    WITH_FIRST_PBLOCK = 4
    WITH_LIST_AND_FIRST_PBLOCK = 5
    WITH_PBLOCK = 6


class ActionResponseKind(IntEnum):
    """CHOICE of Action-Response."""

    NORMAL = 1
    WITH_PBLOCK = 2
    WITH_LIST = 3
    NEXT_PBLOCK = 4


@dataclass(frozen=True, slots=True)
class ActionRequestNormal:
    """One method, with or without parameters."""

    invoke: InvokeIdAndPriority
    method: MethodDescriptor
    parameters: Data | None = None


@dataclass(frozen=True, slots=True)
class ActionRequestNextPblock:
    """Acknowledges a block of the response."""

    invoke: InvokeIdAndPriority
    block_number: int


@dataclass(frozen=True, slots=True)
class ActionRequestWithList:
    """Methods and as many parameters (null-data for none)."""

    invoke: InvokeIdAndPriority
    methods: tuple[MethodDescriptor, ...]
    parameters: tuple[Data, ...]


@dataclass(frozen=True, slots=True)
class ActionRequestWithFirstPblock:
    """One method and the first piece of its encoded parameters."""

    invoke: InvokeIdAndPriority
    method: MethodDescriptor
    block: DataBlock


@dataclass(frozen=True, slots=True)
class ActionRequestWithListAndFirstPblock:
    """Methods and the first piece of the list of parameters."""

    invoke: InvokeIdAndPriority
    methods: tuple[MethodDescriptor, ...]
    block: DataBlock


@dataclass(frozen=True, slots=True)
class ActionRequestWithPblock:
    """A further piece of the parameters."""

    invoke: InvokeIdAndPriority
    block: DataBlock


type ActionRequest = (
    ActionRequestNormal
    | ActionRequestNextPblock
    | ActionRequestWithList
    | ActionRequestWithFirstPblock
    | ActionRequestWithListAndFirstPblock
    | ActionRequestWithPblock
)


class ActionOutcome(NamedTuple):
    """Action-Response-With-Optional-Data: action-result, and what the method returned."""

    result: DataAccessResult
    return_parameters: GetDataResult | None = None


@dataclass(frozen=True, slots=True)
class ActionResponseNormal:
    """The outcome of one method."""

    invoke: InvokeIdAndPriority
    outcome: ActionOutcome


@dataclass(frozen=True, slots=True)
class ActionResponseWithPblock:
    """A piece of a long response."""

    invoke: InvokeIdAndPriority
    block: DataBlock


@dataclass(frozen=True, slots=True)
class ActionResponseWithList:
    """One outcome for each method."""

    invoke: InvokeIdAndPriority
    outcomes: tuple[ActionOutcome, ...]


@dataclass(frozen=True, slots=True)
class ActionResponseNextPblock:
    """Acknowledges a block of the request."""

    invoke: InvokeIdAndPriority
    block_number: int


type ActionResponse = (
    ActionResponseNormal | ActionResponseWithPblock | ActionResponseWithList | ActionResponseNextPblock
)


def _request_normal(reader: Reader, invoke: InvokeIdAndPriority) -> ActionRequest:
    method = decode_method_descriptor(reader)
    return ActionRequestNormal(invoke, method, decode_data(reader) if reader.flag() else None)


def _request_next_pblock(reader: Reader, invoke: InvokeIdAndPriority) -> ActionRequest:
    return ActionRequestNextPblock(invoke, reader.unsigned32())


def _request_with_list(reader: Reader, invoke: InvokeIdAndPriority) -> ActionRequest:
    return ActionRequestWithList(
        invoke, decode_list(reader, decode_method_descriptor), decode_list(reader, decode_data)
    )


def _request_with_first_pblock(reader: Reader, invoke: InvokeIdAndPriority) -> ActionRequest:
    return ActionRequestWithFirstPblock(invoke, decode_method_descriptor(reader), decode_data_block(reader))


def _request_with_list_and_first_pblock(reader: Reader, invoke: InvokeIdAndPriority) -> ActionRequest:
    methods = decode_list(reader, decode_method_descriptor)
    return ActionRequestWithListAndFirstPblock(invoke, methods, decode_data_block(reader))


def _request_with_pblock(reader: Reader, invoke: InvokeIdAndPriority) -> ActionRequest:
    return ActionRequestWithPblock(invoke, decode_data_block(reader))


_REQUESTS: Final[dict[int, Callable[[Reader, InvokeIdAndPriority], ActionRequest]]] = {
    ActionKind.NORMAL: _request_normal,
    ActionKind.NEXT_PBLOCK: _request_next_pblock,
    ActionKind.WITH_LIST: _request_with_list,
    ActionKind.WITH_FIRST_PBLOCK: _request_with_first_pblock,
    ActionKind.WITH_LIST_AND_FIRST_PBLOCK: _request_with_list_and_first_pblock,
    ActionKind.WITH_PBLOCK: _request_with_pblock,
}


def decode_action_request(reader: Reader) -> ActionRequest:
    """Decode the APDU."""
    expect_tag(reader, ACTION_REQUEST)
    kind = reader.unsigned8()
    if (decode := _REQUESTS.get(kind)) is None:
        raise unknown_choice(reader, kind, "Action-Request")
    return decode(reader, decode_invoke_id_and_priority(reader))


def encode_action_request(apdu: ActionRequest, writer: Writer) -> None:
    """Encode the APDU."""
    match apdu:
        case ActionRequestNormal():
            write_head(writer, ACTION_REQUEST, ActionKind.NORMAL, apdu.invoke)
            encode_method_descriptor(apdu.method, writer)
            writer.flag(apdu.parameters is not None)
            if apdu.parameters is not None:
                encode_data(apdu.parameters, writer)
        case ActionRequestNextPblock():
            write_head(writer, ACTION_REQUEST, ActionKind.NEXT_PBLOCK, apdu.invoke)
            writer.unsigned32(apdu.block_number)
        case ActionRequestWithList():
            write_head(writer, ACTION_REQUEST, ActionKind.WITH_LIST, apdu.invoke)
            encode_list(apdu.methods, writer, encode_method_descriptor)
            encode_list(apdu.parameters, writer, encode_data)
        case ActionRequestWithFirstPblock():
            write_head(writer, ACTION_REQUEST, ActionKind.WITH_FIRST_PBLOCK, apdu.invoke)
            encode_method_descriptor(apdu.method, writer)
            encode_data_block(apdu.block, writer)
        case ActionRequestWithListAndFirstPblock():
            write_head(writer, ACTION_REQUEST, ActionKind.WITH_LIST_AND_FIRST_PBLOCK, apdu.invoke)
            encode_list(apdu.methods, writer, encode_method_descriptor)
            encode_data_block(apdu.block, writer)
        case ActionRequestWithPblock():
            write_head(writer, ACTION_REQUEST, ActionKind.WITH_PBLOCK, apdu.invoke)
            encode_data_block(apdu.block, writer)
        case _:
            assert_never(apdu)


def decode_action_outcome(reader: Reader) -> ActionOutcome:
    """Decode one outcome."""
    result = decode_data_access_result(reader)
    return ActionOutcome(result, decode_get_data_result(reader) if reader.flag() else None)


def encode_action_outcome(outcome: ActionOutcome, writer: Writer) -> None:
    """Encode one outcome."""
    encode_data_access_result(outcome.result, writer)
    writer.flag(outcome.return_parameters is not None)
    if outcome.return_parameters is not None:
        encode_get_data_result(outcome.return_parameters, writer)


def _response_normal(reader: Reader, invoke: InvokeIdAndPriority) -> ActionResponse:
    return ActionResponseNormal(invoke, decode_action_outcome(reader))


def _response_with_pblock(reader: Reader, invoke: InvokeIdAndPriority) -> ActionResponse:
    return ActionResponseWithPblock(invoke, decode_data_block(reader))


def _response_with_list(reader: Reader, invoke: InvokeIdAndPriority) -> ActionResponse:
    return ActionResponseWithList(invoke, decode_list(reader, decode_action_outcome))


def _response_next_pblock(reader: Reader, invoke: InvokeIdAndPriority) -> ActionResponse:
    return ActionResponseNextPblock(invoke, reader.unsigned32())


_RESPONSES: Final[dict[int, Callable[[Reader, InvokeIdAndPriority], ActionResponse]]] = {
    ActionResponseKind.NORMAL: _response_normal,
    ActionResponseKind.WITH_PBLOCK: _response_with_pblock,
    ActionResponseKind.WITH_LIST: _response_with_list,
    ActionResponseKind.NEXT_PBLOCK: _response_next_pblock,
}


def decode_action_response(reader: Reader) -> ActionResponse:
    """Decode the APDU."""
    expect_tag(reader, ACTION_RESPONSE)
    kind = reader.unsigned8()
    if (decode := _RESPONSES.get(kind)) is None:
        raise unknown_choice(reader, kind, "Action-Response")
    return decode(reader, decode_invoke_id_and_priority(reader))


def encode_action_response(apdu: ActionResponse, writer: Writer) -> None:
    """Encode the APDU."""
    match apdu:
        case ActionResponseNormal():
            write_head(writer, ACTION_RESPONSE, ActionResponseKind.NORMAL, apdu.invoke)
            encode_action_outcome(apdu.outcome, writer)
        case ActionResponseWithPblock():
            write_head(writer, ACTION_RESPONSE, ActionResponseKind.WITH_PBLOCK, apdu.invoke)
            encode_data_block(apdu.block, writer)
        case ActionResponseWithList():
            write_head(writer, ACTION_RESPONSE, ActionResponseKind.WITH_LIST, apdu.invoke)
            encode_list(apdu.outcomes, writer, encode_action_outcome)
        case ActionResponseNextPblock():
            write_head(writer, ACTION_RESPONSE, ActionResponseKind.NEXT_PBLOCK, apdu.invoke)
            writer.unsigned32(apdu.block_number)
        case _:
            assert_never(apdu)
