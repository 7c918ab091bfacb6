"""SET: requests (tag C1) and responses (C5). IEC 62056-5-3, Set-Request, Set-Response."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, assert_never

from ..encoding.data import Data, decode_data, encode_data
from ..encoding.octets import Reader, Writer
from .common import (
    AttributeDescriptor,
    AttributeReference,
    DataAccessResult,
    DataBlock,
    InvokeIdAndPriority,
    Selection,
    decode_attribute_descriptor,
    decode_attribute_reference,
    decode_data_access_result,
    decode_data_block,
    decode_invoke_id_and_priority,
    decode_list,
    decode_selection,
    encode_attribute_descriptor,
    encode_attribute_reference,
    encode_data_access_result,
    encode_data_block,
    encode_list,
    encode_selection,
    expect_tag,
    unknown_choice,
    write_head,
)

SET_REQUEST: Final = 0xC1
SET_RESPONSE: Final = 0xC5


class SetKind(IntEnum):
    """CHOICE of Set-Request."""

    NORMAL = 1
    WITH_FIRST_DATABLOCK = 2
    WITH_DATABLOCK = 3
    WITH_LIST = 4
    WITH_LIST_AND_FIRST_DATABLOCK = 5


class SetResponseKind(IntEnum):
    """CHOICE of Set-Response."""

    NORMAL = 1
    DATABLOCK = 2
    LAST_DATABLOCK = 3
    LAST_DATABLOCK_WITH_LIST = 4
    WITH_LIST = 5


@dataclass(frozen=True, slots=True)
class SetRequestNormal:
    """One attribute and its value."""

    invoke: InvokeIdAndPriority
    attribute: AttributeDescriptor
    selection: Selection | None
    value: Data


@dataclass(frozen=True, slots=True)
class SetRequestWithFirstDatablock:
    """One attribute and the first piece of its encoded value."""

    invoke: InvokeIdAndPriority
    attribute: AttributeDescriptor
    selection: Selection | None
    block: DataBlock


@dataclass(frozen=True, slots=True)
class SetRequestWithDatablock:
    """A further piece."""

    invoke: InvokeIdAndPriority
    block: DataBlock


@dataclass(frozen=True, slots=True)
class SetRequestWithList:
    """Attributes and as many values."""

    invoke: InvokeIdAndPriority
    items: tuple[AttributeReference, ...]
    values: tuple[Data, ...]


@dataclass(frozen=True, slots=True)
class SetRequestWithListAndFirstDatablock:
    """Attributes and the first piece of the encoded list of values."""

    invoke: InvokeIdAndPriority
    items: tuple[AttributeReference, ...]
    block: DataBlock


type SetRequest = (
    SetRequestNormal
    | SetRequestWithFirstDatablock
    | SetRequestWithDatablock
    | SetRequestWithList
    | SetRequestWithListAndFirstDatablock
)


@dataclass(frozen=True, slots=True)
class SetResponseNormal:
    """The result of one attribute."""

    invoke: InvokeIdAndPriority
    result: DataAccessResult


@dataclass(frozen=True, slots=True)
class SetResponseDatablock:
    """Acknowledges a block and asks for the next."""

    invoke: InvokeIdAndPriority
    block_number: int


@dataclass(frozen=True, slots=True)
class SetResponseLastDatablock:
    """The result of a transfer in blocks."""

    invoke: InvokeIdAndPriority
    result: DataAccessResult
    block_number: int


@dataclass(frozen=True, slots=True)
class SetResponseLastDatablockWithList:
    """The results of a list in blocks."""

    invoke: InvokeIdAndPriority
    results: tuple[DataAccessResult, ...]
    block_number: int


@dataclass(frozen=True, slots=True)
class SetResponseWithList:
    """One result for each attribute."""

    invoke: InvokeIdAndPriority
    results: tuple[DataAccessResult, ...]


type SetResponse = (
    SetResponseNormal
    | SetResponseDatablock
    | SetResponseLastDatablock
    | SetResponseLastDatablockWithList
    | SetResponseWithList
)


def _request_normal(reader: Reader, invoke: InvokeIdAndPriority) -> SetRequest:
    return SetRequestNormal(invoke, decode_attribute_descriptor(reader), decode_selection(reader), decode_data(reader))


def _request_with_first_datablock(reader: Reader, invoke: InvokeIdAndPriority) -> SetRequest:
    attribute = decode_attribute_descriptor(reader)
    return SetRequestWithFirstDatablock(invoke, attribute, decode_selection(reader), decode_data_block(reader))


def _request_with_datablock(reader: Reader, invoke: InvokeIdAndPriority) -> SetRequest:
    return SetRequestWithDatablock(invoke, decode_data_block(reader))


def _request_with_list(reader: Reader, invoke: InvokeIdAndPriority) -> SetRequest:
    return SetRequestWithList(invoke, decode_list(reader, decode_attribute_reference), decode_list(reader, decode_data))


def _request_with_list_and_first_datablock(reader: Reader, invoke: InvokeIdAndPriority) -> SetRequest:
    items = decode_list(reader, decode_attribute_reference)
    return SetRequestWithListAndFirstDatablock(invoke, items, decode_data_block(reader))


_REQUESTS: Final[dict[int, Callable[[Reader, InvokeIdAndPriority], SetRequest]]] = {
    SetKind.NORMAL: _request_normal,
    SetKind.WITH_FIRST_DATABLOCK: _request_with_first_datablock,
    SetKind.WITH_DATABLOCK: _request_with_datablock,
    SetKind.WITH_LIST: _request_with_list,
    SetKind.WITH_LIST_AND_FIRST_DATABLOCK: _request_with_list_and_first_datablock,
}


def decode_set_request(reader: Reader) -> SetRequest:
    """Decode the APDU."""
    expect_tag(reader, SET_REQUEST)
    kind = reader.unsigned8()
    if (decode := _REQUESTS.get(kind)) is None:
        raise unknown_choice(reader, kind, "Set-Request")
    return decode(reader, decode_invoke_id_and_priority(reader))


def encode_set_request(apdu: SetRequest, writer: Writer) -> None:
    """Encode the APDU."""
    match apdu:
        case SetRequestNormal():
            write_head(writer, SET_REQUEST, SetKind.NORMAL, apdu.invoke)
            encode_attribute_descriptor(apdu.attribute, writer)
            encode_selection(apdu.selection, writer)
            encode_data(apdu.value, writer)
        case SetRequestWithFirstDatablock():
            write_head(writer, SET_REQUEST, SetKind.WITH_FIRST_DATABLOCK, apdu.invoke)
            encode_attribute_descriptor(apdu.attribute, writer)
            encode_selection(apdu.selection, writer)
            encode_data_block(apdu.block, writer)
        case SetRequestWithDatablock():
            write_head(writer, SET_REQUEST, SetKind.WITH_DATABLOCK, apdu.invoke)
            encode_data_block(apdu.block, writer)
        case SetRequestWithList():
            write_head(writer, SET_REQUEST, SetKind.WITH_LIST, apdu.invoke)
            encode_list(apdu.items, writer, encode_attribute_reference)
            encode_list(apdu.values, writer, encode_data)
        case SetRequestWithListAndFirstDatablock():
            write_head(writer, SET_REQUEST, SetKind.WITH_LIST_AND_FIRST_DATABLOCK, apdu.invoke)
            encode_list(apdu.items, writer, encode_attribute_reference)
            encode_data_block(apdu.block, writer)
        case _:
            assert_never(apdu)


def _response_normal(reader: Reader, invoke: InvokeIdAndPriority) -> SetResponse:
    return SetResponseNormal(invoke, decode_data_access_result(reader))


def _response_datablock(reader: Reader, invoke: InvokeIdAndPriority) -> SetResponse:
    return SetResponseDatablock(invoke, reader.unsigned32())


def _response_last_datablock(reader: Reader, invoke: InvokeIdAndPriority) -> SetResponse:
    return SetResponseLastDatablock(invoke, decode_data_access_result(reader), reader.unsigned32())


def _response_last_datablock_with_list(reader: Reader, invoke: InvokeIdAndPriority) -> SetResponse:
    return SetResponseLastDatablockWithList(invoke, decode_list(reader, decode_data_access_result), reader.unsigned32())


def _response_with_list(reader: Reader, invoke: InvokeIdAndPriority) -> SetResponse:
    return SetResponseWithList(invoke, decode_list(reader, decode_data_access_result))


_RESPONSES: Final[dict[int, Callable[[Reader, InvokeIdAndPriority], SetResponse]]] = {
    SetResponseKind.NORMAL: _response_normal,
    SetResponseKind.DATABLOCK: _response_datablock,
    SetResponseKind.LAST_DATABLOCK: _response_last_datablock,
    SetResponseKind.LAST_DATABLOCK_WITH_LIST: _response_last_datablock_with_list,
    SetResponseKind.WITH_LIST: _response_with_list,
}


def decode_set_response(reader: Reader) -> SetResponse:
    """Decode the APDU."""
    expect_tag(reader, SET_RESPONSE)
    kind = reader.unsigned8()
    if (decode := _RESPONSES.get(kind)) is None:
        raise unknown_choice(reader, kind, "Set-Response")
    return decode(reader, decode_invoke_id_and_priority(reader))


def encode_set_response(apdu: SetResponse, writer: Writer) -> None:
    """Encode the APDU."""
    match apdu:
        case SetResponseNormal():
            write_head(writer, SET_RESPONSE, SetResponseKind.NORMAL, apdu.invoke)
            encode_data_access_result(apdu.result, writer)
        case SetResponseDatablock():
            write_head(writer, SET_RESPONSE, SetResponseKind.DATABLOCK, apdu.invoke)
            writer.unsigned32(apdu.block_number)
        case SetResponseLastDatablock():
            write_head(writer, SET_RESPONSE, SetResponseKind.LAST_DATABLOCK, apdu.invoke)
            encode_data_access_result(apdu.result, writer)
            writer.unsigned32(apdu.block_number)
        case SetResponseLastDatablockWithList():
            write_head(writer, SET_RESPONSE, SetResponseKind.LAST_DATABLOCK_WITH_LIST, apdu.invoke)
            encode_list(apdu.results, writer, encode_data_access_result)
            writer.unsigned32(apdu.block_number)
        case SetResponseWithList():
            write_head(writer, SET_RESPONSE, SetResponseKind.WITH_LIST, apdu.invoke)
            encode_list(apdu.results, writer, encode_data_access_result)
        case _:
            assert_never(apdu)
